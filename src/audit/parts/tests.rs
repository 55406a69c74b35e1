//! What belongs together in one file, and what does not.

use super::*;
use crate::finding::RuleLabel;
use crate::place::RootId;
use std::sync::Arc;

fn label(id: &str, share: Share) -> Arc<RuleLabel> {
    let (id, short_lived) = (id.to_owned(), id == "temporary");
    let rank = if id == "named" { 20 } else { 50 };
    Arc::new(RuleLabel { title: id.clone(), id, rotate: String::new(), rank, share, short_lived })
}

/// One finding of a file: `kind name value`, without a name where that is `-`; its place is its number.
fn finding(number: u64, text: &str) -> Finding {
    let words: Vec<&str> = text.split(' ').collect();
    let [kind, name, value] = words[..] else { panic!("{text}") };
    let of = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    let share = match kind {
        "id" | "temporary" => Share::PublicHalf(of(&["secret", "session", "named"])),
        "session" => Share::Companion(of(&["secret"])),
        _ => Share::Whole,
    };
    Finding {
        place: Place::root(RootId(0), "x").file(b"a"),
        entry: None,
        offset: number * 20,
        line: Some(number),
        column: None,
        name: (name != "-").then(|| name.to_owned()),
        rule: label(kind, share),
        secret: Secret::new(value.as_bytes(), 0),
        severity: Severity::High,
        confidence: Confidence::Medium,
        disposition: Disposition::Actionable,
        reasons: Vec::new(),
        decoded: Vec::new(),
        note: None,
        parts: Vec::new(),
        part_of: None,
        instruction: None,
        version: None,
        content: None,
        package: None,
    }
}

/// What each finding became: `part>secret`, or the value of one that stands by itself.
fn joined(mut findings: Vec<Finding>) -> String {
    join(&mut findings);
    let text = |secret: &Secret| String::from_utf8_lossy(secret.expose()).into_owned();
    let mut told: Vec<_> = findings
        .iter()
        .map(|finding| match &finding.part_of {
            Some(owner) => format!("{}>{}", text(&finding.secret), text(owner)),
            None => text(&finding.secret),
        })
        .collect();
    told.sort();
    told.join(" ")
}

/// Findings on lines of their own, an empty text for an empty line.
fn check(lines: &[&str], expected: &str) {
    let on_lines = lines.iter().zip(1..).filter(|(text, _)| !text.is_empty());
    assert_eq!(joined(on_lines.map(|(text, number)| finding(number, text)).collect()), expected, "{lines:?}");
}

#[test]
fn an_id_and_its_secret_are_one() {
    check(&["id - a", "secret - b"], "a>b b");
    check(&["secret - b", "id - a"], "a>b b");
    check(&["id - a"], "a");
    check(&["secret - b", "other - c"], "b c");
    check(&["id - a", "other - c"], "a c");
}

#[test]
fn of_several_the_names_tell_and_then_the_lines() {
    check(&["id x.key_id a", "secret x.secret b", "id y.key_id c", "secret y.secret d"], "a>b b c>d d");
    check(&["id PROD_KEY_ID a", "id DEV_KEY_ID c", "secret PROD_SECRET b", "secret DEV_SECRET d"], "a>b b c>d d");
    check(&["id users[0].keyId a", "id users[1].keyId c", "secret users[0].secret b", "secret users[1].secret d"], "a>b b c>d d");
    check(&["id - a", "secret - b", "id - c", "secret - d"], "a>b b c>d d");
    check(&["secret - b", "id - a", "secret - d", "id - c"], "a>b b c>d d");
    check(&["id - a", "secret - b", "", "secret - d", "id - c"], "a>b b c>d d");
}

#[test]
fn a_value_that_its_name_alone_tells_needs_a_name_that_fits() {
    check(&["id x.account_id a", "named x.auth_token b"], "a>b b");
    check(&["id x.account_id a", "named y.token b"], "a b");
    check(&["id - a", "named - b"], "a b");
}

#[test]
fn ids_of_rules_that_name_the_same_are_of_one_kind() {
    let lines = ["id p.id a", "secret p.key b", "temporary q.id c", "secret q.key d"];
    check(&lines, "a>b b c>d d");
}

#[test]
fn what_stands_far_off_is_a_part_only_of_the_only_one() {
    let far = ["", "", "", "", "", "", "", "", "", "", ""];
    check(&[&["id - a"], &far[..], &["secret - b"]].concat(), "a>b b");
    check(&[&["id - a", "id - c"], &far[..], &["secret - b"]].concat(), "a b c");
    check(&[&["id - a"], &far[..], &["secret - b", "secret - d"]].concat(), "a b d");
}

#[test]
fn a_secret_that_goes_with_another_is_told_with_it() {
    check(&["id - a", "secret - b", "session - t"], "a>b b t>b");
    check(&["id - a", "session - t"], "a>t t");
    check(&["session - t", "other - c"], "c t");
    check(&["id p.id a", "secret p.key b", "session p.token t", "id q.id c", "secret q.key d"], "a>b b c>d d t>b");
}

#[test]
fn one_id_may_have_two_secrets_and_both_stay() {
    check(&["id - a", "secret - b", "secret - d"], "a>b a>d b d");
    check(&["secret - b", "secret - d"], "b d");
}

#[test]
fn what_an_id_tells_of_its_secret() {
    let told = |kind: &str| {
        let mut findings = vec![finding(1, &format!("{kind} - a")), finding(2, "secret - b")];
        join(&mut findings);
        (findings[1].severity, findings[1].confidence, findings[1].reasons.len())
    };
    assert_eq!(told("id"), (Severity::High, Confidence::High, 1));
    assert_eq!(told("temporary"), (Severity::Medium, Confidence::High, 2));
    assert_eq!(told("other"), (Severity::High, Confidence::Medium, 0));
}

#[test]
fn parts_lie_in_the_same_file() {
    let mut other = finding(2, "secret - b");
    other.place = Place::root(RootId(0), "x").file(b"b");
    assert_eq!(joined(vec![finding(1, "id - a"), other]), "a b");
}

#[test]
fn many_are_joined_each_with_its_own() {
    let lines: Vec<String> = (0..40_000).map(|at| format!("{} - {at}", if at % 2 == 0 { "id" } else { "secret" })).collect();
    let findings: Vec<_> = lines.iter().zip(1..).map(|(text, number)| finding(number, text)).collect();
    let told = joined(findings);
    assert_eq!(told.matches('>').count(), 20_000);
}

#[test]
fn an_id_that_is_named_as_well_is_told_once() {
    let mut findings = vec![
        finding(1, "id acme_id i1"),
        finding(1, "id - i1"),
        finding(2, "secret acme_key s1"),
        finding(9, "secret - s1"),
        finding(9, "file - -"),
    ];
    crate::audit::told_once(&mut findings);
    let left: Vec<_> = findings.iter().map(|finding| (finding.offset, finding.name.is_some())).collect();
    assert_eq!(left, [(20, true), (40, true), (180, false), (180, false)]);
    findings.truncate(2);
    assert_eq!(joined(findings), "i1>s1 s1");
}
