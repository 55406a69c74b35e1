//! YAML by its columns: keys, list items, block texts, quoted texts over lines, flow style. No parser: a
//! template with `{{ … }}` in it, or a document that is broken further up, has its keys too.

use super::trail::Trail;
use super::{Visit, json};
use std::ops::Range;

/// Longest key.
const KEY: usize = 200;

/// Visits each scalar of `text` up to `until`.
pub(super) fn walk(text: &[u8], until: usize, visit: &mut Visit<'_>) {
    let mut walker = Walker { text, until, trail: Trail::default(), unclosed: false };
    let mut at = 0;
    while at < until {
        at = walker.line(at, visit).max(at + 1);
    }
}

struct Walker<'a> {
    text: &'a [u8],
    until: usize,
    trail: Trail,
    /// Whether a quote did not close: none is followed over lines again.
    unclosed: bool,
}

impl Walker<'_> {
    /// Takes the line at `start`, with what belongs to it below; where the next begins.
    fn line(&mut self, start: usize, visit: &mut Visit<'_>) -> usize {
        let end = line_end(self.text, start);
        let line = self.text.get(start..end).unwrap_or_default();
        let mut column = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let body = line.get(column..).unwrap_or_default();
        if matches!(body.trim_ascii(), [] | [b'#', ..]) {
            return end + 1;
        }
        if line.starts_with(b"---") || line.starts_with(b"...") {
            self.trail.restart();
            return end + 1;
        }
        let mut owner = None;
        while let Some([b'-', b' ' | b'\t' | b'\r', ..] | [b'-']) = line.get(column..) {
            self.trail.item(column);
            owner = Some(column);
            column += 1 + blanks(line, column + 1);
        }
        if let Some((name, behind)) = key(line, column) {
            self.trail.name(start + name.start..start + name.end, column);
            owner = Some(column);
            column = behind + blanks(line, behind);
        }
        // Anchors and tags stand before the value.
        while let Some([b'&' | b'!', ..]) = line.get(column..) {
            let word = line.get(column..).unwrap_or_default().iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
            column += word + blanks(line, column + word);
        }
        self.value(start + column..end, owner, visit)
    }

    /// Visits the value that begins in `rest`; where the next line begins.
    fn value(&mut self, rest: Range<usize>, owner: Option<usize>, visit: &mut Visit<'_>) -> usize {
        match self.text.get(rest.clone()).unwrap_or_default() {
            [] | [b'#', ..] => rest.end + 1,
            [b'|' | b'>', ..] if owner.is_some() => {
                let block = block(self.text, rest.end + 1, owner.unwrap_or(0));
                visit(&self.trail, block.clone());
                block.end
            }
            [b'{', b'{' | b'%', ..] => self.plain(rest, visit),
            [b'{' | b'[', ..] => {
                let until = json::value(self.text, rest.start, self.until, &mut self.trail, visit);
                line_end(self.text, until.max(rest.start)) + 1
            }
            [b'"' | b'\'', ..] if !self.unclosed => {
                let (inner, behind) = json::quoted(self.text, rest.start);
                if behind >= self.text.len() && inner.end == self.text.len() {
                    self.unclosed = true;
                    return self.plain(rest, visit);
                }
                self.trail.note(self.text, &inner);
                visit(&self.trail, inner);
                line_end(self.text, behind) + 1
            }
            _ => self.plain(rest, visit),
        }
    }

    fn plain(&mut self, rest: Range<usize>, visit: &mut Visit<'_>) -> usize {
        let text = self.text.get(rest.clone()).unwrap_or_default();
        let length = memchr::memmem::find(text, b" #").unwrap_or(text.len());
        let value = rest.start..rest.start + text.get(..length).unwrap_or_default().trim_ascii_end().len();
        self.trail.note(self.text, &value);
        visit(&self.trail, value);
        rest.end + 1
    }
}

/// The key at `column` of a line, and where its value begins.
fn key(line: &[u8], column: usize) -> Option<(Range<usize>, usize)> {
    let rest = line.get(column..)?;
    let ends = |at: usize| matches!(rest.get(at + 1), None | Some(b' ' | b'\t' | b'\r'));
    if let [quote @ (b'"' | b'\''), inner @ ..] = rest {
        let length = memchr::memchr(*quote, inner)?;
        let colon = length + 2 + blanks(rest, length + 2);
        return (rest.get(colon) == Some(&b':') && ends(colon)).then_some((column + 1..column + 1 + length, column + colon + 1));
    }
    if matches!(rest.first()?, b'{' | b'[' | b'|' | b'>' | b'&' | b'*' | b'!' | b'%' | b'@' | b'`') {
        return None;
    }
    let colon = memchr::memchr_iter(b':', rest.get(..rest.len().min(KEY))?).find(|at| ends(*at))?;
    let name = rest.get(..colon)?.trim_ascii_end();
    let in_comment = memchr::memmem::find(name, b" #").is_some();
    (!name.is_empty() && !in_comment).then_some((column..column + name.len(), column + colon + 1))
}

/// The lines from `start` on that stand deeper than `owner`.
fn block(text: &[u8], start: usize, owner: usize) -> Range<usize> {
    let mut at = start.min(text.len());
    while at < text.len() {
        let end = line_end(text, at);
        let line = text.get(at..end).unwrap_or_default();
        let indent = line.iter().take_while(|byte| **byte == b' ').count();
        if indent <= owner && !line.trim_ascii().is_empty() {
            break;
        }
        at = end + 1;
    }
    start.min(text.len())..at.min(text.len())
}

fn line_end(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', text.get(at..).unwrap_or_default()).map_or(text.len(), |length| at + length)
}

fn blanks(line: &[u8], at: usize) -> usize {
    line.get(at..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}
