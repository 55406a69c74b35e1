//! Commits and trees of any number of repositories, taken down in any order, and the paths that they give to files.
//!
//! Objects are named by their content, so one graph serves all repositories of a scan. It is bounded: an entry of a
//! tree takes 12 bytes, a name is kept once. What is taken down past the limit is forgotten, which the graph tells.

use super::naming::Naming;
use super::object::{self, Id, Kind, short};
use crate::version::{Commit, Version};
use std::collections::HashMap;

/// Commits and trees.
#[derive(Debug, Default)]
pub struct Graph {
    limit: usize,
    /// Bytes that it takes, about.
    weight: usize,
    is_full: bool,
    names: Vec<Box<[u8]>>,
    numbers: HashMap<Box<[u8]>, u32>,
    pub(super) trees: HashMap<u64, Box<[Entry]>>,
    pub(super) commits: HashMap<u64, Node>,
    /// Files of an index, by object; the smallest path of each.
    staged: HashMap<u64, u32>,
    naming: Option<Naming>,
    /// The weight when names were given.
    named_at: usize,
}

/// An entry of a tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    child: [u32; 2],
    name: u32,
}

/// The bit of a name's number that tells a folder.
const FOLDER: u32 = 1 << 31;

impl Entry {
    pub(super) fn child(self) -> u64 {
        u64::from(self.child[0]) << 32 | u64::from(self.child[1])
    }

    pub(super) fn is_tree(self) -> bool {
        self.name & FOLDER != 0
    }

    pub(super) fn name(self) -> u32 {
        self.name & !FOLDER
    }
}

/// A commit.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: Id,
    pub(super) tree: u64,
    pub(super) parents: Box<[u64]>,
    pub(super) time: i64,
}

/// What an entry of a tree, a tree, a commit and a name cost beside their bytes: tables that are half empty, and what
/// is needed to give names.
const ENTRY: usize = 24;
const TREE: usize = 96;
const COMMIT: usize = 160;
const NAME: usize = 96;
/// Longest name that counts, in bytes.
const LONGEST: usize = 4096;

impl Graph {
    /// An empty one that takes about `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Whether there is anything in it.
    pub fn is_empty(&self) -> bool {
        self.weight == 0
    }

    /// Whether something was forgotten: the oldest commit with a file may be among it.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Bytes that it takes, about.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Takes down a commit or a tree. Others say nothing of paths.
    pub fn take(&mut self, kind: Kind, id: &Id, body: &[u8]) {
        match kind {
            Kind::Commit => {
                let Some(said) = object::commit(body) else { return };
                if !self.commits.contains_key(&id.short()) && self.afford(COMMIT + 8 * said.parents.len()) {
                    let (tree, parents, time) = (said.tree, said.parents.into(), said.time);
                    self.commits.insert(id.short(), Node { id: id.clone(), tree, parents, time });
                }
            }
            Kind::Tree => {
                let entries = object::tree(body);
                if self.trees.contains_key(&id.short()) || !self.afford(TREE + ENTRY * entries.len()) {
                    return;
                }
                let entry = |entry: &object::TreeEntry<'_>| {
                    let child = short(entry.id);
                    let name = self.number(entry.name)? | if entry.is_tree { FOLDER } else { 0 };
                    Some(Entry { child: [(child >> 32) as u32, child as u32], name })
                };
                let entries = entries.iter().filter_map(entry).collect();
                self.trees.insert(id.short(), entries);
            }
            Kind::Blob | Kind::Tag => {}
        }
    }

    /// Takes down the files that an index lists.
    pub fn stage(&mut self, index: &[u8]) {
        for (path, id) in object::index(index).files {
            if !self.afford(ENTRY) {
                return;
            }
            let Some(number) = self.number(&path) else { continue };
            let known = self.staged.get(&short(id)).and_then(|known| self.names.get(*known as usize));
            if known.is_none_or(|known| **known > *path) {
                self.staged.insert(short(id), number);
            }
        }
    }

    /// Takes in all that another has.
    pub fn absorb(&mut self, other: Self) {
        let Self { names, trees, commits, staged, is_full, .. } = other;
        self.is_full |= is_full;
        let numbers: Vec<_> = names.iter().map(|name| self.number(name)).collect();
        let number = |old: u32| numbers.get(old as usize).copied().flatten();
        for (id, entries) in trees {
            if !self.trees.contains_key(&id) && self.afford(TREE + ENTRY * entries.len()) {
                let renamed = |entry: &Entry| Some(Entry { name: number(entry.name())? | entry.name & FOLDER, ..*entry });
                self.trees.insert(id, entries.iter().filter_map(renamed).collect());
            }
        }
        for (id, node) in commits {
            if !self.commits.contains_key(&id) && self.afford(COMMIT + 8 * node.parents.len()) {
                self.commits.insert(id, node);
            }
        }
        for (id, name) in staged {
            let Some(name) = number(name).filter(|_| self.afford(ENTRY)) else { continue };
            let path = |number: &u32| self.names.get(*number as usize);
            if self.staged.get(&id).is_none_or(|known| path(known) > path(&name)) {
                self.staged.insert(id, name);
            }
        }
    }

    /// The same without the names that it gave.
    pub fn without_names(self) -> Self {
        Self { naming: None, named_at: 0, ..self }
    }

    /// Gives names to all files, if that is worth it: if much came in since it was done last.
    pub fn settle(&mut self) {
        if self.naming.is_none() || self.weight > self.named_at.saturating_add(self.named_at / 2) {
            self.settle_all();
        }
    }

    /// Gives names to all files.
    pub fn settle_all(&mut self) {
        if self.naming.is_none() || self.weight > self.named_at {
            self.naming = Some(Naming::of(self));
            self.named_at = self.weight;
        }
    }

    /// What is known of a file, by the names given last.
    pub fn version(&self, id: &Id) -> Version {
        let step = self.naming.as_ref().and_then(|naming| naming.step(id.short()));
        let commit = step.and_then(|step| self.commits.get(&step.commit));
        let path = step.and_then(|_| self.path(id.short()));
        let staged = || self.staged.get(&id.short()).and_then(|name| self.names.get(*name as usize));
        Version {
            object: id.to_string(),
            path: path.or_else(|| staged().map(|path| path.to_vec())),
            commit: commit.map(|node| Commit { id: node.id.to_string(), time: node.time }),
        }
    }

    fn path(&self, id: u64) -> Option<Vec<u8>> {
        let naming = self.naming.as_ref()?;
        let (mut names, mut length, mut at) = (Vec::new(), 0, id);
        while let Some(step) = naming.step(at).filter(|step| step.name.is_some()) {
            let name = self.names.get(step.name? as usize)?;
            length += name.len() + 1;
            if length > LONGEST {
                break;
            }
            names.push(&name[..]);
            at = step.above;
        }
        names.reverse();
        (!names.is_empty()).then(|| names.join(&b'/'))
    }

    fn number(&mut self, name: &[u8]) -> Option<u32> {
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        if name.len() > LONGEST || !self.afford(NAME + 2 * name.len()) {
            return None;
        }
        let number = u32::try_from(self.names.len()).ok().filter(|number| *number < FOLDER)?;
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        Some(number)
    }

    fn afford(&mut self, bytes: usize) -> bool {
        let fits = !self.is_full && self.weight.saturating_add(bytes) <= self.limit;
        if fits {
            self.weight += bytes;
        } else {
            self.is_full = true;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::super::object::Format;
    use super::*;

    /// A repository of three commits: the file is brought by the second, moved by the third.
    fn objects() -> (Vec<(Kind, Id, Vec<u8>)>, Id) {
        let blob = Format::Sha1.id(Kind::Blob, b"x");
        let mut objects = Vec::new();
        let mut put = |kind, body: Vec<u8>| {
            let id = Format::Sha1.id(kind, &body);
            objects.push((kind, id.clone(), body));
            id
        };
        let raw = |id: &Id| data_encoding::HEXLOWER.decode(id.to_string().as_bytes()).unwrap();
        let empty = put(Kind::Tree, Vec::new());
        let inner = put(Kind::Tree, [&b"100644 prod.env\0"[..], &raw(&blob)].concat());
        let outer = put(Kind::Tree, [&b"40000 config\0"[..], &raw(&inner)].concat());
        let moved = put(Kind::Tree, [&b"100644 a\0"[..], &raw(&blob)].concat());
        let mut parent = None;
        // The clock of the second was wrong.
        for (tree, time) in [(&empty, 30), (&outer, 10), (&moved, 20)] {
            let parents = parent.map(|id| format!("parent {id}\n")).unwrap_or_default();
            let text = format!("tree {tree}\n{parents}author a\ncommitter a <a> {time} +0000\n\nm\n");
            parent = Some(put(Kind::Commit, text.into_bytes()));
        }
        (objects, blob)
    }

    fn told(graph: &mut Graph, blob: &Id) -> (Option<String>, Option<i64>) {
        graph.settle_all();
        let version = graph.version(blob);
        (version.path.map(|path| String::from_utf8(path).unwrap()), version.commit.map(|commit| commit.time))
    }

    #[test]
    fn the_oldest_commit_that_has_a_file_names_it_in_whatever_order_objects_come() {
        let (mut objects, blob) = objects();
        let expected = (Some("config/prod.env".to_owned()), Some(10));
        for _ in 0..objects.len() {
            objects.rotate_left(1);
            let (mut graph, mut half, mut rest) = (Graph::new(1 << 20), Graph::new(1 << 20), Graph::new(1 << 20));
            for (number, (kind, id, body)) in objects.iter().enumerate() {
                graph.take(*kind, id, body);
                if number < 3 { half.take(*kind, id, body) } else { rest.take(*kind, id, body) }
            }
            assert_eq!(told(&mut graph, &blob), expected);
            half.absorb(rest);
            assert_eq!(told(&mut half, &blob), expected);
        }
    }

    #[test]
    fn trees_without_a_commit_give_as_much_of_a_path_as_they_have() {
        let (objects, blob) = objects();
        let mut graph = Graph::new(1 << 20);
        for (kind, id, body) in objects.iter().skip(1).take(2) {
            graph.take(*kind, id, body);
        }
        assert_eq!(told(&mut graph, &blob), (Some("config/prod.env".to_owned()), None));
        assert_eq!(told(&mut Graph::new(1 << 20), &blob), (None, None));
    }

    #[test]
    fn what_does_not_fit_is_forgotten_and_told() {
        let (objects, _) = objects();
        for limit in 0..2_000 {
            let mut graph = Graph::new(limit);
            objects.iter().for_each(|(kind, id, body)| graph.take(*kind, id, body));
            graph.settle_all();
            assert!(graph.weight() <= limit && (graph.is_full() || limit > 800), "{limit}");
        }
    }
}
