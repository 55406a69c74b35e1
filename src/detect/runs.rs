//! The token-run pass: where something stands that is long enough, and mixed enough, to be a value.
//!
//! Text is mostly short words, and binaries mostly are not text: asking whether the *last* byte of a
//! possible run is a token character first lets the search step over most bytes unseen, as Boyer and
//! Moore's does.

use std::ops::Range;

/// Shorter runs are no contextual values.
pub(super) const SHORTEST: usize = 16;

/// `[A-Za-z0-9_\-+/]`: base64, base64url, hex, UUIDs and the bodies of most tokens.
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'_' | b'-' | b'+' | b'/');
        byte += 1;
    }
    table
};

/// Whether `byte` goes on with a run.
#[inline]
pub(super) const fn is_token(byte: u8) -> bool {
    TOKEN[byte as usize]
}

/// Calls `found` with each maximal run of at least [`SHORTEST`] token bytes, one of them a digit.
pub(super) fn each(bytes: &[u8], mut found: impl FnMut(Range<usize>)) {
    let mut start = 0;
    while let Some(window) = bytes.get(start..start + SHORTEST) {
        if let Some(gap) = window.iter().rposition(|byte| !is_token(*byte)) {
            start += gap + 1;
            continue;
        }
        let rest = bytes.get(start + SHORTEST..).unwrap_or_default();
        let end = start + SHORTEST + rest.iter().take_while(|byte| is_token(**byte)).count();
        if bytes.get(start..end).is_some_and(|run| run.iter().any(u8::is_ascii_digit)) {
            found(start..end);
        }
        start = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut seen = Vec::new();
        each(text.as_bytes(), |run| seen.push(&text[run]));
        assert_eq!(seen, expected, "{text}");
    }

    #[test]
    fn runs_are_maximal_and_hold_a_digit() {
        check("", &[]);
        check("short1 words2 only3", &[]);
        check("=abcdefghijklmno1;abcdefghijklmnop", &["abcdefghijklmno1"]);
        check("1234567890abcdef", &["1234567890abcdef"]);
        check("a 1234567890abcdef+/x.1234567890abcde", &["1234567890abcdef+/x"]);
    }
}
