//! Streams of a stripe, as they come: blocks that are packed each for itself, behind three bytes that say how long they
//! are; numbers in runs, of both versions; and bits.

use super::super::super::Halt;
use super::super::codec::{Codec, unpacked};
use super::super::source::Source;
use super::{broken, damaged};
use crate::finding::GapReason;

/// The largest block that is read; the format has no larger.
pub(super) const BLOCK: u64 = 1 << 23;
/// Bytes that are read at a time where nothing is packed.
const PIECE: u64 = 64 << 10;

/// How the streams of a file are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packing {
    /// `None` if they are not.
    pub(super) codec: Option<Codec>,
    pub(super) block: u64,
}

/// A stream on its way.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    place: u64,
    end: u64,
    packing: Packing,
    block: Vec<u8>,
    at: usize,
}

impl Stream {
    pub(super) fn new(place: u64, length: u64, packing: Packing) -> Self {
        Self { place, end: place.saturating_add(length), packing, block: Vec::new(), at: 0 }
    }

    /// The bytes at hand; none at the end.
    pub(super) fn piece(&mut self, source: &mut Source<'_>) -> Result<&[u8], Halt> {
        while self.at >= self.block.len() && self.place < self.end {
            self.fill(source)?;
        }
        Ok(self.block.get(self.at..).unwrap_or_default())
    }

    /// Goes on behind so many of the bytes at hand.
    pub(super) fn pass(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    fn fill(&mut self, source: &mut Source<'_>) -> Result<(), Halt> {
        let left = self.end - self.place;
        let Some(codec) = self.packing.codec else {
            self.block = source.bytes(self.place, left.min(PIECE))?;
            self.place += self.block.len() as u64;
            self.at = 0;
            return if self.block.is_empty() { Err(cut()) } else { Ok(()) };
        };
        let head = source.bytes(self.place, left.min(3))?;
        let [low, middle, high] = head[..] else { return Err(damaged("a block without a length")) };
        let head = u32::from_le_bytes([low, middle, high, 0]);
        let length = u64::from(head >> 1);
        if length > left - 3 {
            return Err(damaged("a block longer than its stream"));
        }
        let packed = source.bytes(self.place + 3, length)?;
        if packed.len() as u64 != length {
            return Err(cut());
        }
        let codec = if head & 1 == 1 { Codec::Plain } else { codec };
        let most = self.packing.block.max(length) + 1;
        self.block = unpacked(codec, packed, most, most).map_err(|_| damaged("a block that does not unpack"))?;
        if self.block.len() as u64 == most {
            return Err(damaged("a block that unpacks to more than it may"));
        }
        source.charge(self.block.len() as u64)?;
        (self.place, self.at) = (self.place + 3 + length, 0);
        Ok(())
    }

    pub(super) fn byte(&mut self, source: &mut Source<'_>) -> Result<Option<u8>, Halt> {
        let byte = self.piece(source)?.first().copied();
        self.pass(usize::from(byte.is_some()));
        Ok(byte)
    }

    /// A byte that must be there.
    fn need(&mut self, source: &mut Source<'_>) -> Result<u8, Halt> {
        self.byte(source)?.ok_or_else(|| damaged("a run that ends early"))
    }

    /// Takes so many bytes. `false` if there are fewer.
    pub(super) fn take(&mut self, mut count: usize, out: &mut Vec<u8>, source: &mut Source<'_>) -> Result<bool, Halt> {
        while count > 0 {
            let piece = self.piece(source)?;
            let piece = piece.get(..count.min(piece.len())).unwrap_or_default();
            if piece.is_empty() {
                return Ok(false);
            }
            out.extend_from_slice(piece);
            let taken = piece.len();
            self.pass(taken);
            count -= taken;
        }
        Ok(true)
    }

    /// All that is left, if that is at most so much.
    pub(super) fn rest(&mut self, most: usize, source: &mut Source<'_>) -> Result<Vec<u8>, Halt> {
        let mut out = Vec::new();
        while !self.piece(source)?.is_empty() {
            let piece = self.piece(source)?;
            out.extend_from_slice(piece);
            let taken = piece.len();
            self.pass(taken);
            if out.len() > most {
                return Err(broken(GapReason::SizeLimit, "a part that is longer than is held"));
            }
        }
        Ok(out)
    }

    fn varint(&mut self, source: &mut Source<'_>) -> Result<u64, Halt> {
        let number = super::super::super::cursor::varint(|| self.byte(source))?;
        number.ok_or_else(|| damaged("a number that does not end"))
    }

    /// So many numbers of as many bits, the highest first, in bytes of their own.
    fn bits(&mut self, count: usize, width: u32, source: &mut Source<'_>) -> Result<Vec<u64>, Halt> {
        let (mut held, mut left) = (0u8, 0u32);
        let mut numbers = Vec::new();
        for _ in 0..count {
            let (mut number, mut wanted) = (0u64, width);
            while wanted > 0 {
                if left == 0 {
                    (held, left) = (self.need(source)?, 8);
                }
                let taken = wanted.min(left);
                let bits = (u32::from(held) >> (left - taken)) & ((1 << taken) - 1);
                number = number << taken | u64::from(bits);
                (wanted, left) = (wanted - taken, left - taken);
            }
            numbers.push(number);
        }
        Ok(numbers)
    }
}

fn cut() -> Halt {
    broken(GapReason::Truncated, "a stream that goes on behind the end of the file")
}

/// Numbers without a sign, in runs.
#[derive(Debug)]
pub(super) struct Numbers {
    stream: Stream,
    is_second: bool,
    run: std::vec::IntoIter<u64>,
}

impl Numbers {
    pub(super) fn new(stream: Stream, is_second: bool) -> Self {
        Self { stream, is_second, run: Vec::new().into_iter() }
    }

    pub(super) fn next(&mut self, source: &mut Source<'_>) -> Result<Option<u64>, Halt> {
        loop {
            if let Some(number) = self.run.next() {
                return Ok(Some(number));
            }
            let Some(head) = self.stream.byte(source)? else { return Ok(None) };
            let run = if self.is_second { self.second(head, source)? } else { self.first(head, source)? };
            self.run = run.into_iter();
        }
    }

    fn first(&mut self, head: u8, source: &mut Source<'_>) -> Result<Vec<u64>, Halt> {
        if head >= 128 {
            return (0..256 - u16::from(head)).map(|_| self.stream.varint(source)).collect();
        }
        let step = i64::from(self.stream.need(source)?.cast_signed());
        let base = self.stream.varint(source)?;
        Ok((0..i64::from(head) + 3).map(|index| base.wrapping_add_signed(step.wrapping_mul(index))).collect())
    }

    fn second(&mut self, head: u8, source: &mut Source<'_>) -> Result<Vec<u64>, Halt> {
        let code = head >> 1 & 31;
        if head >> 6 == 0 {
            let mut number = 0u64;
            for _ in 0..=(head >> 3 & 7) {
                number = number << 8 | u64::from(self.stream.need(source)?);
            }
            return Ok(vec![number; usize::from(head & 7) + 3]);
        }
        let count = (usize::from(head & 1) << 8 | usize::from(self.stream.need(source)?)) + 1;
        match head >> 6 {
            1 => self.stream.bits(count, width(code), source),
            2 => self.patched(count, width(code), source),
            _ => self.deltas(count, if code == 0 { 0 } else { width(code) }, source),
        }
    }

    /// Numbers above a base, some of which have upper bits of their own.
    fn patched(&mut self, count: usize, wide: u32, source: &mut Source<'_>) -> Result<Vec<u64>, Halt> {
        let (third, fourth) = (self.stream.need(source)?, self.stream.need(source)?);
        let (patch, gap) = (width(third & 31), u32::from(fourth >> 5) + 1);
        let mut base = 0u64;
        for _ in 0..=(third >> 5) {
            base = base << 8 | u64::from(self.stream.need(source)?);
        }
        let mut numbers = self.stream.bits(count, wide, source)?;
        let entry = (1..=64).find(|width| fits(*width) && *width >= patch + gap).unwrap_or(64);
        let mut at = 0usize;
        for patched in self.stream.bits(usize::from(fourth & 31), entry, source)? {
            let upper = patched & 1u64.checked_shl(patch).map_or(u64::MAX, |one| one - 1);
            at = at.saturating_add(patched.checked_shr(patch).unwrap_or(0) as usize);
            if let Some(number) = numbers.get_mut(at) {
                *number |= upper.checked_shl(wide).unwrap_or(0);
            }
        }
        numbers.iter_mut().for_each(|number| *number = number.wrapping_add(base));
        Ok(numbers)
    }

    fn deltas(&mut self, count: usize, wide: u32, source: &mut Source<'_>) -> Result<Vec<u64>, Halt> {
        let (base, folded) = (self.stream.varint(source)?, self.stream.varint(source)?);
        let step = (folded >> 1).cast_signed() ^ -(folded & 1).cast_signed();
        let more = count.saturating_sub(2);
        let steps = if wide == 0 { vec![step.unsigned_abs(); more] } else { self.stream.bits(more, wide, source)? };
        let mut numbers = vec![base];
        let mut number = base.wrapping_add_signed(step);
        numbers.extend(Some(number).filter(|_| count > 1));
        for apart in steps {
            number = if step < 0 { number.wrapping_sub(apart) } else { number.wrapping_add(apart) };
            numbers.push(number);
        }
        Ok(numbers)
    }
}

/// Widths of numbers that are written as they are.
fn fits(width: u32) -> bool {
    matches!(width, 1..=24 | 26 | 28 | 30 | 32 | 40 | 48 | 56 | 64)
}

fn width(code: u8) -> u32 {
    let all = [26, 28, 30, 32, 40, 48, 56, 64];
    if code < 24 { u32::from(code) + 1 } else { all.get(usize::from(code) - 24).copied().unwrap_or(64) }
}

/// Bits, in runs of bytes.
#[derive(Debug)]
pub(super) struct Bits {
    stream: Stream,
    /// Bytes left of the run, and the one that all of it are.
    left: usize,
    repeated: Option<u8>,
    byte: u8,
    bits: u32,
}

impl Bits {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, left: 0, repeated: None, byte: 0, bits: 0 }
    }

    pub(super) fn next(&mut self, source: &mut Source<'_>) -> Result<Option<bool>, Halt> {
        if self.bits == 0 {
            if self.left == 0 {
                let Some(head) = self.stream.byte(source)? else { return Ok(None) };
                (self.left, self.repeated) = match head {
                    0..128 => (usize::from(head) + 3, Some(self.stream.need(source)?)),
                    _ => (256 - usize::from(head), None),
                };
            }
            self.byte = match self.repeated {
                Some(byte) => byte,
                None => self.stream.need(source)?,
            };
            (self.left, self.bits) = (self.left - 1, 8);
        }
        self.bits -= 1;
        Ok(Some(self.byte >> self.bits & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    const PLAIN: Packing = Packing { codec: None, block: 0 };

    fn numbers(bytes: &[u8], is_second: bool) -> Vec<u64> {
        let mut source = Source::open(Box::new(Cursor::new(bytes))).unwrap();
        let mut numbers = Numbers::new(Stream::new(0, bytes.len() as u64, PLAIN), is_second);
        std::iter::from_fn(|| numbers.next(&mut source).unwrap()).collect()
    }

    #[test]
    fn runs_are_undone() {
        // The examples of the specification.
        assert_eq!(numbers(b"\x61\x00\x07", false), [7; 100]);
        assert_eq!(numbers(b"\x61\xff\x64", false), (1..=100).rev().collect::<Vec<_>>());
        assert_eq!(numbers(b"\xfb\x02\x03\x04\x07\xac\x02", false), [2, 3, 4, 7, 300]);
        assert_eq!(numbers(b"\x0a\x27\x10", true), [10_000; 5]);
        assert_eq!(numbers(b"\x5e\x03\x5c\xa1\xab\x1e\xde\xad\xbe\xef", true), [23713, 43806, 57005, 48879]);
        assert_eq!(numbers(b"\xc6\x09\x02\x02\x22\x42\x42\x46", true), [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
        let patched =
            b"\x8e\x13\x2b\x21\x07\xd0\x1e\x00\x14\x70\x28\x32\x3c\x46\x50\x5a\x64\x6e\x78\x82\x8c\x96\xa0\xaa\xb4\xbe\xfc\xe8";
        let expected = [2030, 2000, 2020, 1_000_000].into_iter().chain((2040..=2190).step_by(10)).collect::<Vec<_>>();
        assert_eq!(numbers(patched, true), expected);
    }

    #[test]
    fn bits_and_blocks_are_undone() {
        let bytes = b"\x00\xf0\xff\x80";
        let mut source = Source::open(Box::new(Cursor::new(bytes))).unwrap();
        let mut bits = Bits::new(Stream::new(0, 4, PLAIN));
        let all: Vec<bool> = std::iter::from_fn(|| bits.next(&mut source).unwrap()).collect();
        assert_eq!((all.len(), all.iter().filter(|bit| **bit).count()), (32, 13));
        let packed = b"\x07\0\0one\x07\0\0two";
        let mut source = Source::open(Box::new(Cursor::new(packed))).unwrap();
        let packing = Packing { codec: Some(Codec::Zstd), block: 4 };
        let of = |length: u64| Stream::new(0, length, packing);
        assert_eq!(of(12).rest(9, &mut source).unwrap(), b"onetwo");
        assert!(
            of(11).rest(9, &mut source).is_err() && of(13).rest(9, &mut source).is_err() && of(12).rest(5, &mut source).is_err()
        );
    }
}
