//! The blocks of a table: read where they stand, unpacked, and looked for where nothing says that they stand.

use super::super::super::cursor::{Cursor, le32};
use super::super::super::{Halt, ReadSeek, Sink};
use super::super::codec::{Codec, unpacked};
use super::super::source::Source;
use super::footer::{Footer, LONGEST};
use super::{Place, damaged};
use crate::finding::GapReason;
use std::io;

/// What closes a block: how it is packed, and its checksum.
pub(super) const TRAILER: u64 = 5;
/// The longest block, as it is and unpacked. They are of some kilobytes.
const BLOCK: u64 = 4 << 20;
const UNPACKED: u64 = 16 << 20;
/// Bytes in which blocks are looked for at a time: the longest is whole in them.
const WINDOW: u64 = 2 * BLOCK;
/// Bytes that are held to see whether they are blank.
const STRETCH: u64 = 64 << 10;

/// The blocks of an open file.
pub(super) struct Blocks<'f> {
    source: Source<'f>,
    footer: Footer,
}

impl<'f> Blocks<'f> {
    /// Those of a file, and the footer at its end.
    pub(super) fn open(file: Box<dyn ReadSeek + 'f>) -> Result<(Self, Footer), Halt> {
        let mut source = Source::open(file)?;
        let tail = source.bytes(source.length.saturating_sub(LONGEST as u64), LONGEST as u64)?;
        let footer = Footer::of(&tail).ok_or_else(|| {
            Halt::Broken(GapReason::Truncated, "sorted table: has no footer at its end; scanned as it is".into())
        })?;
        Ok((Self { source, footer }, footer))
    }

    /// The length of the file.
    pub(super) fn length(&self) -> u64 {
        self.source.length
    }

    /// A block, unpacked.
    pub(super) fn block(&mut self, place: Place) -> Result<Vec<u8>, Halt> {
        let stored = self.stored(place)?;
        self.unpacked(stored)
    }

    /// The same of one that is packed; one that is not stands in the file as it is.
    pub(super) fn packed(&mut self, place: Place) -> Result<Option<Vec<u8>>, Halt> {
        let stored = self.stored(place)?;
        if stored.last() == Some(&0) { Ok(None) } else { self.unpacked(stored).map(Some) }
    }

    /// A block as it stands in the file, and the byte behind it that says how it is packed.
    fn stored(&mut self, (start, length): Place) -> Result<Vec<u8>, Halt> {
        if length > BLOCK {
            return Err(Halt::Broken(GapReason::SizeLimit, "sorted table: a block of more than 4 MiB; scanned as it is".into()));
        }
        let mut stored = self.source.bytes(start, length + TRAILER)?;
        let end = length as usize;
        let checksum = le32(&stored, end + 1).ok_or_else(|| damaged("a block that lies outside"))?;
        stored.truncate(end + 1);
        if self.footer.version == 0 && checksum != masked(crc32c::crc32c(&stored)) {
            return Err(damaged("a block whose checksum does not hold"));
        }
        Ok(stored)
    }

    fn unpacked(&mut self, mut packed: Vec<u8>) -> Result<Vec<u8>, Halt> {
        let version = self.footer.version;
        let how = packed.pop().unwrap_or_default();
        // RocksDB puts the size before what is packed by some.
        let is_sized = version >= 2 && how > 1;
        let mut cursor = Cursor::new(&packed);
        let size = if is_sized { cursor.varint().ok_or_else(|| damaged("a block of no size"))? } else { UNPACKED };
        let own = packed.split_off(cursor.position());
        let codec = match how {
            0 => return Ok(own),
            1 => Codec::Snappy,
            2 if version == 0 => Codec::Zstd,
            2 => Codec::Deflate,
            4 | 5 => Codec::Lz4Block,
            7 => Codec::Zstd,
            _ => {
                let detail = format!("sorted table: blocks packed in a way with the number {how}; scanned as it is");
                return Err(Halt::Broken(GapReason::Unsupported, detail));
            }
        };
        let block = unpacked(codec, own, size, UNPACKED).map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::FileTooLarge => {
                Halt::Broken(GapReason::SizeLimit, "sorted table: a block of more than 16 MiB; scanned as it is".into())
            }
            _ => damaged("a block that cannot be unpacked"),
        })?;
        self.source.charge(block.len() as u64)?;
        Ok(block)
    }

    /// Whether a stretch is zeros: some align their blocks.
    pub(super) fn is_blank(&mut self, mut start: u64, end: u64) -> Result<bool, Halt> {
        while start < end.min(self.source.length) {
            let bytes = self.source.bytes(start, STRETCH.min(end - start))?;
            if bytes.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            start += bytes.len().max(1) as u64;
        }
        Ok(true)
    }

    /// Scans a stretch as it is.
    pub(super) fn raw(&mut self, start: u64, end: u64, sink: &mut dyn Sink) -> Result<(), Halt> {
        if start < end { Ok(sink.raw_at(start, &mut self.source.stretch(start, end - start)?)?) } else { Ok(()) }
    }

    /// Calls `tell` with each block of a stretch and where it stands, as long as one begins where the other ends. Nothing
    /// says how long they are but their checksums. Returns how far they go.
    pub(super) fn found(&mut self, mut start: u64, end: u64, tell: &mut Tell<'_>) -> Result<u64, Halt> {
        loop {
            let window = self.source.bytes(start, WINDOW.min(end - start))?;
            let mut at = 0;
            while let Some(length) = window.get(at..).and_then(length_of) {
                let Some(stored) = window.get(at..at + length + 1) else { break };
                let told = self.unpacked(stored.to_vec()).and_then(|block| tell(start + at as u64, &block));
                match told {
                    Ok(()) => at += length + TRAILER as usize,
                    Err(Halt::Broken(..)) => return Ok(start + at as u64),
                    Err(halt) => return Err(halt),
                }
                if at as u64 >= BLOCK {
                    break;
                }
            }
            start += at as u64;
            if (at as u64) < BLOCK || start >= end {
                return Ok(start);
            }
        }
    }
}

/// What takes blocks in, each with where it stands.
type Tell<'t> = dyn FnMut(u64, &[u8]) -> Result<(), Halt> + 't;

/// How long the block is that begins here: up to where its checksum holds.
fn length_of(bytes: &[u8]) -> Option<usize> {
    let mut sum = 0;
    bytes.windows(TRAILER as usize).take(BLOCK as usize + 1).position(|trailer| {
        sum = crc32c::crc32c_append(sum, trailer.get(..1).unwrap_or_default());
        le32(trailer, 1) == Some(masked(sum))
    })
}

/// How LevelDB keeps a checksum: turned, so that one over bytes that hold checksums is as good.
pub(super) fn masked(checksum: u32) -> u32 {
    checksum.rotate_right(15).wrapping_add(0xa282_ead8)
}
