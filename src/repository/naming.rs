//! Who brought which file, and where it stood.
//!
//! Commits are gone through from the oldest on, parents before children and by their times where that leaves a choice.
//! A tree that was walked for one commit is not walked for another, so all of it costs what all trees have entries.

use super::graph::Graph;
use std::cmp::Reverse;
use std::collections::hash_map::Entry::Vacant;
use std::collections::{BinaryHeap, HashMap, HashSet};

/// The first place of each file and folder.
#[derive(Debug)]
pub(super) struct Naming(HashMap<u64, Step>);

/// Where an object stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// The tree that has it.
    pub(super) above: u64,
    /// The number of its name there; none for a tree at the top.
    pub(super) name: Option<u32>,
    /// The commit; one that is not known if no commit leads there.
    pub(super) commit: u64,
}

/// No commit: the first eight bytes of an id that nobody has.
const NOBODY: u64 = 0;

impl Naming {
    pub(super) fn of(graph: &Graph) -> Self {
        let mut naming = Self(HashMap::new());
        for commit in in_order(graph) {
            let tree = graph.commits.get(&commit).map_or(0, |node| node.tree);
            naming.walk(graph, tree, commit);
        }
        // Trees that no commit leads to: of a commit that is not there, or of one that was never made.
        let is_below: HashSet<u64> =
            graph.trees.values().flatten().filter(|entry| entry.is_tree()).map(|entry| entry.child()).collect();
        let mut tops: Vec<u64> = graph.trees.keys().copied().filter(|tree| !is_below.contains(tree)).collect();
        tops.sort_unstable();
        for tree in tops {
            naming.walk(graph, tree, NOBODY);
        }
        naming
    }

    pub(super) fn step(&self, object: u64) -> Option<Step> {
        self.0.get(&object).copied()
    }

    fn walk(&mut self, graph: &Graph, top: u64, commit: u64) {
        if !graph.trees.contains_key(&top) || self.0.contains_key(&top) {
            return;
        }
        self.0.insert(top, Step { above: 0, name: None, commit });
        let mut stack = vec![top];
        while let Some(tree) = stack.pop() {
            let entries = graph.trees.get(&tree).map(AsRef::as_ref).unwrap_or_default();
            let mut below = Vec::new();
            for entry in entries {
                // Of two names in one folder the first.
                if let Vacant(place) = self.0.entry(entry.child()) {
                    place.insert(Step { above: tree, name: Some(entry.name()), commit });
                    below.extend(Some(entry.child()).filter(|_| entry.is_tree()));
                }
            }
            stack.extend(below.into_iter().rev());
        }
    }
}

/// The commits, parents first, else by time and id.
fn in_order(graph: &Graph) -> Vec<u64> {
    let mut children: HashMap<u64, Vec<u64>> = HashMap::new();
    let mut waits: HashMap<u64, usize> = HashMap::new();
    for (id, node) in &graph.commits {
        let known: HashSet<u64> = node.parents.iter().copied().filter(|parent| graph.commits.contains_key(parent)).collect();
        waits.insert(*id, known.len());
        known.into_iter().for_each(|parent| children.entry(parent).or_default().push(*id));
    }
    let key = |id: u64| graph.commits.get(&id).map(|node| Reverse((node.time, id)));
    let mut ready: BinaryHeap<_> = waits.iter().filter(|(_, waits)| **waits == 0).filter_map(|(id, _)| key(*id)).collect();
    let mut order = Vec::with_capacity(graph.commits.len());
    while let Some(Reverse((_, id))) = ready.pop() {
        order.push(id);
        for child in children.remove(&id).unwrap_or_default() {
            if let Some(left) = waits.get_mut(&child) {
                *left -= 1;
                if *left == 0 {
                    ready.extend(key(child));
                }
            }
        }
    }
    order
}
