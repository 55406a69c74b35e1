//! Sizes and counts that lie: they buy neither memory nor silence.

use super::samples::{RULE, image_of, samples_of, token, zip_of, zstd};
use super::{Answer, target, within_patience};
use watertight::finding::GapReason;
use watertight::forge::image::{gzip, tar_of};

/// A file of these bytes in an image, with a token in another file behind it.
fn beside(bytes: Vec<u8>) -> Answer {
    within_patience(move || target(&image_of(&[("odd", &bytes), ("z", token(7).as_bytes())])))
}

/// Whatever `odd` says of itself, the scan ends and sees the file behind it.
#[track_caller]
fn check(bytes: Vec<u8>) -> Answer {
    let answer = beside(bytes);
    answer.leaks(RULE);
    answer
}

/// A tar of one file with the token, whose header's size field is `field`.
fn tar_with_size(field: &[u8; 12]) -> Vec<u8> {
    let mut tar = tar_of(&[("a", token(1).as_bytes()), ("b", b"next")]);
    tar[124..136].copy_from_slice(field);
    checksummed(&mut tar[..512]);
    tar
}

/// Puts the right checksum into a header.
fn checksummed(header: &mut [u8]) {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

#[test]
fn tar_sizes() {
    let fields: [&[u8; 12]; 9] = [
        b"77777777777\0",
        b"777777777777",
        b"-0000000001\0",
        b"00000000000\0",
        b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\0\0\0\0\0\0\0\0\0\0\0\0",
        b"zzzzzzzzzzz\0",
    ];
    for field in fields {
        let tar = tar_with_size(field);
        // In a file of a layer, as a layer, and as a target: the token is seen in each.
        assert_eq!(check(tar.clone()).audit.incidents.len(), 2, "{field:?}");
        target(&tar).leaks(RULE);
        target(&gzip(&tar)).leaks(RULE);
    }
}

#[test]
fn pax_sizes() {
    for size in ["18446744073709551615", "99999999999999999999", "-1", "0", "1e3", "9223372036854775807"] {
        let mut builder = tar::Builder::new(Vec::new());
        builder.append_pax_extensions([("size", size.as_bytes())]).expect("a record");
        let text = token(1);
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, "a", text.as_bytes()).expect("a file");
        check(builder.into_inner().expect("a tar"));
    }
}

#[test]
fn tar_extensions_that_are_all_name() {
    for kind in [b'L', b'K', b'x', b'g'] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_size(3 << 20);
        header.set_cksum();
        let body = vec![b'n'; 3 << 20];
        let mut tar = [header.as_bytes().as_slice(), &body].concat();
        tar.extend(tar_of(&[("a", token(1).as_bytes())]));
        assert_eq!(check(tar).audit.incidents.len(), 2, "{}", char::from(kind));
    }
}

/// Puts `value` over every place in `zip` where a 4-byte field of a local header, a directory entry or the
/// end record stands.
fn zips_that_lie(value: [u8; 4]) -> Vec<Vec<u8>> {
    let zip = zip_of(&[("a.txt", token(1).as_bytes()), ("b.txt", &[b'b'; 3000])]);
    let fields = |signature: &[u8], offsets: &[usize]| {
        let starts = memchr::memmem::find_iter(&zip, signature).collect::<Vec<_>>();
        starts.into_iter().flat_map(|start| offsets.iter().map(move |offset| start + offset)).collect::<Vec<_>>()
    };
    let places = [
        fields(b"PK\x03\x04", &[14, 18, 22, 26]),
        fields(b"PK\x01\x02", &[16, 20, 24, 28, 42]),
        fields(b"PK\x05\x06", &[8, 12, 16]),
    ];
    let lie = |at: usize| {
        let mut bytes = zip.clone();
        bytes[at..at + 4].copy_from_slice(&value);
        bytes
    };
    places.concat().into_iter().map(lie).collect()
}

#[test]
fn zip_sizes() {
    for value in [[0; 4], [0xff; 4], [0xfe, 0xff, 0xff, 0x7f], [1, 0, 0, 0]] {
        for zip in zips_that_lie(value) {
            let answer = check(zip);
            let both = answer.audit.incidents.len() == 2;
            assert!(both || !answer.audit.gaps.is_empty(), "{value:?}: an entry is lost in silence");
        }
    }
}

#[test]
fn zip64_records_that_lie() {
    let zip = zip_of(&[("a.txt", token(1).as_bytes())]);
    let end = memchr::memmem::rfind(&zip, b"PK\x05\x06").expect("an end record");
    for size in [0, 1, u64::from(u32::MAX), u64::MAX / 2, u64::MAX] {
        let mut record = b"PK\x06\x06".to_vec();
        record.extend(44u64.to_le_bytes());
        record.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for field in [size, size, size, size] {
            record.extend(field.to_le_bytes());
        }
        let mut locator = b"PK\x06\x07\0\0\0\0".to_vec();
        locator.extend((end as u64).to_le_bytes());
        locator.extend(1u32.to_le_bytes());
        let mut tail = zip[end..].to_vec();
        tail[8..20].fill(0xff);
        let answer = check([&zip[..end], &record, &locator, &tail].concat());
        assert_eq!(answer.audit.incidents.len(), 2, "{size}: {:#?}", answer.audit.gaps);
    }
}

#[test]
fn gzip_headers_that_lie() {
    let body = gzip(token(1).as_bytes())[10..].to_vec();
    let with = |flags: u8, fields: &[u8]| [&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3], fields, &body[..]].concat();
    let endless = vec![b'n'; 1 << 20];
    for gz in [
        with(0x04, &[0xff, 0xff]),
        with(0x04, &[0, 0]),
        with(0x08, &endless),
        with(0x10, &endless),
        with(0x18, b"name\0comment\0"),
        with(0x02, &[0, 0]),
        with(0x1e, &[]),
        with(0xe0, &[]),
    ] {
        check(gz.clone());
        target(&gz);
    }
    // Well-formed ones are opened, whatever stands in them.
    assert_eq!(check(with(0x18, b"name\0comment\0")).audit.incidents.len(), 2);
    assert_eq!(check(with(0x04, &[0, 0])).audit.incidents.len(), 2);
}

#[test]
fn zstd_headers_that_lie() {
    let sample = zstd(token(1).as_bytes());
    let frame = |header: &[u8]| [&b"\x28\xb5\x2f\xfd"[..], header, &sample[5..]].concat();
    let skippable = |length: u32| [&[0x50, 0x2a, 0x4d, 0x18][..], &length.to_le_bytes(), &sample].concat();
    for bytes in [
        // Content sizes of eight bytes and of none; a window of 3.75 TiB; dictionaries; a reserved bit.
        frame(&[0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        frame(&[0xe0, 0, 0, 0, 0, 0, 0, 0, 0x80]),
        frame(&[0x00, 0xff]),
        frame(&[0x03, 0xff, 1, 2, 3, 4]),
        frame(&[0x01, 0x00, 7]),
        frame(&[0x08, 0x00]),
        skippable(u32::MAX),
        skippable(1),
    ] {
        check(bytes.clone());
        target(&bytes);
    }
    assert_eq!(check(skippable(0)).audit.incidents.len(), 2);
}

/// Bytes that do not pack.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn formats_that_begin_as_something_else() {
    // An archive behind the script that runs it, however long it is.
    for length in [4 << 10, 2 << 20, 6 << 20] {
        let archive = zip_of(&[("a.env", token(3).as_bytes()), ("noise", &noise(length))]);
        let run = [b"#!/bin/sh\nexec java -jar \"$0\"\n".as_slice(), &archive].concat();
        target(&image_of(&[("app.jar", &run)])).leaks(RULE);
    }
    // An installer: a packed stream behind a script, which says if it is cut.
    let script = [b"#!/bin/sh\nexit 0\n".as_slice(), &gzip(&tar_of(&[("a.env", token(5).as_bytes())]))].concat();
    target(&image_of(&[("install.run", &script)])).leaks(RULE);
    // Firmware: streams that no format tells of, however far behind.
    for length in [4 << 10, 2 << 20, 6 << 20] {
        let mut firmware = noise(length);
        firmware.extend(gzip(&tar_of(&[("a.env", token(6).as_bytes())])));
        firmware.extend(noise(100));
        let answer = target(&image_of(&[("firmware.bin", &firmware)]));
        answer.leaks(RULE);
        assert!(answer.audit.gaps.is_empty(), "{length}: {:?}", answer.audit.gaps);
    }
    for cut in 18..script.len() {
        let answer = target(&image_of(&[("install.run", &script[..cut])]));
        assert!(answer.has(GapReason::Truncated) || cut < 28, "cut at {cut}: {:?}", answer.audit.gaps);
    }
    // What only looks like streams, so that those behind it are not tried: never without a word.
    for length in [1 << 20, 6 << 20] {
        let decoys = b"\0x\x9c".repeat(length / 3);
        target(&image_of(&[("decoys.bin", &decoys)])).told(GapReason::SizeLimit);
    }
    // A table says at its end what it is: it is opened as long as that is in reach, and else a gap.
    let (_, table) = samples_of(&token(4)).into_iter().find(|(format, _)| *format == "sorted table").expect("a sample");
    target(&image_of(&[("a.ldb", &table)])).leaks(RULE);
    for (length, reason) in [(2 << 20, GapReason::Damaged), (6 << 20, GapReason::SizeLimit)] {
        target(&image_of(&[("a.ldb", &[noise(length), table.clone()].concat())])).told(reason);
    }
}
