//! The images of a case as blobs and documents, before they are stored in one form or another.

use super::tree;
use super::written::{Artifact, Case, Compression, Damage, Fit, Image, Step};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use watertight::blob::Digest;

pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// A blob: what names it, and the bytes that are there under that name.
#[derive(Clone, Debug)]
pub(super) struct Blob {
    pub(super) descriptor: Value,
    /// `None` if it is missing.
    pub(super) bytes: Option<Vec<u8>>,
}

/// One image, built.
pub(super) struct Built {
    pub(super) name: Option<String>,
    pub(super) config: Blob,
    pub(super) layers: Vec<Blob>,
    pub(super) diff_ids: Vec<String>,
    /// The tars, for forms that do not compress.
    pub(super) tars: Vec<Vec<u8>>,
    pub(super) manifest: Blob,
    /// What old Docker writes beside the last layer.
    pub(super) legacy: Value,
}

/// All that an OCI layout has.
#[derive(Default)]
pub(super) struct Layout {
    /// Descriptors of `index.json`.
    pub(super) manifests: Vec<Value>,
    pub(super) annotations: Value,
    pub(super) blobs: Vec<Blob>,
}

impl Blob {
    /// A blob of a kind, damaged.
    fn new(media_type: &str, bytes: Vec<u8>, damage: &Damage) -> Self {
        let sound = bytes.clone();
        let mut bytes = bytes;
        if let Some(keep) = damage.keep {
            bytes.truncate(bytes.len() * keep / 100);
        }
        if let Some(at) = damage.flip.map(|flip| bytes.len() * flip / 100) {
            bytes[at] ^= 0xff;
        }
        let named = if damage.before { &bytes } else { &sound };
        let digest = if damage.digest { Digest::sha256(b"other bytes") } else { Digest::sha256(named) };
        let size = named.len() as u64 + damage.size.unwrap_or(0);
        let descriptor = json!({"mediaType": media_type, "digest": digest.as_str(), "size": size});
        Self { descriptor, bytes: (!damage.missing).then_some(bytes) }
    }

    fn sound(media_type: &str, bytes: Vec<u8>) -> Self {
        Self::new(media_type, bytes, &Damage::default())
    }

    /// The hex digits of its digest.
    pub(super) fn hex(&self) -> String {
        self.descriptor["digest"].as_str().and_then(|digest| digest.strip_prefix("sha256:")).expect("a digest").to_owned()
    }
}

/// A document as Go writes it, which is how all builders write theirs.
fn document(value: &Value) -> Vec<u8> {
    value.to_string().replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e").into_bytes()
}

/// Builds an image.
pub(super) fn image(image: &Image) -> Built {
    let steps: Vec<(&Step, Vec<u8>)> =
        image.step.iter().filter_map(|step| Some((step, tree::tar(step.files.as_deref()?, step.endless)))).collect();
    let layers: Vec<_> = steps.iter().map(|(step, tar)| layer(step, tar)).collect();
    let diff_ids: Vec<_> = steps.iter().map(|(step, tar)| diff_id(step, tar)).collect();
    let settings = settings(image);
    let config = Blob::new(CONFIG, document(&config(image, &settings, &diff_ids)), &image.damage);
    let mut manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config.descriptor,
        "layers": layers.iter().map(|layer| layer.descriptor.clone()).collect::<Vec<_>>()});
    if !image.annotations.is_empty() {
        manifest["annotations"] = json!(image.annotations);
    }
    change(&mut manifest, &image.manifest);
    let mut manifest = Blob::sound(MANIFEST, document(&manifest));
    manifest.descriptor["platform"] = platform(&image.platform);
    if let Some(name) = &image.name {
        manifest.descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": name});
    }
    let tars = steps.into_iter().map(|(_, tar)| tar).collect();
    let legacy = if image.legacy { settings } else { json!({}) };
    Built { name: image.name.clone(), config, layers, diff_ids, tars, manifest, legacy }
}

fn layer(step: &Step, tar: &[u8]) -> Blob {
    let kind = match step.compress {
        Compression::Gzip | Compression::GzipMembers => "application/vnd.oci.image.layer.v1.tar+gzip",
        Compression::Zstd | Compression::ZstdFrames => "application/vnd.oci.image.layer.v1.tar+zstd",
        Compression::None => "application/vnd.oci.image.layer.v1.tar",
    };
    Blob::new(step.media_type.as_deref().unwrap_or(kind), tree::compressed(tar, step.compress), &step.damage)
}

fn diff_id(step: &Step, tar: &[u8]) -> String {
    if step.damage.diff_id { Digest::sha256(b"other bytes") } else { Digest::sha256(tar) }.to_string()
}

/// Puts members into a document; an empty string takes one out.
fn change(document: &mut Value, changes: &BTreeMap<String, toml::Value>) {
    for (key, value) in changes {
        if value.as_str() == Some("") {
            document.as_object_mut().expect("an object").remove(key);
        } else {
            document[key] = serde_json::to_value(value).expect("TOML that JSON can say");
        }
    }
}

fn platform(text: &str) -> Value {
    let mut parts = text.split('/');
    let mut platform = json!({"os": parts.next(), "architecture": parts.next()});
    if let Some(variant) = parts.next() {
        platform["variant"] = variant.into();
    }
    platform
}

fn settings(image: &Image) -> Value {
    let mut settings = Map::new();
    let lists = [("Env", &image.env), ("Cmd", &image.cmd), ("Entrypoint", &image.entrypoint), ("OnBuild", &image.onbuild)];
    settings.extend(lists.iter().filter(|(_, list)| !list.is_empty()).map(|(key, list)| ((*key).to_owned(), json!(list))));
    if !image.healthcheck.is_empty() {
        settings.insert("Healthcheck".into(), json!({"Test": image.healthcheck}));
    }
    if !image.labels.is_empty() {
        settings.insert("Labels".into(), json!(image.labels));
    }
    settings.into()
}

fn config(image: &Image, settings: &Value, diff_ids: &[String]) -> Value {
    let mut config = platform(&image.platform);
    config["config"] = settings.clone();
    config["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
    let entry = |step: &Step| match step.files {
        Some(_) => json!({"created_by": step.by}),
        None => json!({"created_by": step.by, "empty_layer": true}),
    };
    let mut history: Vec<_> = image.step.iter().map(entry).collect();
    match image.history {
        Fit::Full => {}
        Fit::Short => drop(history.pop()),
        Fit::Long => history.push(json!({"created_by": "COPY nothing /"})),
        Fit::None => history.clear(),
    }
    if image.history != Fit::None {
        config["history"] = history.into();
    }
    change(&mut config, &image.config);
    config
}

/// All blobs of a case, and the index above them.
pub(super) fn layout(case: &Case, images: &[Built]) -> Layout {
    let mut layout = Layout { annotations: json!(case.index.annotations), ..Layout::default() };
    for (image, built) in case.image.iter().zip(images) {
        layout.manifests.push(built.manifest.descriptor.clone());
        layout.blobs.extend(built.layers.iter().chain([&built.config, &built.manifest]).cloned());
        for statement in &image.provenance {
            layout.provenance(statement, &built.manifest);
        }
    }
    case.artifact.iter().for_each(|artifact| layout.artifact(artifact));
    for _ in 0..case.index.nested {
        let inner = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": layout.manifests});
        let blob = Blob::sound(INDEX, document(&inner));
        layout.manifests = vec![blob.descriptor.clone()];
        layout.blobs.push(blob);
    }
    layout
}

impl Layout {
    /// `index.json`.
    pub(super) fn index(&self) -> Vec<u8> {
        let mut index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": self.manifests});
        if self.annotations.as_object().is_some_and(|annotations| !annotations.is_empty()) {
            index["annotations"] = self.annotations.clone();
        }
        document(&index)
    }

    fn put(&mut self, blob: Blob) -> Value {
        let descriptor = blob.descriptor.clone();
        self.blobs.push(blob);
        descriptor
    }

    /// As BuildKit attaches it: a manifest of no platform whose layer is the statement.
    fn provenance(&mut self, statement: &str, about: &Blob) {
        let layer = self.put(Blob::sound("application/vnd.in-toto+json", statement.as_bytes().to_vec()));
        let empty = json!({"architecture": "unknown", "os": "unknown", "rootfs": {"type": "layers", "diff_ids": []}});
        let config = self.put(Blob::sound(CONFIG, document(&empty)));
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        let mut manifest = self.put(Blob::sound(MANIFEST, document(&manifest)));
        manifest["platform"] = platform("unknown/unknown");
        manifest["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": about.descriptor["digest"]});
        self.manifests.push(manifest);
    }

    fn artifact(&mut self, artifact: &Artifact) {
        let text = artifact.config.as_deref().unwrap_or("{}");
        let config = self.put(Blob::sound("application/vnd.oci.empty.v1+json", text.as_bytes().to_vec()));
        let mut layers = Vec::new();
        for file in &artifact.files {
            let mut layer = self.put(Blob::sound("application/octet-stream", tree::content(file)));
            layer["annotations"] = json!({"org.opencontainers.image.title": file.path});
            layers.push(layer);
        }
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact.kind,
            "config": config, "layers": layers, "annotations": artifact.annotations});
        let manifest = self.put(Blob::sound(MANIFEST, document(&manifest)));
        self.manifests.push(manifest);
    }
}
