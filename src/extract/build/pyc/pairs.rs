//! Which text has which name: the instructions of each code object, followed from one push to what takes it.
//!
//! The stack is known as far as the last instructions pushed simple things; anything else empties it, so what is
//! told is certain and what a computed value stands between is not.

use super::super::super::{Sink, Stop, Text};
use super::marshal::{Code, Marshal};
use super::version::{Op, TWO, Version};
use std::ops::Range;

/// Pushes that are remembered: more than any call or display of constants.
const STACK: usize = 4096;
/// A word of a call that is no longer than this names nothing.
const WORD: usize = 4;
/// Texts shorter than this are no secrets.
const SHORTEST: usize = 3;

/// Tells the name of every text that is given one.
pub(super) fn tell(marshal: &Marshal<'_>, version: Version, sink: &mut dyn Sink) -> Result<(), Stop> {
    let ops = version.ops();
    for code in &marshal.codes {
        Follow { marshal, version, code, sink: &mut *sink, stack: Vec::new(), defaults: None }.run(ops)?;
    }
    Ok(())
}

/// What is known of a thing on the stack.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Thing {
    /// A constant, by its number.
    Constant(u32),
    /// Something else; its name in the table, if it was fetched by one.
    Named(Option<u32>),
}

struct Follow<'f, 'a> {
    marshal: &'f Marshal<'a>,
    version: Version,
    code: &'f Code,
    sink: &'f mut dyn Sink,
    stack: Vec<Thing>,
    /// The code of the function that was just made, for defaults that come after it.
    defaults: Option<u32>,
}

impl Follow<'_, '_> {
    fn run(mut self, ops: &[Op; 256]) -> Result<(), Stop> {
        let bytes = self.marshal.text(self.code.instructions).unwrap_or_default();
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
            self.step(op, argument)?;
            if self.stack.len() > STACK {
                self.stack.clear();
            }
        }
        Ok(())
    }

    fn step(&mut self, op: Op, argument: u32) -> Result<(), Stop> {
        match op {
            Op::Nothing | Op::Extended => return Ok(()),
            Op::Constant => self.stack.push(Thing::Constant(self.constant(argument))),
            Op::Push => self.stack.push(Thing::Named(None)),
            Op::PushName => {
                let index = if self.version.flags_globals() { argument >> 1 } else { argument };
                self.stack.push(Thing::Named(self.listed(self.code.names, index)));
            }
            Op::PushLocal => self.stack.push(Thing::Named(self.listed(self.code.locals, argument))),
            Op::Attribute => {
                let index = if self.version.flags_attributes() { argument >> 1 } else { argument };
                self.stack.pop();
                self.stack.push(Thing::Named(self.listed(self.code.names, index)));
            }
            Op::Store => self.stored(self.listed(self.code.names, argument))?,
            Op::StoreLocal => self.stored(self.listed(self.code.locals, argument))?,
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
            Op::KeywordNames => {
                let names = self.constant(argument);
                self.keywords(names)?;
            }
            Op::CallKeywords => {
                self.keyed(argument)?;
                self.called(1);
            }
            Op::Call => self.call(argument)?,
            Op::Compare => self.compared()?,
            Op::Function => self.function(argument)?,
            Op::FunctionAttribute => self.defaulted(argument)?,
            Op::Other => self.stack.clear(),
        }
        Ok(())
    }

    fn constant(&self, index: u32) -> u32 {
        self.listed(self.code.constants, index).unwrap_or(0)
    }

    fn listed(&self, table: u32, index: u32) -> Option<u32> {
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
    fn popped(&mut self) -> Option<u32> {
        match self.stack.pop()? {
            Thing::Constant(object) => Some(object),
            Thing::Named(_) => None,
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
        self.called(values);
        Ok(())
    }

    /// So many things on top become one.
    fn called(&mut self, things: u32) {
        self.stack.truncate(self.stack.len().saturating_sub(things as usize));
        self.stack.push(Thing::Named(None));
    }

    fn keywords(&mut self, names: u32) -> Result<(), Stop> {
        let marshal = self.marshal;
        let mut values = self.stack.clone();
        for name in marshal.items(names).iter().rev() {
            let Some(value) = values.pop() else { break };
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
        self.called(arguments.saturating_add(1));
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
        self.called(positional + 1);
        Ok(())
    }

    /// Two constants on top, of which the first may be the name of the second. A short word is not: `("pass", "zpk")`.
    fn arguments(&mut self) -> Result<(), Stop> {
        let [.., Thing::Constant(key), value @ Thing::Constant(_)] = self.stack.as_slice() else { return Ok(()) };
        let (key, value) = (*key, *value);
        let is_name = self.marshal.range(key).is_some_and(|key| key.len() > WORD);
        // Two names, as of two fields of a form, are no name and its value.
        let is_value =
            matches!(value, Thing::Constant(value) if self.marshal.text(value).is_some_and(|text| !self.sink.wants(text)));
        if is_name && is_value { self.told(Some(key), Some(value)) } else { Ok(()) }
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

    /// A function of code on top, below which its defaults may stand.
    fn function(&mut self, argument: u32) -> Result<(), Stop> {
        let mut top = self.popped();
        if self.version == TWO {
            return self.function_in_two(top, argument as usize);
        }
        // Up to 3.10 its name lies above it.
        if top.is_some_and(|top| self.marshal.text(top).is_some()) {
            top = self.popped();
        }
        // Below lie, as flags say, what annotates arguments, defaults of those by name only, and defaults. A closure is
        // built by instructions that are not followed, and nothing below it is known then.
        for flag in [4, 2] {
            if argument & flag != 0 {
                self.stack.pop();
            }
        }
        if argument & 1 != 0
            && let (Some(code), Some(values)) = (top, self.popped())
        {
            self.defaults_of(code, values)?;
        }
        self.defaults = top;
        self.stack.push(Thing::Named(None));
        Ok(())
    }

    /// In Python 2 defaults lie on the stack one by one.
    fn function_in_two(&mut self, code: Option<u32>, count: usize) -> Result<(), Stop> {
        let marshal = self.marshal;
        let values = self.stack.split_off(self.stack.len().saturating_sub(count));
        if let Some(code) = code.and_then(|code| marshal.code(code)) {
            let names = marshal.items(code.locals).get(..code.arguments.0 as usize).unwrap_or_default();
            for (name, value) in names.iter().rev().zip(values.into_iter().rev()) {
                self.told(Some(*name), Some(value))?;
            }
        }
        self.stack.push(Thing::Named(None));
        Ok(())
    }

    /// Since 3.13 defaults lie below the function that was made.
    fn defaulted(&mut self, flag: u32) -> Result<(), Stop> {
        self.stack.pop();
        let values = self.popped();
        if let (1, Some(code), Some(values)) = (flag, self.defaults, values) {
            self.defaults_of(code, values)?;
        }
        self.stack.push(Thing::Named(None));
        Ok(())
    }

    /// Defaults belong to the last arguments.
    fn defaults_of(&mut self, code: u32, values: u32) -> Result<(), Stop> {
        let marshal = self.marshal;
        let Some(code) = marshal.code(code) else { return Ok(()) };
        let (values, count) = (marshal.items(values), code.arguments.0 as usize);
        let names = marshal.items(code.locals).get(..count).unwrap_or_default();
        for (name, value) in names.iter().rev().zip(values.iter().rev()) {
            self.told(Some(*name), Some(Thing::Constant(*value)))?;
        }
        Ok(())
    }

    /// Pushes a name with its text. A tuple of texts has one name.
    fn told(&mut self, name: Option<u32>, value: Option<Thing>) -> Result<(), Stop> {
        let marshal = self.marshal;
        let (Some(key), Some(Thing::Constant(value))) = (name.and_then(|name| marshal.text(name)), value) else {
            return Ok(());
        };
        let few = marshal.items(value).get(..64).unwrap_or(marshal.items(value));
        let texts: Vec<Range<usize>> =
            marshal.range(value).into_iter().chain(few.iter().filter_map(|item| marshal.range(*item))).collect();
        if texts.iter().all(|text| text.len() < SHORTEST) || key.len() > 128 || key.starts_with(b"__") || !self.sink.wants(key) {
            return Ok(());
        }
        let scope = marshal.text(self.code.name).filter(|scope| !scope.starts_with(b"<") && scope.len() <= 128);
        let name = scope.map_or_else(|| key.to_vec(), |scope| [scope, b".", key].concat());
        for text in texts {
            let offset = text.start as u64;
            let Some(bytes) = marshal.bytes(text) else { continue };
            self.sink.text(&Text { name: &name, key, bytes, offset })?;
        }
        Ok(())
    }
}
