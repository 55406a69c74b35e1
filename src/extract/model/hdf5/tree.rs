//! B-trees of version 2 (section III.A.2): an index of records of one length.
//!
//! Attributes and links that are many, and chunks of datasets that can grow in more than one way, are listed by one.

use super::super::super::Halt;
use super::super::super::cursor::Cursor;
use super::damaged;
use super::file::File;

/// Trees in a file have three or four levels.
const DEPTH: u16 = 32;
/// The longest node that is read.
const NODE: u64 = 1 << 20;

/// A tree, walked from left to right.
#[derive(Debug)]
pub(super) struct Tree {
    node: u64,
    record: usize,
    /// Bytes of the numbers of records that stand beside a child, by its level: of the child alone, and of all below.
    widths: Vec<(usize, usize)>,
    pending: Vec<(u64, u64, u16)>,
    /// Records of the leaf, or of the inner node, at hand; and where in them it stands.
    records: Vec<u8>,
    next: usize,
}

impl Tree {
    /// The tree whose header stands at `address`.
    pub(super) fn open(file: &mut File<'_>, address: u64) -> Result<Self, Halt> {
        let bytes = file.at(address, 64)?;
        Self::header(file, &bytes).ok_or_else(|| damaged("a tree"))
    }

    fn header(file: &File<'_>, bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes.strip_prefix(b"BTHD")?);
        cursor.take(2)?;
        let (node, record, depth) = (u64::from(cursor.u32_le()?), usize::from(cursor.u16_le()?), cursor.u16_le()?);
        cursor.take(2)?;
        let root = file.address(&mut cursor);
        let count = u64::from(cursor.u16_le()?);
        if record == 0 || depth > DEPTH || node > NODE {
            return None;
        }
        let width = |most: u64| (most.max(1).ilog2() / 8 + 1) as usize;
        let leaf = node.saturating_sub(10) / record as u64;
        let (mut widths, mut below) = (vec![(width(leaf), 0)], leaf);
        for _ in 0..depth {
            let (own, all) = widths.last().copied()?;
            let pointer = (file.offsets + own + all) as u64;
            let most = node.saturating_sub(10 + pointer) / (record as u64 + pointer);
            below = most.saturating_add(1).saturating_mul(below).saturating_add(most);
            widths.push((width(leaf), width(below)));
        }
        let pending = root.map(|root| (root, count, depth)).into_iter().collect();
        Some(Self { node, record, widths, pending, records: Vec::new(), next: 0 })
    }

    /// Bytes of a record.
    pub(super) fn record(&self) -> usize {
        self.record
    }

    /// The next record.
    pub(super) fn next(&mut self, file: &mut File<'_>) -> Result<Option<&[u8]>, Halt> {
        while self.next + self.record > self.records.len() {
            let Some((address, count, level)) = self.pending.pop() else { return Ok(None) };
            let bytes = file.at(address, self.node)?;
            self.enter(file, &bytes, count, level).ok_or_else(|| damaged("a node of a tree"))?;
        }
        let at = self.next;
        self.next += self.record;
        Ok(self.records.get(at..self.next))
    }

    fn enter(&mut self, file: &File<'_>, bytes: &[u8], count: u64, level: u16) -> Option<()> {
        let magic: &[u8] = if level == 0 { b"BTLF" } else { b"BTIN" };
        let mut cursor = Cursor::new(bytes.strip_prefix(magic)?);
        cursor.take(2)?;
        self.records = cursor.take_long(count.checked_mul(self.record as u64)?)?.to_vec();
        self.next = 0;
        if level > 0 {
            let (own, all) = self.widths.get(usize::from(level) - 1).copied()?;
            for _ in 0..=count {
                let child = file.address(&mut cursor);
                let records = cursor.uint_le(own)?;
                cursor.take(if level > 1 { all } else { 0 })?;
                self.pending.extend(child.map(|child| (child, records, level - 1)));
            }
        }
        Some(())
    }
}
