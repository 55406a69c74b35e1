//! Rules: what a credential looks like, as data.
//!
//! `rules/*.toml` are embedded when the program is built; a directory of the user's own files may
//! replace them. A set is checked as a whole when it is read, so a detector never meets a rule
//! that it cannot run. `rules/README.md` is the schema.

mod check;
mod compiled;
mod glob;
mod lazy;
mod pattern;
mod written;

pub use check::{Check, Requirement};
pub use compiled::{Form, Rule, rank};
pub use glob::{Mark, PathGlob};
pub use lazy::LazyRegex;
pub use pattern::{ByteSet, Match, Pattern};
pub use written::{Boundary, Example, Failing, Lifetime, Structure};

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files of `rules/`, embedded: name and text, sorted by name.
const BUILTIN: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// Rules that were read, validated and compiled.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Arc<Rule>>,
    /// For each rule, which file it is from.
    files: Vec<usize>,
    digest: String,
}

impl RuleSet {
    /// The rules that come with the program. A test verifies them, so that not every start has to.
    pub fn builtin() -> Result<Self, RuleError> {
        Self::read(BUILTIN)
    }

    /// Rules from texts: the name of each file, for messages, and what it holds.
    pub fn parse<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Self, RuleError> {
        let set = Self::read(files)?;
        for (rule, file) in set.rules.iter().zip(&set.files) {
            let name = files.get(*file).map_or("", |(name, _)| name.as_ref());
            rule.verify().map_err(|message| RuleError::rule(name, &rule.label.id, message))?;
        }
        Ok(set)
    }

    fn read<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Self, RuleError> {
        let mut ids = HashSet::new();
        let mut of: Vec<usize> = Vec::new();
        let mut rules: Vec<Arc<Rule>> = Vec::new();
        let mut texts = Vec::new();
        for (file, (name, text)) in files.iter().enumerate() {
            let (name, text) = (name.as_ref(), text.as_ref());
            for rule in compiled::compile(name, written::parse(name, text)?)? {
                if !ids.insert(rule.label.id.clone()) {
                    return Err(RuleError::rule(name, &rule.label.id, "another rule has this id"));
                }
                rules.push(Arc::new(rule));
                of.push(file);
            }
            texts.extend_from_slice(name.as_bytes());
            texts.push(0);
            texts.extend_from_slice(text.as_bytes());
            texts.push(0);
        }
        Ok(Self { rules, files: of, digest: crate::blob::Digest::sha256(&texts).as_str().to_owned() })
    }

    /// Every `*.toml` directly in `directory`, sorted by file name.
    pub fn load_dir(directory: &Path) -> Result<Self, RuleError> {
        let read = |path: &Path, source| RuleError::Read { path: path.to_owned(), source };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(|error| read(directory, error))? {
            let path = entry.map_err(|error| read(directory, error))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
        paths.sort();
        if paths.is_empty() {
            return Err(RuleError::Empty { path: directory.to_owned() });
        }
        let mut files = Vec::new();
        for path in paths {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let text = std::fs::read_to_string(&path).map_err(|error| read(&path, error))?;
            files.push((name, text));
        }
        Self::parse(&files)
    }

    /// The rules, in the order of their files.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// How many rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// `sha256:…` over the names and texts of all files: what a report says it was made with.
    pub fn digest(&self) -> String {
        self.digest.clone()
    }
}

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
        /// What the parser says.
        message: String,
    },
    /// A rule that cannot be run.
    #[error("{file}: rule {id}: {message}")]
    Rule {
        /// The rule file.
        file: String,
        /// The rule.
        id: String,
        /// What is wrong with it.
        message: String,
    },
}

impl RuleError {
    pub(crate) fn rule(file: &str, id: &str, message: impl Into<String>) -> Self {
        Self::Rule { file: file.to_owned(), id: id.to_owned(), message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "issuer = 'X'\n[[rule]]\nid = 'x-key'\ntitle = 'X key'\nseverity = 'high'\nexamples = ['a']\n";

    fn check(body: &str, expected: &str) {
        let outcome = RuleSet::parse(&[("x.toml", format!("{HEAD}{body}"))]).map(|set| set.len());
        let message = outcome.map_or_else(|error| error.to_string(), |count| format!("{count} rule"));
        assert!(message.contains(expected), "{body}: {message}");
    }

    #[test]
    fn rules_that_cannot_run_are_refused() {
        check("anchors = ['xkey-']\npattern = 'xkey-[0-9]{20}'", "1 rule");
        check("anchors = ['xkey-']\npattern = 'xkey-[0-9]+'", "bounded");
        check("anchors = ['xk']\npattern = 'xk[0-9]{20}'", "3 bytes");
        check("anchors = ['xkey-']\npattern = '\\bxkey-[0-9]{20}'", "look-around");
        check("anchors = ['xkey-']\npattern = 'xkey-(['", "pattern");
        check("keywords = ['xkey']\npattern = '[a-z]{4,20}'", "16");
        check("keywords = ['xkey']", "pattern");
        check("detector = 'jwt'\nrequires = ['iss=']", "name=part");
        check("anchors = ['xkey-']\npattern = 'xkey-[0-9]{20}'\nrequires = ['iss']", "requires");
        check("anchors = ['xkey-']\npattern = 'xkey-[0-9]{20}'\nfailing = 'example'", "failing");
        check("detector = 'url'\nfiles = ['a']", "one form");
        check("files = ['etc/']", "no file");
        check("files = ['**/.netrc']\ncontent = '(['", "content");
        check("files = ['**/.netrc']", "1 rule");
        check("", "one form");
        check("colour = 'red'", "colour");
    }

    #[test]
    fn the_rules_of_the_program_can_be_built() {
        RuleSet::parse(BUILTIN).unwrap();
    }

    #[test]
    fn ids_are_unique_and_the_digest_tells_sets_apart() {
        let rule = |id: &str| format!("{}anchors = ['xkey-']\npattern = 'xkey-[0-9]{{20}}'", HEAD.replace("x-key", id));
        assert!(RuleSet::parse(&[("a", rule("one")), ("b", rule("one"))]).is_err());
        let one = RuleSet::parse(&[("a", rule("one"))]).unwrap();
        let two = RuleSet::parse(&[("a", rule("two"))]).unwrap();
        assert!(one.digest().starts_with("sha256:"));
        assert_ne!(one.digest(), two.digest());
    }
}
