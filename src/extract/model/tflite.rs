//! TensorFlow Lite: a FlatBuffer of operators and weights, behind which a zip of files may stand.
//!
//! Format: `schema.fbs` of <https://github.com/tensorflow/tensorflow> (`tensorflow/compiler/mlir/lite/schema`). `TFL3` stands
//! behind the first offset. Weights are in buffers; so is what `metadata` names, and `TFLITE_METADATA` says which files
//! the zip at the end has. Weights are numbers, metadata is opened, all else is scanned as it is.

use super::super::flatbuffer::Table;
use super::super::told::Told;
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, Text};
use crate::finding::GapReason;
use std::collections::HashMap;
use std::io::{Read, SeekFrom};

/// TensorFlow Lite.
pub struct TfLite;

const MAGIC: &[u8] = b"TFL3";
/// The longest model that is held to be read by its structure.
const MODEL: u64 = 32 << 20;
/// Buffers, and entries of the metadata.
const BUFFERS: usize = 100_000;
/// The end record of a zip, with its comment.
const END: &[u8] = b"PK\x05\x06";
const TAIL: u64 = 22 + 0xffff;

impl Extractor for TfLite {
    fn name(&self) -> &'static str {
        "TFLite"
    }

    fn about(&self) -> About {
        About {
            title: "TensorFlow Lite",
            reads: "the zip behind it, metadata opened, weights as numbers, all else as it is",
            limits: "a model of up to 32 MiB by its structure",
            specification: "https://github.com/tensorflow/tensorflow",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(4, MAGIC) && head.start.len() >= 16
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut told = Told::default();
        {
            let mut file = input.seekable()?;
            let length = file.seek(SeekFrom::End(0))?;
            let start = length.saturating_sub(TAIL);
            file.seek(SeekFrom::Start(start))?;
            let mut tail = Vec::new();
            file.read_to_end(&mut tail)?;
            let zip = appended(&tail, start).unwrap_or(length);
            if zip < length {
                file.seek(SeekFrom::Start(zip))?;
                let member = Member { name: b"files", kind: MemberKind::File, size: Some(length - zip) };
                sink.member(&member, &mut Read::take(&mut file, length - zip))?;
                told.told(zip, length - zip);
            }
            if zip > MODEL {
                sink.gap(GapReason::SizeLimit, "TFLite: too long to be read by its structure; scanned as it is".into(), None);
            } else {
                file.seek(SeekFrom::Start(0))?;
                let mut model = Vec::new();
                Read::take(&mut file, zip).read_to_end(&mut model)?;
                inside(&model, &mut told, sink)?;
            }
        }
        let mut file = input.seekable()?;
        told.sweep(&mut *file, sink)
    }
}

/// Where the zip at the end begins.
fn appended(tail: &[u8], start: u64) -> Option<u64> {
    let at = memchr::memmem::rfind(tail, END)?;
    let field = |from: usize| tail.get(at + from..)?.first_chunk().map(|bytes| u64::from(u32::from_le_bytes(*bytes)));
    // Its directory stands right before the record, and says how far behind the start that is.
    let begin = (start + at as u64).checked_sub(field(12)?)?.checked_sub(field(16)?)?;
    (begin > 0).then_some(begin)
}

/// Tells what the model has besides its weights.
fn inside(model: &[u8], told: &mut Told, sink: &mut dyn Sink) -> Result<(), Halt> {
    let table = Table::root(model).ok_or_else(|| Halt::Broken(GapReason::Damaged, "TFLite: no table at its start".to_owned()))?;
    let description = table.text(3);
    if !description.is_empty() {
        sink.text(&Text { name: b"description", key: b"description", bytes: description, offset: 0 })?;
        table.place(3).into_iter().for_each(|place| told.told(place.start as u64, place.len() as u64));
    }
    let named: HashMap<_, _> = table.list(6).tables().take(BUFFERS).map(|entry| (entry.int(1, 4), entry.text(0))).collect();
    for (number, buffer) in (0u64..).zip(table.list(4).tables().take(BUFFERS)) {
        let Some(place) = buffer.place(0).filter(|place| !place.is_empty()) else { continue };
        let (start, length) = (place.start as u64, place.len() as u64);
        match named.get(&number) {
            Some(name) => {
                let mut bytes = model.get(place).unwrap_or_default();
                sink.member(&Member { name, kind: MemberKind::File, size: Some(length) }, &mut bytes)?;
                told.told(start, length);
            }
            None => told.numbers(start, length),
        }
    }
    let is_cut = description.is_empty() && table.has(3) && table.place(3).is_none();
    if table.list(2).tables().next().is_none() || is_cut {
        sink.gap(GapReason::Truncated, "TFLite: ends before its tables do".into(), None);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zip_begins_where_its_directory_says() {
        let zip = [&b"PK\x03\x04entry"[..], b"PK\x01\x02dir", b"PK\x05\x06\0\0\0\0\0\0\0\0\x07\0\0\0\x09\0\0\0\0\0"].concat();
        assert_eq!(appended(&[&b"model"[..], &zip].concat(), 0), Some(5));
        assert_eq!(appended(&zip, 0), None);
        assert_eq!(appended(&[&b"model"[..], &zip].concat(), 100), Some(105));
        assert_eq!(appended(b"PK\x05\x06", 0), None);
    }
}
