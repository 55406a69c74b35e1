//! The table of contents of an archive of PostgreSQL.

use super::super::super::cursor::Cursor;
use std::collections::HashMap;
use std::io::{self, Read};

/// How rows are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Zlib,
    Lz4,
    Zstd,
}

/// The rows of a table.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    /// The statement that takes them in, with the names of the columns.
    pub(super) copy: Vec<u8>,
}

/// A table of contents.
#[derive(Debug)]
pub(super) struct Contents {
    /// Bytes of a number besides its sign.
    width: usize,
    pub(super) packing: Packing,
    /// Tables by their number.
    pub(super) entries: HashMap<i64, Entry>,
    /// How many entries have rows or large objects.
    pub(super) blocks: usize,
    /// Where it ends.
    pub(super) end: usize,
}

/// An entry has no rows.
const NO_DATA: u8 = 3;

impl Contents {
    /// `None` if it cannot be read to its end.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::at(bytes, super::MAGIC.len() + 1);
        let (version, _revision) = (cursor.byte()?, cursor.byte()?);
        let (width, offset, _format) = (cursor.byte()?.into(), cursor.byte()?, cursor.byte()?);
        let mut reader = Reader { cursor, version, width, offset: offset.into() };
        let packing = match version {
            12..=14 if reader.number()? == 0 => Packing::None,
            12..=14 => Packing::Zlib,
            15.. => match reader.cursor.byte()? {
                0 => Packing::None,
                1 => Packing::Zlib,
                2 => Packing::Lz4,
                3 => Packing::Zstd,
                _ => return None,
            },
            _ => return None,
        };
        // A date, the name of the database, versions of the server and the program.
        (0..7).try_for_each(|_| reader.number().map(drop))?;
        (0..3).try_for_each(|_| reader.text().map(drop))?;
        let mut contents = Self { width, packing, entries: HashMap::new(), blocks: 0, end: 0 };
        for _ in 0..reader.number()? {
            let (id, entry, has_data) = reader.entry()?;
            contents.blocks += usize::from(has_data);
            contents.entries.extend(entry.map(|entry| (id, entry)));
        }
        contents.end = reader.cursor.position();
        Some(contents)
    }

    /// The number at hand in a stream; `None` at its end.
    pub(super) fn number(&self, file: &mut dyn Read) -> io::Result<Option<i64>> {
        let mut bytes = Vec::new();
        file.take(1 + self.width as u64).read_to_end(&mut bytes)?;
        Ok(number(&mut Cursor::new(&bytes), self.width))
    }
}

/// A number: its sign, then so many bytes.
fn number(cursor: &mut Cursor<'_>, width: usize) -> Option<i64> {
    let (is_negative, number) = (cursor.byte()? != 0, i64::try_from(cursor.uint_le(width)?).ok()?);
    Some(if is_negative { -number } else { number })
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    version: u8,
    width: usize,
    /// Bytes of a place in the file.
    offset: usize,
}

impl<'t> Reader<'t> {
    fn number(&mut self) -> Option<i64> {
        number(&mut self.cursor, self.width)
    }

    /// A text behind its length, or none.
    fn text(&mut self) -> Option<Option<&'t [u8]>> {
        match usize::try_from(self.number()?) {
            Ok(length) => self.cursor.take(length).map(Some),
            Err(_) => Some(None),
        }
    }

    /// An entry: its number, what rows it has, and whether anything follows the table for it.
    fn entry(&mut self) -> Option<(i64, Option<Entry>, bool)> {
        let (id, _) = (self.number()?, self.number()?);
        let [_, _, tag, _kind] = [self.text()?, self.text()?, self.text()?, self.text()?];
        let _section = self.number()?;
        let [_create, _drop, copy, space, _tablespace] = [self.text()?, self.text()?, self.text()?, self.text()?, self.text()?];
        if self.version >= 14 {
            self.text()?;
        }
        if self.version >= 16 {
            self.number()?;
        }
        let (_owner, _with_oids) = (self.text()?, self.text()?);
        while self.text()?.is_some() {}
        let state = self.cursor.byte()?;
        self.cursor.take(self.offset)?;
        let name = [space.unwrap_or_default(), tag.unwrap_or_default()].join(&b'.');
        let entry = copy.filter(|copy| !copy.is_empty()).map(|copy| Entry { name, copy: copy.to_vec() });
        Some((id, entry, state != NO_DATA))
    }
}
