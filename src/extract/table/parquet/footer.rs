//! What the footer of a file says: columns, where their chunks lie, settings.
//!
//! Format: `parquet.thrift` of <https://github.com/apache/parquet-format>, version 2.12; field numbers are quoted.

use super::thrift::{Kind, Thrift};
use std::ops::Range;

/// Bytes of all paths together.
const PATHS: usize = 32 << 20;
/// Bytes of a name that are kept.
const NAME: usize = 1024;
/// Bytes that an element, a setting and a chunk take at least in an honest footer: an empty one takes one, and far more
/// in memory.
const ELEMENT: usize = 8;
const SETTING: usize = 8;
const CHUNK: usize = 16;

/// The footer.
#[derive(Debug, Default)]
pub(super) struct Footer {
    pub(super) columns: Vec<Column>,
    pub(super) chunks: Vec<Chunk>,
    /// Settings, with the application that wrote them.
    pub(super) settings: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether columns may be encrypted.
    pub(super) is_encrypted: bool,
    /// Where the values of settings stand in it.
    pub(super) told: Vec<Range<usize>>,
    /// Where it stands in the file.
    pub(super) start: u64,
}

/// A column of values: a leaf of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// The names that lead to it.
    pub(super) path: Vec<Vec<u8>>,
    /// How often values may be missing, or repeated, on the way.
    pub(super) optional: u32,
    pub(super) repeated: u32,
    /// Whether the leaf itself repeats.
    pub(super) is_list: bool,
    /// `Type`: 6 is bytes of any length, 7 of a fixed one.
    pub(super) kind: i64,
}

/// A column's values in a group of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The number of its group, and of the column in it.
    pub(super) group: usize,
    pub(super) column: usize,
    pub(super) codec: i64,
    pub(super) values: u64,
    /// Bytes of its pages with their headers.
    pub(super) size: u64,
    pub(super) start: u64,
    /// Smallest and largest value, as far as they are told.
    pub(super) extremes: Vec<Vec<u8>>,
    /// Where those stand in the footer.
    pub(super) placed: Vec<Range<usize>>,
    pub(super) settings: Vec<(Vec<u8>, Vec<u8>)>,
    told: Vec<Range<usize>>,
    /// Whether it is encrypted with a key of its own, or lies in another file.
    pub(super) is_encrypted: bool,
    pub(super) is_elsewhere: bool,
}

/// An element of the schema, which is a tree written from its root.
#[derive(Debug, Default)]
struct Element {
    kind: Option<i64>,
    repetition: i64,
    name: Vec<u8>,
    children: u64,
}

impl Footer {
    /// Reads a footer. `None` if it makes no sense.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (mut footer, mut elements, mut groups) = (Self::default(), Vec::new(), 0);
        Thrift::new(bytes).fields(|thrift, field, kind| match (field, kind) {
            (2, Kind::List) => {
                thrift.list(|thrift, _| {
                    elements.push(element(thrift)?);
                    (elements.len() * ELEMENT <= bytes.len()).then_some(())
                })?;
                Some(true)
            }
            (4, Kind::List) => {
                thrift.list(|thrift, _| {
                    group(thrift, groups, &mut footer.chunks, bytes.len() / CHUNK)?;
                    groups += 1;
                    Some(())
                })?;
                Some(true)
            }
            (5, Kind::List) => {
                thrift.list(|thrift, _| {
                    setting(thrift, &mut footer.settings, &mut footer.told)?;
                    (footer.settings.len() * SETTING <= bytes.len()).then_some(())
                })?;
                Some(true)
            }
            (8, _) => {
                footer.is_encrypted = true;
                Some(false)
            }
            _ => Some(false),
        })?;
        footer.columns = columns(&elements);
        footer.told.extend(footer.chunks.iter_mut().flat_map(|chunk| std::mem::take(&mut chunk.told)));
        Some(footer)
    }
}

fn element(thrift: &mut Thrift<'_>) -> Option<Element> {
    let mut element = Element::default();
    thrift.fields(|thrift, field, kind| {
        match (field, kind) {
            (1, Kind::Int) => element.kind = Some(thrift.int()?),
            (3, Kind::Int) => element.repetition = thrift.int()?,
            (4, Kind::Bytes) => {
                let name = thrift.bytes()?;
                element.name = name.get(..NAME).unwrap_or(name).to_vec();
            }
            (5, Kind::Int) => element.children = thrift.length()?,
            _ => return Some(false),
        }
        Some(true)
    })?;
    Some(element)
}

/// The leaves of the schema, with the names that lead to them.
fn columns(elements: &[Element]) -> Vec<Column> {
    let mut columns = Vec::new();
    // Names, levels, and children that are still to come.
    let mut open: Vec<(Vec<Vec<u8>>, u32, u32, u64)> = Vec::new();
    let mut left = PATHS;
    for (number, element) in elements.iter().enumerate() {
        while open.last().is_some_and(|(_, _, _, left)| *left == 0) {
            open.pop();
        }
        let (mut path, mut optional, mut repeated) = match open.last_mut() {
            Some((path, optional, repeated, left)) => {
                *left -= 1;
                (path.clone(), *optional, *repeated)
            }
            None => (Vec::new(), 0, 0),
        };
        if number > 0 {
            path.push(element.name.clone());
            // 0 is required, 1 optional, 2 repeated.
            optional += u32::from(element.repetition != 0);
            repeated += u32::from(element.repetition == 2);
        }
        let cost = path.iter().map(|name| name.len() + std::mem::size_of::<Vec<u8>>()).sum();
        let Some(rest) = left.checked_sub(cost) else { break };
        left = rest;
        match element.kind {
            Some(kind) if element.children == 0 => {
                columns.push(Column { path, optional, repeated, is_list: element.repetition == 2, kind });
            }
            _ if open.len() < 64 => open.push((path, optional, repeated, element.children)),
            _ => break,
        }
    }
    columns
}

fn group(thrift: &mut Thrift<'_>, group: usize, chunks: &mut Vec<Chunk>, most: usize) -> Option<()> {
    thrift.fields(|thrift, field, kind| match (field, kind) {
        (1, Kind::List) => {
            let mut column = 0;
            thrift.list(|thrift, _| {
                chunks.push(Chunk { group, column, ..chunk(thrift)? });
                column += 1;
                (chunks.len() <= most).then_some(())
            })?;
            Some(true)
        }
        _ => Some(false),
    })
}

fn chunk(thrift: &mut Thrift<'_>) -> Option<Chunk> {
    let mut chunk = Chunk::default();
    let mut has_pages = false;
    thrift.fields(|thrift, field, kind| match (field, kind) {
        (1, Kind::Bytes) => {
            chunk.is_elsewhere = !thrift.bytes()?.is_empty();
            Some(true)
        }
        (3, Kind::Struct) => {
            has_pages = true;
            described(thrift, &mut chunk)?;
            Some(true)
        }
        (8, _) => {
            chunk.is_encrypted = true;
            Some(false)
        }
        _ => Some(false),
    })?;
    chunk.is_encrypted |= !has_pages;
    Some(chunk)
}

/// `ColumnMetaData`.
fn described(thrift: &mut Thrift<'_>, chunk: &mut Chunk) -> Option<()> {
    let (mut data, mut dictionary) = (0, 0);
    thrift.fields(|thrift, field, kind| {
        match (field, kind) {
            (4, Kind::Int) => chunk.codec = thrift.int()?,
            (5, Kind::Int) => chunk.values = thrift.length()?,
            (7, Kind::Int) => chunk.size = thrift.length()?,
            (8, Kind::List) => thrift.list(|thrift, _| setting(thrift, &mut chunk.settings, &mut chunk.told))?,
            (9, Kind::Int) => data = thrift.length()?,
            (11, Kind::Int) => dictionary = thrift.int()?.max(0) as u64,
            (12, Kind::Struct) => (chunk.extremes, chunk.placed) = extremes(thrift)?,
            _ => return Some(false),
        }
        Some(true)
    })?;
    chunk.start = if dictionary > 0 { dictionary.min(data) } else { data };
    Some(())
}

/// `Statistics`: what is said twice, in an old field and a new one, comes once. And where all of it stands.
pub(super) fn extremes(thrift: &mut Thrift<'_>) -> Option<(Vec<Vec<u8>>, Vec<Range<usize>>)> {
    let (mut all, mut places): (Vec<Vec<u8>>, _) = (Vec::new(), Vec::new());
    thrift.fields(|thrift, field, kind| match (field, kind) {
        (1 | 2 | 5 | 6, Kind::Bytes) => {
            let (value, place) = thrift.placed()?;
            if !all.iter().any(|known| known == value) {
                all.push(value.to_vec());
            }
            places.push(place);
            Some(true)
        }
        _ => Some(false),
    })?;
    Some((all, places))
}

/// `KeyValue`, and where the value stands.
fn setting(thrift: &mut Thrift<'_>, settings: &mut Vec<(Vec<u8>, Vec<u8>)>, told: &mut Vec<Range<usize>>) -> Option<()> {
    let (mut key, mut setting) = (Vec::new(), (&[][..], 0..0));
    thrift.fields(|thrift, field, kind| {
        match (field, kind) {
            (1, Kind::Bytes) => key = thrift.bytes()?.to_vec(),
            (2, Kind::Bytes) => setting = thrift.placed()?,
            _ => return Some(false),
        }
        Some(true)
    })?;
    if !setting.0.is_empty() {
        settings.push((key, setting.0.to_vec()));
        told.push(setting.1);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footer_of_nothing_costs_nothing() {
        let elements = [&b"\x29\xfc\xe8\x07"[..], &[0; 1001]].concat();
        let chunks = [&b"\x49\x1c\x19\xfc\xe8\x07"[..], &[0; 1002]].concat();
        assert!(Footer::parse(&elements).is_none() && Footer::parse(&chunks).is_none());
        let few = [&b"\x49\x1c\x19\x2c"[..], &[0; 40]].concat();
        assert_eq!(Footer::parse(&few).map(|footer| footer.chunks.len()), Some(2));
    }

    #[test]
    fn leaves_have_their_path_and_levels() {
        let element = |name: &str, repetition, kind, children| Element { kind, repetition, name: name.into(), children };
        let all = columns(&[
            element("schema", 0, None, 2),
            element("id", 0, Some(2), 0),
            element("tags", 1, None, 1),
            element("list", 2, None, 1),
            element("element", 1, Some(6), 0),
        ]);
        let shown: Vec<_> = all.iter().map(|column| (column.path.concat(), column.optional, column.repeated)).collect();
        assert_eq!(shown, [(b"id".to_vec(), 0, 0), (b"tagslistelement".to_vec(), 3, 1)]);
    }
}
