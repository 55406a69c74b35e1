//! zip, and what is built on it: jar, war, wheel, npz, torch checkpoints, office files.
//!
//! A zip says twice what it holds: in the central directory at its end and in a header before each
//! entry. Programs disagree on whom to believe, and what one calls a file another does not see. So
//! both are read: the entries of the directory through the `zip` crate, then every stretch they do
//! not cover is swept for headers of its own (see [`super::zip_sweep`]) and scanned as it is.

use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, ReadSeek, Sink, reason_of};
use super::spans::Span;
use super::{zip_sheets, zip_sweep};
use crate::finding::GapReason;
use crate::place::escaped;
use std::io::{self, Read, Seek, SeekFrom};
use zip::ZipArchive;
use zip::result::ZipError;

/// zip.
pub struct Zip;

/// Signatures of a local header, an empty archive's end record, and a split archive's first part
/// (APPNOTE.TXT 4.3.7, 4.3.16, 8.5.4).
const STARTS: [&[u8]; 3] = [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"];

/// Signature and length of an end record without a comment.
const END: &[u8] = b"PK\x05\x06";
const END_LEN: usize = 22;

/// The longest central directory that is parsed: the crate keeps every entry in memory, at several
/// times the size it has in the file. Of a longer one only the local headers are read.
const DIRECTORY: u64 = 8 << 20;

/// Folders of numbers in one archive. A model has one or two.
const FOLDERS: usize = 16;

impl Extractor for Zip {
    fn name(&self) -> &'static str {
        "zip"
    }

    fn about(&self) -> About {
        About {
            title: "zip (jar, wheel, npz, apk, nupkg, office)",
            reads: "the entries of the directory and those that it leaves out, what stands before, between and behind them, by every method but those that need a password",
            limits: "a directory of up to 8 MiB, else its local headers; encrypted entries are gaps",
            specification: "APPNOTE.TXT 6.3.10",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let ends_as_zip = || {
            let end = head.tail.len().checked_sub(END_LEN).and_then(|at| head.tail.get(at..));
            end.is_some_and(|end| end.starts_with(END))
        };
        STARTS.iter().any(|magic| head.has(0, magic)) || ends_as_zip()
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        let mut spans = Vec::new();
        match directory_size(&mut file, length)? {
            Some(size) if size <= DIRECTORY => match ZipArchive::new(&mut file) {
                Ok(mut archive) => listed(&mut archive, length, &mut spans, sink)?,
                Err(error) => sink.gap(GapReason::Damaged, format!("zip: {error}; read by its local headers"), None),
            },
            Some(_) => {
                sink.gap(GapReason::SizeLimit, "zip: directory too long to be kept; read by its local headers".into(), None)
            }
            None => sink.gap(GapReason::Truncated, "zip: no central directory; read by its local headers".into(), None),
        }
        zip_sweep::sweep(&mut file, length, spans, sink)
    }
}

/// Reads the entries that the central directory names, and notes which bytes they cover.
fn listed(
    archive: &mut ZipArchive<&mut Box<dyn ReadSeek + '_>>,
    length: u64,
    spans: &mut Vec<Span>,
    sink: &mut dyn Sink,
) -> Result<(), Halt> {
    if !archive.comment().is_empty() {
        sink.raw(&mut archive.comment().to_vec().as_slice())?;
    }
    let numbers = storages(archive);
    let (mut strings, table) = shared_strings(archive);
    // What a workbook keeps apart is told behind the sheets that have a place for it.
    for index in (0..archive.len()).filter(|index| Some(*index) != table).chain(table) {
        let (name, span, facts) = match archive.by_index_raw(index) {
            Ok(entry) => {
                let end = entry.data_start().unwrap_or(0).saturating_add(entry.compressed_size()).min(length);
                let kind = match (entry.is_dir(), entry.is_symlink()) {
                    (true, _) => MemberKind::Directory,
                    (_, true) => MemberKind::Symlink,
                    _ if numbers.iter().any(|folder| entry.name_raw().starts_with(folder)) => MemberKind::Numbers,
                    _ => MemberKind::File,
                };
                (entry.name_raw().to_vec(), Span { start: entry.header_start(), end }, (kind, entry.size(), entry.encrypted()))
            }
            Err(error) => {
                sink.gap(GapReason::Damaged, format!("zip: entry {index}: {error}; its bytes were swept"), None);
                continue;
            }
        };
        let (kind, size, encrypted) = facts;
        let label = escaped(&name);
        if encrypted {
            sink.gap(GapReason::Encrypted, format!("zip: {label} is encrypted"), Some(size));
            spans.push(span);
            continue;
        }
        let member = Member { name: &name, kind, size: Some(size) };
        let failure = match archive.by_index(index) {
            Ok(mut entry) => {
                let mut body = Watched { inner: &mut entry, failure: None };
                if Some(index) == table {
                    let rest = strings.take().map(zip_sheets::Strings::unused).unwrap_or_default();
                    sink.member(&member, &mut rest.as_slice())?;
                } else {
                    told(strings.as_mut(), &member, &mut body, sink)?;
                }
                let drained = io::copy(&mut body, &mut io::sink());
                body.failure.or(drained.err()).map(|error| (reason_of(&error), error.to_string()))
            }
            Err(error) => Some((reason_to_refuse(&error), error.to_string())),
        };
        match failure {
            None => spans.push(span),
            // Uncovered, its bytes are swept: read once more by its local header, and as they are.
            Some((reason, detail)) => {
                let cost = (reason == GapReason::Unsupported).then_some(size);
                sink.gap(reason, format!("zip: {label}: {detail}"), cost);
            }
        }
    }
    Ok(())
}

/// The texts of a workbook, if the archive is one, and the entry that has them.
fn shared_strings(archive: &mut ZipArchive<&mut Box<dyn ReadSeek + '_>>) -> (Option<zip_sheets::Strings>, Option<usize>) {
    let Ok(name) = std::str::from_utf8(zip_sheets::TABLE) else { return (None, None) };
    let Some(index) = archive.index_for_name(name) else { return (None, None) };
    let Ok(entry) = archive.by_index(index) else { return (None, None) };
    let mut bytes = Vec::new();
    let read = entry.take(zip_sheets::LONGEST as u64 + 1).read_to_end(&mut bytes);
    match read {
        Ok(read) if read <= zip_sheets::LONGEST => (Some(zip_sheets::Strings::new(bytes)), Some(index)),
        _ => (None, None),
    }
}

/// Tells an entry; a sheet of a workbook with its texts in place, one that is too long as it is.
fn told(
    strings: Option<&mut zip_sheets::Strings>,
    member: &Member<'_>,
    body: &mut dyn Read,
    sink: &mut dyn Sink,
) -> Result<(), Halt> {
    let Some(strings) = strings.filter(|_| zip_sheets::is_sheet(member.name)) else {
        return Ok(sink.member(member, body)?);
    };
    let mut bytes = Vec::new();
    // What was read before a failure is told; the entry is swept for the rest.
    let read = (&mut *body).take(zip_sheets::LONGEST as u64).read_to_end(&mut bytes);
    if read.is_ok_and(|read| read < zip_sheets::LONGEST) {
        bytes = strings.inlined(&bytes);
    }
    Ok(sink.member(member, &mut bytes.as_slice().chain(body))?)
}

/// What the crate's refusal to open an entry says of it.
fn reason_to_refuse(error: &ZipError) -> GapReason {
    match error {
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => GapReason::Unsupported,
        _ => GapReason::Damaged,
    }
}

/// Folders that hold nothing but numbers: beside the pickle that describes its tensors PyTorch puts each of them in a
/// file (`caffe2/serialize/inline_container.h`: `data.pkl` and `data/`, `constants.pkl` and `constants/`).
fn storages(archive: &ZipArchive<&mut Box<dyn ReadSeek + '_>>) -> Vec<Vec<u8>> {
    let folder = |name: &str| {
        let is_described = name.ends_with("/data.pkl") || name.ends_with("/constants.pkl");
        is_described.then(|| name.strip_suffix(".pkl").map(|stem| format!("{stem}/").into_bytes())).flatten()
    };
    archive.file_names().flatten().filter_map(|name| folder(&name)).take(FOLDERS).collect()
}

/// The size of the central directory as the end record gives it, so that it can be judged before it
/// is parsed. `None` if there is no end record.
fn directory_size(file: &mut Box<dyn ReadSeek + '_>, length: u64) -> io::Result<Option<u64>> {
    // The comment behind the record has at most 65,535 bytes.
    let tail_len = length.min(END_LEN as u64 + 0xffff);
    file.seek(SeekFrom::Start(length - tail_len))?;
    let mut tail = Vec::new();
    file.take(tail_len).read_to_end(&mut tail)?;
    let Some(at) = memchr::memmem::rfind(&tail, END) else { return Ok(None) };
    let Some(record) = tail.get(at..at + END_LEN) else { return Ok(None) };
    let Some(Ok(size)) = record.get(12..16).map(<[u8; 4]>::try_from) else { return Ok(None) };
    let size = u64::from(u32::from_le_bytes(size));
    if size < u64::from(u32::MAX) {
        // The field is only a claim: the directory cannot reach back beyond the file's start either way.
        return Ok(Some(size.max(entries_at_least(&tail, at))));
    }
    // zip64: the size is in the record that the locator before this one points to (4.3.14, 4.3.15).
    let locator = at.checked_sub(20).and_then(|start| tail.get(start..at)).filter(|locator| locator.starts_with(b"PK\x06\x07"));
    let Some(Ok(offset)) = locator.and_then(|locator| locator.get(8..16)).map(<[u8; 8]>::try_from) else { return Ok(Some(size)) };
    file.seek(SeekFrom::Start(u64::from_le_bytes(offset).min(length)))?;
    let mut record = Vec::new();
    file.take(56).read_to_end(&mut record)?;
    let size = record.get(40..48).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()).map_or(size, u64::from_le_bytes);
    Ok(Some(size))
}

/// A floor for the directory's size from its number of entries, 46 bytes each at least.
fn entries_at_least(tail: &[u8], at: usize) -> u64 {
    let count = tail.get(at + 10..at + 12).and_then(|bytes| <[u8; 2]>::try_from(bytes).ok()).map_or(0, u16::from_le_bytes);
    u64::from(count) * 46
}

/// Keeps the first error that a reader gives.
struct Watched<R> {
    inner: R,
    failure: Option<io::Error>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = &self.failure {
            return Err(failure.kind().into());
        }
        self.inner.read(buffer).map_err(|error| {
            let copy = error.kind().into();
            self.failure = Some(error);
            copy
        })
    }
}
