//! Histories of libedit, which the clients of MariaDB, SQLite and others are built with.
//!
//! A first line says what it is. In the lines that follow, blanks and signs that are none are written as `strvis` of
//! vis(3) does: `\040` for a space, `\^I` for a tab, `\\` for a backslash.

use super::Hit;
use std::ops::Range;

/// The first line (`hist_cookie` of libedit's `history.c`).
const FIRST: &[u8] = b"_HiStOrY_V2_\n";

/// The commands of a history as they were typed.
pub(super) struct Typed {
    pub(super) text: Vec<u8>,
    /// Where each byte stood, and where the text ended.
    places: Vec<usize>,
}

impl Typed {
    /// Reads a history. `None` if it is none of libedit's.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(FIRST) {
            return None;
        }
        let mut typed = Self { text: Vec::with_capacity(bytes.len()), places: Vec::with_capacity(bytes.len() + 1) };
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let (byte, length) = unit(rest);
            typed.text.push(byte);
            typed.places.push(at);
            at += length;
        }
        typed.places.push(at);
        Some(typed)
    }

    /// What was found in the text, at the bytes it came from.
    pub(super) fn placed(&self, hit: Hit) -> Hit {
        let place = |at: usize| self.places.get(at).copied().unwrap_or_default();
        let span: Range<usize> = place(hit.span.start)..place(hit.span.end);
        if span.len() == hit.span.len() {
            return Hit { span, ..hit };
        }
        Hit { span, decoded: vec!["escape"], ..hit }
    }
}

/// The byte that is written first, and in how many.
fn unit(rest: &[u8]) -> (u8, usize) {
    match rest {
        [b'\\', high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7', ..] => {
            ((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0'), 4)
        }
        [b'\\', b'^', letter @ b'@'..=b'_', ..] => (letter & 0x1f, 3),
        [b'\\', b'\\', ..] => (b'\\', 2),
        [byte, ..] => (*byte, 1),
        [] => (0, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_backslashes_are_undone() {
        let check = |written: &[u8], expected: &[u8]| {
            let typed = Typed::read(&[FIRST, written].concat()).unwrap();
            assert_eq!(typed.text.get(FIRST.len()..), Some(expected));
            assert_eq!(typed.places.last(), Some(&(FIRST.len() + written.len())));
        };
        check(b"a\\040b\\\\040c\\^Id\\134\n", b"a b\\040c\td\\\n");
        check(b"\\04\\9\\", b"\\04\\9\\");
        assert!(Typed::read(b"a\\040b").is_none());
    }
}
