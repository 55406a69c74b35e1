//! The labelled lines of `testdata/recall`, read and expanded; its README is the format.

use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;
use watertight::forge::filler::expand;

/// One case.
pub(super) struct Row {
    /// The file it stands in.
    pub(super) category: String,
    /// Where it stands there, from 1.
    pub(super) line: usize,
    /// The path it is scanned under.
    pub(super) path: String,
    /// As written, with its fillers.
    pub(super) written: String,
    /// Whether it must not be tuned to.
    pub(super) held_back: bool,
    /// What is scanned.
    pub(super) text: String,
    /// The credentials in it; none in a benign case.
    pub(super) marked: Vec<String>,
}

/// All cases, in the order of files and lines.
pub(super) fn read(folder: &Path) -> Vec<Row> {
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("testdata").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    files.sort();
    let mut rows = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files {
        let category = file.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        let text = std::fs::read_to_string(&file).expect("text");
        let mut path = None;
        for (line, content) in (1..).zip(text.lines()) {
            let at = format!("{category}.txt:{line}");
            match content.split_at_checked(2) {
                Some(("# ", _)) => {}
                Some(("==", rest)) => path = Some(rest.trim().to_owned()),
                Some((label @ ("+ " | "- "), written)) => {
                    let path = path.clone().unwrap_or_else(|| panic!("{at}: no path before it"));
                    assert!(seen.insert((path.clone(), written.to_owned())), "{at}: is there twice");
                    let row = Row::new(&category, line, path, written);
                    assert_eq!(row.marked.is_empty(), label == "- ", "{at}: label and marks disagree");
                    rows.push(row);
                }
                _ => panic!("{at}: is no case"),
            }
        }
    }
    rows
}

impl Row {
    fn new(category: &str, line: usize, path: String, written: &str) -> Self {
        let sum = Sha256::digest(format!("{path}\n{written}"));
        let seed = sum.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let held_back = sum[31] % 2 == 1;
        let expanded = expand(&written.replace('⏎', "\n").replace('⇥', "\t"), seed) + "\n";
        let (text, marked) = unmarked(&expanded);
        Self { category: category.to_owned(), line, path, written: written.to_owned(), held_back, text, marked }
    }
}

/// The text without its marks, and what they held.
fn unmarked(expanded: &str) -> (String, Vec<String>) {
    let marked = expanded.split('⟦').skip(1).map(|rest| rest.split_once('⟧').expect("a mark is closed").0.to_owned()).collect();
    (expanded.replace(['⟦', '⟧'], ""), marked)
}

/// Whether what was found is what was marked: as written, unescaped, decoded, or with the word of its scheme before it.
pub(super) fn covers(found: &[u8], marked: &str) -> bool {
    /// `Bearer `, `base64:`, `django-insecure-`.
    const SCHEME: usize = 16;
    let Ok(found) = std::str::from_utf8(found) else { return false };
    let forms = [marked.to_owned(), unescaped(marked), entities(marked), marked.replace("''", "'"), percent(marked)];
    let decoded = BASE64.decode(marked.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let password = decoded.as_deref().and_then(|pair| pair.split_once(':')).map(|(_, password)| password.to_owned());
    let same = |form: &str| found.strip_suffix(form).is_some_and(|scheme| !form.is_empty() && scheme.len() <= SCHEME);
    forms.iter().chain(&decoded).chain(&password).any(|form| same(form))
}

/// Without the escapes of programming languages, as far as the cases have them.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let digits = if after.starts_with('u') { 4 } else { 2 };
        let number = after.strip_prefix(['u', 'x']).and_then(|hex| hex.get(..digits));
        match number.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &after[1 + digits..];
            }
            None => {
                let escaped = after.chars().next().unwrap_or('\\');
                out.push(escaped);
                rest = after.get(escaped.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out + rest
}

fn entities(text: &str) -> String {
    text.replace("&lt;", "<").replace("&amp;", "&")
}

fn percent(text: &str) -> String {
    text.replace("%40", "@")
}

#[test]
fn what_covers_a_mark() {
    let check = |found: &str, marked: &str, expected: bool| assert_eq!(covers(found.as_bytes(), marked), expected, "{found}");
    check("falcon", "falcon", true);
    check("Bearer falcon", "falcon", true);
    check("falcon\"", "falcon", false);
    check("falco", "falcon", false);
    check("password = \"not so falcon", "falcon", false);
    check("a\"b&c", "a\\\"b\\u0026c", true);
    check("a\\b", "a\\\\b", true);
    check("a&b", "a&amp;b", true);
    check("a&b", "a\\x26b", true);
    check("falcon", &BASE64.encode(b"otto:falcon"), true);
    check("otto", &BASE64.encode(b"otto:falcon"), false);
}
