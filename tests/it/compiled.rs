//! Compiled modules and databases that Python writes, read by their structure.

use crate::hostile::scanned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;
use watertight::limits::Limits;

#[test]
fn what_python_compiles_and_stores_is_found_by_its_name_and_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/compiled.py");
    let python = Command::new("python3").arg(script).arg(folder.path()).output();
    let python = python.expect("python3 is missing; this test reads what it writes: apt-get install python3");
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    let planted: BTreeMap<String, Vec<(String, Value)>> = serde_json::from_slice(&python.stdout).expect("what the script prints");
    assert_eq!(planted.len(), 7);
    let answer = scanned(folder.path(), &Limits::default()).expect("a folder");
    assert!(answer.audit.gaps.is_empty(), "{:#?}", answer.audit.gaps);
    let mut wrong = Vec::new();
    for (file, values) in &planted {
        for (value, name) in values {
            let incident = answer.audit.incidents.iter().find(|incident| incident.secret.expose() == value.as_bytes());
            let places: Vec<_> = incident
                .iter()
                .flat_map(|incident| &incident.occurrences)
                .map(|occurrence| (occurrence.finding.place.path().unwrap_or_default(), occurrence.finding.name.clone()))
                .collect();
            if places != [(file.clone(), name.as_str().map(str::to_owned))] {
                wrong.push(format!("{file}: {name}: {places:?}"));
            }
        }
    }
    let all: usize = planted.values().map(Vec::len).sum();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let rules: Vec<_> = answer.audit.incidents.iter().map(|incident| &incident.rule.id).collect();
    assert_eq!(answer.audit.incidents.len(), all, "{rules:?}");
}
