//! Expressions of users: run where their keywords stand, or over all bytes where they name none.
//!
//! A match starts at most [`NEAR`] bytes behind a keyword or [`Expression::LONGEST`] before one, and is cut at that length,
//! so it is decided by the bytes that every window sees around its start. The work is bounded whatever the
//! expression is: a search sees a stretch, each match is looked at once, and there are at most [`MOST`].

use super::{Hit, entropy, judge, placeholder, work};
use crate::finding::Disposition;
use crate::rules::{Allowance, Expression, Form, LazyRegex, Part, Rule, Target};
use aho_corasick::AhoCorasick;
use regex::bytes::{Captures, Regex};
use std::ops::Range;
use std::sync::Arc;

/// Bytes before a match in which a keyword or a part of it may stand.
const NEAR: usize = 1536;
/// Bytes behind the longest match that tell whether its border holds.
const AHEAD: usize = 4;
/// Bytes in which the start of a match is looked for in one go.
const STRETCH: usize = 64 << 10;
/// Matches of one rule in one text.
const MOST: usize = 1_000;
/// Bytes of a line on both sides of a match that an allowance looks at.
const LINE: usize = NEAR;

/// All expressions of a set.
#[derive(Debug)]
pub(super) struct Expressions {
    rules: Vec<Arc<Rule>>,
    keywords: Option<AhoCorasick>,
    /// For each keyword, the rules that have it.
    owners: Vec<Vec<usize>>,
}

/// A match and its secret.
struct Found {
    whole: Range<usize>,
    secret: Range<usize>,
}

impl Expressions {
    /// Takes the expressions of a set.
    pub(super) fn new(all: &[Arc<Rule>]) -> Self {
        let rules: Vec<_> = all.iter().filter(|rule| expression(rule).is_some()).cloned().collect();
        let mut words: Vec<&str> = Vec::new();
        let mut owners: Vec<Vec<usize>> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            for word in expression(rule).map_or(&[][..], |expression| &expression.keywords) {
                match words.iter().position(|known| known == word).and_then(|at| owners.get_mut(at)) {
                    Some(owners) => owners.push(index),
                    None => {
                        words.push(word);
                        owners.push(vec![index]);
                    }
                }
            }
        }
        let keywords = AhoCorasick::builder().ascii_case_insensitive(true).build(&words).ok().filter(|_| !words.is_empty());
        Self { rules, keywords, owners }
    }

    /// Finds what stands in a text of the file `path`; `name` is what a structure calls the text.
    pub(super) fn detect(&self, bytes: &[u8], path: &[u8], name: Option<&[u8]>, hits: &mut Vec<Hit>) {
        if self.rules.is_empty() {
            return;
        }
        let Some(name) = name else { return self.search(bytes, path, hits) };
        // Expressions ask for names and values side by side, as files have them.
        let line = [name, b"=", bytes].concat();
        let before = name.len() + 1;
        let mut found = Vec::new();
        self.search(&line, path, &mut found);
        hits.extend(found.into_iter().filter(|hit| hit.span.start >= before).map(|mut hit| {
            hit.span = hit.span.start - before..hit.span.end - before;
            hit
        }));
    }

    fn search(&self, bytes: &[u8], path: &[u8], hits: &mut Vec<Hit>) {
        for (rule, starts) in self.rules.iter().zip(self.starts(bytes)) {
            let Some(expression) = expression(rule).filter(|expression| !expression.is_part && !starts.is_empty()) else {
                continue;
            };
            if !fits(expression.path.as_ref(), path) {
                continue;
            }
            let mut count = 0;
            for range in starts {
                if count >= MOST {
                    break;
                }
                matches(expression, bytes, range, |found| {
                    count += 1;
                    if is_meant(expression, rule.entropy, bytes, path, &found)
                        && expression.parts.iter().all(|part| is_near(part, bytes, path, &found))
                    {
                        hits.push(hit(rule, bytes, found.secret));
                    }
                    count < MOST
                });
            }
        }
    }

    /// Finds files that rules name by their path alone.
    pub(super) fn files(&self, path: &[u8], head: &[u8], hits: &mut Vec<Hit>) {
        for rule in &self.rules {
            let Some(expression) = expression(rule).filter(|expression| expression.regex.is_none() && !expression.is_part) else {
                continue;
            };
            let nothing = Found { whole: 0..0, secret: 0..0 };
            let passes = expression.allow.iter().any(|allow| lets_pass(allow, head, path, &nothing));
            if !head.is_empty() && !passes && fits(expression.path.as_ref(), path) {
                hits.push(judge::hit(rule, head, 0..0, 0));
            }
        }
    }

    /// For each rule, where its matches may start: in order, apart from each other.
    fn starts(&self, bytes: &[u8]) -> Vec<Vec<Range<usize>>> {
        let has_none = |rule: &Arc<Rule>| expression(rule).is_some_and(|it| it.regex.is_some() && it.keywords.is_empty());
        #[allow(clippy::single_range_in_vec_init)] // A list of stretches, of which there is one.
        let mut all: Vec<Vec<Range<usize>>> =
            self.rules.iter().map(|rule| if has_none(rule) { vec![0..bytes.len()] } else { Vec::new() }).collect();
        let Some(keywords) = &self.keywords else { return all };
        for found in keywords.find_overlapping_iter(bytes) {
            for owner in self.owners.get(found.pattern().as_usize()).into_iter().flatten() {
                let Some((rule, starts)) = self.rules.get(*owner).zip(all.get_mut(*owner)) else { continue };
                let Some(expression) = expression(rule) else { continue };
                let (before, behind) = match expression.holds_keyword {
                    true => (expression.longest, 0),
                    false => (Expression::LONGEST, NEAR),
                };
                let start = found.start().saturating_sub(before);
                let range = start..bytes.len().min(found.start() + behind + 1);
                match starts.last_mut().filter(|last| last.end >= range.start) {
                    Some(last) => last.end = last.end.max(range.end),
                    None => starts.push(range),
                }
            }
        }
        all
    }
}

fn expression(rule: &Rule) -> Option<&Expression> {
    match &rule.form {
        Form::Expression(expression) => Some(expression),
        _ => None,
    }
}

fn fits(wanted: Option<&LazyRegex>, path: &[u8]) -> bool {
    wanted.is_none_or(|wanted| wanted.get().is_some_and(|regex| regex.is_match(path)))
}

/// Calls `each` with the matches that start in a range, as long as it says so.
fn matches(expression: &Expression, bytes: &[u8], starts: Range<usize>, mut each: impl FnMut(Found) -> bool) {
    let Some(regex) = expression.regex.as_ref().and_then(LazyRegex::get) else { return };
    let mut at = starts.start;
    while at < starts.end {
        let end = starts.end.min(at + STRETCH);
        let seen = bytes.get(..bytes.len().min(end + expression.longest + AHEAD)).unwrap_or(bytes);
        let first = regex.find_at(seen, at).map(|found| found.range()).filter(|found| found.start < end);
        // A search may look at all that it sees, wherever its match ends.
        work::add(seen.len() - at);
        let Some(first) = first else {
            at = end;
            continue;
        };
        match cut(regex, expression, bytes, first.start) {
            Some(found) => {
                at = found.whole.end.max(first.start + 1);
                if !found.secret.is_empty() && !each(found) {
                    return;
                }
            }
            // It would be longer than we look.
            None => at = first.end.max(first.start + 1),
        }
    }
}

/// The match at `start`, of at most the longest length, and its secret.
fn cut(regex: &Regex, expression: &Expression, bytes: &[u8], start: usize) -> Option<Found> {
    let seen = bytes.get(..bytes.len().min(start + expression.longest + AHEAD))?;
    let captures = regex.captures_at(seen, start)?;
    let whole = captures.get(0)?.range();
    let secret = secret(&captures, expression.group)?;
    (whole.start == start).then_some(Found { whole, secret })
}

/// The group that is asked for; or the first that matched, or all.
fn secret(captures: &Captures<'_>, group: usize) -> Option<Range<usize>> {
    if group > 0 {
        return captures.get(group).map(|group| group.range());
    }
    let first = captures.iter().skip(1).flatten().find(|group| !group.is_empty());
    first.or_else(|| captures.get(0)).map(|group| group.range())
}

/// Whether a match is varied enough, and nothing lets it pass.
fn is_meant(expression: &Expression, least: Option<f64>, bytes: &[u8], path: &[u8], found: &Found) -> bool {
    let secret = bytes.get(found.secret.clone()).unwrap_or_default();
    least.is_none_or(|least| entropy::shannon(secret) > least)
        && !expression.allow.iter().any(|allow| lets_pass(allow, bytes, path, found))
}

fn lets_pass(allow: &Allowance, bytes: &[u8], path: &[u8], found: &Found) -> bool {
    let of = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
    let any = |regexes: &[LazyRegex], text: &[u8]| regexes.iter().filter_map(LazyRegex::get).any(|regex| regex.is_match(text));
    let target = match allow.target {
        Target::Secret => of(&found.secret),
        Target::Match => of(&found.whole),
        Target::Line => line(bytes, &found.whole),
    };
    let has_stopword = || {
        let secret = of(&found.secret).to_ascii_lowercase();
        allow.stopwords.iter().any(|word| memchr::memmem::find(&secret, word.as_bytes()).is_some())
    };
    let asked = [!allow.paths.is_empty(), !allow.regexes.is_empty(), !allow.stopwords.is_empty()];
    let holds = |index: usize| match index {
        0 => any(&allow.paths, path),
        1 => any(&allow.regexes, target),
        _ => has_stopword(),
    };
    let mut conditions = (0..asked.len()).filter(|index| asked[*index]);
    match allow.all {
        true => asked.contains(&true) && conditions.all(holds),
        false => conditions.any(holds),
    }
}

/// The lines of a match, as far as any window sees them.
fn line<'b>(bytes: &'b [u8], whole: &Range<usize>) -> &'b [u8] {
    let lowest = whole.start.saturating_sub(LINE);
    let left = bytes.get(lowest..whole.start).unwrap_or_default();
    let right = bytes.get(whole.end..bytes.len().min(whole.end + LINE)).unwrap_or_default();
    let start = memchr::memrchr(b'\n', left).map_or(lowest, |at| lowest + at + 1);
    let end = whole.end + memchr::memchr(b'\n', right).unwrap_or(right.len());
    bytes.get(start..end).unwrap_or_default()
}

/// Whether a part stands near a match.
fn is_near(part: &Part, bytes: &[u8], path: &[u8], found: &Found) -> bool {
    let at = found.whole.start;
    let starts = at.saturating_sub(NEAR)..bytes.len().min(at + Expression::LONGEST);
    let mut is_there = false;
    if fits(part.expression.path.as_ref(), path) {
        matches(&part.expression, bytes, starts, |other| {
            is_there = is_meant(&part.expression, part.entropy, bytes, path, &other)
                && part.lines.is_none_or(|most| lines_between(bytes, at, other.whole.start) <= most)
                && part.columns.is_none_or(|most| column(bytes, at).abs_diff(column(bytes, other.whole.start)) <= most);
            !is_there
        });
    }
    is_there
}

fn lines_between(bytes: &[u8], one: usize, other: usize) -> usize {
    memchr::memchr_iter(b'\n', bytes.get(one.min(other)..one.max(other)).unwrap_or_default()).count()
}

fn column(bytes: &[u8], at: usize) -> usize {
    let lowest = at.saturating_sub(LINE);
    let left = bytes.get(lowest..at).unwrap_or_default();
    memchr::memrchr(b'\n', left).map_or(left.len(), |newline| left.len() - newline - 1)
}

fn hit(rule: &Rule, bytes: &[u8], span: Range<usize>) -> Hit {
    let is_placeholder = placeholder::is_placeholder(bytes.get(span.clone()).unwrap_or_default());
    let mut hit = judge::hit(rule, bytes, span, 0);
    if is_placeholder {
        hit.disposition = Disposition::Example;
        hit.reasons.push("it stands for a value and is none".into());
    }
    hit
}

#[cfg(test)]
mod tests;
