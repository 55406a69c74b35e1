//! Numbers are looked at alike however they are read: by position from a file, or as a stream out of an archive.

use crate::hostile::samples;
use watertight::audit::Audit;
use watertight::detect::Engine;
use watertight::forge::image::tar_of;
use watertight::limits::Limits;
use watertight::rules::RuleSet;
use watertight::scan::{Options, Progress, scan};
use watertight::source::{self, Choice};

const WINDOW: usize = 1 << 20;

/// Six windows of noise with a token at the start, across each border of two windows, and at the end.
fn numbers() -> (Vec<u8>, usize) {
    let mut random = fastrand::Rng::with_seed(7);
    let mut bytes: Vec<u8> = (0..6 * WINDOW).map(|_| random.u8(..)).collect();
    let length = samples::token(0).len();
    let borders = (1..6).map(|window| window * WINDOW - 10);
    let places: Vec<_> = [0].into_iter().chain(borders).chain([bytes.len() - length]).collect();
    for (index, place) in places.iter().enumerate() {
        let token = samples::token(index as u64);
        let around = place.saturating_sub(8)..(place + token.len() + 8).min(bytes.len());
        bytes[around].fill(0);
        bytes[*place..place + token.len()].copy_from_slice(token.as_bytes());
    }
    (bytes, places.len())
}

fn safetensors(numbers: &[u8]) -> Vec<u8> {
    let header = format!(r#"{{"w":{{"dtype":"U8","shape":[{0}],"data_offsets":[0,{0}]}}}}"#, numbers.len());
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), numbers].concat()
}

fn audit(engine: &Engine, target: &std::path::Path) -> Audit {
    let target = target.to_str().expect("a path in UTF-8");
    let limits = Limits::default();
    let artifact = source::open(target, &Choice::default(), &limits).expect("a target");
    scan(&artifact, engine, &Options { threads: 2, ..Options::default() }, &Progress::default()).expect("threads")
}

#[test]
fn a_token_among_numbers_is_found_once_however_they_are_read() {
    let engine = Engine::new(&RuleSet::builtin().expect("rules")).expect("an engine");
    let (numbers, count) = numbers();
    let pickle = b"\x80\x02]q\0.";
    let model = samples::zip_of(&[("m/data.pkl", pickle), ("m/data/0", &numbers), ("m/version", b"3\n")]);
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in [("model.safetensors", safetensors(&numbers)), ("model.pt", model)] {
        let inside = folder.path().join(name);
        std::fs::create_dir(&inside).expect("a folder");
        std::fs::write(inside.join(name), &bytes).expect("a file");
        let archive = folder.path().join(format!("{name}.tar"));
        std::fs::write(&archive, tar_of(&[(name, &bytes)])).expect("a file");
        for target in [inside.join(name), inside, archive] {
            let audit = audit(&engine, &target);
            let findings: usize = audit.incidents.iter().map(|incident| incident.occurrences.len()).sum();
            assert_eq!((audit.incidents.len(), findings), (count, count), "{}", target.display());
            assert!(audit.gaps.is_empty(), "{:?}", audit.gaps);
            assert!(audit.seen.bytes >= numbers.len() as u64 && audit.seen.bytes < 2 * numbers.len() as u64);
        }
    }
}
