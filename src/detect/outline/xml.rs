//! XML by its open elements, told from their like by an attribute: `add[@name=Main]`.

use super::Visit;
use super::trail::{Key, Trail};
use std::ops::Range;

/// Attributes that tell an element from its like, the best first.
const MARKS: [&[u8]; 4] = [b"name", b"key", b"id", b"Name"];
/// Attributes that are what the element is for.
const VALUES: [&[u8]; 4] = [b"value", b"connectionString", b"Value", b"providerConnectionString"];
/// Attributes of one element that are looked at.
const ATTRIBUTES: usize = 32;

/// Visits texts and attributes up to `until`.
pub(super) fn walk(text: &[u8], until: usize, visit: &mut Visit<'_>) {
    let (mut trail, mut depth, mut at) = (Trail::default(), 0usize, 0);
    while at < until {
        let rest = text.get(at..).unwrap_or_default();
        let Some(open) = memchr::memchr(b'<', rest) else { break };
        if open > 0 && depth > 0 {
            visit(&trail, at..at + open);
        }
        at += open;
        let rest = text.get(at..).unwrap_or_default();
        let skipped = |mark: &[u8]| memchr::memmem::find(rest, mark).map_or(rest.len(), |length| length + mark.len());
        match rest {
            [b'<', b'!', b'-', b'-', ..] => at += skipped(b"-->"),
            [b'<', b'?', ..] => at += skipped(b"?>"),
            [b'<', b'!', b'[', ..] => {
                let length = skipped(b"]]>");
                visit(&trail, at..at + length);
                at += length;
            }
            [b'<', b'!', ..] => at += skipped(b">"),
            [b'<', b'/', ..] => {
                let length = skipped(b">");
                let name = rest.get(2..length.saturating_sub(1)).unwrap_or_default().trim_ascii();
                if let Some(level) = trail.find(text, name) {
                    trail.leave(level);
                    depth = level.saturating_sub(1);
                }
                at += length;
            }
            [b'<', byte, ..] if byte.is_ascii_alphabetic() || *byte == b'_' => {
                let tag = Tag::parse(text, at);
                depth += 1;
                trail.push(Key::Name(tag.name.start, tag.name.end), depth);
                tag.visit(text, &mut trail, visit);
                if tag.closed {
                    trail.leave(depth);
                    depth -= 1;
                }
                at = tag.end;
            }
            _ => at += 1,
        }
    }
}

/// An opening tag.
struct Tag {
    name: Range<usize>,
    attributes: Vec<(Range<usize>, Range<usize>)>,
    /// Whether it closes itself.
    closed: bool,
    end: usize,
}

impl Tag {
    fn parse(text: &[u8], at: usize) -> Self {
        let word = |from: usize| {
            let rest = text.get(from..).unwrap_or_default();
            from..from + rest.iter().take_while(|byte| !byte.is_ascii_whitespace() && !b"=/><\"'".contains(byte)).count()
        };
        let name = word(at + 1);
        let mut tag = Self { end: name.end, name, attributes: Vec::new(), closed: false };
        while let Some(byte) = text.get(tag.end) {
            match byte {
                b'>' => {
                    tag.end += 1;
                    break;
                }
                b'<' => break,
                b'"' | b'\'' => {
                    let rest = text.get(tag.end + 1..).unwrap_or_default();
                    tag.end += memchr::memchr(*byte, rest).map_or(rest.len(), |length| length + 1) + 1;
                }
                b'/' => {
                    tag.closed = text.get(tag.end + 1) == Some(&b'>');
                    tag.end += 1;
                }
                byte if byte.is_ascii_whitespace() || *byte == b'=' => tag.end += 1,
                _ => {
                    let name = word(tag.end);
                    tag.end = name.end.max(tag.end + 1);
                    tag.attribute(text, name);
                }
            }
        }
        tag.end = tag.end.min(text.len());
        tag
    }

    /// Takes the value of the attribute `name`, if a quoted one follows.
    fn attribute(&mut self, text: &[u8], name: Range<usize>) {
        let rest = text.get(self.end..text.len().min(self.end + 16)).unwrap_or_default();
        let joint = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b'=').count();
        let Some(quote @ (b'"' | b'\'')) =
            rest.get(joint).filter(|_| rest.get(..joint).is_some_and(|joint| joint.contains(&b'=')))
        else {
            return;
        };
        let start = self.end + joint + 1;
        let inner = text.get(start..).unwrap_or_default();
        let length = memchr::memchr(*quote, inner).unwrap_or(inner.len());
        if self.attributes.len() < ATTRIBUTES {
            self.attributes.push((name, start..start + length));
        }
        self.end = start + length + 1;
    }

    /// Visits the attributes, the last step of the trail being this element.
    fn visit(&self, text: &[u8], trail: &mut Trail, visit: &mut Visit<'_>) {
        let at = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
        let local = |range: &Range<usize>| at(range).rsplit(|byte| *byte == b':').next().unwrap_or_default();
        let mark = MARKS.iter().find_map(|mark| self.attributes.iter().find(|(name, _)| local(name) == *mark));
        trail.mark(mark.cloned());
        for (name, value) in &self.attributes {
            trail.complete = VALUES.contains(&local(name)) && mark.is_some();
            visit(trail, value.clone());
        }
        trail.complete = false;
    }
}
