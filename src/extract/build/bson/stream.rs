//! Documents one behind the other, as they come; what was not told of them is scanned as it is.

use super::super::super::cursor::le32;
use super::super::super::{Halt, Input, Sink, Stop};
use super::document::{DOCUMENT, Document};
use crate::finding::GapReason;
use std::io::{BufRead, Read};

/// Bytes of documents that are gathered before they are scanned as they are.
const GATHERED: usize = 512 << 10;

/// What comes next.
pub(super) enum Piece {
    /// A document, whole.
    Document(Vec<u8>),
    /// Four bytes that are no length of one.
    Other(u32),
    End,
}

/// What is scanned as it is: documents one behind the other, blank where they were told.
pub(super) struct Stream {
    format: &'static str,
    start: u64,
    rest: Vec<u8>,
    blank: u64,
    is_sound: bool,
}

impl Stream {
    pub(super) fn new(format: &'static str) -> Self {
        Self { format, start: 0, rest: Vec::new(), blank: 0, is_sound: true }
    }

    /// Takes what comes next. What is no document is among what is scanned as it is.
    pub(super) fn piece(&mut self, input: &mut Input<'_>) -> Result<Piece, Halt> {
        if input.fill_buf()?.is_empty() {
            return Ok(Piece::End);
        }
        let mut bytes = Vec::new();
        (&mut *input).take(4).read_to_end(&mut bytes)?;
        let length = le32(&bytes, 0);
        if let Some(other) = length.filter(|length| !(5..=DOCUMENT).contains(&(*length as usize))) {
            self.rest.append(&mut bytes);
            return Ok(Piece::Other(other));
        }
        let length = length.map_or(4, |length| length as usize);
        (&mut *input).take((length as u64).saturating_sub(bytes.len() as u64)).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            self.rest.append(&mut bytes);
            return Err(Halt::Broken(GapReason::Truncated, format!("{}: ends within a document", self.format)));
        }
        Ok(Piece::Document(bytes))
    }

    /// Tells what a document holds that stands `within` something; the rest of it is scanned as it is.
    pub(super) fn tell(&mut self, mut bytes: Vec<u8>, within: &[u8], sink: &mut dyn Sink) -> Result<(), Stop> {
        let start = self.start + self.rest.len() as u64;
        let mut document = Document { bytes: &bytes, start, told: Vec::new(), sink: &mut *sink };
        let is_read = document.read(within)?;
        for stretch in document.told {
            self.blank += stretch.len() as u64;
            bytes.get_mut(stretch).unwrap_or_default().fill(0);
        }
        self.rest.append(&mut bytes);
        if self.rest.len() > GATHERED {
            self.flush(sink)?;
        }
        if !is_read && std::mem::take(&mut self.is_sound) {
            let detail = format!("{}: a document that cannot be read to its end; scanned as it is", self.format);
            sink.gap(GapReason::Damaged, detail, None);
        }
        Ok(())
    }

    /// Scans what is left, however it ended.
    pub(super) fn finish(mut self, read: Result<(), Halt>, sink: &mut dyn Sink) -> Result<(), Halt> {
        if !matches!(read, Err(Halt::Stop)) {
            self.flush(sink)?;
        }
        read
    }

    fn flush(&mut self, sink: &mut dyn Sink) -> Result<(), Stop> {
        if !self.rest.is_empty() {
            sink.raw_at(self.start, &mut self.rest.as_slice())?;
            sink.told_before(std::mem::take(&mut self.blank));
        }
        self.start += self.rest.len() as u64;
        self.rest.clear();
        Ok(())
    }
}
