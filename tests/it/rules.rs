//! Every rule keeps its word: each example is found once, whatever window it falls into, and no
//! counter-example is found.

use std::collections::BTreeMap;
use watertight::detect::{Engine, Hit, View};
use watertight::forge::filler::expand;
use watertight::rules::{Example, Form, Rule, RuleSet, Structure};

/// Windows this small put a seam into every example.
const WINDOW: usize = 256;
/// Text that says nothing.
const NEUTRAL: &str = "lorem ipsum dolor sit amet\nconsetetur sadipscing elitr\n";

fn neutral(length: usize) -> String {
    NEUTRAL.chars().cycle().take(length).collect()
}

/// What the spine does with a long member: windows that own their bytes and see their neighbours'.
fn in_windows(engine: &Engine, bytes: &[u8], window: usize) -> Vec<(usize, Hit)> {
    let mut found = Vec::new();
    for start in (0..bytes.len()).step_by(window) {
        let end = (start + window).min(bytes.len());
        let from = start.saturating_sub(engine.lookback());
        let to = (end + engine.reach()).min(bytes.len());
        let view = View { bytes: &bytes[from..to], owned: start - from..end - from, whole: false, name: b"" };
        let mut hits = Vec::new();
        engine.detect(&view, &mut hits);
        found.extend(hits.into_iter().map(|hit| (from + hit.span.start, hit)));
    }
    found
}

fn at_once(engine: &Engine, text: &str) -> Vec<Hit> {
    let view = View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name: b"" };
    let mut hits = Vec::new();
    engine.detect(&view, &mut hits);
    hits
}

fn is_about_imports(rule: &Rule) -> bool {
    matches!(&rule.form, Form::Structural { structure: Structure::UnsafeImport, .. })
}

/// Hits of a name as pickles have it, module first.
fn imported(engine: &Engine, full: &str) -> Vec<Hit> {
    let (module, name) = full.rsplit_once('.').expect("a module and a name");
    let mut hits = Vec::new();
    engine.import(module.as_bytes(), name.as_bytes(), &mut hits);
    hits
}

/// All hits in an example, through the door that its form and its rule call for.
fn hits_of(engine: &Engine, rule: &Rule, example: &Example, seed: u64) -> (String, Vec<Hit>) {
    match example {
        Example::Text(text) => {
            let text = expand(text, seed);
            let hits = if is_about_imports(rule) { imported(engine, &text) } else { at_once(engine, &text) };
            (text, hits)
        }
        Example::File { path, text } => {
            let text = expand(text, seed);
            let mut hits = Vec::new();
            let view = View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name: path.as_bytes() };
            engine.detect_first(&view, &mut hits);
            (text, hits)
        }
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

fn check(problems: &mut Vec<String>, rule: &Rule, what: &str, example: &Example, fine: bool) {
    if !fine {
        problems.push(format!("{}: {what}: {example:?}", rule.label.id));
    }
}

#[test]
fn examples_are_found_once_and_counter_examples_are_not() {
    let rules = RuleSet::builtin().unwrap();
    let engine = Engine::new(&rules).unwrap();
    let mut problems = Vec::new();
    for rule in rules.rules().iter() {
        for seed in 0..6 {
            for example in &rule.examples {
                let (_, hits) = hits_of(&engine, rule, example, seed);
                let (all, most) = count(rule, &hits);
                check(&mut problems, rule, &format!("seed {seed}, found {all} times"), example, all > 0 && most == 1);
            }
            for example in &rule.counter {
                let (_, hits) = hits_of(&engine, rule, example, seed);
                check(&mut problems, rule, &format!("counter-example, seed {seed}"), example, count(rule, &hits).0 == 0);
            }
        }
    }
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn examples_are_found_at_every_offset_across_a_seam() {
    let rules = RuleSet::builtin().unwrap();
    let engine = Engine::new(&rules).unwrap();
    let mut problems = Vec::new();
    for rule in rules.rules().iter() {
        for example in &rule.examples {
            // What a pickle imports stands in no window.
            let Example::Text(text) = example else { continue };
            if is_about_imports(rule) {
                continue;
            }
            let text = expand(text, 7);
            let expected = count(rule, &at_once(&engine, &format!("{}\n{text}\n", neutral(40)))).0;
            for offset in 0..=WINDOW {
                let bytes = format!("{}\n{text}\n{}", neutral(offset), neutral(30));
                let hits: Vec<Hit> = in_windows(&engine, bytes.as_bytes(), WINDOW).into_iter().map(|(_, hit)| hit).collect();
                let found = count(rule, &hits).0;
                if found != expected || found == 0 {
                    check(&mut problems, rule, &format!("offset {offset}, found {found} times, not {expected}"), example, false);
                    break;
                }
            }
        }
    }
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}
