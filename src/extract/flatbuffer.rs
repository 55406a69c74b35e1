//! FlatBuffers, as far as the formats that are built on them need it: Arrow, TensorFlow Lite, CatBoost.
//!
//! Format: <https://flatbuffers.dev/internals/>. A table begins with the distance back to its vtable, which says where
//! in the table each field is; texts, lists and other tables lie behind an offset from where that stands.

use super::cursor::Cursor;
use std::ops::Range;

/// A table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<'a> {
    bytes: &'a [u8],
    at: usize,
    count: usize,
}

fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    Cursor::at(bytes, at).uint_le(width)
}

/// Where the offset that stands here leads.
fn follow(bytes: &[u8], at: usize) -> Option<usize> {
    at.checked_add(usize::try_from(number(bytes, at, 4)?).ok()?).filter(|to| *to < bytes.len())
}

impl<'a> Table<'a> {
    /// The table that the first offset leads to.
    pub(crate) fn root(bytes: &'a [u8]) -> Option<Self> {
        follow(bytes, 0).map(|at| Self { bytes, at })
    }

    /// Where a field is.
    fn field(&self, index: usize) -> Option<usize> {
        let back = i64::from(number(self.bytes, self.at, 4)? as u32 as i32);
        let vtable = usize::try_from(i64::try_from(self.at).ok()?.checked_sub(back)?).ok()?;
        let length = number(self.bytes, vtable, 2)? as usize;
        let slot = 4 + 2 * index;
        let offset = number(self.bytes, vtable.checked_add(slot).filter(|_| slot + 2 <= length)?, 2)? as usize;
        self.at.checked_add(offset).filter(|_| offset > 0)
    }

    /// Whether a field is there.
    pub(crate) fn has(&self, index: usize) -> bool {
        self.field(index).is_some()
    }

    /// A number of so many bytes; 0 if it is not there.
    pub(crate) fn int(&self, index: usize, width: usize) -> u64 {
        self.field(index).and_then(|at| number(self.bytes, at, width)).unwrap_or(0)
    }

    pub(crate) fn table(&self, index: usize) -> Option<Self> {
        follow(self.bytes, self.field(index)?).map(|at| Self { bytes: self.bytes, at })
    }

    pub(crate) fn text(&self, index: usize) -> &'a [u8] {
        let text = || {
            let at = follow(self.bytes, self.field(index)?)?;
            let mut cursor = Cursor::at(self.bytes, at);
            let length = cursor.u32_le()?;
            cursor.take(length as usize)
        };
        text().unwrap_or_default()
    }

    /// Where the bytes of a text, or of a list of bytes, are.
    pub(crate) fn place(&self, index: usize) -> Option<Range<usize>> {
        let at = follow(self.bytes, self.field(index)?)?;
        let start = at.checked_add(4)?;
        let range = start..start.checked_add(usize::try_from(number(self.bytes, at, 4)?).ok()?)?;
        self.bytes.get(range.clone()).map(|_| range)
    }

    /// A list, empty if it is not there.
    pub(crate) fn list(&self, index: usize) -> List<'a> {
        let list = || {
            let at = follow(self.bytes, self.field(index)?)?;
            Some(List { bytes: self.bytes, at: at.checked_add(4)?, count: number(self.bytes, at, 4)? as usize })
        };
        list().unwrap_or(List { bytes: self.bytes, at: 0, count: 0 })
    }

    /// The pairs of a list of tables, each with a key and a value.
    pub(crate) fn settings(&self, index: usize) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.list(index).tables().map(|pair| (pair.text(0), pair.text(1)))
    }
}

impl<'a> Table<'a> {
    /// The same, with where each value stands.
    pub(crate) fn placed_settings(&self, index: usize) -> impl Iterator<Item = (&'a [u8], &'a [u8], Range<usize>)> {
        self.list(index).tables().map(|pair| (pair.text(0), pair.text(1), pair.place(1).unwrap_or_default()))
    }
}

impl<'a> List<'a> {
    /// The tables that it holds; it ends where the bytes do.
    pub(crate) fn tables(self) -> impl Iterator<Item = Table<'a>> {
        (0..self.count).map_while(move |item| {
            let at = self.at.checked_add(item.checked_mul(4)?)?;
            follow(self.bytes, at).map(|at| Table { bytes: self.bytes, at })
        })
    }

    /// Numbers of 64 bits that it holds, `each` of them to an item.
    pub(crate) fn longs(self, each: usize) -> impl Iterator<Item = u64> {
        (0..self.count.saturating_mul(each)).map_while(move |item| {
            let at = self.at.checked_add(item.checked_mul(8)?)?;
            number(self.bytes, at, 8)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lead_to_numbers_texts_and_lists() {
        // A vtable of two fields at 4, a table at 12: a number at its byte 4, a text at its byte 8.
        let mut bytes = vec![12, 0, 0, 0, 8, 0, 12, 0, 4, 0, 8, 0, 8, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0];
        bytes.extend(b"ab");
        let table = Table::root(&bytes).unwrap();
        assert_eq!((table.int(0, 4), table.text(1), table.int(2, 4)), (7, &b"ab"[..], 0));
        assert_eq!(table.list(1).tables().count(), 0);
        assert!(Table::root(b"\xff\xff\xff\xff").is_none());
        let mut lying = bytes.clone();
        lying[24] = 200;
        assert_eq!(Table::root(&lying).unwrap().text(1), b"");
        lying[12] = 0xff;
        assert_eq!(Table::root(&lying).unwrap().int(0, 4), 0);
    }
}
