//! Hexadecimal digits of a text: long runs, in one line or wrapped, whose bytes read like something.

use super::layer::{Layer, Made};
use super::{inflated, readable, wrapped};
use std::ops::Range;

/// Fewer digits are numbers.
const SHORTEST: usize = 32;
/// Digits of a sample.
const SAMPLE: usize = 24;
/// From one sample of a long run to the next.
const STRIDE: usize = 96;
/// Lengths of digests and keys, which are no compressed text.
const DIGESTS: [usize; 6] = [32, 40, 56, 64, 96, 128];

/// Whether a run of token characters may hold a text, so that [`layer`] is worth its while.
pub(super) fn is_suspect(run: &[u8]) -> bool {
    let start = prefix(run);
    let digits = run.get(start..).unwrap_or_default();
    digits.len() >= SHORTEST
        && digits.iter().take(SHORTEST).all(u8::is_ascii_hexdigit)
        && (is_compressed(digits) || foothold(digits).is_some())
}

/// The text of the run that holds `run`, lines before and after it included; nothing before `from`.
pub(super) fn layer(bytes: &[u8], run: &Range<usize>, from: usize) -> Option<Layer> {
    let text = bytes.get(run.clone())?;
    let start = run.start + prefix(text);
    let length = bytes.get(start..run.end)?.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let own = start..start + length;
    let digits = bytes.get(own.clone())?;
    let lines = wrapped::lines(bytes, own, from, |byte| byte.is_ascii_hexdigit());
    let (first, last) = (lines.first()?.clone(), lines.last()?.clone());
    let ahead: usize = lines.iter().take_while(|line| line.start < start).map(Range::len).sum();
    let skip = if is_compressed(bytes.get(first.clone())?) { 0 } else { (ahead + foothold(digits)?) % 2 };
    Some(Layer::opaque("hex", first.start..last.end, decoded(bytes, &lines, skip)))
}

/// What `value` says, if it is hexadecimal digits of a text as a whole.
pub(super) fn whole(value: &[u8]) -> Option<Layer> {
    let start = value.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let trimmed = value.trim_ascii();
    let body = start + prefix(trimmed)..start + trimmed.len();
    let digits = value.get(body.clone())?;
    if digits.len() < SAMPLE || digits.len() % 2 != 0 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    #[allow(clippy::single_range_in_vec_init)]
    let made = decoded(value, std::slice::from_ref(&body), 0);
    (readable::reads(&made.text) || is_compressed(digits)).then(|| Layer::opaque("hex", body, made))
}

/// The length of `0x`, where the digits have one.
fn prefix(run: &[u8]) -> usize {
    if matches!(run, [b'0', b'x' | b'X', ..]) { 2 } else { 0 }
}

fn is_compressed(digits: &[u8]) -> bool {
    let head = digits.get(..digits.len().min(256) / 2 * 2).unwrap_or_default();
    // All three announce themselves in the first byte or in its low bits.
    let may = matches!(head, [b'1', b'f' | b'F', ..] | [b'7', b'8', ..] | [_, b'3' | b'5' | b'b' | b'B' | b'd' | b'D', ..]);
    may && {
        #[allow(clippy::single_range_in_vec_init)]
        let bytes = decoded(head, &[0..head.len()], 0).text;
        readable::magic(&bytes).is_some() || !DIGESTS.contains(&digits.len()) && inflated::is_deflate(&bytes)
    }
}

/// Where in the run pairs begin, modulo two, if somewhere in it text begins to read. A run that a
/// window cuts may begin in the middle of a pair.
fn foothold(digits: &[u8]) -> Option<usize> {
    let last = digits.len().checked_sub(SAMPLE + 1).unwrap_or(digits.len().checked_sub(SAMPLE)?);
    (0..=last)
        .step_by(STRIDE)
        .find_map(|at| (at..at + 2).find(|start| digits.get(*start..start + SAMPLE).is_some_and(is_text)).map(|start| start % 2))
}

fn is_text(sample: &[u8]) -> bool {
    // Of a digest nearly always one of the first high digits is above 7.
    sample.iter().step_by(2).all(|high| matches!(high, b'0'..=b'7')) && {
        #[allow(clippy::single_range_in_vec_init)]
        readable::reads(&decoded(sample, &[0..sample.len()], 0).text)
    }
}

fn decoded(bytes: &[u8], lines: &[Range<usize>], skip: usize) -> Made {
    let mut made = Made::default();
    let mut skip = skip;
    let mut high: Option<(usize, u8)> = None;
    for line in lines {
        for (at, byte) in bytes.get(line.clone()).unwrap_or_default().iter().enumerate() {
            let at = line.start + at;
            let Some(digit) = char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()) else { continue };
            if skip > 0 {
                skip -= 1;
                continue;
            }
            match high.take() {
                None => high = Some((at, digit)),
                Some((start, first)) => made.push(start, at + 1 - start, &[first << 4 | digit]),
            }
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::{HEXLOWER, HEXUPPER};

    const TEXT: &str = "some text of which the digits are to be read; 0123456789, and more of the same";

    fn check(bytes: &str, expected: Option<&str>) {
        let mut found = None;
        crate::detect::runs::each(bytes.as_bytes(), |run| {
            if found.is_none() && is_suspect(&bytes.as_bytes()[run.clone()]) {
                found = layer(bytes.as_bytes(), &run, 0);
            }
        });
        let text = found.map(|layer| String::from_utf8_lossy(&layer.text).into_owned());
        assert_eq!(text.as_deref(), expected, "{bytes}");
    }

    #[test]
    fn texts() {
        let lower = HEXLOWER.encode(TEXT.as_bytes());
        check(&lower, Some(TEXT));
        check(&lower[1..], Some(&TEXT[1..]));
        check(&format!("SELECT 0x{}", HEXUPPER.encode(TEXT.as_bytes())), Some(TEXT));
        let lines: Vec<&str> = lower.as_bytes().chunks(60).map(|line| std::str::from_utf8(line).unwrap()).collect();
        check(&lines.join("\n"), Some(TEXT));
    }

    #[test]
    fn digests_and_numbers_are_none() {
        for text in
            ["d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "00112233445566778899001122334455"]
        {
            check(text, None);
        }
        assert!(whole(b"6869").is_none());
        assert_eq!(whole(HEXLOWER.encode(TEXT.as_bytes()).as_bytes()).unwrap().text, TEXT.as_bytes());
    }
}
