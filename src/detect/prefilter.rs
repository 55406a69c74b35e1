//! The literal pass: where in a view an anchor of any rule stands.
//!
//! All bytes pass through here, so it is a handful of packed (SIMD) searches and no automaton. Each
//! search looks for few enough literals to stay fast; what it reports is compared in full, so callers
//! see true occurrences only. The file has no other duty and may be replaced by a kernel of our own.

use aho_corasick::packed::{Config, MatchKind, Searcher};
use aho_corasick::{AhoCorasick, Span};

/// More literals than this make the packed search slow.
const PER_SEARCH: usize = 48;

/// Finds every occurrence of every literal, overlapping ones included.
#[derive(Debug)]
pub(super) struct Prefilter {
    literals: Vec<Vec<u8>>,
    searches: Vec<Search>,
}

#[derive(Debug)]
struct Search {
    engine: Packed,
    /// For each head searched for, the literals that start with it.
    literals: Vec<Vec<usize>>,
}

#[derive(Debug)]
enum Packed {
    Simd(Searcher),
    /// Where the machine has no such instructions.
    Plain(AhoCorasick),
}

impl Prefilter {
    /// For these literals, each known from now on by its index.
    pub(super) fn new(literals: Vec<Vec<u8>>) -> Self {
        let mut heads: Vec<Vec<u8>> = literals.clone();
        heads.sort();
        // Sorted, so a literal follows what it starts with: no head is the start of another.
        heads.dedup_by(|later, earlier| later.starts_with(earlier));
        let searches = heads.chunks(PER_SEARCH).filter_map(|heads| Search::new(heads, &literals)).collect();
        Self { literals, searches }
    }

    /// Calls `found` with the index of a literal and where it starts.
    pub(super) fn each(&self, bytes: &[u8], mut found: impl FnMut(usize, usize)) {
        for search in &self.searches {
            let mut from = 0;
            while let Some((head, start)) = search.next(bytes, from) {
                let here = bytes.get(start..).unwrap_or_default();
                for &literal in search.literals.get(head).into_iter().flatten() {
                    if self.literals.get(literal).is_some_and(|text| here.starts_with(text)) {
                        found(literal, start);
                    }
                }
                from = start + 1;
            }
        }
    }
}

impl Search {
    fn new(heads: &[Vec<u8>], all: &[Vec<u8>]) -> Option<Self> {
        let mut builder = Config::new().match_kind(MatchKind::LeftmostFirst).builder();
        builder.extend(heads);
        let engine = match builder.build() {
            Some(searcher) => Packed::Simd(searcher),
            None => Packed::Plain(AhoCorasick::new(heads).ok()?),
        };
        let starting =
            |head: &Vec<u8>| all.iter().enumerate().filter(|(_, text)| text.starts_with(head)).map(|(index, _)| index).collect();
        Some(Self { engine, literals: heads.iter().map(starting).collect() })
    }

    fn next(&self, bytes: &[u8], from: usize) -> Option<(usize, usize)> {
        if from >= bytes.len() {
            return None;
        }
        let span = Span { start: from, end: bytes.len() };
        let found = match &self.engine {
            Packed::Simd(searcher) => searcher.find_in(bytes, span)?,
            Packed::Plain(automaton) => automaton.find(aho_corasick::Input::new(bytes).span(span))?,
        };
        Some((found.pattern().as_usize(), found.start()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_and_nested_literals_are_all_found() {
        let literals = ["abcd", "abcdef", "cdef", "defg", "zzzz"].map(|text| text.as_bytes().to_vec()).to_vec();
        let prefilter = Prefilter::new(literals.clone());
        for padding in 0..70 {
            let text = [vec![b'.'; padding], b"abcdefg zzzzz".to_vec(), vec![b'.'; padding / 2]].concat();
            let mut seen = Vec::new();
            prefilter.each(&text, |literal, start| seen.push((start, literal)));
            seen.sort_unstable();
            let mut expected = Vec::new();
            for start in 0..text.len() {
                expected.extend((0..literals.len()).filter(|l| text[start..].starts_with(&literals[*l])).map(|l| (start, l)));
            }
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn many_literals_make_several_searches() {
        let literals: Vec<_> = (0..200).map(|n| format!("lit{n:03}_").into_bytes()).collect();
        let prefilter = Prefilter::new(literals);
        assert!(prefilter.searches.len() > 1);
        let mut count = 0;
        prefilter.each(b"lit000_lit199_ lit200_", |_, _| count += 1);
        assert_eq!(count, 2);
    }
}
