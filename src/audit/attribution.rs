//! Whose file it is, and what that says of a secret in it.
//!
//! The rules, all of them, for a file that is as its package brought it:
//!
//! | the package is | what was found | becomes |
//! |---|---|---|
//! | the distribution's | anything | `info`, `example`: all who run the distribution have it |
//! | published | known by its form or its name alone | `low` at most, `example`, confidence low |
//! | published | identifies itself, in a file for tests or documentation | `low` at most, `example` |
//! | published | identifies itself, anywhere else | stays: packages do leak |
//! | somebody's own | anything | stays |
//!
//! A file that was changed after its package was installed is whoever changed it's own. Of an npm package no digests of
//! files are recorded: in a folder that was fetched and proved as a whole, files count as unchanged.

use super::Occurrence;
use crate::finding::{Confidence, Disposition, Finding, Severity, TRIAL};
use crate::image::Image;
use crate::image::packages::{Records, Shelf, source_of};
use crate::package::{Keeper, Package, Standing};
use crate::place::RootId;
use crate::rules::rank;
use crate::secret::Secret;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Names the package of each file, and judges what was found in it once more.
pub(super) fn attribute(occurrences: &mut [Occurrence], images: &[Image], records: &BTreeMap<RootId, Records>) {
    if records.is_empty() {
        return;
    }
    let of_image = |image: &Image| Shelf::new(image.layers.iter().map(|layer| records.get(&layer.root)).collect());
    let of_images: Vec<_> = images.iter().map(of_image).collect();
    for occurrence in occurrences.iter_mut() {
        let Some(path) = occurrence.finding.place.path_bytes() else { continue };
        let content = occurrence.finding.content.as_deref();
        let package = match (occurrence.image, occurrence.layer) {
            (Some(image), Some(layer)) => of_images.get(image).and_then(|shelf| shelf.package(layer, path, content)),
            (None, _) => Shelf::new(vec![records.get(&occurrence.finding.place.root_id())]).package(0, path, content),
            (Some(_), None) => None,
        };
        occurrence.finding.package = package.map(Arc::new);
    }
    trust_bytecode(occurrences);
    for occurrence in occurrences.iter_mut() {
        if let Some(package) = occurrence.finding.package.clone() {
            judge(&mut occurrence.finding, &package);
        }
    }
}

/// A secret in bytecode is that of its source, if it is found in that source and the source is unchanged.
fn trust_bytecode(occurrences: &mut [Occurrence]) {
    type Known = HashSet<(Option<usize>, RootId, Secret, Vec<u8>)>;
    let name = |occurrence: &Occurrence, path: Vec<u8>| {
        let finding = &occurrence.finding;
        (occurrence.image, finding.place.root_id(), finding.secret.bare(), path)
    };
    let is = |occurrence: &Occurrence, unchanged| {
        occurrence.finding.package.as_ref().is_some_and(|package| package.unchanged == unchanged)
    };
    let sources = occurrences.iter().filter(|occurrence| is(occurrence, Some(true)));
    let known: Known = sources
        .filter_map(|occurrence| Some(name(occurrence, occurrence.finding.place.path_bytes()?.to_vec())))
        .filter(|(_, _, _, path)| path.ends_with(b".py"))
        .collect();
    for occurrence in occurrences.iter_mut().filter(|occurrence| is(occurrence, None)) {
        let source = occurrence.finding.place.path_bytes().and_then(source_of);
        if source.is_some_and(|source| known.contains(&name(occurrence, source)))
            && let Some(package) = &mut occurrence.finding.package
        {
            Arc::make_mut(package).unchanged = Some(true);
        }
    }
}

/// The rules above.
fn judge(finding: &mut Finding, package: &Package) {
    let is_fetched = package.manager == Keeper::Npm && package.standing == Standing::Published;
    if package.unchanged == Some(false) {
        finding.reasons.push(format!("the file was changed after {package} was installed").into());
        return;
    }
    if package.unchanged.is_none() && !is_fetched {
        finding.reasons.push(format!("in a file of {package}").into());
        return;
    }
    let ships = if is_fetched { "comes with" } else { "ships unchanged with" };
    finding.reasons.push(format!("{ships} {package}").into());
    let identifies_itself = finding.rule.rank >= rank::ANCHORED;
    let is_trial = finding.reasons.iter().any(|reason| reason == TRIAL);
    match package.standing {
        Standing::Distribution => lower(finding, Severity::Info),
        Standing::Published if !identifies_itself => {
            lower(finding, Severity::Low);
            finding.confidence = Confidence::Low;
        }
        Standing::Published if is_trial => lower(finding, Severity::Low),
        Standing::Published | Standing::Named => {}
    }
}

fn lower(finding: &mut Finding, severity: Severity) {
    finding.severity = finding.severity.min(severity);
    if matches!(finding.disposition, Disposition::Actionable | Disposition::Expired) {
        finding.disposition = Disposition::Example;
    }
}
