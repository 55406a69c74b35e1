//! numpy's `.npy` (NEP 1, `numpy.lib.format`, versions 1 to 3); an `.npz` is a zip of them.
//!
//! The header is a Python literal of three entries. Texts are pushed cell by cell, numbers as such, and an array
//! of objects is a pickle that stands behind the header.

use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink};
use super::dtype::{self, Dtype, Field, Label};
use crate::finding::GapReason;
use std::io::{self, Read};

/// numpy array.
pub struct Npy;

const MAGIC: &[u8] = b"\x93NUMPY";

/// Longest header that is read.
const HEADER: u64 = 1 << 20;
/// Sides and fields of an array, and records in records.
const SIDES: usize = 64;
const FIELDS: usize = 1_000;
const DEPTH: usize = 4;

impl Extractor for Npy {
    fn name(&self) -> &'static str {
        "npy"
    }

    fn about(&self) -> About {
        About {
            title: "NumPy array (npy, npz)",
            reads: "cells of text, bytes and objects by their place and field; numbers as such",
            limits: "cells of up to 1 MiB, four million of them by their place, the rest as they are",
            specification: "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, MAGIC) && matches!(head.start.get(6..8), Some([1..=3, _]))
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut preamble = [0; 8];
        let broken = |reason, what: &str| Halt::Broken(reason, format!("npy: {what}"));
        if !filled(input, &mut preamble)? {
            return Err(broken(GapReason::Truncated, "ends in its header"));
        }
        let mut size = [0; 4];
        let width = if preamble[6] == 1 { 2 } else { 4 };
        let is_whole = filled(input, size.get_mut(..width).unwrap_or_default())?;
        let size = u64::from(u32::from_le_bytes(size));
        if size > HEADER {
            return Err(broken(GapReason::Damaged, "its header is longer than any"));
        }
        let mut header = Vec::new();
        Read::take(&mut *input, size).read_to_end(&mut header)?;
        if !is_whole || (header.len() as u64) < size {
            return Err(broken(GapReason::Truncated, "ends in its header"));
        }
        let Some((dtype, shape)) = described(&header) else {
            return Err(broken(GapReason::Damaged, "its header cannot be understood"));
        };
        // The names of fields are texts too.
        sink.raw(&mut header.as_slice())?;
        if dtype.has_objects() {
            sink.member(&Member { name: b"objects", kind: MemberKind::File, size: None }, input)?;
            io::copy(input, &mut io::sink())?;
            return Ok(());
        }
        let length = dtype::length(&dtype, &shape).ok_or_else(|| broken(GapReason::Damaged, "an array longer than any"))?;
        let label = Label { name: b"", key: b"", offset: input.position() };
        let mut body = Read::take(&mut *input, length);
        dtype::push(&dtype, &shape, &mut body, &label, sink)?;
        io::copy(&mut body, &mut io::sink())?;
        if body.limit() > 0 {
            sink.gap(GapReason::Truncated, "npy: ends before its last value".into(), Some(body.limit()));
        }
        Ok(())
    }
}

/// Fills a buffer, as far as there are bytes. Says whether there were enough.
fn filled(input: &mut Input<'_>, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !input.failed() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Type and shape as the header has them.
fn described(header: &[u8]) -> Option<(Dtype, Vec<u64>)> {
    let mut literal = Literal { rest: header };
    let Value::Dict(entries) = literal.value(0)? else { return None };
    let entry = |name: &[u8]| entries.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let Value::Sequence(sides) = entry(b"shape")? else { return None };
    let side = |value: &Value| if let Value::Int(side) = value { Some(*side) } else { None };
    let shape = sides.iter().map(side).collect::<Option<Vec<_>>>()?;
    Some((typed(entry(b"descr")?, 0)?, shape))
}

fn typed(value: &Value, depth: usize) -> Option<Dtype> {
    match value {
        Value::Text(code) => Dtype::parse(code),
        Value::Sequence(fields) if depth < DEPTH => {
            let (mut all, mut offset) = (Vec::new(), 0u64);
            for field in fields {
                let Value::Sequence(parts) = field else { return None };
                // A title may stand beside the name; behind the type may be a shape.
                let name = match parts.first()? {
                    Value::Text(name) => name.clone(),
                    Value::Sequence(both) => match both.last()? {
                        Value::Text(name) => name.clone(),
                        _ => return None,
                    },
                    _ => return None,
                };
                let dtype = typed(parts.get(1)?, depth + 1)?;
                let times =
                    match parts.get(2) {
                        Some(Value::Sequence(sides)) => sides.iter().try_fold(1u64, |total, side| {
                            if let Value::Int(side) = side { total.checked_mul(*side) } else { None }
                        })?,
                        Some(Value::Int(side)) => *side,
                        _ => 1,
                    };
                let size = dtype.size.checked_mul(times)?;
                let start = offset;
                offset = offset.checked_add(size)?;
                // Names that are empty stand for padding.
                if !name.is_empty() {
                    all.push(Field { name, offset: start, dtype: Dtype { size, ..dtype } });
                }
            }
            Some(Dtype::record(all, offset))
        }
        _ => None,
    }
}

/// A Python literal, as far as headers have any.
enum Value {
    Text(Vec<u8>),
    Int(u64),
    Word,
    Sequence(Vec<Value>),
    Dict(Vec<(Vec<u8>, Value)>),
}

struct Literal<'a> {
    rest: &'a [u8],
}

impl Literal<'_> {
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let is_next = self.peek() == Some(wanted);
        if is_next {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        is_next
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > 2 * DEPTH {
            return None;
        }
        match self.peek()? {
            b'{' => self.dict(depth),
            b'(' => self.sequence(b'(', b')', SIDES, depth),
            b'[' => self.sequence(b'[', b']', FIELDS, depth),
            quote @ (b'\'' | b'"') => {
                self.eat(quote);
                let end = memchr::memchr(quote, self.rest)?;
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest.get(1..)?;
                Some(Value::Text(text.to_vec()))
            }
            b'0'..=b'9' => {
                let length = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let (digits, rest) = self.rest.split_at(length);
                // Python 2 wrote an L behind long numbers.
                self.rest = rest.strip_prefix(b"L").unwrap_or(rest);
                std::str::from_utf8(digits).ok()?.parse().ok().map(Value::Int)
            }
            _ => {
                let length = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
                self.rest = self.rest.get(length..).filter(|_| length > 0)?;
                Some(Value::Word)
            }
        }
    }

    fn sequence(&mut self, open: u8, close: u8, most: usize, depth: usize) -> Option<Value> {
        self.eat(open);
        let mut items = Vec::new();
        while !self.eat(close) {
            if items.len() >= most {
                return None;
            }
            items.push(self.value(depth + 1)?);
            if !self.eat(b',') && self.peek()? != close {
                return None;
            }
        }
        Some(Value::Sequence(items))
    }

    fn dict(&mut self, depth: usize) -> Option<Value> {
        self.eat(b'{');
        let mut entries = Vec::new();
        while !self.eat(b'}') {
            let Value::Text(key) = self.value(depth + 1)? else { return None };
            if !self.eat(b':') || entries.len() >= SIDES {
                return None;
            }
            entries.push((key, self.value(depth + 1)?));
            self.eat(b',');
        }
        Some(Value::Dict(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::model::dtype::Kind;
    use crate::extract::testing::seen;

    fn check(header: &str, expected: Option<(Kind, u64, &[u64])>) {
        let found = described(header.as_bytes());
        assert_eq!(found.as_ref().map(|(dtype, shape)| (dtype.kind, dtype.size, shape.as_slice())), expected, "{header}");
    }

    #[test]
    fn headers_are_read() {
        let wide = Kind::Wide { is_big: false };
        check("{'descr': '<U4', 'fortran_order': False, 'shape': (3,), }   \n", Some((wide, 16, &[3])));
        check("{'descr': '<f8', 'fortran_order': True, 'shape': (3L, 4L), }\n", Some((Kind::Number, 8, &[3, 4])));
        check("{'shape': (), 'descr': '|O', 'fortran_order': False}", Some((Kind::Object, 8, &[])));
        check(
            "{'descr': [('key', '<U4'), ('', '|V4'), (('t', 'n'), '<f4', (2, 2))], 'fortran_order': False, 'shape': (1,)}",
            Some((Kind::Record, 36, &[1])),
        );
        check("{'descr': [[[[[[[[[[[['x']]]]]]]]]]]], 'shape': ()}", None);
        check("{'descr': '<f8'}", None);
        check("{'descr': '<f8', 'shape': (-1,)}", None);
        check("{", None);
        check("", None);
    }

    #[test]
    fn bodies_are_texts_numbers_or_a_pickle() {
        let npy = |descr: &str, shape: &str, body: &[u8]| {
            let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
            [b"\x93NUMPY\x02\0", &(header.len() as u32).to_le_bytes()[..], header.as_bytes(), body].concat()
        };
        let texts = seen(&Npy, &npy("'|S3'", "(2,)", b"abcxyz")).texts;
        assert_eq!(texts, vec![("[0]", "abc"), ("[1]", "xyz")].into());
        let record = seen(&Npy, &npy("[('name', '|S8'), ('value', '|S3')]", "(1,)", b"password\x61bc")).texts;
        assert_eq!(record, vec![("[0].name", "password"), ("[0].password", "abc")].into());
        let numbers = seen(&Npy, &npy("'<i2'", "(2,)", b"abcdrest"));
        assert_eq!((numbers.numbers.as_slice(), numbers.texts), (&b"abcd"[..], Vec::new().into()));
        assert!(numbers.raw.ends_with(b"rest"));
        let objects = seen(&Npy, &npy("'|O'", "(2,)", b"\x80\x04N.")).members;
        assert_eq!(objects.0.len(), 1);
        assert_eq!(seen(&Npy, &npy("'<i2'", "(200000000000, 99999999999999)", b"abcd")).gaps, [GapReason::Damaged]);
        assert_eq!(seen(&Npy, &npy("'<i2'", "(20000,)", b"abcd")).gaps, [GapReason::Truncated]);
        assert_eq!(seen(&Npy, b"\x93NUMPY\x01\0\xff").gaps, [GapReason::Truncated]);
    }
}
