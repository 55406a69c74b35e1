//! Bundles of .NET: the host of a program, and behind it the files that the program is made of.
//!
//! `dotnet/designs`, `accepted/2020/single-file/bundler.md`. The host has a mark in its data, and before the mark the
//! place of the bundle's header, which lists all files by where they stand. From version 6 on they may be deflated.

use super::super::super::cursor::{Cursor, le64};
use super::super::super::{Halt, Member, MemberKind, ReadSeek, Sink};
use super::packed::turned;
use crate::finding::GapReason;
use crate::place::escaped;
use memchr::memmem::Finder;
use std::io::{self, Read, SeekFrom};
use std::ops::Range;

/// The mark, a digest of `.net core bundle`, back to front: what holds it the right way round is a host, and this
/// program is none.
const MARK: [u8; 32] = [
    0xae, 0x6a, 0xb3, 0x24, 0xce, 0x2d, 0x3b, 0xee, 0x18, 0x33, 0xae, 0xef, 0xe6, 0xb9, 0xf5, 0x13, 0x32, 0xa0, 0xd7, 0x14, 0x02,
    0x93, 0x7b, 0x72, 0x38, 0x20, 0x61, 0x6a, 0xb9, 0x02, 0x12, 0x8b,
];
/// Bytes of the place that stands before it.
const PLACE: usize = 8;
/// Bytes of the mark, and of the place that stands before it.
pub(super) const MARKED: usize = MARK.len() + PLACE;
/// Bytes of a header that are read.
const HEADER: u64 = 16 << 20;

/// The mark.
pub(super) fn mark() -> [u8; MARK.len()] {
    turned(MARK)
}

/// Where the header of a bundle stands, if these bytes of a program are the ones with the mark.
pub(super) fn header(bytes: &[u8], finder: &Finder<'_>) -> Option<u64> {
    let mut places = finder.find_iter(bytes).filter_map(|at| le64(bytes, at.checked_sub(PLACE)?));
    // A host that has no bundle yet has no place.
    places.find(|place| *place > 0)
}

/// A file of a bundle.
struct Entry {
    at: u64,
    /// Bytes in the bundle, and unpacked.
    packed: u64,
    size: u64,
    is_packed: bool,
    name: Vec<u8>,
}

impl Entry {
    fn read(cursor: &mut Cursor<'_>, version: u32) -> Option<Self> {
        let (at, size) = (cursor.u64_le()?, cursor.u64_le()?);
        let packed = if version >= 6 { cursor.u64_le()? } else { 0 };
        // What kind of file it is: its bytes tell that, too.
        cursor.byte()?;
        let is_packed = packed > 0;
        Some(Self { at, packed: if is_packed { packed } else { size }, size, is_packed, name: text(cursor)?.to_vec() })
    }
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = cursor.varint()?;
    cursor.take_long(length)
}

/// What the header lists. `None` if it is none, or ends before its list does.
fn listed(bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut cursor = Cursor::new(bytes);
    let (version, _, count) = (cursor.u32_le().filter(|version| (1..100).contains(version))?, cursor.u32_le()?, cursor.u32_le()?);
    // The name of the bundle, then where its settings stand, which are in the list, too, and flags.
    text(&mut cursor)?;
    if version >= 2 {
        cursor.take(40)?;
    }
    (0..count).map(|_| Entry::read(&mut cursor, version)).collect()
}

/// Opens the bundle of a file of this length. Returns which bytes its files have, if it can be read.
pub(super) fn open(
    format: &str,
    file: &mut dyn ReadSeek,
    (header, length): (u64, u64),
    sink: &mut dyn Sink,
) -> Result<Option<Vec<Range<u64>>>, Halt> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(header.min(length)))?;
    (&mut *file).take(HEADER).read_to_end(&mut bytes)?;
    let Some(entries) = listed(&bytes) else {
        let detail = format!("{format}: a bundle of .NET whose header cannot be read; scanned as it is");
        sink.gap(GapReason::Damaged, detail, None);
        return Ok(None);
    };
    let (mut covered, mut left) = (Vec::new(), length);
    for entry in &entries {
        // Honest files have their bytes each for itself.
        let Some(fewer) = left.checked_sub(entry.packed).filter(|_| entry.at <= length - entry.packed) else {
            let detail = format!("bundle of .NET: {} is not whole, or shares its bytes", escaped(&entry.name));
            sink.gap(GapReason::Damaged, detail, None);
            continue;
        };
        left = fewer;
        if tell(entry, file, sink)? {
            covered.push(entry.at..entry.at + entry.packed);
        }
    }
    Ok(Some(covered))
}

/// Tells a file. `false` if it is not whole.
fn tell(entry: &Entry, file: &mut dyn ReadSeek, sink: &mut dyn Sink) -> Result<bool, Halt> {
    file.seek(SeekFrom::Start(entry.at))?;
    let body = (&mut *file).take(entry.packed);
    let body: Box<dyn Read + '_> =
        if entry.is_packed { Box::new(flate2::read::DeflateDecoder::new(body)) } else { Box::new(body) };
    // More than what is declared is read, too.
    let mut body = body.take(u64::MAX);
    sink.member(&Member { name: &entry.name, kind: MemberKind::File, size: Some(entry.size) }, &mut body)?;
    let is_read = io::copy(&mut body, &mut io::sink()).is_ok();
    let is_whole = is_read && u64::MAX - body.limit() == entry.size;
    if !is_whole {
        let detail = format!("bundle of .NET: {} cannot be unpacked to its end", escaped(&entry.name));
        sink.gap(GapReason::Damaged, detail, None);
    }
    Ok(is_whole)
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::Seen;
    use super::*;
    use std::io::{Cursor as File, Write};

    /// Two files and the header that lists them, of a bundle that begins at `at`.
    fn bundle(version: u32, at: u64) -> (Vec<u8>, u64) {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&b"deflated ".repeat(20)).unwrap();
        let packed = if version >= 6 { encoder.finish().unwrap() } else { b"deflated ".repeat(20) };
        let long = |number: usize| (number as u64).to_le_bytes();
        let entry = |at: u64, size: usize, packed: usize, name: &str| {
            let packed = if version >= 6 { long(packed).to_vec() } else { Vec::new() };
            [&at.to_le_bytes()[..], &long(size), &packed, &[1, name.len() as u8], name.as_bytes()].concat()
        };
        let settings = if version >= 2 { 40 } else { 0 };
        let head = [&version.to_le_bytes()[..], &[0; 4], &2u32.to_le_bytes(), b"\x02id", &vec![0; settings]].concat();
        let list = [entry(at, 6, 0, "a.json"), entry(at + 6, 180, packed.len(), "b.dll")].concat();
        let start = at + 6 + packed.len() as u64;
        ([b"stored", &packed[..], &head, &list].concat(), start)
    }

    fn check(bytes: &[u8], header: u64) -> (Seen, Option<Vec<Range<u64>>>) {
        let mut seen = Seen::default();
        let covered = open("ELF", &mut File::new(bytes), (header, bytes.len() as u64), &mut seen).unwrap();
        (seen, covered)
    }

    #[test]
    fn files_of_every_version_are_members() {
        for version in [1, 2, 6] {
            let (bytes, header) = bundle(version, 0);
            let (seen, covered) = check(&bytes, header);
            let deflated = "deflated ".repeat(20);
            assert_eq!(seen.members, vec![("a.json", "stored"), ("b.dll", deflated.as_str())].into(), "{version}");
            assert_eq!((covered, seen.gaps), (Some(vec![0..6, 6..header]), vec![]), "{version}");
        }
    }

    #[test]
    fn what_is_not_there_is_told() {
        let (bytes, header) = bundle(6, 0);
        for cut in 0..bytes.len() {
            assert_eq!(check(&bytes[..cut], header).0.gaps, [GapReason::Damaged], "{cut}");
        }
        // Both files claim all of it; a file that says it is shorter.
        let place = header as usize + 55;
        let mut lying = bytes.clone();
        lying[place + 8..place + 24].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1].repeat(2));
        assert_eq!(check(&lying, header).0.gaps, [GapReason::Damaged]);
        let mut shorter = bytes.clone();
        shorter[place + 8] = 5;
        assert_eq!(check(&shorter, header).0.gaps, []);
        let mut longer = bytes;
        longer[header as usize + 55 + 25 + 7 + 8] = 179;
        assert_eq!(check(&longer, header).0.gaps, [GapReason::Damaged]);
    }
}
