//! Streams among other bytes, and what only looks like one.

use super::super::super::testing::seen;
use super::*;
use crate::forge::image::{gzip, tar_of};
use std::io::Write;

const HEAD: &[u8] = b"#!/bin/sh\ntail -n +4 \"$0\" | tar xz\nexit 0\n";

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn probe(bytes: &[u8]) -> bool {
    Embedded.probe(&Head { start: bytes, tail: &[] })
}

/// What is found in `bytes`: members, and what is as it is.
fn check(bytes: &[u8], members: &[(&str, &[u8])], raw: &[u8], gaps: &[GapReason]) {
    let found = seen(&Embedded, bytes);
    let expected: Vec<_> =
        members.iter().map(|(name, body)| ((*name).to_owned(), String::from_utf8_lossy(body).into_owned())).collect();
    assert_eq!(found.members.0, expected);
    assert_eq!((found.raw == raw, found.gaps), (true, gaps.to_vec()));
}

#[test]
fn the_stream_behind_a_script_is_a_member() {
    let packed = [("gzip", gzip(b"some text")), ("zstd", zstd::encode_all(&b"some text"[..], 1).unwrap())];
    for (name, packed) in packed {
        let bytes = [HEAD, &packed].concat();
        assert!(probe(&bytes));
        check(&bytes, &[(&format!("{name} at {}", HEAD.len()), b"some text")], HEAD, &[]);
    }
}

#[test]
fn each_stream_is_a_member_and_the_rest_is_as_it_is() {
    let long = b"a setting = a value\n".repeat(500);
    let (first, second) = (zlib(&long), gzip(b"second"));
    let bytes = [b"\0head ", first.as_slice(), b"between", &second, b"behind"].concat();
    let second_at = 6 + first.len() + 7;
    let members: [(&str, &[u8]); 2] = [("zlib at 6", &long), (&format!("gzip at {second_at}"), b"second")];
    check(&bytes, &members, b"\0head betweenbehind", &[]);
    // Where a chunk of the input ends is no matter.
    let padded = [&vec![0; 300_000][..], &bytes].concat();
    let found = seen(&Embedded, &padded);
    assert_eq!(found.members.0.len(), 2);
}

/// An entry of a zip: its header, then `body`.
fn entry(name: &str, method: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let mut header = b"PK\x03\x04\x14\0".to_vec();
    header.extend([flags, 0, method, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.extend((body.len() as u32).to_le_bytes());
    header.extend([0, 0, 0, 0, name.len() as u8, 0, 0, 0]);
    [&header, name.as_bytes(), body].concat()
}

#[test]
fn entries_of_a_zip_are_members() {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(b"some text, some text").unwrap();
    let deflated = encoder.finish().unwrap();
    let packed = entry("a/b", 8, 0, &deflated);
    let bytes = [b"\0head ", packed.as_slice(), &entry("c", 0, 0, b"as it is"), b"behind"].concat();
    assert!(probe(&bytes) || Zip::begins_within(&bytes));
    let raw = [b"\0head ", &packed[..33], &entry("c", 0, 0, b"")[..31], b"behind"].concat();
    let second = format!("zip at {}/c", 6 + packed.len());
    let found = seen(&Embedded, &bytes);
    let expected = vec![("zip at 6/a/b", "some text, some text"), (second.as_str(), "as it is")];
    assert_eq!((found.members, found.raw.len(), found.gaps), (expected.into(), raw.len(), vec![]));
    // What stays shut, breaks off or is cut.
    for (entry, gap) in [
        (entry("a", 8, 1, &deflated), GapReason::Encrypted),
        (entry("a", 9, 0, &deflated), GapReason::Unsupported),
        (entry("a", 8, 0, b"\xff\xff\xff\xff"), GapReason::Damaged),
        (entry("a", 0, 0, b"as it is")[..35].to_vec(), GapReason::Truncated),
    ] {
        assert_eq!(seen(&Embedded, &[b"\0", entry.as_slice()].concat()).gaps, [gap]);
    }
}

#[test]
fn parts_of_one_stream_are_one_member() {
    let tar = tar_of(&[("a", b"x")]);
    let (one, two) = tar.split_at(700);
    let bytes = [b"\0", gzip(one).as_slice(), &gzip(two)].concat();
    check(&bytes, &[("gzip at 1", &tar)], b"\0", &[]);
}

#[test]
fn what_breaks_off_is_a_gap_and_scanned_as_it_is() {
    let packed = zlib(&(0..5000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_string().into_bytes()).collect::<Vec<u8>>());
    let bytes = [b"\0head ", &packed[..3000]].concat();
    let found = seen(&Embedded, &bytes);
    assert_eq!((found.members.0.len(), found.raw == bytes, found.gaps), (1, true, vec![GapReason::Truncated]));
}

#[test]
fn text_and_noise_hold_none() {
    let mut random = fastrand::Rng::with_seed(7);
    let noise: Vec<u8> = (0..1 << 20).map(|_| random.u8(..)).collect();
    let words = [HEAD, b"x\x9c and x\x01 and \x1f\x8b\x08 and BZh and hsqs\0"].concat();
    for bytes in [HEAD, &words, &noise, b"", b"#!", b"\0x\x9c"] {
        assert!(!probe(bytes), "{:?}", seen(&Embedded, bytes).members.0);
        check(bytes, &[], bytes, &[]);
    }
}

#[test]
fn what_only_looks_like_streams_is_tried_so_often_and_told() {
    let bytes = b"\0x\x9c".repeat(100_000);
    assert!(probe(&bytes));
    check(&bytes, &[], &bytes, &[GapReason::SizeLimit]);
    // Each would take a decoder of its own.
    for start in [&b"\0BZh91AY&SY"[..], b"\0\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46", b"\0\x28\xb5\x2f\xfd\x24"] {
        let found = seen(&Embedded, &start.repeat(20_000));
        assert!(found.members.0.len() < 1000 && found.gaps.len() < 1000, "{} of {start:?}", found.members.0.len());
        assert_eq!(found.gaps.last(), Some(&GapReason::SizeLimit));
    }
}
