//! What joblib up to 0.9 wrote with `compress` (`joblib/numpy_pickle_compat.py`, `read_zfile`): the letters `ZF`, the
//! length of what follows, unpacked, in hexadecimal padded with spaces, and a zlib stream.

use super::super::archive::Zlib;
use super::super::{About, Extractor, Halt, Head, Input, Sink};
use std::io::BufRead;

/// The old joblib's compressed file.
pub struct OldJoblib;

const MAGIC: &[u8] = b"ZF0x";

/// Longest header: the number was padded to the width of the largest one, on any machine.
const HEADER: usize = 24;

impl Extractor for OldJoblib {
    fn name(&self) -> &'static str {
        "joblib"
    }

    fn about(&self) -> About {
        About {
            title: "joblib before 0.10",
            reads: "the pickle in it",
            limits: "none of its own",
            specification: "joblib/numpy_pickle_compat.py",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, MAGIC) && body(head.start).is_some()
    }

    fn is_wrapper(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let header = body(input.head()?).unwrap_or(0);
        input.consume(header);
        Zlib.extract(input, sink)
    }
}

/// Where the zlib stream begins.
fn body(start: &[u8]) -> Option<usize> {
    let number = start.strip_prefix(MAGIC)?;
    let digits = number.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let at = (MAGIC.len() + digits..=HEADER).find(|at| start.get(*at) != Some(&b' '))?;
    (digits > 0 && Zlib.probe(&Head { start: start.get(at..)?, tail: &[] })).then_some(at)
}
