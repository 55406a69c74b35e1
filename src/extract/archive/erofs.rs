//! EROFS, the read-only file system of Linux (`fs/erofs/erofs_fs.h`): Android, containers, live systems.
//!
//! Inodes are found by number; directories are blocks of entries. Data lies in one stretch, with its tail behind the
//! inode, in chunks, or compressed (see [`super::erofs_blocks`]). What no file covers is scanned as it is.

use super::super::cursor::{le16, le32, le64};
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, ReadSeek, Sink, reason_of};
use super::erofs_blocks::{Extent, compressed};
use super::fields::up_to;
use super::spans::{Span, uncovered};
use crate::finding::GapReason;
use crate::place::escaped;
use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};

/// EROFS.
pub struct Erofs;

/// Where the superblock stands, its magic and its length.
const SUPERBLOCK: u64 = 1024;
const MAGIC: &[u8] = b"\xe2\xe1\xf5\xe0";
const LENGTH: u64 = 128;

/// Inodes that are read, the longest path, and bytes of paths that may wait.
const ENTRIES: usize = 1 << 20;
const PATH: usize = 4096;
const PATHS: usize = 16 << 20;
/// Bytes of one directory, and of all.
const DIRECTORY: u64 = 16 << 20;
const DIRECTORIES: u64 = 256 << 20;

impl Extractor for Erofs {
    fn name(&self) -> &'static str {
        "erofs"
    }

    fn about(&self) -> About {
        About {
            title: "EROFS",
            reads: "files that are stored, in chunks, or compressed by LZ4",
            limits: "other compressions, fragments and further devices are gaps; a million entries",
            specification: "https://docs.kernel.org/filesystems/erofs.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(SUPERBLOCK as usize, MAGIC)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        let mut covered = Vec::new();
        match Image::read(&mut file, length)? {
            None => sink.gap(GapReason::Damaged, "erofs: a superblock that cannot be read; scanned as it is".into(), None),
            Some((image, root)) => {
                if image.blocks > length {
                    sink.gap(GapReason::Truncated, "erofs: ends before its blocks do".into(), None);
                }
                let mut walk = Walk {
                    image,
                    sink,
                    covered: &mut covered,
                    seen: HashSet::from([root]),
                    open: vec![(Vec::new(), root)],
                    waiting: 0,
                    left: DIRECTORIES,
                };
                walk.tree()?;
            }
        }
        uncovered(&mut file, length, covered, sink)
    }
}

/// An image, by its superblock.
pub(super) struct Image<'i, 'f> {
    file: &'i mut Box<dyn ReadSeek + 'f>,
    length: u64,
    /// Bits of a block's size.
    pub(super) bits: u32,
    /// Where the table of inodes begins.
    inodes: u64,
    /// Bytes of all blocks.
    blocks: u64,
    /// Whether zeros stand before compressed data and not behind it.
    pub(super) is_padded: bool,
}

/// A file or directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inode {
    mode: u16,
    layout: u16,
    pub(super) size: u64,
    /// Where its data lies, or how that is divided.
    data: u32,
    /// Where what follows the inode stands.
    pub(super) behind: u64,
}

impl<'i, 'f> Image<'i, 'f> {
    /// The image, and the number of its root.
    fn read(file: &'i mut Box<dyn ReadSeek + 'f>, length: u64) -> io::Result<Option<(Self, u64)>> {
        file.seek(SeekFrom::Start(SUPERBLOCK))?;
        let bytes = up_to(file, LENGTH)?;
        let bits = bytes.get(12).copied().map(u32::from).filter(|bits| (9..=16).contains(bits));
        let (Some(bits), Some(root), Some(blocks), Some(inodes)) = (bits, le16(&bytes, 14), le32(&bytes, 36), le32(&bytes, 40))
        else {
            return Ok(None);
        };
        let (inodes, blocks) = (u64::from(inodes) << bits, u64::from(blocks) << bits);
        let is_padded = le32(&bytes, 80).is_some_and(|features| features & 1 == 1);
        Ok(Some((Self { file, length, bits, inodes, blocks, is_padded }, root.into())))
    }

    /// So many bytes of the image, or as many as there are.
    pub(super) fn bytes(&mut self, at: u64, length: u64) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(at.min(self.length)))?;
        up_to(self.file, length)
    }

    fn inode(&mut self, number: u64) -> io::Result<Inode> {
        let at = number.checked_mul(32).and_then(|at| at.checked_add(self.inodes)).ok_or(io::ErrorKind::InvalidData)?;
        let bytes = self.bytes(at, 64)?;
        let read = || {
            let (format, attributes, mode) = (le16(&bytes, 0)?, le16(&bytes, 2)?, le16(&bytes, 4)?);
            let is_long = format & 1 == 1;
            let size = if is_long { le64(&bytes, 8)? } else { le32(&bytes, 8)?.into() };
            let attributes = if attributes > 0 { 12 + (u64::from(attributes) - 1) * 4 } else { 0 };
            let behind = at + if is_long { 64 } else { 32 } + attributes;
            Some(Inode { mode, layout: format >> 1 & 7, size, data: le32(&bytes, 16)?, behind })
        };
        read().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Where the data of a file lies.
    fn extents(&mut self, inode: &Inode) -> io::Result<Vec<Extent>> {
        let stretch = |at: u64, length: u64| Extent { at, stored: length, length, is_packed: false };
        let start = u64::from(inode.data) << self.bits;
        Ok(match inode.layout {
            0 => vec![stretch(start, inode.size)],
            2 => {
                let tail = inode.size & ((1 << self.bits) - 1);
                vec![stretch(start, inode.size - tail), stretch(inode.behind, tail)]
            }
            4 => self.chunks(inode)?,
            1 | 3 => compressed(self, inode, inode.layout == 3)?,
            _ => return Err(io::Error::new(io::ErrorKind::Unsupported, "a layout of data that is not known")),
        })
    }

    /// Chunks of equal size, by a table of their blocks or of longer entries.
    fn chunks(&mut self, inode: &Inode) -> io::Result<Vec<Extent>> {
        let size = 1u64 << (self.bits + (inode.data & 0x1f)).min(62);
        let is_long = inode.data & 0x20 != 0;
        let width = if is_long { 8 } else { 4 };
        let count = inode.size.div_ceil(size);
        let table = self.bytes(inode.behind.next_multiple_of(width), count.saturating_mul(width).min(self.length))?;
        let mut left = inode.size;
        let mut extents = Vec::new();
        for entry in table.chunks_exact(width as usize) {
            let length = left.min(size);
            left -= length;
            if is_long && le16(entry, 2) != Some(0) {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "data on another device"));
            }
            let block = le32(entry, if is_long { 4 } else { 0 }).unwrap_or(u32::MAX);
            // A hole has no block; what it stands for is zeros, and nothing to look at.
            if block != u32::MAX {
                extents.push(Extent { at: u64::from(block) << self.bits, stored: length, length, is_packed: false });
            }
        }
        Ok(extents)
    }
}

struct Walk<'w, 'i, 'f> {
    image: Image<'i, 'f>,
    sink: &'w mut dyn Sink,
    covered: &'w mut Vec<Span>,
    seen: HashSet<u64>,
    open: Vec<(Vec<u8>, u64)>,
    waiting: usize,
    /// Bytes of directories that may still be read.
    left: u64,
}

impl Walk<'_, '_, '_> {
    fn tree(&mut self) -> Result<(), Halt> {
        while let Some((path, number)) = self.open.pop() {
            self.waiting = self.waiting.saturating_sub(path.len());
            if let Err(error) = self.directory(&path, number)? {
                self.broken(&path, &error);
            }
            if self.seen.len() >= ENTRIES || self.left == 0 {
                self.sink.gap(GapReason::SizeLimit, "erofs: more entries than are kept; the rest was not read".into(), None);
                break;
            }
        }
        Ok(())
    }

    fn broken(&mut self, path: &[u8], error: &io::Error) {
        self.sink.gap(reason_of(error), format!("erofs: /{}: {error}", escaped(path)), None);
    }

    fn directory(&mut self, path: &[u8], number: u64) -> Result<io::Result<()>, Halt> {
        let block = 1usize << self.image.bits;
        let read = self.image.inode(number).and_then(|inode| Ok((inode, self.image.extents(&inode)?)));
        let (inode, extents) = match read {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        let most = inode.size.min(DIRECTORY).min(self.left);
        let mut bytes = Vec::new();
        let listed = Body::new(&mut self.image, extents).take(most).read_to_end(&mut bytes);
        self.left = self.left.saturating_sub(bytes.len() as u64);
        for entries in bytes.chunks(block) {
            let first = le16(entries, 8).map_or(0, usize::from);
            for index in 0..first.min(block) / 12 {
                let entry = |field: usize| index * 12 + field;
                let (Some(child), Some(from), Some(kind)) =
                    (le64(entries, entry(0)), le16(entries, entry(8)), entries.get(entry(10)).copied())
                else {
                    break;
                };
                let to = le16(entries, entry(20)).filter(|_| entry(12) < first).map_or(entries.len(), usize::from);
                let name = entries.get(usize::from(from)..to.min(entries.len())).unwrap_or_default();
                let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
                if !name.is_empty() && name != b"." && name != b".." {
                    self.child(path, name, child, kind)?;
                }
            }
        }
        Ok(listed.and_then(|listed| if (listed as u64) < inode.size { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }))
    }

    fn child(&mut self, path: &[u8], name: &[u8], number: u64, kind: u8) -> Result<(), Halt> {
        let joint: &[u8] = if path.is_empty() { b"" } else { b"/" };
        let name = [path, joint, name].concat();
        let fresh = self.seen.len() < ENTRIES && self.seen.insert(number);
        let kind = match kind {
            2 if fresh && name.len() <= PATH && self.waiting < PATHS => {
                self.waiting += name.len();
                self.open.push((name.clone(), number));
                MemberKind::Directory
            }
            2 => return Ok(()),
            1 if fresh => return self.file(&name, number),
            1 => MemberKind::HardLink,
            7 => MemberKind::Symlink,
            _ => MemberKind::Special,
        };
        Ok(self.sink.member(&Member { name: &name, kind, size: None }, &mut io::empty())?)
    }

    fn file(&mut self, name: &[u8], number: u64) -> Result<(), Halt> {
        let read = self.image.inode(number).and_then(|inode| Ok((inode, self.image.extents(&inode)?)));
        let (inode, extents) = match read {
            Ok(read) => read,
            Err(error) => {
                self.broken(name, &error);
                return Ok(());
            }
        };
        if inode.mode & 0xf000 != 0x8000 {
            return Ok(());
        }
        let spans: Vec<_> = extents.iter().map(|extent| Span::of(extent.at, extent.stored)).collect();
        let mut body = Body::new(&mut self.image, extents);
        self.sink.member(&Member { name, kind: MemberKind::File, size: Some(inode.size) }, &mut body)?;
        let drained = io::copy(&mut body, &mut io::sink());
        match body.failure.or(drained.err()) {
            Some(error) => self.broken(name, &error),
            None => self.covered.extend(spans),
        }
        Ok(())
    }
}

/// The data of a file.
struct Body<'b, 'i, 'f> {
    image: &'b mut Image<'i, 'f>,
    extents: std::vec::IntoIter<Extent>,
    /// A stretch under way: where it goes on, and bytes left of it.
    at: u64,
    left: u64,
    /// What a compressed stretch unpacked to.
    unpacked: io::Cursor<Vec<u8>>,
    failure: Option<io::Error>,
}

impl<'b, 'i, 'f> Body<'b, 'i, 'f> {
    fn new(image: &'b mut Image<'i, 'f>, extents: Vec<Extent>) -> Self {
        Self { image, extents: extents.into_iter(), at: 0, left: 0, unpacked: io::Cursor::default(), failure: None }
    }

    fn fail(&mut self, error: io::Error) -> io::Error {
        let copy = io::Error::from(error.kind());
        self.failure.get_or_insert(error);
        copy
    }
}

impl Read for Body<'_, '_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if buffer.is_empty() || self.failure.is_some() {
                return Ok(0);
            }
            let count = self.unpacked.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            if self.left > 0 {
                self.image.file.seek(SeekFrom::Start(self.at))?;
                let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
                let count = self.image.file.read(buffer.get_mut(..most).unwrap_or_default())?;
                if count == 0 {
                    return Err(self.fail(io::ErrorKind::UnexpectedEof.into()));
                }
                (self.at, self.left) = (self.at + count as u64, self.left - count as u64);
                return Ok(count);
            }
            let Some(extent) = self.extents.next() else { return Ok(0) };
            if extent.is_packed {
                match self.image.bytes(extent.at, extent.stored).and_then(|bytes| extent.unpacked(&bytes)) {
                    Ok(bytes) => self.unpacked = io::Cursor::new(bytes),
                    Err(error) => return Err(self.fail(error)),
                }
            } else {
                (self.at, self.left) = (extent.at, extent.length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    /// An image with a root that holds `a`, whose data is behind its inode, and `b`, whose data is a block.
    fn image() -> Vec<u8> {
        let inode = |layout: u8, mode: u16, size: u32, data: u32, behind: &[u8]| {
            let fields =
                [&[layout << 1, 0, 0, 0][..], &mode.to_le_bytes(), &[1, 0], &size.to_le_bytes(), &[0; 4], &data.to_le_bytes()];
            let mut inode = fields.concat();
            inode.resize(32, 0);
            inode.extend(behind);
            inode.resize(inode.len().next_multiple_of(32), 0);
            inode
        };
        let entry = |number: u64, name: u16, kind: u8| [&number.to_le_bytes()[..], &name.to_le_bytes(), &[kind, 0]].concat();
        let listing = [entry(3, 24, 1), entry(4, 25, 1), b"ab".to_vec()].concat();
        let inodes = [
            inode(2, 0x41ed, listing.len() as u32, 0, &listing),
            vec![0; 32],
            inode(0, 0x81a4, 3, 3, b""),
            inode(2, 0x81a4, 3, 0, b"one"),
        ];
        let mut bytes = vec![0; 1024];
        bytes.extend(MAGIC);
        bytes.resize(1024 + 12, 0);
        bytes.extend([9, 0, 0, 0]);
        bytes.resize(1024 + 36, 0);
        bytes.extend([7, 0, 0, 0, 4, 0, 0, 0]);
        bytes.resize(3 * 512, 0);
        bytes.extend(b"two");
        bytes.resize(4 * 512, 0);
        bytes.extend(inodes.concat());
        bytes.resize(7 * 512, 0);
        bytes
    }

    #[test]
    fn files_are_read_by_their_inodes() {
        let bytes = image();
        assert!(Erofs.probe(&Head { start: &bytes, tail: &[] }));
        let found = seen(&Erofs, &bytes);
        assert_eq!((found.members, found.gaps), (vec![("a", "two"), ("b", "one")].into(), vec![]));
        for cut in (1030..bytes.len()).step_by(37) {
            assert!(!seen(&Erofs, &bytes[..cut]).gaps.is_empty(), "{cut}");
        }
    }
}
