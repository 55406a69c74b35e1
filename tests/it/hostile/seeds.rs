//! What fuzzing begins with: for each target what it opens, made by our own writers.
//!
//! `fuzz/run` asks for it with the variable `FUZZ_SEEDS`, the folder that is to have a folder for each target. Without
//! it the test still holds that no target begins with nothing.

use super::samples::{image, samples};
use std::collections::BTreeMap;
use std::path::Path;
use watertight::blob::Digest;
use watertight::extract::EXTRACTORS;
use watertight::forge::filler::expand;
use watertight::forge::image::{leaky, tar_of};

/// Longer ones would be cut: it is what the targets are given.
const LONGEST: usize = 64 << 10;

/// The name of a format as fuzzing knows it.
fn slug(name: &str) -> String {
    if name == "7z" { "sevenz".into() } else { name.to_lowercase().replace(' ', "_").replace('-', "") }
}

/// Seeds, by target.
fn seeds() -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut seeds: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    let mut put = |target: &str, bytes: Vec<u8>| seeds.entry(target.to_owned()).or_default().push(bytes);
    let samples = samples();
    for (name, bytes) in &samples {
        put(&slug(name), bytes.clone());
        put("scan", bytes.clone());
        let layer = tar_of(&[("a", bytes)]);
        put("scan", image(super::samples::Form::Oci, &layer, &layer, &Digest::sha256(&layer)));
    }
    let image = leaky(1);
    let mut entries = tar::Archive::new(image.as_slice());
    for entry in entries.entries().expect("our own archive") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry.expect("an entry"), &mut bytes).expect("bytes");
        if bytes.starts_with(b"{") || bytes.starts_with(b"[") {
            put("image_json", bytes);
        }
    }
    put("scan", image);
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).expect("the rules") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|end| end == "toml") {
            put("rules_toml", std::fs::read(path).expect("a file"));
        }
    }
    for (number, notation) in NOTATIONS.iter().enumerate() {
        put("detect", expand(notation, number as u64).into_bytes());
    }
    seeds.values_mut().for_each(|seeds| seeds.retain(|bytes| bytes.len() <= LONGEST));
    seeds
}

/// Texts for the detectors, with fillers for what would look like a credential.
const NOTATIONS: [&str; 12] = [
    "token = ghp_<base62:30><crc32>\n",
    "export DB_PASSWORD='<base62:20>'\nDB_HOST=db.internal\n",
    "{\"auths\": {\"registry.internal\": {\"auth\": \"<base64:40>\"}}}",
    "apiVersion: v1\nkind: Secret\ndata:\n  password: <base64:24>\n---\nkind: ConfigMap\ndata:\n  a: b\n",
    "curl -u admin:<base62:16> -H \"Authorization: Bearer <base62:40>\" https://api.internal/\n",
    "postgres://app:<base62:18>@db.internal:5432/app?sslmode=require\n",
    "<config><add key=\"ApiKey\" value=\"<hex:32>\"/></config>\n",
    "resource \"x\" \"y\" {\n  password = \"<base62:20>\"\n}\n",
    "-----BEGIN PRIVATE KEY-----\n<base64:64>\n<base64:64>\n-----END PRIVATE KEY-----\n",
    "const key = \"\\u0041<base62:20>\" + `<base62:20>`; // watertight:allow\n",
    "password=3D<base62:12>=\n<base62:12>&amp;x=%41%42\n",
    "[default]\r\naws_access_key_id = AKIA<BASE32:16>\r\naws_secret_access_key = <base64:40>\r\n",
];

#[test]
fn every_target_begins_with_something() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = std::env::var_os("FUZZ_SEEDS").map_or_else(|| scratch.path().to_owned(), Into::into);
    let seeds = seeds();
    for (target, seeds) in &seeds {
        let folder = folder.join(target);
        std::fs::create_dir_all(&folder).expect("a folder");
        for seed in seeds {
            std::fs::write(folder.join(Digest::sha256(seed).hex()), seed).expect("a file");
        }
    }
    let doors = ["image_json", "rules_toml", "detect", "scan"].map(String::from);
    for target in EXTRACTORS.iter().map(|extractor| slug(extractor.name())).chain(doors) {
        assert!(seeds.get(&target).is_some_and(|seeds| !seeds.is_empty()), "{target} begins with nothing");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/fuzz_targets/{target}.rs"));
        assert!(source.exists(), "{target} has no {}", source.display());
    }
}
