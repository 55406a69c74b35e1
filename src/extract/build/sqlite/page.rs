//! One page: where its cells lie (section 1.6 of the format).

use super::super::super::cursor::{Cursor, be16, be32};
use std::ops::Range;

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rows by number.
    TableLeaf,
    /// Rows of an index, or of a table without row numbers.
    IndexLeaf,
    /// Pages below this one.
    Inner,
}

/// A cell of a leaf.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Bytes of the record, all pages together.
    pub(super) length: u64,
    /// The part of it that lies here.
    pub(super) local: Range<usize>,
    /// The page on which it goes on.
    pub(super) overflow: Option<u32>,
}

/// Where the header of a page begins: page 1 has that of the file before it.
pub(super) fn start(number: u32) -> usize {
    if number == 1 { 100 } else { 0 }
}

/// What a page says that it is.
pub(super) fn kind(page: &[u8], number: u32) -> Option<Kind> {
    match page.get(start(number))? {
        0x0d => Some(Kind::TableLeaf),
        0x0a => Some(Kind::IndexLeaf),
        0x02 | 0x05 => Some(Kind::Inner),
        _ => None,
    }
}

/// The pages below an inner one.
pub(super) fn children(page: &[u8], number: u32) -> Vec<u32> {
    let header = start(number);
    let last = be32(page, header + 8);
    let cells = pointers(page, header, 12).filter_map(|at| be32(page, at));
    cells.chain(last).collect()
}

/// The cells of a leaf, as far as they can be: in a page that was freed, pointers may lead anywhere.
pub(super) fn cells(page: &[u8], number: u32, kind: Kind, usable: usize) -> Vec<Cell> {
    let header = start(number);
    let cell = |at: usize| {
        let mut cursor = Cursor::at(page, at);
        let length = varint(&mut cursor)?;
        let most = match kind {
            Kind::TableLeaf => {
                varint(&mut cursor)?;
                usable.checked_sub(35)?
            }
            _ => (usable.checked_sub(12)? * 64 / 255).checked_sub(23)?,
        };
        let least = (usable.checked_sub(12)? * 32 / 255).checked_sub(23)?;
        let local = match usize::try_from(length).ok()? {
            all if all <= most => all,
            long => {
                let fit = least + (long - least) % usable.checked_sub(4)?;
                if fit <= most { fit } else { least }
            }
        };
        let from = cursor.position();
        cursor.take(local)?;
        let overflow = if local as u64 == length { None } else { Some(cursor.u32_be()?) };
        (cursor.position() <= usable).then_some(Cell { length, local: from..from + local, overflow })
    };
    // Cells do not overlap, so that many pointers to one cost no more than a page.
    let mut room = page.len();
    let fits = |cell: &Cell| {
        let left = room.checked_sub(cell.local.len());
        room = left.unwrap_or(0);
        left.is_some()
    };
    pointers(page, header, 8).filter_map(cell).take_while(fits).collect()
}

/// Where the cells of a page are, by its array of pointers; it is no longer than the page.
fn pointers(page: &[u8], header: usize, length: usize) -> impl Iterator<Item = usize> + '_ {
    let count = be16(page, header + 3).unwrap_or(0);
    let mut cursor = Cursor::at(page, header + length);
    (0..count).map_while(move |_| cursor.u16_be().map(usize::from)).filter(move |at| *at > header)
}

/// A number of up to nine bytes, seven bits each but for the last (section 1.6).
pub(super) fn varint(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut value = 0;
    for _ in 0..8 {
        let byte = cursor.byte()?;
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some(value);
        }
    }
    Some(value << 8 | u64::from(cursor.byte()?))
}
