//! UTF-16 and UTF-32 of both byte orders, anywhere: whole files with or without a mark, and the strings
//! of .NET assemblies, registry hives and numpy arrays between other bytes.
//!
//! What tells them is an ASCII character with zeros beside it, eight times in a row and more. Blocks are
//! asked by words of eight bytes, which costs less than looking for the zeros.

use super::layer::{Layer, Made};
use super::readable;
use std::ops::Range;

/// Fewer ASCII characters are no text.
const SHORTEST: usize = 8;
/// Other letters that may stand between ASCII characters.
const FOREIGN: usize = 48;
/// Bytes asked at a time.
const BLOCK: usize = 64;
/// Strings this near stand in one table: what one says may name the other.
const BESIDE: usize = 24;

/// Characters of one width, each an ASCII byte at the same place among zeros.
#[derive(Clone, Copy, Debug)]
struct Lane {
    width: usize,
    place: usize,
    /// Bits of a word of eight bytes that are zero, and the high bit of each character's byte.
    zeros: u64,
    tops: u64,
}

impl Lane {
    const fn new(width: usize, place: usize) -> Self {
        let mut tops = 0;
        let mut at = place;
        let mut bytes = 0;
        while at < 8 {
            tops |= 0x80 << (8 * at);
            bytes |= 0x7f << (8 * at);
            at += width;
        }
        Self { width, place, zeros: !bytes, tops }
    }

    /// Whether all characters of a word are printable ASCII.
    #[inline]
    const fn fits(&self, word: u64) -> bool {
        // 0x60 more carries a byte of 0x20 and above, and none below, to its high bit.
        word & self.zeros == 0 && word.wrapping_add(self.tops / 4 * 3) & self.tops == self.tops
    }
}

const LANES: [Lane; 6] = [Lane::new(2, 0), Lane::new(2, 1), Lane::new(4, 0), Lane::new(4, 1), Lane::new(4, 2), Lane::new(4, 3)];

/// A width and a byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wide {
    how: &'static str,
    width: usize,
    big: bool,
}

const WIDES: [Wide; 4] = [
    Wide { how: "utf-16le", width: 2, big: false },
    Wide { how: "utf-16be", width: 2, big: true },
    Wide { how: "utf-32le", width: 4, big: false },
    Wide { how: "utf-32be", width: 4, big: true },
];

/// The texts of one width and byte order, as lines of one text.
#[derive(Default)]
struct Lines {
    made: Made,
    run: Option<Range<usize>>,
}

/// One layer for each width and byte order that occurs.
pub(super) fn layers(bytes: &[u8]) -> Vec<Layer> {
    let Some(first) = memchr::memchr(0, bytes) else { return Vec::new() };
    let mut found: [Lines; 4] = Default::default();
    let mut at = first / BLOCK * BLOCK;
    // Up to where each width has been read, so that no byte is read twice for it.
    let mut done = [0; 2];
    while let Some(block) = bytes.get(at..bytes.len().min(at + BLOCK)).filter(|block| block.len() >= 8) {
        if may_hold(block) {
            for place in (0..block.len() - 7).step_by(8) {
                let word = word(block, place);
                for lane in LANES.iter().filter(|lane| lane.fits(word)) {
                    let done = &mut done[usize::from(lane.width == 4)];
                    let letter = at + place + lane.place;
                    if letter >= *done {
                        *done = read(bytes, lane.width, letter, *done, &mut found).max(letter + 1);
                    }
                }
            }
        }
        at += BLOCK;
    }
    let finished = WIDES.iter().zip(found);
    finished.filter_map(|(wide, lines)| lines.run.map(|run| Layer::plain(wide.how, run, lines.made))).collect()
}

/// Whether a block has four characters with a zero beside them. Units of two bytes are what the compiler
/// makes vectors of.
#[inline]
fn may_hold(block: &[u8]) -> bool {
    let (mut low, mut high) = (0u16, 0u16);
    for unit in block.chunks_exact(2) {
        let unit = u16::from_le_bytes([unit[0], unit[1]]);
        low += u16::from(unit.wrapping_sub(0x20) < 0x60);
        high += u16::from(unit.swap_bytes().wrapping_sub(0x20) < 0x60);
    }
    low >= 4 || high >= 4
}

#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|word| word.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// Reads the text around the ASCII byte at `letter`, not before `from`; returns where it ends.
fn read(bytes: &[u8], width: usize, letter: usize, from: usize, found: &mut [Lines; 4]) -> usize {
    let (index, orders) = if width == 2 { (0, [&WIDES[0], &WIDES[1]]) } else { (2, [&WIDES[2], &WIDES[3]]) };
    let [little, big] = orders.map(|wide| {
        let at = letter.checked_sub(if wide.big { width - 1 } else { 0 }).filter(|at| *at >= from);
        at.map_or((letter..letter, 0), |at| wide.text(bytes, at, from))
    });
    // Between other text both orders make the same of it, but for a character at one end each.
    let weight =
        |byte: Option<&u8>| byte.map_or(0, |byte| u8::from(byte.is_ascii_graphic()) + u8::from(byte.is_ascii_alphanumeric()));
    let first = weight(bytes.get(little.0.start));
    let last = weight(big.0.end.checked_sub(1).and_then(|at| bytes.get(at)));
    let is_big = (big.1, last) > (little.1, first);
    let (range, plain) = if is_big { big } else { little };
    if plain >= SHORTEST {
        let index = index + usize::from(is_big);
        WIDES[index].add(bytes, range.clone(), &mut found[index]);
    }
    range.end
}

impl Wide {
    fn unit(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let unit = bytes.get(at..at.checked_add(self.width)?)?;
        let number = |sum: u32, byte: &u8| sum << 8 | u32::from(*byte);
        Some(if self.big { unit.iter().fold(0, number) } else { unit.iter().rev().fold(0, number) })
    }

    /// The text around the unit at `at`, not before `from`, and its count of ASCII characters.
    fn text(&self, bytes: &[u8], at: usize, from: usize) -> (Range<usize>, usize) {
        let is_plain = |unit: u32| u8::try_from(unit).is_ok_and(readable::is_plain);
        let letter = |at: usize| self.unit(bytes, at).filter(|unit| is_plain(*unit) || is_foreign(*unit));
        // To both sides over what may be letters, up to the furthest that is ASCII.
        let (mut start, mut lowest) = (at, at);
        while let Some(before) = lowest.checked_sub(self.width).filter(|before| *before >= from) {
            let Some(unit) = letter(before) else { break };
            lowest = before;
            if is_plain(unit) {
                start = before;
            } else if (start - before) / self.width > FOREIGN {
                break;
            }
        }
        let (mut end, mut plain, mut next) = (start, 0, start);
        while let Some(unit) = letter(next) {
            next += self.width;
            if is_plain(unit) {
                (end, plain) = (next, plain + 1);
            } else if (next - end) / self.width > FOREIGN {
                break;
            }
        }
        (start..end, plain)
    }

    fn add(&self, bytes: &[u8], range: Range<usize>, Lines { made, run }: &mut Lines) {
        if let Some(run) = run {
            let joint: &[u8] = if range.start.saturating_sub(run.end) <= BESIDE { b"\n" } else { b"\n\n\n" };
            made.push(run.end, 1, joint);
        }
        let mut at = range.start;
        while at < range.end {
            let Some(unit) = self.unit(bytes, at) else { break };
            let low = self.unit(bytes, at + self.width).filter(|low| self.width == 2 && (0xdc00..0xe000).contains(low));
            let (number, units) = match low {
                Some(low) if (0xd800..0xdc00).contains(&unit) => (0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00)), 2),
                _ => (unit, 1),
            };
            let letter = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
            made.push(at, units * self.width, letter.encode_utf8(&mut [0; 4]).as_bytes());
            at += units * self.width;
        }
        *run = Some(run.as_ref().map_or(range.start, |run| run.start)..range.end);
    }
}

/// A letter or a mark beyond ASCII, or half of one: what text has and few numbers are.
fn is_foreign(unit: u32) -> bool {
    matches!(unit, 0xa0..=0x5ff | 0x1e00..=0x1eff | 0x2010..=0x24ff | 0x3000..=0x30ff | 0x4e00..=0x9fff | 0xac00..=0xdfff | 0xfeff | 0x1f000..=0x1faff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &str, how: &str) -> Vec<u8> {
        match how {
            "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            "utf-32le" => text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect(),
            _ => text.chars().flat_map(|c| (c as u32).to_be_bytes()).collect(),
        }
    }

    fn check(bytes: &[u8], expected: &[(&str, &str)]) {
        let found = layers(bytes);
        let found: Vec<_> = found.iter().map(|layer| (layer.how, String::from_utf8_lossy(&layer.text))).collect();
        let found: Vec<_> = found.iter().map(|(how, text)| (*how, &**text)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn regions_of_every_kind_at_every_offset() {
        let text = "name = \"value\"\r\n\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}=\u{1f511} x";
        for how in ["utf-16le", "utf-16be", "utf-32le", "utf-32be"] {
            for offset in 0..70 {
                let bytes = [vec![0xee; offset], encode(text, how), vec![0x11; 40]].concat();
                check(&bytes, &[(how, text)]);
                let place = layers(&bytes)[0].exact(&(8..13));
                let width = if how.starts_with("utf-16") { 2 } else { 4 };
                assert_eq!(place, offset + 8 * width..offset + 13 * width);
            }
        }
    }

    #[test]
    fn strings_of_a_table_stand_under_each_other() {
        let table =
            [&[0, 21][..], &encode("first name", "utf-16le"), &[0, 25], &encode("second value", "utf-16le"), &[0; 90]].concat();
        check(&table, &[("utf-16le", "first name\nsecond value")]);
    }

    #[test]
    fn ordinary_binaries_are_none() {
        check(&[0; 4096], &[]);
        check(&(0..2000u32).flat_map(|n| (n * 13).to_le_bytes()).collect::<Vec<u8>>(), &[]);
        check(&(0..2000u64).flat_map(|n| (n % 100).to_le_bytes()).collect::<Vec<u8>>(), &[]);
        check(b"text with\0short\0strings\0in\0it, as programs have", &[]);
    }
}
