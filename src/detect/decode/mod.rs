//! Texts that hide in an encoding: undone, and looked at again by the same detectors.
//!
//! Each encoding is a file that yields [`Layer`]s: what a stretch says, and where each byte of that
//! stood. This file goes down into them, to a depth of [`DEPTH`] and within a budget, brings hits back to
//! the bytes they came from, and lets the outermost of those that overlap stand.
//!
//! All bytes pass through here, so each encoding first asks a question that ordinary bytes answer at once:
//! sixteen characters of a run (base64, hex), eight bytes of a block (UTF-16), one telling escape.

mod backslash;
mod base64;
mod entity;
mod hex;
mod inflated;
mod layer;
mod percent;
mod quoted;
mod readable;
mod wide;
mod wrapped;
mod written;

use super::{Hit, Text};
use crate::rules::rank;
use layer::Layer;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Encodings inside encodings.
const DEPTH: usize = 6;
/// Bytes that are decoded for one view, all layers together.
const BUDGET: usize = 4 << 20;
/// Longest name that a structure in the text gives a run.
const NAME: usize = 64;

/// What the detectors say of a text.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Resolved: no two overlap.
    pub(super) hits: Vec<Hit>,
    /// Runs that may hold a text.
    pub(super) suspects: Vec<Range<usize>>,
}

/// The detectors: a text, and what the structure around it calls it.
pub(super) type Look<'l> = &'l dyn Fn(&[u8], Option<&[u8]>) -> Looked;

/// Whether a run of token characters may hold an encoded text.
pub(super) fn is_suspect(run: &[u8]) -> bool {
    base64::is_suspect(run) || hex::is_suspect(run)
}

/// Adds to what was found in a text what is found in the encodings within. Also says how many encoded texts
/// were not looked at to their end.
pub(super) fn search(text: &Text<'_>, looked: Looked, look: Look<'_>) -> (Vec<Hit>, usize) {
    let mut descent = Descent { look, left: BUDGET, goes_on: text.goes_on, left_out: 0 };
    let found = descent.within(text.bytes, text.name, looked, 0);
    (found.into_iter().map(|found| found.hit).collect(), descent.left_out)
}

/// A hit, and where exactly it stood: its span may be that of the whole run.
struct Found {
    hit: Hit,
    exact: Range<usize>,
}

struct Descent<'l> {
    look: Look<'l>,
    /// Bytes that may still be decoded.
    left: usize,
    /// Whether the text goes on where it ends here.
    goes_on: bool,
    /// Encoded texts that were not looked at, or not to their end.
    left_out: usize,
}

impl Descent<'_> {
    /// Hits in a text and in what is encoded in it.
    fn within(&mut self, bytes: &[u8], name: Option<&[u8]>, looked: Looked, depth: usize) -> Vec<Found> {
        let Looked { hits, suspects } = looked;
        let layers = if depth < DEPTH { self.layers(bytes, name, &suspects, &hits, depth) } else { Vec::new() };
        let mut merged = Merged::new(hits);
        // All texts of one depth before any deeper one: what is nested cannot use up the budget of the rest.
        let mut texts = Vec::new();
        for mut layer in layers {
            self.left_out += usize::from(layer.text.len() > self.left);
            layer.text.truncate(self.left);
            self.left -= layer.text.len();
            if layer.text.is_empty() {
                continue;
            }
            let named = named(bytes, &layer, name).map(<[u8]>::to_vec);
            let looked = (self.look)(&layer.text, named.as_deref());
            texts.push((layer, named, looked));
        }
        for (layer, named, looked) in texts {
            let touches = self.goes_on && layer.run.end + 4 >= bytes.len();
            let goes_on = std::mem::replace(&mut self.goes_on, touches);
            let inner = self.within(&layer.text, named.as_deref(), looked, depth + 1);
            self.goes_on = goes_on;
            merged.take(&layer, inner);
        }
        merged.found
    }

    /// The layers directly in a text. What lies in a credential that was found is that credential.
    fn layers(&mut self, bytes: &[u8], name: Option<&[u8]>, suspects: &[Range<usize>], hits: &[Hit], depth: usize) -> Vec<Layer> {
        let mut layers = Vec::new();
        if depth > 0
            && let Some((layer, ended)) = inflated::layer(bytes, self.left)
        {
            let cut = ended == inflated::Ended::Input && self.goes_on || ended == inflated::Ended::Budget;
            self.left_out += usize::from(cut);
            return vec![layer];
        }
        if name.is_some()
            && let Some(layer) = base64::whole(bytes).or_else(|| hex::whole(bytes))
        {
            return vec![layer];
        }
        layers.extend(values(bytes, hits));
        let mut done = 0;
        for run in suspects {
            if run.start < done || is_covered(run, hits) {
                continue;
            }
            let run = run.start + letter_of_escape(bytes, run.start)..run.end;
            let hex = bytes.get(run.clone()).is_some_and(hex::is_suspect);
            let layer = if hex { hex::layer(bytes, &run, done) } else { base64::layer(bytes, &run, done) };
            if let Some(layer) = layer.filter(|layer| !layers.iter().any(|known| known.run == layer.run)) {
                done = layer.run.end;
                layers.push(layer);
            }
        }
        layers.extend(wide::layers(bytes));
        layers.extend(written::layers(bytes));
        layers
    }
}

/// Values of names that are base64 as a whole, however short.
fn values(bytes: &[u8], hits: &[Hit]) -> Vec<Layer> {
    let named = hits.iter().filter(|hit| hit.rule.rank == rank::ASSIGNMENT && hit.name.is_some());
    named
        .filter_map(|hit| {
            let padding = bytes.get(hit.span.end..)?.iter().take(2).take_while(|byte| **byte == b'=').count();
            let value = bytes.get(hit.span.start..hit.span.end + padding)?;
            let layer = base64::whole(value).or_else(|| hex::whole(value))?;
            Some(layer.moved(hit.span.start))
        })
        .collect()
}

/// Whether a run lies in a credential that tells its own kind.
fn is_covered(run: &Range<usize>, hits: &[Hit]) -> bool {
    let behind = hits.partition_point(|hit| hit.span.start <= run.start + 4);
    let before = hits.get(behind.saturating_sub(2)..behind).unwrap_or_default();
    before.iter().any(|hit| hit.span.end >= run.end && hit.rule.rank > rank::ASSIGNMENT)
}

/// One, if the first byte of a run is the letter of a `\n` before it.
fn letter_of_escape(bytes: &[u8], start: usize) -> usize {
    let slash = start.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'\\');
    usize::from(slash && matches!(bytes.get(start), Some(b'n' | b'r' | b't')))
}

/// What the text around calls a layer: the name of the text, if the layer is all of it, or the word that
/// stands before it with `=` or `:` between.
fn named<'t>(bytes: &'t [u8], layer: &Layer, name: Option<&'t [u8]>) -> Option<&'t [u8]> {
    let before = bytes.get(..layer.run.start)?;
    let after = bytes.get(layer.run.end..)?;
    if before.trim_ascii().is_empty() && after.trim_ascii().is_empty() {
        return name;
    }
    if !layer.is_opaque() {
        return None;
    }
    let before = before.get(before.len().saturating_sub(2 * NAME)..)?;
    let is_joint =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'=' | b':' | b'"' | b'\'' | b'|' | b'>' | b'\\' | b'-');
    let gap = before.iter().rev().take_while(|byte| is_joint(byte)).count();
    let (head, joint) = before.split_at_checked(before.len() - gap)?;
    let length = head.iter().rev().take(NAME).take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
    let joined = joint.iter().any(|byte| matches!(byte, b'=' | b':'));
    (joined && length > 1).then(|| head.get(head.len() - length..)).flatten()
}

/// Hits that do not overlap, but for those of one layer whose places are not known.
struct Merged {
    found: Vec<Found>,
    /// Where they are, and whether something more telling in the same place may replace them.
    taken: BTreeMap<usize, (usize, bool)>,
}

impl Merged {
    fn new(hits: Vec<Hit>) -> Self {
        let found: Vec<Found> = hits.into_iter().map(|hit| Found { exact: hit.span.clone(), hit }).collect();
        let spans = found.iter().filter(|found| !found.exact.is_empty());
        let taken = spans.map(|found| (found.exact.start, (found.exact.end, found.hit.rule.rank == rank::ASSIGNMENT))).collect();
        Self { found, taken }
    }

    /// Takes the hits in the text of a layer where nothing stands yet.
    fn take(&mut self, layer: &Layer, inner: Vec<Found>) {
        let mut fresh = Vec::new();
        let mut replaced = BTreeSet::new();
        for Found { mut hit, exact } in inner {
            let exact = layer.exact(&exact);
            hit.span = layer.shown(layer.exact(&hit.span));
            hit.decoded.insert(0, layer.how);
            // Base64 as the value of a name is found by the name; what it says is what matters.
            let tells_more = hit.rule.rank > rank::ASSIGNMENT || layer.is_opaque();
            let overlapping: Vec<(usize, bool)> = self
                .taken
                .range(..exact.end)
                .rev()
                .take_while(|(_, (end, _))| *end > exact.start)
                .map(|(start, (_, weak))| (*start, *weak))
                .collect();
            if overlapping.iter().all(|(_, weak)| *weak && tells_more) {
                replaced.extend(overlapping.into_iter().map(|(start, _)| start));
                fresh.push(Found { hit, exact });
            }
        }
        if !replaced.is_empty() {
            self.found.retain(|found| found.exact.is_empty() || !replaced.contains(&found.exact.start));
            self.taken.retain(|start, _| !replaced.contains(start));
        }
        for found in fresh {
            let (mut start, mut end) = (found.exact.start, found.exact.end);
            while let Some((from, (to, _))) = self.taken.range(..end).next_back().filter(|(_, (to, _))| *to > start) {
                (start, end) = (start.min(*from), end.max(*to));
                let from = *from;
                self.taken.remove(&from);
            }
            if start < end {
                self.taken.insert(start, (end, false));
            }
            self.found.push(found);
        }
    }
}

#[cfg(test)]
mod tests;
