//! `NAME=value`, line by line: what shells, `docker --env-file` and the many readers of `.env` take.
//!
//! They differ in what they make of blanks, quotes and `export`; here all of their forms are read, since
//! a secret is one in each.

use std::ops::Range;

/// Longest name of a variable that is taken for one: what is longer may be a value that looks like one.
const NAME: usize = 64;
/// Longest value in quotes.
const QUOTED: usize = 16 << 10;

/// `NAME=value`.
pub(super) struct Setting<'a> {
    pub(super) name: &'a [u8],
    /// Without quotes.
    pub(super) value: Range<usize>,
}

impl<'a> Setting<'a> {
    /// What the line at `start` sets, and where it ends.
    fn parse(text: &'a [u8], start: usize, end: usize) -> Option<(Self, usize)> {
        let line = text.get(start..end)?;
        let mut rest = line.trim_ascii_start();
        for lead in ["export ", "declare -x ", "typeset -x ", "set "] {
            rest = rest.strip_prefix(lead.as_bytes()).unwrap_or(rest).trim_ascii_start();
        }
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')).count();
        let (name, rest) = rest.split_at_checked(length)?;
        let value = rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
        let starts_well = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
        if !starts_well || name.len() > NAME || value.first() == Some(&b'=') {
            return None;
        }
        let from = end - value.len();
        if let Some((inner, close)) = quoted(text, from) {
            return Some((Self { name, value: inner }, close));
        }
        let bare = value.windows(2).position(|pair| matches!(pair, [b' ' | b'\t', b'#'])).and_then(|at| value.get(..at));
        let bare = bare.unwrap_or(value).trim_ascii_end();
        Some((Self { name, value: from..from + bare.len() }, end))
    }

    /// What `text`, in which it was read, gives it.
    pub(super) fn value<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.value.clone()).unwrap_or_default()
    }
}

/// The text between the quotes that open at `from`, over lines if need be, and where the last line ends.
fn quoted(text: &[u8], from: usize) -> Option<(Range<usize>, usize)> {
    let quote = *text.get(from).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let rest = text.get(from + 1..text.len().min(from + 1 + QUOTED))?;
    let mut escaped = false;
    let length = rest.iter().position(|byte| {
        let closes = *byte == quote && !escaped;
        escaped = *byte == b'\\' && !escaped && quote != b'\'';
        closes
    })?;
    let close = from + 1 + length;
    let end = line_end(text, close);
    let behind = text.get(close + 1..end)?.trim_ascii();
    (behind.is_empty() || matches!(behind.first(), Some(b'#' | b';'))).then_some((from + 1..close, end))
}

/// The end of the line at `start`; editors' swap files end theirs with NUL.
fn line_end(text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    memchr::memchr3(b'\n', b'\r', 0, rest).map_or(text.len(), |length| start + length)
}

/// What stands in a file.
#[derive(Default)]
pub(super) struct File<'a> {
    pub(super) settings: Vec<Setting<'a>>,
    /// Lines that are neither settings nor comments nor empty.
    pub(super) others: usize,
    /// Whether it does things: a script rather than a list.
    pub(super) has_logic: bool,
}

impl<'a> File<'a> {
    /// Reads it line by line.
    pub(super) fn parse(text: &'a [u8]) -> Self {
        let mut file = Self::default();
        let mut start = 0;
        while start < text.len() {
            let mut end = line_end(text, start);
            let line = text.get(start..end).unwrap_or_default().trim_ascii();
            if let Some((setting, close)) = Setting::parse(text, start, end) {
                file.settings.push(setting);
                end = close;
            } else if !line.is_empty() && line.first() != Some(&b'#') {
                file.others += 1;
                let word = line.split(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
                file.has_logic |= matches!(word, b"if" | b"for" | b"while" | b"case" | b"function") || line.ends_with(b"{");
            }
            start = end + 1;
        }
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let file = File::parse(text.as_bytes());
        let text_of = |bytes| std::str::from_utf8(bytes).unwrap();
        let found: Vec<_> = file.settings.iter().map(|one| (text_of(one.name), text_of(one.value(text.as_bytes())))).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn blanks_quotes_and_comments() {
        check("A=b", &[("A", "b")]);
        check("  export A = b # c\r\nB='x # y' ;\nC=\"\"\n", &[("A", "b"), ("B", "x # y"), ("C", "")]);
        check("A=b#c\nset B=c d\ndeclare -x C=\"d\"", &[("A", "b#c"), ("B", "c d"), ("C", "d")]);
        check("A=\"it \\\"is\"\nB=it's\nC='\nD=\"x\"y", &[("A", "it \\\"is"), ("B", "it's"), ("C", "'"), ("D", "\"x\"y")]);
        check("KEY=\"one\ntwo=2\n\"\nA=b", &[("KEY", "one\ntwo=2\n"), ("A", "b")]);
    }

    #[test]
    fn what_sets_nothing() {
        check("# A=b\n\n=b\n1A=b\nA == b\nA: b\nif A; then\n[x]=y\n", &[]);
        check(&format!("{}=b", "A".repeat(NAME + 1)), &[]);
        let script = File::parse(b"if x\nA=b\n");
        assert!(script.has_logic && script.others == 1 && script.settings.len() == 1);
    }
}
