//! Texts that a program gives a name: variables by their symbols, rows of tables by what stands beside them.

use super::super::super::{Sink, Stop, Text};
use super::glued::{Borders, Marks};
use super::layout::Layout;
use super::pages::Pages;
use super::symbols::{plain_name, variables};
use super::tables::{Moved, Slot, slot, walk};
use super::{code, go};
use std::collections::HashSet;

/// The longest name, and the longest value of one, in bytes.
const NAME: usize = 64;
const VALUE: usize = 1024;

/// Tells the texts of a program that have names; what is known of borders on the way is kept.
pub(super) struct Namer<'n, 'l> {
    pub(super) layout: &'l Layout,
    pub(super) moved: Moved,
    pub(super) marks: Marks,
    pub(super) borders: Borders,
    pub(super) sink: &'n mut dyn Sink,
    /// Bytes of texts that may still be told: tables may claim to share theirs.
    pub(super) allowance: u64,
    stopped: Option<Stop>,
    told: HashSet<u64>,
}

impl<'n, 'l> Namer<'n, 'l> {
    pub(super) fn new(pages: &mut Pages<'_>, layout: &'l Layout, sink: &'n mut dyn Sink) -> Self {
        let moved = Moved::read(pages, layout);
        let marks = Marks::find(pages, layout);
        let allowance = pages.length().saturating_mul(2).saturating_add(1 << 20);
        Self { layout, moved, marks, borders: Borders::default(), sink, allowance, stopped: None, told: HashSet::new() }
    }

    /// Goes through symbols, tables and instructions.
    pub(super) fn tell(&mut self, pages: &mut Pages<'_>) -> Result<(), Stop> {
        if let Some(at) = self.marks.go {
            for set in go::set_by_linker(pages, at) {
                self.push(&set.name, plain_name(&set.name), &set.value, set.offset);
            }
        }
        variables(pages, self.layout, |pages, variable| {
            let key = plain_name(&variable.symbol);
            if self.wants(key) {
                self.variable(pages, key, variable.address);
            }
        });
        let moved = std::mem::take(&mut self.moved);
        walk(pages, self.layout, &moved, |pages, row| self.row(pages, row));
        self.moved = moved;
        if self.marks.is_glued() {
            code::texts(pages, self.layout, |at, lengths| self.borders.likely(at, lengths));
        }
        self.stopped.take().map_or(Ok(()), Err)
    }

    fn wants(&self, key: &[u8]) -> bool {
        self.stopped.is_none() && key.len() <= NAME && self.sink.wants(key)
    }

    fn push(&mut self, name: &[u8], key: &[u8], bytes: &[u8], offset: u64) {
        let length = bytes.len() as u64;
        if length > self.allowance || !self.wants(key) || !self.told.insert(offset) {
            return;
        }
        self.allowance -= length;
        self.stopped = self.sink.text(&Text { name, key, bytes, offset }).err();
    }

    /// A variable holds a text, or leads to one.
    fn variable(&mut self, pages: &mut Pages<'_>, key: &[u8], address: u64) {
        let word = self.layout.numbers.size() as u64;
        let found = slot(pages, self.layout, &self.moved, address);
        let text = match found.and_then(|slot| slot.target) {
            Some(target) => {
                let length = self.marks.is_glued().then(|| address.checked_add(word)).flatten();
                let length = length.and_then(|next| slot(pages, self.layout, &self.moved, next)).and_then(|slot| slot.length());
                text(pages, target, length.filter(|length| *length <= VALUE as u64)).map(|bytes| (bytes, target))
            }
            None => self.layout.data_at(address).and_then(|(at, _)| Some((text(pages, at, None)?, at))),
        };
        if let Some((bytes, offset)) = text.filter(|(bytes, _)| !is_told_by_name(key, bytes)) {
            self.push(key, key, &bytes, offset);
        }
    }

    fn row(&mut self, pages: &mut Pages<'_>, row: &[Slot]) {
        let glued = self.marks.is_glued();
        let text_of = |pair: Option<&[Slot]>| match pair {
            Some([pointer, length]) => pointer.target.zip(length.length()),
            _ => None,
        };
        if glued && let Some((at, length)) = text_of(row.last_chunk::<2>().map(|pair| &pair[..])) {
            self.borders.sure(at, length);
            let name = text_of(row.first_chunk::<4>().and_then(|row| row.first_chunk::<2>()).map(|pair| &pair[..]));
            if let Some((name, long)) = name.filter(|(_, long)| *long <= NAME as u64 && length <= VALUE as u64) {
                self.pair(pages, (name, Some(long)), (at, Some(length)));
            }
            return;
        }
        if let Some([name, value]) = row.last_chunk::<2>()
            && let (Some(name), Some(value)) = (name.target, value.target)
        {
            self.pair(pages, (name, None), (value, None));
        }
    }

    /// Two texts side by side: a name and its value, if both look like it. Most are not, so the value must look issued.
    fn pair(&mut self, pages: &mut Pages<'_>, (name, long): (u64, Option<u64>), (at, length): (u64, Option<u64>)) {
        let Some(name) = text(pages, name, long).filter(|name| is_name(name)) else { return };
        if !self.wants(&name) {
            return;
        }
        if let Some(value) = text(pages, at, length).filter(|value| is_issued(value)) {
            self.push(&name, &name, &value, at);
        }
    }
}

/// The text at a place of the file: so long, or up to a zero, and then not begun before.
fn text(pages: &mut Pages<'_>, at: u64, length: Option<u64>) -> Option<Vec<u8>> {
    let bytes = match length {
        Some(length) => Some(pages.read(at, length as usize)).filter(|bytes| bytes.len() as u64 == length)?,
        None => {
            let begins = at.checked_sub(1).is_none_or(|before| pages.byte(before).is_none_or(|byte| byte < 0x20));
            pages.terminated(at, VALUE).filter(|_| begins)?
        }
    };
    let is_text = bytes.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r'));
    (is_text && bytes.len() >= 3).then_some(bytes)
}

fn is_name(text: &[u8]) -> bool {
    text.len() <= NAME
        && text.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':'))
}

/// Whether a name repeats its value, as constants for words do.
fn is_told_by_name(name: &[u8], value: &[u8]) -> bool {
    let letters = |text: &[u8]| -> Vec<u8> {
        text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
    };
    let (name, value) = (letters(name), letters(value));
    value.is_empty() || memchr::memmem::find(&name, &value).is_some()
}

/// Whether a value is one that names nothing: long, and with digits among letters of both cases or among signs. Words
/// of constants are joined, so a part between joints must be long.
fn is_issued(text: &[u8]) -> bool {
    let joint = |byte: &u8| matches!(byte, b'_' | b'-' | b'.');
    let part = text.split(joint).max_by_key(|part| part.len()).unwrap_or_default();
    let has = |test: fn(&u8) -> bool| part.iter().any(test);
    let sign =
        |byte: &u8| matches!(byte, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'+' | b'/' | b'=' | b'~' | b'?');
    let least = if part.len() == text.len() { 8 } else { 16 };
    text.len() >= 8
        && !text.iter().any(u8::is_ascii_whitespace)
        && text.iter().any(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && (text.iter().any(sign)
            || part.len() >= least && has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
            || part.len() >= 20 && has(u8::is_ascii_digit))
}
