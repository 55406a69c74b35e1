//! What streams of PDF are encoded by (ISO 32000-1, 7.4), undone.

use super::syntax::{Word, unhexed, value};
use std::io::Read;

/// Filters of one stream.
const FILTERS: usize = 4;

/// What a stream holds.
pub(super) enum Decoded {
    /// And whether these are all: what came before damage, or before there was too much, is kept.
    Bytes(Vec<u8>, bool),
    /// A picture or something else that is no text.
    Picture,
    /// By a filter that nobody knows.
    Unknown,
}

/// Undoes the filters that its dictionary names, up to `most` bytes.
pub(super) fn decoded(dictionary: &[u8], stream: &[u8], most: usize) -> Decoded {
    let mut filters = value(dictionary, b"Filter");
    if filters.is_empty() {
        filters = value(dictionary, b"F");
    }
    let names = filters.iter().filter_map(|word| match word {
        Word::Name(name) => Some(*name),
        _ => None,
    });
    let (mut bytes, mut is_whole) = (stream.get(..most).unwrap_or(stream).to_vec(), stream.len() <= most);
    for (name, number) in names.zip(0..) {
        if number >= FILTERS {
            return Decoded::Unknown;
        }
        let whole;
        (bytes, whole) = match name {
            b"FlateDecode" | b"Fl" => inflated(&bytes, most),
            b"LZWDecode" | b"LZW" => unpacked(&bytes, most),
            b"ASCII85Decode" | b"A85" => (from_85(&bytes), true),
            b"ASCIIHexDecode" | b"AHx" => (unhexed(bytes.split(|byte| *byte == b'>').next().unwrap_or_default()), true),
            b"RunLengthDecode" | b"RL" => repeated(&bytes, most),
            // Undone before all others.
            b"Crypt" => (bytes, true),
            b"DCTDecode" | b"DCT" | b"JPXDecode" | b"CCITTFaxDecode" | b"CCF" | b"JBIG2Decode" => return Decoded::Picture,
            _ => return Decoded::Unknown,
        };
        is_whole &= whole;
    }
    Decoded::Bytes(bytes, is_whole)
}

fn inflated(bytes: &[u8], most: usize) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let ended = flate2::read::ZlibDecoder::new(bytes).take(most as u64 + 1).read_to_end(&mut out);
    let is_whole = ended.is_ok() && out.len() <= most;
    out.truncate(most);
    (out, is_whole)
}

/// LZW with codes of 9 to 12 bits, which grow one early (7.4.4.2).
fn unpacked(bytes: &[u8], most: usize) -> (Vec<u8>, bool) {
    const CLEAR: usize = 256;
    const END: usize = 257;
    let mut out: Vec<u8> = Vec::new();
    // Each entry of the table is a stretch of what was put out.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let (mut bits, mut held, mut width) = (0u32, 0, 9);
    let mut before: Option<(usize, usize)> = None;
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        if held < width {
            continue;
        }
        held -= width;
        let code = (bits >> held) as usize & ((1 << width) - 1);
        if code == CLEAR {
            (before, width) = (None, 9);
            table.clear();
            continue;
        }
        if code == END || out.len() >= most {
            return (out, code == END);
        }
        let start = out.len();
        match code {
            0..256 => out.push(code as u8),
            _ => match (table.get(code - 258).copied(), before) {
                (Some((from, length)), _) => out.extend_from_within(from..from + length),
                (None, Some((from, length))) if code - 258 == table.len() => {
                    out.extend_from_within(from..from + length);
                    out.extend_from_within(from..from + 1);
                }
                _ => return (out, false),
            },
        }
        if let Some((from, length)) = before
            && table.len() < 4096 - 258
        {
            // The text before and the first letter of this one, which follows it.
            table.push((from, length + 1));
        }
        before = Some((start, out.len() - start));
        width = match table.len() + 258 + 1 {
            ..512 => 9,
            512..1024 => 10,
            1024..2048 => 11,
            _ => 12,
        };
    }
    (out, true)
}

fn from_85(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut group: Vec<u32> = Vec::new();
    let flush = |group: &mut Vec<u32>, out: &mut Vec<u8>| {
        let count = group.len();
        if count > 1 {
            group.resize(5, 84);
            let number = group.iter().fold(0u32, |number, digit| number.wrapping_mul(85).wrapping_add(*digit));
            out.extend(number.to_be_bytes().into_iter().take(count - 1));
        }
        group.clear();
    };
    for byte in bytes {
        match byte {
            b'z' if group.is_empty() => out.extend([0; 4]),
            b'!'..=b'u' => group.push(u32::from(byte - b'!')),
            b'~' => break,
            _ => {}
        }
        if group.len() == 5 {
            flush(&mut group, &mut out);
        }
    }
    flush(&mut group, &mut out);
    out
}

fn repeated(bytes: &[u8], most: usize) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first() {
        let length = usize::from(*length);
        rest = match length {
            128 => break,
            ..128 => {
                let Some((copied, after)) = after.split_at_checked(length + 1) else {
                    out.extend_from_slice(after);
                    return (out, false);
                };
                out.extend_from_slice(copied);
                after
            }
            _ => match after.split_first() {
                Some((byte, after)) => {
                    out.extend(std::iter::repeat_n(*byte, 257 - length));
                    after
                }
                None => return (out, false),
            },
        };
        if out.len() >= most {
            return (out, rest.is_empty());
        }
    }
    (out, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_undone_in_turn() {
        let check = |dictionary: &str, stream: &[u8], expected: &[u8]| match decoded(dictionary.as_bytes(), stream, 1000) {
            Decoded::Bytes(bytes, is_whole) => assert_eq!((&bytes[..], is_whole), (expected, true), "{dictionary}"),
            _ => panic!("{dictionary}"),
        };
        check("<<>>", b"one", b"one");
        check("<</Filter/ASCIIHexDecode>>", b"6f 6e65>", b"one");
        check("<</Filter[/ASCIIHexDecode /ASCII85Decode]>>", b"44 66 2c 7e 3e", b"on");
        check("<</Filter/RunLengthDecode>>", b"\x01ab\xfec\x80", b"abccc");
        // The example of 7.4.4.2.
        check("<</Filter/LZWDecode>>", b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", &[45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
        assert!(matches!(decoded(b"<</Filter/DCTDecode>>", b"", 9), Decoded::Picture));
        let many = b"<</Filter[/AHx/AHx/AHx/AHx/AHx]>>";
        assert!(matches!(decoded(many, b"", 9), Decoded::Unknown));
    }

    #[test]
    fn damage_and_a_cut_are_known() {
        let check = |filter: &str, stream: &[u8], most: usize, expected: &[u8]| match decoded(
            format!("<</Filter/{filter}>>").as_bytes(),
            stream,
            most,
        ) {
            Decoded::Bytes(bytes, is_whole) => assert_eq!((&bytes[..], is_whole), (expected, false), "{filter}"),
            _ => panic!("{filter}"),
        };
        check("FlateDecode", b"\x78\x01\x01\x03\0\xfc\xffone\0", 100, b"one");
        check("FlateDecode", b"\x78\x9c\x4b\x4c\xa4\x3d\x00\x00\x7a\x47\x25\xe5", 50, &[b'a'; 50]);
        check("RunLengthDecode", b"\x01ab\xfec\x05d", 100, b"abcccd");
        check("RunLengthDecode", b"\x81a\x80", 50, &[b'a'; 128]);
        check("LZWDecode", b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", 9, &[45, 45, 45, 45, 45, 65, 45, 45, 45]);
        check("ASCIIHexDecode", b"6f6e65", 2, b"o");
    }
}
