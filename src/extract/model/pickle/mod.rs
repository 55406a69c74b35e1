//! Pickle, protocols 0 to 5, and all that is written with it: joblib, cloudpickle, dill, PyTorch's old format.
//!
//! A pickle is a program for a small machine with a stack (`Lib/pickletools.py` of CPython describes it). It is
//! run here over values that only stand for what it would make: see [`machine`]. What that leaves, every text of
//! it, goes out under the name that leads to it. Bytes behind the last pickle are scanned as they are.

mod arrays;
mod code;
mod escapes;
mod frames;
mod handout;
mod heap;
mod long;
mod machine;
mod memo;
mod opcodes;
mod probe;
mod stream;
#[cfg(test)]
mod tests;
mod trails;

use super::super::{About, Extractor, Halt, Head, Input, Sink};
use super::pass_numbers;
use crate::finding::GapReason;
use machine::Machine;
use stream::End;

/// Pickle.
pub struct Pickle;

/// Pickles at the start of PyTorch's old format: magic number, version, system, object, keys of the storages.
const TORCH: usize = 5;

impl Extractor for Pickle {
    fn name(&self) -> &'static str {
        "pickle"
    }

    fn about(&self) -> About {
        About {
            title: "pickle (joblib, PyTorch, scikit-learn, cloudpickle, dill)",
            reads: "texts by the keys that lead to them, in protocols 0 to 5 of Python 2 and 3; arrays; what loading it would run",
            limits: "8 MiB of texts held at a time; texts of more than 1 MiB without their names",
            specification: "CPython, Lib/pickletools.py",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        probe::is_pickle(head)
    }

    fn hands_on(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut machine = Machine::new();
        let mut pickles = 0;
        loop {
            let end = match machine.step(input, sink) {
                Ok(false) => continue,
                Ok(true) => None,
                Err(end) => Some(end),
            };
            if !matches!(end, Some(End::Halt(Halt::Stop))) {
                machine.hand_out(sink).map_err(halt)?;
            }
            machine.reset();
            pickles += 1;
            match end {
                None if machine.is_torch && pickles == TORCH => {
                    return pass_numbers(input, u64::MAX, sink);
                }
                None if probe::goes_on(input)? => {}
                None => return Ok(()),
                Some(End::Cut) => {
                    sink.gap(GapReason::Truncated, "pickle: ends before its last instruction".into(), None);
                    return Ok(());
                }
                Some(End::Bad(what)) => {
                    let at = input.position();
                    let detail = format!("pickle: {what} at byte {at}; what follows was scanned as raw bytes");
                    sink.gap(GapReason::Damaged, detail, None);
                    return Ok(());
                }
                Some(End::Halt(halt)) => return Err(halt),
            }
        }
    }
}

fn halt(end: End) -> Halt {
    match end {
        End::Halt(halt) => halt,
        End::Cut | End::Bad(_) => Halt::Stop,
    }
}
