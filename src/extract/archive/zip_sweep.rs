//! What a zip's central directory does not cover: entries it leaves out, entries that share a name
//! with a later one, whatever stands before the first header and behind the end.

use super::super::{Halt, Input, Member, MemberKind, ReadSeek, Sink};
use crate::finding::GapReason;
use crate::place::escaped;
use flate2::bufread::DeflateDecoder;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Bytes of the file, from `start` up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) end: u64,
}

type File<'f> = Box<dyn ReadSeek + 'f>;

/// Signature of a local header (APPNOTE.TXT 4.3.7), and its length without name and extra field.
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_LEN: usize = 30;

/// Reads all that `covered` does not: entries by their own headers, the rest as raw bytes.
pub(super) fn sweep(file: &mut File<'_>, length: u64, mut covered: Vec<Span>, sink: &mut dyn Sink) -> Result<(), Halt> {
    covered.sort();
    covered.push(Span { start: length, end: length });
    let mut at = 0;
    for span in covered {
        if span.start > at {
            uncovered(file, Span { start: at, end: span.start.min(length) }, sink)?;
        }
        at = at.max(span.end);
    }
    Ok(())
}

fn uncovered(file: &mut File<'_>, span: Span, sink: &mut dyn Sink) -> Result<(), Halt> {
    let mut at = span.start;
    while let Some(header) = find(file, at, span.end)? {
        raw(file, Span { start: at, end: header }, sink)?;
        at = match entry(file, header, span.end, sink)? {
            Some(end) if end > header => end.min(span.end),
            _ => {
                // No entry after all, or one that cannot be read: its bytes as they are.
                let next = (header + LOCAL.len() as u64).min(span.end);
                raw(file, Span { start: header, end: next }, sink)?;
                next
            }
        };
    }
    raw(file, Span { start: at, end: span.end }, sink)
}

/// The next local header's offset between `start` and `end`.
fn find(file: &mut File<'_>, start: u64, end: u64) -> io::Result<Option<u64>> {
    const CHUNK: u64 = 64 << 10;
    let mut at = start;
    let mut chunk = Vec::new();
    while at < end {
        chunk.clear();
        file.seek(SeekFrom::Start(at))?;
        let read = file.take((end - at).min(CHUNK)).read_to_end(&mut chunk)? as u64;
        if let Some(found) = memchr::memmem::find(&chunk, LOCAL) {
            return Ok(Some(at + found as u64));
        }
        if read < CHUNK {
            break;
        }
        // A signature may lie across the border.
        at += read - (LOCAL.len() as u64 - 1);
    }
    Ok(None)
}

fn raw(file: &mut File<'_>, span: Span, sink: &mut dyn Sink) -> Result<(), Halt> {
    if span.end > span.start {
        file.seek(SeekFrom::Start(span.start))?;
        sink.raw(&mut file.take(span.end - span.start))?;
    }
    Ok(())
}

/// Reads the entry whose local header stands at `offset`. Returns where it ends, or `None` if that
/// cannot be told.
fn entry(file: &mut File<'_>, offset: u64, end: u64, sink: &mut dyn Sink) -> Result<Option<u64>, Halt> {
    let Some(local) = Local::read(file, offset)? else { return Ok(None) };
    if local.data_start > end {
        return Ok(None);
    }
    let label = escaped(&local.name);
    if local.flags & 1 != 0 {
        sink.gap(GapReason::Encrypted, format!("zip: {label} is encrypted"), Some(local.stored));
        return Ok(None);
    }
    let missing = || format!("zip: {label} is not in the central directory as its local header has it; scanned too");
    let kind = if local.name.ends_with(b"/") { MemberKind::Directory } else { MemberKind::File };
    let member = Member { name: &local.name, kind, size: None };
    file.seek(SeekFrom::Start(local.data_start))?;
    match local.method {
        0 if local.stored > 0 && local.data_start.saturating_add(local.stored) <= end => {
            sink.gap(GapReason::Disagreement, missing(), None);
            sink.member(&member, &mut file.take(local.stored))?;
            Ok(Some(local.data_start + local.stored))
        }
        8 => {
            let mut body = DeflateDecoder::new(BufReader::new(file.take(end - local.data_start)));
            // A stray signature in other data is no entry: it does not inflate.
            let mut first = Vec::new();
            if (&mut body).take(4096).read_to_end(&mut first).is_err() {
                return Ok(None);
            }
            sink.gap(GapReason::Disagreement, missing(), None);
            sink.member(&member, &mut Input::stream(first, &mut body))?;
            let sound = io::copy(&mut body, &mut io::sink()).is_ok();
            let consumed = body.total_in();
            if !sound {
                sink.gap(GapReason::Damaged, format!("zip: {label}: deflate stream breaks off"), None);
                return Ok(None);
            }
            Ok(Some(local.data_start.saturating_add(consumed)))
        }
        0 => Ok(None),
        method => {
            sink.gap(
                GapReason::Unsupported,
                format!("zip: {label}: compression method {method} outside the central directory"),
                Some(local.stored),
            );
            Ok(None)
        }
    }
}

/// A local header.
struct Local {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    /// Compressed size; 0 where a data descriptor has it.
    stored: u64,
    data_start: u64,
}

impl Local {
    fn read(file: &mut File<'_>, offset: u64) -> io::Result<Option<Self>> {
        file.seek(SeekFrom::Start(offset))?;
        let mut header = [0; LOCAL_LEN];
        if file.read_exact(&mut header).is_err() {
            return Ok(None);
        }
        let u16_at = |at: usize| header.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).map_or(0, u16::from_le_bytes);
        let u32_at = |at: usize| header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
        let (name_len, extra_len) = (u64::from(u16_at(26)), u64::from(u16_at(28)));
        let mut name = Vec::new();
        file.take(name_len).read_to_end(&mut name)?;
        let whole = name.len() as u64 == name_len;
        Ok(whole.then_some(Self {
            name,
            flags: u16_at(6),
            method: u16_at(8),
            stored: u64::from(u32_at(18)),
            data_start: offset + LOCAL_LEN as u64 + name_len + extra_len,
        }))
    }
}
