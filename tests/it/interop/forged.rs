//! The forms of an image that none of Debian's programs writes today: Docker's, and odd ones.

use super::image::{GZIP_LAYER, Layout, deflated, tar};
use super::report::check;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Docker 25 and later: an OCI layout with a `manifest.json` of the old kind beside it, in one tar.
#[test]
fn docker_archive_that_is_an_oci_layout_too() {
    let (leaky, layout) = Layout::leaky("hybrid");
    let manifest = layout.manifest();
    let path = |descriptor: &Value| format!("blobs/{}", descriptor["digest"].as_str().expect("a digest").replace(':', "/"));
    let layers: Vec<_> = manifest["layers"].as_array().expect("layers").iter().map(path).collect();
    let old = json!([{"Config": path(&manifest["config"]), "RepoTags": ["leaky:1"], "Layers": layers}]);
    let mut files = layout.files();
    files.push(("manifest.json".to_owned(), old.to_string().into_bytes()));
    files.sort();
    let at = leaky.store.at("hybrid.tar");
    fs::write(&at, tar(&files)).expect("a new file");
    for target in [format!("docker-archive:{at}"), format!("oci-archive:{at}"), at] {
        check(&target, &leaky.planted);
    }
}

/// Docker up to 24: a folder for each layer with `layer.tar`, `json` and `VERSION`; the config and `manifest.json` last.
/// The `json` of a layer repeats what the config says of its instruction.
#[test]
fn docker_archive_of_a_folder_for_each_layer() {
    let (leaky, layout) = Layout::leaky("classic");
    let manifest = layout.manifest();
    let mut files = Vec::new();
    let mut paths = Vec::new();
    let config = layout.blob(&manifest["config"]);
    let runs = super::image::json(&config)["config"].clone();
    for (index, layer) in layout.layers().into_iter().enumerate() {
        let id = format!("{:064x}", index + 0xabc);
        let legacy = json!({"id": id, "container_config": runs, "architecture": "amd64", "os": "linux"});
        files.push((format!("{id}/VERSION"), b"1.0".to_vec()));
        files.push((format!("{id}/json"), legacy.to_string().into_bytes()));
        files.push((format!("{id}/layer.tar"), layer));
        paths.push(format!("{id}/layer.tar"));
    }
    let name = format!("{}.json", manifest["config"]["digest"].as_str().expect("a digest").trim_start_matches("sha256:"));
    let index = json!([{"Config": name, "RepoTags": ["leaky:1"], "Layers": paths}]);
    files.push((name, config));
    files.push(("manifest.json".to_owned(), index.to_string().into_bytes()));
    files.push(("repositories".to_owned(), br#"{"leaky":{"1":"abc"}}"#.to_vec()));
    let at = leaky.store.at("classic.tar");
    fs::write(&at, tar(&files)).expect("a new file");
    check(&format!("docker-archive:{at}"), &leaky.planted);
}

/// What parallel compressors write: a layer is a row of gzip members, cut anywhere.
#[test]
fn layers_of_many_gzip_members() {
    let many = |layer: &[u8]| layer.chunks(1_000.max(layer.len() / 50)).flat_map(deflated).collect();
    oci("members", |_| GZIP_LAYER, many);
}

/// The content decides, not the media type.
#[test]
fn layers_whose_media_type_lies() {
    const WRONG: [&str; 3] =
        ["application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.oci.image.layer.v1.tar", "application/octet-stream"];
    oci("lies", |index| WRONG[index % 3], deflated);
}

/// As [`layers_whose_media_type_lies`], the other way round.
#[test]
fn plain_layers_that_say_they_are_compressed() {
    oci("plain-lies", |_| GZIP_LAYER, <[u8]>::to_vec);
}

/// zstd frames in a row, with a skippable one between them, as seekable zstd writes.
#[test]
fn layers_of_many_zstd_frames() {
    let many = |layer: &[u8]| {
        let frames = layer.chunks(1_000.max(layer.len() / 20)).map(|part| zstd::encode_all(part, 1).expect("memory takes it"));
        let skippable = [&0x184d_2a50u32.to_le_bytes()[..], &4u32.to_le_bytes(), b"skip"].concat();
        frames.collect::<Vec<_>>().join(&skippable[..])
    };
    oci("frames", |_| "application/vnd.oci.image.layer.v1.tar+zstd", many);
}

/// Writes the layers anew with `encode`, each with a media type, and checks the layout.
fn oci(name: &str, media_type: fn(usize) -> &'static str, encode: impl Fn(&[u8]) -> Vec<u8>) {
    let (leaky, mut layout) = Layout::leaky(name);
    let mut manifest = layout.manifest();
    let layers = layout.layers();
    let layers: Vec<_> = layers.iter().enumerate().map(|(index, layer)| layout.put(media_type(index), encode(layer))).collect();
    manifest["layers"] = layers.into();
    layout.set_manifest(&manifest);
    let at = leaky.store.at(name);
    layout.write(Path::new(&at));
    check(&format!("oci:{at}:leaky"), &leaky.planted);
}
