//! The ways in which a later layer takes files away, with the layers of umoci.
//!
//! What `umoci insert` writes ends right behind the last file, with neither padding nor the end of an archive, so a
//! gap may say that the layer could have been longer.

use super::leaky::{leaky, write};
use super::programs::run;
use super::report::{Planted, check_cut};
use super::token::token;

/// Inserts two folders with secrets as layers 0 and 1, then has umoci make layer 2 with `args`, and checks what `expected` makes
/// of the secret in `app/old/token` and of the one in `keep/token`.
fn removed(name: &str, args: &[&str], expected: fn(Planted) -> Planted) {
    let store = &leaky().store;
    let (gone, kept) = (token("ghp"), token("ghp"));
    let source = store.place.join(format!("{name}-source"));
    write(&source.join("app/old/token"), &format!("{gone}\n"));
    write(&source.join("keep/token"), &format!("{kept}\n"));
    write(&source.join("new/readme"), "nothing here\n");
    let (layout, image) = (store.at(name), format!("{}:{name}", store.at(name)));
    let insert = |args: &[&str]| run("umoci", &source, &[&["insert", "--image", &image], args].concat());
    run("umoci", &source, &["init", "--layout", &layout]);
    run("umoci", &source, &["new", "--image", &image]);
    insert(&["app", "/app"]);
    insert(&["keep", "/keep"]);
    insert(args);
    let gone = expected(Planted::file("what was taken away", gone, 0, "app/old/token", 1));
    check_cut(&format!("oci:{image}"), &[gone, Planted::file("what was kept", kept, 1, "keep/token", 1)]);
}

#[test]
fn folder_above_is_removed() {
    removed("whiteout", &["--whiteout", "/app"], |gone| gone.deleted_by(2));
}

#[test]
fn folder_above_is_made_opaque() {
    removed("opaque", &["--opaque", "new", "/app"], |gone| gone.deleted_by(2));
}

#[test]
fn folder_is_only_added_to() {
    removed("merged", &["new", "/app"], |gone| gone);
}
