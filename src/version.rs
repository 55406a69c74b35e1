//! A file as the history of a repository keeps it: the object, and who brought it.

use std::fmt;

/// An object of a repository's history, as far as it is known where it stood.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The object's id, in hex.
    pub object: String,
    /// The path that the oldest commit with it has it at, as raw bytes. Where no commit is known, as much of the path
    /// as trees tell.
    pub path: Option<Vec<u8>>,
    /// The oldest commit that is known to have it.
    pub commit: Option<Commit>,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commit {
    /// Its id, in hex.
    pub id: String,
    /// When it was made, in seconds since 1970, as it says itself.
    pub time: i64,
}

/// `commit 1f3a…, path config/prod.env`.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.commit {
            Some(commit) => write!(f, "commit {}", commit.id)?,
            None => write!(f, "object {}", self.object)?,
        }
        self.path.as_ref().map_or(Ok(()), |path| write!(f, ", path {}", crate::place::escaped(path)))
    }
}
