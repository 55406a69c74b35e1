//! The keys that lead to what was found: `spec.containers[0].env.DB_PASSWORD`.
//!
//! A text is walked once, from its start to the last hit, and only if there is a hit. The walkers know
//! columns, brackets and sections and no grammar, so that templates and broken files have paths too. A key
//! may itself be a secret that was found; it is not shown then.

mod hcl;
pub(super) mod json;
mod lines;
pub(super) mod trail;
mod xml;
mod yaml;

use super::assign::Syntax;
use super::{Hit, View};
use std::ops::Range;
pub(super) use trail::Trail;

/// Bytes looked at to tell what a text is.
const HEAD: usize = 4 << 10;

/// Takes each scalar, as a range of the text, with the keys that lead to it.
pub(super) type Visit<'v> = dyn FnMut(&Trail, Range<usize>) + 'v;

/// How a text is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// Brackets and quotes.
    Json,
    /// Columns.
    Yaml,
    /// Sections, and a key on each line.
    Lines,
    /// Blocks.
    Hcl,
    /// Elements.
    Xml,
}

impl Language {
    /// What the text of a view is, by its beginning; where that tells nothing, by its name.
    pub(super) fn of(view: &View<'_>) -> Option<Self> {
        let syntax = Syntax::of(view.name);
        let head = view.bytes.get(..view.bytes.len().min(HEAD)).unwrap_or_default();
        if matches!(syntax, Syntax::Prose | Syntax::Shell) || memchr::memchr(0, head).is_some() {
            return None;
        }
        let text = significant(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head));
        let extension = extension(view.name);
        let ends = |endings: &[&str]| endings.iter().any(|ending| ending.as_bytes() == extension);
        match text {
            _ if ends(&["tf", "tfvars", "hcl", "nomad"]) => Some(Self::Hcl),
            _ if ends(&["toml"]) => Some(Self::Lines),
            [b'{', rest @ ..] if is_json(rest) => Some(Self::Json),
            [b'[', rest @ ..] if matches!(rest.trim_ascii_start().first(), Some(b'{' | b'"')) => Some(Self::Json),
            [b'<', rest @ ..] if !matches!(syntax, Syntax::Code | Syntax::Yaml) => is_xml(rest).then_some(Self::Xml),
            _ if syntax == Syntax::Yaml => Some(Self::Yaml),
            // `config` may be anything.
            _ if syntax == Syntax::Lines
                && !view.name.rsplit(|byte| *byte == b'/').next().unwrap_or_default().contains(&b'.') =>
            {
                Some(unnamed(text).unwrap_or(Self::Lines))
            }
            _ if syntax == Syntax::Lines => Some(Self::Lines),
            [b'-', b'-', b'-', b'\n' | b'\r' | b' ', ..] if syntax == Syntax::Unknown => Some(Self::Yaml),
            _ if syntax == Syntax::Unknown => unnamed(text),
            _ => None,
        }
    }

    /// Visits each scalar of `text` up to `until`.
    pub(super) fn walk(self, text: &[u8], until: usize, visit: &mut Visit<'_>) {
        match self {
            Self::Json => json::walk(text, until, visit),
            Self::Yaml => yaml::walk(text, until, visit),
            Self::Lines => lines::walk(text, until, visit),
            Self::Hcl => hcl::walk(text, until, visit),
            Self::Xml => xml::walk(text, until, visit),
        }
    }
}

/// What a text without a telling name is, by its first line that is no comment.
fn unnamed(text: &[u8]) -> Option<Language> {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let word = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte)).count();
    match line.get(word..)? {
        [b':'] if word > 0 => Some(Language::Yaml),
        [b':', b' ', ..] if word > 0 => Some(Language::Yaml),
        [b'[', .., b']'] if word == 0 => Some(Language::Lines),
        _ => None,
    }
}

fn is_json(rest: &[u8]) -> bool {
    matches!(significant(rest).first(), Some(b'"' | b'\'' | b'}'))
        || significant(rest).first().is_some_and(u8::is_ascii_alphabetic)
}

/// Whether what follows the first `<` is no page for people and no program.
fn is_xml(rest: &[u8]) -> bool {
    let word: Vec<u8> = rest.iter().take(16).map(u8::to_ascii_lowercase).collect();
    let starts = rest.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'!') || word.starts_with(b"?xml");
    starts && !word.starts_with(b"html") && !word.starts_with(b"!doctype html")
}

/// The text from its first line that is neither empty nor a comment.
fn significant(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii_start();
        let skipped = match text {
            [b'#' | b';', ..] | [b'/', b'/', ..] => memchr::memchr(b'\n', text),
            [b'/', b'*', ..] => memchr::memmem::find(text, b"*/").map(|at| at + 2),
            [b'<', b'!', b'-', b'-', ..] => return text,
            _ => return text,
        };
        text = skipped.and_then(|at| text.get(at..)).unwrap_or_default();
    }
}

/// The last extension of a name, in lower case, endings of copies and templates taken off.
fn extension(name: &[u8]) -> Vec<u8> {
    let last = name.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or_default();
    let parts = last.rsplit(|byte| *byte == b'.').map(<[u8]>::to_ascii_lowercase);
    let copies = ["bak", "old", "orig", "example", "sample", "template", "dist", "tmpl", "j2"];
    parts.into_iter().find(|part| !copies.iter().any(|copy| copy.as_bytes() == part)).unwrap_or_default()
}

/// Stretches of a text that are secrets, which no key may show.
pub(super) struct Masks<'a>(&'a [Range<usize>]);

impl Masks<'_> {
    /// Where nothing is known to be secret.
    pub(super) fn none() -> Self {
        Self(&[])
    }

    /// The key at `range`, as it may be shown.
    pub(super) fn shown(&self, text: &[u8], range: Range<usize>) -> String {
        let Self(masks) = self;
        let next = masks.partition_point(|mask| mask.end <= range.start);
        if masks.get(next).is_some_and(|mask| mask.start < range.end) {
            return "********".into();
        }
        trail::key(text.get(range).unwrap_or_default())
    }
}

/// Puts before the names of `hits`, which are in order of place and do not overlap, the keys that lead to them.
pub(super) fn trace(view: &View<'_>, hits: &mut [Hit]) {
    let Some(last) = hits.iter().map(|hit| hit.span.end).max().filter(|end| *end > 0 && view.whole) else { return };
    let Some(language) = Language::of(view) else { return };
    let text = view.bytes;
    let spans: Vec<Range<usize>> = hits.iter().map(|hit| hit.span.clone()).filter(|span| !span.is_empty()).collect();
    let masks = Masks(&spans);
    let mut next = 0;
    language.walk(text, last, &mut |trail, scalar| {
        while hits.get(next).is_some_and(|hit| hit.span.is_empty() || hit.span.start < scalar.start) {
            next += 1;
        }
        while let Some(hit) = hits.get_mut(next).filter(|hit| hit.span.start < scalar.end) {
            let path = trail.render(text, &masks);
            hit.name = joined(path, hit.name.take(), trail.complete);
            next += 1;
        }
    });
}

/// A path with the name that stands behind it, unless it ends in that already.
pub(super) fn joined(mut path: String, name: Option<String>, complete: bool) -> Option<String> {
    // `variable "x" { default = … }`, `X: { value: … }`: the key that names the value stands one above.
    if let Some(name) = &name
        && let Some(above) =
            path.rsplit_once('.').filter(|(_, last)| matches!(*last, "default" | "value")).map(|(above, _)| above)
        && above.ends_with(name.as_str())
    {
        path.truncate(above.len());
    }
    let name = name.filter(|name| !complete && !path.ends_with(name.as_str()) && !path.ends_with(&format!("={name}]")));
    trail::join(&mut path, name.as_deref().unwrap_or_default());
    Some(path).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests;
