//! The forms that skopeo, buildah, podman and umoci write.

use super::leaky::{Leaky, NAME, leaky};
use super::programs::run;
use super::report::{check, check_stdin};
use std::fs::File;
use std::path::Path;

/// Has `save` write a form under a name of its own, in which it puts that name for `@`, and checks it as `target`.
fn form(name: &str, target: &str, save: fn(&Leaky, &str)) {
    let leaky = leaky();
    let at = leaky.store.at(name);
    save(leaky, &at);
    check(&target.replace('@', &at), &leaky.planted);
}

#[test]
fn docker_archive_of_buildah() {
    form("buildah.tar", "docker-archive:@", |leaky, at| push(leaky, &[], &format!("docker-archive:{at}:leaky:1")));
}

#[test]
fn docker_archive_of_podman_by_content() {
    form("podman.tar", "@", |leaky, at| {
        leaky.store.podman(&["save", "-o", at, NAME]);
    });
}

#[test]
fn docker_archive_of_skopeo() {
    form("skopeo.tar", "docker-archive:@", |leaky, at| copy(leaky, &[], &format!("docker-archive:{at}:leaky:1")));
}

#[test]
fn docker_archive_from_standard_input() {
    let (leaky, at) = (leaky(), leaky().store.at("stdin.tar"));
    push(leaky, &[], &format!("docker-archive:{at}:leaky:1"));
    check_stdin(Path::new(&at), &leaky.planted);
}

#[test]
fn docker_archive_compressed_as_a_whole() {
    form("whole.tar.gz", "docker-archive:@", compressed);
}

#[test]
fn docker_archive_compressed_as_a_whole_from_standard_input() {
    let (leaky, at) = (leaky(), leaky().store.at("stdin.tar.gz"));
    compressed(leaky, &at);
    check_stdin(Path::new(&at), &leaky.planted);
}

#[test]
fn oci_archive_of_buildah() {
    form("buildah-oci.tar", "oci-archive:@", |leaky, at| push(leaky, &[], &format!("oci-archive:{at}:leaky")));
}

#[test]
fn oci_archive_of_podman_by_content() {
    form("podman-oci.tar", "@", |leaky, at| {
        leaky.store.podman(&["save", "--format", "oci-archive", "-o", at, NAME]);
    });
}

#[test]
fn oci_archive_from_standard_input() {
    let (leaky, at) = (leaky(), leaky().store.at("stdin-oci.tar"));
    push(leaky, &[], &format!("oci-archive:{at}:leaky"));
    check_stdin(Path::new(&at), &leaky.planted);
}

#[test]
fn oci_folder_of_buildah() {
    form("buildah-oci", "oci:@:leaky", |leaky, at| push(leaky, &[], &format!("oci:{at}:leaky")));
}

#[test]
fn oci_folder_of_podman_without_a_tag() {
    form("podman-oci", "oci:@", |leaky, at| {
        leaky.store.podman(&["save", "--format", "oci-dir", "-o", at, NAME]);
    });
}

#[test]
fn oci_folder_of_skopeo_by_content() {
    form("skopeo-oci", "@", |leaky, at| copy(leaky, &[], &format!("oci:{at}:leaky")));
}

#[test]
fn oci_folder_that_umoci_wrote_anew() {
    // umoci leaves `mediaType` out of the manifest; a new label makes it write manifest and config.
    form("umoci", "oci:@:leaky", |leaky, at| {
        push(leaky, &[], &format!("oci:{at}:leaky"));
        run("umoci", &leaky.store.place, &["config", "--image", &format!("{at}:leaky"), "--config.label", "by=umoci"]);
    });
}

#[test]
fn folder_of_skopeo() {
    form("skopeo-dir", "dir:@", |leaky, at| copy(leaky, &[], &format!("dir:{at}")));
}

#[test]
fn folder_of_skopeo_as_docker_schema_by_content() {
    form("skopeo-v2s2", "@", |leaky, at| copy(leaky, &["--format", "v2s2"], &format!("dir:{at}")));
}

#[test]
fn folder_of_podman() {
    form("podman-dir", "dir:@", |leaky, at| {
        leaky.store.podman(&["save", "--format", "docker-dir", "-o", at, NAME]);
    });
}

#[test]
fn zstd_layers() {
    form("zstd", "oci:@:leaky", |leaky, at| push(leaky, &["--compression-format", "zstd"], &format!("oci:{at}:leaky")));
}

#[test]
fn gzip_layers_of_skopeo() {
    form("gzip", "oci:@:leaky", |leaky, at| {
        copy(leaky, &["--dest-compress-format", "gzip", "--dest-compress"], &format!("oci:{at}:leaky"));
    });
}

#[test]
fn uncompressed_layers() {
    form("plain", "dir:@", |leaky, at| push(leaky, &["--disable-compression"], &format!("dir:{at}")));
}

/// Writes the image to `destination` with buildah.
pub(super) fn push(leaky: &Leaky, args: &[&str], destination: &str) {
    leaky.store.buildah(&[&["push"], args, &[NAME, destination]].concat());
}

/// Writes the image to `destination` with skopeo, by way of an OCI folder since skopeo does not know our store.
fn copy(leaky: &Leaky, args: &[&str], destination: &str) {
    let between = format!("oci:{}:leaky", leaky.store.at(&format!("between-{:x}", fastrand::u64(..))));
    push(leaky, &[], &between);
    run("skopeo", &leaky.store.place, &[&["copy", "--insecure-policy"], args, &[&between, destination]].concat());
}

/// `docker save | gzip`
fn compressed(leaky: &Leaky, at: &str) {
    let plain = format!("{at}.plain");
    push(leaky, &[], &format!("docker-archive:{plain}:leaky:1"));
    let mut gzip = flate2::write::GzEncoder::new(File::create(at).expect("a new file"), flate2::Compression::fast());
    std::io::copy(&mut File::open(plain).expect("the archive"), &mut gzip).expect("the archive compresses");
    gzip.finish().expect("the archive is whole");
}
