//! A bounded piece of an open file, read by position.
//!
//! Members of an image archive, blobs of a layout and plain files are all the same thing to the
//! scan: bytes that can be read and sought. Reads name their position, so many threads share one
//! open file without a lock and nothing is copied out of the archive.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// What holds the bytes: a file, or memory for the few that a manifest carries inline.
#[derive(Clone)]
enum Backing {
    File(Arc<File>),
    Bytes(Arc<[u8]>),
}

/// A bounded piece of an open file. Cheap to clone; each clone has its own position.
#[derive(Clone)]
pub struct FileSlice {
    backing: Backing,
    start: u64,
    len: u64,
    pos: u64,
}

impl FileSlice {
    /// The whole of `file`, as long as it is now.
    ///
    /// # Errors
    /// When the length cannot be asked.
    pub fn whole(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self { backing: Backing::File(Arc::new(file)), start: 0, len, pos: 0 })
    }

    /// Bytes in memory, for small documents and for tests.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { start: 0, len: bytes.len() as u64, pos: 0, backing: Backing::Bytes(bytes) }
    }

    /// A piece of this piece, at `start` from its beginning. It never reaches past the end of this one.
    pub fn part(&self, start: u64, len: u64) -> Self {
        let start = start.min(self.len);
        let len = len.min(self.len - start);
        Self { backing: self.backing.clone(), start: self.start.saturating_add(start), len, pos: 0 }
    }

    /// Where in its file it begins.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// How many bytes it spans.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it spans no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads at `offset` from the start of the piece, without moving the position.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.len.saturating_sub(offset);
        let want = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let Some(buffer) = buffer.get_mut(..want) else { return Ok(0) };
        let at = self.start.saturating_add(offset);
        match &self.backing {
            Backing::File(file) => file.read_at(buffer, at),
            Backing::Bytes(bytes) => {
                let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
                Ok((&mut &*rest).read(buffer).unwrap_or(0))
            }
        }
    }

    /// Fills as much of `buffer` as there are bytes at `offset`; says how many.
    ///
    /// # Errors
    /// What the operating system says; an interrupted read is tried again.
    pub fn fill_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.read_at(rest, offset.saturating_add(done as u64)) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// The whole piece in memory, or `None` if it is longer than `limit` bytes.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn read_up_to(&self, limit: usize) -> io::Result<Option<Vec<u8>>> {
        if self.len > limit as u64 {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        self.part(0, self.len).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }
}

impl Read for FileSlice {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.read_at(buffer, self.pos)?;
        self.pos = self.pos.saturating_add(count as u64);
        Ok(count)
    }
}

impl Seek for FileSlice {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.pos.checked_add_signed(by),
        };
        self.pos = target.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek before the start"))?;
        Ok(self.pos)
    }
}

impl std::fmt::Debug for FileSlice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileSlice({} bytes at {})", self.len, self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn check(slice: &FileSlice, expected: &[u8]) {
        let mut bytes = Vec::new();
        slice.clone().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, expected);
    }

    #[test]
    fn parts_stay_inside_their_whole() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        for whole in [FileSlice::whole(file).unwrap(), FileSlice::from_bytes(*b"0123456789")] {
            check(&whole, b"0123456789");
            check(&whole.part(2, 3), b"234");
            check(&whole.part(2, 5).part(3, u64::MAX), b"56");
            check(&whole.part(u64::MAX, u64::MAX), b"");
        }
    }

    #[test]
    fn seeking_is_by_the_piece() {
        let mut part = FileSlice::from_bytes(*b"0123456789").part(2, 4);
        assert_eq!(part.seek(SeekFrom::End(-1)).unwrap(), 3);
        check_rest(&mut part, b"5");
        assert!(part.seek(SeekFrom::Current(-9)).is_err());
        part.seek(SeekFrom::Start(u64::MAX)).unwrap();
        check_rest(&mut part, b"");
        assert_eq!(part.read_up_to(3).unwrap(), None);
        assert_eq!(part.read_up_to(4).unwrap().as_deref(), Some(&b"2345"[..]));
    }

    fn check_rest(slice: &mut FileSlice, expected: &[u8]) {
        let mut bytes = Vec::new();
        slice.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, expected);
    }
}
