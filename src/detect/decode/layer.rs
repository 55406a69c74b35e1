//! A text that stood encoded in another, and which bytes of the other each of its bytes came from.
//!
//! The origin is kept as stretches of equal units (four characters of base64 for three bytes, two bytes
//! of UTF-16 for one), so a layer costs little more than its text.

use std::ops::Range;

/// A hit this near the start of an opaque run is shown at the run. It is less than the lookback of the
/// engine, so every window that owns a hit further inside agrees that it is further inside.
const NEAR: usize = 1 << 10;

/// A decoded text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    /// What was undone.
    pub(super) how: &'static str,
    /// The encoded run, in the text around it.
    pub(super) run: Range<usize>,
    /// What it says.
    pub(super) text: Vec<u8>,
    origin: Origin,
    /// Whether people cannot read the run: then the run is what they should be shown.
    opaque: bool,
}

impl Layer {
    /// One that is read only by undoing it: base64, hex.
    pub(super) fn opaque(how: &'static str, run: Range<usize>, made: Made) -> Self {
        Self { how, run, text: made.text, origin: made.origin, opaque: true }
    }

    /// One in which plain characters stand for themselves.
    pub(super) fn plain(how: &'static str, run: Range<usize>, made: Made) -> Self {
        Self { how, run, text: made.text, origin: made.origin, opaque: false }
    }

    /// One of which nothing is known but where the whole of it stood.
    pub(super) fn whole(how: &'static str, run: Range<usize>, text: Vec<u8>) -> Self {
        Self { how, run, text, origin: Origin::default(), opaque: true }
    }

    /// Whether people cannot read the run as it stands.
    pub(super) fn is_opaque(&self) -> bool {
        self.opaque
    }

    /// The same for a text of which this layer's is a part that starts at `start`.
    pub(super) fn moved(mut self, start: usize) -> Self {
        self.run = self.run.start + start..self.run.end + start;
        self.origin.0.iter_mut().for_each(|stretch| stretch.source = stretch.source.saturating_add(start as u32));
        self
    }

    /// Where exactly a stretch of the decoded text stood.
    pub(super) fn exact(&self, span: &Range<usize>) -> Range<usize> {
        let Some(start) = self.origin.unit(span.start) else { return self.run.clone() };
        let last = self.origin.unit(span.end.saturating_sub(1).max(span.start)).unwrap_or_else(|| start.clone());
        start.start..last.end.clamp(start.start, self.run.end.max(start.start))
    }

    /// Where it is shown.
    pub(super) fn shown(&self, exact: Range<usize>) -> Range<usize> {
        if self.opaque && exact.start.saturating_sub(self.run.start) <= NEAR { self.run.clone() } else { exact }
    }
}

/// A text in the making, with its origin.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    pub(super) text: Vec<u8>,
    origin: Origin,
}

impl Made {
    /// Adds `bytes`, one unit that stood in the `length` bytes at `source`.
    pub(super) fn push(&mut self, source: usize, length: usize, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.origin.push(self.text.len(), source, length, bytes.len());
            self.text.extend_from_slice(bytes);
        }
    }

    /// Adds bytes that stand for themselves.
    pub(super) fn copy(&mut self, source: usize, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.origin.push(self.text.len(), source, 1, 1);
            self.text.extend_from_slice(bytes);
        }
    }
}

/// Stretches in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Origin(Vec<Stretch>);

/// Units of one size, back to back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    text: u32,
    source: u32,
    /// Bytes of a unit where it stood, and decoded.
    stood: u8,
    made: u8,
}

impl Origin {
    fn push(&mut self, text: usize, source: usize, stood: usize, made: usize) {
        // Views are a few megabytes; what is beyond cannot be placed and is shown at the run's end.
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let next = Stretch { text: narrow(text), source: narrow(source), stood: stood.min(255) as u8, made: made.min(255) as u8 };
        let goes_on = self.0.last().is_some_and(|last| {
            let units = (next.text - last.text) / u32::from(last.made).max(1);
            (last.stood, last.made) == (next.stood, next.made)
                && last.source.checked_add(units * u32::from(last.stood)) == Some(next.source)
                && (next.text - last.text).is_multiple_of(u32::from(last.made).max(1))
        });
        if !goes_on {
            self.0.push(next);
        }
    }

    /// Where the unit stood that made the byte at `at`.
    fn unit(&self, at: usize) -> Option<Range<usize>> {
        let behind = self.0.partition_point(|stretch| stretch.text as usize <= at);
        let stretch = self.0.get(behind.checked_sub(1)?)?;
        let units = (at - stretch.text as usize) / usize::from(stretch.made).max(1);
        let start = stretch.source as usize + units * usize::from(stretch.stood);
        Some(start..start + usize::from(stretch.stood))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(layer: &Layer, span: Range<usize>, exact: Range<usize>, shown: Range<usize>) {
        assert_eq!(layer.exact(&span), exact);
        assert_eq!(layer.shown(exact), shown);
    }

    #[test]
    fn bytes_are_traced_to_their_units() {
        let mut made = Made::default();
        made.copy(10, b"ab");
        made.push(12, 3, b"=");
        made.copy(15, b"cd");
        let layer = Layer::plain("percent", 10..17, made);
        check(&layer, 0..2, 10..12, 10..12);
        check(&layer, 1..4, 11..16, 11..16);
        check(&layer, 2..3, 12..15, 12..15);
        check(&layer, 3..5, 15..17, 15..17);
        check(&layer, 5..5, 17..17, 17..17);
    }

    #[test]
    fn opaque_runs_are_shown_as_such_near_their_start() {
        let mut made = Made::default();
        for group in 0..1000 {
            made.push(100 + 4 * group, 4, b"abc");
        }
        let layer = Layer::opaque("base64", 100..4100, made);
        check(&layer, 4..5, 104..108, 100..4100);
        check(&layer, 2000..2004, 2764..2772, 2764..2772);
        check(&Layer::whole("gzip", 5..9, vec![0; 50]), 20..30, 5..9, 5..9);
    }
}
