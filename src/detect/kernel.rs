//! The two questions that every byte is asked, 32 bytes at a time: may a literal stand here, and does
//! the byte belong to a token?
//!
//! The only file with `unsafe` in it, and all of that is reading a vector from a slice that was checked
//! to hold it, and calling a function for a processor that was asked whether it is one. It has no duty
//! but speed: where the processor lacks AVX2 nothing is answered and the safe twins do the work, and
//! what they find is the same ([`prefilter`](super::prefilter) and [`runs`](super::runs) hold them equal).
//!
//! A literal may stand where some bucket has all four bytes. A bucket's set for one byte is what its
//! low and its high halves allow, each a table of 16 that one shuffle looks up for 32 bytes (the scheme
//! is known as Teddy).
#![allow(unsafe_code)]

/// Bytes that one mark answers for.
pub(super) const BLOCK: usize = 64;
/// Bytes of a literal that are looked at.
pub(super) const WIDTH: usize = 4;
/// Eight buckets each.
pub(super) const GROUPS: usize = 3;

/// For a group of eight buckets, a byte of a piece, and the low and the high half of that byte: which
/// buckets allow it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables(pub(super) [[[[u8; 16]; 2]; WIDTH]; GROUPS]);

/// Where in the blocks at the start of `bytes` a piece may start: how many bytes were answered for, and how
/// many places were written. A block is answered for if [`WIDTH`] bytes follow it and its places have room.
pub(super) fn pieces(tables: &Tables, bytes: &[u8], places: &mut [u16]) -> (usize, usize) {
    #[cfg(target_arch = "x86_64")]
    if is_present() {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { avx2::pieces(tables, bytes, places) };
    }
    let _ = (tables, bytes, places);
    (0, 0)
}

/// For blocks at the start of `bytes`, which bytes are letters, digits or one of `_-+/`; says how many
/// blocks were answered.
pub(super) fn tokens(bytes: &[u8], marks: &mut [u64]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if is_present() {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { avx2::tokens(bytes, marks) };
    }
    let _ = (bytes, marks);
    0
}

#[cfg(target_arch = "x86_64")]
fn is_present() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("popcnt")
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{BLOCK, GROUPS, Tables, WIDTH};
    use std::arch::x86_64::*;

    /// Bytes of a vector.
    const VECTOR: usize = 32;
    /// A table for each group and place.
    type Vectors = [[__m256i; WIDTH]; GROUPS];

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(bytes: &[u8; VECTOR]) -> __m256i {
        // SAFETY: the array is as long as the vector, and the load needs no alignment.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }

    /// A table of 16 in both halves of a vector.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn table(entries: &[u8; 16]) -> __m256i {
        // SAFETY: the array is as long as the vector, and the load needs no alignment.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(entries.as_ptr().cast()) })
    }

    /// The low and the high half of each byte.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn halves(bytes: &[u8; VECTOR]) -> (__m256i, __m256i) {
        let (vector, low) = (load(bytes), _mm256_set1_epi8(15));
        (_mm256_and_si256(vector, low), _mm256_and_si256(_mm256_srli_epi16::<4>(vector), low))
    }

    /// Which bytes of two vectors are not zero.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn set(first: __m256i, second: __m256i) -> u64 {
        let first = _mm256_movemask_epi8(_mm256_cmpeq_epi8(first, _mm256_setzero_si256())).cast_unsigned();
        let second = _mm256_movemask_epi8(_mm256_cmpeq_epi8(second, _mm256_setzero_si256())).cast_unsigned();
        !(u64::from(first) | u64::from(second) << VECTOR)
    }

    /// For each byte of all but the last, the buckets that allow it and those behind it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn allowed(lows: &Vectors, highs: &Vectors, bytes: &[u8; VECTOR + WIDTH]) -> __m256i {
        let mut all = [_mm256_set1_epi8(-1); GROUPS];
        for place in 0..WIDTH {
            let Some(chunk) = bytes.get(place..).and_then(<[u8]>::first_chunk) else { break };
            let (low, high) = halves(chunk);
            for group in 0..GROUPS {
                let low = _mm256_shuffle_epi8(lows[group][place], low);
                let high = _mm256_shuffle_epi8(highs[group][place], high);
                all[group] = _mm256_and_si256(all[group], _mm256_and_si256(low, high));
            }
        }
        let mut any = _mm256_setzero_si256();
        for all in &all {
            any = _mm256_or_si256(any, *all);
        }
        any
    }

    // Loops over indices: what adapters of iterators call is compiled without the feature, and not inlined.
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    pub(super) fn pieces(tables: &Tables, bytes: &[u8], places: &mut [u16]) -> (usize, usize) {
        let zero = _mm256_setzero_si256();
        let (mut lows, mut highs) = ([[zero; WIDTH]; GROUPS], [[zero; WIDTH]; GROUPS]);
        for group in 0..GROUPS {
            for place in 0..WIDTH {
                let [low, high] = &tables.0[group][place];
                (lows[group][place], highs[group][place]) = (table(low), table(high));
            }
        }
        let (mut done, mut len) = (0, 0);
        while let Some(block) = bytes.get(done..).and_then(<[u8]>::first_chunk::<{ BLOCK + WIDTH }>)
            && let Some(free) = places.get_mut(len..).and_then(<[u16]>::first_chunk_mut)
            && let Ok(base) = u16::try_from(done)
        {
            let (Some(first), Some(second)) = (block.first_chunk(), block.last_chunk()) else { break };
            len += spread(set(allowed(&lows, &highs, first), allowed(&lows, &highs, second)), base, free);
            done += BLOCK;
        }
        (done, len)
    }

    /// Writes where `mark` has its bits, counted from `base`, and says how many there are. For most marks that
    /// decides about no branch: a processor guesses badly at loops as short as these.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    fn spread(mut mark: u64, base: u16, free: &mut [u16; BLOCK]) -> usize {
        let count = mark.count_ones() as usize;
        let mut from = 0;
        for to in [6, 14, BLOCK] {
            for slot in &mut free[from..to] {
                *slot = base.wrapping_add(mark.trailing_zeros() as u16);
                mark &= mark.wrapping_sub(1);
            }
            if mark == 0 {
                break;
            }
            from = to;
        }
        count
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn tokens(bytes: &[u8], marks: &mut [u64]) -> usize {
        // For each low half the high halves with which it makes a token byte, one bit each.
        const LOW: [u8; 16] = {
            let mut table = [0; 16];
            let mut byte = 0;
            while byte < 128 {
                if super::super::runs::is_token(byte) {
                    table[(byte & 15) as usize] |= 1 << (byte >> 4);
                }
                byte += 1;
            }
            table
        };
        const HIGH: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0];
        let (low, high) = (table(&LOW), table(&HIGH));
        let mut blocks = 0;
        while let Some(mark) = marks.get_mut(blocks)
            && let Some((first, second)) = bytes.get(blocks * BLOCK..).and_then(<[u8]>::first_chunk::<BLOCK>).and_then(split)
        {
            let ((first_low, first_high), (second_low, second_high)) = (halves(first), halves(second));
            let first = _mm256_and_si256(_mm256_shuffle_epi8(low, first_low), _mm256_shuffle_epi8(high, first_high));
            let second = _mm256_and_si256(_mm256_shuffle_epi8(low, second_low), _mm256_shuffle_epi8(high, second_high));
            *mark = set(first, second);
            blocks += 1;
        }
        blocks
    }

    #[inline]
    fn split(block: &[u8; BLOCK]) -> Option<(&[u8; VECTOR], &[u8; VECTOR])> {
        Some((block.first_chunk()?, block.last_chunk()?))
    }
}
