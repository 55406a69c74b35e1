//! The configuration of gitleaks as people write it, from its documentation.
//!
//! Its keys are read in any case, as gitleaks does. What is not listed here is collected, so that it can be named.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Keys that are not listed, with what they hold.
pub(super) type Others = BTreeMap<String, toml::Value>;

/// One file.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Config {
    pub(super) title: Option<String>,
    /// For people.
    #[serde(rename = "description")]
    _description: Option<String>,
    /// About the program, not about what is looked for.
    #[serde(rename = "minversion")]
    _min_version: Option<String>,
    pub(super) extend: Option<Extend>,
    #[serde(default)]
    pub(super) rules: Vec<Written>,
    pub(super) allowlist: Option<Allowlist>,
    #[serde(default)]
    pub(super) allowlists: Vec<Allowlist>,
    #[serde(flatten)]
    pub(super) others: Others,
}

/// What a file builds upon.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Extend {
    #[serde(default, rename = "usedefault")]
    pub(super) use_default: bool,
    pub(super) path: Option<String>,
    #[serde(default, rename = "disabledrules")]
    pub(super) disabled: Vec<String>,
    #[serde(flatten)]
    pub(super) others: Others,
}

/// One `[[rules]]` table.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    pub(super) id: String,
    pub(super) description: Option<String>,
    pub(super) regex: Option<String>,
    pub(super) path: Option<String>,
    #[serde(rename = "secretgroup")]
    pub(super) group: Option<usize>,
    pub(super) entropy: Option<f64>,
    #[serde(default)]
    pub(super) keywords: Vec<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    pub(super) allowlist: Option<Allowlist>,
    #[serde(default)]
    pub(super) allowlists: Vec<Allowlist>,
    #[serde(default)]
    pub(super) required: Vec<Part>,
    #[serde(default, rename = "skipreport")]
    pub(super) skip_report: bool,
    #[serde(flatten)]
    pub(super) others: Others,
}

/// What is let pass.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Allowlist {
    #[serde(rename = "description")]
    _description: Option<String>,
    pub(super) condition: Option<String>,
    #[serde(default)]
    pub(super) commits: Vec<String>,
    #[serde(default)]
    pub(super) paths: Vec<String>,
    #[serde(rename = "regextarget")]
    pub(super) target: Option<String>,
    #[serde(default)]
    pub(super) regexes: Vec<String>,
    #[serde(default)]
    pub(super) stopwords: Vec<String>,
    #[serde(default, rename = "targetrules")]
    pub(super) rules: Vec<String>,
    #[serde(flatten)]
    pub(super) others: Others,
}

/// Another rule that must match near by.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Part {
    pub(super) id: String,
    #[serde(rename = "withinlines")]
    pub(super) lines: Option<usize>,
    #[serde(rename = "withincolumns")]
    pub(super) columns: Option<usize>,
    #[serde(flatten)]
    pub(super) others: Others,
}

/// Whether a text is in this shape and not in ours: by the headers that it has.
pub(in crate::rules) fn is_one(text: &str) -> bool {
    let mut heads = text.lines().map(str::trim_start).filter(|line| line.starts_with('[')).map(str::to_ascii_lowercase);
    let theirs = ["[[rules]]", "[extend]", "[allowlist]", "[[allowlists]]"];
    heads.any(|line| theirs.iter().any(|head| line.starts_with(head))) && !text.lines().any(|line| line.starts_with("[[rule]]"))
}

/// Reads one file, or says what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Config, String> {
    let table: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
    lowered(table).try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

/// All keys in lower case.
fn lowered(table: toml::Table) -> toml::Table {
    fn value(it: toml::Value) -> toml::Value {
        match it {
            toml::Value::Table(table) => toml::Value::Table(lowered(table)),
            toml::Value::Array(all) => toml::Value::Array(all.into_iter().map(value).collect()),
            other => other,
        }
    }
    table.into_iter().map(|(key, it)| (key.to_ascii_lowercase(), value(it))).collect()
}
