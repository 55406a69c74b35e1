//! Compiled Python: `.pyc` of CPython 2.7 and 3.6 to 3.15.
//!
//! A header, then one code object as `marshal` writes it (Python/marshal.c); there is no specification, the
//! interpreter's sources are it. Texts stand in a table of constants and the names they are given in another;
//! the instructions bring the two together (see [`pairs`]). Besides, all texts are scanned where they stand, with
//! zeros for what is between them: a letter that says how long the next is would else stick to the last.

mod functions;
mod marshal;
mod opcodes;
mod pairs;
mod stack;
#[cfg(test)]
mod tests;
mod told;
mod version;

use super::super::{About, Extractor, Halt, Head, Input, Sink};
use crate::finding::GapReason;
use marshal::Marshal;
use std::io::BufRead;
use told::Teller;
use version::{NEWER, Version};

/// Compiled Python.
pub struct Pyc;

/// The longest file whose names are told. Tables of a million numbers are longer, programs are not.
const HELD: usize = 8 << 20;

impl Extractor for Pyc {
    fn name(&self) -> &'static str {
        "pyc"
    }

    fn about(&self) -> About {
        About {
            title: "Python bytecode (pyc)",
            reads: "constants with the names they are stored under, of CPython 2.7 and 3.6 to 3.15; all texts where they stand",
            limits: "files of up to 8 MiB by their structure",
            specification: "CPython: Python/marshal.c, Lib/importlib/_bootstrap_external.py",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        // The object behind the header is code, perhaps one that is referred to.
        Version::of(head.start).is_some_and(|version| head.start.get(version.header()).is_some_and(|kind| kind & 0x7f == b'c'))
    }

    fn is_program(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let Some(bytes) = input.held(HELD)? else {
            sink.gap(GapReason::SizeLimit, "pyc: too long for the names of its texts to be told".into(), None);
            return Ok(());
        };
        let Some(version) = Version::of(&bytes) else { return Ok(()) };
        let marshal = Marshal::read(&bytes, version);
        let mut teller = Teller::new(&marshal, bytes.len(), &mut *sink);
        pairs::tell(&marshal, version, &mut teller)?;
        if teller.is_full() {
            let detail = "pyc: its texts have more names than are told; they are scanned where they stand";
            sink.gap(GapReason::SizeLimit, detail.into(), None);
        }
        if version >= NEWER {
            let detail = "pyc: of a Python that is newer than 3.15; its texts are scanned without their names";
            sink.gap(GapReason::Unsupported, detail.into(), None);
        }
        sink.raw_at(0, &mut marshal.texts_alone().as_slice())?;
        if !marshal.whole {
            sink.gap(GapReason::Damaged, "pyc: constants that cannot be read; scanned as they are".into(), None);
        }
        let length = bytes.len();
        input.consume(length);
        Ok(())
    }
}
