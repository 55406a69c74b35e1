//! What is remembered of the entries of all layers together.
//!
//! The limit is for the whole scan, so that many layers cost no more than one. It is shared by a
//! level: each layer remembers its first entries up to it. When all of them together pass the limit
//! the level is halved, until they fit. So a layer of few entries loses none because another has
//! many, and what is kept depends on how many entries the layers have, never on who was faster.

use crate::image::lifecycle::{EntryKind, LayerEntries, Ledger};
use crate::place::RootId;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A ledger tells the others how long it is each time it has this many entries more.
const STEP: usize = 1024;

/// The ledgers of all layers.
pub(super) struct Ledgers {
    limit: usize,
    level: AtomicUsize,
    shelf: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    /// How many entries each layer has, as far as it told.
    lengths: Vec<usize>,
    /// How many of those are remembered at the level at hand.
    kept: usize,
    closed: Vec<(RootId, LayerEntries)>,
}

/// The ledger of a layer that is being read.
pub(super) struct Open {
    ledger: Ledger,
    number: usize,
}

impl Ledgers {
    /// For a scan that remembers at most `limit` entries.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, level: AtomicUsize::new(limit), shelf: Mutex::default() }
    }

    /// Starts the ledger of one more layer.
    pub(super) fn open(&self) -> Open {
        let mut shelf = self.shelf();
        shelf.lengths.push(0);
        Open { ledger: Ledger::new(self.level()), number: shelf.lengths.len() - 1 }
    }

    /// Takes down an entry of a layer; see [`Ledger::entry`].
    pub(super) fn entry(&self, open: &mut Open, path: &[u8], kind: EntryKind) -> u32 {
        let ordinal = open.ledger.entry(path, kind);
        if open.ledger.seen().is_multiple_of(STEP) {
            self.told(&mut self.shelf(), open);
        }
        ordinal
    }

    /// Ends the ledger of a layer.
    pub(super) fn close(&self, mut open: Open, root: RootId) {
        let mut shelf = self.shelf();
        self.told(&mut shelf, &mut open);
        shelf.closed.push((root, open.ledger.finish()));
    }

    /// What is remembered, by layer, in the order of the roots.
    pub(super) fn finish(self) -> Vec<(RootId, LayerEntries)> {
        let mut closed = self.shelf.into_inner().unwrap_or_else(PoisonError::into_inner).closed;
        closed.sort_by_key(|(root, _)| *root);
        closed
    }

    /// Notes how long a ledger is, and lowers the level if all of them are too long.
    fn told(&self, shelf: &mut Shelf, open: &mut Open) {
        let mut level = self.level();
        if let Some(length) = shelf.lengths.get_mut(open.number) {
            shelf.kept -= (*length).min(level);
            *length = open.ledger.seen();
            shelf.kept += (*length).min(level);
        }
        while shelf.kept > self.limit {
            level /= 2;
            shelf.kept = shelf.lengths.iter().map(|length| (*length).min(level)).sum();
            shelf.closed.iter_mut().for_each(|(_, entries)| entries.narrow(level));
            self.level.store(level, Ordering::Relaxed);
        }
        open.ledger.narrow(level);
    }

    fn level(&self) -> usize {
        self.level.load(Ordering::Relaxed)
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads layers of so many entries in turns, in the order given, and says which were remembered whole.
    fn check(limit: usize, lengths: &[usize], expected: &[bool]) {
        let orders: [Vec<usize>; 2] = [(0..lengths.len()).collect(), (0..lengths.len()).rev().collect()];
        let mut seen = Vec::new();
        for order in orders {
            let ledgers = Ledgers::new(limit);
            let mut open: Vec<_> = order.iter().map(|layer| (*layer, ledgers.open())).collect();
            for turn in 0..lengths.iter().copied().max().unwrap_or(0) {
                for (layer, open) in &mut open {
                    if turn < lengths[*layer] {
                        ledgers.entry(open, turn.to_string().as_bytes(), EntryKind::File);
                    }
                }
            }
            open.into_iter().for_each(|(layer, open)| ledgers.close(open, RootId(layer as u32)));
            seen.push(ledgers.finish());
        }
        let complete: Vec<_> = seen[0].iter().map(|(_, entries)| entries.complete).collect();
        assert_eq!(complete, expected, "{limit} for {lengths:?}");
        assert_eq!(seen[0], seen[1], "the order does not matter");
    }

    #[test]
    fn the_limit_is_for_all_layers_and_small_ones_lose_nothing() {
        check(100_000, &[30_000, 30_000, 40_000], &[true, true, true]);
        check(100_000, &[90_000, 50, 3_000, 20_000], &[false, true, true, true]);
        check(10_000, &[9_000, 9_000, 10], &[false, false, true]);
        check(0, &[5, 0], &[false, true]);
        check(1_000, &[400; 3], &[false; 3]);
    }
}
