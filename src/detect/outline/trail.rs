//! The keys that lead down to a value, as they stand in the text.

use super::Masks;
use crate::place::escaped;
use std::ops::Range;

/// Steps kept; what lies deeper is shown under the last of them.
const DEEPEST: usize = 48;
/// Longest key that is shown whole.
const KEY: usize = 64;
/// Longest path that is shown whole.
const PATH: usize = 240;
/// Keys whose value names what stands beside them, as in `name: DB_PASSWORD`, `value: …`.
const LABELS: [&[u8]; 4] = [b"name", b"key", b"Name", b"Key"];
/// Keys of what such a name is for.
const VALUES: [&[u8]; 6] = [b"value", b"Value", b"default", b"defaultValue", b"default_value", b"content"];

/// One step down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A key, from here to there; an empty one is not known yet.
    Name(usize, usize),
    /// A place in a list.
    Item(usize),
}

#[derive(Clone, Debug)]
struct Step {
    key: Key,
    /// How far in this stands: a column or a depth.
    level: usize,
    /// What the mapping at hand calls itself.
    label: Option<Range<usize>>,
    /// An attribute that tells one element from its like.
    mark: Option<(Range<usize>, Range<usize>)>,
}

/// Where a walk through a text stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    steps: Vec<Step>,
    /// Documents that ended before.
    pub(crate) document: usize,
    /// Whether the path says all: no name of the hit's own follows.
    pub(super) complete: bool,
}

impl Trail {
    /// Goes down to `key`.
    pub(super) fn push(&mut self, key: Key, level: usize) {
        if self.steps.len() < DEEPEST {
            self.steps.push(Step { key, level, label: None, mark: None });
        }
    }

    /// Leaves all that stands at `level` or deeper.
    pub(super) fn leave(&mut self, level: usize) {
        while self.steps.last().is_some_and(|step| step.level >= level) {
            self.steps.pop();
        }
    }

    /// Turns to another key of the mapping at `level`.
    pub(super) fn name(&mut self, name: Range<usize>, level: usize) {
        self.leave(level + 1);
        while matches!(self.steps.last(), Some(Step { key: Key::Item(_), level: at, .. }) if *at == level) {
            self.steps.pop();
        }
        let key = Key::Name(name.start, name.end);
        match self.steps.last_mut().filter(|step| step.level == level) {
            Some(step) => step.key = key,
            None => self.push(key, level),
        }
    }

    /// Turns to the next item of the list at `level`.
    pub(super) fn item(&mut self, level: usize) {
        self.leave(level + 1);
        match self.steps.last_mut() {
            Some(Step { key: Key::Item(index), level: at, .. }) if *at == level => *index += 1,
            _ => self.push(Key::Item(0), level),
        }
    }

    /// Counts on in the list at `level`, if there is one.
    pub(super) fn next(&mut self, level: usize) {
        self.leave(level + 1);
        if let Some(Step { key: Key::Item(index), level: at, .. }) = self.steps.last_mut()
            && *at == level
        {
            *index += 1;
        }
    }

    /// Whether the list at `level` is the last step.
    pub(super) fn in_list(&self, level: usize) -> bool {
        matches!(self.steps.last(), Some(Step { key: Key::Item(_), level: at, .. }) if *at == level)
    }

    /// Starts another document.
    pub(super) fn restart(&mut self) {
        self.steps.clear();
        self.document += 1;
    }

    /// Tells the last step from its like by an attribute.
    pub(super) fn mark(&mut self, mark: Option<(Range<usize>, Range<usize>)>) {
        if let Some(step) = self.steps.last_mut() {
            step.mark = mark;
        }
    }

    /// Notes the scalar at `value`, which may be the name of what follows.
    pub(super) fn note(&mut self, text: &[u8], value: &Range<usize>) {
        if let Some(step) = self.steps.last_mut()
            && let Key::Name(start, end) = step.key
            && LABELS.contains(&text.get(start..end).unwrap_or_default())
        {
            step.label = Some(value.clone());
        }
    }

    /// The level of the last step that is called `name`.
    pub(super) fn find(&self, text: &[u8], name: &[u8]) -> Option<usize> {
        let is_it = |step: &Step| matches!(step.key, Key::Name(start, end) if text.get(start..end) == Some(name));
        self.steps.iter().rfind(|step| is_it(step)).map(|step| step.level)
    }

    /// The keys from the top down, those of list items left out as `None`.
    pub(crate) fn keys<'t>(&self, text: &'t [u8]) -> impl Iterator<Item = Option<&'t [u8]>> + use<'_, 't> {
        self.steps.iter().map(move |step| match step.key {
            Key::Name(start, end) => Some(text.get(start..end).unwrap_or_default()),
            Key::Item(_) => None,
        })
    }

    /// The key of the last step.
    pub(crate) fn last(&self) -> Option<Range<usize>> {
        self.steps.last().and_then(|step| if let Key::Name(start, end) = step.key { Some(start..end) } else { None })
    }

    /// The key of the step before the last.
    pub(crate) fn above(&self) -> Option<Range<usize>> {
        let above = self.steps.iter().rev().nth(1)?;
        if let Key::Name(start, end) = above.key { Some(start..end) } else { None }
    }

    /// The place in the list at the `depth`th step.
    pub(crate) fn index(&self, depth: usize) -> Option<usize> {
        self.steps.get(depth).and_then(|step| if let Key::Item(index) = step.key { Some(index) } else { None })
    }

    /// The path as reports have it, without what `masks` covers.
    pub(crate) fn render(&self, text: &[u8], masks: &Masks<'_>) -> String {
        let mut path = String::new();
        let mut steps = self.steps.as_slice();
        let label = self.label(text);
        if label.is_some() {
            steps = steps.split_last().map_or(steps, |(_, rest)| rest);
            if let Some((Step { key: Key::Item(_), .. }, rest)) = steps.split_last() {
                steps = rest;
            }
        }
        for step in steps {
            match step.key {
                Key::Name(start, end) => join(&mut path, &masks.shown(text, start..end)),
                Key::Item(index) => path.push_str(&format!("[{index}]")),
            }
            if let Some((name, value)) = &step.mark {
                path.push_str(&format!("[@{}={}]", masks.shown(text, name.clone()), masks.shown(text, value.clone())));
            }
        }
        if let Some(label) = label {
            join(&mut path, &masks.shown(text, label));
        }
        shortened(path)
    }

    /// The name of the value at hand that stands beside it.
    fn label(&self, text: &[u8]) -> Option<Range<usize>> {
        let step = self.steps.last()?;
        let Key::Name(start, end) = step.key else { return None };
        step.label.clone().filter(|_| VALUES.contains(&text.get(start..end).unwrap_or_default()))
    }
}

/// Adds a key to a path.
pub(super) fn join(path: &mut String, key: &str) {
    if !path.is_empty() && !key.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

/// A key as it is shown.
pub(super) fn key(text: &[u8]) -> String {
    let text = text.trim_ascii();
    let short = escaped(text.get(..text.len().min(KEY)).unwrap_or_default());
    if text.len() > KEY { format!("{short}…") } else { short }
}

/// A path without its beginning, where it is too long: the end tells more.
fn shortened(path: String) -> String {
    let over = path.len().saturating_sub(PATH);
    match path.char_indices().find(|(at, c)| *at >= over && matches!(c, '.' | '[')) {
        Some((at, _)) if over > 0 => format!("…{}", path.get(at..).unwrap_or_default()),
        _ => path,
    }
}
