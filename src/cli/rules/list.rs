//! `watertight rules list`: a line for each rule, or JSON.

use super::super::choice::Choice;
use super::super::failure::Failure;
use super::super::output::{Format, to_stdout};
use super::super::scan::Level;
use crate::finding::{Confidence, Severity};
use crate::place::escaped;
use crate::policy::Exit;
use crate::rules::{Lifetime, Origin, Rule};
use serde::Serialize;
use std::io::{self, Write};

/// List rules: id, severity, issuer, title
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Only rules that have all these words in id, title, issuer or tags
    word: Vec<String>,
    /// Only rules of this severity or worse
    #[arg(long, value_enum, value_name = "SEVERITY")]
    severity: Option<Level>,
    /// Shape of the list
    #[arg(long, short, value_enum, default_value = "human", value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    choice: Choice,
}

const EXAMPLES: &str = "\
Examples:
  watertight rules list                            all of them
  watertight rules list --only github,gitlab       of these issuers
  watertight rules list --only tag:ci              with this tag; rules/README.md lists the tags
  watertight rules list webhook --severity high    with a word, and at least as bad
  watertight rules list --rules my-rules/ --no-builtin-rules --format json

A tag is what a rule file says, or the form of a rule: anchored, contextual, files, url, pem, jwt,
assignment, basic-auth, command-line, docker-auth, key-store, stray-env, expression";

/// A rule, for machines.
#[derive(Serialize)]
struct Entry<'r> {
    id: &'r str,
    title: &'r str,
    severity: Severity,
    confidence: Confidence,
    lifetime: Lifetime,
    issuer: &'r str,
    tags: &'r [String],
    form: &'static str,
    /// Whether values must pass an offline check.
    checked: bool,
    reference: &'r str,
    rotate: &'r str,
    file: &'r str,
    line: usize,
    builtin: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let rules = args.choice.load()?;
    let listed: Vec<_> = rules.written().filter(|(rule, _)| args.wants(rule)).collect();
    to_stdout("the list", |_, out| match args.format {
        Format::Human => human(&listed.iter().map(|(rule, _)| &***rule).collect::<Vec<_>>(), out),
        Format::Json => {
            let entries: Vec<_> = listed.iter().map(|(rule, origin)| entry(rule, origin)).collect();
            serde_json::to_writer_pretty(&mut *out, &entries)?;
            writeln!(out)
        }
    })?;
    Ok(Exit::Clean)
}

impl Args {
    fn wants(&self, rule: &Rule) -> bool {
        let texts = [&rule.label.id, &rule.label.title, &rule.issuer].into_iter().chain(&rule.tags);
        let text = texts.map(|text| text.to_lowercase()).collect::<Vec<_>>().join("\n");
        self.severity.is_none_or(|least| rule.severity >= least.into())
            && self.word.iter().all(|word| text.contains(&word.to_lowercase()))
    }
}

fn human(rules: &[&Rule], out: &mut dyn Write) -> io::Result<()> {
    let widest = |of: fn(&Rule) -> &str| rules.iter().map(|rule| of(rule).chars().count()).max().unwrap_or(0);
    let (id, issuer) = (widest(|rule| &rule.label.id), widest(|rule| &rule.issuer));
    for rule in rules {
        let line = format!("{:id$}  {:8}  {:issuer$}  {}", rule.label.id, rule.severity.as_str(), rule.issuer, rule.label.title);
        writeln!(out, "{}", escaped(line.trim_end().as_bytes()))?;
    }
    Ok(())
}

fn entry<'r>(rule: &'r Rule, origin: &'r Origin) -> Entry<'r> {
    Entry {
        id: &rule.label.id,
        title: &rule.label.title,
        severity: rule.severity,
        confidence: rule.confidence,
        lifetime: rule.lifetime,
        issuer: &rule.issuer,
        tags: &rule.tags,
        form: rule.form.as_str(),
        checked: rule.check.is_some(),
        reference: &rule.reference,
        rotate: &rule.label.rotate,
        file: &origin.file.name,
        line: origin.line_of(""),
        builtin: origin.file.is_builtin,
    }
}
