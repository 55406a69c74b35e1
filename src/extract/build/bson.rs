//! BSON, as `mongodump` writes collections: documents one behind the other.
//!
//! Format: <https://bsonspec.org/spec.html>. A length, then elements: a type, a name, a value; documents in documents. There
//! is no magic, so the first document must read like one. Texts are told by the path of their names, binaries opened;
//! all else, names and what cannot be read, is scanned as it is.

use super::super::cursor::{Cursor, le32};
use super::super::model::keys;
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, Stop, Text};
use crate::finding::GapReason;
use std::io::{BufRead, Read};
use std::ops::Range;

/// BSON.
pub struct Bson;

/// The longest document: the format's own limit, and some.
const DOCUMENT: usize = 17 << 20;
/// Documents in documents: the database's own limit.
const DEPTH: usize = 100;
/// Bytes of a path of names.
const PATH: usize = 1024;
/// Texts shorter than this hold nothing, unless their name says so, and are scanned with what is around them.
const SHORT: usize = 8;
/// Binaries shorter than this hold nothing that opens.
const OPENED: usize = 64;
/// Bytes of documents that are gathered before they are scanned as they are.
const GATHERED: usize = 512 << 10;
/// Bytes of the names that a probe takes for names.
const NAME: usize = 128;

impl Extractor for Bson {
    fn name(&self) -> &'static str {
        "BSON"
    }

    fn about(&self) -> About {
        About {
            title: "BSON (mongodump)",
            reads: "texts by the path of their names, binaries opened; all else as it is",
            limits: "documents of up to 17 MiB, a hundred deep",
            specification: "https://bsonspec.org/spec.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        reads_like_one(head.start)
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut rest = Rest { start: 0, bytes: Vec::new(), blank: 0 };
        let read = documents(input, &mut rest, sink);
        if !matches!(read, Err(Halt::Stop)) {
            rest.flush(sink)?;
        }
        read
    }
}

/// What is scanned as it is: documents one behind the other, blank where they were told.
struct Rest {
    start: u64,
    bytes: Vec<u8>,
    blank: u64,
}

impl Rest {
    fn flush(&mut self, sink: &mut dyn Sink) -> Result<(), Stop> {
        if !self.bytes.is_empty() {
            sink.raw_at(self.start, &mut self.bytes.as_slice())?;
            sink.told_before(std::mem::take(&mut self.blank));
        }
        self.start += self.bytes.len() as u64;
        self.bytes.clear();
        Ok(())
    }
}

fn documents(input: &mut Input<'_>, rest: &mut Rest, sink: &mut dyn Sink) -> Result<(), Halt> {
    let mut is_sound = true;
    while !input.fill_buf()?.is_empty() {
        let start = input.position();
        let mut bytes = Vec::new();
        (&mut *input).take(4).read_to_end(&mut bytes)?;
        let length = le32(&bytes, 0).map_or(0, |length| length as usize);
        if (5..=DOCUMENT).contains(&length) {
            (&mut *input).take(length as u64 - 4).read_to_end(&mut bytes)?;
        }
        let is_odd = bytes.len() >= 4 && !(5..=DOCUMENT).contains(&length);
        let is_cut = !is_odd && bytes.len() < length.max(4);
        let mut document = Document { bytes: &bytes, start, told: Vec::new(), sink: &mut *sink };
        let is_read = !is_odd && !is_cut && document.read()?;
        let told = document.told;
        for stretch in told {
            rest.blank += stretch.len() as u64;
            bytes.get_mut(stretch).unwrap_or_default().fill(0);
        }
        rest.bytes.append(&mut bytes);
        if rest.bytes.len() > GATHERED {
            rest.flush(sink)?;
        }
        if is_cut {
            return Err(Halt::Broken(GapReason::Truncated, "BSON: ends within a document".to_owned()));
        }
        if is_odd {
            return Err(Halt::Broken(GapReason::Damaged, "BSON: a document of no length; scanned as it is".to_owned()));
        }
        if !is_read && is_sound {
            is_sound = false;
            sink.gap(GapReason::Damaged, "BSON: a document that cannot be read to its end; scanned as it is".to_owned(), None);
        }
    }
    Ok(())
}

/// A document on its way.
struct Document<'d> {
    bytes: &'d [u8],
    /// Where it stands.
    start: u64,
    /// Stretches of it that were told.
    told: Vec<Range<usize>>,
    sink: &'d mut dyn Sink,
}

/// A value, as far as it matters.
enum Value {
    Text(Range<usize>),
    Binary(Range<usize>),
    /// A document, and whether that is a list.
    Inner(bool),
    Other,
}

/// What is open: the path that leads to it, the name by which its texts are judged, whether it is a list, and its end.
struct Open {
    path: Vec<u8>,
    key: Vec<u8>,
    is_list: bool,
    end: usize,
}

impl Document<'_> {
    /// Tells what it holds. Says whether it could be read to its end.
    fn read(&mut self) -> Result<bool, Stop> {
        let mut cursor = Cursor::new(self.bytes);
        let mut stack: Vec<Open> = Vec::new();
        let Some(end) = entered(&mut cursor, self.bytes.len()) else { return Ok(false) };
        stack.push(Open { path: Vec::new(), key: Vec::new(), is_list: false, end });
        while let Some(open) = stack.last() {
            let Some(kind) = cursor.byte().filter(|_| cursor.position() <= open.end) else { return Ok(false) };
            if kind == 0 {
                if cursor.position() != open.end {
                    return Ok(false);
                }
                stack.pop();
                continue;
            }
            let Some((name, value)) = element(kind, &mut cursor) else { return Ok(false) };
            let (mut path, key) = match open.is_list {
                true => ([&open.path, &b"["[..], name, b"]"].concat(), open.key.clone()),
                false => (keys::joined(&open.path, name), name.to_vec()),
            };
            path.truncate(PATH);
            match value {
                Value::Inner(is_list) => {
                    let end = entered(&mut cursor, open.end).filter(|_| stack.len() < DEPTH);
                    let Some(end) = end else { return Ok(false) };
                    stack.push(Open { path, key, is_list, end });
                }
                Value::Text(range) => self.text(&path, &key, range)?,
                Value::Binary(range) => self.binary(&path, range)?,
                Value::Other => {}
            }
        }
        Ok(cursor.left() == 0)
    }

    fn text(&mut self, name: &[u8], key: &[u8], range: Range<usize>) -> Result<(), Stop> {
        let bytes = self.bytes.get(range.clone()).unwrap_or_default();
        if bytes.len() < SHORT && !self.sink.wants(key) {
            return Ok(());
        }
        let offset = self.start + range.start as u64;
        self.told.push(range);
        self.sink.text(&Text { name, key, bytes, offset })
    }

    fn binary(&mut self, name: &[u8], range: Range<usize>) -> Result<(), Stop> {
        let Some(mut bytes) = self.bytes.get(range.clone()).filter(|bytes| bytes.len() >= OPENED) else { return Ok(()) };
        let size = Some(bytes.len() as u64);
        self.told.push(range);
        self.sink.member(&Member { name, kind: MemberKind::File, size }, &mut bytes)
    }
}

/// Passes the length of a document that lies before `limit`; where it ends.
fn entered(cursor: &mut Cursor<'_>, limit: usize) -> Option<usize> {
    let start = cursor.position();
    let length = usize::try_from(cursor.u32_le()?).ok().filter(|length| *length >= 5)?;
    start.checked_add(length).filter(|end| *end <= limit)
}

/// The name and the value of an element of this type; of a document only what follows its length is still to come.
fn element<'c>(kind: u8, cursor: &mut Cursor<'c>) -> Option<(&'c [u8], Value)> {
    let name = terminated(cursor)?;
    let value = match kind {
        0x02 | 0x0d | 0x0e => Value::Text(string(cursor)?),
        0x03 => Value::Inner(false),
        0x04 => Value::Inner(true),
        0x05 => {
            let length = cursor.u32_le()? as usize;
            let subtype = cursor.byte()?;
            let start = cursor.position();
            cursor.take(length)?;
            // The second kind of old has its length once more.
            let start = if subtype == 2 && length >= 4 { start + 4 } else { start };
            Value::Binary(start..cursor.position())
        }
        0x0b => {
            terminated(cursor)?;
            terminated(cursor)?;
            Value::Other
        }
        0x0c => {
            string(cursor)?;
            cursor.take(12).map(|_| Value::Other)?
        }
        // Code and the document of its variables.
        0x0f => {
            cursor.take(4)?;
            string(cursor)?;
            Value::Inner(false)
        }
        0x06 | 0x0a | 0x7f | 0xff => Value::Other,
        _ => cursor.take(width(kind)?).map(|_| Value::Other)?,
    };
    Some((name, value))
}

/// Bytes of a value of this type, if all of it have as many.
fn width(kind: u8) -> Option<usize> {
    Some(match kind {
        0x08 => 1,
        0x10 => 4,
        0x01 | 0x09 | 0x11 | 0x12 => 8,
        0x07 => 12,
        0x13 => 16,
        _ => return None,
    })
}

fn terminated<'c>(cursor: &mut Cursor<'c>) -> Option<&'c [u8]> {
    let mut ahead = *cursor;
    let rest = ahead.take(cursor.left())?;
    let text = rest.get(..memchr::memchr(0, rest)?)?;
    cursor.take(text.len() + 1)?;
    Some(text)
}

/// A text behind its length, which counts the zero that ends it.
fn string(cursor: &mut Cursor<'_>) -> Option<Range<usize>> {
    let length = (cursor.u32_le()? as usize).checked_sub(1)?;
    let start = cursor.position();
    cursor.take(length)?;
    (cursor.byte()? == 0).then_some(start..start + length)
}

/// Whether bytes begin with a document: elements with names that people give, as far as there are bytes, and its end
/// where it should be.
fn reads_like_one(start: &[u8]) -> bool {
    let mut cursor = Cursor::new(start);
    let Some(length) = cursor.u32_le().map(|length| length as usize).filter(|length| (8..=DOCUMENT).contains(length)) else {
        return false;
    };
    let is_whole = length <= start.len();
    let named = |name: &[u8]| {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$' | b'.' | b' ' | b':' | b'/');
        (1..=NAME).contains(&name.len()) && name.iter().all(|byte| is_part(byte) || *byte >= 0x80)
    };
    for number in 0.. {
        let Some(kind) = cursor.byte() else { return number > 0 && !is_whole };
        if kind == 0 {
            return number > 0 && cursor.position() == length;
        }
        let mut ahead = cursor;
        match terminated(&mut ahead) {
            Some(name) if named(name) => {}
            Some(_) => return false,
            None => return number > 0 && !is_whole,
        }
        match element(kind, &mut cursor) {
            // Those that lie within are read when it is opened.
            Some((_, Value::Inner(_))) => {
                let from = cursor.position();
                let Some(inner) = cursor.u32_le().map(|inner| inner as usize) else { return number > 0 && !is_whole };
                if inner < 5 || from.saturating_add(inner) >= length {
                    return false;
                }
                if cursor.take(inner - 4).is_none() {
                    return !is_whole;
                }
            }
            Some(_) => {}
            // An unknown type, or a value of which the rest is not at hand.
            None => return number > 0 && !is_whole && (width(kind).is_some() || matches!(kind, 0x02..=0x05 | 0x0b..=0x0f)),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    fn document(elements: &[u8]) -> Vec<u8> {
        [&(elements.len() as u32 + 5).to_le_bytes()[..], elements, b"\0"].concat()
    }

    fn text(kind: u8, name: &str, value: &str) -> Vec<u8> {
        [&[kind][..], name.as_bytes(), b"\0", &(value.len() as u32 + 1).to_le_bytes(), value.as_bytes(), b"\0"].concat()
    }

    fn inner(kind: u8, name: &str, elements: &[u8]) -> Vec<u8> {
        [&[kind][..], name.as_bytes(), b"\0", &document(elements)].concat()
    }

    /// An id, settings with a list, a binary, code and numbers of every kind.
    fn sample() -> Vec<u8> {
        let binary = [&b"\x05file\0"[..], &70u32.to_le_bytes(), b"\0", &[b'x'; 70]].concat();
        let list = [text(2, "0", "a first text"), text(2, "1", "a second one")].concat();
        let code = [b"\x0fcode\0\0\0\0\0".to_vec(), text(2, "", "return 12")[2..].to_vec(), document(&text(2, "v", "variable"))];
        let rest = b"\x01d\0\0\0\0\0\0\0\0\0\x08b\0\x01\x09t\0\0\0\0\0\0\0\0\0\x0an\0\x10i\0\0\0\0\0\x12l\0\0\0\0\0\0\0\0\0\x0br\0a+\0i\0";
        let settings = [text(2, "motto", "to be or"), inner(4, "tags", &list)].concat();
        let elements = [&b"\x07_id\0abcdefghijkl"[..], &inner(3, "db", &settings), &binary, &code.concat(), rest].concat();
        document(&elements)
    }

    #[test]
    fn texts_have_the_path_of_their_names() {
        let bytes = [sample(), document(&text(0x0d, "js", "function() {}"))].concat();
        assert!(Bson.probe(&Head { start: &bytes, tail: &[] }));
        let found = seen(&Bson, &bytes);
        let expected = [
            ("db.motto", "to be or"),
            ("db.tags[0]", "a first text"),
            ("db.tags[1]", "a second one"),
            ("code.v", "variable"),
            ("js", "function() {}"),
        ];
        assert_eq!(found.texts, expected.to_vec().into());
        assert_eq!(found.members, vec![("file", "x".repeat(70).as_str())].into());
        assert!(found.gaps.is_empty() && found.raw.len() == bytes.len());
        let has = |text: &[u8]| memchr::memmem::find(&found.raw, text).is_some();
        assert!(has(b"return 12") && has(b"motto") && !has(b"to be or") && !has(b"xx"));
    }

    #[test]
    fn what_cannot_be_read_is_told_and_scanned() {
        let (one, two) = (document(&text(2, "a", "some text")), document(&text(2, "b", "other text")));
        for at in [0, 1, 2, 4, 6, 7, 8] {
            let mut lying = [&one[..], &two].concat();
            lying[at] ^= 0x41;
            let found = seen(&Bson, &lying);
            let shown = |text: &str| {
                found.texts.0.iter().any(|(_, told)| told == text) || memchr::memmem::find(&found.raw, text.as_bytes()).is_some()
            };
            assert!(shown("some text") && shown("other text") && (at == 6 || !found.gaps.is_empty()), "{at}: {found:?}");
        }
        for cut in 1..one.len() {
            assert_eq!(seen(&Bson, &one[..cut]).gaps.len(), 1, "{cut}");
        }
        let deep = (0..DEPTH + 1).fold(Vec::new(), |elements, _| inner(3, "a", &elements));
        assert_eq!(seen(&Bson, &document(&deep)).gaps, [GapReason::Damaged]);
    }

    #[test]
    fn only_documents_read_like_one() {
        let check = |bytes: &[u8], expected: bool| assert_eq!(reads_like_one(bytes), expected, "{bytes:?}");
        check(&sample(), true);
        for cut in 60..sample().len() {
            check(&sample()[..cut], true);
        }
        check(&document(b""), false);
        check(b"\x10\0\0\0\x02a\0\x04\0\0\0bcd\x01\0", false);
        check(b"\x10\0\0\0\x33a\0\x04\0\0\0bcd\0\0", false);
        check(b"\x10\0\0\0\x10\x02\0\x04\0\0\0bcde\0", false);
        check(&[7; 100], false);
        check(&[0; 100], false);
        check(b"", false);
    }
}
