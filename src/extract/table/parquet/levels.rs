//! Small numbers in runs: levels of nesting, and places in a dictionary.
//!
//! Formats: *Encodings* of parquet-format: the hybrid of runs and packed bits (RLE), and deltas in packed blocks
//! (`DELTA_BINARY_PACKED`), which lengths of texts are kept in.

use super::super::super::cursor::Cursor;

/// Numbers in runs and packed groups, read where they stand.
#[derive(Debug, Default)]
pub(super) struct Hybrid {
    at: usize,
    end: usize,
    width: u32,
    /// Numbers left of a run, and which.
    run: u64,
    value: u32,
    /// Numbers left of a packed group, and the bit at which the next begins.
    packed: u64,
    bit: usize,
}

impl Hybrid {
    /// Numbers of so many bits, in these bytes of a page.
    pub(super) fn new(at: usize, end: usize, width: u32) -> Self {
        Self { at, end, width: width.min(32), ..Self::default() }
    }

    /// The next number.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Option<u32> {
        loop {
            if self.run > 0 {
                self.run -= 1;
                return Some(self.value);
            }
            if self.packed > 0 {
                self.packed -= 1;
                let value = bits(bytes.get(..self.end)?, self.bit, self.width)?;
                self.bit += self.width as usize;
                return Some(value as u32);
            }
            let mut cursor = Cursor::at(bytes.get(..self.end)?, self.at);
            let head = cursor.varint()?;
            if head & 1 == 0 {
                self.value = cursor.uint_le(self.width.div_ceil(8) as usize)? as u32;
                self.run = head >> 1;
                self.at = cursor.position();
            } else {
                self.packed = (head >> 1).checked_mul(8)?;
                self.bit = cursor.position().checked_mul(8)?;
                let length = usize::try_from((head >> 1).checked_mul(u64::from(self.width))?).ok()?;
                // The last group may be cut short.
                self.at = cursor.position().saturating_add(length).min(self.end);
                if self.width == 0 || cursor.left() == 0 {
                    return None;
                }
            }
        }
    }
}

/// The number of so many bits that begins at a bit, lowest first.
fn bits(bytes: &[u8], at: usize, width: u32) -> Option<u64> {
    let (first, shift) = (at / 8, at % 8);
    let count = (shift + width as usize).div_ceil(8);
    let mut whole = 0u128;
    for (place, byte) in bytes.get(first..first + count)?.iter().enumerate() {
        whole |= u128::from(*byte) << (8 * place);
    }
    let mask = if width > 0 { u64::MAX >> (64 - width.clamp(1, 64)) } else { 0 };
    Some((whole >> shift) as u64 & mask)
}

fn signed(cursor: &mut Cursor<'_>) -> Option<i64> {
    let raw = cursor.varint()?;
    Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

/// Lengths kept as deltas, `most` of them at most, and where what follows them begins.
pub(super) fn deltas(bytes: &[u8], at: usize, most: usize) -> Option<(Vec<u32>, usize)> {
    let mut cursor = Cursor::at(bytes, at);
    let (block, minis) = (cursor.varint()?, cursor.varint()?);
    let count = usize::try_from(cursor.varint()?).ok().filter(|count| *count <= most)?;
    let mut value = signed(&mut cursor)?;
    let mini = usize::try_from(block.checked_div(minis)?).ok().filter(|mini| *mini > 0 && mini.is_multiple_of(8))?;
    let mut all = Vec::new();
    let push = |all: &mut Vec<u32>, value: i64| u32::try_from(value).map(|value| all.push(value)).ok();
    if count > 0 {
        push(&mut all, value)?;
    }
    while all.len() < count {
        let least = signed(&mut cursor)?;
        let widths = cursor.take_long(minis)?;
        for width in widths.iter().map(|width| u32::from(*width)) {
            if all.len() >= count {
                break;
            }
            if width > 64 {
                return None;
            }
            let start = cursor.position();
            cursor.take(mini.checked_mul(width as usize)? / 8)?;
            for number in 0..mini.min(count - all.len()) {
                let delta = bits(bytes, start * 8 + number * width as usize, width)?;
                value = value.wrapping_add(least).wrapping_add(delta as i64);
                push(&mut all, value)?;
            }
        }
    }
    Some((all, cursor.position()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], width: u32) -> Vec<u32> {
        let mut hybrid = Hybrid::new(0, bytes.len(), width);
        std::iter::from_fn(|| hybrid.next(bytes)).take(100).collect()
    }

    #[test]
    fn runs_and_groups() {
        assert_eq!(all(b"\x06\x02\x03\x88\xc6\xfa", 3), [2, 2, 2, 0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(all(b"\x04\x07", 8), [7, 7]);
        assert_eq!(all(b"\xff\xff\xff\xff\x0f", 1), [0u32; 0]);
        assert_eq!(all(b"\xfe\xff\xff\xff\x0f\x01", 1).len(), 100);
        assert_eq!(all(b"", 1), [0u32; 0]);
    }

    #[test]
    fn deltas_of_lengths() {
        // The example of the format: 7, 5, 3, 1, 2, 3, 4, 5 in a block of 128 with four parts, least delta -2.
        let block = [&b"\x80\x01\x04\x08\x0e\x03\x02\0\0\0"[..], &[0xc0, 0x3f, 0, 0, 0, 0, 0, 0], b"next"].concat();
        assert_eq!(deltas(&block, 0, 100), Some((vec![7, 5, 3, 1, 2, 3, 4, 5], 18)));
        assert_eq!(deltas(&block, 0, 7), None);
        assert_eq!(deltas(b"\x80\x01\x00\x08\x0e", 0, 100), None);
        assert_eq!(deltas(b"\x80\x01\x04\x01\x03", 0, 100), None);
        assert_eq!(deltas(b"", 0, 100), None);
    }
}
