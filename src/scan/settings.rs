//! What an image declares about itself, looked at as names and values.

use super::crew::Crew;
use super::flat::{Origin, left_out};
use super::locate::unlined;
use crate::detect::{Hit, Unseen};
use crate::extract::Import;
use crate::finding::{Finding, Totals};
use crate::image::{Document, Form, Image, Setting};
use crate::place::Place;

/// Looks at every setting of an image.
pub(super) fn scan_image(crew: &Crew<'_>, image: &Image) {
    let (mut findings, mut gaps) = (Vec::new(), Vec::new());
    for setting in &image.settings {
        let place = place_of(image, setting);
        let (hits, unseen) = hits_of(crew, setting);
        findings.extend(hits.into_iter().map(|hit| finding_of(place, setting, hit)));
        gaps.extend(left_out(place, unseen));
    }
    crew.deliver(findings, gaps, Totals::default());
}

fn finding_of(place: &Place, setting: &Setting, hit: Hit) -> Finding {
    let origin = Origin { place: place.clone(), entry: None, is_file: false, version: None };
    let inner = hit.name.clone().filter(|name| *name != setting.key);
    Finding { name: joined(&setting.name, inner), instruction: setting.instruction.clone(), ..plain(&origin, hit) }
}

/// A finding in a value that has no lines.
pub(super) fn plain(origin: &Origin, hit: Hit) -> Finding {
    let offset = hit.span.start as u64;
    unlined(origin, offset, hit)
}

/// Asks whether it is dangerous to load a file that imports this.
pub(super) fn judge_import(crew: &Crew<'_>, origin: &Origin, import: &Import<'_>) {
    let mut hits = Vec::new();
    crew.engine.import(import.module, import.name, &mut hits);
    if !hits.is_empty() {
        let findings = hits.into_iter().map(|hit| Finding { offset: import.offset, ..plain(origin, hit) }).collect();
        crew.deliver(findings, Vec::new(), Totals::default());
    }
}

/// The keys that lead to a text, and on to what is in it.
pub(super) fn joined(outer: &str, inner: Option<String>) -> Option<String> {
    match (outer, inner) {
        ("", inner) => inner,
        (outer, None) => Some(outer.to_owned()),
        (outer, Some(inner)) => Some(format!("{outer}.{inner}")),
    }
}

/// Looks at the settings of a document that is no image's own: an attestation, an artifact's config.
pub(super) fn scan_document(crew: &Crew<'_>, place: &Place, settings: &[Setting]) {
    let (mut findings, mut gaps) = (Vec::new(), Vec::new());
    for setting in settings {
        let (hits, unseen) = hits_of(crew, setting);
        findings.extend(hits.into_iter().map(|hit| finding_of(place, setting, hit)));
        gaps.extend(left_out(place, unseen));
    }
    crew.deliver(findings, gaps, Totals::default());
}

fn hits_of(crew: &Crew<'_>, setting: &Setting) -> (Vec<Hit>, Unseen) {
    let mut hits = Vec::new();
    let unseen = match setting.form {
        Form::Pair => crew.engine.pair(setting.key.as_bytes(), &setting.value, &mut hits),
        Form::Command | Form::Text => crew.engine.command(&setting.value, &mut hits),
    };
    (hits, unseen)
}

fn place_of<'i>(image: &'i Image, setting: &Setting) -> &'i Place {
    if setting.source == Document::Manifest { &image.manifest_place } else { &image.config_place }
}
