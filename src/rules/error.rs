//! Why rules cannot be used, or not in all they ask for: told by file, line, rule and field, so that whoever
//! wrote them knows where to look.

use std::fmt;
use std::path::PathBuf;

/// Why a set of rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The file or directory cannot be read.
    #[error("cannot read rules from {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A directory without a rule file.
    #[error("no .toml file in {}", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// Not TOML, or not in the shape of the schema.
    #[error("{file}: {message}")]
    Written {
        /// The rule file.
        file: String,
        /// What the parser says, with the line.
        message: String,
    },
    /// A rule that cannot be run.
    #[error("{0}")]
    Rule(Remark),
    /// Rules are chosen by a name that none has.
    #[error("no rule has the id, issuer or tag '{name}'")]
    Unknown {
        /// As given.
        name: String,
        /// Names that are near it.
        near: Vec<String>,
    },
    /// A rule is asked for that is not there.
    #[error("no rule has the id '{id}'")]
    NoSuchRule {
        /// As given.
        id: String,
        /// Names that are near it.
        near: Vec<String>,
    },
    /// Nothing is left to look for.
    #[error("no rule is left of the selection")]
    NothingLeft,
}

impl RuleError {
    pub(crate) fn rule(file: &str, id: &str, message: impl Into<String>) -> Self {
        Self::Rule(Remark {
            file: file.to_owned(),
            line: None,
            id: id.to_owned(),
            field: "",
            message: message.into(),
            is_loss: true,
        })
    }

    /// What may help.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { near, .. } | Self::NoSuchRule { near, .. } if near.is_empty() => {
                Some("`watertight rules list` shows what there is".into())
            }
            Self::Unknown { near, .. } | Self::NoSuchRule { near, .. } => {
                Some(format!("there is {}; `watertight rules list` shows all", near.join(", ")))
            }
            Self::NothingLeft => Some("choose by --only and --except so that a rule is left, or add some with --rules".into()),
            Self::Read { .. } | Self::Empty { .. } => {
                Some("--rules takes a TOML file or a folder of them; rules/README.md describes them".into())
            }
            Self::Written { .. } | Self::Rule(_) => Some("`watertight rules check` tells all that is wrong".into()),
        }
    }
}

/// What is to be said of one rule of a file, or of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The rule file, as named.
    pub file: String,
    /// From 1, where it is known.
    pub line: Option<usize>,
    /// The rule; empty for what is about the file.
    pub id: String,
    /// The field of the rule; empty where it is none alone.
    pub field: &'static str,
    /// What is wrong, or not done.
    pub message: String,
    /// Whether something is wrong or not done at all, rather than done in another way.
    pub is_loss: bool,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.id.is_empty() {
            write!(f, ": rule {}", self.id)?;
        }
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
        }
        write!(f, ": {}", self.message)
    }
}
