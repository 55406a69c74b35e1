//! Covers secrets in text that an artifact wrote: names of files, instructions, labels.

use crate::audit::Incident;
use aho_corasick::{AhoCorasick, MatchKind};

/// Replaces every secret of an audit by stars.
pub struct Veil {
    all: Option<AhoCorasick>,
    /// Those that are more than a word: in a path, a word is mostly there by chance.
    telling: Option<AhoCorasick>,
}

/// Shorter ones are words that occur by chance, and covering them would make names unreadable.
const SHORTEST: usize = 5;

impl Veil {
    /// Covers the secrets of these incidents.
    pub fn over(incidents: &[Incident]) -> Self {
        let secrets: Vec<&[u8]> =
            incidents.iter().map(|incident| incident.secret.expose()).filter(|secret| secret.len() >= SHORTEST).collect();
        let telling = secrets.iter().copied().filter(|secret| !secret.iter().all(u8::is_ascii_alphabetic)).collect();
        Self { telling: search(telling), all: search(secrets) }
    }

    /// Covers nothing: the user asked to see secrets.
    pub fn none() -> Self {
        Self { all: None, telling: None }
    }

    /// A path, covered, control characters escaped. A secret that is a word of letters stays where it is the
    /// name of a folder: a path full of stars would help nobody, and the word tells nothing there.
    pub fn path(&self, text: &str) -> String {
        covered(self.telling.as_ref(), text)
    }

    /// The text, covered, control characters escaped.
    pub fn text(&self, text: &str) -> String {
        covered(self.all.as_ref(), text)
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

fn search(secrets: Vec<&[u8]>) -> Option<AhoCorasick> {
    let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(secrets).ok();
    built.filter(|all| all.patterns_len() > 0)
}

fn covered(secrets: Option<&AhoCorasick>, text: &str) -> String {
    let Some(secrets) = secrets else { return crate::place::escaped(text.as_bytes()) };
    let mut covered = Vec::with_capacity(text.len());
    secrets.replace_all_with_bytes(text.as_bytes(), &mut covered, |_, _, out| {
        out.extend_from_slice(b"********");
        true
    });
    crate::place::escaped(&covered)
}
