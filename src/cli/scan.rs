//! `watertight scan`: audit one target.

use super::choice;
use super::failure::Failure;
use super::output;
use super::progress::Display;
use crate::audit::Audit;
use crate::detect::Engine;
use crate::finding::{Confidence, Severity};
use crate::image::platform::Platform;
use crate::limits::Limits;
use crate::policy::{Exit, Policy};
use crate::report::Report;
use crate::rules::RuleSet;
use crate::scan::{Options, Progress, scan};
use crate::source::{self, Choice};
use clap::ValueEnum;
use std::sync::Arc;

/// Audit an image, an archive, a directory or a file
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What to audit: a path, recognised by its content; `-` for standard input; or with a transport:
    /// docker-archive:FILE, oci-archive:FILE[:TAG], oci:DIR[:TAG], dir:DIR
    target: String,
    #[command(flatten)]
    pub(super) how: How,
}

const EXAMPLES: &str = "\
Examples:
  watertight scan app.tar
  watertight scan oci:build/image:latest --platform linux/arm64
  watertight scan . --fail-on high
  watertight scan . --rules my-rules/ --except github,stray-env
  skopeo copy docker://IMAGE oci-archive:image.tar && watertight scan image.tar
  podman save app | watertight scan - --format json -o report.json

Exit codes: 0 clean, 1 findings, 2 could not run, 3 nothing found but not wholly readable";

/// What `scan` and `demo` share.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct How {
    #[command(flatten)]
    pub(super) output: output::Args,
    /// Of an image for several platforms, audit this one only: os/arch[/variant]
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// Fail on incidents of this severity or worse
    #[arg(long, value_enum, default_value = "low", value_name = "SEVERITY")]
    fail_on: Level,
    /// Fail only on incidents of which we are at least this sure
    #[arg(long, value_enum, default_value = "medium", value_name = "CONFIDENCE")]
    confidence: Sure,
    /// Any gap makes the answer incomplete, not only those of the image itself
    #[arg(long)]
    strict: bool,
    /// Do not heed comments that accept a finding on their line (watertight:allow, gitleaks:allow)
    #[arg(long)]
    ignore_comments: bool,
    /// Prove what compressed layers unpack to. Costs about a third of the decoding time
    #[arg(long)]
    verify_diff_ids: bool,
    /// Worker threads [default: one for each processor]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    threads: usize,
    #[command(flatten)]
    rules: choice::Choice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sure {
    Low,
    Medium,
    High,
}

impl From<Sure> for Confidence {
    fn from(sure: Sure) -> Self {
        match sure {
            Sure::Low => Self::Low,
            Sure::Medium => Self::Medium,
            Sure::High => Self::High,
        }
    }
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => Self::Info,
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
            Level::Critical => Self::Critical,
        }
    }
}

/// The operator's key for fingerprints.
const KEY_VARIABLE: &str = "WATERTIGHT_FINGERPRINT_KEY";

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    args.how.audit(&args.target, || {})
}

impl How {
    /// Audits a target and writes the report. `opened` is done when nothing is opened by its name any more.
    pub(super) fn audit(&self, target: &str, opened: impl FnOnce()) -> Result<Exit, Failure> {
        let rules = self.rules.load()?;
        let engine = Engine::new(&rules).map_err(Failure::new)?;
        let limits = Limits::default();
        let artifact = source::open(target, &self.choice()?, &limits).map_err(|error| {
            let failure = Failure::new(&error);
            match error.hint() {
                Some(hint) => failure.with_hint(hint),
                None => failure,
            }
        })?;
        opened();
        let options = Options {
            threads: self.threads,
            verify_diff_ids: self.verify_diff_ids,
            ignore_comments: self.ignore_comments,
            limits,
        };
        let progress = Arc::new(Progress::default());
        let display = Display::start(progress.clone(), self.output.quiet);
        let audit = scan(&artifact, &engine, &options, &progress).map_err(Failure::new)?;
        drop(display);
        self.conclude(&audit, &rules)
    }

    fn conclude(&self, audit: &Audit, rules: &RuleSet) -> Result<Exit, Failure> {
        let policy = Policy { fail_on: self.fail_on.into(), confidence: self.confidence.into(), strict: self.strict };
        let verdict = policy.verdict(audit);
        let key = std::env::var_os(KEY_VARIABLE).unwrap_or_default();
        let rules = rules.digest();
        let report = Report {
            audit,
            verdict,
            rules: &rules,
            fingerprint_key: key.as_encoded_bytes(),
            show_secrets: self.output.show_secrets,
            explain: self.output.explain,
        };
        self.output.write(&report)?;
        Ok(verdict.into())
    }

    fn choice(&self) -> Result<Choice, Failure> {
        let platform = match &self.platform {
            None => None,
            Some(text) => Some(Platform::parse(text).ok_or_else(|| {
                Failure::new(format!("'{text}' is not a platform"))
                    .with_hint("write os/arch or os/arch/variant, such as linux/arm64")
            })?),
        };
        Ok(Choice { platform })
    }
}
