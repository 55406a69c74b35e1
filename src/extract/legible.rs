//! Text where a structure says that there is none.
//!
//! A format whose texts are cut out of what is around them blanks the rest: counts, instructions, lines of debuggers.
//! If one of its numbers lies, a text may be among that. So what reads like text is kept, whatever it is said to be.

use std::ops::Range;

/// The shortest run of typed characters that is kept: in instructions they are shorter, mostly.
const RUN: usize = 8;

/// What a byte is in a run: none of it, part of it, or typed.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'\t' | b'\n' | b'\r' | b' '..=b'~' => 2,
            0x80.. => 1,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// A copy of `bytes` with zeros up to `end` but for `texts`, which are in order, and for what between them reads like text.
pub(crate) fn alone(bytes: &[u8], texts: impl Iterator<Item = Range<usize>>, end: usize) -> Vec<u8> {
    let (mut alone, mut at) = (vec![0; bytes.len()], 0);
    if let (Some(to), Some(from)) = (alone.get_mut(end..), bytes.get(end..)) {
        to.copy_from_slice(from);
    }
    for range in texts {
        if let (Some(to), Some(from)) = (alone.get_mut(range.clone()), bytes.get(range.clone())) {
            to.copy_from_slice(from);
            keep(&mut alone, bytes, at..range.start);
            at = range.end;
        }
    }
    keep(&mut alone, bytes, at..end);
    alone
}

/// Copies what reads like text in a stretch of `bytes` to its place in `blank`.
fn keep(blank: &mut [u8], bytes: &[u8], stretch: Range<usize>) {
    each(bytes, stretch, |run| {
        if let (Some(to), Some(from)) = (blank.get_mut(run.clone()), bytes.get(run)) {
            to.copy_from_slice(from);
        }
    });
}

/// Whether some bytes hold what [`keep`] would keep.
pub(crate) fn is_in(bytes: &[u8]) -> bool {
    let mut found = false;
    each(bytes, 0..bytes.len(), |_| found = true);
    found
}

/// Calls `found` with each run that is long enough. One that is has a byte at every eighth place, so that of numbers and
/// instructions most are passed over unseen.
fn each(bytes: &[u8], stretch: Range<usize>, mut found: impl FnMut(Range<usize>)) {
    let is_in = |byte: &&u8| KINDS[usize::from(**byte)] != 0;
    let bytes = bytes.get(..stretch.end).unwrap_or(bytes);
    let mut start = stretch.start;
    while let Some(probe) = bytes.get(start.saturating_add(RUN - 1)) {
        let probed = start + RUN - 1;
        if !is_in(&probe) {
            start = probed + 1;
            continue;
        }
        let before = bytes.get(start..probed).unwrap_or_default().iter().rev().take_while(is_in).count();
        let behind = bytes.get(probed..).unwrap_or_default().iter().take_while(is_in).count();
        let run = probed - before..probed + behind;
        let typed = bytes.get(run.clone()).unwrap_or_default().iter().filter(|byte| KINDS[usize::from(**byte)] == 2).count();
        start = run.end + 1;
        if typed >= RUN {
            found(run);
        }
    }
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

    /// What byte after byte would find.
    fn runs(bytes: &[u8]) -> Vec<Range<usize>> {
        let (mut found, mut start) = (Vec::new(), 0);
        for end in 0..=bytes.len() {
            if bytes.get(end).is_some_and(|byte| KINDS[usize::from(*byte)] != 0) {
                continue;
            }
            if bytes[start..end].iter().filter(|byte| KINDS[usize::from(**byte)] == 2).count() >= RUN {
                found.push(start..end);
            }
            start = end + 1;
        }
        found
    }

    #[test]
    fn no_run_is_passed_over() {
        let mut state = 1u32;
        for length in 0..600 {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    [b'a', b'b', b'c', b'd', b'e', b'f', b'g', b'h', b'i', 0xc3, 0][(state >> 24) as usize % 11]
                })
                .collect();
            let mut found = Vec::new();
            each(&bytes, 0..length, |run| found.push(run));
            assert_eq!(found, runs(&bytes));
        }
    }
}
