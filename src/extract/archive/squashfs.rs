//! squashfs 4.0 (<https://dr-emann.github.io/squashfs/squashfs.html>, the kernel's squashfs_fs.h): a file
//! system that is read only, in compressed blocks. Apptainer, snaps, AppImages and live systems have one.
//!
//! The tree is walked from its root; a file is read once, however many names it has. How blocks are packed
//! is [`super::squashfs_blocks`]; what no file covers is scanned as it is.

use super::super::cursor::{le16, le32, le64};
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, ReadSeek, Sink, reason_of};
use super::fields::up_to;
use super::spans::{Span, uncovered};
use super::squashfs_blocks::{Body, Image, Layout, Metadata, Reference};
use super::tree::{Tree, below};
use crate::finding::GapReason;
use crate::place::escaped;
use std::io::{self, Seek, SeekFrom};

/// squashfs.
pub struct Squashfs;

const MAGIC: &[u8] = b"hsqs";
const SUPERBLOCK: u64 = 96;

/// Bytes of listings that are read: directories may claim to share one.
const LISTINGS: u64 = 64 << 20;

impl Extractor for Squashfs {
    fn name(&self) -> &'static str {
        "squashfs"
    }

    fn about(&self) -> About {
        About {
            title: "squashfs",
            reads: "every file of version 4.0 in gzip, xz, lzma, lzo, lz4 or zstd, and extended attributes",
            limits: "versions before 4.0 are gaps; a million entries, 16 MiB of attributes",
            specification: "https://dr-emann.github.io/squashfs/squashfs.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, MAGIC)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let limit = super::parts::dictionary_limit(input.depth());
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        let layout = superblock(&mut file, length, limit)?;
        // Tables follow the data, up to the end that the superblock gives.
        let mut covered = vec![Span::of(0, SUPERBLOCK), Span { start: layout.inodes, end: layout.used.max(layout.inodes) }];
        if layout.used > length {
            sink.gap(GapReason::Truncated, format!("squashfs: ends {} bytes early", layout.used - length), None);
        }
        let mut walk =
            Walk { image: Image::new(&mut file, layout), sink, covered: &mut covered, tree: Tree::new(), listings: LISTINGS };
        walk.all()?;
        walk.attributes()?;
        uncovered(&mut file, length, covered, sink)
    }
}

fn superblock(file: &mut Box<dyn ReadSeek + '_>, length: u64, limit: u32) -> Result<Layout, Halt> {
    file.rewind()?;
    let bytes = up_to(file, SUPERBLOCK)?;
    let read = || {
        Some(Layout {
            block: le32(&bytes, 12)?,
            compression: le16(&bytes, 20)?,
            root: Reference(le64(&bytes, 32)?),
            used: le64(&bytes, 40)?,
            length,
            inodes: le64(&bytes, 64)?,
            directories: le64(&bytes, 72)?,
            fragments: le64(&bytes, 80)?,
            fragment_count: le32(&bytes, 16)?,
            attributes: le64(&bytes, 56)?,
            limit,
        })
    };
    let version = le16(&bytes, 28);
    let layout = read().filter(|_| bytes.len() as u64 == SUPERBLOCK);
    let layout = layout.ok_or_else(|| Halt::Broken(GapReason::Truncated, "squashfs: ends within the superblock".into()))?;
    if version != Some(4) {
        return Err(Halt::Broken(GapReason::Unsupported, "squashfs: a version before 4.0".into()));
    }
    if !(layout.block.is_power_of_two() && (12..=20).contains(&layout.block.ilog2())) {
        return Err(Halt::Broken(GapReason::Damaged, "squashfs: a block size that is none".into()));
    }
    Ok(layout)
}

struct Walk<'w, 'f, 'r> {
    image: Image<'w, 'f>,
    sink: &'w mut dyn Sink,
    covered: &'r mut Vec<Span>,
    /// By their inodes.
    tree: Tree<u64, Reference>,
    listings: u64,
}

impl Walk<'_, '_, '_> {
    fn all(&mut self) -> Result<(), Halt> {
        self.tree.push(b"", self.image.layout.root);
        while let Some((path, reference)) = self.tree.pop() {
            self.directory(&path, reference)?;
            if self.tree.is_full() || self.listings == 0 {
                self.sink.gap(GapReason::SizeLimit, "squashfs: more entries than are kept; the rest was not read".into(), None);
                break;
            }
        }
        Ok(())
    }

    /// Names and values of all files' extended attributes, as they stand behind each other.
    fn attributes(&mut self) -> Result<(), Halt> {
        let whole = match self.image.attributes() {
            Ok((bytes, whole)) => {
                if !bytes.is_empty() {
                    self.sink.raw(&mut bytes.as_slice())?;
                }
                whole
            }
            Err(error) => {
                self.sink.gap(reason_of(&error), format!("squashfs: extended attributes: {error}"), None);
                true
            }
        };
        if !whole {
            let detail = "squashfs: more extended attributes than are read".into();
            self.sink.gap(GapReason::SizeLimit, detail, None);
        }
        Ok(())
    }

    fn broken(&mut self, path: &[u8], error: &io::Error) {
        self.sink.gap(reason_of(error), format!("squashfs: /{}: {error}", escaped(path)), None);
    }

    fn child(&mut self, path: &[u8], child: &Child) -> Result<(), Halt> {
        let name = below(path, &child.name);
        let first = self.tree.is_first(child.inode.0);
        let kind = match child.kind {
            1 if first && self.tree.push(&name, child.inode) => MemberKind::Directory,
            1 => {
                self.broken(&name, &io::Error::other("not followed: it was read, or lies too deep"));
                return Ok(());
            }
            2 if first => return self.file(&name, child.inode),
            2 => MemberKind::HardLink,
            3 => MemberKind::Symlink,
            _ => MemberKind::Special,
        };
        Ok(self.sink.member(&Member { name: &name, kind, size: None }, &mut io::empty())?)
    }

    fn file(&mut self, name: &[u8], inode: Reference) -> Result<(), Halt> {
        let mut body = match self.image.file(inode) {
            Ok(body) => body,
            Err(error) => {
                self.broken(name, &error);
                return Ok(());
            }
        };
        let size = body.left;
        self.sink.member(&Member { name, kind: MemberKind::File, size: Some(size) }, &mut body)?;
        let drained = io::copy(&mut body, &mut io::sink());
        let Body { failure, start, at, .. } = body;
        match failure.or(drained.err()) {
            Some(error) => self.broken(name, &error),
            // A fragment is covered with the first file that has a part of it.
            None => self.covered.extend([Span { start, end: at }].into_iter().chain(self.image.fragment_span())),
        }
        Ok(())
    }

    fn directory(&mut self, path: &[u8], reference: Reference) -> Result<(), Halt> {
        let (mut listing, mut left) = match self.image.listing(reference) {
            Ok(found) => found,
            Err(error) => {
                self.broken(path, &error);
                return Ok(());
            }
        };
        while left >= 12 && self.listings > 0 {
            match self.group(&mut listing) {
                Ok((children, length)) => {
                    left = left.saturating_sub(length);
                    self.listings = self.listings.saturating_sub(length);
                    children.iter().try_for_each(|child| self.child(path, child))?;
                }
                Err(error) => {
                    self.broken(path, &error);
                    break;
                }
            }
        }
        Ok(())
    }

    /// The next header of a listing with the entries behind it, of which there are at most 256.
    fn group(&mut self, listing: &mut Metadata) -> io::Result<(Vec<Child>, u64)> {
        let header = listing.take(&mut self.image, 12)?;
        let (count, block) = (le32(&header, 0).unwrap_or(0), le32(&header, 4).unwrap_or(0));
        let mut children = Vec::new();
        let mut length = 12;
        for _ in 0..=count.min(255) {
            let entry = listing.take(&mut self.image, 8)?;
            let (Some(offset), Some(kind), Some(size)) = (le16(&entry, 0), le16(&entry, 4), le16(&entry, 6)) else { break };
            let size = usize::from(size.min(255)) + 1;
            let name = listing.take(&mut self.image, size)?;
            length += 8 + size as u64;
            children.push(Child { name, kind, inode: Reference(u64::from(block) << 16 | u64::from(offset)) });
        }
        Ok((children, length))
    }
}

/// An entry of a directory.
struct Child {
    name: Vec<u8>,
    kind: u16,
    inode: Reference,
}
