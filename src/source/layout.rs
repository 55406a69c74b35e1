//! OCI layouts, in a directory or a tar, and what skopeo writes to `dir:`.
//!
//! ```text
//! oci:  oci-layout  index.json  blobs/sha256/HEX …
//! dir:  version  manifest.json  HEX …  HEX.manifest.json …  signature-N
//! ```

use super::assembly::{Assembly, Parts};
use super::{Opener, RootKind};
use crate::finding::{GapReason, Scope};
use crate::image::config;
use crate::image::json::Json;
use crate::image::manifest::{self, Descriptor, Kind, Manifest, REFERENCE_DIGEST, REFERENCE_TYPE};
use crate::place::{Place, escaped};
use crate::slice::FileSlice;
use std::collections::HashSet;

/// Indexes within indexes.
const DEPTH: usize = 16;

/// What a walk over the manifests found besides images.
#[derive(Default)]
pub(crate) struct Walked {
    /// Whether any descriptor bore the tag that was asked for.
    pub(crate) named: bool,
    /// The names there are.
    pub(crate) names: Vec<String>,
}

struct Step {
    of: Descriptor,
    names: Vec<String>,
    depth: usize,
}

/// Reads the document at `entry` (an index or a manifest) and all that it names. With a tag, only
/// the manifests of that name.
pub(crate) fn read(assembly: &mut Assembly<'_>, entry: usize, tag: Option<&str>) -> Walked {
    let mut walked = Walked::default();
    let label = assembly.store.get(entry).map(|stored| String::from_utf8_lossy(&stored.name).into_owned()).unwrap_or_default();
    let Some((json, place)) = assembly.document(entry, &label, &Descriptor::default()) else { return walked };
    let mut stack = Vec::new();
    match manifest::read(&json) {
        Kind::Index(list) => {
            assembly.demote(place.root_id(), RootKind::Document);
            walked.names = list.iter().flat_map(Descriptor::names).collect();
            let wanted = |of: &Descriptor| tag.is_none_or(|tag| of.is_named(tag));
            stack.extend(list.into_iter().filter(wanted).map(|of| Step { names: of.names(), of, depth: 1 }));
            walked.named = !stack.is_empty();
            stack.reverse();
        }
        kind => described(
            assembly,
            kind,
            json,
            place,
            Step { of: Descriptor::default(), names: Vec::new(), depth: 0 },
            &mut Vec::new(),
        ),
    }
    let mut seen = HashSet::new();
    let mut statements = Vec::new();
    while let Some(step) = stack.pop() {
        let again = !step.of.digest_text.is_empty() && !seen.insert(step.of.digest_text.clone());
        if again {
            // One image of several names.
            let image = assembly.images.iter_mut().find(|image| image.digest.is_some() && image.digest == step.of.digest);
            if let Some(image) = image {
                image.names.extend(step.names);
                image.names.sort();
                image.names.dedup();
            }
        } else if step.of.annotation(REFERENCE_TYPE).is_some() {
            statements.push(step);
        } else {
            visit(assembly, step, &mut stack);
        }
    }
    for step in statements {
        let about = step.of.annotation(REFERENCE_DIGEST).unwrap_or_default();
        let chosen = assembly.images.iter().any(|image| image.digest.as_ref().is_some_and(|digest| digest.as_str() == about));
        if assembly.choice.platform.is_none() || chosen {
            visit(assembly, step, &mut Vec::new());
        }
    }
    walked
}

/// Opens what a descriptor of an index names.
fn visit(assembly: &mut Assembly<'_>, step: Step, stack: &mut Vec<Step>) {
    if assembly.choice.platform.is_some()
        && step.of.platform.is_some()
        && !assembly.wants(step.of.platform.as_ref())
        && !step.of.media_type.contains("index")
    {
        if step.of.annotation(REFERENCE_TYPE).is_none() {
            return;
        }
    }
    let short =
        step.of.digest.as_ref().map_or_else(|| escaped(step.of.digest_text.as_bytes()), |digest| digest.short().to_owned());
    let what = if step.of.annotation(REFERENCE_TYPE).is_some() { "attestation" } else { "manifest" };
    let label = format!("{what} {short}");
    let read = match (step.of.digest.as_ref().and_then(|digest| assembly.store.blob(digest)), &step.of.data) {
        (Some(member), _) => assembly.document(member, &label, &step.of),
        (None, Some(data)) => inline(assembly, &label, data, &step.of),
        (None, None) => {
            assembly.absent(&label, &step.of);
            return;
        }
    };
    let Some((json, place)) = read else { return };
    let said = json.str("mediaType").unwrap_or_default();
    if !said.is_empty() && !step.of.media_type.is_empty() && said != step.of.media_type {
        assembly.gap(&place, GapReason::Disagreement, "its media type and that of its descriptor differ", Scope::Item);
    }
    described(assembly, manifest::read(&json), json, place, step, stack);
}

/// A document that a descriptor carries with it.
fn inline(assembly: &mut Assembly<'_>, label: &str, data: &[u8], of: &Descriptor) -> Option<(Json, Place)> {
    let opener = Opener::Slice(FileSlice::from_bytes(data));
    let place = assembly.detached(RootKind::Settings, label, opener, Some(data.len() as u64));
    assembly.verify(&place, data, of);
    let json = Json::parse(data);
    if let Err(why) = &json {
        assembly.demote(place.root_id(), RootKind::File);
        assembly.gap(&place, GapReason::BadManifest, why.clone(), Scope::Image);
    }
    Some((json.ok()?, place))
}

fn described(assembly: &mut Assembly<'_>, kind: Kind, json: Json, place: Place, step: Step, stack: &mut Vec<Step>) {
    match kind {
        Kind::Index(_) if step.depth >= DEPTH => {
            assembly.demote(place.root_id(), RootKind::Document);
            assembly.gap(&place, GapReason::DepthLimit, format!("indexes nested deeper than {DEPTH}"), Scope::Image);
        }
        Kind::Index(list) => {
            assembly.demote(place.root_id(), RootKind::Document);
            let depth = step.depth + 1;
            let inner = list.into_iter().rev().map(|of| {
                // What the outer index calls it holds for every image in it, but not for what is about them.
                let names = if of.annotation(REFERENCE_TYPE).is_none() { step.names.clone() } else { Vec::new() };
                Step { of, names, depth }
            });
            stack.extend(inner);
        }
        Kind::Manifest(manifest) if step.of.annotation(REFERENCE_TYPE).is_some() || manifest.is_artifact() => {
            artifact(assembly, &manifest, &place);
        }
        Kind::Manifest(manifest) => image(assembly, manifest, json, place, step),
        Kind::Old => {
            assembly.demote(place.root_id(), RootKind::Document);
            assembly.gap(
                &place,
                GapReason::BadManifest,
                "a manifest of Docker's first schema; its layers are not known as such",
                Scope::Image,
            );
        }
        Kind::Unknown => {
            assembly.demote(place.root_id(), RootKind::Document);
            if step.depth == 0
                || step.of.media_type.is_empty()
                || step.of.media_type.contains("manifest")
                || step.of.media_type.contains("index")
            {
                assembly.gap(&place, GapReason::BadManifest, "neither an index nor a manifest", Scope::Image);
            }
        }
    }
}

/// A manifest with an image's config, if its config turns out to be one.
fn image(assembly: &mut Assembly<'_>, manifest: Manifest, json: Json, place: Place, step: Step) {
    let of = manifest.config.clone().unwrap_or_default();
    let member = of.digest.as_ref().and_then(|digest| assembly.store.blob(digest));
    let label = format!(
        "config{}",
        if assembly.images.is_empty() {
            String::new()
        } else {
            format!(" {}", of.digest.as_ref().map_or("", |digest| digest.short()))
        }
    );
    let read = match (member, &of.data) {
        (Some(member), _) => assembly.document(member, &label, &of),
        (None, Some(data)) => inline(assembly, &label, data, &of),
        (None, None) => {
            assembly.absent(&label, &of);
            None
        }
    };
    let count = manifest.layers.len();
    let read = read.map(|(json, place)| (config::read(&json, count), place));
    if read.as_ref().is_some_and(|(config, _)| {
        !config.rootfs && config.platform.is_none() && config.history.is_empty() && !manifest::is_image_config(&of.media_type)
    }) {
        return artifact(assembly, &manifest, &place);
    }
    let (config, config_place) = read.unwrap_or_else(|| (config::Config::default(), place.clone()));
    let platform = config.platform.clone().or_else(|| step.of.platform.clone());
    if !assembly.wants(platform.as_ref()) {
        return;
    }
    let layers =
        manifest.layers.into_iter().map(|of| (of.digest.as_ref().and_then(|digest| assembly.store.blob(digest)), of)).collect();
    assembly.image(Parts {
        digest: step.of.digest,
        config_digest: of.digest,
        names: step.names,
        config,
        platform: platform.map(|platform| platform.to_string()),
        config_place,
        manifest: Some((json, place)),
        layers,
    });
}

/// Anything else that a manifest describes: attestations, charts, models, signatures.
fn artifact(assembly: &mut Assembly<'_>, manifest: &Manifest, place: &Place) {
    assembly.demote(place.root_id(), RootKind::Document);
    for (index, of) in manifest.config.iter().chain(&manifest.layers).enumerate() {
        let title = of.annotation(oci_spec::image::ANNOTATION_TITLE).or_else(|| of.annotation("in-toto.io/predicate-type"));
        let title = title.map_or_else(|| format!("blob {index}"), |title| escaped(title.as_bytes()));
        let label = format!("{}: {title}", place.label());
        let member = of.digest.as_ref().and_then(|digest| assembly.store.blob(digest));
        match (member, &of.data) {
            (Some(member), _) => {
                let kind = assembly.looks(member);
                let id = assembly.root(member, kind.clone(), &label);
                assembly.demote(id, kind);
                assembly.expect(id, of);
            }
            (None, Some(data)) => {
                let kind = if Json::parse(data).is_ok() { RootKind::Document } else { RootKind::File };
                let opener = Opener::Slice(FileSlice::from_bytes(data.as_slice()));
                let place = assembly.detached(kind, &label, opener, Some(data.len() as u64));
                assembly.verify(&place, data, of);
            }
            (None, None) => {
                assembly.absent(&label, of);
            }
        }
    }
}
