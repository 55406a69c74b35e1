//! Compound files (MS-CFB): .doc, .xls, .ppt, .msg, .msi and others of old Office and of Windows.
//!
//! A file system in a file: sectors, a table that chains them, a directory of streams; short streams lie in a stream of
//! their own, in sectors of 64 bytes. Each stream is a member; what is in it is mostly UTF-16 or plain text. All else is
//! scanned as it is: in sectors of no stream, and behind the end of one, what was deleted is still there.
//! The text of Word takes two streams to be read, so it is told here. What is encrypted has a mark (MS-OFFCRYPTO, 2.3).

use super::super::cursor::le32;
use super::super::told::Told;
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, ReadSeek, Sink};
use super::word;
use crate::finding::GapReason;
use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};

/// Compound files.
pub struct Ole;

const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Numbers of sectors from here on are no sectors.
const LAST: u32 = 0xffff_fffa;
/// Bytes of a sector of short streams, and of the longest short stream.
const SHORT: u64 = 64;
const SHORTEST: u64 = 4096;
/// Bytes of an entry of the directory.
const ENTRY: usize = 128;
/// Sectors of a file that is read by its structure: 512 MiB of the usual size.
const SECTORS: usize = 1 << 20;
/// Entries that are read.
const ENTRIES: usize = 1 << 16;
/// The longest stream that is read by its structure.
const HELD: u64 = 16 << 20;
/// What stands in the stream `Current User` of a presentation that is encrypted, and where (MS-PPT, 2.3.2).
const ENCRYPTED: u32 = 0xf3d1_c4df;
const TOKEN: usize = 12;

impl Extractor for Ole {
    fn name(&self) -> &'static str {
        "compound file"
    }

    fn about(&self) -> About {
        About {
            title: "compound file (doc, xls, ppt, msg, msi)",
            reads: "streams as members, the text of Word documents joined over its pieces, with cells by the head of their column or row, and sectors of no stream",
            limits: "a million sectors; Word documents of up to 16 MiB by their structure; encrypted documents are gaps; records of Outlook are not taken apart",
            specification: "https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, MAGIC)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        let mut volume = Volume::read(&mut file, length)?;
        if let Some((reason, detail)) = volume.refused {
            sink.gap(reason, format!("compound file: {detail}; scanned as it is"), None);
            volume.file.rewind()?;
            return Ok(sink.raw_at(0, volume.file)?);
        }
        let entries = volume.entries()?;
        if entries.is_empty() {
            sink.gap(GapReason::Damaged, "compound file: no directory".into(), None);
        }
        let last = volume.next.iter().rposition(|next| *next != u32::MAX).unwrap_or(0) as u64;
        if (last + 1) * volume.sector >= length {
            sink.gap(GapReason::Truncated, "compound file: ends before its sectors do".into(), None);
        }
        let short = entries.iter().find(|entry| entry.kind == 5).map(|root| volume.chain(root.start)).unwrap_or_default();
        let (mut seen, mut told) = (HashSet::new(), Told::default());
        // Streams may claim each other's sectors; honest ones have each but once.
        let mut left = 2 * volume.next.len() + volume.next_short.len();
        for entry in entries.iter().filter(|entry| entry.kind == 2 && entry.size > 0) {
            let is_short = entry.size < SHORTEST;
            // Streams that claim the same sectors are one.
            if !seen.insert((is_short, entry.start)) {
                continue;
            }
            let places = volume.places(entry, &short);
            let Some(fewer) = left.checked_sub(places.at.len()) else {
                sink.gap(GapReason::Damaged, "compound file: streams that share their sectors; not all were read".into(), None);
                break;
            };
            left = fewer;
            if entry.name == "EncryptedPackage" {
                let detail = "compound file: a document that needs a password";
                sink.gap(GapReason::Encrypted, detail.into(), Some(entry.size));
            }
            let member = Member { name: entry.name.as_bytes(), kind: MemberKind::File, size: Some(entry.size) };
            let mut body = volume.stream(&places, &mut told).take(entry.size);
            let missing = if is_held(entry) {
                let mut bytes = Vec::new();
                body.read_to_end(&mut bytes)?;
                let missing = body.limit();
                let table = |name: &str| entries.iter().find(|entry| entry.kind == 2 && entry.name == name);
                document(&mut volume, (&mut bytes, &places), (table, &short), sink)?;
                sink.member(&member, &mut bytes.as_slice())?;
                missing
            } else {
                sink.member(&member, &mut body)?;
                io::copy(&mut body, &mut io::sink())?;
                body.limit()
            };
            if missing > 0 {
                let detail = format!("compound file: {} ends early", crate::place::escaped(entry.name.as_bytes()));
                sink.gap(GapReason::Truncated, detail, Some(missing));
            }
        }
        told.sweep(&mut **volume.file, sink)
    }
}

/// Whether a stream says what becomes of others.
fn is_held(entry: &Entry) -> bool {
    matches!(entry.name.as_str(), "WordDocument" | "Current User") && entry.size <= HELD
}

/// Tells the text of a document, and blanks it; or that it is encrypted.
fn document<'e>(
    volume: &mut Volume<'_, '_>,
    (bytes, places): (&mut [u8], &Places),
    (table, short): (impl Fn(&str) -> Option<&'e Entry>, &Chain),
    sink: &mut dyn Sink,
) -> Result<(), Halt> {
    let header = word::Header::read(bytes);
    if header.is_some_and(|header| header.is_encrypted) || header.is_none() && le32(bytes, TOKEN) == Some(ENCRYPTED) {
        sink.gap(GapReason::Encrypted, "compound file: a document that needs a password".into(), None);
        return Ok(());
    }
    let Some(header) = header else { return Ok(()) };
    let mut told = Told::default();
    let mut held = Vec::new();
    if let Some(entry) = table(header.table) {
        let places = volume.places(entry, short);
        volume.stream(&places, &mut told).take(entry.size.min(HELD)).read_to_end(&mut held)?;
    }
    Ok(word::tell(bytes, (header, &held), &|at| places.of(at), sink)?)
}

/// A stream of the directory.
struct Entry {
    name: String,
    kind: u8,
    start: u32,
    size: u64,
}

/// Sectors in the order of a stream.
#[derive(Default)]
struct Chain {
    sectors: Vec<u32>,
}

/// Where the sectors of a stream stand in the file, and how long each is.
struct Places {
    at: Vec<u64>,
    size: u64,
}

impl Places {
    /// Where a byte of the stream stands.
    fn of(&self, byte: usize) -> usize {
        let (index, within) = (byte / self.size as usize, byte % self.size as usize);
        self.at.get(index).map_or(0, |at| *at as usize + within)
    }
}

struct Volume<'v, 'f> {
    file: &'v mut Box<dyn ReadSeek + 'f>,
    /// Bytes of a sector.
    sector: u64,
    /// For each sector the next of its stream.
    next: Vec<u32>,
    /// For each sector of short streams the same.
    next_short: Vec<u32>,
    directory: u32,
    /// Sectors of tables and of the directory, each read once.
    used: HashSet<u32>,
    is_old: bool,
    /// Why it is not read.
    refused: Option<Refused>,
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes))
}

type Refused = (GapReason, &'static str);

impl<'v, 'f> Volume<'v, 'f> {
    fn read(file: &'v mut Box<dyn ReadSeek + 'f>, length: u64) -> io::Result<Self> {
        let mut head = Vec::new();
        file.rewind()?;
        (&mut *file).take(512).read_to_end(&mut head)?;
        let shift = head.get(30..32).and_then(|bytes| <[u8; 2]>::try_from(bytes).ok()).map(u16::from_le_bytes);
        let field = |at: usize| number(&head, at).unwrap_or(u32::MAX);
        let (directory, short, mut more) = (field(48), field(60), field(68));
        let shift = shift.unwrap_or(0);
        let sector = 1u64 << shift.min(12);
        let most = (length / sector) as usize;
        let refused = match shift {
            _ if head.len() < 512 => Some((GapReason::Truncated, "ends within its header")),
            9 | 12 if most > SECTORS => Some((GapReason::SizeLimit, "more sectors than are kept")),
            9 | 12 => None,
            _ => Some((GapReason::Damaged, "sectors of no size")),
        };
        let (next, next_short, used) = (Vec::new(), Vec::new(), HashSet::new());
        let mut volume = Self { file, sector, next, next_short, directory, used, is_old: shift == 9, refused };
        if refused.is_some() {
            return Ok(volume);
        }
        // The first 109 sectors of the table are listed in the header, others in sectors that are chained.
        let mut tables: Vec<u32> = head.get(76..512).map(|list| numbers(list).collect()).unwrap_or_default();
        while more < LAST && volume.used.insert(more) {
            let list = volume.sector(more)?;
            let mut list: Vec<u32> = numbers(&list).collect();
            more = list.pop().unwrap_or(u32::MAX);
            tables.extend(list);
        }
        for table in tables.into_iter().filter(|table| *table < LAST) {
            if volume.next.len() > most || !volume.used.insert(table) {
                break;
            }
            let bytes = volume.sector(table)?;
            volume.next.extend(numbers(&bytes));
        }
        for sector in volume.chain(short).sectors {
            volume.used.insert(sector);
            let bytes = volume.sector(sector)?;
            volume.next_short.extend(numbers(&bytes));
        }
        Ok(volume)
    }

    fn sector(&mut self, number: u32) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start((u64::from(number) + 1) * self.sector))?;
        (&mut *self.file).take(self.sector).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The sectors of a stream; a circle ends where it closes, since no stream has more sectors than there are.
    fn chain(&self, start: u32) -> Chain {
        let mut sectors = Vec::new();
        let mut at = start;
        while at < LAST && sectors.len() < self.next.len() {
            sectors.push(at);
            at = self.next.get(at as usize).copied().unwrap_or(u32::MAX);
        }
        Chain { sectors }
    }

    fn places(&self, entry: &Entry, short: &Chain) -> Places {
        if entry.size < SHORTEST {
            return Places { at: self.short_chain(entry.start, &short.sectors), size: SHORT };
        }
        let place = |sector: u32| (u64::from(sector) + 1) * self.sector;
        Places { at: self.chain(entry.start).sectors.into_iter().map(place).collect(), size: self.sector }
    }

    fn stream<'s>(&'s mut self, places: &'s Places, told: &'s mut Told) -> Stream<'s, 'f> {
        Stream { file: self.file, places: places.at.iter(), size: places.size, at: 0, left: 0, told }
    }

    /// Where the short sectors of a stream stand in the file.
    fn short_chain(&self, start: u32, within: &[u32]) -> Vec<u64> {
        let each = self.sector / SHORT;
        let mut places = Vec::new();
        let mut at = start;
        while at < LAST && (places.len() as u64) < SHORTEST / SHORT {
            let Some(sector) = within.get((u64::from(at) / each) as usize) else { break };
            places.push((u64::from(*sector) + 1) * self.sector + u64::from(at) % each * SHORT);
            at = self.next_short.get(at as usize).copied().unwrap_or(u32::MAX);
        }
        places
    }

    fn entries(&mut self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for sector in self.chain(self.directory).sectors {
            if entries.len() >= ENTRIES || !self.used.insert(sector) {
                break;
            }
            let bytes = self.sector(sector)?;
            for entry in bytes.chunks_exact(ENTRY) {
                let (Some(kind), Some(start), Some(low), Some(high)) =
                    (entry.get(66), number(entry, 116), number(entry, 120), number(entry, 124))
                else {
                    continue;
                };
                // In files with short sectors the upper half may be anything.
                let size = if self.is_old { low.into() } else { u64::from(high) << 32 | u64::from(low) };
                let units = entry.get(..64).unwrap_or_default().as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
                let name = char::decode_utf16(units.take_while(|unit| *unit != 0)).map(|letter| letter.unwrap_or('\u{fffd}'));
                entries.push(Entry { name: name.collect(), kind: *kind, start, size });
            }
        }
        Ok(entries)
    }
}

/// The sectors of a stream, one behind the other.
struct Stream<'s, 'f> {
    file: &'s mut Box<dyn ReadSeek + 'f>,
    places: std::slice::Iter<'s, u64>,
    size: u64,
    /// Where it goes on in a sector, and bytes left of that.
    at: u64,
    left: u64,
    told: &'s mut Told,
}

impl Read for Stream<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.left == 0 {
                let Some(place) = self.places.next() else { return Ok(0) };
                self.file.seek(SeekFrom::Start(*place))?;
                (self.at, self.left) = (*place, self.size);
            }
            let most = (self.left as usize).min(buffer.len());
            let count = self.file.read(buffer.get_mut(..most).unwrap_or_default())?;
            self.told.told(self.at, count as u64);
            (self.at, self.left) = (self.at + count as u64, self.left - count as u64);
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.left = 0;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::super::testing::seen;
    use super::*;

    /// A file with one short stream, and one of the length of nine sectors.
    fn compound(short: &str, long: &str) -> Vec<u8> {
        let fill = |bytes: &[u8]| [bytes, &vec![0; bytes.len().next_multiple_of(512) - bytes.len()]].concat();
        let entry = |name: &str, kind: u8, start: u32, size: u32| {
            let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            entry.resize(66, 0);
            entry.extend([kind, 1]);
            entry.resize(116, 0);
            [&entry[..], &start.to_le_bytes(), &size.to_le_bytes(), &[0; 4]].concat()
        };
        let end = 0xffff_fffe_u32;
        let table: Vec<u8> =
            [0xffff_fffd, end, end, end].into_iter().chain((5..13).chain([end])).flat_map(u32::to_le_bytes).collect();
        let mut head = [MAGIC, &[0; 16], b"\x3e\0\x03\0\xfe\xff\x09\0\x06\0"].concat();
        head.resize(44, 0);
        head.extend([1, 1, 0, 4096, 2, 1, end, 0].into_iter().flat_map(u32::to_le_bytes));
        head.extend(0u32.to_le_bytes());
        head.resize(512, 0xff);
        let directory =
            [entry("Root Entry", 5, 3, 64), entry("short", 2, 0, short.len() as u32), entry("long", 2, 4, long.len() as u32)];
        let short_table = [&end.to_le_bytes()[..], &[0xff; 508]].concat();
        let mut table = table;
        table.resize(512, 0xff);
        [head, table, fill(&directory.concat()), short_table, fill(short.as_bytes()), fill(long.as_bytes()), fill(b"left over")]
            .concat()
    }

    #[test]
    fn streams_are_members_and_free_sectors_are_scanned() {
        let long = "0123456789".repeat(430);
        let bytes = compound("a short one", &long);
        assert!(Ole.probe(&Head { start: &bytes, tail: &[] }));
        let found = seen(&Ole, &bytes);
        assert_eq!(found.members, vec![("short", "a short one"), ("long", &long)].into());
        assert!(found.raw.windows(9).any(|text| text == b"left over") && found.gaps.is_empty(), "{:?}", found.gaps);
        // A short stream that is a directory by its kind, one that is shorter than it was.
        for (at, byte) in [(1024 + 128 + 66, 1), (1024 + 128 + 120, 3)] {
            let mut lying = bytes.clone();
            lying[at] = byte;
            let found = seen(&Ole, &lying);
            assert!(memchr::memmem::find(&found.raw, b"ort one").is_some(), "{at}");
        }
        for cut in (8..bytes.len() - 1024).step_by(61) {
            assert!(!seen(&Ole, &bytes[..cut]).gaps.is_empty(), "{cut}");
        }
    }
}
