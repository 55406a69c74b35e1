//! The file: its pages, the trees they form, and the values that are told of them.

use super::super::super::model::keys;
use super::super::super::told::Told;
use super::super::super::{Halt, ReadSeek, Sink, Stop};
use super::super::keyed::{self, Called, last_word};
use super::super::source::Source;
use super::damaged;
use super::page::{Data, Kind, Layout};
use crate::finding::GapReason;
use std::ops::Range;
use std::rc::Rc;

/// Pages that are read by their structure.
const PAGES: u64 = 8 << 20;
/// Values up to this length are held to be told by their key; longer ones are opened, or scanned as they are.
const HELD: u64 = 1 << 20;
/// Bytes of the name of a database.
const NAME: usize = 256;

/// An open file.
pub(super) struct Pages<'f> {
    source: Source<'f>,
    layout: Layout,
    /// The pages that belong to something that was read.
    taken: Vec<bool>,
    is_sound: bool,
}

/// A page of a tree that is still to be read.
struct Waiting {
    page: u64,
    /// The database, or the key, whose tree it is.
    name: Rc<[u8]>,
    /// That key, if the keys of the tree are its values.
    key: Option<Rc<[u8]>>,
}

impl Waiting {
    fn root(page: u64) -> Self {
        Self { page, name: Rc::default(), key: None }
    }
}

/// Where values go.
struct Out<'o> {
    told: &'o mut Told,
    sink: &'o mut dyn Sink,
}

impl<'f> Pages<'f> {
    pub(super) fn open(file: Box<dyn ReadSeek + 'f>) -> Result<Self, Halt> {
        let mut source = Source::open(file)?;
        let head = source.bytes(0, 4096)?;
        let layout = Layout::of(&head).ok_or_else(|| damaged("no size of a page"))?;
        let count = (source.length / layout.size as u64).min(PAGES);
        Ok(Self { source, layout, taken: vec![false; count as usize], is_sound: true })
    }

    /// Tells all values: those of the newest trees, then those of pages that are in none.
    pub(super) fn read(&mut self, told: &mut Told, sink: &mut dyn Sink) -> Result<(), Halt> {
        let (mut metas, size) = (Vec::new(), self.layout.size as u64);
        for number in 0..2 {
            let page = self.page(number)?;
            metas.extend(self.layout.meta(&page));
            self.take(number, 1);
        }
        if metas.is_empty() {
            return Err(Halt::Broken(GapReason::Truncated, "LMDB: ends before its trees begin".to_owned()));
        }
        metas.sort_unstable_by_key(|meta| std::cmp::Reverse(meta.transaction));
        let promised = metas.first().map_or(0, |meta| meta.last.saturating_add(1).saturating_mul(size));
        if promised > self.source.length {
            let missing = promised - self.source.length;
            sink.gap(GapReason::Truncated, "LMDB: ends before it says".to_owned(), Some(missing));
        }
        if self.source.length / size > PAGES {
            let detail = "LMDB: more than eight million pages; the rest was scanned as it is".to_owned();
            sink.gap(GapReason::SizeLimit, detail, None);
        }
        let mut out = Out { told, sink };
        for meta in metas {
            if !self.layout.is_none(meta.root) && self.enter(meta.root) {
                self.walk(vec![Waiting::root(meta.root)], &mut out)?;
            }
        }
        let is_sound = self.is_sound;
        self.free(&mut out)?;
        if is_sound { Ok(()) } else { Err(damaged("pages that cannot be read, or that lie outside; scanned as they are")) }
    }

    /// Tells the values on pages that are in no tree. What does not fit there was written over.
    fn free(&mut self, out: &mut Out<'_>) -> Result<(), Halt> {
        for number in 0..self.taken.len() as u64 {
            if self.is_taken(number) {
                continue;
            }
            let page = self.page(number)?;
            if let Some((Kind::Leaf, own)) = self.layout.kind(&page)
                && own == number
            {
                self.take(number, 1);
                let trees = self.leaf((number, &page), &Waiting::root(number), out)?;
                self.walk(trees, out)?;
            }
        }
        Ok(())
    }

    fn page(&mut self, number: u64) -> Result<Vec<u8>, Halt> {
        let size = self.layout.size as u64;
        self.source.bytes(number.saturating_mul(size), size)
    }

    fn is_taken(&self, number: u64) -> bool {
        usize::try_from(number).ok().and_then(|number| self.taken.get(number)).copied().unwrap_or(true)
    }

    /// Whether a page of a tree is still to be read. One that trees share was read with the first of them.
    fn enter(&mut self, number: u64) -> bool {
        self.is_sound &= number < self.taken.len() as u64;
        self.take(number, 1)
    }

    /// Takes pages, unless one of them was taken before or is not there.
    fn take(&mut self, first: u64, count: u64) -> bool {
        let range = usize::try_from(first).ok().zip(usize::try_from(first.saturating_add(count)).ok());
        let Some(pages) = range.and_then(|(first, end)| self.taken.get_mut(first..end)) else { return false };
        let is_free = pages.iter().all(|taken| !taken);
        if is_free {
            pages.fill(true);
        }
        is_free
    }

    /// Tells the values of trees, and of those whose roots are in them.
    fn walk(&mut self, mut waiting: Vec<Waiting>, out: &mut Out<'_>) -> Result<(), Halt> {
        while let Some(next) = waiting.pop() {
            let page = self.page(next.page)?;
            match self.layout.kind(&page) {
                Some((Kind::Branch, _)) => {
                    let (children, is_whole) = self.layout.children(&page);
                    self.is_sound &= is_whole;
                    for page in children {
                        if self.enter(page) {
                            waiting.push(Waiting { page, name: next.name.clone(), key: next.key.clone() });
                        }
                    }
                }
                Some((Kind::Leaf, _)) => waiting.extend(self.leaf((next.page, &page), &next, out)?),
                Some((Kind::Fixed(width), _)) => {
                    let (keys, is_whole) = self.layout.fixed(&page, width);
                    self.is_sound &= is_whole;
                    let called = Called { name: &next.name, key: next.key.as_deref().unwrap_or_default() };
                    values(next.page * self.layout.size as u64, &page, called, keys, out)?;
                }
                _ => self.is_sound = false,
            }
        }
        Ok(())
    }

    /// Tells the values on a leaf. Returns the trees that begin on it.
    fn leaf(&mut self, (number, page): (u64, &[u8]), of: &Waiting, out: &mut Out<'_>) -> Result<Vec<Waiting>, Halt> {
        let (nodes, is_whole) = self.layout.nodes(page);
        self.is_sound &= is_whole;
        let start = number * self.layout.size as u64;
        let mut trees = Vec::new();
        for node in nodes {
            if let Some(key) = &of.key {
                values(start, page, Called { name: &of.name, key }, vec![node.key], out)?;
                continue;
            }
            let key = page.get(node.key.clone()).unwrap_or_default();
            let name = if keys::is_text(key) { keys::joined(&of.name, key) } else { of.name.to_vec() };
            let called = Called { name: &name, key: last_word(key) };
            match node.data {
                Data::Here(range) => values(start, page, called, vec![range], out)?,
                Data::Big(first, length) => self.big(first, length, called, out)?,
                Data::Several(range) => self.several(start, page, called, range, out)?,
                Data::Tree(root, is_of_values) => {
                    if !self.layout.is_none(root) && self.enter(root) {
                        let key = is_of_values.then(|| last_word(key).into());
                        trees.push(Waiting { page: root, name: name.get(..NAME).unwrap_or(&name).into(), key });
                    }
                }
            }
        }
        Ok(trees)
    }

    /// Tells the values of a key that stand on a page within another.
    fn several(
        &mut self,
        start: u64,
        page: &[u8],
        called: Called<'_>,
        range: Range<usize>,
        out: &mut Out<'_>,
    ) -> Result<(), Stop> {
        let (at, inner) = (range.start, page.get(range).unwrap_or_default());
        let (keys, is_whole) = match self.layout.kind(inner) {
            Some((Kind::Fixed(width), _)) => self.layout.fixed(inner, width),
            Some((Kind::Leaf, _)) => {
                let (nodes, is_whole) = self.layout.nodes(inner);
                (nodes.into_iter().map(|node| node.key).collect(), is_whole)
            }
            _ => (Vec::new(), false),
        };
        self.is_sound &= is_whole;
        values(start + at as u64, inner, called, keys, out)
    }

    /// Tells the value that stands on pages of its own.
    fn big(&mut self, first: u64, length: u64, called: Called<'_>, out: &mut Out<'_>) -> Result<(), Halt> {
        let (size, head) = (self.layout.size as u64, self.layout.head() as u64);
        let count = length.saturating_add(head).div_ceil(size);
        let page = self.source.bytes(first.saturating_mul(size), head)?;
        let is_one = matches!(self.layout.kind(&page), Some((Kind::Overflow(pages), own)) if own == first && pages >= count);
        // What trees share was told with the first of them.
        if is_one && first < self.taken.len() as u64 && self.is_taken(first) {
            return Ok(());
        }
        if !is_one || !self.take(first, count) {
            self.is_sound = false;
            return Ok(());
        }
        let start = first * size + head;
        if length > HELD {
            out.told.told(start, length);
            return Ok(out.sink.behind(called.name, start, &mut self.source.stretch(start, length)?)?);
        }
        let value = self.source.bytes(start, length)?;
        let whole = std::iter::once(0..value.len()).collect();
        Ok(values(start, &value, called, whole, out)?)
    }
}

/// Tells values that stand in `bytes`, which stand at `start`.
fn values(start: u64, bytes: &[u8], called: Called<'_>, values: Vec<Range<usize>>, out: &mut Out<'_>) -> Result<(), Stop> {
    for range in values {
        let offset = start + range.start as u64;
        let value = bytes.get(range).unwrap_or_default();
        if keyed::tell(called, value, offset, true, out.sink)? {
            out.told.told(offset, value.len() as u64);
        }
    }
    Ok(())
}
