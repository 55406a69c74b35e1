//! From a hit in some bytes to a finding in the artifact: line, column, offset.

use super::flat::Origin;
use crate::detect::{Hit, allow};
use crate::finding::Finding;

/// Where in a member some bytes begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines {
    /// Offset of the first byte.
    pub(super) offset: u64,
    /// Lines that ended before it.
    line: u64,
    /// Offset at which the line at hand began.
    line_start: u64,
    is_text: bool,
    is_counted: bool,
}

impl Lines {
    /// At the start of a member.
    pub(super) fn start(is_text: bool) -> Self {
        Self { offset: 0, line: 0, line_start: 0, is_text, is_counted: true }
    }

    /// At the start of bytes that have no lines, of which only the offset is kept: counting costs as much as
    /// looking for what identifies itself.
    pub(super) fn none() -> Self {
        Self { offset: 0, line: 0, line_start: 0, is_text: false, is_counted: false }
    }

    /// At `offset`.
    pub(super) fn at(self, offset: u64) -> Self {
        Self { offset, ..self }
    }

    /// At the start of bytes that stand at `offset` of a member, whose lines before that nobody counted.
    pub(super) fn within(is_text: bool, offset: u64) -> Self {
        Self { is_text, is_counted: offset == 0, ..Self::none().at(offset) }
    }

    /// Behind `bytes`.
    pub(super) fn after(&self, bytes: &[u8]) -> Self {
        if !self.is_counted {
            return Self { offset: self.offset + bytes.len() as u64, ..*self };
        }
        let newlines = memchr::memchr_iter(b'\n', bytes).count() as u64;
        let line_start = memchr::memrchr(b'\n', bytes).map_or(self.line_start, |at| self.offset + at as u64 + 1);
        Self { offset: self.offset + bytes.len() as u64, line: self.line + newlines, line_start, ..*self }
    }
}

/// Bytes in which hits are to be located.
pub(super) struct Located<'a> {
    pub(super) origin: &'a Origin,
    pub(super) bytes: &'a [u8],
    pub(super) lines: &'a Lines,
    /// Whether a comment beside a secret may accept it.
    pub(super) heeds_comments: bool,
}

impl Located<'_> {
    pub(super) fn finding(&self, mut hit: Hit) -> Finding {
        let before = self.bytes.get(..hit.span.start).unwrap_or_default();
        let here = self.lines.after(before);
        // UTF-16 and UTF-32 have NULs but lines too; of their units the newline's one byte is counted.
        let is_text = self.lines.is_text || hit.decoded.first().is_some_and(|how| how.starts_with("utf-"));
        if is_text && self.heeds_comments {
            allow::accept(&mut hit, self.bytes);
        }
        // What is about a file as a whole stands on no line of it.
        let has_lines = is_text && self.lines.is_counted && !hit.span.is_empty();
        // Nor does it stand at any place of it.
        let offset = if hit.span.is_empty() { 0 } else { here.offset };
        Finding {
            line: has_lines.then_some(here.line + 1),
            column: has_lines.then_some(here.offset - here.line_start + 1),
            ..unlined(self.origin, offset, hit)
        }
    }
}

/// A finding where lines mean nothing: in a binary, in a value that a structure gave.
pub(super) fn unlined(origin: &Origin, offset: u64, hit: Hit) -> Finding {
    Finding {
        place: origin.place.clone(),
        entry: origin.entry,
        offset,
        line: None,
        column: None,
        name: hit.name,
        rule: hit.rule,
        secret: hit.secret,
        severity: hit.severity,
        confidence: hit.confidence,
        disposition: hit.disposition,
        reasons: hit.reasons,
        decoded: hit.decoded,
        note: hit.note,
        parts: hit.parts,
        part_of: None,
        instruction: None,
        content: None,
        package: None,
        version: origin.version.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_kept_across_windows() {
        let first = Lines::start(true).after(b"ab\ncd\nef");
        let then = first.after(b"gh\ni");
        let (inside, whole) = (Lines::within(true, 5).after(b"a\nb"), Lines::within(true, 0).after(b"a\nb"));
        assert_eq!((inside.offset, inside.is_counted, whole.line, whole.is_counted), (8, false, 1, true));
        assert_eq!((first.offset, first.line, first.line_start), (8, 2, 6));
        assert_eq!((then.offset, then.line, then.line_start), (12, 3, 11));
    }

    #[test]
    fn a_finding_about_a_whole_file_stands_on_no_line() {
        let rules = "issuer='X'\n[[rule]]\nid='x'\ntitle='X'\nseverity='high'\nexamples=['a']\nfiles=['**/.x']\n";
        let check = |content: &str, expected: (u64, Option<u64>, Option<u64>)| {
            let set = crate::rules::RuleSet::parse(&[("x", format!("{rules}{content}"))]).unwrap();
            let bytes = b"a\nb\n key=hunter2\n";
            let view = crate::detect::View { bytes, owned: 0..bytes.len(), whole: true, name: b"root/.x" };
            let mut hits = Vec::new();
            crate::detect::Engine::new(&set).unwrap().detect_first(&view, &mut hits);
            let origin = Origin {
                place: crate::place::Place::root(crate::place::RootId(0), "x"),
                entry: None,
                is_file: false,
                version: None,
            };
            let located = Located { origin: &origin, bytes, lines: &Lines::start(true), heeds_comments: true };
            let found = hits.pop().map(|hit| located.finding(hit));
            assert_eq!(found.map(|found| (found.offset, found.line, found.column)), Some(expected), "{content}");
        };
        check("content='key=(?P<secret>.{7})'", (9, Some(3), Some(6)));
        check("content='key='", (0, None, None));
        check("", (0, None, None));
    }
}
