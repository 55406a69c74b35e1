//! Directory records of ISO 9660, and what SUSP and Rock Ridge put behind them: longer names, and which
//! records are symbolic links.

use super::super::ReadSeek;
use super::super::cursor::le32;
use super::fields::up_to;
use super::iso::SECTOR;
use std::io::{Seek, SeekFrom};

/// A record without its name has so many bytes (ECMA-119, 9.1).
const FIXED: usize = 33;

/// Continuation areas of one record that are followed, and bytes of each.
const CONTINUATIONS: usize = 8;
const CONTINUATION: u64 = 4096;

/// A directory record.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) name: Vec<u8>,
    /// In bytes of the image.
    pub(super) start: u64,
    pub(super) size: u64,
    pub(super) directory: bool,
    pub(super) symlink: bool,
    /// The next record goes on with the same file.
    pub(super) continues: bool,
    system_use: Vec<u8>,
}

impl Record {
    /// The record at the start of `bytes`; `skip` bytes before its system use fields are others'.
    pub(super) fn read(bytes: &[u8], wide: bool, skip: usize) -> Option<Self> {
        let length = usize::from(*bytes.first()?);
        let record = bytes.get(..length).filter(|record| record.len() > FIXED)?;
        let name_length = usize::from(*record.get(32)?);
        let name = record.get(FIXED..FIXED + name_length)?;
        let flags = *record.get(25)?;
        // A name of even length has a byte behind it that fills up.
        let behind = FIXED + name_length + usize::from(name_length % 2 == 0);
        Some(Self {
            name: if wide && name_length > 1 { from_utf16(name) } else { name.to_vec() },
            start: u64::from(le32(record, 2)?.checked_add(u32::from(*record.get(1)?))?) * SECTOR,
            size: le32(record, 10)?.into(),
            directory: flags & 0x02 != 0,
            symlink: false,
            continues: flags & 0x80 != 0,
            system_use: record.get(behind + skip..).unwrap_or_default().to_vec(),
        })
    }

    /// Whether it stands for the directory itself or the one above.
    pub(super) fn is_link_to_directory(&self) -> bool {
        matches!(self.name.as_slice(), [0] | [1])
    }
}

fn from_utf16(name: &[u8]) -> Vec<u8> {
    let units: Vec<u16> = name.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(u16::from_be_bytes).collect();
    String::from_utf16_lossy(&units).into_bytes()
}

/// The records of a directory. No record crosses a sector; zeros fill up what is left of one. `None` is a
/// record that is broken, and the last.
pub(super) fn records(bytes: &[u8], wide: bool, skip: usize) -> impl Iterator<Item = Option<Record>> {
    let mut at = 0;
    let mut broken = false;
    std::iter::from_fn(move || {
        while !broken {
            let length = usize::from(*bytes.get(at)?);
            if length == 0 {
                at = (at / SECTOR as usize + 1) * SECTOR as usize;
                continue;
            }
            let record = Record::read(bytes.get(at..)?, wide, skip);
            broken = record.is_none();
            at += length;
            return Some(record);
        }
        None
    })
}

/// Where continuation areas are read from.
pub(super) struct Source<'s, 'f> {
    pub(super) file: &'s mut Box<dyn ReadSeek + 'f>,
    /// Bytes before the system use fields that are others'.
    pub(super) skip: usize,
}

impl Source<'_, '_> {
    /// The first record of a directory, which stands for itself.
    fn first(&mut self, directory: &Record) -> Option<Record> {
        self.file.seek(SeekFrom::Start(directory.start)).ok()?;
        let bytes = up_to(self.file, 256).ok()?;
        Record::read(&bytes, false, self.skip)
    }

    /// Whether the tree has the fields of SUSP, of which Rock Ridge is made.
    pub(super) fn has_rock_ridge(&mut self, root: &Record) -> bool {
        self.first(root).is_some_and(|record| record.system_use.starts_with(b"SP"))
    }

    /// How many bytes before the system use fields are others' (SUSP, 5.3).
    pub(super) fn system_use_skip(&mut self, root: &Record) -> usize {
        let first = self.first(root).filter(|record| record.system_use.starts_with(b"SP"));
        first.and_then(|record| record.system_use.get(6).copied()).unwrap_or(0).into()
    }

    /// The name by which people know a file. Notes whether it is a symbolic link.
    pub(super) fn name(&mut self, record: &mut Record) -> Vec<u8> {
        let mut longer = Vec::new();
        let mut area = std::mem::take(&mut record.system_use);
        for _ in 0..CONTINUATIONS {
            let mut next = None;
            for field in fields(&area) {
                match field {
                    // Flags, then a part of the name.
                    [b'N', b'M', _, _, _, part @ ..] => longer.extend_from_slice(part),
                    [b'S', b'L', ..] => record.symlink = true,
                    [b'C', b'E', ..] => next = Some((le32(field, 4), le32(field, 12), le32(field, 20))),
                    _ => {}
                }
            }
            let Some((Some(block), Some(offset), Some(length))) = next else { break };
            let at = u64::from(block) * SECTOR + u64::from(offset);
            let read = self.file.seek(SeekFrom::Start(at)).and_then(|_| up_to(self.file, u64::from(length).min(CONTINUATION)));
            area = read.unwrap_or_default();
        }
        if !longer.is_empty() {
            return longer;
        }
        // The version behind a semicolon is nothing that people know.
        let name = record.name.split(|byte| *byte == b';').next().unwrap_or_default();
        name.strip_suffix(b".").unwrap_or(name).to_vec()
    }
}

/// System use fields: signature, length, version, data.
fn fields(mut area: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = usize::from(*area.get(2)?);
        let (field, rest) = area.split_at_checked(length).filter(|(field, _)| field.len() >= 4 && !field.starts_with(b"ST"))?;
        area = rest;
        Some(field)
    })
}
