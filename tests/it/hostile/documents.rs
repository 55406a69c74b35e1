//! Manifests, indexes and configs that were not written by a build tool.

use super::samples::{RULE, token};
use super::{file, within_patience};
use serde_json::{Value, json};
use watertight::blob::Digest;
use watertight::forge::image::tar_of;
use watertight::image::json::Json;
use watertight::limits::Limits;
use watertight::policy::Exit;

/// Documents that are no document, or one that costs.
fn odd() -> Vec<String> {
    let deep = |open: &str, close: &str| format!("{}0{}", open.repeat(100_000), close.repeat(100_000));
    vec![
        String::new(),
        "{".into(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        "\"text\"".into(),
        "1e999".into(),
        deep("[", "]"),
        deep("{\"a\":", "}"),
        format!("[{}0]", "0,".repeat(450_000)),
        format!("[{}{{}}]", "{},".repeat(300_000)),
        format!("{{{}\"a\":1}}", "\"a\":1,".repeat(100_000)),
        format!("\"{}\"", "\\u0000".repeat(500_000)),
        "{\"schemaVersion\":2,\"manifests\":{},\"layers\":7,\"config\":[]}".into(),
        "[{\"Config\":[],\"Layers\":{},\"RepoTags\":7}]".into(),
        "{\"rootfs\":7,\"history\":\"x\",\"config\":{\"Env\":{\"A\":1},\"Labels\":[1]}}".into(),
    ]
}

fn digests() -> Vec<String> {
    let long = "a".repeat(100_000);
    [
        "../../etc/passwd",
        "sha256:../../../../etc/passwd",
        "sha256:",
        "",
        "sha512:00",
        "/etc/passwd",
        &format!("sha256:{long}"),
        &long,
    ]
    .map(str::to_owned)
    .to_vec()
}

#[track_caller]
fn never_clean(files: &[(&str, &[u8])]) {
    let archive = tar_of(files);
    let shown: Vec<_> = files.iter().map(|(name, bytes)| format!("{name}: {:.80}", String::from_utf8_lossy(bytes))).collect();
    let answer = within_patience(move || file(&archive, &Limits::default()));
    if let Some(answer) = answer {
        assert_ne!(answer.exit, Exit::Clean, "{shown:#?}");
    }
}

#[test]
fn every_document_in_every_place() {
    let layer = tar_of(&[("a", b"x")]);
    let diff_id = Digest::sha256(&layer);
    for text in odd() {
        let text = text.as_bytes();
        let manifest = json!([{"Config": "c.json", "Layers": ["l.tar"]}]).to_string();
        // An object may lack all that a config has: then it promises nothing that is not kept.
        if !Json::parse(text).is_ok_and(|json| matches!(json, Json::Object(_))) {
            never_clean(&[("manifest.json", manifest.as_bytes()), ("c.json", text), ("l.tar", &layer)]);
        }
        // Beside a blob, so that it stays an image whatever the manifest says.
        let name = format!("blobs/sha256/{}", diff_id.hex());
        never_clean(&[("oci-layout", b"{}"), ("index.json", text), (&name, &layer)]);
        never_clean(&[("manifest.json", text), (&format!("{}/layer.tar", diff_id.hex()), &layer)]);
        let digest = Digest::sha256(text);
        let index = json!({"schemaVersion": 2, "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest.as_str(), "size": text.len()}]});
        let blob = format!("blobs/sha256/{}", digest.hex());
        let archive = tar_of(&[("oci-layout", b"{}"), ("index.json", index.to_string().as_bytes()), (&blob, text)]);
        within_patience(move || file(&archive, &Limits::default()));
    }
}

#[test]
fn digests_are_labels_and_no_paths() {
    let layer = tar_of(&[("a", b"x")]);
    for digest in digests() {
        let index = json!({"schemaVersion": 2, "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 10}]});
        never_clean(&[("oci-layout", b"{}"), ("index.json", index.to_string().as_bytes())]);
        let manifest = json!([{"Config": digest, "Layers": [digest]}]).to_string();
        never_clean(&[("manifest.json", manifest.as_bytes()), ("l.tar", &layer)]);
        let text =
            json!({"schemaVersion": 2, "config": {"digest": digest, "size": 1}, "layers": [{"digest": digest, "size": 1}]});
        let text = text.to_string();
        let own = Digest::sha256(text.as_bytes());
        let index = json!({"schemaVersion": 2, "manifests": [{"digest": own.as_str(), "size": text.len()}]}).to_string();
        let blob = format!("blobs/sha256/{}", own.hex());
        never_clean(&[("oci-layout", b"{}"), ("index.json", index.as_bytes()), (&blob, text.as_bytes())]);
    }
}

/// An index that names itself, and two that name each other, cannot be made with digests that hold; with
/// digests that do not, they must not be followed round and round.
#[test]
fn an_index_in_a_circle_ends() {
    let digest = Digest::sha256(b"round");
    let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
        {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": digest.as_str(), "size": 300},
        {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": digest.as_str(), "size": 300}]})
    .to_string();
    let blob = format!("blobs/sha256/{}", digest.hex());
    never_clean(&[("oci-layout", b"{}"), ("index.json", index.as_bytes()), (&blob, index.as_bytes())]);
}

#[test]
fn many_images_and_many_layers() {
    let entry = json!({"Config": "c.json", "Layers": ["l.tar"]});
    let many = Value::Array(vec![entry; 6_000]).to_string();
    let layers = json!([{"Config": "c.json", "Layers": vec!["l.tar"; 20_000]}]).to_string();
    let layer = tar_of(&[("a", token(5).as_bytes())]);
    for manifest in [many, layers] {
        let files: [(&str, &[u8]); 3] = [("manifest.json", manifest.as_bytes()), ("c.json", b"{}"), ("l.tar", &layer)];
        let archive = tar_of(&files);
        within_patience(move || file(&archive, &Limits::default()).expect("a target")).leaks(RULE);
    }
}

/// Of two equal keys a reader keeps one; what stands in the other is shipped all the same.
#[test]
fn repeated_keys_hide_nothing() {
    let layer = tar_of(&[("a", b"x")]);
    let env = |seed| format!("\"Env\":[\"TOKEN={}\"]", token(seed).trim().trim_start_matches("token = "));
    let config = format!("{{\"config\":{{{},{}}}}}", env(1), env(2));
    let manifest = json!([{"Config": "c.json", "Layers": ["l.tar"]}]).to_string();
    let archive = tar_of(&[("manifest.json", manifest.as_bytes()), ("c.json", config.as_bytes()), ("l.tar", &layer)]);
    let answer = file(&archive, &Limits::default()).expect("a target");
    assert_eq!(answer.audit.incidents.len(), 2, "{:?}", answer.rules());
}
