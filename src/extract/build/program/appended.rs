//! What was appended to a program: the archive of a self-extracting one, the file system of an AppImage, what
//! PyInstaller packs.
//!
//! PyInstaller: `PyInstaller/archive/writers.py`. A trailer of 88 bytes ends the archive and says how long it is and
//! where its table stands; modules of Python lie in an archive of their own, whose table is marshalled.

use super::super::super::{Halt, Member, MemberKind, ReadSeek, Sink};
use crate::finding::GapReason;
use crate::place::escaped;
use std::io::{self, Read, SeekFrom};
use std::ops::Range;

/// How much of what is appended is asked whether it is all zeros.
const PADDING: u64 = 64 << 10;
/// Ends an archive of PyInstaller, and how much of the end of a file it is looked for in: at least so much, or as much
/// as a signature of macOS takes, which has two digests of every page.
const MAGIC: &[u8] = b"MEI\x0c\x0b\x0a\x0b\x0e";
const TRAILER: u64 = 88;
const TAIL: u64 = 64 << 10;
const SIGNATURE: u64 = 64;
const LONGEST_TAIL: u64 = 8 << 20;
/// Bytes of a table that are read.
const TABLE: u64 = 16 << 20;
/// How the module is called that has the key of the others, before version 6.
const KEY: &[u8] = b"pyimod00_crypto_key";
/// A module of Python without the header that its file would have.
const HEADER: [u8; 12] = [0; 12];

/// Whether nothing but padding follows.
pub(super) fn is_blank(file: &mut dyn ReadSeek, at: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    (&mut *file).take(PADDING).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64) < PADDING && bytes.iter().all(|byte| *byte == 0))
}

/// Opens an archive of PyInstaller near the end of a file of this length. Returns which bytes its files
/// have, if there is one.
pub(super) fn package(
    format: &str,
    file: &mut dyn ReadSeek,
    length: u64,
    sink: &mut dyn Sink,
) -> Result<Option<Vec<Range<u64>>>, Halt> {
    let Some(package) = Package::find(file, length)? else { return Ok(None) };
    if let Some(covered) = package.tell(file, sink)? {
        return Ok(Some(covered));
    }
    let detail = format!("{format}: an archive of PyInstaller whose table cannot be read; scanned as it is");
    sink.gap(GapReason::Damaged, detail, None);
    Ok(None)
}

/// An archive of PyInstaller.
struct Package {
    start: u64,
    table: Range<u64>,
    end: u64,
}

/// A file of one.
struct Entry {
    at: u64,
    packed: u64,
    size: u64,
    is_packed: bool,
    kind: u8,
    name: Vec<u8>,
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(|bytes| u32::from_be_bytes(bytes).into())
}

fn read(file: &mut dyn ReadSeek, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Package {
    fn find(file: &mut dyn ReadSeek, whole: u64) -> io::Result<Option<Self>> {
        let from = whole.saturating_sub((whole / SIGNATURE).clamp(TAIL, LONGEST_TAIL));
        let tail = read(file, from, whole - from)?;
        let Some(at) = memchr::memmem::rfind(&tail, MAGIC) else { return Ok(None) };
        let fields = [8, 12, 16].map(|field| number(&tail, at + field));
        let [Some(length), Some(table), Some(size)] = fields else { return Ok(None) };
        let end = from + at as u64 + TRAILER;
        // Of its trailer the end may be missing.
        let start = end.checked_sub(length);
        Ok(start.map(|start| Self { start, table: start + table..start + table + size.min(TABLE), end }))
    }

    fn entries(&self, file: &mut dyn ReadSeek) -> io::Result<Option<Vec<Entry>>> {
        let table = read(file, self.table.start, self.table.end - self.table.start)?;
        let (mut entries, mut at) = (Vec::new(), 0);
        while at < table.len() {
            let entry = || {
                let size = usize::try_from(number(&table, at)?).ok().filter(|size| *size >= 18)?;
                let bytes = table.get(at..at.checked_add(size)?)?;
                let name = bytes.get(18..)?.split(|byte| *byte == 0).next()?.to_vec();
                let [place, packed, whole] = [4, 8, 12].map(|field| number(bytes, field));
                let (is_packed, kind) = (*bytes.get(16)? != 0, *bytes.get(17)?);
                Some((Entry { at: self.start + place?, packed: packed?, size: whole?, is_packed, kind, name }, size))
            };
            let Some((entry, size)) = entry() else { return Ok(None) };
            entries.push(entry);
            at += size;
        }
        Ok(Some(entries).filter(|entries| !entries.is_empty()))
    }

    /// Tells every file, and says where they stand. `None` if there is no table that can be read.
    fn tell(&self, file: &mut dyn ReadSeek, sink: &mut dyn Sink) -> Result<Option<Vec<Range<u64>>>, Halt> {
        let Some(entries) = self.entries(file)? else { return Ok(None) };
        let mut covered = Vec::new();
        let mut magic = None;
        // Once a key was there, modules were encrypted by it.
        let is_encrypted = entries.iter().any(|entry| entry.name.starts_with(KEY));
        for entry in entries.iter().filter(|entry| entry.kind == b'z') {
            let head = read(file, entry.at, 8)?;
            magic = magic.or(head.strip_prefix(b"PYZ\0").and_then(|magic| <[u8; 4]>::try_from(magic).ok()));
        }
        let mut left = self.end;
        for entry in &entries {
            let range = entry.at..entry.at.saturating_add(entry.packed);
            // Honest files have their bytes each for itself.
            let Some(fewer) = left.checked_sub(entry.packed).filter(|_| range.end <= self.end) else {
                let detail = format!("PyInstaller: {} is not whole, or shares its bytes", escaped(&entry.name));
                sink.gap(GapReason::Damaged, detail, None);
                continue;
            };
            left = fewer;
            let told = match entry.kind {
                b'z' if is_encrypted => {
                    sink.gap(GapReason::Encrypted, "PyInstaller: the archive of modules".into(), Some(entry.packed));
                    false
                }
                b'z' if !entry.is_packed => modules(file, entry, sink)?,
                kind => {
                    let header = magic.filter(|_| matches!(kind, b's' | b'm' | b'M'));
                    file.seek(SeekFrom::Start(entry.at))?;
                    let body = (&mut *file).take(entry.packed);
                    match entry.is_packed {
                        true => member(sink, &entry.name, entry.size, header, flate2::read::ZlibDecoder::new(body))?,
                        false => member(sink, &entry.name, entry.size, header, body)?,
                    }
                }
            };
            if told {
                covered.push(range);
            }
        }
        Ok(Some(covered))
    }
}

/// Tells a file, as a module with the header that belongs before its code. `false` if it is not whole.
fn member(sink: &mut dyn Sink, name: &[u8], size: u64, magic: Option<[u8; 4]>, mut body: impl Read) -> Result<bool, Halt> {
    let mut start = Vec::new();
    let (mut name, mut is_whole) = (name.to_vec(), true);
    if let Some(magic) = magic {
        name.extend(b".pyc");
        is_whole = (&mut body).take(4).read_to_end(&mut start).is_ok();
        // Some versions keep the header.
        if start != magic {
            start.splice(0..0, magic.into_iter().chain(HEADER));
        }
    }
    let mut body = start.as_slice().chain(body);
    sink.member(&Member { name: &name, kind: MemberKind::File, size: Some(size) }, &mut body)?;
    is_whole &= io::copy(&mut body, &mut io::sink()).is_ok();
    if !is_whole {
        let detail = format!("PyInstaller: {} cannot be unpacked to its end", escaped(&name));
        sink.gap(GapReason::Damaged, detail, None);
    }
    Ok(is_whole)
}

/// Tells the modules of the archive within the archive. `false` if not all of them could be read.
fn modules(file: &mut dyn ReadSeek, entry: &Entry, sink: &mut dyn Sink) -> Result<bool, Halt> {
    let head = read(file, entry.at, 12)?;
    let magic = head.get(4..8).and_then(|magic| <[u8; 4]>::try_from(magic).ok());
    let table = number(&head, 8).filter(|at| *at < entry.packed);
    let (Some(magic), Some(table)) = (magic.filter(|_| head.starts_with(b"PYZ\0")), table) else {
        sink.gap(GapReason::Damaged, "PyInstaller: an archive of modules that is none".into(), None);
        return Ok(false);
    };
    let bytes = read(file, entry.at + table, (entry.packed - table).min(TABLE))?;
    let Some(listed) = listing(&bytes) else {
        sink.gap(GapReason::Unsupported, "PyInstaller: a table of modules that cannot be read".into(), None);
        return Ok(false);
    };
    let (mut is_whole, mut left) = (true, entry.packed);
    for (name, at, length) in listed {
        let Some(fewer) = left.checked_sub(length) else {
            sink.gap(GapReason::Damaged, "PyInstaller: modules that share their bytes; not all were read".into(), None);
            return Ok(false);
        };
        left = fewer;
        file.seek(SeekFrom::Start(entry.at.saturating_add(at)))?;
        let body = flate2::read::ZlibDecoder::new((&mut *file).take(length));
        is_whole &= member(sink, &name, length, Some(magic), body)?;
    }
    Ok(is_whole)
}

/// The marshalled table of modules: a list of `(name, (kind, position, length))`.
fn listing(bytes: &[u8]) -> Option<Vec<(Vec<u8>, u64, u64)>> {
    let mut table = Marshalled { bytes, at: 0, kept: Vec::new() };
    let count = table.open(b'[')?.then(|| table.long())??;
    let mut found = Vec::new();
    for _ in 0..count {
        (table.open(b')')? && table.byte()? == 2).then_some(())?;
        let name = table.text()?;
        (table.open(b')')? && table.byte()? == 3).then_some(())?;
        let (_, at, length) = (table.number()?, table.number()?, table.number()?);
        found.push((name, at.into(), length.into()));
    }
    Some(found)
}

/// As much of the format of Python's `marshal` as such a table needs.
struct Marshalled<'m> {
    bytes: &'m [u8],
    at: usize,
    /// What may be referred to later, if it is a number.
    kept: Vec<Option<u32>>,
}

impl Marshalled<'_> {
    fn byte(&mut self) -> Option<u8> {
        self.at += 1;
        self.bytes.get(self.at - 1).copied()
    }

    fn long(&mut self) -> Option<u32> {
        self.at += 4;
        self.bytes.get(self.at - 4..self.at)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// The kind of the next object. One with a flag can be referred to.
    fn kind(&mut self) -> Option<u8> {
        let kind = self.byte()?;
        if kind & 0x80 != 0 {
            self.kept.push(None);
        }
        Some(kind & 0x7f)
    }

    fn open(&mut self, kind: u8) -> Option<bool> {
        Some(self.kind()? == kind)
    }

    fn text(&mut self) -> Option<Vec<u8>> {
        let length = match self.kind()? {
            b'z' | b'Z' => self.byte()?.into(),
            b'a' | b'A' | b'u' | b't' | b's' => usize::try_from(self.long()?).ok()?,
            _ => return None,
        };
        let start = self.at;
        self.at = start.checked_add(length)?;
        self.bytes.get(start..self.at).map(<[u8]>::to_vec)
    }

    fn number(&mut self) -> Option<u32> {
        let before = self.kept.len();
        match self.kind()? {
            b'i' => {
                let number = self.long()?;
                if let Some(kept) = self.kept.get_mut(before) {
                    *kept = Some(number);
                }
                Some(number)
            }
            b'r' => {
                let index = self.long()?;
                *self.kept.get(index as usize)?
            }
            b'F' | b'N' => Some(0),
            b'T' => Some(1),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_modules_refers_to_numbers_it_had() {
        let first = b"\xa9\x02\xda\x01a\xa9\x03\xe9\0\0\0\0i\x11\0\0\0i\x05\0\0\0";
        let second = b"\xa9\x02\xda\x01b\xa9\x03r\x04\0\0\0i\x16\0\0\0i\x06\0\0\0";
        let table = [&b"\xdb\x02\0\0\0"[..], first, second].concat();
        assert_eq!(listing(&table), Some(vec![(b"a".to_vec(), 17, 5), (b"b".to_vec(), 22, 6)]));
        for cut in 0..table.len() {
            assert_eq!(listing(&table[..cut]), None, "{cut}");
        }
    }
}
