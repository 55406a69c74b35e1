//! Names that stand above or before their values, in the same order: the head of a table (CSV, tabs,
//! Markdown) and the columns of an SQL `INSERT`.

use super::super::work;
use super::calls;
use super::syntax::Syntax;
use std::ops::Range;

/// Values stand at most this far behind their name: farther left no detector sees.
const REACH: usize = 1536;
/// Longest line with the names of a table.
const HEAD: usize = 512;
/// Words before the columns and values of a table, for the literal pass.
pub(super) const INSERTS: &[&str] = &["INSERT INTO ", "insert into ", "Insert Into "];
/// Rows of one `INSERT`, lines of one table.
const ROWS: usize = 24;

/// The fields below the name at `name`, if it is one of the names in the head of a table.
pub(super) fn below(bytes: &[u8], name: &Range<usize>, syntax: Syntax) -> Vec<Range<usize>> {
    column(bytes, name, syntax).unwrap_or_default()
}

fn column(bytes: &[u8], name: &Range<usize>, syntax: Syntax) -> Option<Vec<Range<usize>>> {
    let quoted = matches!(bytes.get(name.end), Some(b'"' | b'\''));
    let mark = *bytes.get(name.end + usize::from(quoted)).unwrap_or(&b'\n');
    let ends_line = matches!(mark, b'\n' | b'\r');
    if !ends_line && !matches!(mark, b',' | b'\t' | b'|' | b' ' | b';') || !matches!(syntax, Syntax::Unknown | Syntax::Prose) {
        return None;
    }
    let before = bytes.get(name.start.saturating_sub(HEAD)..name.start)?;
    let line = name.start - memchr::memrchr(b'\n', before).map_or(before.len(), |at| before.len() - at - 1);
    let rest = bytes.get(line..bytes.len().min(line + REACH))?;
    let end = memchr::memchr(b'\n', rest)?;
    let head = rest.get(..end)?.trim_ascii_end();
    let drawn = head.first() == Some(&b'|');
    let separator =
        [b'|', b'\t', b';', b','].into_iter().find(|mark| head.contains(mark) && (drawn || *mark != b'|' || line == 0))?;
    let fields = split(head, separator);
    let titles = |field: &Range<usize>| {
        let text = head.get(field.clone()).unwrap_or_default();
        text.len() <= 32 && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b' ' | b'.'))
    };
    // Any line may be a list of words; only the first of a file is a head, or one with a rule below it.
    if fields.len() < 2 || !fields.iter().all(titles) || !drawn && line != 0 {
        return None;
    }
    let at = name.start - line;
    let index = fields.iter().position(|field| field.contains(&at))?;
    if fields.get(index)?.len() > name.len() {
        return None;
    }
    let mut found = Vec::new();
    let mut start = end + 1;
    for number in 0..ROWS {
        let Some(below) = rest.get(start..) else { break };
        let last = line + rest.len() == bytes.len();
        let Some(length) = memchr::memchr(b'\n', below).or(last.then_some(below.len())) else { break };
        let text = rest.get(start..start + length)?.trim_ascii_end();
        let is_rule = !text.is_empty() && text.iter().all(|byte| matches!(byte, b'|' | b'-' | b':' | b' ' | b'+'));
        if drawn && number == 0 && !is_rule {
            return None;
        }
        let cells = split(text, separator);
        if cells.len() != fields.len() {
            break;
        }
        if !is_rule && let Some(cell) = cells.get(index).filter(|cell| !cell.is_empty()) {
            found.push(line + start + cell.start..line + start + cell.end);
        }
        start += length + 1;
    }
    work::add(start);
    Some(found)
}

/// The fields of a line, without blanks and quotes around them.
fn split(line: &[u8], separator: u8) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let rest = line.get(at..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\r')).count();
        let inner = rest.get(blank..).unwrap_or_default();
        let quote = inner.first().filter(|byte| matches!(byte, b'"' | b'\''));
        let closed = quote.and_then(|quote| memchr::memchr(*quote, inner.get(1..)?));
        let from = blank + closed.map_or(0, |length| length + 2);
        let next = memchr::memchr(separator, rest.get(from..).unwrap_or_default()).map(|next| from + next);
        fields.push(match closed {
            Some(length) => at + blank + 1..at + blank + 1 + length,
            None => at + blank..at + rest.get(..next.unwrap_or(rest.len())).unwrap_or_default().trim_ascii_end().len().max(blank),
        });
        match next {
            Some(next) => at += next + 1,
            None => return fields,
        }
    }
}

/// Names of columns with the values that an `INSERT INTO` puts there, from behind these words on.
/// Also where what was looked at ends.
pub(super) fn inserted(bytes: &[u8], start: usize) -> (Pairs, usize) {
    pairs(bytes, start).unwrap_or((Vec::new(), start))
}

/// Names and values, as ranges of the text.
type Pairs = Vec<(Range<usize>, Range<usize>)>;

fn pairs(bytes: &[u8], start: usize) -> Option<(Pairs, usize)> {
    let rest = bytes.get(start..bytes.len().min(start + 96))?;
    let table = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.`\"[] ".contains(byte)).count();
    if rest.get(table) != Some(&b'(') {
        return None;
    }
    let (columns, mut at) = calls::arguments(bytes, start + table + 1);
    let blank = |at: usize| {
        at + bytes.get(at..).unwrap_or_default().iter().take(64).take_while(|byte| byte.is_ascii_whitespace()).count()
    };
    at = blank(at);
    if !bytes.get(at..at + 6)?.eq_ignore_ascii_case(b"values") {
        return None;
    }
    at = blank(at + 6);
    let mut found = Vec::new();
    for _ in 0..ROWS {
        if bytes.get(at) != Some(&b'(') || at > start + REACH {
            break;
        }
        let (values, end) = calls::arguments(bytes, at + 1);
        for (column, value) in columns.iter().zip(&values).filter(|_| columns.len() == values.len()) {
            let name = column.name();
            found.extend(value.literal.clone().map(|value| (name.clone(), value)));
        }
        at = blank(end);
        at = if bytes.get(at) == Some(&b',') { blank(at + 1) } else { break };
    }
    Some((found, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let at = text.find("password").unwrap();
        let found: Vec<&str> =
            below(text.as_bytes(), &(at..at + 8), Syntax::Unknown).into_iter().map(|field| &text[field]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn tables() {
        check("user,password,mail\nbob,abc,x\n\"a,b\",\"d,e\",y\n", &["abc", "d,e"]);
        check("user\tpassword\nbob\tabc", &["abc"]);
        check("| user | password |\n|---|---|\n| bob | abc |\n", &["abc"]);
        check("| user | password |\n| bob | abc |\n", &[]);
        check("x\nuser,password\nbob,abc\n", &[]);
        check("Give a user, a password, and go\nbob,abc,x\n", &[]);
    }

    #[test]
    fn inserts() {
        let text = "INSERT INTO users (name, password) VALUES ('bob', 'abc'), ('eve', 'def');";
        let found: Vec<_> =
            inserted(text.as_bytes(), 12).0.into_iter().map(|(name, value)| (&text[name], &text[value])).collect();
        assert_eq!(found, [("name", "bob"), ("password", "abc"), ("name", "eve"), ("password", "def")]);
    }
}
