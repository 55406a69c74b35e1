//! What lies beside a database: the write-ahead log and the rollback journal, both lists of pages with their numbers.
//!
//! A log has pages as they are to be, one of them often many times; a journal has pages as they were. Either may be all
//! that is left of rows that were deleted. Formats: <https://www.sqlite.org/fileformat2.html>, sections 3 and 4.

use super::super::super::ReadSeek;
use std::collections::HashMap;
use std::io::{self, Read, SeekFrom};

/// Pages that are told apart, 12 bytes each; what follows is scanned as it is.
const FRAMES: usize = 1 << 20;

/// The pages of a log or a journal.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Frames {
    /// Bytes of a page.
    pub(super) size: usize,
    /// The number of each page, and where it lies.
    pub(super) pages: Vec<(u32, u64)>,
    /// Where the last of them ends.
    pub(super) end: u64,
    /// Whether there are more.
    pub(super) is_full: bool,
    /// Whether the last of them is not whole.
    pub(super) is_cut: bool,
}

/// The first bytes of a log, in the byte order of its checksums.
pub(super) const LOGS: [&[u8]; 2] = [b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"];
/// The first bytes of a journal.
pub(super) const JOURNAL: &[u8] = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";
/// Whether these bytes are the header of a journal. Until it is synchronised its first twelve bytes are zero, and sizes
/// that fit tell it.
pub(super) fn is_journal(head: &[u8]) -> bool {
    let sizes = [number(head, 20), number(head, 24)];
    let fit = sizes.into_iter().flatten().filter_map(page_size).count() == 2;
    fit && (head.starts_with(JOURNAL) || head.starts_with(&[0; 12]) && number(head, 16).is_some_and(|pages| pages > 0))
}

/// Bytes of the header of a log, and of that before each page in it.
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// Finds the pages. `None` if the header cannot be true.
pub(super) fn frames(file: &mut dyn ReadSeek) -> io::Result<Option<Frames>> {
    let length = file.seek(SeekFrom::End(0))?;
    let head = bytes_at(file, 0, LOG_HEADER as usize)?;
    if is_journal(&head) { journal(file, &head, length) } else { log(file, &head, length) }
}

fn log(file: &mut dyn ReadSeek, head: &[u8], length: u64) -> io::Result<Option<Frames>> {
    let Some(size) = number(head, 8).and_then(page_size) else { return Ok(None) };
    let mut frames = Frames { size, end: LOG_HEADER, ..Frames::default() };
    // Frames of an older log behind those of this one count, too: what they have was deleted.
    while frames.end + FRAME_HEADER < length && frames.has_room() {
        let header = bytes_at(file, frames.end, FRAME_HEADER as usize)?;
        let Some(page) = number(&header, 0) else { break };
        frames.push(page, frames.end + FRAME_HEADER, 0, length);
    }
    // Nobody writes a log without a page.
    frames.is_cut |= frames.pages.is_empty();
    Ok(Some(frames))
}

fn journal(file: &mut dyn ReadSeek, head: &[u8], length: u64) -> io::Result<Option<Frames>> {
    let sizes = (number(head, 20).and_then(page_size), number(head, 24).and_then(page_size));
    let (Some(sector), Some(size)) = sizes else { return Ok(None) };
    let mut frames = Frames { size, end: sector as u64, ..Frames::default() };
    while frames.end + 4 < length && frames.has_room() {
        let header = bytes_at(file, frames.end, JOURNAL.len())?;
        if header.starts_with(JOURNAL) {
            // A journal that was synchronised in between has a header for each part.
            frames.end += sector as u64;
            continue;
        }
        let Some(page) = number(&header, 0) else { break };
        frames.push(page, frames.end + 4, 4, length);
    }
    frames.is_cut |= frames.pages.is_empty();
    Ok(Some(frames))
}

impl Frames {
    fn has_room(&mut self) -> bool {
        self.is_full = self.pages.len() >= FRAMES;
        !self.is_full
    }

    fn push(&mut self, page: u32, at: u64, behind: u64, length: u64) {
        self.pages.push((page, at));
        let end = at + self.size as u64 + behind;
        (self.end, self.is_cut) = (end.min(length), end > length);
    }

    /// Where each page lies last.
    pub(super) fn latest(&self) -> HashMap<u32, u64> {
        self.pages.iter().copied().collect()
    }
}

fn page_size(size: u32) -> Option<usize> {
    (size.is_power_of_two() && (512..=65_536).contains(&size)).then_some(size as usize)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}

fn bytes_at(file: &mut dyn ReadSeek, at: u64, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn pages_lie_where_the_formats_say() {
        let check = |bytes: &[u8], expected: Option<&[(u32, u64)]>| {
            let found = frames(&mut Cursor::new(bytes)).unwrap();
            assert_eq!(found.as_ref().map(|frames| frames.pages.as_slice()), expected);
        };
        let frame = |page: u32| [&page.to_be_bytes()[..], &[0; 20], &[7; 512]].concat();
        let log =
            [LOGS[0], &3_007_000u32.to_be_bytes(), &512u32.to_be_bytes(), &[0; 20], &frame(2), &frame(1), &frame(2)].concat();
        check(&log, Some(&[(2, 56), (1, 592), (2, 1128)]));
        check(&log[..600], Some(&[(2, 56), (1, 592)]));
        check(&[LOGS[0], &[0; 60]].concat(), None);
        let head = [JOURNAL, &[0; 12], &512u32.to_be_bytes(), &512u32.to_be_bytes(), &[0; 484]].concat();
        let record = |page: u32| [&page.to_be_bytes()[..], &[7; 512], &[0; 4]].concat();
        check(&[&head[..], &record(5), &head, &record(6)].concat(), Some(&[(5, 516), (6, 1548)]));
        check(JOURNAL, None);
    }
}
