//! Configurations of gitleaks, written here from its documentation: what loads, what is found, and that what is not
//! done is named.

use crate::cli::{Place, check, text};
use serde_json::Value;
use watertight::rules::Loaded;

const ACME: &str = "title = \"Acme rules\"\n\n[[rules]]\nid = \"acme-key\"\ndescription = \"Acme key\"\nregex = '''(?i)acme[_-]?key ?[=:] ?[\"']([0-9a-z]{20})[\"']'''\nkeywords = [\"acme\"]\nentropy = 3\ntags = [\"shop\"]\n";

/// What is not done of a configuration, and what is wrong with it.
#[track_caller]
fn told(config: &str, expected: &[&str]) {
    let loaded = Loaded::texts(&[("c.toml", config)]);
    let said: Vec<String> =
        loaded.set.notes().iter().map(ToString::to_string).chain(loaded.faults.iter().map(ToString::to_string)).collect();
    for words in expected {
        assert!(said.iter().any(|line| line.contains(words)), "{words}: {said:#?}");
    }
    assert!(!expected.is_empty() || said.is_empty(), "{said:#?}");
}

#[test]
fn what_is_not_done_is_named() {
    let rule = |more: &str| format!("{ACME}{more}");
    told(ACME, &[]);
    told(&rule("[[rules.allowlists]]\nstopwords = ['x']\n"), &[]);
    told(&rule("colour = 'red'"), &["c.toml:3: rule acme-key: `colour` is not known here"]);
    told(&rule("[[rules.allowlists]]\ncommits = ['a']\n"), &["rule acme-key: commits: there are no commits"]);
    told(&rule("[[rules.allowlists]]\ncondition = 'AND'\ncommits = ['a']\npaths = ['b']\n"), &["never holds"]);
    told(&rule("[[rules.allowlists]]\nregexTarget = 'page'\nregexes = ['b']\n"), &["`page` is none of"]);
    told(&rule("[[rules.allowlists]]\nregexes = ['\\p{Greek}']\n"), &["regexes: `\\p{Greek}` is not used"]);
    told(&rule("[[rules.required]]\nid = 'other'\n"), &["`other` that it requires is not in this file"]);
    told(&rule("[allowlist]\npaths = ['a']\n"), &["not for the built-in ones"]);
    told(&rule("[extend]\nuseDefault = true\ndisabledRules = ['aws-x']\n"), &["useDefault: the rules of gitleaks itself"]);
    told(&ACME.replace("acme[_-]?key", "\\pL+"), &["c.toml:6: rule acme-key: regex: cannot be expressed here"]);
    told(&ACME.replace("{20}", "+"), &["regex: may match without end"]);
    told(&ACME.replace("acme[_-]?key", "key"), &["keywords: a keyword must stand"]);
    told(&ACME.replace("keywords = [\"acme\"]", ""), &["keywords: has none, so all bytes are looked at"]);
    told(&ACME.replace("acme-key", "Acme_Key"), &["rule acme-key: id: `Acme_Key` is told under this id"]);
    told(&ACME.replace("(?i)acme", "^acme"), &["`^` and `$` without (?m)"]);
    told("[[rules]]\nid = 'x'\n[[rules.allowlists]]\nstopwords = ['y']\n", &["rule x: has neither `regex` nor `path`"]);
}

#[test]
fn what_is_wrong_is_an_error() {
    told(&ACME.replace("[0-9a-z]{20})", "[0-9a-z]{20}"), &["c.toml:6: rule acme-key: regex: unclosed group"]);
    told(&format!("{ACME}secretGroup = 2"), &["secretGroup: there are only 1 groups"]);
    told(&format!("{ACME}[[rules]]\nregex = 'a'"), &["id: a rule needs an id"]);
    told(&format!("{ACME}entropy = 'much'"), &["c.toml: "]);
    told(&ACME.replace("entropy = 3", "entropy = 'much'"), &["c.toml: "]);
    let twice = format!("{ACME}{}", ACME.replace("title = \"Acme rules\"\n", "").replace("acme[_-]?key", "[a-z]{2}"));
    let loaded = Loaded::texts(&[("c.toml", twice)]);
    assert_eq!(loaded.set.len(), 1, "the later one of an id changes the earlier one, as in gitleaks");
}

#[test]
fn a_configuration_is_used_beside_the_built_in_rules() {
    let secret = watertight::forge::filler::expand("<base36:20>", 2);
    let place = Place::new(&[
        ("a", format!("ACME_KEY = '{secret}'\n").as_bytes()),
        (".gitleaks.toml", format!("{ACME}colour = 'red'\n").as_bytes()),
    ]);
    let output = check(&place, &["scan", "a", "--rules", ".gitleaks.toml", "--format", "json"], 1);
    let said = text(&output.stderr);
    assert!(said.contains("warning: .gitleaks.toml:3: rule acme-key: `colour`"), "{said}");
    assert!(!said.contains("note: "), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["incidents"][0]["rule"], "acme-key");
    assert_eq!(report["incidents"][0]["title"], "Acme key");
    let checked = check(&place, &["rules", "check", ".gitleaks.toml"], 0);
    assert!(text(&checked.stdout).starts_with("note: .gitleaks.toml:3: rule acme-key: `colour`"));
    assert!(text(&checked.stdout).contains("1 rule checked, all sound; 1 without examples"));
    let explained = text(&check(&place, &["rules", "explain", "acme-key", "--rules", ".gitleaks.toml"], 0).stdout);
    assert!(explained.contains("near one of these words, in any case: acme"), "{explained}");
    let shown = text(&check(&place, &["rules", "show", "acme-key", "--rules", ".gitleaks.toml"], 0).stdout);
    assert!(shown.contains("[[rules]]\nid = \"acme-key\""), "{shown}");
    check(&place, &["scan", "a", "--rules", ".gitleaks.toml", "--only", "shop"], 1);
    check(&place, &["scan", "a", "--rules", ".gitleaks.toml", "--only", "Acme rules", "--ignore-comments"], 1);
}

#[test]
fn a_configuration_builds_upon_another() {
    let over = "[extend]\npath = 'base.toml'\ndisabledRules = ['acme-old', 'github-personal-access-token', 'none-such']\n[[rules]]\nid = 'acme-key'\n[[rules.allowlists]]\nstopwords = ['k3jd']\n";
    let base = format!("{ACME}[[rules]]\nid = 'acme-old'\nregex = 'acme-old-[0-9]+'\nkeywords = ['acme-old']\n");
    let ghp = watertight::forge::filler::expand("ghp_<base62:30><crc32>", 1);
    let text_of = format!("ACME_KEY = 'k3jd8slq0vn2m4x7c9zt'\nacme_key = 'z3jd8slq0vn2m4x7c9zt'\nacme-old-123456 {ghp}\n");
    let place = Place::new(&[("a", text_of.as_bytes()), ("conf/base.toml", base.as_bytes()), ("conf/own.toml", over.as_bytes())]);
    let found = |args: &[&str]| {
        let output = place.command().args(["scan", "a", "--format", "json"]).args(args).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
        let incidents = report["incidents"].as_array().unwrap().iter();
        (incidents.map(|one| one["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), text(&output.stderr))
    };
    let (rules, said) = found(&["--rules", "conf/own.toml", "--except", "assignment"]);
    assert_eq!(rules, ["acme-key"]);
    assert!(said.contains("disabledRules: no rule here has the id `none-such`"), "{said}");
    let (rules, _) = found(&["--rules", "conf/base.toml", "--no-builtin-rules"]);
    assert_eq!(rules, ["acme-key", "acme-key", "acme-old"]);
    let slow = Place::new(&[("a", b"x"), ("slow.toml", ACME.replace("keywords = [\"acme\"]", "").as_bytes())]);
    let output = check(&slow, &["scan", "a", "--rules", "slow.toml"], 0);
    assert!(text(&output.stderr).starts_with("note: slow.toml: 1 rule runs in another way"), "{}", text(&output.stderr));
    let checked = check(&slow, &["rules", "check", "slow.toml"], 0);
    assert!(text(&checked.stdout).starts_with("note: slow.toml:3: rule acme-key: keywords: has none"));
    let missing = Place::new(&[("a", b"x"), ("own.toml", b"[extend]\npath = 'absent.toml'\n")]);
    crate::cli::fails(&missing, &["scan", "a", "--rules", "own.toml"], &["own.toml", "absent.toml"]);
}
