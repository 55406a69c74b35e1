//! What is told of texts and their names, and how much of it.

use super::super::super::{Sink, Stop, Text};
use super::marshal::Marshal;
use std::ops::Range;

/// A word of a call or a pair that is no longer than this names nothing.
const WORD: usize = 4;
/// Texts shorter than this are no secrets.
const SHORTEST: usize = 3;
/// The longest name.
const NAME: usize = 128;
/// Items of a tuple that have its name, and pairs that are looked for in one.
const ITEMS: usize = 64;
/// How far into a text the user of a URL is looked for.
const START: usize = 1024;
/// What may be told besides as much as the file is long, and what a text and a try count beyond the text's own bytes:
/// instructions may give one text any number of names, and code may share instructions.
const FLOOR: usize = 8 << 20;
const EACH: usize = 64;

/// Tells texts by their names, as long as that is in proportion to the file.
pub(super) struct Teller<'t, 'a> {
    marshal: &'t Marshal<'a>,
    sink: &'t mut dyn Sink,
    left: usize,
}

impl<'t, 'a> Teller<'t, 'a> {
    pub(super) fn new(marshal: &'t Marshal<'a>, length: usize, sink: &'t mut dyn Sink) -> Self {
        Self { marshal, sink, left: FLOOR.saturating_add(length) }
    }

    /// Whether no more is told.
    pub(super) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Counts some work; whether it may be done.
    pub(super) fn afford(&mut self, work: usize) -> bool {
        self.left = self.left.saturating_sub(work);
        self.left > 0
    }

    /// Pushes a text, or those of a tuple, with a name that something in `scope` gives it.
    pub(super) fn tell(&mut self, scope: Option<&[u8]>, name: u32, value: u32) -> Result<(), Stop> {
        let marshal = self.marshal;
        let items = marshal.items(value);
        let few = items.get(..ITEMS).unwrap_or(items);
        let texts = marshal.range(value).into_iter().chain(few.iter().filter_map(|item| marshal.range(*item)));
        let texts: Vec<_> = texts.collect();
        if !self.afford(1 + few.len()) || texts.iter().all(|text| text.len() < SHORTEST) {
            return Ok(());
        }
        let Some(key) = marshal.text(name).filter(|key| key.len() <= NAME && !key.starts_with(b"__")) else { return Ok(()) };
        let is_wanted = self.sink.wants(key);
        for text in texts {
            let Some(bytes) = marshal.bytes(text.clone()) else { continue };
            if is_wanted || is_url(bytes) {
                self.push(scope, key, bytes, text.start)?;
            }
        }
        Ok(())
    }

    /// The same of two texts of which the first may be the name of the second. A short word is not: `("pass", "zpk")`.
    pub(super) fn tell_pair(&mut self, scope: Option<&[u8]>, key: u32, value: u32) -> Result<(), Stop> {
        let is_name = self.marshal.text(key).is_some_and(|key| key.len() > WORD && self.sink.wants(key));
        // Two names, as of two fields of a form, are no name and its value.
        let is_value = is_name && self.marshal.text(value).is_some_and(|text| !self.sink.wants(text));
        if is_value { self.tell(scope, key, value) } else { Ok(()) }
    }

    /// Those of some constants that are pairs.
    pub(super) fn tell_pairs(&mut self, scope: Option<&[u8]>, constants: &[u32]) -> Result<(), Stop> {
        for constant in constants.get(..ITEMS).unwrap_or(constants) {
            if let [key, value] = self.marshal.items(*constant)
                && self.afford(1)
            {
                self.tell_pair(scope, *key, *value)?;
            }
        }
        Ok(())
    }

    /// A URL that is put together of constants and of what is computed, if the constant at its start has its password.
    pub(super) fn tell_joined(&mut self, scope: Option<&[u8]>, name: Option<u32>, parts: &[Option<u32>]) -> Result<(), Stop> {
        let marshal = self.marshal;
        let ranges: Vec<Option<Range<usize>>> = parts.iter().map(|part| marshal.range((*part)?)).collect();
        let begins = |range: &Option<Range<usize>>| range.clone().and_then(|range| marshal.bytes(range)).is_some_and(is_url);
        let Some(first) = ranges.iter().position(begins) else { return Ok(()) };
        let ranges = ranges.get(first..).unwrap_or_default();
        let ranges = ranges.get(..ITEMS).unwrap_or(ranges);
        if !self.afford(ranges.iter().flatten().map(Range::len).sum()) {
            return Ok(());
        }
        let text: Vec<&[u8]> =
            ranges.iter().map(|range| range.clone().and_then(|range| marshal.bytes(range)).unwrap_or(b"{value}")).collect();
        let at = ranges.first().cloned().flatten().map_or(0, |range| range.start);
        let key = name.and_then(|name| marshal.text(name)).filter(|key| key.len() <= NAME).unwrap_or_default();
        self.push(scope, key, &text.concat(), at)
    }

    fn push(&mut self, scope: Option<&[u8]>, key: &[u8], bytes: &[u8], at: usize) -> Result<(), Stop> {
        if !self.afford(EACH.saturating_add(bytes.len())) {
            return Ok(());
        }
        let scope = scope.filter(|scope| !scope.starts_with(b"<") && scope.len() <= NAME && !key.is_empty());
        let name = scope.map_or_else(|| key.to_vec(), |scope| [scope, b".", key].concat());
        self.sink.text(&Text { name: &name, key, bytes, offset: at as u64 })
    }
}

/// Whether a text begins like a URL with a user in it: its name is told whatever it is.
fn is_url(text: &[u8]) -> bool {
    let start = text.get(..START).unwrap_or(text);
    let behind = memchr::memmem::find(start, b"://").and_then(|at| start.get(at..));
    behind.is_some_and(|behind| memchr::memchr(b'@', behind).is_some())
}
