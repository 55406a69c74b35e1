//! The file: its pages, the trees they form, and what is left when the rows are told.

use super::page::{self, Cell, Kind};
use super::record::{self, Encoding, Row, Value};
use super::schema::{self, Table};
use crate::extract::{Halt, ReadSeek, Stop};
use std::collections::HashSet;
use std::io::{self, Read, SeekFrom};

/// Pages whose place in a tree is known. A longer file is scanned page by page, without names of tables.
const PAGES: u32 = 8 << 20;
/// The longest record that is put together from several pages.
const RECORD: u64 = 1 << 20;
/// Tables of a schema.
const TABLES: usize = 10_000;

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
}

/// What was told as rows, so that it is not told again.
pub(super) struct Consumed {
    /// Pages on which rows go on that begin elsewhere.
    pages: Vec<bool>,
    /// Where rows begin that do.
    rows: HashSet<(u32, usize)>,
}

impl Consumed {
    fn of(pages: usize) -> Self {
        Self { pages: vec![false; pages], rows: HashSet::new() }
    }

    fn has(&self, page: u32) -> bool {
        self.pages.get(page as usize).copied().unwrap_or(false)
    }

    /// Takes pages in, unless one was before: no page belongs to two rows.
    fn take(&mut self, row: (u32, usize), pages: &[u32]) -> bool {
        if pages.iter().any(|page| self.has(*page) || self.pages.len() <= *page as usize) {
            return false;
        }
        for page in pages {
            if let Some(slot) = self.pages.get_mut(*page as usize) {
                *slot = true;
            }
        }
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
        let encoding = match header[59] {
            2 => Encoding::Utf16Le,
            3 => Encoding::Utf16Be,
            _ => Encoding::Utf8,
        };
        let promised = u32::from_be_bytes([header[28], header[29], header[30], header[31]]);
        // The count is right only if it was written by the program that wrote last (section 1.3.7).
        let promised = if header[24..28] == header[92..96] { promised } else { 0 };
        let pages = u32::try_from(length.div_ceil(size as u64)).unwrap_or(u32::MAX);
        Ok(Ok(Self { file, size, usable, pages, promised, length, encoding }))
    }

    /// How many pages there are.
    pub(super) fn pages(&self) -> u32 {
        self.pages
    }

    /// Whether the file ends before its pages do.
    pub(super) fn is_cut(&self) -> bool {
        self.promised > self.pages || !self.length.is_multiple_of(self.size as u64)
    }

    fn page(&mut self, number: u32) -> io::Result<Vec<u8>> {
        let mut page = Vec::new();
        if let Some(index) = number.checked_sub(1).filter(|index| *index < self.pages) {
            self.file.seek(SeekFrom::Start(u64::from(index) * self.size as u64))?;
            (&mut self.file).take(self.size as u64).read_to_end(&mut page)?;
        }
        Ok(page)
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
            self.records::<io::Error>(number, &mut consumed, &mut |_, payload, encoding| {
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
        let start = u64::from(number.saturating_sub(1)) * self.size as u64;
        self.records(number, consumed, &mut |local, payload, encoding| match record::values(payload, encoding) {
            Some(values) => Ok(take(Row { offset: start + local as u64, values })?),
            None => Ok(()),
        })
    }

    /// Gives every record that begins on a page and reads like one, with where it begins.
    fn records<E: From<io::Error>>(
        &mut self,
        number: u32,
        consumed: &mut Consumed,
        act: &mut dyn FnMut(usize, &[u8], Encoding) -> Result<(), E>,
    ) -> Result<(), E> {
        let page = self.page(number)?;
        for cell in self.cells(&page, number) {
            let at = cell.local.start;
            let Some((payload, others)) = self.payload(&page, &cell)? else { continue };
            if record::values(&payload, self.encoding).is_some() && (others.is_empty() || consumed.take((number, at), &others)) {
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

    /// A page with zeros where [`Database::rows`] found rows.
    fn rest_of(&mut self, number: u32, consumed: &Consumed) -> io::Result<Vec<u8>> {
        let mut page = self.page(number)?;
        if consumed.has(number) {
            page.fill(0);
            return Ok(page);
        }
        for cell in self.cells(&page, number) {
            let Some(local) = page.get_mut(cell.local.clone()) else { continue };
            let told = match cell.overflow {
                Some(_) => consumed.rows.contains(&(number, cell.local.start)),
                None => record::values(local, self.encoding).is_some(),
            };
            if told {
                local.fill(0);
            }
        }
        if self.encoding == Encoding::Utf8 {
            // What is left of rows is text between numbers, not a program between zeros.
            page.iter_mut().skip(page::start(number)).filter(|byte| **byte == 0).for_each(|byte| *byte = b'\n');
        }
        Ok(page)
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

/// All pages in their order, without the rows that were told.
pub(super) struct Sweep<'s, 'f> {
    database: &'s mut Database<'f>,
    consumed: &'s Consumed,
    next: u32,
    page: Vec<u8>,
    at: usize,
    failure: Option<io::Error>,
}

impl<'s, 'f> Sweep<'s, 'f> {
    pub(super) fn new(database: &'s mut Database<'f>, consumed: &'s Consumed) -> Self {
        Self { database, consumed, next: 1, page: Vec::new(), at: 0, failure: None }
    }

    /// Whether all of it could be read.
    pub(super) fn end(self) -> io::Result<()> {
        self.failure.map_or(Ok(()), Err)
    }
}

impl Read for Sweep<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.page.len() && self.next <= self.database.pages {
            match self.database.rest_of(self.next, self.consumed) {
                Ok(page) => (self.page, self.at) = (page, 0),
                Err(error) => {
                    let kind = error.kind();
                    self.failure = Some(error);
                    return Err(kind.into());
                }
            }
            self.next += 1;
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
