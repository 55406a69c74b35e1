//! Arbitrary bytes: alone, behind the magic of a format, and as changes to a sound sample.

use super::samples::{Form, image, samples};
use super::{file, target};
use proptest::prelude::*;
use watertight::blob::Digest;
use watertight::image::json::Json;
use watertight::limits::Limits;
use watertight::rules::RuleSet;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() }
}

const MAGICS: [&[u8]; 9] =
    [b"", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18", b"PK\x03\x04", b"PK\x05\x06", b"{", b"[{", b"BZh91AY&SY"];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    (proptest::sample::select(&MAGICS[..]), proptest::collection::vec(any::<u8>(), 0..3000))
        .prop_map(|(magic, rest)| [magic, &rest].concat())
}

/// A sample with some bytes changed, a stretch left out and another repeated.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let sample = proptest::sample::select(samples().into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>());
    let edits = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0u8..4), 1..12);
    (sample, edits).prop_map(|(mut bytes, edits)| {
        for (at, value, kind) in edits {
            let at = at.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            let end = (at + usize::from(value)).min(bytes.len());
            match kind {
                0 | 1 if !bytes.is_empty() => bytes[at] = value,
                2 => drop(bytes.drain(at..end)),
                _ => {
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn as_a_file(bytes in bytes()) {
        file(&bytes, &Limits::default());
    }

    #[test]
    fn as_a_layer(bytes in bytes()) {
        let promised = Digest::sha256(b"what was built");
        let answer = target(&image(Form::Docker, &bytes, &bytes, &promised));
        prop_assert_ne!(answer.exit.code(), 0);
    }

    #[test]
    fn as_a_changed_sample(bytes in mutated()) {
        file(&bytes, &Limits::default());
        let promised = Digest::sha256(b"what was built");
        prop_assert_ne!(target(&image(Form::Docker, &bytes, &bytes, &promised)).exit.code(), 0);
    }

    #[test]
    fn as_documents_and_rules(text in "[ \\[\\]{}:,\"a-z0-9=\\\\.\\n-]{0,300}", raw in bytes()) {
        let _ = Json::parse(text.as_bytes());
        let _ = Json::parse(&raw);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("x.toml"), &text).expect("a file");
        let _ = RuleSet::load_dir(folder.path());
        let _ = RuleSet::parse(&[("x.toml", format!("[[rules]]\nid = 'x'\nregex = '''{text}'''\n"))]);
    }
}
