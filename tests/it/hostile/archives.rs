//! Samples of archives and compressed streams, as no crate of ours writes them: headers by hand.

use std::hash::Hasher;
use std::io::Write;
use twox_hash::XxHash32;

/// For each extractor of an archive that has no other, by name, bytes that it opens.
pub(super) fn samples(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let files: [(&str, &[u8]); 2] = [("b", b"nothing"), ("dir/a.txt", text.as_bytes())];
    vec![
        ("xz", [xz(b"first stream\n"), xz(text.as_bytes()), vec![0; 4]].concat()),
        ("lzma", lzma(text.as_bytes())),
        ("bzip2", [bzip2(b"first stream\n"), bzip2(text.as_bytes())].concat()),
        ("lz4", [lz4(b"first frame\n"), lz4(text.as_bytes())].concat()),
        ("snappy", snappy(text.as_bytes())),
        ("lzop", [lzop(b"first file\n"), lzop(text.as_bytes())].concat()),
        ("brotli", brotli(text.as_bytes())),
        ("ar", ar(&files)),
        ("cpio", cpio(&files)),
        ("rpm", rpm("echo installed\n", &xz(&cpio(&files)))),
    ]
}

pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::default()).expect("sound options");
    writer.write_all(bytes).expect("memory takes all");
    writer.finish().expect("memory takes all")
}

/// With an end marker, as `xz --format=lzma` writes it.
pub(crate) fn lzma(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::LzmaOptions::default();
    let mut writer = lzma_rust2::LzmaWriter::new_use_header(Vec::new(), &options, None).expect("sound options");
    writer.write_all(bytes).expect("memory takes all");
    writer.finish().expect("memory takes all")
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

pub(crate) fn snappy(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = snap::write::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.into_inner().expect("memory takes all")
}

/// As `lzop` writes it: a header without a name, one block with Adler-32 of what is unpacked, the end.
pub(crate) fn lzop(bytes: &[u8]) -> Vec<u8> {
    let packed = lzokay::compress::compress(bytes).expect("memory takes all");
    let packed = if packed.len() < bytes.len() { &packed } else { bytes };
    let numbers = [bytes.len() as u32, packed.len() as u32, adler2::adler32_slice(bytes)].map(u32::to_be_bytes).concat();
    let versions = [0x10, 0x40, 0x20, 0xa0, 0x09, 0x40, 1, 5];
    [&b"\x89LZO\0\r\n\x1a\n"[..], &versions, &[3, 0, 0, 1], &[0; 12], &[0; 5], &numbers, packed, &[0; 4]].concat()
}

/// As servers do it.
pub(crate) fn brotli(mut bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut bytes, &mut packed, &brotli::enc::BrotliEncoderParams::default()).expect("memory takes all");
    packed
}

/// A frame of linked blocks of up to 64 KiB with all checksums.
pub(crate) fn lz4(bytes: &[u8]) -> Vec<u8> {
    let hash = |bytes: &[u8]| XxHash32::oneshot(0, bytes);
    let mut descriptor = vec![0x5c, 0x40];
    descriptor.extend((bytes.len() as u64).to_le_bytes());
    let mut frame = b"\x04\x22\x4d\x18".to_vec();
    frame.extend(&descriptor);
    frame.push((hash(&descriptor) >> 8) as u8);
    let mut sum = XxHash32::with_seed(0);
    let mut before: &[u8] = b"";
    for block in bytes.chunks(64 << 10) {
        let packed = lz4_flex::block::compress_with_dict(block, before);
        let (field, stored) =
            if packed.len() < block.len() { (packed.len() as u32, &packed[..]) } else { (1 << 31 | block.len() as u32, block) };
        frame.extend(field.to_le_bytes());
        frame.extend(stored);
        frame.extend(hash(stored).to_le_bytes());
        sum.write(block);
        before = block;
    }
    frame.extend([0; 4]);
    frame.extend((sum.finish() as u32).to_le_bytes());
    frame
}

/// A legacy frame of one block.
pub(crate) fn lz4_legacy(bytes: &[u8]) -> Vec<u8> {
    let packed = lz4_flex::block::compress(bytes);
    [&b"\x02\x21\x4c\x18"[..], &(packed.len() as u32).to_le_bytes(), &packed].concat()
}

/// With GNU's table for names that are long.
pub(crate) fn ar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut names = String::new();
    let mut body = Vec::new();
    for (name, bytes) in files {
        let field = if name.len() < 16 && !name.contains('/') {
            format!("{name}/")
        } else {
            let field = format!("/{}", names.len());
            names.push_str(&format!("{name}/\n"));
            field
        };
        ar_member(&mut body, &field, bytes);
    }
    let mut archive = b"!<arch>\n".to_vec();
    if !names.is_empty() {
        ar_member(&mut archive, "//", names.as_bytes());
    }
    archive.extend(body);
    archive
}

pub(crate) fn ar_member(out: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    out.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, "100644", bytes.len()).bytes());
    out.extend(bytes);
    if bytes.len() % 2 == 1 {
        out.push(b'\n');
    }
}

/// In the new ASCII form.
pub(crate) fn cpio(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, bytes) in files.iter().chain(&[("TRAILER!!!", &b""[..])]) {
        let mode = if *name == "TRAILER!!!" { 0 } else { 0o100_644 };
        let fields = [1, mode, 0, 0, 1, 0, bytes.len(), 0, 0, 0, 0, name.len() + 1, 0];
        archive.extend(b"070701");
        archive.extend(fields.iter().flat_map(|field| format!("{field:08X}").into_bytes()));
        archive.extend(name.as_bytes());
        archive.push(0);
        archive.resize(archive.len().next_multiple_of(4), 0);
        archive.extend(*bytes);
        archive.resize(archive.len().next_multiple_of(4), 0);
    }
    archive
}

/// A package with a script that runs after it was installed.
pub(crate) fn rpm(script: &str, payload: &[u8]) -> Vec<u8> {
    let header = rpm_header(&[(1000, 6, b"a\0"), (1024, 6, format!("{script}\0").as_bytes())]);
    let size = (header.len() + payload.len()) as u32;
    let mut package = b"\xed\xab\xee\xdb\x03\0".to_vec();
    package.resize(96, 0);
    package.extend(rpm_header(&[(1000, 4, &size.to_be_bytes())]));
    package.resize(package.len().next_multiple_of(8), 0);
    package.extend(header);
    package.extend(payload);
    package
}

/// A header of tags with a type and one value each.
fn rpm_header(tags: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let (mut index, mut store) = (Vec::new(), Vec::<u8>::new());
    for (tag, kind, value) in tags {
        for field in [*tag, *kind, store.len() as u32, 1] {
            index.extend(field.to_be_bytes());
        }
        store.extend(*value);
    }
    let mut header = b"\x8e\xad\xe8\x01\0\0\0\0".to_vec();
    header.extend((tags.len() as u32).to_be_bytes());
    header.extend((store.len() as u32).to_be_bytes());
    header.extend(index);
    header.extend(store);
    header
}
