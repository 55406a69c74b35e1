//! Cases as text: every file below `testdata/cases` describes an artifact and what the report must say of it.
//!
//! The artifact is forged, audited by the program as a user would run it, and the report compared. Each
//! case is also run without `--show-secrets`: no secret that it expects may be printed.
//! `testdata/README.md` is the schema. `CASE=name` in the environment runs the cases whose path contains that.

mod compare;
mod image;
mod large;
mod stored;
mod tree;
mod written;
mod zipped;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use watertight::forge::filler::expand;
use written::{Case, Form};

#[test]
fn cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let wanted = std::env::var("CASE").unwrap_or_default();
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(&root)
        .into_iter()
        .map(|entry| entry.expect("testdata can be listed").into_path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml") && path.to_string_lossy().contains(&wanted))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no case has '{wanted}' in its path");
    let problems: Vec<String> = files.par_iter().flat_map(|path| run(&root, path)).collect();
    assert!(problems.is_empty(), "{} problems in {} cases\n{}", problems.len(), files.len(), problems.join("\n"));
}

/// What is wrong with one case.
fn run(root: &Path, path: &Path) -> Vec<String> {
    let name = path.strip_prefix(root).unwrap_or(path).with_extension("").display().to_string();
    let text = std::fs::read_to_string(path).expect("a case can be read");
    let problems = match read(&name, &text) {
        Err(error) => vec![error],
        Ok(case) => check(&case),
    };
    problems.into_iter().map(|problem| format!("{name}: {problem}")).collect()
}

/// Reads a case, its values put where their names stand in braces.
fn read(name: &str, text: &str) -> Result<Case, String> {
    let mut table: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
    let seed = u64::from(crc32fast::hash(name.as_bytes()));
    let mut values = BTreeMap::new();
    for (number, (key, value)) in (0..).zip(table.get("values").and_then(toml::Value::as_table).into_iter().flatten()) {
        let filler = value.as_str().ok_or_else(|| format!("the value {key} is no text"))?;
        values.insert(key.clone(), expand(filler, seed + number));
    }
    // A value may hold others.
    let plain = values.clone();
    for value in values.values_mut() {
        *value = plain.iter().fold(std::mem::take(value), |text, (name, plain)| text.replace(&format!("{{{name}}}"), plain));
    }
    for (key, value) in &mut table {
        if key == "values" {
            *value = values.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect::<toml::Table>().into();
        } else {
            fill(value, &values);
        }
    }
    table.try_into().map_err(|error: toml::de::Error| error.to_string())
}

fn fill(value: &mut toml::Value, values: &BTreeMap<String, String>) {
    match value {
        toml::Value::String(text) => {
            for (name, value) in values.iter().filter(|(name, _)| text.contains(&format!("{{{name}"))).collect::<Vec<_>>() {
                *text = text.replace(&format!("{{{name}}}"), value);
                let opening = format!("{{{name}:");
                while let Some((before, after)) = text.split_once(&opening) {
                    let (chain, rest) = after.split_once('}').expect("a brace that closes");
                    let made = chain.split(':').fold(value.clone().into_bytes(), |bytes, how| tree::written(&bytes, how));
                    *text = format!("{before}{}{rest}", String::from_utf8(made).expect("text at the end of a chain"));
                }
            }
        }
        toml::Value::Array(items) => items.iter_mut().for_each(|item| fill(item, values)),
        toml::Value::Table(table) => {
            let filled = std::mem::take(table).into_iter().map(|(key, mut value)| {
                fill(&mut value, values);
                let mut key = toml::Value::String(key);
                fill(&mut key, values);
                (key.as_str().unwrap_or_default().to_owned(), value)
            });
            *table = filled.collect();
        }
        _ => {}
    }
}

/// Builds and scans each form of a case.
fn check(case: &Case) -> Vec<String> {
    let usual: &[Form] = if case.image.is_empty() && case.artifact.is_empty() { &[Form::Directory] } else { &[Form::OciArchive] };
    let forms = if case.forms.is_empty() { usual } else { &case.forms };
    forms
        .iter()
        .enumerate()
        .flat_map(|(at, form)| scan(case, *form, at == 0).into_iter().map(move |problem| format!("{form:?}: {problem}")))
        .collect()
}

/// What is wrong with one form of it, and with what is printed of it to people who may not see secrets.
fn scan(case: &Case, form: Form, discretion: bool) -> Vec<String> {
    assert!(!case.what.is_empty(), "a case says what it is about");
    let folder = tempfile::tempdir().expect("a temporary directory");
    let target = stored::store(case, form, folder.path());
    let audit = |args: &[&str]| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watertight"));
        let input = if form == Form::Stdin { File::open(&target).expect("the file").into() } else { Stdio::null() };
        let target = if form == Form::Stdin { "-" } else { &target };
        command.args(["scan", target]).args(&case.args).args(args).stdin(input).output().expect("our program")
    };
    let output = audit(&["--format", "json", "--show-secrets"]);
    let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else {
        return vec![format!("no report: {}", String::from_utf8_lossy(&output.stderr))];
    };
    let mut problems = compare::problems(&report, output.status.code(), &case.expect, &case.values);
    let secrets: Vec<_> = case.expect.incident.iter().filter_map(|incident| incident.secret.as_ref()).collect();
    if discretion && !secrets.is_empty() {
        let output = audit(&[]);
        let printed = [output.stdout, output.stderr].concat();
        let prints = |text: &str| memchr::memmem::find(&printed, text.as_bytes()).is_some();
        for name in secrets.iter().filter(|name| prints(&case.values[**name])) {
            problems.push(format!("the report for people prints the value of {name}"));
        }
        let parts = case.expect.incident.iter().flat_map(|incident| incident.parts.iter().flatten());
        if parts.filter_map(|part| part.strip_prefix("secret ")).any(prints) {
            problems.push("the report for people prints a part that is secret".into());
        }
    }
    problems
}

#[test]
fn a_case_that_expects_something_else_fails() {
    const CASE: &str = r#"
        what = "a token in a file"
        [values]
        token = "ghp_<base62:30><crc32>"
        [[file]]
        path = "a.txt"
        text = "\nx {token}\n"
        [[expect.incident]]
        secret = "token"
        at = [{ path = "a.txt", line = 2 }]
    "#;
    let fails = |from: &str, to: &str| !read("self", &CASE.replace(from, to)).map_or(true, |case| check(&case).is_empty());
    assert!(read("self", CASE).is_ok_and(|case| check(&case).is_empty()));
    assert!(fails("line = 2", "line = 1"));
    assert!(fails("path = \"a.txt\", line", "path = \"b.txt\", line"));
    assert!(fails("[{ path", "[{ path = \"a.txt\" }, { path"));
    assert!(fails("x {token}", "x {token} {token}"));
    assert!(fails("x {token}", "x"));
    assert!(fails("[[expect", "[[expect.gap]]\nreason = \"damaged\"\nscope = \"item\"\n[[expect"));
    assert!(read("self", &CASE.replace("line = 2", "lines = 2")).is_err(), "unknown keys are refused");
}
