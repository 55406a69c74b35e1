//! What `docker save` writes, and what podman, buildah, skopeo and others write in its likeness.
//!
//! ```text
//! manifest.json                [{"Config": NAME, "RepoTags": [..], "Layers": [NAME, ..]}, ..]
//! ID/layer.tar  ID/json        Docker up to 24
//! DIFFID.tar                   containers/image, with links from ID/layer.tar
//! blobs/sha256/HEX             Docker from 25 on, beside an OCI index
//! ```

use super::RootKind;
use super::assembly::{Assembly, Parts};
use super::layout::Walked;
use crate::blob::Digest;
use crate::finding::{GapReason, Scope};
use crate::image::config;
use crate::image::json::Json;
use crate::image::manifest::{Descriptor, same_name};
use crate::place::escaped;

/// Whether a document is the manifest of a docker archive.
pub(crate) fn is_manifest(json: &Json) -> bool {
    json.list().iter().any(|entry| entry.field("Layers").is_some() || entry.field("Config").is_some())
}

/// Reads the images of a `manifest.json`. Those that an OCI index gave already are only named.
/// `reference` is a name, or `@N` for the N-th image.
pub(crate) fn read(assembly: &mut Assembly<'_>, manifest: usize, reference: Option<&str>) -> Walked {
    let mut walked = Walked::default();
    let Some((json, place)) = assembly.document(manifest, "manifest.json", &Descriptor::default()) else { return walked };
    assembly.demote(place.root_id(), RootKind::Document);
    if !is_manifest(&json) {
        assembly.gap(&place, GapReason::BadManifest, "no list of images", Scope::Image);
    }
    for (index, entry) in json.list().iter().enumerate() {
        let names: Vec<_> =
            entry.field("RepoTags").and_then(Json::texts).unwrap_or_default().into_iter().map(str::to_owned).collect();
        walked.names.extend(names.iter().cloned());
        let position = format!("@{index}");
        if reference.is_some_and(|reference| reference != position && !names.iter().any(|name| same_name(name, reference))) {
            continue;
        }
        walked.named = true;
        if !assembly.room() {
            break;
        }
        image(assembly, entry, names);
    }
    walked
}

fn image(assembly: &mut Assembly<'_>, entry: &Json, names: Vec<String>) {
    let config_name = entry.str("Config").unwrap_or_default();
    let digest = digest_of(config_name);
    let known = |image: &&mut crate::image::Image| digest.is_some() && image.config_digest == digest;
    if let Some(image) = assembly.images.iter_mut().find(known) {
        for name in names {
            if !image.names.iter().any(|other| same_name(other, &name)) {
                image.names.push(name);
            }
        }
        image.names.sort();
        return;
    }
    let paths = entry.field("Layers").map(Json::list).unwrap_or_default();
    let of = Descriptor { digest: digest.clone(), digest_text: config_name.to_owned(), ..Descriptor::default() };
    let label =
        if assembly.images.is_empty() { "config".to_owned() } else { format!("config {}", escaped(config_name.as_bytes())) };
    let read = match assembly.store.find(config_name.as_bytes()).filter(|_| !config_name.is_empty()) {
        Some(member) => assembly.document(member, &label, &of),
        None => {
            assembly.absent(&label, &of);
            None
        }
    };
    let (config, config_place) = match read {
        Some((json, place)) => {
            if !matches!(json, Json::Object(_)) {
                assembly.gap(&place, GapReason::BadManifest, "no config", Scope::Image);
            }
            (config::read(&json, paths.len()), place)
        }
        None => (config::Config::default(), assembly.whole()),
    };
    if !assembly.wants(config.platform.as_ref()) || !assembly.room() {
        return;
    }
    let layer = |(index, path): (usize, &Json)| {
        let path = path.text().unwrap_or_default();
        let diff_id = config.diff_ids.get(index).cloned().flatten();
        let digest = digest_of(path).filter(|digest| path.contains("blobs/") || Some(digest) == diff_id.as_ref());
        let member = assembly.store.find(path.as_bytes()).filter(|_| !path.is_empty());
        let digest_text =
            digest.as_ref().map_or_else(|| if member.is_none() { path.to_owned() } else { String::new() }, Digest::to_string);
        (member, Descriptor { digest, digest_text, ..Descriptor::default() })
    };
    let layers = paths.iter().enumerate().map(layer).collect();
    assembly.image(Parts {
        digest: digest.clone(),
        config_digest: digest,
        names,
        config,
        platform: None,
        config_place,
        manifest: None,
        layers,
    });
}

/// The digest that a name gives: `HEX.json`, `HEX.tar`, `blobs/sha256/HEX`, `sha256:HEX`.
fn digest_of(name: &str) -> Option<Digest> {
    let last = name.rsplit('/').next().unwrap_or(name);
    let last = last.strip_prefix("sha256:").unwrap_or(last);
    let hex = last.strip_suffix(".json").or_else(|| last.strip_suffix(".tar")).unwrap_or(last);
    let algorithm = if name.contains("blobs/sha512/") { "sha512" } else { "sha256" };
    Digest::parse(&format!("{algorithm}:{hex}"))
}
