//! The tree of a file system as it is walked: which entries were read, and which directories wait to be.
//!
//! An image may have directories that lead in a circle, share what they hold, or never end. So each entry is read
//! once, and what is remembered has limits.

use std::collections::HashSet;
use std::hash::Hash;

/// Entries that are remembered, so that none is read twice.
const ENTRIES: usize = 1 << 20;

/// The longest path that is followed, and bytes of paths that may wait to be.
const PATH: usize = 4096;
const PATHS: usize = 16 << 20;

/// Entries by a key `K` that tells them apart, directories by a `T` that leads to them.
pub(super) struct Tree<K, T> {
    seen: HashSet<K>,
    open: Vec<(Vec<u8>, T)>,
    /// Bytes of the paths of those.
    waiting: usize,
}

impl<K: Eq + Hash, T> Tree<K, T> {
    /// Of which nothing was read.
    pub(super) fn new() -> Self {
        Self { seen: HashSet::new(), open: Vec::new(), waiting: 0 }
    }

    /// Whether this entry comes for the first time. Past the limit none does.
    pub(super) fn is_first(&mut self, key: K) -> bool {
        self.seen.len() < ENTRIES && self.seen.insert(key)
    }

    /// Whether more entries came than are remembered.
    pub(super) fn is_full(&self) -> bool {
        self.seen.len() >= ENTRIES
    }

    /// Has a directory wait to be read, if there is room for its path.
    pub(super) fn push(&mut self, path: &[u8], directory: T) -> bool {
        let has_room = path.len() <= PATH && self.waiting < PATHS;
        if has_room {
            self.waiting += path.len();
            self.open.push((path.to_vec(), directory));
        }
        has_room
    }

    /// The next directory to read.
    pub(super) fn pop(&mut self) -> Option<(Vec<u8>, T)> {
        let next = self.open.pop()?;
        self.waiting -= next.0.len();
        Some(next)
    }
}

/// The path of an entry of a directory; that of the root is empty.
pub(super) fn below(path: &[u8], name: &[u8]) -> Vec<u8> {
    if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_comes_once_and_paths_have_an_end() {
        let mut tree = Tree::new();
        assert!(tree.is_first(1) && !tree.is_first(1) && tree.is_first(2) && !tree.is_full());
        assert!(tree.push(b"", "root") && tree.push(&[b'a'; PATH], "deep") && !tree.push(&[b'a'; PATH + 1], "deeper"));
        assert_eq!((tree.pop().map(|(_, of)| of), tree.pop(), tree.pop()), (Some("deep"), Some((Vec::new(), "root")), None));
        let waiting = (0..).take_while(|_| tree.push(&[b'a'; PATH], "x")).count();
        assert_eq!((waiting, below(b"", b"a"), below(b"a", b"b")), (PATHS / PATH, b"a".to_vec(), b"a/b".to_vec()));
    }
}
