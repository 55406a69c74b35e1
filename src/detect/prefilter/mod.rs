//! The literal pass: where in a view an anchor of any rule stands, a word that names secrets, a program.
//!
//! All bytes pass through here. The [`kernel`](super::kernel) says where four bytes of a literal may
//! stand, the rarest four that each has; a bitmap of hashed triples, small enough for the first-level
//! cache, keeps few of those places; only there are literals compared. Where there is no kernel the
//! bitmap alone is asked, at every byte: slower, and the same in what it finds.

mod buckets;

use super::kernel;
use buckets::Piece;

/// Every literal has at least this many bytes.
pub(super) const SHORTEST: usize = 3;
/// Bits of the bitmap, as a power of two: 8 KiB.
const BITS: u32 = 16;
/// Slots of the table of pieces, as a power of two.
const SLOTS: u32 = 12;
/// Bytes looked at in one go: what is noted of them stays in the first-level cache.
const STRETCH: usize = 4 << 10;

/// Finds every occurrence of every literal, in the order of their places.
#[derive(Debug)]
pub(super) struct Prefilter<T> {
    /// Each with what it stands for.
    literals: Vec<(Vec<u8>, T)>,
    tables: kernel::Tables,
    bitmap: Box<[u64; 1 << (BITS - 6)]>,
    /// For each slot, where its pieces begin in `pieces`; one more at the end.
    slots: Vec<u32>,
    /// By slot.
    pieces: Vec<Piece>,
    /// How far in its literal a piece starts at most.
    deepest: usize,
}

/// Spreads the first three of four bytes over 32 bits, the best of them at the top.
#[inline]
fn hash(word: u32) -> u32 {
    (word << 8).wrapping_mul(0x9e37_79b1)
}

/// The first three bytes of a word.
const THREE: u32 = u32::MAX >> 8;

/// The slot of a piece: of its four bytes, or of the three that it has.
#[inline]
fn slot(word: u32) -> usize {
    (word.wrapping_mul(0x9e37_79b1) >> (32 - SLOTS)) as usize
}

/// The four bytes at `place` as a number; zeros where the text ends.
#[inline]
fn word(bytes: &[u8], place: usize) -> u32 {
    let rest = bytes.get(place..).unwrap_or_default();
    match rest.first_chunk() {
        Some(four) => u32::from_le_bytes(*four),
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)),
    }
}

/// Places in a stretch that are worth a look.
struct Places {
    found: [u16; STRETCH + kernel::BLOCK],
    len: usize,
}

impl<T: Copy> Prefilter<T> {
    /// For these literals, each with what it stands for. Shorter ones than [`SHORTEST`] are never found.
    pub(super) fn new(literals: Vec<(Vec<u8>, T)>) -> Self {
        let mut pieces = buckets::pieces(literals.iter().map(|(literal, _)| literal.as_slice()));
        let tables = buckets::tables(&pieces);
        let slot = |piece: &Piece| slot(piece.word);
        let mut bitmap = Box::new([0u64; 1 << (BITS - 6)]);
        let mut slots = vec![0u32; (1 << SLOTS) + 1];
        for piece in &pieces {
            let bit = hash(piece.word) >> (32 - BITS);
            if let Some(word) = bitmap.get_mut((bit >> 6) as usize) {
                *word |= 1 << (bit & 63);
            }
            if let Some(count) = slots.get_mut(slot(piece) + 1) {
                *count += 1;
            }
        }
        slots.iter_mut().fold(0, |sum, count| {
            *count += sum;
            *count
        });
        pieces.sort_by_key(slot);
        let deepest = pieces.iter().map(|piece| usize::from(piece.offset)).max().unwrap_or(0);
        Self { literals, tables, bitmap, slots, pieces, deepest }
    }

    /// Calls `found` with what a literal stands for and where it starts.
    pub(super) fn each(&self, bytes: &[u8], found: impl FnMut(T, usize)) {
        self.each_by(bytes, Self::sifted, found);
    }

    fn each_by(&self, bytes: &[u8], look: fn(&Self, &[u8], usize, &mut Places), mut found: impl FnMut(T, usize)) {
        let mut places = Places { found: [0; STRETCH + kernel::BLOCK], len: 0 };
        let mut seen: Vec<(usize, u32)> = Vec::new();
        let mut start = 0;
        while start + SHORTEST <= bytes.len() {
            places.len = 0;
            look(self, bytes, start, &mut places);
            for place in places.found.get(..places.len).unwrap_or_default() {
                self.compare(bytes, start + usize::from(*place), &mut seen);
            }
            start += STRETCH;
            // A piece stands right of where its literal starts, so what starts near the end may not be all.
            seen.sort_unstable();
            let settled = if start + SHORTEST > bytes.len() { usize::MAX } else { start - self.deepest };
            let count = seen.partition_point(|(at, _)| *at < settled);
            for (at, literal) in seen.drain(..count) {
                if let Some((_, stands_for)) = self.literals.get(literal as usize) {
                    found(*stands_for, at);
                }
            }
        }
    }

    /// [`Self::each`] without the kernel, to measure one against the other.
    pub(super) fn each_plainly(&self, bytes: &[u8], found: impl FnMut(T, usize)) {
        self.each_by(bytes, Self::plain, found);
    }

    /// The places of a stretch where a literal may stand, by the kernel as far as it goes.
    fn sifted(&self, bytes: &[u8], start: usize, places: &mut Places) {
        let stretch = bytes.get(start..).unwrap_or_default();
        let (done, len) =
            kernel::pieces(&self.tables, stretch.get(..STRETCH + kernel::WIDTH).unwrap_or(stretch), &mut places.found);
        let mut kept = 0;
        for index in 0..len {
            let place = places.found[index];
            places.found[kept] = place;
            kept += usize::from(self.is_marked(word(stretch, usize::from(place))));
        }
        places.len = kept;
        self.scanned(bytes, start, done, places);
    }

    /// The twin of [`Self::sifted`]: the bitmap is asked at every byte.
    fn plain(&self, bytes: &[u8], start: usize, places: &mut Places) {
        self.scanned(bytes, start, 0, places);
    }

    /// Adds the places of a stretch from `done` on whose hash the bitmap has.
    fn scanned(&self, bytes: &[u8], start: usize, done: usize, places: &mut Places) {
        let end = bytes.len().min(start + STRETCH + SHORTEST - 1);
        let stretch = bytes.get(start + done..end).unwrap_or_default();
        let Some((first, rest)) = stretch.split_at_checked(SHORTEST - 1) else { return };
        let mut last = word(first, 0) << 8;
        for (place, byte) in rest.iter().enumerate() {
            last = last >> 8 | u32::from(*byte) << 16;
            if self.is_marked(last) {
                places.found[places.len] = (done + place) as u16;
                places.len += 1;
            }
        }
    }

    #[inline]
    fn is_marked(&self, word: u32) -> bool {
        let bit = hash(word) >> (32 - BITS);
        // The mask shows the compiler that the index is in bounds.
        self.bitmap[(bit >> 6) as usize & ((1 << (BITS - 6)) - 1)] >> (bit & 63) & 1 != 0
    }

    /// Compares the literals that may have their piece at `place`.
    #[inline]
    fn compare(&self, bytes: &[u8], place: usize, seen: &mut Vec<(usize, u32)>) {
        let word = word(bytes, place);
        let (four, three) = (slot(word), slot(word & THREE));
        self.compare_slot(bytes, (place, word), four, seen);
        if three != four {
            self.compare_slot(bytes, (place, word), three, seen);
        }
    }

    #[inline]
    fn compare_slot(&self, bytes: &[u8], (place, word): (usize, u32), slot: usize, seen: &mut Vec<(usize, u32)>) {
        let (Some(start), Some(end)) = (self.slots.get(slot), self.slots.get(slot + 1)) else { return };
        for piece in self.pieces.get(*start as usize..*end as usize).unwrap_or_default() {
            if (piece.word ^ word) & piece.mask == 0
                && let Some(at) = place.checked_sub(usize::from(piece.offset))
                && let Some((literal, _)) = self.literals.get(piece.literal as usize)
                && bytes.get(at..).is_some_and(|here| here.starts_with(literal))
            {
                seen.push((at, piece.literal));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Seen = Vec<(usize, usize)>;

    /// What kernel and twin find, and what is there.
    fn check(literals: &[&[u8]], text: &[u8]) {
        let prefilter = Prefilter::new(literals.iter().map(|literal| literal.to_vec()).zip(0..).collect());
        let mut expected = Seen::new();
        for start in 0..text.len() {
            expected.extend((0..literals.len()).filter(|l| text[start..].starts_with(literals[*l])).map(|l| (start, l)));
        }
        for look in [Prefilter::sifted, Prefilter::plain] {
            let mut seen = Seen::new();
            prefilter.each_by(text, look, |literal, start| seen.push((start, literal)));
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn overlapping_and_nested_literals_are_all_found() {
        let literals: Vec<&[u8]> = vec![b"abcd", b"abcdef", b"cdef", b"defg", b"zzz", b"efg", b"long, with a rare end: q~Q"];
        for padding in 0..140 {
            for gap in [0, 1, 2, 61, STRETCH - 150] {
                let dots = |count| vec![b'.'; count];
                let text = [dots(padding), b"abcdefg zzzzz".to_vec(), dots(gap), b"zlong, with a rare end: q~Qabcdef".to_vec()];
                check(&literals, &[text.concat(), dots(padding / 2)].concat());
            }
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
        check(&[], b"nothing to look for, and more than a block of it: nothing, nothing, nothing, nothing");
    }

    proptest! {
        #[test]
        fn the_kernel_finds_what_its_twin_finds(
            literals in prop::collection::vec("[ab_\u{e9}]{3,9}", 0..60),
            text in prop::collection::vec(prop::sample::select(&b"ab_\xc3\xa9\0"[..]), 0..700),
            repeat in 1usize..24,
        ) {
            let mut literals: Vec<&[u8]> = literals.iter().map(|literal| literal.as_bytes()).collect();
            literals.sort();
            literals.dedup();
            check(&literals, &text.repeat(repeat));
        }

        #[test]
        fn any_bytes_are_as_good(
            literals in prop::collection::vec(prop::collection::vec(any::<u8>(), 3..12), 1..300),
            text in prop::collection::vec(any::<u8>(), 0..9000),
            seams in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..50),
        ) {
            let mut text = text;
            for (literal, place) in &seams {
                let literal = literal.get(&literals);
                let start = place.index(text.len() + 1);
                let end = text.len().min(start + literal.len());
                text[start..end].copy_from_slice(&literal[..end - start]);
            }
            let mut literals: Vec<&[u8]> = literals.iter().map(Vec::as_slice).collect();
            literals.sort();
            literals.dedup();
            check(&literals, &text);
        }
    }
}
