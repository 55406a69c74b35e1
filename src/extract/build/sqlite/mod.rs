//! SQLite databases: rows by table and column, and all that was deleted.
//!
//! Format: <https://www.sqlite.org/fileformat2.html>. Pages of one size; those of a table are a tree, from a root
//! that the schema on page 1 names. What is deleted stays where it was until something else is written there: on
//! pages in no tree, which are read as rows without a name, and in gaps between cells. So the tables are walked for
//! their rows, and then every page is scanned as it is, with zeros for what was told as a row.

mod database;
mod log;
mod page;
mod record;
mod schema;

use super::super::rows;
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, Stop, Text};
use crate::finding::GapReason;
use database::{Database, Owners, Sweep};
use record::{Row, Value};
use schema::Table;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// SQLite databases.
pub struct Sqlite;

/// Blobs shorter than this hold nothing that opens; they are scanned as texts are.
const OPENED: usize = 64;

impl Extractor for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn about(&self) -> About {
        About {
            title: "SQLite",
            reads: "rows by table and column, blobs opened; all pages as they are, with what was deleted",
            limits: "the write-ahead log is a file of its own",
            specification: "https://www.sqlite.org/fileformat2.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, b"SQLite format 3\0") && head.start.len() >= 100
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let file = input.seekable()?;
        let mut database = match Database::open(file)? {
            Ok(database) => database,
            Err(why) => return Err(Halt::Broken(GapReason::Damaged, format!("SQLite: {why}; scanned as it is"))),
        };
        let tables = database.tables()?;
        let owners = Owners::of(&mut database, &tables)?;
        let mut consumed = owners.none_consumed();
        for number in 1..=database.pages() {
            let table = owners.table(number).and_then(|index| tables.get(index));
            database.rows(number, &mut consumed, &mut |row| told(&row, table, sink))?;
        }
        if owners.is_empty() {
            sink.gap(GapReason::SizeLimit, "SQLite: too many pages for the tables of all to be known".into(), None);
        }
        if database.is_cut() {
            sink.gap(GapReason::Truncated, "SQLite: fewer pages than its header says".into(), None);
        }
        let mut sweep = Sweep::new(&mut database, &consumed);
        sink.raw_at(0, &mut sweep)?;
        sink.told_before(sweep.end()?);
        Ok(())
    }
}

/// What lies beside a database while it is written to: its write-ahead log, its rollback journal.
pub struct SqliteLog;

/// Rows that are told apart: a page that is written often has most of them each time.
const DISTINCT: usize = 1 << 20;

impl Extractor for SqliteLog {
    fn name(&self) -> &'static str {
        "SQLite log"
    }

    fn about(&self) -> About {
        About {
            title: "SQLite write-ahead logs and rollback journals",
            reads: "rows of every state of every page, by table and column where the log has the schema; all pages as they are",
            limits: "a row that goes on outside the log is read as it is",
            specification: "https://www.sqlite.org/fileformat2.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        log::LOGS.iter().any(|magic| head.has(0, magic)) && head.has(4, &3_007_000u32.to_be_bytes())
            || log::is_journal(head.start)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut file = input.seekable()?;
        let Some(frames) = log::frames(&mut file)? else {
            return Err(Halt::Broken(GapReason::Damaged, "SQLite log: no page has this size; scanned as it is".into()));
        };
        let mut database = Database::of_log(file, &frames)?;
        let tables = database.tables()?;
        let owners = Owners::of(&mut database, &tables)?;
        let mut consumed = owners.none_consumed();
        let mut seen = HashSet::new();
        for (number, offset) in &frames.pages {
            let table = owners.table(*number).and_then(|index| tables.get(index));
            database.rows_at(*number, *offset, &mut consumed, &mut |row| {
                let mut hasher = DefaultHasher::new();
                (table.map(|table| table.root), &row.values).hash(&mut hasher);
                let is_new = seen.len() >= DISTINCT || seen.insert(hasher.finish());
                if is_new { told(&row, table, sink) } else { Ok(()) }
            })?;
        }
        if frames.is_full {
            sink.gap(
                GapReason::SizeLimit,
                "SQLite log: more pages than are told apart; the rest was scanned as it is".into(),
                None,
            );
        }
        let mut sweep = Sweep::of_log(&mut database, &consumed, &frames);
        sink.raw_at(0, &mut sweep)?;
        sink.told_before(sweep.end()?);
        if frames.is_cut {
            sink.gap(GapReason::Truncated, "SQLite log: ends within a page".into(), None);
        }
        Ok(sink.raw_at(frames.end, &mut database.behind(frames.end)?)?)
    }
}

/// Pushes the values of a row.
fn told(row: &Row, table: Option<&Table>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let label = table.and_then(|table| label(row, table));
    for (index, value) in row.values.iter().enumerate() {
        let column = table.and_then(|table| table.columns.get(index)).map(String::as_str).unwrap_or_default();
        let key = match &label {
            Some((at, label)) if *at != index && rows::holds_values(column) => label.as_str(),
            _ => column,
        };
        let name = match table {
            Some(table) if !key.is_empty() => format!("{}.{key}", table.name),
            Some(table) => table.name.clone(),
            None => String::new(),
        };
        match value {
            Value::Text(bytes) => {
                sink.text(&Text { name: name.as_bytes(), key: key.as_bytes(), bytes, offset: row.offset })?;
            }
            Value::Blob(bytes) if bytes.len() >= OPENED => {
                let size = Some(bytes.len() as u64);
                sink.member(&Member { name: name.as_bytes(), kind: MemberKind::File, size }, &mut bytes.as_slice())?;
            }
            Value::Blob(bytes) => sink.raw(&mut bytes.as_slice())?,
            Value::Other => {}
        }
    }
    Ok(())
}

/// The text by which a row of settings is called, and its column: `name` or `key`, beside a `value`.
fn label(row: &Row, table: &Table) -> Option<(usize, String)> {
    let at = table.columns.iter().position(|column| rows::holds_names(column))?;
    let Value::Text(text) = row.values.get(at)? else { return None };
    rows::is_label(text).then(|| (at, String::from_utf8_lossy(text).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    /// Bytes of a page, of a row's text, and of the row that lie on the page where it begins (section 1.6).
    const SIZE: usize = 512;
    const TEXT: usize = 475;
    const LOCAL: usize = 39;

    /// A page of the schema with a row that goes on on page 2, and that page with `left` behind the row.
    fn pages(letter: u8, left: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let row = [&[7, 23, 15, 15, 8, 0x87, 0x43][..], b"tablett", &[letter; TEXT]].concat();
        let (local, more) = row.split_at(LOCAL);
        let cell = [&[0x83, 0x69, 1][..], local, &[0, 0, 0, 2]].concat();
        let mut first = vec![0; SIZE];
        first[..16].copy_from_slice(b"SQLite format 3\0");
        first[16..24].copy_from_slice(&[2, 0, 1, 1, 0, 64, 32, 32]);
        (first[27], first[31], first[59], first[95]) = (1, 2, 1, 1);
        let at = SIZE - cell.len();
        first[100..110].copy_from_slice(&[13, 0, 0, 0, 1, (at >> 8) as u8, at as u8, 0, (at >> 8) as u8, at as u8]);
        first[at..].copy_from_slice(&cell);
        let mut second = [&[0; 4][..], more, left].concat();
        second.resize(SIZE, 0);
        (first, second)
    }

    fn has(raw: &[u8], text: &[u8]) -> bool {
        memchr::memmem::find(raw, text).is_some()
    }

    #[test]
    fn what_lies_behind_the_end_of_a_row_is_scanned() {
        let (first, second) = pages(b'x', b"left over");
        let found = seen(&Sqlite, &[first, second].concat());
        let sql = "x".repeat(TEXT);
        assert!(found.texts.0.contains(&("sqlite_schema.sql".to_owned(), sql)), "{:?}", found.texts);
        assert!(found.gaps.is_empty() && has(&found.raw, b"left over") && !has(&found.raw, b"xxx"));
    }

    #[test]
    fn every_state_of_a_page_is_told_or_scanned() {
        let frame = |number: u32, page: &[u8]| [&number.to_be_bytes()[..], &[0; 20], page].concat();
        let ((first, old), (again, new)) = (pages(b'a', b""), pages(b'b', b""));
        let head = [log::LOGS[0], &3_007_000u32.to_be_bytes(), &(SIZE as u32).to_be_bytes(), &[0; 20]].concat();
        let bytes = [head, frame(1, &first), frame(2, &old), frame(2, &new), frame(1, &again)].concat();
        let found = seen(&SqliteLog, &bytes);
        let all: String = found.texts.0.iter().map(|(_, text)| text.as_str()).collect();
        // The row as it began first goes on as it is last; what it was in between is scanned as it is.
        let parts = [(b'a', LOCAL - 14), (b'a', TEXT + 14 - LOCAL), (b'b', LOCAL - 14), (b'b', TEXT + 14 - LOCAL)];
        for (letter, length) in parts {
            let part = vec![letter; length];
            assert!(has(all.as_bytes(), &part) || has(&found.raw, &part), "{} letters {}", length, letter as char);
        }
    }
}
