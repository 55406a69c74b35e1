//! Packed streams among other bytes: behind the script of an installer, in firmware, among the assets of a program that
//! is none to us, and in files of formats that are not known here and pack with what everybody packs with.
//!
//! No specification: a stream's own magic says where it begins, and what it unpacks to whether it is one.

mod entry;
mod trial;

use super::super::{About, Extractor, Halt, Head, Input, Sink};
use super::{Bzip2, Cabinet, Gzip, Lz4, SevenZ, Squashfs, Xz, Zip, Zlib, Zstd, parts};
use crate::finding::GapReason;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::io::{self, BufRead, Read};
use std::sync::LazyLock;
use trial::Trial;

/// Bytes of no format that have packed streams among them.
pub struct Embedded;

/// What a stream of each kind begins with. Those of zlib, of which there are four, are bytes of any text as well.
const MAGICS: [(&[u8], Kind); 13] = [
    (b"\x1f\x8b\x08", Kind::Gzip),
    (b"\x78\x01", Kind::Zlib),
    (b"\x78\x5e", Kind::Zlib),
    (b"\x78\x9c", Kind::Zlib),
    (b"\x78\xda", Kind::Zlib),
    (b"BZh", Kind::Bzip2),
    (b"\xfd7zXZ\0", Kind::Xz),
    (b"\x28\xb5\x2f\xfd", Kind::Zstd),
    (b"\x04\x22\x4d\x18", Kind::Lz4),
    (b"7z\xbc\xaf\x27\x1c", Kind::SevenZ),
    (b"hsqs", Kind::Squashfs),
    (b"MSCF\0\0\0\0", Kind::Cabinet),
    (b"PK\x03\x04", Kind::Zip),
];

static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let magics = MAGICS.iter().map(|(magic, _)| magic);
    // Bytes that are no text hold many that look like the start of one, where a table of all states is fastest.
    AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(magics).expect("a dozen short patterns")
});

/// Bytes of the longest magic.
const LONGEST: usize = 8;

/// A kind of stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Gzip,
    Zlib,
    Bzip2,
    Xz,
    Zstd,
    Lz4,
    SevenZ,
    Squashfs,
    Cabinet,
    /// One entry, by its own header: of all that was ever written there may be no directory, and more of it elsewhere.
    Zip,
}

impl Kind {
    fn format(self) -> &'static dyn Extractor {
        match self {
            Self::Gzip => &Gzip,
            Self::Zlib => &Zlib,
            Self::Bzip2 => &Bzip2,
            Self::Xz => &Xz,
            Self::Zstd => &Zstd,
            Self::Lz4 => &Lz4,
            Self::SevenZ => &SevenZ,
            Self::Squashfs => &Squashfs,
            Self::Cabinet => &Cabinet,
            Self::Zip => &Zip,
        }
    }

    /// Reads the stream that the input is at. One that says itself where it ends is read up to there, any other takes
    /// the rest of the input.
    fn read(self, name: &[u8], input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        match self {
            Self::Gzip => parts::extract::<Gzip>(name, input, sink),
            Self::Zlib => parts::extract::<Zlib>(name, input, sink),
            Self::Bzip2 => parts::extract::<Bzip2>(name, input, sink),
            Self::Xz => parts::extract::<Xz>(name, input, sink),
            Self::Zstd => parts::extract::<Zstd>(name, input, sink),
            Self::Lz4 => parts::extract::<Lz4>(name, input, sink),
            Self::Zip => entry::read(name, input, sink),
            Self::SevenZ | Self::Squashfs | Self::Cabinet => Ok(sink.behind(name, input.position(), input)?),
        }
    }
}

impl Extractor for Embedded {
    fn name(&self) -> &'static str {
        "packed streams"
    }

    fn about(&self) -> About {
        About {
            title: "packed streams in other bytes (installers, firmware, unknown formats)",
            reads: "what is packed in gzip, zlib, bzip2, xz, zstd, LZ4, 7z, squashfs, a cabinet or entries of a zip, by its place; the rest as it is",
            limits: "files with a zero byte among the first that are read, 1 MiB at least; not in programs",
            specification: "https://makeself.io, and those of the streams",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let mut search = Search::default();
        if !may_hold(head.start) {
            return false;
        }
        let mut from = 0;
        while let Some((at, kind)) = search.next(head.start, from) {
            if search.believes(kind, head.start.get(at..).unwrap_or_default(), at as u64) {
                // A zip that may have its directory behind it is better read as one.
                return kind != Kind::Zip || !head.tail.is_empty();
            }
            from = at + 1;
        }
        // Whoever gave up may have missed one, and says so when it opens them.
        search.has_given_up
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut search = Search::default();
        loop {
            let start = input.position();
            let mut between = search.up_to_next(input);
            sink.raw_at(start, &mut between)?;
            // A sink may leave off early.
            io::copy(&mut between, &mut io::sink())?;
            let Some(kind) = between.found else { break };
            search.failed += u64::from(!stream(kind, input, sink)?) * TRIALS_A_BREAK;
        }
        if let Some(detail) = search.missed() {
            sink.gap(GapReason::SizeLimit, detail, None);
        }
        Ok(())
    }
}

/// Whether packed streams are looked for in bytes that begin so: text has none.
pub(crate) fn may_hold(start: &[u8]) -> bool {
    memchr::memchr(0, start).is_some()
}

/// Reads one stream, and says whether it is sound. If it breaks off, what follows may still hold others.
fn stream(kind: Kind, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<bool, Halt> {
    let start = input.position();
    let name = format!("{} at {start}", kind.format().name());
    let head = input.head()?;
    let head = head.get(..Head::LEN).unwrap_or(head).to_vec();
    match kind.read(name.as_bytes(), input, sink) {
        Err(Halt::Broken(reason, detail)) => {
            sink.gap(reason, format!("{name}: {detail}"), None);
            sink.raw_at(start, &mut head.as_slice())?;
            Ok(false)
        }
        ended => ended.map(|()| true),
    }
}

/// Reads the bytes up to the next stream, and ends before that.
pub(crate) struct Between<'s, 'i, 'a> {
    input: &'i mut Input<'a>,
    search: &'s mut Search,
    /// How many of the next bytes begin no stream.
    clean: usize,
    found: Option<Kind>,
}

impl Between<'_, '_, '_> {
    /// Whether a stream follows, which the input is at when all was read.
    pub(crate) fn is_at_stream(&self) -> bool {
        self.found.is_some()
    }
}

impl Read for Between<'_, '_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.found.is_some() || buffer.is_empty() {
            return Ok(0);
        }
        let here = self.input.position();
        let head = self.input.head()?;
        let (free, found) = self.search.free(head, self.clean, here);
        let count = free.min(buffer.len());
        let (Some(to), Some(from)) = (buffer.get_mut(..count), head.get(..count)) else { return Ok(0) };
        to.copy_from_slice(from);
        self.input.consume(count);
        (self.clean, self.found) = (free - count, found);
        Ok(count)
    }
}

/// Looks for streams.
#[derive(Default)]
pub(crate) struct Search {
    trial: Trial,
    /// How many were none that looked like one.
    failed: u64,
    has_given_up: bool,
}

/// Trials that may fail, and one more for so many bytes. Random bytes look like a stream at every 16 KiB.
const TRIALS: u64 = 1024;
const BYTES_A_TRIAL: u64 = 512;
/// What a stream that breaks off counts for: its decoder may take megabytes to be made.
const TRIALS_A_BREAK: u64 = 32;

impl Search {
    /// The bytes that come before the next stream of `input`.
    pub(crate) fn up_to_next<'s, 'i, 'a>(&'s mut self, input: &'i mut Input<'a>) -> Between<'s, 'i, 'a> {
        Between { input, search: self, clean: 0, found: None }
    }

    /// What is to be told of streams that may have been missed.
    pub(crate) fn missed(&self) -> Option<String> {
        let detail = "packed streams: more that looks like one than is tried; others may have been missed";
        self.has_given_up.then(|| detail.to_owned())
    }

    /// Where in `bytes` the next one may be, of those that begin at `from` or behind it.
    fn next(&self, bytes: &[u8], from: usize) -> Option<(usize, Kind)> {
        let found = FINDER.find(bytes.get(from..)?)?;
        let (_, kind) = MAGICS.get(found.pattern().as_usize())?;
        Some((from + found.start(), *kind))
    }

    /// How many of the bytes of `head`, which stand at `here`, come before a stream, and its kind if it is the next. The
    /// first `clean` begin none.
    fn free(&mut self, head: &[u8], clean: usize, here: u64) -> (usize, Option<Kind>) {
        let mut from = clean;
        while let Some((at, kind)) = self.next(head, from) {
            let rest = head.get(at..).unwrap_or_default();
            // The end of what is at hand may be that of a chunk: it is looked at once more is.
            if rest.len() < Head::LEN && at > 0 {
                return (at, None);
            }
            if self.believes(kind, rest, here + at as u64) {
                return (at, (at == 0).then_some(kind));
            }
            from = at + 1;
        }
        let is_end = head.len() < Head::LEN;
        (if is_end { head.len() } else { (head.len() + 1 - LONGEST).max(from) }, None)
    }

    /// Whether a stream begins here that looks like one.
    fn believes(&mut self, kind: Kind, start: &[u8], here: u64) -> bool {
        let start = start.get(..Head::LEN).unwrap_or(start);
        if self.failed > TRIALS + here / BYTES_A_TRIAL {
            self.has_given_up = true;
            return false;
        }
        let head = Head { start, tail: &[] };
        match kind {
            Kind::Gzip | Kind::Zlib => {}
            // Four letters are too few; version 4.0 (section "The Superblock" of its documentation in Linux).
            Kind::Squashfs => return head.has(28, b"\x04\0\0\0"),
            Kind::Zip => return Zip::is_entry(start),
            _ => return kind.format().probe(&head),
        }
        let gives = if kind == Kind::Gzip { self.trial.gzip(start) } else { self.trial.zlib(start) };
        self.failed += u64::from(!gives);
        gives
    }
}

#[cfg(test)]
mod tests;
