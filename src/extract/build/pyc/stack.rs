//! Instructions that bring nothing in and take nothing out: they move, join or part what is on the stack.

use super::super::super::Stop;
use super::opcodes::Op;
use super::pairs::{Follow, Made, Thing};

/// Things that a tuple is taken apart into, or texts that a template has.
const ITEMS: usize = 64;

impl Follow<'_, '_, '_> {
    /// Instructions that move, join or part what is on the stack.
    pub(super) fn arranged(&mut self, op: Op, argument: usize) -> bool {
        match op {
            Op::Again => self.copy(argument),
            Op::Duplicate => self.copy(1),
            Op::Swap => self.swap(argument),
            Op::SwapTwo => self.swap(2),
            Op::Unpack => self.unpack(argument),
            Op::Join => self.made(argument, true),
            Op::Extend if argument == 1 => {
                let row = self.stack.pop().unwrap_or(Thing::Named(None));
                self.stack.pop();
                self.stack.push(row);
            }
            Op::Format => self.called(if argument & 4 == 0 { 1 } else { 2 }),
            Op::Change => self.called(1),
            Op::FormatBelow => self.called(2),
            Op::Interpolate => self.called(2 + (argument & 1)),
            Op::Template => self.template(),
            _ => return false,
        }
        true
    }

    fn copy(&mut self, depth: usize) {
        let thing = self.stack.len().checked_sub(depth).and_then(|at| self.stack.get(at)).copied();
        self.stack.push(thing.unwrap_or(Thing::Named(None)));
    }

    fn swap(&mut self, depth: usize) {
        let top = self.stack.len().saturating_sub(1);
        match self.stack.len().checked_sub(depth).filter(|below| *below < top) {
            Some(below) => self.stack.swap(below, top),
            // What comes up was not followed.
            None => self.stack.clear(),
        }
    }

    /// `a, b = "x", "y"`: the first item is on top then.
    fn unpack(&mut self, count: usize) {
        let top = self.stack.pop();
        let items = match top {
            Some(Thing::Constant(object)) => self.marshal.items(object),
            _ => &[],
        };
        if count > ITEMS || !self.teller.afford(count) {
            self.stack.clear();
        } else if items.len() == count {
            self.stack.extend(items.iter().rev().map(|item| Thing::Constant(*item)));
        } else {
            self.stack.extend(std::iter::repeat_n(Thing::Named(None), count));
        }
    }

    /// So many things on top become a list or a text. What is not on the stack any more is something else.
    pub(super) fn made(&mut self, count: usize, is_text: bool) {
        let things = self.stack.split_off(self.stack.len().saturating_sub(count));
        let constant = |thing: &Thing| if let Thing::Constant(object) = thing { Some(*object) } else { None };
        let parts: Vec<Option<u32>> = things.iter().map(constant).collect();
        self.keep(Made { parts, is_text, name: None });
    }

    /// Pairs in the list on top. A tuple of two texts that is in none may as well be the names of two arguments.
    pub(super) fn pairs(&mut self) -> Result<(), Stop> {
        let Some(Thing::Made(number)) = self.stack.last() else { return Ok(()) };
        let parts = self.made.get(*number).map_or(&[][..], |made| &made.parts);
        let constants: Vec<u32> = parts.iter().flatten().copied().collect();
        self.teller.tell_pairs(self.scope, &constants)
    }

    /// A template is a tuple of texts, below what stands between them.
    fn template(&mut self) {
        self.stack.pop();
        let texts = self.popped().map_or(&[][..], |texts| self.marshal.items(texts));
        let few = texts.get(..ITEMS).unwrap_or(texts);
        let mut parts: Vec<Option<u32>> = few.iter().flat_map(|text| [Some(*text), None]).collect();
        parts.pop();
        if self.teller.afford(parts.len()) {
            self.keep(Made { parts, is_text: true, name: None });
        } else {
            self.stack.clear();
        }
    }

    /// Pushes what was made, if it is of constants in part.
    fn keep(&mut self, made: Made) {
        let is_known = made.parts.iter().any(Option::is_some);
        self.stack.push(if is_known { Thing::Made(self.made.len()) } else { Thing::Named(None) });
        if is_known {
            self.made.push(made);
        }
    }

    /// Forgets what is on the stack, and tells what it was.
    pub(super) fn forget(&mut self) -> Result<(), Stop> {
        self.stack.clear();
        for made in self.made.drain(..) {
            if made.is_text {
                self.teller.tell_joined(self.scope, made.name, &made.parts)?;
            }
        }
        Ok(())
    }
}
