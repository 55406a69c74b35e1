//! Compressed bytes inside an encoding: gzip, zlib and raw deflate, as far as the budget goes.

use super::layer::Layer;
use super::readable::{self, Magic};
use flate2::{Decompress, FlushDecompress};

/// What one value may grow to.
pub(super) const LARGEST: usize = 1 << 20;
/// Raw deflate has no magic: its first bytes must make this much readable text.
const SAMPLE: usize = 24;

/// Why inflating came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// So did the stream, or it is damaged.
    Stream,
    /// The bytes ended before the stream did.
    Input,
    /// There is more of it than may be made.
    Budget,
}

/// What `bytes` hold if they are compressed from their first byte on; at most `budget` of it.
pub(super) fn layer(bytes: &[u8], budget: usize) -> Option<(Layer, Ended)> {
    let budget = budget.min(LARGEST);
    let (how, (text, ended)) = match readable::magic(bytes) {
        Some(Magic::Gzip) => ("gzip", inflate(false, bytes.get(gzip_header(bytes)?..)?, budget)),
        Some(Magic::Zlib) => ("zlib", inflate(true, bytes, budget)),
        None if is_deflate(bytes) => ("deflate", inflate(false, bytes, budget)),
        None => return None,
    };
    (!text.is_empty()).then(|| (Layer::whole(how, 0..bytes.len(), text), ended))
}

/// Whether `bytes` look like a raw deflate stream (RFC 1951) of text: one block with Huffman codes. Most
/// that is none is told by its first bits, before a stream is set up.
pub(super) fn is_deflate(bytes: &[u8]) -> bool {
    let opens = match bytes.first().map(|first| first & 7) {
        Some(3) => opens_fixed(bytes),
        Some(5) => opens_dynamic(bytes),
        _ => false,
    };
    let opens = opens && bytes.get(..SAMPLE).is_some_and(|head| !readable::reads(head));
    opens && {
        let (sample, _) = inflate(false, bytes, SAMPLE);
        sample.len() == SAMPLE && readable::reads(&sample)
    }
}

/// `count` bits from bit `at` on, lowest first.
fn bits(bytes: &[u8], at: usize, count: usize) -> Option<usize> {
    let bit = |at: usize| bytes.get(at / 8).map(|byte| usize::from(byte >> (at % 8) & 1));
    (0..count).try_fold(0, |sum, index| Some(sum | bit(at + index)? << index))
}

/// Whether the first two symbols of a block with fixed codes are text (section 3.2.6): literals have
/// eight bits, highest first, from 0x30 on.
fn opens_fixed(bytes: &[u8]) -> bool {
    [3, 11].into_iter().all(|at| {
        let code = bits(bytes, at, 8).and_then(|code| u8::try_from(code).ok()).map(u8::reverse_bits);
        code.and_then(|code| code.checked_sub(0x30)).is_some_and(readable::is_plain)
    })
}

/// Whether a block with codes of its own starts with counts and code lengths that make a whole code
/// (section 3.2.7).
fn opens_dynamic(bytes: &[u8]) -> bool {
    let (Some(literals), Some(distances), Some(count)) = (bits(bytes, 3, 5), bits(bytes, 8, 5), bits(bytes, 13, 4)) else {
        return false;
    };
    let lengths = (0..count + 4).map(|index| bits(bytes, 17 + 3 * index, 3));
    let used = lengths.map(|length| length.map(|length| if length > 0 { 128 >> length } else { 0 })).sum::<Option<usize>>();
    literals <= 29 && distances <= 29 && used == Some(128)
}

/// Inflates until the budget, the end, or damage; what came out before stays.
fn inflate(zlib: bool, bytes: &[u8], budget: usize) -> (Vec<u8>, Ended) {
    let mut stream = Decompress::new(zlib);
    let mut text: Vec<u8> = Vec::new();
    let mut why = Ended::Budget;
    while text.len() < budget {
        // Room grows with what was made, never with what the input claims.
        text.reserve(text.len().clamp(SAMPLE, 64 << 10).min(budget - text.len()));
        let before = (stream.total_in(), stream.total_out());
        let rest = usize::try_from(before.0).ok().and_then(|done| bytes.get(done..)).unwrap_or_default();
        let status = stream.decompress_vec(rest, &mut text, FlushDecompress::None);
        let ended = !matches!(status, Ok(flate2::Status::Ok | flate2::Status::BufError));
        if ended || (stream.total_in(), stream.total_out()) == before {
            why = if ended { Ended::Stream } else { Ended::Input };
            break;
        }
    }
    text.truncate(budget);
    (text, why)
}

/// Where the compressed data of a gzip member starts (RFC 1952, section 2.3).
fn gzip_header(bytes: &[u8]) -> Option<usize> {
    let flags = *bytes.get(3)?;
    let mut at = 10;
    if flags & 4 != 0 {
        let length = u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]);
        at += 2 + usize::from(length);
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            at += memchr::memchr(0, bytes.get(at..)?)? + 1;
        }
    }
    Some(at + if flags & 2 != 0 { 2 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    const TEXT: &[u8] = b"a text that says little, and says it twice: a text that says little\n";

    fn check(bytes: &[u8], expected: Option<(&'static str, usize)>) {
        let found = layer(bytes, 100_000);
        assert_eq!(found.map(|(layer, _)| (layer.how, layer.text.len())), expected);
    }

    fn deflated(text: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_wrapping() {
        let mut gzip = flate2::GzBuilder::new().filename("a").comment("b").extra("c").write(Vec::new(), Compression::best());
        gzip.write_all(TEXT).unwrap();
        check(&gzip.finish().unwrap(), Some(("gzip", TEXT.len())));
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(TEXT).unwrap();
        check(&zlib.finish().unwrap(), Some(("zlib", TEXT.len())));
        check(&deflated(TEXT), Some(("deflate", TEXT.len())));
        check(TEXT, None);
        check(b"\x1f\x8b\x08\x04\0\0\0\0\0\0\xff\xff", None);
    }

    #[test]
    fn a_bomb_is_cut_and_damage_keeps_what_came_before() {
        let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(&vec![b'a'; 50 << 20]).unwrap();
        check(&bomb.finish().unwrap(), Some(("gzip", 100_000)));
        let long: Vec<u8> = (0..20_000u32).flat_map(|n| n.to_string().into_bytes()).collect();
        let mut whole = GzEncoder::new(Vec::new(), Compression::fast());
        whole.write_all(&long).unwrap();
        let cut = whole.finish().unwrap();
        let (found, ended) = layer(&cut[..cut.len() / 2], 1 << 20).unwrap();
        assert_eq!(ended, Ended::Input);
        assert!(found.text.len() > 1000 && long.starts_with(&found.text));
    }
}
