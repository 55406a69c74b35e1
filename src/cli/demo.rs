//! `watertight demo`: forge a leaky image and audit it, so that one sees the tool work before owning
//! an image, and can prove that a gate would catch it.

use super::failure::Failure;
use super::scan::How;
use crate::forge::image::leaky;
use crate::policy::Exit;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Forge a small leaky image and audit it
///
/// The values in it are random and of no use; the image goes the same way as any other.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Keep the image in this file, to audit it again or to try a gate with it
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

const EXAMPLES: &str = "\
Examples:
  watertight demo
  watertight demo --format json
  watertight demo --keep leaky.tar --quiet
  skopeo copy oci-archive:leaky.tar docker://REGISTRY/leaky    to see whether a gate holds

Exit code 1 means that it works: the image leaks, and was caught";

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.keep {
        Some(path) => {
            std::fs::write(path, leaky(fastrand::u64(..))).map_err(|error| failed(path, &error))?;
            audit(args, path, "forged a leaky image; to audit it again", || {})
        }
        None => {
            let mut file = tempfile::Builder::new().prefix("watertight-demo-").suffix(".tar").tempfile().map_err(|error| {
                Failure::new(format!("cannot make a temporary file: {error}"))
                    .with_hint("--keep FILE names the file yourself, and TMPDIR a folder for it")
            })?;
            file.write_all(&leaky(fastrand::u64(..))).map_err(|error| failed(file.path(), &error))?;
            let path = file.path().to_owned();
            // Gone as soon as it is open, so that nothing is left behind, however the program ends.
            audit(args, &path, "forged a leaky image, which is not kept (see --keep); audited as by", || drop(file))
        }
    }
}

fn audit(args: &Args, path: &Path, said: &str, opened: impl FnOnce()) -> Result<Exit, Failure> {
    let target = format!("oci-archive:{}", path.display());
    if !args.how.output.quiet {
        let _ = writeln!(std::io::stderr(), "{said}: watertight scan {target}\n");
    }
    args.how.audit(&target, opened)
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write {}: {error}", path.display()))
        .with_hint("name a file in a folder that exists and can be written to")
}
