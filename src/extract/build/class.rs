//! Compiled Java: class files.
//!
//! Format: The Java Virtual Machine Specification, chapter 4. A pool of constants, then fields and methods that
//! refer to it. Texts and names lie in one pool, side by side: a static final field points from one to the other
//! (`ConstantValue`), other fields get theirs by instructions, a push of the text and a store (section 6.5). The
//! texts of the pool are scanned where they stand, with zeros between them.

use super::super::cursor::Cursor;
use super::super::legible;
use super::super::{About, Extractor, Halt, Head, Input, Sink, Stop, Text};
use crate::finding::GapReason;
use std::collections::HashSet;
use std::io::BufRead;
use std::ops::Range;

/// Compiled Java.
pub struct Class;

/// Longest file that is read by its structure; no method is longer than 64 KiB, and no pool than 65,535 entries.
const HELD: usize = 16 << 20;
/// The longest names of a class and of what it gives to a text, in bytes.
const CLASS: usize = 256;
const KEY: usize = 128;
/// Bytes of texts that are told besides as many as the file has, and what one counts beyond its own: instructions may
/// give one text any number of names.
const FLOOR: usize = 8 << 20;
const EACH: usize = 64;
/// Major versions that exist, JDK 1.1 and up. Fat Mach-O files have the same magic and a small count here.
const VERSIONS: std::ops::RangeInclusive<u16> = 45..=90;

impl Extractor for Class {
    fn name(&self) -> &'static str {
        "class"
    }

    fn about(&self) -> About {
        About {
            title: "Java class",
            reads: "constants with the names of their fields; all texts where they stand",
            limits: "files of up to 16 MiB by their structure",
            specification: "The Java Virtual Machine Specification, chapter 4",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let version = head.start.get(6..8).and_then(|bytes| <[u8; 2]>::try_from(bytes).ok()).map(u16::from_be_bytes);
        head.has(0, b"\xca\xfe\xba\xbe") && version.is_some_and(|version| VERSIONS.contains(&version))
    }

    fn is_program(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let Some(bytes) = input.held(HELD)? else {
            sink.gap(GapReason::SizeLimit, "class: too long for the names of its texts to be told".into(), None);
            return Ok(());
        };
        let mut cursor = Cursor::at(&bytes, 8);
        let Some(pool) = Pool::read(&bytes, &mut cursor) else {
            sink.gap(GapReason::Damaged, "class: constants that cannot be read; scanned as they are".into(), None);
            return Ok(());
        };
        let behind = cursor.position();
        let left = FLOOR + bytes.len();
        let mut members =
            Members { pool: &pool, cursor, sink: &mut *sink, class: "", left, told: HashSet::new(), is_full: false };
        let (whole, is_full) = (members.read()?, members.is_full);
        if is_full {
            let detail = "class: its texts have more names than are told; they are scanned where they stand";
            sink.gap(GapReason::SizeLimit, detail.into(), None);
        }
        sink.raw_at(0, &mut pool.texts_alone(behind, whole.unwrap_or(behind)).as_slice())?;
        if whole.is_none() {
            sink.gap(GapReason::Damaged, "class: fields or methods that cannot be read; scanned as they are".into(), None);
        }
        let length = bytes.len();
        input.consume(length);
        Ok(())
    }
}

/// An entry of the pool, as far as it matters.
#[derive(Clone, Debug)]
enum Entry {
    /// Where a text stands.
    Text(Range<usize>),
    /// A class or a string constant: the index of its text.
    Points(u16),
    /// A name and what follows it, or a class and such a pair.
    Pair(u16, u16),
    Other,
}

struct Pool<'a> {
    bytes: &'a [u8],
    entries: Vec<Entry>,
}

impl<'a> Pool<'a> {
    fn read(bytes: &'a [u8], cursor: &mut Cursor<'a>) -> Option<Self> {
        let count = cursor.u16_be()?;
        let mut entries = vec![Entry::Other];
        while entries.len() < usize::from(count) {
            let entry = match cursor.byte()? {
                1 => {
                    let length = cursor.u16_be()?;
                    let start = cursor.position();
                    cursor.take(length.into())?;
                    Entry::Text(start..start + usize::from(length))
                }
                3 | 4 => cursor.take(4).map(|_| Entry::Other)?,
                5 | 6 => {
                    cursor.take(8)?;
                    // These two take the next number as well (4.4.5).
                    entries.push(Entry::Other);
                    Entry::Other
                }
                7 | 8 | 16 | 19 | 20 => Entry::Points(cursor.u16_be()?),
                9..=12 | 17 | 18 => Entry::Pair(cursor.u16_be()?, cursor.u16_be()?),
                15 => cursor.take(3).map(|_| Entry::Other)?,
                _ => return None,
            };
            entries.push(entry);
        }
        Some(Self { bytes, entries })
    }

    fn range(&self, index: u16) -> Option<Range<usize>> {
        match self.entries.get(usize::from(index))? {
            Entry::Text(range) => Some(range.clone()),
            _ => None,
        }
    }

    fn text(&self, index: u16) -> Option<&'a [u8]> {
        self.bytes.get(self.range(index)?)
    }

    /// Where the text of a string constant or the name of a class stands.
    fn pointed(&self, index: u16) -> Option<Range<usize>> {
        match self.entries.get(usize::from(index))? {
            Entry::Points(text) => self.range(*text),
            _ => None,
        }
    }

    /// Where the name of a field or method stands that an instruction refers to.
    fn referred(&self, index: u16) -> Option<Range<usize>> {
        let Some(Entry::Pair(_, pair)) = self.entries.get(usize::from(index)) else { return None };
        let Some(Entry::Pair(name, _)) = self.entries.get(usize::from(*pair)) else { return None };
        self.range(*name)
    }

    /// The file with the texts of the pool at their places and zeros for what is between them, up to `behind`;
    /// instructions go on from there up to `end`, and hold no text. What reads like one all the same is kept.
    fn texts_alone(&self, behind: usize, end: usize) -> Vec<u8> {
        let texts = self.entries.iter().filter_map(|entry| match entry {
            Entry::Text(range) => Some(range.clone()),
            _ => None,
        });
        legible::alone(self.bytes, texts, end.max(behind))
    }
}

/// Fields and methods.
struct Members<'m, 'a> {
    pool: &'m Pool<'a>,
    cursor: Cursor<'a>,
    sink: &'m mut dyn Sink,
    /// Simple name of the class.
    class: &'a str,
    /// Bytes of texts that may still be told, and which were: places of a name and of a text.
    left: usize,
    told: HashSet<(usize, usize)>,
    is_full: bool,
}

impl Members<'_, '_> {
    /// Tells the texts of fields. Returns where the file's structure ends, if it could be read.
    fn read(&mut self) -> Result<Option<usize>, Stop> {
        let Some((_, this, _, interfaces)) = self.four() else { return Ok(None) };
        let name = self.pool.pointed(this).and_then(|range| std::str::from_utf8(self.pool.bytes.get(range)?).ok());
        self.class = name.and_then(|name| name.rsplit(['/', '$']).next()).filter(|name| name.len() <= CLASS).unwrap_or_default();
        if self.cursor.take(usize::from(interfaces) * 2).is_none() {
            return Ok(None);
        }
        for _ in ["fields", "methods"] {
            let Some(count) = self.cursor.u16_be() else { return Ok(None) };
            for _ in 0..count {
                let Some((_, name, _, attributes)) = self.four() else { return Ok(None) };
                if self.attributes(attributes, Some(name))?.is_none() {
                    return Ok(None);
                }
            }
        }
        let Some(count) = self.cursor.u16_be() else { return Ok(None) };
        Ok(self.attributes(count, None)?.map(|()| self.cursor.position()))
    }

    fn four(&mut self) -> Option<(u16, u16, u16, u16)> {
        let cursor = &mut self.cursor;
        Some((cursor.u16_be()?, cursor.u16_be()?, cursor.u16_be()?, cursor.u16_be()?))
    }

    fn attributes(&mut self, count: u16, member: Option<u16>) -> Result<Option<()>, Stop> {
        for _ in 0..count {
            let attribute = self.cursor.u16_be().zip(self.cursor.u32_be());
            let Some((name, body)) = attribute.and_then(|(name, length)| Some((name, self.cursor.take_long(length.into())?)))
            else {
                return Ok(None);
            };
            let mut body = Cursor::new(body);
            match (self.pool.text(name), member) {
                (Some(b"ConstantValue"), Some(member)) => {
                    if let (Some(value), Some(key)) = (body.u16_be(), self.pool.range(member)) {
                        self.tell(key, value)?;
                    }
                }
                (Some(b"Code"), _) => {
                    let code = body.take(4).and_then(|_| body.u32_be()).and_then(|length| body.take_long(length.into()));
                    self.follow(code.unwrap_or_default())?;
                }
                _ => {}
            }
        }
        Ok(Some(()))
    }

    /// Finds texts that an instruction pushes and the next one stores or hands over.
    fn follow(&mut self, code: &[u8]) -> Result<(), Stop> {
        let mut cursor = Cursor::new(code);
        let (mut pushed, mut before): (Option<u16>, Option<u16>) = (None, None);
        while let Some(op) = cursor.byte() {
            let next = match op {
                // ldc, ldc_w
                0x12 => cursor.byte().map(u16::from),
                0x13 => cursor.u16_be(),
                // putstatic, putfield, and calls of methods
                0xb3 | 0xb5..=0xb9 => {
                    let name = cursor.u16_be().and_then(|index| self.pool.referred(index));
                    if let (Some(key), Some(value)) = (name, pushed) {
                        self.stored(op, key, before, value)?;
                    }
                    cursor.take(if op == 0xb9 { 2 } else { 0 });
                    None
                }
                _ => {
                    if pass(op, &mut cursor).is_none() {
                        return Ok(());
                    }
                    None
                }
            };
            (before, pushed) = (pushed.filter(|_| next.is_some()), next);
        }
        Ok(())
    }

    /// A field by its name; of a method with two texts the first is the key, with one it is what is set.
    fn stored(&mut self, op: u8, name: Range<usize>, before: Option<u16>, value: u16) -> Result<(), Stop> {
        match before.and_then(|before| self.pool.pointed(before)) {
            Some(key) if op >= 0xb6 => self.tell(key, value),
            _ => self.tell(name, value),
        }
    }

    /// Tells a text by the name that stands at `key`.
    fn tell(&mut self, key: Range<usize>, value: u16) -> Result<(), Stop> {
        let Some(range) = self.pool.pointed(value) else { return Ok(()) };
        let (at, place) = (key.start, range.start);
        let key = self.pool.bytes.get(key).unwrap_or_default();
        let Some(bytes) = self.pool.bytes.get(range).filter(|_| key.len() <= KEY && self.sink.wants(key)) else { return Ok(()) };
        if self.told.contains(&(at, place)) {
            return Ok(());
        }
        let Some(left) = self.left.checked_sub(bytes.len() + EACH) else {
            self.is_full = true;
            return Ok(());
        };
        self.left = left;
        self.told.insert((at, place));
        let offset = place as u64;
        let name = [self.class.as_bytes(), b".", key].concat();
        self.sink.text(&Text { name: &name, key, bytes, offset })
    }
}

/// Passes over the operands of an instruction (section 6.5).
fn pass(op: u8, cursor: &mut Cursor<'_>) -> Option<()> {
    let operands = match op {
        0x10 | 0x15..=0x19 | 0x36..=0x3a | 0xa9 | 0xbc => 1,
        0x11 | 0x14 | 0x84 | 0x99..=0xa8 | 0xb2 | 0xb4 | 0xbb | 0xbd | 0xc0 | 0xc1 | 0xc6 | 0xc7 => 2,
        0xc5 => 3,
        0xba | 0xc8 | 0xc9 => 4,
        // wide
        0xc4 => {
            if cursor.byte()? == 0x84 {
                4
            } else {
                2
            }
        }
        // tableswitch, lookupswitch: from the next multiple of four
        0xaa | 0xab => {
            cursor.take(cursor.position().next_multiple_of(4) - cursor.position() + 4)?;
            let first = cursor.u32_be()?;
            let rows = if op == 0xaa {
                let (low, high) = (first.cast_signed(), cursor.u32_be()?.cast_signed());
                i64::from(high) - i64::from(low) + 1
            } else {
                i64::from(first) * 2
            };
            usize::try_from(rows).ok()?.checked_mul(4)?
        }
        _ => 0,
    };
    cursor.take(operands).map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    /// A class `a/Conf` whose static final `KEY` is `one`, and which puts `two` into `pw` and `three` under `map`.
    fn class() -> Vec<u8> {
        let utf8 = |text: &str| [&[1][..], &(text.len() as u16).to_be_bytes(), text.as_bytes()].concat();
        let pool = [
            utf8("a/Conf"),        // 1
            vec![7, 0, 1],         // 2 class
            utf8("KEY"),           // 3
            utf8("ConstantValue"), // 4
            utf8("one"),           // 5
            vec![8, 0, 5],         // 6 string
            utf8("Code"),          // 7
            utf8("two"),           // 8
            vec![8, 0, 8],         // 9
            utf8("pw"),            // 10
            vec![12, 0, 10, 0, 3], // 11 name and type
            vec![9, 0, 2, 0, 11],  // 12 field
            utf8("map"),           // 13
            vec![8, 0, 13],        // 14
            utf8("three"),         // 15
            vec![8, 0, 15],        // 16
            utf8("put"),           // 17
            vec![12, 0, 17, 0, 3], // 18
            vec![10, 0, 2, 0, 18], // 19 method
        ];
        let code = b"\x00\x12\x09\xb3\0\x0c\x12\x0e\x12\x10\xb6\0\x13\xb1";
        [
            b"\xca\xfe\xba\xbe\0\0\0\x34\0\x14".to_vec(),
            pool.concat(),
            b"\0\x21\0\x02\0\0\0\0".to_vec(),
            b"\0\x01\0\x18\0\x03\0\x03\0\x01\0\x04\0\0\0\x02\0\x06".to_vec(),
            b"\0\x01\0\x08\0\x11\0\x03\0\x01\0\x07".to_vec(),
            (code.len() as u32 + 12).to_be_bytes().to_vec(),
            b"\0\x02\0\0".to_vec(),
            (code.len() as u32).to_be_bytes().to_vec(),
            code.to_vec(),
            b"\0\0\0\0\0\0rest".to_vec(),
        ]
        .concat()
    }

    #[test]
    fn fields_and_arguments_have_their_texts() {
        let bytes = class();
        assert!(Class.probe(&Head { start: &bytes, tail: &[] }));
        let found = seen(&Class, &bytes);
        assert_eq!(found.texts, vec![("Conf.KEY", "one"), ("Conf.pw", "two"), ("Conf.map", "three")].into());
        assert!(found.raw.ends_with(b"\0rest") && found.gaps.is_empty());
        let start = bytes.windows(5).position(|part| part == b"three").unwrap();
        assert_eq!(found.raw.get(start - 1..start + 6), Some(&b"\0three\0"[..]));
    }

    #[test]
    fn a_text_has_no_end_of_names() {
        let utf8 = |text: &[u8]| [&[1][..], &(text.len() as u16).to_be_bytes(), text].concat();
        let pool = [utf8(b"C"), vec![7, 0, 1], utf8(b"k"), utf8(b"ConstantValue"), utf8(&[b'x'; 60_000]), vec![8, 0, 5]].concat();
        let names: Vec<u8> = (7u16..2007).flat_map(|number| utf8(format!("k{number}").as_bytes())).collect();
        let field = |name: u16| [&[0, 0][..], &name.to_be_bytes(), &[0, 3, 0, 1, 0, 4, 0, 0, 0, 2, 0, 6]].concat();
        let fields: Vec<u8> = (7..2007).chain(7..2007).flat_map(field).collect();
        let head = [b"\xca\xfe\xba\xbe\0\0\0\x34".to_vec(), 2007u16.to_be_bytes().to_vec(), pool, names].concat();
        let bytes = [head, b"\0\x21\0\x02\0\0\0\0".to_vec(), 4000u16.to_be_bytes().to_vec(), fields, vec![0; 4]].concat();
        let found = seen(&Class, &bytes);
        let told: usize = found.texts.0.iter().map(|(_, text)| text.len()).sum();
        assert!(told > 60_000 && told <= FLOOR + bytes.len(), "{told}");
        assert_eq!(found.gaps, [GapReason::SizeLimit]);
    }

    #[test]
    fn a_cut_is_told() {
        let bytes = class();
        for cut in 8..bytes.len() - 4 {
            assert!(!seen(&Class, &bytes[..cut]).gaps.is_empty(), "{cut}");
        }
        assert!(!Class.probe(&Head { start: b"\xca\xfe\xba\xbe\0\0\0\x02", tail: &[] }));
    }
}
