//! Documents of offices: the XML in .docx, .xlsx, .pptx, .odt, .ods and .odp.
//!
//! ECMA-376 (WordprocessingML, SpreadsheetML, DrawingML) and ISO/IEC 26300 (ODF). A word may be split over many runs,
//! so the text of a paragraph is joined. The cells of a table have the name of what stands at the head of their
//! column, or before them in a row of two. All else of the XML is scanned as it is.

use super::super::xml::{Part, Tag, parts, undone};
use super::super::{About, Extractor, Halt, Head, Input, Sink, Stop};
use super::sheet::{Cell, Gathered, Heads};
use crate::finding::GapReason;
use std::io::BufRead;

/// The XML of a document.
pub struct Office;

/// The longest document that is read by its structure.
const HELD: usize = 16 << 20;

/// First elements of such documents.
const ROOTS: &[&[u8]] = &[
    b"w:document",
    b"w:hdr",
    b"w:ftr",
    b"w:comments",
    b"w:footnotes",
    b"w:endnotes",
    b"w:glossaryDocument",
    b"p:sld",
    b"p:notes",
    b"p:sldLayout",
    b"p:sldMaster",
    b"p:cmLst",
    b"worksheet",
    b"sst",
    b"comments",
    b"office:document-content",
    b"office:document",
    b"office:document-styles",
];

impl Extractor for Office {
    fn name(&self) -> &'static str {
        "office"
    }

    fn about(&self) -> About {
        About {
            title: "office document (docx, xlsx, pptx, odt, ods, odp)",
            reads: "text joined over runs, cells with the head of their column or row; the rest of the XML as it is",
            limits: "parts of up to 16 MiB by their structure; formulas are not computed",
            specification: "ECMA-376, ISO/IEC 26300",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let start = head.start.get(..Head::LEN.min(head.start.len())).unwrap_or_default();
        let spaces = [&b"openxmlformats.org"[..], b"purl.oclc.org/ooxml", b"oasis:names:tc:opendocument"];
        first_element(start).is_some_and(|first| ROOTS.contains(&first))
            && spaces.iter().any(|space| memchr::memmem::find(start, space).is_some())
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let Some(bytes) = input.held(HELD)? else {
            sink.gap(GapReason::SizeLimit, "office: too long for its text to be joined; scanned as it is".into(), None);
            return Ok(());
        };
        let mut reader = Reader::new(&bytes, sink);
        reader.read()?;
        if reader.depth != 0 || !bytes.trim_ascii_end().ends_with(b">") {
            reader.sink.gap(GapReason::Damaged, "office: elements that do not end; what they hold was read".into(), None);
        }
        let rest = std::mem::take(&mut reader.rest);
        sink.raw_at(0, &mut rest.as_slice())?;
        let length = bytes.len();
        input.consume(length);
        Ok(())
    }
}

/// The name of the first element, behind what declares the document. Its tag may be long: name spaces stand in it.
fn first_element(start: &[u8]) -> Option<&[u8]> {
    let mut rest = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    while rest.starts_with(b"<?") || rest.starts_with(b"<!") {
        rest = rest.get(memchr::memchr(b'>', rest)? + 1..)?.trim_ascii_start();
    }
    let name = rest.strip_prefix(b"<")?;
    name.get(..name.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>')?)
}

/// What an element is to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// What stands in it is text.
    Text,
    /// A line of its own.
    Line,
    /// The same, and all in it is text.
    TextLine,
    /// What a field is made of, among its text: of a link, where it leads.
    Instruction,
    Table,
    Row,
    Cell,
    /// Stands for a sign.
    Sign(u8),
    Other,
}

impl Role {
    fn of(name: &[u8]) -> Self {
        match name {
            b"w:t" | b"a:t" | b"t" | b"w:delText" | b"v" | b"p:text" | b"p188:text" => Self::Text,
            b"text:p" | b"text:h" => Self::TextLine,
            b"w:instrText" | b"w:delInstrText" => Self::Instruction,
            b"w:p" | b"a:p" | b"si" | b"comment" => Self::Line,
            b"w:tbl" | b"a:tbl" | b"table:table" | b"sheetData" => Self::Table,
            b"w:tr" | b"a:tr" | b"table:table-row" | b"row" => Self::Row,
            b"w:tc" | b"a:tc" | b"table:table-cell" | b"c" => Self::Cell,
            b"w:tab" | b"text:tab" => Self::Sign(b'\t'),
            b"text:s" => Self::Sign(b' '),
            b"w:br" | b"a:br" | b"w:cr" | b"text:line-break" => Self::Sign(b'\n'),
            b"w:noBreakHyphen" => Self::Sign(b'-'),
            _ => Self::Other,
        }
    }
}

struct Reader<'r> {
    bytes: &'r [u8],
    sink: &'r mut dyn Sink,
    /// The document with blanks in place of its text.
    rest: Vec<u8>,
    /// Elements that are open, and those of them that hold text.
    depth: i64,
    texts: usize,
    gathered: Gathered,
    /// Instructions of the line at hand, which have one of their own, and whether such a one is open.
    aside: Gathered,
    is_aside: bool,
    cell: Option<Gathered>,
    row: Vec<Cell>,
    /// The column that comes next.
    column: usize,
    heads: Heads,
}

impl<'r> Reader<'r> {
    fn new(bytes: &'r [u8], sink: &'r mut dyn Sink) -> Self {
        Self {
            bytes,
            sink,
            rest: bytes.to_vec(),
            depth: 0,
            texts: 0,
            gathered: Gathered::default(),
            aside: Gathered::default(),
            is_aside: false,
            cell: None,
            row: Vec::new(),
            column: 0,
            heads: Heads::default(),
        }
    }

    fn read(&mut self) -> Result<(), Stop> {
        for part in parts(self.bytes) {
            match part {
                Part::Open(tag, closed) => {
                    self.open(&tag, closed);
                    if closed {
                        self.close(tag.name)?;
                    }
                }
                Part::Close(name) => self.close(name)?,
                Part::Text(range) if self.texts > 0 || self.is_aside => {
                    let text = undone(self.bytes.get(range.clone()).unwrap_or_default());
                    self.write(&text, range.start);
                    if let Some(covered) = self.rest.get_mut(range) {
                        covered.fill(b' ');
                    }
                }
                Part::Text(_) => {}
            }
        }
        self.end_aside()?;
        self.gathered.flush(self.sink)
    }

    fn write(&mut self, text: &[u8], at: usize) {
        let line = self.cell.as_mut().unwrap_or(&mut self.gathered);
        if self.is_aside { &mut self.aside } else { line }.write(text, at);
    }

    /// Ends a line, of a cell if one is open.
    fn end_line(&mut self) -> Result<(), Stop> {
        match &mut self.cell {
            Some(cell) => cell.write(b"\n", 0),
            None => self.gathered.end_line(self.sink)?,
        }
        self.end_aside()
    }

    /// Tells the instructions of a line behind it.
    fn end_aside(&mut self) -> Result<(), Stop> {
        let Gathered { text, at: Some(at) } = std::mem::take(&mut self.aside) else { return Ok(()) };
        self.gathered.write(&text, at);
        self.gathered.end_line(self.sink)
    }

    fn open(&mut self, tag: &Tag<'_>, closed: bool) {
        self.depth += 1;
        match Role::of(tag.name) {
            Role::Text | Role::TextLine => self.texts += 1,
            Role::Instruction => self.is_aside = !closed,
            Role::Sign(sign) => self.write(&[sign], 0),
            Role::Table => self.heads = Heads::default(),
            Role::Row => (self.column, self.row) = (0, Vec::new()),
            Role::Cell => {
                let repeated = tag.attribute(b"table:number-columns-repeated").and_then(number).filter(|_| closed);
                self.column = tag.attribute(b"r").and_then(column).unwrap_or(self.column);
                self.column = self.column.saturating_add(repeated.unwrap_or(1).saturating_sub(1));
                self.cell = Some(Gathered::default());
            }
            Role::Line | Role::Other => {}
        }
    }

    fn close(&mut self, name: &[u8]) -> Result<(), Stop> {
        self.depth -= 1;
        match Role::of(name) {
            Role::Text => self.texts = self.texts.saturating_sub(1),
            Role::TextLine => {
                self.texts = self.texts.saturating_sub(1);
                self.end_line()?;
            }
            Role::Instruction => self.is_aside = false,
            Role::Line => self.end_line()?,
            Role::Cell => {
                if let Some(Gathered { text, at: Some(at) }) = self.cell.take() {
                    self.row.push(Cell { column: self.column, text: text.trim_ascii().to_vec(), at });
                }
                self.column = self.column.saturating_add(1);
            }
            Role::Row => {
                let row = std::mem::take(&mut self.row);
                self.heads.end_row(row, &mut self.gathered, self.sink)?;
            }
            Role::Table | Role::Sign(_) | Role::Other => {}
        }
        Ok(())
    }
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The column that a reference like `AB12` names, from 0.
fn column(reference: &[u8]) -> Option<usize> {
    let letters = reference.iter().take_while(|byte| byte.is_ascii_uppercase()).take(4);
    let number = letters.fold(0usize, |number, letter| number * 26 + usize::from(letter - b'A') + 1);
    number.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    const WORD: &str = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'";

    #[test]
    fn words_are_joined_over_runs() {
        let text = format!(
            "<?xml version='1.0'?><w:document {WORD}><w:p a='b'><w:r><w:t>one &amp; t</w:t></w:r><w:r><w:t>wo</w:t></w:r></w:p>\
             <w:p><w:r><w:t>three</w:t></w:r></w:p></w:document>"
        );
        assert!(Office.probe(&Head { start: text.as_bytes(), tail: &[] }));
        let found = seen(&Office, text.as_bytes());
        assert_eq!(found.texts, vec![("", "one & two\nthree\n")].into());
        let raw = String::from_utf8(found.raw).unwrap();
        assert!(raw.len() == text.len() && raw.contains("a='b'") && !raw.contains("three") && found.gaps.is_empty());
    }

    #[test]
    fn what_a_field_shows_goes_on_with_its_line() {
        let field =
            "<w:r><w:instrText>LINK \"a</w:instrText></w:r><w:r><w:instrText>b\"</w:instrText></w:r><w:r><w:t>one</w:t></w:r>";
        let text = format!("<w:document {WORD}><w:p><w:r><w:t>token: </w:t></w:r>{field}</w:p></w:document>");
        assert_eq!(seen(&Office, text.as_bytes()).texts, vec![("", "token: one\nLINK \"ab\"\n")].into());
    }

    #[test]
    fn cells_have_the_names_of_their_heads() {
        let cell = |text: &str| format!("<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>");
        let row = |cells: &[&str]| format!("<w:tr>{}</w:tr>", cells.iter().map(|text| cell(text)).collect::<String>());
        let rows = [row(&["host", "password", "note"]), row(&["a", "b", "c"]), row(&["token", "d"])].concat();
        let text = format!("<w:document {WORD}><w:tbl>{rows}</w:tbl></w:document>");
        let found = seen(&Office, text.as_bytes());
        // The sink of the tests wants every name.
        assert_eq!(
            found.texts.0[..4],
            [("host", "a"), ("password", "b"), ("note", "c"), ("host", "token")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert_eq!(found.texts.0[4], ("token".to_owned(), "d".to_owned()));
    }

    #[test]
    fn sheets_know_their_columns() {
        let space = "xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'";
        let text = format!(
            "<worksheet {space}><sheetData><row><c r='A1'><v>user</v></c><c r='C1'><v>secret</v></c><c r='D1'><v>x</v></c></row>\
             <row><c r='C2'><is><t>one</t></is></c></row></sheetData></worksheet>"
        );
        assert_eq!(seen(&Office, text.as_bytes()).texts.0[0], ("secret".to_owned(), "one".to_owned()));
        assert_eq!((column(b"A1"), column(b"AB7"), column(b"7")), (Some(0), Some(27), None));
    }

    #[test]
    fn a_cut_is_told() {
        let text = format!("<w:document {WORD}><w:p><w:r><w:t>one</w:t></w:r></w:p></w:document>");
        for cut in 120..text.len() - 1 {
            assert!(!seen(&Office, &text.as_bytes()[..cut]).gaps.is_empty(), "{cut}");
        }
    }
}
