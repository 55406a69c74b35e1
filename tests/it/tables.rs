//! Tables as their own libraries write them: every text is told once, under its name, and nothing of it is left to be
//! scanned as it is. `tools/make_tables.py` made the files.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use watertight::extract::{self, Extractor, Head, Input, Member, Sink, Stop, Text};
use watertight::finding::GapReason;

/// Names with what was told under them.
#[derive(Default)]
struct Told {
    texts: BTreeMap<String, Vec<String>>,
    rest: Vec<u8>,
    numbers: usize,
    gaps: Vec<String>,
    /// The names of each text, and where it was said to stand.
    places: BTreeMap<Vec<u8>, BTreeSet<(String, u64)>>,
}

impl Sink for Told {
    fn member(&mut self, _: &Member<'_>, body: &mut dyn Read) -> Result<(), Stop> {
        self.numbers(body)
    }

    fn raw(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        let _ = body.read_to_end(&mut self.rest);
        Ok(())
    }

    fn numbers(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        let mut bytes = Vec::new();
        let _ = body.read_to_end(&mut bytes);
        self.numbers += bytes.len();
        Ok(())
    }

    fn text(&mut self, text: &Text<'_>) -> Result<(), Stop> {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.texts.entry(shown(text.name)).or_default().push(shown(text.bytes));
        self.places.entry(text.bytes.to_vec()).or_default().insert((shown(text.name), text.offset));
        Ok(())
    }

    fn gap(&mut self, _: GapReason, detail: String, _: Option<u64>) {
        self.gaps.push(detail);
    }
}

fn known(bytes: &[u8]) -> Option<&'static dyn Extractor> {
    extract::probe(&Head { start: bytes, tail: bytes })
}

fn told(bytes: &[u8]) -> Told {
    told_by(known(bytes).expect("a format that is known"), bytes)
}

fn told_by(extractor: &dyn Extractor, bytes: &[u8]) -> Told {
    let mut told = Told::default();
    if let Err(halt) = extractor.extract(&mut Input::memory(bytes), &mut told) {
        told.gaps.push(format!("{halt:?}"));
    }
    told
}

/// A format that leaves copies of texts in the room of pages from which it moved them.
const MOVES: &str = "LMDB";

/// What is wrong with what was told of a file.
fn wrong(bytes: &[u8], expected: &Value) -> Vec<String> {
    let mut told = told(bytes);
    let mut wrong = std::mem::take(&mut told.gaps);
    if known(bytes).is_some_and(|extractor| extractor.name() == MOVES) {
        told.rest.clear();
    }
    for (name, texts) in expected.as_object().expect("names") {
        let all = texts.as_array().map_or_else(|| vec![texts], |all| all.iter().collect());
        let mut all: Vec<_> = all.into_iter().filter_map(Value::as_str).collect();
        all.sort_unstable();
        let mut found = told.texts.get(name).cloned().unwrap_or_default();
        found.sort_unstable();
        if found != all {
            wrong.push(format!("{name}: {found:?}, not {all:?}"));
        }
        wrong.extend(
            all.iter()
                .filter(|text| memchr::memmem::find(&told.rest, text.as_bytes()).is_some())
                .map(|text| format!("{name}: {text:?} was left to be scanned as it is")),
        );
    }
    wrong
}

#[test]
fn every_text_is_told_once_under_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/tables");
    let expected: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).expect("a list")).expect("JSON");
    let expected = expected.as_object().expect("files");
    assert!(expected.len() >= 30, "{} files", expected.len());
    let mut all = Vec::new();
    for (file, names) in expected {
        let bytes = std::fs::read(folder.join(file)).expect("a file");
        all.extend(wrong(&bytes, names).into_iter().map(|wrong| format!("{file}: {wrong}")));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_value_stands_in_its_dictionary_whichever_row_has_it() {
    let bytes = include_bytes!("../../testdata/tables/dictionaries.arrows");
    let places = told(bytes).places;
    for (name, text) in [("first_name", "the first of the words"), ("third_name", "the third of the words")] {
        let (names, offsets): (Vec<_>, BTreeSet<_>) = places[text.as_bytes()].iter().cloned().unzip();
        // Without a name it goes where it has one.
        assert_eq!((names, offsets.len()), (vec![String::new(), name.to_owned()], 1), "{text}");
    }
}

/// Files of the library, cut and bent: bytes are told, left or a gap, and reading ends.
#[test]
fn damaged_files_end() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/tables");
    for entry in std::fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|e| e != "json"))
    {
        let bytes = std::fs::read(entry.path()).expect("a file");
        let mut random = fastrand::Rng::with_seed(bytes.len() as u64);
        for _ in 0..40 {
            let mut bent = bytes.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(8..bent.len() - 8);
                match random.u8(0..3) {
                    0 => bent[at] ^= 1 << random.u8(0..8),
                    1 => bent[at..at + 8].fill(0xff),
                    _ => bent[at..at + 4].copy_from_slice(&random.u32(..).to_le_bytes()),
                }
            }
            if let Some(extractor) = known(&bent) {
                told_by(extractor, &bent);
                told_by(extractor, &bent[..random.usize(64..bent.len())]);
            }
        }
    }
}
