//! Columns: their texts, with the names that lead to them.
//!
//! In a table of settings one column holds the name of what another holds. Both are read side by side then, entry by
//! entry: columns with one parent have the same number of entries, however deep they lie.

use super::super::super::told::Told;
use super::super::super::{Halt, Sink, Stop, legible};
use super::super::cells::Cells;
use super::super::source::Source;
use super::footer::{Chunk, Column, Footer};
use super::page::{Found, Page, Pages};
use crate::extract::rows;
use crate::finding::GapReason;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

/// Pages, and texts of dictionaries, that are remembered.
const REMEMBERED: usize = 1 << 20;
/// Entries of all columns together that are read side by side.
const PAIRED: u64 = 1 << 24;
/// Bytes beside texts that are gathered before they are scanned.
const BESIDE: usize = 1 << 20;
/// Gaps of one file.
const GAPS: usize = 16;
/// Parts of a path that say how lists and maps are kept, and not what is in them.
const FRAMES: [&[u8]; 7] = [b"list", b"element", b"item", b"array", b"array_element", b"bag", b"key_value"];

/// A file on its way through its columns.
pub(super) struct Columns<'r, 'f> {
    pub(super) source: Source<'f>,
    pub(super) told: Told,
    pub(super) sink: &'r mut dyn Sink,
    /// Where pages begin that were told.
    pub(super) seen: HashSet<u64>,
    pub(super) gaps: usize,
    pub(super) paired: u64,
    /// What stands beside texts and should be numbers, but reads like text.
    pub(super) beside: Vec<u8>,
}

impl Columns<'_, '_> {
    /// Reads all chunks.
    pub(super) fn all(&mut self, footer: &Footer) -> Result<(), Halt> {
        let names = Names::of(footer);
        for chunk in &footer.chunks {
            let Some(column) = footer.columns.get(chunk.column).filter(|_| !chunk.is_encrypted && !chunk.is_elsewhere) else {
                continue;
            };
            let labels = names.labels(chunk, column);
            let read =
                if column.kind < 6 { self.numbers(chunk, column) } else { self.texts(chunk, column, labels, footer.start) };
            match read {
                Err(Halt::Broken(reason, detail)) => {
                    self.gaps += 1;
                    if self.gaps <= GAPS {
                        let name = crate::place::escaped(&column.path.join(&b'.'));
                        self.sink.gap(reason, format!("{detail}, in {name}; its bytes were scanned as they are"), None);
                    }
                    if reason == GapReason::ExpansionLimit {
                        return Ok(());
                    }
                }
                read => read?,
            }
        }
        Ok(())
    }

    /// Whether a page was not read before, however many chunks claim it.
    fn is_new(&mut self, start: u64) -> bool {
        self.seen.len() < REMEMBERED && self.seen.insert(start)
    }

    fn numbers(&mut self, chunk: &Chunk, column: &Column) -> Result<(), Halt> {
        let mut pages = Pages::of(chunk);
        while let Some(header) = pages.header(&mut self.source)? {
            let (start, body, end) = (header.start, header.body, header.end());
            if !self.is_new(start) {
                continue;
            }
            if pages.is_plain() {
                self.told.numbers(body, end.saturating_sub(body));
                continue;
            }
            let page = pages.open(&mut self.source, header, column)?;
            self.told.told(body, end.saturating_sub(body));
            self.sink.numbers(&mut page.bytes.as_slice())?;
        }
        Ok(())
    }

    /// Reads a chunk of texts, side by side with that of their names, if there is one.
    fn texts(&mut self, chunk: &Chunk, column: &Column, labels: Option<(&Chunk, &Column)>, footer: u64) -> Result<(), Halt> {
        let mut labels = labels.map(|(chunk, column)| Labels { pages: Pages::of(chunk), column, page: None, dictionary: None });
        let is_frame = |part: &Vec<u8>| FRAMES.contains(&part.as_slice());
        let (first, below) = column.path.split_first().map_or((None, &[][..]), |(first, below)| (Some(first), below));
        let path: Vec<_> = first.into_iter().chain(below.iter().filter(|part| !is_frame(part))).cloned().collect();
        let parent = path.split_last().map(|(_, parent)| parent.join(&b'.')).unwrap_or_default();
        let name = path.join(&b'.');
        let key = path.last().cloned().unwrap_or_default();
        let mut cells = Cells::new(parent, name, key, chunk.extremes.clone());
        let mut dictionary: Option<Dictionary> = None;
        let read = self.pages(Pages::of(chunk), column, &mut cells, &mut dictionary, labels.as_mut());
        if let Err(Halt::Stop | Halt::Read(_)) = read {
            return read;
        }
        // What no row was told with stands for itself, also where a page behind it cannot be read.
        if let Some(dictionary) = &dictionary {
            dictionary.tell_rest(&mut cells, self.sink)?;
        }
        cells.end(self.sink)?;
        let beside = std::mem::take(&mut self.beside);
        if !beside.is_empty() {
            self.sink.numbers(&mut beside.as_slice())?;
        }
        self.told.all(footer, &chunk.placed);
        read
    }

    fn pages(
        &mut self,
        mut pages: Pages,
        column: &Column,
        cells: &mut Cells,
        dictionary: &mut Option<Dictionary>,
        mut labels: Option<&mut Labels<'_>>,
    ) -> Result<(), Halt> {
        while let Some(header) = pages.header(&mut self.source)? {
            let (start, body, end) = (header.start, header.body, header.end());
            if !self.is_new(start) {
                continue;
            }
            let (from, placed) = (if header.holds_text { body } else { start }, header.placed.clone());
            let mut page = pages.open(&mut self.source, header, column)?;
            self.told.all(start, &placed);
            self.told.told(from, end.saturating_sub(from));
            cells.offset = start;
            cells.extremes.extend(page.extremes());
            if legible::is_in(page.beside()) {
                self.beside.extend_from_slice(page.beside());
                self.beside.push(0);
            }
            let mut entries = Vec::new();
            if let Some(mut bytes) = page.opaque() {
                self.sink.raw(&mut bytes)?;
            } else if page.is_dictionary() {
                entries = page.entries();
            } else if labels.is_some() || !page.is_of_indices() {
                self.page(&mut page, cells, dictionary, labels.as_deref_mut())?;
            }
            if !page.rest().is_empty() {
                self.sink.raw(&mut page.rest())?;
            }
            if page.is_dictionary()
                && let Some(before) = dictionary.replace(Dictionary { offset: start, page, entries, told: HashSet::new() })
            {
                before.tell_rest(cells, self.sink)?;
            }
            cells.flush(self.sink)?;
            if self.beside.len() > BESIDE {
                self.sink.numbers(&mut std::mem::take(&mut self.beside).as_slice())?;
            }
        }
        Ok(())
    }

    fn page(
        &mut self,
        page: &mut Page,
        cells: &mut Cells,
        dictionary: &mut Option<Dictionary>,
        mut labels: Option<&mut Labels<'_>>,
    ) -> Result<(), Halt> {
        loop {
            let (found, label) = match labels.as_deref_mut().filter(|_| self.paired < PAIRED) {
                Some(labels) => {
                    self.paired += 1;
                    let Some(entry) = page.entry() else { return Ok(()) };
                    let label = labels.next(&mut self.source)?;
                    let Some(found) = entry else { continue };
                    (found, label)
                }
                None => match page.value() {
                    Some(found) => (found, Vec::new()),
                    None => return Ok(()),
                },
            };
            let Found::Index(index) = found else {
                let bytes = page.bytes_of(&found);
                self.source.charge(bytes.len() as u64)?;
                cells.tell(bytes, &label, self.sink)?;
                continue;
            };
            let Some(dictionary) = dictionary.as_mut() else { continue };
            let Some(range) = dictionary.entries.get(index as usize).filter(|_| !label.is_empty()).cloned() else { continue };
            if dictionary.is_new(index, &label) {
                let bytes = dictionary.page.bytes.get(range).unwrap_or_default();
                self.source.charge(bytes.len() as u64)?;
                cells.tell(bytes, &label, self.sink)?;
            }
        }
    }
}

/// The values that rows refer to.
struct Dictionary {
    offset: u64,
    page: Page,
    entries: Vec<Range<usize>>,
    /// Which were told, and under which names: 0 for any.
    told: HashSet<(u32, u64)>,
}

impl Dictionary {
    /// Tells the values that no row was told with.
    fn tell_rest(&self, cells: &mut Cells, sink: &mut dyn Sink) -> Result<(), Stop> {
        cells.offset = self.offset;
        for (number, range) in self.entries.iter().enumerate() {
            if !self.told.contains(&(number as u32, 0)) {
                cells.tell(self.page.bytes.get(range.clone()).unwrap_or_default(), &[], sink)?;
            }
        }
        Ok(())
    }

    /// Whether a value was not yet told under a name.
    fn is_new(&mut self, index: u32, label: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        label.hash(&mut hasher);
        if self.told.len() >= REMEMBERED {
            return false;
        }
        self.told.insert((index, 0));
        self.told.insert((index, hasher.finish() | 1))
    }
}

/// The chunks that hold names for others.
struct Names<'f> {
    footer: &'f Footer,
    /// The column of names, by the path above it.
    columns: HashMap<&'f [Vec<u8>], usize>,
    /// Chunks of such columns, by group and column.
    chunks: HashMap<(usize, usize), &'f Chunk>,
}

impl<'f> Names<'f> {
    fn of(footer: &'f Footer) -> Self {
        let mut columns = HashMap::new();
        for (number, column) in footer.columns.iter().enumerate().filter(|(_, column)| !column.is_list && column.kind == 6) {
            if let Some((_, above)) = column.path.split_last().filter(|(name, _)| rows::holds_names(&text(name))) {
                columns.entry(above).or_insert(number);
            }
        }
        let wanted: HashSet<usize> = columns.values().copied().collect();
        let readable = |chunk: &&Chunk| wanted.contains(&chunk.column) && !chunk.is_encrypted && !chunk.is_elsewhere;
        let chunks = footer.chunks.iter().filter(readable).map(|chunk| ((chunk.group, chunk.column), chunk)).collect();
        Self { footer, columns, chunks }
    }

    /// The chunk with the names for a chunk of values.
    fn labels(&self, chunk: &Chunk, column: &Column) -> Option<(&'f Chunk, &'f Column)> {
        let (own, above) = column.path.split_last()?;
        let number = self.columns.get(above).filter(|number| **number != chunk.column && !column.is_list)?;
        let found = self.chunks.get(&(chunk.group, *number)).filter(|_| rows::holds_values(&text(own)))?;
        Some((found, self.footer.columns.get(*number)?))
    }
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// A column of names, read entry by entry.
struct Labels<'c> {
    pages: Pages,
    column: &'c Column,
    page: Option<Page>,
    dictionary: Option<(Page, Vec<Range<usize>>)>,
}

impl Labels<'_> {
    /// The next entry; empty if it is missing, or no name.
    fn next(&mut self, source: &mut Source<'_>) -> Result<Vec<u8>, Halt> {
        loop {
            if let Some(page) = &mut self.page
                && let Some(entry) = page.entry()
            {
                let bytes = match entry {
                    Some(Found::Index(index)) => {
                        self.dictionary.as_ref().and_then(|(page, entries)| page.bytes.get(entries.get(index as usize)?.clone()))
                    }
                    Some(found) => Some(page.bytes_of(&found)),
                    None => None,
                };
                return Ok(bytes.filter(|bytes| rows::is_label(bytes)).unwrap_or_default().to_vec());
            }
            let Some(header) = self.pages.header(source)? else { return Ok(Vec::new()) };
            let mut page = self.pages.open(source, header, self.column)?;
            if page.is_dictionary() {
                let entries = page.entries();
                self.dictionary = Some((page, entries));
            } else {
                self.page = Some(page);
            }
        }
    }
}
