//! Files of a repository's history get their paths and commits.
//!
//! A content is met before or after the trees that name it. Where they are known, as in a pack, it is looked at under
//! its path at once. A short one of which nothing is known waits until its root is read: rules about files go by their
//! names, and an environment file is short. What is still without a commit at the end of the scan is asked for in all
//! that was recorded, since layers and repositories share objects.

use super::nest::Nest;
use super::walker::Walker;
use crate::finding::{Finding, Gap, GapReason, Scope};
use crate::place::Place;
use crate::repository::{Graph, Id};
use crate::version::Version;
use std::collections::BTreeMap;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The longest content that waits for its name: what is looked at of an environment file.
const SHORT: usize = 64 << 10;
/// Bytes of contents that wait, for each worker.
const WAITING: usize = 4 << 20;
/// What one costs besides its bytes.
const ITEM: usize = 256;

/// What one worker knows of repositories.
pub(super) struct Versions {
    graph: Graph,
    /// Where the first object lay.
    first: Option<(Place, Option<u32>)>,
    waiting: Vec<(Nest, Id, Vec<u8>)>,
    weight: usize,
}

impl Versions {
    pub(super) fn new(limit: usize) -> Self {
        Self { graph: Graph::new(limit), first: None, waiting: Vec::new(), weight: 0 }
    }

    /// The graph, for objects of a container.
    pub(super) fn of(&mut self, nest: &Nest) -> &mut Graph {
        self.first.get_or_insert_with(|| (nest.place.clone(), nest.entry));
        &mut self.graph
    }

    /// Where a content stands, and what was read of it to know that; none if it waits.
    pub(super) fn version(&mut self, nest: &Nest, id: Id, body: &mut dyn Read) -> Option<(Nest, Vec<u8>)> {
        let version = self.of(nest).version(&id);
        let mut start = Vec::new();
        if version.path.is_none() && self.weight < WAITING {
            // What was read before a failure is looked at; whoever owns the reader reports it.
            let whole = body.take(SHORT as u64 + 1).read_to_end(&mut start).is_ok_and(|got| got <= SHORT);
            if whole {
                self.weight += start.len() + ITEM + nest.place.name().len();
                self.waiting.push((nest.clone(), id, start));
                return None;
            }
        }
        Some((named(nest, version), start))
    }
}

/// The place of a content, by all that is known of it.
fn named(nest: &Nest, version: Version) -> Nest {
    let place = nest.place.member(format!("blob {}", version.object).trim_end().as_bytes());
    let place = version.path.as_ref().map_or(place.clone(), |path| place.member(path));
    Nest { place, version: Some(Arc::new(version)), ..nest.clone() }
}

/// Looks at what waits, and hands in what was recorded.
pub(super) fn finish(walker: &mut Walker<'_, '_, '_>) {
    // A content may be an archive with a repository in it, so there may be more afterwards; each lies deeper.
    while let Some((place, entry)) = walker.versions.first.take() {
        let fresh = Versions::new(walker.crew.limits.history);
        let mut versions = std::mem::replace(&mut walker.versions, fresh);
        if catch_unwind(AssertUnwindSafe(|| versions.graph.settle_all())).is_err() {
            let detail = "naming the files of a history failed; please report this as a defect".into();
            walker.gap(Gap { place: place.clone(), reason: GapReason::Internal, detail, bytes: None, scope: Scope::Item });
        }
        for (nest, id, bytes) in versions.waiting {
            let version = versions.graph.version(&id);
            walker.body(&named(&nest, version), &mut bytes.as_slice());
        }
        if versions.graph.is_full() {
            walker.gap(forgotten(&place));
        }
        if !versions.graph.is_empty() {
            walker.crew.keep_history(place, entry, versions.graph.without_names());
        }
    }
}

/// The gap of a history that is longer than is remembered.
pub(super) fn forgotten(place: &Place) -> Gap {
    let detail = "more history than is remembered: findings in it may lack their path, or name a later commit".into();
    Gap { place: place.clone(), reason: GapReason::SizeLimit, detail, bytes: None, scope: Scope::Item }
}

/// Names findings that are still without a commit, by all that was recorded.
pub(super) fn name(findings: &mut [Finding], histories: BTreeMap<(Place, Option<u32>), Graph>, limit: usize) {
    let is_open = |finding: &&mut Finding| finding.version.as_ref().is_some_and(|version| version.commit.is_none());
    let mut open: Vec<_> = findings.iter_mut().filter(is_open).collect();
    if open.is_empty() || histories.is_empty() {
        return;
    }
    let mut all = Graph::new(limit);
    histories.into_values().for_each(|graph| all.absorb(graph));
    all.settle_all();
    for finding in &mut open {
        let known = finding.version.as_ref().and_then(|version| Id::from_hex(version.object.as_bytes()));
        let Some(version) = known.map(|id| all.version(&id)) else { continue };
        if version.commit.is_some() || finding.version.as_ref().is_some_and(|version| version.path.is_none()) {
            finding.version = Some(Arc::new(version));
        }
    }
}
