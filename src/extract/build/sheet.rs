//! Rows of cells, as sheets and tables of documents have them, and the text around them.
//!
//! A cell has the name of what stands at the head of its column, or before it in a row of two. What has no name goes
//! on with the text.

use super::super::{Sink, Stop, Text};

/// Text that is gathered before it is told.
const GATHERED: usize = 32 << 10;
/// Columns whose heads are kept, and bytes of a name.
const COLUMNS: usize = 256;
const NAME: usize = 96;

/// Whether a letter is one of a text that was read as it was written. With letters of another width, or from a place
/// off by one, Latin becomes Chinese or has zeros in it: such a text is told and stays where it is, to be scanned.
pub(super) fn is_plain(letter: u32) -> bool {
    matches!(letter, 0x7 | 0x9..=0xd | 0x13..=0x15 | 0x1e..=0x2fff)
}

/// A text under way, and where its first letter stands.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) text: Vec<u8>,
    pub(super) at: Option<usize>,
}

impl Gathered {
    /// Goes on with a text; blanks begin none.
    pub(super) fn write(&mut self, text: &[u8], at: usize) {
        if !text.trim_ascii().is_empty() {
            self.at.get_or_insert(at);
        }
        if self.at.is_some() {
            self.text.extend_from_slice(text);
        }
    }

    /// Ends a line, and tells the text if that is long enough.
    pub(super) fn end_line(&mut self, sink: &mut dyn Sink) -> Result<(), Stop> {
        self.write(b"\n", 0);
        if self.text.len() >= GATHERED { self.flush(sink) } else { Ok(()) }
    }

    /// Tells the text.
    pub(super) fn flush(&mut self, sink: &mut dyn Sink) -> Result<(), Stop> {
        let Self { text, at } = std::mem::take(self);
        let Some(at) = at else { return Ok(()) };
        sink.text(&Text { name: b"", key: b"", bytes: &text, offset: at as u64 })
    }
}

/// A cell of the row at hand.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) column: usize,
    pub(super) text: Vec<u8>,
    pub(super) at: usize,
}

/// The heads of a table.
#[derive(Debug, Default)]
pub(super) struct Heads {
    names: Vec<Vec<u8>>,
    is_set: bool,
}

impl Heads {
    /// Tells the cells of a row that have a name; the others go on with the text. The first row of a table has its heads.
    pub(super) fn end_row(&mut self, row: Vec<Cell>, text: &mut Gathered, sink: &mut dyn Sink) -> Result<(), Stop> {
        for (index, cell) in row.iter().enumerate() {
            let head = self.names.get(cell.column).cloned();
            // A row of two is a name and its value; so are two cells of a longer one, if the head says that.
            let is_value = row.len() == 2 || head.as_ref().is_some_and(|head| head.eq_ignore_ascii_case(b"value"));
            let before =
                index.checked_sub(1).filter(|_| is_value).and_then(|before| row.get(before)).map(|cell| cell.text.clone());
            let named = |name: &Vec<u8>| !name.is_empty() && name.len() <= NAME && sink.wants(name);
            match before.filter(named).or(head.filter(named)) {
                Some(name) => sink.text(&Text::named(&name, &cell.text, cell.at as u64))?,
                None => {
                    text.write(&cell.text, cell.at);
                    text.write(b"\t", 0);
                }
            }
        }
        text.end_line(sink)?;
        let is_first = !self.is_set;
        self.is_set |= !row.is_empty();
        // A title may stand above the heads. In a row of two the first may be a name of its own.
        let is_late = |cell: &Cell| row.len() > 2 || row.len() == 2 && row.last().is_some_and(|last| last.column == cell.column);
        let heads: Vec<usize> = (row.iter().filter(|cell| is_first || is_late(cell) && self.is_renewed(cell, sink)))
            .map(|cell| cell.column)
            .filter(|column| *column < COLUMNS)
            .collect();
        for cell in row.into_iter().filter(|cell| heads.contains(&cell.column)) {
            self.names.resize(self.names.len().max(cell.column + 1), Vec::new());
            if let Some(head) = self.names.get_mut(cell.column) {
                *head = cell.text;
            }
        }
        Ok(())
    }

    /// Whether a cell below the first row is the head of its column: it says what is asked for, and what has been the
    /// head does not.
    fn is_renewed(&self, cell: &Cell, sink: &dyn Sink) -> bool {
        let head = self.names.get(cell.column).map(Vec::as_slice).unwrap_or_default();
        cell.text.len() <= NAME && sink.wants(&cell.text) && (head.is_empty() || !sink.wants(head))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Member;
    use super::super::super::testing::Seen;
    use super::*;
    use crate::finding::GapReason;
    use std::io::Read;

    /// A sink that asks for nothing but passwords.
    #[derive(Default)]
    struct Asking(Seen);

    impl Sink for Asking {
        fn member(&mut self, member: &Member<'_>, body: &mut dyn Read) -> Result<(), Stop> {
            self.0.member(member, body)
        }

        fn raw(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
            self.0.raw(body)
        }

        fn numbers(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
            self.0.numbers(body)
        }

        fn text(&mut self, text: &Text<'_>) -> Result<(), Stop> {
            self.0.text(text)
        }

        fn wants(&self, key: &[u8]) -> bool {
            key == b"password"
        }

        fn gap(&mut self, reason: GapReason, detail: String, bytes: Option<u64>) {
            self.0.gap(reason, detail, bytes);
        }
    }

    #[test]
    fn heads_may_stand_below_a_title() {
        let check = |rows: &[&str], expected: Vec<(&str, &str)>| {
            let (mut heads, mut text, mut sink) = (Heads::default(), Gathered::default(), Asking::default());
            for row in rows {
                let cell = |(column, text): (usize, &str)| Cell { column, text: text.into(), at: 0 };
                heads.end_row(row.split(' ').enumerate().map(cell).collect(), &mut text, &mut sink).unwrap();
            }
            assert_eq!(sink.0.texts, expected.into());
        };
        check(
            &["title", "host password note", "a b c", "d e password", "f g h"],
            vec![("password", "b"), ("password", "e"), ("password", "g"), ("password", "h")],
        );
        check(&["all of them", "user password", "a b"], vec![("password", "b")]);
        check(&["host password", "password one", "two three"], vec![("password", "one"), ("password", "three")]);
        check(&["title", "password one", "two three"], vec![("password", "one")]);
    }

    #[test]
    fn letters_of_the_wrong_width_are_not_plain() {
        let all = |text: &str| text.chars().all(|letter| is_plain(letter.into()));
        assert!(all("host\u{7}a token’s value\r") && !all("t\0o\0") && !all("\u{7400}\u{6f00}") && !all("\u{6f74}"));
    }
}
