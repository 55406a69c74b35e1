//! How EROFS compresses (`fs/erofs/zmap.c`): a file is cut into clusters of equal size, each of which says whether a
//! stretch of compressed data begins in it, and at which byte. Entries have eight bytes, or are packed.

use super::super::cursor::{le16, le32};
use super::erofs::{Image, Inode};
use std::io;

/// What a compressed stretch may unpack to.
const LONGEST: u64 = 16 << 20;

/// Kinds of clusters: begins data that is stored, begins compressed data, goes on.
const PLAIN: u32 = 0;
const HEAD: u32 = 1;
const GOES_ON: u32 = 2;
/// Of a cluster that goes on: says how many blocks the data takes.
const BLOCKS: u32 = 1 << 11;

/// Flags of the header: packed entries of two bytes, more blocks than one, data behind the inode, data apart.
const SHORT: u16 = 1;
const BIG: u16 = 2;
const TAIL: u16 = 8;
const INTERLACED: u16 = 0x10;
const FRAGMENT: u16 = 0x20;

/// A stretch of the data of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    /// Where it stands in the image, and its bytes there.
    pub(super) at: u64,
    pub(super) stored: u64,
    /// Its bytes in the file.
    pub(super) length: u64,
    pub(super) is_packed: bool,
}

impl Extent {
    /// Undoes LZ4. Zeros fill the block before the data.
    pub(super) fn unpacked(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        if (bytes.len() as u64) < self.stored {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let data = bytes.iter().position(|byte| *byte != 0).and_then(|at| bytes.get(at..)).unwrap_or_default();
        let most = self.length.min(LONGEST).min(bytes.len() as u64 * 256);
        let mut out = vec![0; most as usize];
        let length = lz4_flex::block::decompress_into(data, &mut out).map_err(io::Error::other)?;
        out.truncate(length);
        if (length as u64) < self.length { Err(io::ErrorKind::InvalidData.into()) } else { Ok(out) }
    }
}

/// A cluster as its entry has it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cluster {
    kind: u32,
    /// The byte at which data begins; of one that goes on, how far back it began, or how many blocks it takes.
    low: u32,
    block: u32,
}

/// Where the data of a compressed file lies.
pub(super) fn compressed(image: &mut Image<'_, '_>, inode: &Inode, is_packed: bool) -> io::Result<Vec<Extent>> {
    let unsupported = |what: &str| io::Error::new(io::ErrorKind::Unsupported, what.to_owned());
    let start = inode.behind.next_multiple_of(8);
    let header = image.bytes(start, 8)?;
    let (Some(flags), Some(algorithms), Some(bits)) = (le16(&header, 4), header.get(6), header.get(7)) else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    if flags & (TAIL | INTERLACED | FRAGMENT) != 0 || bits & 0x80 != 0 {
        return Err(unsupported("its end is packed with that of other files"));
    }
    if !image.is_padded {
        return Err(unsupported("compressed as before Linux 5.3"));
    }
    if *algorithms != 0 {
        return Err(unsupported("compressed by another method than LZ4"));
    }
    let bits = image.bits + u32::from(bits & 7);
    let count = inode.size.div_ceil(1 << bits);
    let clusters = if is_packed {
        let bytes = image.bytes(start, count.saturating_mul(4).saturating_add(128))?;
        packed(&bytes, start, (count, bits, flags))
    } else {
        // The header is followed by as many bytes of nothing.
        let bytes = image.bytes(start + 16, count.saturating_mul(8))?;
        whole(&bytes)
    };
    if (clusters.len() as u64) < count {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    extents(&clusters, inode.size, (image.bits, bits))
}

fn extents(clusters: &[Cluster], size: u64, (block, bits): (u32, u32)) -> io::Result<Vec<Extent>> {
    let begins = |(_, cluster): &(usize, &Cluster)| cluster.kind != GOES_ON;
    let place = |(index, cluster): (usize, &Cluster)| ((index as u64) << bits) + u64::from(cluster.low);
    let mut found = Vec::new();
    let mut heads = clusters.iter().enumerate().filter(begins).peekable();
    while let Some((index, head)) = heads.next() {
        let from = place((index, head));
        let to = heads.peek().copied().map_or(size, place);
        let length = to.checked_sub(from).ok_or(io::ErrorKind::InvalidData)?;
        let blocks = clusters.get(index + 1).filter(|next| next.kind == GOES_ON && next.low & BLOCKS != 0);
        let stored = u64::from(blocks.map_or(1, |next| next.low & !BLOCKS).max(1)) << block;
        let is_packed = match head.kind {
            PLAIN => false,
            HEAD => true,
            _ => return Err(io::Error::new(io::ErrorKind::Unsupported, "compressed by a second method")),
        };
        let stored = if is_packed { stored } else { length };
        found.push(Extent { at: u64::from(head.block) << block, stored, length, is_packed });
    }
    Ok(found)
}

/// Entries of eight bytes.
fn whole(bytes: &[u8]) -> Vec<Cluster> {
    let read = |entry: &[u8]| {
        let kind = u32::from(le16(entry, 0)? & 3);
        let low = le16(entry, if kind == GOES_ON { 4 } else { 2 })?;
        Some(Cluster { kind, low: low.into(), block: le32(entry, 4)? })
    };
    bytes.chunks_exact(8).filter_map(read).collect()
}

/// Packed entries: two in eight bytes, or sixteen in 32, with the block of the first at the end. `bytes` start at
/// the header, which stands at `start` of the image.
fn packed(bytes: &[u8], start: u64, (count, bits, flags): (u64, u32, u16)) -> Vec<Cluster> {
    let base = start + 8;
    let first = ((32 - base % 32) / 4) & 7;
    let short = if flags & SHORT != 0 && first < count { (count - first) / 16 * 16 } else { 0 };
    let low_bits = bits.max(12);
    let mut clusters = Vec::new();
    for index in 0..count {
        let (at, shift) = match index {
            _ if index < first => (base + index * 4, 2),
            _ if index < first + short => (base + first * 4 + (index - first) * 2, 1),
            _ => (base + first * 4 + short * 2 + (index - first - short) * 4, 2),
        };
        let group: u64 = if shift == 2 { 2 } else { 16 };
        let size = group << shift;
        let width = (size - 4) * 8 / group;
        let from = at / size * size;
        let Some(from) = from.checked_sub(start).and_then(|from| bytes.get(from as usize..from as usize + size as usize)) else {
            break;
        };
        let entry = |index: u64| {
            let bit = index * width;
            let word = le32(from, (bit / 8) as usize).unwrap_or(0) >> (bit % 8);
            (word & ((1 << low_bits) - 1), word >> low_bits & 3)
        };
        let here = (at % size) >> shift;
        let (low, kind) = entry(here);
        let block = le32(from, size as usize - 4).unwrap_or(0).wrapping_add(blocks_before(&entry, here, flags));
        clusters.push(Cluster { kind, low, block });
    }
    clusters
}

/// Blocks of the group that data before the entry `here` takes.
fn blocks_before(entry: &impl Fn(u64) -> (u32, u32), here: u64, flags: u16) -> u32 {
    let mut at = here as i64;
    let is_big = flags & BIG != 0;
    let mut blocks = u32::from(!is_big);
    while at > 0 {
        at -= 1;
        let (low, kind) = entry(at as u64);
        match (kind, is_big) {
            (GOES_ON, true) if low & BLOCKS != 0 => {
                at -= 1;
                blocks += low & !BLOCKS;
            }
            (GOES_ON, true) => at -= i64::from(low.max(2)) - 2,
            (GOES_ON, false) => {
                at -= i64::from(low);
                blocks += u32::from(at >= 0);
            }
            _ => blocks += 1,
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_go_from_head_to_head() {
        let cluster = |kind, low, block| Cluster { kind, low, block };
        let clusters = [cluster(HEAD, 0, 5), cluster(GOES_ON, 1, 0), cluster(PLAIN, 100, 6), cluster(HEAD, 9, 7)];
        let expected = [(5, 8292, true), (6, 4005, false), (7, 91, true)];
        let expected = expected.map(|(block, length, is_packed)| Extent {
            at: block * 4096,
            stored: if is_packed { 4096 } else { length },
            length,
            is_packed,
        });
        assert_eq!(extents(&clusters, 3 * 4096 + 100, (12, 12)).unwrap(), expected);
        assert!(extents(&clusters, 100, (12, 12)).is_err());
    }

    #[test]
    fn stretches_unpack_behind_zeros() {
        let text = b"one one one one one one one one";
        let packed = lz4_flex::block::compress(text);
        let stored = [vec![0; 64 - packed.len()], packed].concat();
        let extent = Extent { at: 0, stored: 64, length: text.len() as u64, is_packed: true };
        assert_eq!(extent.unpacked(&stored).unwrap(), text);
        assert!(extent.unpacked(&stored[..63]).is_err());
    }
}
