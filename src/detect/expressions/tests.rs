//! What expressions find, what lets a match pass, and that no seam and no length of text changes it.

use super::super::{Engine, View};
use super::*;
use crate::rules::RuleSet;

fn engine(rules: &str) -> Engine {
    Engine::new(&RuleSet::parse(&[("x.toml", format!("title = 'x'\n{rules}"))]).unwrap()).unwrap()
}

fn hits(engine: &Engine, path: &str, text: &[u8]) -> Vec<Hit> {
    let mut hits = Vec::new();
    engine.detect_first(&View { bytes: text, owned: 0..text.len(), whole: true, name: path.as_bytes() }, &mut hits);
    hits
}

/// The secrets that the rules find in a file.
#[track_caller]
fn check(rules: &str, path: &str, text: &str, expected: &[&str]) {
    let found = hits(&engine(rules), path, text.as_bytes());
    let found: Vec<_> = found.iter().map(|hit| text.get(hit.span.clone()).unwrap_or("?")).collect();
    assert_eq!(found, expected, "{rules} in {path}");
}

const KEY: &str = "[[rules]]\nid = 'acme_key'\nregex = '''acme[_-]key\\s*=\\s*\"([0-9a-z]{8,})\"'''\nkeywords = ['ACME']\n";

#[test]
fn the_secret_is_the_group_that_is_asked_for() {
    check(KEY, "a", "acme_key = \"k3jd8slq0\"", &["k3jd8slq0"]);
    check(KEY, "a", "ACME_key = \"k3jd8slq0\"", &[]);
    let grouped = "[[rules]]\nid='a'\nsecretGroup = 2\nregex='(a)cme:(\\w+)'\nkeywords=['acme']";
    check(grouped, "a", "acme:k3jd8slq0 acme:other9", &["k3jd8slq0", "other9"]);
    check(&grouped.replace("secretGroup = 2", ""), "a", "acme:k3jd8slq0", &["a"]);
    check("[[rules]]\nid='a'\nregex='(?:acme):\\w+'", "a", "x acme:k3jd8slq0", &["acme:k3jd8slq0"]);
}

#[test]
fn keywords_stand_near() {
    let rule = "[[rules]]\nid='a'\nregex='[0-9a-f]{32}'\nkeywords=['acme']";
    let value = "0123456789abcdef".repeat(2);
    check(rule, "a", &value, &[]);
    check(rule, "a", &format!("acme {value}"), &[&value]);
    check(rule, "a", &format!("{value} Acme"), &[&value]);
    check(rule, "a", &format!("acme {} {value}", ".".repeat(NEAR)), &[]);
}

#[test]
fn borders_are_those_of_the_text() {
    let rule = |end: &str| format!("[[rules]]\nid='a'\nregex='(?m)acme:[a-z]{{4}}{end}'\nkeywords=['acme']");
    check(&rule("\\b"), "a", "acme:abcdefgh acme:abcd", &["acme:abcd"]);
    check(&rule("$"), "a", "acme:abcdefgh acme:abcd\nacme:efgh", &["acme:abcd", "acme:efgh"]);
    check(&rule("\\z"), "a", "acme:abcd acme:efgh", &["acme:efgh"]);
}

#[test]
fn entropy_is_of_the_secret() {
    let rule = "[[rules]]\nid='a'\nentropy=3\nregex='acme:(\\w+)'\nkeywords=['acme']";
    check(rule, "a", "acme:aaaabbbb acme:k3jd8slq0", &["k3jd8slq0"]);
}

#[test]
fn paths_choose_files() {
    let rule = "[[rules]]\nid='a'\npath='(?i)\\.tf$'\nregex='acme:(\\w+)'\nkeywords=['acme']";
    check(rule, "x/Main.TF", "acme:k3jd8slq0", &["k3jd8slq0"]);
    check(rule, "x/main.py", "acme:k3jd8slq0", &[]);
    check("[[rules]]\nid='a'\npath='\\.p12$'", "x/a.p12", "\0", &[""]);
    check("[[rules]]\nid='a'\npath='\\.p12$'", "x/a.p13", "\0", &[]);
}

#[test]
fn allowlists_let_pass() {
    let with = |list: &str| format!("{KEY}[[rules.allowlists]]\n{list}");
    let text = "acme_key = \"k3jd8slq0\"  # sample";
    check(&with("paths = ['^docs/']"), "docs/a", text, &[]);
    check(&with("paths = ['^docs/']"), "src/a", text, &["k3jd8slq0"]);
    check(&with("regexes = ['^k3']"), "a", text, &[]);
    check(&with("regexes = ['acme_key']"), "a", text, &["k3jd8slq0"]);
    check(&with("regexTarget = 'match'\nregexes = ['acme_key']"), "a", text, &[]);
    check(&with("regexTarget = 'line'\nregexes = ['sample']"), "a", text, &[]);
    check(&with("stopwords = ['JD8']"), "a", text, &[]);
    check(&with("condition = 'AND'\npaths = ['^docs/']\nstopwords = ['jd8']"), "a", text, &["k3jd8slq0"]);
    check(&with("condition = 'AND'\npaths = ['^docs/']\nstopwords = ['jd8']"), "docs/a", text, &[]);
    check(&with("condition = 'AND'\ncommits = ['abc']\nstopwords = ['jd8']"), "a", text, &["k3jd8slq0"]);
    check(&format!("{KEY}[[allowlists]]\npaths = ['a']"), "a", text, &[]);
    check(&format!("{KEY}[[allowlists]]\npaths = ['a']\ntargetRules = ['other']"), "a", text, &["k3jd8slq0"]);
    check(&format!("{KEY}[allowlist]\nstopwords = ['k3jd']"), "a", text, &[]);
}

#[test]
fn parts_stand_near() {
    let with = |within: &str| {
        let part = "[[rules]]\nid='id'\nskipReport = true\nregex='acme_id=(\\w+)'\nkeywords=['acme_id']\n";
        format!("{part}{KEY}[[rules.required]]\nid = 'id'\n{within}")
    };
    let text = "acme_id=me\n\nacme_key = \"k3jd8slq0\"";
    check(&with(""), "a", text, &["k3jd8slq0"]);
    check(&with(""), "a", "acme_key = \"k3jd8slq0\"", &[]);
    check(&with("withinLines = 2"), "a", text, &["k3jd8slq0"]);
    check(&with("withinLines = 1"), "a", text, &[]);
    check(&with("withinColumns = 3"), "a", text, &["k3jd8slq0"]);
    check(&with("withinColumns = 3"), "a", "    acme_id=me\nacme_key = \"k3jd8slq0\"", &[]);
}

#[test]
fn placeholders_are_told_as_examples() {
    let found = hits(&engine(&KEY.replace("[0-9a-z]{8,}", "[^\"]+")), "a", b"acme_key = \"changeme\"");
    assert_eq!(found.first().map(|hit| hit.disposition), Some(Disposition::Example));
}

#[test]
fn values_of_structures_are_read_with_their_names() {
    let mut hits = Vec::new();
    engine("[[rules]]\nid='a'\nregex='acme_key=(\\w+)'\nkeywords=['acme']").pair(b"acme_key", b"k3jd8slq0", &mut hits);
    assert_eq!((hits.len(), hits.first().map(|hit| hit.span.clone())), (1, Some(0..9)));
}

#[test]
fn encoded_texts_are_looked_at_too() {
    let engine = engine(KEY);
    let encoded = data_encoding::BASE64.encode(b"the line is acme_key = \"k3jd8slq0\", and that is all of it");
    let found = hits(&engine, "a", format!("data: {encoded}\n").as_bytes());
    assert_eq!(found.iter().map(|hit| hit.decoded.clone()).collect::<Vec<_>>(), [["base64"]]);
}

#[test]
fn long_matches_are_cut_and_seams_change_nothing() {
    let engine = engine("[[rules]]\nid='a'\nregex='acme:([a-z\\n]+)!?'\nkeywords=['acme']");
    for length in [10, Expression::LONGEST - 100, Expression::LONGEST + 100, 40_000] {
        let text = format!("{} acme:{}! ", ". \n".repeat(3000), "ab\n".repeat(length / 3));
        let all = hits(&engine, "a", text.as_bytes());
        assert_eq!(all.len(), 1, "{length}");
        assert!(all.iter().all(|hit| hit.span.len() <= Expression::LONGEST + AHEAD));
        for seam in (8_000..20_000).step_by(997).filter(|seam| *seam < text.len()) {
            let mut found = Vec::new();
            for owned in [0..seam, seam..text.len()] {
                let from = owned.start.saturating_sub(engine.lookback());
                let to = text.len().min(owned.end + engine.reach());
                let bytes = text.get(from..to).unwrap().as_bytes();
                let mut hits = Vec::new();
                engine.detect(&View { bytes, owned: owned.start - from..owned.end - from, whole: false, name: b"a" }, &mut hits);
                found.extend(hits.into_iter().map(|hit| hit.span.start + from..hit.span.end + from));
            }
            assert_eq!(found, all.iter().map(|hit| hit.span.clone()).collect::<Vec<_>>(), "{length} at {seam}");
        }
    }
}

#[test]
fn no_expression_makes_more_work_than_a_multiple_of_the_text() {
    let text = "acme".repeat(100_000);
    for regex in [".*[^A-Z]|[A-Z]", "acme", "(?:acme)+x", "[a-z]+?", "(?s).*z"] {
        let engine =
            engine(&format!("[[rules]]\nid='a'\nregex='{regex}'\nkeywords=['acme', 'cme']\n[[rules]]\nid='b'\nregex='{regex}'"));
        let before = work::done();
        hits(&engine, "a", text.as_bytes());
        let done = (work::done() - before) / text.len();
        assert!(done <= 400, "{regex}: {done} times the text");
    }
}
