//! One object: what it is, what it is called, and what its text says.

use sha1::{Digest, Sha1};
use sha2::Sha256;
use std::fmt;
use std::io::{self, Read};

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A state of all files, with its author and its parents.
    Commit,
    /// A folder.
    Tree,
    /// The content of a file.
    Blob,
    /// A name for another object, with a message.
    Tag,
}

impl Kind {
    /// The word for it in an object's header.
    pub fn word(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }
}

/// By which digest a repository names its objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// What nearly all have.
    #[default]
    Sha1,
    /// `extensions.objectFormat = sha256`.
    Sha256,
}

impl Format {
    /// Bytes of an id.
    pub fn width(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The id of an object with this content.
    pub fn id(self, kind: Kind, body: &[u8]) -> Id {
        let header = format!("{} {}\0", kind.word(), body.len());
        match self {
            Self::Sha1 => Id(Sha1::new().chain_update(header).chain_update(body).finalize().as_slice().into()),
            Self::Sha256 => Id(Sha256::new().chain_update(header).chain_update(body).finalize().as_slice().into()),
        }
    }

    /// The id of an object that is too long to be held, of `size` bytes.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn id_of(self, kind: Kind, size: u64, body: &mut dyn Read) -> io::Result<Id> {
        let header = format!("{} {size}\0", kind.word());
        match self {
            Self::Sha1 => digest_of(Sha1::new().chain_update(header), body),
            Self::Sha256 => digest_of(Sha256::new().chain_update(header), body),
        }
    }
}

fn digest_of<D: Digest>(mut digest: D, body: &mut dyn Read) -> io::Result<Id> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match body.read(&mut buffer)? {
            0 => return Ok(Id(digest.finalize().as_slice().into())),
            count => digest.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// The id of an object, as raw bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Box<[u8]>);

impl Id {
    /// The id of these bytes: 20 or 32 of them.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// An id as texts have it: 40 or 64 digits.
    pub fn from_hex(digits: &[u8]) -> Option<Self> {
        let fits = matches!(digits.len(), 40 | 64);
        fits.then(|| data_encoding::HEXLOWER.decode(digits).ok()).flatten().map(|bytes| Self(bytes.into()))
    }

    /// The id that the path of a loose object gives it: `objects/1f/3a…`.
    pub fn of_path(path: &[u8]) -> Option<Self> {
        let mut names = path.rsplit(|byte| *byte == b'/');
        let (last, first) = (names.next()?, names.next()?);
        (first.len() == 2).then(|| Self::from_hex(&[first, last].concat())).flatten()
    }

    /// The raw bytes; none if the id is not known.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its first eight bytes, which tell the objects of a repository apart. Whoever forges two that are alike gains a
    /// wrong path.
    pub(super) fn short(&self) -> u64 {
        short(&self.0)
    }
}

pub(super) fn short(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

/// In hex.
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The header of an object: kind, size, and where its content begins. `None` if these bytes do not begin with one.
pub fn header(start: &[u8]) -> Option<(Kind, u64, usize)> {
    // A kind, a space, the digits of a size, and a NUL.
    let end = start.iter().take(32).position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(start.get(..end)?).ok()?;
    let (word, size) = text.split_once(' ')?;
    let kind = [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag].into_iter().find(|kind| kind.word() == word)?;
    let digits = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
    Some((kind, size.parse().ok().filter(|_| digits)?, end + 1))
}

/// What a commit says of its place in the history.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) tree: u64,
    pub(super) parents: Vec<u64>,
    pub(super) time: i64,
}

/// Parents of a commit that are looked at; git itself makes few that have more than two.
const PARENTS: usize = 64;

/// Reads the header of a commit.
pub(super) fn commit(body: &[u8]) -> Option<Said> {
    let mut said = Said { tree: 0, parents: Vec::new(), time: 0 };
    let mut has_tree = false;
    for line in body.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty()) {
        if let Some(id) = line.strip_prefix(b"tree ") {
            (said.tree, has_tree) = (Id::from_hex(id)?.short(), true);
        } else if let Some(id) = line.strip_prefix(b"parent ").filter(|_| said.parents.len() < PARENTS) {
            said.parents.push(Id::from_hex(id)?.short());
        } else if let Some(rest) = line.strip_prefix(b"committer ") {
            let seconds = rest.rsplit(|byte| *byte == b' ').nth(1).and_then(|word| std::str::from_utf8(word).ok());
            said.time = seconds.and_then(|word| word.parse().ok()).unwrap_or(0);
        }
    }
    has_tree.then_some(said)
}

/// An entry of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeEntry<'a> {
    /// Whether it is a folder.
    pub is_tree: bool,
    /// Its name, without folders.
    pub name: &'a [u8],
    /// The raw id of what it names.
    pub id: &'a [u8],
}

/// The entries of a tree, as far as they can be read. Nothing in a tree says how long its ids are, but only one
/// length fits.
pub fn tree(body: &[u8]) -> Vec<TreeEntry<'_>> {
    let (entries, whole) = entries(body, Format::Sha1.width());
    if whole {
        return entries;
    }
    let (long, whole) = self::entries(body, Format::Sha256.width());
    if whole || long.len() > entries.len() { long } else { entries }
}

fn entries(body: &[u8], width: usize) -> (Vec<TreeEntry<'_>>, bool) {
    let (mut entries, mut rest) = (Vec::new(), body);
    while let Some((entry, behind)) = entry(rest, width) {
        entries.push(entry);
        rest = behind;
    }
    (entries, rest.is_empty())
}

/// `100644 name`, a NUL, an id.
fn entry(rest: &[u8], width: usize) -> Option<(TreeEntry<'_>, &[u8])> {
    let space = rest.iter().take(7).position(|byte| *byte == b' ')?;
    let (mode, rest) = (rest.get(..space)?, rest.get(space + 1..)?);
    let end = memchr::memchr(0, rest)?;
    let (name, id) = (rest.get(..end)?, rest.get(end + 1..end + 1 + width)?);
    let is_mode = !mode.is_empty() && mode.iter().all(|byte| (b'0'..=b'7').contains(byte));
    let is_tree = matches!(mode, b"40000" | b"040000");
    (is_mode && !name.is_empty()).then(|| (TreeEntry { is_tree, name, id }, rest.get(end + 1 + width..).unwrap_or_default()))
}

/// The files that an index lists, with their ids: what was staged and perhaps never committed.
/// Format: <https://git-scm.com/docs/gitformat-index>, versions 2 to 4.
pub fn index(bytes: &[u8]) -> Index<'_> {
    // The ids' length is in no header: try both, and take what fits the count better.
    let read = |format: Format| staged(bytes, format.width());
    let (short, long) = (read(Format::Sha1), read(Format::Sha256));
    if long.files.len() > short.files.len() { long } else { short }
}

/// The files of an index.
#[derive(Debug, Default)]
pub struct Index<'a> {
    /// Paths, and raw ids.
    pub files: Vec<(Vec<u8>, &'a [u8])>,
    /// Whether these are as many as the header says.
    pub is_whole: bool,
    /// Where what is known of them ends.
    pub end: usize,
}

fn staged(bytes: &[u8], width: usize) -> Index<'_> {
    let number = |at: usize| bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four));
    let (Some(version @ 2..=4), Some(count)) = (number(4), number(8)) else { return Index::default() };
    let mut index = Index { end: 12, ..Index::default() };
    for _ in 0..count {
        let last = index.files.last().map(|(path, _)| path.as_slice()).unwrap_or_default();
        let Some((path, id, next)) = staged_one(bytes, index.end, width, version, last) else { return index };
        index.files.push((path, id));
        index.end = next;
    }
    Index { is_whole: true, ..index }
}

/// An entry at `at`: its path, its id, and where the next begins.
fn staged_one<'b>(bytes: &'b [u8], at: usize, width: usize, version: u32, last: &[u8]) -> Option<(Vec<u8>, &'b [u8], usize)> {
    let id = bytes.get(at + 40..at + 40 + width)?;
    let flags = u16::from_be_bytes(*bytes.get(at + 40 + width..)?.first_chunk()?);
    // An extended entry has two bytes more.
    let mut path_at = at + 42 + width + if version >= 3 && flags & 0x4000 != 0 { 2 } else { 0 };
    let mut path = Vec::new();
    if version == 4 {
        let mut strip = 0usize;
        loop {
            let byte = *bytes.get(path_at)?;
            path_at += 1;
            strip = strip.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
            if byte < 0x80 {
                break;
            }
            strip += 1;
        }
        path.extend_from_slice(last.get(..last.len().checked_sub(strip)?)?);
    }
    let end = path_at + memchr::memchr(0, bytes.get(path_at..)?)?;
    path.extend_from_slice(bytes.get(path_at..end)?);
    let next = if version == 4 { end + 1 } else { at + (end - at + 8) / 8 * 8 };
    let fits = !path.is_empty() && path.len() <= 4096 && flags & 0x0fff == u16::try_from(path.len().min(0x0fff)).ok()?;
    fits.then_some((path, id, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_objects() {
        let check = |start: &[u8], expected: Option<(Kind, u64, usize)>| assert_eq!(header(start), expected, "{start:?}");
        check(b"blob 12\0hello", Some((Kind::Blob, 12, 8)));
        check(b"tree 0\0", Some((Kind::Tree, 0, 7)));
        check(b"commit 1", None);
        check(b"blob -1\0", None);
        check(b"blob 01\0", None);
        check(b"blob \0", None);
        check(b"blobs 1\0", None);
        check(b"tag 99999999999999999999999\0", None);
    }

    #[test]
    fn ids_are_those_of_git() {
        // `git hash-object` of an empty file, in both formats.
        assert_eq!(Format::Sha1.id(Kind::Blob, b"").to_string(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        let long = "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813";
        assert_eq!(Format::Sha256.id(Kind::Blob, b"").to_string(), long);
        let path = format!("app/.git/objects/{}/{}", &long[..2], &long[2..]);
        assert_eq!(Id::of_path(path.as_bytes()).map(|id| id.to_string()).as_deref(), Some(long));
        assert_eq!(Id::of_path(b"objects/pack/e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"), None);
    }

    #[test]
    fn a_tree_has_ids_of_either_length() {
        for width in [20, 32] {
            let body = [&b"100644 a b\0"[..], &vec![b'1'; width], b"40000 dir\0", &vec![0; width]].concat();
            let names: Vec<_> = tree(&body).iter().map(|entry| (entry.name, entry.is_tree, entry.id.len())).collect();
            assert_eq!(names, [(&b"a b"[..], false, width), (b"dir", true, width)]);
            for end in 0..body.len() {
                assert!(tree(&body[..end]).len() <= 1, "cut at {end}");
            }
        }
    }

    #[test]
    fn a_commit_says_where_it_stands() {
        let id = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        let text = format!("tree {id}\nparent {id}\nauthor A <a> 1 +0000\ncommitter B C <b> 1700000000 -0130\n\ntree of text\n");
        let short = 0xe69d_e29b_b2d1_d643;
        let expected = Said { tree: short, parents: vec![short], time: 1_700_000_000 };
        assert_eq!(commit(text.as_bytes()), Some(expected));
        assert_eq!(commit(b"tree x\n"), None);
        assert_eq!(commit(b"\n"), None);
    }
}
