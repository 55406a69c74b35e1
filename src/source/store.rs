//! Named bytes: the members of an archive or the files of a directory, looked up by name.
//!
//! Names that a manifest gives are only ever looked up here. They never become paths on our disk.

use super::Opener;
use crate::blob::Digest;
use crate::slice::FileSlice;
use std::collections::HashMap;
use std::io;
use std::path::Path;

/// One stored run of bytes.
pub(crate) struct Stored {
    /// Normalised, as a label.
    pub(crate) name: Vec<u8>,
    /// In bytes, as stored.
    pub(crate) size: u64,
    /// How its bytes are reached.
    pub(crate) opener: Opener,
}

/// All that an archive or a directory holds, in its own order.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) members: Vec<Stored>,
    names: HashMap<Vec<u8>, usize>,
    /// Whether names are also those of the files (a directory) and so hold no links of ours.
    pub(crate) on_disk: bool,
}

impl Store {
    /// Adds a member. Says whether one of that name was there: the later one wins.
    pub(crate) fn add(&mut self, stored: Stored) -> bool {
        let index = self.members.len();
        let repeated = self.names.insert(stored.name.clone(), index).is_some();
        self.members.push(stored);
        repeated
    }

    /// Makes `name` another name of a member.
    pub(crate) fn link(&mut self, name: Vec<u8>, member: usize) {
        self.names.insert(name, member);
    }

    /// The member of that name.
    pub(crate) fn find(&self, name: &[u8]) -> Option<usize> {
        self.names.get(normal(name).as_slice()).copied()
    }

    /// The member that holds a blob: in an OCI layout, in a `dir:`, or by the name of a manifest in it.
    pub(crate) fn blob(&self, digest: &Digest) -> Option<usize> {
        let hex = digest.hex();
        let algorithm = digest.as_str().split(':').next().unwrap_or_default();
        let names =
            [format!("blobs/{algorithm}/{hex}"), hex.to_owned(), format!("{hex}.manifest.json"), format!("{algorithm}-{hex}")];
        names.iter().find_map(|name| self.find(name.as_bytes()))
    }

    /// A member, by number.
    pub(crate) fn get(&self, member: usize) -> Option<&Stored> {
        self.members.get(member)
    }

    /// Opens a member.
    pub(crate) fn open(&self, member: usize) -> io::Result<FileSlice> {
        self.get(member).map_or_else(|| Err(io::ErrorKind::NotFound.into()), |stored| stored.opener.open())
    }

    /// The first bytes of a member; fewer where it is short or cannot be read.
    pub(crate) fn head(&self, member: usize) -> Vec<u8> {
        let mut head = vec![0; 512];
        let count = self.open(member).and_then(|slice| slice.fill_at(&mut head, 0)).unwrap_or(0);
        head.truncate(count);
        head
    }

    /// A member read whole, if it is no longer than `limit`.
    pub(crate) fn read(&self, member: usize, limit: usize) -> io::Result<Option<Vec<u8>>> {
        self.open(member)?.read_up_to(limit)
    }

    /// The regular files below a directory, at most `cap` and `depth` down. Links to files are followed:
    /// build tools make layouts of links. Also what could not be listed, for people.
    pub(crate) fn of_directory(directory: &Path, cap: usize, depth: usize) -> (Self, Vec<String>, bool) {
        let mut store = Self { on_disk: true, ..Self::default() };
        let mut troubles = Vec::new();
        let walk = walkdir::WalkDir::new(directory).follow_links(true).max_depth(depth).sort_by_file_name();
        for entry in walk {
            if store.members.len() >= cap {
                return (store, troubles, false);
            }
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    let Ok(path) = entry.path().strip_prefix(directory) else { continue };
                    let size = entry.metadata().map(|metadata| metadata.len()).unwrap_or(0);
                    let name = path.as_os_str().as_encoded_bytes().to_vec();
                    store.add(Stored { name, size, opener: Opener::Path(entry.path().into()) });
                }
                Ok(_) => {}
                Err(error) => troubles.push(crate::place::escaped(error.to_string().as_bytes())),
            }
        }
        (store, troubles, true)
    }
}

/// A name without `.`, empty parts and slashes at its ends. `..` stays: it is a label.
pub(crate) fn normal(name: &[u8]) -> Vec<u8> {
    let parts: Vec<_> = name.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    parts.join(&b'/')
}

/// Where a symbolic link at `name` leads, by names alone.
pub(crate) fn linked(name: &[u8], target: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    if !target.starts_with(b"/") {
        parts.extend(name.split(|byte| *byte == b'/'));
        parts.pop();
    }
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_by_name() {
        assert_eq!(linked(b"id/layer.tar", b"../abc.tar"), b"abc.tar");
        assert_eq!(linked(b"id/layer.tar", b"/abc.tar"), b"abc.tar");
        assert_eq!(linked(b"id/layer.tar", b"../../../../x"), b"x");
        assert_eq!(normal(b"./a//b/./c/"), b"a/b/c");
    }

    #[test]
    fn a_manifest_cannot_name_a_path_on_disk() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("inside"), "x").unwrap();
        let (store, _, whole) = Store::of_directory(directory.path(), 10, 4);
        assert!(whole && store.find(b"./inside").is_some());
        assert!(store.find(b"../../../../etc/passwd").is_none() && store.find(b"/etc/passwd").is_none());
    }
}
