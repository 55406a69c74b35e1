//! What lies beside an image behind the same index: provenance of BuildKit, and artifacts that are no images.

use super::image::{Layout, MANIFEST};
use super::report::{Planted, check};
use super::token::token;
use serde_json::{Value, json};
use std::path::Path;

/// BuildKit attaches a manifest of platform `unknown/unknown` whose layer says how the image was built, with its
/// build arguments, in minimal mode too.
#[test]
fn build_argument_in_the_provenance() {
    let value = token("npm");
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{"name": "_", "digest": {}}],
        "predicate": {
            "buildType": "https://mobyproject.org/buildkit@v1",
            "invocation": {"parameters": {"frontend": "dockerfile.v0", "args": {"build-arg:REGISTRY_TOKEN": value}}},
        },
    });
    attach("provenance", Planted::config("a build argument in the provenance", value, ""), |layout| {
        let mut layer = layout.put_json("application/vnd.in-toto+json", &statement);
        layer["annotations"] = json!({"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"});
        let config =
            layout.put_json("application/vnd.oci.image.config.v1+json", &json!({"architecture": "unknown", "os": "unknown"}));
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        let image = layout.index["manifests"][0]["digest"].clone();
        let mut descriptor = layout.put_json(MANIFEST, &manifest);
        descriptor["platform"] = json!({"architecture": "unknown", "os": "unknown"});
        descriptor["annotations"] =
            json!({"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image});
        descriptor
    });
}

/// A chart, a model, a report: a manifest with an empty config, whose layer is a file and no file system.
#[test]
fn file_of_an_artifact() {
    let value = token("ghp");
    let text = format!("replicas: 2\ngit:\n  token: {value}\n").into_bytes();
    attach("artifact", Planted::config("a file of an artifact", value, "").anywhere(), |layout| {
        let mut layer = layout.put("application/vnd.example.chart", text);
        layer["annotations"] = json!({"org.opencontainers.image.title": "values.yaml"});
        artifact(layout, &[layer], json!({}))
    });
}

/// An annotation of a manifest is data like any other.
#[test]
fn annotation_of_a_manifest() {
    let value = token("ghp");
    let annotations = json!({"ci.example/token": value});
    attach("annotation", Planted::config("an annotation", value, "ci.example/token"), |layout| {
        let layer = layout.put("text/plain", b"nothing here\n".to_vec());
        artifact(layout, &[layer], annotations)
    });
}

fn artifact(layout: &mut Layout, layers: &[Value], annotations: Value) -> Value {
    let config = layout.put("application/vnd.oci.empty.v1+json", b"{}".to_vec());
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.example",
        "config": config, "layers": layers, "annotations": annotations,
    });
    layout.put_json(MANIFEST, &manifest)
}

/// Puts what `make` makes beside the leaky image and expects what it holds in addition.
fn attach(name: &str, planted: Planted, make: impl FnOnce(&mut Layout) -> Value) {
    let (leaky, mut layout) = Layout::leaky(name);
    let descriptor = make(&mut layout);
    layout.index["manifests"].as_array_mut().expect("manifests").push(descriptor);
    let at = leaky.store.at(name);
    layout.write(Path::new(&at));
    check(&format!("oci:{at}"), &[&leaky.planted[..], &[planted]].concat());
}
