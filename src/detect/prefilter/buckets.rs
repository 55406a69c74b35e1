//! Which four bytes of each literal are looked for, and which literals share a bucket.
//!
//! A bucket allows every mix of what its members have at each place, so it is only as sharp as they
//! are alike. Pieces are handed out one by one, the commonest first, each to the bucket that it makes
//! allow the least more; then once more, when all are known. How common a byte is, is a guess from code
//! and text: it decides about speed and never about what is found.

use super::super::kernel::{GROUPS, Tables, WIDTH};

/// Buckets of all groups.
const BUCKETS: usize = 8 * GROUPS;
/// A piece starts no further right in its literal.
const DEEPEST: usize = 32;

/// How many of 10 000 bytes of code and text are one of these, each.
const COMMON: &[(&[u8], f32)] = &[
    (b" ", 1200.),
    (b"\0", 300.),
    (b"e", 550.),
    (b"t", 450.),
    (b"rn", 370.),
    (b"aso", 320.),
    (b"i", 290.),
    (b"lcd", 180.),
    (b"pufm", 140.),
    (b"h.\n_,()", 110.),
    (b"gy\"=A", 80.),
    (b"bvwk:;-'/\t", 50.),
    (b"CDEIST01x", 45.),
    (b"BFGHLMNOPRU2{}[]*", 28.),
    (b"jqzKVWXYJQZ3456789\\<>@$&#+|`", 16.),
];
/// Any other.
const RARE: f32 = 6.;

/// What of a literal is looked for first.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Which literal.
    pub(super) literal: u32,
    /// Where in the literal it starts.
    pub(super) offset: u16,
    /// Its bytes as a number; the last is not looked at where the literal has but three.
    pub(super) word: u32,
    /// The bits that count.
    pub(super) mask: u32,
}

/// The share of all bytes that each byte is guessed to have.
fn shares() -> [f32; 256] {
    let mut shares = [RARE / 1e4; 256];
    for (bytes, share) in COMMON {
        bytes.iter().for_each(|byte| shares[usize::from(*byte)] = share / 1e4);
    }
    shares
}

/// The rarest piece of each literal that has at least three bytes, the commonest of them first.
pub(super) fn pieces<'a>(literals: impl Iterator<Item = &'a [u8]>) -> Vec<Piece> {
    let shares = shares();
    let common = |piece: &[u8]| piece.iter().map(|byte| shares[usize::from(*byte)]).product::<f32>();
    let mut found: Vec<(f32, Piece)> = Vec::new();
    for (index, literal) in literals.enumerate().filter(|(_, literal)| literal.len() >= super::SHORTEST) {
        let length = literal.len().min(WIDTH);
        let choices = literal.windows(length).take(DEEPEST + 1).enumerate().map(|(offset, piece)| (common(piece), offset, piece));
        let Some((share, offset, piece)) = choices.min_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
        let word = piece.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
        let mask = if length == WIDTH { u32::MAX } else { u32::MAX >> 8 };
        found.push((share, Piece { literal: index as u32, offset: offset as u16, word, mask }));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.literal.cmp(&b.1.literal)));
    found.into_iter().map(|(_, piece)| piece).collect()
}

/// What a bucket allows: for each place the low and the high halves of bytes, and what share of all
/// bytes they make.
#[derive(Clone, Copy, Default)]
struct Bucket {
    halves: [[u16; 2]; WIDTH],
    shares: [f32; WIDTH],
}

impl Bucket {
    fn with(mut self, piece: &Piece, shares: &[f32; 256]) -> Self {
        for (place, ([lows, highs], share)) in self.halves.iter_mut().zip(&mut self.shares).enumerate() {
            if piece.mask >> (8 * place) & 255 == 0 {
                (*lows, *highs, *share) = (u16::MAX, u16::MAX, 1.);
                continue;
            }
            let byte = piece.word >> (8 * place) & 255;
            let (low, high) = (byte & 15, byte >> 4);
            if *lows >> low & 1 == 0 {
                *lows |= 1 << low;
                *share += bits(*highs).map(|high| shares[(high << 4 | low) as usize]).sum::<f32>();
            }
            if *highs >> high & 1 == 0 {
                *highs |= 1 << high;
                *share += bits(*lows).map(|low| shares[(high << 4 | low) as usize]).sum::<f32>();
            }
        }
        self
    }

    fn share(&self) -> f32 {
        self.shares.iter().product()
    }
}

fn bits(mut set: u16) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        (bit < 16).then_some(bit)
    })
}

/// Hands the pieces out to buckets.
pub(super) fn tables(pieces: &[Piece]) -> Tables {
    let shares = shares();
    let mut buckets = [Bucket::default(); BUCKETS];
    let mut homes: Vec<usize> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        homes.push(place(piece, &mut buckets, &shares));
    }
    for (index, piece) in pieces.iter().enumerate() {
        let Some(home) = homes.get(index).copied() else { continue };
        let others = pieces.iter().zip(&homes).enumerate().filter(|(other, (_, at))| *other != index && **at == home);
        buckets[home] = others.fold(Bucket::default(), |bucket, (_, (piece, _))| bucket.with(piece, &shares));
        homes[index] = place(piece, &mut buckets, &shares);
    }
    let mut tables = Tables::default();
    for (bucket, allowed) in buckets.iter().enumerate() {
        for (place, halves) in allowed.halves.iter().enumerate() {
            for (half, set) in halves.iter().enumerate() {
                bits(*set).for_each(|bit| tables.0[bucket / 8][place][half][bit as usize] |= 1 << (bucket % 8));
            }
        }
    }
    tables
}

/// Puts a piece where it does the least harm.
fn place(piece: &Piece, buckets: &mut [Bucket; BUCKETS], shares: &[f32; 256]) -> usize {
    let mut best = (f32::INFINITY, 0, Bucket::default());
    for (index, bucket) in buckets.iter().enumerate() {
        let with = bucket.with(piece, shares);
        let harm = with.share() - bucket.share();
        if harm < best.0 {
            best = (harm, index, with);
        }
    }
    buckets[best.1] = best.2;
    best.1
}
