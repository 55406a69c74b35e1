//! The door: parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(watertight::cli::main().code())
}
