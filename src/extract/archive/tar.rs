//! tar, in all its dialects: v7, ustar, PAX, GNU.
//!
//! Our own walk over the blocks, since a reader that stops at the first bad header hides all that is
//! behind it. After damage the walk goes on at the next header, and the blocks between are scanned as
//! they are. It also goes on behind an end-of-archive marker: an archive may be two, and bytes that
//! no extractor would write to disk are shipped all the same.

use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, Text};
use super::fields::up_to;
use super::tar_extensions::Extensions;
use super::tar_header::{self, BLOCK, is_header};
use super::tar_sparse::{Filled, Sparse};
use crate::finding::GapReason;
use crate::place::escaped;
use std::io::{self, Read};
use tar::Header;

/// tar.
pub struct Tar;

/// The longest body of an extension (PAX records, a long name) that is kept. Honest ones have some
/// hundred bytes; the rest of a longer one is scanned but not understood.
const EXTENSION_BODY: u64 = 1 << 20;

/// Zeros that fill holes: so many, and so many for each byte that was read.
const ZEROS: u64 = 1 << 20;
const ZEROS_A_BYTE: u64 = 16;

impl Extractor for Tar {
    fn name(&self) -> &'static str {
        "tar"
    }

    fn about(&self) -> About {
        About {
            title: "tar (layer, npm, crate, gem)",
            reads: "v7, ustar, PAX and GNU with sparse files; goes on behind a broken header",
            limits: "1 MiB of an extension header",
            specification: "POSIX.1-2017 pax, GNU tar manual",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.start.get(..BLOCK).is_some_and(is_header)
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        Walk { input, sink, pending: Extensions::default(), end: End::NotSeen, spent: 0 }.run()
    }
}

/// Whether the end-of-archive marker was met.
#[derive(PartialEq)]
enum End {
    NotSeen,
    Seen,
    /// Members stand behind it, and that was reported.
    Passed,
}

struct Walk<'w, 'a> {
    input: &'w mut Input<'a>,
    sink: &'w mut dyn Sink,
    pending: Extensions,
    end: End,
    /// Zeros that filled holes.
    spent: u64,
}

/// Who an entry is: what its type flag says.
enum Entry {
    Pax { global: bool },
    LongName,
    LongLink,
    Member { kind: MemberKind, has_body: bool },
}

impl Walk<'_, '_> {
    fn run(mut self) -> Result<(), Halt> {
        let mut block = [0; BLOCK];
        loop {
            match fill(self.input, &mut block)? {
                0 => break,
                BLOCK => {}
                short => {
                    self.gap(GapReason::Truncated, "ends within a header".into(), None);
                    self.sink.raw(&mut block.get(..short).unwrap_or_default())?;
                    break;
                }
            }
            if block.iter().all(|byte| *byte == 0) {
                if self.end == End::NotSeen {
                    self.end = End::Seen;
                }
            } else if is_header(&block) {
                if self.end == End::Seen {
                    self.end = End::Passed;
                    self.gap(
                        GapReason::Disagreement,
                        "members stand behind the end-of-archive marker; they were scanned too".into(),
                        None,
                    );
                }
                if !self.entry(Header::from_byte_slice(&block))? {
                    break;
                }
            } else {
                self.lost(&block)?;
            }
        }
        if self.end == End::NotSeen {
            // Not a loss by itself: some builders leave it out. A cut at a member's border looks the same.
            self.gap(GapReason::MissingEnd, "no end-of-archive marker".into(), None);
        }
        Ok(())
    }

    fn gap(&mut self, reason: GapReason, detail: String, bytes: Option<u64>) {
        self.sink.gap(reason, format!("tar: {detail}"), bytes);
    }

    /// Scans blocks as they are until a header comes.
    fn lost(&mut self, first: &[u8; BLOCK]) -> Result<(), Halt> {
        let mut lost = Lost { input: self.input, first: Some(first), at: 0, bytes: 0 };
        self.sink.raw(&mut lost)?;
        io::copy(&mut lost, &mut io::sink())?;
        let bytes = lost.bytes;
        // Behind the end-of-archive marker garbage is usual, and nothing was promised.
        if self.end == End::NotSeen {
            self.gap(
                GapReason::Damaged,
                "no header where one should be; scanned as raw bytes up to the next".into(),
                Some(bytes),
            );
        }
        self.pending.clear();
        Ok(())
    }

    /// Reads one entry. `false` if the archive ends in it.
    fn entry(&mut self, header: &Header) -> Result<bool, Halt> {
        let Some(declared) = tar_header::size(header) else {
            self.gap(GapReason::Damaged, "a header's size is no number".into(), None);
            self.pending.clear();
            return Ok(true);
        };
        match kind_of(header) {
            Entry::Pax { global } => {
                let offset = self.input.position();
                let (body, whole) = self.extension(declared)?;
                let records = self.pending.pax(&body, global);
                for (key, value) in records.texts() {
                    self.sink.text(&Text::named(key, value, offset))?;
                }
                if !records.whole {
                    self.gap(GapReason::Damaged, "PAX records that cannot be read".into(), None);
                    self.sink.raw(&mut body.as_slice())?;
                }
                Ok(whole)
            }
            Entry::LongName => {
                let (body, whole) = self.extension(declared)?;
                self.pending.long_name(&body);
                Ok(whole)
            }
            Entry::LongLink => self.extension(declared).map(|(_, whole)| whole),
            Entry::Member { kind, has_body } => self.member(header, kind, has_body, declared),
        }
    }

    fn member(&mut self, header: &Header, kind: MemberKind, has_body: bool, declared: u64) -> Result<bool, Halt> {
        let mut stored = declared;
        let name = self.pending.name(&header.path_bytes());
        if let Some(size) = self.pending.size() {
            if declared != 0 && size != declared && has_body {
                let label = escaped(&name);
                self.gap(
                    GapReason::Disagreement,
                    format!("header and PAX record differ in the size of {label}; the record counts"),
                    None,
                );
            }
            stored = size;
        }
        let mut sparse = self.pending.sparse();
        self.pending.clear();
        // A name with a slash at its end is a directory even where an old header calls it a file.
        let kind = if kind == MemberKind::File && name.ends_with(b"/") { MemberKind::Directory } else { kind };
        if header.entry_type().is_gnu_sparse() && !self.sparse_map(header, &mut sparse)? {
            return Ok(false);
        }
        let stored = if has_body { stored } else { 0 };
        let member = Member { name: &name, kind, size: sparse.size.or(Some(stored)) };
        let mut body = Body { input: self.input, left: stored };
        let filled = if sparse.size.is_some() && kind == MemberKind::File {
            let shown = Shown { sink: self.sink, spent: &mut self.spent };
            shown.file(&member, &mut body, sparse)?
        } else {
            self.sink.member(&member, &mut body)?;
            true
        };
        if kind != MemberKind::File && stored > 0 {
            self.sink.raw(&mut body)?;
        }
        let left = body.left;
        if !filled {
            let detail = format!("{} has longer holes than are filled; what is packed in it may not open", escaped(&name));
            self.gap(GapReason::SizeLimit, detail, None);
        }
        self.pass(left, stored)
    }

    /// Reads the body of an extension, and whether the archive goes on behind it.
    fn extension(&mut self, declared: u64) -> Result<(Vec<u8>, bool), Halt> {
        let mut kept = Vec::new();
        let mut body = Body { input: self.input, left: declared };
        (&mut body).take(EXTENSION_BODY).read_to_end(&mut kept)?;
        if declared > EXTENSION_BODY {
            self.sink.raw(&mut body)?;
        }
        let left = body.left;
        if declared > EXTENSION_BODY {
            self.gap(
                GapReason::SizeLimit,
                "an extension header is too long to be understood; it was scanned as raw bytes".into(),
                Some(declared),
            );
        }
        Ok((kept, self.pass(left, declared)?))
    }

    /// Goes to the end of a body of `stored` bytes, of which `left` are unread, and its padding.
    /// `false` if the archive ends before.
    fn pass(&mut self, left: u64, stored: u64) -> Result<bool, Halt> {
        let padding = stored.wrapping_neg() % BLOCK as u64;
        let skipped = io::copy(&mut self.input.take(left), &mut io::sink())?;
        if skipped < left {
            self.gap(GapReason::Truncated, "ends within a member".into(), Some(left - skipped));
            self.end = End::Passed;
            return Ok(false);
        }
        // Some programs leave out the last padding, and nothing is missing then. Others fill it with what their memory held.
        let slack = up_to(self.input, padding)?;
        if slack.iter().any(|byte| *byte != 0) {
            self.sink.raw_at(self.input.position() - slack.len() as u64, &mut slack.as_slice())?;
        }
        Ok(true)
    }

    /// Reads an old GNU sparse map, and the blocks behind the header that go on with it.
    fn sparse_map(&mut self, header: &Header, sparse: &mut Sparse) -> Result<bool, Halt> {
        let mut more = sparse.old(header.as_bytes());
        let mut block = [0; BLOCK];
        while more {
            if fill(self.input, &mut block)? < BLOCK {
                self.gap(GapReason::Truncated, "ends within a sparse map".into(), None);
                return Ok(false);
            }
            more = sparse.more(&block);
        }
        Ok(true)
    }
}

/// Where a sparse file is shown.
struct Shown<'w> {
    sink: &'w mut dyn Sink,
    spent: &'w mut u64,
}

impl Shown<'_> {
    /// Shows a sparse file with its holes filled. Where its map makes no sense it is as it stands in the archive, and
    /// where they are too long. Says whether they were not.
    fn file(self, member: &Member<'_>, body: &mut Body<'_, '_>, mut sparse: Sparse) -> Result<bool, Halt> {
        let before = if sparse.is_in_body { sparse.read_map(body) } else { Vec::new() };
        let read = body.input.position();
        let checked = sparse.check(body.left);
        let affordable = ZEROS.saturating_add(read.saturating_mul(ZEROS_A_BYTE)).saturating_sub(*self.spent);
        match checked.filter(|(_, holes)| *holes <= affordable) {
            Some((size, holes)) => {
                *self.spent += holes;
                self.sink.member(member, &mut Filled::new(body, sparse.pieces, size))?;
            }
            None => self.sink.member(member, &mut before.as_slice().chain(body))?,
        }
        Ok(checked.is_none_or(|(_, holes)| holes <= affordable))
    }
}

fn kind_of(header: &Header) -> Entry {
    let member = |kind, has_body| Entry::Member { kind, has_body };
    match header.entry_type().as_byte() {
        // `X` is the PAX header of old Solaris.
        b'x' | b'X' => Entry::Pax { global: false },
        b'g' => Entry::Pax { global: true },
        b'L' => Entry::LongName,
        b'K' => Entry::LongLink,
        // Links, devices, directories and pipes have no body, whatever their size says: so read GNU tar
        // and Python's tarfile. If one has, the walk resynchronises and scans it.
        b'1' => member(MemberKind::HardLink, false),
        b'2' => member(MemberKind::Symlink, false),
        b'3' | b'4' | b'6' => member(MemberKind::Special, false),
        b'5' => member(MemberKind::Directory, false),
        b'D' => member(MemberKind::Directory, true),
        b'V' => member(MemberKind::Special, true),
        // POSIX: unknown types are regular files.
        _ => member(MemberKind::File, true),
    }
}

/// Reads until `block` is full or the input ends; how many bytes came.
fn fill(input: &mut Input<'_>, block: &mut [u8; BLOCK]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(space) = block.get_mut(filled..).filter(|space| !space.is_empty()) {
        match input.read(space)? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// The body of one member.
struct Body<'w, 'a> {
    input: &'w mut Input<'a>,
    left: u64,
}

impl Read for Body<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.input.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Blocks that are no header, up to one that is. The header stays in the input.
struct Lost<'w, 'a> {
    input: &'w mut Input<'a>,
    first: Option<&'w [u8; BLOCK]>,
    /// How much of a block is still to be given out before the next is looked at.
    at: usize,
    bytes: u64,
}

impl Read for Lost<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(first) = self.first {
            let rest = first.get(self.at..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
                to.copy_from_slice(from);
            }
            self.at += count;
            self.bytes += count as u64;
            if self.at == BLOCK {
                (self.first, self.at) = (None, 0);
            }
            return Ok(count);
        }
        if self.at == 0 {
            let ahead = self.input.head()?;
            let block = ahead.get(..BLOCK.min(ahead.len())).unwrap_or_default();
            if is_header(block) {
                return Ok(0);
            }
            self.at = block.len();
        }
        let most = self.at.min(buffer.len());
        let count = self.input.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.at -= count;
        self.bytes += count as u64;
        Ok(count)
    }
}
