//! `watertight formats`, and the table of the README that it makes.

use serde_json::Value;
use std::process::Command;
use watertight::extract::{EXTRACTORS, OPAQUE};

fn listed(shape: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_watertight")).args(["formats", "--format", shape]).output();
    let output = output.expect("our program");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn every_format_says_what_it_is() {
    for extractor in EXTRACTORS {
        let about = extractor.about();
        for text in [about.title, about.reads, about.limits, about.specification] {
            assert!(!text.is_empty(), "{} leaves something unsaid: {about:?}", extractor.name());
            assert!(!text.contains(['|', '\n']), "{}: {text:?} breaks the table of the README", extractor.name());
        }
    }
}

#[test]
fn the_list_has_every_format() {
    let human = listed("human");
    let json: Value = serde_json::from_str(&listed("json")).expect("JSON");
    assert_eq!(json["schema"], "watertight/formats/v1");
    let names: Vec<_> = json["opened"].as_array().expect("a list").iter().map(|format| format["name"].as_str()).collect();
    assert_eq!(names, EXTRACTORS.iter().map(|extractor| Some(extractor.name())).collect::<Vec<_>>());
    for extractor in EXTRACTORS {
        assert!(human.contains(&format!("({})", extractor.name())), "{}", extractor.name());
    }
    for format in OPAQUE {
        assert!(human.contains(format.name), "{}", format.name);
        assert!(!EXTRACTORS.iter().any(|extractor| extractor.name() == format.name), "{} opens", format.name);
    }
}

#[test]
fn the_readme_has_the_table() {
    let readme = include_str!("../../README.md");
    let table = readme.split_once("<!-- formats -->\n").and_then(|(_, rest)| rest.split_once("\n<!-- /formats -->"));
    let (table, _) = table.expect("a table between the marks");
    assert_eq!(table.trim(), listed("markdown").trim(), "put the output of `watertight formats --format markdown` there");
}
