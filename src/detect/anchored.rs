//! Values that a literal identifies: the literal pass, then the pattern at the place.

use super::prefilter::Prefilter;
use super::{Hit, border, judge};
use crate::rules::{Boundary, Form, Pattern, Rule};
use std::ops::Range;
use std::sync::Arc;

/// All anchored rules.
#[derive(Debug)]
pub(super) struct Anchored {
    prefilter: Prefilter,
    /// For each literal, the rules that have it as an anchor.
    owners: Vec<(usize, Vec<Arc<Rule>>)>,
}

impl Anchored {
    /// Takes the anchored rules of a set.
    pub(super) fn new(rules: &[Arc<Rule>]) -> Self {
        let mut literals: Vec<Vec<u8>> = Vec::new();
        let mut owners: Vec<(usize, Vec<Arc<Rule>>)> = Vec::new();
        for rule in rules {
            let Form::Anchored { anchors, .. } = &rule.form else { continue };
            for anchor in anchors {
                match literals.iter().position(|literal| literal == anchor).and_then(|at| owners.get_mut(at)) {
                    Some((_, owners)) => owners.push(Arc::clone(rule)),
                    None => {
                        literals.push(anchor.clone());
                        owners.push((anchor.len(), vec![Arc::clone(rule)]));
                    }
                }
            }
        }
        Self { prefilter: Prefilter::new(literals), owners }
    }

    /// Finds all of them in `bytes`.
    pub(super) fn detect(&self, bytes: &[u8], hits: &mut Vec<Hit>) {
        self.prefilter.each(bytes, |literal, at| {
            let Some((length, rules)) = self.owners.get(literal) else { return };
            for rule in rules {
                if let Form::Anchored { pattern, before, boundary, .. } = &rule.form {
                    let anchor = at..at + length;
                    if let Some((whole, secret)) = around(bytes, &anchor, pattern, *before, *boundary) {
                        let public = if secret.start == at { *length } else { 0 };
                        let body = if public > 0 { at + length..secret.end } else { secret.clone() };
                        hits.extend(judge::anchored(rule, bytes, whole, secret, body, public));
                    }
                }
            }
        });
    }
}

/// The match that holds `anchor`, and its secret.
fn around(
    bytes: &[u8],
    anchor: &Range<usize>,
    pattern: &Pattern,
    before: usize,
    boundary: Boundary,
) -> Option<(Range<usize>, Range<usize>)> {
    let lowest = anchor.start.saturating_sub(before);
    let usable = bytes.get(lowest..anchor.start)?.iter().rev().take_while(|byte| pattern.bytes().has(**byte)).count();
    (anchor.start - usable..=anchor.start).find_map(|start| {
        let (end, secret) = bordered(bytes, start, pattern, boundary)?;
        (end >= anchor.end).then_some((start..end, secret))
    })
}

/// The match at `start`, if its borders hold. A length that a binary prefix states is believed first.
fn bordered(bytes: &[u8], start: usize, pattern: &Pattern, boundary: Boundary) -> Option<(usize, Range<usize>)> {
    let found = pattern.at(bytes.get(start..)?)?;
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
