//! Covers secrets in text that an artifact wrote: names of files, instructions, labels.

use crate::audit::Incident;
use aho_corasick::{AhoCorasick, MatchKind};

/// Replaces every secret of an audit by stars.
pub struct Veil(Option<AhoCorasick>);

/// Shorter ones are words that occur by chance, and covering them would make names unreadable.
const SHORTEST: usize = 5;

impl Veil {
    /// Covers the secrets of these incidents.
    pub fn over(incidents: &[Incident]) -> Self {
        let parts = incidents.iter().flat_map(|incident| &incident.parts).map(|part| &part.secret);
        let secrets = incidents.iter().map(|incident| &incident.secret).chain(parts);
        let secrets = secrets.map(|secret| secret.expose()).filter(|secret| secret.len() >= SHORTEST);
        Self(
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(secrets)
                .ok()
                .filter(|all| all.patterns_len() > 0),
        )
    }

    /// Covers nothing: the user asked to see secrets.
    pub fn none() -> Self {
        Self(None)
    }

    /// The text, covered, control characters escaped.
    pub fn text(&self, text: &str) -> String {
        let Some(secrets) = &self.0 else { return crate::place::escaped(text.as_bytes()) };
        let mut covered = Vec::with_capacity(text.len());
        secrets.replace_all_with_bytes(text.as_bytes(), &mut covered, |_, _, out| {
            out.extend_from_slice(b"********");
            true
        });
        crate::place::escaped(&covered)
    }

    /// The text, covered and cut to at most `most` characters.
    pub fn excerpt(&self, text: &str, most: usize) -> String {
        let covered = self.text(text);
        match covered.char_indices().nth(most) {
            Some((end, _)) => format!("{}…", covered.get(..end).unwrap_or_default()),
            None => covered,
        }
    }
}
