//! `watertight rules check`: whether rules can be used and keep their word, and where not.

use super::super::choice::failed;
use super::super::failure::Failure;
use super::super::output::to_stdout;
use crate::detect::Engine;
use crate::detect::acceptance::{Broken, examples, seams};
use crate::finding::Share;
use crate::place::escaped;
use crate::policy::Exit;
use crate::rules::{Example, Loaded, Origin, Remark, RuleSet};
use std::collections::HashSet;
use std::path::PathBuf;

/// Check rule files: that they can be read, that each example is found once wherever it stands, that no
/// counter-example is
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Rule files, or folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    path: Vec<PathBuf>,
    /// Check without the built-in rules beside them, which may find an example first
    #[arg(long)]
    no_builtin_rules: bool,
}

const EXAMPLES: &str = "\
Examples:
  watertight rules check my-rules/
  watertight rules check .gitleaks.toml      says what of it is not done

Each line names file, line, rule and field. Exit codes: 0 sound, 1 something is wrong, 2 could not run";

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let builtin = if args.no_builtin_rules { RuleSet::default() } else { RuleSet::builtin().map_err(|error| failed(&error))? };
    let mut all = builtin;
    let mut bare = 0;
    let mut ids: HashSet<String> = HashSet::new();
    let mut faults: Vec<String> = Vec::new();
    for path in &args.path {
        let Loaded { set, faults: of_path } = Loaded::from_path(path).map_err(|error| failed(&error))?;
        faults.extend(of_path.iter().map(ToString::to_string));
        for (rule, origin) in set.written() {
            bare += usize::from(rule.examples.is_empty());
            if !ids.insert(rule.label.id.clone()) {
                faults.push(told_twice(&rule.label.id, origin).to_string());
            }
        }
        all = all.with(set);
    }
    faults.extend(partless(&all, &ids).iter().map(ToString::to_string));
    let (checked, notes) = (ids.len(), all.notes().to_vec());
    let engine = Engine::new(&all).map_err(|error| failed(&error))?;
    for (rule, origin) in all.written().filter(|(rule, _)| ids.contains(&rule.label.id)) {
        let mut broken = examples(&engine, rule);
        if broken.is_empty() {
            broken = seams(&engine, rule);
        }
        faults.extend(broken.iter().map(|broken| remark(&rule.label.id, origin, broken).to_string()));
    }
    to_stdout("what was checked", |_, out| {
        for note in &notes {
            writeln!(out, "note: {}", escaped(note.to_string().as_bytes()))?;
        }
        for fault in &faults {
            writeln!(out, "{}", fault.lines().map(|line| escaped(line.as_bytes())).collect::<Vec<_>>().join("\n"))?;
        }
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let untried = if bare == 0 { String::new() } else { format!("; {bare} without examples to hold them to") };
        match faults.len() {
            0 => writeln!(out, "{checked} rule{} checked, all sound{untried}", plural(checked)),
            count => writeln!(out, "{checked} rule{} checked, {count} problem{}", plural(checked), plural(count)),
        }
    })?;
    Ok(if faults.is_empty() { Exit::Clean } else { Exit::Findings })
}

/// Rules of these ids that say that they are a part of what no rule finds.
fn partless(all: &RuleSet, ids: &HashSet<String>) -> Vec<Remark> {
    let known: HashSet<&str> = all.rules().iter().map(|rule| rule.label.id.as_str()).collect();
    let mut faults = Vec::new();
    for (rule, origin) in all.written().filter(|(rule, _)| ids.contains(&rule.label.id)) {
        let (field, of) = match &rule.label.share {
            Share::Whole => continue,
            Share::PublicHalf(of) => ("public_half_of", of),
            Share::Companion(of) => ("goes_with", of),
        };
        faults.extend(of.iter().filter(|id| !known.contains(id.as_str())).map(|other| {
            let (file, line) = (origin.file.name.clone(), Some(origin.line_of(field)));
            let message = format!("no rule has the id `{other}`");
            Remark { file, line, id: rule.label.id.clone(), field, message, is_loss: true }
        }));
    }
    faults
}

/// Of an id that files named side by side both have.
fn told_twice(id: &str, origin: &Origin) -> Remark {
    let (file, line) = (origin.file.name.clone(), Some(origin.line_of("id")));
    Remark { file, line, id: id.to_owned(), field: "id", message: "another rule has this id".to_owned(), is_loss: true }
}

fn remark(id: &str, origin: &Origin, broken: &Broken<'_>) -> Remark {
    let text = match broken.example {
        Example::Text(text) | Example::File { text, .. } => text,
    };
    Remark {
        file: origin.file.name.clone(),
        line: Some(origin.line_with(broken.field, text)),
        id: id.to_owned(),
        field: broken.field,
        message: format!("{}: {text}", broken.what),
        is_loss: true,
    }
}
