//! Which bytes of a file a structure accounts for, so that the rest can be scanned as it is.

use super::super::{Halt, ReadSeek, Sink};
use std::io::{Read, Seek, SeekFrom};

/// Bytes of the file, from `start` up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Span {
    /// So many bytes from `start` on.
    pub(super) fn of(start: u64, length: u64) -> Self {
        Self { start, end: start.saturating_add(length) }
    }
}

/// Scans what none of these spans covers.
pub(super) fn uncovered(
    file: &mut Box<dyn ReadSeek + '_>,
    length: u64,
    mut covered: Vec<Span>,
    sink: &mut dyn Sink,
) -> Result<(), Halt> {
    covered.sort_unstable();
    covered.push(Span { start: length, end: length });
    let mut at = 0;
    for span in covered {
        let end = span.start.min(length);
        if end > at {
            file.seek(SeekFrom::Start(at))?;
            sink.raw_at(at, &mut file.take(end - at))?;
        }
        at = at.max(span.end);
    }
    Ok(())
}
