//! Dialects of archives and streams that no program at hand writes, and what is wrong with some of them.

use super::archives::{ar_member, cpio, lz4, lzma, snappy, xz};
use super::images::iso_of;
use super::samples::{RULE, token, zip_of};
use super::target;
use std::io::Write;
use watertight::finding::GapReason;
use watertight::forge::image::tar_of;

/// The token is found in this member, and no gap is told.
#[track_caller]
fn opens(bytes: &[u8], member: Option<&str>) {
    let answer = target(bytes);
    let found = answer.audit.incidents.iter().flat_map(|incident| &incident.occurrences);
    let places: Vec<_> = found.map(|found| found.finding.place.member_path()).collect();
    assert_eq!(places, [member.map(str::to_owned)], "{:#?}", answer.audit.gaps);
    assert!(answer.audit.gaps.is_empty(), "{:#?}", answer.audit.gaps);
}

#[test]
fn ar_names_of_bsd_and_symbol_tables() {
    let mut archive = b"!<arch>\n".to_vec();
    ar_member(&mut archive, "__.SYMDEF", b"\0\0\0\0");
    let name = b"a name with spaces.o";
    ar_member(&mut archive, "#1/20", &[&name[..], token(1).as_bytes()].concat());
    opens(&archive, Some("a name with spaces.o"));
    // A reference to a name that is not there leaves the reference.
    let mut archive = b"!<arch>\n".to_vec();
    ar_member(&mut archive, "/99", token(1).as_bytes());
    opens(&archive, Some("/99"));
}

#[test]
fn cpio_in_the_other_byte_order() {
    let text = token(1);
    let mut archive = Vec::new();
    for (name, bytes) in [("a", text.as_bytes()), ("TRAILER!!!", b"")] {
        let fields = [0o070_707, 0, 0, 0o100_644, 0, 0, 1, 0, 0, 0, name.len() + 1, 0, bytes.len()];
        archive.extend(fields.iter().flat_map(|field| (*field as u16).to_be_bytes()));
        for part in [&[name.as_bytes(), b"\0"].concat(), bytes] {
            archive.extend(part);
            archive.resize(archive.len().next_multiple_of(2), 0);
        }
    }
    opens(&archive, Some("a"));
}

#[test]
fn bytes_behind_a_cpio_stand_at_their_place_or_are_a_container() {
    let first = [&cpio(&[("a", b"nothing")])[..], &[0; 300]].concat();
    let plain = [&first[..], token(1).as_bytes()].concat();
    opens(&plain, None);
    let found = target(&plain).audit.incidents.into_iter().flat_map(|incident| incident.occurrences);
    let offsets: Vec<_> = found.map(|found| found.finding.offset).collect();
    assert_eq!(offsets, [(first.len() + "token = ".len()) as u64]);
    opens(&[&first[..], &xz(token(1).as_bytes())].concat(), Some("behind TRAILER!!!"));
}

#[test]
fn padding_of_a_tar_is_read_where_it_holds_something() {
    let mut tar = tar_of(&[("a", b"nothing"), ("b", b"more")]);
    tar[600..600 + token(1).len()].copy_from_slice(token(1).as_bytes());
    opens(&tar, None);
}

#[test]
fn what_stands_behind_a_file_in_its_last_sector_is_read() {
    let bytes = ["nothing\n", &token(1)].concat();
    opens(&iso_of(&[("A.TXT;1", 7)], bytes.as_bytes()), None);
}

#[test]
fn a_container_in_a_sparse_file_opens() {
    let inner = tar_of(&[("zeros", &[0; 4096]), ("a", token(1).as_bytes())]);
    let (head, behind) = (&inner[..512], &inner[512 + 4096..]);
    let map = format!("0,512,4608,{}", behind.len());
    let size = inner.len().to_string();
    let mut outer = tar::Builder::new(Vec::new());
    let records: [(&str, &[u8]); 2] = [("GNU.sparse.map", map.as_bytes()), ("GNU.sparse.size", size.as_bytes())];
    outer.append_pax_extensions(records).expect("memory takes all");
    let mut header = tar::Header::new_ustar();
    header.set_size((512 + behind.len()) as u64);
    header.set_mode(0o644);
    outer.append_data(&mut header, "sparse", &[head, behind].concat()[..]).expect("memory takes all");
    opens(&outer.into_inner().expect("memory takes all"), Some("sparse!a"));
}

#[test]
fn a_format_that_stays_shut_is_told_though_streams_are_found_in_it() {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(token(1).as_bytes()).expect("memory takes all");
    let answer = target(&[&b"xar!\0\x1c\0\x01"[..], &[0; 20], &encoder.finish().expect("memory takes all")].concat());
    answer.leaks(RULE);
    answer.told(GapReason::Unsupported);
}

/// A zip of one file of these bytes, and where its local header, directory and end record stand.
fn zip_and_places(bytes: &[u8]) -> (Vec<u8>, [usize; 3]) {
    let zip = zip_of(&[("a.txt", bytes)]);
    let places = [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"];
    let found = places.map(|signature| memchr::memmem::rfind(&zip, signature).expect("a signature"));
    (zip, found)
}

#[test]
fn a_directory_of_a_zip_that_has_bytes_is_read() {
    let (mut zip, [local, directory, _]) = zip_and_places(token(1).as_bytes());
    (zip[local + 34], zip[directory + 50]) = (b'/', b'/');
    opens(&zip, Some("a.tx/"));
    // As a symbolic link, which some programs take for a file.
    let (mut zip, [_, directory, _]) = zip_and_places(token(1).as_bytes());
    zip[directory + 5] = 3;
    zip[directory + 38..directory + 42].copy_from_slice(&(0o120_777_u32 << 16).to_le_bytes());
    opens(&zip, Some("a.txt"));
}

#[test]
fn what_stands_behind_the_stream_of_an_entry_is_read() {
    let (mut zip, [local, directory, end]) = zip_and_places(b"nothing");
    let text = token(1);
    for (at, signature) in [(18, local), (20, directory), (16, end)] {
        let field = &mut zip[signature + at..signature + at + 4];
        let number = u32::from_le_bytes(field.try_into().expect("four bytes")) + text.len() as u32;
        field.copy_from_slice(&number.to_le_bytes());
    }
    zip.splice(directory..directory, text.bytes());
    let answer = target(&zip);
    answer.leaks(RULE);
    answer.told(GapReason::Disagreement);
}

#[test]
fn a_zip_behind_other_bytes_opens_whatever_its_comment_and_what_follows() {
    let (zip, [.., end]) = zip_and_places(token(1).as_bytes());
    let with_comment = |length: u16| {
        let mut zip = [b"\0 loader ", &zip[..end + 20], &length.to_le_bytes()].concat();
        zip.resize(zip.len() + usize::from(length), b'c');
        zip
    };
    opens(&with_comment(0), Some("a.txt"));
    opens(&with_comment(300), Some("a.txt"));
    opens(&with_comment(60_000), Some("zip at 9/a.txt"));
    opens(&[with_comment(0), b"more\0".to_vec()].concat(), Some("zip at 9/a.txt"));
}

#[test]
fn zeros_between_streams_of_xz() {
    opens(&[&xz(b"first\n")[..], &[0; 4], &xz(token(1).as_bytes())].concat(), None);
}

#[test]
fn a_frame_between_frames_that_is_to_be_skipped() {
    opens(&[&lz4(b"first\n")[..], b"\x50\x2a\x4d\x18\x01\0\0\0s", &lz4(token(1).as_bytes())].concat(), None);
}

/// What decoders pass over is as good a place to hide as any.
#[test]
fn what_is_to_be_skipped_is_read() {
    let hidden = [token(1).as_bytes(), &[b' '; 600]].concat();
    let frame = |hidden: &[u8]| [b"\x50\x2a\x4d\x18", &(hidden.len() as u32).to_le_bytes()[..], hidden].concat();
    let chunk = |kind: u8, hidden: &[u8]| [&[kind][..], &(hidden.len() as u32).to_le_bytes()[..3], hidden].concat();
    for hiding in [
        [super::samples::zstd(b"first\n"), frame(&hidden)].concat(),
        [frame(&hidden), super::samples::zstd(b"first\n")].concat(),
        [lz4(b"first\n"), frame(&hidden), lz4(b"second\n")].concat(),
        [snappy(b"first\n"), chunk(0x80, &hidden)].concat(),
        [snappy(b"first\n"), chunk(0xfe, &hidden), snappy(b"second\n")].concat(),
    ] {
        opens(&hiding, None);
    }
    let long = [super::samples::zstd(token(1).as_bytes()), frame(&[b' '; 3 << 20])].concat();
    let answer = target(&long);
    answer.leaks(RULE);
    answer.told(GapReason::Unsupported);
}

#[test]
fn bytes_behind_a_stream_are_read() {
    for stream in [xz(b"first\n"), lzma(b"first\n"), lz4(b"first\n")] {
        opens(&[&stream[..], b"\n", token(1).as_bytes()].concat(), None);
    }
    // Snappy has no end: what follows is a chunk, or damage.
    let answer = target(&[&snappy(b"first\n")[..], b"\n", token(1).as_bytes()].concat());
    answer.leaks(RULE);
    answer.told(GapReason::Damaged);
}

#[test]
fn a_dictionary_that_takes_too_much_is_a_gap() {
    let mut stream = lzma(token(1).as_bytes());
    stream[1..5].copy_from_slice(&(1u32 << 30).to_le_bytes());
    target(&stream).told(GapReason::Unsupported);
}

#[test]
fn sums_that_do_not_hold_are_damage() {
    let text = token(1);
    let mut frame = lz4(text.as_bytes());
    let last = frame.len() - 1;
    frame[last] ^= 1;
    let answer = target(&frame);
    answer.leaks(RULE);
    answer.told(GapReason::Damaged);
    let mut archive = super::images::sevenz(&[("a", text.as_bytes())]);
    archive[32 + text.len() - 1] = b' ';
    let answer = target(&archive);
    answer.leaks(RULE);
    answer.told(GapReason::Damaged);
}
