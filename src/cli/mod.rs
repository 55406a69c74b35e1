//! The command line: one file per subcommand, its arguments beside its `run`.

mod choice;
mod demo;
mod failure;
mod formats;
mod output;
mod progress;
mod rules;
mod scan;

use crate::policy::Exit;
use clap::{Parser, Subcommand};

/// Is it watertight, or does it carry credentials and stray .env files?
///
/// Audits container images, model files and build outputs before they ship, and says what it could
/// not see. Nothing is unpacked to disk, nothing is sent anywhere, and no secret is printed.
#[derive(Debug, Parser)]
#[command(name = "watertight", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  watertight demo                              see it work on an image made for the purpose
  watertight scan app.tar                      a file of `docker save` or `podman save`
  watertight scan oci:build/image:latest       one image of an OCI layout
  docker save app | watertight scan -          without a file in between
  watertight scan model.pt --format json       for machines
  watertight rules list                        what is looked for
  watertight formats                           what is opened, and how far

Exit codes: 0 clean, 1 findings, 2 could not run, 3 nothing found but not wholly readable";

#[derive(Debug, Subcommand)]
enum Command {
    Scan(scan::Args),
    Rules(rules::Args),
    Demo(demo::Args),
    Formats(formats::Args),
}

/// Parses the command line, does what it says, and reports what went wrong to standard error.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are asked for; everything else is misuse. A closed pipe is no one's fault.
            let _ = error.print();
            return if error.use_stderr() { Exit::Failure } else { Exit::Clean };
        }
    };
    let outcome = match cli.command {
        Command::Scan(args) => scan::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Formats(args) => formats::run(&args),
    };
    outcome.unwrap_or_else(|failure| {
        failure.tell();
        Exit::Failure
    })
}
