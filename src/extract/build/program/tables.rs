//! Tables of pointers in the data of a program: what a text stands beside, and how long it is.
//!
//! C ends a text with a zero and keeps its address; Go and Rust keep address and length and write texts end to end
//! (`reflect.StringHeader`, `&str`). Two texts side by side are a row of a table of names and values.

use super::layout::{Kind, Layout, chunks};
use super::pages::Pages;

/// Pointers that are kept.
const POINTERS: usize = 500_000;
/// The longest text.
pub(super) const LONGEST: u64 = 64 << 10;

/// Where pointers stand that are written beside the data, and what they point to in the file; by address.
#[derive(Clone, Debug, Default)]
pub(super) struct Moved {
    pointers: Vec<(u64, u64)>,
    /// Whether there were more.
    pub(super) is_full: bool,
}

impl Moved {
    /// Reads the relocations that lead to data.
    pub(super) fn read(pages: &mut Pages<'_>, layout: &Layout) -> Self {
        const BATCH: u64 = 1024;
        let numbers = layout.numbers;
        let word = numbers.size();
        let size = 3 * word as u64;
        let mut moved = Self::default();
        for table in &layout.relocations {
            let count = table.size.min(pages.length()) / size;
            let mut index = 0;
            while index < count && !pages.is_spent() {
                let bytes = pages.read(table.at.saturating_add(index * size), (BATCH.min(count - index) * size) as usize);
                if bytes.is_empty() {
                    break;
                }
                index += BATCH;
                for entry in bytes.chunks_exact(size as usize) {
                    let (Some(place), Some(target)) = (numbers.word(entry, 0), numbers.word(entry, 2 * word)) else { continue };
                    let Some((target, _)) = layout.data_at(target).filter(|_| layout.data_at(place).is_some()) else { continue };
                    if moved.pointers.len() >= POINTERS {
                        moved.is_full = true;
                        break;
                    }
                    moved.pointers.push((place, target));
                }
            }
        }
        moved.pointers.sort_unstable();
        moved.pointers.dedup_by_key(|(place, _)| *place);
        moved
    }

    fn at(&self, place: u64) -> Option<u64> {
        let index = self.pointers.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        self.pointers.get(index).map(|(_, target)| *target)
    }
}

/// A number of the data.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slot {
    place: u64,
    /// What it is.
    pub(super) number: u64,
    /// Where in the file it leads to, if it is a pointer.
    pub(super) target: Option<u64>,
}

impl Slot {
    /// The length that it may be of a text.
    pub(super) fn length(&self) -> Option<u64> {
        (self.target.is_none() && (1..=LONGEST).contains(&self.number)).then_some(self.number)
    }
}

/// The number at an address.
pub(super) fn slot(pages: &mut Pages<'_>, layout: &Layout, moved: &Moved, place: u64) -> Option<Slot> {
    let (at, left) = layout.data_at(place)?;
    let size = layout.numbers.size();
    if left < size as u64 {
        return None;
    }
    let number = layout.numbers.word(&pages.read(at, size), 0)?;
    let target = moved.at(place).or_else(|| layout.pointed(number).filter(|_| layout.in_place));
    Some(Slot { place, number, target })
}

/// Calls `each` with every pointer of the data and with what stands before and behind it, up to four numbers in a row
/// of which the last is new.
pub(super) fn walk(pages: &mut Pages<'_>, layout: &Layout, moved: &Moved, mut each: impl FnMut(&mut Pages<'_>, &[Slot])) {
    let mut row = Row::default();
    let word = layout.numbers.size() as u64;
    if !layout.in_place {
        for (index, (place, target)) in moved.pointers.iter().enumerate() {
            row.push(Slot { place: *place, number: 0, target: Some(*target) }, word);
            each(pages, row.slots());
            let next = place.saturating_add(word);
            if moved.pointers.get(index + 1).is_none_or(|(place, _)| *place != next)
                && let Some(slot) = slot(pages, layout, moved, next)
            {
                row.push(slot, word);
                each(pages, row.slots());
            }
        }
        return;
    }
    let data: Vec<_> = layout.of(Kind::Data).cloned().collect();
    for section in data {
        let skipped = section.address.checked_next_multiple_of(word).map_or(0, |next| next - section.address);
        let stretch = (section.at.saturating_add(skipped), section.size.saturating_sub(skipped));
        chunks(pages, stretch, 0, |pages, at, bytes| {
            for (index, number) in bytes.chunks_exact(word as usize).enumerate() {
                let place = section.address.saturating_add(at - section.at).saturating_add(index as u64 * word);
                let Some(number) = layout.numbers.word(number, 0) else { continue };
                let target = layout.pointed(number).or_else(|| moved.at(place));
                row.push(Slot { place, number, target }, word);
                if row.has_pointer() {
                    each(pages, row.slots());
                }
            }
        });
    }
}

/// The last numbers.
#[derive(Default)]
struct Row {
    slots: [Slot; 4],
    length: usize,
}

impl Row {
    fn push(&mut self, slot: Slot, word: u64) {
        let follows = self.slots().last().is_some_and(|last| last.place.checked_add(word) == Some(slot.place));
        if !follows {
            self.length = 0;
        }
        if self.length == self.slots.len() {
            self.slots.rotate_left(1);
            self.length -= 1;
        }
        if let Some(place) = self.slots.get_mut(self.length) {
            *place = slot;
            self.length += 1;
        }
    }

    fn slots(&self) -> &[Slot] {
        self.slots.get(..self.length).unwrap_or_default()
    }

    fn has_pointer(&self) -> bool {
        self.slots().iter().rev().take(2).any(|slot| slot.target.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout::{Machine, Numbers, Section};
    use super::*;

    #[test]
    fn data_at_the_end_of_all_addresses_is_walked() {
        let mut layout = Layout::new(Numbers { big: false, wide: true }, Machine::X64);
        layout.add(Section { kind: Kind::Data, address: u64::MAX - 2, at: 0, size: 32 });
        let mut file = std::io::Cursor::new([7; 32]);
        let mut pages = Pages::new(&mut file, 32);
        let mut count = 0;
        walk(&mut pages, &layout.sorted(), &Moved::default(), |_, _| count += 1);
        assert_eq!(count, 0);
    }
}
