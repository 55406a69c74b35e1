//! Parquet: columns of values in pages, with what is known of them behind.
//!
//! Format: <https://github.com/apache/parquet-format>. The footer, in Thrift's compact protocol, says where the chunks
//! of each column lie. Texts are told by their column, or by the row's own name for them; settings of the footer by
//! their key; pages of numbers are scanned as numbers; what no page covers is scanned as it is.

mod columns;
mod footer;
mod levels;
mod page;
mod thrift;

use super::super::told::Told;
use super::super::{About, Extractor, Halt, Head, Input, Sink, Text};
use super::arrow;
use super::source::Source;
use crate::finding::GapReason;
use columns::Columns;
use footer::Footer;
use std::collections::HashSet;

/// Parquet.
pub struct Parquet;

const MAGIC: &[u8] = b"PAR1";
/// With a footer that is encrypted.
const SEALED: &[u8] = b"PARE";
/// The longest footer that is read.
const FOOTER: u64 = 16 << 20;

impl Extractor for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn about(&self) -> About {
        About {
            title: "Parquet",
            reads: "texts by their column, or by the name that the row has for them, in every encoding and codec; settings of the footer; numbers as numbers, all else as it is",
            limits: "a footer and pages of up to 16 MiB; encrypted columns are gaps",
            specification: "https://github.com/apache/parquet-format",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        (head.has(0, MAGIC) || head.has(0, SEALED)) && head.start.len() >= 12
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let told = {
            let mut source = Source::open(input.seekable()?)?;
            let (footer, told) = footer_of(&mut source)?;
            settings(&footer, &mut source, sink)?;
            if footer.is_encrypted || footer.chunks.iter().any(|chunk| chunk.is_encrypted) {
                sink.gap(GapReason::Encrypted, "parquet: columns are encrypted".to_owned(), None);
            }
            let mut columns = Columns { source, told, sink, seen: HashSet::new(), gaps: 0, paired: 0, beside: Vec::new() };
            columns.all(&footer)?;
            columns.told
        };
        let mut file = input.seekable()?;
        told.sweep(&mut *file, sink)
    }
}

/// The footer, which stands before its length and the magic.
fn footer_of(source: &mut Source<'_>) -> Result<(Footer, Told), Halt> {
    let end = source.bytes(source.length.saturating_sub(8), 8)?;
    let (length, magic) = end.split_first_chunk().map_or((0, &[][..]), |(length, magic)| (u32::from_le_bytes(*length), magic));
    if magic == SEALED {
        return Err(Halt::Broken(GapReason::Encrypted, "parquet: its footer is encrypted".to_owned()));
    }
    if magic != MAGIC {
        return Err(Halt::Broken(GapReason::Truncated, "parquet: has no footer at its end; scanned as it is".to_owned()));
    }
    let length = u64::from(length);
    if length > FOOTER {
        return Err(Halt::Broken(GapReason::SizeLimit, "parquet: its footer is too long; scanned as it is".to_owned()));
    }
    let start = source.length.saturating_sub(8).checked_sub(length).ok_or_else(|| damaged("a footer longer than the file"))?;
    let mut footer = Footer::parse(&source.bytes(start, length)?).ok_or_else(|| damaged("a footer that makes no sense"))?;
    footer.start = start;
    let mut told = Told::default();
    told.all(start, &footer.told);
    Ok((footer, told))
}

/// Tells the settings of the footer and of its columns, each once. The schema of Arrow is one of them, and repeats others.
fn settings(footer: &Footer, source: &mut Source<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
    let mut known = HashSet::new();
    let all = footer.settings.iter().chain(footer.chunks.iter().flat_map(|chunk| &chunk.settings));
    let all = all.map(|(key, value)| (key.as_slice(), value.as_slice()));
    let all: Vec<_> = all.filter(|setting| known.insert(*setting)).collect();
    for (key, value) in all {
        let schema = if key == b"ARROW:schema" { data_encoding::BASE64.decode(value).ok() } else { None };
        match schema {
            Some(schema) => arrow::settings_of(&schema, &|key, value| known.contains(&(key, value)), source, sink)?,
            None => sink.text(&Text { name: key, key, bytes: value, offset: source.length })?,
        }
    }
    Ok(())
}

/// What is not as it should be.
fn damaged(what: &str) -> Halt {
    Halt::Broken(GapReason::Damaged, format!("parquet: {what}"))
}

/// What is not read.
fn unsupported(what: &str) -> Halt {
    Halt::Broken(GapReason::Unsupported, format!("parquet: {what}, which is not read"))
}
