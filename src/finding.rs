//! What a scan yields: findings, gaps and totals.

use crate::blob::Sums;
use crate::package::Package;
use crate::place::Place;
use crate::secret::Secret;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// How bad a live leak of this kind is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Public by design, or no credential by itself.
    Info,
    /// Little harm, or a credential that has expired or is for tests.
    Low,
    /// Some harm, or limited scope.
    Medium,
    /// Access to one service.
    High,
    /// Access to much.
    Critical,
}

impl Severity {
    /// The name, as in reports and flags.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How sure we are that it is a credential at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The context suggests it.
    Low,
    /// Name and value fit.
    Medium,
    /// The value identifies itself, or its checksum holds.
    High,
}

impl Confidence {
    /// The name, as in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What a finding calls for.
///
/// Ordered by how much: of the findings of one secret the first decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disposition {
    /// A credential that works, as far as can be told offline: rotate it.
    Actionable,
    /// It was one, and its own expiry has passed.
    Expired,
    /// A value of documentation, samples or tests that opens nothing.
    Example,
    /// Public by design: a publishable key, an identifier, a public key.
    Public,
    /// Somebody decided to live with it, by a comment beside it.
    Accepted,
}

impl Disposition {
    /// The name, as in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Actionable => "actionable",
            Self::Expired => "expired",
            Self::Example => "example",
            Self::Public => "public",
            Self::Accepted => "accepted",
        }
    }
}

/// What led to a judgement, for people: a short clause without the secret.
pub type Reason = Cow<'static, str>;

/// The reason that the path of the file gives where it says that the file tests or explains.
pub const TRIAL: &str = "in a file for tests or documentation";

/// What a rule says of itself, as much of it as a report needs.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleLabel {
    /// Kebab-case, unique.
    pub id: String,
    /// For people.
    pub title: String,
    /// Where the credential is revoked; may be empty.
    pub rotate: String,
    /// Of two rules that fit the same bytes, the more specific wins. Higher is more specific.
    pub rank: u8,
    /// How much of a credential its values are.
    pub share: Share,
    /// Whether what it finds works for hours, or until a date.
    pub short_lived: bool,
}

/// How much of a credential a value is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Share {
    /// All of it.
    #[default]
    Whole,
    /// The public half: it opens nothing without the secret that one of these rules finds.
    PublicHalf(Vec<String>),
    /// A secret that is of use only with the one that one of these rules finds.
    Companion(Vec<String>),
}

/// What stands beside a secret and belongs to the same credential.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// What it is to the credential.
    pub kind: PartKind,
    /// The key that leads to it, where there is one.
    pub name: Option<String>,
    /// What may be shown: who and where. Empty for a secret.
    pub shown: String,
    /// What may not; empty for all that is no secret.
    pub secret: Secret,
}

/// What a part is to its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PartKind {
    /// Names the key, the client or the account.
    Id,
    /// Whose password it is.
    User,
    /// Where it opens.
    Host,
    /// The certificate of a private key.
    Certificate,
    /// Until when it works, as what stands beside it says.
    Expiry,
    /// Another secret that is of use only with this one.
    Secret,
}

impl PartKind {
    /// The name, as in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::User => "user",
            Self::Host => "host",
            Self::Certificate => "certificate",
            Self::Expiry => "expiry",
            Self::Secret => "secret",
        }
    }
}

impl Part {
    /// A part that is no secret.
    pub fn shown(kind: PartKind, shown: String) -> Self {
        Self { kind, name: None, shown, secret: Secret::new(b"", 0) }
    }
}

/// A judged hit with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// Which entry of the layer's tar, counted from 0: of two entries with one name the later wins.
    pub entry: Option<u32>,
    /// From the start of the innermost member, in bytes. For a decoded text, of the encoded run.
    pub offset: u64,
    /// From 1; `None` where lines mean nothing.
    pub line: Option<u64>,
    /// In bytes, from 1.
    pub column: Option<u64>,
    /// The key, when a structure gave one: `DB_PASSWORD`, `Env.TOKEN`.
    pub name: Option<String>,
    /// The rule that matched.
    pub rule: Arc<RuleLabel>,
    /// The secret part. Empty for a finding that is about a file as a whole.
    pub secret: Secret,
    /// After judgement.
    pub severity: Severity,
    /// After judgement.
    pub confidence: Confidence,
    /// After judgement.
    pub disposition: Disposition,
    /// What led to the judgement, in the order in which it was weighed.
    pub reasons: Vec<Reason>,
    /// What had to be undone to read it, outermost first: `base64`, `utf-16le`.
    pub decoded: Vec<&'static str>,
    /// What else is known: `expired 2024-01-01`, `host db.internal`. Never part of the secret.
    pub note: Option<String>,
    /// What stands beside it and belongs to the same credential.
    pub parts: Vec<Part>,
    /// The secret that it is only a part of: it is told with that one.
    pub part_of: Option<Secret>,
    /// For findings in an image's config: the instruction that introduced it, and the layer it made.
    pub instruction: Option<Instruction>,
    /// Digests of the file it lies in, where they were taken.
    pub content: Option<Arc<Sums>>,
    /// The package that the file came with.
    pub package: Option<Arc<Package>>,
}

/// An instruction of an image's history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instruction {
    /// Position in the history, from 0.
    pub history: usize,
    /// The layer it made, if any.
    pub layer: Option<usize>,
}

/// Why something was not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapReason {
    /// The structure is broken; what could be read was, and the raw bytes were scanned.
    Damaged,
    /// The bytes end before the structure does.
    Truncated,
    /// An archive stops between members without the marker that ends it: cut there, or made so.
    MissingEnd,
    /// The bytes are not those that the digest names.
    DigestMismatch,
    /// A descriptor's size is not the size of the blob.
    SizeMismatch,
    /// A blob that a manifest names is not there.
    MissingBlob,
    /// A manifest, index or config that cannot be understood or contradicts itself.
    BadManifest,
    /// The history does not fit the layers, so attribution is unknown.
    HistoryMismatch,
    /// Encrypted.
    Encrypted,
    /// A compression or a feature of the format that is not supported.
    Unsupported,
    /// Archives nested deeper than the limit; the raw bytes were scanned.
    DepthLimit,
    /// Grows far more than honest data does when unpacked; the rest was scanned raw.
    ExpansionLimit,
    /// More of something than memory safety allows to keep.
    SizeLimit,
    /// Two parts of a structure disagree; both were read.
    Disagreement,
    /// The operating system refused to give us the bytes.
    Unreadable,
    /// A defect of ours: a parser panicked. The raw bytes were scanned.
    Internal,
}

impl GapReason {
    /// The name, as in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Truncated => "truncated",
            Self::MissingEnd => "missing-end",
            Self::DigestMismatch => "digest-mismatch",
            Self::SizeMismatch => "size-mismatch",
            Self::MissingBlob => "missing-blob",
            Self::BadManifest => "bad-manifest",
            Self::HistoryMismatch => "history-mismatch",
            Self::Encrypted => "encrypted",
            Self::Unsupported => "unsupported",
            Self::DepthLimit => "depth-limit",
            Self::ExpansionLimit => "expansion-limit",
            Self::SizeLimit => "size-limit",
            Self::Disagreement => "disagreement",
            Self::Unreadable => "unreadable",
            Self::Internal => "internal",
        }
    }
}

/// Whether the image or target itself was not wholly readable, or one item in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The image or the target itself: never ends in exit 0.
    Image,
    /// One file or member inside it.
    Item,
}

/// What was not seen, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Where.
    pub place: Place,
    /// Why.
    pub reason: GapReason,
    /// For people; never holds a secret.
    pub detail: String,
    /// How many bytes it cost, where that is known.
    pub bytes: Option<u64>,
    /// How much of the answer it costs.
    pub scope: Scope,
}

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Images audited.
    pub images: u64,
    /// Distinct layer blobs read.
    pub layers: u64,
    /// Files in layers or directories.
    pub files: u64,
    /// Members of containers inside those files.
    pub members: u64,
    /// Uncompressed bytes scanned, nested ones included.
    pub bytes: u64,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.images += other.images;
        self.layers += other.layers;
        self.files += other.files;
        self.members += other.members;
        self.bytes += other.bytes;
    }
}
