//! A place in the text that moves right, and the literals that may stand there: strings of all languages, here
//! documents, blocks of YAML.

use super::super::work;
use std::ops::Range;

/// Longest value; keys in one line stay below.
const LONGEST: usize = 1024;
/// White space between name, joint and value.
pub(super) const BLANK: usize = 48;

/// A place in the text, moving right.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..self.bytes.len().min(self.at + LONGEST + BLANK)).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn eat(&mut self, text: &[u8]) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    /// A quote, perhaps escaped because the text stands in a string itself; how many backslashes it has.
    pub(super) fn quote(&mut self) -> Option<(u8, usize)> {
        let escapes = self.rest().iter().take(3).take_while(|byte| **byte == b'\\').count();
        let quote = self.rest().get(escapes).copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
        self.at += escapes + 1;
        Some((quote, escapes))
    }

    pub(super) fn blank(&mut self) {
        self.at += self.rest().iter().take(BLANK).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    }

    pub(super) fn blank_lines(&mut self) {
        self.at += self.rest().iter().take(BLANK).take_while(|byte| byte.is_ascii_whitespace()).count();
    }

    /// `[]`, `[32]` behind a name in C.
    pub(super) fn index(&mut self) -> bool {
        let rest = self.rest();
        let Some(b'[') = rest.first() else { return false };
        let digits = rest.iter().skip(1).take(8).take_while(|byte| byte.is_ascii_digit()).count();
        let closed = rest.get(digits + 1) == Some(&b']');
        self.at += if closed { digits + 2 } else { 0 };
        closed
    }

    /// Steps over the type that a string is made: `(const char *)"v"`.
    pub(super) fn cast(&mut self) {
        let rest = self.rest();
        let named = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_ *&:".contains(byte);
        let length = rest.iter().skip(1).take(32).take_while(named).count();
        let mut ahead = Cursor { at: self.at + length + 2, ..*self };
        if length > 0 && rest.first() == Some(&b'(') && rest.get(length + 1) == Some(&b')') {
            ahead.blank();
            *self = if ahead.quote().is_some() { Cursor { at: self.at + length + 2, ..*self } } else { *self };
            self.blank();
        }
    }

    /// The text of a string literal that starts here, whatever marks stand before its quote.
    pub(super) fn literal(&mut self) -> Option<Range<usize>> {
        if matches!(self.peek(), Some(b'%' | b'q')) || self.rest().starts_with(b"[[") {
            return self.q_literal();
        }
        let mut ahead = *self;
        ahead.at += ahead.rest().iter().take(3).take_while(|byte| b"bBrRuUfFLN@$#([8*&".contains(byte)).count();
        let (quote, escapes) = ahead.quote()?;
        let tripled = escapes == 0 && ahead.eat(&[quote, quote]);
        let (start, body) = (ahead.at, ahead.rest());
        let mut at = 0;
        while let Some(byte) = body.get(at) {
            match byte {
                b'\n' | b'\r' if !tripled && quote != b'`' => return None,
                b'\\' if escapes == 0 => at += 1,
                // Doubled, as SQL and YAML write a quote in a text.
                b'\'' if quote == b'\'' && at > 0 && doubled(body, at) => at += 1,
                byte if *byte == quote && (!tripled || ends_tripled(body, at, quote)) => {
                    self.at = start + at + if tripled { 3 } else { 1 };
                    return Some(start..start + at.saturating_sub(escapes));
                }
                _ => {}
            }
            at += 1;
        }
        work::add(at);
        None
    }

    /// `%q{v}` of Ruby, `q{v}` of Perl, `[[v]]` of Lua.
    fn q_literal(&mut self) -> Option<Range<usize>> {
        let rest = self.rest();
        if rest.starts_with(b"[[") {
            let length = memchr::memmem::find(rest.get(2..)?, b"]]")?;
            let value = self.at + 2..self.at + 2 + length;
            self.at = value.end + 2;
            return (!rest.get(2..2 + length)?.iter().any(|byte| b"\n\"'[".contains(byte))).then_some(value);
        }
        let mark = [&b"%q"[..], b"%Q", b"qq", b"q"].into_iter().find(|mark| rest.starts_with(mark))?;
        let close = match rest.get(mark.len())? {
            b'{' => b'}',
            b'[' => b']',
            b'(' if mark.starts_with(b"%") => b')',
            _ => return None,
        };
        let start = self.at + mark.len() + 1;
        let length = memchr::memchr2(close, b'\n', rest.get(mark.len() + 1..)?)?;
        if self.bytes.get(start + length) != Some(&close) {
            return None;
        }
        self.at = start + length + 1;
        Some(start..start + length)
    }

    /// The one line of a here document: `<<~X`, `<<<'X'`, `<<"X"`.
    pub(super) fn here_document(&mut self) -> Option<Range<usize>> {
        let rest = self.rest();
        let marks = rest.iter().take(4).take_while(|byte| matches!(byte, b'<' | b'~' | b'-')).count();
        if !rest.starts_with(b"<<") {
            return None;
        }
        let line = memchr::memchr(b'\n', rest)?;
        let word = rest.get(marks..line)?.trim_ascii();
        let word = word.strip_suffix(b";").unwrap_or(word);
        let word = word
            .strip_prefix(b"'")
            .or_else(|| word.strip_prefix(b"\""))
            .map_or(word, |word| word.get(..word.len() - 1).unwrap_or(word));
        let body = rest.get(line + 1..)?;
        let length = memchr::memchr(b'\n', body)?;
        let text = body.get(..length)?;
        let closes = body.get(length + 1..)?.trim_ascii_start().starts_with(word);
        let start = self.at + line + 1 + text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let value = start..start + text.trim_ascii().len();
        (closes && !word.is_empty() && word.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')).then_some(value)
    }

    /// Steps over `|` or `>-` and the line end, to the first line of a YAML block.
    pub(super) fn block_scalar(&mut self) {
        let mut ahead = *self;
        ahead.blank();
        let marks =
            ahead.rest().iter().take(4).take_while(|byte| matches!(byte, b'|' | b'>' | b'-' | b'+' | b'0'..=b'9')).count();
        if !matches!(ahead.peek(), Some(b'|' | b'>')) {
            return;
        }
        ahead.at += marks;
        ahead.blank();
        if ahead.eat(b"\n") || ahead.eat(b"\r\n") {
            *self = ahead;
        }
    }

    /// Steps over the anchor or the type of a value in YAML: `&name`, `!!str`.
    pub(super) fn tag(&mut self) {
        let rest = self.rest();
        if rest.starts_with(b"&") || rest.starts_with(b"!!") {
            let length = rest.iter().take(32).take_while(|byte| !byte.is_ascii_whitespace()).count();
            self.at += if rest.get(length) == Some(&b' ') { length + 1 } else { 0 };
        }
    }
}

/// Whether a quote at `at` is written twice and the text goes on.
fn doubled(body: &[u8], at: usize) -> bool {
    matches!(body.get(at + 1..), Some([b'\'', next, ..]) if !next.is_ascii_whitespace() && !b",;)}]'\".".contains(next))
}

fn ends_tripled(body: &[u8], at: usize, quote: u8) -> bool {
    body.get(at..at + 3).is_some_and(|end| end.iter().all(|byte| *byte == quote))
}
