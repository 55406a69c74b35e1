//! `watertight rules`: what is looked for, and help for whoever writes rules.

mod check;
mod explain;
mod list;
mod meaning;
mod show;

use super::choice::{Choice, failed};
use super::failure::Failure;
use crate::policy::Exit;
use crate::rules::{Origin, Rule, RuleError, RuleSet};
use clap::Subcommand;
use std::sync::Arc;

/// List, show and explain rules, and check those that you write
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  watertight rules list --only github
  watertight rules explain github-personal-access-token
  watertight rules check my-rules/
  watertight rules check .gitleaks.toml";

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    /// Show rules as they are written, in TOML
    #[command(after_help = show::EXAMPLES)]
    Show(Named),
    /// Explain rules in words: what is looked for, how it is checked and judged, what to do
    #[command(after_help = explain::EXAMPLES)]
    Explain(Named),
    Check(check::Args),
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Check(args) => check::run(args),
    }
}

/// Rules by their ids.
#[derive(Debug, clap::Args)]
struct Named {
    /// Ids of rules, as in reports
    #[arg(required = true)]
    id: Vec<String>,
    #[command(flatten)]
    choice: Choice,
}

impl Named {
    /// The rules of these ids, in the order given.
    fn of<'s>(&self, rules: &'s RuleSet) -> Result<Vec<(&'s Arc<Rule>, &'s Origin)>, Failure> {
        let of_id = |id: &String| {
            let found = rules.written().find(|(rule, _)| rule.label.id == *id);
            found.ok_or_else(|| failed(&RuleError::NoSuchRule { id: id.clone(), near: rules.near(id) }))
        };
        self.id.iter().map(of_id).collect()
    }
}
