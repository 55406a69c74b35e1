//! Base64 of both alphabets (RFC 4648), padded or not, in one line or wrapped.
//!
//! Most runs of token characters are no base64 of a text, and most of those show it in any sixteen of
//! their characters: text has its high bits clear, and in base64 these bits sit at fixed places of every
//! four characters. So one look at sixteen characters, for all four alignments at once, settles a run.

use super::layer::{Layer, Made};
use super::readable::{self, Magic};
use super::wrapped;
use std::ops::Range;

/// Characters of a sample.
const SAMPLE: usize = 16;
/// From one sample of a long run to the next: binaries in base64 hold texts further inside.
const STRIDE: usize = 48;
/// Characters that must read as text around a sample that fits.
const PROOF: usize = 24;
/// No symbol.
const NONE: u8 = 0xff;

/// What a character stands for.
const SYMBOL: [u8; 256] = {
    let mut table = [NONE; 256];
    let mut index = 0;
    while index < 64 {
        table[b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[index] as usize] = index as u8;
        index += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

/// At which places of a group of four a character may stand in base64 of ASCII: bit 0 for the first, bit
/// 1 for the second, bit 2 for the third, bit 3 for the last.
const PLACES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let symbol = SYMBOL[byte];
        if symbol != NONE {
            let first = if symbol & 32 == 0 { 1 } else { 0 };
            let second = if symbol & 8 == 0 { 2 } else { 0 };
            let third = if symbol & 2 == 0 { 4 } else { 0 };
            table[byte] = first | second | third | 8;
        }
        byte += 1;
    }
    table
};

/// Whether a run of token characters may hold a text, so that [`layer`] is worth its while.
pub(super) fn is_suspect(run: &[u8]) -> bool {
    is_compressed(run) || foothold(run).is_some()
}

/// The text of the run that holds `run`, lines before and after it included; nothing before `from` is
/// taken. The end of the run is where the next search goes on.
pub(super) fn layer(bytes: &[u8], run: &Range<usize>, from: usize) -> Option<Layer> {
    let text = bytes.get(run.clone())?;
    let fits = if text.iter().any(|byte| matches!(byte, b'-' | b'_')) { is_url_symbol } else { is_symbol };
    let lines = wrapped::lines(bytes, run.clone(), from, fits);
    let (first, last) = (lines.first()?.clone(), lines.last()?.clone());
    let head = bytes.get(first.clone())?;
    let ahead: usize = lines.iter().take_while(|line| line.start < run.start).map(Range::len).sum();
    let skip = match is_compressed(head) {
        true => 0,
        // Groups go on across the ends of lines.
        false => (ahead + foothold(text)?) % 4,
    };
    let padding = bytes.get(last.end..)?.iter().take(2).take_while(|byte| **byte == b'=').count();
    let made = decoded(bytes, &lines, skip);
    Some(Layer::opaque("base64", first.start..last.end + padding, made))
}

/// What `value` says, if it is base64 of a text as a whole.
pub(super) fn whole(value: &[u8]) -> Option<Layer> {
    let start = value.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let end = start + value.trim_ascii().len();
    let padding = value.get(start..end)?.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let body = start..end - padding;
    let length = value.get(body.clone())?.iter().filter(|byte| SYMBOL[usize::from(**byte)] != NONE).count();
    let clean = value.get(body.clone())?.iter().all(|byte| SYMBOL[usize::from(*byte)] != NONE || byte.is_ascii_whitespace());
    if !clean || length < 4 || length % 4 == 1 || padding > 0 && (length + padding) % 4 != 0 {
        return None;
    }
    // One line, which may hold blanks.
    let made = decoded(value, std::slice::from_ref(&body), 0);
    if length < SAMPLE && padding == 0 && !is_mixed(value.get(body.clone())?, &made.text) {
        return None;
    }
    let fits = readable::reads(&made.text) || readable::magic(&made.text) == Some(Magic::Gzip);
    let readable =
        fits || length >= SAMPLE && std::str::from_utf8(&made.text).is_ok_and(|text| !text.chars().any(char::is_control));
    readable.then(|| Layer::opaque("base64", start..end, made))
}

/// Whether a short value without padding is base64 and not a word: it has characters of two classes, and says mostly
/// letters and digits.
fn is_mixed(value: &[u8], says: &[u8]) -> bool {
    let has = |class: fn(&u8) -> bool| usize::from(value.iter().any(class));
    let classes = has(u8::is_ascii_uppercase) + has(u8::is_ascii_lowercase) + has(u8::is_ascii_digit);
    classes > 1 && says.iter().filter(|byte| byte.is_ascii_alphanumeric()).count() * 10 >= says.len() * 7
}

/// Whether a run starts as base64 of compressed data does.
fn is_compressed(run: &[u8]) -> bool {
    match run {
        [b'H', b'4', b's', ..] => run.len() >= 24,
        [b'e', b'A' | b'F' | b'J' | b'N', ..] => run.len() >= 24 && readable::magic(&head(run)) == Some(Magic::Zlib),
        _ => is_deflated(run),
    }
}

/// Whether a long run, mixed as base64 is, starts as a raw deflate stream of text.
fn is_deflated(run: &[u8]) -> bool {
    const LONG: usize = 48;
    // The low three bits of the first byte: two are in the second character's, one in the first's.
    let [first, second, ..] = run else { return false };
    let low = (SYMBOL[usize::from(*first)] << 2 | SYMBOL[usize::from(*second)] >> 4) & 7;
    run.len() >= LONG
        && matches!(low, 3 | 5)
        && !run.iter().take(LONG).all(u8::is_ascii_hexdigit)
        && run.iter().take(LONG).any(u8::is_ascii_uppercase)
        && run.iter().take(LONG).any(u8::is_ascii_lowercase)
        && run.iter().take(LONG).any(u8::is_ascii_digit)
        && super::inflated::is_deflate(&head(run))
}

/// The first bytes of a run.
fn head(run: &[u8]) -> Vec<u8> {
    let groups = run.get(..run.len().min(256)).unwrap_or_default().chunks_exact(4);
    groups.flat_map(bytes_of).collect()
}

/// What a group of four symbols stands for.
#[inline]
fn bytes_of(group: &[u8]) -> [u8; 3] {
    let mut symbols = [0; 4];
    symbols.iter_mut().zip(group).for_each(|(symbol, byte)| *symbol = SYMBOL[usize::from(*byte)]);
    joined(symbols)
}

/// Where in the run groups begin, modulo four, if somewhere in it text begins to read.
fn foothold(run: &[u8]) -> Option<usize> {
    let last = run.len().checked_sub(SAMPLE)?;
    (0..=last).step_by(STRIDE).find_map(|at| {
        let sample = run.get(at..at + SAMPLE)?;
        let places = lanes(sample)?;
        (0..4).filter(|skip| is_group(places, *skip)).find_map(|skip| {
            let start = at + skip;
            let proof = run.get(start..run.len().min(start + PROOF))?;
            let mut bytes = [0; PROOF / 4 * 3];
            for (bytes, group) in bytes.chunks_exact_mut(3).zip(proof.chunks_exact(4)) {
                bytes.copy_from_slice(&bytes_of(group));
            }
            readable::reads(bytes.get(..proof.len() / 4 * 3)?).then_some(start % 4)
        })
    })
}

/// Which places every fourth character may take; `None` if one is no symbol.
#[inline]
fn lanes(sample: &[u8]) -> Option<[u8; 4]> {
    let mut lanes = [0xff; 4];
    for group in sample.chunks_exact(4) {
        for (lane, byte) in lanes.iter_mut().zip(group) {
            *lane &= PLACES[usize::from(*byte)];
        }
    }
    lanes.iter().all(|lane| lane & 8 != 0).then_some(lanes)
}

fn is_group(lanes: [u8; 4], skip: usize) -> bool {
    (0..3).all(|place| lanes[(skip + place) % 4] & 1 << place != 0)
}

fn is_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

fn is_url_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Decodes the symbols of `lines` after the first `skip`; what is no symbol is passed over.
fn decoded(bytes: &[u8], lines: &[Range<usize>], skip: usize) -> Made {
    let mut made = Made::default();
    let mut group = [0u8; 4];
    let (mut filled, mut start, mut skip) = (0, 0, skip);
    for line in lines {
        for (at, byte) in bytes.get(line.clone()).unwrap_or_default().iter().enumerate() {
            let symbol = SYMBOL[usize::from(*byte)];
            if symbol == NONE {
                continue;
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            if filled == 0 {
                start = line.start + at;
            }
            group[filled] = symbol;
            filled += 1;
            if filled == 4 {
                made.push(start, line.start + at + 1 - start, &joined(group));
                filled = 0;
            }
        }
    }
    if filled > 1 {
        group[filled..].fill(0);
        made.push(start, filled, joined(group).get(..filled - 1).unwrap_or_default());
    }
    made
}

fn joined([first, second, third, last]: [u8; 4]) -> [u8; 3] {
    [first << 2 | second >> 4, second << 4 | third >> 2, third << 6 | last]
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};

    const TEXT: &str = "a text, with a {\"json\": \"in it\"}?> and more of it ~~~ 0123456789";

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
    fn texts_of_every_alphabet_and_alignment() {
        check(&BASE64.encode(TEXT.as_bytes()), Some(TEXT));
        check(&BASE64_NOPAD.encode(TEXT.as_bytes()), Some(TEXT));
        check(&format!("x: '{}'", BASE64URL_NOPAD.encode(TEXT.as_bytes())), Some(TEXT));
        let long = BASE64.encode(TEXT.repeat(4).as_bytes());
        for cut in [4, 8, 48] {
            check(&long[cut..], Some(&TEXT.repeat(4)[cut / 4 * 3..]));
        }
        for cut in 1..4 {
            check(&long[cut..], Some(&TEXT.repeat(4)[3..]));
        }
        for quiet in ["nothingofthekind0123456789", "5f2d7c9e8b1a4f3d6c0e9b8a7f6d5c4e", "a/path/of/many/words/1/and/more.txt"] {
            check(quiet, None);
        }
    }

    #[test]
    fn wrapped_lines() {
        let flat = BASE64.encode(TEXT.repeat(3).as_bytes());
        for joint in ["\n", "\r\n      ", "\\n"] {
            let lines: Vec<&str> = flat.as_bytes().chunks(60).map(|line| std::str::from_utf8(line).unwrap()).collect();
            check(&format!("key: |\n  {}\nother: x", lines.join(joint)), Some(&TEXT.repeat(3)));
        }
        let odd: Vec<&str> = flat.as_bytes().chunks(61).map(|line| std::str::from_utf8(line).unwrap()).collect();
        check(&odd.join("\n"), Some(&TEXT.repeat(3)));
    }

    #[test]
    fn values_as_a_whole() {
        for (value, expected) in [
            ("c2VjcmV0", Some("secret")),
            (" YWRtaW4=\n", Some("admin")),
            ("YWRtaW4", Some("admin")),
            ("Password", None),
            ("dyosba", None),
            ("YWRtaW4==", None),
            ("a value of words", None),
            ("", None),
        ] {
            let text = whole(value.as_bytes()).map(|layer| String::from_utf8_lossy(&layer.text).into_owned());
            assert_eq!(text.as_deref(), expected, "{value}");
        }
    }
}
