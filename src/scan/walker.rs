//! The walker: opens what extractors yield, one level deeper each time.
//!
//! It decides how bytes are held. A small member is read into the batch and looked at there; a held
//! container of the file system goes to another thread whole; a long one streams. Whatever happens
//! to a container, its bytes are scanned: as members where it opens, as they are where it does not.

use super::crew::{Crew, Scope};
use super::flat::{self, Batch, Content};
use super::ledgers::{Ledgers, Open};
use super::nest::{Nest, Stage};
use super::versions::Versions;
use super::within::Within;
use crate::blob::Digest;
use crate::extract::archive::{Embedded, Search, may_hold};
use crate::extract::{Extractor, Halt, Head, Input, Opaque, probe, probe_end, probe_within};
use crate::finding::{Gap, GapReason, Reading, Tally, Totals};
use crate::image::packages::Collector;
use crate::slice::FileSlice;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Gaps that a worker keeps before it hands them in.
const GAPS: usize = 4096;

/// Bytes of a gap's text: names from the artifact are quoted in it.
const DETAIL: usize = 1000;

/// One worker's way through one root, or through one container of it.
pub(super) struct Walker<'w, 's, 'e> {
    pub(super) crew: &'s Crew<'e>,
    pub(super) scope: &'w Scope<'s>,
    batch: Batch,
    gaps: Vec<Gap>,
    pub(super) seen: Totals,
    /// The entries of the layer, if a layer is walked.
    pub(super) ledger: Option<(&'s Ledgers, Open)>,
    /// What package managers recorded, if a layer or a directory is walked.
    pub(super) packages: Option<Collector>,
    /// What is known of repositories in it.
    pub(super) versions: Versions,
    /// What the layer unwraps to, if that is to be proved.
    pub(super) diff_id: Option<Digest>,
    /// Whether a compression was taken off the root.
    pub(super) was_compressed: bool,
}

impl<'w, 's, 'e> Walker<'w, 's, 'e> {
    pub(super) fn new(crew: &'s Crew<'e>, scope: &'w Scope<'s>) -> Self {
        Self {
            crew,
            scope,
            batch: Batch::reusing(crew.buffer()),
            gaps: Vec::new(),
            seen: Totals::default(),
            ledger: None,
            packages: None,
            versions: Versions::new(crew.limits.history),
            diff_id: None,
            was_compressed: false,
        }
    }

    /// Hands in what is left. To be called once, at the end.
    pub(super) fn finish(mut self) {
        super::versions::finish(&mut self);
        self.flush();
        self.crew.deliver(Vec::new(), std::mem::take(&mut self.gaps), self.seen);
    }

    pub(super) fn gap(&mut self, mut gap: Gap) {
        shorten(&mut gap.detail);
        self.gaps.push(gap);
        if self.gaps.len() >= GAPS {
            // What a missing end marker costs is known at the end of the root only.
            let ready = self.gaps.extract_if(.., |gap| gap.reason != GapReason::MissingEnd).collect();
            self.crew.deliver(Vec::new(), ready, Totals::default());
        }
    }

    /// Counts one more file of a directory.
    pub(super) fn count_file(&mut self) {
        self.seen.files += 1;
    }

    /// Counts one more layer blob.
    pub(super) fn count_layer(&mut self) {
        self.seen.layers += 1;
    }

    /// Counts a file that cannot be opened.
    pub(super) fn count_unread(&mut self, reason: GapReason) {
        let row = self.row(None);
        row.pieces.add(Reading::Unread, 1);
        row.gap(reason);
    }

    /// The row of a format in the ledger.
    pub(super) fn row(&mut self, format: Option<&'static str>) -> &mut Tally {
        self.seen.formats.of(format)
    }

    /// Counts a piece that is numbers.
    pub(super) fn count_numbers(&mut self, bytes: u64) {
        let row = self.row(None);
        row.pieces.add(Reading::Numbers, 1);
        row.bytes.add(Reading::Numbers, bytes);
    }

    /// Counts a piece that is read as it is, and its bytes.
    fn count_raw(&mut self, format: Option<&'static str>, bytes: u64) {
        let row = self.row(format);
        row.pieces.add(Reading::Raw, 1);
        row.bytes.add(Reading::Raw, bytes);
    }

    /// The bytes of the root are those that were built: a missing end marker is the builder's habit, not a cut.
    pub(super) fn forgive_missing_end(&mut self) {
        for gap in self.gaps.iter_mut().filter(|gap| gap.reason == GapReason::MissingEnd) {
            gap.scope = crate::finding::Scope::Item;
        }
    }

    pub(super) fn note(
        &mut self,
        nest: &Nest,
        reason: GapReason,
        detail: String,
        bytes: Option<u64>,
        scope: crate::finding::Scope,
    ) {
        self.gap(Gap { place: nest.place.clone(), reason, detail, bytes, scope });
    }

    /// The format that is to open these bytes here. Notes a gap where one is known and may not, or cannot; the name of
    /// that one is the error.
    fn opener(&mut self, nest: &Nest, bytes: &[u8], whole: bool) -> Result<&'static dyn Extractor, Option<&'static str>> {
        let opaque = Opaque::probe(&Head { start: bytes, tail: &[] }).map(|format| format.name);
        let length = whole.then_some(bytes.len() as u64);
        let (format, reason, detail) = match (format_of(nest, bytes, whole), opaque) {
            (Some(extractor), opaque) if nest.depth + nest.cost(extractor.is_wrapper()) <= self.crew.limits.depth => {
                // A format that is not opened may hold streams of others, or look like one that has no magic.
                if let Some(opaque) = opaque {
                    let detail = format!("{opaque} is not opened; it was read as {}, and is raw bytes else", extractor.name());
                    self.shut(nest, opaque, (GapReason::Unsupported, detail), length);
                }
                return Ok(extractor);
            }
            (Some(extractor), _) => {
                let detail = format!("{}: archives are nested deeper than the limit; scanned as raw bytes", extractor.name());
                (extractor.name(), GapReason::DepthLimit, detail)
            }
            (None, Some(opaque)) => {
                (opaque, GapReason::Unsupported, format!("{opaque} is not opened; its bytes were scanned as they are"))
            }
            (None, None) => return Err(None),
        };
        self.shut(nest, format, (reason, detail), length);
        Err(Some(format))
    }

    /// Tells of a format that stays shut.
    fn shut(&mut self, nest: &Nest, format: &'static str, (reason, detail): (GapReason, String), length: Option<u64>) {
        self.note(nest, reason, detail, length, nest.scope());
        self.row(Some(format)).gap(reason);
    }

    fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let fresh = Batch::reusing(self.crew.buffer());
        let batch = std::mem::replace(&mut self.batch, fresh);
        let crew = self.crew;
        let cost = batch.bytes.capacity() + batch.weight();
        crew.offer(self.scope, cost, move |_| batch.scan(crew));
    }

    /// Takes in a file of a layer or directory. What a package manager recorded is read as such, too.
    pub(super) fn file(&mut self, nest: &Nest, reader: &mut dyn Read) {
        let Some(packages) = self.packages.as_mut().filter(|_| Collector::wants(nest.place.name())) else {
            self.body(nest, reader);
            return;
        };
        let is_database = Collector::is_database(nest.place.name());
        let limits = self.crew.limits;
        let limit = if is_database { limits.package_database } else { limits.package_record };
        let mut record = Vec::new();
        let got = (&mut *reader).take(limit as u64 + 1).read_to_end(&mut record);
        if got.is_ok_and(|got| got <= limit) {
            packages.take(nest.place.name(), &record);
        }
        self.body(nest, &mut record.as_slice().chain(reader));
    }

    /// Takes in bytes of any length and content.
    pub(super) fn body(&mut self, nest: &Nest, reader: &mut dyn Read) {
        let start = self.batch.bytes.len();
        let window = self.crew.limits.window;
        // What was read before a failure stays in the batch; the reader's owner reports the failure.
        let _ = (&mut *reader).take(window as u64 + 1).read_to_end(&mut self.batch.bytes);
        let length = self.batch.bytes.len() - start;
        if length > window {
            let head = self.batch.bytes.split_off(start);
            self.long(nest, head, reader);
            return;
        }
        self.seen.bytes += length as u64;
        let batch = std::mem::take(&mut self.batch.bytes);
        let bytes = batch.get(start..).unwrap_or_default();
        let opener = self.opener(nest, bytes, true);
        let container = opener.map(|extractor| (extractor, bytes.to_vec()));
        self.batch.bytes = batch;
        match container {
            Ok((extractor, bytes)) => {
                self.batch.bytes.truncate(start);
                self.held(nest, bytes, extractor);
            }
            Err(format) => {
                self.count_raw(format, length as u64);
                self.batch.close_item(nest.origin(), start);
                if self.batch.weight() >= self.crew.limits.batch {
                    self.flush();
                }
            }
        }
    }

    /// Takes in bytes of which `head`, a window at least, was read.
    fn long(&mut self, nest: &Nest, mut head: Vec<u8>, reader: &mut dyn Read) {
        let extractor = match self.opener(nest, &head, false) {
            Ok(extractor) => extractor,
            Err(None) => return self.unknown(nest, head, reader),
            Err(format) => {
                let bytes = self.flat(nest, (Content::Any, 0), head, reader);
                self.count_raw(format, bytes);
                return;
            }
        };
        if nest.stage == Stage::Inside {
            let hold = self.crew.limits.hold;
            let wanted = hold.saturating_sub(head.len()) as u64 + 1;
            let failed = (&mut *reader).take(wanted).read_to_end(&mut head).is_err();
            if failed || head.len() <= hold {
                self.seen.bytes += head.len() as u64;
                self.held(nest, head, extractor);
                return;
            }
        }
        let spill = self.crew.limits.spill;
        let mut input = Input::stream(head, reader).within(nest.depth, spill);
        self.open(nest, &mut input, extractor);
    }

    /// Takes in long bytes whose start tells nothing: their end may.
    fn unknown(&mut self, nest: &Nest, mut head: Vec<u8>, reader: &mut dyn Read) {
        let hold = self.crew.limits.hold;
        let wanted = hold.saturating_sub(head.len()) as u64 + 1;
        let whole = (&mut *reader).take(wanted).read_to_end(&mut head).is_ok() && head.len() <= hold;
        if whole && let Ok(extractor) = self.opener(nest, &head, true) {
            self.seen.bytes += head.len() as u64;
            self.held(nest, head, extractor);
            return;
        }
        let may_open = !whole && may_hold(&head) && nest.depth + nest.cost(false) <= self.crew.limits.depth;
        let mut tailed = Tailed { inner: &mut head.as_slice().chain(reader), tail: Vec::new() };
        let bytes = match may_open {
            true => self.streams_within(nest, &mut tailed),
            false => Some(self.flat(nest, (Content::Any, 0), Vec::new(), &mut tailed)),
        };
        let format = if whole { None } else { probe_end(&tailed.tail) };
        if let Some(extractor) = format {
            let detail = format!("{}: says so at its end only, which was too far to go back; scanned as it is", extractor.name());
            self.note(nest, GapReason::SizeLimit, detail, bytes, nest.scope());
            self.row(Some(extractor.name())).gap(GapReason::SizeLimit);
        }
        if let Some(bytes) = bytes {
            self.count_raw(format.map(|extractor| extractor.name()), bytes);
        }
    }

    /// Takes in long bytes of no format, and what is packed among them. Gives how many there are if nothing is.
    fn streams_within(&mut self, nest: &Nest, reader: &mut dyn Read) -> Option<u64> {
        let mut input = Input::stream(Vec::new(), reader).within(nest.depth, self.crew.limits.spill);
        let mut search = Search::default();
        let mut before = search.up_to_next(&mut input);
        let bytes = self.flat(nest, (Content::Any, 0), Vec::new(), &mut before);
        let is_at_stream = before.is_at_stream();
        if let Some(detail) = search.missed() {
            self.note(nest, GapReason::SizeLimit, detail, None, nest.scope());
            self.row(Some(Embedded.name())).gap(GapReason::SizeLimit);
        }
        if !is_at_stream {
            return Some(bytes);
        }
        self.row(Some(Embedded.name())).bytes.add(Reading::Raw, bytes);
        self.open(nest, &mut input, &Embedded);
        None
    }

    /// Opens a container that is in memory: here, or on another thread if it is a file of its own.
    fn held(&mut self, nest: &Nest, bytes: Vec<u8>, extractor: &'static dyn Extractor) {
        if nest.stage != Stage::Inside || nest.depth > 0 || nest.unwrapped || extractor.is_part() {
            let mut input = Input::memory(&bytes).within(nest.depth, u64::MAX);
            self.open(nest, &mut input, extractor);
            return;
        }
        let (crew, place, entry, version) = (self.crew, nest.place.clone(), nest.entry, nest.version.clone());
        // Besides its bytes an open container takes a batch and some decoder state.
        let cost = bytes.len() + crew.limits.window;
        crew.offer(self.scope, cost, move |scope| {
            let nest = Nest { entry, version, ..Nest::new(place, Stage::Inside, crew.limits) };
            nest.budget.consume(bytes.len() as u64);
            let mut walker = Walker::new(crew, scope);
            walker.open(&nest, &mut Input::memory(&bytes), extractor);
            walker.finish();
        });
    }

    /// Opens a container. What its format leaves of it is scanned as it is.
    pub(super) fn open(&mut self, nest: &Nest, input: &mut Input<'_>, extractor: &'static dyn Extractor) {
        if extractor.is_wrapper() && nest.is_root() {
            self.was_compressed = true;
        }
        let mut within = Within { walker: self, nest, extractor, gave: false, lacks: false };
        let halted = catch_unwind(AssertUnwindSafe(|| extractor.extract(input, &mut within)));
        let (gave, lacks) = (within.gave, within.lacks);
        let ended = self.ended(nest, input, extractor, halted);
        let reading = if gave || (ended && !lacks) { Reading::Structure } else { Reading::Raw };
        self.row(Some(extractor.name())).pieces.add(reading, 1);
        // A format that seeks has seen to all of its input.
        if !(ended && extractor.seeks()) {
            self.rest(nest, input, extractor);
        }
    }

    /// Notes how a format ended, and where that was not at its end goes back as far as possible. Says whether it was.
    fn ended(
        &mut self,
        nest: &Nest,
        input: &mut Input<'_>,
        extractor: &'static dyn Extractor,
        halted: std::thread::Result<Result<(), Halt>>,
    ) -> bool {
        let name = extractor.name();
        let (reason, detail) = match halted {
            Ok(Ok(())) => return true,
            Ok(Err(Halt::Stop)) => {
                input.rewind();
                return false;
            }
            // The reader's owner reports its failures; a failed spill is our own.
            Ok(Err(Halt::Read(_))) if input.failed() => return false,
            Ok(Err(Halt::Read(error))) => {
                let detail = format!("{name}: cannot be held to be opened, so its bytes were scanned as they are: {error}");
                (GapReason::Unreadable, detail)
            }
            Ok(Err(Halt::Broken(reason, detail))) => (reason, detail),
            Err(_) => (GapReason::Internal, format!("{name}: our parser failed; please report this as a defect")),
        };
        self.note(nest, reason, detail, None, nest.scope());
        self.row(Some(name)).gap(reason);
        input.rewind();
        false
    }

    /// Scans what a format left of its input.
    fn rest(&mut self, nest: &Nest, input: &mut Input<'_>, extractor: &'static dyn Extractor) {
        let at = input.position();
        let mut rest = self.crew.buffer();
        let _ = input.take(self.crew.limits.window as u64).read_to_end(&mut rest);
        if rest.iter().all(|byte| *byte == 0) {
            // Padding. Whatever follows a whole window of zeros is still looked at.
            let more = rest.len() >= self.crew.limits.window;
            self.crew.recycle(std::mem::take(&mut rest));
            if !more {
                return;
            }
        }
        let bytes = self.flat(nest, (Content::Any, at), rest, input);
        self.row(Some(extractor.name())).bytes.add(Reading::Raw, bytes);
    }

    /// Scans bytes without opening them, and says how many there were. They stand at `at` of what the nest is.
    pub(super) fn flat(&mut self, nest: &Nest, (content, at): (Content, u64), head: Vec<u8>, reader: &mut dyn Read) -> u64 {
        let bytes = flat::windows(self.crew, self.scope, (nest, content, at), head, reader);
        self.seen.bytes += bytes;
        bytes
    }

    /// Scans numbers that stand in a file, and at `at` of what the nest is.
    pub(super) fn flat_slice(&mut self, nest: &Nest, at: u64, slice: &FileSlice) {
        self.seen.bytes += slice.len();
        flat::windows_of_slice(self.crew, self.scope, (nest, at), slice);
    }
}

/// A reader whose last bytes are kept.
struct Tailed<'r> {
    inner: &'r mut dyn Read,
    tail: Vec<u8>,
}

impl Read for Tailed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        self.tail.extend_from_slice(read.get(count.saturating_sub(Head::TAIL)..).unwrap_or_default());
        let over = self.tail.len().saturating_sub(Head::TAIL);
        self.tail.drain(..over);
        Ok(count)
    }
}

fn shorten(detail: &mut String) {
    if detail.len() > DETAIL {
        let cut = (0..=DETAIL).rev().find(|at| detail.is_char_boundary(*at)).unwrap_or(0);
        detail.truncate(cut);
        detail.push('…');
    }
}

/// Whether these bytes are of a format that opens, or of one that is known not to.
pub(super) fn is_known(nest: &Nest, bytes: &[u8], whole: bool) -> bool {
    format_of(nest, bytes, whole).is_some() || Opaque::probe(&Head { start: bytes, tail: &[] }).is_some()
}

/// The format of these bytes.
fn format_of(nest: &Nest, bytes: &[u8], whole: bool) -> Option<&'static dyn Extractor> {
    let found = probe(&Head { start: bytes, tail: if whole { bytes } else { &[] } });
    let found = found.or_else(|| if whole { None } else { probe_within(bytes) });
    // A layer is a tar: a header that is broken, or cut, must not make it a mere file.
    let is_layer = nest.stage == Stage::Layer && bytes.iter().any(|byte| *byte != 0);
    found.or_else(|| if is_layer { crate::extract::named("tar") } else { None })
}
