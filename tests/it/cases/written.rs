//! A case as written: the shape of the files in `testdata/cases`, which `testdata/README.md` describes.
//!
//! Unknown keys are refused, so that a misspelt expectation cannot pass for one that holds.

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// What must hold, in a sentence.
    pub(super) what: String,
    /// Each form is built and scanned.
    #[serde(default)]
    pub(super) forms: Vec<Form>,
    /// More arguments for `scan`.
    #[serde(default)]
    pub(super) args: Vec<String>,
    /// The secrets, as fillers.
    #[serde(default)]
    pub(super) values: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) image: Vec<Image>,
    /// Manifests beside the images that are no images.
    #[serde(default)]
    pub(super) artifact: Vec<Artifact>,
    #[serde(default)]
    pub(super) index: Index,
    /// What a directory holds, or the one file that is scanned.
    #[serde(default)]
    pub(super) file: Vec<Entry>,
    #[serde(default)]
    pub(super) expect: Expect,
}

/// How the artifact is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    /// A tar of an OCI layout.
    OciArchive,
    /// An OCI layout in a directory.
    Oci,
    /// As Docker up to 24 saves: a folder for each layer, the config after the layers.
    DockerArchive,
    /// As podman, buildah and skopeo save: layers by diff id, links from a folder for each.
    DockerLinks,
    /// As Docker from 25 on saves: an OCI layout with a `manifest.json`.
    DockerHybrid,
    /// skopeo's `dir:`.
    Dir,
    /// The files, in a directory.
    Directory,
    /// The first file alone.
    File,
    /// The first file, by standard input.
    Stdin,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    #[serde(default = "linux_amd64")]
    pub(super) platform: String,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) env: Vec<String>,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) cmd: Vec<String>,
    #[serde(default)]
    pub(super) entrypoint: Vec<String>,
    #[serde(default)]
    pub(super) healthcheck: Vec<String>,
    #[serde(default)]
    pub(super) onbuild: Vec<String>,
    /// Of the manifest.
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
    /// More members of the config document.
    #[serde(default)]
    pub(super) config: BTreeMap<String, toml::Value>,
    /// More members of the manifest document; an empty string takes a member out.
    #[serde(default)]
    pub(super) manifest: BTreeMap<String, toml::Value>,
    /// Old Docker's `json` of the last layer repeats the config, in the form that has it.
    #[serde(default)]
    pub(super) legacy: bool,
    #[serde(default)]
    pub(super) history: Fit,
    /// Of the config blob.
    #[serde(default)]
    pub(super) damage: Damage,
    /// The instructions, from the base up.
    #[serde(default)]
    pub(super) step: Vec<Step>,
    /// Statements of BuildKit about the image, as JSON.
    #[serde(default)]
    pub(super) provenance: Vec<String>,
}

fn linux_amd64() -> String {
    "linux/amd64".into()
}

/// How the history fits the layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fit {
    #[default]
    Full,
    /// Its last entry is missing.
    Short,
    /// It has one entry too many.
    Long,
    /// There is none.
    None,
}

/// One instruction; with files it makes a layer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) by: String,
    pub(super) files: Option<Vec<Entry>>,
    #[serde(default)]
    pub(super) compress: Compression,
    pub(super) media_type: Option<String>,
    #[serde(default)]
    pub(super) damage: Damage,
    /// The tar's end-of-archive marker is left out.
    #[serde(default)]
    pub(super) endless: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Compression {
    #[default]
    Gzip,
    /// Many gzip members.
    GzipMembers,
    Zstd,
    /// Many frames, with a skippable one between them.
    ZstdFrames,
    None,
}

/// What is done to a blob after its digest was taken.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Damage {
    /// Keeps that many percent of the bytes.
    pub(super) keep: Option<usize>,
    /// Inverts the byte at that many percent.
    pub(super) flip: Option<usize>,
    /// Leaves the blob out.
    #[serde(default)]
    pub(super) missing: bool,
    /// The descriptor names the digest of other bytes.
    #[serde(default)]
    pub(super) digest: bool,
    /// The descriptor's size is greater by this.
    pub(super) size: Option<u64>,
    /// The config names the diff id of other bytes.
    #[serde(default)]
    pub(super) diff_id: bool,
    /// The digests are those of the damaged bytes: nothing but the content tells.
    #[serde(default)]
    pub(super) before: bool,
}

/// A manifest whose config is no image's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Artifact {
    pub(super) kind: String,
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
    /// The text of its config.
    #[serde(default)]
    pub(super) config: Option<String>,
    #[serde(default)]
    pub(super) files: Vec<Entry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    /// How many indexes stand above the manifests, besides `index.json`.
    #[serde(default)]
    pub(super) nested: usize,
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
}

/// A file of a layer, a directory or an archive; or what a tar has instead of one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    #[serde(default)]
    pub(super) path: String,
    /// The name in hex, where it is not UTF-8.
    pub(super) path_hex: Option<String>,
    pub(super) text: Option<String>,
    pub(super) hex: Option<String>,
    pub(super) tar: Option<Vec<Entry>>,
    pub(super) zip: Option<Vec<Entry>>,
    pub(super) ar: Option<Vec<Entry>>,
    pub(super) cpio: Option<Vec<Entry>>,
    pub(super) sevenz: Option<Vec<Entry>>,
    pub(super) sif: Option<Vec<Entry>>,
    /// A package whose payload these are, in xz.
    pub(super) rpm: Option<Vec<Entry>>,
    /// A file system of this one file.
    pub(super) squashfs: Option<Vec<Entry>>,
    pub(super) iso: Option<Vec<Entry>>,
    /// The content stands as a text in a small sample of this format, by the name that `watertight formats` has.
    pub(super) format: Option<String>,
    /// A repository at `path`, of which each of these is a commit with this one file.
    pub(super) git: Option<Vec<Entry>>,
    /// Its objects lie in a pack.
    #[serde(default)]
    pub(super) packed: bool,
    /// Stands before and behind the content.
    #[serde(default)]
    pub(super) before: String,
    #[serde(default)]
    pub(super) after: String,
    /// Of a zip's entry: how it is compressed.
    #[serde(default)]
    pub(super) method: Method,
    /// Of a zip's entry: what is odd about it.
    pub(super) odd: Option<Odd>,
    /// The content so many times.
    pub(super) repeat: Option<usize>,
    /// What is done to the content, in turn.
    #[serde(default)]
    pub(super) encode: Vec<Encoding>,
    /// A whiteout of `path`.
    #[serde(default)]
    pub(super) delete: bool,
    /// Hides what lower layers have in the directory `path`.
    #[serde(default)]
    pub(super) opaque: bool,
    #[serde(default)]
    pub(super) directory: bool,
    pub(super) symlink: Option<String>,
    pub(super) hardlink: Option<String>,
    /// More PAX records of the entry.
    #[serde(default)]
    pub(super) pax: BTreeMap<String, String>,
    /// The name is in an extension header of this kind.
    pub(super) long: Option<Long>,
    /// The size in the header, where it lies.
    pub(super) size: Option<u64>,
    /// Stored with holes.
    pub(super) sparse: Option<Sparse>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Method {
    Stored,
    #[default]
    Deflate,
    Bzip2,
    Lzma,
    Zstd,
    Xz,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Odd {
    /// The central directory leaves it out.
    Unlisted,
    /// It says that it is encrypted.
    Encrypted,
    /// Its sizes stand in a zip64 extra field.
    Zip64,
    /// The local header says that it has no bytes, the directory that it has one more.
    Sizes,
    /// Its method is one that nobody knows.
    Method,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Long {
    Gnu,
    Pax,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Sparse {
    /// The old header of GNU tar.
    Gnu,
    /// Version 1.0, with the map before the data.
    Pax,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Encoding {
    Gzip,
    Zstd,
    Xz,
    Lzma,
    Bzip2,
    Lz4,
    Lz4Legacy,
    Snappy,
    Brotli,
    Lzop,
    Base64,
    /// The bytes that the text is base64 of.
    FromBase64,
    Hex,
    Percent,
    QuotedPrintable,
    /// Of HTML.
    Entities,
    /// A `\u` escape for each character, in quotes.
    Json,
    Latin1,
    /// Without a byte order mark.
    Utf16le,
    Utf16be,
    /// Prefixed with a byte order mark, of UTF-16 if that was done just before.
    Bom,
    Crlf,
}

/// What the report must say. Incidents and gaps that are not named must not be there.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    /// As the incidents and gaps have it, if not given.
    pub(super) exit: Option<i32>,
    pub(super) images: Option<usize>,
    #[serde(default)]
    pub(super) incident: Vec<Incident>,
    #[serde(default)]
    pub(super) gap: Vec<Gap>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Incident {
    /// The name of a value; without one the incident is about a file as a whole.
    pub(super) secret: Option<String>,
    pub(super) rule: Option<String>,
    pub(super) severity: Option<String>,
    pub(super) confidence: Option<String>,
    pub(super) disposition: Option<String>,
    /// All of them, as `kind value`, if they are looked at.
    pub(super) parts: Option<Vec<String>>,
    /// All of them, in any order.
    pub(super) at: Vec<Finding>,
}

/// Where a secret is found. What is not given is not looked at, but `layer`, `hidden_by` and `path` must be absent then.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Finding {
    #[serde(default = "live")]
    pub(super) state: String,
    pub(super) layer: Option<u64>,
    pub(super) hidden_by: Option<u64>,
    pub(super) path: Option<String>,
    pub(super) member: Option<String>,
    pub(super) name: Option<String>,
    pub(super) line: Option<u64>,
    pub(super) platform: Option<String>,
    pub(super) decoded: Option<Vec<String>>,
    /// What the note contains.
    pub(super) note: Option<String>,
    /// What the instruction contains; empty if it must be unknown.
    pub(super) by: Option<String>,
    /// What the place contains.
    pub(super) place: Option<String>,
    /// The path in the history of a repository.
    pub(super) path_in: Option<String>,
    /// When the commit was made that brought it.
    pub(super) committed: Option<u64>,
}

fn live() -> String {
    "live".into()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gap {
    pub(super) reason: String,
    pub(super) scope: String,
    /// What the place contains.
    #[serde(default)]
    pub(super) place: String,
}
