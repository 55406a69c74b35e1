//! More than one image: in one archive, or one for each platform behind an index.

use super::image::{Layout, json};
use super::leaky::{NAME, bud, leaky, write};
use super::programs::Store;
use super::report::{Planted, check};
use super::token::token;
use std::path::Path;

#[test]
fn docker_archive_of_podman_with_two_images() {
    let store = &leaky().store;
    let second = Planted::file("the second image", single(store, "second", "localhost/second:1", &[]), 0, "app/token", 1);
    let at = store.at("two.tar");
    store.podman(&["save", "-m", "-o", &at, NAME, "localhost/second:1"]);
    check(&format!("docker-archive:{at}"), &[&leaky().planted[..], &[second]].concat());
}

#[test]
fn index_with_the_leak_in_one_platform_alone() {
    let (at, planted) = two_platforms("platforms");
    check(&format!("oci:{at}:multi"), std::slice::from_ref(&planted));
    check(&at, &[planted]);
}

#[test]
fn index_behind_an_index() {
    let (at, planted) = two_platforms("nested");
    let mut layout = Layout::read(Path::new(&at));
    let inner = json(&layout.blob(&layout.index["manifests"][0]));
    let (media_type, annotations) =
        ("application/vnd.oci.image.index.v1+json", layout.index["manifests"][0]["annotations"].clone());
    let outer =
        serde_json::json!({"schemaVersion": 2, "mediaType": media_type, "manifests": [layout.put_json(media_type, &inner)]});
    layout.index["manifests"] = serde_json::json!([layout.put_json(media_type, &outer)]);
    layout.index["manifests"][0]["annotations"] = annotations;
    let target = leaky().store.at("nested-index");
    layout.write(Path::new(&target));
    check(&format!("oci:{target}"), &[planted]);
}

/// An OCI folder with an index of two platforms, the secret in arm64.
fn two_platforms(name: &str) -> (String, Planted) {
    let store = &leaky().store;
    let list = format!("localhost/{name}:1");
    store.buildah(&["manifest", "create", &list]);
    let clean = store.place.join(format!("{name}-clean"));
    write(&clean.join("readme"), "nothing here\n");
    write(&clean.join("Dockerfile"), "FROM scratch\nCOPY readme /app/\n");
    bud(store, &format!("{name}-clean"), &["--platform", "linux/amd64", "--manifest", &list]);
    let value = single(
        store,
        &format!("{name}-arm"),
        &format!("localhost/{name}-arm:1"),
        &["--platform", "linux/arm64", "--manifest", &list],
    );
    let at = store.at(name);
    store.buildah(&["manifest", "push", "--all", &list, &format!("oci:{at}:multi")]);
    (at, Planted::file("the leak in arm64", value, 0, "app/token", 1))
}

/// Builds an image of one layer that holds one secret, which is returned.
fn single(store: &Store, context: &str, name: &str, args: &[&str]) -> String {
    let value = token("ghp");
    write(&store.place.join(context).join("token"), &format!("token: {value}\n"));
    write(&store.place.join(context).join("Dockerfile"), "FROM scratch\nCOPY token /app/\n");
    let tag: &[&str] = if args.is_empty() { &["-t", name] } else { &[] };
    bud(store, context, &[args, tag].concat());
    value
}
