//! A pack read at any place, in blocks of which some are kept: objects lie anywhere, their bases near them mostly.

use super::super::super::ReadSeek;
use flate2::{Decompress, FlushDecompress, Status};
use std::io::{self, Read, SeekFrom};

/// Bytes read at a time. As many as a buffered file reads past its buffer.
const BLOCK: usize = 128 << 10;
/// Blocks that are kept, each in the one slot that its number gives it.
const SLOTS: usize = 32;

/// A file in blocks.
pub(super) struct Blocks<'f> {
    file: Box<dyn ReadSeek + 'f>,
    length: u64,
    slots: Vec<(u64, Vec<u8>)>,
    inflate: Decompress,
}

impl<'f> Blocks<'f> {
    pub(super) fn new(mut file: Box<dyn ReadSeek + 'f>) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        let slots = vec![(u64::MAX, Vec::new()); SLOTS];
        Ok(Self { file, length, slots, inflate: Decompress::new(true) })
    }

    /// How many bytes there are.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The bytes from `at` on, as far as they are at hand: none past the end, at least one before it.
    pub(super) fn at(&mut self, at: u64) -> io::Result<&[u8]> {
        load(&mut self.file, &mut self.slots, at)
    }

    /// Up to `count` bytes from `at` on.
    pub(super) fn some(&mut self, mut at: u64, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let here = self.at(at)?;
            if here.is_empty() {
                break;
            }
            let taken = here.get(..here.len().min(count - bytes.len())).unwrap_or_default();
            bytes.extend_from_slice(taken);
            at += taken.len() as u64;
        }
        Ok(bytes)
    }

    /// The zlib stream that begins at `at`.
    pub(super) fn stream(&mut self, at: u64) -> Stream<'_, 'f> {
        self.inflate.reset(true);
        Stream { blocks: self, at, ended: false }
    }

    /// All bytes from `from` up to `to`, as they are.
    pub(super) fn stretch(&mut self, from: u64, to: u64) -> Stretch<'_, 'f> {
        Stretch { blocks: self, at: from, to }
    }
}

fn load<'s>(file: &mut Box<dyn ReadSeek + '_>, slots: &'s mut [(u64, Vec<u8>)], at: u64) -> io::Result<&'s [u8]> {
    let number = at / BLOCK as u64;
    let Some((held, bytes)) = slots.get_mut(number as usize % SLOTS) else { return Ok(&[]) };
    if *held != number {
        *held = u64::MAX;
        bytes.clear();
        file.seek(SeekFrom::Start(number * BLOCK as u64))?;
        bytes.resize(BLOCK, 0);
        let mut filled = 0;
        while filled < BLOCK {
            match file.read(bytes.get_mut(filled..).unwrap_or_default()) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        *held = number;
    }
    Ok(bytes.get((at % BLOCK as u64) as usize..).unwrap_or_default())
}

/// A zlib stream in a pack.
pub(super) struct Stream<'b, 'f> {
    blocks: &'b mut Blocks<'f>,
    at: u64,
    ended: bool,
}

impl Stream<'_, '_> {
    /// Where its next byte lies: behind its checksum, once all of it was read.
    pub(super) fn position(&self) -> u64 {
        self.at
    }

    /// Whether it was read to its end, and its checksum was right.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }
}

impl Read for Stream<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Blocks { file, slots, inflate, .. } = &mut *self.blocks;
        while !self.ended && !buffer.is_empty() {
            let bytes = load(file, slots, self.at)?;
            let (before, given) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(bytes, buffer, FlushDecompress::None);
            let status = status.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
            let (taken, count) = (inflate.total_in() - before, (inflate.total_out() - given) as usize);
            self.at += taken;
            self.ended = status == Status::StreamEnd;
            if count > 0 {
                return Ok(count);
            }
            if taken == 0 && !self.ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(0)
    }
}

/// Some bytes of a pack as they are.
pub(super) struct Stretch<'b, 'f> {
    blocks: &'b mut Blocks<'f>,
    at: u64,
    to: u64,
}

impl Read for Stretch<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.to.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let bytes = self.blocks.at(self.at)?;
        let count = bytes.len().min(buffer.len()).min(left);
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), bytes.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count as u64;
        Ok(count)
    }
}
