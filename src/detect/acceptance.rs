//! What a rule must keep its word on: each example is found once, whatever window it falls into, and no
//! counter-example is found. The tests ask this of every rule of the program, `rules check` of those of users.

use super::{Engine, Hit, View};
use crate::forge::filler::expand;
use crate::rules::{Example, Rule};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Windows this small put a seam into every example.
const WINDOW: usize = 256;
/// Values that each filler is tried with.
const SEEDS: Range<u64> = 0..6;
/// Text that says nothing.
const NEUTRAL: &str = "lorem ipsum dolor sit amet\nconsetetur sadipscing elitr\n";

/// A text that a rule does not answer for as it must.
#[derive(Clone, Debug)]
pub struct Broken<'r> {
    /// `examples` or `counter`.
    pub field: &'static str,
    /// Which of them.
    pub example: &'r Example,
    /// What happened.
    pub what: String,
}

/// The examples that are not found exactly once, and the counter-examples that are found.
pub fn examples<'r>(engine: &Engine, rule: &'r Rule) -> Vec<Broken<'r>> {
    let mut broken = Vec::new();
    for example in &rule.examples {
        let tried = SEEDS.map(|seed| hits_of(engine, example, seed)).find_map(|hits| missed(rule, &hits));
        broken.extend(tried.map(|what| Broken { field: "examples", example, what }));
    }
    for example in &rule.counter {
        let found = SEEDS.map(|seed| hits_of(engine, example, seed)).any(|hits| count(rule, &hits).0 > 0);
        let what = || "found, though it must not be".to_owned();
        broken.extend(found.then(|| Broken { field: "counter", example, what: what() }));
    }
    broken
}

/// The examples that are not found alike wherever the seam of two windows falls.
pub fn seams<'r>(engine: &Engine, rule: &'r Rule) -> Vec<Broken<'r>> {
    rule.examples.iter().filter_map(|example| seam(engine, rule, example)).collect()
}

fn seam<'r>(engine: &Engine, rule: &Rule, example: &'r Example) -> Option<Broken<'r>> {
    let Example::Text(text) = example else { return None };
    let text = expand(text, 7);
    let expected = count(rule, &at_once(engine, &format!("{}\n{text}\n", neutral(40)))).0;
    (0..=WINDOW).find_map(|offset| {
        let bytes = format!("{}\n{text}\n{}", neutral(offset), neutral(30));
        let found = count(rule, &in_windows(engine, bytes.as_bytes())).0;
        let what = || format!("found {found} times and not {expected} where a window ends {} bytes into it", WINDOW - offset);
        (found != expected || found == 0).then(|| Broken { field: "examples", example, what: what() })
    })
}

/// What is wrong with the hits in an example, if anything is.
fn missed(rule: &Rule, hits: &[Hit]) -> Option<String> {
    match count(rule, hits) {
        (0, _) => {
            let others: BTreeSet<&str> = hits.iter().map(|hit| hit.rule.id.as_str()).collect();
            let others: Vec<_> = others.into_iter().collect();
            let told = if others.is_empty() { String::new() } else { format!(", but as {}", others.join(", ")) };
            Some(format!("not found{told}"))
        }
        (_, most) => (most > 1).then(|| format!("found {most} times at one place")),
    }
}

/// How often `rule` is among the hits, and how often at the place where it is most often.
fn count(rule: &Rule, hits: &[Hit]) -> (usize, usize) {
    let mut places: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for hit in hits.iter().filter(|hit| hit.rule.id == rule.label.id) {
        *places.entry((hit.span.start, hit.span.end)).or_default() += 1;
    }
    (places.values().sum(), places.values().copied().max().unwrap_or(0))
}

fn neutral(length: usize) -> String {
    NEUTRAL.chars().cycle().take(length).collect()
}

/// All hits in an example, through the door that its form and its rule call for.
fn hits_of(engine: &Engine, example: &Example, seed: u64) -> Vec<Hit> {
    match example {
        Example::Text(text) => at_once(engine, &expand(text, seed)),
        Example::File { path, text } => {
            let text = expand(text, seed);
            let mut hits = Vec::new();
            let view = View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name: path.as_bytes() };
            engine.detect_first(&view, &mut hits);
            hits
        }
    }
}

fn at_once(engine: &Engine, text: &str) -> Vec<Hit> {
    let view = View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name: b"" };
    let mut hits = Vec::new();
    engine.detect(&view, &mut hits);
    hits
}

/// What the spine does with a long member: windows that own their bytes and see their neighbours'. Spans are
/// in `bytes`.
fn in_windows(engine: &Engine, bytes: &[u8]) -> Vec<Hit> {
    let mut found = Vec::new();
    for start in (0..bytes.len()).step_by(WINDOW) {
        let end = (start + WINDOW).min(bytes.len());
        let from = start.saturating_sub(engine.lookback());
        let to = (end + engine.reach()).min(bytes.len());
        let mut hits = Vec::new();
        let seen = bytes.get(from..to).unwrap_or_default();
        engine.detect(&View { bytes: seen, owned: start - from..end - from, whole: false, name: b"" }, &mut hits);
        found.extend(hits.into_iter().map(|hit| Hit { span: from + hit.span.start..from + hit.span.end, ..hit }));
    }
    found
}
