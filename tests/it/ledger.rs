//! The ledger: each thing that is met counts once, as read by its structure, raw, as numbers, or not read.

use crate::hostile::{samples, scanned};
use serde_json::{Value, json};
use watertight::extract::EXTRACTORS;
use watertight::finding::{Readings, Totals};
use watertight::forge::image::{gzip, leaky, tar_of};
use watertight::limits::Limits;

/// What was seen of files in a directory.
fn seen(files: &[(&str, &[u8])], limits: &Limits) -> Totals {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("a file");
    }
    // That each counts once is asked of every scan there.
    scanned(folder.path(), limits).expect("a target").audit.seen
}

/// Says of each format how many of its pieces were read by structure, raw, as numbers and not at all.
#[track_caller]
fn check(files: &[(&str, &[u8])], limits: &Limits, expected: &[(Option<&str>, [u64; 4])]) -> Value {
    let seen = seen(files, limits);
    let four = |readings: Readings| [readings.structure, readings.raw, readings.numbers, readings.unread];
    let rows: Vec<_> = seen.formats.iter().map(|(format, tally)| (format, four(tally.pieces))).collect();
    assert_eq!(rows, expected, "{seen:#?}");
    serde_json::to_value(&seen.formats).expect("JSON")
}

fn usual(files: &[(&str, &[u8])], expected: &[(Option<&str>, [u64; 4])]) -> Value {
    check(files, &Limits::default(), expected)
}

#[test]
fn what_opens_counts_with_what_is_in_it() {
    let inner = samples::zip_of(&[("a", b"text"), ("b", b"more")]);
    let nest = gzip(&tar_of(&[("in.zip", &inner), ("c", b"third")]));
    let rows = usual(
        &[("plain.txt", b"nothing"), ("nest", &nest)],
        &[(None, [0, 4, 0, 0]), (Some("gzip"), [1, 0, 0, 0]), (Some("tar"), [1, 0, 0, 0]), (Some("zip"), [1, 0, 0, 0])],
    );
    assert_eq!(rows[0]["bytes"]["raw"], json!("nothing".len() + "text".len() + "more".len() + "third".len()));
    assert_eq!((&rows[3]["bytes"]["structure"], &rows[3]["bytes"]["unread"]), (&json!(8), &json!(0)));
}

#[test]
fn what_does_not_open_is_raw_and_says_why() {
    let rows = usual(&[("a", b"age-encryption.org/v1\n-> and more")], &[(Some("age"), [0, 1, 0, 0])]);
    assert_eq!((&rows[0]["gaps"], &rows[0]["bytes"]["raw"]), (&json!({"unsupported": 1}), &json!(33)));
    let nest = (0..3).fold(b"text".to_vec(), |bytes, _| tar_of(&[("in", &bytes)]));
    let shallow = Limits { depth: 2, ..Limits::default() };
    let rows = check(&[("a", &nest)], &shallow, &[(Some("tar"), [2, 1, 0, 0])]);
    assert_eq!(rows[0]["gaps"], json!({"depth-limit": 1}));
    // Cut before its structure gives anything, and after.
    let sample = gzip("the same again and again, ".repeat(400).as_bytes());
    let rows = usual(&[("a", &sample[..12])], &[(None, [0, 1, 0, 0]), (Some("gzip"), [1, 0, 0, 0])]);
    assert_eq!((&rows[1]["gaps"], &rows[1]["bytes"]["raw"]), (&json!({"truncated": 1}), &json!(12)));
}

#[test]
fn what_is_encrypted_is_not_read() {
    let mut bytes = samples::zip_of(&[("open", b"text"), ("closed", b"hidden")]);
    // The flag that says so, in the last local header and in the last entry of the directory.
    for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = memchr::memmem::rfind(&bytes, signature).expect("a header");
        bytes[at + flags] |= 1;
    }
    let rows = usual(&[("a", &bytes)], &[(None, [0, 1, 0, 0]), (Some("zip"), [1, 0, 0, 1])]);
    assert_eq!((&rows[1]["gaps"], &rows[1]["bytes"]["unread"]), (&json!({"encrypted": 1}), &json!(6)));
}

#[test]
fn numbers_are_told_apart() {
    let folder: &[(&str, &[u8])] = &[("m/data.pkl", &samples::pickle(&[("a", "b")])), ("m/data/0", &[7; 400])];
    let storages = samples::zip_of(folder);
    let rows = usual(&[("a", &storages)], &[(None, [0, 0, 1, 0]), (Some("pickle"), [1, 0, 0, 0]), (Some("zip"), [1, 0, 0, 0])]);
    assert_eq!(rows[0]["bytes"]["numbers"], json!(400));
    let rows = usual(&[("a", &samples::npy("<f8", &[1, 2, 3, 4, 5, 6, 7, 8]))], &[(Some("npy"), [1, 0, 0, 0])]);
    assert_eq!(rows[0]["bytes"]["numbers"], json!(16));
}

#[test]
fn each_format_that_opens_is_read_by_its_structure() {
    for extractor in EXTRACTORS {
        let name = extractor.name();
        let samples = samples::samples();
        let (_, bytes) = samples.iter().find(|(of, _)| *of == name).expect("a sample");
        let seen = seen(&[("a", bytes)], &Limits::default());
        let row = seen.formats.iter().find(|(format, _)| *format == Some(name));
        let readings = row.map(|(_, tally)| (tally.pieces.structure >= 1, tally.pieces.raw, tally.gaps.len()));
        assert_eq!(readings, Some((true, 0, 0)), "{name}: {seen:#?}");
    }
}

#[test]
fn layers_count_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("image.tar");
    std::fs::write(&path, leaky(1)).expect("a file");
    let seen = scanned(&path, &Limits::default()).expect("a target").audit.seen;
    let tar = seen.formats.iter().find(|(format, _)| *format == Some("tar")).map(|(_, tally)| tally.pieces.structure);
    assert!(seen.layers > 1 && tar >= Some(seen.layers), "{seen:#?}");
}
