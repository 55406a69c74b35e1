//! Sparse files of a tar: which stretches of a file stand in the archive, in GNU's old form and in the three of its PAX
//! records (GNU tar manual, "Storing Sparse Files").
//!
//! Holes are filled with zeros, since what is packed in such a file (an image of a disk, a database) counts bytes from
//! its start. A map that contradicts itself is not believed, and the bytes are taken as they stand.

use super::super::cursor::le64;
use super::tar_header::{self, BLOCK};
use std::io::{self, Read};

/// Stretches that are kept of one map, and bytes of one that stands before the data.
const PIECES: usize = 1 << 18;
const LISTED: usize = 4 << 20;

/// Where the map of an old header stands, the flag behind it, and the size with holes; an entry of it; and where the
/// flag of a block that goes on with it stands.
const OLD: std::ops::Range<usize> = 386..482;
const OLD_GOES_ON: usize = 482;
const OLD_SIZE: std::ops::Range<usize> = 483..495;
const ENTRY: usize = 24;
const GOES_ON: usize = 504;

/// Where a stretch stands in the file, and how long it is.
pub(super) type Piece = (u64, u64);

/// What is said of the holes of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sparse {
    pub(super) pieces: Vec<Piece>,
    /// Its size with holes.
    pub(super) size: Option<u64>,
    /// Whether the map stands before the data (version 1.0).
    pub(super) is_in_body: bool,
}

impl Sparse {
    /// Takes in an old header. Says whether blocks follow that go on.
    pub(super) fn old(&mut self, header: &[u8]) -> bool {
        self.size = header.get(OLD_SIZE).and_then(tar_header::number);
        self.entries(header.get(OLD).unwrap_or_default());
        header.get(OLD_GOES_ON).is_some_and(|flag| *flag != 0)
    }

    /// Takes in a block behind an old header. Says whether another follows.
    pub(super) fn more(&mut self, block: &[u8; BLOCK]) -> bool {
        self.entries(block.get(..GOES_ON).unwrap_or_default());
        block.get(GOES_ON).is_some_and(|flag| *flag != 0)
    }

    fn entries(&mut self, map: &[u8]) {
        // An empty entry is behind the last.
        let used = map.chunks_exact(ENTRY).take_while(|entry| le64(entry, 0) != Some(0));
        for (at, length) in used.filter_map(|entry| entry.split_at_checked(ENTRY / 2)) {
            if let (Some(at), Some(length)) = (tar_header::number(at), tar_header::number(length)) {
                self.push((at, length));
            }
        }
    }

    /// Takes in one stretch. Of more than are kept the map comes to nothing.
    pub(super) fn push(&mut self, piece: Piece) {
        if self.pieces.len() < PIECES {
            self.pieces.push(piece);
        }
    }

    /// Takes in a list of numbers with commas between them (version 0.1).
    pub(super) fn list(&mut self, list: &[u8]) {
        let numbers: Option<Vec<u64>> = list.split(|byte| *byte == b',').take(2 * PIECES).map(decimal).collect();
        self.pieces = pairs(&numbers.unwrap_or_default());
    }

    /// Reads the map that stands before the data: how many stretches, then each; a number on a line, the last block
    /// filled up. Gives what was read of `body`.
    pub(super) fn read_map(&mut self, body: &mut dyn Read) -> Vec<u8> {
        let mut read = Vec::new();
        let mut numbers = Vec::new();
        let mut line = 0;
        while read.len() < LISTED {
            let before = read.len();
            // A body that fails ends early, which its owner reports.
            let _ = (&mut *body).take(BLOCK as u64).read_to_end(&mut read);
            if read.len() < before + BLOCK {
                break;
            }
            while let Some(end) = read.get(line..).and_then(|rest| memchr::memchr(b'\n', rest)) {
                let Some(number) = read.get(line..line + end).and_then(decimal) else { return read };
                line += end + 1;
                numbers.push(number);
                let [count, rest @ ..] = numbers.as_slice() else { continue };
                if rest.len() as u64 / 2 >= *count && rest.len().is_multiple_of(2) {
                    self.pieces = pairs(rest);
                    return read;
                }
            }
        }
        read
    }

    /// The size of the file and how many of its bytes are holes, if the stretches make sense and are `stored` bytes.
    pub(super) fn check(&self, stored: u64) -> Option<(u64, u64)> {
        let size = self.size?;
        let mut end = 0u64;
        let mut total = 0u64;
        for (at, length) in &self.pieces {
            total = total.checked_add(*length)?;
            end = Some(*at).filter(|at| *at >= end)?.checked_add(*length)?;
        }
        let fits = total == stored && end <= size && !self.pieces.is_empty();
        fits.then_some((size, size - total))
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.trim().parse().ok()
}

fn pairs(numbers: &[u64]) -> Vec<Piece> {
    numbers.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect()
}

/// A file with its holes filled.
pub(super) struct Filled<'r> {
    stored: &'r mut dyn Read,
    pieces: std::vec::IntoIter<Piece>,
    size: u64,
    /// How many bytes of the file are given out, or will be with the zeros and data at hand.
    at: u64,
    zeros: u64,
    data: u64,
}

impl<'r> Filled<'r> {
    /// Of stretches that were checked.
    pub(super) fn new(stored: &'r mut dyn Read, pieces: Vec<Piece>, size: u64) -> Self {
        Self { stored, pieces: pieces.into_iter(), size, at: 0, zeros: 0, data: 0 }
    }
}

impl Read for Filled<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.zeros == 0 && self.data == 0 {
            match self.pieces.next() {
                Some((at, length)) => (self.zeros, self.data) = (at.saturating_sub(self.at), length),
                None if self.at < self.size => self.zeros = self.size - self.at,
                None => return Ok(0),
            }
            self.at = self.at.saturating_add(self.zeros).saturating_add(self.data);
        }
        let (left, is_hole) = if self.zeros > 0 { (&mut self.zeros, true) } else { (&mut self.data, false) };
        let most = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
        let room = buffer.get_mut(..most).unwrap_or_default();
        let count = if is_hole {
            room.fill(0);
            most
        } else {
            self.stored.read(room)?
        };
        *left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(sparse: &Sparse, data: &[u8]) -> Option<String> {
        let (size, holes) = sparse.check(data.len() as u64)?;
        let mut text = String::new();
        let mut source = data;
        Filled::new(&mut source, sparse.pieces.clone(), size).read_to_string(&mut text).unwrap();
        assert_eq!(text.len() as u64, data.len() as u64 + holes);
        Some(text.replace('\0', "."))
    }

    #[test]
    fn holes_are_filled_where_the_map_makes_sense() {
        let check = |pieces: &[Piece], size: u64, expected: Option<&str>| {
            let sparse = Sparse { pieces: pieces.to_vec(), size: Some(size), is_in_body: false };
            assert_eq!(filled(&sparse, b"abcd").as_deref(), expected, "{pieces:?}");
        };
        check(&[(0, 2), (4, 2)], 8, Some("ab..cd.."));
        check(&[(1, 4)], 5, Some(".abcd"));
        check(&[(0, 4), (9, 0)], 9, Some("abcd....."));
        check(&[(0, 4)], 4, Some("abcd"));
        // Other lengths than there are bytes, out of order, beyond the end, too long to be counted, none.
        check(&[(0, 3)], 8, None);
        check(&[(4, 2), (0, 2)], 8, None);
        check(&[(0, 2), (1, 2)], 8, None);
        check(&[(6, 4)], 8, None);
        check(&[(u64::MAX, 4)], u64::MAX, None);
        check(&[], 8, None);
    }

    #[test]
    fn maps_are_read_in_all_forms() {
        let expected = vec![(0, 512), (4096, 512)];
        let mut listed = Sparse::default();
        listed.list(b"0,512,4096,512");
        assert_eq!(listed.pieces, expected);
        listed.list(b"0,512,x,512");
        assert!(listed.pieces.is_empty());
        let mut block = b"2\n0\n512\n4096\n512\n".to_vec();
        block.resize(BLOCK, 0);
        let mut rest = &[&block[..], b"data"].concat()[..];
        let mut in_body = Sparse::default();
        assert_eq!((in_body.read_map(&mut rest), rest), (block, &b"data"[..]));
        assert_eq!(in_body.pieces, expected);
        for broken in [&b"2\n0\n"[..], b"x\n", b"", &[b'\n'; BLOCK], &[b'1'; 4 * BLOCK]] {
            let (mut sparse, mut body) = (Sparse::default(), broken);
            let read = sparse.read_map(&mut body);
            assert_eq!(([&read, body].concat(), sparse.pieces), (broken.to_vec(), vec![]));
        }
        let mut header = [0; BLOCK];
        let entry = |at: u64, length: u64| format!("{at:011o}\0{length:011o}\0").into_bytes();
        header[OLD][..48].copy_from_slice(&[entry(0, 512), entry(4096, 512)].concat());
        header[OLD_GOES_ON] = 1;
        header[OLD_SIZE].copy_from_slice(b"00000020000\0");
        let mut old = Sparse::default();
        assert!(old.old(&header));
        assert_eq!((old.size, &old.pieces), (Some(8192), &expected));
        header = [0; BLOCK];
        header[..24].copy_from_slice(&entry(8000, 1));
        assert!(!old.more(&header) && old.pieces.len() == 3);
    }
}
