//! Rules as people write them: the shape of `rules/*.toml`.

use super::{Check, RuleError};
use crate::finding::{Confidence, Severity};
use serde::{Deserialize, Serialize};

/// One file: what its rules share, and the rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) issuer: String,
    #[serde(default)]
    pub(super) rotate: String,
    #[serde(default)]
    pub(super) reference: String,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) rule: Vec<Written>,
}

/// One `[[rule]]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) severity: Severity,
    pub(super) confidence: Option<Confidence>,
    pub(super) rotate: Option<String>,
    pub(super) reference: Option<String>,
    #[serde(default)]
    pub(super) lifetime: Lifetime,
    #[serde(default)]
    pub(super) variants: Vec<String>,
    #[serde(default)]
    pub(super) public_half_of: Vec<String>,
    #[serde(default)]
    pub(super) goes_with: Vec<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    pub(super) check: Option<Check>,
    #[serde(default)]
    pub(super) failing: Failing,
    #[serde(default)]
    pub(super) requires: Vec<String>,
    pub(super) rank: Option<u8>,
    pub(super) entropy: Option<f64>,
    pub(super) examples: Vec<Example>,
    #[serde(default)]
    pub(super) counter: Vec<Example>,
    #[serde(default)]
    pub(super) anchors: Vec<String>,
    pub(super) pattern: Option<String>,
    #[serde(default)]
    pub(super) before: usize,
    #[serde(default)]
    pub(super) boundary: Boundary,
    #[serde(default)]
    pub(super) keywords: Vec<String>,
    pub(super) detector: Option<Structure>,
    #[serde(default)]
    pub(super) schemes: Vec<String>,
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    #[serde(default)]
    pub(super) labels: Vec<String>,
    #[serde(default)]
    pub(super) issuers: Vec<String>,
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) files: Vec<String>,
    pub(super) content: Option<String>,
}

/// A text in which a rule is found, or is not. Fillers are expanded by `forge::filler`.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Example {
    /// Any text.
    Text(String),
    /// A file by its path.
    File {
        /// In the layer, without a leading slash.
        path: String,
        /// What it holds.
        text: String,
    },
}

/// Which left neighbours of a match are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Boundary {
    /// No letter, digit or `_`, but for what binary strings and escapes put there.
    #[default]
    Token,
    /// Also a lower-case name run up against the value.
    Loose,
    /// Anything on either side: for rules with a check.
    None,
}

/// What becomes of a match that fails the check of its rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Failing {
    /// It is something else.
    #[default]
    Drop,
    /// It was made up, as in documentation: prefix and length leave no other meaning.
    Example,
}

/// How long a credential of a kind works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lifetime {
    /// Until somebody revokes it.
    LongLived,
    /// Hours.
    ShortLived,
    /// Until a date that is part of it or was set when it was made.
    Expiring,
    /// It is no secret: an identifier, a publishable key, ciphertext.
    #[serde(rename = "public-by-design")]
    Public,
    /// Not documented.
    #[default]
    Unknown,
}

impl Lifetime {
    /// The name, as in rule files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LongLived => "long-lived",
            Self::ShortLived => "short-lived",
            Self::Expiring => "expiring",
            Self::Public => "public-by-design",
            Self::Unknown => "unknown",
        }
    }
}

/// The detectors that are code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Structure {
    /// `scheme://user:password@host`.
    Url,
    /// A PEM block.
    Pem,
    /// A JSON web token.
    Jwt,
    /// A secret-like name with a value that is no placeholder.
    Assignment,
    /// `Authorization: Basic …`.
    BasicAuth,
    /// Options and arguments of known programs.
    CommandLine,
    /// `auths.HOST.auth` of a Docker client configuration.
    DockerAuth,
    /// A key store that opens.
    KeyStore,
    /// A `.env` file.
    StrayEnv,
    /// What a pickle imports.
    UnsafeImport,
}

impl Structure {
    /// The name, as in rule files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Pem => "pem",
            Self::Jwt => "jwt",
            Self::Assignment => "assignment",
            Self::BasicAuth => "basic-auth",
            Self::CommandLine => "command-line",
            Self::DockerAuth => "docker-auth",
            Self::KeyStore => "key-store",
            Self::StrayEnv => "stray-env",
            Self::UnsafeImport => "unsafe-import",
        }
    }
}

/// Reads one file.
pub(super) fn parse(file: &str, text: &str) -> Result<File, RuleError> {
    toml::from_str(text).map_err(|error| RuleError::Written { file: file.to_owned(), message: error.to_string() })
}
