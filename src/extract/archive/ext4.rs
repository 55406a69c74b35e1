//! ext2, ext3 and ext4 (the kernel's Documentation/filesystems/ext4): images of disks.
//!
//! The tree is walked from its root; a file is read once, however many names it has. Blocks of no file are
//! scanned as they are, and with them what was deleted, the journal, and attributes in the inodes.

use super::super::cursor::{le16, le32};
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, reason_of};
use super::ext4_blocks::{Disk, Inode, Runs};
use super::fields::up_to;
use super::spans::{Span, uncovered};
use super::tree::{Tree, below};
use crate::finding::GapReason;
use crate::place::escaped;
use std::io::{self, Seek, SeekFrom};

/// ext2, ext3 and ext4.
pub struct Ext4;

/// Where the superblock stands, and the magic in it.
pub(super) const SUPERBLOCK: usize = 1024;
const MAGIC: &[u8] = b"\x53\xef";

/// The inode of the root directory.
const ROOT: u32 = 2;

/// Stretches of files that are remembered.
const SPANS: usize = 1 << 21;

/// Bytes of one directory that are read.
const DIRECTORY: u64 = 16 << 20;

impl Extractor for Ext4 {
    fn name(&self) -> &'static str {
        "ext4"
    }

    fn about(&self) -> About {
        About {
            title: "ext2, ext3, ext4",
            reads: "every file, and as raw bytes all blocks of none: what was deleted, the journal, attributes",
            limits: "encrypted files are gaps; the journal is not replayed; no meta_bg; a million entries",
            specification: "https://docs.kernel.org/filesystems/ext4/",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        // Two bytes in the middle are too little to know it by. A superblock is no text, and names a block
        // size, a state and a behaviour on errors.
        let at = |offset: usize| head.start.get(SUPERBLOCK + offset..);
        let number = |offset: usize| at(offset).and_then(|bytes| le16(bytes, 0));
        head.has(SUPERBLOCK + 0x38, MAGIC)
            && at(0x18).and_then(|bytes| le32(bytes, 0)).is_some_and(|log| log <= 6)
            && number(0x3a).is_some_and(|state| state <= 7)
            && number(0x3c).is_some_and(|errors| errors <= 3)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        let disk = Disk::open(&mut file, length).map_err(|error| Halt::Broken(reason_of(&error), format!("ext4: {error}")))?;
        let end = disk.end();
        let mut walk = Walk { disk, sink, covered: Vec::new(), tree: Tree::new(), listings: length };
        walk.all()?;
        if walk.disk.has_shortened {
            let detail = "ext4: files with longer holes than are filled; what is packed in them may not open".into();
            walk.sink.gap(GapReason::SizeLimit, detail, None);
        }
        let covered = walk.covered;
        if end > length {
            sink.gap(GapReason::Truncated, format!("ext4: ends {} bytes early", end - length), None);
        }
        uncovered(&mut file, length, covered, sink)
    }
}

struct Walk<'w, 'f> {
    disk: Disk<'w, 'f>,
    sink: &'w mut dyn Sink,
    covered: Vec<Span>,
    /// By their inodes.
    tree: Tree<u32, u32>,
    /// Bytes of directories that may still be read. Honest ones share no block.
    listings: u64,
}

impl Walk<'_, '_> {
    fn all(&mut self) -> Result<(), Halt> {
        self.tree.is_first(ROOT);
        self.tree.push(b"", ROOT);
        while let Some((path, number)) = self.tree.pop() {
            match self.listing(number) {
                Ok(listing) => self.children(&path, &listing)?,
                Err(error) => self.broken(&path, &error),
            }
            if self.tree.is_full() || self.listings == 0 {
                self.sink.gap(GapReason::SizeLimit, "ext4: more entries than are kept; the rest was not read".into(), None);
                break;
            }
        }
        Ok(())
    }

    fn broken(&mut self, path: &[u8], error: &io::Error) {
        self.sink.gap(reason_of(error), format!("ext4: /{}: {error}", escaped(path)), None);
    }

    /// The blocks of a directory. They are left to be scanned as they are, since they hold names of what was deleted.
    fn listing(&mut self, number: u32) -> io::Result<Vec<u8>> {
        let inode = self.disk.inode(number)?;
        if inode.is_inline() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "a directory that stands in its inode"));
        }
        let runs = self.disk.runs(&inode)?;
        let bytes = up_to(&mut runs.reader(&mut self.disk), self.listings.min(DIRECTORY))?;
        self.listings -= bytes.len() as u64;
        Ok(bytes)
    }

    fn children(&mut self, path: &[u8], listing: &[u8]) -> Result<(), Halt> {
        let mut at = 0;
        while let (Some(number), Some(length)) = (le32(listing, at), le16(listing, at + 4)) {
            let name_length = usize::from(listing.get(at + 6).copied().unwrap_or(0));
            let name = listing.get(at + 8..at + 8 + name_length).unwrap_or_default();
            if length < 8 {
                self.broken(path, &io::Error::new(io::ErrorKind::InvalidData, "an entry of a directory that is none"));
                break;
            }
            at += usize::from(length);
            // Inodes of deleted entries, of trees of hashes and of checksums are zero.
            if number != 0 && !name.is_empty() && !matches!(name, b"." | b"..") {
                self.child(&below(path, name), number)?;
            }
        }
        Ok(())
    }

    fn child(&mut self, name: &[u8], number: u32) -> Result<(), Halt> {
        let inode = match self.disk.inode(number) {
            Ok(inode) => inode,
            Err(error) => {
                self.broken(name, &error);
                return Ok(());
            }
        };
        let first = self.tree.is_first(number);
        let kind = match inode.kind() {
            0o04 if first && self.tree.push(name, number) => MemberKind::Directory,
            0o04 => {
                self.broken(name, &io::Error::other("not followed: it was read, or lies too deep"));
                return Ok(());
            }
            0o10 if first => return self.file(name, &inode),
            0o10 => MemberKind::HardLink,
            0o12 => MemberKind::Symlink,
            _ => MemberKind::Special,
        };
        Ok(self.sink.member(&Member { name, kind, size: None }, &mut io::empty())?)
    }

    fn file(&mut self, name: &[u8], inode: &Inode) -> Result<(), Halt> {
        if inode.is_encrypted() {
            self.sink.gap(GapReason::Encrypted, format!("ext4: /{} is encrypted", escaped(name)), Some(inode.size));
            return Ok(());
        }
        let runs = match self.disk.runs(inode) {
            Ok(runs) => runs,
            Err(error) => {
                self.broken(name, &error);
                return Ok(());
            }
        };
        let member = Member { name, kind: MemberKind::File, size: Some(inode.size) };
        self.sink.member(&member, &mut runs.reader(&mut self.disk))?;
        let Runs { spans, .. } = runs;
        if spans.iter().any(|span| span.end > self.disk.length) {
            self.broken(name, &io::ErrorKind::UnexpectedEof.into());
        }
        if self.covered.len() + spans.len() <= SPANS {
            self.covered.extend(spans);
        }
        Ok(())
    }
}
