//! The package that a file came with, as the records of a package manager tell.

use serde::Serialize;
use std::fmt;

/// A package, and how much its record says of one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Who keeps the record.
    pub manager: Keeper,
    /// As the record has it.
    pub name: String,
    /// As the record has it; may be empty.
    pub version: String,
    /// Whether the file is as the package brought it; `None` where the record or the file does not tell.
    pub unchanged: Option<bool>,
    /// Whose package it is.
    pub standing: Standing,
}

/// A package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Keeper {
    /// Debian, Ubuntu and all that is made of them.
    Dpkg,
    /// Alpine.
    Apk,
    /// Red Hat, SUSE and all that is made of them.
    Rpm,
    /// Whatever installs wheels.
    Python,
    /// Whatever fills `node_modules`.
    Npm,
}

impl Keeper {
    /// What its packages are called.
    fn adjective(self) -> &'static str {
        match self {
            Self::Dpkg => "Debian",
            Self::Apk => "Alpine",
            Self::Rpm => "RPM",
            Self::Python => "Python",
            Self::Npm => "npm",
        }
    }
}

/// Whose package it is, as far as can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Known by what lies beside the file alone, or installed from a folder of somebody's own.
    Named,
    /// Fetched by a package manager.
    Published,
    /// Of the distribution: whoever runs it has the file.
    Distribution,
}

/// `the Debian package libgnutls30 3.7.9`.
impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} package {}", self.manager.adjective(), self.name)?;
        if self.version.is_empty() { Ok(()) } else { write!(f, " {}", self.version) }
    }
}
