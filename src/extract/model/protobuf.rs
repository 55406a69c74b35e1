//! Protocol buffers without their schema: ONNX, TensorFlow's saved models, Core ML.
//!
//! Encoding: <https://protobuf.dev/programming-guides/encoding/>. A message is a row of fields; each starts
//! with its number and a wire type, and type 2 stands before a length and bytes that are a text, a message
//! or numbers. Which, the bytes tell. All three formats begin with a version in field 1, and keep settings as
//! messages whose field 1 is a key and whose field 2 is a value; tensors have their names in field 8 (`onnx.proto`,
//! `saved_model.proto`, `Model.proto`).

mod fields;

use super::super::{About, Extractor, Halt, Head, Input, Sink, Stop, Text, cursor};
use super::keys::joined;
use super::{pass, pass_numbers};
use crate::finding::GapReason;
use fields::{Field, Kind, fields, kind_of, starts_as_message};
use std::borrow::Cow;
use std::io::{BufRead, Read};

/// Protocol buffers of a model.
pub struct Protobuf;

/// Fields up to this length are held and read by their structure.
const HELD: u64 = 1 << 20;
/// Messages in messages.
const DEPTH: u32 = 48;
/// Longest path of names that is told, and longest name in it.
const PATH: usize = 512;
const NAME: usize = 128;
/// The highest version that a model of these formats may state.
const VERSIONS: std::ops::RangeInclusive<u8> = 1..=40;

impl Extractor for Protobuf {
    fn name(&self) -> &'static str {
        "protobuf"
    }

    fn about(&self) -> About {
        About {
            title: "ONNX, TensorFlow SavedModel, Core ML",
            reads: "protocol buffers without their schema: keys with their values, texts, what is behind a broken field as it is",
            limits: "fields of up to 1 MiB by their structure, 48 messages deep",
            specification: "https://protobuf.dev/programming-guides/encoding/",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let head = head.start.get(..Head::LEN.min(head.start.len())).unwrap_or_default();
        matches!(head, [8, version, rest @ ..] if VERSIONS.contains(version) && starts_as_message(rest))
    }

    fn hands_on(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let left = Walk { sink }.streamed(input, u64::MAX, b"", 0)?;
        match left {
            0 => Ok(()),
            _ => Err(Halt::Broken(GapReason::Truncated, "protobuf: ends within a field".into())),
        }
    }
}

struct Walk<'w> {
    sink: &'w mut dyn Sink,
}

impl Walk<'_> {
    /// Reads a message of `length` bytes, or as many as there are, field by field. Returns how many bytes a
    /// field that the input's end cut short would have had.
    fn streamed(&mut self, input: &mut Input<'_>, length: u64, path: &[u8], depth: u32) -> Result<u64, Halt> {
        let end = input.position().saturating_add(length);
        while input.position() < end && !input.fill_buf()?.is_empty() {
            let Some((number, wire)) = varint(input)?.and_then(fields::tag) else { return self.lost(input, end, depth) };
            let size = match wire {
                0 => {
                    varint(input)?;
                    continue;
                }
                1 => 8,
                5 => 4,
                2 => match varint(input)? {
                    Some(size) if size <= end - input.position() => size,
                    _ => return self.lost(input, end, depth),
                },
                _ => return self.lost(input, end, depth),
            };
            let offset = input.position();
            if size <= HELD {
                let mut bytes = Vec::new();
                let got = input.by_ref().take(size).read_to_end(&mut bytes)? as u64;
                if got < size {
                    self.sink.raw_at(offset, &mut bytes.as_slice())?;
                    return Ok(size - got);
                }
                if wire == 2 {
                    self.value(&Field { number, bytes: &bytes, offset }, path, depth)?;
                }
                continue;
            }
            let head = input.head()?;
            let head = head.get(..head.len().min(Head::LEN)).unwrap_or_default();
            if depth < DEPTH && starts_as_message(head) {
                self.streamed(input, size, path, depth + 1)?;
            } else if kind_of(head) == Kind::Text {
                pass(input, size, |at, body| self.sink.raw_at(at, body))?;
            } else {
                pass_numbers(input, size, self.sink)?;
            }
            let read = input.position() - offset;
            if read < size {
                return Ok(size - read);
            }
        }
        Ok(0)
    }

    /// What does not read like fields is scanned as it is, up to the end of the message.
    fn lost(&mut self, input: &mut Input<'_>, end: u64, depth: u32) -> Result<u64, Halt> {
        let left = end - input.position();
        // Deeper down it is as likely that numbers looked like a message.
        if depth == 0 {
            self.sink.gap(GapReason::Damaged, "protobuf: bytes that are no field; scanned as they are".into(), None);
        }
        pass(input, left, |at, body| self.sink.raw_at(at, body))?;
        Ok(0)
    }

    /// A message in memory.
    fn message(&mut self, row: &[Field<'_>], path: &[u8], depth: u32) -> Result<(), Stop> {
        let name = name_of(row);
        let path = match name {
            Some((_, name)) if path.len() + name.len() < PATH => Cow::Owned(joined(path, name)),
            _ => Cow::Borrowed(path),
        };
        for (index, field) in row.iter().enumerate() {
            if name.is_some_and(|(at, _)| at == index) {
                self.sink.text(&Text { name: b"", key: b"", bytes: field.bytes, offset: field.offset })?;
            } else {
                self.value(field, &path, depth)?;
            }
        }
        Ok(())
    }

    /// A field of type 2: a text, a message, or neither.
    fn value(&mut self, field: &Field<'_>, path: &[u8], depth: u32) -> Result<(), Stop> {
        match kind_of(field.bytes) {
            Kind::Text => {
                let key = path.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
                self.sink.text(&Text { name: path, key, bytes: field.bytes, offset: field.offset })
            }
            Kind::Message if depth < DEPTH => match fields(field.bytes, field.offset) {
                Some(row) => self.message(&row, path, depth + 1),
                None => self.sink.raw_at(field.offset, &mut &*field.bytes),
            },
            _ => self.sink.raw_at(field.offset, &mut &*field.bytes),
        }
    }
}

/// The field by which a message is called, and its text: the first, where it stands once and has others beside
/// it; for a tensor the eighth.
fn name_of<'f>(row: &[Field<'f>]) -> Option<(usize, &'f [u8])> {
    let only = |number: u64| {
        let mut found = row.iter().enumerate().filter(|(_, field)| field.number == number);
        let (index, field) = found.next()?;
        let is_name = field.bytes.len() <= NAME && kind_of(field.bytes) == Kind::Text && found.next().is_none();
        is_name.then_some((index, field.bytes))
    };
    if row.len() < 2 { None } else { only(1).or_else(|| only(8)) }
}

/// A number of the stream. `None` if it is none, or the input ends.
fn varint(input: &mut Input<'_>) -> Result<Option<u64>, Halt> {
    cursor::varint(|| {
        let byte = input.fill_buf()?.first().copied();
        input.consume(usize::from(byte.is_some()));
        Ok(byte)
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    fn long(mut n: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while n > 0x7f {
            bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        bytes.push(n as u8);
        bytes
    }

    fn field(number: usize, bytes: &[u8]) -> Vec<u8> {
        [&long(number << 3 | 2)[..], &long(bytes.len()), bytes].concat()
    }

    fn entry(key: &str, value: &str) -> Vec<u8> {
        [field(1, key.as_bytes()), field(2, value.as_bytes())].concat()
    }

    /// As ONNX has it: a version, who made it, a graph with a node and a tensor, and metadata.
    fn model(weights: &[u8]) -> Vec<u8> {
        let attribute = [field(1, b"url"), field(4, b"https://x.internal/"), b"\xa0\x01\x03".to_vec()].concat();
        let tensor = [b"\x08\x02\x10\x01".to_vec(), field(8, b"w0"), field(9, weights)].concat();
        let graph = [field(1, &field(5, &attribute)), field(2, b"main"), field(5, &tensor)].concat();
        [b"\x08\x09".to_vec(), field(2, b"maker"), field(3, b"1.0"), field(7, &graph), field(14, &entry("api_key", "abc"))]
            .concat()
    }

    #[test]
    fn keys_and_values_of_messages() {
        let bytes = model(&[0xff; 32]);
        assert!(Protobuf.probe(&Head { start: &bytes, tail: &[] }));
        let found = seen(&Protobuf, &bytes);
        let expected = vec![
            ("", "maker"),
            ("", "1.0"),
            ("", "url"),
            ("url", "https://x.internal/"),
            ("", "main"),
            ("", "w0"),
            ("", "api_key"),
            ("api_key", "abc"),
        ];
        assert_eq!((found.texts, found.raw, found.gaps), (expected.into(), vec![0xff; 32], vec![]));
    }

    #[test]
    fn long_tensors_are_numbers_and_what_is_behind_them_is_read() {
        let bytes = model(&vec![0xff; 3 << 20]);
        let found = seen(&Protobuf, &bytes);
        assert_eq!((found.numbers.len(), found.gaps.len()), (3 << 20, 0));
        assert_eq!(found.texts.0.last(), Some(&("api_key".to_owned(), "abc".to_owned())));
    }

    #[test]
    fn a_cut_is_told_and_a_text_is_no_message() {
        let bytes = model(&[0xff; 32]);
        assert_eq!(seen(&Protobuf, &bytes[..bytes.len() - 2]).gaps, [GapReason::Truncated]);
        for no in [&b"\x08\x09"[..], b"\x08\x09hello, this is a text", b"\x08\x01\x12\xff\xff\xff\xff\xff\x0f??", b"", b"\x08"] {
            assert!(!Protobuf.probe(&Head { start: no, tail: &[] }), "{no:?}");
        }
    }
}
