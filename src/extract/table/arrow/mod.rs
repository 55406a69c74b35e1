//! Arrow: batches of columns, as they lie in memory, in a file (Feather of the second version) or a stream.
//!
//! Format: <https://arrow.apache.org/docs/format/Columnar.html>, *Serialization and Interprocess Communication*. One
//! message follows another: its length, a FlatBuffer that says what it is, and a body of buffers. A file puts a magic
//! before and behind, and a footer that repeats the schema. Texts are told by their column, or by the row's own name for
//! them; settings by their key; buffers of numbers are scanned as numbers, what no message covers as it is.

mod batch;
mod feather;
mod schema;

pub use feather::Feather;

use super::super::flatbuffer::Table;
use super::super::rows;
use super::super::told::Told;
use super::super::{About, Extractor, Halt, Head, Input, Sink, Text};
use super::source::Source;
use crate::finding::GapReason;
use batch::{Batch, Dictionaries};
use schema::Field;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

/// Arrow.
pub struct Arrow;

const MAGIC: &[u8] = b"ARROW1";
/// What a message begins with, since version 0.15.
const MARK: [u8; 4] = [0xff; 4];
/// The longest description of a message.
const MESSAGE: u64 = 16 << 20;
/// Gaps of one file.
const GAPS: usize = 16;
/// Settings that are told, and not told again.
const SETTINGS: usize = 100_000;

impl Extractor for Arrow {
    fn name(&self) -> &'static str {
        "arrow"
    }

    fn about(&self) -> About {
        About {
            title: "Arrow IPC, Feather 2",
            reads: "texts by their column, or by the name that the row has for them, in both codecs; settings of schema and fields; numbers as numbers, all else as it is",
            limits: "packed buffers of up to 16 MiB; big-endian files as they are",
            specification: "https://arrow.apache.org/docs/format/Columnar.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let is_stream = || {
            let message = head.start.get(8..)?;
            let length = u32::from_le_bytes(*head.start.get(4..)?.first_chunk()?);
            let is_short = length.is_multiple_of(8) && (16..MESSAGE).contains(&u64::from(length));
            // A schema comes first.
            Some(head.has(0, &MARK) && is_short && Table::root(message)?.int(1, 1) == 1)
        };
        head.has(0, b"ARROW1\0\0") || is_stream().unwrap_or(false)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let told = {
            let source = Source::open(input.seekable()?)?;
            let mut messages = Messages {
                source,
                told: Told::default(),
                sink,
                fields: Vec::new(),
                dictionaries: HashMap::new(),
                known: Dictionaries::default(),
                settings: HashSet::new(),
                gaps: 0,
            };
            match messages.all() {
                Err(Halt::Broken(reason, detail)) => messages.sink.gap(reason, detail, None),
                outcome => outcome?,
            }
            messages.told
        };
        let mut file = input.seekable()?;
        told.sweep(&mut *file, sink)
    }
}

/// A file on its way through its messages.
struct Messages<'r, 'f> {
    source: Source<'f>,
    told: Told,
    sink: &'r mut dyn Sink,
    fields: Vec<Field>,
    /// The fields whose values are in dictionaries.
    dictionaries: HashMap<u64, Field>,
    known: Dictionaries,
    /// Digests of settings that were told.
    settings: HashSet<u64>,
    gaps: usize,
}

impl Messages<'_, '_> {
    fn all(&mut self) -> Result<(), Halt> {
        let is_file = self.source.bytes(0, 8)?.starts_with(MAGIC);
        let mut at = if is_file { 8 } else { 0 };
        loop {
            let start = self.source.bytes(at, 8)?;
            let (head, length) = match start.as_slice() {
                [0xff, 0xff, 0xff, 0xff, length @ ..] if length.len() == 4 => (8, length),
                [_, _, _, _, ..] => (4, start.get(..4).unwrap_or_default()),
                _ => return Err(Halt::Broken(GapReason::Truncated, "Arrow: ends without an end mark".to_owned())),
            };
            let length = length.first_chunk().map_or(0, |length| u64::from(u32::from_le_bytes(*length)));
            if length == 0 {
                at = at.saturating_add(head);
                break;
            }
            if length > MESSAGE {
                return Err(damaged("a message longer than any"));
            }
            let message = self.source.bytes(at.saturating_add(head), length)?;
            let body = at.saturating_add(head).saturating_add(length);
            let size = self.message(&message, at.saturating_add(head), body)?;
            at = body.saturating_add(size);
            if at > self.source.length {
                return Err(Halt::Broken(GapReason::Truncated, "Arrow: ends within a batch".to_owned()));
            }
        }
        if is_file { self.footer(at) } else { Ok(()) }
    }

    /// Reads a message, and returns how long its body is.
    fn message(&mut self, bytes: &[u8], place: u64, body: u64) -> Result<u64, Halt> {
        let message = Table::root(bytes).ok_or_else(|| damaged("a message"))?;
        self.tell_settings(b"", &mut message.placed_settings(4), place)?;
        let Some(header) = message.table(2) else { return Ok(message.int(3, 8)) };
        match message.int(1, 1) {
            1 => self.schema(header, place)?,
            2 => {
                let id = header.int(0, 8);
                let field = self.dictionaries.get(&id).cloned();
                if let (Some(batch), Some(field)) = (header.table(1), field) {
                    self.batch(batch, body, std::slice::from_ref(&field), Some(id))?;
                }
            }
            3 => {
                let fields = std::mem::take(&mut self.fields);
                let read = self.batch(header, body, &fields, None);
                self.fields = fields;
                read?;
            }
            _ => {}
        }
        Ok(message.int(3, 8))
    }

    fn schema(&mut self, schema: Table<'_>, place: u64) -> Result<(), Halt> {
        if schema.int(0, 2) == 1 {
            return Err(unsupported("a file for big-endian machines"));
        }
        self.tell_settings(b"", &mut schema.placed_settings(2), place)?;
        self.fields = Field::all(schema);
        let has_names = self.fields.iter().any(Field::has_names);
        for field in self.fields.iter().flat_map(Field::with_dictionaries) {
            if let Some((id, _)) = field.dictionary {
                // The rows have better names for such values than their column has: told with the dictionary they have none.
                let is_named = !(has_names && rows::holds_values(&String::from_utf8_lossy(&field.name)));
                let name = if is_named { field.name.clone() } else { Vec::new() };
                self.dictionaries.insert(id, Field { name, dictionary: None, ..field.clone() });
            }
        }
        fields_with_settings(schema, &mut |path, field| self.tell_settings(path, &mut field.placed_settings(6), place))
    }

    /// Tells settings, each once: a file has its schema twice.
    fn tell_settings(
        &mut self,
        path: &[u8],
        settings: &mut dyn Iterator<Item = (&[u8], &[u8], Range<usize>)>,
        offset: u64,
    ) -> Result<(), Halt> {
        for (key, bytes, place) in settings {
            self.source.charge((key.len() + bytes.len()) as u64)?;
            let name = if path.is_empty() { key.to_vec() } else { [path, b".", key].concat() };
            let mut hasher = DefaultHasher::new();
            (&name, bytes).hash(&mut hasher);
            let digest = hasher.finish();
            if !self.settings.contains(&digest) {
                if self.settings.len() >= SETTINGS {
                    continue;
                }
                self.settings.insert(digest);
                self.sink.text(&Text { name: &name, key, bytes, offset })?;
            }
            self.told.all(offset, &[place]);
        }
        Ok(())
    }

    fn batch(&mut self, batch: Table<'_>, body: u64, fields: &[Field], dictionary: Option<u64>) -> Result<(), Halt> {
        let mut rows = batch.list(1).longs(2).step_by(2);
        let mut views = batch.list(4).longs(1);
        let leaves = schema::leaves(fields, &mut rows, &mut views);
        self.source.charge(64 * leaves.len() as u64)?;
        let longs: Vec<u64> = batch.list(2).longs(2).collect();
        let buffers = longs.chunks_exact(2).map(|pair| match pair {
            [offset, length] => (body.saturating_add(*offset), *length),
            _ => (0, 0),
        });
        let codec = batch.table(3).map(|compression| compression.int(0, 1));
        let labels = batch::labels(&leaves, &self.known);
        let batch = Batch { leaves, buffers: buffers.collect(), codec, labels };
        for leaf in &batch.leaves {
            let read = if batch::is_text(leaf, &self.known) {
                batch.texts(leaf, &mut self.known, dictionary, &mut self.source, &mut self.told, self.sink)
            } else {
                batch.numbers(leaf, &mut self.source, &mut self.told, self.sink)
            };
            match read {
                Err(Halt::Broken(reason, detail)) if reason != GapReason::ExpansionLimit => {
                    self.gaps += 1;
                    if self.gaps <= GAPS {
                        let name = crate::place::escaped(&leaf.name);
                        self.sink.gap(reason, format!("{detail}, in {name}; its bytes were scanned as they are"), None);
                    }
                }
                read => read?,
            }
        }
        Ok(())
    }

    /// The footer of a file: its length and the magic stand behind it.
    fn footer(&mut self, at: u64) -> Result<(), Halt> {
        let cut = || Halt::Broken(GapReason::Truncated, "Arrow: has no footer at its end".to_owned());
        let end = self.source.bytes(self.source.length.saturating_sub(10), 10)?;
        let length = end.first_chunk().map(|length| u64::from(u32::from_le_bytes(*length))).filter(|_| end.ends_with(MAGIC));
        let start = self.source.length.saturating_sub(10).checked_sub(length.ok_or_else(cut)?).filter(|start| *start >= at);
        let start = start.ok_or_else(|| damaged("a footer that reaches into the batches"))?;
        let bytes = self.source.bytes(start, length.unwrap_or(0).min(MESSAGE))?;
        let footer = Table::root(&bytes).ok_or_else(|| damaged("a footer"))?;
        self.tell_settings(b"", &mut footer.placed_settings(4), start)?;
        if let Some(schema) = footer.table(1) {
            self.schema(schema, start)?;
        }
        Ok(())
    }
}

/// Gives each field of a schema, with the names that lead to it.
fn fields_with_settings(schema: Table<'_>, act: &mut dyn FnMut(&[u8], Table<'_>) -> Result<(), Halt>) -> Result<(), Halt> {
    let mut left = schema::FIELDS;
    let mut stack: Vec<(Vec<u8>, Table<'_>)> = schema.list(1).tables().take(left).map(|field| (Vec::new(), field)).collect();
    while let Some((parent, field)) = stack.pop().filter(|_| left > 0) {
        left -= 1;
        let name = field.text(0);
        let name = name.get(..schema::NAME).unwrap_or(name);
        let mut path = if parent.is_empty() { name.to_vec() } else { [&parent, &b"."[..], name].concat() };
        path.truncate(schema::PATH);
        act(&path, field)?;
        let children = field.list(5).tables().take(left.saturating_sub(stack.len()));
        stack.extend(children.map(|child| (path.clone(), child)));
    }
    Ok(())
}

/// Tells the settings of a schema that stands in another format as a message of its own, but for those that are `known`.
pub(super) fn settings_of(
    message: &[u8],
    known: &dyn Fn(&[u8], &[u8]) -> bool,
    source: &mut Source<'_>,
    sink: &mut dyn Sink,
) -> Result<(), Halt> {
    let message = if message.starts_with(&MARK) { message.get(8..) } else { message.get(4..) };
    let Some(schema) = message.and_then(Table::root).and_then(|message| message.table(2)) else { return Ok(()) };
    let offset = source.length;
    for (key, bytes) in schema.settings(2).filter(|(key, bytes)| !known(key, bytes)) {
        source.charge((key.len() + bytes.len()) as u64)?;
        sink.text(&Text { name: key, key, bytes, offset })?;
    }
    fields_with_settings(schema, &mut |path, field| {
        for (key, bytes) in field.settings(6) {
            source.charge((key.len() + bytes.len()) as u64)?;
            sink.text(&Text { name: &[path, b".", key].concat(), key, bytes, offset })?;
        }
        Ok(())
    })
}

/// What is not as it should be.
fn damaged(what: &str) -> Halt {
    Halt::Broken(GapReason::Damaged, format!("Arrow: {what}"))
}

/// What is not read.
fn unsupported(what: &str) -> Halt {
    Halt::Broken(GapReason::Unsupported, format!("Arrow: {what}, which is not read"))
}
