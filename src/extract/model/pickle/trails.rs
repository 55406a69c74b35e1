//! Trails: what leads to each value of a pickle, from the outside in.
//!
//! Every value is visited once, whatever refers to it, so a graph with more paths than atoms in the universe
//! costs no more than its edges. A text that several keys lead to gets the one that says most.

use super::super::keys::{is_key, is_telling, names};
use super::code::{self, Tables};
use super::heap::{Heap, Id, Node, OPAQUE, Object};
use super::{arrays, frames};
use std::collections::BTreeMap;

/// Longest name, in bytes, and in steps.
const NAME: usize = 240;
const STEPS: usize = 24;
/// Longest part of a name.
const PART: usize = 64;
/// Names in a row that may belong to values before them.
const ROW: usize = 4096;

/// Attributes that are the object itself.
const TRANSPARENT: [&[u8]; 6] =
    [b"__dict__", b"__pydantic_extra__", b"__pydantic_private__", b"__pydantic_fields_set__", b"_mgr", b"_pa_array"];

/// What a value is to the one that has it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Label {
    /// Nothing to tell: an attribute of an attribute.
    Plain,
    /// What stands under a key, which is a text.
    Key(Id),
    /// The same, where the key is no value of its own.
    Word(u32),
    Index(u32),
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    from: Id,
    label: Label,
}

/// Trails to all values of a heap.
pub(super) struct Trails<'h> {
    heap: &'h Heap,
    edges: Vec<Option<Edge>>,
    /// For containers whether they were visited, for texts how much the best of their names says.
    rank: Vec<u8>,
    /// Bytes that are handed out with the array they belong to.
    bodies: Vec<bool>,
    words: Vec<Vec<u8>>,
    /// Names of the rows of a column, by its first buffer.
    rows: BTreeMap<Id, Vec<Vec<u8>>>,
    todo: Vec<Id>,
}

impl<'h> Trails<'h> {
    /// Lays trails from `roots`, then from all that no root leads to.
    pub(super) fn lay(heap: &'h Heap, roots: &[Id]) -> Self {
        let count = heap.len();
        let mut trails = Self {
            heap,
            edges: vec![None; count],
            rank: vec![0; count],
            bodies: vec![false; count],
            words: Vec::new(),
            rows: BTreeMap::new(),
            todo: Vec::new(),
        };
        let has_parent = trails.owned();
        let free = (1..count as Id).filter(|id| !has_parent.get(*id as usize).copied().unwrap_or(false));
        for root in roots.iter().copied().chain(free).chain(1..count as Id) {
            trails.enter(root);
            while let Some(id) = trails.todo.pop() {
                let before = trails.todo.len();
                trails.visit(id);
                // First come, first visited.
                if let Some(added) = trails.todo.get_mut(before..) {
                    added.reverse();
                }
            }
        }
        trails
    }

    /// Which values another has.
    fn owned(&self) -> Vec<bool> {
        let mut owned = vec![false; self.heap.len()];
        let mut mark = |ids: &[Id]| {
            ids.iter().for_each(|id| {
                if let Some(slot) = owned.get_mut(*id as usize) {
                    *slot = true
                }
            })
        };
        for id in 0..self.heap.len() as Id {
            match self.heap.get(id) {
                Node::Sequence(items) | Node::Dict(items) => mark(items),
                Node::Object(object) => {
                    mark(&[object.class, object.args]);
                    [&object.states, &object.items, &object.pairs].into_iter().for_each(|ids| mark(ids));
                }
                _ => {}
            }
        }
        owned
    }

    pub(super) fn heap(&self) -> &'h Heap {
        self.heap
    }

    /// A label of a text that is no value of its own.
    pub(super) fn word(&mut self, text: &[u8]) -> Label {
        self.words.push(text.get(..PART).unwrap_or(text).to_vec());
        Label::Word(u32::try_from(self.words.len() - 1).unwrap_or(u32::MAX))
    }

    /// Notes the names of the rows of the column whose first buffer is `offsets`.
    pub(super) fn set_rows(&mut self, offsets: Id, names: Vec<Vec<u8>>) {
        self.rows.insert(offsets, names);
    }

    /// The name of a row of such a column.
    pub(super) fn row(&self, offsets: Id, row: usize) -> Option<&[u8]> {
        self.rows.get(&offsets)?.get(row).map(Vec::as_slice)
    }

    /// The text of a label that has one.
    fn text(&self, label: Label) -> Option<&[u8]> {
        match label {
            Label::Key(id) => self.heap.chars(id),
            Label::Word(word) => self.words.get(word as usize).map(Vec::as_slice),
            Label::Plain | Label::Index(_) => None,
        }
    }

    /// Whether bytes belong to an array, with which they are handed out.
    pub(super) fn is_body(&self, id: Id) -> bool {
        self.bodies.get(id as usize).copied().unwrap_or(false)
    }

    /// The name of a value, and the last key of it.
    pub(super) fn name(&self, id: Id) -> (Vec<u8>, &[u8]) {
        let (mut parts, mut length, mut key) = (Vec::new(), 0, None);
        let mut at = id;
        for _ in 0..STEPS {
            let Some(edge) = self.edges.get(at as usize).copied().flatten() else { break };
            match edge.label {
                Label::Plain => {}
                Label::Index(index) => parts.push(format!("[{index}]").into_bytes()),
                Label::Key(_) | Label::Word(_) => {
                    let text = self.text(edge.label).unwrap_or_default();
                    key = key.or(Some(text));
                    parts.push(text.get(..PART).unwrap_or(text).to_vec());
                }
            }
            length += parts.last().map_or(0, Vec::len);
            if length > NAME {
                break;
            }
            at = edge.from;
        }
        let mut name = Vec::with_capacity(length + parts.len());
        for part in parts.iter().rev() {
            if !name.is_empty() && !part.starts_with(b"[") {
                name.push(b'.');
            }
            name.extend_from_slice(part);
        }
        (name, key.unwrap_or_default())
    }

    /// The name of what stands in a column that `id` belongs to: without its place in the column's own structure.
    pub(super) fn column(&self, id: Id) -> (Vec<u8>, &[u8]) {
        let (mut name, key) = self.name(id);
        while name.ends_with(b"]")
            && let Some(at) = memchr::memrchr(b'[', &name)
        {
            name.truncate(at);
        }
        (name, key)
    }

    fn enter(&mut self, id: Id) {
        let is_container = matches!(self.heap.get(id), Node::Sequence(_) | Node::Dict(_) | Node::Object(_));
        if let Some(rank @ 0) = self.rank.get_mut(id as usize).filter(|_| is_container) {
            *rank = 1;
            self.todo.push(id);
        }
    }

    /// Notes that `from` has `id`, as what `label` says.
    pub(super) fn child(&mut self, from: Id, label: Label, id: Id) {
        let rank = match (self.heap.get(id), label) {
            (Node::Sequence(_) | Node::Dict(_) | Node::Object(_), _) => {
                let before = self.todo.len();
                self.enter(id);
                if self.todo.len() > before {
                    self.link(from, label, id);
                }
                return;
            }
            // A key, which no other key is to name.
            (Node::Chars(_), Label::Plain) => return,
            (Node::Chars(_), Label::Index(_)) if self.is_telling_at(from) => 4,
            (Node::Chars(_), Label::Index(_)) => 2,
            (Node::Chars(_), label) if self.text(label).is_some_and(is_telling) => 5,
            (Node::Chars(_), _) => 3,
            _ => return,
        };
        if self.rank.get(id as usize).is_some_and(|known| *known < rank) {
            if let Some(slot) = self.rank.get_mut(id as usize) {
                *slot = rank;
            }
            self.link(from, label, id);
        }
    }

    fn link(&mut self, from: Id, label: Label, id: Id) {
        if let Some(edge) = self.edges.get_mut(id as usize) {
            *edge = Some(Edge { from, label });
        }
    }

    /// Whether what leads to a container promises something.
    fn is_telling_at(&self, id: Id) -> bool {
        match self.edges.get(id as usize).copied().flatten() {
            Some(edge) => self.text(edge.label).is_some_and(is_telling),
            None => false,
        }
    }

    fn visit(&mut self, id: Id) {
        let heap = self.heap;
        match heap.get(id) {
            Node::Sequence(items) => self.sequence(id, items),
            Node::Dict(pairs) => self.pairs(id, pairs),
            Node::Object(object) => self.object(id, object),
            _ => {}
        }
    }

    fn is_key(&self, id: Id) -> bool {
        self.heap.chars(id).is_some_and(is_key)
    }

    fn sequence(&mut self, id: Id, items: &[Id]) {
        if let [name, value] = items
            && self.is_key(*name)
            && self.heap.chars(*value).is_some()
        {
            let names_more = !self.is_telling_at(id) || is_telling(self.heap.chars(*name).unwrap_or_default());
            self.child(id, Label::Plain, *name);
            self.child(id, if names_more { Label::Key(*name) } else { Label::Index(1) }, *value);
            return;
        }
        for (index, item) in items.iter().enumerate() {
            self.named_before(id, items, index);
            self.child(id, Label::Index(u32::try_from(index).unwrap_or(u32::MAX)), *item);
        }
        for pair in items.windows(2) {
            if let [Some(offsets), Some(data)] = [0, 1].map(|at| pair.get(at).and_then(|id| arrays::buffer(self.heap, *id))) {
                self.set_body(offsets);
                self.set_body(data);
            }
        }
    }

    fn set_body(&mut self, id: Id) {
        if let Some(slot) = self.bodies.get_mut(id as usize) {
            *slot = true;
        }
    }

    /// Constants of code are followed by the tuple of the keys they are put under (`BUILD_CONST_KEY_MAP`).
    fn named_before(&mut self, id: Id, items: &[Id], index: usize) {
        let heap = self.heap;
        let Some(keys) = items.get(index).and_then(|item| heap.sequence(*item)) else { return };
        let before = index.checked_sub(keys.len()).filter(|_| !keys.is_empty() && keys.len() <= ROW);
        let Some(values) = before.and_then(|start| items.get(start..index)) else { return };
        if keys.iter().all(|key| self.is_key(*key)) {
            for (key, value) in keys.iter().zip(values) {
                self.child(id, Label::Key(*key), *value);
            }
        }
    }

    fn pairs(&mut self, id: Id, pairs: &[Id]) {
        let heap = self.heap;
        // {"name": "DB_PASSWORD", "value": …} names its value itself.
        let record = (pairs.len() <= 32)
            .then(|| pairs.chunks_exact(2).find(|pair| heap.chars(pair[0]).is_some_and(names) && self.is_key(pair[1])))
            .flatten()
            .map(|pair| pair[1]);
        for pair in pairs.chunks_exact(2) {
            let [key, value] = pair else { continue };
            let text = heap.chars(*key);
            let label = match (text, heap.get(*key)) {
                (Some(text), _) if TRANSPARENT.contains(&text) => Label::Plain,
                (Some(b"value" | b"Value"), _) => Label::Key(record.unwrap_or(*key)),
                (Some(_), _) => Label::Key(*key),
                (_, Node::Int(number)) => u32::try_from(*number).map_or(Label::Plain, Label::Index),
                _ => Label::Plain,
            };
            self.child(id, label, *value);
            self.child(id, Label::Plain, *key);
        }
    }

    fn object(&mut self, id: Id, object: &Object) {
        let heap = self.heap;
        if arrays::is_type(heap, object) {
            // Its codes are no texts of anyone, whatever key leads to the array.
            self.claim(object.args);
            heap.sequence(object.args).unwrap_or_default().iter().for_each(|arg| self.set_body(*arg));
        }
        frames::name_values(self, id);
        if let Some(array) = arrays::array(heap, object) {
            self.set_body(array.body);
            heap.sequence(object.args).unwrap_or_default().iter().for_each(|arg| self.set_body(*arg));
            if let Some(items) = heap.sequence(array.body) {
                self.cells(id, array.body, items, &array.shape);
            }
        }
        for state in &object.states {
            match heap.sequence(*state) {
                Some(items) => self.spread(id, *state, items),
                None => self.child(id, Label::Plain, *state),
            }
        }
        if let Some(args) = heap.sequence(object.args) {
            self.code(id, args);
            match self.fields(object.class) {
                Some(fields) if fields.len() == args.len() => {
                    self.claim(object.args);
                    fields.iter().zip(args).for_each(|(field, arg)| self.child(id, Label::Key(*field), *arg));
                }
                _ => self.spread(id, object.args, args),
            }
        }
        self.child(id, Label::Plain, object.class);
        self.pairs(id, &object.pairs);
        object.items.iter().zip(0..).for_each(|(item, index)| self.child(id, Label::Index(index), *item));
    }

    /// Marks a container as seen whose values its owner takes as its own.
    fn claim(&mut self, id: Id) -> bool {
        let rank = self.rank.get_mut(id as usize).filter(|rank| **rank == 0 && id != OPAQUE);
        rank.map(|rank| *rank = 1).is_some()
    }

    /// The values of a tuple that belongs to an object: arguments, or state in parts.
    fn spread(&mut self, id: Id, owner: Id, items: &[Id]) {
        if !self.claim(owner) {
            return;
        }
        if items.len() == 2 && items.iter().all(|item| self.heap.chars(*item).is_some()) {
            self.sequence(id, items);
            return;
        }
        for (item, index) in items.iter().zip(0..) {
            let is_text = matches!(self.heap.get(*item), Node::Chars(_));
            self.named_before(id, items, index as usize);
            self.child(id, if is_text { Label::Index(index) } else { Label::Plain }, *item);
        }
    }

    /// Names the constants of a function: bytecode, constants, names and local names stand side by side.
    fn code(&mut self, id: Id, args: &[Id]) {
        let heap = self.heap;
        for four in args.windows(4).filter(|_| args.len() > 11) {
            let [code, consts, names, locals] = four else { continue };
            let (Some(code), Some(consts)) = (heap.chars(*code), heap.sequence(*consts)) else { continue };
            let (Some(names), Some(locals)) = (heap.sequence(*names), heap.sequence(*locals)) else { continue };
            let tables = Tables { consts: consts.len(), names: names.len(), locals: locals.len() };
            for (value, name) in code::stored(code, tables) {
                let name = match name {
                    code::Name::Local(at) => locals.get(at),
                    code::Name::Other(at) => names.get(at),
                };
                if let (Some(value), Some(name)) = (consts.get(value), name.filter(|name| self.is_key(**name))) {
                    self.child(id, Label::Key(*name), *value);
                }
            }
        }
    }

    /// The values of an array of objects; in one of two columns the first names the second.
    fn cells(&mut self, id: Id, owner: Id, items: &[Id], shape: &[u64]) {
        if !self.claim(owner) {
            return;
        }
        let mut before = OPAQUE;
        for (item, index) in items.iter().zip(0..) {
            let is_value = shape.len() == 2 && shape.last() == Some(&2) && index % 2 == 1 && self.is_key(before);
            self.child(id, if is_value { Label::Key(before) } else { Label::Index(index) }, *item);
            before = *item;
        }
    }

    /// The names of a class's fields, if the class is in the pickle and says so: a named tuple of cloudpickle.
    fn fields(&self, class: Id) -> Option<&'h [Id]> {
        let object = self.heap.object(class)?;
        let states = object.states.iter().flat_map(|state| {
            let parts = self.heap.sequence(*state).unwrap_or_default();
            std::iter::once(state).chain(parts)
        });
        let found = states.filter_map(|state| self.heap.entry(*state, b"_fields")).next()?;
        self.heap.sequence(found).filter(|fields| fields.iter().all(|field| self.is_key(*field)))
    }
}
