//! RAR: headers and the files that are stored. What is compressed is a gap for each file, since nobody but its makers
//! describes how.
//!
//! Formats: RAR 5.0 archive format (<https://www.rarlab.com/technote.htm>); version 1.5 to 4 as in its `technote.txt`.

use super::super::cursor::{le16, le32};
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink};
use super::fields::up_to;
use super::spans::{Span, uncovered};
use crate::finding::GapReason;
use crate::place::escaped;
use std::io::{self, Read, Seek, SeekFrom};

/// RAR.
pub struct Rar;

/// How archives of version 1.5 to 4, and from 5 on, begin.
const OLD: &[u8] = b"Rar!\x1a\x07\0";
const NEW: &[u8] = b"Rar!\x1a\x07\x01\0";

/// Bytes of a header that are read.
const HEADER: u64 = 64 << 10;

impl Extractor for Rar {
    fn name(&self) -> &'static str {
        "rar"
    }

    fn about(&self) -> About {
        About {
            title: "RAR",
            reads: "files that are stored; names of all",
            limits: "each compressed or encrypted file is a gap",
            specification: "https://www.rarlab.com/technote.htm",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, OLD) || head.has(0, NEW)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let is_new = input.head()?.starts_with(NEW);
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        let mut at = if is_new { NEW.len() } else { OLD.len() } as u64;
        let mut covered = Vec::new();
        let mut ended = false;
        while at < length && !ended {
            file.seek(SeekFrom::Start(at))?;
            let bytes = up_to(&mut file, HEADER)?;
            let Some(block) = (if is_new { new_block(&bytes) } else { old_block(&bytes) }) else { break };
            let body = at + block.header;
            match block.kind {
                Kind::Encrypted => {
                    sink.gap(GapReason::Encrypted, "rar: the names of the files are encrypted".into(), Some(length - at));
                    ended = true;
                }
                Kind::End => ended = true,
                Kind::File(entry) => {
                    let label = escaped(&entry.name);
                    match entry.how {
                        How::Stored => {
                            file.seek(SeekFrom::Start(body))?;
                            let mut reader = (&mut file).take(block.data);
                            let member = Member { name: &entry.name, kind: MemberKind::File, size: Some(block.data) };
                            sink.member(&member, &mut reader)?;
                            io::copy(&mut reader, &mut io::sink())?;
                            covered.push(Span::of(body, block.data));
                            if body.saturating_add(block.data) > length {
                                sink.gap(GapReason::Truncated, format!("rar: {label} ends early"), None);
                            }
                        }
                        How::Packed => sink.gap(GapReason::Unsupported, format!("rar: {label} is compressed"), Some(block.data)),
                        How::Encrypted => sink.gap(GapReason::Encrypted, format!("rar: {label} is encrypted"), Some(block.data)),
                        How::Folder => {}
                    }
                }
                Kind::Other => {}
            }
            at = body.saturating_add(block.data);
        }
        if !ended {
            sink.gap(GapReason::Truncated, "rar: no header where one belongs; the rest was scanned as it is".into(), None);
        }
        uncovered(&mut file, length, covered, sink)
    }
}

/// How a file is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Stored,
    Packed,
    Encrypted,
    Folder,
}

struct Entry {
    name: Vec<u8>,
    how: How,
}

enum Kind {
    File(Entry),
    /// What follows is encrypted.
    Encrypted,
    End,
    Other,
}

struct Block {
    kind: Kind,
    /// Bytes of the header, and of what follows it.
    header: u64,
    data: u64,
}

/// Numbers of seven bits a byte, the lowest first.
struct Numbers<'a>(&'a [u8]);

impl<'a> Numbers<'a> {
    fn next(&mut self) -> Option<u64> {
        let mut number = 0;
        for index in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f).checked_shl(7 * index).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, count: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(taken)
    }
}

fn new_block(bytes: &[u8]) -> Option<Block> {
    let mut outer = Numbers(bytes.get(4..)?);
    let size = outer.next().filter(|size| *size > 0)?;
    let before = (bytes.len() - outer.0.len()) as u64;
    let mut fields = Numbers(outer.take(size)?);
    let header = before + size;
    let (kind, flags) = (fields.next()?, fields.next()?);
    let extra = if flags & 1 != 0 { fields.next()? } else { 0 };
    let data = if flags & 2 != 0 { fields.next()? } else { 0 };
    let kind = match kind {
        2 => Kind::File(new_file(&mut fields, extra)?),
        4 => Kind::Encrypted,
        5 => Kind::End,
        _ => Kind::Other,
    };
    Some(Block { kind, header, data })
}

fn new_file(fields: &mut Numbers<'_>, extra: u64) -> Option<Entry> {
    let (flags, _size, _attributes) = (fields.next()?, fields.next()?, fields.next()?);
    fields.take(if flags & 2 != 0 { 4 } else { 0 })?;
    fields.take(if flags & 4 != 0 { 4 } else { 0 })?;
    let (method, _system, length) = (fields.next()? >> 7 & 7, fields.next()?, fields.next()?);
    let name = fields.take(length)?.to_vec();
    let mut records = Numbers(fields.take(extra).unwrap_or_default());
    let mut encrypted = false;
    while let Some(size) = records.next() {
        let Some(record) = records.take(size) else { break };
        encrypted |= Numbers(record).next() == Some(1);
    }
    let how = match method {
        _ if encrypted => How::Encrypted,
        _ if flags & 1 != 0 => How::Folder,
        0 => How::Stored,
        _ => How::Packed,
    };
    Some(Entry { name, how })
}

fn old_block(bytes: &[u8]) -> Option<Block> {
    let (kind, flags, header) = (*bytes.get(2)?, le16(bytes, 3)?, le16(bytes, 5)?);
    if header < 7 {
        return None;
    }
    let mut data = if flags & 0x8000 != 0 { le32(bytes, 7)?.into() } else { 0 };
    let kind = match kind {
        // The headers behind this one are encrypted.
        0x73 if flags & 0x80 != 0 => Kind::Encrypted,
        0x74 => {
            let high = if flags & 0x100 != 0 { le32(bytes, 32)? } else { 0 };
            data |= u64::from(high) << 32;
            let start = if flags & 0x100 != 0 { 40 } else { 32 };
            let name = bytes.get(start..start + usize::from(le16(bytes, 26)?))?;
            // A name may be followed by a zero and how it differs in UTF-16.
            let name = name.split(|byte| *byte == 0).next()?.to_vec();
            let how = match *bytes.get(25)? {
                _ if flags & 4 != 0 => How::Encrypted,
                _ if flags & 0xe0 == 0xe0 => How::Folder,
                0x30 => How::Stored,
                _ => How::Packed,
            };
            Kind::File(Entry { name, how })
        }
        0x7b => Kind::End,
        0x72..=0x7a => Kind::Other,
        _ => return None,
    };
    Some(Block { kind, header: header.into(), data })
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    /// An archive from version 5 on of files, each with its method.
    fn new(files: &[(&str, u8, &str)]) -> Vec<u8> {
        let block = |fields: &[u8]| [&[0; 4][..], &[fields.len() as u8], fields].concat();
        let mut out = [NEW, &block(&[1, 0, 0])].concat();
        for (name, method, text) in files {
            // Method 1 is the number 128.
            let method = if *method == 0 { vec![0] } else { vec![0x80, *method] };
            let length = text.len() as u8;
            let head = [&[2, 2, length, 0, length, 0][..], &method, &[0, name.len() as u8]].concat();
            out.extend(block(&[&head, name.as_bytes()].concat()));
            out.extend(text.as_bytes());
        }
        [out, block(&[5, 0, 0])].concat()
    }

    /// The same of version 4.
    fn old(files: &[(&str, u8, &str)]) -> Vec<u8> {
        let mut out = [OLD, b"\0\0\x73\0\0\x0d\0\0\0\0\0\0\0"].concat();
        for (name, method, text) in files {
            let length = (text.len() as u32).to_le_bytes();
            let header = (32 + name.len() as u16).to_le_bytes();
            out.extend([&b"\0\0\x74\0\x80"[..], &header, &length, &length, &[0; 10], &[0x30 + method]].concat());
            out.extend([&[name.len() as u8, 0, 0, 0, 0, 0][..], name.as_bytes(), text.as_bytes()].concat());
        }
        [out, b"\0\0\x7b\0\0\x07\0".to_vec()].concat()
    }

    #[test]
    fn stored_files_are_read_and_others_are_gaps() {
        for make in [new, old] {
            let bytes = make(&[("a", 0, "one"), ("b", 3, "two"), ("c", 0, "three")]);
            assert!(Rar.probe(&Head { start: &bytes, tail: &[] }));
            let found = seen(&Rar, &bytes);
            assert_eq!((found.members, found.gaps), (vec![("a", "one"), ("c", "three")].into(), vec![GapReason::Unsupported]));
            for cut in 8..bytes.len() - 1 {
                assert!(!seen(&Rar, &make(&[("a", 0, "one")])[..cut.min(20)]).gaps.is_empty());
            }
        }
    }

    #[test]
    fn a_block_longer_than_all_there_is_ends_the_archive() {
        let endless = [NEW, &[0; 4], &[0xff; 9], &[1, 2, 2, 0]].concat();
        assert_eq!(seen(&Rar, &endless).gaps.len(), 1);
    }
}
