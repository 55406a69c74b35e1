//! GGUF: keys and values, then tensors, as llama.cpp keeps models.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. Magic `GGUF`, a version, counts of
//! tensors and of keys; for each key a string, a type and a value; for each tensor a name, dimensions, a
//! type and an offset; and behind padding the data. Version 1 has 32-bit lengths where later ones have 64
//! bits. In files for big-endian machines every number is big-endian, the version too, which tells.

use super::super::{About, Extractor, Halt, Head, Input, Sink, Text};
use super::{pass, pass_numbers, stretches};
use crate::finding::GapReason;
use std::io::{self, BufRead, Read};

/// GGUF.
pub struct Gguf;

const MAGIC: &[u8] = b"GGUF";
/// Versions that exist.
const VERSIONS: std::ops::RangeInclusive<u32> = 1..=3;
/// Strings up to this length are held and told by their key; longer ones are scanned as they pass.
const HELD: u64 = 1 << 20;
/// Arrays in arrays.
const DEPTH: u32 = 4;
/// Tensors whose places are kept; what lies behind is numbers all the same.
const TENSORS: usize = 200_000;

impl Extractor for Gguf {
    fn name(&self) -> &'static str {
        "GGUF"
    }

    fn about(&self) -> About {
        About {
            title: "GGUF",
            reads: "every key with its value, arrays too, in all versions and both byte orders; tensors as numbers",
            limits: "texts of up to 1 MiB by their key, longer ones as they are",
            specification: "https://github.com/ggml-org/ggml/blob/master/docs/gguf.md",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let version = head.start.get(4..8).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        let known =
            |version: [u8; 4]| VERSIONS.contains(&u32::from_le_bytes(version)) || VERSIONS.contains(&u32::from_be_bytes(version));
        head.has(0, MAGIC) && version.is_some_and(known)
    }

    fn hands_on(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut start = [0; 8];
        input.read_exact(&mut start)?;
        let [_, _, _, _, version @ ..] = start;
        let big = !VERSIONS.contains(&u32::from_le_bytes(version));
        let version = if big { u32::from_be_bytes(version) } else { u32::from_le_bytes(version) };
        let mut reader = Reader { input, sink, big, long: version > 1 };
        let read = reader.run();
        match read {
            Ok(tensors) => stretches(input, tensors, sink),
            // The end of the file within a number or a string.
            Err(Halt::Read(error)) if error.kind() == io::ErrorKind::UnexpectedEof && !input.failed() => {
                Err(Halt::Broken(GapReason::Truncated, "GGUF: ends before its tensors".into()))
            }
            Err(halt) => Err(halt),
        }
    }
}

/// Types of values, by number: bytes of each, 0 for what has a length of its own.
const SIZES: [u64; 13] = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// Bytes of a block and values in it, for types of tensors by number (`ggml_type` in ggml.h and its traits in
/// ggml.c). 0 for numbers that are not in use.
const BLOCKS: [(u64, u64); 40] = [
    (4, 1),
    (2, 1),
    (18, 32),
    (20, 32),
    (0, 1),
    (0, 1),
    (22, 32),
    (24, 32),
    (34, 32),
    (36, 32),
    (84, 256),
    (110, 256),
    (144, 256),
    (176, 256),
    (210, 256),
    (292, 256),
    (66, 256),
    (74, 256),
    (98, 256),
    (50, 256),
    (18, 32),
    (110, 256),
    (82, 256),
    (136, 256),
    (1, 1),
    (2, 1),
    (4, 1),
    (8, 1),
    (8, 1),
    (56, 256),
    (2, 1),
    (0, 1),
    (0, 1),
    (0, 1),
    (54, 256),
    (66, 256),
    (0, 1),
    (0, 1),
    (0, 1),
    (17, 32),
];

struct Reader<'r, 'a> {
    input: &'r mut Input<'a>,
    sink: &'r mut dyn Sink,
    big: bool,
    long: bool,
}

impl Reader<'_, '_> {
    /// Reads up to the data of the tensors; returns where each lies, from there.
    fn run(&mut self) -> Result<Vec<(u64, u64)>, Halt> {
        let (tensors, keys) = (self.length()?, self.length()?);
        let mut alignment = 32;
        for _ in 0..keys {
            let key = self.string()?.unwrap_or_default();
            let kind = self.u32()?;
            if key == b"general.alignment" && kind == 4 {
                alignment = u64::from(self.u32()?).clamp(1, 1 << 20);
            } else {
                self.value(&key, kind, 0)?;
            }
        }
        let mut places = Vec::new();
        for _ in 0..tensors {
            let offset = self.input.position();
            if let Some(name) = self.string()? {
                self.sink.text(&Text { name: b"", key: b"", bytes: &name, offset })?;
            }
            let place = self.tensor()?;
            if places.len() < TENSORS {
                places.push(place);
            }
        }
        let padding = self.input.position().next_multiple_of(alignment) - self.input.position();
        // What is put between is scanned with what follows it: where there are no tensors it may be anything.
        let behind = |(from, to): (u64, u64)| (from.saturating_add(padding), to.saturating_add(padding));
        Ok(places.into_iter().map(behind).collect())
    }

    fn value(&mut self, key: &[u8], kind: u32, depth: u32) -> Result<(), Halt> {
        let fixed = SIZES.get(kind as usize).copied();
        match (kind, fixed) {
            (STRING, _) => {
                let offset = self.input.position();
                let Some(text) = self.string()? else { return Ok(()) };
                let last = key.rsplit(|byte| *byte == b'.').next().unwrap_or(key);
                self.sink.text(&Text { name: key, key: last, bytes: &text, offset })?;
            }
            (ARRAY, _) if depth < DEPTH => {
                let (inner, count) = (self.u32()?, self.length()?);
                match SIZES.get(inner as usize).copied() {
                    Some(size @ 1..) => self.skip(count.saturating_mul(size))?,
                    _ => {
                        for index in 0..count {
                            let name = [key, format!("[{index}]").as_bytes()].concat();
                            self.value(&name, inner, depth + 1)?;
                        }
                    }
                }
            }
            (_, Some(size @ 1..)) => self.skip(size)?,
            _ => return Err(Halt::Broken(GapReason::Damaged, format!("GGUF: no value has the type {kind}"))),
        }
        Ok(())
    }

    /// Where a tensor lies. One of an unknown type ends where it begins; its bytes are scanned as they are.
    fn tensor(&mut self) -> Result<(u64, u64), Halt> {
        let dimensions = self.u32()?;
        if dimensions > 16 {
            return Err(Halt::Broken(GapReason::Damaged, format!("GGUF: a tensor with {dimensions} dimensions")));
        }
        let mut values = 1u64;
        for _ in 0..dimensions {
            values = values.saturating_mul(self.length()?);
        }
        let (kind, start) = (self.u32()?, self.u64()?);
        let (bytes, of) = BLOCKS.get(kind as usize).copied().unwrap_or((0, 1));
        Ok((start, start.saturating_add((values / of).saturating_mul(bytes))))
    }

    /// A string, if it is short enough to be held; a longer one is scanned as it is.
    fn string(&mut self) -> Result<Option<Vec<u8>>, Halt> {
        let length = self.length()?;
        if length > HELD {
            pass(self.input, length, |at, body| self.sink.raw_at(at, body))?;
            return self.whole(length).map(|()| None);
        }
        let mut text = Vec::new();
        let got = (&mut *self.input).take(length).read_to_end(&mut text)? as u64;
        if got < length {
            self.sink.raw(&mut text.as_slice())?;
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(Some(text))
    }

    /// After `claimed` bytes were passed: whether there were any more to come, which a lie would not have.
    fn whole(&mut self, claimed: u64) -> Result<(), Halt> {
        let ended = claimed > 0 && self.input.fill_buf()?.is_empty();
        if ended { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) } else { Ok(()) }
    }

    /// Passes over numbers, which are scanned as such.
    fn skip(&mut self, length: u64) -> Result<(), Halt> {
        if length > 64 {
            pass_numbers(self.input, length, self.sink)?;
            return self.whole(length);
        }
        let mut few = [0; 64];
        let few = few.get_mut(..length as usize).unwrap_or_default();
        Ok(self.input.read_exact(few)?)
    }

    fn length(&mut self) -> Result<u64, Halt> {
        if self.long { self.u64() } else { self.u32().map(u64::from) }
    }

    fn u32(&mut self) -> Result<u32, Halt> {
        let mut bytes = [0; 4];
        self.input.read_exact(&mut bytes)?;
        Ok(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn u64(&mut self) -> Result<u64, Halt> {
        let mut bytes = [0; 8];
        self.input.read_exact(&mut bytes)?;
        Ok(if self.big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    /// A file of one string, one array of two strings, one number and one tensor of two 32-bit values.
    fn file(version: u32, big: bool) -> Vec<u8> {
        let n32 = |n: u32| if big { n.to_be_bytes().to_vec() } else { n.to_le_bytes().to_vec() };
        let n64 = |n: u64| if big { n.to_be_bytes().to_vec() } else { n.to_le_bytes().to_vec() };
        let length = |n: u64| if version > 1 { n64(n) } else { n32(n as u32) };
        let text = |text: &str| [length(text.len() as u64), text.as_bytes().to_vec()].concat();
        let mut bytes = [MAGIC.to_vec(), n32(version), length(1), length(3)].concat();
        bytes.extend([text("general.hub.token"), n32(8), text("abc")].concat());
        bytes.extend([text("tokens"), n32(9), n32(8), length(2), text("x"), text("y")].concat());
        bytes.extend([text("n.heads"), n32(4), n32(7)].concat());
        bytes.extend([text("weight"), n32(1), length(2), n32(0), n64(0)].concat());
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        [bytes, b"12345678".to_vec(), b"rest".to_vec()].concat()
    }

    #[test]
    fn every_version_and_byte_order() {
        for (version, big) in [(1, false), (2, false), (3, false), (3, true)] {
            let bytes = file(version, big);
            assert!(Gguf.probe(&Head { start: &bytes, tail: &[] }));
            let found = seen(&Gguf, &bytes);
            let texts = vec![("general.hub.token", "abc"), ("tokens[0]", "x"), ("tokens[1]", "y"), ("", "weight")];
            assert_eq!(found.texts, texts.into(), "{version} {big}");
            assert_eq!((found.numbers.as_slice(), found.gaps), (&b"12345678"[..], vec![]));
            assert!(found.raw.ends_with(b"rest") && found.raw.iter().filter(|byte| **byte != 0).count() == 4);
        }
    }

    #[test]
    fn a_cut_or_a_lie_is_told() {
        let bytes = file(3, false);
        assert_eq!(seen(&Gguf, &bytes[..60]).gaps, [GapReason::Truncated]);
        let mut lying = bytes;
        lying[24..32].copy_from_slice(&u64::MAX.to_le_bytes());
        let found = seen(&Gguf, &lying);
        assert_eq!(found.gaps, [GapReason::Truncated]);
        assert!(found.raw.ends_with(b"12345678rest"));
        for no in [&b"GGUF is a format"[..], b"GGUF", b"GGUF\x09\0\0\0"] {
            assert!(!Gguf.probe(&Head { start: no, tail: &[] }));
        }
    }
}
