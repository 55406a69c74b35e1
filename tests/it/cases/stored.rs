//! A case's artifact on disk, in each form that programs write.

use super::image::{self, Blob, Built};
use super::tree;
use super::written::{Case, Entry, Form};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Members of an archive or files of a directory; a link has the name that it points to.
type Members = Vec<(String, Body)>;

enum Body {
    Bytes(Vec<u8>),
    Link(String),
}

/// Writes the artifact below `folder` and returns the target to scan.
pub(super) fn store(case: &Case, form: Form, folder: &Path) -> String {
    let at = folder.join("artifact");
    let path = at.display().to_string();
    let images: Vec<Built> = case.image.iter().map(image::image).collect();
    match form {
        Form::Directory => files(&at, &case.file),
        Form::File | Form::Stdin => {
            let [file] = case.file.as_slice() else { panic!("one file, not {}", case.file.len()) };
            fs::create_dir(&at).expect("a new directory");
            let at = at.join(&file.path);
            fs::write(&at, tree::content(file)).expect("a new file");
            return at.display().to_string();
        }
        Form::Oci => {
            directory(&at, oci(case, &images));
            return format!("oci:{path}");
        }
        Form::Dir => {
            directory(&at, skopeo(&images[0]));
            return format!("dir:{path}");
        }
        Form::OciArchive => archive(&at, oci(case, &images)),
        Form::DockerHybrid => archive(&at, hybrid(case, &images)),
        Form::DockerArchive => archive(&at, classic(&images)),
        Form::DockerLinks => archive(&at, links(&images)),
    }
    path
}

fn files(at: &Path, files: &[Entry]) {
    let member = |file: &Entry| (file.path.clone(), Body::Bytes(tree::content(file)));
    let members = |file: &Entry| match tree::repository(file) {
        Some(files) => files.iter().map(member).collect(),
        None => vec![member(file)],
    };
    directory(at, files.iter().flat_map(members).collect());
}

fn directory(at: &Path, members: Members) {
    fs::create_dir_all(at).expect("a new directory");
    for (name, body) in members {
        let file = at.join(name);
        fs::create_dir_all(file.parent().expect("it is below")).expect("a new directory");
        let Body::Bytes(bytes) = body else { panic!("links are for archives") };
        fs::write(file, bytes).expect("a new file");
    }
}

fn archive(at: &Path, members: Members) {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, body) in members {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        match body {
            Body::Bytes(bytes) => {
                header.set_size(bytes.len() as u64);
                tar.append_data(&mut header, name, bytes.as_slice())
            }
            Body::Link(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                tar.append_link(&mut header, name, target)
            }
        }
        .expect("memory takes it");
    }
    fs::write(at, tar.into_inner().expect("memory takes it")).expect("a new file");
}

fn push(members: &mut Members, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
    let name = name.into();
    if !members.iter().any(|(known, _)| *known == name) {
        members.push((name, Body::Bytes(bytes.into())));
    }
}

fn blob_path(blob: &Blob) -> String {
    format!("blobs/sha256/{}", blob.hex())
}

fn oci(case: &Case, images: &[Built]) -> Members {
    let layout = image::layout(case, images);
    let mut members = Members::new();
    for blob in &layout.blobs {
        if let Some(bytes) = &blob.bytes {
            push(&mut members, blob_path(blob), bytes.as_slice());
        }
    }
    push(&mut members, "index.json", layout.index());
    push(&mut members, "oci-layout", *br#"{"imageLayoutVersion":"1.0.0"}"#);
    members
}

fn hybrid(case: &Case, images: &[Built]) -> Members {
    let mut members = oci(case, images);
    let layers = |image: &Built| image.layers.iter().map(blob_path).collect();
    let manifest: Vec<_> = images.iter().map(|image| manifest(image, blob_path(&image.config), layers(image))).collect();
    push(&mut members, "manifest.json", Value::from(manifest).to_string());
    members
}

/// An entry of `manifest.json`.
fn manifest(image: &Built, config: String, layers: Vec<String>) -> Value {
    json!({"Config": config, "RepoTags": image.name.iter().collect::<Vec<_>>(), "Layers": layers})
}

fn classic(images: &[Built]) -> Members {
    let mut members = Members::new();
    let mut manifests = Vec::new();
    for (number, image) in images.iter().enumerate() {
        let mut paths = Vec::new();
        for (index, tar) in image.tars.iter().enumerate() {
            let id = format!("{:064x}", (number + 1) * 0x1000 + index);
            let config = if index + 1 == image.tars.len() { image.legacy.clone() } else { json!({}) };
            let legacy = json!({"id": id, "container_config": config, "os": "linux", "architecture": "amd64"});
            push(&mut members, format!("{id}/VERSION"), *b"1.0");
            push(&mut members, format!("{id}/json"), legacy.to_string());
            push(&mut members, format!("{id}/layer.tar"), tar.as_slice());
            paths.push(format!("{id}/layer.tar"));
        }
        let config = format!("{}.json", image.config.hex());
        manifests.push(manifest(image, config, paths));
    }
    finish(members, images, manifests)
}

fn links(images: &[Built]) -> Members {
    let mut members = Members::new();
    let mut manifests = Vec::new();
    for (number, image) in images.iter().enumerate() {
        let mut paths = Vec::new();
        for (index, (tar, diff_id)) in image.tars.iter().zip(&image.diff_ids).enumerate() {
            let name = format!("{}.tar", diff_id.trim_start_matches("sha256:"));
            push(&mut members, &name[..], tar.as_slice());
            let link = format!("{:064x}/layer.tar", (number + 1) * 0x1000 + index);
            members.push((link.clone(), Body::Link(format!("../{name}"))));
            // One of them is named by its link, as some programs do.
            paths.push(if index == 0 { link } else { name });
        }
        let config = format!("{}.json", image.config.hex());
        manifests.push(manifest(image, config, paths));
    }
    finish(members, images, manifests)
}

/// Configs and the manifest come last.
fn finish(mut members: Members, images: &[Built], manifests: Vec<Value>) -> Members {
    for image in images {
        if let Some(bytes) = &image.config.bytes {
            push(&mut members, format!("{}.json", image.config.hex()), bytes.as_slice());
        }
    }
    push(&mut members, "manifest.json", Value::from(manifests).to_string());
    push(&mut members, "repositories", *br#"{"app":{"1":"0000"}}"#);
    members
}

fn skopeo(image: &Built) -> Members {
    let mut members = Members::new();
    for blob in image.layers.iter().chain([&image.config]) {
        if let Some(bytes) = &blob.bytes {
            push(&mut members, blob.hex(), bytes.as_slice());
        }
    }
    push(&mut members, "manifest.json", image.manifest.bytes.clone().expect("a manifest"));
    push(&mut members, "version", *b"Directory Transport Version: 1.1\n");
    members
}
