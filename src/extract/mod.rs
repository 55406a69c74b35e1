//! How a format opens.
//!
//! An [`Extractor`] reads one format and pushes what it finds into a [`Sink`]: members (which are
//! probed and opened in turn), raw stretches no structure accounts for, pairs, and gaps. It never
//! writes a file, never follows a link, never runs what it reads, and knows nothing of its siblings:
//! whoever stands above decides what happens to what it yields.
//!
//! A format is a file here and a row in [`EXTRACTORS`].

pub mod archive;
pub mod build;

mod cursor;
mod flatbuffer;
mod input;
mod kind;
mod legible;
mod lzo;
pub mod model;
mod rows;
pub mod table;
#[cfg(test)]
mod testing;
mod told;
mod xml;

pub use input::{Input, ReadSeek};
pub use kind::{OPAQUE, Opaque};

use crate::finding::GapReason;
use crate::repository::{Id, Kind};
use crate::slice::FileSlice;
use std::io::{self, Read};

/// What is known of some bytes before they are opened.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The first bytes: all of them, or at least [`Head::LEN`].
    pub start: &'a [u8],
    /// The last bytes, where they are at hand; else empty.
    pub tail: &'a [u8],
}

impl Head<'_> {
    /// How many bytes a probe may count on, if there are that many at all.
    pub const LEN: usize = 4096;
    /// How many of the last bytes are shown, at the least, where the end is known.
    pub const TAIL: usize = 1024;

    /// Whether the bytes at `offset` are `magic`.
    pub fn has(&self, offset: usize, magic: &[u8]) -> bool {
        self.start.get(offset..).is_some_and(|rest| rest.starts_with(magic))
    }
}

/// What people are told of a format, by `watertight formats` and in the README.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// As people call it.
    pub title: &'static str,
    /// What is read of it.
    pub reads: &'static str,
    /// What is not, and up to where the rest is.
    pub limits: &'static str,
    /// Where the format is described.
    pub specification: &'static str,
}

/// One format.
pub trait Extractor: Sync {
    /// Its name, as in messages.
    fn name(&self) -> &'static str;

    /// What people are told of it.
    fn about(&self) -> About {
        About::default()
    }

    /// Whether the bytes look like this format. Content decides, never a name.
    fn probe(&self, head: &Head<'_>) -> bool;

    /// Whether it wraps one stream of bytes, which then has no place of its own: gzip, zstd.
    fn is_wrapper(&self) -> bool {
        false
    }

    /// Whether its texts are those of a program, where a word is a name more often than a password.
    fn is_program(&self) -> bool {
        false
    }

    /// Whether other members of the container around it tell what it is about, so that one worker must see all of
    /// them: the objects of a repository.
    fn is_part(&self) -> bool {
        false
    }

    /// Whether it must jump about in its input. Others read it once, from start to end.
    fn seeks(&self) -> bool {
        false
    }

    /// Whether it hands on numbers unread, where its input is a file: long ones cost little then.
    fn hands_on(&self) -> bool {
        false
    }

    /// Reads all of `input` and pushes what is in it.
    ///
    /// # Errors
    /// [`Halt`] says why it ended early. What was pushed until then stays; the caller scans what is
    /// left of the input as raw bytes.
    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt>;
}

/// What kind of thing a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberKind {
    /// Bytes.
    File,
    /// A directory.
    Directory,
    /// A second name for a file.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A device, a pipe, a volume label.
    Special,
    /// Bytes that are numbers by what the container says of them: the weights of a model. Only what
    /// identifies itself is looked for in them.
    Numbers,
}

/// A member as its container names it.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its path in the container: a label, never a path on our disk.
    pub name: &'a [u8],
    /// What it is.
    pub kind: MemberKind,
    /// Its size as declared, in bytes; the body may have fewer or more.
    pub size: Option<u64>,
}

/// A text as its container holds it, whole and without escapes.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// The keys that lead to it, for reports: `config.db.password`. Empty if there are none.
    pub name: &'a [u8],
    /// The key by which it is judged: `password`. Empty if there is none.
    pub key: &'a [u8],
    /// The text.
    pub bytes: &'a [u8],
    /// Where in the container it begins, or what encodes it does. A format that leaves its bytes to be scanned as
    /// they are and only tells their names must be exact: what is found at one place twice is told once.
    pub offset: u64,
}

impl<'a> Text<'a> {
    /// A text with a plain name.
    pub fn named(name: &'a [u8], bytes: &'a [u8], offset: u64) -> Self {
        Self { name, key: name, bytes, offset }
    }
}

/// A piece of code that loading a file would call upon: what a pickle names to be imported.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// `os`.
    pub module: &'a [u8],
    /// `system`.
    pub name: &'a [u8],
    /// Where in the container it is named.
    pub offset: u64,
}

/// Where extractors push to.
pub trait Sink {
    /// A member. Its body is probed, opened and scanned; what is left unread of it is lost to no one
    /// but the caller, who goes on behind it.
    fn member(&mut self, member: &Member<'_>, body: &mut dyn Read) -> Result<(), Stop>;

    /// Bytes of the container that belong to no member, scanned as they are. What is found in them stands at its place
    /// in this stretch; a format that knows where the stretch stands says so by [`Self::raw_at`].
    fn raw(&mut self, body: &mut dyn Read) -> Result<(), Stop>;

    /// The same of bytes that stand in the container as they are, from `offset` on: some may be blank.
    fn raw_at(&mut self, _offset: u64, body: &mut dyn Read) -> Result<(), Stop> {
        self.raw(body)
    }

    /// The same of what lies behind the structure and may be a container itself: one that opens is a member of this
    /// name, anything else is scanned at its place.
    fn behind(&mut self, name: &[u8], _offset: u64, body: &mut dyn Read) -> Result<(), Stop> {
        self.member(&Member { name, kind: MemberKind::File, size: None }, body)
    }

    /// Bytes of the container that are numbers, as in [`MemberKind::Numbers`].
    fn numbers(&mut self, body: &mut dyn Read) -> Result<(), Stop>;

    /// The same of bytes that stand in the container as they are, from `offset` on.
    fn numbers_at(&mut self, _offset: u64, body: &mut dyn Read) -> Result<(), Stop> {
        self.numbers(body)
    }

    /// The same, unread: a piece of the file that the container is.
    fn unread_numbers(&mut self, offset: u64, mut slice: FileSlice) -> Result<(), Stop> {
        self.numbers_at(offset, &mut slice)
    }

    /// A member that is numbers, unread: a piece of the file that the container is.
    fn unread_member(&mut self, member: &Member<'_>, mut slice: FileSlice) -> Result<(), Stop> {
        self.member(member, &mut slice)
    }

    /// A text that the structure reveals, with what it calls it. It is scanned and not opened.
    fn text(&mut self, text: &Text<'_>) -> Result<(), Stop>;

    /// Code that loading the container calls upon. Whether that is harmless is not the extractor's to say.
    /// Whoever only wants what is in a container has no use for it.
    fn import(&mut self, _: &Import<'_>) -> Result<(), Stop> {
        Ok(())
    }

    /// The content of a file as a repository's history keeps it; an id without bytes if it is not known. The path and
    /// the commit are the sink's to find out, by what was recorded.
    fn version(&mut self, id: &Id, body: &mut dyn Read) -> Result<(), Stop> {
        let name = format!("blob {id}");
        self.member(&Member { name: name.as_bytes(), kind: MemberKind::File, size: None }, body)
    }

    /// A commit or a tree, which tell where files of a history stand.
    fn recorded(&mut self, _kind: Kind, _id: &Id, _body: &[u8]) {}

    /// An index, which tells where files stand that are not in the history yet.
    fn staged(&mut self, _index: &[u8]) {}

    /// Much was recorded, and the files that it tells of follow.
    fn settled(&mut self) {}

    /// Of the bytes given as raw, so many were blank, since they had been told as texts.
    fn told_before(&mut self, _bytes: u64) {}

    /// Whether a text of this key would be judged by it. A format whose bytes are scanned as they are need not
    /// push others.
    fn wants(&self, _key: &[u8]) -> bool {
        true
    }

    /// Something that could not be seen. `bytes` is what it cost, where known.
    fn gap(&mut self, reason: GapReason, detail: String, bytes: Option<u64>);
}

/// The sink wants no more: a limit was reached, and it has recorded which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop;

/// Why an extractor ended before the end of its input.
#[derive(Debug)]
pub enum Halt {
    /// The sink said so.
    Stop,
    /// Reading the input failed. Whoever owns the reader reports it; for the extractor it is an end.
    Read(io::Error),
    /// The structure is broken or not supported.
    Broken(GapReason, String),
}

impl From<Stop> for Halt {
    fn from(_: Stop) -> Self {
        Self::Stop
    }
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// All formats, in the order in which they are asked. Zip is last: it may be known by its end alone,
/// and an end that is appended to a layer must not hide what its start says.
pub static EXTRACTORS: &[&dyn Extractor] = &[
    &archive::Gzip,
    &archive::Zstd,
    // A zlib stream, too.
    &build::GitObject,
    &archive::Zlib,
    &archive::Xz,
    &archive::Bzip2,
    &archive::Lz4,
    &archive::Snappy,
    &archive::Lzop,
    &archive::Tar,
    &archive::Ar,
    &archive::Cpio,
    &archive::Rpm,
    &archive::SevenZ,
    &archive::Squashfs,
    &archive::Sif,
    &archive::Asar,
    &archive::Cabinet,
    &archive::Rar,
    &archive::Lzma,
    // It says at its end what it is.
    &table::SortedTable,
    &table::SortedLog,
    &table::Lmdb,
    &model::Npy,
    &model::Pickle,
    &model::OldJoblib,
    &model::Gguf,
    &model::Safetensors,
    &model::Protobuf,
    &model::Hdf5,
    &model::CatBoost,
    &model::TfLite,
    &model::Ubjson,
    &model::Skops,
    &table::Parquet,
    &table::Orc,
    &table::Arrow,
    &table::Feather,
    &table::Avro,
    &build::Pyc,
    &build::Class,
    &build::Elf,
    &build::Pe,
    &build::MachO,
    &build::Fat,
    &build::Wasm,
    &build::Sqlite,
    &build::SqliteLog,
    &build::Notebook,
    &build::Office,
    &build::Ole,
    &build::Workbook,
    &build::Slides,
    &build::Pdf,
    &build::Png,
    &build::SourceMap,
    &build::GitPack,
    &build::GitIndex,
    &build::VimSwap,
    &build::MongoArchive,
    &build::PgDump,
    &build::CopyRows,
    // It has no magic.
    &build::Bson,
    // What says in the middle what it is comes behind what says so at its start.
    &archive::Iso,
    &archive::Ext4,
    &archive::Erofs,
    // It has no magic, and what its first bytes unpack to tells it.
    &archive::Brotli,
    // Last of all, see above.
    &archive::Zip,
    // What is known by nothing but what it holds; a zip may be behind a script, too.
    &archive::Embedded,
];

/// The format of some bytes, if it is one that opens.
pub fn probe(head: &Head<'_>) -> Option<&'static dyn Extractor> {
    EXTRACTORS.iter().copied().find(|extractor| extractor.probe(head))
}

/// The format of bytes that begin as something else and hold the start of it: an archive behind a script.
pub fn probe_within(bytes: &[u8]) -> Option<&'static dyn Extractor> {
    archive::Zip::begins_within(bytes).then_some(&archive::Zip as &dyn Extractor)
}

/// The format of which these are the last bytes, of those that say there what they are.
pub fn probe_end(tail: &[u8]) -> Option<&'static dyn Extractor> {
    probe(&Head { start: &[], tail })
}

/// The format called `name`.
pub fn named(name: &str) -> Option<&'static dyn Extractor> {
    EXTRACTORS.iter().copied().find(|extractor| extractor.name() == name)
}

/// What a failed read of decoded bytes says of the stream they come from.
pub(crate) fn reason_of(error: &io::Error) -> GapReason {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => GapReason::Truncated,
        io::ErrorKind::Unsupported => GapReason::Unsupported,
        _ => GapReason::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_appended_end_record_makes_no_zip_of_a_tar() {
        let end = [&b"PK\x05\x06"[..], &[0; 18]].concat();
        let polyglot = [crate::forge::image::tar_of(&[("a", b"x")]), end].concat();
        let name = |bytes: &[u8]| probe(&Head { start: bytes, tail: bytes }).map(|extractor| extractor.name());
        assert_eq!(name(&polyglot), Some("tar"));
        assert_eq!(name(&[&b"#!/bin/sh\n"[..], &polyglot[polyglot.len() - 22..]].concat()), Some("zip"));
    }
}
