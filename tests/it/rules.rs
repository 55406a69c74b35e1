//! Every rule keeps its word: each example is found once, whatever window it falls into, and no
//! counter-example is found.

use watertight::detect::Engine;
use watertight::detect::acceptance::{Broken, examples, seams};
use watertight::rules::{Rule, RuleSet};

/// Asks every rule, and tells all that is broken.
fn check(ask: for<'r> fn(&Engine, &'r Rule) -> Vec<Broken<'r>>) {
    let rules = RuleSet::builtin().unwrap();
    let engine = Engine::new(&rules).unwrap();
    let mut problems = Vec::new();
    for rule in rules.rules() {
        let broken = ask(&engine, rule);
        problems.extend(
            broken.iter().map(|broken| format!("{}: {}: {}: {:?}", rule.label.id, broken.field, broken.what, broken.example)),
        );
    }
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn examples_are_found_once_and_counter_examples_are_not() {
    check(examples);
}

#[test]
fn examples_are_found_at_every_offset_across_a_seam() {
    check(seams);
}
