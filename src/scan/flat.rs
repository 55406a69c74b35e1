//! Flat bytes: gathered into batches, cut into windows, and looked at.
//!
//! Small members are gathered so that a job is worth its hand-over; long ones become windows that
//! overlap by what the engine needs to see on both sides of a hit. Every hit lies in exactly one
//! window's own stretch, so it is found once.

use super::crew::{Crew, Scope};
use super::locate::{Lines, Located};
use super::nest::Nest;
use crate::blob::Sums;
use crate::detect::{Hit, Unseen, View};
use crate::finding::{Finding, Gap, GapReason, Scope as GapScope, Totals};
use crate::place::Place;
use crate::slice::FileSlice;
use crate::version::Version;
use std::io::Read;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Hits kept of one stretch of bytes. More of them is a list of tokens, not a leak of one more.
const HITS: usize = 1_000;

/// Bytes looked at to tell text from binary.
const HEAD: usize = 64 << 10;

/// Some bytes of a member, and where they come from.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) place: Place,
    pub(super) entry: Option<u32>,
    /// Whether the bytes are those of a file of a layer or directory: nothing was opened to get at them.
    pub(super) is_file: bool,
    /// Where it stood in the history of a repository.
    pub(super) version: Option<Arc<Version>>,
}

/// Small members, back to back.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    items: Vec<(Origin, Range<usize>)>,
    /// What the items cost besides their bytes: a million empty files are not free.
    beside: usize,
}

/// What an item costs besides its bytes and its name.
const ITEM: usize = 200;

impl Batch {
    /// An empty one, in a buffer that was used before.
    pub(super) fn reusing(bytes: Vec<u8>) -> Self {
        Self { bytes, items: Vec::new(), beside: 0 }
    }

    /// Notes that the bytes from `start` on are a member.
    pub(super) fn close_item(&mut self, origin: Origin, start: usize) {
        self.beside += ITEM + origin.place.name().len();
        self.items.push((origin, start..self.bytes.len()));
    }

    /// What all of it costs in memory, in bytes.
    pub(super) fn weight(&self) -> usize {
        self.bytes.len() + self.beside
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Looks at every member.
    pub(super) fn scan(self, crew: &Crew<'_>) {
        let mut found = Found::default();
        for (origin, range) in &self.items {
            let bytes = self.bytes.get(range.clone()).unwrap_or_default();
            if bytes.is_empty() {
                continue;
            }
            found.guarded(origin, |found| {
                let mut hits = Vec::new();
                let view = View { bytes, owned: 0..bytes.len(), whole: true, name: origin.place.name() };
                found.note(origin, crew.engine.detect_first(&view, &mut hits));
                if !hits.is_empty() {
                    let before = found.findings.len();
                    found.take(crew, origin, hits, (bytes, &Lines::start(is_text(bytes))));
                    if origin.is_file {
                        let sums = Arc::new(Sums::of(bytes));
                        found.findings.iter_mut().skip(before).for_each(|finding| finding.content = Some(sums.clone()));
                    }
                }
            });
        }
        crew.deliver(found.findings, found.gaps, Totals::default());
        crew.recycle(self.bytes);
    }
}

/// What a long member is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Anything.
    Any,
    /// Numbers, as their container says.
    Numbers,
}

/// One window of a long member.
struct Window {
    origin: Origin,
    /// What was read stands at the start; behind it is what the buffer held before.
    bytes: Vec<u8>,
    length: usize,
    owned: Range<usize>,
    lines: Lines,
    content: Content,
    is_first: bool,
}

impl Window {
    fn scan(self, crew: &Crew<'_>) {
        let mut found = Found::default();
        found.guarded(&self.origin, |found| {
            let mut hits = Vec::new();
            let bytes = self.bytes.get(..self.length).unwrap_or_default();
            let view = View { bytes, owned: self.owned.clone(), whole: false, name: self.origin.place.name() };
            let unseen = match self.content {
                Content::Numbers => {
                    crew.engine.detect_in_numbers(&view, &mut hits);
                    Unseen::default()
                }
                Content::Any if self.is_first => crew.engine.detect_first(&view, &mut hits),
                Content::Any => crew.engine.detect(&view, &mut hits),
            };
            found.note(&self.origin, unseen);
            if !hits.is_empty() {
                found.take(crew, &self.origin, hits, (bytes, &self.lines));
            }
        });
        crew.deliver(found.findings, found.gaps, Totals::default());
        crew.recycle(self.bytes);
    }
}

/// Findings and gaps of one job.
#[derive(Default)]
pub(super) struct Found {
    pub(super) findings: Vec<Finding>,
    pub(super) gaps: Vec<Gap>,
}

impl Found {
    fn take(&mut self, crew: &Crew<'_>, origin: &Origin, mut hits: Vec<Hit>, (bytes, lines): (&[u8], &Lines)) {
        if hits.len() > HITS {
            hits.sort_by_key(|hit| (std::cmp::Reverse(hit.severity), hit.span.start));
            let detail = format!("{} more findings here are not listed", hits.len() - HITS);
            self.gap(origin, GapReason::SizeLimit, detail);
            hits.truncate(HITS);
        }
        let located = Located { origin, bytes, lines, heeds_comments: crew.heeds_comments };
        self.findings.extend(hits.into_iter().map(|hit| located.finding(hit)));
    }

    /// A defect of ours costs the member it met, not the run.
    fn guarded(&mut self, origin: &Origin, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.gap(origin, GapReason::Internal, "detection failed here; please report this as a defect".into());
        }
    }

    /// Tells what the engine left out.
    fn note(&mut self, origin: &Origin, unseen: Unseen) {
        self.gaps.extend(left_out(&origin.place, unseen));
    }

    fn gap(&mut self, origin: &Origin, reason: GapReason, detail: String) {
        self.gaps.push(Gap { place: origin.place.clone(), reason, detail, bytes: None, scope: GapScope::Item });
    }
}

/// The gap of what the engine left out, if it left out anything.
pub(super) fn left_out(place: &Place, unseen: Unseen) -> Option<Gap> {
    let detail = unseen.detail()?;
    Some(Gap { place: place.clone(), reason: GapReason::SizeLimit, detail, bytes: None, scope: GapScope::Item })
}

/// Cuts what `head` and `reader` hold into windows and offers them; they stand at `at` of what the nest is. Returns how
/// many bytes there were. A reader that fails ends them; its owner reports why.
pub(super) fn windows<'s>(
    crew: &'s Crew<'_>,
    scope: &Scope<'s>,
    (nest, content, at): (&Nest, Content, u64),
    head: Vec<u8>,
    reader: &mut dyn Read,
) -> u64 {
    let (own, reach, lookback) = (crew.limits.window, crew.engine.reach(), crew.engine.lookback());
    let room = lookback + own + reach;
    let origin = nest.origin();
    let mut lines = None;
    let mut filled = head.len();
    let mut bytes = head;
    let (mut start, mut ended) = (0, false);
    loop {
        let wanted = start + own + reach;
        if !ended && filled < wanted {
            filled = fill_to(reader, &mut bytes, filled, wanted);
            ended = filled < wanted;
        }
        let is_first = lines.is_none();
        let here = lines.unwrap_or_else(|| match content {
            Content::Numbers => Lines::none().at(at),
            Content::Any => Lines::within(is_text(bytes.get(..filled).unwrap_or_default()), at),
        });
        let last = ended && filled <= start + own + reach;
        let end = if last { filled } else { start + own };
        let next = (!last).then(|| {
            let before = end.saturating_sub(lookback);
            let kept = bytes.get(before..filled).unwrap_or_default();
            let mut next = crew.stale_buffer();
            next.resize(next.len().max(room), 0);
            if let Some(start) = next.get_mut(..kept.len()) {
                start.copy_from_slice(kept);
            }
            (next, kept.len(), end - before, here.after(bytes.get(..before).unwrap_or_default()))
        });
        let length = filled.min(end + reach);
        let total = here.offset - at + length as u64;
        let cost = bytes.capacity();
        let bytes_here = std::mem::take(&mut bytes);
        let (origin, owned) = (origin.clone(), start..end);
        let window = Window { origin, bytes: bytes_here, length, owned, lines: here, content, is_first };
        crew.offer(scope, cost, move |_| window.scan(crew));
        match next {
            Some((rest, kept, at, after)) => (bytes, filled, start, lines) = (rest, kept, at, Some(after)),
            None => return total,
        }
    }
}

/// Cuts numbers that stand in a file into windows, which are read where they are looked at. They stand at `offset` of
/// what the nest is.
pub(super) fn windows_of_slice<'s>(crew: &'s Crew<'_>, scope: &Scope<'s>, (nest, offset): (&Nest, u64), slice: &FileSlice) {
    let (own, reach, lookback) = (crew.limits.window, crew.engine.reach(), crew.engine.lookback());
    let room = lookback + own + reach;
    let origin = nest.origin();
    // Reads begin at pages of the file: to copy from elsewhere takes twice as long.
    let beyond = slice.start().saturating_add(own as u64).saturating_sub(lookback as u64) % PAGE;
    let first = if own as u64 > 2 * PAGE { own as u64 - beyond } else { own as u64 };
    let mut at = 0;
    while at < slice.len() {
        let (before, own) = if at == 0 { (0, first) } else { (at.min(lookback as u64), own as u64) };
        let part = slice.part(at - before, before + own + reach as u64);
        let owned = before as usize..(before + own).min(part.len()) as usize;
        let (origin, lines) = (origin.clone(), Lines::none().at(offset + at - before));
        crew.offer(scope, room, move |_| {
            let mut bytes = crew.stale_buffer();
            bytes.resize(bytes.len().max(room), 0);
            let length = part.len() as usize;
            let got = part.fill_at(bytes.get_mut(..length).unwrap_or_default(), 0);
            let (length_read, content) = (*got.as_ref().unwrap_or(&0), Content::Numbers);
            let window = Window { origin, bytes, length: length_read, owned, lines, content, is_first: false };
            if window.length < length {
                let what = got.map_or_else(|error| error.to_string(), |_| "shorter than it was".to_owned());
                crew.deliver(Vec::new(), vec![unread(&window.origin, what, length)], Totals::default());
            }
            window.scan(crew);
        });
        at += own;
    }
}

/// Bytes of a page of memory.
const PAGE: u64 = 4096;

/// A stretch of a file that could not be read.
fn unread(origin: &Origin, what: String, length: usize) -> Gap {
    let detail = format!("cannot be read: {what}");
    Gap { place: origin.place.clone(), reason: GapReason::Unreadable, detail, bytes: Some(length as u64), scope: GapScope::Image }
}

/// Reads until `bytes` has `wanted`, or the reader ends or fails. Says how many there are then.
///
/// A buffer that was used before is as long already, and no byte of it is written but by the reader. Another grows as
/// bytes come: most stretches are short, and to clear a whole window for each of them was a twentieth of a scan.
fn fill_to(reader: &mut dyn Read, bytes: &mut Vec<u8>, mut filled: usize, wanted: usize) -> usize {
    while filled < wanted {
        let enough = wanted.min(bytes.len().max(2 * filled).max(HEAD));
        bytes.resize(bytes.len().max(enough), 0);
        filled += fill(reader, bytes.get_mut(filled..enough).unwrap_or_default());
        if filled < enough {
            break;
        }
    }
    filled
}

/// Reads until `buffer` is full or the reader ends or fails. Says how many bytes there are.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> usize {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    done
}

/// Whether bytes read like text, where lines mean something.
fn is_text(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes.get(..HEAD.min(bytes.len())).unwrap_or_default()).is_none()
}
