//! zip, and what is built on it: jar, war, wheel, npz, torch checkpoints, office files.
//!
//! A zip says twice what it holds: in the central directory at its end and in a header before each
//! entry. Programs disagree on whom to believe, and what one calls a file another does not see. So
//! both are read: the entries of the directory through the `zip` crate, then every stretch they do
//! not cover is swept for headers of its own (see [`super::zip_sweep`]) and scanned as it is.

use super::super::cursor::le16;
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, ReadSeek, Sink, reason_of};
use super::spans::Span;
use super::zip_sheets::Workbook;
use super::zip_sweep;
use crate::finding::GapReason;
use crate::place::escaped;
use crate::slice::FileSlice;
use flate2::CrcReader;
use flate2::bufread::DeflateDecoder;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

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

/// Bytes of a local header without its name and what it has besides (4.3.7).
pub(super) const LOCAL_LEN: usize = 30;

/// What a local header has besides its name is times, owners, sizes: of so many bytes at most. It is scanned where it has
/// more.
const EXTRA: u64 = 100;

/// Folders of numbers in one archive. A model has one or two.
const FOLDERS: usize = 16;

impl Zip {
    /// Whether the header of an entry stands in these bytes: an archive behind a script that runs it.
    pub(crate) fn begins_within(bytes: &[u8]) -> bool {
        memchr::memmem::find_iter(bytes, STARTS[0]).any(|at| Self::is_entry(bytes.get(at..).unwrap_or_default()))
    }

    /// Whether these bytes are the header of an entry, as far as can be told.
    pub(super) fn is_entry(header: &[u8]) -> bool {
        let (version, method, length) = (le16(header, 4), le16(header, 8), le16(header, 26));
        let name = length.and_then(|length| header.get(LOCAL_LEN..LOCAL_LEN + usize::from(length))).unwrap_or_default();
        header.starts_with(STARTS[0])
            && version.is_some_and(|version| (10..=63).contains(&version))
            && method.is_some_and(|method| matches!(method, 0..=6 | 8 | 9 | 12 | 14 | 93 | 95 | 98))
            && !name.is_empty()
            && !name.iter().any(u8::is_ascii_control)
    }
}

/// Whether bytes end with an end record, and a comment as long as that says.
fn is_ended(tail: &[u8]) -> bool {
    let tail = tail.get(tail.len().saturating_sub(Head::TAIL)..).unwrap_or_default();
    memchr::memmem::find_iter(tail, END).any(|at| {
        let behind = tail.len().checked_sub(at + END_LEN);
        behind.is_some() && le16(tail, at + END_LEN - 2).map(usize::from) == behind
    })
}

impl Extractor for Zip {
    fn name(&self) -> &'static str {
        "zip"
    }

    fn about(&self) -> About {
        About {
            title: "zip (jar, wheel, npz, apk, nupkg, office)",
            reads: "the entries of the directory and those that it leaves out, what stands before, between and behind them, by every method but those for sound and pictures and those that need a password",
            limits: "a directory of up to 8 MiB, else its local headers; entries that it leaves out only if they are stored or deflated, others are gaps; encrypted entries are gaps, and so are the methods of before 1993 over 16 MiB and PPMd with models over 64 MiB; the checksum of stored weights is not asked",
            specification: "APPNOTE.TXT 6.3.10",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        STARTS.iter().any(|magic| head.has(0, magic)) || is_ended(head.tail)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        drop(input.seekable()?);
        let whole = input.slice();
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        let mut spans = Vec::new();
        match directory_size(&mut file, length)? {
            Some(size) if size <= DIRECTORY => match ZipArchive::new(&mut file) {
                Ok(mut archive) => listed(&mut archive, whole.as_ref(), &mut spans, sink)?,
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

/// An entry as the central directory describes it.
struct Entry {
    name: Vec<u8>,
    kind: MemberKind,
    size: u64,
    encrypted: bool,
    deflated: bool,
    span: Span,
    /// What its local header has besides, if that is more than programs write there.
    extra: Option<Span>,
    /// Where its bytes stand as they are.
    stored: Option<u64>,
}

impl Entry {
    fn of(archive: &mut ZipArchive<&mut Box<dyn ReadSeek + '_>>, index: usize, numbers: &[Vec<u8>]) -> Result<Self, ZipError> {
        let entry = archive.by_index_raw(index)?;
        let kind = match (entry.is_dir(), entry.is_symlink()) {
            (true, _) => MemberKind::Directory,
            (_, true) => MemberKind::Symlink,
            _ if numbers.iter().any(|folder| entry.name_raw().starts_with(folder)) => MemberKind::Numbers,
            _ => MemberKind::File,
        };
        let start = entry.data_start();
        let named = entry.header_start().saturating_add((LOCAL_LEN + entry.name_raw().len()) as u64);
        let is_stored = entry.compression() == CompressionMethod::Stored && entry.compressed_size() == entry.size();
        Ok(Self {
            name: entry.name_raw().to_vec(),
            kind,
            size: entry.size(),
            encrypted: entry.encrypted(),
            deflated: entry.compression() == CompressionMethod::Deflated,
            extra: start.filter(|start| *start > named.saturating_add(EXTRA)).map(|end| Span { start: named, end }),
            span: Span { start: entry.header_start(), end: start.unwrap_or(0).saturating_add(entry.compressed_size()) },
            stored: start.filter(|_| is_stored),
        })
    }

    fn member(&self) -> Member<'_> {
        Member { name: &self.name, kind: self.kind, size: Some(self.size) }
    }

    /// What of the file was read with it.
    fn covered(&self) -> impl Iterator<Item = Span> {
        let Span { start, end } = self.span;
        let (before, behind) = self.extra.map_or((end, end), |extra| (extra.start, extra.end));
        [Span { start, end: before }, Span { start: behind, end }].into_iter()
    }
}

/// Reads the entries that the central directory names, and notes which bytes they cover.
fn listed(
    archive: &mut ZipArchive<&mut Box<dyn ReadSeek + '_>>,
    whole: Option<&FileSlice>,
    spans: &mut Vec<Span>,
    sink: &mut dyn Sink,
) -> Result<(), Halt> {
    if !archive.comment().is_empty() {
        sink.raw(&mut archive.comment().to_vec().as_slice())?;
    }
    let numbers = storages(archive);
    let mut workbook = workbook(archive);
    for index in workbook.order(archive.len()) {
        let entry = match Entry::of(archive, index, &numbers) {
            Ok(entry) => entry,
            Err(error) => {
                sink.gap(GapReason::Damaged, format!("zip: entry {index}: {error}; its bytes were swept"), None);
                continue;
            }
        };
        let label = escaped(&entry.name);
        if entry.encrypted {
            sink.gap(GapReason::Encrypted, format!("zip: {label} is encrypted"), Some(entry.size));
            spans.extend(entry.covered());
            continue;
        }
        if entry.kind == MemberKind::Numbers
            && let Some((whole, start)) = whole.zip(entry.stored)
        {
            // As they stand. That their checksum is not asked loses nothing, since all of them are looked at.
            let body = whole.part(start, entry.size);
            if body.len() < entry.size {
                sink.gap(GapReason::Truncated, format!("zip: {label} ends early"), Some(entry.size - body.len()));
            }
            sink.unread_member(&entry.member(), body)?;
            spans.extend(entry.covered());
            continue;
        }
        let read = if entry.deflated { inflated } else { read };
        match read(archive, (index, &entry.member()), &mut workbook, sink)? {
            None => spans.extend(entry.covered()),
            // Uncovered, its bytes are swept: read once more by its local header, and as they are.
            Some((reason, detail)) => {
                let cost = (reason == GapReason::Unsupported).then_some(entry.size);
                sink.gap(reason, format!("zip: {label}: {detail}"), cost);
            }
        }
    }
    Ok(())
}

/// Reads an entry, and says why it could not be read to its end.
fn read(
    archive: &mut ZipArchive<&mut Box<dyn ReadSeek + '_>>,
    (index, member): (usize, &Member<'_>),
    workbook: &mut Workbook,
    sink: &mut dyn Sink,
) -> Result<Option<(GapReason, String)>, Halt> {
    if let Some(why) = takes_too_much(archive, index) {
        return Ok(Some((GapReason::Unsupported, why.to_owned())));
    }
    let mut entry = match archive.by_index(index) {
        Ok(entry) => entry,
        Err(error) => return Ok(Some((reason_to_refuse(&error), error.to_string()))),
    };
    let mut body = Watched { inner: &mut entry, failure: None };
    workbook.tell((index, member), &mut body, sink)?;
    let drained = io::copy(&mut body, &mut io::sink());
    Ok(body.failure.or(drained.err()).map(|error| (reason_of(&error), error.to_string())))
}

/// The same of a deflated entry, which may be longer than the stream in it: what stands behind that is scanned as it is.
fn inflated(
    archive: &mut ZipArchive<&mut Box<dyn ReadSeek + '_>>,
    (index, member): (usize, &Member<'_>),
    workbook: &mut Workbook,
    sink: &mut dyn Sink,
) -> Result<Option<(GapReason, String)>, Halt> {
    let entry = match archive.by_index_raw(index) {
        Ok(entry) => entry,
        Err(error) => return Ok(Some((reason_to_refuse(&error), error.to_string()))),
    };
    let (sum, packed) = (entry.crc32(), entry.compressed_size());
    let mut body = Watched { inner: CrcReader::new(DeflateDecoder::new(BufReader::new(entry))), failure: None };
    workbook.tell((index, member), &mut body, sink)?;
    let drained = io::copy(&mut body, &mut io::sink());
    if let Some(error) = body.failure.or(drained.err()) {
        return Ok(Some((reason_of(&error), error.to_string())));
    }
    if body.inner.crc().sum() != sum {
        return Ok(Some((GapReason::Damaged, "the checksum does not hold".into())));
    }
    let stream = body.inner.into_inner();
    let behind = packed.saturating_sub(stream.total_in());
    if behind > 0 {
        let detail = format!("zip: {}: {behind} bytes behind its stream; scanned as they are", escaped(member.name));
        sink.gap(GapReason::Disagreement, detail, None);
        sink.raw(&mut stream.into_inner())?;
    }
    Ok(None)
}

/// Bytes of entries by the methods of the first programs, packed and not. The crate holds both.
const HELD: u64 = 16 << 20;

/// What the model of PPMd may take.
const MODEL: u64 = 64 << 20;

/// Why an entry would take more memory than is allowed, if so.
fn takes_too_much(archive: &mut ZipArchive<&mut Box<dyn ReadSeek + '_>>, index: usize) -> Option<&'static str> {
    use CompressionMethod::{Implode, Ppmd, Reduce, Shrink};
    let mut entry = archive.by_index_raw(index).ok()?;
    match entry.compression() {
        Shrink | Reduce(_) | Implode if entry.size().max(entry.compressed_size()) > HELD => {
            Some("an old compression method, and more than 16 MiB")
        }
        Ppmd => {
            // The order less one in four bits, then the mebibytes less one in eight (APPNOTE.TXT 5.10).
            let mut settings = [0; 2];
            entry.read_exact(&mut settings).ok()?;
            let model = (u64::from(u16::from_le_bytes(settings) >> 4 & 0xff) + 1) << 20;
            (model > MODEL).then_some("PPMd with a model of more than 64 MiB")
        }
        _ => None,
    }
}

/// What the sheets of the archive need, if it is a workbook.
fn workbook(archive: &mut ZipArchive<&mut Box<dyn ReadSeek + '_>>) -> Workbook {
    let index = std::str::from_utf8(Workbook::TABLE).ok().and_then(|name| archive.index_for_name(name));
    let entry = index.and_then(|index| archive.by_index(index).ok());
    index.zip(entry).map(|(index, mut entry)| Workbook::read(index, &mut entry)).unwrap_or_default()
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
pub(super) struct Watched<R> {
    pub(super) inner: R,
    pub(super) failure: Option<io::Error>,
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
