//! Microsoft cabinets (MS-CAB): folders of blocks, each compressed, in which files lie end to end.
//!
//! Blocks of MSZIP are deflate streams with what the block before unpacked to as their dictionary.

use super::super::cursor::{le16, le32};
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, ReadSeek, Sink, reason_of};
use super::fields::{unclaimed, up_to};
use super::spans::{Span, uncovered};
use crate::finding::GapReason;
use crate::place::escaped;
use flate2::{Decompress, FlushDecompress, Status};
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

/// Cabinets.
pub struct Cabinet;

/// Bytes of the header and of the heads of folders, files and blocks.
const HEADER: usize = 36;
const FOLDER: usize = 8;
const FILE: usize = 16;
const BLOCK: usize = 8;
/// What a block unpacks to at most.
const WHOLE: usize = 32 << 10;
/// The longest name, with its end.
const NAME: u64 = 257;

impl Extractor for Cabinet {
    fn name(&self) -> &'static str {
        "cabinet"
    }

    fn about(&self) -> About {
        About {
            title: "Microsoft cabinet (cab)",
            reads: "files of folders that are stored or compressed by MSZIP",
            limits: "LZX and Quantum are gaps; of a set of cabinets each by itself",
            specification: "https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-cab",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, b"MSCF\0\0\0\0")
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        let mut covered = Vec::new();
        match Directory::read(&mut file)? {
            None => sink.gap(GapReason::Truncated, "cabinet: ends within its directory; scanned as it is".into(), None),
            Some(directory) => {
                for (index, folder) in directory.folders.iter().enumerate() {
                    let files = directory.files.get(&index).map(Vec::as_slice).unwrap_or_default();
                    read_folder(&mut file, folder, (files, directory.reserved), sink, &mut covered)?;
                }
                for (number, files) in directory.files.range(directory.folders.len()..) {
                    let size = files.iter().map(|file| file.size).sum();
                    let detail = format!("cabinet: {} files of folder {number}, which does not exist", files.len());
                    sink.gap(GapReason::Damaged, detail, Some(size));
                }
            }
        }
        uncovered(&mut file, length, covered, sink)
    }
}

/// A stretch of compressed blocks.
struct Folder {
    at: u64,
    blocks: u16,
    method: u16,
}

/// A file of a folder.
struct File {
    at: u64,
    size: u64,
    name: Vec<u8>,
}

struct Directory {
    folders: Vec<Folder>,
    /// By folder.
    files: BTreeMap<usize, Vec<File>>,
    /// Bytes that each block has besides.
    reserved: usize,
}

impl Directory {
    /// `None` if the file ends within it.
    fn read(file: &mut Box<dyn ReadSeek + '_>) -> io::Result<Option<Self>> {
        file.rewind()?;
        let head = up_to(file, HEADER as u64)?;
        let numbers = (le32(&head, 16), le16(&head, 26), le16(&head, 28), le16(&head, 30));
        let (Some(files_at), Some(folders), Some(files), Some(flags)) = numbers else { return Ok(None) };
        let (mut of_folder, mut of_block) = (0, 0);
        if flags & 4 != 0 {
            let sizes = up_to(file, 4)?;
            let Some(header) = le16(&sizes, 0) else { return Ok(None) };
            of_folder = usize::from(sizes.get(2).copied().unwrap_or(0));
            of_block = usize::from(sizes.get(3).copied().unwrap_or(0));
            up_to(file, header.into())?;
        }
        // Names of the cabinets before and behind, and of their discs.
        for _ in 0..2 * (flags & 1) + (flags & 2) {
            name(file)?;
        }
        let mut directory = Self { folders: Vec::new(), files: BTreeMap::new(), reserved: of_block };
        for _ in 0..folders {
            let bytes = up_to(file, (FOLDER + of_folder) as u64)?;
            let (Some(at), Some(blocks), Some(method)) = (le32(&bytes, 0), le16(&bytes, 4), le16(&bytes, 6)) else {
                return Ok(None);
            };
            directory.folders.push(Folder { at: at.into(), blocks, method });
        }
        file.seek(SeekFrom::Start(files_at.into()))?;
        for _ in 0..files {
            let bytes = up_to(file, FILE as u64)?;
            let (Some(size), Some(at), Some(folder)) = (le32(&bytes, 0), le32(&bytes, 4), le16(&bytes, 8)) else {
                return Ok(None);
            };
            let Some(name) = name(file)? else { return Ok(None) };
            // Numbers from 0xfffd on say that a file goes on from, or in, another cabinet.
            let folder = match folder {
                0xfffd => 0,
                0xfffe | 0xffff => directory.folders.len().saturating_sub(1),
                folder => folder.into(),
            };
            directory.files.entry(folder).or_default().push(File { at: at.into(), size: size.into(), name });
        }
        for files in directory.files.values_mut() {
            files.sort_by_key(|file| file.at);
        }
        Ok(Some(directory))
    }
}

/// A name up to its zero.
fn name(file: &mut Box<dyn ReadSeek + '_>) -> io::Result<Option<Vec<u8>>> {
    let start = file.stream_position()?;
    let mut bytes = up_to(file, NAME)?;
    let Some(end) = memchr::memchr(0, &bytes) else { return Ok(None) };
    bytes.truncate(end);
    file.seek(SeekFrom::Start(start + end as u64 + 1))?;
    Ok(Some(bytes))
}

fn read_folder(
    file: &mut Box<dyn ReadSeek + '_>,
    folder: &Folder,
    (files, reserved): (&[File], usize),
    sink: &mut dyn Sink,
    covered: &mut Vec<Span>,
) -> Result<(), Halt> {
    let method = folder.method & 0xf;
    if method > 1 {
        let how = if method == 3 { "LZX" } else { "Quantum" };
        let size = files.iter().map(|file| file.size).sum();
        sink.gap(GapReason::Unsupported, format!("cabinet: {} files compressed by {how}", files.len()), Some(size));
        return Ok(());
    }
    file.seek(SeekFrom::Start(folder.at))?;
    let mut blocks = Blocks {
        file,
        left: folder.blocks,
        reserved,
        is_packed: method == 1,
        inflate: Decompress::new(false),
        block: Vec::new(),
        at: 0,
        failure: None,
    };
    let mut place = 0;
    for entry in files {
        // What no file claims is a member by itself. Of a file that lies over another what was not read yet is its own.
        if entry.at > place {
            unclaimed(&mut (&mut blocks).take(entry.at - place), sink)?;
        }
        place = place.max(entry.at);
        let end = entry.at + entry.size;
        if end <= place && entry.size > 0 {
            continue;
        }
        let member = Member { name: &entry.name, kind: MemberKind::File, size: Some(entry.size) };
        let mut body = (&mut blocks).take(end.saturating_sub(place));
        sink.member(&member, &mut body)?;
        let _ = io::copy(&mut body, &mut io::sink());
        let missing = body.limit();
        place = place.max(end);
        if missing > 0 {
            let reason = blocks.failure.as_ref().map_or(GapReason::Truncated, reason_of);
            sink.gap(reason, format!("cabinet: {} ends {missing} bytes early", escaped(&entry.name)), Some(missing));
        }
    }
    let told = blocks.failure.is_some();
    unclaimed(&mut blocks, sink)?;
    match &blocks.failure {
        None => covered.push(Span { start: folder.at, end: blocks.file.stream_position()?.max(folder.at) }),
        Some(_) if told => {}
        Some(error) => sink.gap(reason_of(error), "cabinet: a folder breaks off behind its last file".into(), None),
    }
    Ok(())
}

/// What the blocks of a folder unpack to.
struct Blocks<'b, 'f> {
    file: &'b mut Box<dyn ReadSeek + 'f>,
    left: u16,
    reserved: usize,
    is_packed: bool,
    inflate: Decompress,
    block: Vec<u8>,
    at: usize,
    failure: Option<io::Error>,
}

impl Blocks<'_, '_> {
    /// Unpacks the next block. `false` if there is none.
    fn advance(&mut self) -> io::Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        let head = up_to(self.file, (BLOCK + self.reserved) as u64)?;
        let (Some(packed), Some(_)) = (le16(&head, 4), le16(&head, 6)) else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        let bytes = up_to(self.file, packed.into())?;
        if bytes.len() < usize::from(packed) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at = 0;
        if !self.is_packed {
            self.block = bytes;
            return Ok(true);
        }
        let bytes = bytes.strip_prefix(b"CK").ok_or(io::ErrorKind::InvalidData)?;
        self.inflate.reset(false);
        if !self.block.is_empty() {
            self.inflate.set_dictionary(&self.block).map_err(io::Error::other)?;
        }
        let mut out = Vec::with_capacity(WHOLE + 64);
        let status = self.inflate.decompress_vec(bytes, &mut out, FlushDecompress::Finish).map_err(io::Error::other)?;
        self.block = out;
        if status == Status::StreamEnd { Ok(true) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}

impl Read for Blocks<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.block.len() {
            if let Some(failure) = &self.failure {
                return Err(failure.kind().into());
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(error) => {
                    let kind = error.kind();
                    (self.failure, self.at) = (Some(error), self.block.len());
                    return Err(kind.into());
                }
            }
        }
        let count = self.block.get(self.at..).unwrap_or_default().read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};

    /// A cabinet of one folder whose files are `files`; each of them is a block.
    fn cabinet(files: &[(&str, &str)]) -> Vec<u8> {
        let (mut entries, mut data, mut at, mut before) = (Vec::new(), Vec::new(), 0u32, Vec::new());
        for (name, text) in files {
            entries.extend([&(text.len() as u32).to_le_bytes()[..], &at.to_le_bytes(), &[0; 8], name.as_bytes(), b"\0"].concat());
            at += text.len() as u32;
            let mut deflate = Compress::new(Compression::default(), false);
            if !before.is_empty() {
                deflate.set_dictionary(&before).unwrap();
            }
            let mut packed = Vec::with_capacity(1000);
            deflate.compress_vec(text.as_bytes(), &mut packed, FlushCompress::Finish).unwrap();
            before = text.as_bytes().to_vec();
            data.extend(
                [&[0; 4][..], &(packed.len() as u16 + 2).to_le_bytes(), &(text.len() as u16).to_le_bytes(), b"CK", &packed]
                    .concat(),
            );
        }
        let start = (HEADER + FOLDER) as u32;
        let at = start + entries.len() as u32;
        let mut head = b"MSCF\0\0\0\0".to_vec();
        head.extend([at + data.len() as u32, 0, start, 0].iter().flat_map(|number| number.to_le_bytes()));
        head.extend([3, 1, 1, 0, files.len() as u8, 0, 0, 0, 0, 0, 0, 0]);
        head.extend([&at.to_le_bytes()[..], &(files.len() as u16).to_le_bytes(), &[1, 0]].concat());
        [head, entries, data].concat()
    }

    #[test]
    fn files_are_read_over_blocks() {
        let bytes = cabinet(&[("a\\one", "the first file of them"), ("two", "the first file and another")]);
        assert!(Cabinet.probe(&Head { start: &bytes, tail: &[] }));
        let found = seen(&Cabinet, &bytes);
        assert_eq!(found.members, vec![("a\\one", "the first file of them"), ("two", "the first file and another")].into());
        assert!(found.gaps.is_empty(), "{found:?}");
        for cut in 8..bytes.len() {
            assert!(!seen(&Cabinet, &bytes[..cut]).gaps.is_empty(), "{cut}");
        }
    }

    /// The entry of a file whose name has one letter.
    const ENTRY: usize = FILE + 2;

    #[test]
    fn what_no_file_claims_is_read_and_what_two_claim_once() {
        let one = cabinet(&[("a", "the first file of them"), ("b", "the second")]);
        let check = |change: &dyn Fn(&mut Vec<u8>), expected: (Vec<(&str, &str)>, &[GapReason])| {
            let mut bytes = one.clone();
            change(&mut bytes);
            let found = seen(&Cabinet, &bytes);
            assert_eq!((found.members, &found.gaps[..]), (expected.0.into(), expected.1));
        };
        let first = HEADER + FOLDER;
        // Sizes and offsets of the two files.
        check(&|bytes| bytes[first] = 9, (vec![("a", "the first"), ("of no file", " file of them"), ("b", "the second")], &[]));
        check(
            &|bytes| bytes[first + ENTRY] = 3,
            (vec![("a", "the first file of them"), ("b", "the"), ("of no file", " second")], &[]),
        );
        let over = |bytes: &mut Vec<u8>| (bytes[first + ENTRY], bytes[first + ENTRY + 4]) = (27, 5);
        check(&over, (vec![("a", "the first file of them"), ("b", "the second")], &[]));
        // One of a folder that is not there.
        let lost = |bytes: &mut Vec<u8>| bytes[first + ENTRY + 8] = 7;
        check(&lost, (vec![("a", "the first file of them"), ("of no file", "the second")], &[GapReason::Damaged]));
    }

    #[test]
    fn a_method_that_is_not_read_is_a_gap() {
        let mut bytes = cabinet(&[("a", "one")]);
        bytes[HEADER + 6] = 3;
        assert_eq!(seen(&Cabinet, &bytes).gaps, [GapReason::Unsupported]);
    }
}
