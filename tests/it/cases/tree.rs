//! Files and archives of a case as bytes: tar headers written by hand, since most of what must be read is
//! what no library would write.

use super::written::{Compression, Encoding, Entry, Long, Sparse};
use crate::hostile::{archives, git, images, samples};
use tar::{EntryType, Header};
use watertight::forge::image::gzip;

/// The content of an entry.
pub(super) fn content(entry: &Entry) -> Vec<u8> {
    let plain = match entry {
        Entry { text: Some(text), .. } => text.as_bytes().to_vec(),
        Entry { hex: Some(hex), .. } => unhex(hex),
        Entry { tar: Some(entries), .. } => tar(entries, false),
        Entry { zip: Some(entries), .. } => super::zipped::zip(entries),
        Entry { ar: Some(entries), .. } => named(entries, archives::ar),
        Entry { cpio: Some(entries), .. } => named(entries, archives::cpio),
        Entry { rpm: Some(entries), .. } => archives::rpm("true\n", &archives::xz(&named(entries, archives::cpio))),
        Entry { sevenz: Some(entries), .. } => named(entries, images::sevenz),
        Entry { sif: Some(entries), .. } => named(entries, images::sif),
        Entry { squashfs: Some(entries), .. } => named(entries, |files| images::squashfs(files[0].0, files[0].1)),
        Entry { iso: Some(entries), .. } => named(entries, |files| images::iso(files[0].0, files[0].1)),
        _ => Vec::new(),
    };
    let plain = match &entry.format {
        Some(format) => {
            let text = std::str::from_utf8(&plain).expect("a text stands in a sample");
            let samples = samples::samples_of(text);
            let sample = samples.into_iter().find(|(name, _)| name == format);
            sample.unwrap_or_else(|| panic!("no sample of {format}")).1
        }
        None => plain,
    };
    let repeated = [entry.before.as_bytes(), &plain.repeat(entry.repeat.unwrap_or(1)), entry.after.as_bytes()].concat();
    entry.encode.iter().fold(repeated, |bytes, encoding| encoded(&bytes, *encoding))
}

/// The files of a repository, if the entry is one.
pub(super) fn repository(entry: &Entry) -> Option<Vec<Entry>> {
    let commits: Vec<_> = entry.git.as_ref()?.iter().map(|commit| (commit.path.clone(), content(commit))).collect();
    let objects = git::history(&commits);
    let file = |path: &str, bytes: &[u8]| Entry {
        path: format!("{}/{path}", entry.path),
        hex: Some(data_encoding::HEXLOWER.encode(bytes)),
        ..Entry::default()
    };
    let head = file("HEAD", b"ref: refs/heads/main\n");
    let rest = match entry.packed {
        true => vec![file("objects/pack/pack-1.pack", &git::packed(&objects))],
        false => objects.iter().map(|object| file(&object.path(), &git::loose(object.kind, &object.body))).collect(),
    };
    Some(std::iter::once(head).chain(rest).collect())
}

fn unhex(hex: &str) -> Vec<u8> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).expect("hex digits")
}

/// A value as some notation writes it.
pub(super) fn written(bytes: &[u8], how: &str) -> Vec<u8> {
    let each = |write: fn(u8) -> String| bytes.iter().map(|byte| write(*byte)).collect::<String>().into_bytes();
    match how {
        "base64" => encoded(bytes, Encoding::Base64),
        "base64url" => data_encoding::BASE64URL_NOPAD.encode(bytes).into_bytes(),
        "hex" => encoded(bytes, Encoding::Hex),
        "gzip" => encoded(bytes, Encoding::Gzip),
        "utf16le" => encoded(bytes, Encoding::Utf16le),
        "percent" => each(|byte| format!("%{byte:02X}")),
        "unicode" => each(|byte| format!("\\u{byte:04x}")),
        "entities" => each(|byte| format!("&#x{byte:x};")),
        "quoted" => each(|byte| format!("={byte:02X}")),
        _ => panic!("no notation is called {how}"),
    }
}

fn encoded(bytes: &[u8], encoding: Encoding) -> Vec<u8> {
    let text = || std::str::from_utf8(bytes).expect("this encoding is for text");
    match encoding {
        Encoding::Gzip => gzip(bytes),
        Encoding::Zstd => zstd::encode_all(bytes, 3).expect("memory takes it"),
        Encoding::Xz => archives::xz(bytes),
        Encoding::Lzma => archives::lzma(bytes),
        Encoding::Bzip2 => archives::bzip2(bytes),
        Encoding::Lz4 => archives::lz4(bytes),
        Encoding::Lz4Legacy => archives::lz4_legacy(bytes),
        Encoding::Snappy => archives::snappy(bytes),
        Encoding::Lzop => archives::lzop(bytes),
        Encoding::Brotli => archives::brotli(bytes),
        Encoding::Base64 => data_encoding::BASE64.encode(bytes).into_bytes(),
        Encoding::FromBase64 => data_encoding::BASE64.decode(bytes.trim_ascii()).expect("base64"),
        Encoding::Hex => data_encoding::HEXLOWER.encode(bytes).into_bytes(),
        Encoding::Percent => bytes.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect(),
        Encoding::QuotedPrintable => {
            let escaped = text().replace('=', "=3D");
            escaped.as_bytes().chunks(30).collect::<Vec<_>>().join(&b"=\n"[..])
        }
        Encoding::Entities => text().chars().map(|c| format!("&#x{:x};", u32::from(c))).collect::<String>().into_bytes(),
        Encoding::Json => {
            let escapes: String = text().encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            format!("\"{escapes}\"").into_bytes()
        }
        Encoding::Latin1 => text().chars().map(|c| u8::try_from(c).expect("a character of Latin-1")).collect(),
        Encoding::Utf16le => text().encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16be => text().encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Bom => match bytes {
            [_, 0, ..] => [&[0xff, 0xfe], bytes].concat(),
            [0, ..] => [&[0xfe, 0xff], bytes].concat(),
            _ => [&[0xef, 0xbb, 0xbf], bytes].concat(),
        },
        Encoding::Crlf => text().replace('\n', "\r\n").into_bytes(),
    }
}

/// A layer as stored.
pub(super) fn compressed(tar: &[u8], how: Compression) -> Vec<u8> {
    // Members end anywhere, in the middle of a header too.
    let pieces = || tar.chunks(700);
    match how {
        Compression::Gzip => gzip(tar),
        Compression::GzipMembers => pieces().flat_map(gzip).collect(),
        Compression::Zstd => encoded(tar, Encoding::Zstd),
        Compression::ZstdFrames => {
            let skippable = [&0x184d_2a50u32.to_le_bytes()[..], &4u32.to_le_bytes(), b"skip"].concat();
            pieces().map(|piece| encoded(piece, Encoding::Zstd)).collect::<Vec<_>>().join(&skippable[..])
        }
        Compression::None => tar.to_vec(),
    }
}

/// An archive of what the entries hold.
fn named(entries: &[Entry], archive: impl Fn(&[(&str, &[u8])]) -> Vec<u8>) -> Vec<u8> {
    let contents: Vec<_> = entries.iter().map(content).collect();
    let files: Vec<_> = entries.iter().zip(&contents).map(|(entry, bytes)| (entry.path.as_str(), bytes.as_slice())).collect();
    archive(&files)
}

/// A tar of entries; `endless` without its end marker.
pub(super) fn tar(entries: &[Entry], endless: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        match repository(entry) {
            Some(files) => files.iter().for_each(|file| put(&mut out, file)),
            None => put(&mut out, entry),
        }
    }
    if !endless {
        out.extend([0; 1024]);
    }
    out
}

fn put(out: &mut Vec<u8>, entry: &Entry) {
    let name = name(entry);
    let mut pax = entry.pax.clone();
    let (kind, link, body) = match entry {
        Entry { directory: true, .. } => (EntryType::Directory, None, Vec::new()),
        Entry { symlink: Some(target), .. } => (EntryType::Symlink, Some(target), Vec::new()),
        Entry { hardlink: Some(target), .. } => (EntryType::Link, Some(target), Vec::new()),
        _ => (EntryType::Regular, None, content(entry)),
    };
    let mut header = Header::new_gnu();
    let short = if name.len() > 100 || entry.long.is_some() { &b"a-name-that-does-not-count"[..] } else { &name };
    match entry.long.or_else(|| (name.len() > 100).then_some(Long::Gnu)) {
        Some(Long::Gnu) => extension(out, EntryType::GNULongName, &[&name[..], &[0]].concat()),
        Some(Long::Pax) => drop(pax.insert("path".into(), String::from_utf8(name.clone()).expect("a PAX name is UTF-8"))),
        None => {}
    }
    let mut stored = body;
    match entry.sparse {
        // A hole of 4096 bytes, then the data.
        Some(Sparse::Gnu) => {
            let gnu = header.as_gnu_mut().expect("made as such");
            octal(&mut gnu.sparse[0].offset, 4096);
            octal(&mut gnu.sparse[0].numbytes, stored.len());
            octal(&mut gnu.realsize, 4096 + stored.len());
        }
        Some(Sparse::Pax) => {
            let mut map = format!("1\n4096\n{}\n", stored.len()).into_bytes();
            map.resize(512, 0);
            for (key, value) in [
                ("GNU.sparse.major", "1".to_owned()),
                ("GNU.sparse.minor", "0".to_owned()),
                ("GNU.sparse.name", String::from_utf8(name.clone()).expect("a PAX name is UTF-8")),
                ("GNU.sparse.realsize", (4096 + stored.len()).to_string()),
            ] {
                pax.insert(key.into(), value);
            }
            stored = [map, stored].concat();
        }
        None => {}
    }
    if !pax.is_empty() {
        let records: String = pax.iter().map(|(key, value)| record(key, value)).collect();
        extension(out, EntryType::XHeader, records.as_bytes());
    }
    header.set_entry_type(if entry.sparse == Some(Sparse::Gnu) { EntryType::GNUSparse } else { kind });
    header.as_old_mut().name[..short.len()].copy_from_slice(short);
    if let Some(link) = link {
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    }
    append(out, &mut header, &stored, entry.size.unwrap_or(stored.len() as u64));
}

/// The name as the tar has it.
fn name(entry: &Entry) -> Vec<u8> {
    if let Some(hex) = &entry.path_hex {
        return unhex(hex);
    }
    let (folder, last) = entry.path.rsplit_once('/').map_or(("", &entry.path[..]), |(folder, last)| (folder, last));
    let below = |name: String| if folder.is_empty() { name } else { format!("{folder}/{name}") };
    match entry {
        Entry { delete: true, .. } => below(format!(".wh.{last}")),
        Entry { opaque: true, path, .. } if path.is_empty() => ".wh..wh..opq".into(),
        Entry { opaque: true, path, .. } => format!("{path}/.wh..wh..opq"),
        Entry { path, .. } => path.clone(),
    }
    .into_bytes()
}

fn octal(field: &mut [u8; 12], number: usize) {
    field.copy_from_slice(format!("{number:011o}\0").as_bytes());
}

/// `LENGTH KEY=VALUE\n`, where the length counts its own digits.
fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let length = (1..5).map(|digits| rest.len() + digits).find(|length| length.to_string().len() + rest.len() == *length);
    format!("{}{rest}", length.expect("a record shorter than ten kilobytes"))
}

fn extension(out: &mut Vec<u8>, kind: EntryType, body: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    let name = b"././@LongLink";
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    append(out, &mut header, body, body.len() as u64);
}

fn append(out: &mut Vec<u8>, header: &mut Header, body: &[u8], size: u64) {
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    out.extend(header.as_bytes());
    out.extend(body);
    out.resize(out.len().next_multiple_of(512), 0);
}
