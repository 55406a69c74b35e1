//! Batches of writes, as logs hold them: keys with values, and what is done to them.
//!
//! Format: `db/write_batch.cc` of LevelDB and of RocksDB. A number of its own, a count, and then for each write a byte
//! that says which it is, and what belongs to it.

use super::super::super::cursor::Cursor;
use std::ops::Range;

/// The number of the first write, and how many there are.
const HEAD: usize = 12;

/// A write with a value: where its key stands in the batch, and where the value does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
}

/// What a write consists of, besides the byte that says which it is.
#[derive(Clone, Copy)]
enum Shape {
    /// A key and a value.
    Pair,
    /// So many texts of no name: keys that are deleted, remarks, names of transactions.
    Texts(u8),
}

/// The shape of a write, and whether the number of a family of columns stands before it.
fn shape(kind: u8) -> Option<(Shape, bool)> {
    Some(match kind {
        0x01 | 0x02 | 0x11 | 0x16 | 0x18 => (Shape::Pair, false),
        0x05 | 0x06 | 0x10 | 0x17 | 0x19 => (Shape::Pair, true),
        0x00 | 0x03 | 0x07 | 0x0a..=0x0c => (Shape::Texts(1), false),
        0x04 | 0x08 => (Shape::Texts(1), true),
        0x0f | 0x15 => (Shape::Texts(2), false),
        0x0e => (Shape::Texts(2), true),
        0x09 | 0x0d | 0x12 | 0x13 => (Shape::Texts(0), false),
        _ => return None,
    })
}

/// The writes of a batch that have values, as far as it can be read, and whether that is to its end.
pub(super) fn writes(batch: &[u8]) -> (Vec<Write>, bool) {
    let (mut writes, mut cursor) = (Vec::new(), Cursor::at(batch, HEAD));
    while cursor.left() > 0 {
        match write(&mut cursor) {
            Some(write) => writes.extend(write),
            None => return (writes, false),
        }
    }
    (writes, batch.len() >= HEAD)
}

/// Whether bytes begin like a batch: its number leaves room for a kind, and there is not less of it than it says.
pub(super) fn begins_like_one(bytes: &[u8], length: usize) -> bool {
    let mut cursor = Cursor::new(bytes);
    let number = cursor.u64_le().is_some_and(|number| number >> 56 == 0);
    let count = cursor.u32_le().is_some_and(|count| (1..=length / 2).contains(&(count as usize)));
    let is_known = cursor.byte().and_then(shape).is_some();
    number && count && is_known
}

/// Takes a write. `None` if it is none.
fn write(cursor: &mut Cursor<'_>) -> Option<Option<Write>> {
    let (shape, has_family) = shape(cursor.byte()?)?;
    if has_family {
        cursor.varint()?;
    }
    Some(match shape {
        Shape::Pair => Some(Write { key: text(cursor)?, value: text(cursor)? }),
        Shape::Texts(count) => {
            for _ in 0..count {
                text(cursor)?;
            }
            None
        }
    })
}

/// Where a text stands that is behind its length.
fn text(cursor: &mut Cursor<'_>) -> Option<Range<usize>> {
    let length = cursor.varint()?;
    let start = cursor.position();
    cursor.take_long(length)?;
    Some(start..cursor.position())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(batch: &[u8], expected: &[(&str, &str)], is_whole: bool) {
        let (found, whole) = writes(batch);
        let text = |range: &Range<usize>| String::from_utf8_lossy(&batch[range.clone()]).into_owned();
        let found: Vec<_> = found.iter().map(|write| (text(&write.key), text(&write.value))).collect();
        let expected: Vec<_> = expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!((found, whole), (expected, is_whole));
    }

    #[test]
    fn writes_have_keys_and_values() {
        let batch = |writes: &[u8]| [&[7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0][..], writes].concat();
        check(&batch(b"\x01\x03key\x05value\x00\x03old"), &[("key", "value")], true);
        check(&batch(b"\x05\x02\x01a\x01b\x0f\x01a\x01b\x0d\x02\x01c\x01d"), &[("a", "b"), ("c", "d")], true);
        check(&batch(b"\x01\x03key\x05value\x01\x09"), &[("key", "value")], false);
        check(&batch(b"\x7f"), &[], false);
        check(b"\x01\0\0", &[], false);
        assert!(begins_like_one(&batch(b"\x01\x03key\x05value"), 23));
        assert!(!begins_like_one(&batch(b"\x7f"), 13) && !begins_like_one(b"\x01\x1aleveldb.Bytewise", 18));
    }
}
