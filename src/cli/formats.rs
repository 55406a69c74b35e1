//! `watertight formats`: what is opened, how far, and what is known and not opened, out of the table of
//! extractors. The table in the README is made by it, too.

use super::failure::Failure;
use crate::extract::{EXTRACTORS, OPAQUE};
use crate::policy::Exit;
use clap::ValueEnum;
use serde_json::json;
use std::io::{self, BufWriter, Write};

/// List the formats that are opened, and how far
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Shape of the list
    #[arg(long, short, value_enum, default_value = "human", value_name = "FORMAT")]
    format: Shape,
}

/// For whom the list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// For people.
    Human,
    /// For machines: one JSON document, `watertight/formats/v1`.
    Json,
    /// The table of the README.
    Markdown,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.format {
        Shape::Human => human(&mut out),
        Shape::Json => machine(&mut out),
        Shape::Markdown => markdown(&mut out),
    };
    match written.and_then(|()| out.flush()) {
        // The reader has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Clean),
        other => other.map(|()| Exit::Clean).map_err(|error| Failure::new(format!("cannot write the list: {error}"))),
    }
}

fn human(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Opened, whatever the file is called:")?;
    for extractor in EXTRACTORS {
        let about = extractor.about();
        writeln!(out, "\n  {} ({})", about.title, extractor.name())?;
        writeln!(out, "    reads   {}", about.reads)?;
        writeln!(out, "    limits  {}", about.limits)?;
        writeln!(out, "    see     {}", about.specification)?;
    }
    let names: Vec<_> = OPAQUE.iter().map(|format| format.name).collect();
    writeln!(out, "\nKnown and not opened: the bytes are scanned as they are, and a gap says so:\n  {}", names.join(", "))?;
    writeln!(out, "\nAll else is scanned as it is.")
}

fn machine(out: &mut dyn Write) -> io::Result<()> {
    let opened = EXTRACTORS.iter().map(|extractor| {
        let about = extractor.about();
        json!({
            "name": extractor.name(), "title": about.title, "reads": about.reads, "limits": about.limits,
            "specification": about.specification, "wrapper": extractor.is_wrapper(),
        })
    });
    let not_opened: Vec<_> = OPAQUE.iter().map(|format| format.name).collect();
    let list = json!({
        "schema": "watertight/formats/v1",
        "opened": opened.collect::<Vec<_>>(),
        "not_opened": not_opened,
    });
    serde_json::to_writer_pretty(&mut *out, &list)?;
    writeln!(out)
}

fn markdown(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| format | what is read | limits |\n|---|---|---|")?;
    for extractor in EXTRACTORS {
        let about = extractor.about();
        writeln!(out, "| {} | {} | {} |", about.title, about.reads, about.limits)?;
    }
    let names: Vec<_> = OPAQUE.iter().map(|format| format.name).collect();
    writeln!(out, "\nKnown and not opened, so a gap: {}.", names.join(", "))
}
