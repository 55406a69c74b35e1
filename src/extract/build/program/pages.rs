//! A file read at any place, a page at a time.
//!
//! Pointers lead all over a program, so what was read stays for a while. What a hostile table can make us read is
//! bounded by the length of the file.

use super::super::super::ReadSeek;
use std::io::{Read, SeekFrom};

/// Bytes read at a time.
const PAGE: u64 = 32 << 10;
/// Pages that are kept.
const KEPT: usize = 64;

/// A file and the pages of it that were read last.
pub(super) struct Pages<'f> {
    file: &'f mut dyn ReadSeek,
    length: u64,
    kept: Vec<(u64, Vec<u8>)>,
    /// Pages that may still be read.
    left: u64,
}

impl<'f> Pages<'f> {
    /// Of a file of this length, in bytes.
    pub(super) fn new(file: &'f mut dyn ReadSeek, length: u64) -> Self {
        Self { file, length, kept: vec![(u64::MAX, Vec::new()); KEPT], left: 256 + length / PAGE * 8 }
    }

    /// Bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether so much was read that nothing is any more.
    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// The file itself, to be read from end to end.
    pub(super) fn into_file(self) -> &'f mut dyn ReadSeek {
        self.file
    }

    fn page(&mut self, number: u64) -> &[u8] {
        let slot = (number % KEPT as u64) as usize;
        let Some((kept, bytes)) = self.kept.get_mut(slot) else { return &[] };
        if *kept != number {
            bytes.clear();
            *kept = u64::MAX;
            if self.left == 0 {
                return &[];
            }
            self.left -= 1;
            // Whoever reads the file as it is meets the same error and reports it.
            let place = number.saturating_mul(PAGE);
            let read = self.file.seek(SeekFrom::Start(place)).and_then(|_| (&mut *self.file).take(PAGE).read_to_end(bytes));
            if read.is_ok() {
                *kept = number;
            }
        }
        bytes
    }

    /// Up to `length` bytes from `at` on: as many as there are.
    pub(super) fn read(&mut self, at: u64, length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut at = at;
        while bytes.len() < length && at < self.length {
            let from = (at % PAGE) as usize;
            let page = self.page(at / PAGE).get(from..).unwrap_or_default();
            let page = page.get(..length - bytes.len()).unwrap_or(page);
            if page.is_empty() {
                break;
            }
            bytes.extend_from_slice(page);
            at += page.len() as u64;
        }
        bytes
    }

    /// The byte at `at`.
    pub(super) fn byte(&mut self, at: u64) -> Option<u8> {
        self.page(at / PAGE).get((at % PAGE) as usize).copied()
    }

    /// The text from `at` up to a zero, if that comes within `most` bytes.
    pub(super) fn terminated(&mut self, at: u64, most: usize) -> Option<Vec<u8>> {
        let mut bytes = self.read(at, 64.min(most + 1));
        if !bytes.contains(&0) {
            bytes = self.read(at, most + 1);
        }
        let end = memchr::memchr(0, &bytes)?;
        bytes.truncate(end);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn bytes_are_read_across_pages_and_so_many_times_only() {
        let bytes: Vec<u8> = (0..3 * PAGE).map(|at| (at / 251) as u8).collect();
        let mut file = Cursor::new(&bytes);
        let mut pages = Pages::new(&mut file, bytes.len() as u64);
        let at = PAGE as usize - 5;
        assert_eq!(pages.read(at as u64, 10), &bytes[at..at + 10]);
        assert_eq!(pages.read(3 * PAGE - 2, 10).len(), 2);
        assert!(pages.read(u64::MAX, 10).is_empty() && pages.byte(u64::MAX).is_none());
        pages.left = 0;
        assert!(pages.is_spent() && pages.read(2 * PAGE, 1).len() == 1 && pages.read(100 * PAGE, 1).is_empty());
    }

    #[test]
    fn a_text_ends_at_a_zero() {
        let bytes = [&b"one\0"[..], &[b'x'; 100], b"\0"].concat();
        let mut file = Cursor::new(&bytes);
        let mut pages = Pages::new(&mut file, bytes.len() as u64);
        assert_eq!(pages.terminated(0, 10).as_deref(), Some(&b"one"[..]));
        assert_eq!(pages.terminated(4, 100).map(|text| text.len()), Some(100));
        assert_eq!(pages.terminated(4, 99), None);
    }
}
