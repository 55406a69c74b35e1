//! Values: read by their schema, their texts told by the path that leads to them.

use super::super::super::cursor::Cursor;
use super::super::super::rows::is_label;
use super::super::super::{Halt, Sink};
use super::super::keyed::{self, Called};
use super::broken;
use super::schema::{Field, Schema, Type};
use crate::finding::GapReason;
use std::ops::Range;

/// Values in values.
const DEPTH: usize = 64;
/// Bytes of a path.
const PATH: usize = 1024;
/// Values of a file that take no bytes, and values for each of its bytes.
const EMPTY: u64 = 1 << 20;
const PER_BYTE: u64 = 16;

/// How many values may still be read: some have no bytes, and a count costs nothing.
pub(super) struct Work {
    left: u64,
}

impl Default for Work {
    fn default() -> Self {
        Self { left: EMPTY }
    }
}

/// A number with a sign, from one of variable length: the lowest bit is the sign.
pub(super) fn signed(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// The values of a block.
pub(super) struct Values<'v> {
    schema: &'v Schema,
    bytes: &'v [u8],
    cursor: Cursor<'v>,
    place: &'v dyn Fn(usize) -> u64,
    is_plain: bool,
    path: Vec<u8>,
    /// Stretches that were told.
    pub(super) told: Vec<Range<usize>>,
    work: &'v mut Work,
    sink: &'v mut dyn Sink,
}

impl<'v> Values<'v> {
    /// Those in `bytes`, of which `place` says where they stand in the file, and `is_plain` whether they do as they are.
    pub(super) fn new(
        schema: &'v Schema,
        bytes: &'v [u8],
        place: &'v dyn Fn(usize) -> u64,
        is_plain: bool,
        work: &'v mut Work,
        sink: &'v mut dyn Sink,
    ) -> Self {
        work.left = work.left.saturating_add(PER_BYTE * bytes.len() as u64);
        let (cursor, path, told) = (Cursor::new(bytes), Vec::new(), Vec::new());
        Self { schema, bytes, cursor, place, is_plain, path, told, work, sink }
    }

    /// Tells so many values. An error says why not all of them.
    pub(super) fn read(&mut self, count: i64) -> Result<(), Halt> {
        for _ in 0..count {
            self.value(self.schema.root, b"", 0)?;
        }
        if self.cursor.left() == 0 && count >= 0 { Ok(()) } else { damaged() }
    }

    /// Tells a value that is called so.
    fn value(&mut self, kind: usize, key: &[u8], depth: usize) -> Result<(), Halt> {
        let Some(left) = self.work.left.checked_sub(1) else {
            return broken(GapReason::ExpansionLimit, "more values than its bytes can hold; scanned as they are");
        };
        self.work.left = left;
        if depth > DEPTH {
            return broken(GapReason::DepthLimit, "values in more than 64 others; scanned as they are");
        }
        let schema = self.schema;
        match schema.kind(kind) {
            Type::Null => Ok(()),
            Type::Number(width) => self.fixed(*width).map(drop),
            Type::Long => self.long().map(drop),
            Type::Text | Type::Bytes => {
                let stretch = self.stretch()?;
                self.tell(stretch, key)
            }
            Type::Fixed(width) => {
                let stretch = self.fixed(*width)?;
                self.tell(stretch, key)
            }
            Type::Record(fields) => self.record(fields, depth),
            Type::Array(items) => self.many(depth, |values, at, depth| {
                values.within(format!("[{at}]").as_bytes(), |values| values.value(*items, key, depth))
            }),
            Type::Map(items) => self.many(depth, |values, _, depth| {
                let name = values.stretch()?;
                let name = values.bytes.get(name).unwrap_or_default();
                values.field(name, |values| values.value(*items, name, depth))
            }),
            Type::Union(_) => {
                let kind = self.chosen(kind)?;
                self.value(kind, key, depth + 1)
            }
        }
    }

    /// Tells the fields of a record. A value goes by the name that the record has for it, wherever that stands.
    fn record(&mut self, fields: &'v [Field], depth: usize) -> Result<(), Halt> {
        let (mut label, mut waiting) = (None, Vec::new());
        for field in fields {
            let kind = self.chosen(field.kind)?;
            if *self.schema.kind(kind) != Type::Text || !(field.holds_name || field.holds_value) {
                self.field(&field.name, |values| values.value(kind, &field.name, depth + 1))?;
                continue;
            }
            let stretch = self.stretch()?;
            let text = self.bytes.get(stretch.clone()).unwrap_or_default();
            let is_first = field.holds_name && label.is_none() && is_label(text);
            if field.holds_value && !is_first {
                waiting.push((&field.name, stretch));
                continue;
            }
            label = label.or(is_first.then_some(text));
            self.field(&field.name, |values| values.tell(stretch, &field.name))?;
        }
        for (name, stretch) in waiting {
            let name = label.unwrap_or(name);
            self.field(name, |values| values.tell(stretch, name))?;
        }
        Ok(())
    }

    /// Reads the parts of a list: counts, each before as many items, or negative with the length of those behind it.
    fn many(&mut self, depth: usize, mut each: impl FnMut(&mut Self, u64, usize) -> Result<(), Halt>) -> Result<(), Halt> {
        let mut at = 0;
        loop {
            let count = self.long()?;
            if count < 0 {
                self.long()?;
            }
            for _ in 0..count.unsigned_abs() {
                each(self, at, depth + 1)?;
                at += 1;
            }
            if count == 0 {
                return Ok(());
            }
        }
    }

    /// The type of the value that comes: of a union the one that it says.
    fn chosen(&mut self, mut kind: usize) -> Result<usize, Halt> {
        let schema = self.schema;
        while let Type::Union(choices) = schema.kind(kind) {
            let choice = usize::try_from(self.long()?).ok().and_then(|choice| choices.get(choice));
            let Some(choice) = choice else { return damaged() };
            kind = *choice;
        }
        Ok(kind)
    }

    /// Does it within a field of this name.
    fn field(&mut self, name: &[u8], act: impl FnOnce(&mut Self) -> Result<(), Halt>) -> Result<(), Halt> {
        if self.path.is_empty() { self.within(name, act) } else { self.within(&[b".", name].concat(), act) }
    }

    /// Does it with a longer path.
    fn within(&mut self, part: &[u8], act: impl FnOnce(&mut Self) -> Result<(), Halt>) -> Result<(), Halt> {
        let before = self.path.len();
        self.path.extend_from_slice(part);
        self.path.truncate(PATH);
        let done = act(self);
        self.path.truncate(before);
        done
    }

    fn tell(&mut self, stretch: Range<usize>, key: &[u8]) -> Result<(), Halt> {
        let value = self.bytes.get(stretch.clone()).unwrap_or_default();
        let called = Called { name: &self.path, key };
        if keyed::tell(called, value, (self.place)(stretch.start), self.is_plain, self.sink)? {
            self.told.push(stretch);
        }
        Ok(())
    }

    fn long(&mut self) -> Result<i64, Halt> {
        self.cursor.varint().map_or_else(damaged, |number| Ok(signed(number)))
    }

    /// Where bytes stand that are behind their length.
    fn stretch(&mut self) -> Result<Range<usize>, Halt> {
        let length = self.long()?;
        usize::try_from(length).map_or_else(|_| damaged(), |length| self.fixed(length))
    }

    fn fixed(&mut self, width: usize) -> Result<Range<usize>, Halt> {
        let start = self.cursor.position();
        self.cursor.take(width).map_or_else(damaged, |_| Ok(start..start + width))
    }
}

fn damaged<T>() -> Result<T, Halt> {
    broken(GapReason::Damaged, "values that do not fit their schema; scanned as they are")
}
