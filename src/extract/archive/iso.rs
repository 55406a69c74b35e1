//! ISO 9660 (ECMA-119) with the names of Rock Ridge (IEEE P1282) and Joliet: discs and live systems.
//!
//! An image may have several trees over the same files, and what one hides another shows. So all are
//! walked; a file is read once, under the best name. Records are read by [`super::iso_records`]; what no
//! tree covers is scanned as it is.

use super::super::cursor::le16;
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, ReadSeek, Sink};
use super::fields::up_to;
use super::iso_records::{Record, Source, records};
use super::spans::{Span, uncovered};
use super::tree::{Tree, below};
use crate::finding::GapReason;
use crate::place::escaped;
use std::io::{self, Read, Seek, SeekFrom};

/// ISO 9660.
pub struct Iso;

/// Bytes of a sector, and the first that is not the system's own.
pub(super) const SECTOR: u64 = 2048;
const FIRST: u64 = 16;

/// Identifier of a volume descriptor, behind the type.
const MAGIC: &[u8] = b"CD001";

/// Volume descriptors that are looked at.
const DESCRIPTORS: u64 = 64;

/// Bytes of one directory, and of all that are read: they may claim to share their bytes.
const DIRECTORY: u64 = 16 << 20;
const DIRECTORIES: u64 = 256 << 20;

impl Extractor for Iso {
    fn name(&self) -> &'static str {
        "iso9660"
    }

    fn about(&self) -> About {
        About {
            title: "ISO 9660",
            reads: "files of every tree, by the names of Rock Ridge or Joliet where they have them",
            limits: "UDF trees are not read; files in zisofs are gaps; a million entries",
            specification: "ECMA-119, IEEE P1281 and P1282",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has((FIRST * SECTOR) as usize + 1, MAGIC)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        let (trees, end) = trees(&mut file)?;
        let mut covered = vec![Span { start: FIRST * SECTOR, end }];
        let mut walk = Walk { file: &mut file, sink, length, covered: &mut covered, tree: Tree::new(), directories: DIRECTORIES };
        for (root, wide) in trees {
            walk.all(root, wide)?;
        }
        uncovered(&mut file, length, covered, sink)
    }
}

/// The root of each tree, and whether its names are UTF-16; the one with the best names first. Also where the
/// descriptors end.
fn trees(file: &mut Box<dyn ReadSeek + '_>) -> Result<(Vec<(Record, bool)>, u64), Halt> {
    let mut trees = Vec::new();
    let mut at = FIRST;
    let broken = |reason, what: &str| Halt::Broken(reason, format!("iso9660: {what}"));
    loop {
        file.seek(SeekFrom::Start(at * SECTOR))?;
        let descriptor = up_to(file, SECTOR)?;
        if (descriptor.len() as u64) < SECTOR {
            return Err(broken(GapReason::Truncated, "ends within the volume descriptors"));
        }
        at += 1;
        if descriptor.get(1..6) != Some(MAGIC) || at > FIRST + DESCRIPTORS {
            return Err(broken(GapReason::Damaged, "the volume descriptors have no end"));
        }
        match descriptor.first() {
            Some(255) => break,
            Some(kind @ (1 | 2)) => {
                if le16(&descriptor, 128) != Some(SECTOR as u16) {
                    return Err(broken(GapReason::Unsupported, "blocks that are no sectors"));
                }
                // Joliet says that its names are UCS-2 by an escape sequence.
                let wide = *kind == 2 && matches!(descriptor.get(88..91), Some(b"%/@" | b"%/C" | b"%/E"));
                let root = descriptor.get(156..190).and_then(|bytes| Record::read(bytes, false, 0));
                trees.extend(root.map(|root| (root, wide)));
            }
            _ => {}
        }
    }
    // Rock Ridge stands in the first tree; where there is none, Joliet has the better names.
    let mut source = Source { file, skip: 0 };
    let rock = trees.first().is_some_and(|(root, _)| source.has_rock_ridge(root));
    if !rock {
        trees.sort_by_key(|(_, wide)| !wide);
    }
    Ok((trees, at * SECTOR))
}

struct Walk<'w, 'f, 'r> {
    file: &'w mut Box<dyn ReadSeek + 'f>,
    sink: &'w mut dyn Sink,
    length: u64,
    covered: &'r mut Vec<Span>,
    /// By their first extents.
    tree: Tree<(u64, u64), Record>,
    directories: u64,
}

impl Walk<'_, '_, '_> {
    fn all(&mut self, root: Record, wide: bool) -> Result<(), Halt> {
        let skip = Source { file: self.file, skip: 0 }.system_use_skip(&root);
        self.tree.is_first((root.start, root.size));
        self.tree.push(b"", root);
        while let Some((path, record)) = self.tree.pop() {
            self.directory(&path, &record, wide, skip)?;
            if self.tree.is_full() || self.directories == 0 {
                self.sink.gap(GapReason::SizeLimit, "iso9660: more entries than are kept; the rest was not read".into(), None);
                break;
            }
        }
        Ok(())
    }

    fn directory(&mut self, path: &[u8], record: &Record, wide: bool, skip: usize) -> Result<(), Halt> {
        let size = record.size.min(DIRECTORY).min(self.directories);
        self.directories -= size;
        self.file.seek(SeekFrom::Start(record.start))?;
        let bytes = up_to(self.file, size)?;
        if (bytes.len() as u64) < record.size {
            self.gap(path, "a directory that ends early");
        }
        self.covered.push(Span::of(record.start, bytes.len() as u64));
        // A file of several extents has a record for each, all but the last of which say so.
        let mut extents = Vec::new();
        for found in records(&bytes, wide, skip) {
            let Some(mut found) = found else {
                self.gap(path, "a record that is none");
                break;
            };
            if found.is_link_to_directory() {
                continue;
            }
            let name = Source { file: self.file, skip }.name(&mut found);
            let full = below(path, &name);
            extents.push((found.start, found.size));
            if found.continues && extents.len() < 1024 {
                continue;
            }
            self.entry(&full, found, std::mem::take(&mut extents))?;
        }
        Ok(())
    }

    fn entry(&mut self, name: &[u8], record: Record, extents: Vec<(u64, u64)>) -> Result<(), Halt> {
        let first = extents.first().copied().unwrap_or_default();
        let fresh = if record.size == 0 { !self.tree.is_full() } else { self.tree.is_first(first) };
        if record.directory {
            if fresh {
                self.tree.push(name, record);
            }
            return Ok(());
        }
        if record.symlink {
            return Ok(self.sink.member(&Member { name, kind: MemberKind::Symlink, size: None }, &mut io::empty())?);
        }
        if !fresh {
            return Ok(());
        }
        let size = extents.iter().map(|(_, size)| size).sum();
        let mut body = Extents { file: self.file, extents: extents.iter(), left: 0 };
        self.sink.member(&Member { name, kind: MemberKind::File, size: Some(size) }, &mut body)?;
        let missing = extents.iter().any(|(start, size)| start.saturating_add(*size) > self.length);
        if missing {
            self.gap(name, "a file that ends early");
        }
        for (start, size) in extents {
            let whole = size.next_multiple_of(SECTOR);
            self.slack(start.saturating_add(size), whole - size)?;
            self.covered.push(Span::of(start, whole));
        }
        Ok(())
    }

    /// Scans what stands behind a file in its last sector, if that is anything.
    fn slack(&mut self, at: u64, length: u64) -> Result<(), Halt> {
        self.file.seek(SeekFrom::Start(at.min(self.length)))?;
        let bytes = up_to(self.file, length)?;
        if bytes.iter().any(|byte| *byte != 0) {
            self.sink.raw_at(at, &mut bytes.as_slice())?;
        }
        Ok(())
    }

    fn gap(&mut self, path: &[u8], what: &str) {
        self.sink.gap(GapReason::Damaged, format!("iso9660: /{}: {what}", escaped(path)), None);
    }
}

/// The stretches of a file, one behind the other.
struct Extents<'e, 'f> {
    file: &'e mut Box<dyn ReadSeek + 'f>,
    extents: std::slice::Iter<'e, (u64, u64)>,
    left: u64,
}

impl Read for Extents<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            let Some((start, size)) = self.extents.next() else { return Ok(0) };
            self.file.seek(SeekFrom::Start(*start))?;
            self.left = *size;
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read(buffer.get_mut(..most).unwrap_or_default())?;
        // At the end of the image nothing follows.
        self.left = if count == 0 { 0 } else { self.left - count as u64 };
        Ok(count)
    }
}
