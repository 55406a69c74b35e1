//! The literal pass: where in a view an anchor of any rule stands.
//!
//! All bytes pass through here. One step a byte: the three bytes at hand are hashed into a bitmap small
//! enough for the first-level cache, and only where that says so are the literals themselves compared.
//! Packed searches of a few dozen literals each (Teddy) are faster for one search, and slower for the
//! dozen that as many literals as ours need. The file has no other duty and may be replaced by a kernel.

/// Every literal has at least this many bytes.
pub(super) const SHORTEST: usize = 3;
/// Bits of the bitmap, as a power of two: 8 KiB.
const BITS: u32 = 16;
/// Slots of the table of literals, as a power of two.
const SLOTS: u32 = 12;

/// Finds every occurrence of every literal, in the order of their places.
#[derive(Debug)]
pub(super) struct Prefilter<T> {
    /// Each with what it stands for.
    literals: Vec<(Vec<u8>, T)>,
    bitmap: Box<[u64; 1 << (BITS - 6)]>,
    /// For each slot, where its literals begin in `order`; one more at the end.
    slots: Vec<u32>,
    /// Literals by slot.
    order: Vec<u32>,
}

/// Spreads three bytes over 32 bits, the best of them at the top.
#[inline]
fn hash(three: u32) -> u32 {
    (three << 8).wrapping_mul(0x9e37_79b1)
}

/// The first three bytes of a text as a number.
fn three(text: &[u8]) -> u32 {
    text.iter().take(SHORTEST).rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

impl<T: Copy> Prefilter<T> {
    /// For these literals, each with what it stands for. Shorter ones than [`SHORTEST`] are never found.
    pub(super) fn new(literals: Vec<(Vec<u8>, T)>) -> Self {
        let mut bitmap = Box::new([0u64; 1 << (BITS - 6)]);
        let slot = |(literal, _): &(Vec<u8>, T)| (hash(three(literal)) >> (32 - SLOTS)) as usize;
        let mut order: Vec<u32> = (0..literals.len() as u32).collect();
        order.retain(|index| literals.get(*index as usize).is_some_and(|(literal, _)| literal.len() >= SHORTEST));
        order.sort_by_key(|index| literals.get(*index as usize).map(slot));
        let mut slots = vec![0u32; (1 << SLOTS) + 1];
        for literal in literals.iter().filter(|(literal, _)| literal.len() >= SHORTEST) {
            let bit = hash(three(&literal.0)) >> (32 - BITS);
            if let Some(word) = bitmap.get_mut((bit >> 6) as usize) {
                *word |= 1 << (bit & 63);
            }
            slots.iter_mut().skip(slot(literal) + 1).for_each(|start| *start += 1);
        }
        Self { literals, bitmap, slots, order }
    }

    /// Calls `found` with what a literal stands for and where it starts.
    pub(super) fn each(&self, bytes: &[u8], mut found: impl FnMut(T, usize)) {
        let Some((start, rest)) = bytes.split_at_checked(SHORTEST - 1) else { return };
        let mut last = three(start) << 8;
        for (at, byte) in rest.iter().enumerate() {
            last = last >> 8 | u32::from(*byte) << 16;
            let hash = hash(last);
            let bit = hash >> (32 - BITS);
            // The mask shows the compiler that the index is in bounds.
            if self.bitmap[(bit >> 6) as usize & ((1 << (BITS - 6)) - 1)] >> (bit & 63) & 1 != 0 {
                self.compare(bytes, at, hash, &mut found);
            }
        }
    }

    /// Compares the literals that may stand at `at`.
    #[inline(never)]
    fn compare(&self, bytes: &[u8], at: usize, hash: u32, found: &mut impl FnMut(T, usize)) {
        let slot = (hash >> (32 - SLOTS)) as usize;
        let (Some(start), Some(end)) = (self.slots.get(slot), self.slots.get(slot + 1)) else { return };
        let here = bytes.get(at..).unwrap_or_default();
        for index in self.order.get(*start as usize..*end as usize).unwrap_or_default() {
            match self.literals.get(*index as usize) {
                Some((literal, stands_for)) if here.starts_with(literal) => found(*stands_for, at),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_and_nested_literals_are_all_found() {
        let literals = ["abcd", "abcdef", "cdef", "defg", "zzz"].map(|text| text.as_bytes().to_vec()).to_vec();
        let prefilter = Prefilter::new(literals.iter().cloned().zip(0..).collect());
        for padding in 0..70 {
            let text = [vec![b'.'; padding], b"abcdefg zzzzz".to_vec(), vec![b'.'; padding / 2]].concat();
            let mut seen = Vec::new();
            prefilter.each(&text, |literal, start| seen.push((start, literal)));
            assert!(seen.is_sorted_by_key(|(start, _)| *start));
            seen.sort_unstable();
            let mut expected = Vec::new();
            for start in 0..text.len() {
                expected.extend((0..literals.len()).filter(|l| text[start..].starts_with(&literals[*l])).map(|l| (start, l)));
            }
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn many_literals_and_short_texts() {
        let literals: Vec<_> = (0..2000).map(|n| (format!("l{n:03}_").into_bytes(), ())).collect();
        let prefilter = Prefilter::new(literals);
        let count = |text: &[u8]| {
            let mut count = 0;
            prefilter.each(text, |_, _| count += 1);
            count
        };
        assert_eq!(count(b"l000_l199_ l2000_ l1999_"), 3);
        assert_eq!((count(b""), count(b"l0"), count(b"l000"), count(b"l000_")), (0, 0, 0, 1));
    }
}
