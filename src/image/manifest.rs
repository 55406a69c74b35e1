//! Manifests, indexes and descriptors, read leniently and told apart by content.
//!
//! The media type that a document claims is a hint: older writers leave it out and some lie. The
//! names of media types and annotations are those of `oci-spec`; Docker's own are beside them.

use super::json::Json;
use super::platform::Platform;
use crate::blob::Digest;
use oci_spec::image::{ANNOTATION_REF_NAME, MediaType};

/// The annotation by which BuildKit marks an attestation in an index …
pub const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
/// … and the one that names the manifest it is about.
pub const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";
/// The full name of an image, as containerd and Docker 25 write it.
const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// A reference to a blob.
#[derive(Clone, Debug, Default)]
pub struct Descriptor {
    /// As written; empty where it is left out.
    pub media_type: String,
    /// As written, for messages.
    pub digest_text: String,
    /// `None` if malformed or of an unknown algorithm.
    pub digest: Option<Digest>,
    /// In bytes.
    pub size: Option<u64>,
    /// As an index says.
    pub platform: Option<Platform>,
    /// What the blob holds, where it is not an image.
    pub artifact_type: Option<String>,
    /// The blob itself, decoded, where it is carried inline.
    pub data: Option<Vec<u8>>,
    /// In the order written.
    pub annotations: Vec<(String, String)>,
}

impl Descriptor {
    /// Reads a descriptor; what is missing stays empty.
    pub fn of(json: &Json) -> Self {
        let digest_text = json.str("digest").unwrap_or_default().to_owned();
        Self {
            media_type: json.str("mediaType").unwrap_or_default().to_owned(),
            digest: Digest::parse(&digest_text),
            digest_text,
            size: json.field("size").and_then(Json::whole),
            platform: json.field("platform").and_then(Platform::of),
            artifact_type: json.str("artifactType").map(str::to_owned),
            data: json.str("data").and_then(|data| data_encoding::BASE64.decode(data.as_bytes()).ok()),
            annotations: annotations(json),
        }
    }

    /// An annotation, by key.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The tags and names that an index gives it.
    pub fn names(&self) -> Vec<String> {
        let full = self.annotation(CONTAINERD_NAME).map(str::to_owned);
        full.or_else(|| self.annotation(ANNOTATION_REF_NAME).map(str::to_owned)).into_iter().collect()
    }

    /// Whether `tag` is one of its names: the reference as written, or the full name.
    pub fn is_named(&self, tag: &str) -> bool {
        [ANNOTATION_REF_NAME, CONTAINERD_NAME].iter().filter_map(|key| self.annotation(key)).any(|name| same_name(name, tag))
    }
}

/// Whether two names are of one image: `alpine` is `docker.io/library/alpine:latest`.
pub fn same_name(a: &str, b: &str) -> bool {
    let plain = |name: &str| {
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        let name = name.strip_prefix("library/").unwrap_or(name).to_owned();
        if name.rsplit('/').next().unwrap_or_default().contains([':', '@']) { name } else { name + ":latest" }
    };
    a == b || plain(a) == plain(b)
}

fn annotations(json: &Json) -> Vec<(String, String)> {
    let members = json.field("annotations").map(Json::members).unwrap_or_default();
    members.iter().filter_map(|(key, value)| Some((key.clone(), value.text()?.to_owned()))).collect()
}

/// What a document that describes blobs is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A list of manifests.
    Index(Vec<Descriptor>),
    /// A config and layers.
    Manifest(Box<Manifest>),
    /// Docker's first schema, signed: layers under `fsLayers`.
    Old,
    /// None of these.
    Unknown,
}

/// A config and layers, of an image or of any other artifact.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Absent in artifact manifests of the first drafts.
    pub config: Option<Descriptor>,
    /// `layers`, or `blobs` of those drafts.
    pub layers: Vec<Descriptor>,
    /// What it holds, where it is not an image.
    pub artifact_type: Option<String>,
}

impl Manifest {
    /// Whether by its own words it is no image: an artifact type, a config of a kind of its own, or
    /// in-toto statements for layers. An image config that is not named as one is still asked for its
    /// `rootfs` by the caller.
    pub fn is_artifact(&self) -> bool {
        let own = |config: &Descriptor| !config.media_type.is_empty() && !is_image_config(&config.media_type);
        let typed = self.artifact_type.as_deref().is_some_and(|kind| !kind.is_empty() && !is_image_config(kind));
        let statements = !self.layers.is_empty() && self.layers.iter().all(|layer| layer.media_type.contains("in-toto"));
        typed || statements || self.config.as_ref().is_none_or(own)
    }
}

/// Whether a media type is that of an image config.
pub fn is_image_config(media_type: &str) -> bool {
    MediaType::from(media_type) == MediaType::ImageConfig || media_type == "application/vnd.docker.container.image.v1+json"
}

/// Tells what a document is, by its keys.
pub fn read(json: &Json) -> Kind {
    // `null` is how the Go language writes a list without elements; anything else is no list.
    let lists = |json: &&Json| matches!(json, Json::List(_) | Json::Null);
    let descriptors =
        |key: &str| json.field(key).filter(lists).map(|json| json.list().iter().map(Descriptor::of).collect::<Vec<_>>());
    if json.field("fsLayers").is_some() {
        return Kind::Old;
    }
    let config = json.field("config").filter(|config| config.field("digest").is_some()).map(Descriptor::of);
    let artifact_type = json.str("artifactType").map(str::to_owned);
    match (descriptors("layers").or_else(|| descriptors("blobs")), descriptors("manifests")) {
        (Some(layers), _) => Kind::Manifest(Box::new(Manifest { config, layers, artifact_type })),
        (None, Some(manifests)) => Kind::Index(manifests),
        (None, None) if config.is_some() => Kind::Manifest(Box::new(Manifest { config, layers: Vec::new(), artifact_type })),
        (None, None) => Kind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oci_spec::image::{DescriptorBuilder, ImageIndexBuilder, ImageManifestBuilder, Sha256Digest};
    use std::str::FromStr;

    fn descriptor(kind: MediaType) -> oci_spec::image::Descriptor {
        let digest = Sha256Digest::from_str(Digest::sha256(b"x").hex()).unwrap();
        DescriptorBuilder::default().media_type(kind).size(1_u64).digest(digest).build().unwrap()
    }

    fn kind(text: &str) -> Kind {
        read(&Json::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn documents_of_the_specification_are_understood() {
        let manifest = ImageManifestBuilder::default()
            .schema_version(2_u32)
            .config(descriptor(MediaType::ImageConfig))
            .layers(vec![descriptor(MediaType::ImageLayerGzip)])
            .build()
            .unwrap();
        let Kind::Manifest(read) = kind(&serde_json::to_string(&manifest).unwrap()) else { panic!("a manifest") };
        assert!(!read.is_artifact());
        assert_eq!(read.layers.first().and_then(|layer| layer.digest.clone()), Some(Digest::sha256(b"x")));
        let manifests = vec![descriptor(MediaType::ImageManifest)];
        let index = ImageIndexBuilder::default().schema_version(2_u32).manifests(manifests).build().unwrap();
        assert!(matches!(kind(&serde_json::to_string(&index).unwrap()), Kind::Index(list) if list.len() == 1));
    }

    #[test]
    fn artifacts_and_nonsense_are_told_apart() {
        let artifact = |text: &str| matches!(kind(text), Kind::Manifest(manifest) if manifest.is_artifact());
        assert!(artifact(r#"{"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"x"},"layers":[]}"#));
        assert!(artifact(r#"{"artifactType":"a/b","config":{"digest":"x"},"layers":[]}"#));
        assert!(artifact(r#"{"config":{"digest":"x"},"layers":[{"mediaType":"application/vnd.in-toto+json"}]}"#));
        assert!(!artifact(r#"{"config":{"digest":"x"},"layers":[]}"#));
        assert!(matches!(kind(r#"{"fsLayers":[]}"#), Kind::Old));
        assert!(matches!(kind(r#"{"layers":7,"manifests":"x"}"#), Kind::Unknown));
        assert!(matches!(kind(r#"{"manifests":null}"#), Kind::Index(manifests) if manifests.is_empty()));
        assert!(matches!(kind("[]"), Kind::Unknown));
    }

    #[test]
    fn short_names_are_full_names() {
        for (a, b) in
            [("alpine", "docker.io/library/alpine:latest"), ("v1", "v1"), ("localhost:5000/x", "localhost:5000/x:latest")]
        {
            assert!(same_name(a, b), "{a} {b}");
        }
        assert!(!same_name("alpine:3", "alpine"));
    }
}
