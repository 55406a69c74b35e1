//! The chunks of a dataset, one after another, by whatever lists them (sections III.A.1 and VII).

use super::super::super::Halt;
use super::super::super::cursor::Cursor;
use super::damaged;
use super::file::File;
use super::layout::{Chunked, Index};
use super::tree::Tree;
use std::collections::{HashSet, VecDeque};

/// Nodes and blocks that lead to chunks.
const NODES: usize = 1_000_000;

/// A chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) address: u64,
    /// Its bytes in the file.
    pub(super) size: u64,
    /// Filters that it did not go through.
    pub(super) mask: u32,
    /// Its first value, on each side.
    pub(super) start: Vec<u64>,
}

/// A way through all chunks.
#[derive(Debug)]
pub(super) struct Chunks {
    sides: Vec<u64>,
    /// Values on each side of the dataset.
    shape: Vec<u64>,
    /// Bytes of a chunk before it was packed.
    plain: u64,
    is_filtered: bool,
    ready: VecDeque<Chunk>,
    nodes: Vec<u64>,
    seen: HashSet<u64>,
    tree: Option<Tree>,
    /// Blocks of elements: where they stand, how many, and the number of the first.
    blocks: VecDeque<(u64, u64, u64)>,
    /// Bytes of an element.
    element: usize,
    /// The number of the next chunk, where their order tells it, and how many there are.
    implicit: Option<(u64, u64, u64)>,
}

impl Chunks {
    pub(super) fn open(
        file: &mut File<'_>,
        chunked: &Chunked,
        shape: &[u64],
        value: u64,
        is_filtered: bool,
    ) -> Result<Self, Halt> {
        let plain = chunked.sides.iter().try_fold(value, |all, side| all.checked_mul(*side));
        let plain = plain.filter(|plain| *plain > 0).ok_or_else(|| damaged("a chunk without a size"))?;
        let mut chunks = Self {
            sides: chunked.sides.clone(),
            shape: shape.to_vec(),
            plain,
            is_filtered,
            ready: VecDeque::new(),
            nodes: Vec::new(),
            seen: HashSet::new(),
            tree: None,
            blocks: VecDeque::new(),
            element: 0,
            implicit: None,
        };
        match chunked.index {
            Index::Tree1 => chunks.nodes.push(chunked.address),
            Index::Single(size) => {
                let start = vec![0; shape.len()];
                chunks.ready.push_back(Chunk { address: chunked.address, size: size.unwrap_or(plain), mask: 0, start });
            }
            Index::Implicit => {
                let count = (0..shape.len()).fold(1u64, |all, side| all.saturating_mul(chunks.along(side)));
                chunks.implicit = Some((chunked.address, 0, count));
            }
            Index::Tree2 => chunks.tree = Some(Tree::open(file, chunked.address)?),
            Index::Fixed => chunks.fixed(file, chunked.address)?,
            Index::Extensible => chunks.extensible(file, chunked.address)?,
        }
        Ok(chunks)
    }

    /// Bytes of a chunk before it was packed.
    pub(super) fn plain(&self) -> u64 {
        self.plain
    }

    /// The next chunk. None is given twice.
    pub(super) fn next(&mut self, file: &mut File<'_>) -> Result<Option<Chunk>, Halt> {
        loop {
            while let Some(chunk) = self.ready.pop_front() {
                if self.seen.len() >= NODES {
                    return Err(damaged("more chunks than are looked at"));
                }
                if self.seen.insert(chunk.address) {
                    return Ok(Some(chunk));
                }
            }
            if !self.more(file)? {
                return Ok(None);
            }
        }
    }

    /// Makes more chunks ready.
    fn more(&mut self, file: &mut File<'_>) -> Result<bool, Halt> {
        if let Some(address) = self.nodes.pop() {
            return self.node(file, address).map(|()| true);
        }
        if let Some((address, count, first)) = self.blocks.pop_front() {
            self.block(file, address, count, first)?;
            return Ok(true);
        }
        if let Some((address, number, count)) = self.implicit.filter(|(_, number, count)| number < count) {
            let start = self.start(number);
            let at = address.saturating_add(number.saturating_mul(self.plain));
            self.implicit = Some((address, number + 1, if file.place(at) < file.length { count } else { 0 }));
            self.ready.push_back(Chunk { address: at, size: self.plain, mask: 0, start });
            return Ok(true);
        }
        let (is_filtered, plain, rank) = (self.is_filtered, self.plain, self.shape.len());
        let Some(tree) = &mut self.tree else { return Ok(false) };
        let width = tree.record().checked_sub(file.offsets + 4 + 8 * rank).filter(|width| (1..=8).contains(width));
        let Some(record) = tree.next(file)?.map(<[u8]>::to_vec) else { return Ok(false) };
        let mut cursor = Cursor::new(&record);
        let address = file.address(&mut cursor);
        let (size, mask) = match width.filter(|_| is_filtered) {
            Some(width) => (cursor.uint_le(width).unwrap_or(0), cursor.u32_le().unwrap_or(0)),
            None => (plain, 0),
        };
        let scaled = (0..rank).map_while(|_| cursor.uint_le(8));
        let start = scaled.zip(&self.sides).map(|(scaled, side)| scaled.saturating_mul(*side)).collect();
        self.ready.extend(address.map(|address| Chunk { address, size, mask, start }));
        Ok(true)
    }

    /// A node of a B-tree of version 1.
    fn node(&mut self, file: &mut File<'_>, address: u64) -> Result<(), Halt> {
        let start = file.at(address, 8)?;
        let [b'T', b'R', b'E', b'E', 1, level, low, high] = start.as_slice() else {
            return Err(damaged("a node of a dataset"));
        };
        let (count, rank) = (u64::from(u16::from_le_bytes([*low, *high])), self.shape.len());
        let key = 8 + 8 * (rank as u64 + 1);
        let node = file.at(address, 8 + 2 * file.offsets as u64 + (count + 1) * (key + file.offsets as u64))?;
        let mut cursor = Cursor::at(&node, 8 + 2 * file.offsets);
        for _ in 0..count {
            let (Some(size), Some(mask)) = (cursor.u32_le(), cursor.u32_le()) else { break };
            let start = (0..rank).map_while(|_| cursor.uint_le(8)).collect();
            cursor.take(8);
            let Some(child) = file.address(&mut cursor) else { continue };
            if *level == 0 {
                self.ready.push_back(Chunk { address: child, size: u64::from(size), mask, start });
            } else if self.seen.len() < NODES && self.seen.insert(child) {
                self.nodes.push(child);
            }
        }
        Ok(())
    }

    /// The blocks of a fixed array.
    fn fixed(&mut self, file: &mut File<'_>, address: u64) -> Result<(), Halt> {
        let bytes = file.at(address, 64)?;
        let header = |file: &File<'_>| {
            let mut cursor = Cursor::new(bytes.strip_prefix(b"FAHD")?);
            cursor.take(2)?;
            let (element, bits) = (usize::from(cursor.byte()?), u32::from(cursor.byte()?));
            Some((element, bits, file.size(&mut cursor)?, file.address(&mut cursor)))
        };
        let (element, bits, count, block) = header(file).ok_or_else(|| damaged("a fixed array"))?;
        self.element = element;
        let page = 1u64.checked_shl(bits).unwrap_or(u64::MAX);
        let Some(block) = block else { return Ok(()) };
        let first = block.saturating_add(6 + file.offsets as u64);
        if count <= page {
            self.blocks.push_back((first, count, 0));
            return Ok(());
        }
        // Pages, with a checksum behind each, follow a map of those that were written and the block's own checksum.
        let pages = count.div_ceil(page);
        let mut at = first.saturating_add(pages.div_ceil(8)).saturating_add(4);
        for number in 0..pages.min(NODES as u64) {
            let held = page.min(count - number * page);
            self.blocks.push_back((at, held, number * page));
            at = at.saturating_add(page.saturating_mul(element as u64)).saturating_add(4);
            if file.place(at) >= file.length {
                break;
            }
        }
        Ok(())
    }

    /// The blocks of an extensible array.
    fn extensible(&mut self, file: &mut File<'_>, address: u64) -> Result<(), Halt> {
        let bytes = file.at(address, 128)?;
        let array = Extensible::parse(file, &bytes).ok_or_else(|| damaged("an extensible array"))?;
        self.element = array.element;
        let Some(index) = array.index else { return Ok(()) };
        let (data, supers) = array.counts().ok_or_else(|| damaged("an extensible array"))?;
        let own = array.inline.saturating_mul(array.element as u64);
        let head = 6 + file.offsets as u64;
        self.blocks.push_back((index.saturating_add(head), array.inline, 0));
        let pointers = file.at(index.saturating_add(head).saturating_add(own), (data + supers) * file.offsets as u64)?;
        let mut cursor = Cursor::new(&pointers);
        let (mut number, mut level) = (array.inline, 0u32);
        let mut left = data;
        while left > 0 {
            let (blocks, held) = array.level(level);
            for _ in 0..blocks.min(left) {
                let block = file.address(&mut cursor);
                self.data_block(&array, block, held, number, file);
                number = number.saturating_add(held);
            }
            left = left.saturating_sub(blocks);
            level += 1;
        }
        for _ in 0..supers {
            let (blocks, held) = array.level(level);
            if let Some(address) = file.address(&mut cursor) {
                let pages = if held > array.page { held.div_ceil(array.page).div_ceil(8) } else { 0 };
                let at = address.saturating_add(head + array.offset).saturating_add(pages.saturating_mul(blocks));
                let bytes = file.at(at, blocks.saturating_mul(file.offsets as u64).min(1 << 20))?;
                let mut inner = Cursor::new(&bytes);
                for block in 0..blocks.min(bytes.len() as u64 / file.offsets as u64) {
                    let data = file.address(&mut inner);
                    self.data_block(&array, data, held, number.saturating_add(block.saturating_mul(held)), file);
                }
            }
            number = number.saturating_add(blocks.saturating_mul(held));
            level += 1;
        }
        Ok(())
    }

    /// Notes a block of an extensible array; a long one is in pages, with a checksum behind each.
    fn data_block(&mut self, array: &Extensible, block: Option<u64>, held: u64, number: u64, file: &File<'_>) {
        let Some(block) = block.filter(|_| self.blocks.len() < NODES) else { return };
        let first = block.saturating_add(6 + file.offsets as u64 + array.offset);
        if held <= array.page {
            self.blocks.push_back((first, held, number));
            return;
        }
        let mut at = first.saturating_add(4);
        for page in 0..held / array.page {
            self.blocks.push_back((at, array.page, number.saturating_add(page * array.page)));
            at = at.saturating_add(array.page.saturating_mul(array.element as u64)).saturating_add(4);
            if self.blocks.len() >= NODES || file.place(at) >= file.length {
                break;
            }
        }
    }

    /// Elements of an array: addresses, with size and mask where chunks are packed.
    fn block(&mut self, file: &mut File<'_>, address: u64, count: u64, first: u64) -> Result<(), Halt> {
        // What is long is read in parts.
        let part = count.min(4096);
        let bytes = file.at(address, part.saturating_mul(self.element as u64))?;
        let mut cursor = Cursor::new(&bytes);
        for number in first..first.saturating_add(part) {
            let place = file.address(&mut cursor);
            let (size, mask) = if self.is_filtered {
                let width = self.element.saturating_sub(file.offsets + 4);
                (cursor.uint_le(width).unwrap_or(0), cursor.u32_le().unwrap_or(0))
            } else {
                (self.plain, 0)
            };
            let start = self.start(number);
            self.ready.extend(place.map(|address| Chunk { address, size, mask, start }));
            if cursor.left() < self.element {
                break;
            }
        }
        if count > part && bytes.len() as u64 == part.saturating_mul(self.element as u64) {
            self.blocks.push_front((address.saturating_add(bytes.len() as u64), count - part, first.saturating_add(part)));
        }
        Ok(())
    }

    /// Chunks along a side.
    fn along(&self, side: usize) -> u64 {
        let whole = self.shape.get(side).copied().unwrap_or(1);
        whole.div_ceil(self.sides.get(side).copied().unwrap_or(1).max(1)).max(1)
    }

    /// The first value of the chunk of that number.
    fn start(&self, number: u64) -> Vec<u64> {
        let mut rest = number;
        let mut start: Vec<u64> = Vec::new();
        for side in (0..self.shape.len()).rev() {
            let along = self.along(side);
            start.push((rest % along).saturating_mul(self.sides.get(side).copied().unwrap_or(1)));
            rest /= along;
        }
        start.reverse();
        start
    }
}

/// The header of an extensible array.
#[derive(Debug)]
struct Extensible {
    element: usize,
    /// Elements in the index block, and in the smallest data block.
    inline: u64,
    smallest: u64,
    /// Pointers in the smallest block of pointers.
    pointers: u64,
    bits: u32,
    page: u64,
    /// Bytes of the number that a block keeps of its place.
    offset: u64,
    index: Option<u64>,
}

impl Extensible {
    fn parse(file: &File<'_>, bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes.strip_prefix(b"EAHD")?);
        cursor.take(2)?;
        let [element, bits, inline, smallest, pointers, page] = cursor.array()?;
        cursor.take(6 * file.lengths)?;
        let index = file.address(&mut cursor);
        let found = Self {
            element: usize::from(element),
            inline: u64::from(inline),
            smallest: u64::from(smallest),
            pointers: u64::from(pointers),
            bits: u32::from(bits),
            page: 1u64.checked_shl(u32::from(page))?,
            offset: u64::from(bits).div_ceil(8),
            index,
        };
        (found.smallest > 0 && found.pointers > 0 && found.bits <= 64).then_some(found)
    }

    /// Pointers in the index block: to data blocks, and to blocks of pointers.
    fn counts(&self) -> Option<(u64, u64)> {
        let levels = u64::from(1 + self.bits.checked_sub(self.smallest.ilog2())?);
        let direct = 2 * u64::from(self.pointers.ilog2());
        Some((2 * (self.pointers - 1), levels.saturating_sub(direct)))
    }

    /// Data blocks of a level, and elements in each.
    fn level(&self, level: u32) -> (u64, u64) {
        let blocks = 1u64.checked_shl(level / 2).unwrap_or(u64::MAX);
        (blocks, self.smallest.saturating_mul(1u64.checked_shl(level.div_ceil(2)).unwrap_or(u64::MAX)))
    }
}
