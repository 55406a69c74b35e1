//! Pages: what the first ones say of the file, and what stands on the others.

use super::super::super::cursor::{Cursor, le16, le32};
use std::ops::Range;

/// What a page that says where trees begin has before it.
const MAGIC: u32 = 0xbeef_c0de;
const VERSION: u32 = 1;
/// Kinds of pages.
const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
const OVERFLOW: u16 = 0x04;
const META: u16 = 0x08;
/// A leaf of keys alone, all of one length.
const FIXED: u16 = 0x20;
/// What a value is: on pages of its own, a tree, one of several of its key.
const BIG: u16 = 0x01;
const TREE: u16 = 0x02;
const SEVERAL: u16 = 0x04;
/// What stands before a key: the length of the value or the number of a page, what it is, the length of the key.
const NODE: usize = 8;

/// How the machine that wrote the file counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bytes of a number of a page.
    word: usize,
    /// Bytes of a page.
    pub(super) size: usize,
}

/// What a first page says: the roots of the trees, the last page, and the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) root: u64,
    pub(super) last: u64,
    pub(super) transaction: u64,
}

/// What a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Branch,
    Leaf,
    /// Keys alone, of so many bytes.
    Fixed(usize),
    /// The first of so many.
    Overflow(u64),
}

/// A key, and what it has for a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) key: Range<usize>,
    pub(super) data: Data,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Here(Range<usize>),
    /// On pages of its own: the first of them, and its length.
    Big(u64, u64),
    /// A database, by its root; whether its keys are values of this key.
    Tree(u64, bool),
    /// Several values, which are the keys of a page within this one.
    Several(Range<usize>),
}

impl Layout {
    /// That of a file that begins so.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        [8, 4].into_iter().find_map(|word| {
            let layout = Self { word, size: 0 };
            let (head, flags) = (layout.head(), le16(start, word + 2)?);
            let is_meta = flags & META != 0 && le32(start, head)? == MAGIC && le32(start, head + 4)? == VERSION;
            // The first tree is of free pages, and has the size of a page where others have nothing.
            let size = le32(start, head + 8 + 2 * word)? as usize;
            (is_meta && size.is_power_of_two() && (256..=65_536).contains(&size)).then_some(Self { word, size })
        })
    }

    /// Bytes before what a page holds.
    pub(super) fn head(&self) -> usize {
        self.word + 8
    }

    fn number(&self, cursor: &mut Cursor<'_>) -> Option<u64> {
        cursor.uint_le(self.word)
    }

    /// Whether a number of a page says that there is none.
    pub(super) fn is_none(&self, page: u64) -> bool {
        page == if self.word == 8 { u64::MAX } else { u32::MAX.into() }
    }

    /// What a first page says.
    pub(super) fn meta(&self, page: &[u8]) -> Option<Meta> {
        let is_meta = le32(page, self.head())? == MAGIC && le32(page, self.head() + 4)? == VERSION;
        let tree = 8 + 5 * self.word;
        let mut cursor = Cursor::at(page, self.head() + 8 + 2 * self.word + 2 * tree - self.word);
        let meta =
            Meta { root: self.number(&mut cursor)?, last: self.number(&mut cursor)?, transaction: self.number(&mut cursor)? };
        is_meta.then_some(meta)
    }

    /// What a page is, by its own word, and its number.
    pub(super) fn kind(&self, page: &[u8]) -> Option<(Kind, u64)> {
        let mut cursor = Cursor::new(page);
        let number = self.number(&mut cursor)?;
        let (pad, flags) = (cursor.u16_le()?, cursor.u16_le()?);
        let kind = match flags & (BRANCH | LEAF | OVERFLOW | META | FIXED) {
            BRANCH => Kind::Branch,
            LEAF => Kind::Leaf,
            flags if flags == LEAF | FIXED => Kind::Fixed(pad.into()),
            OVERFLOW => Kind::Overflow(cursor.u32_le()?.into()),
            _ => return None,
        };
        Some((kind, number))
    }

    /// Where nodes stand on a page, in the order of their places, and whether all of them do: none stands in another.
    fn places(&self, page: &[u8]) -> (Vec<usize>, bool) {
        let lower = le16(page, self.head() - 4).map_or(0, usize::from);
        let count = lower.saturating_sub(self.head()) / 2;
        let mut cursor = Cursor::at(page, self.head());
        let mut places: Vec<_> = (0..count).map_while(|_| cursor.u16_le()).map(usize::from).collect();
        let is_whole = places.len() == count && lower <= page.len();
        places.sort_unstable();
        let before = places.len();
        places.dedup();
        let is_whole = is_whole && places.len() == before;
        (places, is_whole)
    }

    /// The pages that a branch leads to.
    pub(super) fn children(&self, page: &[u8]) -> (Vec<u64>, bool) {
        let (places, is_whole) = self.places(page);
        let child = |at: usize| {
            let mut cursor = Cursor::at(page, at);
            // A number of 32 bits takes no more than the length of a value does.
            cursor.uint_le(if self.word == 8 { 6 } else { 4 })
        };
        let children: Vec<_> = places.iter().filter_map(|at| child(*at)).collect();
        let is_whole = is_whole && children.len() == places.len();
        (children, is_whole)
    }

    /// The keys of a leaf with their values, and whether all could be read.
    pub(super) fn nodes(&self, page: &[u8]) -> (Vec<Node>, bool) {
        let (places, mut is_whole) = self.places(page);
        let (mut nodes, mut end) = (Vec::new(), self.head());
        for at in places {
            let node = if at < end { None } else { self.node(page, at) };
            is_whole &= node.is_some();
            let Some((node, behind)) = node else { continue };
            nodes.push(node);
            end = behind;
        }
        (nodes, is_whole)
    }

    fn node(&self, page: &[u8], at: usize) -> Option<(Node, usize)> {
        let mut cursor = Cursor::at(page, at);
        let (length, flags, key) = (cursor.u32_le()?, cursor.u16_le()?, cursor.u16_le()?);
        let start = at + NODE + usize::from(key);
        cursor.take(key.into())?;
        let data = match flags & (BIG | TREE | SEVERAL) {
            0 | SEVERAL => {
                cursor.take_long(length.into())?;
                let here = start..cursor.position();
                if flags & SEVERAL == 0 { Data::Here(here) } else { Data::Several(here) }
            }
            BIG => Data::Big(self.number(&mut cursor)?, length.into()),
            flags if flags & BIG == 0 => {
                // A record of a tree ends with the number of its root.
                cursor.take(8 + 4 * self.word)?;
                Data::Tree(self.number(&mut cursor)?, flags & SEVERAL != 0)
            }
            _ => return None,
        };
        Some((Node { key: at + NODE..start, data }, cursor.position()))
    }

    /// The keys of a page that has keys alone, and whether all are there.
    pub(super) fn fixed(&self, page: &[u8], width: usize) -> (Vec<Range<usize>>, bool) {
        let count = le16(page, self.head() - 4).map_or(0, usize::from).saturating_sub(self.head()) / 2;
        let key = |index: usize| {
            let start = self.head() + index * width;
            (width > 0 && start + width <= page.len()).then_some(start..start + width)
        };
        let keys: Vec<_> = (0..count).map_while(key).collect();
        let is_whole = keys.len() == count;
        (keys, is_whole)
    }
}
