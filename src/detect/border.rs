//! Where a value starts and ends: borders that hold in binaries as well as in text.
//!
//! In a pickle, a class file or a protobuf the byte before a string is its length, and often a letter
//! by chance; the byte after it is an opcode, often a letter by design. A word boundary misses a third
//! of the tokens there, so the neighbours are judged by what they can be.

use crate::rules::Boundary;

/// Whether `byte` would go on with a word.
#[inline]
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a match of `len` bytes may start at `start`.
pub(super) fn left(bytes: &[u8], start: usize, len: usize, boundary: Boundary) -> bool {
    let Some(before) = start.checked_sub(1).and_then(|at| bytes.get(at)).copied() else { return true };
    if !is_word(before) || boundary == Boundary::None {
        return true;
    }
    let run_up = boundary == Boundary::Loose && (before.is_ascii_lowercase() || before == b'_');
    run_up || prefixed(bytes, start).first() == Some(&Some(len)) || escape(bytes, start) > 0 || pickled(bytes, start, len)
}

/// Whether [`left`] may hold for a match of any of these lengths: asked before the pattern is.
pub(super) fn may_start(bytes: &[u8], start: usize, boundary: Boundary, lengths: std::ops::RangeInclusive<usize>) -> bool {
    let Some(before) = start.checked_sub(1).and_then(|at| bytes.get(at)).copied() else { return true };
    !is_word(before)
        || boundary == Boundary::None
        || boundary == Boundary::Loose && (before.is_ascii_lowercase() || before == b'_')
        || before == b'V'
        || prefixed(bytes, start).into_iter().flatten().any(|length| lengths.contains(&length))
        || escape(bytes, start) > 0
}

/// Whether a match may end at `end`; `hyphen` says that `-` would go on with the value.
pub(super) fn right(bytes: &[u8], end: usize, hyphen: bool) -> bool {
    bytes.get(end).is_none_or(|next| !(is_word(*next) || hyphen && *next == b'-'))
}

/// The length of the string at `start`, if a length prefix stands before it: one byte, or four as
/// little-endian (pickle) or two as big-endian (Java) where that is not zero-extended.
pub(super) fn prefixed(bytes: &[u8], start: usize) -> [Option<usize>; 2] {
    let at = |back: usize| start.checked_sub(back).and_then(|at| bytes.get(at)).copied();
    // In text a space is 32 and a quote 34: a length byte stands behind a tag or an opcode.
    let is_blank = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_whitespace());
    // Between letters a letter is no opcode but part of a text in base64.
    let opcode = |tag: u8| matches!(tag, b'U' | b'C' | b'z' | b'Z') && at(3).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let tagged = at(2).is_none_or(|tag| !(0x20..0x7f).contains(&tag) || opcode(tag));
    let byte = at(1).filter(|_| tagged && !(is_blank(at(1)) && (is_blank(at(2)) || at(2).is_none()))).map(usize::from);
    let word = match [at(4), at(3), at(2), at(1)] {
        [Some(low), Some(high), Some(0), Some(0)] => Some(usize::from(low) | usize::from(high) << 8),
        [_, _, Some(high), Some(low)] => Some(usize::from(high) << 8 | usize::from(low)),
        _ => None,
    };
    [byte, word]
}

/// How many bytes before `start` are an escape that stands for another character, as `\n` does.
pub(super) fn escape(bytes: &[u8], start: usize) -> usize {
    let back = |count: usize| start.checked_sub(count).and_then(|at| bytes.get(at..start)).unwrap_or_default();
    let hex = |text: &[u8]| text.iter().all(u8::is_ascii_hexdigit);
    if let [b'\\', b'n' | b't' | b'r' | b'b' | b'f' | b'0' | b'v'] = back(2) {
        return 2;
    }
    if let [b'%', digits @ ..] = back(3)
        && hex(digits)
    {
        return 3;
    }
    if let [b'\\', b'x', digits @ ..] = back(4)
        && hex(digits)
    {
        return 4;
    }
    if let [b'\\', b'u', digits @ ..] = back(6)
        && hex(digits)
    {
        return 6;
    }
    // A terminal's colour, as logs hold it.
    let colour = bytes.get(start.saturating_sub(8)..start).unwrap_or_default();
    if let Some(at) = colour.iter().rposition(|byte| *byte == 0x1b)
        && let Some([b'[', digits @ .., b'm']) = colour.get(at + 1..)
        && digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b';')
    {
        return digits.len() + 3;
    }
    0
}

/// A text string of pickle protocol 0: `V`, the value, a newline; an opcode or a newline before it.
fn pickled(bytes: &[u8], start: usize, len: usize) -> bool {
    let after = start.checked_add(len).and_then(|end| bytes.get(end));
    let before = start.checked_sub(2).and_then(|at| bytes.get(at..start));
    matches!(before, Some([b'\n' | b's' | b'(' | b't' | b'a' | b'd' | b'l' | b'u' | b'}' | b']' | b')', b'V']))
        && after == Some(&b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &[u8], boundary: Boundary, expected: bool) {
        let text = [before, &b"tok_12345678\n"[..]].concat();
        assert_eq!(left(&text, before.len(), 12, boundary), expected, "{before:?}");
    }

    #[test]
    fn left_neighbours() {
        for before in [&b""[..], b" ", b"=", b"\"", b"\\n", b"%3D", b"%22", b"\\u003d", b"\x0c", b"\nV", b"sV", b"\x1b[31m"] {
            check(before, Boundary::Token, true);
        }
        for before in [&b"x"[..], b"7", b"_", b"n", b"3D", b"xV", b"V"] {
            check(before, Boundary::Token, false);
            check(before, Boundary::None, true);
        }
        check(b"key", Boundary::Loose, true);
        check(b"KEY", Boundary::Loose, false);
    }

    #[test]
    fn a_length_byte_that_is_a_letter_is_no_letter() {
        let value = [b'a'; 0x58];
        let text = [&b"\x8cX"[..], &value, b"\x94"].concat();
        assert!(left(&text, 2, value.len(), Boundary::Token));
        assert!(!left(&text, 2, value.len() - 1, Boundary::Token));
        assert_eq!(prefixed(b"X\x28\0\0\0", 5)[1], Some(0x28));
        assert_eq!(prefixed(b"\x01\x00\x28", 3), [Some(0x28), Some(0x28)]);
    }

    #[test]
    fn right_neighbours() {
        assert!(right(b"abc", 3, true) && right(b"abc\"", 3, true) && right(b"abc-", 3, false));
        assert!(!right(b"abc-", 3, true) && !right(b"abcd", 3, false));
    }
}
