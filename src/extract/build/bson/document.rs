//! Documents: what they hold, and whether bytes read like one.

use super::super::super::cursor::Cursor;
use super::super::super::model::keys;
use super::super::super::{Member, MemberKind, Sink, Stop, Text};
use std::ops::Range;

/// The longest document: the format's own limit, and some.
pub(super) const DOCUMENT: usize = 17 << 20;
/// Documents in documents: the database's own limit.
pub(super) const DEPTH: usize = 100;
/// Bytes of a path of names.
const PATH: usize = 1024;
/// Texts shorter than this hold nothing, unless their name says so, and are scanned with what is around them.
const SHORT: usize = 8;
/// Binaries shorter than this hold nothing that opens.
const OPENED: usize = 64;
/// Bytes of the names that a probe takes for names.
const NAME: usize = 128;

/// A document on its way.
pub(super) struct Document<'d> {
    pub(super) bytes: &'d [u8],
    /// Where it stands.
    pub(super) start: u64,
    /// Stretches of it that were told.
    pub(super) told: Vec<Range<usize>>,
    pub(super) sink: &'d mut dyn Sink,
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
    /// Tells what it holds, by a path that begins with where it stands. Says whether it could be read to its end.
    pub(super) fn read(&mut self, within: &[u8]) -> Result<bool, Stop> {
        let mut cursor = Cursor::new(self.bytes);
        let mut stack: Vec<Open> = Vec::new();
        let Some(end) = entered(&mut cursor, self.bytes.len()) else { return Ok(false) };
        stack.push(Open { path: within.to_vec(), key: Vec::new(), is_list: false, end });
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

/// The text of a name in a document that has it at its top.
pub(super) fn text_of<'d>(document: &'d [u8], name: &[u8]) -> Option<&'d [u8]> {
    match top(document, name)? {
        (Value::Text(range), _) => document.get(range),
        _ => None,
    }
}

/// Whether a name in a document, at its top, is set.
pub(super) fn is_set(document: &[u8], name: &[u8]) -> bool {
    let set = |(value, end): (Value, usize)| matches!(value, Value::Other) && document.get(end - 1) == Some(&1);
    top(document, name).is_some_and(set)
}

/// The value of a name that a document has at its top, and where that ends.
fn top(document: &[u8], wanted: &[u8]) -> Option<(Value, usize)> {
    let mut cursor = Cursor::new(document);
    entered(&mut cursor, document.len())?;
    while let Some(kind) = cursor.byte().filter(|kind| *kind != 0) {
        let (name, value) = element(kind, &mut cursor)?;
        if name == wanted {
            return Some((value, cursor.position()));
        }
        if let Value::Inner(_) = value {
            let start = cursor.position();
            let end = entered(&mut cursor, document.len())?;
            cursor.take(end.checked_sub(start)?.checked_sub(4)?)?;
        }
    }
    None
}

/// Whether bytes begin with a document: elements with names that people give, as far as there are bytes, and its end
/// where it should be.
pub(super) fn reads_like_one(start: &[u8]) -> bool {
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
