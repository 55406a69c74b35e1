//! The file, read at places, and what may be unpacked from it in all.

use crate::extract::{Halt, ReadSeek};
use crate::finding::GapReason;
use std::io::{self, Read, SeekFrom};

/// Bytes that may be read, unpacked and told of a file: so many …
const FLOOR: u64 = 64 << 20;
/// … and so many times its length.
const RATIO: u64 = 200;

/// An open file.
pub(crate) struct Source<'f> {
    inner: Box<dyn ReadSeek + 'f>,
    pub(crate) length: u64,
    left: u64,
}

impl<'f> Source<'f> {
    pub(crate) fn open(mut inner: Box<dyn ReadSeek + 'f>) -> Result<Self, Halt> {
        let length = inner.seek(SeekFrom::End(0))?;
        Ok(Self { inner, length, left: length.saturating_mul(RATIO).saturating_add(FLOOR) })
    }

    /// The bytes at a place: as many as there are, up to `length`.
    pub(crate) fn bytes(&mut self, place: u64, length: u64) -> Result<Vec<u8>, Halt> {
        let length = length.min(self.length.saturating_sub(place));
        self.charge(length.max(64))?;
        let mut bytes = Vec::new();
        self.seek(place)?;
        (&mut self.inner).take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// What stands at a place, to be read as it comes.
    pub(crate) fn stretch(&mut self, place: u64, length: u64) -> io::Result<impl Read + '_> {
        self.seek(place)?;
        Ok((&mut self.inner).take(length))
    }

    /// Goes to a place. What is held of the file stays held if it is near: pages that follow each other are read once.
    fn seek(&mut self, place: u64) -> io::Result<()> {
        let here = self.inner.stream_position()?;
        match i64::try_from(i128::from(place) - i128::from(here)) {
            Ok(distance) => self.inner.seek_relative(distance),
            Err(_) => self.inner.seek(SeekFrom::Start(place)).map(drop),
        }
    }

    /// Notes what was made of the file.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), Halt> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| {
            let why = "a table: unpacks to far more than honest data does; the rest was scanned as it is".to_owned();
            Halt::Broken(GapReason::ExpansionLimit, why)
        })?;
        Ok(())
    }
}
