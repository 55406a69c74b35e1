//! Values that a literal identifies: the pattern at the place where the literal pass saw one.

use super::{Hit, border, judge, work};
use crate::rules::{Boundary, Form, Pattern, Rule};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// All anchored rules.
#[derive(Debug)]
pub(super) struct Anchored {
    /// Each anchor, with the rules that have it.
    anchors: Vec<(Vec<u8>, Vec<Arc<Rule>>)>,
}

/// Where matches were looked for that reach back from their anchor, while one text is passed over: by rule,
/// so that anchors that stand close cause no start to be tried twice.
pub(super) type Progress = HashMap<*const Rule, Tried>;

/// Starts of one rule that were tried.
#[derive(Debug, Default)]
pub(super) struct Tried {
    /// The first that was not.
    next: usize,
    /// The last match.
    found: Range<usize>,
}

impl Anchored {
    /// Takes the anchored rules of a set.
    pub(super) fn new(rules: &[Arc<Rule>]) -> Self {
        let mut anchors: Vec<(Vec<u8>, Vec<Arc<Rule>>)> = Vec::new();
        let mut places = HashMap::new();
        for rule in rules {
            let Form::Anchored { anchors: of_rule, .. } = &rule.form else { continue };
            for anchor in of_rule {
                let at = *places.entry(anchor.as_slice()).or_insert_with(|| {
                    anchors.push((anchor.clone(), Vec::new()));
                    anchors.len() - 1
                });
                if let Some((_, owners)) = anchors.get_mut(at) {
                    owners.push(Arc::clone(rule));
                }
            }
        }
        Self { anchors }
    }

    /// What the literal pass is to look for; [`Self::at`] takes the index.
    pub(super) fn literals(&self) -> impl Iterator<Item = &[u8]> {
        self.anchors.iter().map(|(anchor, _)| anchor.as_slice())
    }

    /// Finds what stands around the anchor `index` at `at`.
    pub(super) fn at(&self, bytes: &[u8], index: usize, at: usize, progress: &mut Progress, hits: &mut Vec<Hit>) {
        let Some((anchor, rules)) = self.anchors.get(index) else { return };
        for rule in rules {
            if let Form::Anchored { pattern, before, boundary, .. } = &rule.form {
                let place = at..at + anchor.len();
                let found = match before {
                    0 => bordered(bytes, at, pattern, *boundary).map(|(end, secret)| (at..end, secret)),
                    _ => around(bytes, &place, (pattern, *before, *boundary), progress.entry(Arc::as_ptr(rule)).or_default()),
                };
                if let Some((whole, secret)) = found.filter(|(whole, _)| whole.end >= place.end) {
                    let public = if secret.start == at { anchor.len() } else { 0 };
                    let body = if public > 0 { place.end..secret.end } else { secret.clone() };
                    hits.extend(judge::anchored(rule, bytes, whole, secret, body, public));
                }
            }
        }
    }
}

/// The match that holds `anchor`, and its secret, unless an anchor before this one led to it.
fn around(
    bytes: &[u8],
    anchor: &Range<usize>,
    (pattern, before, boundary): (&Pattern, usize, Boundary),
    tried: &mut Tried,
) -> Option<(Range<usize>, Range<usize>)> {
    let lowest = anchor.start.saturating_sub(before);
    let usable = bytes.get(lowest..anchor.start)?.iter().rev().take_while(|byte| pattern.bytes().has(**byte)).count();
    let lowest = anchor.start - usable;
    if tried.found.start >= lowest && tried.found.end >= anchor.end {
        return None;
    }
    // What did not match for an earlier anchor, or ended before it did, is nothing for this one.
    for start in lowest.max(tried.next)..=anchor.start {
        tried.next = start + 1;
        if let Some((end, secret)) = bordered(bytes, start, pattern, boundary)
            && end >= anchor.end
        {
            tried.found = start..end;
            return Some((start..end, secret));
        }
    }
    None
}

/// The match at `start`, if its borders hold. A length that a binary prefix states is believed first.
fn bordered(bytes: &[u8], start: usize, pattern: &Pattern, boundary: Boundary) -> Option<(usize, Range<usize>)> {
    if !border::may_start(bytes, start, boundary, pattern.shortest()..=pattern.longest()) {
        return None;
    }
    work::add(pattern.shortest());
    let found = pattern.at(bytes.get(start..)?)?;
    work::add(found.end);
    let shifted = |secret: Range<usize>| start + secret.start..start + secret.end;
    for length in border::prefixed(bytes, start).into_iter().flatten() {
        if length != found.end
            && let Some(exact) =
                start.checked_add(length).and_then(|end| bytes.get(start..end)).and_then(|slice| pattern.whole(slice))
        {
            return Some((start + exact.end, shifted(exact.secret)));
        }
    }
    let end = start + found.end;
    let exact = border::prefixed(bytes, start).contains(&Some(found.end));
    let closed = boundary == Boundary::None || exact || border::right(bytes, end, pattern.ends_in_hyphen_class());
    (closed && (exact || border::left(bytes, start, found.end, boundary))).then(|| (end, shifted(found.secret)))
}
