//! XML as documents of offices have it, read from memory: tags, attributes and the text between them, in order.
//!
//! No tree is built, no entity but those of XML itself is known, and what is no XML is passed over.

use std::ops::Range;

/// A part of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part<'a> {
    /// A tag that opens an element; whether it closes it, too.
    Open(Tag<'a>, bool),
    /// A tag that closes the element of this name.
    Close(&'a [u8]),
    /// Text, as it is written, and where.
    Text(Range<usize>),
}

/// A tag: its name and what follows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tag<'a> {
    /// With the prefix of its name space.
    pub(crate) name: &'a [u8],
    attributes: &'a [u8],
}

impl<'a> Tag<'a> {
    /// The value of an attribute, as it is written.
    pub(crate) fn attribute(&self, name: &[u8]) -> Option<&'a [u8]> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_ascii_start();
            let equals = memchr::memchr(b'=', rest)?;
            let key = rest.get(..equals)?.trim_ascii();
            rest = rest.get(equals + 1..)?.trim_ascii_start();
            let quote = *rest.first()?;
            let body = rest.get(1..)?;
            let end = memchr::memchr(quote, body)?;
            if key == name {
                return body.get(..end);
            }
            rest = body.get(end + 1..)?;
        }
    }
}

/// The parts of a document.
pub(crate) struct Parts<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// From the first on.
pub(crate) fn parts(bytes: &[u8]) -> Parts<'_> {
    Parts { bytes, at: 0 }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        loop {
            let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
            if rest.first() != Some(&b'<') {
                let length = memchr::memchr(b'<', rest).unwrap_or(rest.len());
                let start = self.at;
                self.at += length;
                return Some(Part::Text(start..self.at));
            }
            let skip = |start: &[u8], end: &[u8]| {
                rest.starts_with(start).then(|| memchr::memmem::find(rest, end).map_or(rest.len(), |at| at + end.len()))
            };
            if rest.starts_with(b"<![CDATA[") {
                let end = memchr::memmem::find(rest, b"]]>");
                let start = self.at + 9;
                let text = start..self.at + end.unwrap_or(rest.len()).max(9);
                self.at += end.map_or(rest.len(), |end| end + 3);
                return Some(Part::Text(text));
            }
            if let Some(length) = skip(b"<!--", b"-->").or_else(|| skip(b"<?", b"?>")).or_else(|| skip(b"<!", b">")) {
                self.at += length;
                continue;
            }
            let end = memchr::memchr(b'>', rest);
            self.at += end.map_or(rest.len(), |end| end + 1);
            let body = rest.get(1..end?).unwrap_or_default();
            if let Some(name) = body.strip_prefix(b"/") {
                return Some(Part::Close(name.trim_ascii()));
            }
            let closed = body.ends_with(b"/");
            let body = body.strip_suffix(b"/").unwrap_or(body);
            let name = body.iter().position(u8::is_ascii_whitespace).unwrap_or(body.len());
            let (name, attributes) = (body.get(..name).unwrap_or_default(), body.get(name..).unwrap_or_default());
            return Some(Part::Open(Tag { name, attributes }, closed));
        }
    }
}

/// Text with the entities of XML undone.
pub(crate) fn undone(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let end = rest.iter().take(12).position(|byte| *byte == b';');
        let character = end.and_then(|end| entity(rest.get(1..end)?));
        match (character, end) {
            (Some(character), Some(end)) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            _ => {
                out.push(b'&');
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

fn entity(name: &[u8]) -> Option<char> {
    Some(match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        _ => {
            let digits = std::str::from_utf8(name.strip_prefix(b"#")?).ok()?;
            let number = match digits.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(number)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_order() {
        let text = b"<?xml?><!-- <x> --><a:b c = 'd' e=\"f>\"/>one<![CDATA[<two>]]></a:b><open";
        let mut seen = Vec::new();
        for part in parts(text) {
            seen.push(match part {
                Part::Open(tag, closed) => format!("{} {closed}", String::from_utf8_lossy(tag.name)),
                Part::Close(name) => format!("/{}", String::from_utf8_lossy(name)),
                Part::Text(range) => String::from_utf8_lossy(&text[range]).into_owned(),
            });
        }
        assert_eq!(seen, ["a:b false", "\"/>one", "<two>", "/a:b"]);
        let Some(Part::Open(tag, true)) = parts(b"<x c = 'd' e=\"f\"/>").next() else { panic!("a tag") };
        assert_eq!((tag.attribute(b"c"), tag.attribute(b"e"), tag.attribute(b"g")), (Some(&b"d"[..]), Some(&b"f"[..]), None));
    }

    #[test]
    fn entities_are_undone() {
        assert_eq!(undone(b"a&amp;b&#x41;&#66;&nbsp;&"), b"a&bAB&nbsp;&");
    }

    #[test]
    fn damage_ends() {
        for text in [&b"<"[..], b"<a", b"<a b=", b"<![CDATA[", b"<!--", b"</", b"<a b='", b"&#"] {
            for part in parts(text) {
                if let Part::Open(tag, _) = part {
                    assert_eq!(tag.attribute(b"b"), None);
                }
            }
        }
    }
}
