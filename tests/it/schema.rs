//! The JSON report keeps to its published schema, and the schema says all that the report has.
//!
//! Readers must accept members that they do not know, so the schema does too. Here it is closed first: a
//! member that is written and not described is a defect of the schema.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use watertight::finding::GapReason;
use watertight::forge::filler::expand;
use watertight::forge::image::{Forge, leaky};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../schema/report-v1.schema.json")).expect("the schema is JSON")
}

/// The schema, with every object that lists its members closed to others.
fn closed() -> Validator {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                // A map says itself what may be in it.
                if members.get("type") == Some(&json!("object")) && !members.contains_key("additionalProperties") {
                    members.insert("additionalProperties".into(), json!(false));
                }
                members.values_mut().for_each(close);
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    let mut schema = schema();
    close(&mut schema);
    jsonschema::validator_for(&schema).expect("a valid schema")
}

/// The report of a target.
fn report(target: &Path, args: &[&str]) -> Value {
    let mut program = Command::new(env!("CARGO_BIN_EXE_watertight"));
    let output = program.arg("scan").arg(target).args(["--format", "json"]).args(args).output().expect("our program");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// The report of an archive in memory.
fn of(bytes: &[u8], args: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("image.tar");
    std::fs::write(&file, bytes).expect("a new file");
    report(&file, args)
}

#[track_caller]
fn check(report: &Value) {
    let problems: Vec<_> = closed().iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn of_the_demonstration() {
    let report = of(&leaky(1), &[]);
    check(&report);
    assert!(report["incidents"].as_array().is_some_and(|incidents| incidents.iter().all(|one| one.get("secret").is_none())));
    let states: BTreeSet<_> = report["incidents"].as_array().into_iter().flatten().flat_map(findings).collect();
    assert_eq!(states, ["config", "deleted", "live", "overwritten"].map(String::from).into());
    let shown = of(&leaky(1), &["--show-secrets"]);
    check(&shown);
    assert!(shown["incidents"][0]["secret"].is_string());
}

fn findings(incident: &Value) -> Vec<String> {
    let findings = incident["findings"].as_array().into_iter().flatten();
    findings.filter_map(|finding| Some(finding["state"].as_str()?.to_owned())).collect()
}

#[test]
fn of_a_damaged_image() {
    let whole = leaky(2);
    for cut in [whole.len() / 4, whole.len() / 2, whole.len() - 1500] {
        let report = of(&whole[..cut], &[]);
        check(&report);
        assert_ne!(report["gaps"], json!([]), "cut at {cut}");
    }
}

#[test]
fn of_a_clean_directory() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join("a.txt"), "nothing\n").expect("a new file");
    let report = report(folder.path(), &[]);
    check(&report);
    assert_eq!((&report["verdict"], &report["target"]["kind"]), (&json!("watertight"), &json!("directory")));
}

#[test]
fn of_several_images() {
    let token = expand("ghp_<base62:30><crc32>", 3);
    let image = |name: &str| Forge::default().layer("COPY a /", &[("a", token.as_bytes())]).label("name", name).archive(name);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let members = ["one", "two"].map(|name| (name, image(name)));
    // Two layouts in one, with both indexes.
    for (name, archive) in &members {
        tar::Archive::new(archive.as_slice()).unpack(folder.path()).expect("our own archive");
        std::fs::rename(folder.path().join("index.json"), folder.path().join(name)).expect("an index");
    }
    let index = |name: &str| -> Value {
        let bytes = std::fs::read(folder.path().join(name)).expect("an index");
        serde_json::from_slice::<Value>(&bytes).expect("JSON")["manifests"][0].clone()
    };
    let both = json!({"schemaVersion": 2, "manifests": [index("one"), index("two")]});
    std::fs::write(folder.path().join("index.json"), both.to_string()).expect("a new file");
    let report = report(folder.path(), &[]);
    check(&report);
    assert_eq!(report["images"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_report_that_says_something_else_is_refused() {
    let sound = of(&leaky(4), &[]);
    let validator = closed();
    assert!(validator.is_valid(&sound));
    let changes: [(&str, Value); 16] = [
        ("/schema", json!("watertight/report/v2")),
        ("/verdict", json!("fine")),
        ("/tool/name", json!("another")),
        ("/images/0/digest", json!("sha256:0")),
        ("/images/0/layers/0/index", json!(-1)),
        ("/incidents/0/severity", json!("severe")),
        ("/incidents/0/redacted", json!("a whole secret")),
        ("/incidents/0/fingerprint", json!("0")),
        ("/incidents/0/findings", json!([])),
        ("/incidents/0/findings/0/line", json!(0)),
        ("/incidents/0/findings/0/state", json!("gone")),
        ("/seen/bytes", json!(null)),
        ("/seen/formats/0/format", json!("")),
        ("/seen/formats/0/pieces/raw", json!(-1)),
        ("/seen/formats/0/gaps", json!({"boredom": 1})),
        ("/seen/formats/0/gaps", json!({"damaged": 0})),
    ];
    for (path, value) in changes {
        let mut report = sound.clone();
        *report.pointer_mut(path).unwrap_or_else(|| panic!("{path} is in the report")) = value;
        assert!(!validator.is_valid(&report), "{path}");
    }
    for (path, member) in [("", "gaps"), ("/incidents/0", "rule"), ("/incidents/0/findings/0", "place")] {
        let mut report = sound.clone();
        report.pointer_mut(path).and_then(Value::as_object_mut).expect("an object").remove(member);
        assert!(!validator.is_valid(&report), "without {member}");
    }
}

#[test]
fn members_may_be_added_within_the_version() {
    let mut report = of(&leaky(5), &[]);
    report["incidents"][0]["new"] = json!(1);
    let open = jsonschema::validator_for(&schema()).expect("a valid schema");
    assert!(open.is_valid(&report) && !closed().is_valid(&report));
}

/// Every reason that the program knows is one that the schema knows. The list below is complete or does not compile.
#[test]
fn reasons_of_gaps_are_all_there() {
    let reasons = schema()["$defs"]["gap"]["properties"]["reason"]["enum"].clone();
    let known: BTreeSet<&str> = reasons.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let all = [
        GapReason::Damaged,
        GapReason::Truncated,
        GapReason::MissingEnd,
        GapReason::DigestMismatch,
        GapReason::SizeMismatch,
        GapReason::MissingBlob,
        GapReason::BadManifest,
        GapReason::HistoryMismatch,
        GapReason::Encrypted,
        GapReason::Unsupported,
        GapReason::DepthLimit,
        GapReason::ExpansionLimit,
        GapReason::SizeLimit,
        GapReason::Disagreement,
        GapReason::Unreadable,
        GapReason::Internal,
    ];
    assert_eq!(all.map(written).into_iter().collect::<BTreeSet<_>>(), known);
}

fn written(reason: GapReason) -> &'static str {
    match reason {
        GapReason::Damaged
        | GapReason::Truncated
        | GapReason::MissingEnd
        | GapReason::DigestMismatch
        | GapReason::SizeMismatch
        | GapReason::MissingBlob
        | GapReason::BadManifest
        | GapReason::HistoryMismatch
        | GapReason::Encrypted
        | GapReason::Unsupported
        | GapReason::DepthLimit
        | GapReason::ExpansionLimit
        | GapReason::SizeLimit
        | GapReason::Disagreement
        | GapReason::Unreadable
        | GapReason::Internal => reason.as_str(),
    }
}
