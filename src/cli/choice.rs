//! Which rules a command uses: the built-in ones, those of the user's files, and a choice of both.

use super::failure::Failure;
use crate::place::escaped;
use crate::rules::{Loaded, Remark, RuleError, RuleSet, Selection};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

/// What `scan`, `demo` and `rules` share.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Choice {
    /// Add the rules of this file or folder, in our shape or that of gitleaks; one of a built-in rule's id goes
    /// before it. May be repeated
    #[arg(long, value_name = "FILE|DIR", help_heading = "Rules")]
    rules: Vec<PathBuf>,
    /// Leave the built-in rules out
    #[arg(long, help_heading = "Rules")]
    pub(super) no_builtin_rules: bool,
    /// Use these rules alone: ids, issuers or tags (also as issuer:NAME, tag:NAME),
    /// joined by commas. May be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = "Rules")]
    only: Vec<String>,
    /// Leave these rules out: ids, issuers or tags (also as issuer:NAME, tag:NAME),
    /// joined by commas. May be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = "Rules")]
    except: Vec<String>,
}

impl Choice {
    /// The rules. What the user's files ask for and is not done, or in another way, is told on standard error.
    pub(super) fn load(&self) -> Result<RuleSet, Failure> {
        let chosen = self.read().and_then(|rules| {
            let selection = Selection { only: self.only.clone(), except: self.except.clone() };
            rules.select(&selection)
        });
        let rules = chosen.map_err(|error| failed(&error))?;
        if rules.is_empty() {
            return Err(failed(&RuleError::NothingLeft));
        }
        warn(rules.notes());
        Ok(rules)
    }

    fn read(&self) -> Result<RuleSet, RuleError> {
        let mut rules = if self.no_builtin_rules { RuleSet::default() } else { RuleSet::builtin()? };
        for path in &self.rules {
            rules = rules.with(Loaded::from_path(path)?.strict()?);
        }
        Ok(rules)
    }
}

/// Tells what files of rules ask for and is not done; of what is done in another way, how much that is.
fn warn(notes: &[Remark]) {
    let mut err = std::io::stderr().lock();
    for note in notes.iter().filter(|note| note.is_loss) {
        let _ = writeln!(err, "warning: {}", escaped(note.to_string().as_bytes()));
    }
    let differing: BTreeSet<_> = notes.iter().filter(|note| !note.is_loss).map(|note| (&note.file, &note.id)).collect();
    let files: BTreeSet<_> = differing.iter().map(|(file, _)| *file).collect();
    for file in files {
        let count = differing.iter().filter(|(other, _)| *other == file).count();
        let rules = if count == 1 { "rule runs" } else { "rules run" };
        let said = format!("{file}: {count} {rules} in another way than by gitleaks; `watertight rules check {file}` says how");
        let _ = writeln!(err, "note: {}", escaped(said.as_bytes()));
    }
}

/// A fault of rules as the end of a run.
pub(super) fn failed(error: &RuleError) -> Failure {
    let failure = Failure::new(error);
    match error.hint() {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}
