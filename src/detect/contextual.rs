//! Values that only a name near them tells: run first, then the words to its left.

use super::{Hit, border, judge, placeholder, runs, work};
use crate::finding::Confidence;
use crate::rules::{Form, Rule};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::ops::Range;
use std::sync::Arc;

/// Keywords stand at most this far left of a value.
pub(super) const CONTEXT: usize = 72;
/// Letters of a name in which keywords are looked for.
const NAME: usize = 128;
/// An AWS key id this near speaks for a secret key.
const PAIRED: usize = 200;
/// How far a value may go on on both sides of its run.
const FURTHEST: usize = 512;
/// Names of values that are digests and not secrets.
const DIGESTS: &[&str] = &[
    "sha1",
    "sha256",
    "sha512",
    "sha",
    "md5",
    "integrity",
    "checksum",
    "digest",
    "commit",
    "revision",
    "etag",
    "hash",
    "rev",
    "blob",
];

/// All contextual rules.
#[derive(Debug)]
pub(super) struct Contextual {
    keywords: Option<AhoCorasick>,
    /// For each keyword, the rules that have it.
    owners: Vec<Vec<usize>>,
    rules: Vec<Arc<Rule>>,
    /// Rules that an AWS key id nearby speaks for.
    aws: Vec<usize>,
    longest: usize,
}

impl Contextual {
    /// Takes the contextual rules of a set.
    pub(super) fn new(all: &[Arc<Rule>]) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut owners: Vec<Vec<usize>> = Vec::new();
        let (mut rules, mut aws, mut longest) = (Vec::new(), Vec::new(), 0);
        for rule in all {
            let Form::Contextual { keywords, pattern } = &rule.form else { continue };
            let index = rules.len();
            rules.push(Arc::clone(rule));
            longest = longest.max(pattern.longest());
            if keywords.iter().any(|keyword| keyword.starts_with("aws")) {
                aws.push(index);
            }
            for keyword in keywords {
                match words.iter().position(|word| word == keyword).and_then(|at| owners.get_mut(at)) {
                    Some(owners) => owners.push(index),
                    None => {
                        words.push(keyword.clone());
                        owners.push(vec![index]);
                    }
                }
            }
        }
        let keywords = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(&words).ok().filter(|_| !words.is_empty());
        Self { keywords, owners, rules, aws, longest }
    }

    /// Whether a keyword of a rule is in a name.
    pub(super) fn tells(&self, name: &[u8]) -> bool {
        self.keywords.as_ref().is_some_and(|keywords| keywords.is_match(Plain::of(name, &[]).letters()))
    }

    /// Judges the value around `run`. `name` is what a structure calls it.
    pub(super) fn detect(&self, bytes: &[u8], run: &Range<usize>, name: Option<&[u8]>, hits: &mut Vec<Hit>) {
        let Some(keywords) = &self.keywords else { return };
        if run.len() > self.longest + 8 {
            return;
        }
        let mut fitting: Vec<(usize, bool)> = Vec::new();
        let plain = Plain::of(name.unwrap_or_default(), left_context(bytes, run.start));
        let context = plain.letters();
        for found in keywords.find_overlapping_iter(context) {
            let owners = self.owners.get(found.pattern().as_usize()).into_iter().flatten();
            fitting.extend(owners.map(|rule| (*rule, false)));
        }
        if (38..=44).contains(&run.len()) && !self.aws.is_empty() && beside_aws_id(bytes, run) {
            fitting.extend(self.aws.iter().map(|rule| (*rule, true)));
        }
        if fitting.is_empty() {
            return;
        }
        fitting.sort_unstable_by_key(|(rule, paired)| (*rule, !*paired));
        fitting.dedup_by_key(|(rule, _)| *rule);
        work::add(2 * FURTHEST);
        for value in values(bytes, run).into_iter().filter(|value| is_delimited(bytes, value)) {
            let text = bytes.get(value.clone()).unwrap_or_default();
            if text.len() > self.longest
                || is_digest(context, text)
                || placeholder::is_placeholder(text)
                || placeholder::is_dull(text)
                || super::assign::is_word(text)
                || super::assign::is_constant(text)
                || super::assign::is_variable(text)
            {
                continue;
            }
            for (rule, paired) in fitting.iter().filter_map(|(rule, paired)| Some((self.rules.get(*rule)?, *paired))) {
                let Form::Contextual { pattern, .. } = &rule.form else { continue };
                let Some(found) = pattern.whole(text) else { continue };
                let secret = value.start + found.secret.start..value.start + found.secret.end;
                if judge::is_varied(rule, text) && rule.passes(text) {
                    let mut hit = judge::hit(rule, bytes, secret, 0);
                    if paired {
                        hit.confidence = Confidence::High;
                    }
                    hits.push(hit);
                }
            }
        }
    }
}

/// The bytes left of `start` that may name it: on its line and the one before.
fn left_context(bytes: &[u8], start: usize) -> &[u8] {
    let context = bytes.get(start.saturating_sub(CONTEXT)..start).unwrap_or_default();
    let breaks = context.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').nth(1);
    breaks.and_then(|(at, _)| context.get(at + 1..)).unwrap_or(context)
}

/// A name and what stands left of a value, in lower case and without what separates words. On the stack: it is asked
/// for at every run.
struct Plain {
    letters: [u8; NAME + CONTEXT + 1],
    length: usize,
}

impl Plain {
    /// Of a longer name the end counts.
    fn of(name: &[u8], context: &[u8]) -> Self {
        let mut plain = Self { letters: [0; NAME + CONTEXT + 1], length: 0 };
        let name = name.get(name.len().saturating_sub(NAME)..).unwrap_or(name);
        let blank: &[u8] = if name.is_empty() { b"" } else { b" " };
        for part in [name, blank, context] {
            for byte in part {
                let letter = LETTERS[usize::from(*byte)];
                if let Some(slot) = plain.letters.get_mut(plain.length) {
                    *slot = letter;
                    plain.length += usize::from(letter != SEPARATOR);
                }
            }
        }
        plain
    }

    fn letters(&self) -> &[u8] {
        self.letters.get(..self.length).unwrap_or_default()
    }
}

/// What stands between the words of a name, each as this one.
const SEPARATOR: u8 = b'_';

/// Bytes in lower case, and those between the words of a name.
const LETTERS: [u8; 256] = {
    let mut letters = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        letters[byte] = match byte as u8 {
            b'_' | b'-' | b'.' => SEPARATOR,
            other => other.to_ascii_lowercase(),
        };
        byte += 1;
    }
    letters
};

/// Whether what stands before a value says that it is a digest.
fn is_digest(context: &[u8], value: &[u8]) -> bool {
    // `file,sha256=…,size` in lists of what was installed.
    let marks = [&b"sha1="[..], b"sha224=", b"sha256=", b"sha384=", b"sha512=", b"md5=", b"blake2b="];
    if marks.iter().any(|mark| context.ends_with(mark)) {
        return true;
    }
    if !value.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let tail: Vec<u8> = context
        .iter()
        .rev()
        .skip_while(|byte| !byte.is_ascii_alphanumeric())
        .take_while(|b| b.is_ascii_alphanumeric())
        .copied()
        .collect();
    let name: Vec<u8> = tail.into_iter().rev().collect();
    DIGESTS.iter().any(|digest| name.ends_with(digest.as_bytes()))
}

/// Whether an AWS key id stands within [`PAIRED`] bytes of the value.
fn beside_aws_id(bytes: &[u8], run: &Range<usize>) -> bool {
    let near = bytes.get(run.start.saturating_sub(PAIRED)..bytes.len().min(run.end + PAIRED)).unwrap_or_default();
    memchr::memmem::find_iter(near, b"KIA").any(|at| {
        let id = at.checked_sub(1).and_then(|start| near.get(start..start + 20)).unwrap_or_default();
        id.first() == Some(&b'A') && id.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

/// What the value around a run may be: the run with what belongs to it, and where a binary length
/// prefix says otherwise, that.
pub(super) fn values(bytes: &[u8], run: &Range<usize>) -> Vec<Range<usize>> {
    let inner = |byte: &u8| runs::is_token(*byte) || matches!(byte, b'.' | b'~');
    let left = bytes.get(run.start.saturating_sub(FURTHEST)..run.start).unwrap_or_default();
    let right = bytes.get(run.end..bytes.len().min(run.end + FURTHEST)).unwrap_or_default();
    let mut start = run.start - left.iter().rev().take_while(|byte| inner(byte)).count();
    let mut end = run.end + right.iter().take_while(|byte| inner(byte)).count();
    end -= bytes.get(start..end).unwrap_or_default().iter().rev().take_while(|byte| **byte == b'.').count();
    let padding = bytes.get(end..).unwrap_or_default().iter().take(2).take_while(|byte| **byte == b'=').count();
    start += [1, 2, 3, 5].into_iter().find(|tail| border::escape(bytes, start + tail) == tail + 1).unwrap_or(0);
    #[allow(clippy::single_range_in_vec_init)] // A list of stretches, the first of which is known.
    let mut found = vec![start..end + padding];
    if padding > 0 {
        found.push(start..end);
    }
    let binary = start.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(|byte| !(0x20..0x7f).contains(byte));
    for length in border::prefixed(bytes, start).into_iter().flatten().filter(|length| binary && *length >= runs::SHORTEST) {
        if start + length < end {
            found.push(start..start + length);
        }
    }
    if bytes.get(start).is_some_and(|length| usize::from(*length) == end - start - 1) {
        found.push(start + 1..end);
    }
    found
}

/// Whether something ends a name before the value, and nothing goes on with it after.
pub(super) fn is_delimited(bytes: &[u8], value: &Range<usize>) -> bool {
    let before = value.start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
    let opened = before.is_none_or(|byte| {
        matches!(byte, b'=' | b':' | b'"' | b'\'' | b'`' | b',' | b'>' | b'(' | b'[' | b'{' | b'|' | b';' | b'\\')
            || byte.is_ascii_whitespace()
            || !(0x20..0x7f).contains(&byte)
            || usize::from(byte) == value.len()
    });
    (opened || border::escape(bytes, value.start) > 0) && bytes.get(value.end) != Some(&b'(')
}
