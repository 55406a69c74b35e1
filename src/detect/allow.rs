//! Comments that accept a finding: `watertight:allow` or `gitleaks:allow` on the line of a secret.
//!
//! Whoever writes the text beside a secret can write such a comment too, and in an image that may be
//! somebody else. So it holds for text alone, for the line where the secret starts or ends, and no farther than
//! [`NEAR`] from it, since a bundle can be one line of a mebibyte; and what it hides is counted and told.
//! `watertight:allow=id,id` accepts what these rules found and nothing else.

use super::{Hit, REACH};
use crate::finding::Disposition;

/// Bytes on both sides of a secret in which a comment is looked for. Any window sees them.
const NEAR: usize = 1 << 10;
/// What a comment says.
const MARKS: [&[u8]; 2] = [b"watertight:allow", b"gitleaks:allow"];

/// Accepts a hit that calls for something, if a comment beside it in `bytes`, which are text, says so.
pub(crate) fn accept(hit: &mut Hit, bytes: &[u8]) {
    if hit.disposition != Disposition::Actionable || hit.span.is_empty() {
        return;
    }
    let is_wide = hit.decoded.first().is_some_and(|how| how.starts_with("utf-"));
    let left = bytes.get(hit.span.start.saturating_sub(NEAR)..hit.span.start).unwrap_or_default();
    let end = bytes.len().min(hit.span.end + NEAR).min(hit.span.start + REACH);
    let right = bytes.get(hit.span.end..end).unwrap_or_default();
    let before = line(left, is_wide, true);
    let after = line(right, is_wide, false);
    let said = marked(&before, &hit.rule.id).or_else(|| marked(&after, &hit.rule.id));
    if let Some(mark) = said {
        hit.disposition = Disposition::Accepted;
        hit.reasons.push(format!("accepted by a comment `{mark}` on its line").into());
    }
}

/// The part of a text that is on the line of its end, or of its start. Of wide characters the NULs are left out.
fn line(text: &[u8], is_wide: bool, from_end: bool) -> Vec<u8> {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let part = match from_end {
        true => text.iter().rposition(is_break).map_or(text, |at| text.get(at + 1..).unwrap_or_default()),
        false => text.iter().position(is_break).map_or(text, |at| text.get(..at).unwrap_or_default()),
    };
    part.iter().filter(|byte| !is_wide || **byte != 0).copied().collect()
}

/// The comment in `line` that holds for the rule `id`.
fn marked(line: &[u8], id: &str) -> Option<&'static str> {
    MARKS.into_iter().find_map(|mark| {
        let holds = memchr::memmem::find_iter(line, mark).any(|at| {
            let before = at.checked_sub(1).and_then(|at| line.get(at));
            let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':');
            !before.is_some_and(is_word) && is_meant(line.get(at + mark.len()..).unwrap_or_default(), id)
        });
        holds.then_some(mark).and_then(|mark| std::str::from_utf8(mark).ok())
    })
}

/// Whether what follows the mark ends it, or names the rule.
fn is_meant(rest: &[u8], id: &str) -> bool {
    match rest.split_first() {
        Some((b'=', rest)) => {
            let is_list = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b',');
            let end = rest.iter().position(|byte| !is_list(byte)).unwrap_or(rest.len());
            let mut names = rest.get(..end).unwrap_or_default().split(|byte| *byte == b',');
            names.any(|name| name == id.as_bytes())
        }
        Some((byte, _)) => !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-' | b':'),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Engine, View};
    use super::*;
    use crate::rules::RuleSet;

    /// Which of the values of a text are accepted, in order: `!` stands for a value.
    fn check(text: &[u8], expected: &str) {
        let rule = "issuer='X'\n[[rule]]\nid='x-key'\ntitle='X'\nseverity='high'\nexamples=['a']\nanchors=['xkey-']\npattern='xkey-[0-9]{12}'";
        let engine = Engine::new(&RuleSet::parse(&[("x", rule)]).unwrap()).unwrap();
        let value = b"xkey-142536475869";
        let text: Vec<u8> =
            text.iter().flat_map(|byte| if *byte == b'!' { &value[..] } else { std::slice::from_ref(byte) }).copied().collect();
        let mut hits = Vec::new();
        engine.detect(&View { bytes: &text, owned: 0..text.len(), whole: true, name: b"" }, &mut hits);
        let judged: String = hits
            .into_iter()
            .map(|mut hit| {
                accept(&mut hit, &text);
                if hit.disposition == Disposition::Accepted { 'y' } else { 'n' }
            })
            .collect();
        assert_eq!(judged, expected, "{}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn on_the_line_before_or_after_the_value() {
        check(b"a = '!' # watertight:allow\nb = '!'", "yn");
        check(b"a = '!' // gitleaks:allow", "y");
        check(b"/* watertight:allow */ a = '!'\r\n# gitleaks:allow\r\nb = '!'\r\n", "yn");
        check(b"(* gitleaks:allow *) ! !", "yy");
        check(b"!", "n");
    }

    #[test]
    fn for_the_rules_that_it_names() {
        check(b"! # watertight:allow=x-key", "y");
        check(b"! # watertight:allow=other,x-key because", "y");
        check(b"! # watertight:allow=other", "n");
        check(b"! # watertight:allow=", "n");
        check(b"! # watertight:allowed", "n");
        check(b"! # notgitleaks:allow", "n");
        check(b"! # gitleaks:allow, since it is revoked", "y");
    }

    #[test]
    fn no_farther_than_any_window_sees() {
        let far = |distance: usize| [b"! ", &vec![b'.'; distance][..], b" gitleaks:allow"].concat();
        check(&far(NEAR - 20), "y");
        check(&far(NEAR), "n");
    }

    #[test]
    fn in_wide_characters_too() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        check(&wide("a = xkey-142536475869 # gitleaks:allow\n"), "y");
        check(&wide("a = xkey-142536475869\n# gitleaks:allow\n"), "n");
    }
}
