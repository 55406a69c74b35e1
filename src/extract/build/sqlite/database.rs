//! The file: its pages, the trees they form, and what is left when the rows are told.

use super::log::Frames;
use super::page::{self, Cell, Kind};
use super::record::{self, Encoding, Row, Value};
use super::schema::{self, Table};
use crate::extract::{Halt, ReadSeek, Stop};
use std::collections::{HashMap, HashSet};
use std::io::{self, Read, SeekFrom};

/// Pages whose place in a tree is known. A longer file is scanned page by page, without names of tables.
const PAGES: u32 = 8 << 20;
/// The longest record that is put together from several pages.
const RECORD: u64 = 1 << 20;
/// Tables of a schema.
const TABLES: usize = 10_000;
/// The longest header between two pages of a log or a journal.
const BETWEEN: u64 = 64 << 10;

/// What takes rows in.
pub(super) type Take<'t> = dyn FnMut(Row) -> Result<(), Stop> + 't;

/// An open database.
pub(super) struct Database<'f> {
    file: Box<dyn ReadSeek + 'f>,
    size: usize,
    /// Bytes of a page that are not reserved for extensions.
    usable: usize,
    pages: u32,
    promised: u32,
    length: u64,
    encoding: Encoding,
    /// Where pages lie in a log; in a database they lie in their order.
    frames: Option<HashMap<u32, u64>>,
}

/// Pages of a log that may belong to tables: their numbers are its own to give, and a mark for each takes memory.
const NUMBERED: u32 = 1 << 20;

/// What was told as rows, so that it is not told again.
pub(super) struct Consumed {
    /// Pages on which rows go on that begin elsewhere.
    pages: Vec<bool>,
    /// Of those on which a row ends, bytes that it has.
    ends: HashMap<u32, usize>,
    /// Where in the file rows begin that do.
    rows: HashSet<u64>,
}

impl Consumed {
    fn of(pages: usize) -> Self {
        Self { pages: vec![false; pages], ends: HashMap::new(), rows: HashSet::new() }
    }

    fn has(&self, page: u32) -> bool {
        self.pages.get(page as usize).copied().unwrap_or(false)
    }

    /// Takes pages in, of the last so many bytes, unless one was before: no page belongs to two rows.
    fn take(&mut self, row: u64, pages: &[u32], end: usize) -> bool {
        if pages.iter().any(|page| self.has(*page) || self.pages.len() <= *page as usize) {
            return false;
        }
        for page in pages {
            if let Some(slot) = self.pages.get_mut(*page as usize) {
                *slot = true;
            }
        }
        self.ends.extend(pages.last().map(|last| (*last, end)));
        self.rows.insert(row);
        true
    }
}

impl<'f> Database<'f> {
    /// Reads the header (section 1.3 of the format); the inner error says what is wrong with it.
    pub(super) fn open(mut file: Box<dyn ReadSeek + 'f>) -> io::Result<Result<Self, &'static str>> {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        let mut header = [0; 100];
        if file.read_exact(&mut header).is_err() {
            return Ok(Err("shorter than its header"));
        }
        let [size_high, size_low] = [header[16], header[17]];
        let size = match usize::from(size_high) << 8 | usize::from(size_low) {
            1 => 65_536,
            size => size,
        };
        if !size.is_power_of_two() || size < 512 {
            return Ok(Err("no page has this size"));
        }
        let usable = size.saturating_sub(usize::from(header[20]));
        let encoding = encoding_of(header[59]);
        let promised = u32::from_be_bytes([header[28], header[29], header[30], header[31]]);
        // The count is right only if it was written by the program that wrote last (section 1.3.7).
        let promised = if header[24..28] == header[92..96] { promised } else { 0 };
        let pages = u32::try_from(length.div_ceil(size as u64)).unwrap_or(u32::MAX);
        Ok(Ok(Self { file, size, usable, pages, promised, length, encoding, frames: None }))
    }

    /// The pages of a log, each as it is there last.
    pub(super) fn of_log(file: Box<dyn ReadSeek + 'f>, frames: &Frames) -> io::Result<Self> {
        let latest = frames.latest();
        let pages = latest.keys().copied().max().unwrap_or(0).min(NUMBERED);
        let (size, length, encoding) = (frames.size, frames.end, Encoding::Utf8);
        let mut log = Self { file, size, usable: size, pages, promised: 0, length, encoding, frames: Some(latest) };
        let first = log.page(1)?;
        if first.starts_with(b"SQLite format 3\0") {
            log.usable = size.saturating_sub(usize::from(first.get(20).copied().unwrap_or(0)));
            log.encoding = encoding_of(first.get(59).copied().unwrap_or(1));
        }
        Ok(log)
    }

    /// How many pages there are.
    pub(super) fn pages(&self) -> u32 {
        self.pages
    }

    /// All that lies behind `offset`.
    pub(super) fn behind(&mut self, offset: u64) -> io::Result<impl Read + '_> {
        self.file.seek(SeekFrom::Start(offset))?;
        Ok(&mut self.file)
    }

    /// Whether the file ends before its pages do.
    pub(super) fn is_cut(&self) -> bool {
        self.promised > self.pages || !self.length.is_multiple_of(self.size as u64)
    }

    /// Where a page lies.
    fn offset(&self, number: u32) -> Option<u64> {
        match &self.frames {
            Some(frames) => frames.get(&number).copied(),
            None => number.checked_sub(1).filter(|index| *index < self.pages).map(|index| u64::from(index) * self.size as u64),
        }
    }

    fn page(&mut self, number: u32) -> io::Result<Vec<u8>> {
        self.offset(number).map_or(Ok(Vec::new()), |offset| self.page_at(offset))
    }

    fn page_at(&mut self, offset: u64) -> io::Result<Vec<u8>> {
        self.bytes_at(offset, self.size as u64)
    }

    fn bytes_at(&mut self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(offset))?;
        (&mut self.file).take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The tables that the schema names, itself first.
    pub(super) fn tables(&mut self) -> io::Result<Vec<Table>> {
        let columns = ["type", "name", "tbl_name", "rootpage", "sql"].map(str::to_owned).to_vec();
        let mut tables = vec![Table { name: "sqlite_schema".into(), root: 1, columns }];
        let mut consumed = Consumed::of(self.marked());
        let (mut stack, mut seen) = (vec![1], HashSet::from([1]));
        while let Some(number) = stack.pop() {
            let page = self.page(number)?;
            if page::kind(&page, number) == Some(Kind::Inner) {
                stack
                    .extend(page::children(&page, number).into_iter().filter(|child| seen.len() < TABLES && seen.insert(*child)));
            }
            let offset = self.offset(number).unwrap_or(0);
            self.records::<io::Error>((number, offset, &page), &mut consumed, &mut |_, payload, encoding| {
                tables.extend(table(payload, encoding).filter(|_| tables.len() < TABLES));
                Ok(())
            })?;
        }
        Ok(tables)
    }

    /// How many pages can be marked: all, or none of a file that has too many.
    fn marked(&self) -> usize {
        if self.pages <= PAGES { self.pages as usize + 1 } else { 0 }
    }

    /// Gives the rows on a page that is a leaf, and notes them: [`Sweep`] leaves out what was given.
    pub(super) fn rows(&mut self, number: u32, consumed: &mut Consumed, take: &mut Take<'_>) -> Result<(), Halt> {
        let offset = self.offset(number).unwrap_or(0);
        self.rows_at(number, offset, consumed, take)
    }

    /// The same of a page that lies at `offset`.
    pub(super) fn rows_at(&mut self, number: u32, offset: u64, consumed: &mut Consumed, take: &mut Take<'_>) -> Result<(), Halt> {
        let page = self.page_at(offset)?;
        self.records((number, offset, &page), consumed, &mut |local, payload, encoding| match record::values(payload, encoding) {
            Some(values) => Ok(take(Row { offset: offset + local as u64, values })?),
            None => Ok(()),
        })
    }

    /// Gives every record that begins on a page and reads like one, with where it begins.
    fn records<E: From<io::Error>>(
        &mut self,
        (number, offset, page): (u32, u64, &[u8]),
        consumed: &mut Consumed,
        act: &mut dyn FnMut(usize, &[u8], Encoding) -> Result<(), E>,
    ) -> Result<(), E> {
        for cell in self.cells(page, number) {
            let at = cell.local.start;
            let Some((payload, others)) = self.payload(page, &cell)? else { continue };
            let mut is_new = || others.is_empty() || consumed.take(offset + at as u64, &others, self.end_of(&cell, &others));
            if record::values(&payload, self.encoding).is_some() && is_new() {
                act(at, &payload, self.encoding)?;
            }
        }
        Ok(())
    }

    fn cells(&self, page: &[u8], number: u32) -> Vec<Cell> {
        match page::kind(page, number) {
            Some(kind @ (Kind::TableLeaf | Kind::IndexLeaf)) => page::cells(page, number, kind, self.usable),
            _ => Vec::new(),
        }
    }

    /// A record with what follows on other pages, and which those are. `None` for one that is too long, or broken.
    fn payload(&mut self, page: &[u8], cell: &Cell) -> io::Result<Option<(Vec<u8>, Vec<u32>)>> {
        let Some(local) = page.get(cell.local.clone()).filter(|_| cell.length <= RECORD) else { return Ok(None) };
        let (mut payload, mut pages) = (local.to_vec(), Vec::new());
        let mut next = cell.overflow;
        while let Some(number) = next.filter(|number| *number != 0 && (payload.len() as u64) < cell.length) {
            let page = self.page(number)?;
            let wanted = (cell.length - payload.len() as u64).min(self.usable.saturating_sub(4) as u64) as usize;
            let (Some(link), Some(part)) = (page.first_chunk(), page.get(4..4 + wanted)) else { return Ok(None) };
            payload.extend_from_slice(part);
            pages.push(number);
            next = Some(u32::from_be_bytes(*link));
        }
        Ok((payload.len() as u64 == cell.length).then_some((payload, pages)))
    }

    /// Bytes that a row has on the last of the pages on which it goes on.
    fn end_of(&self, cell: &Cell, others: &[u32]) -> usize {
        let each = self.usable.saturating_sub(4) as u64;
        let before = cell.local.len() as u64 + each * (others.len() as u64).saturating_sub(1);
        4 + usize::try_from(cell.length.saturating_sub(before).min(each)).unwrap_or(usize::MAX)
    }

    /// A page with zeros where [`Database::rows`] found rows, and how many bytes those had.
    pub(super) fn rest_of(&mut self, number: u32, offset: u64, consumed: &Consumed) -> io::Result<(Vec<u8>, u64)> {
        let mut page = self.page_at(offset)?;
        let mut blank = 0;
        // Of a page that a log has several times, the last was read with the row.
        if consumed.has(number) && self.offset(number) == Some(offset) {
            let end = consumed.ends.get(&number).copied().unwrap_or(self.usable).min(page.len());
            page.get_mut(..end).unwrap_or_default().fill(0);
            return Ok((page, end as u64));
        }
        for cell in self.cells(&page, number) {
            let Some(local) = page.get_mut(cell.local.clone()) else { continue };
            let told = match cell.overflow {
                Some(_) => consumed.rows.contains(&(offset + cell.local.start as u64)),
                None => record::values(local, self.encoding).is_some(),
            };
            if told {
                blank += local.len() as u64;
                local.fill(0);
            }
        }
        if self.encoding == Encoding::Utf8 {
            // What is left of rows is text between numbers, not a program between zeros.
            page.iter_mut().skip(page::start(number)).filter(|byte| **byte == 0).for_each(|byte| *byte = b'\n');
        }
        Ok((page, blank))
    }
}

/// How text is written, by byte 59 of the header.
fn encoding_of(byte: u8) -> Encoding {
    match byte {
        2 => Encoding::Utf16Le,
        3 => Encoding::Utf16Be,
        _ => Encoding::Utf8,
    }
}

/// The table that a row of the schema describes.
fn table(payload: &[u8], encoding: Encoding) -> Option<Table> {
    let values = record::values(payload, encoding)?;
    let [Value::Text(kind), Value::Text(name), _, _, Value::Text(sql)] = values.as_slice() else { return None };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let root = record::whole_number(payload, 3)?;
    // The rows of a table without row numbers have its key first, so columns are not told there.
    let sql = text(sql);
    let columns = if sql.to_ascii_lowercase().contains("without rowid") { Vec::new() } else { schema::columns(&sql) };
    (kind == b"table").then(|| Table { name: text(name), root, columns })
}

/// Which table each page belongs to.
pub(super) struct Owners(Vec<u16>);

/// A page of no table.
const NOBODY: u16 = u16::MAX;

impl Owners {
    /// Walks the tree of each table.
    pub(super) fn of(database: &mut Database<'_>, tables: &[Table]) -> io::Result<Self> {
        let mut owners = vec![NOBODY; database.marked()];
        for (table, index) in tables.iter().zip(0..) {
            // A page that has an owner was walked, or will be: a tree that bites its tail ends there.
            let mut claim = |number: u32| match owners.get_mut(number as usize) {
                Some(slot) if *slot == NOBODY => {
                    *slot = index;
                    true
                }
                _ => false,
            };
            let mut stack: Vec<u32> = Some(table.root).filter(|root| claim(*root)).into_iter().collect();
            while let Some(number) = stack.pop() {
                let page = database.page(number)?;
                if page::kind(&page, number) == Some(Kind::Inner) {
                    stack.extend(page::children(&page, number).into_iter().filter(|child| claim(*child)));
                }
            }
        }
        Ok(Self(owners))
    }

    /// The index of the table that a page belongs to.
    pub(super) fn table(&self, page: u32) -> Option<usize> {
        self.0.get(page as usize).filter(|owner| **owner != NOBODY).map(|owner| usize::from(*owner))
    }

    /// Whether there are more pages than can be told apart.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A mark for each page.
    pub(super) fn none_consumed(&self) -> Consumed {
        Consumed::of(self.0.len())
    }
}

/// Pages in their order and at their places, without the rows that were told and what lies between pages.
pub(super) struct Sweep<'s, 'f> {
    database: &'s mut Database<'f>,
    consumed: &'s Consumed,
    pages: Box<dyn Iterator<Item = (u32, u64)> + 's>,
    /// Bytes of rows that were left out, and of what lies between pages.
    blank: u64,
    /// Where the last page ends, and how many bytes are left before that at hand.
    end: u64,
    gap: u64,
    page: Vec<u8>,
    at: usize,
    failure: Option<io::Error>,
}

impl<'s, 'f> Sweep<'s, 'f> {
    /// All pages of a database.
    pub(super) fn new(database: &'s mut Database<'f>, consumed: &'s Consumed) -> Self {
        let size = database.size as u64;
        let pages = (1..=database.pages).map(move |number| (number, u64::from(number - 1) * size));
        Self::over(database, consumed, Box::new(pages))
    }

    /// These pages of a log.
    pub(super) fn of_log(database: &'s mut Database<'f>, consumed: &'s Consumed, frames: &'s Frames) -> Self {
        Self::over(database, consumed, Box::new(frames.pages.iter().copied()))
    }

    fn over(database: &'s mut Database<'f>, consumed: &'s Consumed, pages: Box<dyn Iterator<Item = (u32, u64)> + 's>) -> Self {
        Self { database, consumed, pages, blank: 0, end: 0, gap: 0, page: Vec::new(), at: 0, failure: None }
    }

    /// Takes the next page in, if there is one.
    fn turn(&mut self) -> io::Result<()> {
        let Some((number, offset)) = self.pages.next() else { return Ok(()) };
        let (mut page, blank) = self.database.rest_of(number, offset, self.consumed)?;
        let (start, end) = (self.end, offset + page.len() as u64);
        (self.gap, self.end) = (offset.saturating_sub(start), end);
        if page.len() < self.database.size && self.gap <= BETWEEN {
            // This is no page, so what stands before it may be no header.
            page = [self.database.bytes_at(start, self.gap)?, page].concat();
            self.gap = 0;
        }
        self.blank += blank + self.gap;
        (self.page, self.at) = (page, 0);
        Ok(())
    }

    /// How many bytes were left out; an error if not all of it could be read.
    pub(super) fn end(self) -> io::Result<u64> {
        self.failure.map_or(Ok(self.blank), Err)
    }
}

impl Read for Sweep<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.page.len()
            && let Err(error) = self.turn()
        {
            let kind = error.kind();
            self.failure = Some(error);
            return Err(kind.into());
        }
        if self.gap > 0 {
            let count = usize::try_from(self.gap).unwrap_or(usize::MAX).min(buffer.len());
            buffer.get_mut(..count).unwrap_or_default().fill(b'\n');
            self.gap -= count as u64;
            return Ok(count);
        }
        let ready = self.page.get(self.at..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}
