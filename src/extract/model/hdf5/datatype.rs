//! Types and shapes of values (sections IV.A.2.b and d).

use super::super::super::cursor::Cursor;

/// Types in types.
const DEPTH: u32 = 8;
/// Fields of a record that are looked at.
const FIELDS: usize = 4_000;
/// Sides of an array.
const RANK: usize = 32;

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    /// Bytes of a value.
    pub(super) size: u64,
    pub(super) kind: Kind,
}

/// What matters of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Numbers, times, references, words of a list.
    Number,
    /// Text of a fixed length.
    Text,
    /// Bytes of which only the program knows what they are.
    Blob,
    /// Text in the global heap.
    HeapText,
    /// A list in the global heap.
    HeapList(Box<Type>),
    /// Fields side by side.
    Record(Vec<Field>),
    /// So many values.
    Array(u64, Box<Type>),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: Vec<u8>,
    pub(super) offset: u64,
    pub(super) of: Type,
}

impl Type {
    /// As a message has it.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        Self::read(&mut Cursor::new(bytes), 0)
    }

    fn read(cursor: &mut Cursor<'_>, depth: u32) -> Option<Self> {
        if depth > DEPTH {
            return None;
        }
        let [first, low, middle, _] = cursor.array()?;
        let (class, version) = (first & 15, first >> 4);
        let size = u64::from(cursor.u32_le()?);
        let count = usize::from(low) | usize::from(middle) << 8;
        let kind = match class {
            0 | 4 => skip(cursor, 4)?,
            1 => skip(cursor, 12)?,
            2 => skip(cursor, 2)?,
            3 => Kind::Text,
            5 => {
                cursor.take(usize::from(low).next_multiple_of(8))?;
                Kind::Blob
            }
            6 => Kind::Record(fields(cursor, version, count, size, depth)?),
            7 => Kind::Number,
            8 => listed(cursor, version, count, depth)?,
            9 => {
                let base = Self::read(cursor, depth + 1)?;
                if low & 15 == 1 { Kind::HeapText } else { Kind::HeapList(Box::new(base)) }
            }
            10 => array(cursor, version, depth)?,
            11 => {
                Self::read(cursor, depth + 1)?;
                Kind::Number
            }
            _ => return None,
        };
        Some(Self { size, kind })
    }

    /// Whether values hold anything but numbers.
    pub(super) fn has_text(&self) -> bool {
        match &self.kind {
            Kind::Number => false,
            Kind::Text | Kind::Blob | Kind::HeapText | Kind::HeapList(_) => true,
            Kind::Record(fields) => fields.iter().any(|field| field.of.has_text()),
            Kind::Array(_, of) => of.has_text(),
        }
    }

    /// Whether values are single bytes: a file that somebody kept in an array.
    pub(super) fn is_byte(&self) -> bool {
        self.kind == Kind::Number && self.size == 1
    }
}

fn skip(cursor: &mut Cursor<'_>, count: usize) -> Option<Kind> {
    cursor.take(count).map(|_| Kind::Number)
}

/// A name that ends with a NUL, padded to eight bytes before version 3.
fn name<'a>(cursor: &mut Cursor<'a>, version: u8) -> Option<&'a [u8]> {
    let mut ahead = *cursor;
    let rest = ahead.take(ahead.left())?;
    let length = memchr::memchr(0, rest)?;
    let padded = if version < 3 { (length + 1).next_multiple_of(8) } else { length + 1 };
    cursor.take(padded)?.get(..length)
}

fn fields(cursor: &mut Cursor<'_>, version: u8, count: usize, size: u64, depth: u32) -> Option<Vec<Field>> {
    let mut all = Vec::new();
    for _ in 0..count {
        let name = name(cursor, version)?.to_vec();
        let width = match size {
            _ if version < 3 => 4,
            0..=0xff => 1,
            0x100..=0xffff => 2,
            0x1_0000..=0xff_ffff => 3,
            _ => 4,
        };
        let offset = cursor.uint_le(width)?;
        let mut times = 1;
        if version == 1 {
            let rank = cursor.byte()?;
            cursor.take(11)?;
            let sides = cursor.array::<16>()?;
            for side in sides.chunks_exact(4).take(usize::from(rank)) {
                times = Cursor::new(side).u32_le().map(u64::from).and_then(|side| side.checked_mul(times))?;
            }
        }
        let base = Type::read(cursor, depth + 1)?;
        let of = if times == 1 {
            base
        } else {
            Type { size: base.size.checked_mul(times)?, kind: Kind::Array(times, Box::new(base)) }
        };
        if all.len() < FIELDS {
            all.push(Field { name, offset, of });
        }
    }
    Some(all)
}

/// Words that stand for numbers.
fn listed(cursor: &mut Cursor<'_>, version: u8, count: usize, depth: u32) -> Option<Kind> {
    let base = Type::read(cursor, depth + 1)?;
    for _ in 0..count {
        name(cursor, version)?;
    }
    cursor.take_long((count as u64).checked_mul(base.size)?)?;
    Some(Kind::Number)
}

fn array(cursor: &mut Cursor<'_>, version: u8, depth: u32) -> Option<Kind> {
    let rank = usize::from(cursor.byte()?);
    if version < 3 {
        cursor.take(3)?;
    }
    let mut count = 1u64;
    for _ in 0..rank {
        count = count.checked_mul(u64::from(cursor.u32_le()?))?;
    }
    if version < 3 {
        cursor.take(4 * rank)?;
    }
    Some(Kind::Array(count, Box::new(Type::read(cursor, depth + 1)?)))
}

/// The sides of an array, none for a single value. `None` for what holds no value, or cannot be understood.
pub(super) fn shape(bytes: &[u8], lengths: usize) -> Option<Vec<u64>> {
    let mut cursor = Cursor::new(bytes);
    let (version, rank, _flags) = (cursor.byte()?, usize::from(cursor.byte()?), cursor.byte()?);
    match version {
        1 => {
            cursor.take(5)?;
        }
        2 if cursor.byte()? == 2 => return None,
        2 => {}
        _ => return None,
    }
    if rank > RANK {
        return None;
    }
    (0..rank).map(|_| cursor.uint_le(lengths)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: [u8; 8] = [0x13, 0, 0, 0, 5, 0, 0, 0];
    const NUMBER: [u8; 12] = [0x10, 8, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0];

    fn check(bytes: &[u8], expected: Option<(u64, bool)>) {
        assert_eq!(Type::parse(bytes).map(|found| (found.size, found.has_text())), expected, "{bytes:?}");
    }

    #[test]
    fn types_are_read() {
        check(&TEXT, Some((5, true)));
        check(&NUMBER, Some((4, false)));
        check(&[&[0x19, 1, 0, 0, 16, 0, 0, 0][..], &TEXT].concat(), Some((16, true)));
        check(&[&[0x30 | 6, 2, 0, 0, 9, 0, 0, 0, b'n', 0, 0][..], &NUMBER, &[b't', 0, 4], &TEXT].concat(), Some((9, true)));
        check(&[&[0x10 | 8, 1, 0, 0, 4, 0, 0, 0][..], &NUMBER, b"one\0\0\0\0\0", &[1, 0, 0, 0]].concat(), Some((4, false)));
        check(&[&[0x30 | 10, 0, 0, 0, 10, 0, 0, 0, 1, 2, 0, 0, 0][..], &TEXT].concat(), Some((10, true)));
        check(&[0x30 | 6, 2, 0, 0, 9, 0, 0, 0, b'n'], None);
        check(&[0x19, 0, 0, 0, 16, 0, 0, 0].repeat(40), None);
        check(b"", None);
    }

    #[test]
    fn shapes_are_read() {
        assert_eq!(shape(&[2, 2, 0, 1, 3, 0, 4, 0], 2), Some(vec![3, 4]));
        assert_eq!(shape(&[1, 0, 0, 0, 0, 0, 0, 0], 8), Some(vec![]));
        assert_eq!(shape(&[2, 0, 0, 2], 8), None);
        assert_eq!(shape(&[2, 200, 0, 1], 8), None);
    }
}
