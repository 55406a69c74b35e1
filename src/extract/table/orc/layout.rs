//! What an ORC file says of itself, in messages of protocol buffers: postscript, footer, footers of stripes.

use super::super::super::cursor::Cursor;
use std::ops::Range;

/// Types, stripes and streams that are kept of a file or a stripe; honest ones have some thousands.
const MOST: usize = 1 << 16;

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(u64),
    /// Where its bytes stand.
    Bytes(Range<usize>),
}

/// The fields of a message, up to the first that makes no sense.
pub(super) fn fields(bytes: &[u8]) -> impl Iterator<Item = (u64, Value)> + '_ {
    let mut cursor = Cursor::new(bytes);
    std::iter::from_fn(move || {
        let tag = cursor.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(cursor.varint()?),
            1 => Value::Number(cursor.u64_le()?),
            5 => Value::Number(cursor.u32_le()?.into()),
            2 => {
                let length = cursor.varint()?;
                let start = cursor.position();
                cursor.take_long(length)?;
                Value::Bytes(start..cursor.position())
            }
            _ => return None,
        };
        Some((tag >> 3, value))
    })
}

fn part(bytes: &[u8], range: Range<usize>) -> &[u8] {
    bytes.get(range).unwrap_or_default()
}

/// Where the fields of such numbers lead, each within the one before it.
pub(super) fn found(bytes: &[u8], within: Range<usize>, path: &[u64], out: &mut Vec<Range<usize>>) {
    let Some((number, path)) = path.split_first() else { return out.push(within) };
    for (field, value) in fields(part(bytes, within.clone())) {
        if let (true, Value::Bytes(range)) = (field == *number, value) {
            found(bytes, within.start + range.start..within.start + range.end, path, out);
        }
    }
}

/// The last message of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Postscript {
    pub(super) footer: u64,
    pub(super) metadata: u64,
    pub(super) compression: u64,
    pub(super) block: u64,
}

impl Postscript {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut all = Self::default();
        for (number, value) in fields(bytes) {
            match (number, value) {
                (1, Value::Number(length)) => all.footer = length,
                (2, Value::Number(kind)) => all.compression = kind,
                (3, Value::Number(size)) => all.block = size,
                (5, Value::Number(length)) => all.metadata = length,
                _ => {}
            }
        }
        all
    }
}

/// A type: of all rows, of a column, or of what a column is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) kind: u64,
    pub(super) below: Vec<u64>,
    pub(super) names: Vec<Vec<u8>>,
}

/// Rows that are kept together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stripe {
    pub(super) offset: u64,
    pub(super) index: u64,
    pub(super) data: u64,
    pub(super) footer: u64,
}

#[derive(Debug, Default)]
pub(super) struct Footer {
    pub(super) stripes: Vec<Stripe>,
    pub(super) types: Vec<Type>,
    /// Names and values, by where they stand.
    pub(super) settings: Vec<(Range<usize>, Range<usize>)>,
    pub(super) is_encrypted: bool,
    /// Whether there is more than is kept.
    pub(super) is_cut: bool,
}

impl Footer {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut all = Self::default();
        for (number, value) in fields(bytes) {
            let Value::Bytes(range) = value else { continue };
            let message = part(bytes, range.clone());
            all.is_cut |= all.stripes.len() + all.types.len() + all.settings.len() >= MOST;
            if all.is_cut {
                break;
            }
            match number {
                3 => all.stripes.push(stripe(message)),
                4 => all.types.push(type_of(message)),
                5 => {
                    let (mut name, mut value) = (range.start..range.start, range.start..range.start);
                    for (number, field) in fields(message) {
                        if let (1 | 2, Value::Bytes(found)) = (number, field) {
                            *if number == 1 { &mut name } else { &mut value } =
                                range.start + found.start..range.start + found.end;
                        }
                    }
                    all.settings.push((name, value));
                }
                10 => all.is_encrypted = true,
                _ => {}
            }
        }
        all
    }
}

fn stripe(message: &[u8]) -> Stripe {
    let mut stripe = Stripe::default();
    for (number, value) in fields(message) {
        let Value::Number(value) = value else { continue };
        match number {
            1 => stripe.offset = value,
            2 => stripe.index = value,
            3 => stripe.data = value,
            4 => stripe.footer = value,
            _ => {}
        }
    }
    stripe
}

fn type_of(message: &[u8]) -> Type {
    let mut all = Type::default();
    for (number, value) in fields(message) {
        match (number, value) {
            (1, Value::Number(kind)) => all.kind = kind,
            (2, Value::Number(id)) => all.below.push(id),
            (2, Value::Bytes(range)) => {
                let mut packed = Cursor::new(part(message, range));
                all.below.extend(std::iter::from_fn(|| packed.varint()));
            }
            (3, Value::Bytes(range)) => all.names.push(part(message, range).to_vec()),
            _ => {}
        }
    }
    all
}

/// A stream of a stripe: what it is, of which column, and how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: u64,
    pub(super) column: u64,
    pub(super) length: u64,
}

/// The streams of a stripe, and for each column how it is encoded and how many texts its dictionary has.
pub(super) fn pieces(footer: &[u8]) -> (Vec<Piece>, Vec<(u64, u64)>) {
    let (mut pieces, mut encodings) = (Vec::new(), Vec::new());
    for (number, value) in fields(footer) {
        let Value::Bytes(range) = value else { continue };
        let of = |wanted: u64| {
            let mut all = fields(part(footer, range.clone()));
            let found = all.find_map(|(number, value)| match value {
                Value::Number(value) if number == wanted => Some(value),
                _ => None,
            });
            found.unwrap_or(0)
        };
        match number {
            1 if pieces.len() < MOST => pieces.push(Piece { kind: of(1), column: of(2), length: of(3) }),
            2 if encodings.len() < MOST => encodings.push((of(1), of(2))),
            _ => {}
        }
    }
    (pieces, encodings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read() {
        let postscript = b"\x08\x05\x10\x01\x18\x80\x02\x28\x07\x82\xf4\x03\x03ORC";
        assert_eq!(Postscript::read(postscript), Postscript { footer: 5, metadata: 7, compression: 1, block: 256 });
        let footer =
            b"\x1a\x08\x08\x03\x10\x01\x18\x02\x20\x04\x22\x09\x08\x0c\x12\x02\x01\x02\x1a\x01a\x2a\x06\x0a\x01k\x12\x01v";
        let all = Footer::read(footer);
        assert_eq!(all.stripes, [Stripe { offset: 3, index: 1, data: 2, footer: 4 }]);
        assert_eq!(all.types, [Type { kind: 12, below: vec![1, 2], names: vec![b"a".to_vec()] }]);
        let (name, value) = all.settings.first().cloned().unwrap();
        assert_eq!((&footer[name], &footer[value]), (&b"k"[..], &b"v"[..]));
        let stripe = b"\x0a\x06\x08\x01\x10\x02\x18\x09\x12\x04\x08\x03\x10\x05";
        assert_eq!(pieces(stripe), (vec![Piece { kind: 1, column: 2, length: 9 }], vec![(3, 5)]));
        let mut out = Vec::new();
        found(footer, 0..footer.len(), &[5, 2], &mut out);
        assert_eq!(out.iter().map(|range| &footer[range.clone()]).collect::<Vec<_>>(), [b"v"]);
        for cut in 0..footer.len() {
            Footer::read(&footer[..cut]);
        }
    }
}
