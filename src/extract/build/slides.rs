//! Presentations of PowerPoint 97 to 2003 (MS-PPT): the streams `PowerPoint Document` and `Pictures` of a compound file.
//!
//! Both are records, one behind the other, and containers are heads of records that follow. Texts, names and comments are
//! told in the order in which they stand, those of slides that were deleted, too: each saving goes on at the end of the
//! stream. Embedded objects and pictures are members, packed or not. All else is scanned as it is.

use super::super::cursor::Cursor;
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, Stop, Text};
use super::sheet::{Gathered, is_plain};
use crate::finding::GapReason;
use std::io::{self, Read};

/// A stream of a presentation.
pub struct Slides;

/// Bytes of the head of a record (MS-PPT, 2.3.1), and the version that says that it holds others.
const HEAD: usize = 8;
const CONTAINER: u16 = 0xf;

/// Kinds of records (2.13.24).
const DOCUMENT: u16 = 0x3e8;
const DOCUMENT_ATOM: u16 = 0x3e9;
const WIDE_TEXT: u16 = 0xfa0;
const TEXT: u16 = 0xfa8;
const NAME: u16 = 0xfba;
const OBJECT: u16 = 0x1011;
/// A name and a value of a macro's own; what newer versions added, which is records again.
const TAG: u16 = 0x1389;
const ADDED: u16 = 0x138b;
/// Pictures (MS-ODRAW, 2.2.23), the first three of which are drawings that may be packed.
const PICTURES: std::ops::RangeInclusive<u16> = 0xf01a..=0xf02a;
const DRAWINGS: std::ops::RangeInclusive<u16> = 0xf01a..=0xf01c;

/// The longest text that is told, and other records that are scanned in one piece with those beside them.
const LONGEST: u32 = 1 << 20;
const GATHERED: usize = 64 << 10;

impl Extractor for Slides {
    fn name(&self) -> &'static str {
        "presentation"
    }

    fn about(&self) -> About {
        About {
            title: "PowerPoint presentation (ppt, in a compound file)",
            reads: "texts of slides, notes and comments, those of deleted slides too, tags by their name; embedded objects and pictures opened; all else as it is",
            limits: "texts of up to 1 MiB; encrypted ones are gaps; cells of tables have no names",
            specification: "https://learn.microsoft.com/openspecs/office_file_formats/ms-ppt",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let (Some(first), second) = (Record::read(head.start), head.start.get(HEAD..).and_then(Record::read)) else {
            return false;
        };
        let is_document =
            first.kind == DOCUMENT && first.is_container() && second.is_some_and(|second| second.kind == DOCUMENT_ATOM);
        is_document || first.is_picture() && second.is_some()
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut reader = Reader { sink, text: Gathered::default(), rest: Vec::new(), start: 0, tag: None, end: 0 };
        let is_whole = reader.read(input)?;
        reader.flush()?;
        reader.text.flush(reader.sink)?;
        if !is_whole {
            let detail = "presentation: ends within a record; what stands before was read";
            reader.sink.gap(GapReason::Truncated, detail.into(), None);
        }
        Ok(())
    }
}

/// The head of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record {
    version: u16,
    instance: u16,
    kind: u16,
    length: u32,
}

impl Record {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let (flags, kind, length) = (cursor.u16_le()?, cursor.u16_le()?, cursor.u32_le()?);
        Some(Self { version: flags & 0xf, instance: flags >> 4, kind, length })
    }

    fn is_container(&self) -> bool {
        self.version == CONTAINER || self.kind == ADDED
    }

    /// Whether it is a picture: each kind of them has its own marks.
    fn is_picture(&self) -> bool {
        let marks: &[u16] = match self.kind {
            0xf01a => &[0x3d4],
            0xf01b => &[0x216],
            0xf01c => &[0x542],
            0xf01d | 0xf02a => &[0x46a, 0x6e2],
            0xf01e => &[0x6e0],
            0xf01f => &[0x7a8],
            0xf029 => &[0x6e4],
            _ => &[],
        };
        self.version == 0 && marks.contains(&(self.instance & !1))
    }

    /// Bytes before what a member holds: marks and measures of a picture, the size of a packed object.
    fn prelude(&self) -> u32 {
        match self.kind {
            OBJECT => 4 * u32::from(self.instance == 1),
            // An odd mark has two digests.
            kind => 16 * (1 + u32::from(self.instance & 1)) + if DRAWINGS.contains(&kind) { 34 } else { 1 },
        }
    }
}

struct Reader<'r> {
    sink: &'r mut dyn Sink,
    text: Gathered,
    /// What is scanned as it is, from a place on.
    rest: Vec<u8>,
    start: u64,
    /// The name of the tag that is open, once it is known.
    tag: Option<Vec<u8>>,
    /// Where the last of the containers ends.
    end: u64,
}

impl Reader<'_> {
    /// Reads all records. Whether the last is whole.
    fn read(&mut self, input: &mut Input<'_>) -> Result<bool, Halt> {
        loop {
            let head = self.keep(input, HEAD as u64)?;
            let Some(record) = self.rest.get(head..).and_then(Record::read) else {
                // Some end with zeros, to fill what they lie in.
                let is_blank = self.rest.get(head..).is_none_or(|rest| rest.iter().all(|byte| *byte == 0));
                return Ok(is_blank && input.position() >= self.end);
            };
            if record.version == CONTAINER {
                self.end = self.end.max(input.position().saturating_add(record.length.into()));
            }
            let whole = match record.kind {
                TAG => {
                    self.tag = Some(Vec::new());
                    true
                }
                _ if record.is_container() => true,
                WIDE_TEXT | TEXT | NAME if record.length <= LONGEST => self.told(record, input)?,
                OBJECT => self.member("object", record, input)?,
                kind if PICTURES.contains(&kind) && record.is_picture() => self.member("picture", record, input)?,
                _ => self.passed(record, input)?,
            };
            if !whole {
                return Ok(false);
            }
        }
    }

    /// Reads bytes to what is scanned as it is. Where in that they begin.
    fn keep(&mut self, input: &mut Input<'_>, length: u64) -> Result<usize, Halt> {
        if self.rest.len() >= GATHERED {
            self.flush()?;
        }
        if self.rest.is_empty() {
            self.start = input.position();
        }
        let before = self.rest.len();
        Read::take(input, length).read_to_end(&mut self.rest)?;
        Ok(before)
    }

    /// Scans what was kept.
    fn flush(&mut self) -> Result<(), Stop> {
        let rest = std::mem::take(&mut self.rest);
        if rest.is_empty() { Ok(()) } else { self.sink.raw_at(self.start, &mut rest.as_slice()) }
    }

    /// A record that nothing is known of.
    fn passed(&mut self, record: Record, input: &mut Input<'_>) -> Result<bool, Halt> {
        let length = u64::from(record.length);
        if length < GATHERED as u64 {
            let before = self.keep(input, length)?;
            return Ok((self.rest.len() - before) as u64 == length);
        }
        self.flush()?;
        let start = input.position();
        let mut body = Read::take(input, length);
        self.sink.raw_at(start, &mut body)?;
        // A sink may leave off early.
        io::copy(&mut body, &mut io::sink())?;
        Ok(body.limit() == 0)
    }

    /// What may be a file of its own.
    fn member(&mut self, what: &str, record: Record, input: &mut Input<'_>) -> Result<bool, Halt> {
        let prelude = record.prelude().min(record.length);
        let name = format!("{what} at {}", input.position());
        self.keep(input, prelude.into())?;
        let size = u64::from(record.length - prelude);
        let mut body = Read::take(input, size);
        self.sink.member(&Member { name: name.as_bytes(), kind: MemberKind::File, size: Some(size) }, &mut body)?;
        io::copy(&mut body, &mut io::sink())?;
        let is_whole = body.limit() == 0;
        self.flush()?;
        Ok(is_whole)
    }

    /// Tells a text, and blanks it. The letters of some records are the lower halves of others (2.9.42).
    fn told(&mut self, record: Record, input: &mut Input<'_>) -> Result<bool, Halt> {
        let at = input.position();
        let before = self.keep(input, record.length.into())?;
        let bytes = self.rest.get_mut(before..).unwrap_or_default();
        let is_whole = bytes.len() as u64 == u64::from(record.length);
        let units: Vec<u16> = match record.kind {
            TEXT => bytes.iter().map(|byte| u16::from(*byte)).collect(),
            _ => bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect(),
        };
        if units.iter().all(|unit| is_plain((*unit).into())) {
            bytes.fill(0);
        }
        // Lines and paragraphs.
        let text = String::from_utf16_lossy(&units).replace(['\r', '\u{b}'], "\n");
        match self.tag.take().filter(|_| record.kind == NAME) {
            Some(tag) if tag.is_empty() => {
                self.text.write(text.as_bytes(), at as usize);
                self.tag = Some(text.into_bytes()).filter(|_| record.instance == 0);
            }
            Some(tag) if self.sink.wants(&tag) => {
                self.sink.text(&Text::named(&tag, text.as_bytes(), at))?;
                return Ok(is_whole);
            }
            _ => self.text.write(text.as_bytes(), at as usize),
        }
        self.text.end_line(self.sink)?;
        Ok(is_whole)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Seen, seen};
    use super::*;

    fn of(version: u16, instance: u16, kind: u16, data: &[u8]) -> Vec<u8> {
        [&(instance << 4 | version).to_le_bytes()[..], &kind.to_le_bytes(), &(data.len() as u32).to_le_bytes(), data].concat()
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    /// A presentation of these records.
    fn presentation(records: &[Vec<u8>]) -> Vec<u8> {
        let records = [vec![of(1, 0, DOCUMENT_ATOM, &[0; 40])], records.to_vec()].concat();
        of(CONTAINER, 0, DOCUMENT, &records.concat())
    }

    fn check(bytes: &[u8], texts: Vec<(&str, &str)>) -> Seen {
        assert!(Slides.probe(&Head { start: bytes, tail: &[] }));
        let found = seen(&Slides, bytes);
        assert_eq!((&found.texts, &found.gaps), (&texts.into(), &vec![]));
        found
    }

    #[test]
    fn texts_of_both_widths_are_told_in_their_order() {
        let records = [
            of(0, 0, TEXT, b"one\x0bt\xe4ken\rtwo"),
            of(CONTAINER, 0, 0xf00d, &of(0, 0, WIDE_TEXT, &wide("an’d"))),
            of(0, 0, 0x7777, b"unknown"),
            of(CONTAINER, 0, 0x138a, &of(0, 0, ADDED, &of(0, 1, NAME, &wide("note")))),
        ];
        let bytes = presentation(&records);
        let found = check(&bytes, vec![("", "one\ntäken\ntwo\nan’d\nnote\n")]);
        assert_eq!(found.raw.len(), bytes.len());
        assert!(memchr::memmem::find(&found.raw, b"unknown").is_some() && memchr::memmem::find(&found.raw, b"one").is_none());
        for cut in 16..bytes.len() {
            assert_eq!(seen(&Slides, &bytes[..cut]).gaps, [GapReason::Truncated], "{cut}");
        }
    }

    #[test]
    fn tags_have_names() {
        let tag = |name: &str, value: &str| {
            of(CONTAINER, 0, TAG, &[of(0, 0, NAME, &wide(name)), of(0, 1, NAME, &wide(value))].concat())
        };
        let records = [tag("PASSWORD", "one"), of(0, 0, NAME, &wide("a")), of(0, 1, NAME, &wide("b"))];
        check(&presentation(&records), vec![("PASSWORD", "one"), ("", "PASSWORD\na\nb\n")]);
    }

    #[test]
    fn objects_and_pictures_are_members() {
        let records = [of(0, 0, OBJECT, b"plain"), of(0, 1, OBJECT, b"????packed")];
        let found = check(&presentation(&records), vec![]);
        assert_eq!(found.members, vec![("object at 64", "plain"), ("object at 77", "packed")].into());
        let pictures = [
            of(0, 0x46a, 0xf01d, &[&[b'?'; 17][..], b"picture"].concat()),
            of(0, 0x3d5, 0xf01a, &[&[b'?'; 66][..], b"drawing"].concat()),
            of(0, 0x6e0, 0xf01e, b"short"),
        ];
        let found = check(&pictures.concat(), vec![]);
        assert_eq!(found.members, vec![("picture at 8", "picture"), ("picture at 40", "drawing"), ("picture at 121", "")].into());
        assert_eq!(found.raw.len(), pictures.concat().len() - 14);
    }

    #[test]
    fn long_records_are_scanned_and_letters_of_the_wrong_width_stay() {
        let long = "0123456789".repeat(20_000);
        let bytes = presentation(&[of(0, 0, 1, long.as_bytes()), of(0, 0, WIDE_TEXT, b"narrow")]);
        let found = seen(&Slides, &bytes);
        assert!(memchr::memmem::find(&found.raw, long.as_bytes()).is_some(), "{}", found.raw.len());
        assert!(found.raw.ends_with(b"narrow") && found.raw.len() == bytes.len() && found.gaps.is_empty());
    }
}
