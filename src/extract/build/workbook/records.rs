//! Records of a workbook (MS-XLS, 2.1.4), and texts that go on over several of them (2.5.293 and 2.5.294).

use super::super::super::cursor::Cursor;
use super::super::sheet::is_plain;
use std::ops::Range;

/// What goes on with the record before it.
const CONTINUE: u16 = 0x3c;

/// A record, and where its data stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) kind: u16,
    pub(super) data: Range<usize>,
}

/// The record at a place; `None` if there is no whole one.
pub(super) fn record(bytes: &[u8], at: usize) -> Option<Record> {
    let mut cursor = Cursor::at(bytes, at);
    let (kind, size) = (cursor.u16_le()?, cursor.u16_le()?);
    let start = cursor.position();
    cursor.take(size.into())?;
    Some(Record { kind, data: start..cursor.position() })
}

/// The data of the records that go on with what ends here.
pub(super) fn continued(bytes: &[u8], end: usize) -> Vec<Range<usize>> {
    let next = |before: &Record| record(bytes, before.data.end).filter(|record| record.kind == CONTINUE);
    let first = record(bytes, end).filter(|record| record.kind == CONTINUE);
    std::iter::successors(first, next).map(|record| record.data).collect()
}

/// A text, and which bytes its letters have.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Letters {
    units: Vec<u16>,
    pub(super) spans: Vec<Range<usize>>,
}

impl Letters {
    pub(super) fn text(&self) -> Vec<u8> {
        String::from_utf16_lossy(&self.units).into_bytes()
    }

    /// Whether it was read as it was written.
    pub(super) fn is_plain(&self) -> bool {
        self.units.iter().all(|unit| is_plain((*unit).into()))
    }

    /// Where it begins.
    pub(super) fn at(&self) -> usize {
        self.spans.first().map_or(0, |span| span.start)
    }
}

/// The data of several records, read as one.
#[derive(Clone, Debug)]
pub(super) struct Joined<'b> {
    bytes: &'b [u8],
    stretches: Vec<Range<usize>>,
    /// The stretch at hand, and where in the bytes it goes on.
    index: usize,
    at: usize,
}

/// A place in joined records.
pub(super) type Place = (u32, u32);

impl<'b> Joined<'b> {
    /// Of one stretch and those that go on with it.
    pub(super) fn new(bytes: &'b [u8], first: Range<usize>, more: Vec<Range<usize>>) -> Self {
        let at = first.start;
        Self { bytes, stretches: std::iter::once(first).chain(more).collect(), index: 0, at }
    }

    pub(super) fn place(&self) -> Place {
        (self.index as u32, self.at as u32)
    }

    pub(super) fn go(&mut self, (index, at): Place) {
        (self.index, self.at) = (index as usize, at as usize);
    }

    /// Bytes left of the stretch at hand.
    fn left(&self) -> usize {
        self.stretches.get(self.index).map_or(0, |stretch| stretch.end.saturating_sub(self.at))
    }

    /// Goes to the next stretch that has bytes, if the one at hand has none.
    fn turn(&mut self) -> Option<()> {
        while self.left() == 0 {
            self.index += 1;
            self.at = self.stretches.get(self.index)?.start;
        }
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        self.turn()?;
        self.at += 1;
        self.bytes.get(self.at - 1).copied()
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    fn skip(&mut self, mut count: usize) -> Option<()> {
        while count > 0 {
            self.turn()?;
            let taken = count.min(self.left());
            (self.at, count) = (self.at + taken, count - taken);
        }
        Some(())
    }

    /// A text with its length before it. Old ones are of bytes; in others the first flag says how wide letters are.
    pub(super) fn text(&mut self, is_old: bool) -> Option<Letters> {
        let count = self.short()?.into();
        if is_old {
            return self.letters(count, false);
        }
        let flags = self.byte()?;
        let runs = if flags & 8 != 0 { usize::from(self.short()?) * 4 } else { 0 };
        let more = if flags & 4 != 0 { usize::from(self.short()?) | usize::from(self.short()?) << 16 } else { 0 };
        let letters = self.letters(count, flags & 1 != 0)?;
        self.skip(runs.saturating_add(more))?;
        Some(letters)
    }

    /// So many letters behind a flag that says how wide they are.
    pub(super) fn flagged(&mut self, count: usize) -> Option<Letters> {
        let flags = self.byte()?;
        self.letters(count, flags & 1 != 0)
    }

    fn letters(&mut self, mut count: usize, mut wide: bool) -> Option<Letters> {
        let mut letters = Letters::default();
        while count > 0 {
            if self.left() == 0 {
                self.turn()?;
                // Each record says anew how wide its letters are.
                wide = self.byte()? & 1 != 0;
            }
            let width = 1 + usize::from(wide);
            let taken = count.min(self.left() / width);
            let span = self.at..self.at + taken * width;
            let bytes = self.bytes.get(span.clone()).filter(|bytes| !bytes.is_empty())?;
            match wide {
                true => letters.units.extend(bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit))),
                false => letters.units.extend(bytes.iter().map(|byte| u16::from(*byte))),
            }
            (self.at, count) = (span.end, count - taken);
            letters.spans.push(span);
        }
        Some(letters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_go_on_over_records() {
        let bytes = b"\x06\0\x08\x01\0ab|\x01c\0d\0|\0ef????\x01\0\0x";
        let mut joined = Joined::new(bytes, 0..7, vec![8..13, 14..21, 21..25]);
        let letters = joined.text(false).unwrap();
        assert_eq!((letters.text(), &letters.spans), (b"abcdef".to_vec(), &vec![5..7, 9..13, 15..17]));
        assert_eq!(joined.text(false).unwrap().text(), b"x");
        assert_eq!(joined.text(false), None);
        joined.go((0, 0));
        assert_eq!(joined.text(true).unwrap().text(), b"\x08\x01\0abc");
        for end in 0..17 {
            assert_eq!(Joined::new(&bytes[..end], 0..7, vec![8..13, 14..17]).text(false), None, "{end}");
        }
    }

    #[test]
    fn records_end_with_the_bytes() {
        let bytes = b"\x01\0\x01\0a\x3c\0\x01\0b\x3c\0\0\0\x02\0\x09\0";
        assert_eq!(record(bytes, 0), Some(Record { kind: 1, data: 4..5 }));
        assert_eq!(continued(bytes, 5), [9..10, 14..14]);
        assert_eq!((record(bytes, 14), record(bytes, usize::MAX), continued(bytes, 14)), (None, None, vec![]));
    }
}
