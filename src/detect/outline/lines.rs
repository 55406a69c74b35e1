//! Sections and keys: ini, TOML, properties, systemd units, dotenv.

use super::Visit;
use super::trail::{Key, Trail};
use std::ops::Range;

/// Longest name of a section, longest key.
const NAME: usize = 160;

/// Visits what stands behind the key of each line, up to `until`.
pub(super) fn walk(text: &[u8], until: usize, visit: &mut Visit<'_>) {
    let mut sections = Sections::default();
    let mut trail = Trail::default();
    let mut at = 0;
    while at < until {
        let end = memchr::memchr(b'\n', text.get(at..).unwrap_or_default()).map_or(text.len(), |length| at + length);
        let line = text.get(at..end).unwrap_or_default();
        let blank = line.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let mut next = end + 1;
        if let Some((name, is_list)) = section(line) {
            sections.enter(text, at + name.start..at + name.end, is_list, &mut trail);
        } else if !matches!(line.get(blank), None | Some(b'#' | b';')) {
            if let Some((name, behind)) = key(line, blank)
                && !line.get(name.clone()).unwrap_or_default().contains(&b' ')
            {
                trail.name(at + name.start..at + name.end, 1);
                next = multiline(text, at + behind).map_or(next, |close| close.max(next));
                visit(&trail, at + behind..next.min(text.len()));
            } else {
                row(text, at..end, &mut trail, visit);
            }
        }
        at = next;
    }
}

/// A line of several settings, as in an inventory: `host a=b c=d`. Also one whose key has blanks.
fn row(text: &[u8], line: Range<usize>, trail: &mut Trail, visit: &mut Visit<'_>) {
    let bytes = text.get(line.clone()).unwrap_or_default();
    let mut start = 0;
    for equals in memchr::memchr_iter(b'=', bytes) {
        let before = bytes.get(start..equals).unwrap_or_default();
        let blank = before.trim_ascii_end().iter().rposition(u8::is_ascii_whitespace).map_or(0, |blank| blank + 1);
        let name = line.start + start + blank..line.start + start + before.trim_ascii_end().len();
        visit(trail, line.start + start..name.start);
        trail.name(name, 1);
        start = equals + 1;
    }
    if start == 0 {
        // It goes on from the line above.
        visit(trail, line.clone());
    } else {
        visit(trail, line.start + start..line.end);
    }
}

/// What `[[x]]` counts.
#[derive(Default)]
struct Sections {
    list: Range<usize>,
    index: usize,
}

impl Sections {
    fn enter(&mut self, text: &[u8], name: Range<usize>, is_list: bool, trail: &mut Trail) {
        let at = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
        trail.leave(0);
        if is_list {
            self.index = if at(&self.list) == at(&name) { self.index + 1 } else { 0 };
            self.list = name.clone();
        }
        let below = at(&name).strip_prefix(at(&self.list)).filter(|_| !self.list.is_empty());
        match below {
            Some([]) if is_list => {
                trail.push(Key::Name(name.start, name.end), 0);
                trail.push(Key::Item(self.index), 0);
            }
            Some([b'.', below @ ..]) => {
                trail.push(Key::Name(self.list.start, self.list.end), 0);
                trail.push(Key::Item(self.index), 0);
                trail.push(Key::Name(name.end - below.len(), name.end), 0);
            }
            // `[remote "origin"]`
            _ => match at(&name).iter().position(|byte| *byte == b'"').filter(|quote| *quote > 0) {
                Some(quote) => {
                    trail.push(Key::Name(name.start, name.start + quote), 0);
                    let close = name.end - usize::from(at(&name).ends_with(b"\""));
                    trail.push(Key::Name((name.start + quote + 1).min(close), close), 0);
                }
                None => trail.push(Key::Name(name.start, name.end), 0),
            },
        }
    }
}

/// The name of the section that a line begins, and whether it is one of several.
fn section(line: &[u8]) -> Option<(Range<usize>, bool)> {
    let start = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let rest = line.get(start..line.len().min(start + NAME))?.strip_prefix(b"[")?;
    let is_list = rest.starts_with(b"[");
    let from = start + 1 + usize::from(is_list);
    let rest = line.get(from..line.len().min(from + NAME))?;
    let length = memchr::memchr(b']', rest)?;
    let behind = rest.get(length + 1 + usize::from(is_list)..)?.trim_ascii();
    let name = rest.get(..length)?;
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:/@\\\"' *$~+".contains(byte) || !byte.is_ascii();
    let ends = behind.is_empty() || matches!(behind.first(), Some(b'#' | b';'));
    (ends && !name.trim_ascii().is_empty() && name.iter().all(fits)).then_some((from..from + length, is_list))
}

/// The key of a line, and where its value begins.
fn key(line: &[u8], start: usize) -> Option<(Range<usize>, usize)> {
    let rest = line.get(start..line.len().min(start + NAME))?;
    let lead = [&b"export "[..], b"set "].into_iter().find(|lead| rest.starts_with(lead)).map_or(0, <[u8]>::len);
    let rest = rest.get(lead..)?;
    let is_joint = |(at, byte): (usize, &u8)| {
        *byte == b'=' || *byte == b':' && rest.get(at + 1).is_none_or(|next| next.is_ascii_whitespace())
    };
    let joint = rest.iter().enumerate().position(|(at, byte)| is_joint((at, byte)))?;
    let name = rest.get(..joint)?.trim_ascii_end();
    let quotes = |byte: &u8| matches!(byte, b'"' | b'\'');
    let name = match name {
        [b'"', inner @ .., b'"'] if !inner.iter().any(quotes) => start + lead + 1..start + lead + 1 + inner.len(),
        _ => start + lead..start + lead + name.len(),
    };
    let text = line.get(name.clone())?;
    let odd = |byte: &u8| matches!(byte, b'"' | b'\'' | b'(' | b'{' | b'<' | b';' | b',');
    (!text.is_empty() && !text.iter().any(odd)).then_some((name, start + lead + joint + 1))
}

/// The end of the line on which a text in three quotes closes, where one begins at `at`.
fn multiline(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let rest = rest.get(rest.iter().take(8).take_while(|byte| matches!(byte, b' ' | b'\t')).count()..)?;
    let quotes = rest.get(..3).filter(|quotes| **quotes == *b"\"\"\"" || **quotes == *b"'''")?;
    let start = text.len() - rest.len() + 3;
    let close = memchr::memmem::find(text.get(start..)?, quotes).map_or(text.len(), |length| start + length + 3);
    Some(memchr::memchr(b'\n', text.get(close..)?).map_or(text.len(), |length| close + length + 1))
}
