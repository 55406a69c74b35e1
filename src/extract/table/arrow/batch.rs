//! The values of a batch: buffers of a body, told row by row.

use super::super::super::rows;
use super::super::super::told::Told;
use super::super::super::{Halt, Sink};
use super::super::cells::Cells;
use super::super::codec::{self, Codec};
use super::super::source::Source;
use super::schema::{Kind, Leaf};
use super::{damaged, unsupported};
use crate::finding::GapReason;
use std::collections::HashMap;
use std::ops::Range;

/// The longest buffer that is unpacked, and the longest stretch of values that is held.
const HELD: u64 = 16 << 20;
/// Rows that are read at a time.
const ROWS: u64 = 4096;
/// Stretches of a column's data that are noted.
const STRETCHES: usize = 1 << 12;
/// Values of a dictionary that are kept, and bytes of all dictionaries of a file.
const VALUES: usize = 1 << 20;
const KEPT: usize = 16 << 20;

/// Values that columns refer to, by the number of their dictionary.
#[derive(Debug, Default)]
pub(super) struct Dictionaries {
    pub(super) values: HashMap<u64, Vec<Vec<u8>>>,
    /// Where the bytes of each stand.
    places: HashMap<u64, u64>,
    kept: usize,
}

impl Dictionaries {
    /// Takes a value in, if there is room for it.
    pub(super) fn keep(&mut self, id: u64, value: &[u8]) {
        let values = self.values.entry(id).or_default();
        if values.len() < VALUES && self.kept < KEPT {
            self.kept += value.len() + std::mem::size_of::<Vec<u8>>();
            values.push(value.to_vec());
        }
    }
}

/// A batch: where its body is, and its buffers in that.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) leaves: Vec<Leaf>,
    /// Place in the file, and length.
    pub(super) buffers: Vec<(u64, u64)>,
    /// 0 is LZ4, 1 zstd.
    pub(super) codec: Option<u64>,
    /// The column that holds names, by the name above it.
    pub(super) labels: HashMap<Vec<u8>, usize>,
}

/// Bytes of a buffer.
#[derive(Debug)]
enum Bytes {
    Held(Vec<u8>),
    Placed(u64, u64),
}

impl Bytes {
    fn length(&self) -> u64 {
        match self {
            Self::Held(bytes) => bytes.len() as u64,
            Self::Placed(_, length) => *length,
        }
    }

    fn read(&self, source: &mut Source<'_>, at: u64, length: u64) -> Result<Vec<u8>, Halt> {
        let length = length.min(self.length().saturating_sub(at));
        match self {
            Self::Placed(start, _) => source.bytes(start.saturating_add(at), length),
            Self::Held(bytes) => {
                source.charge(length)?;
                let start = usize::try_from(at).unwrap_or(usize::MAX);
                let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
                Ok(bytes.get(start..end).unwrap_or_default().to_vec())
            }
        }
    }
}

impl Bytes {
    /// Accounts for a buffer of which these stretches were told, and which stands at `span` as it is packed.
    fn account(&self, read: &[(u64, u64)], span: (u64, u64), told: &mut Told, sink: &mut dyn Sink) -> Result<(), Halt> {
        let bytes = match self {
            Self::Placed(place, length) => {
                for (start, long) in read {
                    told.told(place.saturating_add(*start), (*long).min(length.saturating_sub(*start)));
                }
                return Ok(());
            }
            Self::Held(bytes) => bytes,
        };
        told.told(span.0, span.1);
        let mut rest = bytes.clone();
        for (start, long) in read {
            let start = usize::try_from(*start).unwrap_or(usize::MAX).min(rest.len());
            let end = start.saturating_add(usize::try_from(*long).unwrap_or(usize::MAX)).min(rest.len());
            rest.get_mut(start..end).unwrap_or_default().fill(0);
        }
        if rest.iter().any(|byte| *byte != 0) {
            sink.raw(&mut rest.as_slice())?;
        }
        Ok(())
    }
}

/// A column of texts, read in stretches of rows.
#[derive(Debug)]
struct Column {
    kind: Kind,
    /// Offsets, views, or places in a dictionary.
    ends: Bytes,
    data: Vec<Bytes>,
    dictionary: Option<(u64, usize)>,
    rows: u64,
    /// Rows at hand, where each is in `held`.
    first: u64,
    ranges: Vec<Range<usize>>,
    held: Vec<u8>,
    /// Where in the data what is held begins.
    base: u64,
    /// Stretches of the data that rows have; of views, bytes of each buffer that they have.
    read: Vec<(u64, u64)>,
    shares: Vec<u64>,
}

impl Batch {
    /// Bytes of a buffer, unpacked where it is packed, and what that was.
    fn bytes(&self, number: usize, source: &mut Source<'_>) -> Result<(Bytes, (u64, u64)), Halt> {
        let (place, length) = self.buffers.get(number).copied().ok_or_else(|| damaged("a column without its buffers"))?;
        let span = (place, length);
        let Some(codec) = self.codec.filter(|_| length > 0) else { return Ok((Bytes::Placed(place, length), span)) };
        let codec = match codec {
            0 => Codec::Lz4Frame,
            1 => Codec::Zstd,
            _ => return Err(unsupported("a codec")),
        };
        let size = source.bytes(place, 8)?.first_chunk().map(|size| i64::from_le_bytes(*size));
        let size = size.ok_or_else(|| damaged("a buffer without its length"))?;
        let (place, length) = (place.saturating_add(8), length.saturating_sub(8));
        // -1: it would not have become smaller.
        let Ok(size) = u64::try_from(size) else { return Ok((Bytes::Placed(place, length), span)) };
        if length > HELD || size > HELD {
            return Err(Halt::Broken(GapReason::SizeLimit, "Arrow: a packed buffer too long to be held".to_owned()));
        }
        let packed = source.bytes(place, length)?;
        let bytes = codec::unpacked(codec, packed, size, HELD).map_err(|_| damaged("a buffer that does not unpack"))?;
        source.charge(bytes.len() as u64)?;
        Ok((Bytes::Held(bytes), span))
    }

    /// Scans the buffers of a column that is no text.
    pub(super) fn numbers(&self, leaf: &Leaf, source: &mut Source<'_>, told: &mut Told, sink: &mut dyn Sink) -> Result<(), Halt> {
        for number in leaf.first..leaf.first.saturating_add(leaf.buffers).min(self.buffers.len()) {
            match self.bytes(number, source)? {
                (Bytes::Placed(place, length), _) => told.numbers(place, length),
                (Bytes::Held(bytes), (place, length)) => {
                    sink.numbers(&mut bytes.as_slice())?;
                    told.told(place, length);
                }
            }
        }
        Ok(())
    }

    /// Opens a column of texts; what its buffers cover is told.
    fn column(&self, leaf: &Leaf, source: &mut Source<'_>) -> Result<(Column, Vec<(u64, u64)>), Halt> {
        let (ends, span) = self.bytes(leaf.first.saturating_add(1), source)?;
        let (mut data, mut spans) = (Vec::new(), vec![span]);
        for number in leaf.first.saturating_add(2)..leaf.first.saturating_add(leaf.buffers).min(self.buffers.len()) {
            let (bytes, span) = self.bytes(number, source)?;
            data.push(bytes);
            spans.push(span);
        }
        let (kind, dictionary) = (leaf.kind, leaf.dictionary);
        let (ranges, held, read, shares) = (Vec::new(), Vec::new(), Vec::new(), vec![0; data.len()]);
        let column = Column { kind, ends, data, dictionary, rows: leaf.rows, first: 0, ranges, held, base: 0, read, shares };
        Ok((column, spans))
    }

    /// Tells the texts of a column, by the names that another has for its rows.
    pub(super) fn texts(
        &self,
        leaf: &Leaf,
        known: &mut Dictionaries,
        is_dictionary: Option<u64>,
        source: &mut Source<'_>,
        told: &mut Told,
        sink: &mut dyn Sink,
    ) -> Result<(), Halt> {
        let labels = self.labels.get(&leaf.parent).and_then(|number| self.leaves.get(*number));
        let labels = labels.filter(|labels| *labels != leaf && rows::holds_values(&String::from_utf8_lossy(&leaf.name)));
        let (mut column, spans) = self.column(leaf, source)?;
        let mut labels = match labels {
            Some(labels) => Some(self.column(labels, source)?.0),
            None => None,
        };
        let name = if leaf.parent.is_empty() { leaf.name.clone() } else { [&leaf.parent, &b"."[..], &leaf.name].concat() };
        let mut cells = Cells::new(leaf.parent.clone(), name, leaf.name.clone(), Vec::new());
        let here = spans.last().map_or(0, |(place, _)| *place);
        if let Some(id) = is_dictionary {
            known.places.insert(id, here);
        }
        // A value stands in its dictionary, whichever row has it.
        cells.offset = leaf.dictionary.and_then(|(id, _)| known.places.get(&id).copied()).unwrap_or(here);
        // What is in a dictionary was told with that.
        let mut rows = 0;
        if leaf.dictionary.is_none() || labels.is_some() {
            for row in 0..column.rows.min(column.most()) {
                let label = match &mut labels {
                    Some(labels) => {
                        labels.value(row, known, source)?.filter(|label| rows::is_label(label)).unwrap_or_default().to_vec()
                    }
                    None => Vec::new(),
                };
                let Some(value) = column.value(row, known, source)?.map(<[u8]>::to_vec) else { break };
                if leaf.dictionary.is_none() || !label.is_empty() {
                    cells.tell(&value, &label, sink)?;
                }
                if let Some(id) = is_dictionary {
                    known.keep(id, &value);
                }
                rows = row + 1;
            }
        }
        cells.end(sink)?;
        column.account(rows, &spans, told, sink)
    }
}

/// The columns that hold names for others, by the name above them.
pub(super) fn labels(leaves: &[Leaf], known: &Dictionaries) -> HashMap<Vec<u8>, usize> {
    let mut labels = HashMap::new();
    for (number, leaf) in leaves.iter().enumerate() {
        if is_text(leaf, known) && rows::holds_names(&String::from_utf8_lossy(&leaf.name)) {
            labels.entry(leaf.parent.clone()).or_insert(number);
        }
    }
    labels
}

/// Whether a column holds texts.
pub(super) fn is_text(leaf: &Leaf, known: &Dictionaries) -> bool {
    let has_values = |(id, _): (u64, usize)| known.values.contains_key(&id);
    leaf.dictionary.map_or(matches!(leaf.kind, Kind::Text(_) | Kind::View), has_values)
}

impl Column {
    /// Accounts for the buffers when so many rows were told: what they have was told, what says where it stands is
    /// numbers, and all else is scanned as it is.
    fn account(&self, rows: u64, spans: &[(u64, u64)], told: &mut Told, sink: &mut dyn Sink) -> Result<(), Halt> {
        let is_view = self.kind == Kind::View && self.dictionary.is_none();
        let mut spans = spans.iter().copied();
        let all = |length: u64| vec![(0, length)];
        match (&self.ends, spans.next()) {
            (ends, Some(span)) if is_view => ends.account(&all(rows.saturating_mul(16)), span, told, sink)?,
            (Bytes::Placed(place, length), _) => told.numbers(*place, *length),
            (Bytes::Held(bytes), span) => {
                sink.numbers(&mut bytes.as_slice())?;
                span.into_iter().for_each(|(place, length)| told.told(place, length));
            }
        }
        for ((data, share), span) in self.data.iter().zip(&self.shares).zip(spans) {
            let read = match is_view {
                // Views may be of any part in any order; where they leave some, the whole is scanned once more.
                true if *share >= data.length() => all(data.length()),
                true => Vec::new(),
                false => self.read.clone(),
            };
            data.account(&read, span, told, sink)?;
        }
        Ok(())
    }

    /// Notes that a row has a stretch of what is held.
    fn note(&mut self, range: &Range<usize>) {
        let (start, length) = (self.base.saturating_add(range.start as u64), range.len() as u64);
        let has_room = self.read.len() < STRETCHES;
        match self.read.last_mut() {
            Some((from, long)) if from.saturating_add(*long) == start => *long = long.saturating_add(length),
            // Those of an honest column follow each other; what is not noted is scanned once more.
            _ if has_room => self.read.push((start, length)),
            _ => {}
        }
    }

    /// As many rows as its buffers can have.
    fn most(&self) -> u64 {
        let width = match (self.kind, self.dictionary) {
            (_, Some((_, width))) | (Kind::Text(width), None) => width as u64,
            _ => 16,
        };
        self.ends.length() / width
    }

    /// The value of a row. Rows are asked for in their order.
    fn value<'c>(&'c mut self, row: u64, known: &'c Dictionaries, source: &mut Source<'_>) -> Result<Option<&'c [u8]>, Halt> {
        if row < self.first || row - self.first >= self.ranges.len() as u64 {
            self.first = row;
            match (self.kind, self.dictionary) {
                (_, Some((_, width))) => self.indices(width, source)?,
                (Kind::Text(width), None) => self.offsets(width, source)?,
                _ => self.views(source)?,
            }
        }
        let range = self.ranges.get(usize::try_from(row - self.first).unwrap_or(usize::MAX)).cloned();
        let Some(range) = range else { return Ok(None) };
        if self.dictionary.is_none() && self.kind != Kind::View {
            self.note(&range);
        }
        if let Some((id, _)) = self.dictionary {
            let value = known.values.get(&id).and_then(|values| values.get(range.start));
            return Ok(Some(value.map(Vec::as_slice).unwrap_or_default()));
        }
        Ok(Some(self.held.get(range).unwrap_or_default()))
    }

    /// Places in a dictionary, as the starts of ranges.
    fn indices(&mut self, width: usize, source: &mut Source<'_>) -> Result<(), Halt> {
        let bytes = self.ends.read(source, self.first.saturating_mul(width as u64), ROWS * width as u64)?;
        let place = |bytes: &[u8]| number(bytes).and_then(|place| usize::try_from(place).ok()).unwrap_or(usize::MAX);
        self.ranges = bytes.chunks_exact(width).map(|bytes| place(bytes)..usize::MAX).collect();
        Ok(())
    }

    fn offsets(&mut self, width: usize, source: &mut Source<'_>) -> Result<(), Halt> {
        let bytes = self.ends.read(source, self.first.saturating_mul(width as u64), (ROWS + 1) * width as u64)?;
        let ends: Vec<u64> = bytes.chunks_exact(width).map(|bytes| number(bytes).unwrap_or(0)).collect();
        let start = ends.first().copied().unwrap_or(0);
        // Only as many rows as may be held at a time; of a longer one its beginning.
        let fits = ends.iter().take_while(|end| end.saturating_sub(start) <= HELD).count().max(2);
        let ends = ends.get(..fits.min(ends.len())).unwrap_or_default();
        let end = ends.last().copied().unwrap_or(start).min(start.saturating_add(HELD));
        self.held = match self.data.first() {
            Some(data) => data.read(source, start, end.saturating_sub(start))?,
            None => Vec::new(),
        };
        self.base = start;
        let held = self.held.len();
        let place = |end: u64| usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX).min(held);
        self.ranges = ends.iter().zip(ends.iter().skip(1)).map(|(from, to)| place(*from)..place(*to).max(place(*from))).collect();
        Ok(())
    }

    /// Values of up to twelve bytes stand in the view itself, of others the view says in which buffer they are, and where.
    fn views(&mut self, source: &mut Source<'_>) -> Result<(), Halt> {
        let bytes = self.ends.read(source, self.first.saturating_mul(16), ROWS * 16)?;
        self.held.clear();
        self.ranges.clear();
        for view in bytes.chunks_exact(16) {
            let part = |at: usize| view.get(at..at + 4).and_then(number).unwrap_or(0);
            let (length, start) = (part(0), self.held.len());
            if length <= 12 {
                self.held.extend_from_slice(view.get(4..4 + length as usize).unwrap_or_default());
            } else if let (Some(data), Some(share)) = (self.data.get(part(8) as usize), self.shares.get_mut(part(8) as usize)) {
                let value = data.read(source, part(12), length.min(HELD))?;
                *share += value.len() as u64;
                self.held.extend(value);
            }
            self.ranges.push(start..self.held.len());
            if self.held.len() as u64 > HELD {
                break;
            }
        }
        Ok(())
    }
}

/// A number of up to eight bytes, little-endian.
fn number(bytes: &[u8]) -> Option<u64> {
    super::super::super::cursor::Cursor::new(bytes).uint_le(bytes.len())
}
