//! Text where a structure says that there is none.
//!
//! A format whose texts are cut out of what is around them blanks the rest: counts, instructions, lines of debuggers.
//! If one of its numbers lies, a text may be among that. So what reads like text is kept, whatever it is said to be.

use std::ops::Range;

/// The shortest run of typed characters that is kept: in instructions they are shorter, mostly.
const RUN: usize = 8;

/// Copies what reads like text in a stretch of `bytes` to its place in `blank`.
pub(crate) fn keep(blank: &mut [u8], bytes: &[u8], stretch: Range<usize>) {
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~') || *byte >= 0x80;
    let mut at = stretch.start;
    while let Some(rest) = bytes.get(at..stretch.end).filter(|rest| !rest.is_empty()) {
        let length = rest.iter().take_while(|byte| is_text(byte)).count();
        let typed = rest.iter().take(length).filter(|byte| byte.is_ascii()).count();
        if typed >= RUN
            && let (Some(to), Some(from)) = (blank.get_mut(at..at + length), bytes.get(at..at + length))
        {
            to.copy_from_slice(from);
        }
        at += length.max(1);
    }
}

/// Whether some bytes hold what [`keep`] would keep.
pub(crate) fn is_in(bytes: &[u8]) -> bool {
    let mut kept = vec![0; bytes.len()];
    keep(&mut kept, bytes, 0..bytes.len());
    kept.iter().any(|byte| *byte != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_text_are_kept() {
        let bytes = b"\0one two three\x01short\x02\xff\xfe\xfd\xfc\xfb\xfa\x03h\xc3\xa9r\xc3\xa9s = 12";
        let mut blank = vec![0; bytes.len()];
        keep(&mut blank, bytes, 0..bytes.len());
        assert_eq!(blank, b"\0one two three\0\0\0\0\0\0\0\0\0\0\0\0\0\0h\xc3\xa9r\xc3\xa9s = 12");
        assert!(is_in(bytes) && !is_in(b"\0one two\x01") && !is_in(b""));
        let mut part = vec![0; bytes.len()];
        keep(&mut part, bytes, 1..5);
        keep(&mut part, bytes, 40..usize::MAX);
        assert!(part.iter().all(|byte| *byte == 0));
    }
}
