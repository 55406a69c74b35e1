//! Where a report goes: standard output or a file that is there whole or not at all.

use super::failure::Failure;
use crate::report::{Report, human, json};
use clap::ValueEnum;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// For whom a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// For machines: one JSON document, `watertight/report/v1`.
    Json,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Shape of the report
    #[arg(long, short, value_enum, default_value = "human", value_name = "FORMAT")]
    pub(super) format: Format,
    /// Write the report to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print no report; the exit code says it all. With -o, the file is still written
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Say for each incident why it is judged as it is. The JSON report always does
    #[arg(long)]
    pub(super) explain: bool,
    /// Print the secrets themselves. Whoever can read the report then has them
    #[arg(long)]
    pub(super) show_secrets: bool,
}

impl Args {
    /// Writes the report to where the user wants it.
    pub(super) fn write(&self, report: &Report<'_>) -> Result<(), Failure> {
        match &self.output {
            Some(path) => to_file(path, |out| self.render(report, false, out)),
            None if self.quiet => Ok(()),
            None => to_stdout("the report", |colour, out| self.render(report, colour, out)),
        }
    }

    fn render(&self, report: &Report<'_>, colour: bool, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            Format::Human => human::write(report, colour, out),
            Format::Json => json::write(report, out),
        }
    }
}

/// Writes to standard output, with colours where a person would see them.
pub(super) fn to_stdout(what: &str, render: impl FnOnce(bool, &mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let stdout = io::stdout();
    let colour = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut out = BufWriter::new(stdout.lock());
    match render(colour, &mut out).and_then(|()| out.flush()) {
        // The reader has seen enough, as `head` does; the verdict stands.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Failure::new(format!("cannot write {what}: {error}"))),
    }
}

/// Writes a file beside its final place and moves it there, so that nobody reads half a report.
fn to_file(path: &Path, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        // The temporary file that stands in for it is nobody's concern.
        let inner = error.get_ref().and_then(|error| error.source());
        let why = inner.map_or_else(|| error.to_string(), ToString::to_string);
        Failure::new(format!("cannot write {}: {why}", path.display()))
            .with_hint("name a file in a folder that exists and can be written to")
    };
    // A device or a pipe is written to as it is.
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        let mut out = BufWriter::new(std::fs::File::options().write(true).open(path).map_err(failed)?);
        return render(&mut out).and_then(|()| out.flush()).map_err(failed);
    }
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let mut out = BufWriter::new(&file);
    render(&mut out).and_then(|()| out.flush()).map_err(failed)?;
    drop(out);
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
