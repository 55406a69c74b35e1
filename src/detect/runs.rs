//! The token-run pass: where something stands that is long enough, and mixed enough, to be a value.
//!
//! The [`kernel`] says of 64 bytes at a time which may be in one. Without it: text is mostly short words, and
//! binaries mostly are not text, so asking whether the *last* byte of a possible run is a token
//! character first lets the search step over most bytes unseen, as Boyer and Moore's does.

use super::kernel;
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

/// Blocks that the kernel is asked for in one go.
const BLOCKS: usize = 64;

/// Calls `found` with each maximal run of at least [`SHORTEST`] token bytes, one of them a digit.
pub(super) fn each(bytes: &[u8], mut found: impl FnMut(Range<usize>)) {
    let mut found = |run: Range<usize>| {
        let text = bytes.get(run.clone()).unwrap_or_default();
        if text.len() >= SHORTEST && text.iter().any(u8::is_ascii_digit) {
            found(run);
        }
    };
    let mut marks = [0u64; BLOCKS];
    let (mut done, mut open) = (0, None);
    loop {
        let blocks = kernel::tokens(bytes.get(done..).unwrap_or_default(), &mut marks);
        for mark in marks.iter().take(blocks) {
            open = in_block(*mark, done, open, &mut found);
            done += kernel::BLOCK;
        }
        if blocks < BLOCKS {
            return plain(bytes, open.unwrap_or(done), found);
        }
    }
}

/// The runs of a block at `base`, one bit a byte. `open` is where a run began that reached the block; so
/// is what is returned of the next.
fn in_block(mut mark: u64, base: usize, open: Option<usize>, found: &mut impl FnMut(Range<usize>)) -> Option<usize> {
    if mark == u64::MAX {
        return open.or(Some(base));
    }
    if let Some(start) = open {
        found(start..base + mark.trailing_ones() as usize);
        mark &= mark.wrapping_add(1);
    }
    let last = mark.leading_ones();
    if last > 0 {
        mark &= u64::MAX >> last;
    }
    // A bit is left where sixteen in a row begin.
    let mut long = [1, 2, 4, 8].into_iter().fold(mark, |mark, by| mark & mark >> by);
    while long != 0 {
        let start = long.trailing_zeros();
        let length = (mark >> start).trailing_ones();
        found(base + start as usize..base + (start + length) as usize);
        long &= u64::MAX.checked_shl(start + length).unwrap_or(0);
    }
    (last > 0).then(|| base + kernel::BLOCK - last as usize)
}

/// The runs from `start` on, where none is open, without the kernel.
fn plain(bytes: &[u8], mut start: usize, mut found: impl FnMut(Range<usize>)) {
    while let Some(window) = bytes.get(start..start + SHORTEST) {
        if let Some(gap) = window.iter().rposition(|byte| !is_token(*byte)) {
            start += gap + 1;
            continue;
        }
        let rest = bytes.get(start + SHORTEST..).unwrap_or_default();
        let end = start + SHORTEST + rest.iter().take_while(|byte| is_token(**byte)).count();
        found(start..end);
        start = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[&str]) {
        let mut seen = Vec::new();
        each(text.as_bytes(), |run| seen.push(&text[run]));
        assert_eq!(seen, expected, "{text}");
    }

    proptest! {
        #[test]
        fn the_kernel_finds_what_its_twin_finds(
            parts in prop::collection::vec((prop::sample::select(&b"aZ0_/. \xff\0"[..]), 1usize..150), 0..60),
        ) {
            let text: Vec<u8> = parts.iter().flat_map(|(byte, count)| std::iter::repeat_n(*byte, *count)).collect();
            let (mut seen, mut expected) = (Vec::new(), Vec::new());
            each(&text, |run| seen.push(run));
            plain(&text, 0, |run| expected.push(run));
            expected.retain(|run| text[run.clone()].iter().any(u8::is_ascii_digit));
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn every_byte_is_a_token_byte_or_not() {
        for byte in 0..=u8::MAX {
            let text = [&[byte; 16][..], &[b' '; 64], b"0123456789abcdef "].concat();
            let mut count = 0;
            each(&text, |_| count += 1);
            assert_eq!(count, 1 + usize::from(byte.is_ascii_digit()), "{byte}");
            let mut marks = [0];
            if kernel::tokens(&[byte; 64], &mut marks) == 1 {
                assert_eq!(marks, [if is_token(byte) { u64::MAX } else { 0 }], "{byte}");
            }
        }
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
