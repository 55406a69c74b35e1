//! The spine: the only room that knows its siblings below.
//!
//! Roots are scanned side by side, largest first. What they yield is brought together here: the
//! fate of each file a finding lies in, the image and layer it belongs to, the totals.

mod crew;
mod digests;
mod flat;
mod ledgers;
mod locate;
mod nest;
mod progress;
mod root;
mod settings;
mod texts;
mod tree;
mod versions;
mod walker;
mod within;

pub use progress::Progress;

use crate::audit::{Audit, Known, Target};
use crate::detect::Engine;
use crate::finding::{Gap, GapReason, Scope};
use crate::image::lifecycle::LayerEntries;
use crate::limits::Limits;
use crate::place::RootId;
use crate::source::{Artifact, Root, RootKind};
use crew::{Crew, Results};
use ledgers::Ledgers;
use std::collections::HashMap;
use std::sync::Arc;

/// How to scan.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Worker threads; 0 means one for each processor.
    pub threads: usize,
    /// Whether to prove what compressed layers unpack to. Costs about a third of the decoding time.
    pub verify_diff_ids: bool,
    /// Whether comments beside secrets, which may accept them, are not heeded.
    pub ignore_comments: bool,
    /// How far to go.
    pub limits: Limits,
}

/// Why a scan could not run at all.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The operating system gives us no threads.
    #[error("cannot start the worker threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// Scans all of an artifact.
///
/// # Errors
/// Only if the scan cannot start. Whatever goes wrong with the artifact is a gap in the audit.
pub fn scan(artifact: &Artifact, engine: &Engine, options: &Options, progress: &Progress) -> Result<Audit, ScanError> {
    let crew = Crew::new(engine, options, progress);
    let ledgers = Ledgers::new(options.limits.ledger);
    let mut order: Vec<&Root> = artifact.roots.iter().collect();
    order.sort_by_key(|root| std::cmp::Reverse(root.size.unwrap_or(u64::MAX)));
    for root in &order {
        progress.expect(root.size.unwrap_or(0));
    }
    crew.run(|scope| {
        for image in &artifact.images {
            settings::scan_image(&crew, image);
        }
        // Spawned in this order they are also stolen in it; whoever finishes a root first does what
        // that root left behind.
        for root in order {
            let (crew, ledgers) = (&crew, &ledgers);
            scope.spawn(move |scope| root::scan(crew, scope, root, ledgers));
        }
    })?;
    let mut results = crew.finish();
    digests::take(artifact, &mut results.findings, &results.packages);
    versions::name(&mut results.findings, std::mem::take(&mut results.histories), options.limits.history);
    Ok(assemble(artifact, results, ledgers.finish()))
}

fn assemble(artifact: &Artifact, results: Results, ledgers: Vec<(RootId, LayerEntries)>) -> Audit {
    let Results { findings, mut gaps, mut seen, dropped, packages, .. } = results;
    seen.images = artifact.images.len() as u64;
    gaps.extend(artifact.gaps.iter().cloned());
    if let Some(root) = artifact.roots.first().filter(|_| dropped > 0) {
        let detail = format!("{dropped} more findings or gaps are not listed");
        gaps.push(Gap { place: root.place.clone(), reason: GapReason::SizeLimit, detail, bytes: None, scope: Scope::Item });
    }
    gaps.extend(ledgers.iter().filter(|(_, entries)| !entries.complete).filter_map(|(id, _)| forgotten(artifact, *id)));
    gaps.sort();
    gaps.dedup();
    let ledgers: HashMap<RootId, Arc<LayerEntries>> =
        ledgers.into_iter().map(|(root, entries)| (root, Arc::new(entries))).collect();
    let layer_roots = artifact.roots.iter().filter(|root| root.kind == RootKind::Layer).map(|root| root.id).collect();
    let target = Target { name: artifact.name.clone(), kind: artifact.kind.as_str() };
    let known = Known { ledgers: &ledgers, layers: &layer_roots, packages: &packages };
    Audit::new(target, artifact.images.clone(), findings, gaps, seen, &known)
}

/// The gap of a layer that has more entries than are remembered.
fn forgotten(artifact: &Artifact, id: RootId) -> Option<Gap> {
    let root = artifact.roots.get(id.0 as usize)?;
    let detail = "more entries than are remembered; whether files are live or deleted may be wrong".into();
    Some(Gap { place: root.place.clone(), reason: GapReason::SizeLimit, detail, bytes: None, scope: Scope::Item })
}
