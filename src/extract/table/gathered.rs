//! Bytes of a file that is read from start to end, held until they are scanned as they are, blank where they were told.

use super::super::{Sink, Stop};
use crate::finding::GapReason;
use std::ops::Range;

/// Bytes that are not scanned yet.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The format, as gaps name it.
    format: &'static str,
    pub(super) bytes: Vec<u8>,
    /// Where the first of them stands.
    pub(super) start: u64,
    /// How many were told where they stand.
    blank: u64,
    gaps: Vec<GapReason>,
}

impl Gathered {
    /// None yet, of a file of this format.
    pub(super) fn of(format: &'static str) -> Self {
        Self { format, ..Self::default() }
    }

    /// Where the next byte will stand.
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// What stands there was told.
    pub(super) fn blank(&mut self, told: Range<usize>) {
        self.told_elsewhere(told.len() as u64);
        self.erase(told);
    }

    /// So many bytes were told where they stand, though they are to be scanned in another place.
    pub(super) fn told_elsewhere(&mut self, bytes: u64) {
        self.blank += bytes;
    }

    /// What stands there is scanned in another place.
    pub(super) fn erase(&mut self, moved: Range<usize>) {
        self.bytes.get_mut(moved).unwrap_or_default().fill(0);
    }

    /// Notes what could not be read; each kind of it once.
    pub(super) fn gap(&mut self, reason: GapReason, what: &str, sink: &mut dyn Sink) {
        if !self.gaps.contains(&reason) {
            self.gaps.push(reason);
            sink.gap(reason, format!("{}: {what}", self.format), None);
        }
    }

    /// Scans them as they are.
    pub(super) fn flush(&mut self, sink: &mut dyn Sink) -> Result<(), Stop> {
        let bytes = std::mem::take(&mut self.bytes);
        if !bytes.is_empty() {
            sink.raw_at(self.start, &mut bytes.as_slice())?;
        }
        sink.told_before(std::mem::take(&mut self.blank));
        self.start += bytes.len() as u64;
        Ok(())
    }
}
