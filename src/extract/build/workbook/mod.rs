//! Workbooks of Excel 5 to 2003: the stream `Workbook` or `Book` in a compound file (MS-XLS).
//!
//! A sheet is records of cells; most texts stand in a table before all sheets, and cells refer to them. A cell has the
//! name of what stands at the head of its column, or before it in a row of two. All else is scanned as it is.

mod numbers;
mod records;

use super::super::cursor::{le16, le32};
use super::super::{About, Extractor, Halt, Head, Input, Sink, Stop};
use super::sheet::{Cell, Gathered, Heads};
use crate::finding::GapReason;
use numbers::numbers;
use records::{Joined, Letters, Place, continued, record};
use std::io::BufRead;
use std::ops::Range;

/// A workbook.
pub struct Workbook;

/// The longest workbook that is read by its structure.
const HELD: usize = 16 << 20;
/// How often over a workbook may be told by cells that share their texts.
const SHARED: usize = 4;

/// Kinds of records (MS-XLS, 2.3).
const FORMULA: u16 = 0x06;
const EOF: u16 = 0x0a;
const FILE_PASS: u16 = 0x2f;
const BOUND_SHEET: u16 = 0x85;
const RICH_LABEL: u16 = 0xd6;
const SHARED_TEXTS: u16 = 0xfc;
const SHARED_LABEL: u16 = 0xfd;
const TEXT_OBJECT: u16 = 0x1b6;
const LABEL: u16 = 0x204;
const STRING: u16 = 0x207;
const BOF: u16 = 0x809;

impl Extractor for Workbook {
    fn name(&self) -> &'static str {
        "workbook"
    }

    fn about(&self) -> About {
        About {
            title: "Excel workbook (xls, in a compound file)",
            reads: "cells with the head of their column or row, comments and texts of no cell; all else as it is",
            limits: "workbooks of up to 16 MiB by their structure; encrypted ones are gaps; formulas are not computed",
            specification: "https://learn.microsoft.com/openspecs/office_file_formats/ms-xls",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        version(head.start).is_some()
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let Some(bytes) = input.held(HELD)? else {
            sink.gap(GapReason::SizeLimit, "workbook: too long for its cells to be named; scanned as it is".into(), None);
            return Ok(());
        };
        let mut book = Book::new(&bytes, sink);
        book.read()?;
        book.tell_rest()?;
        let (rest, length) = (std::mem::take(&mut book.rest), bytes.len());
        sink.raw_at(0, &mut rest.as_slice())?;
        input.consume(length);
        Ok(())
    }
}

/// The version of a workbook, of which these bytes are the first record (2.4.21).
fn version(start: &[u8]) -> Option<u16> {
    let is_start = le16(start, 0) == Some(BOF) && matches!(le16(start, 2), Some(8 | 16)) && le16(start, 6) == Some(5);
    le16(start, 4).filter(|version| is_start && matches!(version, 0x500 | 0x600))
}

struct Book<'b> {
    bytes: &'b [u8],
    sink: &'b mut dyn Sink,
    /// The bytes with zeros for what was told.
    rest: Vec<u8>,
    is_old: bool,
    /// Texts that cells share: where each begins, and whether it was told.
    texts: Joined<'b>,
    places: Vec<(Place, bool)>,
    /// Bytes that cells may still tell of them.
    left: usize,
    heads: Heads,
    row: Vec<Cell>,
    /// Number of the row at hand, and of the row and column of the last formula.
    number: u16,
    formula: (u16, u16),
    gathered: Gathered,
}

impl<'b> Book<'b> {
    fn new(bytes: &'b [u8], sink: &'b mut dyn Sink) -> Self {
        Self {
            bytes,
            sink,
            rest: bytes.to_vec(),
            is_old: version(bytes) == Some(0x500),
            texts: Joined::new(bytes, 0..0, Vec::new()),
            places: Vec::new(),
            left: bytes.len().saturating_mul(SHARED),
            heads: Heads::default(),
            row: Vec::new(),
            number: 0,
            formula: (0, 0),
            gathered: Gathered::default(),
        }
    }

    fn read(&mut self) -> Result<(), Stop> {
        // Parts of the file: the settings of all, then a sheet each.
        let (mut at, mut depth, mut parts, mut declared) = (0, 0usize, 0, 1);
        while let Some(record) = record(self.bytes, at) {
            at = record.data.end;
            match record.kind {
                BOF => {
                    depth += 1;
                    parts += usize::from(depth == 1);
                    self.end_row()?;
                    self.heads = Heads::default();
                }
                EOF => {
                    depth = depth.saturating_sub(1);
                    self.end_row()?;
                }
                // A sheet with cells, macros, or a chart.
                BOUND_SHEET => declared += usize::from(self.bytes.get(record.data.start + 5).is_some_and(|kind| *kind <= 2)),
                FILE_PASS => {
                    let bytes = Some(self.bytes.len() as u64);
                    self.sink.gap(GapReason::Encrypted, "workbook: its cells need a password".into(), bytes);
                    return Ok(());
                }
                kind => self.told(kind, record.data)?,
            }
        }
        self.end_row()?;
        if depth > 0 || parts < declared || self.bytes.get(at..).is_some_and(|rest| rest.iter().any(|byte| *byte != 0)) {
            self.sink.gap(GapReason::Truncated, "workbook: ends before its sheets do; what they hold was read".into(), None);
        }
        Ok(())
    }

    /// Takes in a record with texts.
    fn told(&mut self, kind: u16, data: Range<usize>) -> Result<(), Stop> {
        let number = |at: usize| le16(self.bytes.get(data.clone()).unwrap_or_default(), at);
        let place = number(0).zip(number(2));
        for (place, text, at) in numbers(kind, self.bytes.get(data.clone()).unwrap_or_default()) {
            self.enter(place, text.into_bytes(), data.start + at)?;
        }
        match (kind, place) {
            (SHARED_TEXTS, _) => self.share(data),
            (SHARED_LABEL, Some(place)) => {
                let index = le32(self.bytes.get(data.clone()).unwrap_or_default(), 6);
                let letters = index.and_then(|index| self.shared(index as usize));
                self.cell(place, letters)?;
            }
            (LABEL | RICH_LABEL, Some(place)) => {
                let letters = Joined::new(self.bytes, data.start + 6..data.end, Vec::new()).text(self.is_old);
                self.cell(place, letters)?;
            }
            (FORMULA, Some(place)) => self.formula = place,
            // What the formula before it says.
            (STRING, _) => {
                let more = continued(self.bytes, data.end);
                let letters = Joined::new(self.bytes, data, more).text(self.is_old);
                self.cell(self.formula, letters)?;
            }
            (TEXT_OBJECT, _) => {
                let count = number(10).unwrap_or(0).into();
                if let Some(letters) = Joined::new(self.bytes, data.end..data.end, continued(self.bytes, data.end)).flagged(count)
                {
                    self.blank(&letters);
                    self.gathered.write(&letters.text(), letters.at());
                    self.gathered.end_line(self.sink)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads where the shared texts stand (2.4.265).
    fn share(&mut self, data: Range<usize>) {
        let count = le32(self.bytes.get(data.clone()).unwrap_or_default(), 4).unwrap_or(0);
        self.texts = Joined::new(self.bytes, data.start + 8..data.end, continued(self.bytes, data.end));
        self.places.clear();
        for _ in 0..count {
            let place = self.texts.place();
            if self.texts.text(false).is_none() {
                let detail = "workbook: a table of texts that cannot be read to its end; scanned as it is";
                self.sink.gap(GapReason::Damaged, detail.into(), None);
                break;
            }
            self.places.push((place, false));
        }
    }

    /// A text that cells share.
    fn shared(&mut self, index: usize) -> Option<Letters> {
        let (place, is_told) = self.places.get_mut(index)?;
        self.texts.go(*place);
        let letters = self.texts.text(false)?;
        let length: usize = letters.spans.iter().map(|span| span.len()).sum();
        let fewer = self.left.checked_sub(length);
        if fewer.is_none() && self.left > 0 {
            let detail = "workbook: cells that share more than is told; each text of them is told once";
            self.sink.gap(GapReason::SizeLimit, detail.into(), None);
        }
        self.left = fewer.unwrap_or(0);
        *is_told |= fewer.is_some();
        fewer.map(|_| letters)
    }

    fn cell(&mut self, place: (u16, u16), letters: Option<Letters>) -> Result<(), Stop> {
        let Some(letters) = letters else { return Ok(()) };
        self.blank(&letters);
        self.enter(place, letters.text().trim_ascii().to_vec(), letters.at())
    }

    /// Takes a cell into its row.
    fn enter(&mut self, (number, column): (u16, u16), text: Vec<u8>, at: usize) -> Result<(), Stop> {
        if number != self.number {
            self.end_row()?;
            self.number = number;
        }
        if !text.is_empty() {
            self.row.push(Cell { column: column.into(), text, at });
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), Stop> {
        match std::mem::take(&mut self.row) {
            row if row.is_empty() => Ok(()),
            row => self.heads.end_row(row, &mut self.gathered, self.sink),
        }
    }

    fn blank(&mut self, letters: &Letters) {
        for span in letters.spans.iter().filter(|_| letters.is_plain()) {
            if let Some(told) = self.rest.get_mut(span.clone()) {
                told.fill(0);
            }
        }
    }

    /// Tells the shared texts that no cell has: they were deleted, or are what only a chart shows.
    fn tell_rest(&mut self) -> Result<(), Stop> {
        for (place, is_told) in std::mem::take(&mut self.places) {
            self.texts.go(place);
            if let Some(letters) = self.texts.text(false).filter(|_| !is_told) {
                self.blank(&letters);
                self.gathered.write(&letters.text(), letters.at());
                self.gathered.end_line(self.sink)?;
            }
        }
        self.gathered.flush(self.sink)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Seen, seen};
    use super::*;

    fn of(kind: u16, data: &[&[u8]]) -> Vec<u8> {
        let data = data.concat();
        [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), &data].concat()
    }

    fn start(version: u16, kind: u16) -> Vec<u8> {
        of(BOF, &[&version.to_le_bytes(), &kind.to_le_bytes(), &[0; 12]])
    }

    fn short(text: &str) -> Vec<u8> {
        [&(text.len() as u16).to_le_bytes()[..], b"\0", text.as_bytes()].concat()
    }

    /// A workbook of one sheet, whose texts are shared.
    fn book(texts: &[&str], cells: &[(u16, u16, u32)], more: &[u8]) -> Vec<u8> {
        let table = texts.iter().map(|text| short(text)).collect::<Vec<_>>().concat();
        let cell = |(row, column, index): &(u16, u16, u32)| {
            of(SHARED_LABEL, &[&row.to_le_bytes(), &column.to_le_bytes(), &[0; 2], &index.to_le_bytes()])
        };
        [
            start(0x600, 5),
            of(BOUND_SHEET, &[&[0; 6], b"\x01\0a"]),
            of(SHARED_TEXTS, &[&[0; 4], &(texts.len() as u32).to_le_bytes(), &table]),
            of(EOF, &[]),
            start(0x600, 16),
            cells.iter().map(cell).collect::<Vec<_>>().concat(),
            more.to_vec(),
            of(EOF, &[]),
        ]
        .concat()
    }

    fn check(bytes: &[u8], texts: Vec<(&str, &str)>) -> Seen {
        assert!(Workbook.probe(&Head { start: bytes, tail: &[] }));
        let found = seen(&Workbook, bytes);
        assert_eq!(found.texts, texts.into());
        assert_eq!(found.raw.len(), bytes.len());
        found
    }

    #[test]
    fn cells_have_the_names_of_their_heads() {
        let cells = [(0, 0, 0), (0, 1, 1), (1, 0, 2), (1, 1, 3), (2, 1, 3), (3, 2, 4)];
        let bytes = book(&["host", "password", "db", "one", "three", "deleted"], &cells, b"");
        let found = check(
            &bytes,
            vec![
                ("host", "password"),
                ("host", "db"),
                ("db", "one"),
                ("password", "one"),
                ("", "host\t\n\n\nthree\t\ndeleted\n"),
            ],
        );
        assert!(found.gaps.is_empty() && memchr::memmem::find(&found.raw, b"password").is_none(), "{:?}", found.gaps);
        for cut in 8..bytes.len() {
            assert!(!seen(&Workbook, &bytes[..cut]).gaps.is_empty(), "{cut}");
        }
    }

    #[test]
    fn labels_formulas_and_comments_are_texts() {
        let place = |row: u8, column: u8| [row, 0, column, 0, 0, 0];
        let comment = of(TEXT_OBJECT, &[&[0; 10], &[4, 0], &[0; 6]]);
        let more = [
            of(LABEL, &[&place(0, 3), &short("token")]),
            of(FORMULA, &[&place(1, 3), &[0; 6], &[0xff; 2], &[0; 8]]),
            of(STRING, &[&short("made")]),
            of(RICH_LABEL, &[&place(2, 3), &short("rich")]),
            [comment, of(0x3c, &[b"\x01n\0o\0t\0e\0"])].concat(),
        ];
        check(&book(&[], &[], &more.concat()), vec![("token", "made"), ("token", "rich"), ("", "token\t\n\nnote\n\n")]);
        let old = of(LABEL, &[&place(0, 0), b"\x03\0old"]);
        check(&[start(0x500, 5), old, of(EOF, &[])].concat(), vec![("", "old\t\n")]);
    }

    #[test]
    fn numbers_are_cells_as_texts_are() {
        let more = [
            of(0x27e, &[&[1, 0, 0, 0, 9, 9], &(4711u32 << 2 | 2).to_le_bytes()]),
            of(0x203, &[&[1, 0, 1, 0, 9, 9], &0.5f64.to_le_bytes()]),
            of(FORMULA, &[&[2, 0, 0, 0, 9, 9], &7f64.to_le_bytes(), &[0; 8]]),
        ];
        let bytes = book(&["pin", "rate"], &[(0, 0, 0), (0, 1, 1)], &more.concat());
        check(&bytes, vec![("pin", "rate"), ("pin", "4711"), ("4711", "0.5"), ("pin", "7"), ("", "pin\t\n\n\n")]);
    }

    #[test]
    fn what_a_password_hides_is_a_gap() {
        let bytes = [start(0x600, 5), of(FILE_PASS, &[b"\x01\0"]), b"some bytes".to_vec()].concat();
        let found = check(&bytes, vec![]);
        assert_eq!((found.gaps, found.raw), (vec![GapReason::Encrypted], bytes));
    }

    #[test]
    fn cells_that_share_a_text_make_little_of_much() {
        let long = "0123456789".repeat(2000);
        let cells: Vec<_> = (0..2000).map(|row| (row, 0, 0)).collect();
        let found = seen(&Workbook, &book(&[&long], &cells, b""));
        let told: usize = found.texts.0.iter().map(|(_, text)| text.len()).sum();
        assert!(told < 300_000 && found.gaps == [GapReason::SizeLimit], "{told} {:?}", found.gaps);
    }
}
