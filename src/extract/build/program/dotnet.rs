//! Programs for .NET: texts with the names of the fields, properties and keys that they are stored under.
//!
//! Format: ECMA-335, partition II, chapters 22 to 25. Texts of instructions lie in the heap `#US` as UTF-16, each behind
//! its length; constants of fields in `#Blob`. Tables in `#~` say what is called what, and instructions what is stored
//! where: `ldstr` pushes a text, `stfld` and `stsfld` store it, a call of a setter or of two texts names it as well
//! (partition III).

use super::super::super::{Sink, Stop, Text};
use super::layout::{Kind, Layout, Numbers, chunks};
use super::pages::Pages;
use std::ops::Range;

const NUMBERS: Numbers = Numbers { big: false, wide: false };

/// Bytes of a name and of a text.
const NAME: usize = 128;
const TEXT: usize = 8 << 10;
/// Bytes that instructions which are looked at together have.
const OVERLAP: usize = 16;

/// Numbers of tables.
const FIELD: usize = 0x04;
const METHOD: usize = 0x06;
const MEMBER: usize = 0x0a;
const CONSTANT: usize = 0x0b;

/// Instructions: push a text, store into a field, into a static one, call.
const LDSTR: u8 = 0x72;
const STFLD: u8 = 0x7d;
const STSFLD: u8 = 0x80;
const CALL: u8 = 0x28;
const CALLVIRT: u8 = 0x6f;

/// Where the parts of the metadata stand in the file.
#[derive(Debug, Default)]
struct Heaps {
    tables: u64,
    names: u64,
    texts: u64,
    blobs: u64,
}

/// A table: where it stands, how many rows it has and of how many bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Table {
    at: u64,
    rows: u64,
    row: u64,
}

/// The tables that matter, with the width of references in them.
#[derive(Debug)]
struct Tables {
    tables: [Table; 12],
    name: usize,
    parent: usize,
    member: usize,
}

/// Tells texts that have a name. Returns where they stand.
pub(super) fn tell(pages: &mut Pages<'_>, layout: &Layout, metadata: u64, sink: &mut dyn Sink) -> Result<Vec<Range<u64>>, Stop> {
    let heaps = heaps(pages, metadata);
    let tables = heaps.as_ref().and_then(|heaps| tables(pages, heaps.tables));
    let (Some(heaps), Some(tables)) = (heaps, tables) else {
        let detail = "PE: metadata of .NET that cannot be read; scanned as it is".into();
        sink.gap(crate::finding::GapReason::Damaged, detail, None);
        return Ok(Vec::new());
    };
    let allowance = pages.length().saturating_mul(2);
    let mut reader = Reader { heaps, tables, sink, told: Vec::new(), allowance };
    reader.constants(pages)?;
    reader.instructions(pages, layout)?;
    reader.told.sort_unstable_by_key(|text| (text.start, text.end));
    Ok(reader.told)
}

fn heaps(pages: &mut Pages<'_>, root: u64) -> Option<Heaps> {
    let head = pages.read(root, 512);
    let version = NUMBERS.u32(&head, 12).filter(|length| *length <= 255 && head.starts_with(b"BSJB"))? as usize;
    let count = NUMBERS.u16(&head, 18 + version)?;
    let (mut heaps, mut at) = (Heaps::default(), 20 + version);
    for _ in 0..count.min(16) {
        let place = root + u64::from(NUMBERS.u32(&head, at)?);
        let name = head.get(at + 8..)?.split(|byte| *byte == 0).next()?;
        match name {
            b"#~" | b"#-" => heaps.tables = place,
            b"#Strings" => heaps.names = place,
            b"#US" => heaps.texts = place,
            b"#Blob" => heaps.blobs = place,
            _ => {}
        }
        at += 8 + (name.len() + 1).next_multiple_of(4);
    }
    (heaps.tables > 0 && heaps.names > 0).then_some(heaps)
}

/// Where the first tables stand (II.24.2.6): each follows from the sizes of those before it.
fn tables(pages: &mut Pages<'_>, at: u64) -> Option<Tables> {
    let head = pages.read(at, 24 + 64 * 4);
    let (sizes, valid) = (*head.get(6)?, NUMBERS.u64(&head, 8)?);
    let mut rows = [0u64; 64];
    let mut next = 24;
    for (_, rows) in rows.iter_mut().enumerate().filter(|(table, _)| valid >> table & 1 == 1) {
        *rows = NUMBERS.u32(&head, next)?.into();
        next += 4;
    }
    let heap = |bit: u8| if sizes & bit != 0 { 4 } else { 2 };
    let (name, guid, blob) = (heap(1), heap(2), heap(4));
    let index = |table: usize| if rows.get(table).is_some_and(|rows| *rows >= 1 << 16) { 4 } else { 2 };
    let coded = |bits: u32, tables: &[usize]| {
        let most = tables.iter().filter_map(|table| rows.get(*table)).max().copied().unwrap_or(0);
        if most >= 1 << (16 - bits) { 4 } else { 2 }
    };
    let (types, parent) = (coded(2, &[2, 1, 0x1b]), coded(2, &[4, 8, 0x17]));
    let member = coded(3, &[2, 1, 0x1a, 6, 0x1b]);
    let widths: [usize; 12] = [
        2 + name + 3 * guid,
        coded(2, &[0, 0x1a, 0x23, 1]) + 2 * name,
        4 + 2 * name + types + index(4) + index(6),
        index(4),
        2 + name + blob,
        index(6),
        8 + name + blob + index(8),
        index(8),
        4 + name,
        index(2) + types,
        member + name + blob,
        2 + parent + blob,
    ];
    let mut tables = [Table::default(); 12];
    let mut place = at + next as u64;
    for ((table, rows), row) in tables.iter_mut().zip(rows).zip(widths) {
        *table = Table { at: place, rows, row: row as u64 };
        place = place.saturating_add(rows * row as u64);
    }
    Some(Tables { tables, name, parent, member })
}

struct Reader<'r> {
    heaps: Heaps,
    tables: Tables,
    sink: &'r mut dyn Sink,
    told: Vec<Range<u64>>,
    /// Bytes of texts that may still be told: any number of instructions may push the same one.
    allowance: u64,
}

/// A text as it stands in the file.
struct Found {
    text: Vec<u8>,
    place: Range<u64>,
}

impl Reader<'_> {
    /// The number of a row, counted from 1, at `at` in it.
    fn cell(&self, pages: &mut Pages<'_>, table: usize, row: u64, at: usize, width: usize) -> Option<u64> {
        let table = self.tables.tables.get(table)?;
        let place = row.checked_sub(1).filter(|row| *row < table.rows)?.checked_mul(table.row)?.checked_add(table.at)?;
        let bytes = pages.read(place + at as u64, width);
        if width == 4 { NUMBERS.u32(&bytes, 0).map(u64::from) } else { NUMBERS.u16(&bytes, 0).map(u64::from) }
    }

    /// What a field, a method or a member of another assembly is called.
    fn name(&self, pages: &mut Pages<'_>, table: usize, row: u64) -> Option<Vec<u8>> {
        let at = match table {
            FIELD => 2,
            METHOD => 8,
            MEMBER => self.tables.member,
            _ => return None,
        };
        let name = self.cell(pages, table, row, at, self.tables.name)?;
        pages.terminated(self.heaps.names.saturating_add(name), NAME).filter(|name| !name.is_empty())
    }

    /// The text at `index` of a heap, behind its length (II.24.2.4). In `#US` a byte follows that is none of it.
    fn text(&self, pages: &mut Pages<'_>, heap: u64, index: u64) -> Option<Found> {
        let at = heap.checked_add(index).filter(|_| heap > 0)?;
        let head = pages.read(at, 4);
        let (length, width) = match *head.first()? {
            first if first & 0x80 == 0 => (usize::from(first), 1),
            first if first & 0xc0 == 0x80 => (usize::from(first & 0x3f) << 8 | usize::from(*head.get(1)?), 2),
            first => {
                let rest = [first & 0x1f, *head.get(1)?, *head.get(2)?, *head.get(3)?];
                (u32::from_be_bytes(rest) as usize, 4)
            }
        };
        let length = length & !1;
        if !(6..=TEXT).contains(&length) {
            return None;
        }
        let start = at + width;
        let bytes = pages.read(start, length);
        let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
        let text = char::decode_utf16(units).collect::<Result<String, _>>().ok()?.into_bytes();
        (bytes.len() == length).then_some(Found { text, place: start..start + length as u64 })
    }

    fn push(&mut self, key: &[u8], found: Found) -> Result<(), Stop> {
        let Found { text, place } = found;
        if key.len() > NAME || text.len() as u64 > self.allowance || !self.sink.wants(key) {
            return Ok(());
        }
        self.allowance -= text.len() as u64;
        self.sink.text(&Text::named(key, &text, place.start))?;
        self.told.push(place);
        Ok(())
    }

    /// Constants of fields that are texts.
    fn constants(&mut self, pages: &mut Pages<'_>) -> Result<(), Stop> {
        const STRING: u64 = 0x0e;
        let rows = self.tables.tables.get(CONSTANT).map_or(0, |table| table.rows);
        let width = self.tables.parent;
        let blob = self.tables.tables.get(CONSTANT).map_or(2, |table| table.row as usize - 2 - width);
        for row in 1..=rows {
            let Some(kind) = self.cell(pages, CONSTANT, row, 0, 2) else { break };
            let parent = self.cell(pages, CONSTANT, row, 2, width);
            let (STRING, Some(parent)) = (kind & 0xff, parent.filter(|parent| parent & 3 == 0)) else { continue };
            let found = self.cell(pages, CONSTANT, row, 2 + width, blob).and_then(|at| self.text(pages, self.heaps.blobs, at));
            if let (Some(name), Some(found)) = (self.name(pages, FIELD, parent >> 2), found) {
                self.push(plain(&name), found)?;
            }
        }
        Ok(())
    }

    /// Texts that an instruction pushes and the next one stores.
    fn instructions(&mut self, pages: &mut Pages<'_>, layout: &Layout) -> Result<(), Stop> {
        let mut stopped = Ok(());
        for section in layout.of(Kind::Code) {
            chunks(pages, (section.at, section.size), OVERLAP, |pages, _, bytes| {
                for at in memchr::memchr_iter(LDSTR, bytes) {
                    if stopped.is_ok() {
                        stopped = self.stored(pages, bytes, at);
                    }
                }
            });
        }
        stopped
    }

    fn stored(&mut self, pages: &mut Pages<'_>, bytes: &[u8], at: usize) -> Result<(), Stop> {
        let Some(index) = token(bytes, at + 1, 0x70) else { return Ok(()) };
        let Some((op, rest)) = bytes.get(at + 5..).and_then(|rest| rest.split_first()) else { return Ok(()) };
        let of = |table: usize| token(rest, 0, table as u8).map(|row| (table, row));
        let target = match *op {
            STFLD | STSFLD => of(FIELD).or(of(MEMBER)),
            CALL | CALLVIRT => of(METHOD).or(of(MEMBER)),
            _ => None,
        };
        let Some(name) = target.and_then(|(table, row)| self.name(pages, table, row)) else { return Ok(()) };
        let before = at.checked_sub(5).filter(|before| bytes.get(*before) == Some(&LDSTR) && matches!(*op, CALL | CALLVIRT));
        let before = before.and_then(|before| self.text(pages, self.heaps.texts, token(bytes, before + 1, 0x70)?));
        let Some(found) = self.text(pages, self.heaps.texts, index) else { return Ok(()) };
        match before {
            Some(key) => self.push(&key.text, found),
            // Of calls only a setter says what its one text is.
            None if matches!(*op, STFLD | STSFLD) || name.starts_with(b"set_") => self.push(plain(&name), found),
            None => Ok(()),
        }
    }
}

/// The row that a token of this table refers to.
fn token(bytes: &[u8], at: usize, table: u8) -> Option<u64> {
    NUMBERS.u32(bytes, at).filter(|token| (token >> 24) as u8 == table).map(|token| u64::from(token & 0xff_ffff))
}

/// A name as the source has it: `set_Password` sets `Password`, and `<Password>k__BackingField` holds it.
fn plain(name: &[u8]) -> &[u8] {
    let name = name.strip_prefix(b"set_").unwrap_or(name);
    let backing = name.strip_prefix(b"<").and_then(|name| name.strip_suffix(b">k__BackingField"));
    backing.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_source() {
        assert_eq!((plain(b"set_Key"), plain(b"<Key>k__BackingField"), plain(b"key")), (&b"Key"[..], &b"Key"[..], &b"key"[..]));
        assert_eq!((token(b"\x05\0\0\x70", 0, 0x70), token(b"\x05\0\0\x71", 0, 0x70)), (Some(5), None));
    }
}
