//! What the items of a numpy array are (`numpy.lib.format`, array interface type strings), and the texts in them.
//!
//! `<U` arrays are UTF-32, so no scan of the raw bytes sees them; `|S` ones are padded with NULs. Everything
//! else is numbers.

use super::super::{Sink, Stop, Text};
use super::keys::{self, is_key, is_text, joined};
use std::io::{self, Read};

/// Longest item that is held; arrays of longer ones are scanned as they are.
const ITEM: u64 = 1 << 20;
/// Items of an array that are looked at one by one; the rest is scanned as it is.
const ROWS: u64 = 4 << 20;
/// Fields of a record that are looked at.
const FIELDS: usize = 1_000;

/// The type of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dtype {
    pub(super) kind: Kind,
    /// Bytes of an item.
    pub(super) size: u64,
    pub(super) fields: Vec<Field>,
}

/// What matters of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// UTF-32.
    Wide { is_big: bool },
    /// Bytes, padded with NULs.
    Narrow,
    /// References to Python objects: a pickle.
    Object,
    /// Numbers, dates, bools.
    Number,
    /// Fields side by side.
    Record,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: Vec<u8>,
    pub(super) offset: u64,
    pub(super) dtype: Dtype,
}

impl Dtype {
    /// From a type string: `<U10`, `|S8`, `f4`, `|O`, `<M8[ns]`.
    pub(super) fn parse(code: &[u8]) -> Option<Self> {
        let (is_big, code) = match code {
            [b'>', rest @ ..] => (true, rest),
            [b'<' | b'=' | b'|', rest @ ..] => (false, rest),
            _ => (false, code),
        };
        let (letter, digits) = code.split_first()?;
        let digits = digits.split(|byte| !byte.is_ascii_digit()).next().unwrap_or_default();
        let count: u64 = if digits.is_empty() { 0 } else { std::str::from_utf8(digits).ok()?.parse().ok()? };
        let (kind, size) = match letter {
            b'U' => (Kind::Wide { is_big }, count.checked_mul(4)?),
            b'S' | b'a' => (Kind::Narrow, count),
            b'O' => (Kind::Object, 8),
            b'?' => (Kind::Number, 1),
            b'b' | b'i' | b'u' | b'f' | b'c' | b'm' | b'M' | b'V' => (Kind::Number, count),
            _ => return None,
        };
        Some(Self { kind, size, fields: Vec::new() })
    }

    /// The same, in the byte order that is said beside it.
    pub(super) fn in_order(mut self, order: &[u8]) -> Self {
        if let Kind::Wide { is_big } = &mut self.kind {
            *is_big |= order == b">";
        }
        self
    }

    /// A record.
    pub(super) fn record(fields: Vec<Field>, size: u64) -> Self {
        Self { kind: Kind::Record, size, fields }
    }

    /// Whether items hold references: the array is a pickle then, whatever its other fields are.
    pub(super) fn has_objects(&self) -> bool {
        self.kind == Kind::Object || self.fields.iter().any(|field| field.dtype.has_objects())
    }

    /// Whether items hold text.
    pub(super) fn has_text(&self) -> bool {
        matches!(self.kind, Kind::Wide { .. } | Kind::Narrow) || self.fields.iter().any(|field| field.dtype.has_text())
    }
}

/// Bytes of an array of this shape.
pub(super) fn length(dtype: &Dtype, shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(dtype.size, |total, side| total.checked_mul(*side))
}

/// What leads to an array, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label<'a> {
    pub(super) name: &'a [u8],
    pub(super) key: &'a [u8],
    pub(super) offset: u64,
}

/// Pushes the body of an array: its texts item by item, numbers as such. Reads what `body` has.
pub(super) fn push(
    dtype: &Dtype,
    shape: &[u64],
    body: &mut dyn Read,
    label: &Label<'_>,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    if !dtype.has_text() {
        return sink.numbers(body);
    }
    if dtype.size == 0 || dtype.size > ITEM {
        return sink.raw(body);
    }
    let width = shape.last().copied().filter(|_| shape.len() > 1);
    let mut rows = Rows { dtype, is_single: shape.is_empty(), width, label, row: 0, key: Vec::new() };
    let mut item = Vec::new();
    loop {
        item.clear();
        // What fails to read is the owner's of the reader to report.
        let read = (&mut *body).take(dtype.size).read_to_end(&mut item);
        let whole = item.len() as u64 == dtype.size;
        rows.item(&item, sink)?;
        match read {
            Ok(_) if whole && rows.row < ROWS => {}
            Ok(_) if whole => return sink.raw(body),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => return Ok(()),
        }
    }
}

/// The items of an array, one by one.
struct Rows<'a> {
    dtype: &'a Dtype,
    /// Whether the array is one value.
    is_single: bool,
    /// The innermost side, if there is more than one.
    width: Option<u64>,
    label: &'a Label<'a>,
    row: u64,
    /// The text before, where two stand side by side.
    key: Vec<u8>,
}

impl Rows<'_> {
    fn item(&mut self, item: &[u8], sink: &mut dyn Sink) -> Result<(), Stop> {
        if item.is_empty() {
            return Ok(());
        }
        let index = match self.width {
            _ if self.is_single => String::new(),
            Some(width) if width > 0 => format!("[{}][{}]", self.row / width, self.row % width),
            _ => format!("[{}]", self.row),
        };
        let offset = self.label.offset.saturating_add(self.row.saturating_mul(self.dtype.size));
        if self.dtype.fields.is_empty() {
            let text = decoded(self.dtype.kind, item);
            let is_value = self.width == Some(2) && self.row % 2 == 1 && is_key(&self.key);
            let key = if is_value { self.key.as_slice() } else { self.label.key };
            let name = if is_value { joined(self.label.name, &self.key) } else { [self.label.name, index.as_bytes()].concat() };
            emit(&text, &name, key, offset, sink)?;
            self.key = text;
        } else {
            self.fields(item, &index, offset, sink)?;
        }
        self.row += 1;
        Ok(())
    }

    /// The texts of a record. Where the first names the second, it does.
    fn fields(&self, item: &[u8], index: &str, offset: u64, sink: &mut dyn Sink) -> Result<(), Stop> {
        let part = |field: &Field| {
            let start = usize::try_from(field.offset).ok()?;
            let end = start.checked_add(usize::try_from(field.dtype.size).ok()?)?;
            item.get(start..end)
        };
        let row = [self.label.name, index.as_bytes()].concat();
        let texts: Vec<_> = self.dtype.fields.iter().take(FIELDS).filter(|field| field.dtype.has_text()).collect();
        let values: Vec<_> = texts.iter().map(|field| decoded(field.dtype.kind, part(field).unwrap_or_default())).collect();
        let names_its_value = values.len() == 2 && texts.first().is_some_and(|field| keys::names(&field.name));
        for (position, (field, text)) in texts.iter().zip(&values).enumerate() {
            let first = values.first().filter(|first| names_its_value && position == 1 && is_key(first));
            let key = first.map_or(field.name.as_slice(), Vec::as_slice);
            emit(text, &joined(&row, key), key, offset.saturating_add(field.offset), sink)?;
        }
        Ok(())
    }
}

fn emit(text: &[u8], name: &[u8], key: &[u8], offset: u64, sink: &mut dyn Sink) -> Result<(), Stop> {
    keys::push(&Text { name, key, bytes: text, offset }, sink)
}

/// The text of an item, without its padding.
fn decoded(kind: Kind, item: &[u8]) -> Vec<u8> {
    let Kind::Wide { is_big } = kind else {
        let end = item.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        return item.get(..end).unwrap_or_default().to_vec();
    };
    let unit =
        |bytes: &[u8]| bytes.try_into().map(|unit| if is_big { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) });
    let text: String = item
        .chunks_exact(4)
        .filter_map(|bytes| unit(bytes).ok())
        .map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    text.trim_end_matches('\0').as_bytes().to_vec()
}

/// Whether bytes of an array of unknown type read as text, plain or UTF-32.
pub(super) fn reads_as_text(head: &[u8]) -> bool {
    let head = head.get(..head.len() & !3).unwrap_or_default();
    let is_wide = |bytes: &[u8]| matches!(bytes, [0x00, _, 0, 0] | [_, 0..=0x1f, 0, 0] | [0, 0, 0, _]);
    let has_letter = head.iter().any(u8::is_ascii_alphanumeric);
    let text = head.split(|byte| *byte == 0).all(is_text);
    has_letter && (text || head.chunks_exact(4).all(is_wide))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::testing::Seen;

    fn check(code: &str, expected: Option<(Kind, u64)>) {
        assert_eq!(Dtype::parse(code.as_bytes()).map(|dtype| (dtype.kind, dtype.size)), expected, "{code}");
    }

    #[test]
    fn types_are_read() {
        check("<U10", Some((Kind::Wide { is_big: false }, 40)));
        check(">U1", Some((Kind::Wide { is_big: true }, 4)));
        check("|S5", Some((Kind::Narrow, 5)));
        check("f8", Some((Kind::Number, 8)));
        check("<M8[ns]", Some((Kind::Number, 8)));
        check("|O", Some((Kind::Object, 8)));
        check("U99999999999999999999", None);
        check("", None);
        check("x4", None);
    }

    #[test]
    fn cells_are_texts_with_their_row() {
        let check = |code: &str, shape: &[u64], body: &[u8], expected: Vec<(&str, &str)>| {
            let mut seen = Seen::default();
            let label = Label { name: b"a.b", key: b"b", offset: 0 };
            push(&Dtype::parse(code.as_bytes()).unwrap(), shape, &mut &*body, &label, &mut seen).unwrap();
            assert_eq!(seen.texts, expected.into());
        };
        let wide = |text: &str| text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect::<Vec<u8>>();
        check(">U2", &[2], &wide("ab\u{e4}\0"), vec![("a.b[0]", "ab"), ("a.b[1]", "\u{e4}")]);
        check("S3", &[3], b"abc\0\0\0d\0\0", vec![("a.b[0]", "abc"), ("a.b[2]", "d")]);
        check("S3", &[], b"abc", vec![("a.b", "abc")]);
        check("S3", &[1, 2], b"keyval", vec![("a.b[0][0]", "key"), ("a.b.key", "val")]);
        check("S3", &[2], b"abcd", vec![("a.b[0]", "abc"), ("a.b[1]", "d")]);
    }
}
