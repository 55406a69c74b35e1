//! Values of attributes and datasets: texts with the names that lead to them.

use super::super::super::cursor::Cursor;
use super::super::super::told::Told;
use super::super::super::{Halt, Member, MemberKind, Sink, Text};
use super::super::keys::{self, is_key, is_text, joined};
use super::datatype::{Field, Kind, Type};
use super::file::File;
use super::heap::GlobalHeap;
use crate::finding::GapReason;
use std::collections::HashSet;

/// Values in values.
const DEPTH: u32 = 6;
/// Values of one list that are looked at; there are never more in a file than it has bytes.
const LIST: u64 = 1 << 20;
/// Blobs shorter than this hold nothing that opens; they are scanned as they are.
const OPENED: usize = 64;
/// Values of the global heap that are remembered: what several refer to is told once.
const REMEMBERED: usize = 1 << 20;
/// Gaps of one file.
const GAPS: usize = 16;

/// Where a value stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) place: u64,
    /// Whether it stands there as it is, and not in a chunk that is packed.
    pub(super) is_plain: bool,
}

/// A file on its way through the objects of it.
pub(super) struct Reader<'r, 'f> {
    pub(super) file: File<'f>,
    pub(super) heap: GlobalHeap,
    pub(super) told: Told,
    pub(super) sink: &'r mut dyn Sink,
    pub(super) remembered: HashSet<u64>,
    pub(super) gaps: usize,
    /// Bytes that chunks of texts came to.
    pub(super) unpacked: u64,
}

impl Reader<'_, '_> {
    /// Notes what could not be read, if that is what ended something; the rest goes on.
    pub(super) fn noted(&mut self, outcome: Result<(), Halt>, path: &[u8]) -> Result<(), Halt> {
        match outcome {
            Err(Halt::Broken(reason, detail)) if reason != GapReason::ExpansionLimit => {
                self.gaps += 1;
                if self.gaps <= GAPS {
                    let path = crate::place::escaped(path);
                    let detail = format!("{detail}, at {path}; its bytes were scanned as they are");
                    self.sink.gap(reason, detail, None);
                }
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Tells the texts of one value. `name` leads to it, `key` is the last part of that which says what it is.
    pub(super) fn value(&mut self, of: &Type, bytes: &[u8], name: &[u8], key: &[u8], at: At, depth: u32) -> Result<(), Halt> {
        if depth > DEPTH {
            return Ok(());
        }
        match &of.kind {
            Kind::Number => {}
            Kind::Text => {
                if at.is_plain {
                    self.told.told(at.place, bytes.len() as u64);
                }
                self.text(bytes, name, key, at.place)?;
            }
            Kind::Blob => {
                if at.is_plain {
                    self.told.told(at.place, bytes.len() as u64);
                }
                self.blob(bytes, name)?;
            }
            Kind::HeapText => {
                if let Some((text, place)) = self.referred(bytes, 1)? {
                    self.told.told(place, text.len() as u64);
                    self.text(&text, name, key, place)?;
                }
            }
            Kind::HeapList(of) => {
                let Some((list, place)) = self.referred(bytes, of.size)? else { return Ok(()) };
                let at = At { place, is_plain: true };
                if of.is_byte() {
                    self.told.told(place, list.len() as u64);
                    self.blob(&list, name)?;
                } else if of.has_text() {
                    self.list(of, &list, name, key, at, depth)?;
                }
            }
            Kind::Record(fields) => self.record(fields, bytes, name, at, depth)?,
            Kind::Array(_, of) => {
                if of.has_text() {
                    self.list(of, bytes, name, key, at, depth)?;
                }
            }
        }
        Ok(())
    }

    fn list(&mut self, of: &Type, bytes: &[u8], name: &[u8], key: &[u8], at: At, depth: u32) -> Result<(), Halt> {
        let Some(size) = usize::try_from(of.size).ok().filter(|size| *size > 0) else { return Ok(()) };
        for (number, item) in (0..LIST).zip(bytes.chunks_exact(size)) {
            let name = [name, format!("[{number}]").as_bytes()].concat();
            let place = at.place.saturating_add(if at.is_plain { number * of.size } else { 0 });
            self.value(of, item, &name, key, At { place, ..at }, depth + 1)?;
        }
        Ok(())
    }

    /// A row of a table. Where one field holds the name of another, that is its key.
    fn record(&mut self, fields: &[Field], bytes: &[u8], name: &[u8], at: At, depth: u32) -> Result<(), Halt> {
        let part = |field: &Field| {
            let start = usize::try_from(field.offset).ok()?;
            bytes.get(start..start.checked_add(usize::try_from(field.of.size).ok()?)?)
        };
        let label = fields.iter().find(|field| keys::holds_names(&field.name));
        let label = match label.and_then(|field| Some((field, part(field)?))) {
            Some((field, bytes)) => self.label(field, bytes)?.map(|text| (field.offset, text)),
            None => None,
        };
        for field in fields.iter().filter(|field| field.of.has_text()) {
            let Some(value) = part(field) else { continue };
            let key = match &label {
                Some((offset, label)) if *offset != field.offset && keys::holds_values(&field.name) => label.as_slice(),
                _ => field.name.as_slice(),
            };
            let place = at.place.saturating_add(if at.is_plain { field.offset } else { 0 });
            self.value(&field.of, value, &joined(name, key), key, At { place, ..at }, depth + 1)?;
        }
        Ok(())
    }

    /// The text of a field, if that may name another.
    pub(super) fn label(&mut self, field: &Field, bytes: &[u8]) -> Result<Option<Vec<u8>>, Halt> {
        let text = match field.of.kind {
            Kind::Text => unpadded(bytes).to_vec(),
            Kind::HeapText => match self.reference(bytes) {
                Some((length, address, index)) => {
                    let value = self.heap.value(&mut self.file, address, index)?.map(|(value, _)| value);
                    let mut text = value.unwrap_or_default();
                    text.truncate(length as usize);
                    unpadded(&text).to_vec()
                }
                None => Vec::new(),
            },
            _ => Vec::new(),
        };
        Ok(Some(text).filter(|text| is_key(text)))
    }

    /// Length, collection and number of a value of the global heap.
    fn reference(&self, bytes: &[u8]) -> Option<(u32, u64, u32)> {
        let mut cursor = Cursor::new(bytes);
        let length = cursor.u32_le().filter(|length| *length > 0)?;
        let address = self.file.address(&mut cursor).filter(|address| *address > 0)?;
        Some((length, address, cursor.u32_le()?))
    }

    /// What a value refers to, unless that was told before. It has as many items as is said, each of `size` bytes.
    fn referred(&mut self, bytes: &[u8], size: u64) -> Result<Option<(Vec<u8>, u64)>, Halt> {
        let Some((length, address, index)) = self.reference(bytes) else { return Ok(None) };
        let found = self.heap.value(&mut self.file, address, index)?;
        let is_new = |place: u64, seen: &mut HashSet<u64>| seen.len() < REMEMBERED && seen.insert(place);
        Ok(found.filter(|(_, place)| is_new(*place, &mut self.remembered)).map(|(mut value, place)| {
            value.truncate(usize::try_from(u64::from(length).saturating_mul(size)).unwrap_or(usize::MAX));
            (value, place)
        }))
    }

    /// A text, or what is kept as one.
    pub(super) fn text(&mut self, bytes: &[u8], name: &[u8], key: &[u8], offset: u64) -> Result<(), Halt> {
        let bytes = unpadded(bytes);
        if !is_text(bytes) || is_pickled(bytes) {
            return self.blob(bytes, name);
        }
        Ok(keys::push(&Text { name, key, bytes, offset }, self.sink)?)
    }

    /// Bytes that may be a file.
    pub(super) fn blob(&mut self, mut bytes: &[u8], name: &[u8]) -> Result<(), Halt> {
        if bytes.len() < OPENED {
            return Ok(self.sink.raw(&mut bytes)?);
        }
        let size = Some(bytes.len() as u64);
        Ok(self.sink.member(&Member { name, kind: MemberKind::File, size }, &mut bytes)?)
    }
}

/// A text without its padding, of NULs or spaces.
fn unpadded(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or_default()
}

/// Whether a text is a pickle of the first protocol, as `PyTables` keeps what is no number.
fn is_pickled(bytes: &[u8]) -> bool {
    bytes.len() >= OPENED && matches!(bytes, [b'(' | b'c' | b']' | b'}', .., b'.']) && bytes.contains(&b'\n')
}
