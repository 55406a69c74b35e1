//! `marshal`: objects one inside the other, each behind a letter that says what it is.
//!
//! Source: Python/marshal.c. The highest bit of the letter says that the object will be referred to; `r` and a
//! number refer to one. What was read before damage is kept.

use super::super::super::cursor::Cursor;
use super::super::super::legible;
use super::version::{TWO, Version};
use std::ops::Range;

/// Texts, tuples and code that are kept of a file, and references that are: a file of nothing but small ones is
/// no program.
const OBJECTS: usize = 1 << 19;
/// Objects inside objects. Real programs nest a dozen deep.
const DEPTH: u32 = 200;

/// An object, as far as it matters.
#[derive(Clone, Debug)]
pub(super) enum Object {
    /// Text or bytes, where they stand.
    Text(Range<usize>),
    /// A tuple or list, by the numbers of what it holds.
    Tuple(Vec<u32>),
    /// The number of a code object.
    Code(u32),
    /// Anything else.
    Other,
}

/// A code object, with the numbers of what it is made of.
#[derive(Clone, Debug)]
pub(super) struct Code {
    /// Arguments by position, then those that go by name only.
    pub(super) arguments: (u32, u32),
    pub(super) instructions: u32,
    pub(super) constants: u32,
    pub(super) names: u32,
    pub(super) locals: u32,
    /// Cells, then free variables, where they are not among the locals.
    pub(super) cells: (u32, u32),
    pub(super) name: u32,
}

/// All objects of a file.
pub(super) struct Marshal<'a> {
    bytes: &'a [u8],
    objects: Vec<Object>,
    /// Code, innermost first.
    pub(super) codes: Vec<Code>,
    /// Whether the file could be read to the end of its object.
    pub(super) whole: bool,
    /// Where that end is.
    end: usize,
}

impl<'a> Marshal<'a> {
    /// Reads what is in a file.
    pub(super) fn read(bytes: &'a [u8], version: Version) -> Self {
        let marshal = Self { bytes, objects: vec![Object::Other], codes: Vec::new(), whole: false, end: 0 };
        let cursor = Cursor::at(bytes, version.header());
        let mut reader = Reader { marshal, cursor, references: Vec::new(), interned: Vec::new(), version };
        let whole = reader.object(0).is_some();
        Self { whole, end: reader.cursor.position(), ..reader.marshal }
    }

    /// The bytes of a text.
    pub(super) fn text(&self, object: u32) -> Option<&'a [u8]> {
        self.bytes.get(self.range(object)?)
    }

    /// Where a text stands.
    pub(super) fn range(&self, object: u32) -> Option<Range<usize>> {
        match self.objects.get(object as usize)? {
            Object::Text(range) => Some(range.clone()),
            _ => None,
        }
    }

    /// The file with nothing but its texts, at their places, and what else reads like one. What is behind the object, or
    /// behind the last text of one that could not be read to its end, is left as it is.
    pub(super) fn texts_alone(&self) -> Vec<u8> {
        let mut is_code = vec![false; self.objects.len()];
        for code in &self.codes {
            if let Some(slot) = is_code.get_mut(code.instructions as usize) {
                *slot = true;
            }
        }
        let texts = || {
            self.objects.iter().zip(&is_code).filter_map(|(object, is_code)| match object {
                Object::Text(range) => Some((*is_code, range.clone())),
                _ => None,
            })
        };
        let behind = if self.whole { self.end } else { texts().map(|(_, range)| range.end).max().unwrap_or(0) };
        let told = texts().filter(|(is_code, _)| !is_code).map(|(_, range)| range);
        legible::alone(self.bytes, told, behind)
    }

    /// The bytes of a stretch.
    pub(super) fn bytes(&self, range: Range<usize>) -> Option<&'a [u8]> {
        self.bytes.get(range)
    }

    /// What a tuple holds.
    pub(super) fn items(&self, object: u32) -> &[u32] {
        match self.objects.get(object as usize) {
            Some(Object::Tuple(items)) => items,
            _ => &[],
        }
    }

    /// The code that an object is.
    pub(super) fn code(&self, object: u32) -> Option<&Code> {
        match self.objects.get(object as usize)? {
            Object::Code(code) => self.codes.get(*code as usize),
            _ => None,
        }
    }
}

struct Reader<'a> {
    marshal: Marshal<'a>,
    cursor: Cursor<'a>,
    /// Objects that may be referred to, in the order in which they began.
    references: Vec<u32>,
    /// The same for interned strings of Python 2.
    interned: Vec<u32>,
    version: Version,
}

impl Reader<'_> {
    /// Reads one object; returns its number.
    fn object(&mut self, depth: u32) -> Option<u32> {
        if depth > DEPTH {
            return None;
        }
        let byte = self.cursor.byte()?;
        if self.references.len().max(self.interned.len()) == OBJECTS {
            return None;
        }
        let kept = (byte & 0x80 != 0).then(|| {
            self.references.push(0);
            self.references.len() - 1
        });
        let object = match byte & 0x7f {
            b'r' => {
                let index = self.cursor.u32_le()? as usize;
                return self.references.get(index).copied();
            }
            b'R' => {
                let index = self.cursor.u32_le()? as usize;
                return self.interned.get(index).copied();
            }
            kind => self.content(kind, depth)?,
        };
        let number = match object {
            Object::Other => 0,
            _ if self.marshal.objects.len() == OBJECTS => return None,
            _ => {
                self.marshal.objects.push(object);
                self.marshal.objects.len() as u32 - 1
            }
        };
        if let Some(slot) = kept.and_then(|kept| self.references.get_mut(kept)) {
            *slot = number;
        }
        if self.version == TWO && byte == b't' {
            self.interned.push(number);
        }
        Some(number)
    }

    fn content(&mut self, kind: u8, depth: u32) -> Option<Object> {
        match kind {
            b'0' | b'N' | b'F' | b'T' | b'S' | b'.' => {}
            b'i' => self.pass(4)?,
            b'I' | b'g' => self.pass(8)?,
            b'y' => self.pass(16)?,
            b'f' => self.short()?,
            b'x' => {
                self.short()?;
                self.short()?;
            }
            b'l' => {
                let digits = self.cursor.u32_le()?.cast_signed().unsigned_abs();
                self.pass(digits as usize * 2)?;
            }
            b's' | b't' | b'u' | b'a' | b'A' => {
                let length = self.cursor.u32_le()?;
                return self.text(length as usize);
            }
            b'z' | b'Z' => {
                let length = self.cursor.byte()?;
                return self.text(length.into());
            }
            b')' => {
                let count = self.cursor.byte()?;
                return self.row(count.into(), depth);
            }
            b'(' | b'[' | b'<' | b'>' => {
                let count = self.cursor.u32_le()?;
                return self.row(count, depth);
            }
            // The second is one that cannot be changed, since 3.15.
            b'{' | b'}' => self.map(depth)?,
            b':' => {
                self.row(3, depth)?;
            }
            b'c' => return self.code(depth),
            _ => return None,
        }
        Some(Object::Other)
    }

    fn pass(&mut self, count: usize) -> Option<()> {
        self.cursor.take(count).map(drop)
    }

    fn short(&mut self) -> Option<()> {
        let length = self.cursor.byte()?;
        self.pass(length.into())
    }

    fn text(&mut self, length: usize) -> Option<Object> {
        let start = self.cursor.position();
        self.pass(length)?;
        Some(Object::Text(start..start + length))
    }

    /// So many objects. Each takes a byte at least, so the count is only believed as they come.
    fn row(&mut self, count: u32, depth: u32) -> Option<Object> {
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.object(depth + 1)?);
            if items.len() == OBJECTS {
                return None;
            }
        }
        Some(Object::Tuple(items))
    }

    /// Keys and values up to the mark that ends them.
    fn map(&mut self, depth: u32) -> Option<()> {
        loop {
            let at = self.cursor.position();
            let is_end = self.marshal.bytes.get(at) == Some(&b'0');
            self.object(depth + 1)?;
            if is_end {
                return Some(());
            }
            self.object(depth + 1)?;
        }
    }

    /// A code object: counts, then objects, in the order of the version that wrote it.
    fn code(&mut self, depth: u32) -> Option<Object> {
        let version = self.version.0;
        let positional = self.cursor.u32_le()?;
        if version >= 8 {
            self.pass(4)?;
        }
        let named = if version > 0 { self.cursor.u32_le()? } else { 0 };
        // Local variables up to 3.10; stack size and flags.
        self.pass(if version >= 11 { 8 } else { 12 })?;
        let [instructions, constants, names, locals] = self.objects(depth)?;
        let (cells, name) = if version >= 11 {
            let [_kinds, _file, name, _qualified] = self.objects(depth)?;
            ((0, 0), name)
        } else {
            let [free, cell, _file, name] = self.objects(depth)?;
            ((cell, free), name)
        };
        self.pass(4)?;
        // Line numbers, and since 3.11 the table of exceptions.
        self.object(depth + 1)?;
        if version >= 11 {
            self.object(depth + 1)?;
        }
        let code = Code { arguments: (positional, named), instructions, constants, names, locals, cells, name };
        self.marshal.codes.push(code);
        Some(Object::Code(self.marshal.codes.len() as u32 - 1))
    }

    fn objects<const N: usize>(&mut self, depth: u32) -> Option<[u32; N]> {
        let mut row = [0; N];
        for slot in &mut row {
            *slot = self.object(depth + 1)?;
        }
        Some(row)
    }
}
