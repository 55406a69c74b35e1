//! Small inputs that grow, repeat or nest without end. Each goes off in one file; the next is still seen.

use super::samples::{RULE, image_of, token, zip_of};
use super::{Answer, archives, file, images, tight, within_patience};
use std::io::Write;
use watertight::finding::GapReason;
use watertight::forge::image::{gzip, tar_of};
use watertight::limits::Limits;

/// An image with the bomb in one file and a token in the next.
fn set_off(bomb: Vec<u8>, limits: &Limits) -> Answer {
    let limits = limits.clone();
    within_patience(move || file(&image_of(&[("bomb", &bomb), ("z", token(7).as_bytes())]), &limits).expect("a target"))
}

#[track_caller]
fn check(bomb: Vec<u8>, expected: GapReason) -> Answer {
    let answer = set_off(bomb, &tight());
    answer.leaks(RULE);
    answer.told(expected);
    answer
}

fn zeros(length: usize) -> Vec<u8> {
    vec![0; length]
}

#[test]
fn high_ratio() {
    let bomb = gzip(&zeros(40 << 20));
    check(bomb.clone(), GapReason::ExpansionLimit);
    check(zstd::encode_all(&zeros(40 << 20)[..], 3).expect("a frame"), GapReason::ExpansionLimit);
    check(zip_of(&[("zeros", &zeros(40 << 20))]), GapReason::ExpansionLimit);
    for compress in [archives::xz, archives::lzma, archives::bzip2, archives::lz4] {
        check(compress(&zeros(40 << 20)), GapReason::ExpansionLimit);
    }
    // Bombs in a bomb share one budget.
    check(tar_of(&[("1.gz", &bomb), ("2.gz", &bomb), ("3.gz", &bomb)]), GapReason::ExpansionLimit);
}

#[test]
fn a_layer_that_is_a_bomb_is_never_clean() {
    let tar = tar_of(&[("zeros", &zeros(80 << 20))]);
    let stored = gzip(&tar);
    let image = super::samples::image(super::samples::Form::Oci, &stored, &stored, &watertight::blob::Digest::sha256(&tar));
    let answer = within_patience(move || file(&image, &Limits { expansion_floor: 1 << 10, ..tight() }).expect("a target"));
    assert_eq!(answer.exit, watertight::policy::Exit::Incomplete);
    answer.told(GapReason::ExpansionLimit);
}

#[test]
fn nested_deeper_than_the_limit() {
    let nest = |wrap: &dyn Fn(&[u8]) -> Vec<u8>| (0..40).fold(token(3).into_bytes(), |inner, _| wrap(&inner));
    check(nest(&|inner| gzip(inner)), GapReason::DepthLimit);
    check(nest(&|inner| zip_of(&[("inner.zip", inner)])), GapReason::DepthLimit);
    check(nest(&archives::xz), GapReason::DepthLimit);
    check(nest(&|inner| archives::ar(&[("inner.a", inner)])), GapReason::DepthLimit);
    check(nest(&|inner| archives::cpio(&[("inner.cpio", inner)])), GapReason::DepthLimit);
    check(nest(&|inner| images::sevenz(&[("inner.7z", inner)])), GapReason::DepthLimit);
    check(nest(&|inner| tar_of(&[("inner.tar", inner)])), GapReason::DepthLimit);
    check(nest(&|inner| gzip(&tar_of(&[("inner.tgz", inner)]))), GapReason::DepthLimit);
}

/// Depth times width: each level holds the next ten times.
#[test]
fn nested_and_wide() {
    let level = |inner: Vec<u8>| {
        let names: Vec<_> = (0..10).map(|n| format!("{n}.zip")).collect();
        let files: Vec<_> = names.iter().map(|name| (name.as_str(), inner.as_slice())).collect();
        zip_of(&files)
    };
    let bomb = (0..6).fold(zip_of(&[("zeros", &zeros(1 << 20))]), |inner, _| level(inner));
    check(bomb, GapReason::ExpansionLimit);
}

/// Entries of the directory that all have their data in the same place.
#[test]
fn overlapping_zip_entries() {
    let zip = zip_of(&[("zeros", &zeros(900 << 10))]);
    let directory = memchr::memmem::find(&zip, b"PK\x01\x02").expect("a directory");
    let end = memchr::memmem::rfind(&zip, b"PK\x05\x06").expect("an end record");
    let entry = &zip[directory..end];
    let count: u16 = 5000;
    let mut bomb = zip[..directory].to_vec();
    for number in 0..count {
        let mut entry = entry.to_vec();
        // Names must differ to be kept apart: the first bytes of the name are the number.
        entry[46..50].copy_from_slice(format!("{number:04x}").as_bytes());
        bomb.extend(entry);
    }
    let mut record = zip[end..].to_vec();
    record[8..10].copy_from_slice(&count.to_le_bytes());
    record[10..12].copy_from_slice(&count.to_le_bytes());
    record[12..16].copy_from_slice(&((bomb.len() - directory) as u32).to_le_bytes());
    bomb.extend(record);
    check(bomb, GapReason::ExpansionLimit);
}

/// Files of an image that all have their data in the same place.
#[test]
fn overlapping_files_of_an_image() {
    let names: Vec<_> = (b'0'..b'Z').map(|name| char::from(name).to_string()).collect();
    let files: Vec<_> = names.iter().enumerate().map(|(index, name)| (name.as_str(), (900 << 10) - index)).collect();
    check(images::iso_of(&files, &zeros(900 << 10)), GapReason::ExpansionLimit);
}

/// A zip that holds itself holds its own directory in an entry; without its exact bytes the shape will do:
/// stored entries that reach over all that follows, themselves included.
#[test]
fn zips_in_their_own_entries() {
    let mut zip = Vec::new();
    for level in 0..2000u32 {
        let rest = (2000 - level) * 31;
        zip.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        zip.extend(rest.to_le_bytes());
        zip.extend(rest.to_le_bytes());
        zip.extend([1, 0, 0, 0, b'q']);
    }
    zip.extend(token(3).as_bytes());
    let answer = set_off(zip, &tight());
    answer.leaks(RULE);
    assert!(!answer.audit.gaps.is_empty());
}

/// Signatures of headers that are none, each of which could have the bytes behind it read again.
#[test]
fn false_zip_headers() {
    let repeated = b"PK\x03\x04".repeat(1 << 19);
    let mut cluster = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff".repeat(2000);
    // Empty stored blocks: an inflater takes them all and gives nothing.
    cluster.extend(b"\0\0\0\xff\xff".repeat(400_000));
    for bomb in [repeated, cluster] {
        let answer = set_off(bomb, &Limits::default());
        answer.leaks(RULE);
        answer.told(GapReason::Damaged);
    }
}

#[test]
fn endless_parts() {
    let empty = gzip(b"");
    let frame = zstd::encode_all(&b""[..], 1).expect("a frame");
    for bomb in [
        empty.repeat(20_000),
        frame.repeat(20_000),
        archives::lz4(b"").repeat(20_000),
        b"\x50\x2a\x4d\x18\0\0\0\0".repeat(50_000),
    ] {
        let mut bomb = bomb;
        bomb.extend(gzip(token(3).as_bytes()));
        set_off(bomb, &Limits::default()).leaks(RULE);
    }
    // Behind any number of them the last is still seen.
    let mut gz = empty.repeat(20_000);
    gz.extend(gzip(token(3).as_bytes()));
    assert_eq!(set_off(gz, &Limits::default()).audit.incidents.len(), 2);
}

#[test]
fn very_many_tiny_files() {
    let mut tar = Vec::new();
    let mut header = tar::Header::new_ustar();
    for number in 0..100_000u32 {
        header.set_path(format!("d/{number}")).expect("a short name");
        header.set_size(0);
        header.set_cksum();
        tar.extend(header.as_bytes());
    }
    tar.extend(tar_of(&[("z", token(7).as_bytes())]));
    let digest = watertight::blob::Digest::sha256(&tar);
    let image = super::samples::image(super::samples::Form::Docker, &tar, &tar, &digest);
    let answer = within_patience(move || file(&image, &Limits { ledger: 1000, ..Limits::default() }).expect("a target"));
    answer.leaks(RULE);
    answer.told(GapReason::SizeLimit);
    assert_eq!(answer.audit.seen.files, 100_001);
}

#[test]
fn deep_paths_and_long_names() {
    let deep = "d/".repeat(20_000);
    let mut builder = tar::Builder::new(Vec::new());
    for number in 0..20 {
        let text = token(number);
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, format!("{deep}{number}"), text.as_bytes()).expect("a long name");
    }
    let tar = builder.into_inner().expect("a tar");
    let digest = watertight::blob::Digest::sha256(&tar);
    let image = super::samples::image(super::samples::Form::Docker, &tar, &tar, &digest);
    let answer = within_patience(move || file(&image, &Limits::default()).expect("a target"));
    assert_eq!(answer.audit.incidents.len(), 20);
    let longest = answer.audit.incidents.iter().flat_map(|incident| &incident.occurrences);
    let longest = longest.filter_map(|occurrence| occurrence.finding.place.path_bytes()).map(<[u8]>::len).max();
    // The one that is cut ends in a slash, which a report leaves out.
    assert_eq!(longest, Some(4095), "a name is kept as far as it can be a path");
}

#[test]
fn one_long_line() {
    let mut line = b"var a=0;".repeat(4 << 20);
    line.extend(token(3).as_bytes());
    let answer = set_off(line, &Limits::default());
    assert_eq!(answer.audit.incidents.len(), 2);
}

/// Text made of nothing but what detectors stop at.
#[test]
fn anchors_without_end() {
    let pieces: [&[u8]; 9] = [
        b"-----BEGIN RSA PRIVATE KEY-----\n",
        b"ghp_",
        b"eyJ",
        b"eyJhbGciOi.",
        b"a://b:",
        b"://:@",
        b"Authorization: Basic ",
        b"password=",
        b"aws_secret_access_key = AKIA",
    ];
    for piece in pieces {
        set_off(piece.repeat((1 << 18) / piece.len()), &Limits::default()).leaks(RULE);
    }
}

/// What does not fit a temporary file is scanned as it is, to the last byte.
#[test]
fn a_zip_too_large_to_be_spilled_is_scanned_raw() {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file("padding", stored).expect("an entry");
    let noise: Vec<u8> = (0..3u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    writer.write_all(&noise).expect("memory takes all");
    writer.start_file("a.txt", stored).expect("an entry");
    writer.write_all(token(3).as_bytes()).expect("memory takes all");
    let zip = writer.finish().expect("a zip").into_inner();
    let found = |spill: u64| {
        let answer = set_off(zip.clone(), &Limits { spill, ..tight() });
        let member = answer.audit.incidents.iter().flat_map(|incident| &incident.occurrences);
        (answer.audit.incidents.len(), member.filter_map(|occurrence| occurrence.finding.place.member_path()).count(), answer)
    };
    let (incidents, members, _) = found(64 << 20);
    assert_eq!((incidents, members), (2, 1), "opened");
    for spill in [0, 1, 1 << 20, zip.len() as u64 - 1] {
        let (incidents, members, answer) = found(spill);
        assert_eq!((incidents, members), (2, 0), "raw with {spill} bytes of spill");
        answer.told(GapReason::Unreadable);
    }
}
