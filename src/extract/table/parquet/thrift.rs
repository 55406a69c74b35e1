//! Thrift's compact protocol, as far as footers and headers of Parquet use it.
//!
//! Format: <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>. Structures are read field
//! by field; a field that is not asked for is passed over, whatever it holds.

use super::super::super::cursor::Cursor;
use std::ops::Range;

/// Structures in structures.
const DEPTH: u32 = 32;

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Byte,
    Int,
    Double,
    Bytes,
    List,
    Map,
    Struct,
}

/// A structure that is being read.
pub(super) struct Thrift<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(bytes) }
    }

    /// How many bytes were read.
    pub(super) fn position(&self) -> usize {
        self.cursor.position()
    }

    /// Reads a structure: `act` gets each field's number and reads it, or says that it does not want it. `None` if the
    /// bytes end, or make no sense.
    pub(super) fn fields(&mut self, mut act: impl FnMut(&mut Self, i64, Kind) -> Option<bool>) -> Option<()> {
        let mut number = 0i64;
        loop {
            let head = self.cursor.byte()?;
            if head == 0 {
                return Some(());
            }
            number = match head >> 4 {
                0 => self.int()?,
                delta => number.checked_add(i64::from(delta))?,
            };
            let kind = kind(head & 15)?;
            // A truth stands in the head itself.
            if kind != Kind::Bool && !act(self, number, kind)? {
                self.skip(kind, 0)?;
            }
        }
    }

    /// Reads a list, item by item.
    pub(super) fn list(&mut self, mut act: impl FnMut(&mut Self, Kind) -> Option<()>) -> Option<()> {
        let (count, kind) = self.list_head()?;
        (0..count).try_for_each(|_| act(self, kind))
    }

    fn list_head(&mut self) -> Option<(u64, Kind)> {
        let head = self.cursor.byte()?;
        let count = match head >> 4 {
            15 => self.unsigned()?,
            count => u64::from(count),
        };
        Some((count, kind(head & 15)?))
    }

    /// Reads bytes.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.unsigned()?;
        self.cursor.take_long(length)
    }

    /// The same, with where they stand.
    pub(super) fn placed(&mut self) -> Option<(&'a [u8], Range<usize>)> {
        let bytes = self.bytes()?;
        let end = self.position();
        Some((bytes, end - bytes.len()..end))
    }

    /// Reads a number.
    pub(super) fn int(&mut self) -> Option<i64> {
        let raw = self.unsigned()?;
        Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// Reads a number that stands for a length or a place.
    pub(super) fn length(&mut self) -> Option<u64> {
        u64::try_from(self.int()?).ok()
    }

    fn unsigned(&mut self) -> Option<u64> {
        self.cursor.varint()
    }

    /// Passes over a value.
    pub(super) fn skip(&mut self, of: Kind, depth: u32) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        match of {
            Kind::Bool | Kind::Byte => self.cursor.take(1).map(drop),
            Kind::Int => self.unsigned().map(drop),
            Kind::Double => self.cursor.take(8).map(drop),
            Kind::Bytes => self.bytes().map(drop),
            Kind::List => {
                let (count, of) = self.list_head()?;
                (0..count).try_for_each(|_| self.skip(of, depth + 1))
            }
            Kind::Map => {
                let count = self.unsigned()?;
                if count == 0 {
                    return Some(());
                }
                let both = self.cursor.byte()?;
                let (key, value) = (kind(both >> 4)?, kind(both & 15)?);
                (0..count).try_for_each(|_| self.skip(key, depth + 1).and_then(|()| self.skip(value, depth + 1)))
            }
            Kind::Struct => loop {
                let head = self.cursor.byte()?;
                if head == 0 {
                    return Some(());
                }
                if head >> 4 == 0 {
                    self.unsigned()?;
                }
                let of = kind(head & 15)?;
                if of != Kind::Bool {
                    self.skip(of, depth + 1)?;
                }
            },
        }
    }
}

fn kind(code: u8) -> Option<Kind> {
    Some(match code {
        1 | 2 => Kind::Bool,
        3 => Kind::Byte,
        4..=6 => Kind::Int,
        7 => Kind::Double,
        8 => Kind::Bytes,
        9 | 10 => Kind::List,
        11 => Kind::Map,
        12 => Kind::Struct,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_passed_over() {
        // 1: int 5, 2: true, 3: text, 5: list of two ints, 6: a map, 7: a structure with a double.
        let bytes = b"\x15\x0a\x11\x18\x03abc\x29\x25\x01\x02\x1b\x01\x85\x01k\x02\x1c\x17\0\0\0\0\0\0\0\0\0\0rest";
        let mut thrift = Thrift::new(bytes);
        let (mut number, mut text) = (None, None);
        let read = thrift.fields(|thrift, field, kind| match (field, kind) {
            (1, Kind::Int) => {
                number = thrift.int();
                Some(true)
            }
            (3, Kind::Bytes) => {
                text = thrift.bytes();
                Some(true)
            }
            _ => Some(false),
        });
        assert_eq!((read, number, text), (Some(()), Some(5), Some(&b"abc"[..])));
        assert_eq!(&bytes[thrift.position()..], b"rest");
    }

    #[test]
    fn lies_end() {
        for bytes in [&b"\x19\xf5\xff\xff\xff\xff\x7f\x01"[..], b"\x18\xff\xff\x7f", b"\x1f", b"", &[0x1c; 100], b"\x15\xff"] {
            assert_eq!(Thrift::new(bytes).fields(|_, _, _| Some(false)), None, "{bytes:?}");
        }
    }
}
