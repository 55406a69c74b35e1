//! Pages: a stretch of a column, packed, with a header of its own.

use super::super::codec::{self, Codec};
use super::super::source::Source;
use super::footer::{self, Chunk, Column};
use super::levels::{Hybrid, deltas};
use super::thrift::{Kind, Thrift};
use super::{damaged, unsupported};
use crate::extract::{Halt, legible};
use crate::finding::GapReason;
use std::ops::Range;

/// A header is read in a stretch of this length; if it is longer, in one of the other.
const HEADERS: [u64; 2] = [4 << 10, 1 << 20];
/// The longest page that is held, packed and unpacked.
const PAGE: u64 = 16 << 20;
/// Values of a page that are told apart where they take no bytes.
const VALUES: usize = 1 << 20;

/// What a page's header says.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    /// `PageType`: 0 data, 2 a dictionary, 3 data of the second version.
    kind: i64,
    plain: u64,
    packed: u64,
    values: u64,
    encoding: i64,
    /// How levels are packed in the first version: 4 is as nobody writes them any more.
    levels: i64,
    /// Bytes of levels in the second version, definition then repetition.
    lengths: [u64; 2],
    extremes: Vec<Vec<u8>>,
    /// Where those stand in it, and whether there is other text.
    pub(super) placed: Vec<Range<usize>>,
    pub(super) holds_text: bool,
    /// Where it stands, and where its page does.
    pub(super) start: u64,
    pub(super) body: u64,
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut header = Self { levels: 3, ..Self::default() };
        let mut thrift = Thrift::new(bytes);
        thrift.fields(|thrift, field, kind| {
            match (field, kind) {
                (1, Kind::Int) => header.kind = thrift.int()?,
                (2, Kind::Int) => header.plain = thrift.length()?,
                (3, Kind::Int) => header.packed = thrift.length()?,
                (5 | 7, Kind::Struct) => header.first(thrift)?,
                (8, Kind::Struct) => header.second(thrift)?,
                _ => return Some(false),
            }
            Some(true)
        })?;
        let mut rest = bytes.get(..thrift.position())?.to_vec();
        header.placed.iter().filter_map(|place| rest.get_mut(place.clone()).map(|text| text.fill(0))).for_each(drop);
        header.holds_text = legible::is_in(&rest);
        Some((header, rest.len()))
    }

    /// `DataPageHeader`, and that of a dictionary.
    fn first(&mut self, thrift: &mut Thrift<'_>) -> Option<()> {
        thrift.fields(|thrift, field, kind| {
            match (field, kind) {
                (1, Kind::Int) => self.values = thrift.length()?,
                (2, Kind::Int) => self.encoding = thrift.int()?,
                (3, Kind::Int) => self.levels = thrift.int()?,
                (5, Kind::Struct) => (self.extremes, self.placed) = footer::extremes(thrift)?,
                _ => return Some(false),
            }
            Some(true)
        })
    }

    /// `DataPageHeaderV2`.
    fn second(&mut self, thrift: &mut Thrift<'_>) -> Option<()> {
        // A truth that is false stands in the head of its field, which is passed over: the second version without a
        // codec says the same.
        thrift.fields(|thrift, field, kind| {
            match (field, kind) {
                (1, Kind::Int) => self.values = thrift.length()?,
                (4, Kind::Int) => self.encoding = thrift.int()?,
                (5, Kind::Int) => self.lengths[0] = thrift.length()?,
                (6, Kind::Int) => self.lengths[1] = thrift.length()?,
                (8, Kind::Struct) => (self.extremes, self.placed) = footer::extremes(thrift)?,
                _ => return Some(false),
            }
            Some(true)
        })
    }

    /// Where the page ends.
    pub(super) fn end(&self) -> u64 {
        self.body.saturating_add(self.packed)
    }
}

/// The pages of a chunk, one after another.
#[derive(Debug)]
pub(super) struct Pages {
    at: u64,
    end: u64,
    codec: i64,
}

impl Pages {
    pub(super) fn of(chunk: &Chunk) -> Self {
        Self { at: chunk.start, end: chunk.start.saturating_add(chunk.size), codec: chunk.codec }
    }

    /// Whether pages are as they were before.
    pub(super) fn is_plain(&self) -> bool {
        self.codec == 0
    }

    /// The header of the next page.
    pub(super) fn header(&mut self, source: &mut Source<'_>) -> Result<Option<Header>, Halt> {
        if self.at >= self.end.min(source.length) {
            return Ok(None);
        }
        for length in HEADERS {
            let bytes = source.bytes(self.at, length)?;
            let Some((header, taken)) = Header::parse(&bytes) else { continue };
            let header = Header { start: self.at, body: self.at.saturating_add(taken as u64), ..header };
            self.at = header.end();
            return Ok(Some(header));
        }
        Err(damaged("the header of a page"))
    }

    /// The page of a header, unpacked.
    pub(super) fn open(&self, source: &mut Source<'_>, header: Header, column: &Column) -> Result<Page, Halt> {
        let codec = match self.codec {
            0 => Codec::Plain,
            1 => Codec::Snappy,
            2 => Codec::Gzip,
            3 => Codec::LzoHadoop,
            4 => Codec::Brotli,
            5 => Codec::Lz4Hadoop,
            6 => Codec::Zstd,
            7 => Codec::Lz4Block,
            other => return Err(unsupported(&format!("the codec {other}"))),
        };
        if header.packed > PAGE || header.plain > PAGE {
            return Err(Halt::Broken(GapReason::SizeLimit, "parquet: a page too long to be held".to_owned()));
        }
        let mut packed = source.bytes(header.body, header.packed)?;
        if (packed.len() as u64) < header.packed {
            return Err(Halt::Broken(GapReason::Truncated, "parquet: ends within a page".to_owned()));
        }
        let levels = if header.kind == 3 { header.lengths[0].saturating_add(header.lengths[1]) } else { 0 };
        let levels = usize::try_from(levels).ok().filter(|levels| *levels <= packed.len());
        let levels = levels.ok_or_else(|| damaged("the levels of a page"))?;
        let values = packed.split_off(levels);
        let plain = header.plain.saturating_sub(levels as u64);
        // A page of the second version may be as it was in a chunk that is packed.
        let codec = if header.kind == 3 && values.len() as u64 == plain { Codec::Plain } else { codec };
        let held = if header.kind == 3 { values.clone() } else { Vec::new() };
        let values = match codec::unpacked(codec, values, plain, PAGE) {
            Err(_) if header.kind == 3 => held,
            unpacked => unpacked.map_err(|_| damaged("a page that does not unpack"))?,
        };
        source.charge(values.len() as u64)?;
        let bytes = [packed, values].concat();
        Page::new(header, bytes, column).ok_or_else(|| damaged("the levels of a page"))
    }
}

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) header: Header,
    pub(super) bytes: Vec<u8>,
    /// How often values are there on the way to them, and how often they must be.
    present: Option<Hybrid>,
    whole: u32,
    left: u64,
    /// Where the first value begins.
    front: usize,
    values: Values,
    last: Vec<u8>,
}

/// Where the next value stands.
#[derive(Debug)]
enum Values {
    Plain(usize),
    Indices(Hybrid),
    Lengths(std::vec::IntoIter<u32>, usize),
    Prefixed(std::vec::IntoIter<u32>, std::vec::IntoIter<u32>, usize),
    /// Not of any length, or of an encoding that is not for texts.
    Other(usize),
}

/// A value, or where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Range(Range<usize>),
    Index(u32),
    /// It was put together from the one before.
    Last,
}

impl Page {
    fn new(header: Header, bytes: Vec<u8>, column: &Column) -> Option<Self> {
        let width = |most: u32| 32 - most.leading_zeros();
        let (mut at, mut present) = (0usize, None);
        if header.kind == 3 {
            let (definition, repetition) = (usize::try_from(header.lengths[0]).ok()?, usize::try_from(header.lengths[1]).ok()?);
            at = repetition.checked_add(definition)?;
            present = (column.optional > 0).then(|| Hybrid::new(repetition, at, width(column.optional)));
        } else if header.kind == 0 {
            for (most, is_definition) in [(column.repeated, false), (column.optional, true)] {
                if most == 0 {
                    continue;
                }
                if header.levels == 4 {
                    at = at.checked_add(usize::try_from(header.values.checked_mul(u64::from(width(most)))?.div_ceil(8)).ok()?)?;
                    continue;
                }
                let length = u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?) as usize;
                let end = at.checked_add(4)?.checked_add(length).filter(|end| *end <= bytes.len())?;
                if is_definition {
                    present = Some(Hybrid::new(at + 4, end, width(most)));
                }
                at = end;
            }
        }
        let values = Values::open(&header, column.kind, &bytes, at)?;
        let left = header.values;
        let front = match values {
            Values::Plain(at) | Values::Lengths(_, at) | Values::Prefixed(_, _, at) | Values::Other(at) => at,
            Values::Indices(_) => bytes.len(),
        };
        Some(Self { header, bytes, present, whole: column.optional, left, front, values, last: Vec::new() })
    }

    /// Whether it is a dictionary, and whether it refers to one.
    pub(super) fn is_dictionary(&self) -> bool {
        self.header.kind == 2
    }

    pub(super) fn is_of_indices(&self) -> bool {
        matches!(self.values, Values::Indices(_))
    }

    /// Bytes that are no texts, if that is what it has.
    pub(super) fn opaque(&self) -> Option<&[u8]> {
        if let Values::Other(at) = self.values { self.bytes.get(at..) } else { None }
    }

    /// What stands beside its values: levels, lengths and places in a dictionary.
    pub(super) fn beside(&self) -> &[u8] {
        self.bytes.get(..self.front).unwrap_or_default()
    }

    /// What no value has taken.
    pub(super) fn rest(&self) -> &[u8] {
        match self.values {
            Values::Plain(at) | Values::Lengths(_, at) | Values::Prefixed(_, _, at) => self.bytes.get(at..).unwrap_or_default(),
            Values::Indices(_) | Values::Other(_) => &[],
        }
    }

    /// Smallest and largest of its values, as its header tells them.
    pub(super) fn extremes(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.header.extremes)
    }

    /// The next entry of the column: a value, or none where it is missing.
    pub(super) fn entry(&mut self) -> Option<Option<Found>> {
        self.left = self.left.checked_sub(1)?;
        let is_there = match &mut self.present {
            Some(levels) => levels.next(&self.bytes)? >= self.whole,
            None => true,
        };
        if is_there { self.value().map(Some) } else { Some(None) }
    }

    /// The next value that is there.
    pub(super) fn value(&mut self) -> Option<Found> {
        match &mut self.values {
            Values::Plain(at) => {
                let length = u32::from_le_bytes(*self.bytes.get(*at..)?.first_chunk()?) as usize;
                let range = *at + 4..at.checked_add(4)?.checked_add(length)?;
                self.bytes.get(range.clone())?;
                *at = range.end;
                Some(Found::Range(range))
            }
            Values::Indices(indices) => indices.next(&self.bytes).map(Found::Index),
            Values::Lengths(lengths, at) => {
                let range = *at..at.checked_add(lengths.next()? as usize)?;
                self.bytes.get(range.clone())?;
                *at = range.end;
                Some(Found::Range(range))
            }
            Values::Prefixed(prefixes, lengths, at) => {
                let (prefix, length) = (prefixes.next()? as usize, lengths.next()? as usize);
                let suffix = self.bytes.get(*at..at.checked_add(length)?)?;
                *at += length;
                if prefix > self.last.len() || prefix + length > PAGE as usize {
                    return None;
                }
                self.last.truncate(prefix);
                self.last.extend_from_slice(suffix);
                Some(Found::Last)
            }
            Values::Other(_) => None,
        }
    }

    /// The bytes of a value that is no index.
    pub(super) fn bytes_of(&self, found: &Found) -> &[u8] {
        match found {
            Found::Range(range) => self.bytes.get(range.clone()).unwrap_or_default(),
            Found::Last => &self.last,
            Found::Index(_) => &[],
        }
    }

    /// Where each value of a dictionary stands.
    pub(super) fn entries(&mut self) -> Vec<Range<usize>> {
        std::iter::from_fn(|| self.value())
            .map(|found| if let Found::Range(range) = found { range } else { 0..0 })
            .take(VALUES)
            .collect()
    }
}

impl Values {
    /// `Encoding`: 0 plain, 2 and 8 places in a dictionary, 6 and 7 lengths as deltas.
    fn open(header: &Header, kind: i64, bytes: &[u8], at: usize) -> Option<Self> {
        let most = VALUES.max(bytes.len());
        if kind != 6 {
            return Some(Self::Other(at));
        }
        Some(match header.encoding {
            // A dictionary of old says of itself that it is one.
            0 => Self::Plain(at),
            2 if header.kind == 2 => Self::Plain(at),
            2 | 8 => {
                let width = bytes.get(at).copied().map_or(0, u32::from);
                Self::Indices(Hybrid::new(at + 1, bytes.len(), width))
            }
            6 => {
                let (lengths, at) = deltas(bytes, at, most)?;
                Self::Lengths(lengths.into_iter(), at)
            }
            7 => {
                let (prefixes, at) = deltas(bytes, at, most)?;
                let (lengths, at) = deltas(bytes, at, most)?;
                Self::Prefixed(prefixes.into_iter(), lengths.into_iter(), at)
            }
            _ => Self::Other(at),
        })
    }
}
