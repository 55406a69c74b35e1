//! LMDB: trees of keys with values in one file, as caches, mail servers, indexes and sets of training data keep them.
//!
//! Format: `mdb.c` of <https://github.com/LMDB/lmdb>, where its structures are described, version 1 of the data. Pages
//! of one size; the first two say where the trees begin, each after every other transaction. A tree is never written
//! over: what was changed or deleted stands in pages that are free, until they are used again. Each page of keys is read
//! once, those of the newest trees first, and a value is told by its key; whatever is told by none is scanned as it is.

mod page;
mod pages;

use super::super::told::Told;
use super::super::{About, Extractor, Halt, Head, Input, Sink};
use crate::finding::GapReason;
use page::Layout;
use pages::Pages;

/// LMDB.
pub struct Lmdb;

impl Extractor for Lmdb {
    fn name(&self) -> &'static str {
        "LMDB"
    }

    fn about(&self) -> About {
        About {
            title: "LMDB",
            reads: "values by their database and key, those of free pages too, binary ones opened; all else as it is",
            limits: "values of up to 1 MiB by their key; little-endian files; eight million pages, others as they are",
            specification: "https://github.com/LMDB/lmdb/blob/mdb.master/libraries/liblmdb/mdb.c",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        Layout::of(head.start).is_some()
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut told = Told::default();
        match Pages::open(input.seekable()?)?.read(&mut told, sink) {
            Err(Halt::Broken(reason, detail)) => sink.gap(reason, detail, None),
            outcome => outcome?,
        }
        told.sweep(&mut *input.seekable()?, sink)
    }
}

/// What is not as it should be.
fn damaged(what: &str) -> Halt {
    Halt::Broken(GapReason::Damaged, format!("LMDB: {what}"))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    const SIZE: usize = 256;
    const LEAF: u8 = 2;
    const OVERFLOW: u8 = 4;
    const NONE: u64 = u64::MAX;

    /// Writes as a machine with words of so many bytes does.
    #[derive(Clone, Copy)]
    struct Writer(usize);

    impl Writer {
        fn numbers(self, numbers: &[u64]) -> Vec<u8> {
            numbers.iter().flat_map(|number| number.to_le_bytes()[..self.0].to_vec()).collect()
        }

        /// The record of a tree.
        fn tree(self, pad: u32, root: u64) -> Vec<u8> {
            [&pad.to_le_bytes()[..], &[0; 4], &self.numbers(&[0, 0, 0, 0, root])].concat()
        }

        fn meta(self, number: u64, root: u64, last: u64) -> Vec<u8> {
            let head = [&self.numbers(&[number])[..], &[0, 0, 8, 0, 0, 0, 0, 0], b"\xde\xc0\xef\xbe\x01\0\0\0"].concat();
            let trees = [self.tree(SIZE as u32, NONE), self.tree(0, root)].concat();
            padded([&head[..], &self.numbers(&[0, 0]), &trees, &self.numbers(&[last, number])].concat(), SIZE)
        }

        fn node(self, key: &[u8], flags: u8, length: usize, data: &[u8]) -> Vec<u8> {
            [&(length as u32).to_le_bytes()[..], &[flags, 0, key.len() as u8, 0], key, data].concat()
        }

        fn text(self, key: &str, text: &str) -> Vec<u8> {
            self.node(key.as_bytes(), 0, text.len(), text.as_bytes())
        }

        /// A page of nodes, which stand at its end, the last one first.
        fn page(self, number: u64, flags: u8, nodes: &[Vec<u8>], size: usize) -> Vec<u8> {
            let mut at = size;
            let mut places = Vec::new();
            for node in nodes {
                at -= node.len();
                places.push(at as u8);
            }
            let lower = (self.0 + 8 + 2 * nodes.len()) as u8;
            let mut page = [&self.numbers(&[number])[..], &[0, 0, flags, 0, lower, 0, at as u8, 0]].concat();
            page.extend(places.into_iter().flat_map(|place| [place, 0]));
            page.resize(at, 0);
            nodes.iter().rev().for_each(|node| page.extend(node));
            page
        }

        /// A database of everything: a text, one on pages of its own, several of one key, one in a tree, a page that is free.
        fn all(self) -> (Vec<u8>, String) {
            let long = "a text of pages ".repeat(20);
            let several = self.page(0, LEAF | 0x40, &[self.text("the first of two", ""), self.text("the second of two", "")], 96);
            let main = [
                self.text("note", "a plain text"),
                self.node(b"big", 1, long.len(), &self.numbers(&[3])),
                self.node(b"few", 4, several.len(), &several),
                self.node(b"base", 2, 8 + 5 * self.0, &self.tree(0, 5)),
            ];
            let big = [&self.numbers(&[3])[..], &[0, 0, OVERFLOW, 0, 2, 0, 0, 0], long.as_bytes()].concat();
            let pages = [
                self.meta(0, NONE, 1),
                self.meta(1, 2, 6),
                self.page(2, LEAF, &main, SIZE),
                padded(big, 2 * SIZE),
                self.page(5, LEAF, &[self.text("app:note", "a text in a base")], SIZE),
                self.page(6, LEAF, &[self.text("old", "a text that was deleted")], SIZE),
            ];
            (pages.concat(), long)
        }
    }

    fn padded(mut bytes: Vec<u8>, size: usize) -> Vec<u8> {
        bytes.resize(size, 0);
        bytes
    }

    fn check(bytes: &[u8], expected: &[(&str, &str)], gaps: &[GapReason]) {
        assert!(Lmdb.probe(&Head { start: bytes, tail: &[] }));
        let found = seen(&Lmdb, bytes);
        let mut texts = found.texts.0;
        texts.sort();
        let mut expected: Vec<_> = expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        expected.sort();
        assert_eq!((texts, &found.gaps[..], found.raw.len()), (expected, gaps, bytes.len()));
    }

    #[test]
    fn values_have_their_database_and_key() {
        for writer in [Writer(8), Writer(4)] {
            let (bytes, long) = writer.all();
            let expected = [
                ("note", "a plain text"),
                ("big", &long),
                ("few", "the first of two"),
                ("few", "the second of two"),
                ("base.app:note", "a text in a base"),
                ("old", "a text that was deleted"),
            ];
            check(&bytes, &expected, &[]);
            check(&bytes[..6 * SIZE], &expected[..5], &[GapReason::Truncated]);
        }
    }

    #[test]
    fn what_is_broken_is_told_and_scanned_as_it_is() {
        let writer = Writer(8);
        let leaf = [writer.text("note", "a plain text"), writer.text("other", "another text")];
        let file = |page: Vec<u8>| [writer.meta(0, NONE, 1), writer.meta(1, 2, 2), page].concat();
        let both = [("note", "a plain text"), ("other", "another text")];
        let sound = writer.page(2, LEAF, &leaf, SIZE);
        check(&file(sound.clone()), &both, &[]);
        // Two keys at one place, one that lies outside, more of them than there is room for.
        let changed = |at: usize, byte: u8| {
            let mut page = sound.clone();
            page[at] = byte;
            file(page)
        };
        check(&changed(18, sound[16]), &both[..1], &[GapReason::Damaged]);
        check(&changed(16, 0xff), &both[1..], &[GapReason::Damaged]);
        check(&changed(13, 0xff), &both, &[GapReason::Damaged]);
        // A branch that leads to itself and out of the file, and values on pages that are of another.
        let branch = writer.page(2, 1, &[writer.node(b"", 0, 2, b""), writer.node(b"a", 0, 9, b"")], SIZE);
        check(&file(branch), &[], &[GapReason::Damaged]);
        let big = writer.node(b"note", 1, 300, &writer.numbers(&[2]));
        check(&file(writer.page(2, LEAF, &[big], SIZE)), &[], &[GapReason::Damaged]);
        check(&file(writer.page(2, 0x10, &leaf, SIZE)), &[], &[GapReason::Damaged]);
        assert!(!Lmdb.probe(&Head { start: &[0; 200], tail: &[] }));
        let cut = &file(sound)[..100];
        check(cut, &[], &[GapReason::Truncated]);
    }
}
