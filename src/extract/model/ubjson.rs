//! UBJSON, in which XGBoost keeps models.
//!
//! Format: <https://ubjson.org>, draft 12. A letter says what comes, numbers are big-endian, texts have their length
//! before them. A list may say once what all its items are, and how many: so the numbers of trees are kept, and they are
//! passed over. Texts are told by the keys that lead to them.

use super::super::{About, Extractor, Halt, Head, Input, Sink, Text};
use super::{keys, pass};
use crate::finding::GapReason;
use std::io::{self, BufRead, Read};

/// UBJSON.
pub struct Ubjson;

/// Texts up to this length are held and told by their key; longer ones are scanned as they pass.
const HELD: u64 = 1 << 20;
/// Longest key.
const KEY: u64 = 4096;
/// Containers in containers.
const DEPTH: usize = 64;

impl Extractor for Ubjson {
    fn name(&self) -> &'static str {
        "UBJSON"
    }

    fn about(&self) -> About {
        About {
            title: "UBJSON (XGBoost)",
            reads: "texts by the keys that lead to them; lists of numbers as numbers",
            limits: "texts of up to 1 MiB by their key, longer ones as they are",
            specification: "https://ubjson.org",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        // An object whose first key is a word, behind a length of which XGBoost's has eight bytes.
        let key = |width: usize| {
            let length = head
                .start
                .get(2..2 + width)?
                .iter()
                .try_fold(0usize, |all, byte| all.checked_mul(256)?.checked_add(usize::from(*byte)))?;
            let key = head.start.get(2 + width..)?.get(..length.min(Head::LEN))?;
            let marker = head.start.get(2 + width + length)?;
            Some((1..=64).contains(&length) && keys::is_key(key) && b"ZTFiUIlLdDHCS[{".contains(marker))
        };
        let found = match head.start {
            [b'{', b'i' | b'U', ..] => key(1),
            [b'{', b'I', ..] => key(2),
            [b'{', b'l', ..] => key(4),
            [b'{', b'L', ..] => key(8),
            _ => None,
        };
        found.unwrap_or(false)
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut reader = Reader { input, sink, open: Vec::new(), path: Vec::new() };
        match reader.run() {
            Err(Halt::Read(error)) if error.kind() == io::ErrorKind::UnexpectedEof && !input.failed() => {
                Err(Halt::Broken(GapReason::Truncated, "UBJSON: ends within a value".into()))
            }
            outcome => outcome,
        }
    }
}

/// A container that is open.
struct Open {
    is_object: bool,
    /// What all items are, and how many there are left, where that was said.
    kind: Option<u8>,
    left: Option<u64>,
    /// How much of the path leads to it, and where its own key begins in that.
    path: usize,
    key: usize,
    index: u64,
}

struct Reader<'r, 'a> {
    input: &'r mut Input<'a>,
    sink: &'r mut dyn Sink,
    open: Vec<Open>,
    path: Vec<u8>,
}

impl Reader<'_, '_> {
    fn run(&mut self) -> Result<(), Halt> {
        let marker = self.marker()?;
        self.value(marker, 0)?;
        while let Some(open) = self.open.last_mut() {
            self.path.truncate(open.path);
            let (is_object, kind) = (open.is_object, open.kind);
            let mut marker = None;
            match &mut open.left {
                Some(0) => {
                    self.open.pop();
                    continue;
                }
                Some(left) => *left -= 1,
                None => {
                    let next = self.marker()?;
                    if matches!(next, b']' | b'}') {
                        self.open.pop();
                        continue;
                    }
                    marker = Some(next);
                }
            }
            let key = if is_object { self.key(marker.take())? } else { self.item() };
            let marker = match (kind, marker) {
                (Some(kind), _) => kind,
                (None, Some(marker)) => marker,
                (None, None) => self.marker()?,
            };
            self.value(marker, key)?;
        }
        Ok(())
    }

    /// Reads a key, of whose length the letter may have been read. Returns where it begins in the path.
    fn key(&mut self, marker: Option<u8>) -> Result<usize, Halt> {
        let marker = match marker {
            Some(marker) => marker,
            None => self.marker()?,
        };
        let length = self.length(marker)?;
        if length > KEY {
            return Err(damaged("a key longer than any"));
        }
        if !self.path.is_empty() {
            self.path.push(b'.');
        }
        let start = self.path.len();
        (&mut *self.input).take(length).read_to_end(&mut self.path)?;
        if ((self.path.len() - start) as u64) < length {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(start)
    }

    /// The number of an item of a list, which goes by the key of that.
    fn item(&mut self) -> usize {
        let Some(open) = self.open.last_mut() else { return 0 };
        self.path.extend(format!("[{}]", open.index).bytes());
        open.index += 1;
        open.key
    }

    fn value(&mut self, marker: u8, key: usize) -> Result<(), Halt> {
        match marker {
            b'Z' | b'N' | b'T' | b'F' => Ok(()),
            b'{' | b'[' => self.container(marker == b'{', key),
            b'S' | b'H' => {
                let marker = self.marker()?;
                let length = self.length(marker)?;
                self.text(length, key)
            }
            _ => {
                let mut few = [0; 8];
                let width = width(marker).ok_or_else(|| damaged("no value begins so"))?;
                Ok(self.input.read_exact(few.get_mut(..width).unwrap_or_default())?)
            }
        }
    }

    fn container(&mut self, is_object: bool, key: usize) -> Result<(), Halt> {
        if self.open.len() >= DEPTH {
            return Err(damaged("containers nested deeper than any"));
        }
        let mut open = Open { is_object, kind: None, left: None, path: self.path.len(), key, index: 0 };
        if self.input.fill_buf()?.first() == Some(&b'$') {
            self.marker()?;
            open.kind = Some(self.marker()?);
        }
        if self.input.fill_buf()?.first() == Some(&b'#') {
            self.marker()?;
            let marker = self.marker()?;
            open.left = Some(self.length(marker)?);
        }
        match (open.kind, open.left) {
            (Some(_), None) => return Err(damaged("a list of one kind and no length")),
            (Some(kind), Some(left)) if !is_object && width(kind).is_some() => {
                let length = left.saturating_mul(width(kind).unwrap_or(1) as u64);
                pass(self.input, length, |at, body| self.sink.numbers_at(at, body))?;
                let ended = length > 0 && self.input.fill_buf()?.is_empty();
                return if ended { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) } else { Ok(()) };
            }
            // Values without bytes are as many as somebody says.
            (Some(b'Z' | b'N' | b'T' | b'F'), Some(_)) if !is_object => return Ok(()),
            _ => self.open.push(open),
        }
        Ok(())
    }

    fn text(&mut self, length: u64, key: usize) -> Result<(), Halt> {
        let offset = self.input.position();
        if length > HELD {
            pass(self.input, length, |at, body| self.sink.raw_at(at, body))?;
            return Ok(());
        }
        let mut bytes = Vec::new();
        let got = (&mut *self.input).take(length).read_to_end(&mut bytes)? as u64;
        if got < length {
            self.sink.raw(&mut bytes.as_slice())?;
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let own = self.path.get(key..).unwrap_or_default();
        let own = own.split(|byte| *byte == b'[').next().unwrap_or_default();
        Ok(keys::push(&Text { name: &self.path, key: own, bytes: &bytes, offset }, self.sink)?)
    }

    fn marker(&mut self) -> Result<u8, Halt> {
        let mut byte = [0];
        self.input.read_exact(&mut byte)?;
        let [byte] = byte;
        Ok(byte)
    }

    /// Reads a length of the kind that a letter says.
    fn length(&mut self, marker: u8) -> Result<u64, Halt> {
        let width = width(marker).filter(|_| b"iUIlL".contains(&marker)).ok_or_else(|| damaged("no length begins so"))?;
        let mut bytes = [0; 8];
        self.input.read_exact(bytes.get_mut(8 - width..).unwrap_or_default())?;
        let length = u64::from_be_bytes(bytes);
        if length > i64::MAX as u64 { Err(damaged("a length below zero")) } else { Ok(length) }
    }
}

/// Bytes of a number.
fn width(marker: u8) -> Option<usize> {
    match marker {
        b'i' | b'U' | b'C' => Some(1),
        b'I' => Some(2),
        b'l' | b'd' => Some(4),
        b'L' | b'D' => Some(8),
        _ => None,
    }
}

fn damaged(what: &str) -> Halt {
    Halt::Broken(GapReason::Damaged, format!("UBJSON: {what}"))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    const FILE: &[u8] =
        b"{i\x05model{i\x04noteSi\x0bwords of iti\x04list[SU\x0ca first itemSi\x0dand a second.]i\x01w[$d#i\x0212345678}}";

    #[test]
    fn texts_have_their_keys_and_numbers_are_passed() {
        assert!(Ubjson.probe(&Head { start: FILE, tail: &[] }));
        let found = seen(&Ubjson, &[FILE, b"rest"].concat());
        let texts = vec![("model.note", "words of it"), ("model.list[0]", "a first item"), ("model.list[1]", "and a second.")];
        assert_eq!((found.texts, found.gaps), (texts.into(), vec![]));
        assert_eq!((found.numbers.as_slice(), found.raw.as_slice()), (&b"12345678"[..], &b"rest"[..]));
    }

    #[test]
    fn cuts_and_lies_are_told() {
        assert_eq!(seen(&Ubjson, b"{i\x01aSi\x40short").gaps, [GapReason::Truncated]);
        assert_eq!(seen(&Ubjson, b"{i\x01a[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff1234").gaps, [GapReason::Truncated]);
        assert!(seen(&Ubjson, b"{i\x01a[$Z#L\x7f\xff\xff\xff\xff\xff\xff\xff}").gaps.is_empty());
        assert_eq!(seen(&Ubjson, &[b"{i\x01a".as_slice(), &[b'['; 200]].concat()).gaps, [GapReason::Damaged]);
        for no in [&b"{\"a\": 1}"[..], b"{if (a) {}", b"{i\xffa", b"{", b"{Ua lot of text}"] {
            assert!(!Ubjson.probe(&Head { start: no, tail: &[] }), "{no:?}");
        }
    }
}
