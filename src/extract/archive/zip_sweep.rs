//! What a zip's central directory does not cover: entries it leaves out, entries that share a name
//! with a later one, whatever stands before the first header and behind the end.

use super::super::{Halt, Input, Member, MemberKind, ReadSeek, Sink};
use super::spans::Span;
use super::zip::LOCAL_LEN;
use crate::finding::GapReason;
use crate::place::escaped;
use flate2::bufread::DeflateDecoder;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

type File<'f> = Box<dyn ReadSeek + 'f>;

/// Signature of a local header (APPNOTE.TXT 4.3.7).
const LOCAL: &[u8] = b"PK\x03\x04";

/// Reads all that `covered` does not: entries by their own headers, the rest as raw bytes.
pub(super) fn sweep(file: &mut File<'_>, length: u64, mut covered: Vec<Span>, sink: &mut dyn Sink) -> Result<(), Halt> {
    covered.sort();
    covered.push(Span { start: length, end: length });
    let mut sweep = Sweep { file, sink, chunk: Vec::new(), chunk_start: 0, trials: length.saturating_add(TRIALS) };
    let mut at = 0;
    for span in covered {
        if span.start > at {
            sweep.uncovered(Span { start: at, end: span.start.min(length) })?;
        }
        at = at.max(span.end);
    }
    Ok(())
}

/// Bytes of entries that turn out not to be any may be read once more than the file has, and as many more.
const TRIALS: u64 = 1 << 20;

/// What a look at a header costs at least: it means to jump about in the file.
const TRIAL: u64 = 4096;

/// Bytes in which headers are looked for at a time.
const CHUNK: u64 = 64 << 10;

struct Sweep<'s, 'f> {
    file: &'s mut File<'f>,
    sink: &'s mut dyn Sink,
    /// Bytes in which headers are looked for, and where they stand in the file.
    chunk: Vec<u8>,
    chunk_start: u64,
    /// What may still be read in vain. Signatures that are none could each have the same bytes read again.
    trials: u64,
}

impl Sweep<'_, '_> {
    fn uncovered(&mut self, span: Span) -> Result<(), Halt> {
        let (mut at, mut raw) = (span.start, span.start);
        while let Some(header) = self.find(at, span.end)? {
            if self.trials == 0 {
                let detail = "zip: too many headers of entries that are none; the rest was scanned as raw bytes";
                self.sink.gap(GapReason::Damaged, detail.into(), Some(span.end - header));
                break;
            }
            match self.entry(header, span.end)? {
                Some(end) if end > header => {
                    self.raw(Span { start: raw, end: header })?;
                    at = end.min(span.end);
                    raw = at;
                }
                // No entry after all, or one that cannot be read: its bytes as they are.
                _ => {
                    self.trials = self.trials.saturating_sub(TRIAL);
                    at = header + LOCAL.len() as u64;
                }
            }
        }
        self.raw(Span { start: raw, end: span.end })
    }

    /// The next local header's offset between `start` and `end`.
    fn find(&mut self, start: u64, end: u64) -> io::Result<Option<u64>> {
        let mut at = start;
        while at < end {
            let chunk_end = self.chunk_start + self.chunk.len() as u64;
            if at < self.chunk_start || at + LOCAL.len() as u64 > chunk_end {
                self.chunk.clear();
                self.chunk_start = at;
                self.file.seek(SeekFrom::Start(at))?;
                self.file.take(CHUNK).read_to_end(&mut self.chunk)?;
            }
            let chunk_end = self.chunk_start + self.chunk.len() as u64;
            let ahead = usize::try_from(at - self.chunk_start).ok().and_then(|skipped| self.chunk.get(skipped..));
            if let Some(found) = memchr::memmem::find(ahead.unwrap_or_default(), LOCAL) {
                let header = at + found as u64;
                return Ok((header + LOCAL.len() as u64 <= end).then_some(header));
            }
            // A signature may lie across the border.
            let next = chunk_end.saturating_sub(LOCAL.len() as u64 - 1);
            if next <= at {
                break;
            }
            at = next;
        }
        Ok(None)
    }

    fn raw(&mut self, span: Span) -> Result<(), Halt> {
        if span.end > span.start {
            self.file.seek(SeekFrom::Start(span.start))?;
            self.sink.raw_at(span.start, &mut self.file.take(span.end - span.start))?;
        }
        Ok(())
    }

    /// Reads the entry whose local header stands at `offset`. Returns where it ends, or `None` if that
    /// cannot be told.
    fn entry(&mut self, offset: u64, end: u64) -> Result<Option<u64>, Halt> {
        let Some(local) = Local::read(self.file, offset)? else { return Ok(None) };
        if local.data_start > end {
            return Ok(None);
        }
        let label = escaped(&local.name);
        if local.flags & 1 != 0 {
            self.sink.gap(GapReason::Encrypted, format!("zip: {label} is encrypted"), Some(local.stored));
            return Ok(None);
        }
        match local.method {
            0 if local.stored > 0 && local.data_start.saturating_add(local.stored) <= end => {
                self.missing(&label);
                self.file.seek(SeekFrom::Start(local.data_start))?;
                self.sink.member(&local.member(), &mut self.file.take(local.stored))?;
                Ok(Some(local.data_start + local.stored))
            }
            8 => self.deflated(&local, &label, end),
            0 => Ok(None),
            method => {
                self.sink.gap(
                    GapReason::Unsupported,
                    format!("zip: {label}: compression method {method} in its local header"),
                    Some(local.stored),
                );
                Ok(None)
            }
        }
    }

    fn deflated(&mut self, local: &Local, label: &str, end: u64) -> Result<Option<u64>, Halt> {
        self.file.seek(SeekFrom::Start(local.data_start))?;
        let mut body = DeflateDecoder::new(BufReader::new((&mut *self.file).take(end - local.data_start)));
        // A stray signature in other data is no entry: it does not inflate.
        let mut first = Vec::new();
        let mut sound = inflates(&mut body, &mut first, self.trials);
        if sound {
            let detail = format!("zip: {label} is not in the central directory as its local header has it; scanned too");
            self.sink.gap(GapReason::Disagreement, detail, None);
            self.sink.member(&local.member(), &mut Input::stream(first, &mut body))?;
            sound = io::copy(&mut body, &mut io::sink()).is_ok();
            if !sound {
                self.sink.gap(GapReason::Damaged, format!("zip: {label}: deflate stream breaks off"), None);
            }
        }
        let consumed = body.total_in();
        if !sound {
            self.trials = self.trials.saturating_sub(consumed);
            return Ok(None);
        }
        Ok(Some(local.data_start.saturating_add(consumed)))
    }

    fn missing(&mut self, label: &str) {
        let detail = format!("zip: {label} is not in the central directory as its local header has it; scanned too");
        self.sink.gap(GapReason::Disagreement, detail, None);
    }
}

/// Whether a stream inflates, as far as its first bytes tell, which are kept in `first`. It may not take
/// more than `most` bytes to give those.
fn inflates<R: io::BufRead>(body: &mut DeflateDecoder<R>, first: &mut Vec<u8>, most: u64) -> bool {
    let mut buffer = [0; 4096];
    while first.len() < buffer.len() && body.total_in() <= most {
        let wanted = buffer.len() - first.len();
        match body.read(buffer.get_mut(..wanted).unwrap_or_default()) {
            Ok(0) => return true,
            Ok(count) => first.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(_) => return false,
        }
    }
    body.total_in() <= most
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
    fn member(&self) -> Member<'_> {
        let kind = if self.name.ends_with(b"/") { MemberKind::Directory } else { MemberKind::File };
        Member { name: &self.name, kind, size: None }
    }

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
