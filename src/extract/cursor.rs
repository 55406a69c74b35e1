//! A slice of hostile bytes, read from its start: the one way in which a format takes numbers and
//! stretches from bytes that are in memory. Past the end there is nothing, never a panic.

use std::convert::Infallible;

/// A place in some bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// At `at`, which may be past the end.
    pub(crate) fn at(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Where it is, from the start of the bytes.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Bytes that lie ahead.
    pub(crate) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// Takes so many bytes, if there are as many.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    /// As [`Self::take`], for a length that came as a number of 64 bits.
    pub(crate) fn take_long(&mut self, count: u64) -> Option<&'a [u8]> {
        self.take(usize::try_from(count).ok()?)
    }

    /// Takes as many bytes as the array has.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// Takes a byte.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// Takes a number of so many bytes, eight at most, little-endian.
    pub(crate) fn uint_le(&mut self, width: usize) -> Option<u64> {
        let bytes = self.take(width)?;
        let mut whole = [0; 8];
        whole.get_mut(..width)?.copy_from_slice(bytes);
        Some(u64::from_le_bytes(whole))
    }

    /// Takes a number of variable length, as [`varint`] has it.
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let Ok(number) = varint::<Infallible>(|| Ok(self.byte()));
        number
    }
}

/// A number of variable length: seven bits a byte, lowest first. `None` if it is none, or the bytes end.
pub(crate) fn varint<E>(mut next: impl FnMut() -> Result<Option<u8>, E>) -> Result<Option<u64>, E> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let Some(byte) = next()? else { return Ok(None) };
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// For each kind of number how to take it, and how to read it at any place: every offset may be a lie.
macro_rules! number {
    ($take:ident, $at:ident, $type:ty, $from:ident, $order:literal) => {
        impl Cursor<'_> {
            #[doc = concat!("Takes a ", $order, "-endian number.")]
            pub(crate) fn $take(&mut self) -> Option<$type> {
                self.array().map(<$type>::$from)
            }
        }

        #[doc = concat!("The ", $order, "-endian number at `at`.")]
        pub(crate) fn $at(bytes: &[u8], at: usize) -> Option<$type> {
            Cursor::at(bytes, at).$take()
        }
    };
}

number!(u16_le, le16, u16, from_le_bytes, "little");
number!(u32_le, le32, u32, from_le_bytes, "little");
number!(u64_le, le64, u64, from_le_bytes, "little");
number!(u16_be, be16, u16, from_be_bytes, "big");
number!(u32_be, be32, u32, from_be_bytes, "big");
number!(u64_be, be64, u64, from_be_bytes, "big");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_lies_past_the_end() {
        let mut cursor = Cursor::new(b"\x01\x02\x03\x04\x05");
        assert_eq!((cursor.u16_be(), cursor.position(), cursor.left()), (Some(0x102), 2, 3));
        assert_eq!((cursor.u32_le(), cursor.take(usize::MAX), cursor.position()), (None, None, 2));
        assert_eq!((cursor.take_long(u64::MAX), cursor.byte(), cursor.take(2)), (None, Some(3), Some(&[4, 5][..])));
        assert_eq!((le32(b"\x01\x02\x03\x04\x05", 1), be16(b"\x01\x02", 0)), (Some(0x0504_0302), Some(0x0102)));
        assert_eq!((le64(b"\x01\x02", 0), le16(b"\x01\x02", usize::MAX)), (None, None));
        assert_eq!((cursor.byte(), Cursor::at(b"a", 9).byte(), Cursor::at(b"a", 9).left()), (None, None, 0));
    }
}
