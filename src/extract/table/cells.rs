//! Texts of a column, each told once.

use super::super::model::keys;
use super::super::{Member, MemberKind, Sink, Stop, Text};

/// Values shorter than this hold nothing that opens.
const OPENED: usize = 64;
/// Smallest and largest values that are compared with what is told.
const EXTREMES: usize = 8;
/// Short values that are no texts are gathered up to this length.
const GATHERED: usize = 64 << 10;

/// A column on its way.
pub(super) struct Cells {
    parent: Vec<u8>,
    name: Vec<u8>,
    key: Vec<u8>,
    /// Where what is at hand stands in the file.
    pub(super) offset: u64,
    /// What is said of the column beside its values: the smallest and the largest of them, which are told only if
    /// they are none.
    pub(super) extremes: Vec<Vec<u8>>,
    gathered: Vec<u8>,
}

impl Cells {
    /// A column under its parent's name, its own, and the last part of that.
    pub(super) fn new(parent: Vec<u8>, name: Vec<u8>, key: Vec<u8>, extremes: Vec<Vec<u8>>) -> Self {
        Self { parent, name, key, offset: 0, extremes, gathered: Vec::new() }
    }

    /// Tells a value, by the name that its row has for it, or by its column.
    pub(super) fn tell(&mut self, bytes: &[u8], label: &[u8], sink: &mut dyn Sink) -> Result<(), Stop> {
        if self.extremes.len() <= EXTREMES {
            self.extremes.retain(|extreme| !is_extreme(extreme, bytes));
        }
        if !keys::is_text(bytes) {
            return self.opaque(bytes, sink);
        }
        let offset = self.offset;
        if label.is_empty() {
            return keys::push(&Text { name: &self.name, key: &self.key, bytes, offset }, sink);
        }
        keys::push(&Text { name: &keys::joined(&self.parent, label), key: label, bytes, offset }, sink)
    }

    fn opaque(&mut self, mut bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Stop> {
        if bytes.len() >= OPENED {
            let size = Some(bytes.len() as u64);
            return sink.member(&Member { name: &self.name, kind: MemberKind::File, size }, &mut bytes);
        }
        self.gathered.extend_from_slice(bytes);
        self.gathered.push(0);
        if self.gathered.len() > GATHERED { self.flush(sink) } else { Ok(()) }
    }

    /// Scans what was gathered.
    pub(super) fn flush(&mut self, sink: &mut dyn Sink) -> Result<(), Stop> {
        if !self.gathered.is_empty() {
            sink.raw(&mut self.gathered.as_slice())?;
            self.gathered.clear();
        }
        Ok(())
    }

    /// Tells what was said of the column and is none of its values.
    pub(super) fn end(mut self, sink: &mut dyn Sink) -> Result<(), Stop> {
        for extreme in std::mem::take(&mut self.extremes) {
            self.tell(&extreme, &[], sink)?;
        }
        self.flush(sink)
    }
}

/// Whether a value is what was told as an extreme: whole, or cut short and the last byte raised.
fn is_extreme(extreme: &[u8], value: &[u8]) -> bool {
    let kept = extreme.len().saturating_sub(1);
    extreme == value || value.len() > extreme.len() && kept > 0 && value.get(..kept) == extreme.get(..kept)
}
