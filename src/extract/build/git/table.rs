//! All objects of a pack: where each begins, and which is a delta against which.
//!
//! A pack says where an object begins only by where the one before it ends, so all of it is inflated once to know that.

use super::super::super::Sink;
use super::blocks::Blocks;
use super::damage;
use crate::finding::GapReason;
use crate::repository::{Format, Kind};
use std::collections::HashMap;
use std::io::{self, Read};

/// Objects that are remembered, 24 bytes each. Those behind them are scanned without names.
pub(super) const OBJECTS: usize = 1 << 20;

/// No object.
pub(super) const NONE: u32 = u32::MAX;

/// An object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object {
    pub(super) offset: u64,
    /// What it is a delta against.
    pub(super) parent: u32,
    /// The last of those that are deltas against it, and of those against its parent the one before it.
    pub(super) child: u32,
    pub(super) next: u32,
    /// What it is, unless it is a delta.
    pub(super) kind: Option<Kind>,
}

/// What stands before the stream of an object.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub(super) base: Base,
    /// Bytes that the stream inflates to.
    pub(super) size: u64,
    /// Where the stream begins.
    pub(super) stream: u64,
}

/// What an object is, or what it is a delta against.
#[derive(Debug, PartialEq)]
pub(super) enum Base {
    Whole(Kind),
    /// The object that begins there.
    At(u64),
    Named(Vec<u8>),
}

/// Reads the header at `at`. `None` if there is none.
pub(super) fn header(blocks: &mut Blocks<'_>, at: u64) -> io::Result<Option<Header>> {
    let bytes = blocks.some(at, 64)?;
    Ok(parsed(&bytes, at))
}

fn parsed(bytes: &[u8], at: u64) -> Option<Header> {
    let mut taken = 0;
    let mut byte = || {
        let byte = bytes.get(taken).copied();
        taken += 1;
        byte
    };
    let first = byte()?;
    let (mut size, mut shift, mut last) = (u64::from(first & 0x0f), 4, first);
    while last >= 0x80 {
        last = byte()?;
        size |= u64::from(last & 0x7f).checked_shl(shift).filter(|_| shift < 60)?;
        shift += 7;
    }
    let base = match first >> 4 & 7 {
        1 => Base::Whole(Kind::Commit),
        2 => Base::Whole(Kind::Tree),
        3 => Base::Whole(Kind::Blob),
        4 => Base::Whole(Kind::Tag),
        6 => {
            let mut last = byte()?;
            let mut back = u64::from(last & 0x7f);
            while last >= 0x80 {
                last = byte()?;
                back = (back + 1).checked_mul(128)? | u64::from(last & 0x7f);
            }
            Base::At(at.checked_sub(back).filter(|base| *base < at)?)
        }
        7 => {
            // The one of both lengths behind which a stream begins.
            let fits = |format: &Format| bytes.get(taken + format.width()..).is_some_and(is_stream);
            let width = [Format::Sha1, Format::Sha256].iter().find(|format| fits(format))?.width();
            let id = bytes.get(taken..taken + width)?.to_vec();
            taken += width;
            Base::Named(id)
        }
        _ => return None,
    };
    Some(Header { base, size, stream: at + taken as u64 })
}

/// Whether these bytes begin like a zlib stream (RFC 1950, section 2.2).
pub(super) fn is_stream(bytes: &[u8]) -> bool {
    matches!(bytes, [method, flags, ..] if method & 0x8f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31))
}

/// The objects of a pack.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) objects: Vec<Object>,
    /// Deltas against objects that are known by their ids alone.
    pub(super) pending: HashMap<Vec<u8>, Vec<u32>>,
    pub(super) format: Format,
    /// Stretches that are no objects.
    pub(super) damaged: Vec<(u64, u64)>,
    /// Where the objects that are remembered end.
    pub(super) end: u64,
    /// How many are not.
    pub(super) left: u64,
}

impl Table {
    /// Goes through `count` objects from `start` on, inflating no more than `work` bytes.
    pub(super) fn read(blocks: &mut Blocks<'_>, start: u64, count: u64, work: &mut u64, sink: &mut dyn Sink) -> io::Result<Self> {
        let mut table = Self { end: start, left: count, ..Self::default() };
        while table.left > 0 && table.objects.len() < OBJECTS && *work > 0 {
            let at = table.end;
            if let Some((header, end)) = one(blocks, at, work)? {
                table.push(at, &header);
                (table.end, table.left) = (end, table.left - 1);
                continue;
            }
            if blocks.length() <= at + 32 {
                let detail = format!("git pack: {} objects fewer than it says", table.left);
                sink.gap(GapReason::Truncated, detail, None);
                table.damaged.push((at, blocks.length()));
                table.left = 0;
                break;
            }
            // What follows is looked for; how many objects were lost nobody knows.
            let next = damage::next(blocks, at + 1, work)?;
            let lost = next.unwrap_or(blocks.length());
            sink.gap(GapReason::Damaged, format!("git pack: no object at byte {at}; scanned as it is"), Some(lost - at));
            table.damaged.push((at, lost));
            table.end = lost;
            table.left = if next.is_some() { table.left.saturating_sub(1) } else { 0 };
        }
        if blocks.length() == table.end + 32 {
            table.format = Format::Sha256;
        }
        Ok(table)
    }

    fn push(&mut self, offset: u64, header: &Header) {
        let index = self.objects.len() as u32;
        let mut object = Object { offset, parent: NONE, child: NONE, next: NONE, kind: None };
        match &header.base {
            Base::Whole(kind) => object.kind = Some(*kind),
            Base::At(base) => {
                if let Ok(parent) = self.objects.binary_search_by_key(base, |object| object.offset) {
                    self.objects.push(object);
                    self.link(index, parent as u32);
                    return;
                }
            }
            Base::Named(id) => {
                if id.len() == Format::Sha256.width() {
                    self.format = Format::Sha256;
                }
                self.pending.entry(id.clone()).or_default().push(index);
            }
        }
        self.objects.push(object);
    }

    /// Notes that one is a delta against another.
    pub(super) fn link(&mut self, index: u32, parent: u32) {
        let Some(above) = self.objects.get_mut(parent as usize) else { return };
        let next = std::mem::replace(&mut above.child, index);
        if let Some(object) = self.objects.get_mut(index as usize) {
            (object.parent, object.next) = (parent, next);
        }
    }

    /// Those that are deltas against one, the last first.
    pub(super) fn children(&self, index: u32) -> impl Iterator<Item = u32> + '_ {
        let mut at = self.objects.get(index as usize).map_or(NONE, |object| object.child);
        std::iter::from_fn(move || {
            let here = self.objects.get(at as usize).map(|object| (at, object.next))?;
            at = here.1;
            Some(here.0)
        })
    }
}

/// The object at `at`, and where it ends, if it is whole.
pub(super) fn one(blocks: &mut Blocks<'_>, at: u64, work: &mut u64) -> io::Result<Option<(Header, u64)>> {
    let Some(header) = header(blocks, at)? else { return Ok(None) };
    Ok(inflated(blocks, header.stream, header.size, work)?.filter(|(size, _)| *size == header.size).map(|(_, end)| (header, end)))
}

/// How many bytes the stream at `at` inflates to, and where it ends; `None` for more than `most`, and for damage.
pub(super) fn inflated(blocks: &mut Blocks<'_>, at: u64, most: u64, work: &mut u64) -> io::Result<Option<(u64, u64)>> {
    let mut stream = blocks.stream(at);
    let mut buffer = [0; 16 << 10];
    let mut size = 0;
    *work = work.saturating_sub(64);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(stream.ended().then(|| (size, stream.position()))),
            Ok(count) => {
                size += count as u64;
                *work = work.saturating_sub(count as u64);
                if size > most || *work == 0 {
                    return Ok(None);
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_all_kinds() {
        let check = |bytes: &[u8], expected: Option<(Base, u64, u64)>| {
            let found = parsed(bytes, 1_000).map(|header| (header.base, header.size, header.stream - 1_000));
            assert_eq!(found, expected, "{bytes:?}");
        };
        check(b"\x1f", Some((Base::Whole(Kind::Commit), 15, 1)));
        check(b"\xb5\x0a", Some((Base::Whole(Kind::Blob), 0xa5, 2)));
        check(b"\x61\x80\x01", Some((Base::At(1_000 - 129), 1, 3)));
        check(b"\x61\x05", Some((Base::At(995), 1, 2)));
        check(b"\x61\x00", None);
        check(b"\x61\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None);
        for width in [20, 32] {
            let bytes = [&b"\x71"[..], &vec![7; width], b"\x78\x9c"].concat();
            check(&bytes, Some((Base::Named(vec![7; width]), 1, width as u64 + 1)));
        }
        check(b"\x01", None);
        check(b"\x51", None);
        check(b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", None);
        check(b"\xb5", None);
        check(b"", None);
    }
}
