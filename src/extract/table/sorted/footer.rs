//! What the end of a table says: where its index stands, and which version wrote it.

use super::super::super::cursor::{Cursor, le32, le64};
use super::Place;
use super::block::TRAILER;
use super::entries::place;

/// How tables end.
const LEVELDB: u64 = 0xdb47_7524_8b80_fb57;
const ROCKSDB: u64 = 0x88e2_41b7_85f4_cff7;
/// The footer of LevelDB: two places, room, the magic number.
const SHORT: usize = 48;
/// The longest footer: a kind of checksum, two places, a version, the magic number.
pub(super) const LONGEST: usize = 53;

/// A footer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Footer {
    meta: Meta,
    /// The index; since the sixth version of RocksDB the other blocks' list names it.
    pub(super) index: Option<Place>,
    /// RocksDB's version of the format; zero of LevelDB.
    pub(super) version: u32,
    /// Whether blocks are closed by a checksum as LevelDB has it.
    pub(super) has_plain_sums: bool,
    length: usize,
}

/// Where the list of the blocks that are no data stands.
#[derive(Clone, Copy, Debug)]
enum Meta {
    At(Place),
    /// A block of so many bytes before the footer.
    Before(u64),
}

impl Footer {
    pub(super) fn of(tail: &[u8]) -> Option<Self> {
        let magic = le64(tail, tail.len().checked_sub(8)?)?;
        let (length, version) = match magic {
            LEVELDB => (SHORT, 0),
            ROCKSDB => (LONGEST, le32(tail, tail.len() - 12)?),
            _ => return None,
        };
        let start = tail.len().checked_sub(length)? + (length - SHORT).min(1);
        let (meta, index) = match version {
            ..6 => {
                let mut cursor = Cursor::new(tail.get(start..start + 40)?);
                let meta = place(&mut cursor)?;
                (Meta::At(meta), Some(place(&mut cursor)?))
            }
            // A mark, and two checksums.
            _ => (Meta::Before(le32(tail, start + 12)?.into()), None),
        };
        // Kinds: 1 as LevelDB, others are hashes; since the sixth version a place is part of each.
        let has_plain_sums = length == SHORT || version < 6 && tail.get(start - 1) == Some(&1);
        Some(Self { meta, index, version, has_plain_sums, length })
    }

    /// Where it begins in a file of this length.
    pub(super) fn start(&self, file: u64) -> u64 {
        file.saturating_sub(self.length as u64)
    }

    /// Where in a file of this length the list of the blocks stands that are no data.
    pub(super) fn meta(&self, file: u64) -> Place {
        match self.meta {
            Meta::At(place) => place,
            Meta::Before(size) => (self.start(file).saturating_sub(TRAILER.saturating_add(size)), size),
        }
    }
}
