//! What an image is: its layers, its settings, and what its history says of both. Pure: documents
//! in, names and values out; where the documents come from is another room's affair.

pub mod config;
pub mod document;
pub mod history;
pub mod json;
pub mod lifecycle;
pub mod manifest;
pub mod packages;
pub mod platform;

use crate::blob::Digest;
use crate::finding::Instruction;
use crate::place::{Place, RootId};

/// One image: a manifest and its config, or an entry of a `docker save` archive.
#[derive(Clone, Debug)]
pub struct Image {
    /// Of the manifest, else of the config.
    pub digest: Option<Digest>,
    /// The config's, where it is there: what `docker images` shows as the image's id.
    pub config_digest: Option<Digest>,
    /// Tags and names under which the artifact lists it, sorted.
    pub names: Vec<String>,
    /// `linux/arm64`, as its config says, else as the index says.
    pub platform: Option<String>,
    /// From the base up.
    pub layers: Vec<Layer>,
    /// As the config has it.
    pub history: Vec<HistoryEntry>,
    /// Every name and value that its config, its history and its manifest reveal.
    pub settings: Vec<Setting>,
    /// The place of settings whose source is [`Document::Config`].
    pub config_place: Place,
    /// The place of settings whose source is [`Document::Manifest`]; the config's where there is none.
    pub manifest_place: Place,
}

/// One layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// From 0, the base.
    pub index: usize,
    /// The blob. Several images and several layers may share one.
    pub root: RootId,
    /// Of the blob as stored, where a manifest names it.
    pub digest: Option<Digest>,
    /// Of the uncompressed tar, as the config says.
    pub diff_id: Option<Digest>,
    /// The instruction that made it, where the history fits the layers. Values of `ARG` are left
    /// out; the command itself is not, and may hold what the scan finds in [`Setting`]s.
    pub created_by: Option<String>,
    /// Which entry of the history made it.
    pub history: Option<usize>,
    /// Of the blob as stored, in bytes.
    pub size: Option<u64>,
}

/// One entry of an image's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryEntry {
    /// As written, with whatever secrets it holds.
    pub created_by: String,
    /// Whether it made no layer.
    pub empty_layer: bool,
    /// The layer it made, where the history fits the layers.
    pub layer: Option<usize>,
}

/// What a value is, hence how it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// A name with its value.
    Pair,
    /// A command line.
    Command,
    /// Words without a name.
    Text,
}

/// The document that revealed a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Document {
    /// The image's config, its history included.
    Config,
    /// The manifest.
    Manifest,
    /// An index, an attestation or any other JSON.
    Other,
}

/// A name and a value that a document reveals.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    /// The way to it: `Env.DB_PASSWORD`, `Labels.x`, `history[3].ARG.NPM_TOKEN`, `annotations.k`.
    pub name: String,
    /// The bare name: `DB_PASSWORD`.
    pub key: String,
    /// The value, unescaped.
    pub value: Vec<u8>,
    /// How to look at the value.
    pub form: Form,
    /// The instruction that introduced it, where the history tells.
    pub instruction: Option<Instruction>,
    /// Where it stands.
    pub source: Document,
}

/// Values may be secrets, so only their length is shown.
impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({:?}, {} bytes, {:?})", self.name, self.form, self.value.len(), self.instruction)
    }
}
