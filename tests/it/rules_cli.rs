//! Rules as whoever writes or chooses them meets them: `rules`, `--rules`, `--only`, `--except`, comments that
//! accept, and `--explain`.

use crate::cli::{Place, check, fails, text};
use serde_json::Value;
use std::process::Output;
use watertight::forge::filler::expand;

/// A rule of a user, sound.
const ACME: &str = "issuer = 'Acme'\ntags = ['shop']\n\n[[rule]]\nid = 'acme-key'\ntitle = 'Acme key'\nseverity = 'high'\nrotate = 'acme.example/keys'\nanchors = ['acme_']\npattern = 'acme_[0-9a-f]{20}'\nexamples = ['key: acme_<hex:20>', 'acme_<hex:20>']\ncounter = ['acme_<hex:19>', 'xacme_<hex:20>']\n";

fn out(output: &Output) -> String {
    text(&output.stdout)
}

#[track_caller]
fn says(output: &Output, words: &[&str]) {
    let said = out(output);
    assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
}

/// The rules that a scan of a file finds something by.
#[track_caller]
fn found(place: &Place, args: &[&str]) -> Vec<String> {
    let output = place.command().args(["scan", "a", "--format", "json"]).args(args).output().expect("our program");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{args:?}: {}", text(&output.stderr)));
    let incidents = report["incidents"].as_array().expect("incidents");
    incidents.iter().filter_map(|incident| incident["rule"].as_str().map(str::to_owned)).collect()
}

/// A rule that says that it is a part of what no rule finds is told with its line.
#[test]
fn parts_of_what_no_rule_finds_are_told() {
    let with = |id: &str| ACME.replace("rotate =", &format!("goes_with = ['{id}']\nrotate ="));
    let place = Place::new(&[("a.toml", with("acme-secret").as_bytes()), ("b.toml", with("aws-secret-access-key").as_bytes())]);
    says(&check(&place, &["rules", "check", "a.toml"], 1), &["a.toml:8", "goes_with", "`acme-secret`"]);
    check(&place, &["rules", "check", "b.toml"], 0);
    says(&check(&place, &["rules", "show", "acme-key", "--rules", "b.toml"], 0), &["goes_with = ['aws-secret-access-key']"]);
    says(&check(&place, &["rules", "explain", "aws-access-key-id"], 0), &["the public half of what these find"]);
}

#[test]
fn rules_are_listed_and_chosen() {
    let place = Place::new(&[("acme.toml", ACME.as_bytes())]);
    let all = out(&check(&place, &["rules", "list"], 0)).lines().count();
    let with = out(&check(&place, &["rules", "list", "--rules", "acme.toml"], 0)).lines().count();
    assert_eq!((all > 900, with), (true, all + 1));
    let own = ["rules", "list", "--rules", "acme.toml", "--no-builtin-rules"];
    assert_eq!(out(&check(&place, &own, 0)), "acme-key  high      Acme  Acme key\n");
    for chosen in ["acme-key", "acme", "Acme", "shop"] {
        assert_eq!(out(&check(&place, &["rules", "list", "--rules", "acme.toml", "--only", chosen], 0)).lines().count(), 1);
    }
    let less = out(&check(&place, &["rules", "list", "--except", "github,gitlab", "--except", "slack"], 0));
    assert!(less.lines().count() < all && !less.contains("github-personal-access-token"));
    says(&check(&place, &["rules", "list", "personal", "token", "--severity", "high"], 0), &["github-personal-access-token"]);
    let json: Value =
        serde_json::from_slice(&check(&place, &["rules", "list", "--only", "github", "-f", "json"], 0).stdout).unwrap();
    assert!(json.as_array().is_some_and(|rules| rules.len() > 5 && rules.iter().all(|rule| rule["issuer"] == "GitHub")));
}

#[test]
fn a_name_that_fits_nothing_is_an_error() {
    let place = Place::new(&[("a", b"x"), ("acme.toml", ACME.as_bytes())]);
    fails(&place, &["scan", "a", "--only", "githb"], &["'githb'", "github"]);
    fails(&place, &["scan", "a", "--except", "no such thing"], &["'no such thing'", "rules list"]);
    fails(&place, &["scan", "a", "--no-builtin-rules"], &["no rule is left"]);
    fails(&place, &["scan", "a", "--only", "github", "--except", "github"], &["no rule is left"]);
    fails(&place, &["rules", "show", "github"], &["no rule has the id 'github'"]);
    fails(&place, &["rules", "explain", "acme-kye", "--rules", "acme.toml"], &["acme-key"]);
}

#[test]
fn rules_are_shown_as_written_and_explained_in_words() {
    let place = Place::new(&[("acme.toml", ACME.as_bytes())]);
    let shown = out(&check(&place, &["rules", "show", "acme-key", "--rules", "acme.toml"], 0));
    let (comment, written) = shown.split_once('\n').expect("two lines");
    assert_eq!(comment, "# acme.toml, line 4");
    assert_eq!(written.trim_end(), ACME.trim_end());
    says(&check(&place, &["rules", "show", "github-personal-access-token"], 0), &["rules/github.toml", "crc32-base62"]);
    let explained = check(&place, &["rules", "explain", "acme-key", "--rules", "acme.toml"], 0);
    says(&explained, &["starts with `acme_`", "25 bytes", "severity high", "acme.example/keys", "acme.toml, line 4", "shop"]);
    assert!(!out(&explained).contains("<hex"), "fillers are made up: {}", out(&explained));
}

#[test]
fn every_rule_can_be_explained() {
    let place = Place::new(&[]);
    let listed = out(&check(&place, &["rules", "list"], 0));
    let ids: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let args: Vec<&str> = ["rules", "explain"].into_iter().chain(ids.iter().copied()).collect();
    let explained = out(&check(&place, &args, 0));
    assert_eq!(explained.matches("\nLooks for\n").count(), ids.len());
    let args: Vec<&str> = ["rules", "show"].into_iter().chain(ids.iter().copied()).collect();
    let shown = out(&check(&place, &args, 0));
    assert!(ids.iter().all(|id| shown.contains(&format!("\"{id}\""))));
}

#[test]
fn sound_rules_pass_the_check() {
    let github = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/github.toml");
    let place = Place::new(&[("own/acme.toml", ACME.as_bytes()), ("own/readme", b"no rules")]);
    says(&check(&place, &["rules", "check", "own"], 0), &["1 rule checked, all sound"]);
    says(&check(&place, &["rules", "check", "own/acme.toml", github], 0), &["all sound"]);
}

#[test]
fn the_check_says_what_is_wrong_and_where() {
    let rule = |changes: &[(&str, &str)]| {
        let text = changes.iter().fold(ACME.to_owned(), |text, (from, to)| text.replace(from, to));
        Place::new(&[("x.toml", text.as_bytes())])
    };
    let wrong = |changes: &[(&str, &str)], said: &[&str]| says(&check(&rule(changes), &["rules", "check", "x.toml"], 1), said);
    wrong(&[("{20}'", "+'")], &["x.toml:10: rule acme-key: pattern: ", "bounded"]);
    wrong(&[("'acme-key'", "'Acme Key'")], &["x.toml:5: rule Acme Key: id: ", "kebab-case"]);
    wrong(&[("title", "titel")], &["x.toml: ", "line 6", "titel"]);
    wrong(&[("high", "dire")], &["x.toml: ", "line 7", "dire"]);
    wrong(&[(", 'acme_<hex:20>'", ", 'acme_<hex:18>'")], &["x.toml:11: rule acme-key: examples: not found: acme_<hex:18>"]);
    wrong(&[("'xacme_", "'acme_")], &["x.toml:12: rule acme-key: counter: found, though it must not be"]);
    wrong(&[("anchors", "files = ['a']\nanchors")], &["x.toml:4: rule acme-key: a rule has one form"]);
    let github = [
        ("'acme_']", "'ghp_']"),
        ("acme_[0-9a-f]{20}", "ghp_[0-9A-Za-z]{36}"),
        ("'key: acme_<hex:20>', 'acme_<hex:20>'", "'ghp_<base62:30><crc32>'"),
    ];
    wrong(&github, &["examples: not found, but as github-personal-access-token"]);
    says(&check(&rule(&github), &["rules", "check", "x.toml", "--no-builtin-rules"], 0), &["all sound"]);
    let twice = Place::new(&[("x/a.toml", ACME.as_bytes()), ("x/b.toml", ACME.as_bytes())]);
    says(&check(&twice, &["rules", "check", "x"], 1), &["x/b.toml:5: rule acme-key: id: another rule has this id"]);
    says(&check(&twice, &["rules", "check", "x/a.toml", "x/b.toml"], 1), &["x/b.toml:5: rule acme-key: id: another rule"]);
    fails(&twice, &["rules", "check", "absent"], &["absent"]);
}

#[test]
fn rules_of_users_add_to_and_go_before_the_built_in_ones() {
    let both = expand("acme_<hex:20>\nghp_<base62:30><crc32>\n", 3);
    let own = ACME.replace("acme-key", "github-personal-access-token");
    let place = Place::new(&[("a", both.as_bytes()), ("acme.toml", ACME.as_bytes()), ("over/x.toml", own.as_bytes())]);
    assert_eq!(found(&place, &[]), ["github-personal-access-token"]);
    assert_eq!(found(&place, &["--rules", "acme.toml"]), ["github-personal-access-token", "acme-key"]);
    assert_eq!(found(&place, &["--rules", "acme.toml", "--no-builtin-rules"]), ["acme-key"]);
    assert_eq!(found(&place, &["--rules", "acme.toml", "--except", "github"]), ["acme-key"]);
    assert_eq!(found(&place, &["--rules", "acme.toml", "--only", "github"]), ["github-personal-access-token"]);
    let output = check(&place, &["scan", "a", "--rules", "over"], 1);
    says(&output, &["Acme key", "[github-personal-access-token]"]);
    assert!(!out(&output).contains("ghp_"), "the built-in rule of that id is replaced");
}

#[test]
fn comments_that_accept_are_honoured_and_counted() {
    let value = expand("ghp_<base62:30><crc32>", 4);
    let place = Place::new(&[
        ("a", format!("token: {value} # watertight:allow\n").as_bytes()),
        ("b/one", format!("token: {value} # gitleaks:allow\n").as_bytes()),
        ("b/two", format!("# gitleaks:allow\ntoken: {value}\n").as_bytes()),
        ("c", &[&[0u8][..], value.as_bytes(), b" gitleaks:allow"].concat()),
    ]);
    let accepted = check(&place, &["scan", "a"], 0);
    says(&accepted, &["accepted by a comment", "accepted by comments beside them: 1 finding", "none that fails"]);
    check(&place, &["scan", "a", "--ignore-comments"], 1);
    // Elsewhere it is not accepted, and the secret is the same.
    says(&check(&place, &["scan", "b"], 1), &["accepted by comments beside them: 1 finding"]);
    check(&place, &["scan", "c"], 1);
    let json: Value = serde_json::from_slice(&check(&place, &["scan", "b", "--format", "json"], 1).stdout).unwrap();
    assert_eq!(json["accepted"], 1);
    let findings = json["incidents"][0]["findings"].as_array().expect("findings");
    assert_eq!(findings.iter().filter(|finding| finding["accepted"] == true).count(), 1);
}

#[test]
fn comments_hold_in_files_of_many_windows_alike() {
    let lines: String = (0..30_000)
        .map(|n| {
            let value = expand("ghp_<base62:30><crc32>", n / 1000);
            format!(
                "lorem ipsum dolor sit amet {n} consetetur sadipscing elitr {}\n",
                if n % 1000 == 7 { format!("{value} # gitleaks:allow") } else { String::new() }
            )
        })
        .collect();
    assert!(lines.len() > 1 << 20);
    let place = Place::new(&[("a", lines.as_bytes())]);
    says(&check(&place, &["scan", "a"], 0), &["accepted by comments beside them: 30 findings"]);
}

#[test]
fn judgement_is_explained_to_people_who_ask() {
    let line = expand("ghp_<base62:30><crc32>\n", 5);
    let place = Place::new(&[("a", line.as_bytes()), ("tests/a", line.as_bytes())]);
    let plain = check(&place, &["scan", "a"], 1);
    assert!(!out(&plain).contains("judged:"), "{}", out(&plain));
    let explained = check(&place, &["scan", "a", "--explain"], 1);
    says(&explained, &["judged: actionable", "severity critical, confidence high", "since its built-in check holds"]);
    says(&explained, &["watertight rules explain github-personal-access-token"]);
    says(&check(&place, &["scan", ".", "--explain"], 1), &["since in a file for tests or documentation"]);
}
