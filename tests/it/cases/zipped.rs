//! Zips of a case, written by hand, since most of what must be read is what no library would write.

use super::tree::content;
use super::written::{Entry, Method, Odd};
use crate::hostile::archives;
use std::io::Write as _;

/// A zip of entries, odd ones among them.
pub(super) fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut archive, mut directory, mut count) = (Vec::new(), Vec::new(), 0u16);
    for entry in entries {
        let plain = content(entry);
        let (method, packed) = packed(entry.method, &plain);
        let local_at = archive.len() as u32;
        let facts = Facts { entry, method, sum: crc32fast::hash(&plain), sizes: (packed.len() as u32, plain.len() as u32) };
        archive.extend(b"PK\x03\x04");
        archive.extend(facts.shared(true));
        archive.extend(entry.path.as_bytes());
        archive.extend(facts.extra());
        archive.extend(packed);
        if entry.odd == Some(Odd::Unlisted) {
            continue;
        }
        count += 1;
        directory.extend(b"PK\x01\x02\x2d\0");
        directory.extend(facts.shared(false));
        directory.extend([0; 10]);
        directory.extend(local_at.to_le_bytes());
        directory.extend(entry.path.as_bytes());
        directory.extend(facts.extra());
    }
    let at = archive.len() as u32;
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend(count.to_le_bytes());
    archive.extend(count.to_le_bytes());
    archive.extend((directory.len() as u32).to_le_bytes());
    archive.extend(at.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

/// The number of a method and what it makes of the bytes (APPNOTE.TXT 4.4.5).
fn packed(method: Method, plain: &[u8]) -> (u16, Vec<u8>) {
    match method {
        Method::Stored => (0, plain.to_vec()),
        Method::Deflate => {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(plain).expect("memory takes it");
            (8, encoder.finish().expect("memory takes it"))
        }
        Method::Bzip2 => (12, archives::bzip2(plain)),
        Method::Lzma => {
            // Version of the program, length of the properties, properties; then the stream without its header.
            let alone = archives::lzma(plain);
            (14, [&[9, 20, 5, 0], &alone[..5], &alone[13..]].concat())
        }
        Method::Zstd => (93, zstd::encode_all(plain, 3).expect("memory takes it")),
        Method::Xz => (95, archives::xz(plain)),
    }
}

struct Facts<'e> {
    entry: &'e Entry,
    method: u16,
    sum: u32,
    /// Packed and plain.
    sizes: (u32, u32),
}

impl Facts<'_> {
    /// The fields that a local header and an entry of the directory have both.
    fn shared(&self, local: bool) -> Vec<u8> {
        let odd = self.entry.odd;
        // The lowest bit says encrypted, the next but one of LZMA that there is an end marker.
        let flags = u16::from(odd == Some(Odd::Encrypted)) | if self.method == 14 { 2 } else { 0 };
        let method = if odd == Some(Odd::Method) { 77 } else { self.method };
        let mut fields: Vec<u8> = [45, flags, method, 0, 33].into_iter().flat_map(u16::to_le_bytes).collect();
        let (packed, plain) = match (odd, local) {
            (Some(Odd::Zip64), _) => (u32::MAX, u32::MAX),
            (Some(Odd::Sizes), true) => (0, 0),
            (Some(Odd::Sizes), false) => (self.sizes.0, self.sizes.1 + 1),
            _ => self.sizes,
        };
        fields.extend([self.sum, packed, plain].into_iter().flat_map(u32::to_le_bytes));
        fields.extend((self.entry.path.len() as u16).to_le_bytes());
        fields.extend((self.extra().len() as u16).to_le_bytes());
        fields
    }

    fn extra(&self) -> Vec<u8> {
        if self.entry.odd != Some(Odd::Zip64) {
            return Vec::new();
        }
        let sizes = [self.sizes.1, self.sizes.0].map(u64::from);
        [&[1, 0, 16, 0][..], &sizes.map(u64::to_le_bytes).concat()].concat()
    }
}
