//! What became of a file that a layer wrote: live, deleted or overwritten, and by which layer.
//!
//! A deleted file is still in the image for whoever unpacks the layer, so the scan reads every
//! layer by itself and asks here afterwards. Names are remembered as 8-byte hashes: two million
//! entries cost 16 MiB. A clash of two names would mislabel a finding, never hide one.

use std::collections::HashMap;
use std::hash::Hasher as _;
use std::sync::Arc;

/// What a tar entry is, as far as the fate of files depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file or a hard link to one.
    File,
    /// A directory: it may stand where one stood before without touching what is in it.
    Directory,
    /// A symbolic link, a device, a pipe: hides what was below a directory of that name.
    Other,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// In the final file system.
    Live,
    /// Removed by a later layer (or by a later entry of its own layer), still recoverable.
    Deleted {
        /// The index of that layer.
        by: usize,
    },
    /// Replaced by a later file of that name, still recoverable.
    Overwritten {
        /// The index of that layer.
        by: usize,
    },
}

// The low three bits of an entry's hash.
const FILE: u64 = 0;
const DIRECTORY: u64 = 1;
const OTHER: u64 = 2;
const WHITEOUT: u64 = 3;
const OPAQUE: u64 = 4;
const KIND: u64 = 7;

/// Whiteouts, from the OCI image specification, layer.md: an empty file of this prefix deletes its sibling …
const PREFIX: &[u8] = b".wh.";
/// … and this one hides all that lower layers have in its directory.
const OPAQUE_NAME: &[u8] = b".wh..wh..opq";

/// Takes down the entries of one layer, in the order of its tar.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Vec<u64>,
    cap: usize,
    seen: u32,
}

/// The entries of one layer, as [`fates`] needs them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerEntries {
    entries: Box<[u64]>,
    /// Whether all entries were remembered. If not, what this layer deletes may be reported as live.
    pub complete: bool,
}

impl Ledger {
    /// An empty one that remembers at most `cap` entries.
    pub fn new(cap: usize) -> Self {
        Self { entries: Vec::new(), cap, seen: 0 }
    }

    /// Takes down an entry by its path in the layer, raw as the tar has it. Returns its ordinal,
    /// counted from 0 over all entries: whiteouts too, extension headers not.
    pub fn entry(&mut self, path: &[u8], kind: EntryKind) -> u32 {
        let ordinal = self.seen;
        self.seen = self.seen.saturating_add(1);
        if self.entries.len() < self.cap {
            self.entries.push(marked(path, kind));
        }
        ordinal
    }

    /// How many entries there were so far, remembered or not.
    pub fn seen(&self) -> usize {
        self.seen as usize
    }

    /// Forgets all entries but the first `cap`, and takes down no more than those.
    pub fn narrow(&mut self, cap: usize) {
        self.cap = self.cap.min(cap);
        if self.entries.len() > self.cap {
            self.entries.truncate(self.cap);
            self.entries.shrink_to_fit();
        }
    }

    /// Closes it.
    pub fn finish(self) -> LayerEntries {
        let complete = self.seen as usize == self.entries.len();
        LayerEntries { entries: self.entries.into(), complete }
    }
}

impl LayerEntries {
    /// Forgets all entries but the first `cap`.
    pub fn narrow(&mut self, cap: usize) {
        if let Some(kept) = self.entries.get(..cap).filter(|_| self.entries.len() > cap) {
            self.entries = kept.into();
            self.complete = false;
        }
    }
}

/// What became of one file; see [`fates`].
pub fn fate(path: &[u8], layer: usize, ordinal: u32, layers: &[Arc<LayerEntries>]) -> State {
    fates(&[(path, layer, ordinal)], layers).first().copied().unwrap_or(State::Live)
}

/// What became of many files, each given by its path, the index of its layer and its ordinal there.
/// One pass over the entries of all layers, whatever the number of files, and of each entry only a look at the files
/// that it is the first to hide: an image may write or empty a directory of many files any number of times.
pub fn fates(wanted: &[(&[u8], usize, u32)], layers: &[Arc<LayerEntries>]) -> Vec<State> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|index| written(wanted, *index));
    let mut watched: HashMap<u64, [Watch; 2]> = HashMap::new();
    for index in order {
        let path = wanted.get(index).map(|(path, ..)| *path).unwrap_or_default();
        for (depth, hash) in lineage(path).into_iter().enumerate() {
            let [own, below] = watched.entry(hash).or_default();
            (if depth == 0 { own } else { below }).files.push(index);
        }
    }
    let mut states = vec![State::Live; wanted.len()];
    for (layer, entries) in layers.iter().enumerate() {
        for (ordinal, entry) in entries.entries.iter().enumerate() {
            let Some([own, below]) = watched.get_mut(&(entry & !KIND)) else { continue };
            for (watch, itself) in [(own, true), (below, false)] {
                for index in watch.touched(entry & KIND, itself, (layer, ordinal), wanted) {
                    if let Some(state) = states.get_mut(*index)
                        && let Some(next) = after(*state, entry & KIND, itself, layer)
                    {
                        *state = next;
                    }
                }
            }
        }
    }
    states
}

/// Where a file was written: its layer, and which entry of it.
fn written(wanted: &[(&[u8], usize, u32)], index: usize) -> (usize, usize) {
    wanted.get(index).map_or((usize::MAX, 0), |(_, layer, ordinal)| (*layer, *ordinal as usize))
}

/// Files on which entries of one path bear, in the order in which they were written.
#[derive(Default)]
struct Watch {
    files: Vec<usize>,
    /// How many of them are removed at least: another removal says nothing new.
    removed: usize,
    /// How many of them were written again, of which nothing says anything new.
    rewritten: usize,
}

impl Watch {
    /// The files that an entry of this `kind`, at their own path (`itself`) or at a parent's, may say something new of.
    fn touched(&mut self, kind: u64, itself: bool, at: (usize, usize), wanted: &[(&[u8], usize, u32)]) -> &[usize] {
        let (before, done) = match (kind, itself) {
            // A whiteout speaks of lower layers only.
            (WHITEOUT, _) | (OPAQUE, false) => ((at.0, 0), &mut self.removed),
            (FILE | OTHER, false) => (at, &mut self.removed),
            (FILE | OTHER | DIRECTORY, true) => (at, &mut self.rewritten),
            _ => return &[],
        };
        let start = *done;
        let end = self.files.partition_point(|index| written(wanted, *index) < before);
        *done = end.max(start);
        self.files.get(start..end).unwrap_or_default()
    }
}

/// The state after an entry of this `kind` at the file's own path (`itself`) or at a parent's, if it comes later.
fn after(state: State, kind: u64, itself: bool, layer: usize) -> Option<State> {
    // The first layer that touches a file decides; within that layer a rewrite says more than a removal.
    let open = match state {
        State::Live => true,
        State::Deleted { by } => by == layer,
        State::Overwritten { .. } => false,
    };
    match (kind, itself) {
        _ if !open => None,
        (WHITEOUT, _) | (_, false) => Some(State::Deleted { by: layer }),
        _ => Some(State::Overwritten { by: layer }),
    }
}

/// The hash of an entry with its kind in the low bits.
fn marked(path: &[u8], kind: EntryKind) -> u64 {
    let mut parts = labels(path);
    let name = parts.last().copied().unwrap_or_default();
    if name == OPAQUE_NAME {
        parts.pop();
        return hash(&parts) | OPAQUE;
    }
    // `.wh..wh.` begins the names that aufs keeps for itself.
    let hidden = name.strip_prefix(PREFIX).filter(|rest| !rest.is_empty() && !rest.starts_with(PREFIX));
    if let Some(hidden) = hidden {
        parts.pop();
        parts.push(hidden);
        return hash(&parts) | WHITEOUT;
    }
    let kind = match kind {
        EntryKind::File => FILE,
        EntryKind::Directory => DIRECTORY,
        EntryKind::Other => OTHER,
    };
    hash(&parts) | kind
}

/// The hashes of a path and of all its parents, from itself up to the root.
fn lineage(path: &[u8]) -> Vec<u64> {
    let mut hasher = std::hash::DefaultHasher::new();
    let mut hashes = vec![hasher.finish() & !KIND];
    for label in labels(path) {
        step(&mut hasher, label);
        hashes.push(hasher.finish() & !KIND);
    }
    hashes.reverse();
    hashes
}

/// A path as a person writes it, below the root: `app/x` for `./app/x` and `/app//x`.
pub fn plain(path: &[u8]) -> Vec<u8> {
    labels(path).join(&b'/')
}

/// The names along a path. `.` and empty ones say nothing; `..` is a name like any other, as a label.
fn labels(path: &[u8]) -> Vec<&[u8]> {
    path.split(|byte| *byte == b'/').filter(|label| !label.is_empty() && *label != b".").collect()
}

// Fixed keys: the layers of an image are taken down on several threads.
fn hash(labels: &[&[u8]]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    labels.iter().for_each(|label| step(&mut hasher, label));
    hasher.finish() & !KIND
}

fn step(hasher: &mut std::hash::DefaultHasher, label: &[u8]) {
    hasher.write(label);
    hasher.write_u8(b'/');
}

#[cfg(test)]
mod tests {
    use super::*;
    use EntryKind::{Directory, File, Other};

    fn layers(lists: &[&[(&str, EntryKind)]]) -> Vec<Arc<LayerEntries>> {
        let close = |list: &&[(&str, EntryKind)]| {
            let mut ledger = Ledger::new(100);
            for (path, kind) in *list {
                ledger.entry(path.as_bytes(), *kind);
            }
            Arc::new(ledger.finish())
        };
        lists.iter().map(close).collect()
    }

    #[track_caller]
    fn check(lists: &[&[(&str, EntryKind)]], path: &str, layer: usize, ordinal: u32, expected: State) {
        assert_eq!(fate(path.as_bytes(), layer, ordinal, &layers(lists)), expected);
    }

    #[test]
    fn whiteouts_delete_what_lower_layers_have() {
        let base: &[(&str, EntryKind)] = &[("app/", Directory), ("app/.env", File), ("app/keep", File)];
        check(&[base, &[("app/.wh..env", File)]], "app/.env", 0, 1, State::Deleted { by: 1 });
        check(&[base, &[("./app//.wh..env", File)]], "/app/.env", 0, 1, State::Deleted { by: 1 });
        check(&[base, &[("app/.wh..env", File)]], "app/keep", 0, 2, State::Live);
        check(&[base, &[], &[(".wh.app", File)]], "app/.env", 0, 1, State::Deleted { by: 2 });
        check(&[base, &[("app/.wh..wh..opq", File)]], "app/.env", 0, 1, State::Deleted { by: 1 });
        check(&[base, &[(".wh..wh..opq", File)]], "app/.env", 0, 1, State::Deleted { by: 1 });
        check(&[base, &[("app/.wh..wh.plnk", File)]], "app/.env", 0, 1, State::Live);
        check(&[base, &[("ap/.wh.p", File)]], "app/.env", 0, 1, State::Live);
    }

    #[test]
    fn paths_are_shown_below_the_root() {
        for (path, expected) in [("./app/x", "app/x"), ("/app//x", "app/x"), ("../x", "../x"), ("./", ""), ("a/.b", "a/.b")] {
            assert_eq!(plain(path.as_bytes()), expected.as_bytes());
        }
    }

    #[test]
    fn rewriting_overwrites_and_says_more_than_deleting() {
        let base: &[(&str, EntryKind)] = &[("a/b", File)];
        check(&[base, &[("a/b", File)]], "a/b", 0, 0, State::Overwritten { by: 1 });
        check(&[base, &[("a/b", Other)]], "a/b", 0, 0, State::Overwritten { by: 1 });
        check(&[base, &[("a/.wh..wh..opq", File), ("a/b", File)]], "a/b", 0, 0, State::Overwritten { by: 1 });
        check(&[base, &[("a/b", File), ("a/.wh..wh..opq", File)]], "a/b", 0, 0, State::Overwritten { by: 1 });
        check(&[base, &[("a/.wh.b", File)], &[("a/b", File)]], "a/b", 0, 0, State::Deleted { by: 1 });
        check(&[base, &[("a", Directory)]], "a/b", 0, 0, State::Live);
        check(&[base, &[("a", Other)]], "a/b", 0, 0, State::Deleted { by: 1 });
    }

    #[test]
    fn a_layer_can_hide_its_own_entries_but_not_by_whiteouts() {
        let twice: &[(&str, EntryKind)] = &[("k", File), ("k", File)];
        check(&[twice], "k", 0, 0, State::Overwritten { by: 0 });
        check(&[twice], "k", 0, 1, State::Live);
        check(&[&[("d/k", File), ("d/.wh.k", File), ("d/.wh..wh..opq", File)]], "d/k", 0, 0, State::Live);
        check(&[&[("d/k", File), ("d", Other)]], "d/k", 0, 0, State::Deleted { by: 0 });
        check(&[&[(".wh.k", File)], &[("k", File)]], "k", 1, 0, State::Live);
    }

    #[test]
    fn many_are_asked_at_once_and_the_cap_is_told() {
        let all = layers(&[&[("x", File), ("y", File)], &[(".wh.x", File)]]);
        let states = fates(&[(b"x", 0, 0), (b"y", 0, 1), (b"x", 9, 0)], &all);
        assert_eq!(states, [State::Deleted { by: 1 }, State::Live, State::Live]);
        assert!(all.iter().all(|layer| layer.complete));
        let mut small = Ledger::new(1);
        assert_eq!((small.entry(b"a", File), small.entry(b"b", File)), (0, 1));
        assert!(!small.finish().complete);
        let mut narrowed = layers(&[&[("x", File), ("y", File)]]).remove(0).as_ref().clone();
        narrowed.narrow(2);
        assert!(narrowed.complete);
        narrowed.narrow(1);
        assert_eq!((narrowed.entries.len(), narrowed.complete), (1, false));
    }
    /// Every file against every entry, as the rules say it.
    fn plainly(wanted: &[(&[u8], usize, u32)], layers: &[Arc<LayerEntries>]) -> Vec<State> {
        let fate = |(path, home, own): &(&[u8], usize, u32)| {
            let mut state = State::Live;
            let lineage = lineage(path);
            for (layer, entries) in layers.iter().enumerate() {
                for (ordinal, entry) in entries.entries.iter().enumerate() {
                    let (kind, same) = (entry & KIND, layer == *home);
                    let Some(depth) = lineage.iter().position(|hash| *hash == entry & !KIND) else { continue };
                    let is_later = layer > *home || (same && ordinal > *own as usize);
                    let speaks = match (kind, depth == 0) {
                        (WHITEOUT, _) | (OPAQUE, false) => !same,
                        (OPAQUE, true) | (DIRECTORY, false) => false,
                        _ => true,
                    };
                    if is_later && speaks {
                        state = after(state, kind, depth == 0, layer).unwrap_or(state);
                    }
                }
            }
            state
        };
        wanted.iter().map(fate).collect()
    }

    #[test]
    fn looking_once_says_the_same() {
        const NAMES: [&str; 9] = ["a", "a/b", "a/b/c", "a/.wh.b", "a/.wh..wh..opq", ".wh.a", "d", ".wh..wh..opq", "a/b/.wh.c"];
        let mut rng = fastrand::Rng::with_seed(7);
        let mut pick = |below: usize| rng.usize(..below);
        for _ in 0..400 {
            let lists: Vec<Vec<_>> =
                (0..4).map(|_| (0..pick(7)).map(|_| (NAMES[pick(9)], [File, Directory, Other][pick(3)])).collect()).collect();
            let lists: Vec<_> = lists.iter().map(Vec::as_slice).collect();
            let layers = layers(&lists);
            let paths: Vec<_> =
                (0..30).map(|_| (["a", "a/b", "a/b/c", "d"][pick(4)].as_bytes(), pick(5), pick(7) as u32)).collect();
            assert_eq!(fates(&paths, &layers), plainly(&paths, &layers), "{lists:?} {paths:?}");
        }
    }

    #[test]
    fn many_files_and_many_that_hide_them_are_no_product() {
        const MANY: u32 = 60_000;
        let mut ledger = Ledger::new(10 * MANY as usize);
        for _ in 0..MANY {
            for (path, kind) in [("a", Other), ("a/.wh..wh..opq", File), ("a/b", File), ("a/.wh.b", File)] {
                ledger.entry(path.as_bytes(), kind);
            }
        }
        let layers = [Arc::new(LayerEntries::default()), Arc::new(ledger.finish())];
        let wanted: Vec<_> = (0..MANY).map(|ordinal| (b"a/b".as_slice(), (ordinal % 2) as usize, ordinal)).collect();
        let start = std::time::Instant::now();
        let states = fates(&wanted, &layers);
        assert!(states.iter().all(|state| *state == State::Overwritten { by: 1 }));
        // As a product these are fourteen thousand million steps.
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
    }
}
