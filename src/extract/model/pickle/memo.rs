//! What a pickle has put aside to call by number.

use super::heap::{Id, OPAQUE};
use std::collections::BTreeMap;

/// Values that are remembered.
const ENTRIES: usize = 4 << 20;

/// Numbers are given in order by all who write pickles; others are kept beside.
#[derive(Debug, Default)]
pub(super) struct Memo {
    row: Vec<Id>,
    stray: BTreeMap<u32, Id>,
}

impl Memo {
    /// Puts a value aside, under the next number if none is given. Says whether there was room.
    pub(super) fn put(&mut self, slot: Option<u32>, id: Id) -> bool {
        let next = self.row.len();
        let slot = slot.map_or(next, |slot| slot as usize);
        if let Some(known) = self.row.get_mut(slot) {
            *known = id;
        } else if slot == next && next < ENTRIES {
            self.row.push(id);
        } else if self.stray.len() < ENTRIES / 32 {
            self.stray.insert(u32::try_from(slot).unwrap_or(u32::MAX), id);
        } else {
            return false;
        }
        true
    }

    pub(super) fn get(&self, slot: u32) -> Id {
        self.row.get(slot as usize).or_else(|| self.stray.get(&slot)).copied().unwrap_or(OPAQUE)
    }

    /// All values, to be moved.
    pub(super) fn ids(&mut self) -> impl Iterator<Item = &mut Id> {
        self.row.iter_mut().chain(self.stray.values_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_will_do() {
        let mut memo = Memo::default();
        assert!(memo.put(None, 7) && memo.put(Some(1), 8) && memo.put(Some(4_000_000_000), 9) && memo.put(Some(0), 6));
        assert_eq!([memo.get(0), memo.get(1), memo.get(4_000_000_000), memo.get(5)], [6, 8, 9, OPAQUE]);
    }
}
