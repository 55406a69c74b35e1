//! One root, from its first byte to its last: opened, proved, walked.

use super::crew::{Crew, Scope};
use super::ledgers::Ledgers;
use super::nest::{Consumed, Nest, Stage};
use super::settings;
use super::walker::Walker;
use crate::blob::{Digest, Hashed, Hasher};
use crate::extract::{Extractor, Head, Input, probe};
use crate::finding::{Gap, GapReason, Scope as GapScope};
use crate::image::document;
use crate::image::packages::Collector;
use crate::limits::Limits;
use crate::slice::FileSlice;
use crate::source::{Root, RootKind};
use std::io::{self, Read};

/// Scans one root.
pub(super) fn scan<'s>(crew: &'s Crew<'_>, scope: &Scope<'s>, root: &Root, ledgers: &'s Ledgers) {
    let mut walker = Walker::new(crew, scope);
    if matches!(root.kind, RootKind::Layer | RootKind::Tree(_)) {
        walker.packages = Some(Collector::new(crew.limits.packages));
    }
    match &root.kind {
        RootKind::Tree(path) => super::tree::walk(&mut walker, root, path),
        RootKind::Settings | RootKind::Absent => {}
        kind => match root.open() {
            Ok(slice) => {
                let outcome = match kind {
                    RootKind::Document => settings_of(&mut walker, root, &slice),
                    RootKind::Layer => layer(&mut walker, root, slice, ledgers),
                    _ => whole(&mut walker, root, slice),
                };
                if let Err(error) = outcome {
                    walker.gap(image_gap(root, GapReason::Unreadable, format!("cannot be read: {error}")));
                }
            }
            Err(error) => walker.gap(image_gap(root, GapReason::Unreadable, error.to_string())),
        },
    }
    if let Some(packages) = walker.packages.take() {
        crew.keep(root.id, packages.finish());
    }
    walker.finish();
}

fn image_gap(root: &Root, reason: GapReason, detail: String) -> Gap {
    Gap { place: root.place.clone(), reason, detail, bytes: None, scope: GapScope::Image }
}

fn layer<'s>(walker: &mut Walker<'_, 's, '_>, root: &Root, slice: FileSlice, ledgers: &'s Ledgers) -> io::Result<()> {
    walker.count_layer();
    walker.ledger = Some((ledgers, ledgers.open()));
    // Where no digest tells what the stored bytes must be, what they unpack to is all there is to prove.
    walker.diff_id = root.diff_id.clone().filter(|_| walker.crew.verify_diff_ids || root.digest.is_none());
    let nest = Nest::new(root.place.clone(), Stage::Layer, &outer(walker.crew.limits));
    let outcome = read_through(walker, root, slice, &nest);
    // What was taken down before a layer broke off still tells what it deletes.
    if let Some((ledgers, open)) = walker.ledger.take() {
        ledgers.close(open, root.id);
    }
    outcome
}

/// A target, or a blob, that is one file.
fn whole(walker: &mut Walker<'_, '_, '_>, root: &Root, slice: FileSlice) -> io::Result<()> {
    walker.count_file();
    let place = if root.place.is_root() { root.place.file(root.place.name()) } else { root.place.clone() };
    let nest = Nest::new(place, Stage::Whole, &outer(walker.crew.limits));
    read_through(walker, root, slice, &nest)
}

/// A layer may grow by the same ratio as a file in it, from a higher floor.
fn outer(limits: &Limits) -> Limits {
    Limits { expansion_floor: limits.expansion_floor.saturating_mul(64), ..limits.clone() }
}

/// Walks all bytes of a root while they are hashed, and compares.
fn read_through(walker: &mut Walker<'_, '_, '_>, root: &Root, mut slice: FileSlice, nest: &Nest) -> io::Result<()> {
    let expected = root.digest.as_ref().or(root.diff_id.as_ref());
    let Some(expected) = expected else {
        // Nobody promises anything of a file that is the target: it need not be hashed.
        return from_disk(walker, nest, slice);
    };
    let digest = match in_place(&slice)? {
        Some(extractor) if extractor.seeks() => {
            nest.budget.consume(slice.len());
            walker.open(nest, &mut Input::file(slice.clone()), extractor);
            hash(slice, expected.hasher())?
        }
        _ => {
            let mut failure = None;
            let progress = walker.crew.progress;
            let watched = Watched { inner: &mut slice, failure: &mut failure, advance: |bytes| progress.advance(bytes) };
            let mut hashed = Hashed::new(watched, expected.hasher());
            to_the_end(walker, nest, &mut hashed)?;
            let digest = hashed.finish().0;
            if let Some(error) = failure {
                return Err(error);
            }
            digest
        }
    };
    prove(walker, root, &digest);
    Ok(())
}

/// Walks all bytes of a file. A format that seeks, or that has more to pass over than to read, gets the file itself.
pub(super) fn from_disk(walker: &mut Walker<'_, '_, '_>, nest: &Nest, mut slice: FileSlice) -> io::Result<()> {
    let progress = walker.crew.progress;
    if let Some(extractor) = in_place(&slice)? {
        nest.budget.consume(slice.len());
        let length = slice.len();
        let mut input = if extractor.seeks() { Input::file(slice) } else { Input::file_as_stream(slice) };
        walker.open(nest, &mut input, extractor);
        progress.advance(length);
        return input.failure().map_or(Ok(()), Err);
    }
    let mut failure = None;
    let mut watched = Watched { inner: &mut slice, failure: &mut failure, advance: |bytes| progress.advance(bytes) };
    to_the_end(walker, nest, &mut watched)?;
    failure.map_or(Ok(()), Err)
}

/// The format of a file that is better not read as a stream.
fn in_place(slice: &FileSlice) -> io::Result<Option<&'static dyn Extractor>> {
    let head = head_of(slice)?;
    Ok(probe(&Head { start: &head, tail: &tail_of(slice)? }).filter(|extractor| extractor.seeks() || extractor.hands_on()))
}

fn to_the_end(walker: &mut Walker<'_, '_, '_>, nest: &Nest, reader: &mut dyn Read) -> io::Result<()> {
    let mut consumed = Consumed { inner: reader, budget: nest.budget.clone() };
    walker.body(nest, &mut consumed);
    io::copy(&mut consumed, &mut io::sink()).map(drop)
}

/// Compares what was read with what the manifest and the config promise.
fn prove(walker: &mut Walker<'_, '_, '_>, root: &Root, digest: &Digest) {
    let mut proved = false;
    if let Some(expected) = &root.digest {
        proved = expected == digest;
        if !proved {
            walker.gap(image_gap(root, GapReason::DigestMismatch, format!("the bytes have {digest}, not {expected}")));
        }
    }
    let is_plain = root.kind == RootKind::Layer && !walker.was_compressed;
    if let Some(diff_id) = root.diff_id.as_ref().filter(|_| is_plain) {
        // Only the digest that was taken can be compared; nobody mixes algorithms in practice.
        let same_algorithm = diff_id.as_str().split(':').next() == digest.as_str().split(':').next();
        if same_algorithm && diff_id != digest {
            walker.gap(image_gap(root, GapReason::DigestMismatch, format!("the layer has {digest}, not the diff id {diff_id}")));
            proved = false;
        } else if same_algorithm {
            proved = true;
        }
    }
    if proved {
        walker.forgive_missing_end();
    }
}

/// Bytes at the start that are looked at: an ISO 9660 says at byte 32,769 what it is.
const HEAD: usize = 64 << 10;

fn head_of(slice: &FileSlice) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD];
    let filled = slice.fill_at(&mut head, 0)?;
    head.truncate(filled);
    Ok(head)
}

/// The last bytes, where a zip's end record stands.
fn tail_of(slice: &FileSlice) -> io::Result<Vec<u8>> {
    let mut tail = vec![0; Head::TAIL];
    let filled = slice.fill_at(&mut tail, slice.len().saturating_sub(Head::TAIL as u64))?;
    tail.truncate(filled);
    Ok(tail)
}

fn hash(slice: FileSlice, hasher: Hasher) -> io::Result<Digest> {
    let mut hashed = Hashed::new(slice, hasher);
    io::copy(&mut hashed, &mut io::sink())?;
    Ok(hashed.finish().0)
}

/// A JSON document whose strings are settings. Whatever cannot be read as such is scanned as text.
fn settings_of(walker: &mut Walker<'_, '_, '_>, root: &Root, slice: &FileSlice) -> io::Result<()> {
    let Some(bytes) = slice.read_up_to(walker.crew.limits.document)? else {
        return whole(walker, root, slice.clone());
    };
    if let Some(expected) = &root.digest {
        let mut hasher = expected.hasher();
        hasher.update(&bytes);
        let digest = hasher.finish();
        if digest != *expected {
            walker.gap(image_gap(root, GapReason::DigestMismatch, format!("the bytes have {digest}, not {expected}")));
        }
    }
    match document::read(&bytes) {
        Ok(found) => {
            walker.crew.progress.advance(slice.len());
            settings::scan_document(walker.crew, &root.place, &found);
            Ok(())
        }
        Err(_) => whole(walker, root, slice.clone()),
    }
}

/// Keeps the error of a root's own reader, which is the walker's to report.
pub(super) struct Watched<'w, R, F> {
    pub(super) inner: &'w mut R,
    pub(super) failure: &'w mut Option<io::Error>,
    pub(super) advance: F,
}

impl<R: Read, F: Fn(u64)> Read for Watched<'_, R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(count) => {
                (self.advance)(count as u64);
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let copy = error.kind().into();
                *self.failure = Some(error);
                Err(copy)
            }
        }
    }
}
