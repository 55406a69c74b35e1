//! What is packed in a RAR, by the decoders of the crate `rars`.
//!
//! They push what they unpack, and our sinks pull. So a file is unpacked whole first, into memory or a file without a name,
//! and then handed on.

use super::super::super::{Halt, Member, MemberKind, Sink, Stop};
use super::super::parts::dictionary_limit;
use super::super::spans::Span;
use crate::finding::GapReason;
use crate::place::escaped;
use crate::slice::FileSlice;
use rars::{
    Archive, ArchiveMember, ArchiveMemberDetail, ArchiveReadOptions, ArchiveReader, ErrorKind, ExtractionDecision,
    ExtractionErrorAction,
};
use std::cell::RefCell;
use std::io::{self, Seek, Write};
use std::rc::Rc;
use tempfile::SpooledTempFile;

/// A file that is packed.
pub(super) struct Packed {
    pub(super) name: Vec<u8>,
    /// How many files are before it.
    pub(super) ordinal: usize,
    /// Where its packed bytes are.
    pub(super) data: Span,
}

/// Bytes of a file that is unpacked, at the most, and of all of them.
const FILE: u64 = 1 << 30;
const FILES: u64 = 16 << 30;
/// Those that are held in memory.
const HELD: usize = 4 << 20;
/// What a decoder may take beside its dictionary, which some of them have twice: models, filters, tables.
const WORKSPACE: u64 = 64 << 20;
/// Files that are unpacked at once rather than by and by.
const AT_ONCE: u64 = 1 << 20;
/// Headers, and bytes of them.
const HEADERS: u64 = 1 << 20;
const HEADER_BYTES: u64 = 32 << 20;

fn options(depth: u32) -> ArchiveReadOptions<'static> {
    let dictionary = u64::from(dictionary_limit(depth));
    ArchiveReadOptions::new()
        .with_rar50_dictionary_size_limit(dictionary)
        .with_max_reader_workspace_bytes(2 * dictionary + WORKSPACE)
        .with_rar50_buffered_decode_limit(AT_ONCE)
        .with_max_member_output_bytes(FILE)
        .with_max_total_output_bytes(FILES)
        .with_max_header_count(HEADERS)
        .with_max_header_bytes(HEADER_BYTES)
}

/// Hands on what these files unpack to, and the comment of the archive. Returns where those are packed that were read
/// whole; for each of the others there is a gap.
pub(super) fn unpack(
    archive: FileSlice,
    files: &[Packed],
    has_comment: bool,
    depth: u32,
    sink: &mut dyn Sink,
) -> Result<Vec<Span>, Halt> {
    let options = options(depth);
    let archive = match parsed(&archive, files, options) {
        Ok(archive) => archive,
        Err(error) => {
            Giving::of(files, options, sink).rest(&error);
            return Ok(Vec::new());
        }
    };
    if has_comment {
        match archive.comment_with_options(options) {
            Ok(comment) => sink.raw(&mut comment.unwrap_or_default().as_slice())?,
            Err(error) => sink.gap(reason_of(&error), format!("rar: the comment: {error}"), None),
        }
    }
    // Of a solid archive what comes before a file is needed to unpack it.
    let is_solid = archive.is_solid();
    let given = RefCell::new(Giving { is_solid, ..Giving::of(files, options, sink) });
    let mut ordinal = 0;
    let ended = archive.extract_with_control_and_errors(
        options,
        |member| {
            let mut given = given.borrow_mut();
            if given.finish().is_err() {
                return Ok(ExtractionDecision::Stop);
            }
            ordinal += 1;
            Ok(match given.start(ordinal - 1, member) {
                Some(spool) => ExtractionDecision::Extract(spool),
                None if is_solid && !member.meta.is_directory && !member.meta.is_redirection => {
                    ExtractionDecision::Extract(Box::new(io::sink()))
                }
                None => ExtractionDecision::Skip,
            })
        },
        |_, error| {
            Ok(if given.borrow_mut().fail(error) { ExtractionErrorAction::Continue } else { ExtractionErrorAction::Abort })
        },
    );
    let mut given = given.into_inner();
    match ended {
        // What is not there was cut off before.
        Ok(_) => given.finish()?,
        Err(error) if given.fail(&error) => given.rest(&error),
        Err(_) => return Err(Halt::Stop),
    }
    given.missing(usize::MAX);
    Ok(given.read)
}

/// The archive, or what of it comes before a header that is broken.
fn parsed(archive: &FileSlice, files: &[Packed], options: ArchiveReadOptions<'_>) -> rars::Result<Archive> {
    let parse = |length| ArchiveReader::read_reader_with_options(archive.part(0, length), options);
    parse(archive.len()).or_else(|error| {
        let sound = files.partition_point(|file| parse(file.data.end).is_ok());
        let last = sound.checked_sub(1).and_then(|last| files.get(last));
        last.map_or(Err(error), |file| parse(file.data.end))
    })
}

fn reason_of(error: &rars::Error) -> GapReason {
    match error.kind() {
        ErrorKind::ResourceLimit | ErrorKind::UnsupportedFeature | ErrorKind::UnsupportedFormat => GapReason::Unsupported,
        ErrorKind::PasswordRequired | ErrorKind::BadPassword => GapReason::Encrypted,
        // Of the archive, or of what holds the file.
        ErrorKind::Io => GapReason::Unreadable,
        _ => GapReason::Damaged,
    }
}

/// What a file is unpacked to, shared with the decoder.
#[derive(Clone)]
struct Spool(Rc<RefCell<SpooledTempFile>>);

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The files as they are handed on.
struct Giving<'a> {
    files: &'a [Packed],
    /// The next of them.
    next: usize,
    /// The one that is being unpacked.
    open: Option<(&'a Packed, Spool)>,
    read: Vec<Span>,
    has_stopped: bool,
    is_solid: bool,
    options: ArchiveReadOptions<'static>,
    sink: &'a mut dyn Sink,
}

impl<'a> Giving<'a> {
    fn of(files: &'a [Packed], options: ArchiveReadOptions<'static>, sink: &'a mut dyn Sink) -> Self {
        Self { files, next: 0, open: None, read: Vec::new(), has_stopped: false, is_solid: false, options, sink }
    }

    /// Where this file is to be unpacked to, if it is one that is asked for and its headers are read alike.
    fn start(&mut self, ordinal: usize, member: &ArchiveMember) -> Option<Box<dyn Write>> {
        self.missing(ordinal);
        let file = self.files.get(self.next).filter(|file| file.ordinal == ordinal)?;
        if member.meta.packed_size != file.data.end - file.data.start || member.meta.is_encrypted || member.meta.is_directory {
            return None;
        }
        self.next += 1;
        if !self.is_solid && is_too_large(member, &self.options) {
            self.gap(file, GapReason::Unsupported, "it is too large, or its dictionary is");
            return None;
        }
        let spool = Spool(Rc::new(RefCell::new(tempfile::spooled_tempfile(HELD))));
        self.open = Some((file, spool.clone()));
        Some(Box::new(spool))
    }

    /// Tells of those before this one that did not come.
    fn missing(&mut self, ordinal: usize) {
        while let Some(file) = self.files.get(self.next).filter(|file| file.ordinal < ordinal) {
            self.gap(file, GapReason::Damaged, "its headers can be read in more than one way");
            self.next += 1;
        }
    }

    /// Hands on the file that was unpacked last.
    fn finish(&mut self) -> Result<(), Stop> {
        if let Some(file) = self.hand_on()? {
            self.read.push(file.data);
        }
        Ok(())
    }

    /// Hands on as much of a file as there is, and tells that it broke. False if the sink wants no more.
    fn fail(&mut self, error: &rars::Error) -> bool {
        match self.hand_on() {
            Ok(Some(file)) => self.gap(file, reason_of(error), &error.to_string()),
            Ok(None) => {}
            Err(Stop) => return false,
        }
        true
    }

    /// Tells of all that are still to come.
    fn rest(&mut self, error: &rars::Error) {
        for file in self.files.get(self.next..).unwrap_or_default() {
            self.gap(file, reason_of(error), &error.to_string());
        }
        self.next = self.files.len();
    }

    fn hand_on(&mut self) -> Result<Option<&'a Packed>, Stop> {
        if self.has_stopped {
            return Err(Stop);
        }
        let Some((file, spool)) = self.open.take() else { return Ok(None) };
        let mut spool = spool.0.borrow_mut();
        let size = match spool.stream_position().and_then(|size| spool.rewind().map(|()| size)) {
            Ok(size) => size,
            Err(error) => {
                self.gap(file, GapReason::Unreadable, &error.to_string());
                return Ok(None);
            }
        };
        let member = Member { name: &file.name, kind: MemberKind::File, size: Some(size) };
        self.sink.member(&member, &mut *spool).inspect_err(|Stop| self.has_stopped = true)?;
        Ok(Some(file))
    }

    fn gap(&mut self, file: &Packed, reason: GapReason, why: &str) {
        let (label, size) = (escaped(&file.name), file.data.end - file.data.start);
        self.sink.gap(reason, format!("rar: {label} is compressed, and is not read: {why}"), Some(size));
    }
}

/// Whether a file takes more than is allowed. To try it would end all that follows.
fn is_too_large(member: &ArchiveMember, options: &ArchiveReadOptions<'_>) -> bool {
    let dictionary = match &member.detail {
        ArchiveMemberDetail::Rar50Plus { compression_info, .. } => dictionary(*compression_info),
        _ => 0,
    };
    member.meta.unpacked_size > FILE || options.rar50_dictionary_size_limit.is_some_and(|most| dictionary > most)
}

/// The dictionary of a file, of which version 7 tells a part of 32 in five bits more.
fn dictionary(compression: u64) -> u64 {
    let (is_7, shift) = (compression & 0x3f != 0, compression >> 10 & 0x1f);
    let (shift, parts) = if is_7 { (shift, compression >> 15 & 0x1f) } else { (shift & 0xf, 0) };
    let size = (128 << 10) << shift;
    size + size / 32 * parts
}
