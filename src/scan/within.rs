//! What stands around one container while its format reads it: the sink that its members go to.
//!
//! It gives each member its place, makes it count against what the file may unpack to, and enters in the ledger what
//! the format gave and what it could not.

use super::flat::Content;
use super::nest::{Consumed, Metered, Nest, Stage};
use super::walker::{Walker, is_known};
use crate::blob::Hashed;
use crate::extract::{Extractor, Import, Member, MemberKind, Sink, Stop, Text};
use crate::finding::{GapReason, Reading};
use crate::image::lifecycle::{EntryKind, plain};
use crate::repository::{Id, Kind};
use crate::slice::FileSlice;
use std::io::{self, Read};

/// Bytes of a name that are kept: what a path may have on Linux. A longer one cannot be a file's.
const NAME: usize = 4096;

/// The sink of one container.
pub(super) struct Within<'a, 'w, 's, 'e> {
    pub(super) walker: &'a mut Walker<'w, 's, 'e>,
    pub(super) nest: &'a Nest,
    pub(super) extractor: &'static dyn Extractor,
    /// Whether the structure gave anything: a member, a text, numbers.
    pub(super) gave: bool,
    /// Whether the format said of a part that it could not read it.
    pub(super) lacks: bool,
}

impl Within<'_, '_, '_, '_> {
    /// Enters what the structure gave.
    fn enter(&mut self, reading: Reading, bytes: u64) {
        self.gave = true;
        self.walker.row(Some(self.extractor.name())).bytes.add(reading, bytes);
    }

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

    /// Takes in the bytes of a member.
    fn body(&mut self, nest: &Nest, numbers: bool, body: &mut dyn Read) -> Result<(), Stop> {
        if self.is_file_system() {
            self.walker.seen.files += 1;
            let mut body = Consumed { inner: body, budget: nest.budget.clone() };
            self.walker.file(nest, &mut body);
            return Ok(());
        }
        let count = if self.extractor.is_wrapper() { &mut self.walker.seen.streams } else { &mut self.walker.seen.members };
        *count += 1;
        // A tar adds nothing to the bytes it holds, so only what unpacks is metered.
        if self.extractor.name() == "tar" {
            self.walker.body(nest, body);
            return Ok(());
        }
        self.metered(nest, numbers, body)
    }

    /// Takes in what is no content by its kind and is there all the same: the target of a link, or bytes that another
    /// program takes for those of a file, since it heeds the name or the mode differently.
    fn beside(&mut self, nest: &Nest, body: &mut dyn Read) -> Result<(), Stop> {
        let mut first = Vec::new();
        // Its owner reports why a body fails.
        let _ = (&mut *body).take(1).read_to_end(&mut first);
        if first.is_empty() {
            return Ok(());
        }
        self.walker.seen.members += 1;
        self.metered(nest, false, &mut first.as_slice().chain(body))
    }

    /// Reads a member that counts against a budget. An error means that the budget is used up.
    fn metered(&mut self, nest: &Nest, numbers: bool, body: &mut dyn Read) -> Result<(), Stop> {
        let mut metered = Metered { inner: body, budget: self.nest.budget.clone(), exhausted: false };
        // Taken, since what lies deeper is no layer.
        let wraps_layer = self.extractor.is_wrapper() && self.nest.is_root();
        match self.walker.diff_id.take_if(|_| wraps_layer) {
            None if numbers => {
                let bytes = self.walker.flat(nest, (Content::Numbers, 0), Vec::new(), &mut metered);
                self.walker.count_numbers(bytes);
            }
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
        let name = self.extractor.name();
        let detail = format!("{name}: unpacks to far more than honest data does; the rest was scanned as raw bytes");
        self.walker.note(self.nest, GapReason::ExpansionLimit, detail, None, self.nest.scope());
        self.walker.row(Some(name)).gap(GapReason::ExpansionLimit);
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
            self.gave = true;
            return self.beside(&nest, body);
        }
        let mut counted = Counted { inner: body, bytes: 0 };
        let outcome = self.body(&nest, numbers, &mut counted);
        self.enter(Reading::Structure, counted.bytes);
        outcome
    }

    fn raw(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        self.raw_at(0, body)
    }

    fn raw_at(&mut self, offset: u64, body: &mut dyn Read) -> Result<(), Stop> {
        let bytes = self.walker.flat(self.nest, (Content::Any, offset), Vec::new(), body);
        self.walker.row(Some(self.extractor.name())).bytes.add(Reading::Raw, bytes);
        Ok(())
    }

    fn behind(&mut self, name: &[u8], offset: u64, body: &mut dyn Read) -> Result<(), Stop> {
        let (mut head, window) = (Vec::new(), self.walker.crew.limits.window);
        // What was read before a failure counts; the reader's owner reports the failure.
        let _ = (&mut *body).take(window as u64 + 1).read_to_end(&mut head);
        let member = Member { name, kind: MemberKind::File, size: None };
        let (nest, whole) = (self.nest_of(&member), head.len() <= window);
        let is_known = is_known(&nest, &head, whole);
        let mut body = head.as_slice().chain(body);
        if is_known { self.member(&member, &mut body) } else { self.raw_at(offset, &mut body) }
    }

    fn numbers(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        self.numbers_at(0, body)
    }

    fn numbers_at(&mut self, offset: u64, body: &mut dyn Read) -> Result<(), Stop> {
        let bytes = self.walker.flat(self.nest, (Content::Numbers, offset), Vec::new(), body);
        self.enter(Reading::Numbers, bytes);
        Ok(())
    }

    fn unread_numbers(&mut self, offset: u64, slice: FileSlice) -> Result<(), Stop> {
        self.walker.flat_slice(self.nest, offset, &slice);
        self.enter(Reading::Numbers, slice.len());
        Ok(())
    }

    fn unread_member(&mut self, member: &Member<'_>, mut slice: FileSlice) -> Result<(), Stop> {
        let is_plain = member.kind == MemberKind::Numbers && !self.is_file_system() && !self.extractor.is_wrapper();
        if !is_plain || !self.nest.budget.affords(slice.len()) {
            return self.member(member, &mut slice);
        }
        let nest = self.nest_of(member);
        self.walker.seen.members += 1;
        self.walker.flat_slice(&nest, 0, &slice);
        self.walker.count_numbers(slice.len());
        self.enter(Reading::Structure, slice.len());
        Ok(())
    }

    fn text(&mut self, text: &Text<'_>) -> Result<(), Stop> {
        self.walker.seen.bytes += text.bytes.len() as u64;
        self.enter(Reading::Structure, text.bytes.len() as u64);
        super::texts::scan_text(self.walker.crew, &self.nest.origin(), text, self.extractor.is_program());
        Ok(())
    }

    fn import(&mut self, import: &Import<'_>) -> Result<(), Stop> {
        self.gave = true;
        super::settings::judge_import(self.walker.crew, &self.nest.origin(), import);
        Ok(())
    }

    fn version(&mut self, id: &Id, body: &mut dyn Read) -> Result<(), Stop> {
        self.walker.seen.members += 1;
        let id = self.id(id);
        let depth = self.nest.depth + self.nest.cost(false);
        let nest = Nest { stage: Stage::Inside, depth, unwrapped: false, ..self.nest.clone() };
        let mut counted = Counted { inner: body, bytes: 0 };
        let mut body = Metered { inner: &mut counted, budget: nest.budget.clone(), exhausted: false };
        if let Some((nest, start)) = self.walker.versions.version(&nest, id, &mut body) {
            self.walker.body(&nest, &mut start.as_slice().chain(&mut body));
        }
        let exhausted = body.exhausted;
        self.enter(Reading::Structure, counted.bytes);
        self.afforded(exhausted)
    }

    fn recorded(&mut self, kind: Kind, id: &Id, body: &[u8]) {
        let id = self.id(id);
        self.gave = true;
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
        let raw = &mut self.walker.row(Some(self.extractor.name())).bytes.raw;
        *raw = raw.saturating_sub(bytes);
    }

    fn wants(&self, key: &[u8]) -> bool {
        self.walker.crew.engine.tells(key)
    }

    fn gap(&mut self, reason: GapReason, detail: String, bytes: Option<u64>) {
        let scope = self.nest.scope_of_part(reason);
        self.walker.note(self.nest, reason, detail, bytes, scope);
        self.lacks = true;
        let row = self.walker.row(Some(self.extractor.name()));
        row.gap(reason);
        // Of these a format gives nothing to be read: neither as a member nor as raw bytes.
        if matches!(reason, GapReason::Encrypted | GapReason::Unsupported) {
            row.pieces.add(Reading::Unread, 1);
            row.bytes.add(Reading::Unread, bytes.unwrap_or(0));
            self.walker.seen.members += 1;
        }
    }
}

/// Counts the bytes that are taken of a member.
struct Counted<'r> {
    inner: &'r mut dyn Read,
    bytes: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}
