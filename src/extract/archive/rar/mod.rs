//! RAR from version 1.5 to 7: the headers by our own walk, which finds its way through damage, and what is packed by the
//! decoders of another crate, which are bounded here.
//!
//! Formats: RAR 5.0 archive format (<https://www.rarlab.com/technote.htm>); version 1.5 to 4 as in its `technote.txt`.

mod headers;
mod packed;

use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, ReadSeek, Sink};
use super::fields::up_to;
use super::spans::{Span, uncovered};
use crate::finding::GapReason;
use crate::place::escaped;
use crate::slice::FileSlice;
use headers::{COMMENT, Entry, How, Kind, new_block, old_block};
use packed::Packed;
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
            reads: "files in every method of versions 1.5 to 7, solid archives too; comments",
            limits: "encrypted files are gaps, and so are those that go on in another volume, streams of NTFS, and dictionaries over 128 MiB, half of it with each container around it; packed files of up to 1 GiB, 16 GiB in all",
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
        let mut walk = Walk { covered: Vec::new(), packed: Vec::new(), files: 0, has_comment: false, needs_end: false };
        walk.run(&mut file, length, is_new, sink)?;
        drop(file);
        if !walk.packed.is_empty() || walk.has_comment {
            let unpacked = packed::unpack(whole(input)?, &walk.packed, walk.has_comment, input.depth(), sink)?;
            walk.covered.extend(unpacked);
        }
        uncovered(&mut input.seekable()?, length, walk.covered, sink)
    }
}

/// The archive as something that can be kept.
fn whole(input: &mut Input<'_>) -> io::Result<FileSlice> {
    if let Some(slice) = input.slice() {
        return Ok(slice);
    }
    // In memory already.
    let mut bytes = Vec::new();
    input.seekable()?.read_to_end(&mut bytes)?;
    Ok(FileSlice::from_bytes(bytes))
}

/// What the headers tell.
struct Walk {
    covered: Vec<Span>,
    packed: Vec<Packed>,
    /// Headers of files so far.
    files: usize,
    /// Whether there is a comment that is packed.
    has_comment: bool,
    /// Whether what wrote it tells the end.
    needs_end: bool,
}

impl Walk {
    fn run(&mut self, file: &mut Box<dyn ReadSeek + '_>, length: u64, is_new: bool, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut at = if is_new { NEW.len() } else { OLD.len() } as u64;
        while at < length {
            file.seek(SeekFrom::Start(at))?;
            let bytes = up_to(file, HEADER)?;
            let Some(block) = (if is_new { new_block(&bytes) } else { old_block(&bytes) }) else { break };
            let data = Span::of(at + block.header, block.data);
            match block.kind {
                Kind::Encrypted => {
                    sink.gap(GapReason::Encrypted, "rar: the names of the files are encrypted".into(), Some(length - at));
                    return Ok(());
                }
                Kind::End => return Ok(()),
                Kind::File(entry) => self.file(entry, data, file, length, sink)?,
                Kind::Service(entry) if entry.name == COMMENT && entry.how == How::Packed && self.files == 0 => {
                    self.has_comment = true;
                    self.covered.push(data);
                }
                Kind::Service(entry) => {
                    let detail = format!("rar: {}, which belongs to a file or the archive, is not read", escaped(&entry.name));
                    sink.gap(GapReason::Unsupported, detail, Some(block.data));
                }
                Kind::Other => {}
            }
            at = data.end;
        }
        // Before version 2.9 nothing tells the end.
        if at == length && !is_new && self.files > 0 && !self.needs_end {
            return Ok(());
        }
        let (reason, detail) = match at == length {
            true => (GapReason::MissingEnd, "rar: ends without its last block"),
            false => (GapReason::Truncated, "rar: no header where one belongs; the rest was scanned as it is"),
        };
        sink.gap(reason, detail.into(), None);
        Ok(())
    }

    fn file(
        &mut self,
        entry: Entry,
        data: Span,
        file: &mut Box<dyn ReadSeek + '_>,
        length: u64,
        sink: &mut dyn Sink,
    ) -> Result<(), Halt> {
        let (label, size, ordinal) = (escaped(&entry.name), data.end - data.start, self.files);
        self.files += 1;
        self.needs_end |= entry.version >= 29;
        if entry.is_split && matches!(entry.how, How::Stored | How::Packed) {
            let detail = format!("rar: {label}: a part of it is in another volume");
            sink.gap(GapReason::Unsupported, detail, (entry.how == How::Packed).then_some(size));
        }
        match entry.how {
            How::Stored => {
                file.seek(SeekFrom::Start(data.start))?;
                let mut reader = file.take(size);
                sink.member(&Member { name: &entry.name, kind: MemberKind::File, size: Some(size) }, &mut reader)?;
                io::copy(&mut reader, &mut io::sink())?;
                self.covered.push(data);
                if data.end > length {
                    sink.gap(GapReason::Truncated, format!("rar: {label} ends early"), None);
                }
            }
            How::Packed if entry.is_split => {}
            How::Packed => self.packed.push(Packed { name: entry.name, ordinal, data }),
            How::Encrypted => sink.gap(GapReason::Encrypted, format!("rar: {label} is encrypted"), Some(size)),
            How::Folder => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;
    use rars::{ArchiveVersion, Builder};

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
            out.extend([&b"\0\0\x74\0\x80"[..], &header, &length, &length, &[0; 9], &[29, 0x30 + method]].concat());
            out.extend([&[name.len() as u8, 0, 0, 0, 0, 0][..], name.as_bytes(), text.as_bytes()].concat());
        }
        [out, b"\0\0\x7b\0\0\x07\0".to_vec()].concat()
    }

    /// An archive of two texts as other programs write it.
    fn archive(version: ArchiveVersion, make: impl Fn(Builder) -> Builder) -> Vec<u8> {
        let mut builder = make(Builder::new(version));
        for (name, text) in TEXTS {
            builder.add_bytes(name.as_bytes().to_vec(), text.repeat(20).into_bytes(), None, None).unwrap();
        }
        ended(version, builder.to_bytes().unwrap())
    }

    /// With the block at the end that programs write from version 2.9 on.
    fn ended(version: ArchiveVersion, bytes: Vec<u8>) -> Vec<u8> {
        let is_needed = matches!(version, ArchiveVersion::Rar29 | ArchiveVersion::Rar40);
        if is_needed { [&bytes[..], b"\xc4\x3d\x7b\0\x40\x07\0"].concat() } else { bytes }
    }

    const TEXTS: [(&str, &str); 2] = [("a/one", "one text and "), ("two", "more of another text, one text and ")];

    #[test]
    fn packed_files_are_read_in_every_version() {
        use ArchiveVersion::{Rar15, Rar20, Rar29, Rar40, Rar50, Rar70};
        for (version, is_solid) in [(Rar15, false), (Rar20, true), (Rar29, false), (Rar40, true), (Rar50, true), (Rar70, false)] {
            let bytes = archive(version, |builder| builder.solid(is_solid));
            let found = seen(&Rar, &bytes);
            let expected = TEXTS.map(|(name, text)| (name.to_owned(), text.repeat(20)));
            assert_eq!((found.members.0, found.gaps), (expected.to_vec(), Vec::new()), "{version:?}");
            // What is packed is not scanned once more.
            assert!(found.raw.len() < bytes.len() - 30, "{version:?}");
            // One byte of the last file is wrong: what was unpacked is handed on all the same.
            let mut broken = bytes.clone();
            let at = broken.len() - 30;
            broken[at] ^= 0x10;
            let found = seen(&Rar, &broken);
            assert_eq!(found.members.0.first(), expected.first(), "{version:?}");
            assert!(!found.gaps.is_empty(), "{version:?}");
        }
    }

    #[test]
    fn comments_are_read() {
        for version in [ArchiveVersion::Rar29, ArchiveVersion::Rar50] {
            let comment = "what is said of it, ".repeat(9).into_bytes();
            let bytes = archive(version, |builder| builder.comment(Some(comment.clone())));
            let found = seen(&Rar, &bytes);
            assert!(memchr::memmem::find(&found.raw, &comment).is_some(), "{version:?}");
            assert_eq!(found.gaps, Vec::new(), "{version:?}");
        }
    }

    #[test]
    fn what_goes_on_in_another_volume_is_a_gap() {
        for version in [ArchiveVersion::Rar29, ArchiveVersion::Rar50] {
            let mut builder = Builder::new(version).volume_size(Some(700));
            let long: String = (0..900_u32).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect();
            builder.add_bytes(b"long".to_vec(), long.into_bytes(), None, None).unwrap();
            for volume in builder.build_volumes(None).unwrap() {
                let found = seen(&Rar, &ended(version, volume));
                assert_eq!((found.members, found.gaps), (Vec::new().into(), vec![GapReason::Unsupported]), "{version:?}");
            }
        }
    }

    #[test]
    fn stored_files_are_read_and_broken_ones_are_gaps() {
        for make in [new, old] {
            let bytes = make(&[("a", 0, "one"), ("b", 3, "two"), ("c", 0, "three")]);
            assert!(Rar.probe(&Head { start: &bytes, tail: &[] }));
            let found = seen(&Rar, &bytes);
            assert_eq!((found.members, found.gaps), (vec![("a", "one"), ("c", "three")].into(), vec![GapReason::Damaged]));
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
