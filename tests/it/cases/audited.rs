//! The audit of a case: by the program, or by the library as the program uses it.

use serde_json::Value;
use std::fs::File;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use watertight::detect::Engine;
use watertight::limits::Limits;
use watertight::policy::{Exit, Policy};
use watertight::report::{Report, human, json};
use watertight::rules::RuleSet;
use watertight::scan::{Options, Progress};
use watertight::source::{self, Choice};

static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::builtin().expect("the built-in rules"));
static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(&RULES).expect("an engine"));

/// What comes of an audit.
pub(super) struct Answer {
    /// The exit code.
    pub(super) exit: i32,
    /// The report for machines, secrets shown.
    pub(super) report: Value,
    /// The report for people, who may not see them, and whatever else was printed with it.
    pub(super) printed: Vec<u8>,
}

/// As a user would have it: two runs of the program.
pub(super) fn by_program(target: &str, by_stdin: bool, args: &[String]) -> Result<Answer, String> {
    let (exit, report) = told(target, by_stdin, args)?;
    let printed = run(target, by_stdin, args, &[]);
    Ok(Answer { exit, report, printed: [printed.stdout, printed.stderr].concat() })
}

/// The exit code of the program and its report for machines, secrets shown.
pub(super) fn told(target: &str, by_stdin: bool, args: &[String]) -> Result<(i32, Value), String> {
    let output = run(target, by_stdin, args, &["--format", "json", "--show-secrets"]);
    let failure = || String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).map_err(|_| failure())?;
    Ok((output.status.code().ok_or_else(failure)?, report))
}

fn run(target: &str, by_stdin: bool, args: &[String], more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watertight"));
    let input = if by_stdin { File::open(target).expect("the file").into() } else { Stdio::null() };
    let target = if by_stdin { "-" } else { target };
    command.args(["scan", target]).args(args).args(more).stdin(input).output().expect("our program")
}

/// The same by the library, with no arguments.
pub(super) fn here(target: &str) -> Result<Answer, String> {
    let limits = Limits::default();
    let artifact = source::open(target, &Choice::default(), &limits).map_err(|error| error.to_string())?;
    let options = Options { limits, ..Options::default() };
    let audit = watertight::scan::scan(&artifact, &ENGINE, &options, &Progress::default()).map_err(|error| error.to_string())?;
    let verdict = Policy::default().verdict(&audit);
    let digest = RULES.digest();
    let report =
        |show_secrets| Report { audit: &audit, verdict, rules: &digest, fingerprint_key: b"", show_secrets, explain: false };
    let (mut machines, mut printed) = (Vec::new(), Vec::new());
    json::write(&report(true), &mut machines).expect("memory takes it");
    human::write(&report(false), false, &mut printed).expect("memory takes it");
    let report = serde_json::from_slice(&machines).expect("our own JSON");
    Ok(Answer { exit: i32::from(Exit::from(verdict).code()), report, printed })
}
