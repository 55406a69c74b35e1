//! A directory that is scanned holds more than files: none of it may hang the scan or lead it outside.

use super::samples::{RULE, image_of, token};
use super::{scanned, within_patience};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use watertight::finding::GapReason;
use watertight::limits::Limits;
use watertight::policy::Exit;
use watertight::source::SourceError;

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().expect("mkfifo");
    assert!(made.success());
}

/// Scans a folder, and expects so many incidents.
#[track_caller]
fn check(folder: &Path, incidents: usize) -> super::Answer {
    let path = folder.to_owned();
    let answer = within_patience(move || scanned(&path, &Limits::default()).expect("a target"));
    assert_eq!(answer.audit.incidents.len(), incidents, "{:#?}", answer.audit.gaps);
    answer
}

#[test]
fn pipes_sockets_devices_and_loops_do_not_hang_a_scan() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("token"), token(1)).expect("a file");
    pipe(&at("pipe"));
    let _socket = UnixListener::bind(at("socket")).expect("a socket");
    symlink("/dev/zero", at("zero")).expect("a link");
    symlink("pipe", at("to-pipe")).expect("a link");
    symlink("loop", at("loop")).expect("a link");
    symlink(".", at("here")).expect("a link");
    symlink("..", at("up")).expect("a link");
    symlink("nowhere", at("dangling")).expect("a link");
    assert_eq!(check(folder.path(), 1).audit.seen.files, 1);
}

#[test]
fn links_are_not_followed_outside() {
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("token"), token(1)).expect("a file");
    let folder = tempfile::tempdir().expect("a folder");
    symlink(outside.path(), folder.path().join("folder")).expect("a link");
    symlink(outside.path().join("token"), folder.path().join("file")).expect("a link");
    check(folder.path(), 0);
    // The target itself may be a link: the user named it.
    check(&folder.path().join("folder"), 1);
}

#[test]
fn what_may_not_be_read_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let closed = folder.path().join("closed");
    fs::write(&closed, token(1)).expect("a file");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).expect("permissions");
    if fs::File::open(&closed).is_ok() {
        // Nothing is closed to root.
        check(folder.path(), 1);
    } else {
        let answer = check(folder.path(), 0);
        answer.told(GapReason::Unreadable);
        assert_eq!(answer.exit, Exit::Incomplete);
    }
}

#[test]
fn a_target_that_is_no_file_ends_in_an_error_or_an_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("loop");
    symlink("loop", &path).expect("a link");
    assert!(within_patience(move || scanned(&path, &Limits::default()).is_err()));
    let limits = Limits { spill: 1 << 20, ..Limits::default() };
    let endless = within_patience(move || scanned(Path::new("/dev/zero"), &limits).err());
    assert!(matches!(endless, Some(SourceError::Spill { .. })), "{endless:?}");
    let nothing = scanned(Path::new("/dev/null"), &Limits::default()).err();
    assert!(matches!(nothing, Some(SourceError::Empty { .. })), "{nothing:?}");
}

/// A layout on disk, unpacked from an archive that is one, with something else in a blob's place.
fn layout(spoil: impl Fn(&Path)) -> super::Answer {
    let folder = tempfile::tempdir().expect("a folder");
    let image = watertight::forge::image::Forge::default().layer("COPY . /", &[("a", b"x")]).archive("a:b");
    tar::Archive::new(image.as_slice()).unpack(folder.path()).expect("an archive");
    let blobs = fs::read_dir(folder.path().join("blobs/sha256")).expect("blobs");
    let layer =
        blobs.map(|blob| blob.expect("a blob").path()).find(|path| fs::read(path).expect("a blob").starts_with(b"\x1f\x8b"));
    spoil(&layer.expect("a layer"));
    let path = folder.path().to_owned();
    within_patience(move || scanned(&path, &Limits::default()).expect("a target"))
}

#[test]
fn a_blob_that_is_no_file_is_never_clean() {
    assert_eq!(layout(|_| {}).exit, Exit::Clean);
    let replaced = |make: &dyn Fn(&Path)| {
        layout(|blob| {
            fs::remove_file(blob).expect("a blob");
            make(blob);
        })
    };
    let gone: [&dyn Fn(&Path); 7] = [
        &|_| {},
        &|blob| pipe(blob),
        &|blob| symlink("/dev/zero", blob).expect("a link"),
        &|blob| symlink(blob, blob).expect("a link"),
        &|blob| symlink("/etc/passwd", blob).expect("a link"),
        &|blob| symlink("..", blob).expect("a link"),
        &|blob| fs::create_dir(blob).expect("a folder"),
    ];
    for (number, make) in gone.into_iter().enumerate() {
        assert_eq!(replaced(make).exit, Exit::Incomplete, "replacement {number}");
    }
}

/// Names in an archive are labels: nothing is written where they lead.
#[test]
fn names_lead_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let inside = folder.path().join("written");
    let absolute = inside.to_str().expect("a path in UTF-8").to_owned();
    let mut builder = tar::Builder::new(Vec::new());
    let text = token(1);
    for name in [absolute.as_str(), "../../../../../../tmp/watertight-escaped", "a/../../b"] {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().expect("a GNU header").name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(text.len() as u64);
        header.set_cksum();
        builder.append(&header, text.as_bytes()).expect("a file");
    }
    let tar = builder.into_inner().expect("a tar");
    let answer = super::target(&image_of(&[("inner.tar", &tar)]));
    answer.leaks(RULE);
    assert!(!inside.exists() && !Path::new("/tmp/watertight-escaped").exists());
}
