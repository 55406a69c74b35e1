//! Texts that stand end to end, as Go and Rust write them: cut where the program says that they end.
//!
//! In the bytes as they are such a text has no border, so a value in it is missed or taken for longer than it is.
//! What is cut here is told as a text, and its place is blank in the bytes that are scanned as they are.

use super::super::super::{ReadSeek, Stop};
use super::layout::{Kind, Layout, chunks};
use super::pages::Pages;
use super::tables::LONGEST;
use std::collections::HashMap;
use std::io::{self, Read, SeekFrom};
use std::ops::Range;

/// Texts that are kept.
const TEXTS: usize = 500_000;
/// Shortest text that may hold a value.
const SHORTEST: u64 = 8;
/// What all programs of Go say of how they were built (`debug/buildinfo`), and what those of Rust hold in their
/// messages: the path of the library that they are built with.
pub(super) const GO: &[u8] = b"\xff Go buildinf:";
const RUST: &[u8] = b"/rustc/";

/// What a program says of its language.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    /// Where Go's build information stands in the file.
    pub(super) go: Option<u64>,
    pub(super) rust: bool,
}

impl Marks {
    /// Looks for them in the data of a program.
    pub(super) fn find(pages: &mut Pages<'_>, layout: &Layout) -> Self {
        let mut marks = Self::default();
        let (go, rust) = (memchr::memmem::Finder::new(GO), memchr::memmem::Finder::new(RUST));
        for section in layout.of(Kind::Data) {
            chunks(pages, (section.at, section.size), 32, |_, at, bytes| {
                if marks.go.is_none() {
                    marks.go = go.find(bytes).map(|found| at + found as u64);
                }
                marks.rust = marks.rust || rust.find(bytes).is_some();
            });
        }
        marks
    }

    /// Whether texts stand end to end.
    pub(super) fn is_glued(&self) -> bool {
        self.go.is_some() || self.rust
    }
}

/// Where texts begin, and how long they may be.
#[derive(Debug, Default)]
pub(super) struct Borders {
    /// As a table has it.
    sure: Vec<(u64, u64)>,
    /// As instructions may have it.
    likely: HashMap<u64, Vec<u64>>,
}

/// Lengths that are kept of one text.
const LENGTHS: usize = 6;

impl Borders {
    /// Notes a text of a table.
    pub(super) fn sure(&mut self, at: u64, length: u64) {
        if self.sure.len() < TEXTS {
            self.sure.push((at, length));
        }
    }

    /// Notes a text of some instructions.
    pub(super) fn likely(&mut self, at: u64, lengths: &[u64]) {
        if self.likely.len() < TEXTS {
            let known = self.likely.entry(at).or_default();
            known.extend(lengths.iter().take(LENGTHS.saturating_sub(known.len())));
        }
    }

    /// Whether there were more than are kept.
    pub(super) fn is_full(&self) -> bool {
        self.sure.len() >= TEXTS || self.likely.len() >= TEXTS
    }

    /// All texts that are worth a look, by their place, each as long as is most likely.
    fn texts(mut self, pages: &mut Pages<'_>) -> (Vec<Range<u64>>, Vec<u64>) {
        self.sure.sort_unstable();
        self.sure.dedup();
        let mut starts: Vec<u64> = self.sure.iter().map(|(at, _)| *at).chain(self.likely.keys().copied()).collect();
        starts.sort_unstable();
        starts.dedup();
        let mut texts: Vec<Range<u64>> = self.sure.iter().map(|(at, length)| *at..at + length).collect();
        let mut likely: Vec<_> = self.likely.into_iter().collect();
        likely.sort_unstable();
        for (at, lengths) in likely {
            if self.sure.binary_search_by_key(&at, |(at, _)| *at).is_ok() {
                continue;
            }
            let closed =
                lengths.iter().map(|length| at + length).filter(|end| starts.binary_search(end).is_ok() || is_end(pages, *end));
            let next = || starts.get(starts.partition_point(|start| *start <= at)).filter(|next| **next - at <= LONGEST).copied();
            texts.extend(closed.max().or_else(next).map(|end| at..end));
        }
        texts.sort_unstable_by_key(|text| (text.start, text.end));
        (texts, starts)
    }
}

/// Whether no text goes on at `at`.
fn is_end(pages: &mut Pages<'_>, at: u64) -> bool {
    pages.byte(at).is_none_or(|byte| byte < 0x20)
}

/// Tells every text that has a neighbour, within `allowance` bytes; returns which of them are blank in what is scanned
/// as it is.
pub(super) fn tell(
    pages: &mut Pages<'_>,
    borders: Borders,
    mut allowance: u64,
    mut told: impl FnMut(&[u8], u64) -> Result<(), Stop>,
) -> Result<Vec<Range<u64>>, Stop> {
    let (texts, starts) = borders.texts(pages);
    let mut blank: Vec<Range<u64>> = Vec::new();
    for text in texts {
        let length = text.end - text.start;
        if !(SHORTEST..=LONGEST).contains(&length) || length > allowance {
            continue;
        }
        let apart = text.start.checked_sub(1).is_none_or(|before| is_end(pages, before));
        if apart && is_end(pages, text.end) {
            continue;
        }
        let bytes = pages.read(text.start, length as usize);
        if bytes.len() as u64 != length || !may_hold_a_value(&bytes) {
            continue;
        }
        allowance -= length;
        told(&bytes, text.start)?;
        // What has lines may be a file, whose lines mean something; a length that nothing confirms may be a mistake.
        let closed = starts.binary_search(&text.end).is_ok() || is_end(pages, text.end);
        if closed && !bytes.contains(&b'\n') {
            blank.push(text);
        }
    }
    Ok(blank)
}

fn may_hold_a_value(text: &[u8]) -> bool {
    let is_text = |byte: &u8| *byte >= 0x20 && *byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b);
    let is_marked = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'=' | b':' | b'@' | b'_');
    text.iter().all(is_text) && text.iter().any(is_marked)
}

/// A file up to an end, with zeros in place of some stretches.
pub(super) struct Blanked<'f, 'b> {
    file: &'f mut dyn ReadSeek,
    at: u64,
    end: u64,
    blank: std::iter::Peekable<std::slice::Iter<'b, Range<u64>>>,
}

impl<'f, 'b> Blanked<'f, 'b> {
    /// From the start of the file; `blank` is in order of starts.
    pub(super) fn new(file: &'f mut dyn ReadSeek, end: u64, blank: &'b [Range<u64>]) -> io::Result<Self> {
        file.seek(SeekFrom::Start(0))?;
        Ok(Self { file, at: 0, end, blank: blank.iter().peekable() })
    }
}

impl Read for Blanked<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..left) else { return Ok(0) };
        let count = self.file.read(buffer)?;
        let (start, end) = (self.at, self.at + count as u64);
        while let Some(stretch) = self.blank.peek().filter(|stretch| stretch.start < end) {
            let (from, to) = (stretch.start.max(start) - start, stretch.end.min(end).saturating_sub(start));
            if let Some(covered) = buffer.get_mut(from as usize..to as usize) {
                covered.fill(0);
            }
            if stretch.end > end {
                break;
            }
            self.blank.next();
        }
        self.at = end;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn texts_are_cut_at_their_borders_and_blank_behind() {
        let bytes = b"\0one=1234two=5678three\0";
        let mut file = Cursor::new(bytes);
        let mut pages = Pages::new(&mut file, bytes.len() as u64);
        let mut borders = Borders::default();
        borders.sure(1, 8);
        borders.likely(9, &[3, 8]);
        borders.likely(17, &[]);
        let mut seen = Vec::new();
        let blank = tell(&mut pages, borders, 100, |text, at| {
            seen.push((String::from_utf8_lossy(text).into_owned(), at));
            Ok(())
        });
        assert_eq!(seen, [("one=1234".into(), 1), ("two=5678".into(), 9)]);
        let blank = blank.unwrap();
        for size in [1, 2, 5, 100] {
            let mut blanked = Blanked::new(&mut file, 20, &blank).unwrap();
            let (mut all, mut buffer) = (Vec::<u8>::new(), vec![0; size]);
            while let Ok(count @ 1..) = blanked.read(&mut buffer) {
                all.extend(&buffer[..count]);
            }
            assert_eq!(all, b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0thr");
        }
    }
}
