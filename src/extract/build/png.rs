//! PNG: a picture with texts beside it. Generators of pictures keep whole workflows in them, settings and all.
//!
//! Format: Portable Network Graphics (Third Edition), <https://www.w3.org/TR/png-3/>. A signature, then chunks: length,
//! four letters, data, CRC. Pixels are numbers; texts have a keyword, and may be packed.

use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, Text};
use crate::finding::GapReason;
use flate2::read::ZlibDecoder;
use std::io::{BufRead, Read};

/// PNG.
pub struct Png;

/// Section 5.2.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The longest chunk that is read by its structure.
const HELD: u32 = 8 << 20;
/// The longest text that is told with its keyword.
const TEXT: u64 = 1 << 20;

impl Extractor for Png {
    fn name(&self) -> &'static str {
        "PNG"
    }

    fn about(&self) -> About {
        About {
            title: "PNG",
            reads: "texts by their keywords, packed ones too, profiles, and what is behind the picture; pixels as numbers, all \
                    else as it is",
            limits: "texts of up to 1 MiB by their keyword, longer ones as they are",
            specification: "https://www.w3.org/TR/png-3/",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, SIGNATURE)
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        input.read_exact(&mut [0; SIGNATURE.len()])?;
        while !input.fill_buf()?.is_empty() {
            let mut header = [0; 8];
            input.read_exact(&mut header).map_err(|error| cut(input, error))?;
            let [a, b, c, d, kind @ ..] = header;
            let length = u32::from_be_bytes([a, b, c, d]);
            if !kind.iter().all(u8::is_ascii_alphabetic) || length > i32::MAX as u32 {
                return Err(Halt::Broken(GapReason::Damaged, "PNG: a chunk of no kind; scanned as it is".into()));
            }
            chunk(kind, length, input, sink)?;
            input.read_exact(&mut [0; 4]).map_err(|error| cut(input, error))?;
            if &kind == b"IEND" {
                let at = input.position();
                return Ok(sink.behind(b"behind the picture", at, input)?);
            }
        }
        Err(Halt::Broken(GapReason::Truncated, "PNG: ends before its end marker".into()))
    }
}

/// What the end of the input within a chunk is.
fn cut(input: &Input<'_>, error: std::io::Error) -> Halt {
    if input.failed() { Halt::Read(error) } else { Halt::Broken(GapReason::Truncated, "PNG: ends within a chunk".into()) }
}

/// Reads the data of one chunk.
fn chunk(kind: [u8; 4], length: u32, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
    let at = input.position();
    let mut body = (&mut *input).take(u64::from(length));
    match &kind {
        b"IDAT" | b"fdAT" => sink.numbers_at(at, &mut body)?,
        b"tEXt" | b"zTXt" | b"iTXt" | b"iCCP" if length <= HELD => {
            let mut data = Vec::new();
            body.read_to_end(&mut data)?;
            if told(kind, &data, at, sink)?.is_none() {
                sink.raw_at(at, &mut data.as_slice())?;
            }
        }
        _ => sink.raw_at(at, &mut body)?,
    }
    // A sink may leave off early.
    std::io::copy(&mut body, &mut std::io::sink())?;
    if body.limit() > 0 { Err(cut(input, std::io::ErrorKind::UnexpectedEof.into())) } else { Ok(()) }
}

/// Tells the text or profile of a chunk (sections 11.3.2.3 and 11.3.3). `None` if it is not made as it has to be.
fn told(kind: [u8; 4], data: &[u8], at: u64, sink: &mut dyn Sink) -> Result<Option<()>, Halt> {
    let Some((keyword, rest)) = split(data) else { return Ok(None) };
    let (is_packed, text) = match (&kind, rest) {
        (b"tEXt", text) => (false, text),
        (b"iTXt", [packed, _, rest @ ..]) => {
            // Its language, and the keyword in that.
            let Some((_, rest)) = split(rest) else { return Ok(None) };
            let Some((_, text)) = split(rest) else { return Ok(None) };
            (*packed != 0, text)
        }
        (_, [0, text @ ..]) => (true, text),
        _ => return Ok(None),
    };
    if !is_packed {
        let offset = at + (data.len() - text.len()) as u64;
        sink.text(&Text::named(keyword, text, offset))?;
        return Ok(Some(()));
    }
    let mut decoder = ZlibDecoder::new(text);
    let mut bytes = Vec::new();
    let got = (&mut decoder).take(TEXT + 1).read_to_end(&mut bytes);
    if bytes.len() as u64 > TEXT || &kind == b"iCCP" {
        let member = Member { name: keyword, kind: MemberKind::File, size: None };
        sink.member(&member, &mut bytes.as_slice().chain(decoder))?;
    } else {
        sink.text(&Text::named(keyword, &bytes, at))?;
    }
    if let Err(error) = got {
        sink.gap(super::super::reason_of(&error), format!("PNG: a packed text: {error}"), None);
    }
    Ok(Some(()))
}

/// What stands before a zero, and behind it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(0, bytes)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Seen, seen};
    use super::*;
    use std::io::Write;

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn chunk(kind: &str, data: &[u8]) -> Vec<u8> {
        let mut sum = flate2::Crc::new();
        sum.update(kind.as_bytes());
        sum.update(data);
        [&(data.len() as u32).to_be_bytes(), kind.as_bytes(), data, &sum.sum().to_be_bytes()].concat()
    }

    fn picture() -> Vec<u8> {
        let packed = zlib(b"a text that is packed");
        [
            SIGNATURE.to_vec(),
            chunk("IHDR", b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0"),
            chunk("tEXt", b"prompt\0a text"),
            chunk("zTXt", &[b"Comment\0\0", packed.as_slice()].concat()),
            chunk("iTXt", &[b"parameters\0\x01\0\0\0", packed.as_slice()].concat()),
            chunk("iTXt", b"workflow\0\0\0en\0Ablauf\0another"),
            chunk("IDAT", b"pixels"),
            chunk("IEND", b""),
        ]
        .concat()
    }

    #[test]
    fn texts_by_their_keywords_and_pixels_as_numbers() {
        let bytes = [picture(), b"behind".to_vec()].concat();
        let packed = "a text that is packed";
        let expected = Seen {
            texts: vec![("prompt", "a text"), ("Comment", packed), ("parameters", packed), ("workflow", "another")].into(),
            members: vec![("behind the picture", "behind")].into(),
            raw: b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".to_vec(),
            numbers: b"pixels".to_vec(),
            ..Seen::default()
        };
        assert_eq!(seen(&Png, &bytes), expected);
    }

    #[test]
    fn damage_is_told() {
        let sound = picture();
        let end = sound.len() - 12;
        assert_eq!(seen(&Png, &sound[..end]).gaps, [GapReason::Truncated]);
        let broken = [&sound[..end], b"\0\0\0\0\0\0\0\0more"].concat();
        assert_eq!(seen(&Png, &broken).gaps, [GapReason::Damaged]);
        let packed = [SIGNATURE.to_vec(), chunk("zTXt", b"a\0\0no stream"), chunk("IEND", b"")].concat();
        assert_eq!(seen(&Png, &packed).gaps, [GapReason::Damaged]);
        let unknown = [SIGNATURE.to_vec(), chunk("zTXt", b"no keyword"), chunk("IEND", b"")].concat();
        assert_eq!(seen(&Png, &unknown).raw, b"no keyword");
    }
}
