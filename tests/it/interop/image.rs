//! An OCI layout held in memory, to be taken apart and written in another form.

use super::leaky::{Leaky, leaky};
use super::saved::push;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const GZIP_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// All blobs by digest, and the index.
pub(super) struct Layout {
    /// `index.json`.
    pub(super) index: Value,
    /// By digest, `sha256:` included.
    pub(super) blobs: BTreeMap<String, Vec<u8>>,
}

impl Layout {
    /// The leaky image; `name` keeps tests that run at the same time apart.
    pub(super) fn leaky(name: &str) -> (&'static Leaky, Self) {
        let at = leaky().store.at(&format!("{name}-from"));
        push(leaky(), &[], &format!("oci:{at}:leaky"));
        (leaky(), Self::read(Path::new(&at)))
    }

    /// Reads a folder.
    pub(super) fn read(folder: &Path) -> Self {
        let index = json(&fs::read(folder.join("index.json")).expect("index.json"));
        let blobs = fs::read_dir(folder.join("blobs/sha256")).expect("the blobs").map(|entry| {
            let entry = entry.expect("a blob");
            (format!("sha256:{}", entry.file_name().display()), fs::read(entry.path()).expect("a blob"))
        });
        Self { index, blobs: blobs.collect() }
    }

    /// The bytes behind a descriptor.
    pub(super) fn blob(&self, descriptor: &Value) -> Vec<u8> {
        self.blobs[descriptor["digest"].as_str().expect("a digest")].clone()
    }

    /// The manifest of the first image.
    pub(super) fn manifest(&self) -> Value {
        json(&self.blob(&self.index["manifests"][0]))
    }

    /// The layers of the first image, uncompressed.
    pub(super) fn layers(&self) -> Vec<Vec<u8>> {
        let manifest = self.manifest();
        manifest["layers"].as_array().expect("layers").iter().map(|layer| inflated(&self.blob(layer))).collect()
    }

    /// Adds a blob and returns its descriptor.
    pub(super) fn put(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let digest = format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)));
        let descriptor = json!({"mediaType": media_type, "digest": digest, "size": bytes.len()});
        self.blobs.insert(digest, bytes);
        descriptor
    }

    /// Adds a document and returns its descriptor.
    pub(super) fn put_json(&mut self, media_type: &str, document: &Value) -> Value {
        self.put(media_type, document.to_string().into_bytes())
    }

    /// Replaces the manifest of the first image.
    pub(super) fn set_manifest(&mut self, manifest: &Value) {
        let annotations = self.index["manifests"][0]["annotations"].clone();
        self.index["manifests"][0] = self.put_json(MANIFEST, manifest);
        self.index["manifests"][0]["annotations"] = annotations;
    }

    /// Writes a folder. Blobs that nothing names any more are left out.
    pub(super) fn write(&self, folder: &Path) {
        for (path, bytes) in self.files() {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
            fs::write(path, bytes).expect("a file");
        }
    }

    /// The files of the layout by path.
    pub(super) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let text = self.index.to_string();
        let named = |digest: &str| {
            let hex = digest.trim_start_matches("sha256:");
            text.contains(hex) || self.blobs.values().any(|blob| memchr::memmem::find(blob, hex.as_bytes()).is_some())
        };
        let mut files = vec![("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec())];
        let blobs = self.blobs.iter().filter(|(digest, _)| named(digest));
        files.extend(blobs.map(|(digest, blob)| (format!("blobs/{}", digest.replace(':', "/")), blob.clone())));
        files.push(("index.json".to_owned(), text.into_bytes()));
        files
    }
}

/// Parses a document.
pub(super) fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("a JSON document")
}

/// One gzip member.
pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).expect("memory takes it");
    gzip.finish().expect("memory takes it")
}

fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain).expect("a gzip layer");
    plain
}

/// A tar of `files` in their order.
pub(super) fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, &bytes[..]).expect("memory takes it");
    }
    archive.into_inner().expect("memory takes it")
}
