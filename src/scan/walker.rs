//! The walker: opens what extractors yield, one level deeper each time.
//!
//! It decides how bytes are held. A small member is read into the batch and looked at there; a held
//! container of the file system goes to another thread whole; a long one streams. Whatever happens
//! to a container, its bytes are scanned: as members where it opens, as they are where it does not.

use super::crew::{Crew, Scope};
use super::flat::{self, Batch, Content};
use super::ledgers::{Ledgers, Open};
use super::nest::{Consumed, Metered, Nest, Stage};
use super::versions::Versions;
use crate::blob::{Digest, Hashed};
use crate::extract::{Extractor, Halt, Head, Import, Input, Member, MemberKind, Opaque, Sink, Stop, Text, probe};
use crate::finding::{Gap, GapReason, Totals};
use crate::image::lifecycle::{EntryKind, plain};
use crate::image::packages::Collector;
use crate::repository::{Id, Kind};
use crate::slice::FileSlice;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Gaps that a worker keeps before it hands them in.
const GAPS: usize = 4096;

/// Bytes of a gap's text: names from the artifact are quoted in it.
const DETAIL: usize = 1000;

/// Bytes of a name that are kept: what a path may have on Linux. A longer one cannot be a file's.
const NAME: usize = 4096;

/// One worker's way through one root, or through one container of it.
pub(super) struct Walker<'w, 's, 'e> {
    pub(super) crew: &'s Crew<'e>,
    pub(super) scope: &'w Scope<'s>,
    batch: Batch,
    gaps: Vec<Gap>,
    seen: Totals,
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

    /// The bytes of the root are those that were built: a missing end marker is the builder's habit, not a cut.
    pub(super) fn forgive_missing_end(&mut self) {
        for gap in self.gaps.iter_mut().filter(|gap| gap.reason == GapReason::MissingEnd) {
            gap.scope = crate::finding::Scope::Item;
        }
    }

    fn note(&mut self, nest: &Nest, reason: GapReason, detail: String, bytes: Option<u64>, scope: crate::finding::Scope) {
        self.gap(Gap { place: nest.place.clone(), reason, detail, bytes, scope });
    }

    /// The format that is to open these bytes here. Notes a gap where one is known and may not, or cannot.
    fn opener(&mut self, nest: &Nest, bytes: &[u8], whole: bool) -> Option<&'static dyn Extractor> {
        if let Some(extractor) = format_of(nest, bytes, whole) {
            if nest.depth + nest.cost(extractor.is_wrapper()) <= self.crew.limits.depth {
                return Some(extractor);
            }
            let detail = format!("{}: archives are nested deeper than the limit; scanned as raw bytes", extractor.name());
            let length = whole.then_some(bytes.len() as u64);
            self.note(nest, GapReason::DepthLimit, detail, length, nest.scope());
        } else if let Some(format) = Opaque::probe(&Head { start: bytes, tail: &[] }) {
            let detail = format!("{} is not opened; its bytes were scanned as they are", format.name);
            let length = whole.then_some(bytes.len() as u64);
            self.note(nest, GapReason::Unsupported, detail, length, nest.scope());
        }
        None
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
        if let Some((extractor, bytes)) = container {
            self.batch.bytes.truncate(start);
            self.held(nest, bytes, extractor);
        } else {
            self.batch.close_item(nest.origin(), start);
            if self.batch.weight() >= self.crew.limits.batch {
                self.flush();
            }
        }
    }

    /// Takes in bytes of which `head`, a window at least, was read.
    fn long(&mut self, nest: &Nest, mut head: Vec<u8>, reader: &mut dyn Read) {
        let Some(extractor) = self.opener(nest, &head, false) else {
            self.flat(nest, Content::Any, head, reader);
            return;
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
        let mut within = Within { walker: self, nest, extractor };
        let halted = catch_unwind(AssertUnwindSafe(|| extractor.extract(input, &mut within)));
        match halted {
            // A format that seeks has seen to all of its input.
            Ok(Ok(())) if extractor.seeks() => return,
            Ok(Ok(())) => {}
            Ok(Err(Halt::Read(error))) => {
                // The reader's owner reports its failures; a failed spill is our own.
                if !input.failed() {
                    let detail = format!(
                        "{}: cannot be held to be opened, so its bytes were scanned as they are: {error}",
                        extractor.name()
                    );
                    self.note(nest, GapReason::Unreadable, detail, None, nest.scope());
                    input.rewind();
                }
            }
            Ok(Err(Halt::Stop)) => input.rewind(),
            Ok(Err(Halt::Broken(reason, detail))) => {
                self.note(nest, reason, detail, None, nest.scope());
                input.rewind();
            }
            Err(_) => {
                let detail = format!("{}: our parser failed; please report this as a defect", extractor.name());
                self.note(nest, GapReason::Internal, detail, None, nest.scope());
                input.rewind();
            }
        }
        let mut rest = self.crew.buffer();
        let _ = input.take(self.crew.limits.window as u64).read_to_end(&mut rest);
        if rest.iter().any(|byte| *byte != 0) {
            self.flat(nest, Content::Any, rest, input);
        } else {
            // Padding. Whatever follows a whole window of zeros is still looked at.
            let more = rest.len() >= self.crew.limits.window;
            self.crew.recycle(rest);
            if more {
                self.flat(nest, Content::Any, Vec::new(), input);
            }
        }
    }

    /// Scans bytes as they are.
    fn flat(&mut self, nest: &Nest, content: Content, head: Vec<u8>, reader: &mut dyn Read) {
        self.seen.bytes += flat::windows(self.crew, self.scope, (nest, content), head, reader);
    }

    /// Scans numbers that stand in a file.
    fn flat_slice(&mut self, nest: &Nest, slice: FileSlice) {
        self.seen.bytes += slice.len();
        flat::windows_of_slice(self.crew, self.scope, nest, &slice);
    }
}

fn shorten(detail: &mut String) {
    if detail.len() > DETAIL {
        let cut = (0..=DETAIL).rev().find(|at| detail.is_char_boundary(*at)).unwrap_or(0);
        detail.truncate(cut);
        detail.push('…');
    }
}

/// The format of these bytes.
fn format_of(nest: &Nest, bytes: &[u8], whole: bool) -> Option<&'static dyn Extractor> {
    let found = probe(&Head { start: bytes, tail: if whole { bytes } else { &[] } });
    // A layer is a tar: a header that is broken, or cut, must not make it a mere file.
    let is_layer = nest.stage == Stage::Layer && bytes.iter().any(|byte| *byte != 0);
    found.or_else(|| if is_layer { crate::extract::named("tar") } else { None })
}

/// The sink of one container.
struct Within<'a, 'w, 's, 'e> {
    walker: &'a mut Walker<'w, 's, 'e>,
    nest: &'a Nest,
    extractor: &'static dyn Extractor,
}

impl Within<'_, '_, '_, '_> {
    fn is_file_system(&self) -> bool {
        self.nest.stage == Stage::Layer && self.extractor.name() == "tar"
    }

    /// Where a member stands, and what it may cost.
    fn nest_of(&mut self, member: &Member<'_>) -> Nest {
        let nest = self.nest;
        let depth = nest.depth + nest.cost(self.extractor.is_wrapper());
        if self.extractor.is_wrapper() {
            return Nest { depth, unwrapped: true, ..nest.clone() };
        }
        let name = member.name.get(..NAME).unwrap_or(member.name);
        if self.is_file_system() {
            let kind = match member.kind {
                MemberKind::File => EntryKind::File,
                MemberKind::Directory => EntryKind::Directory,
                _ => EntryKind::Other,
            };
            let entry = self.walker.ledger.as_mut().map(|(ledgers, open)| ledgers.entry(open, member.name, kind));
            return Nest { entry, ..Nest::new(nest.place.file(&plain(name)), Stage::Inside, self.walker.crew.limits) };
        }
        Nest { place: nest.place.member(name), stage: Stage::Inside, depth, unwrapped: false, ..nest.clone() }
    }

    /// Reads a member that counts against a budget. An error means that the budget is used up.
    fn metered(&mut self, nest: &Nest, numbers: bool, body: &mut dyn Read) -> Result<(), Stop> {
        let mut metered = Metered { inner: body, budget: self.nest.budget.clone(), exhausted: false };
        // Taken, since what lies deeper is no layer.
        let wraps_layer = self.extractor.is_wrapper() && self.nest.is_root();
        match self.walker.diff_id.take_if(|_| wraps_layer) {
            None if numbers => self.walker.flat(nest, Content::Numbers, Vec::new(), &mut metered),
            None => self.walker.body(nest, &mut metered),
            Some(expected) => {
                let mut hashed = Hashed::new(&mut metered, expected.hasher());
                self.walker.body(nest, &mut hashed);
                let sound = io::copy(&mut hashed, &mut io::sink()).is_ok();
                let (digest, _) = hashed.finish();
                if sound && digest == expected {
                    self.walker.forgive_missing_end();
                } else if sound {
                    let detail = format!("unpacks to {digest}, which is not the diff id in the config");
                    self.walker.note(self.nest, GapReason::DigestMismatch, detail, None, self.nest.scope());
                }
            }
        }
        self.afforded(metered.exhausted)
    }

    /// An error if the budget is used up.
    fn afforded(&mut self, exhausted: bool) -> Result<(), Stop> {
        if !exhausted {
            return Ok(());
        }
        let detail =
            format!("{}: unpacks to far more than honest data does; the rest was scanned as raw bytes", self.extractor.name());
        self.walker.note(self.nest, GapReason::ExpansionLimit, detail, None, self.nest.scope());
        Err(Stop)
    }

    /// The id of an object: of a loose one that of its path, which alone tells the format of its repository.
    fn id(&self, id: &Id) -> Id {
        let of_path = Id::of_path(self.nest.place.name()).filter(|_| self.extractor.name() == "git object");
        of_path.unwrap_or_else(|| id.clone())
    }
}

impl Sink for Within<'_, '_, '_, '_> {
    fn member(&mut self, member: &Member<'_>, body: &mut dyn Read) -> Result<(), Stop> {
        let nest = self.nest_of(member);
        let numbers = member.kind == MemberKind::Numbers;
        if member.kind != MemberKind::File && !numbers {
            return Ok(());
        }
        if self.is_file_system() {
            self.walker.seen.files += 1;
            let mut body = Consumed { inner: body, budget: nest.budget.clone() };
            self.walker.file(&nest, &mut body);
            return Ok(());
        }
        if !self.extractor.is_wrapper() {
            self.walker.seen.members += 1;
        }
        // A tar adds nothing to the bytes it holds, so only what unpacks is metered.
        if self.extractor.name() == "tar" {
            self.walker.body(&nest, body);
            return Ok(());
        }
        self.metered(&nest, numbers, body)
    }

    fn raw(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        self.walker.flat(self.nest, Content::Any, Vec::new(), body);
        Ok(())
    }

    fn numbers(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        self.walker.flat(self.nest, Content::Numbers, Vec::new(), body);
        Ok(())
    }

    fn unread_numbers(&mut self, slice: FileSlice) -> Result<(), Stop> {
        self.walker.flat_slice(self.nest, slice);
        Ok(())
    }

    fn unread_member(&mut self, member: &Member<'_>, mut slice: FileSlice) -> Result<(), Stop> {
        let is_plain = member.kind == MemberKind::Numbers && !self.is_file_system() && !self.extractor.is_wrapper();
        if !is_plain || !self.nest.budget.affords(slice.len()) {
            return self.member(member, &mut slice);
        }
        let nest = self.nest_of(member);
        self.walker.seen.members += 1;
        self.walker.flat_slice(&nest, slice);
        Ok(())
    }

    fn text(&mut self, text: &Text<'_>) -> Result<(), Stop> {
        self.walker.seen.bytes += text.bytes.len() as u64;
        super::texts::scan_text(self.walker.crew, &self.nest.origin(), text, self.extractor.is_program());
        Ok(())
    }

    fn import(&mut self, import: &Import<'_>) -> Result<(), Stop> {
        super::settings::judge_import(self.walker.crew, &self.nest.origin(), import);
        Ok(())
    }

    fn version(&mut self, id: &Id, body: &mut dyn Read) -> Result<(), Stop> {
        self.walker.seen.members += 1;
        let id = self.id(id);
        let depth = self.nest.depth + self.nest.cost(false);
        let nest = Nest { stage: Stage::Inside, depth, unwrapped: false, ..self.nest.clone() };
        let mut body = Metered { inner: body, budget: nest.budget.clone(), exhausted: false };
        if let Some((nest, start)) = self.walker.versions.version(&nest, id, &mut body) {
            self.walker.body(&nest, &mut start.as_slice().chain(&mut body));
        }
        self.afforded(body.exhausted)
    }

    fn recorded(&mut self, kind: Kind, id: &Id, body: &[u8]) {
        let id = self.id(id);
        self.walker.versions.of(self.nest).take(kind, &id, body);
    }

    fn staged(&mut self, index: &[u8]) {
        self.walker.versions.of(self.nest).stage(index);
    }

    fn settled(&mut self) {
        self.walker.versions.of(self.nest).settle();
    }

    fn told_before(&mut self, bytes: u64) {
        self.walker.seen.bytes = self.walker.seen.bytes.saturating_sub(bytes);
    }

    fn wants(&self, key: &[u8]) -> bool {
        self.walker.crew.engine.tells(key)
    }

    fn gap(&mut self, reason: GapReason, detail: String, bytes: Option<u64>) {
        let scope = self.nest.scope_of_part(reason);
        self.walker.note(self.nest, reason, detail, bytes, scope);
    }
}
