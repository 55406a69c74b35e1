//! Functions as they are made, with the defaults of their arguments.

use super::super::super::Stop;
use super::pairs::{Follow, Thing};
use super::version::TWO;

impl Follow<'_, '_, '_> {
    /// A function of code on top, below which its defaults may stand.
    pub(super) fn function(&mut self, argument: u32) -> Result<(), Stop> {
        let mut top = self.popped();
        if self.version == TWO {
            return self.function_in_two(top, argument as usize);
        }
        // Up to 3.10 its name lies above it.
        if top.is_some_and(|top| self.marshal.text(top).is_some()) {
            top = self.popped();
        }
        // Below lie, as flags say, what it closes over, what annotates arguments, defaults of those by name only, and
        // defaults.
        for flag in [8, 4, 2] {
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
    pub(super) fn defaulted(&mut self, flag: u32) -> Result<(), Stop> {
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
            self.teller.tell(self.scope, *name, *value)?;
        }
        Ok(())
    }
}
