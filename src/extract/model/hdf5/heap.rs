//! Heaps: where names and values lie that other structures only refer to.
//!
//! The local heap has the names of an old group (section III.D), collections of the global heap texts of any length
//! (III.E), the fractal heap attributes and links that are many (III.G).

use super::super::super::Halt;
use super::super::super::cursor::Cursor;
use super::file::File;
use super::tree::Tree;
use super::{damaged, unsupported};
use std::collections::HashMap;

/// The longest collection that is read; a value that lies farther in is scanned as it is.
const COLLECTION: u64 = 16 << 20;
/// Collections that are kept at a time.
const KEPT: usize = 2;
/// The longest object of a fractal heap.
const OBJECT: u64 = 16 << 20;
/// Objects that lie outside of a fractal heap.
const HUGE: usize = 10_000;

/// Values in collections.
#[derive(Debug, Default)]
pub(super) struct GlobalHeap {
    kept: Vec<Collection>,
}

#[derive(Debug)]
struct Collection {
    address: u64,
    bytes: Vec<u8>,
    /// Where each value lies.
    values: HashMap<u32, (usize, usize)>,
}

impl GlobalHeap {
    /// A value, and its place in the file.
    pub(super) fn value(&mut self, file: &mut File<'_>, address: u64, index: u32) -> Result<Option<(Vec<u8>, u64)>, Halt> {
        if !self.kept.iter().any(|kept| kept.address == address) {
            let collection = Collection::read(file, address)?;
            if self.kept.len() >= KEPT {
                self.kept.remove(0);
            }
            self.kept.push(collection);
        }
        let found = self.kept.iter().find(|kept| kept.address == address).and_then(|kept| {
            let (at, length) = kept.values.get(&index).copied()?;
            Some((kept.bytes.get(at..at + length)?.to_vec(), file.place(address).saturating_add(at as u64)))
        });
        Ok(found)
    }
}

impl Collection {
    fn read(file: &mut File<'_>, address: u64) -> Result<Self, Halt> {
        let start = file.at(address, 16)?;
        let mut cursor = Cursor::at(&start, 8);
        let length = file.size(&mut cursor).filter(|_| start.starts_with(b"GCOL"));
        let length = length.ok_or_else(|| damaged("a collection of the global heap"))?;
        let bytes = file.at(address, length.min(COLLECTION))?;
        let mut cursor = Cursor::at(&bytes, 8 + file.lengths);
        let mut values = HashMap::new();
        while let Some((index, at, length)) = Self::value(file, &mut cursor) {
            if index != 0 {
                values.insert(index, (at, length));
            }
        }
        Ok(Self { address, bytes, values })
    }

    fn value(file: &File<'_>, cursor: &mut Cursor<'_>) -> Option<(u32, usize, usize)> {
        let index = cursor.u16_le()?;
        cursor.take(6)?;
        let length = usize::try_from(file.size(cursor)?).ok()?;
        let at = cursor.position();
        // Free space, whose length counts its head, ends the collection.
        cursor.take(if index == 0 { cursor.left() } else { length })?;
        cursor.take((length.wrapping_neg() & 7).min(cursor.left()))?;
        Some((u32::from(index), at, length))
    }
}

/// The names of an old group: where they lie.
pub(super) fn local(file: &mut File<'_>, address: u64) -> Result<Vec<u8>, Halt> {
    let start = file.at(address, 40)?;
    let mut cursor = Cursor::at(&start, 8);
    let length = file.size(&mut cursor).filter(|_| start.starts_with(b"HEAP")).ok_or_else(|| damaged("a local heap"))?;
    file.size(&mut cursor);
    let names = file.address(&mut cursor).ok_or_else(|| damaged("a local heap"))?;
    file.at(names, length.min(COLLECTION))
}

/// A fractal heap: blocks whose size doubles from row to row, in an order that only the sizes tell.
#[derive(Debug)]
pub(super) struct FractalHeap {
    /// Bytes of an offset into the heap, and of a length of an object.
    offset: usize,
    length: usize,
    table: Table,
    root: Option<u64>,
    /// Rows of the root block; with none it holds objects itself.
    rows: u64,
    huge: HashMap<u64, (u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Table {
    width: u64,
    /// Bytes of a block of the first two rows, and of the largest that holds objects.
    start: u64,
    direct: u64,
}

impl Table {
    /// Bytes of a block of a row.
    fn size(self, row: u64) -> u64 {
        self.start.checked_shl(row.saturating_sub(1).try_into().unwrap_or(u32::MAX)).unwrap_or(u64::MAX)
    }

    /// Row, column and where that block begins, for an offset.
    fn entry(self, offset: u64) -> Option<(u64, u64, u64)> {
        let first = self.width.checked_mul(self.start)?;
        let row = offset.checked_div(first)?.checked_ilog2().map_or(0, |log| u64::from(log) + 1);
        let before = if row == 0 { 0 } else { first.checked_shl(u32::try_from(row).ok()? - 1)? };
        let column = offset.checked_sub(before)?.checked_div(self.size(row))?;
        Some((row, column, before.checked_add(column.checked_mul(self.size(row))?)?))
    }

    /// Rows whose blocks hold objects.
    fn direct_rows(self) -> u64 {
        u64::from(self.direct.checked_div(self.start).and_then(u64::checked_ilog2).unwrap_or(0)) + 2
    }
}

impl FractalHeap {
    /// The heap whose header stands at `address`.
    pub(super) fn open(file: &mut File<'_>, address: u64) -> Result<Self, Halt> {
        let bytes = file.at(address, 256)?;
        let (mut heap, filters, huge) = Self::header(file, &bytes).ok_or_else(|| damaged("a fractal heap"))?;
        if filters > 0 {
            return Err(unsupported("a fractal heap that is compressed"));
        }
        if let Some(huge) = huge {
            let mut tree = Tree::open(file, huge)?;
            while let Some(record) = tree.next(file)?.map(<[u8]>::to_vec) {
                let mut cursor = Cursor::new(&record);
                let (place, length) = (file.address(&mut cursor), file.size(&mut cursor));
                let (Some(place), Some(length), Some(id)) = (place, length, file.size(&mut cursor)) else { break };
                if heap.huge.len() >= HUGE {
                    break;
                }
                heap.huge.insert(id, (place, length));
            }
        }
        Ok(heap)
    }

    /// The heap, the length of its filters, and the tree of what lies outside of it.
    fn header(file: &File<'_>, bytes: &[u8]) -> Option<(Self, u16, Option<u64>)> {
        let mut cursor = Cursor::new(bytes.strip_prefix(b"FRHP")?);
        cursor.take(3)?;
        let filters = cursor.u16_le()?;
        cursor.take(1)?;
        let most = u64::from(cursor.u32_le()?);
        file.size(&mut cursor)?;
        let huge = file.address(&mut cursor);
        // Free space, its manager, and eight counts.
        cursor.take(2 * file.lengths + file.offsets - file.lengths)?;
        cursor.take(8 * file.lengths)?;
        let width = u64::from(cursor.u16_le()?);
        let (start, direct) = (file.size(&mut cursor)?, file.size(&mut cursor)?);
        let bits = usize::from(cursor.u16_le()?);
        cursor.take(2)?;
        let root = file.address(&mut cursor);
        let rows = u64::from(cursor.u16_le()?);
        let table = Table { width, start, direct };
        let length = (direct.max(1).ilog2().div_ceil(8)).min(most.max(1).ilog2() / 8 + 1) as usize;
        let heap = Self { offset: bits.div_ceil(8), length, table, root, rows, huge: HashMap::new() };
        (width > 0 && start > 0).then_some((heap, filters, huge))
    }

    /// An object by its id, and its place in the file.
    pub(super) fn object(&self, file: &mut File<'_>, id: &[u8]) -> Result<Option<(Vec<u8>, u64)>, Halt> {
        let Some((first, rest)) = id.split_first() else { return Ok(None) };
        let mut cursor = Cursor::new(rest);
        let found = match first >> 4 & 3 {
            0 => {
                let (offset, length) = (cursor.uint_le(self.offset), cursor.uint_le(self.length));
                let (Some(offset), Some(length)) = (offset, length) else { return Ok(None) };
                self.managed(file, offset)?.map(|place| (place, length))
            }
            1 => {
                let id = cursor.uint_le(cursor.left().min(file.lengths));
                id.and_then(|id| self.huge.get(&id)).map(|(address, length)| (file.place(*address), *length))
            }
            2 => {
                let inline = rest.get(..usize::from(first & 15) + 1);
                return Ok(inline.map(|inline| (inline.to_vec(), 0)));
            }
            _ => None,
        };
        let Some((place, length)) = found else { return Ok(None) };
        Ok(Some((file.bytes(place, length.min(OBJECT))?, place)))
    }

    /// The place in the file of what has this offset in the heap.
    fn managed(&self, file: &mut File<'_>, offset: u64) -> Result<Option<u64>, Halt> {
        let (Some(mut block), mut rows, mut offset) = (self.root, self.rows, offset) else { return Ok(None) };
        // Each step goes to a block that is smaller than the one before.
        for _ in 0..64 {
            if rows == 0 {
                return Ok(Some(file.place(block).saturating_add(offset)));
            }
            let Some((row, column, begin)) = self.table.entry(offset).filter(|(row, ..)| *row < rows) else { return Ok(None) };
            let entry = row.saturating_mul(self.table.width).saturating_add(column).saturating_mul(file.offsets as u64);
            let head = (5 + file.offsets + self.offset) as u64;
            let bytes = file.at(block.saturating_add(head).saturating_add(entry), file.offsets as u64)?;
            let Some(child) = file.address(&mut Cursor::new(&bytes)) else { return Ok(None) };
            (block, offset) = (child, offset - begin);
            let first = self.table.width.saturating_mul(self.table.start);
            let below = self.table.size(row).checked_div(first).and_then(u64::checked_ilog2);
            rows = if row < self.table.direct_rows() { 0 } else { below.map_or(1, |log| u64::from(log) + 1) };
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_double_from_the_third_row_on() {
        let table = Table { width: 4, start: 512, direct: 65_536 };
        let check = |offset: u64, expected: (u64, u64, u64)| assert_eq!(table.entry(offset), Some(expected), "{offset}");
        check(0, (0, 0, 0));
        check(513, (0, 1, 512));
        check(2047, (0, 3, 1536));
        check(2048, (1, 0, 2048));
        check(4096, (2, 0, 4096));
        check(8191, (2, 3, 7168));
        check(8192, (3, 0, 8192));
        assert_eq!((table.size(0), table.size(1), table.size(2), table.direct_rows()), (512, 512, 1024, 9));
        assert_eq!(Table { width: 0, start: 0, direct: 0 }.entry(5), None);
    }
}
