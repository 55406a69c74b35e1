//! How wide the letters of a font are (ISO 32000-1, 9.2.4 and 9.7.4.3), by which is told whether a letter that stands by
//! itself goes on with the one before it.

use super::syntax::Word;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Of a letter that a font says nothing of, in thousandths of its size.
const USUAL: f32 = 500.0;

/// Widths of codes, in thousandths of the size of the font.
#[derive(Clone, Debug, Default)]
pub(super) struct Widths {
    /// Tells lists apart.
    digest: u64,
    /// The first and the last code of a stretch, in order, and where the widths of its codes begin; one that all have
    /// counts for each.
    stretches: Vec<(u32, u32, usize, bool)>,
    widths: Vec<f32>,
    default: f32,
}

impl PartialEq for Widths {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

fn decimal(word: &Word<'_>) -> Option<f32> {
    match word {
        Word::Plain(plain) => std::str::from_utf8(plain).ok()?.parse().ok(),
        _ => None,
    }
}

impl Widths {
    fn new(default: f32) -> Self {
        Self { default, ..Self::default() }
    }

    fn finished(mut self) -> Self {
        self.stretches.sort_by_key(|(first, ..)| *first);
        let mut hasher = DefaultHasher::new();
        self.stretches.hash(&mut hasher);
        self.widths.iter().chain([&self.default]).for_each(|width| width.to_bits().hash(&mut hasher));
        self.digest = hasher.finish();
        self
    }

    /// A list of one width for each code, from the first on.
    pub(super) fn simple(list: &[Word<'_>], first: u32, scale: f32) -> Self {
        let mut widths = Self::new(USUAL);
        widths.widths = list.iter().skip(1).map_while(decimal).map(|width| width * scale).collect();
        let last = first.saturating_add(widths.widths.len().saturating_sub(1) as u32);
        widths.stretches.extend(Some((first, last, 0, false)).filter(|_| !widths.widths.is_empty()));
        widths.finished()
    }

    /// A list of codes with lists of the widths from there on, and of ranges with one width for all.
    pub(super) fn composite(list: &[Word<'_>], default: f32) -> Self {
        let mut widths = Self::new(default);
        let mut held: Vec<f32> = Vec::new();
        // Where the list began that is open, if it stands in the whole.
        let mut open = None;
        for word in list.iter().skip(1) {
            match word {
                Word::Mark("[") => open = Some(widths.widths.len()),
                Word::Mark(_) => {
                    let Some(at) = open.take() else { break };
                    let count = widths.widths.len() - at;
                    if let (Some(first), Some(more)) = (held.pop(), count.checked_sub(1)) {
                        widths.stretches.push((first as u32, (first as u32).saturating_add(more as u32), at, false));
                    }
                    held.clear();
                }
                word => match (decimal(word), open) {
                    (Some(number), Some(_)) => widths.widths.push(number),
                    (Some(number), None) => held.push(number),
                    _ => {}
                },
            }
            if let [first, last, width] = held[..] {
                widths.stretches.push((first as u32, last as u32, widths.widths.len(), true));
                widths.widths.push(width);
                held.clear();
            }
        }
        widths.finished()
    }

    pub(super) fn of(&self, code: u32) -> f32 {
        let before = self.stretches.partition_point(|(first, ..)| *first <= code);
        let stretch = before.checked_sub(1).and_then(|at| self.stretches.get(at)).filter(|(_, last, ..)| *last >= code);
        let index = stretch.map(|(first, _, at, is_one)| at + if *is_one { 0 } else { (code - first) as usize });
        index.and_then(|index| self.widths.get(index)).copied().unwrap_or(self.default)
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::Words;
    use super::*;

    #[test]
    fn lists_say_how_wide_letters_are() {
        let words = |text: &'static str| Words::new(text.as_bytes(), 0).collect::<Vec<_>>();
        let simple = Widths::simple(&words("[10 20 30]"), 65, 1.0);
        assert_eq!([64, 65, 67, 68].map(|code| simple.of(code)), [USUAL, 10.0, 30.0, USUAL]);
        let composite = Widths::composite(&words("[7 9 70 1 [10 20] 3 [] 5 [50]]"), 1000.0);
        assert_eq!(
            [0, 1, 2, 3, 5, 7, 9, 10].map(|code| composite.of(code)),
            [1000.0, 10.0, 20.0, 1000.0, 50.0, 70.0, 70.0, 1000.0]
        );
        assert_eq!(Widths::composite(&words("[4294967295 [1 2]]"), 0.0).of(u32::MAX), 1.0);
        assert!(simple != composite && simple == simple.clone());
    }
}
