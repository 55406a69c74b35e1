//! The one place that knows threads.
//!
//! Work that fits the byte gauge is spawned; work that does not is done where it stands. There is no
//! channel and nobody waits, so nothing can deadlock: back-pressure is the producer turning consumer.
//! Results are kept as the smallest by a total order, so they do not depend on who was faster.

use super::Options;
use super::progress::Progress;
use crate::detect::Engine;
use crate::finding::{Finding, Gap, Totals};
use crate::image::packages::Records;
use crate::limits::Limits;
use crate::place::{Place, RootId};
use crate::repository::Graph;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

pub(super) use rayon::Scope;

/// What all workers share during one scan.
pub(super) struct Crew<'e> {
    pub(super) engine: &'e Engine,
    pub(super) limits: &'e Limits,
    pub(super) progress: &'e Progress,
    pub(super) verify_diff_ids: bool,
    /// Whether a comment beside a secret may accept it.
    pub(super) heeds_comments: bool,
    threads: usize,
    in_flight: AtomicUsize,
    spare: Mutex<Vec<Vec<u8>>>,
    results: Mutex<Results>,
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Results {
    pub(super) findings: Vec<Finding>,
    pub(super) gaps: Vec<Gap>,
    pub(super) seen: Totals,
    /// Findings and gaps beyond what is kept.
    pub(super) dropped: u64,
    /// What package managers recorded, by root.
    pub(super) packages: BTreeMap<RootId, Records>,
    /// Commits and trees, by where the first of them lay.
    pub(super) histories: BTreeMap<(Place, Option<u32>), Graph>,
}

/// How many findings, and how many gaps, one report holds. A hostile artifact could ask for more
/// memory than there is; whoever has this many needs no more to act.
const KEPT: usize = 50_000;

impl<'e> Crew<'e> {
    /// A crew for a scan; no number of threads means as many as there are processors.
    pub(super) fn new(engine: &'e Engine, options: &'e Options, progress: &'e Progress) -> Self {
        let Options { threads, verify_diff_ids, ignore_comments, limits } = options;
        let threads = if *threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { *threads };
        Self {
            engine,
            limits,
            progress,
            verify_diff_ids: *verify_diff_ids,
            heeds_comments: !ignore_comments,
            threads,
            in_flight: AtomicUsize::new(0),
            spare: Mutex::default(),
            results: Mutex::default(),
        }
    }

    /// Runs `work` with the crew's threads and returns when all that it spawned is done.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub(super) fn run<'s>(&'s self, work: impl FnOnce(&Scope<'s>) + Send) -> Result<(), rayon::ThreadPoolBuildError> {
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(self.threads).thread_name(|n| format!("watertight-{n}")).build()?;
        pool.scope(work);
        Ok(())
    }

    /// Has `job`, which holds `bytes` bytes, done: by whoever is free, or right here.
    pub(super) fn offer<'s>(&'s self, scope: &Scope<'s>, bytes: usize, job: impl FnOnce(&Scope<'s>) + Send + 's) {
        let fits = |now: usize| (now + bytes <= self.limits.gauge).then_some(now + bytes);
        if self.threads > 1 && self.in_flight.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok() {
            scope.spawn(move |scope| {
                job(scope);
                self.in_flight.fetch_sub(bytes, Ordering::Relaxed);
            });
        } else {
            job(scope);
        }
    }

    /// An empty buffer, used before if possible: fresh pages cost as much as scanning them.
    pub(super) fn buffer(&self) -> Vec<u8> {
        let mut buffer = self.spare.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default();
        buffer.clear();
        buffer
    }

    /// The longest buffer that still has the bytes it was used for: who writes over them need not clear them first, and
    /// what a longer one has need not be zeroed again.
    pub(super) fn stale_buffer(&self) -> Vec<u8> {
        let Ok(mut spare) = self.spare.lock() else { return Vec::new() };
        let longest = (0..spare.len()).max_by_key(|at| spare[*at].len());
        longest.map(|at| spare.swap_remove(at)).unwrap_or_default()
    }

    /// Gives a buffer back.
    pub(super) fn recycle(&self, buffer: Vec<u8>) {
        if buffer.capacity() > 2 * (self.limits.window + self.limits.batch) {
            return;
        }
        let Ok(mut spare) = self.spare.lock() else { return };
        if spare.len() < 4 * self.threads {
            spare.push(buffer);
        } else if let Some(shortest) = spare.iter_mut().min_by_key(|spare| spare.len())
            && shortest.len() < buffer.len()
        {
            *shortest = buffer;
        }
    }

    /// Hands in what a job found.
    pub(super) fn deliver(&self, mut findings: Vec<Finding>, mut gaps: Vec<Gap>, seen: Totals) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.findings.append(&mut findings);
        results.gaps.append(&mut gaps);
        results.seen += seen;
        if results.findings.len() > 2 * KEPT || results.gaps.len() > 2 * KEPT {
            results.prune();
        }
    }

    /// Keeps what package managers recorded in a root, while there is room: roots in front go first, so
    /// that it does not depend on who was faster.
    pub(super) fn keep(&self, root: RootId, records: Records) {
        if records.is_empty() {
            return;
        }
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.packages.insert(root, records);
        let mut room = self.limits.packages;
        results.packages.retain(|_, records| {
            let fits = records.len() <= room;
            // Behind one that does not fit none is kept.
            room = if fits { room - records.len() } else { 0 };
            fits
        });
    }

    /// Keeps commits and trees that lay at a place, while there is room, as [`Crew::keep`] does.
    pub(super) fn keep_history(&self, place: Place, entry: Option<u32>, graph: Graph) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.histories.insert((place, entry), graph);
        let Results { histories, gaps, .. } = &mut *results;
        let mut room = self.limits.history;
        histories.retain(|(place, _), graph| {
            let fits = graph.weight() <= room;
            room = if fits { room - graph.weight() } else { 0 };
            if !fits {
                gaps.push(super::versions::forgotten(place));
            }
            fits
        });
    }

    /// All that was handed in, sorted.
    pub(super) fn finish(self) -> Results {
        let mut results = self.results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.prune();
        results.findings.sort();
        results.findings.dedup();
        results.gaps.sort();
        results.gaps.dedup();
        results
    }
}

impl Results {
    /// Keeps the worst findings and the gaps that cost most, by orders that do not depend on who came first.
    fn prune(&mut self) {
        if self.findings.len() > KEPT {
            self.findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
            self.dropped += (self.findings.len() - KEPT) as u64;
            self.findings.truncate(KEPT);
        }
        if self.gaps.len() > KEPT {
            self.gaps.sort_by(|a, b| a.scope.cmp(&b.scope).then_with(|| a.cmp(b)));
            self.dropped += (self.gaps.len() - KEPT) as u64;
            self.gaps.truncate(KEPT);
        }
    }
}
