//! Which text has which name: the instructions of each code object, followed from one push to what takes it.
//!
//! The stack is known as far as the last instructions pushed simple things; anything else empties it, so what is
//! told is certain and what a computed value stands between is not.

use super::super::super::Stop;
use super::marshal::{Code, Marshal};
use super::opcodes::{Op, ops};
use super::told::Teller;
use super::version::{TWO, Version};

/// Things on the stack that are remembered: more than any call or display of constants.
const STACK: usize = 4096;

/// Tells the name of every text that is given one.
pub(super) fn tell<'a>(marshal: &Marshal<'a>, version: Version, teller: &mut Teller<'_, 'a>) -> Result<(), Stop> {
    let ops = ops(version);
    for code in &marshal.codes {
        let scope = marshal.text(code.name);
        // Code may share its constants, and instructions, with other code.
        let constants = Some(marshal.items(code.constants)).filter(|constants| teller.afford(constants.len()));
        for constant in constants.unwrap_or_default() {
            teller.tell_pairs(scope, marshal.items(*constant))?;
        }
        let follow =
            Follow { marshal, version, code, scope, teller: &mut *teller, stack: Vec::new(), made: Vec::new(), defaults: None };
        follow.run(ops)?;
    }
    Ok(())
}

/// What is known of a thing on the stack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Thing {
    /// A constant, by its number.
    Constant(u32),
    /// Something else; its name in the table, if it was fetched by one.
    Named(Option<u32>),
    /// What was made of several things, by the number of that.
    Made(usize),
}

/// What was made of several things, each a constant if it is one.
pub(super) struct Made {
    pub(super) parts: Vec<Option<u32>>,
    /// Whether it is one text of them.
    pub(super) is_text: bool,
    pub(super) name: Option<u32>,
}

pub(super) struct Follow<'f, 't, 'a> {
    pub(super) marshal: &'f Marshal<'a>,
    pub(super) version: Version,
    pub(super) code: &'f Code,
    pub(super) scope: Option<&'a [u8]>,
    pub(super) teller: &'f mut Teller<'t, 'a>,
    pub(super) stack: Vec<Thing>,
    /// What instructions made of several things.
    pub(super) made: Vec<Made>,
    /// The code of the function that was just made, for defaults that come after it.
    pub(super) defaults: Option<u32>,
}

impl Follow<'_, '_, '_> {
    fn run(mut self, ops: &[Op; 256]) -> Result<(), Stop> {
        let bytes = self.marshal.text(self.code.instructions).unwrap_or_default();
        if !self.teller.afford(bytes.len()) {
            return Ok(());
        }
        let (mut at, mut extended) = (0, 0u32);
        while let Some(&code) = bytes.get(at) {
            // Python 2 has three bytes for an instruction with an argument, and one without.
            let (argument, length) = match self.version {
                TWO if code < 90 => (0, 1),
                TWO => {
                    (bytes.get(at + 1..).and_then(<[u8]>::first_chunk).map_or(0, |two| u32::from(u16::from_le_bytes(*two))), 3)
                }
                _ => (bytes.get(at + 1).copied().map_or(0, u32::from), 2),
            };
            at += length;
            let argument = extended | argument;
            let op = ops.get(usize::from(code)).copied().unwrap_or(Op::Other);
            extended = if op == Op::Extended { argument << 8 } else { 0 };
            // Most instructions do nothing that matters here: of some versions half are room for caches.
            if op == Op::Nothing || op == Op::Other && self.stack.is_empty() && self.made.is_empty() {
                continue;
            }
            self.step(op, argument)?;
            if self.stack.len().max(self.made.len()) > STACK {
                self.forget()?;
            }
        }
        self.forget()
    }

    fn step(&mut self, op: Op, argument: u32) -> Result<(), Stop> {
        if self.pushed(op, argument) || self.arranged(op, argument as usize) {
            return Ok(());
        }
        match op {
            Op::Nothing | Op::Extended => {}
            Op::Row => {
                self.made(argument as usize, false);
                self.pairs()?;
            }
            Op::Store => self.stored(self.listed(self.code.names, argument))?,
            Op::StoreLocal => self.stored(self.listed(self.code.locals, argument))?,
            Op::StoreTwo => {
                self.stored(self.listed(self.code.locals, argument >> 4))?;
                self.stored(self.listed(self.code.locals, argument & 15))?;
            }
            Op::StorePush => {
                self.stored(self.listed(self.code.locals, argument >> 4))?;
                self.push_local(argument & 15);
            }
            Op::StoreCell => self.stored(self.cell(argument))?,
            Op::StoreAttribute => {
                self.stack.pop();
                self.stored(self.listed(self.code.names, argument))?;
            }
            Op::StoreItem => {
                let key = self.popped();
                self.stack.pop();
                self.stored(key)?;
            }
            Op::MapAdd => {
                let value = self.stack.pop();
                let key = self.popped();
                self.told(key, value)?;
            }
            Op::Map if self.version == TWO => self.stack.push(Thing::Named(None)),
            Op::Map => self.map(argument)?,
            Op::MapStore => {
                let key = self.popped();
                let value = self.stack.pop();
                self.told(key, value)?;
            }
            Op::KeyMap => self.keyed(argument)?,
            Op::KeywordNames => self.named_arguments(argument)?,
            Op::CallKeywords => {
                self.keyed(argument)?;
                self.called(1);
            }
            Op::Call => self.call(argument)?,
            Op::Compare => self.compared()?,
            Op::Function => self.function(argument)?,
            Op::FunctionAttribute => self.defaulted(argument)?,
            _ => self.forget()?,
        }
        Ok(())
    }

    /// Instructions that push what they find elsewhere.
    fn pushed(&mut self, op: Op, argument: u32) -> bool {
        match op {
            Op::Constant => self.stack.push(Thing::Constant(self.constant(argument))),
            Op::Push => self.stack.push(Thing::Named(None)),
            Op::PushName => self.stack.push(Thing::Named(self.listed(self.code.names, argument))),
            Op::PushGlobal => {
                let index = if self.version.flags_globals() { argument >> 1 } else { argument };
                self.stack.push(Thing::Named(self.listed(self.code.names, index)));
            }
            Op::PushLocal => self.push_local(argument),
            Op::PushTwo => {
                self.push_local(argument >> 4);
                self.push_local(argument & 15);
            }
            Op::Attribute => {
                let index = if self.version.flags_attributes() { argument >> 1 } else { argument };
                self.stack.pop();
                self.stack.push(Thing::Named(self.listed(self.code.names, index)));
            }
            _ => return false,
        }
        true
    }

    fn push_local(&mut self, index: u32) {
        self.stack.push(Thing::Named(self.listed(self.code.locals, index)));
    }

    fn constant(&self, index: u32) -> u32 {
        self.listed(self.code.constants, index).unwrap_or(0)
    }

    pub(super) fn listed(&self, table: u32, index: u32) -> Option<u32> {
        self.marshal.items(table).get(index as usize).copied()
    }

    fn cell(&self, index: u32) -> Option<u32> {
        if self.version.joins_locals() {
            return self.listed(self.code.locals, index);
        }
        let (cells, free) = self.code.cells;
        let own = self.marshal.items(cells).len() as u32;
        if index < own { self.listed(cells, index) } else { self.listed(free, index - own) }
    }

    /// The constant on top.
    pub(super) fn popped(&mut self) -> Option<u32> {
        match self.stack.pop()? {
            Thing::Constant(object) => Some(object),
            _ => None,
        }
    }

    fn stored(&mut self, name: Option<u32>) -> Result<(), Stop> {
        let value = self.stack.pop();
        self.told(name, value)
    }

    /// `{"a": 1, "b": 2}` where keys and values stand in turn.
    fn map(&mut self, count: u32) -> Result<(), Stop> {
        for _ in 0..count.min(STACK as u32) {
            let value = self.stack.pop();
            let key = self.popped();
            if value.is_none() {
                break;
            }
            self.told(key, value)?;
        }
        self.stack.push(Thing::Named(None));
        Ok(())
    }

    /// Values, then a tuple of the names of the last of them.
    fn keyed(&mut self, values: u32) -> Result<(), Stop> {
        let names = self.popped().unwrap_or(0);
        self.keywords(names)?;
        self.called(values as usize);
        Ok(())
    }

    /// So many things on top become one.
    pub(super) fn called(&mut self, things: usize) {
        self.stack.truncate(self.stack.len().saturating_sub(things));
        self.stack.push(Thing::Named(None));
    }

    /// The last arguments of the call that follows, which are none by position then.
    fn named_arguments(&mut self, argument: u32) -> Result<(), Stop> {
        let names = self.constant(argument);
        self.keywords(names)?;
        let known = self.marshal.items(names).len().min(self.stack.len());
        let rest = self.stack.len() - known;
        self.stack.iter_mut().skip(rest).for_each(|thing| *thing = Thing::Named(None));
        Ok(())
    }

    fn keywords(&mut self, names: u32) -> Result<(), Stop> {
        let names = self.marshal.items(names);
        for (back, name) in (1..).zip(names.iter().rev()) {
            let Some(value) = self.stack.len().checked_sub(back).and_then(|at| self.stack.get(at)).copied() else { break };
            if !self.teller.afford(1) {
                break;
            }
            self.told(Some(*name), Some(value))?;
        }
        Ok(())
    }

    /// `setdefault("NAME", "value")`, `getenv("NAME", "value")`.
    fn call(&mut self, arguments: u32) -> Result<(), Stop> {
        if self.version == TWO {
            return self.call_in_two(arguments);
        }
        self.arguments()?;
        // The function lies below its arguments.
        self.called((arguments as usize).saturating_add(1));
        Ok(())
    }

    /// In Python 2 each argument by name is a key and a value; how many there are of those is in the higher byte.
    fn call_in_two(&mut self, arguments: u32) -> Result<(), Stop> {
        let (positional, named) = (arguments & 0xff, arguments >> 8 & 0xff);
        for _ in 0..named {
            let value = self.stack.pop();
            let key = self.popped();
            self.told(key, value)?;
        }
        self.arguments()?;
        self.called(positional as usize + 1);
        Ok(())
    }

    /// Two constants on top, of which the first may be the name of the second.
    fn arguments(&mut self) -> Result<(), Stop> {
        match self.stack.as_slice() {
            [.., Thing::Constant(key), Thing::Constant(value)] => self.teller.tell_pair(self.scope, *key, *value),
            _ => Ok(()),
        }
    }

    /// `password == "value"`.
    fn compared(&mut self) -> Result<(), Stop> {
        let (right, left) = (self.stack.pop(), self.stack.pop());
        match (left, right) {
            (Some(Thing::Named(name)), value @ Some(Thing::Constant(_)))
            | (value @ Some(Thing::Constant(_)), Some(Thing::Named(name))) => self.told(name, value)?,
            _ => {}
        }
        self.stack.push(Thing::Named(None));
        Ok(())
    }

    /// Tells the name of a thing.
    pub(super) fn told(&mut self, name: Option<u32>, value: Option<Thing>) -> Result<(), Stop> {
        match (name, value) {
            (Some(name), Some(Thing::Constant(value))) => self.teller.tell(self.scope, name, value),
            (Some(name), Some(Thing::Made(number))) => self.named(name, number),
            _ => Ok(()),
        }
    }

    /// What was made of several texts has a name: each of a list, or the text that they are.
    fn named(&mut self, name: u32, number: usize) -> Result<(), Stop> {
        let Some(made) = self.made.get_mut(number) else { return Ok(()) };
        if made.is_text && made.parts.len() > 1 {
            made.name = Some(name);
            return Ok(());
        }
        for part in std::mem::take(&mut made.parts).into_iter().flatten() {
            self.teller.tell(self.scope, name, part)?;
        }
        Ok(())
    }
}
