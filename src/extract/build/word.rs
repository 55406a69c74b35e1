//! Documents of Word 97 to 2003 (MS-DOC): the text in the stream `WordDocument`, piece by piece.
//!
//! A document that was edited has its text in pieces, some of bytes and some of UTF-16, and the stream of a table says
//! in which order (2.4.1). The cells of a table have the name of what stands at the head of their column, or before
//! them in a row of two. What was deleted is in no piece, and is scanned as it is with the rest of the stream.

use super::super::cursor::{Cursor, le16, le32};
use super::super::{Sink, Stop};
use super::sheet::{Cell, Gathered, Heads, is_plain};
use crate::finding::GapReason;
use std::ops::Range;

/// First number of the stream, and the first version that is known: Word 97 (2.5.2).
const MAGIC: u16 = 0xa5ec;
const VERSION: u16 = 0xc1;
/// Flags of the header.
const ENCRYPTED: u16 = 0x100;
const SECOND_TABLE: u16 = 0x200;
/// Where the header has the place of the pieces in the table (`fcClx`, 2.5.6).
const PLACE: usize = 0x1a2;
/// Parts of what stands there: formats, and the pieces (2.9.38).
const FORMATS: u8 = 1;
const PIECES: u8 = 2;
/// A piece of bytes, at half its place (2.9.73).
const BYTES: u32 = 1 << 30;

/// What Windows writes for the letters from 0x80 to 0x9f (code page 1252).
const LETTERS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’', '“', '”',
    '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The header of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) is_encrypted: bool,
    /// The stream with the table.
    pub(super) table: &'static str,
    clx: (usize, usize),
}

impl Header {
    /// The header of a stream; `None` if it is none of a version that is known.
    pub(super) fn read(document: &[u8]) -> Option<Self> {
        let (magic, version, flags) = (le16(document, 0)?, le16(document, 2)?, le16(document, 10)?);
        let clx = (le32(document, PLACE)? as usize, le32(document, PLACE + 4)? as usize);
        let table = if flags & SECOND_TABLE != 0 { "1Table" } else { "0Table" };
        (magic == MAGIC && version >= VERSION).then_some(Self { is_encrypted: flags & ENCRYPTED != 0, table, clx })
    }
}

/// A piece of the text: which bytes it has in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    bytes: Range<usize>,
    is_wide: bool,
}

/// The pieces in the order of the text. `None` if they cannot be read.
fn pieces(header: Header, table: &[u8]) -> Option<Vec<Piece>> {
    let mut cursor = Cursor::at(table, header.clx.0);
    let mut cursor = Cursor::new(cursor.take(header.clx.1)?);
    while cursor.byte()? == FORMATS {
        let length = cursor.u16_le()?;
        cursor.take(length.into())?;
    }
    let (kind, length) = (table.get(header.clx.0 + cursor.position() - 1)?, cursor.u32_le()?);
    let list = cursor.take(usize::try_from(length).ok()?).filter(|_| *kind == PIECES)?;
    // Of n pieces there are n + 1 places in the text, of four bytes each, then n descriptions of eight.
    let count = list.len().checked_sub(4)? / 12;
    let piece = |index: usize| {
        let (from, to) = (le32(list, index * 4)?, le32(list, index * 4 + 4)?);
        let place = le32(list, (count + 1) * 4 + index * 8 + 2)?;
        let letters = to.checked_sub(from)? as usize;
        let is_wide = place & BYTES == 0;
        let at = if is_wide { place as usize } else { (place & !BYTES) as usize / 2 };
        Some(Piece { bytes: at..at.checked_add(letters.checked_mul(1 + usize::from(is_wide))?)?, is_wide })
    };
    (0..count).map(piece).collect()
}

/// Tells the text of a document and blanks it. `place` says where in the file a byte of the stream stands.
pub(super) fn tell(
    document: &mut [u8],
    (header, table): (Header, &[u8]),
    place: &dyn Fn(usize) -> usize,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let whole = document.len();
    let (mut left, mut told) = (whole, Vec::new());
    let mut lines = Lines::default();
    let pieces = pieces(header, table);
    let mut damaged = pieces.is_none();
    for piece in pieces.into_iter().flatten() {
        // Honest pieces have their bytes each for itself.
        let fewer = left.checked_sub(piece.bytes.len());
        let (Some(fewer), Some(bytes)) = (fewer, document.get(piece.bytes.clone())) else {
            damaged = true;
            continue;
        };
        left = fewer;
        let mut plain = true;
        for (letter, at) in letters(bytes, piece.is_wide) {
            plain &= is_plain(letter.into());
            lines.letter(letter, piece.bytes.start + at, place, sink)?;
        }
        told.extend(Some(piece.bytes).filter(|_| plain));
    }
    for bytes in told {
        if let Some(told) = document.get_mut(bytes) {
            told.fill(0);
        }
    }
    if damaged {
        let detail = "Word: pieces of text that cannot be read; scanned as they are";
        sink.gap(GapReason::Damaged, detail.into(), None);
    }
    lines.end(place, sink)
}

/// The letters of a piece, and where each begins.
fn letters(bytes: &[u8], is_wide: bool) -> Box<dyn Iterator<Item = (char, usize)> + '_> {
    if is_wide {
        let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
        let letters = char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}'));
        return Box::new(letters.scan(0, |at, letter| Some((letter, std::mem::replace(at, *at + 2 * letter.len_utf16())))));
    }
    let letter = |byte: u8| LETTERS.get(usize::from(byte).wrapping_sub(0x80)).copied().unwrap_or(byte.into());
    Box::new(bytes.iter().enumerate().map(move |(at, byte)| (letter(*byte), at)))
}

/// The text, taken apart into lines and cells.
#[derive(Default)]
struct Lines {
    text: Gathered,
    line: Gathered,
    /// Instructions of fields in the line, which have one of their own, and for each field that is open whether it is
    /// at its instructions: behind them is what it shows.
    aside: Gathered,
    fields: Vec<bool>,
    instructions: usize,
    heads: Heads,
    row: Vec<Cell>,
    /// The column of the cell at hand, and how many the first row of the table has.
    column: usize,
    width: usize,
}

impl Lines {
    fn letter(&mut self, letter: char, at: usize, place: &dyn Fn(usize) -> usize, sink: &mut dyn Sink) -> Result<(), Stop> {
        match letter {
            '\r' | '\u{b}' | '\u{c}' => self.end_line(place, sink)?,
            '\u{7}' => self.end_cell(place, sink)?,
            // What begins a field, what it shows, and its end.
            '\u{13}' => {
                self.fields.push(true);
                self.instructions += 1;
            }
            '\u{14}' | '\u{15}' => {
                self.instructions -= usize::from(self.fields.pop() == Some(true));
                self.aside.write(b" ", at);
                self.fields.extend(Some(false).filter(|_| letter == '\u{14}'));
            }
            // A hyphen that stays, and one that shows only where a line ends.
            '\u{1e}' => self.write(b"-", at),
            '\u{1f}' => {}
            letter => self.write(letter.encode_utf8(&mut [0; 4]).as_bytes(), at),
        }
        Ok(())
    }

    fn write(&mut self, letter: &[u8], at: usize) {
        let line = if self.instructions > 0 { &mut self.aside } else { &mut self.line };
        line.write(letter, at);
    }

    /// Tells the instructions of a line behind it. Whatever is open by then has no more of them.
    fn end_aside(&mut self, place: &dyn Fn(usize) -> usize, sink: &mut dyn Sink) -> Result<(), Stop> {
        (self.fields, self.instructions) = (Vec::new(), 0);
        let Gathered { text, at: Some(at) } = std::mem::take(&mut self.aside) else { return Ok(()) };
        self.text.write(&text, place(at));
        self.text.end_line(sink)
    }

    fn end_line(&mut self, place: &dyn Fn(usize) -> usize, sink: &mut dyn Sink) -> Result<(), Stop> {
        let Gathered { text, at } = std::mem::take(&mut self.line);
        if let Some(at) = at {
            self.text.write(&text, place(at));
        }
        if self.row.is_empty() && self.column == 0 {
            (self.heads, self.width) = (Heads::default(), 0);
        }
        self.text.end_line(sink)?;
        self.end_aside(place, sink)
    }

    /// A mark ends each cell, and one more the row.
    fn end_cell(&mut self, place: &dyn Fn(usize) -> usize, sink: &mut dyn Sink) -> Result<(), Stop> {
        let Gathered { text, at } = std::mem::take(&mut self.line);
        if at.is_none() && self.column > 0 && self.column >= self.width {
            self.width = self.width.max(self.column);
            self.column = 0;
            let row = std::mem::take(&mut self.row);
            return self.heads.end_row(row, &mut self.text, sink);
        }
        self.end_aside(place, sink)?;
        if let Some(at) = at {
            self.row.push(Cell { column: self.column, text: text.trim_ascii().to_vec(), at: place(at) });
        }
        self.column += 1;
        Ok(())
    }

    fn end(mut self, place: &dyn Fn(usize) -> usize, sink: &mut dyn Sink) -> Result<(), Stop> {
        let row = std::mem::take(&mut self.row);
        if !row.is_empty() {
            self.heads.end_row(row, &mut self.text, sink)?;
        }
        self.end_line(place, sink)?;
        self.text.flush(sink)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::testing::Seen;
    use super::*;

    /// A document of these pieces, which stand in it back to front, and its table.
    pub(in super::super) fn document(pieces: &[(&str, bool)]) -> (Vec<u8>, Vec<u8>) {
        let mut stream = [&MAGIC.to_le_bytes()[..], &VERSION.to_le_bytes()].concat();
        stream.resize(512, 0);
        let (mut places, mut list, mut count) = (vec![0u32], Vec::new(), 0);
        for (text, is_wide) in pieces.iter().rev() {
            let at = stream.len() as u32;
            list.push(if *is_wide { at } else { (at * 2) | BYTES });
            match is_wide {
                true => stream.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
                false => stream.extend(text.chars().map(|letter| if letter == '’' { 0x92 } else { letter as u8 })),
            }
        }
        for (text, _) in pieces {
            count += text.chars().count() as u32;
            places.push(count);
        }
        let places: Vec<u8> = places.iter().flat_map(|place| place.to_le_bytes()).collect();
        let list: Vec<u8> = list.iter().rev().flat_map(|place| [&[0, 0][..], &place.to_le_bytes(), &[0, 0]].concat()).collect();
        let length = (places.len() + list.len()) as u32;
        let table = [b"????\x01\x02\0ab\x02", &length.to_le_bytes()[..], &places, &list].concat();
        stream[PLACE..PLACE + 8].copy_from_slice(&[4u32.to_le_bytes(), (table.len() as u32 - 4).to_le_bytes()].concat());
        (stream, table)
    }

    fn check(pieces: &[(&str, bool)], texts: Vec<(&str, &str)>) {
        let (mut stream, table) = document(pieces);
        let header = Header::read(&stream).unwrap();
        assert_eq!((header.table, header.is_encrypted), ("0Table", false));
        let mut seen = Seen::default();
        tell(&mut stream, (header, &table), &|at| at, &mut seen).unwrap();
        assert_eq!((seen.texts, seen.gaps), (texts.into(), vec![]));
        assert!(stream[512..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn pieces_are_joined_in_their_order() {
        check(&[("a tok", true), ("en’s\r", false), ("second € line", true)], vec![("", "a token’s\nsecond € line\n")]);
        check(&[("a\u{1e}b\u{1f}c\u{13}PAGE\u{15}", false)], vec![("", "a-bc\nPAGE \n")]);
        let field = "token: \u{13}LINK \u{13}IF\u{14}a\u{15}b\u{14}one\u{15}\rtwo\u{15}";
        check(&[(field, true)], vec![("", "token: one\nLINK IF a b  \ntwo\n")]);
    }

    #[test]
    fn cells_have_the_names_of_their_heads() {
        let table = "before\rhost\u{7}note\u{7}password\u{7}id\u{7}\u{7}a\u{7}\u{7}b\u{7}c\u{7}\u{7}after\r";
        check(
            &[(table, false)],
            vec![("host", "a"), ("password", "b"), ("id", "c"), ("", "before\nhost\tnote\tpassword\tid\t\n\nafter\n\n")],
        );
        check(
            &[("token\u{7}x\u{7}\u{7}key\u{7}y\u{7}\u{7}", true)],
            vec![("token", "x"), ("token", "key"), ("key", "y"), ("", "token\t\n\n\n")],
        );
    }

    #[test]
    fn pieces_that_lie_are_told() {
        let (stream, table) = document(&[("some text", false), ("more", true)]);
        let header = Header::read(&stream).unwrap();
        for cut in 0..table.len() {
            let mut seen = Seen::default();
            tell(&mut stream.clone(), (header, &table[..cut]), &|at| at, &mut seen).unwrap();
            assert_eq!(seen.gaps, [GapReason::Damaged], "{cut}");
        }
        for cut in 0..PLACE + 8 {
            assert_eq!(Header::read(&stream[..cut]), None, "{cut}");
        }
        let mut seen = Seen::default();
        tell(&mut stream[..515].to_vec(), (header, &table), &|at| at, &mut seen).unwrap();
        assert_eq!(seen.gaps, [GapReason::Damaged]);
    }
}
