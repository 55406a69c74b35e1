//! Feather of the first version: columns one behind another, and what is known of them at the end.
//!
//! Format: `feather.fbs` of <https://github.com/wesm/feather>, which pandas wrote up to 2020 and pyarrow still can. A
//! column is which values are there, where each ends, and the values, each part padded to eight bytes.

use super::super::super::flatbuffer::Table;
use super::super::super::told::Told;
use super::super::super::{About, Extractor, Halt, Head, Input, Sink, Text};
use super::super::source::Source;
use super::batch::{self, Batch, Dictionaries};
use super::damaged;
use super::schema::{Kind, Leaf, NAME};
use crate::finding::GapReason;
use std::collections::HashMap;

/// Feather of the first version.
pub struct Feather;

const MAGIC: &[u8] = b"FEA1";
/// The longest description at the end.
const FOOTER: u64 = 16 << 20;
/// Columns of a file.
const COLUMNS: usize = 100_000;

impl Extractor for Feather {
    fn name(&self) -> &'static str {
        "feather"
    }

    fn about(&self) -> About {
        About {
            title: "Feather 1",
            reads: "texts by their column, or by the name that the row has for them; numbers as numbers, all else as it is",
            limits: "a description of up to 16 MiB",
            specification: "https://github.com/wesm/feather",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, MAGIC) && head.start.len() >= 16
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let told = {
            let mut source = Source::open(input.seekable()?)?;
            let mut told = Told::default();
            columns(&mut source, &mut told, sink)?;
            told
        };
        let mut file = input.seekable()?;
        told.sweep(&mut *file, sink)
    }
}

fn columns(source: &mut Source<'_>, told: &mut Told, sink: &mut dyn Sink) -> Result<(), Halt> {
    let cut = || Halt::Broken(GapReason::Truncated, "Feather: has no description at its end; scanned as it is".to_owned());
    let end = source.bytes(source.length.saturating_sub(8), 8)?;
    let length = end.first_chunk().map(|length| u64::from(u32::from_le_bytes(*length)));
    let length = length.filter(|_| end.ends_with(MAGIC)).ok_or_else(cut)?;
    let start = source.length.saturating_sub(8).checked_sub(length).ok_or_else(|| damaged("a description longer than all"))?;
    let bytes = source.bytes(start, length.min(FOOTER))?;
    let table = Table::root(&bytes).ok_or_else(|| damaged("a description"))?;
    for (key, value, index) in [(&b"description"[..], table.text(0), 0), (&b"metadata"[..], table.text(4), 4)] {
        if !value.is_empty() {
            sink.text(&Text { name: key, key, bytes: value, offset: start })?;
            told.all(start, &[table.place(index).unwrap_or_default()]);
        }
    }
    let mut batch = Batch { leaves: Vec::new(), buffers: Vec::new(), codec: None, labels: HashMap::new() };
    for column in table.list(2).tables().take(COLUMNS) {
        let (name, settings) = (column.text(0), column.text(4));
        let name = name.get(..NAME).unwrap_or(name);
        source.charge(settings.len() as u64)?;
        if !settings.is_empty() {
            sink.text(&Text { name, key: name, bytes: settings, offset: start })?;
            told.all(start, &[column.place(4).unwrap_or_default()]);
        }
        let values = column.table(1).into_iter();
        // Categories have their words beside them.
        let words = column.table(3).filter(|_| column.int(2, 1) == 1).and_then(|category| category.table(0));
        values.chain(words).for_each(|array| add(array, name, &mut batch));
    }
    let mut known = Dictionaries::default();
    batch.labels = batch::labels(&batch.leaves, &known);
    for leaf in &batch.leaves {
        let read = if batch::is_text(leaf, &known) {
            batch.texts(leaf, &mut known, None, source, told, sink)
        } else {
            batch.numbers(leaf, source, told, sink)
        };
        match read {
            Err(Halt::Broken(reason, detail)) => sink.gap(reason, detail, None),
            read => read?,
        }
    }
    Ok(())
}

/// Adds the parts of an array, as buffers of a batch.
fn add(array: Table<'_>, name: &[u8], batch: &mut Batch) {
    let (offset, rows, nulls, length) = (array.int(2, 8), array.int(3, 8), array.int(4, 8), array.int(5, 8));
    let padded = |length: u64| length.checked_next_multiple_of(8).unwrap_or(u64::MAX);
    let kind = match array.int(0, 1) {
        11 | 12 => Kind::Text(4),
        17 | 18 => Kind::Text(8),
        _ => Kind::Fixed,
    };
    let there = if nulls > 0 { padded(rows.div_ceil(8)) } else { 0 };
    let first = batch.buffers.len();
    let mut at = offset.saturating_add(there);
    let end = offset.saturating_add(length);
    batch.buffers.push((offset, there));
    if let Kind::Text(width) = kind {
        let ends = rows.saturating_add(1).saturating_mul(width as u64);
        batch.buffers.push((at, ends));
        at = at.saturating_add(padded(ends));
    }
    batch.buffers.push((at, end.saturating_sub(at)));
    let buffers = batch.buffers.len() - first;
    batch.leaves.push(Leaf { parent: Vec::new(), name: name.to_vec(), kind, dictionary: None, first, buffers, rows });
}
