//! Fields of one message in memory, and what their bytes may be.

use super::super::super::cursor::Cursor;

/// A field of wire type 2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    pub(super) bytes: &'a [u8],
    /// Where the bytes stand in the file.
    pub(super) offset: u64,
}

/// What some bytes read like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// UTF-8 without control characters.
    Text,
    /// Fields, from the first byte to the last.
    Message,
    /// Neither.
    Neither,
}

/// Fields of a head that must read well for it to be a message.
const TELLING: usize = 3;
/// Fields of a message that are kept: a list of as many numbers is packed into one.
const FIELDS: usize = 1 << 16;
/// Numbers of fields that these formats use; the encoding allows 2^29 - 1.
const NUMBERS: std::ops::RangeInclusive<u64> = 1..=2_000;

/// Number and wire type that a tag says, if they can be.
pub(super) fn tag(tag: u64) -> Option<(u64, u8)> {
    let (number, wire) = (tag >> 3, (tag & 7) as u8);
    (NUMBERS.contains(&number) && matches!(wire, 0 | 1 | 2 | 5)).then_some((number, wire))
}

/// What bytes read like. Nothing reads like a text: it says as much.
pub(super) fn kind_of(bytes: &[u8]) -> Kind {
    let is_text = || {
        let control = |byte: &u8| *byte < b' ' && !matches!(byte, b'\n' | b'\r' | b'\t') || *byte == 0x7f;
        // A head may end within a character.
        let valid = std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
        valid && !bytes.iter().any(control)
    };
    // A text may begin with the line feed that is the tag of field 1, but then it is no row of fields.
    let is_message = || !bytes.is_empty() && fields(bytes, 0).is_some();
    match bytes.first() {
        Some(b'\n') if is_message() => Kind::Message,
        _ if is_text() => Kind::Text,
        _ if is_message() => Kind::Message,
        _ => Kind::Neither,
    }
}

/// The fields of wire type 2 of a message, if all of the bytes are fields.
pub(super) fn fields(bytes: &[u8], offset: u64) -> Option<Vec<Field<'_>>> {
    let mut cursor = Cursor::new(bytes);
    let mut row = Vec::new();
    while cursor.left() > 0 {
        if let Some(field) = next(&mut cursor, offset)? {
            if row.len() == FIELDS {
                return None;
            }
            row.push(field);
        }
    }
    Some(row)
}

/// Whether a head reads like the start of a message: its first fields, or as many as there are, the last of
/// which may be longer than the head and then must begin with a text or a field.
pub(super) fn starts_as_message(head: &[u8]) -> bool {
    let mut cursor = Cursor::new(head);
    let mut texts = 0;
    for _ in 0..TELLING {
        if cursor.left() == 0 {
            break;
        }
        let before = cursor.position();
        match next(&mut cursor, 0) {
            Some(Some(field)) => texts += usize::from(kind_of(field.bytes) != Kind::Neither),
            Some(None) => {}
            None => {
                let rest = head.get(before..).unwrap_or_default();
                return texts > 0 && is_cut(rest) || begins(rest);
            }
        }
    }
    texts > 0
}

/// A field whose bytes go on past the end.
fn is_cut(bytes: &[u8]) -> bool {
    let mut cursor = Cursor::new(bytes);
    let read = cursor.varint().and_then(tag).filter(|(_, wire)| *wire == 2).and_then(|_| cursor.varint());
    read.is_some_and(|length| length > cursor.left() as u64 && length < 1 << 40)
}

/// A field whose bytes go on past the end and are a message: one tag inside the other.
fn begins(bytes: &[u8]) -> bool {
    let mut cursor = Cursor::new(bytes);
    let mut outer = u64::MAX;
    for depth in 0.. {
        let Some((_, 2)) = cursor.varint().and_then(tag) else { return false };
        let Some(length) = cursor.varint().filter(|length| *length < outer.min(1 << 40)) else { return false };
        if length <= cursor.left() as u64 {
            let inner = cursor.take_long(length).map(kind_of);
            return depth > 0 && matches!(inner, Some(Kind::Text | Kind::Message));
        }
        outer = length;
    }
    false
}

/// Passes over the next field; gives it if it is of type 2. `None` if there is none.
fn next<'a>(cursor: &mut Cursor<'a>, offset: u64) -> Option<Option<Field<'a>>> {
    let (number, wire) = tag(cursor.varint()?)?;
    match wire {
        0 => cursor.varint().map(|_| None),
        1 => cursor.take(8).map(|_| None),
        5 => cursor.take(4).map(|_| None),
        _ => {
            let length = cursor.varint()?;
            let at = offset + cursor.position() as u64;
            Some(Some(Field { number, bytes: cursor.take_long(length)?, offset: at }))
        }
    }
}
