//! Texts that the structure of a file gave: judged by their keys, and opened where they are documents themselves.
//!
//! Settings are kept as JSON in JSON: in the header of a model, in a column of a table. Such a text is taken apart, so
//! that its keys lead on to what is in it, however often it is wrapped. However often that is, a stretch is judged twice
//! at most: in the innermost document that it stands in, and as a text of that.

use super::crew::Crew;
use super::flat::{Origin, left_out};
use super::settings::{joined, plain};
use crate::detect::{Hit, Unseen, allow};
use crate::extract::Text;
use crate::finding::{Finding, Totals};
use crate::image::json::Json;
use std::borrow::Cow;
use std::convert::Infallible;

/// Documents in documents.
const DEPTH: u32 = 8;

/// Looks at a text; of a program or of data.
pub(super) fn scan_text(crew: &Crew<'_>, origin: &Origin, text: &Text<'_>, is_program: bool) {
    let mut texts = Texts { crew, origin, offset: text.offset, is_program, findings: Vec::new(), unseen: Unseen::default() };
    texts.text(text.name, text.key, text.bytes, 0);
    let gap = left_out(&origin.place, texts.unseen);
    if !texts.findings.is_empty() || gap.is_some() {
        crew.deliver(texts.findings, gap.into_iter().collect(), Totals::default());
    }
}

struct Texts<'t, 'e> {
    crew: &'t Crew<'e>,
    origin: &'t Origin,
    offset: u64,
    is_program: bool,
    findings: Vec<Finding>,
    unseen: Unseen,
}

impl Texts<'_, '_> {
    fn text(&mut self, name: &[u8], key: &[u8], bytes: &[u8], depth: u32) {
        let Some(json) = document(bytes).filter(|_| depth < DEPTH) else {
            self.judge(name, key, bytes);
            return;
        };
        let before = self.findings.len();
        let Ok(()) = json.each_text::<Infallible>(&mut name.to_vec(), key, &mut |name, key, text| {
            self.text(name, key, text, depth + 1);
            Ok(())
        });
        // Some detectors know the document as a whole; of what both find the inner one has the better name.
        let inner = self.findings.split_off(before);
        self.judge(name, key, &alone(bytes));
        let is_new = |outer: &Finding| !inner.iter().any(|inner| inner.secret.overlaps(&outer.secret));
        let whole: Vec<_> = self.findings.drain(before..).filter(is_new).collect();
        self.findings.extend(inner);
        self.findings.extend(whole);
    }

    fn judge(&mut self, name: &[u8], key: &[u8], bytes: &[u8]) {
        let mut hits = Vec::new();
        self.unseen.add(match self.is_program {
            true => self.crew.engine.pair_in_program(key, bytes, &mut hits),
            false => self.crew.engine.pair(key, bytes, &mut hits),
        });
        if hits.is_empty() {
            return;
        }
        let (outer, key) = (String::from_utf8_lossy(name), String::from_utf8_lossy(key));
        let named = |mut hit: Hit| {
            if self.crew.heeds_comments {
                allow::accept(&mut hit, bytes);
            }
            let inner = hit.name.clone().filter(|name| *name != key);
            let name = joined(&outer, inner);
            let found = plain(self.origin, hit);
            Finding { name, offset: self.offset.saturating_add(found.offset), ..found }
        };
        self.findings.extend(hits.into_iter().map(named));
    }
}

/// The document that a text is: an object or a list, whole.
fn document(bytes: &[u8]) -> Option<Json> {
    if is_wrapped(bytes) { Json::parse(bytes.trim_ascii()).ok() } else { None }
}

fn is_wrapped(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii(), [b'{', .., b'}'] | [b'[', .., b']'])
}

/// A document without those in its strings, which are judged by themselves: they become spaces, so that all else
/// stands where it stood.
fn alone(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Cow::Borrowed(bytes);
    let mut at = 0;
    while let Some(quote) = bytes.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) {
        let start = at + quote + 1;
        let end = start + string_length(bytes.get(start..).unwrap_or_default());
        if bytes.get(start..end).is_some_and(is_wrapped)
            && let Some(string) = out.to_mut().get_mut(start..end)
        {
            string.fill(b' ');
        }
        at = end + 1;
    }
    out
}

/// How long a string is whose opening quote stands before `rest`.
fn string_length(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = rest.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if rest.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(String::from_utf8_lossy(&alone(text.as_bytes())), expected);
    }

    #[test]
    fn documents_in_strings_are_left_out() {
        check(r#"{"a": "b", "c": ["[x", "x]"]}"#, r#"{"a": "b", "c": ["[x", "x]"]}"#);
        check(r#"{"a": "{\"b\": 1}", "c": 2}"#, r#"{"a": "          ", "c": 2}"#);
        check(r#"[" [\"\\\"\"] ", "\\", "{}"]"#, r#"["            ", "\\", "  "]"#);
        check(r#"["{\"", "{} "#, r#"["{\"", "   "#);
        check(r#"["ends with a backslash \"#, r#"["ends with a backslash \"#);
    }
}
