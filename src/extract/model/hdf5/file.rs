//! The file: where it begins, how wide its numbers are, and bytes of it at an address.
//!
//! Sections II (superblock) and IV of the format. What is read in all is bounded, so that structures that lead to one
//! place again and again end.

use super::super::super::cursor::Cursor;
use super::super::super::{Halt, ReadSeek};
use super::damaged;
use crate::finding::GapReason;
use std::io::{self, Read, SeekFrom};

/// The signature of a superblock.
pub(super) const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";
/// Where it may stand: at the start, or behind a block of the user's of 512 bytes, 1024, and so on.
pub(super) const STARTS: [usize; 3] = [0, 512, 1024];
/// Bytes that may be read on the way through structures, beside …
const READ: u64 = 64 << 20;
/// … so many times the length of the file.
const READ_RATIO: u64 = 8;

/// An open file.
pub(super) struct File<'f> {
    inner: Box<dyn ReadSeek + 'f>,
    pub(super) length: u64,
    /// Where addresses count from.
    base: u64,
    /// Bytes of an address.
    pub(super) offsets: usize,
    /// Bytes of a length.
    pub(super) lengths: usize,
    left: u64,
}

/// What the superblock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Superblock {
    /// The header of the root group.
    pub(super) root: u64,
    /// Where the file ends, or should.
    pub(super) end: u64,
}

impl<'f> File<'f> {
    /// Finds the superblock and reads it.
    pub(super) fn open(mut inner: Box<dyn ReadSeek + 'f>) -> Result<(Self, Superblock), Halt> {
        let length = inner.seek(SeekFrom::End(0))?;
        let left = length.saturating_mul(READ_RATIO).saturating_add(READ);
        let mut file = Self { inner, length, base: 0, offsets: 8, lengths: 8, left };
        for start in STARTS {
            let bytes = file.bytes(start as u64, 256)?;
            if bytes.starts_with(MAGIC) {
                let end = bytes.len() < 48;
                let found = file.superblock(&bytes, start as u64);
                let reason = if end { GapReason::Truncated } else { GapReason::Damaged };
                let why = "HDF5: its superblock cannot be understood; scanned as it is".to_owned();
                return found.map(|found| (file, found)).ok_or(Halt::Broken(reason, why));
            }
        }
        Err(damaged("no superblock"))
    }

    fn superblock(&mut self, bytes: &[u8], start: u64) -> Option<Superblock> {
        let mut cursor = Cursor::at(bytes, MAGIC.len());
        let version = cursor.byte()?;
        if version < 2 {
            cursor = Cursor::at(bytes, 13);
        }
        self.offsets = usize::from(cursor.byte()?);
        self.lengths = usize::from(cursor.byte()?);
        if ![2, 4, 8].contains(&self.offsets) || ![2, 4, 8].contains(&self.lengths) {
            return None;
        }
        let fields = match version {
            0 => 24,
            1 => 28,
            2 | 3 => 12,
            _ => return None,
        };
        cursor = Cursor::at(bytes, fields);
        // A block of the user's that was put before the file later moves it without a word.
        let base = cursor.uint_le(self.offsets)?;
        self.base = if base == 0 { start } else { base };
        self.address(&mut cursor);
        let end = cursor.uint_le(self.offsets)?;
        if version < 2 {
            self.address(&mut cursor);
            cursor.take(self.offsets)?;
        }
        let root = self.address(&mut cursor)?;
        Some(Superblock { root, end })
    }

    /// Takes an address; `None` if it leads nowhere.
    pub(super) fn address(&self, cursor: &mut Cursor<'_>) -> Option<u64> {
        let nowhere = u64::MAX >> (64 - 8 * self.offsets.clamp(1, 8));
        cursor.uint_le(self.offsets).filter(|address| *address != nowhere)
    }

    /// Takes a length.
    pub(super) fn size(&self, cursor: &mut Cursor<'_>) -> Option<u64> {
        cursor.uint_le(self.lengths)
    }

    /// From an address to a place in the file.
    pub(super) fn place(&self, address: u64) -> u64 {
        self.base.saturating_add(address)
    }

    /// The bytes at an address: as many as there are, up to `length`.
    pub(super) fn at(&mut self, address: u64, length: u64) -> Result<Vec<u8>, Halt> {
        self.bytes(self.place(address), length)
    }

    /// The bytes at a place.
    pub(super) fn bytes(&mut self, place: u64, length: u64) -> Result<Vec<u8>, Halt> {
        let length = length.min(self.length.saturating_sub(place));
        self.left = self.left.checked_sub(length.max(64)).ok_or_else(|| {
            let why = "HDF5: its structures lead to the same places again and again; the rest was scanned as it is";
            Halt::Broken(GapReason::ExpansionLimit, why.to_owned())
        })?;
        let mut bytes = Vec::new();
        self.inner.seek(SeekFrom::Start(place))?;
        (&mut self.inner).take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// A stretch of the file, for a reader.
    pub(super) fn stretch(&mut self, place: u64, length: u64) -> io::Result<impl Read> {
        self.inner.seek(SeekFrom::Start(place))?;
        Ok((&mut self.inner).take(length))
    }
}
