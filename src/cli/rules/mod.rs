//! `watertight rules`: what is looked for, and help for whoever writes rules.

mod check;
mod explain;
mod list;
mod meaning;
mod show;

use super::choice::failed;
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
    Show(show::Args),
    Explain(explain::Args),
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

/// The rules of these ids, in the order given.
fn of_ids<'s>(rules: &'s RuleSet, ids: &[String]) -> Result<Vec<(&'s Arc<Rule>, &'s Origin)>, Failure> {
    let of_id = |id: &String| {
        let found = rules.written().find(|(rule, _)| rule.label.id == *id);
        found.ok_or_else(|| failed(&RuleError::NoSuchRule { id: id.clone(), near: rules.near(id) }))
    };
    ids.iter().map(of_id).collect()
}
