//! Files that their name tells to hold a credential.
//!
//! An image has a hundred thousand files and a dozen that a rule names, so one pass over a path looks
//! for the marks of all globs, and all else happens for the few files that have one.

use super::libedit::Typed;
use super::{Hit, assign, entropy, judge, placeholder, stray};
use crate::place::escaped;
use crate::rules::{Check, Form, KeyStore, LazyRegex, Mark, PathGlob, Rule, RuleError, rank};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Captures, Regex};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Matches of one rule in one file; a spine that lists fewer says so.
const MOST: usize = 2_000;
/// Longer values in the alphabets of tokens were issued by a program, whatever words chance put in them.
const ISSUED: usize = 80;

/// All rules about files.
#[derive(Debug)]
pub(super) struct Files {
    /// Each with its rule.
    globs: Vec<(PathGlob, usize)>,
    /// By the last component, the globs that end in it.
    names: HashMap<Vec<u8>, Vec<usize>>,
    /// The pieces of the other globs, and whose they are.
    pieces: AhoCorasick,
    pieced: Vec<usize>,
    rules: Vec<Arc<Rule>>,
}

impl Files {
    /// Takes the rules about files of a set.
    pub(super) fn new(all: &[Arc<Rule>]) -> Result<Self, RuleError> {
        let mut names: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        let (mut globs, mut pieces, mut pieced, mut rules) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for rule in all {
            let Form::Files { globs: paths, .. } = &rule.form else { continue };
            for glob in paths {
                match glob.mark() {
                    Mark::Name(name) => names.entry(name.clone().into_bytes()).or_default().push(globs.len()),
                    Mark::Piece(piece) => {
                        pieces.push(piece.clone());
                        pieced.push(globs.len());
                    }
                }
                globs.push((glob.clone(), rules.len()));
            }
            rules.push(Arc::clone(rule));
        }
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).ascii_case_insensitive(true).build(&pieces);
        let pieces = automaton.map_err(|error| RuleError::rule("all files", "all rules", format!("files: {error}")))?;
        Ok(Self { globs, names, pieces, pieced, rules })
    }

    /// Judges a file by its path, its first bytes, and what it is if it is a key store. `found` holds what was found
    /// in those bytes.
    pub(super) fn detect(&self, path: &[u8], head: &[u8], store: Option<&KeyStore>, found: &mut Vec<Hit>) {
        let typed = Typed::read(head);
        let is_known = store.is_some_and(|store| *store != KeyStore::Locked);
        for rule in self.called_for(path).into_iter().filter(|rule| !(is_known && rule.check == Some(Check::LockedKeyStore))) {
            let Form::Files { content, .. } = &rule.form else { continue };
            match content.as_ref().map(LazyRegex::get) {
                Some(None) => {}
                None if head.is_empty() => {}
                None => found.push(judge::hit(rule, head, 0..0, 0)),
                Some(Some(content)) if content.capture_names().flatten().any(|name| name == "secret") => {
                    let text = typed.as_ref().map_or(head, |typed| &typed.text);
                    let matches = content.captures_iter(text).take(MOST);
                    let hits = matches.filter_map(|captures| secret(rule, text, &captures));
                    found.extend(hits.map(|hit| match &typed {
                        Some(typed) => typed.placed(hit),
                        None => hit,
                    }));
                }
                Some(Some(content)) => whole(rule, content, head, found),
            }
        }
    }

    /// The rules whose globs hold against `path`, each once.
    fn called_for(&self, path: &[u8]) -> Vec<&Rule> {
        let path = slashed(path);
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_ascii_lowercase();
        let pieces =
            self.pieces.find_overlapping_iter(path.as_ref()).filter_map(|found| self.pieced.get(found.pattern().as_usize()));
        let marked: Vec<usize> = self.names.get(&name).into_iter().flatten().chain(pieces).copied().collect();
        if marked.is_empty() {
            return Vec::new();
        }
        let path = path.to_ascii_lowercase();
        let named = marked.iter().filter_map(|glob| self.globs.get(*glob));
        let mut rules: Vec<usize> = named.filter(|(glob, _)| glob.holds(&path)).map(|(_, rule)| *rule).collect();
        rules.sort_unstable();
        rules.dedup();
        rules.into_iter().filter_map(|rule| self.rules.get(rule).map(|rule| &**rule)).collect()
    }
}

/// The path with slashes also where a zip was made on Windows.
fn slashed(path: &[u8]) -> Cow<'_, [u8]> {
    if path.contains(&b'\\') {
        return path.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect::<Vec<_>>().into();
    }
    path.into()
}

/// A match whose group `secret` is the credential; the groups `name`, `user` and `host` tell more of it.
fn secret(rule: &Rule, head: &[u8], captures: &Captures<'_>) -> Option<Hit> {
    let found = captures.name("secret")?;
    let value = found.as_bytes();
    let passes = rule.check.is_none_or(|check| check.passes(value));
    let sample = || is_commented(head, found.start()) && !stray::is_issued(value);
    if !passes || !judge::is_varied(rule, value) || !is_real(value) || sample() || names_a_place(head, found.start()) {
        return None;
    }
    let mut hit = judge::hit(rule, head, found.range(), 0);
    let group = |name: &str| captures.name(name).map(|text| escaped(text.as_bytes()));
    hit.name = group("name");
    judge::owned(&mut hit, group("user"), group("host"));
    Some(hit)
}

/// Whether the name before the value at `at` says that the secret is kept elsewhere: `existingSecret=db-auth`.
fn names_a_place(head: &[u8], at: usize) -> bool {
    let before = head.get(at.saturating_sub(64)..at).unwrap_or_default();
    let before = before.strip_suffix(b"=").unwrap_or(before);
    let length = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
    before.get(before.len() - length..).is_some_and(assign::is_elsewhere)
}

/// Whether a value is one, rather than standing for one.
fn is_real(value: &[u8]) -> bool {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-.$,".contains(byte);
    let is_hash = value.len() >= 20 && value.first() == Some(&b'$') && value.iter().filter(|byte| **byte == b'$').count() > 1;
    if (is_hash || value.len() > ISSUED) && value.iter().all(is_token) {
        return entropy::shannon(value) >= 3.0;
    }
    // Of all signs that can be typed, chance makes what looks like a reference.
    (value.len() >= 60 && entropy::shannon(value) >= 4.8) || !placeholder::is_placeholder(value)
}

/// Whether `at` lies in a comment of XML, where the settings that ship with a program have their samples.
fn is_commented(head: &[u8], at: usize) -> bool {
    let before = head.get(..at).unwrap_or_default();
    let opened = memchr::memmem::rfind(before, b"<!--");
    opened.is_some_and(|open| before.get(open..).is_some_and(|inside| memchr::memmem::find(inside, b"-->").is_none()))
}

/// A file that is a credential as a whole. What a structure in it was found to be, as a private key,
/// is the same credential: it gets the name that the file gives it.
fn whole(rule: &Rule, content: &Regex, head: &[u8], found: &mut Vec<Hit>) {
    let Some(range) = content.find(head).map(|found| found.range()) else { return };
    let mut file = judge::hit(rule, head, 0..0, 0);
    if rule.check == Some(Check::LockedKeyStore) {
        file.reasons.push("encrypted: none of the passwords that everybody tries opens it".into());
    }
    match found.iter_mut().find(|hit| hit.rule.rank < rank::FILE && meets(&hit.span, &range)) {
        Some(hit) => {
            hit.rule = file.rule;
            hit.severity = hit.severity.min(file.severity);
            hit.reasons.append(&mut file.reasons);
        }
        None => found.push(file),
    }
}

fn meets(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;
    use crate::rules::RuleSet;

    fn rules(body: &str) -> Vec<Arc<Rule>> {
        let head = "issuer='X'\n[[rule]]\nid='x'\ntitle='X'\nseverity='high'\nexamples=['a']\n";
        RuleSet::parse(&[("x", format!("{head}{body}"))]).unwrap().rules().to_vec()
    }

    /// Where the secrets are that the rule finds in the file, with the note.
    fn check(body: &str, path: &str, text: &[u8], expected: &[(Range<usize>, Option<&str>)]) {
        let mut hits = Vec::new();
        Files::new(&rules(body)).unwrap().detect(path.as_bytes(), text, None, &mut hits);
        let found: Vec<_> = hits.iter().map(|hit| (hit.span.clone(), hit.note.as_deref())).collect();
        assert_eq!(found, expected, "{path}");
        assert!(hits.iter().all(|hit| hit.secret.len() == hit.span.len()));
    }

    const SECRET: &str =
        "files=['**/.x', 'etc/x/**']\ncontent='(?m)^(?:(?P<user>[a-z]{1,9})@)?(?P<host>[a-z]{1,9}):(?P<secret>.{1,20})$'";

    #[test]
    fn each_match_with_a_secret_is_a_hit() {
        check(SECRET, "root/.x", b"u@h:hunter2\nz:s3cr3t!\n", &[(4..11, Some("user u at host h")), (14..21, Some("host z"))]);
        check(SECRET, "etc/x/a/b", b"h:hunter2", &[(2..9, Some("host h"))]);
        check(SECRET, "root/.x", b"u@h:changeme\nz:${PASS}\nh:<replace_me>\n", &[]);
        check(SECRET, "root/.x", b"", &[]);
        check(SECRET, "root/.y", b"h:hunter2", &[]);
    }

    #[test]
    fn a_history_is_read_as_it_was_typed() {
        let rule = "files=['**/.x']\ncontent='by (?P<secret>[^;]{1,20});'";
        let text = b"_HiStOrY_V2_\nset\\040by\\040hunter\\0402;\nby\\040s3cr3t!;\n";
        let mut hits = Vec::new();
        Files::new(&rules(rule)).unwrap().detect(b"root/.x", text, None, &mut hits);
        let found: Vec<_> =
            hits.iter().map(|hit| (text.get(hit.span.clone()).unwrap(), hit.secret.len(), hit.decoded.len())).collect();
        assert_eq!(found, [(&b"hunter\\0402"[..], 8, 1), (b"s3cr3t!", 7, 0)]);
    }

    #[test]
    fn samples_in_comments_are_none() {
        let xml = "files=['**/x.xml']\ncontent='<p>(?P<secret>[^<]+)</p>'";
        check(xml, "x.xml", b"<!-- <p>proxypass</p>\n<p>my password</p> --><p>proxypass</p>", &[(47..56, None)]);
        check(xml, "x.xml", b"<!-- <p>k3Jd8sLq0</p> -->", &[(8..17, None)]);
    }

    #[test]
    fn paths_are_taken_as_people_write_them() {
        for path in [".x", "root/.x", "./root/.x", "/root/.X", "../.x", ".\\root\\.x"] {
            check(SECRET, path, b"h:hunter2", &[(2..9, Some("host h"))]);
        }
        for path in ["", "/", "root/.x/", "a.x", "root/.xx", "\u{fffd}"] {
            check(SECRET, path, b"h:hunter2", &[]);
        }
    }

    #[test]
    fn a_file_as_a_whole_has_an_empty_span() {
        check("files=['**/*.key']", "a/b.key", b"\x00\x01", &[(0..0, None)]);
        check("files=['**/*.key']", "a/b.key", b"", &[]);
        check("files=['**/*.key']\ncontent='\\A\\xfe\\xed'", "a/b.key", b"\xfe\xed\x00", &[(0..0, None)]);
        check("files=['**/*.key']\ncontent='\\A\\xfe\\xed'", "a/b.key", b" \xfe\xed", &[]);
    }

    #[test]
    fn hashes_and_long_tokens_are_not_judged_by_the_words_in_them() {
        for template in ["$6$<base62:16>$<base62:76>data.sops<base62:2>", "<base62:60>here-todo.env.<base62:60>"] {
            assert!(is_real(expand(template, 3).as_bytes()));
        }
        let repeated = "ab".repeat(60);
        assert!(![repeated.as_bytes(), b"${A}", b"your-hash-here"].into_iter().any(is_real));
    }

    #[test]
    fn built_in_globs_leave_ordinary_files_alone() {
        let files = Files::new(RuleSet::builtin().unwrap().rules()).unwrap();
        for path in ["usr/lib/x86_64-linux-gnu/libc.so.6", "usr/bin/env", "app/node_modules/a/index.js", "etc/passwd.d/x"] {
            assert!(files.called_for(path.as_bytes()).is_empty(), "{path}");
        }
        assert_eq!(files.called_for(b"rootfs/etc/shadow").first().map(|rule| rule.label.id.as_str()), Some("file-shadow-hash"));
    }
}
