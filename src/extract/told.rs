//! What a structure has told of a file that is read by jumping about, and the rest of it, which is scanned as it is.
//!
//! Texts that were told are blanked where they stand, so that nothing is told twice; stretches that the structure calls
//! numbers are scanned as such; everything else is raw: names, gaps, what was deleted, what lies behind the end.

use super::{Halt, ReadSeek, Sink};
use std::io::{self, Read, SeekFrom};
use std::ops::Range;

/// Stretches that are noted. What comes after is scanned once more, which loses nothing.
const SPANS: usize = 1 << 20;
/// Stretches of numbers shorter than this are scanned with what stands around them.
const NUMBERS: u64 = 256;
/// Stretches that were told and are longer than this are passed over, shorter ones are read as zeros.
const BLANK: u64 = 64 << 10;

/// What a stretch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Told,
    Numbers,
}

/// The stretches of a file that its structure accounts for.
#[derive(Debug, Default)]
pub(crate) struct Told {
    spans: Vec<(u64, u64, Kind)>,
}

impl Told {
    /// What begins here, and is so long, was told.
    pub(crate) fn told(&mut self, start: u64, length: u64) {
        self.note(start, length, Kind::Told);
    }

    /// These stretches of what stands at `start` were told.
    pub(crate) fn all(&mut self, start: u64, stretches: &[Range<usize>]) {
        stretches.iter().for_each(|stretch| self.told(start.saturating_add(stretch.start as u64), stretch.len() as u64));
    }

    /// What begins here, and is so long, is numbers.
    pub(crate) fn numbers(&mut self, start: u64, length: u64) {
        if length >= NUMBERS {
            self.note(start, length, Kind::Numbers);
        }
    }

    fn note(&mut self, start: u64, length: u64, kind: Kind) {
        let end = start.saturating_add(length);
        match self.spans.last_mut() {
            Some(last) if last.2 == kind && last.1 == start => last.1 = end,
            _ if start < end => self.spans.push((start, end, kind)),
            _ => {}
        }
        self.spans.truncate(SPANS);
    }

    /// Scans all that was not told.
    pub(crate) fn sweep(mut self, file: &mut dyn ReadSeek, sink: &mut dyn Sink) -> Result<(), Halt> {
        let length = file.seek(SeekFrom::End(0))?;
        self.spans.sort_unstable();
        let mut blanks = Vec::new();
        let mut at = 0;
        // One that lies behind the end closes the last stretch.
        for (start, end, kind) in self.spans.into_iter().chain([(length, length, Kind::Numbers)]) {
            let (start, end) = (start.max(at).min(length), end.min(length));
            if kind == Kind::Told && end.saturating_sub(start) < BLANK {
                blanks.push((start, end));
                continue;
            }
            raw(file, at, start, &mut blanks, sink)?;
            if kind == Kind::Numbers && start < end {
                file.seek(SeekFrom::Start(start))?;
                let mut body = Noted { inner: Read::take(&mut *file, end - start), failure: None };
                sink.numbers_at(start, &mut body)?;
                body.failure.map_or(Ok(()), Err)?;
            }
            at = at.max(end);
        }
        Ok(())
    }
}

/// Scans a stretch as it is, with zeros for what was told of it.
fn raw(file: &mut dyn ReadSeek, start: u64, end: u64, blanks: &mut Vec<(u64, u64)>, sink: &mut dyn Sink) -> Result<(), Halt> {
    if start < end {
        file.seek(SeekFrom::Start(start))?;
        let inner = Blanked { inner: Read::take(&mut *file, end - start), at: start, blanks, next: 0 };
        let mut body = Noted { inner, failure: None };
        sink.raw_at(start, &mut body)?;
        body.failure.map_or(Ok(()), Err)?;
    }
    blanks.clear();
    Ok(())
}

/// A stretch, with zeros for what was told.
struct Blanked<'b, R> {
    inner: R,
    at: u64,
    blanks: &'b [(u64, u64)],
    next: usize,
}

impl<R: Read> Read for Blanked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let end = self.at + count as u64;
        while let Some((from, to)) = self.blanks.get(self.next).copied().filter(|(from, _)| *from < end) {
            let range = from.saturating_sub(self.at) as usize..to.min(end).saturating_sub(self.at) as usize;
            if let Some(told) = buffer.get_mut(range) {
                told.fill(0);
            }
            if to > end {
                break;
            }
            self.next += 1;
        }
        self.at = end;
        Ok(count)
    }
}

/// Keeps the error that ended a reader.
struct Noted<R> {
    inner: R,
    failure: Option<io::Error>,
}

impl<R: Read> Read for Noted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failure = Some(error);
            }
            kind.into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Seen;
    use super::*;

    fn check(told: &[(u64, u64)], numbers: &[(u64, u64)], length: usize, raw: &dyn Fn(u64) -> bool, numeric: usize) {
        let bytes: Vec<u8> = (0..length).map(|at| (at % 250 + 1) as u8).collect();
        let mut all = Told::default();
        numbers.iter().for_each(|(start, length)| all.numbers(*start, *length));
        told.iter().for_each(|(start, length)| all.told(*start, *length));
        let mut seen = Seen::default();
        all.sweep(&mut io::Cursor::new(&bytes), &mut seen).unwrap();
        let expected: Vec<u8> = bytes.iter().zip(0..).filter(|(_, at)| raw(*at)).map(|(byte, _)| *byte).collect();
        assert_eq!(seen.raw.iter().copied().filter(|byte| *byte != 0).collect::<Vec<_>>(), expected);
        assert_eq!(seen.numbers.len(), numeric);
    }

    #[test]
    fn what_was_told_is_left_out() {
        check(&[], &[], 1000, &|_| true, 0);
        check(&[(10, 5), (12, 9), (990, 90)], &[], 1000, &|at| !(10..21).contains(&at) && at < 990, 0);
        check(&[(0, 10), (400, 1)], &[(100, 300), (50, 20)], 1000, &|at| (10..100).contains(&at) || at > 400, 300);
        check(&[(5, 200_000)], &[(100, 300_000)], 400_000, &|at| !(5..300_100).contains(&at), 100_095);
        check(&[(u64::MAX, 5), (3, u64::MAX)], &[], 10, &|at| at < 3, 0);
    }
}
