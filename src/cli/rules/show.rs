//! `watertight rules show`: a rule as it is written, and in which file.

use super::super::failure::Failure;
use super::super::output::to_stdout;
use super::Named;
use crate::policy::Exit;
use crate::rules::Origin;

/// What the help ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  watertight rules show github-personal-access-token
  watertight rules show my-rule --rules my-rules/
  watertight rules show npm-access-token > my-rules/npm.toml    to start from";

pub(super) fn run(args: &Named) -> Result<Exit, Failure> {
    let rules = args.choice.load()?;
    let shown = args.of(&rules)?;
    to_stdout("the rules", |_, out| {
        for (at, (_, origin)) in shown.iter().enumerate() {
            let (line, table) = origin.table();
            if at > 0 {
                writeln!(out)?;
            }
            writeln!(out, "# {}, line {line}", whose(origin))?;
            // One rule with what its file says of all is a file that can be built upon.
            if shown.len() == 1 && !origin.shared().is_empty() {
                writeln!(out, "{}\n", origin.shared())?;
            }
            writeln!(out, "{}", table.trim_end())?;
        }
        Ok(())
    })?;
    Ok(Exit::Clean)
}

/// The file of a rule, as a person would look for it.
pub(super) fn whose(origin: &Origin) -> String {
    let name = &origin.file.name;
    if origin.file.is_builtin { format!("built in, from rules/{name}") } else { name.clone() }
}
