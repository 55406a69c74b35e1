//! The headers of RAR, from version 1.5 on.

use super::super::super::cursor::{Cursor, le16, le32};

/// How a file is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Stored,
    Packed,
    Encrypted,
    Folder,
}

pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) how: How,
    /// Whether a part of it is in another volume.
    pub(super) is_split: bool,
    /// Ten times the version of the program that can unpack it.
    pub(super) version: u8,
}

pub(super) enum Kind {
    File(Entry),
    /// What serves the archive and is no file: a comment, streams of NTFS. Only if it is packed.
    Service(Entry),
    /// What follows is encrypted.
    Encrypted,
    End,
    Other,
}

pub(super) struct Block {
    pub(super) kind: Kind,
    /// Bytes of the header, and of what follows it.
    pub(super) header: u64,
    pub(super) data: u64,
}

impl Entry {
    /// The comment of the archive, where it is no block that tells its method.
    fn comment() -> Self {
        Self { name: COMMENT.to_vec(), how: How::Packed, is_split: false, version: 0 }
    }
}

/// What the comment of an archive is called among what serves it.
pub(super) const COMMENT: &[u8] = b"CMT";

/// Bytes of the first header of old archives, unless there is more in it.
const MAIN: u16 = 13;

/// What is not packed is scanned as it is.
fn service(entry: Entry) -> Kind {
    if matches!(entry.how, How::Packed | How::Encrypted) { Kind::Service(entry) } else { Kind::Other }
}

pub(super) fn new_block(bytes: &[u8]) -> Option<Block> {
    let mut outer = Cursor::at(bytes, 4);
    let size = outer.varint().filter(|size| *size > 0)?;
    let mut fields = Cursor::new(outer.take_long(size)?);
    let header = outer.position() as u64;
    let (kind, flags) = (fields.varint()?, fields.varint()?);
    let extra = if flags & 1 != 0 { fields.varint()? } else { 0 };
    let data = if flags & 2 != 0 { fields.varint()? } else { 0 };
    let is_split = flags & 0x18 != 0;
    let kind = match kind {
        2 => Kind::File(new_file(&mut fields, extra, is_split)?),
        3 => service(new_file(&mut fields, extra, is_split)?),
        4 => Kind::Encrypted,
        5 => Kind::End,
        _ => Kind::Other,
    };
    Some(Block { kind, header, data })
}

fn new_file(fields: &mut Cursor<'_>, extra: u64, is_split: bool) -> Option<Entry> {
    let (flags, _size, _attributes) = (fields.varint()?, fields.varint()?, fields.varint()?);
    fields.take(if flags & 2 != 0 { 4 } else { 0 })?;
    fields.take(if flags & 4 != 0 { 4 } else { 0 })?;
    let (method, _system, length) = (fields.varint()? >> 7 & 7, fields.varint()?, fields.varint()?);
    let name = fields.take_long(length)?.to_vec();
    let mut records = Cursor::new(fields.take_long(extra).unwrap_or_default());
    let mut encrypted = false;
    while let Some(size) = records.varint() {
        let Some(record) = records.take_long(size) else { break };
        encrypted |= Cursor::new(record).varint() == Some(1);
    }
    let how = match method {
        _ if encrypted => How::Encrypted,
        _ if flags & 1 != 0 => How::Folder,
        0 => How::Stored,
        _ => How::Packed,
    };
    Some(Entry { name, how, is_split, version: 50 })
}

pub(super) fn old_block(bytes: &[u8]) -> Option<Block> {
    let (kind, flags, header) = (*bytes.get(2)?, le16(bytes, 3)?, le16(bytes, 5)?);
    if header < 7 {
        return None;
    }
    let mut data = if flags & 0x8000 != 0 { le32(bytes, 7)?.into() } else { 0 };
    let kind = match kind {
        // The headers behind this one are encrypted.
        0x73 if flags & 0x80 != 0 => Kind::Encrypted,
        // A comment, within the header or behind it, as the oldest have it.
        0x73 if header > MAIN => service(Entry::comment()),
        0x75 => service(Entry::comment()),
        0x74 | 0x7a => {
            let high = if flags & 0x100 != 0 { le32(bytes, 32)? } else { 0 };
            data |= u64::from(high) << 32;
            let start = if flags & 0x100 != 0 { 40 } else { 32 };
            let name = bytes.get(start..start + usize::from(le16(bytes, 26)?))?;
            let name = if flags & 0x200 != 0 { wide(name) } else { name.to_vec() };
            let how = match *bytes.get(25)? {
                _ if flags & 4 != 0 => How::Encrypted,
                _ if kind == 0x74 && flags & 0xe0 == 0xe0 => How::Folder,
                0x30 => How::Stored,
                _ => How::Packed,
            };
            let entry = Entry { name, how, is_split: flags & 3 != 0, version: *bytes.get(24)? };
            if kind == 0x74 { Kind::File(entry) } else { service(entry) }
        }
        0x7b => Kind::End,
        0x72..=0x7a => Kind::Other,
        _ => return None,
    };
    Some(Block { kind, header: header.into(), data })
}

/// A name with letters of other alphabets: behind it a zero, and how it differs in UTF-16. Without the zero it is UTF-8.
fn wide(name: &[u8]) -> Vec<u8> {
    let Some(at) = memchr::memchr(0, name) else { return name.to_vec() };
    let (plain, packed) = name.split_at(at);
    let units = units(plain, packed.get(1..).unwrap_or_default());
    if units.is_empty() { plain.to_vec() } else { String::from_utf16_lossy(&units).into_bytes() }
}

/// Undoes how a name is packed: two bits say how the next letter is, or the next few, four of these in a byte.
fn units(plain: &[u8], packed: &[u8]) -> Vec<u16> {
    let mut bytes = packed.iter().copied();
    let mut units: Vec<u16> = Vec::new();
    let Some(high) = bytes.next().map(|high| u16::from(high) << 8) else { return units };
    let plain = |at: usize| u16::from(plain.get(at).copied().unwrap_or_default());
    while let Some(kinds) = bytes.next() {
        for shift in [6, 4, 2, 0] {
            let Some(next) = bytes.next() else { return units };
            let low = u16::from(next);
            match kinds >> shift & 3 {
                0 => units.push(low),
                1 => units.push(high | low),
                2 => units.push(low | u16::from(bytes.next().unwrap_or_default()) << 8),
                // As the plain name has them, or so much more than that.
                _ => {
                    let more = (next & 0x80 != 0).then(|| bytes.next().unwrap_or_default());
                    for at in units.len()..units.len() + usize::from(next & 0x7f) + 2 {
                        units.push(more.map_or(plain(at), |more| high | (plain(at) + u16::from(more)) & 0xff));
                    }
                }
            }
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_alphabets_are_undone() {
        let check = |name: &[u8], expected: &str| assert_eq!(String::from_utf8(wide(name)).unwrap(), expected);
        check("größe".as_bytes(), "größe");
        // One letter of the usual page, two of page 4, one of any, then three as they are.
        check(b"a??_txt\0\x04\x14a\x3f\x3e\x5f\xc0\x01", "aпо_txt");
        check(b"a?b\0\x04\x20a\xac\x20b", "a€b");
        check(b"abc\0\x04\xc0\x81\x01", "ѢѣѤ");
        check(b"abc\0", "abc");
    }
}
