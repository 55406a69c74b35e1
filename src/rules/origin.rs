//! Where a rule is written: its file, its table in it, the lines of its fields.
//!
//! Tables are found by their headers, which is what a person would look for as well; nothing of this is done
//! unless somebody asks.

use std::borrow::Cow;
use std::sync::Arc;

/// A file of rules.
#[derive(Debug)]
pub struct RuleFile {
    /// For messages: the path as the user gave it, or the name of a built-in file.
    pub name: String,
    /// What it holds.
    pub text: Cow<'static, str>,
    /// Whether it comes with the program.
    pub is_builtin: bool,
}

/// Where one rule is written.
#[derive(Clone, Debug)]
pub struct Origin {
    /// In which file.
    pub file: Arc<RuleFile>,
    /// How its table is headed: `[[rule]]`, `[[rules]]`.
    pub(super) header: &'static str,
    /// Which of the tables with that header, from 0.
    pub(super) index: usize,
}

impl Origin {
    /// The table as written, and the line of its header, from 1. The whole file where its tables are written in
    /// another way.
    pub fn table(&self) -> (usize, &str) {
        let text = self.file.text.as_ref();
        let mut heads = lines(text).filter(|(_, _, line)| is_header(line, self.header));
        let Some((at, number, _)) = heads.nth(self.index) else { return (1, text) };
        let end = heads.next().map_or(text.len(), |(at, ..)| at);
        let table = text.get(at..end).unwrap_or_default();
        // Comments before the next header belong to that one.
        let kept = lines(table).filter(|(_, _, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
        let end = kept.last().map_or(table.len(), |(at, _, line)| at + line.len());
        (number, table.get(..end).unwrap_or(table))
    }

    /// What the rules of the file share: the lines before its first table.
    pub fn shared(&self) -> &str {
        let text = self.file.text.as_ref();
        let end = lines(text).find(|(_, _, line)| line.trim_start().starts_with('['));
        end.and_then(|(at, ..)| text.get(..at)).unwrap_or_default().trim_end()
    }

    /// The line on which the rule has `field`, or else its header.
    pub fn line_of(&self, field: &str) -> usize {
        let (start, table) = self.table();
        let found = lines(table)
            .find(|(_, _, line)| line.trim_start().strip_prefix(field).is_some_and(|rest| rest.trim_start().starts_with('=')));
        found.filter(|_| !field.is_empty()).map_or(start, |(_, number, _)| start + number - 1)
    }

    /// The line on which `text` is written, from that of `field` on; else that of `field`.
    pub fn line_with(&self, field: &str, text: &str) -> usize {
        let (start, table) = self.table();
        let from = self.line_of(field);
        let wanted: String = text.chars().take_while(|c| !matches!(c, '\n' | '"' | '\'' | '\\')).take(40).collect();
        let found = lines(table).map(|(_, number, line)| (start + number - 1, line));
        let mut found = found.filter(|(number, line)| *number >= from && line.contains(&wanted));
        found.next().filter(|_| wanted.len() > 3).map_or(from, |(number, _)| number)
    }
}

/// Each line with where it starts and its number, from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').zip(1..).map(move |(line, number)| {
        let start = at;
        at += line.len();
        (start, number, line.trim_end_matches(['\n', '\r']))
    })
}

fn is_header(line: &str, header: &str) -> bool {
    let rest = line.trim_start().strip_prefix(header);
    rest.is_some_and(|rest| rest.trim_start().is_empty() || rest.trim_start().starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "issuer = 'X'\n\n[[rule]]\nid = 'a'\nanchors = ['aa']\n\n# about b\n[[rule]] # b\nid = 'b'\nexamples = [\n  'one',\n  'another',\n]\n";

    fn check(index: usize, expected: (usize, &str)) -> Origin {
        let file = Arc::new(RuleFile { name: "x".into(), text: TEXT.into(), is_builtin: false });
        let origin = Origin { file, header: "[[rule]]", index };
        assert_eq!(origin.table(), expected);
        origin
    }

    #[test]
    fn tables_and_fields_are_found_by_their_lines() {
        let a = check(0, (3, "[[rule]]\nid = 'a'\nanchors = ['aa']"));
        assert_eq!((a.line_of("anchors"), a.line_of("pattern"), a.line_of("")), (5, 3, 3));
        let b = check(1, (8, "[[rule]] # b\nid = 'b'\nexamples = [\n  'one',\n  'another',\n]"));
        assert_eq!((b.line_with("examples", "another"), b.line_with("examples", "a \"quoted\" one")), (12, 10));
        check(2, (1, TEXT));
    }
}
