//! How deep in containers some bytes lie, and what they may still cost.

use super::flat::Origin;
use crate::finding::{GapReason, Scope};
use crate::limits::Limits;
use crate::place::Place;
use crate::version::Version;
use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::Arc;

/// What bytes at hand are to the artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// A layer blob, or what its compression wraps: a tar in it is a file system.
    Layer,
    /// A whole target that is one file, or what its compression wraps.
    Whole,
    /// A file of a layer or directory, or anything inside one.
    Inside,
}

/// Bytes on their way through the walker.
#[derive(Clone)]
pub(super) struct Nest {
    pub(super) place: Place,
    pub(super) entry: Option<u32>,
    pub(super) stage: Stage,
    /// Archives opened on the way here, within the file.
    pub(super) depth: u32,
    /// Whether a compressed stream was opened just before: an archive in it counts with it as one.
    pub(super) unwrapped: bool,
    pub(super) budget: Budget,
    /// Where it stood in the history of a repository.
    pub(super) version: Option<Arc<Version>>,
}

impl Nest {
    pub(super) fn new(place: Place, stage: Stage, limits: &Limits) -> Self {
        Self { place, entry: None, stage, depth: 0, unwrapped: false, budget: Budget::new(limits), version: None }
    }

    pub(super) fn origin(&self) -> Origin {
        let is_file = self.stage == Stage::Inside && self.depth == 0 && !self.unwrapped && self.place.is_file();
        Origin { place: self.place.clone(), entry: self.entry, is_file, version: self.version.clone() }
    }

    /// What opening a format here adds to the depth: a layer's own structure nothing, an archive in a
    /// compressed stream nothing beyond the stream.
    pub(super) fn cost(&self, is_wrapper: bool) -> u32 {
        u32::from(self.stage != Stage::Layer && (is_wrapper || !self.unwrapped))
    }

    /// Whether the root itself is at hand, perhaps unwrapped.
    pub(super) fn is_root(&self) -> bool {
        self.stage != Stage::Inside
    }

    /// What it costs if these bytes cannot be read to their end.
    pub(super) fn scope(&self) -> Scope {
        if self.is_root() { Scope::Image } else { Scope::Item }
    }

    /// What a gap costs that the format at hand reports of a part: one entry that is encrypted, or on
    /// which two tables disagree, is an item; damage is a hole in the whole.
    pub(super) fn scope_of_part(&self, reason: GapReason) -> Scope {
        match reason {
            GapReason::Disagreement | GapReason::Encrypted | GapReason::Unsupported => Scope::Item,
            _ => self.scope(),
        }
    }
}

/// What one file may unpack to, all that is nested in it together. It grows with the bytes of the
/// file that were really read, so a size that lies buys nothing.
#[derive(Clone)]
pub(super) struct Budget(Rc<Counters>);

struct Counters {
    floor: u64,
    ratio: u64,
    consumed: Cell<u64>,
    expanded: Cell<u64>,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        let (floor, ratio) = (limits.expansion_floor, limits.expansion_ratio);
        Self(Rc::new(Counters { floor, ratio, consumed: Cell::new(0), expanded: Cell::new(0) }))
    }

    /// Notes that bytes of the file itself were read.
    pub(super) fn consume(&self, bytes: u64) {
        self.0.consumed.set(self.0.consumed.get().saturating_add(bytes));
    }

    fn expand(&self, bytes: u64) {
        self.0.expanded.set(self.0.expanded.get().saturating_add(bytes));
    }

    /// Notes that so many bytes are unpacked, if they may be.
    pub(super) fn affords(&self, bytes: u64) -> bool {
        let affords = bytes <= self.left();
        if affords {
            self.expand(bytes);
        }
        affords
    }

    /// Bytes that may still be unpacked.
    fn left(&self) -> u64 {
        let most = self.0.consumed.get().saturating_mul(self.0.ratio).saturating_add(self.0.floor);
        most.saturating_sub(self.0.expanded.get())
    }
}

/// Counts the bytes of a file as they are read.
pub(super) struct Consumed<R> {
    pub(super) inner: R,
    pub(super) budget: Budget,
}

impl<R: Read> Read for Consumed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.budget.consume(count as u64);
        Ok(count)
    }
}

/// Counts the bytes a container unpacks to, and ends where the budget does.
pub(super) struct Metered<'r> {
    pub(super) inner: &'r mut dyn Read,
    pub(super) budget: Budget,
    pub(super) exhausted: bool,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.exhausted {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // How much is asked for depends on which buffer was free, so where it ends must not: at the limit, to the
        // byte. One byte more tells whether there is more; it is still given out, and the next read ends it.
        let left = self.budget.left();
        let most = usize::try_from(left.max(1)).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.budget.expand(count as u64);
        self.exhausted = left == 0 && count > 0;
        Ok(count)
    }
}
