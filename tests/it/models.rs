//! Pickles as Python writes them, in every protocol: each value is found once, under the name that leads to it.

use crate::hostile::scanned;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use watertight::finding::Scope;
use watertight::forge::filler::expand;
use watertight::limits::Limits;

/// At least this many files are read.
const FILES: usize = 90;

/// What stands in a file: names, with the rule that tells each value.
type Named = Vec<(String, String)>;

#[test]
fn python_pickles_of_every_protocol_are_read_with_their_names() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let values = serde_json::json!({
        "password": expand("<base62:24>", 5),
        "token": expand("ghp_<base62:30><crc32>", 6),
    });
    let expected = written(folder.path(), &values);
    assert!(expected.len() >= FILES, "{} files", expected.len());
    let answer = scanned(folder.path(), &Limits::default()).expect("a folder");
    let mut found: BTreeMap<String, Named> = expected.keys().map(|file| (file.clone(), Named::new())).collect();
    for occurrence in answer.audit.incidents.iter().flat_map(|incident| &incident.occurrences) {
        let finding = &occurrence.finding;
        let file = finding.place.path().expect("a file of the folder");
        found.entry(file).or_default().push((finding.name.clone().unwrap_or_default(), finding.rule.id.clone()));
    }
    let wrong: Vec<_> = found
        .iter_mut()
        .filter_map(|(file, found)| {
            found.sort();
            let expected = expected.get(file)?;
            (found != expected).then(|| format!("{file}: {found:?}, not {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(answer.audit.gaps.iter().all(|gap| gap.scope == Scope::Item && gap.detail.is_empty()), "{:#?}", answer.audit.gaps);
}

/// Has Python write its files, and what is to be found in each.
fn written(folder: &std::path::Path, values: &serde_json::Value) -> BTreeMap<String, Named> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/models.py");
    let python = Command::new("python3").arg(script).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut python = python.expect("python3 is missing: apt-get install python3");
    python.stdin.take().expect("a pipe").write_all(values.to_string().as_bytes()).expect("a script that reads");
    let output = python.wait_with_output().expect("a script that ends");
    assert!(output.status.success());
    let names: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_slice(&output.stdout).expect("what it prints");
    let rule = |kind: &str| match kind {
        "password" => "generic-password-assignment".to_owned(),
        _ => "github-personal-access-token".to_owned(),
    };
    let named = |names: BTreeMap<String, String>| names.into_iter().map(|(name, kind)| (name, rule(&kind))).collect();
    names.into_iter().map(|(file, names)| (file, named(names))).collect()
}
