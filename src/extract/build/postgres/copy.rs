//! Rows as `COPY … FROM stdin` takes them, behind that statement (PostgreSQL, COPY, text format).
//!
//! A row is a line, a tab stands between its columns. A value has the name of its column, or the one that its row has
//! for it; bytes that are written in hex are opened. All else is scanned as it is.

use super::super::super::rows;
use super::super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, Stop, Text};
use crate::finding::GapReason;
use std::io::{BufRead, Read};
use std::ops::Range;

/// Rows behind the statement that takes them in.
pub struct CopyRows;

/// How the statement begins and ends.
const START: &[u8] = b"COPY ";
const END: &[u8] = b" FROM stdin;";
/// The line behind the last row.
const LAST: &[u8] = b"\\.";
/// The longest row that is told by its columns, and what is gathered of rows before it is scanned.
const ROW: usize = 1 << 20;
/// Fewer bytes in hex hold nothing that opens, and still fewer nothing at all.
const OPENED: usize = 64;
const SHORT: usize = 8;

impl Extractor for CopyRows {
    fn name(&self) -> &'static str {
        "rows of COPY"
    }

    fn about(&self) -> About {
        About {
            title: "rows of PostgreSQL (behind COPY … FROM stdin)",
            reads: "values by their columns, or by the name that the row has for them; bytes in hex opened; all else as it is",
            limits: "rows of up to 1 MiB by their columns",
            specification: "https://www.postgresql.org/docs/current/sql-copy.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let line = head.start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        line.starts_with(START) && line.ends_with(END)
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut lines = Vec::new();
        (&mut *input).take(ROW as u64).read_until(b'\n', &mut lines)?;
        let table = Table::of(&lines);
        let (mut start, mut is_long, mut is_ended) = (0, false, false);
        loop {
            let at = lines.len();
            let length = (&mut *input).take(ROW as u64).read_until(b'\n', &mut lines)?;
            is_long |= length == ROW && !lines.ends_with(b"\n");
            is_ended |= lines.get(at..).is_some_and(|row| row.trim_ascii_end() == LAST);
            if length == 0 || is_long || is_ended {
                break;
            }
            table.tell(&mut lines, at, start, sink)?;
            if lines.len() >= ROW {
                sink.raw_at(start, &mut lines.as_slice())?;
                start += lines.len() as u64;
                lines.clear();
            }
        }
        if is_long {
            sink.gap(
                GapReason::SizeLimit,
                "rows of COPY: a row too long for its columns to be told; scanned as it is".into(),
                None,
            );
        } else if !is_ended {
            sink.gap(GapReason::Truncated, "rows of COPY: end before the last".into(), None);
        }
        Ok(sink.raw_at(start, &mut lines.as_slice().chain(input))?)
    }
}

/// A table, as the statement has it.
struct Table {
    name: String,
    columns: Vec<String>,
    /// The column that holds the names of values.
    names: Option<usize>,
}

impl Table {
    fn of(statement: &[u8]) -> Self {
        let statement = String::from_utf8_lossy(statement);
        let inner = statement.trim_start_matches("COPY ");
        let (name, list) = inner.split_once(" (").unwrap_or_default();
        let list = list.rsplit_once(") FROM").unwrap_or_default().0;
        let columns: Vec<String> = list.split(", ").map(|column| column.trim_matches('"').to_owned()).collect();
        let names = columns.iter().position(|column| rows::holds_names(column));
        Self { name: name.to_owned(), columns, names }
    }

    /// Tells the row that begins at `at` of these bytes, which stand at `start` in the file. What is opened is blank then.
    fn tell(&self, bytes: &mut [u8], at: usize, start: u64, sink: &mut dyn Sink) -> Result<(), Stop> {
        let row = bytes.get(at..).unwrap_or_default();
        let row = row.strip_suffix(b"\n").unwrap_or(row);
        let mut end = at;
        let fields: Vec<Range<usize>> = row
            .split(|byte| *byte == b'\t')
            .map(|field| {
                let range = end..end + field.len();
                end = range.end + 1;
                range
            })
            .take(self.columns.len())
            .collect();
        let label = self.names.and_then(|names| bytes.get(fields.get(names)?.clone())).filter(|label| rows::is_label(label));
        let label = label.map(|label| String::from_utf8_lossy(label).into_owned());
        for (index, (field, column)) in fields.into_iter().zip(&self.columns).enumerate() {
            let is_value = self.names != Some(index) && rows::holds_values(column);
            let key = label.as_ref().filter(|_| is_value).unwrap_or(column);
            let name = format!("{}.{key}", self.name);
            let Some(value) = bytes.get_mut(field.clone()) else { continue };
            if let Some(opened) = hex(value) {
                value.fill(b' ');
                let size = Some(opened.len() as u64);
                match opened.len() {
                    ..OPENED => {
                        let offset = start + field.start as u64;
                        sink.text(&Text { name: name.as_bytes(), key: key.as_bytes(), bytes: &opened, offset })?;
                    }
                    _ => sink.member(&Member { name: name.as_bytes(), kind: MemberKind::File, size }, &mut opened.as_slice())?,
                }
            } else if sink.wants(key.as_bytes()) && value != b"\\N" {
                let offset = start + field.start as u64;
                sink.text(&Text { name: name.as_bytes(), key: key.as_bytes(), bytes: &plain(value), offset })?;
            }
        }
        Ok(())
    }
}

/// Bytes in hex, if a value is some that may hold anything.
fn hex(value: &[u8]) -> Option<Vec<u8>> {
    let digits = value.strip_prefix(b"\\\\x").filter(|digits| digits.len() >= 2 * SHORT)?;
    data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok()
}

/// A value without its escapes.
fn plain(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next().unwrap_or(b'\\') {
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'v' => 11,
                other => other,
            },
            byte => byte,
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::{Seen, seen};
    use super::*;

    fn check(text: &str, texts: Vec<(&str, &str)>) -> Seen {
        assert!(CopyRows.probe(&Head { start: text.as_bytes(), tail: &[] }));
        let found = seen(&CopyRows, text.as_bytes());
        assert_eq!(found.texts, texts.into());
        found
    }

    #[test]
    fn values_have_the_names_of_their_columns() {
        let text = "COPY public.users (id, \"pass word\") FROM stdin;\n1\ta\\tb\\\\c\n2\t\\N\n\\.\n\n";
        let found = check(text, vec![("public.users.id", "1"), ("public.users.pass word", "a\tb\\c"), ("public.users.id", "2")]);
        assert_eq!((found.raw, found.gaps), (text.as_bytes().to_vec(), vec![]));
    }

    #[test]
    fn rows_of_settings_name_their_values() {
        let found = check("COPY s (key, value) FROM stdin;\ntoken\tone", vec![("s.key", "token"), ("s.token", "one")]);
        assert_eq!(found.gaps, [GapReason::Truncated]);
    }

    #[test]
    fn bytes_in_hex_are_opened() {
        let hex = data_encoding::HEXLOWER.encode("some bytes. ".repeat(10).as_bytes());
        let found = check(&format!("COPY f (body) FROM stdin;\n\\\\x{hex}\n"), vec![]);
        assert_eq!(found.members, vec![("f.body", "some bytes. ".repeat(10).as_str())].into());
        assert!(memchr::memmem::find(&found.raw, hex.as_bytes()).is_none());
    }

    #[test]
    fn few_bytes_in_hex_are_a_text() {
        let hex = data_encoding::HEXLOWER.encode(b"some bytes");
        check(&format!("COPY f (body) FROM stdin;\n\\\\x{hex}\n"), vec![("f.body", "some bytes")]);
    }

    #[test]
    fn a_long_row_is_scanned_as_it_is() {
        let text = format!("COPY f (body) FROM stdin;\none\n{}\ntwo\n", "x".repeat(ROW));
        let found = check(&text, vec![("f.body", "one")]);
        assert_eq!((found.raw == text.as_bytes(), found.gaps), (true, vec![GapReason::SizeLimit]));
    }
}
