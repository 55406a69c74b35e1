//! Packs: many objects in one file, most of them as deltas against others. Bundles: a pack behind a list of names.
//!
//! The file is gone through three times: for where its objects begin, for commits and trees, and for contents, whose
//! paths are known by then. Objects of other packs and of the one file alike are brought together by the sink.

use super::super::super::{About, Extractor, Halt, Head, Input, Sink, Stop};
use super::blocks::Blocks;
use super::resolve::{Content, Resolver};
use super::table::{Base, NONE, Table, one};
use super::{delta, hand_out, names};
use crate::finding::GapReason;
use crate::repository::{Format, Id, Kind};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Packs and bundles of git.
pub struct GitPack;

/// What an honest pack inflates to: this many bytes …
const FLOOR: u64 = 256 << 20;
/// … plus this many times its length.
const RATIO: u64 = 200;
/// The longest list of names before the pack of a bundle.
const NAMES: usize = 1 << 20;
/// Names in trees that are told apart.
const DISTINCT: usize = 200_000;
/// Bytes of names that are gathered.
const GATHERED: usize = 64 << 10;

impl Extractor for GitPack {
    fn name(&self) -> &'static str {
        "git pack"
    }

    fn about(&self) -> About {
        About {
            title: "git packs and bundles",
            reads: "as git objects, deltas applied; of deltas whose base is elsewhere what they add",
            limits: "deltas of contents up to 16 MiB, the first 1,048,576 objects by structure; the rest as inflated",
            specification: "https://git-scm.com/docs/gitformat-pack",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let is_pack = head.has(0, b"PACK\0\0\0") && matches!(head.start.get(7), Some(2 | 3));
        is_pack || head.has(0, b"# v2 git bundle\n") || head.has(0, b"# v3 git bundle\n")
    }

    fn is_part(&self) -> bool {
        true
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut blocks = Blocks::new(input.seekable()?)?;
        let Some((start, format)) = start(&mut blocks, sink)? else {
            return Err(Halt::Broken(GapReason::Damaged, "git bundle: no pack in it; scanned as it is".into()));
        };
        let head = blocks.some(start, 12)?;
        let count = head.get(8..).and_then(|bytes| bytes.first_chunk()).map(|count| u32::from_be_bytes(*count));
        let Some(count) = count else {
            return Err(Halt::Broken(GapReason::Truncated, "git pack: ends within its header".into()));
        };
        let most = blocks.length().saturating_mul(RATIO).saturating_add(FLOOR);
        let mut work = most;
        let mut table = Table::read(&mut blocks, start + 12, u64::from(count), &mut work, sink)?;
        table.format = format.unwrap_or(table.format);
        let (end, left, damaged, width) = (table.end, table.left, table.damaged.clone(), table.format.width() as u64);
        let is_open = damaged.last().is_none_or(|(_, to)| *to < blocks.length());
        let resolver = Resolver::new(&mut blocks, table, most);
        Unpacking { resolver, sink, seen: HashSet::new(), gathered: Vec::new(), broken: 0 }.run()?;
        let end = beyond(&mut blocks, end, left, &mut work, sink)?;
        for (from, to) in damaged {
            sink.raw_at(from, &mut blocks.stretch(from, to))?;
        }
        let (trailer, length) = (end.saturating_add(width), blocks.length());
        if trailer > length && is_open {
            sink.gap(GapReason::Truncated, "git pack: ends before its checksum".into(), None);
        }
        if trailer < length {
            sink.raw_at(trailer, &mut blocks.stretch(trailer, length))?;
        }
        Ok(())
    }
}

/// Where the pack begins, and what its objects are named by, if something says so.
fn start(blocks: &mut Blocks<'_>, sink: &mut dyn Sink) -> Result<Option<(u64, Option<Format>)>, Halt> {
    if blocks.some(0, 4)? == b"PACK" {
        return Ok(Some((0, None)));
    }
    let head = blocks.some(0, NAMES)?;
    let Some(end) = memchr::memmem::find(&head, b"\n\nPACK") else { return Ok(None) };
    let names = head.get(..end).unwrap_or_default();
    let is_long = memchr::memmem::find(names, b"\n@object-format=sha256\n").is_some();
    sink.raw_at(0, &mut &*names)?;
    Ok(Some((end as u64 + 2, Some(if is_long { Format::Sha256 } else { Format::Sha1 }))))
}

/// Objects that were not remembered, as they inflate, one after the other. Returns where they end.
fn beyond(blocks: &mut Blocks<'_>, mut at: u64, left: u64, work: &mut u64, sink: &mut dyn Sink) -> Result<u64, Halt> {
    if left == 0 {
        return Ok(at);
    }
    if *work == 0 {
        sink.gap(GapReason::ExpansionLimit, "git pack: inflates to far more than honest data does".into(), None);
        return Ok(at);
    }
    sink.gap(GapReason::SizeLimit, format!("git pack: {left} objects have no path and no commit; scanned as they inflate"), None);
    for _ in 0..left {
        let Some((header, end)) = one(blocks, at, work)? else { break };
        sink.raw(&mut blocks.stream(header.stream))?;
        at = end;
    }
    Ok(at)
}

/// A pack whose objects are handed out.
struct Unpacking<'u, 'b, 'f> {
    resolver: Resolver<'b, 'f>,
    sink: &'u mut dyn Sink,
    /// Names in trees that were scanned.
    seen: HashSet<u64>,
    gathered: Vec<u8>,
    /// Deltas that could not be applied.
    broken: u64,
}

impl Unpacking<'_, '_, '_> {
    fn run(mut self) -> Result<(), Halt> {
        let roots: Vec<_> = (0..self.resolver.table.objects.len() as u32).collect();
        let kind = |this: &Self, index: u32| this.resolver.table.objects.get(index as usize).and_then(|object| object.kind);
        for index in &roots {
            if let Some(kind) = kind(&self, *index).filter(|kind| *kind != Kind::Blob) {
                self.walk(*index, kind)?;
            }
        }
        self.scan_names()?;
        self.sink.settled();
        for index in roots {
            if kind(&self, index) == Some(Kind::Blob) {
                self.walk(index, Kind::Blob)?;
            }
        }
        self.orphans()?;
        if self.resolver.work == 0 {
            let detail = "git pack: its deltas make far more than honest data; of the rest only what they add was scanned";
            self.sink.gap(GapReason::ExpansionLimit, detail.into(), None);
        } else if self.broken > 0 {
            let detail = format!("git pack: {} deltas cannot be applied; what they add was scanned", self.broken);
            self.sink.gap(GapReason::Damaged, detail, None);
        }
        Ok(())
    }

    /// Hands out an object, and all that are deltas against it.
    fn walk(&mut self, root: u32, kind: Kind) -> Result<(), Halt> {
        let mut stack = vec![(root, false)];
        while let Some((index, is_lost)) = stack.pop() {
            let content = if is_lost { Content::Lost } else { self.resolver.content(index)? };
            let is_lost = match content {
                Content::Whole(body) => {
                    let id = self.resolver.table.format.id(kind, &body);
                    self.hand_out(kind, &id, &body)?;
                    self.adopt(&id, index);
                    false
                }
                Content::Long if index == root => {
                    self.long(index)?;
                    true
                }
                _ => {
                    self.lost(index)?;
                    true
                }
            };
            stack.extend(self.resolver.table.children(index).map(|child| (child, is_lost)));
        }
        Ok(())
    }

    /// Deltas that name the object by its id are against this one.
    fn adopt(&mut self, id: &Id, index: u32) {
        if self.resolver.table.pending.is_empty() {
            return;
        }
        for child in self.resolver.table.pending.remove(id.bytes()).unwrap_or_default() {
            self.resolver.table.link(child, index);
        }
    }

    fn hand_out(&mut self, kind: Kind, id: &Id, body: &[u8]) -> Result<(), Stop> {
        if kind == Kind::Blob {
            return self.sink.version(id, &mut &*body);
        }
        if kind == Kind::Tree {
            for name in names(body) {
                let mut hasher = DefaultHasher::new();
                name.hash(&mut hasher);
                if self.seen.len() >= DISTINCT || self.seen.insert(hasher.finish()) {
                    self.gathered.extend_from_slice(name);
                    self.gathered.push(b'\n');
                }
            }
            if self.gathered.len() >= GATHERED {
                self.scan_names()?;
            }
        }
        hand_out(self.sink, kind, id, body)
    }

    fn scan_names(&mut self) -> Result<(), Stop> {
        let names = std::mem::take(&mut self.gathered);
        if names.is_empty() { Ok(()) } else { self.sink.raw(&mut names.as_slice()) }
    }

    /// An object that is too long to be held, as it streams by; its id is made in a round of its own.
    fn long(&mut self, index: u32) -> Result<(), Halt> {
        let format = self.resolver.table.format;
        let Some((Base::Whole(kind), size, mut stream)) = self.resolver.stream(index)? else { return Ok(()) };
        let id = format.id_of(kind, size, &mut stream)?;
        if let Some((_, _, mut stream)) = self.resolver.stream(index)? {
            if kind == Kind::Blob { self.sink.version(&id, &mut stream)? } else { self.sink.raw(&mut stream)? }
        }
        Ok(())
    }

    /// What a delta adds, where what it changes is not at hand; all of what is no delta.
    fn lost(&mut self, index: u32) -> Result<(), Halt> {
        self.broken += 1;
        let is_delta = self.resolver.table.objects.get(index as usize).is_some_and(|object| object.kind.is_none());
        if let Content::Whole(bytes) = self.resolver.inflated(index)?
            && is_delta
        {
            self.sink.raw(&mut delta::own(&bytes).as_slice())?;
        } else if let Some((_, _, mut stream)) = self.resolver.stream(index)? {
            self.sink.raw(&mut stream)?;
        }
        Ok(())
    }

    /// Deltas against objects that are not in this file.
    fn orphans(&mut self) -> Result<(), Halt> {
        let table = &mut self.resolver.table;
        let is_based = |index: &u32| table.objects.get(*index as usize).is_some_and(|object| object.kind.is_none());
        let tops = (0..table.objects.len() as u32).filter(is_based);
        let tops: Vec<_> =
            tops.filter(|index| table.objects.get(*index as usize).is_some_and(|object| object.parent == NONE)).collect();
        table.pending.clear();
        if tops.is_empty() {
            return Ok(());
        }
        let detail = format!("git pack: {} deltas are against objects that are not in it; what they add was scanned", tops.len());
        self.sink.gap(GapReason::MissingBlob, detail, None);
        let broken = self.broken;
        for top in tops {
            let mut stack = vec![top];
            while let Some(index) = stack.pop() {
                self.lost(index)?;
                stack.extend(self.resolver.table.children(index));
            }
        }
        self.broken = broken;
        Ok(())
    }
}
