//! Attributes: small values with a name, at a group or a dataset (section IV.A.2.m).

use super::super::super::Halt;
use super::super::super::cursor::Cursor;
use super::datatype::{self, Type};
use super::file::File;
use super::header::{self, ATTRIBUTE, ATTRIBUTE_INFO, DATATYPE, Message};
use super::heap::FractalHeap;
use super::tree::Tree;

/// Attributes of one object that are looked at.
const MOST: usize = 100_000;

/// An attribute.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: Vec<u8>,
    pub(super) of: Type,
    pub(super) shape: Vec<u64>,
    pub(super) value: Vec<u8>,
    /// Where the value is in the file.
    pub(super) place: u64,
}

/// What the messages of an object hold as attributes, or lead to: messages of attributes, each with its place.
pub(super) fn of(file: &mut File<'_>, messages: &[Message]) -> Result<Vec<(Vec<u8>, u64)>, Halt> {
    let mut all = Vec::new();
    for message in messages.iter().filter(|message| !message.is_shared) {
        match message.kind {
            ATTRIBUTE => all.push((message.bytes.clone(), message.place)),
            ATTRIBUTE_INFO => dense(file, &message.bytes, &mut all)?,
            _ => {}
        }
    }
    Ok(all)
}

fn dense(file: &mut File<'_>, bytes: &[u8], all: &mut Vec<(Vec<u8>, u64)>) -> Result<(), Halt> {
    let mut cursor = Cursor::new(bytes);
    let flags = cursor.array::<2>().map_or(0, |[_, flags]| flags);
    cursor.take(if flags & 1 != 0 { 2 } else { 0 });
    let (heap, index) = (file.address(&mut cursor), file.address(&mut cursor));
    let (Some(heap), Some(index)) = (heap, index) else { return Ok(()) };
    let heap = FractalHeap::open(file, heap)?;
    let mut tree = Tree::open(file, index)?;
    while let Some(record) = tree.next(file)?.map(<[u8]>::to_vec) {
        // The id of 8 bytes stands before flags, order and hash.
        let Some(object) = heap.object(file, record.get(..8).unwrap_or_default())? else { continue };
        all.push(object);
        if all.len() >= MOST {
            break;
        }
    }
    Ok(())
}

impl Attribute {
    /// Reads a message. `None` for one that has no value, or cannot be understood.
    pub(super) fn read(file: &mut File<'_>, bytes: &[u8], place: u64) -> Result<Option<Self>, Halt> {
        let Some(parts) = Parts::split(bytes) else { return Ok(None) };
        let of = if parts.is_committed {
            header::committed(file, parts.of, DATATYPE)?.and_then(|message| Type::parse(&message.bytes))
        } else {
            Type::parse(parts.of)
        };
        let (Some(of), Some(shape)) = (of, datatype::shape(parts.shape, file.lengths)) else { return Ok(None) };
        let (name, value) = (parts.name.to_vec(), bytes.get(parts.value..).unwrap_or_default());
        let length = shape.iter().try_fold(of.size, |all, side| all.checked_mul(*side)).unwrap_or(u64::MAX);
        let value = value.get(..usize::try_from(length).unwrap_or(usize::MAX).min(value.len())).unwrap_or_default().to_vec();
        Ok(Some(Self { name, of, shape, value, place: place.saturating_add(parts.value as u64) }))
    }
}

/// What a message is made of.
struct Parts<'a> {
    name: &'a [u8],
    of: &'a [u8],
    shape: &'a [u8],
    is_committed: bool,
    value: usize,
}

impl<'a> Parts<'a> {
    fn split(bytes: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let [version, flags] = cursor.array()?;
        let (name, of, shape) = (cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?);
        if !(1..=3).contains(&version) {
            return None;
        }
        cursor.take(if version == 3 { 1 } else { 0 })?;
        let mut part = |length: u16| {
            let length = usize::from(length);
            let padded = if version == 1 { length.next_multiple_of(8) } else { length };
            cursor.take(padded).and_then(|padded| padded.get(..length))
        };
        let (name, of, shape) = (part(name)?, part(of)?, part(shape)?);
        let name = name.split(|byte| *byte == 0).next()?;
        Some(Self { name, of, shape, is_committed: version > 1 && flags & 1 != 0, value: cursor.position() })
    }
}
