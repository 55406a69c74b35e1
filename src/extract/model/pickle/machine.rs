//! The machine: runs the instructions of a pickle over values that stand for what they would make.
//!
//! Nothing is imported and nothing is called. What a call would give is an object that remembers what was
//! called with what. A stack that has too little gives opaque values, since a pickle that fails after its
//! payload has run it all the same.

use super::super::super::{Import, Input, Sink, Text};
use super::heap::{Chars, Heap, Id, Node, OPAQUE, Object};
use super::memo::Memo;
use super::opcodes::{Op, next};
use super::stream::{End, byte, copy, line};
use super::{arrays, escapes, handout, long};
use crate::finding::GapReason;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Longest text that is held; a longer one is handed over as it streams by.
pub(super) const HELD: u64 = 1 << 20;
/// Values on the stack, and marks. Honest pickles nest a few hundred deep.
const STACK: usize = 1 << 20;
/// Longest name of a module or class.
const NAME: usize = 1 << 10;
/// Bytes of the shortest name that is told as a text, too, if it is none as code has them.
const ODD: usize = 16;
/// Distinct globals that are passed on.
const IMPORTS: usize = 10_000;
/// Pickles that may stand in one another, as arrays of objects do.
const NESTED: usize = 16;

/// The magic number of PyTorch's format before 1.6 (`torch/serialization.py`, `MAGIC_NUMBER`).
const TORCH: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// What a pickle in a pickle interrupted.
#[derive(Debug)]
struct Suspended {
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: Memo,
    /// Takes in what the inner pickle gives.
    owner: Id,
}

/// The state of the machine.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) heap: Heap,
    pub(super) stack: Vec<Id>,
    pub(super) marks: Vec<usize>,
    memo: Memo,
    suspended: Vec<Suspended>,
    imports: BTreeSet<u64>,
    /// Whether the stream is PyTorch's old format, which has numbers behind its pickles.
    pub(super) is_torch: bool,
    /// Whether a limit cost names, which is said once.
    overflowed: bool,
    /// Whether the last instruction put values into a container.
    is_settled: bool,
    /// Where the instruction at hand stands.
    at: u64,
}

impl Machine {
    pub(super) fn new() -> Self {
        Self {
            heap: Heap::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            suspended: Vec::new(),
            imports: BTreeSet::new(),
            is_torch: false,
            overflowed: false,
            is_settled: false,
            at: 0,
        }
    }

    /// Runs one instruction. Says whether it was the last of its pickle.
    pub(super) fn step(&mut self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<bool, End> {
        // Between a key and its value is no good place to stop.
        if self.heap.is_full(self.is_settled) || self.stack.len() + self.marks.len() > STACK {
            self.make_room(sink)?;
        }
        self.at = input.position();
        let (_, op) = next(input)?;
        self.is_settled = matches!(op, Op::Append | Op::Appends | Op::SetItem | Op::SetItems | Op::Build);
        match op {
            Op::Proto(version) if version > 5 => return Err(End::Bad("a later protocol")),
            Op::Stop if self.suspended.is_empty() => return Ok(true),
            Op::Stop => self.resume(),
            Op::Chars { length, is_bytes } => self.chars(input, sink, length, is_bytes)?,
            Op::Long(length) => self.long(input, length)?,
            Op::String | Op::Unicode | Op::PersistentLine => self.line(input, sink, op)?,
            Op::Global | Op::Inst => {
                let class = self.global_line(input, sink)?;
                if op == Op::Inst {
                    let args = self.above_mark();
                    self.call(class, args);
                } else {
                    self.stack.push(class);
                }
            }
            Op::StackGlobal => self.stack_global(sink)?,
            Op::Build => self.build(input, sink)?,
            _ => self.on_stack(op, sink),
        }
        Ok(false)
    }

    /// Instructions that need no more than what is on the stack.
    fn on_stack(&mut self, op: Op, sink: &mut dyn Sink) {
        match op {
            Op::Mark => self.marks.push(self.stack.len()),
            Op::Pop => self.pop_or_unmark(),
            Op::PopMark => drop(self.above_mark()),
            Op::Dup => {
                let top = self.stack.last().copied().unwrap_or(OPAQUE);
                self.stack.push(top);
            }
            Op::Opaque | Op::Extension | Op::Buffer => self.stack.push(OPAQUE),
            Op::Int(number) => self.push(Node::Int(number)),
            Op::Put(slot) => self.put(Some(slot), sink),
            Op::Memoize => self.put(None, sink),
            Op::Get(slot) => self.stack.push(self.memo.get(slot)),
            Op::Persistent => {
                let args = self.pop();
                self.push(Node::Object(Box::new(Object { args, ..Object::default() })));
            }
            Op::Reduce | Op::NewObj => {
                let args = self.pop();
                let class = self.pop();
                self.reduce(class, args);
            }
            Op::NewObjEx => {
                let (keywords, args, class) = (self.pop(), self.pop(), self.pop());
                self.push(Node::Object(Box::new(Object { class, args, states: vec![keywords], ..Object::default() })));
            }
            Op::Obj => {
                let mut args = self.above_mark();
                let class = if args.is_empty() { OPAQUE } else { args.remove(0) };
                self.call(class, args);
            }
            _ => self.fill(op),
        }
    }

    /// Instructions that make containers, and put values into them.
    fn fill(&mut self, op: Op) {
        match op {
            Op::Sequence => {
                let items = self.above_mark();
                self.push(Node::Sequence(items));
            }
            Op::Tuple(count) => {
                let items = self.take(count);
                self.push(Node::Sequence(items));
            }
            Op::Dict => {
                let pairs = self.above_mark();
                self.push(Node::Dict(pairs));
            }
            Op::EmptySequence => self.push(Node::Sequence(Vec::new())),
            Op::EmptyDict => self.push(Node::Dict(Vec::new())),
            Op::Append => {
                let items = self.take(1);
                self.add_items(&items);
            }
            Op::Appends => {
                let items = self.above_mark();
                self.add_items(&items);
            }
            Op::SetItem => {
                let pairs = self.take(2);
                self.add_pairs(&pairs);
            }
            Op::SetItems => {
                let pairs = self.above_mark();
                self.add_pairs(&pairs);
            }
            _ => {}
        }
    }

    fn push(&mut self, node: Node) {
        let id = self.heap.push(node);
        self.stack.push(id);
    }

    fn pop(&mut self) -> Id {
        self.stack.pop().unwrap_or(OPAQUE)
    }

    /// `POP` also takes a mark away, if that is on top.
    fn pop_or_unmark(&mut self) {
        if self.marks.last().is_some_and(|mark| *mark >= self.stack.len()) {
            self.marks.pop();
        } else {
            self.stack.pop();
        }
    }

    fn take(&mut self, count: usize) -> Vec<Id> {
        self.stack.split_off(self.stack.len().saturating_sub(count))
    }

    /// What lies above the last mark, which goes; all there is, if there is no mark.
    fn above_mark(&mut self) -> Vec<Id> {
        let mark = self.marks.pop().unwrap_or(0).min(self.stack.len());
        self.stack.split_off(mark)
    }

    fn add_items(&mut self, items: &[Id]) {
        self.heap.count(items.len());
        let top = self.stack.last().copied().unwrap_or(OPAQUE);
        match self.heap.get_mut(top) {
            Some(Node::Sequence(all)) => all.extend_from_slice(items),
            Some(Node::Object(object)) => object.items.extend_from_slice(items),
            _ => {
                self.stack.pop();
                self.push(Node::Sequence(items.to_vec()));
            }
        }
    }

    fn add_pairs(&mut self, pairs: &[Id]) {
        self.heap.count(pairs.len());
        let top = self.stack.last().copied().unwrap_or(OPAQUE);
        match self.heap.get_mut(top) {
            Some(Node::Dict(all)) => all.extend_from_slice(pairs),
            Some(Node::Object(object)) => object.pairs.extend_from_slice(pairs),
            _ => {
                self.stack.pop();
                self.push(Node::Dict(pairs.to_vec()));
            }
        }
    }

    fn put(&mut self, slot: Option<u32>, sink: &mut dyn Sink) {
        let top = self.stack.last().copied().unwrap_or(OPAQUE);
        if !self.memo.put(slot, top) {
            self.overflow(sink);
        }
    }

    fn call(&mut self, class: Id, args: Vec<Id>) {
        let args = self.heap.push(Node::Sequence(args));
        self.push(Node::Object(Box::new(Object { class, args, ..Object::default() })));
    }

    /// What a call would give. Some calls give what they get.
    fn reduce(&mut self, class: Id, args: Id) {
        let first = self.heap.sequence(args).and_then(|args| args.first().copied()).unwrap_or(OPAQUE);
        let called = self.heap.global(class).map(|(module, name)| (module.to_vec(), name.to_vec()));
        let (module, name) = called.as_ref().map_or((&b""[..], &b""[..]), |(module, name)| (module, name));
        match (module, name) {
            // How older protocols write bytes (`Lib/pickle.py`, `save_bytes`, `save_bytearray`).
            (b"_codecs", b"encode") | (b"builtins" | b"__builtin__", b"bytearray" | b"bytes")
                if self.heap.chars(first).is_some() =>
            {
                if module == b"_codecs" || self.heap.sequence(args).is_some_and(|args| args.len() > 1) {
                    self.heap.as_latin1(first);
                }
                // What it was called with is no value of its own.
                if let Some(called) = self.heap.get_mut(args) {
                    *called = Node::Opaque;
                }
                self.stack.push(first);
            }
            // How older protocols make objects (`Lib/copyreg.py`).
            (b"copyreg" | b"copy_reg", b"_reconstructor" | b"__newobj__" | b"__newobj_ex__") => {
                let rest = self.heap.sequence(args).map(|args| args.iter().skip(1).copied().collect()).unwrap_or_default();
                self.call(first, rest);
            }
            _ => self.push(Node::Object(Box::new(Object { class, args, ..Object::default() }))),
        }
    }

    fn build(&mut self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), End> {
        let state = self.pop();
        let top = self.stack.last().copied().unwrap_or(OPAQUE);
        self.heap.count(1);
        match self.heap.get_mut(top) {
            Some(Node::Object(object)) => object.states.push(state),
            _ => {
                self.stack.pop();
                self.push(Node::Object(Box::new(Object { items: vec![top], states: vec![state], ..Object::default() })));
            }
        }
        if arrays::follows_inline(&self.heap, top) && arrays::read_inline(self, top, input, sink)? {
            self.suspend(top)?;
        }
        Ok(())
    }

    /// A pickle of its own begins here, and what it gives belongs to `owner`.
    fn suspend(&mut self, owner: Id) -> Result<(), End> {
        if self.suspended.len() >= NESTED {
            return Err(End::Bad("pickles that are nested too deep"));
        }
        let (stack, marks, memo) =
            (std::mem::take(&mut self.stack), std::mem::take(&mut self.marks), std::mem::take(&mut self.memo));
        self.suspended.push(Suspended { stack, marks, memo, owner });
        Ok(())
    }

    fn resume(&mut self) {
        let result = self.pop();
        let Some(suspended) = self.suspended.pop() else { return };
        if let Some(Node::Object(object)) = self.heap.get_mut(suspended.owner) {
            object.states.push(result);
        }
        (self.stack, self.marks, self.memo) = (suspended.stack, suspended.marks, suspended.memo);
    }

    fn chars(&mut self, input: &mut Input<'_>, sink: &mut dyn Sink, length: u64, is_bytes: bool) -> Result<(), End> {
        if length > HELD {
            long::hand_over(self, input, sink, length, is_bytes)?;
            self.stack.push(OPAQUE);
            return Ok(());
        }
        let offset = self.at;
        let start = self.heap.arena().len();
        let read = copy(input, length, self.heap.arena());
        let span = self.heap.close(start);
        self.push(Node::Chars(Chars { span, offset, is_bytes }));
        read
    }

    fn long(&mut self, input: &mut Input<'_>, length: u64) -> Result<(), End> {
        let mut digits = Vec::new();
        copy(input, length.min(16), &mut digits)?;
        self.is_torch |= digits == TORCH;
        for _ in 16..length {
            byte(input)?;
        }
        self.stack.push(OPAQUE);
        Ok(())
    }

    /// A text that ends with its line.
    fn line(&mut self, input: &mut Input<'_>, sink: &mut dyn Sink, op: Op) -> Result<(), End> {
        let mut text = Vec::new();
        let read = line(input, HELD as usize, &mut text);
        let (decoded, is_bytes) = match op {
            Op::String => (escapes::quoted(&text), true),
            Op::Unicode => (escapes::unicode(&text), false),
            _ => (text, false),
        };
        let span = self.heap.span(&decoded);
        let offset = self.at;
        self.push(Node::Chars(Chars { span, offset, is_bytes }));
        if !read? {
            long::rest_of_line(input, sink)?;
        }
        Ok(())
    }

    fn global_line(&mut self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<Id, End> {
        let (mut module, mut name) = (Vec::new(), Vec::new());
        let whole = line(input, NAME, &mut module)? && line(input, NAME, &mut name)?;
        if !whole {
            return Err(End::Bad("a name of a module or class without an end"));
        }
        let trim = |mut text: Vec<u8>| {
            if text.last() == Some(&b'\r') {
                text.pop();
            }
            text
        };
        self.global(&trim(module), &trim(name), sink)
    }

    fn stack_global(&mut self, sink: &mut dyn Sink) -> Result<(), End> {
        let (name, module) = (self.pop(), self.pop());
        let bounded = |id: Id| self.heap.chars(id).map(|text| text.get(..NAME).unwrap_or(text).to_vec());
        let id = match (bounded(module), bounded(name)) {
            (Some(module), Some(name)) => self.global(&module, &name, sink)?,
            _ => OPAQUE,
        };
        self.stack.push(id);
        Ok(())
    }

    fn global(&mut self, module: &[u8], name: &[u8], sink: &mut dyn Sink) -> Result<Id, End> {
        let mut hasher = DefaultHasher::new();
        (module, name).hash(&mut hasher);
        let is_full = self.imports.len() >= IMPORTS;
        let is_new = is_full || self.imports.insert(hasher.finish());
        if is_new && !is_full {
            sink.import(&Import { module, name, offset: self.at })?;
        }
        // Nobody imports what is called like a secret, but these are bytes of the file like others.
        for text in [module, name].into_iter().filter(|text| is_new && is_odd(text)) {
            sink.text(&Text { name: b"", key: b"", bytes: text, offset: self.at })?;
        }
        let (module, name) = (self.heap.span(module), self.heap.span(name));
        Ok(self.heap.push(Node::Global { module, name }))
    }

    /// Hands out all that is held and forgets it, but for what may still be called by name.
    fn make_room(&mut self, sink: &mut dyn Sink) -> Result<(), End> {
        self.hand_out(sink)?;
        if self.stack.len() + self.marks.len() > STACK {
            self.stack.clear();
            self.marks.clear();
            self.suspended.clear();
            self.overflow(sink);
        }
        let (mut filled, mut named): (Vec<&mut Id>, Vec<&mut Memo>) = (self.stack.iter_mut().collect(), vec![&mut self.memo]);
        for outer in &mut self.suspended {
            filled.extend(outer.stack.iter_mut().chain([&mut outer.owner]));
            named.push(&mut outer.memo);
        }
        if !self.heap.renew(filled.into_iter(), named.into_iter().flat_map(Memo::ids)) {
            self.overflow(sink);
        }
        Ok(())
    }

    /// Pushes all texts that are held, with the names that lead to them.
    pub(super) fn hand_out(&mut self, sink: &mut dyn Sink) -> Result<(), End> {
        let outer = self.suspended.iter().flat_map(|outer| outer.stack.iter());
        let roots: Vec<Id> = outer.chain(&self.stack).copied().collect();
        handout::hand_out(&self.heap, &roots, sink)?;
        Ok(())
    }

    /// Ready for the next pickle of the stream.
    pub(super) fn reset(&mut self) {
        self.heap = Heap::new();
        self.stack.clear();
        self.marks.clear();
        self.memo = Memo::default();
        self.suspended.clear();
    }

    fn overflow(&mut self, sink: &mut dyn Sink) {
        if !self.overflowed {
            self.overflowed = true;
            let detail = "pickle: has more values than are remembered; later texts may lack the names that lead to them";
            sink.gap(GapReason::SizeLimit, detail.into(), None);
        }
    }
}

fn is_odd(name: &[u8]) -> bool {
    name.len() >= ODD && !name.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.'))
}
