//! Which bytes of an ext4 image are whose: inodes, and the blocks that they name by extents or by the older
//! lists of blocks.
//!
//! Honest structures read each block once, so a block count is the budget: a tree of extents that comes
//! back to itself, or is shared, ends there.

use super::super::ReadSeek;
use super::super::cursor::{le16, le32};
use super::ext4::SUPERBLOCK;
use super::fields::up_to;
use super::spans::Span;
use std::io::{self, Read, Seek, SeekFrom};

/// Stretches of one file that are kept.
const RUNS: usize = 1 << 20;

/// Holes of so many bytes more than the image has are filled with zeros.
const ZEROS: u64 = 64 << 20;

/// Flags of an inode.
const EXTENTS: u32 = 0x0008_0000;
const ENCRYPTED: u32 = 0x0800;
const INLINE: u32 = 0x1000_0000;

/// Features without which an image cannot be read as it is here: compression, a journal device, meta_bg.
const REFUSED: u32 = 0x0001 | 0x0008 | 0x0010;
const WIDE: u32 = 0x0080;

fn damaged(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The image.
pub(super) struct Disk<'d, 'f> {
    file: &'d mut Box<dyn ReadSeek + 'f>,
    /// Bytes that there are.
    pub(super) length: u64,
    block: u64,
    blocks: u64,
    inodes: u32,
    inodes_per_group: u32,
    inode_size: u64,
    /// Where the descriptors of groups begin, and bytes of each.
    groups: u64,
    descriptor: u64,
    /// Blocks of structure that may still be read.
    budget: u64,
    /// Bytes of holes that may still be filled.
    zeros: u64,
    /// Whether a hole was longer than that.
    pub(super) has_shortened: bool,
}

/// What is needed of an inode.
pub(super) struct Inode {
    mode: u16,
    flags: u32,
    pub(super) size: u64,
    block: Vec<u8>,
}

impl Inode {
    /// The type of the file in its mode (`S_IFMT`).
    pub(super) fn kind(&self) -> u16 {
        self.mode >> 12
    }

    /// Whether the content stands in the inode itself.
    pub(super) fn is_inline(&self) -> bool {
        self.flags & INLINE != 0
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }
}

impl<'d, 'f> Disk<'d, 'f> {
    pub(super) fn open(file: &'d mut Box<dyn ReadSeek + 'f>, length: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(SUPERBLOCK as u64))?;
        let bytes = up_to(file, 1024)?;
        let field = |at: usize| le32(&bytes, at).ok_or(io::ErrorKind::UnexpectedEof);
        let features = field(0x60)?;
        if features & REFUSED != 0 {
            return Err(io::Error::new(io::ErrorKind::Unsupported, format!("features {features:#x}")));
        }
        let log = field(0x18)?;
        let block = 1024u64.checked_shl(log).filter(|_| log <= 6).ok_or_else(|| damaged("a block size that is none"))?;
        // The first revision has inodes of one size.
        let inode_size = if field(0x4c)? == 0 { 128 } else { u64::from(le16(&bytes, 0x58).unwrap_or(0)) };
        let wide = features & WIDE != 0;
        let descriptor = if wide { u64::from(le16(&bytes, 0xfe).unwrap_or(0)) } else { 32 };
        let high = if wide { u64::from(le32(&bytes, 0x150).unwrap_or(0)) } else { 0 };
        let disk = Self {
            file,
            length,
            block,
            blocks: high << 32 | u64::from(field(0x04)?),
            inodes: field(0x00)?,
            inodes_per_group: field(0x28)?,
            inode_size,
            groups: (u64::from(field(0x14)?) + 1).saturating_mul(block),
            descriptor,
            budget: length / block + 1,
            zeros: length.saturating_add(ZEROS),
            has_shortened: false,
        };
        if disk.inodes_per_group == 0 || inode_size < 128 || descriptor < 32 {
            return Err(damaged("the superblock is broken"));
        }
        Ok(disk)
    }

    /// Where the file system ends.
    pub(super) fn end(&self) -> u64 {
        self.blocks.saturating_mul(self.block)
    }

    fn bytes(&mut self, at: u64, length: u64) -> io::Result<Vec<u8>> {
        // Not every system takes every offset.
        self.file.seek(SeekFrom::Start(at.min(self.length)))?;
        let bytes = up_to(self.file, length)?;
        if (bytes.len() as u64) < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
    }

    pub(super) fn inode(&mut self, number: u32) -> io::Result<Inode> {
        let index =
            number.checked_sub(1).filter(|_| number <= self.inodes).ok_or_else(|| damaged("an inode that does not exist"))?;
        let (group, index) = (index / self.inodes_per_group, index % self.inodes_per_group);
        let descriptor = self.bytes(self.groups.saturating_add(u64::from(group) * self.descriptor), self.descriptor.min(64))?;
        let high = if self.descriptor >= 64 { le32(&descriptor, 0x28).unwrap_or(0) } else { 0 };
        let table = u64::from(high) << 32 | u64::from(le32(&descriptor, 0x08).unwrap_or(0));
        let at = table.saturating_mul(self.block).saturating_add(u64::from(index) * self.inode_size);
        let bytes = self.bytes(at, 128)?;
        let field = |at: usize| le32(&bytes, at).unwrap_or(0);
        Ok(Inode {
            mode: le16(&bytes, 0).unwrap_or(0),
            flags: field(0x20),
            size: u64::from(field(0x6c)) << 32 | u64::from(field(0x04)),
            block: bytes.get(0x28..0x28 + 60).unwrap_or_default().to_vec(),
        })
    }

    /// Where the content of an inode stands.
    pub(super) fn runs(&mut self, inode: &Inode) -> io::Result<Runs> {
        let mut runs = Runs { spans: Vec::new(), holes: Vec::new(), next: 0, size: inode.size };
        if inode.is_inline() {
            // Inodes are scanned as they are.
            return Ok(runs);
        }
        if inode.flags & EXTENTS != 0 {
            self.extents(&inode.block, 5, &mut runs)?;
        } else {
            for index in 0..12 {
                runs.add(self.block, le32(&inode.block, index * 4).unwrap_or(0).into(), 1)?;
            }
            for depth in 1..=3usize {
                let block = le32(&inode.block, (11 + depth) * 4).unwrap_or(0);
                self.list(block, depth, &mut runs)?;
            }
        }
        runs.cut();
        Ok(runs)
    }

    fn structure(&mut self, block: u64) -> io::Result<Vec<u8>> {
        self.budget = self.budget.checked_sub(1).ok_or_else(|| damaged("blocks that are named more than once"))?;
        self.bytes(block.saturating_mul(self.block), self.block)
    }

    /// A node of a tree of extents. `most` is how deep it may still be.
    fn extents(&mut self, node: &[u8], most: u16, runs: &mut Runs) -> io::Result<()> {
        let (Some(0xf30a), Some(entries), Some(depth)) = (le16(node, 0), le16(node, 2), le16(node, 6)) else {
            return Err(damaged("a node of extents that is none"));
        };
        if depth > most {
            return Err(damaged("a tree of extents that is too deep"));
        }
        for entry in node.get(12..).unwrap_or_default().chunks_exact(12).take(entries.into()) {
            let field = |at: usize| u64::from(le32(entry, at).unwrap_or(0));
            let short = |at: usize| u64::from(le16(entry, at).unwrap_or(0));
            if depth > 0 {
                let child = self.structure(short(8) << 32 | field(4))?;
                self.extents(&child, depth - 1, runs)?;
                continue;
            }
            runs.skip_to(field(0).saturating_mul(self.block));
            match short(4) {
                // Longer than that: it was never written, and reads as zeros.
                length @ 0..=0x8000 => runs.add(self.block, short(6) << 32 | field(8), length)?,
                length => runs.add(self.block, 0, length - 0x8000)?,
            }
        }
        Ok(())
    }

    /// A list of blocks, or of lists of them.
    fn list(&mut self, block: u32, depth: usize, runs: &mut Runs) -> io::Result<()> {
        let per_block = self.block / 4;
        if runs.next >= runs.size {
            return Ok(());
        }
        if block == 0 {
            return runs.add(self.block, 0, per_block.pow(depth as u32));
        }
        for entry in self.structure(block.into())?.chunks_exact(4) {
            let named = le32(entry, 0).unwrap_or(0);
            if depth > 1 {
                self.list(named, depth - 1, runs)?;
            } else {
                runs.add(self.block, named.into(), 1)?;
            }
        }
        Ok(())
    }
}

/// Where the content of a file stands, in its order.
pub(super) struct Runs {
    pub(super) spans: Vec<Span>,
    /// Before which of the spans something is left out that reads as zeros, and how many of these.
    holes: Vec<(usize, u64)>,
    /// Bytes of the file that are accounted for.
    next: u64,
    size: u64,
}

impl Runs {
    fn skip_to(&mut self, offset: u64) {
        if offset > self.next {
            self.hole(offset - self.next);
            self.next = offset;
        }
    }

    fn hole(&mut self, length: u64) {
        match self.holes.last_mut() {
            Some((before, so_far)) if *before == self.spans.len() => *so_far = so_far.saturating_add(length),
            _ => self.holes.push((self.spans.len(), length)),
        }
    }

    /// The hole behind the last span, if there is one.
    fn last_hole(&mut self) -> Option<&mut u64> {
        let spans = self.spans.len();
        self.holes.last_mut().filter(|(before, _)| *before == spans).map(|(_, length)| length)
    }

    /// So many blocks from `first` on; from block 0 on, a hole.
    fn add(&mut self, block: u64, first: u64, count: u64) -> io::Result<()> {
        let length = count.saturating_mul(block);
        if self.next >= self.size {
            return Ok(());
        }
        self.next = self.next.saturating_add(length);
        if first == 0 {
            self.hole(length);
            return Ok(());
        }
        let span = Span::of(first.saturating_mul(block), length);
        let behind_hole = self.last_hole().is_some();
        let full = self.spans.len() >= RUNS;
        match self.spans.last_mut() {
            Some(last) if last.end == span.start && !behind_hole => last.end = span.end,
            _ if full => return Err(damaged("more stretches than are kept")),
            _ => self.spans.push(span),
        }
        Ok(())
    }

    /// Cuts the last block where the file ends; where it ends before that, zeros follow.
    fn cut(&mut self) {
        self.skip_to(self.size);
        let excess = self.next - self.size;
        if let Some(hole) = self.last_hole() {
            *hole = hole.saturating_sub(excess);
        } else if let Some(last) = self.spans.last_mut() {
            last.end = last.end.saturating_sub(excess).max(last.start);
        }
    }

    /// The content. Of a hole that is too long to be filled one zero stays.
    pub(super) fn reader<'r, 'd, 'f>(&'r self, disk: &'r mut Disk<'d, 'f>) -> Content<'r, 'd, 'f> {
        Content { disk, runs: self, index: 0, left: 0, zeros: 0, is_past_hole: false }
    }
}

/// The content of a file as a reader.
pub(super) struct Content<'r, 'd, 'f> {
    disk: &'r mut Disk<'d, 'f>,
    runs: &'r Runs,
    /// The next span.
    index: usize,
    /// Bytes left of the one at hand.
    left: u64,
    /// Zeros left of the hole at hand, and whether the one before the next span was met.
    zeros: u64,
    is_past_hole: bool,
}

impl Content<'_, '_, '_> {
    /// The zeros of the hole before the next span.
    fn hole(&mut self) -> u64 {
        if std::mem::replace(&mut self.is_past_hole, true) {
            return 0;
        }
        let found = self.runs.holes.binary_search_by_key(&self.index, |(before, _)| *before);
        let length = found.ok().and_then(|at| self.runs.holes.get(at)).map_or(0, |(_, length)| *length);
        match self.disk.zeros.checked_sub(length) {
            Some(left) => self.disk.zeros = left,
            None => {
                self.disk.has_shortened = true;
                return 1;
            }
        }
        length
    }
}

impl Read for Content<'_, '_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            if self.zeros == 0 {
                self.zeros = self.hole();
            }
            if self.zeros > 0 {
                let count = usize::try_from(self.zeros).unwrap_or(usize::MAX).min(buffer.len());
                buffer.get_mut(..count).unwrap_or_default().fill(0);
                self.zeros -= count as u64;
                return Ok(count);
            }
            let Some(span) = self.runs.spans.get(self.index) else { return Ok(0) };
            self.disk.file.seek(SeekFrom::Start(span.start.min(self.disk.length)))?;
            self.left = span.end - span.start;
            self.index += 1;
            self.is_past_hole = false;
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.disk.file.read(buffer.get_mut(..most).unwrap_or_default())?;
        // Behind the end of the image nothing follows.
        self.left = if count == 0 { 0 } else { self.left - count as u64 };
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// What a file of `size` reads as, of whose blocks each stands where `blocks` says, or is a hole.
    fn content(size: u64, blocks: &[u64], zeros: u64) -> (Vec<u8>, bool) {
        let image: Vec<u8> = (0..8u8).flat_map(|block| vec![block; 4]).collect();
        let mut runs = Runs { spans: Vec::new(), holes: Vec::new(), next: 0, size };
        for block in blocks {
            runs.add(4, *block, 1).unwrap();
        }
        runs.cut();
        let mut file: Box<dyn ReadSeek> = Box::new(Cursor::new(image));
        let mut disk = Disk {
            file: &mut file,
            length: 32,
            block: 4,
            blocks: 8,
            inodes: 0,
            inodes_per_group: 1,
            inode_size: 128,
            groups: 0,
            descriptor: 32,
            budget: 0,
            zeros,
            has_shortened: false,
        };
        let mut read = Vec::new();
        runs.reader(&mut disk).read_to_end(&mut read).unwrap();
        (read, disk.has_shortened)
    }

    #[test]
    fn holes_read_as_zeros_up_to_a_limit() {
        let check = |size, blocks: &[u64], expected: &[u8]| assert_eq!(content(size, blocks, 100), (expected.to_vec(), false));
        check(12, &[1, 0, 3], &[1, 1, 1, 1, 0, 0, 0, 0, 3, 3, 3, 3]);
        check(6, &[1, 2], &[1, 1, 1, 1, 2, 2]);
        check(6, &[1, 0], &[1, 1, 1, 1, 0, 0]);
        check(10, &[0, 0, 5], &[0, 0, 0, 0, 0, 0, 0, 0, 5, 5]);
        // No block is named for the end, or for all.
        check(7, &[1], &[1, 1, 1, 1, 0, 0, 0]);
        check(3, &[], &[0; 3]);
        check(0, &[], &[]);
        assert_eq!(content(14, &[1, 0, 3], 4), ([&[1; 4][..], &[0; 4], &[3; 4], &[0]].concat(), true));
    }
}
