//! 7z (7-Zip's 7zFormat.txt): files packed into streams of several, each through a chain of coders.
//!
//! What the header says is read by [`super::sevenz_header`]. A stream is decoded once, from start to end,
//! and cut into its files as it passes. What no stream covers is scanned as it is.

use super::super::cursor::{le32, le64};
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, ReadSeek, Sink, reason_of};
use super::fields::{unclaimed, up_to};
use super::parts::dictionary_limit;
use super::sevenz_coders::decoder;
use super::sevenz_header::{self, Contents, Folder, Header, Listed};
use super::spans::{Span, uncovered};
use crate::finding::GapReason;
use crate::place::escaped;
use std::io::{self, Read, Seek, SeekFrom};

/// 7z.
pub struct SevenZ;

const MAGIC: &[u8] = b"7z\xbc\xaf\x27\x1c";

/// The start header, from whose end on offsets count.
pub(super) const START: u64 = 32;

/// The longest header that is parsed, packed or not. Its parts take several times that while they are kept.
const HEADER: u64 = 8 << 20;

pub(super) type File<'f> = Box<dyn ReadSeek + 'f>;

impl Extractor for SevenZ {
    fn name(&self) -> &'static str {
        "7z"
    }

    fn about(&self) -> About {
        About {
            title: "7z",
            reads: "files in LZMA, LZMA2, PPMd, deflate, Deflate64, bzip2, zstd or stored, with all filters for code and delta; solid archives too",
            limits: "encrypted ones are gaps, and so are dictionaries over 128 MiB, half of it with each container around it; a header of up to 8 MiB",
            specification: "https://github.com/ip7z/7zip/blob/main/DOC/7zFormat.txt",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, MAGIC)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let limit = dictionary_limit(input.depth());
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        let (contents, header) = contents(&mut file, length, limit)?;
        let mut covered = vec![Span { start: 0, end: START }, header];
        let Contents { folders, files } = contents;
        for empty in files.iter().filter(|file| !file.has_bytes) {
            let kind = if empty.directory { MemberKind::Directory } else { MemberKind::File };
            sink.member(&Member { name: &empty.name, kind, size: Some(0) }, &mut io::empty())?;
        }
        let mut files = files.into_iter().filter(|file| file.has_bytes);
        for folder in &folders {
            let names: Vec<_> = files.by_ref().take(folder.parts.len()).collect();
            if unpack(&mut file, folder, &names, limit, sink)? {
                let span = |(at, size): &(u64, u64)| Span::of(START.saturating_add(*at), *size);
                covered.extend(folder.packed.iter().map(span));
            }
        }
        uncovered(&mut file, length, covered, sink)
    }
}

/// Reads the header, and says where it stands.
fn contents(file: &mut File<'_>, length: u64, limit: u32) -> Result<(Contents, Span), Halt> {
    file.rewind()?;
    let start = up_to(file, START)?;
    let (Some(offset), Some(size), Some(sum)) = (le64(&start, 12), le64(&start, 20), le32(&start, 28)) else {
        return Err(Halt::Broken(GapReason::Truncated, "7z: ends within the start header".into()));
    };
    if size > HEADER {
        return Err(Halt::Broken(GapReason::SizeLimit, "7z: the header is too long to be kept".into()));
    }
    let at = START.saturating_add(offset);
    file.seek(SeekFrom::Start(at.min(length)))?;
    let mut header = up_to(file, size)?;
    if (header.len() as u64) < size {
        return Err(Halt::Broken(GapReason::Truncated, "7z: ends before its header does".into()));
    }
    let broken = || Halt::Broken(GapReason::Damaged, "7z: the header is broken".into());
    if crc32fast::hash(&header) != sum {
        return Err(broken());
    }
    let span = Span { start: at, end: at + size };
    if header.is_empty() {
        return Ok((Contents::default(), span));
    }
    // A packed header may be packed again, if nobody's program does that.
    for _ in 0..4 {
        match sevenz_header::read(&header).ok_or_else(broken)? {
            Header::Plain(contents) => return Ok((contents, span)),
            Header::Packed(folder) => {
                let mut reader = decoder(file, &folder, limit)
                    .map_err(|(reason, why)| Halt::Broken(reason, format!("7z: the header: {why}")))?;
                header = up_to(&mut reader, folder.size.min(HEADER)).map_err(|_| broken())?;
                if folder.parts.first().is_some_and(|(_, sum)| sum.is_some_and(|sum| sum != crc32fast::hash(&header))) {
                    return Err(broken());
                }
            }
        }
    }
    Err(broken())
}

/// Unpacks a folder. Says whether all went well, so that its packed bytes need not be looked at.
fn unpack(file: &mut File<'_>, folder: &Folder, names: &[Listed], limit: u32, sink: &mut dyn Sink) -> Result<bool, Halt> {
    let mut stream = match decoder(file, folder, limit) {
        Ok(stream) => stream,
        Err((reason, why)) => {
            let first = names.first().map(|file| escaped(&file.name)).unwrap_or_default();
            let detail = format!("7z: {} files, from {first} on: {why}", names.len());
            sink.gap(reason, detail, Some(folder.size));
            return Ok(false);
        }
    };
    for (index, (size, sum)) in folder.parts.iter().enumerate() {
        let name = names.get(index).map_or(&b""[..], |file| &file.name);
        let mut body = Summed { inner: &mut stream, left: *size, sum: crc32fast::Hasher::new(), failure: None };
        sink.member(&Member { name, kind: MemberKind::File, size: Some(*size) }, &mut body)?;
        let drained = io::copy(&mut body, &mut io::sink());
        let label = || escaped(name);
        if let Some(error) = body.failure.or(drained.err()) {
            sink.gap(reason_of(&error), format!("7z: {}: {error}; what is packed with it behind it is lost", label()), None);
            return Ok(false);
        }
        if body.left > 0 {
            sink.gap(GapReason::Truncated, format!("7z: {} ends {} bytes early", label(), body.left), Some(body.left));
            return Ok(false);
        }
        if sum.is_some_and(|sum| sum != body.sum.finalize()) {
            sink.gap(GapReason::Damaged, format!("7z: {}: the checksum does not hold", label()), None);
            return Ok(false);
        }
    }
    // A folder may say that it has no file, or fewer bytes than there are.
    unclaimed(&mut stream, sink)?;
    Ok(true)
}

/// One file of a folder: so many bytes of the stream, whose checksum is taken as they pass.
struct Summed<'s, 'r> {
    inner: &'s mut Box<dyn Read + 'r>,
    left: u64,
    sum: crc32fast::Hasher,
    failure: Option<io::Error>,
}

impl Read for Summed<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = &self.failure {
            return Err(failure.kind().into());
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let room = buffer.get_mut(..most).unwrap_or_default();
        let count = self.inner.read(room).map_err(|error| {
            let copy = io::Error::from(error.kind());
            self.failure = Some(error);
            copy
        })?;
        self.sum.update(room.get(..count).unwrap_or_default());
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    #[test]
    fn a_folder_without_files_is_read() {
        let text = b"a folder of which the header says that it has no file";
        let length = text.len() as u8;
        // Where it stands, one coder that copies, its length, no files.
        let packed = [0x06, 0, 1, 0x09, length, 0];
        let folder = [0x07, 0x0b, 1, 0, 1, 0x01, 0x00, 0x0c, length, 0];
        let header = [&[0x01, 0x04][..], &packed, &folder, &[0x08, 0x0d, 0, 0, 0, 0]].concat();
        let fields = [u64::from(length), header.len() as u64].map(u64::to_le_bytes).concat();
        let sum = crc32fast::hash(&header).to_le_bytes();
        let bytes = [MAGIC, &[0, 4, 0, 0, 0, 0], &fields, &sum, text, &header].concat();
        let found = seen(&SevenZ, &bytes);
        let expected = vec![("of no file", str::from_utf8(text).unwrap())].into();
        assert_eq!((found.members, found.raw.len(), found.gaps), (expected, 0, vec![]));
    }
}
