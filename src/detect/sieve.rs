//! The sieve for numbers: where in them text stands that is long enough to be a credential.
//!
//! What identifies itself is text, and of numbers few stretches are. A run of fifteen bytes or more covers
//! eight that lie at a multiple of eight, so only those are asked, each eight as one word: that goes as
//! fast as memory does. The literal pass then sees the runs and not the numbers.

use std::ops::Range;

/// The shortest run that is looked at: it covers a whole word, wherever it starts.
const SHORTEST: usize = 2 * WORD - 1;
/// Bytes of a word.
const WORD: usize = size_of::<u64>();
/// Words asked in one go.
const BLOCK: usize = 64;

/// Calls `found` with each run of text that is not too short, in order.
pub(super) fn each(bytes: &[u8], mut found: impl FnMut(Range<usize>)) {
    let mut done = 0;
    while let Some(word) = text_word(bytes, done) {
        let before = bytes.get(done..word).unwrap_or_default();
        let start = word - before.iter().rev().take_while(|byte| is_text(**byte)).count();
        let rest = bytes.get(word..).unwrap_or_default();
        let end = word + rest.iter().take_while(|byte| is_text(**byte)).count();
        if end - start >= SHORTEST {
            found(start..end);
        }
        // A word is a little more than text: one that is not is passed over.
        done = end.max(word + 1);
    }
}

/// Where the first word from `start` on begins, at a multiple of eight, that may be text.
fn text_word(bytes: &[u8], start: usize) -> Option<usize> {
    let start = start.next_multiple_of(WORD);
    let (words, _) = bytes.get(start..)?.as_chunks();
    let mut at = start;
    for block in words.chunks(BLOCK) {
        // No early end within a block, and no comparison: so the compiler asks several words at once. Of a number
        // with no bits but the lowest of each byte, one less has its highest bit if there was none at all.
        if block.iter().fold(0, |any, word| any | (odd_bytes(*word) >> 7).wrapping_sub(1)) >> 63 != 0 {
            return block.iter().position(|word| may_be_text(*word)).map(|index| at + index * WORD);
        }
        at += block.len() * WORD;
    }
    None
}

/// Printable, or what separates lines and columns.
fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

/// Whether all eight bytes lie between a tab and a tilde.
#[inline]
fn may_be_text(word: [u8; WORD]) -> bool {
    odd_bytes(word) == 0
}

/// The highest bit of some bytes if not all eight lie between a tab and a tilde; 0 if they do.
#[inline]
fn odd_bytes(bytes: [u8; WORD]) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(bytes);
    // The highest bit of a byte tells: of the byte itself, of one more (`DEL`), of what is left without a tab.
    // A carry comes only out of a byte whose own highest bit is set, which decides already.
    (word | word.wrapping_add(ONES) | !((word | HIGH) - ONES * u64::from(b'\t'))) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_word_may_be_text_if_each_byte_may() {
        for byte in 0..=u8::MAX {
            for place in 0..WORD {
                let mut word = *b"aA0 ~_\t/";
                word[place] = byte;
                assert_eq!(may_be_text(word), (b'\t'..=b'~').contains(&byte), "{byte} at {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn runs_are_those_of_a_plain_walk(
            parts in prop::collection::vec((prop::sample::select(&b"aZ ~\n\x0b\x1f\x7f\x80\xff\0"[..]), 1usize..40), 0..60),
        ) {
            let bytes: Vec<u8> = parts.iter().flat_map(|(byte, count)| std::iter::repeat_n(*byte, *count)).collect();
            let (mut expected, mut seen) = (Vec::new(), Vec::new());
            let mut at = 0;
            for run in bytes.split(|byte| !is_text(*byte)) {
                if run.len() >= SHORTEST {
                    expected.push(at..at + run.len());
                }
                at += run.len() + 1;
            }
            each(&bytes, |run| seen.push(run));
            prop_assert_eq!(seen, expected);
        }
    }
}
