//! Every rule keeps its word: each example is found once, whatever window it falls into, and no
//! counter-example is found.

use std::collections::BTreeSet;
use watertight::detect::Engine;
use watertight::detect::acceptance::{Broken, examples, seams};
use watertight::finding::Share;
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

/// The words of the table in `rules/README.md`.
fn vocabulary() -> BTreeSet<String> {
    let text = include_str!("../../rules/README.md");
    let table = text.split("| tag | what it is for |").nth(1).expect("the table of tags");
    let rows = table.lines().skip(2).map_while(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(word, _)| word.to_owned()).collect()
}

#[test]
fn every_rule_has_a_tag_of_the_list_and_every_word_of_the_list_is_used() {
    let rules = RuleSet::builtin().unwrap();
    let bare: Vec<_> = rules.rules().iter().filter(|rule| rule.tags.is_empty()).map(|rule| &rule.label.id).collect();
    assert!(bare.is_empty(), "without a tag: {bare:?}");
    let used: BTreeSet<String> = rules.rules().iter().flat_map(|rule| rule.tags.iter().cloned()).collect();
    assert_eq!(used, vocabulary(), "the table in rules/README.md");
}

/// What a rule says it is a part of, some rule finds.
#[test]
fn parts_name_rules_that_are_there() {
    let rules = RuleSet::builtin().unwrap();
    let ids: BTreeSet<&str> = rules.rules().iter().map(|rule| rule.label.id.as_str()).collect();
    for rule in rules.rules() {
        if let Share::PublicHalf(of) | Share::Companion(of) = &rule.label.share {
            let missing: Vec<_> = of.iter().filter(|id| !ids.contains(id.as_str())).collect();
            assert!(missing.is_empty(), "{}: {missing:?}", rule.label.id);
        }
    }
}

#[test]
fn examples_are_found_once_and_counter_examples_are_not() {
    check(examples);
}

#[test]
fn examples_are_found_at_every_offset_across_a_seam() {
    check(seams);
}
