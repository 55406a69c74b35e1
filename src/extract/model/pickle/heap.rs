//! What a pickle's machine holds: values in a heap of nodes, texts in one arena.
//!
//! Values are shared by number, so a memo that refers to one value a thousand times costs a thousand
//! numbers, and nothing here recurses. Both sides are counted in [`Heap::is_full`]: whoever fills the
//! heap is to hand out what is in it and [`Heap::renew`] it, which keeps what may still be called by
//! name: short texts and globals.

use super::super::keys::is_key;

/// A value, by its number.
pub(super) type Id = u32;

/// What is neither text nor container: `None`, floats, what nobody knows.
pub(super) const OPAQUE: Id = 0;

/// Bytes of texts that are held at a time …
const BYTES: usize = 8 << 20;
/// … and nodes, with their children.
const NODES: usize = 256 << 10;
/// How deep the type of an array is kept beyond a renewal, and how many parts of it.
const TYPE: usize = 4;
const PARTS: usize = 16;

/// A stretch of the arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    len: u32,
}

/// A string, or bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chars {
    pub(super) span: Span,
    /// Of its opcode in the stream.
    pub(super) offset: u64,
    /// `bytes` of Python, as opposed to a text.
    pub(super) is_bytes: bool,
}

/// What a call made: `class(*args)`, its state, what was appended to it and put into it.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    pub(super) class: Id,
    pub(super) args: Id,
    pub(super) states: Vec<Id>,
    pub(super) items: Vec<Id>,
    /// Keys and values in turn.
    pub(super) pairs: Vec<Id>,
}

/// One value.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Opaque,
    Int(i64),
    Chars(Chars),
    Global {
        module: Span,
        name: Span,
    },
    /// A tuple, list or set.
    Sequence(Vec<Id>),
    /// Keys and values in turn.
    Dict(Vec<Id>),
    Object(Box<Object>),
}

/// All values.
#[derive(Debug)]
pub(super) struct Heap {
    nodes: Vec<Node>,
    bytes: Vec<u8>,
    children: usize,
}

impl Heap {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::Opaque], bytes: Vec::new(), children: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn get(&self, id: Id) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&Node::Opaque)
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Node> {
        self.nodes.get_mut(id as usize).filter(|_| id != OPAQUE)
    }

    /// Whether it is time to hand out what is here: `soon`, if values have just found their place, else when as much
    /// again has come in.
    pub(super) fn is_full(&self, soon: bool) -> bool {
        let times = if soon { 1 } else { 2 };
        self.bytes.len() > times * BYTES || self.nodes.len() + self.children > times * NODES
    }

    /// Notes that containers took in so many more values.
    pub(super) fn count(&mut self, children: usize) {
        self.children += children;
    }

    pub(super) fn push(&mut self, node: Node) -> Id {
        let Ok(id) = Id::try_from(self.nodes.len()) else { return OPAQUE };
        if let Node::Sequence(children) | Node::Dict(children) = &node {
            self.children += children.len();
        }
        self.nodes.push(node);
        id
    }

    /// The arena, to write a text at its end; [`Heap::close`] makes one of what was written.
    pub(super) fn arena(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Everything in the arena from `start` on.
    pub(super) fn close(&self, start: usize) -> Span {
        let start = start.min(self.bytes.len());
        Span { start: u32::try_from(start).unwrap_or(0), len: u32::try_from(self.bytes.len() - start).unwrap_or(0) }
    }

    pub(super) fn span(&mut self, bytes: &[u8]) -> Span {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.close(start)
    }

    pub(super) fn bytes(&self, span: Span) -> &[u8] {
        let start = span.start as usize;
        self.bytes.get(start..start + span.len as usize).unwrap_or_default()
    }

    /// The characters of a value that is a string or bytes.
    pub(super) fn chars(&self, id: Id) -> Option<&[u8]> {
        match self.get(id) {
            Node::Chars(chars) => Some(self.bytes(chars.span)),
            _ => None,
        }
    }

    /// Module and name of a value that is a global.
    pub(super) fn global(&self, id: Id) -> Option<(&[u8], &[u8])> {
        match self.get(id) {
            Node::Global { module, name } => Some((self.bytes(*module), self.bytes(*name))),
            _ => None,
        }
    }

    /// The items of a tuple, list or set.
    pub(super) fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Node::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn object(&self, id: Id) -> Option<&Object> {
        match self.get(id) {
            Node::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(super) fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Node::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The value under `key` in a dict.
    pub(super) fn entry(&self, dict: Id, key: &[u8]) -> Option<Id> {
        let Node::Dict(pairs) = self.get(dict) else { return None };
        pairs.chunks_exact(2).find(|pair| self.chars(pair[0]) == Some(key)).map(|pair| pair[1])
    }

    /// Makes bytes of a text whose characters stand for them: `_codecs.encode(text, 'latin1')`. Code points
    /// beyond a byte are no such text, which then stays.
    pub(super) fn as_latin1(&mut self, id: Id) {
        let Some(Node::Chars(chars)) = self.nodes.get(id as usize) else { return };
        let (span, offset) = (chars.span, chars.offset);
        let Ok(text) = std::str::from_utf8(self.bytes(span)) else { return };
        let encoded: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        let Some(encoded) = encoded else { return };
        let start = span.start as usize;
        // Never longer than the text, so it fits where that stood.
        if let Some(place) = self.bytes.get_mut(start..start + encoded.len()) {
            place.copy_from_slice(&encoded);
        }
        let span = Span { start: span.start, len: u32::try_from(encoded.len()).unwrap_or(0) };
        if let Some(node) = self.get_mut(id) {
            *node = Node::Chars(Chars { span, offset, is_bytes: true });
        }
    }

    /// An empty heap, but for what may still be called: of `filled`, the stack, containers without what they held, since
    /// they may still get more; of both short texts that may be keys, globals and types of arrays. Says in place what
    /// became of each. If those alone would fill half of the heap the rest is forgotten, and the answer is `false`.
    pub(super) fn renew<'k>(
        &mut self,
        filled: impl Iterator<Item = &'k mut Id>,
        named: impl Iterator<Item = &'k mut Id>,
    ) -> bool {
        let mut fresh = Self::new();
        let mut moved = vec![OPAQUE; self.nodes.len()];
        let mut all = true;
        for (id, is_filled) in filled.map(|id| (id, true)).chain(named.map(|id| (id, false))) {
            let Some(slot) = moved.get_mut(*id as usize) else { continue };
            if *slot == OPAQUE && *id != OPAQUE {
                let has_room = fresh.bytes.len() < BYTES / 2 && fresh.nodes.len() < NODES / 2;
                all &= has_room;
                if has_room {
                    *slot = self.moved(*id, is_filled, &mut fresh, 0);
                }
            }
            *id = *slot;
        }
        *self = fresh;
        all
    }

    fn moved(&self, id: Id, is_filled: bool, fresh: &mut Self, depth: usize) -> Id {
        let is_type = |object: &Object| self.global(object.class).is_some_and(|(_, name)| name == b"dtype");
        let node = match self.get(id) {
            Node::Opaque => return OPAQUE,
            Node::Int(number) => Node::Int(*number),
            // What was handed out once is not to be handed out again.
            Node::Chars(chars) if depth > 0 || is_key(self.bytes(chars.span)) => {
                Node::Chars(Chars { span: fresh.span(self.bytes(chars.span)), offset: u64::MAX, ..*chars })
            }
            Node::Global { module, name } => {
                Node::Global { module: fresh.span(self.bytes(*module)), name: fresh.span(self.bytes(*name)) }
            }
            Node::Object(object) if depth < TYPE && is_type(object) => {
                let mut part = |id: Id| self.moved(id, false, fresh, depth + 1);
                let (class, args) = (part(object.class), part(object.args));
                let states = object.states.iter().map(|state| part(*state)).collect();
                Node::Object(Box::new(Object { class, args, states, ..Object::default() }))
            }
            Node::Sequence(items) if 0 < depth && depth < TYPE && items.len() <= PARTS => {
                Node::Sequence(items.iter().map(|item| self.moved(*item, false, fresh, depth + 1)).collect())
            }
            _ if !is_filled => return OPAQUE,
            Node::Chars(_) => return OPAQUE,
            Node::Sequence(_) => Node::Sequence(Vec::new()),
            Node::Dict(_) => Node::Dict(Vec::new()),
            Node::Object(object) => {
                let is_global = matches!(self.get(object.class), Node::Global { .. });
                let class = if is_global { self.moved(object.class, false, fresh, 1) } else { OPAQUE };
                Node::Object(Box::new(Object { class, ..Object::default() }))
            }
        };
        fresh.push(node)
    }
}
