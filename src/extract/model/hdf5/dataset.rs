//! Datasets: the values of one name, wherever they lie.

use super::super::super::{Halt, Member, MemberKind};
use super::chunks::{Chunk, Chunks};
use super::datatype::{self, Kind, Type};
use super::file::File;
use super::header::{self, DATASPACE, DATATYPE, FILTERS, LAYOUT, Message};
use super::layout::{self, Chunked, Filter, Layout};
use super::values::{At, Reader};
use super::{damaged, unsupported};
use crate::finding::GapReason;
use std::io::{self, Read};

/// Bytes of texts that are read at a time.
const PART: u64 = 256 << 10;
/// The longest chunk that is unpacked to be read value by value, and the longest that is held packed.
const CHUNK: u64 = 16 << 20;
/// What chunks of texts may unpack to in all: so much, and …
const UNPACKED: u64 = 64 << 20;
/// … so many times the length of the file.
const UNPACKED_RATIO: u64 = 200;
/// Texts shorter than this hold nothing, unless their name says so.
const SHORT: u64 = 8;
/// The longest row of bytes that may be a file somebody kept in an array.
const BYTES: u64 = 256 << 20;

/// What a dataset is.
struct Dataset<'d> {
    path: &'d [u8],
    key: &'d [u8],
    of: Type,
    shape: Vec<u64>,
}

impl Dataset<'_> {
    /// Bytes of all values.
    fn length(&self) -> Option<u64> {
        self.shape.iter().try_fold(self.of.size, |all, side| all.checked_mul(*side))
    }

    /// Whether it may be a file that was put in an array.
    fn is_file(&self) -> bool {
        self.of.is_byte() && self.shape.len() == 1 && self.length().is_some_and(|length| (64..=BYTES).contains(&length))
    }
}

impl Reader<'_, '_> {
    /// Tells what the object of these messages holds, if it is a dataset.
    pub(super) fn dataset(&mut self, path: &[u8], messages: &[Message]) -> Result<(), Halt> {
        let Some(layout) = messages.iter().find(|message| message.kind == LAYOUT && !message.is_shared) else { return Ok(()) };
        let of = header::find(&mut self.file, messages, DATATYPE)?;
        let shape = header::find(&mut self.file, messages, DATASPACE)?;
        let (Some(of), Some(shape)) = (of, shape) else { return Ok(()) };
        let Some(mut of) = Type::parse(&of.bytes) else { return Err(damaged("a type that is not known")) };
        let Some(mut shape) = datatype::shape(&shape.bytes, self.file.lengths) else { return Ok(()) };
        let layout_of = Layout::parse(&layout.bytes, &self.file);
        if of == (Type { size: 1, kind: Kind::Text }) && !matches!(layout_of, Some(Layout::Chunked(_))) {
            // netCDF keeps a text as a row of characters.
            of.size = shape.pop().unwrap_or(1).max(1);
        }
        let key = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if of.kind == Kind::Text && of.size < SHORT && !self.sink.wants(key) {
            // Too short to hold anything by themselves, and too many to be looked at one by one.
            return Ok(());
        }
        let dataset = Dataset { path, key, of, shape };
        match layout_of {
            Some(Layout::Compact(from, length)) => {
                let bytes = layout.bytes.get(from..from.saturating_add(length)).unwrap_or_default();
                let at = At { place: layout.place.saturating_add(from as u64), is_plain: true };
                self.values(&dataset, bytes, 0, at)
            }
            Some(Layout::Contiguous(address, length)) => self.contiguous(&dataset, address, length),
            Some(Layout::Chunked(chunked)) => {
                let filters = header::find(&mut self.file, messages, FILTERS)?;
                let filters = filters.map_or(Some(Vec::new()), |message| layout::filters(&message.bytes));
                self.chunked(&dataset, &chunked, &filters.ok_or_else(|| damaged("filters"))?)
            }
            Some(Layout::Elsewhere) => Ok(()),
            None => Err(damaged("a layout that is not known")),
        }
    }

    /// Values that stand one behind another, the first of them of this number.
    fn values(&mut self, dataset: &Dataset<'_>, bytes: &[u8], first: u64, at: At) -> Result<(), Halt> {
        let Some(size) = usize::try_from(dataset.of.size).ok().filter(|size| *size > 0) else { return Ok(()) };
        if dataset.is_file() {
            self.told.told(at.place, bytes.len() as u64);
            return self.blob(bytes, dataset.path);
        }
        let mut before = Vec::new();
        for (number, value) in bytes.chunks_exact(size).enumerate().filter(|_| dataset.of.has_text()) {
            let place = at.place.saturating_add((number * size) as u64);
            let numbers = coordinates(&dataset.shape, first.saturating_add(number as u64));
            self.cell(dataset, value, &numbers, At { place, ..at }, &mut before)?;
        }
        Ok(())
    }

    /// One value. In rows of two the first names the second.
    fn cell(&mut self, dataset: &Dataset<'_>, value: &[u8], numbers: &[u64], at: At, before: &mut Vec<u8>) -> Result<(), Halt> {
        let index: String = numbers.iter().map(|number| format!("[{number}]")).collect();
        let mut name = [dataset.path, index.as_bytes()].concat();
        let mut key = dataset.key.to_vec();
        if let ([_, 2], [_, column]) = (dataset.shape.as_slice(), numbers) {
            let field = datatype::Field { name: Vec::new(), offset: 0, of: dataset.of.clone() };
            if *column == 0 {
                *before = self.label(&field, value)?.unwrap_or_default();
            } else if !before.is_empty() {
                key = std::mem::take(before);
                name = [dataset.path, b".", &key].concat();
            }
        }
        self.value(&dataset.of, value, &name, &key, at, 0)
    }

    fn contiguous(&mut self, dataset: &Dataset<'_>, address: u64, length: u64) -> Result<(), Halt> {
        let place = self.file.place(address);
        let length = dataset.length().unwrap_or(length).min(length).min(self.file.length.saturating_sub(place));
        if dataset.is_file() {
            self.told.told(place, length);
            let mut body = self.file.stretch(place, length)?;
            let member = Member { name: dataset.path, kind: MemberKind::File, size: Some(length) };
            self.sink.member(&member, &mut body)?;
            return Ok(());
        }
        if !dataset.of.has_text() {
            self.told.numbers(place, length);
            return Ok(());
        }
        let size = dataset.of.size.max(1);
        let step = (PART / size).max(1).saturating_mul(size);
        let mut at = 0;
        while at < length && size <= CHUNK {
            let bytes = self.file.bytes(place.saturating_add(at), step.min(length - at))?;
            self.values(dataset, &bytes, at / size, At { place: place.saturating_add(at), is_plain: true })?;
            at = at.saturating_add(step);
        }
        Ok(())
    }

    fn chunked(&mut self, dataset: &Dataset<'_>, chunked: &Chunked, filters: &[Filter]) -> Result<(), Halt> {
        if let Some(Filter::Other(id)) = filters.iter().find(|filter| matches!(filter, Filter::Other(_))) {
            return Err(unsupported(&format!("the filter {id}")));
        }
        let mut chunks = Chunks::open(&mut self.file, chunked, &dataset.shape, dataset.of.size, !filters.is_empty())?;
        if dataset.of.has_text() {
            while let Some(chunk) = chunks.next(&mut self.file)? {
                let read = self.chunk(dataset, &chunked.sides, filters, &chunk, chunks.plain());
                self.noted(read, dataset.path)?;
            }
            return Ok(());
        }
        if filters.is_empty() && !dataset.is_file() {
            while let Some(chunk) = chunks.next(&mut self.file)? {
                self.told.numbers(self.file.place(chunk.address), chunks.plain());
            }
            return Ok(());
        }
        let kind = if dataset.is_file() { MemberKind::File } else { MemberKind::Numbers };
        let member = Member { name: dataset.path, kind, size: dataset.length() };
        let mut body = Unpacked::new(&mut self.file, chunks, filters);
        let pushed = self.sink.member(&member, &mut body);
        let (read, failure) = (std::mem::take(&mut body.read), body.failure.take());
        read.into_iter().for_each(|(place, length)| self.told.told(place, length));
        pushed?;
        failure.map_or(Ok(()), Err)
    }

    /// A chunk of texts.
    fn chunk(&mut self, dataset: &Dataset<'_>, sides: &[u64], filters: &[Filter], chunk: &Chunk, plain: u64) -> Result<(), Halt> {
        if plain > CHUNK || chunk.size > CHUNK {
            let why = "HDF5: a chunk too long to be read value by value".to_owned();
            return Err(Halt::Broken(GapReason::SizeLimit, why));
        }
        let place = self.file.place(chunk.address);
        let packed = self.file.bytes(place, chunk.size)?;
        let taken = packed.len() as u64;
        let is_plain = filters.is_empty();
        let bytes = layout::undone(filters, chunk.mask, packed, plain).map_err(|_| damaged("a chunk that does not unpack"))?;
        self.unpacked = self.unpacked.saturating_add(bytes.len() as u64);
        if self.unpacked > self.file.length.saturating_mul(UNPACKED_RATIO).saturating_add(UNPACKED) {
            let why = "HDF5: unpacks to far more than honest data does; the rest was scanned as it is";
            return Err(Halt::Broken(GapReason::ExpansionLimit, why.to_owned()));
        }
        if !is_plain {
            self.told.told(place, taken);
        }
        let size = usize::try_from(dataset.of.size).unwrap_or(usize::MAX).max(1);
        let mut before = Vec::new();
        for (number, value) in bytes.chunks_exact(size).enumerate() {
            let own = coordinates(sides, number as u64);
            let numbers: Vec<u64> = own.iter().zip(&chunk.start).map(|(own, start)| own.saturating_add(*start)).collect();
            // A chunk reaches over the border of the values.
            if numbers.iter().zip(&dataset.shape).any(|(number, side)| number >= side) {
                continue;
            }
            let offset = if is_plain { (number * size) as u64 } else { 0 };
            self.cell(dataset, value, &numbers, At { place: place.saturating_add(offset), is_plain }, &mut before)?;
        }
        Ok(())
    }
}

/// The number of a value, on each side.
fn coordinates(sides: &[u64], number: u64) -> Vec<u64> {
    let mut rest = number;
    let mut all: Vec<u64> = Vec::new();
    for side in sides.iter().rev() {
        all.push(rest % (*side).max(1));
        rest /= (*side).max(1);
    }
    all.reverse();
    all
}

/// All chunks of a dataset, unpacked one after another. The bytes of numbers stay in the order in which they were
/// packed: what identifies itself in them is no number.
struct Unpacked<'u, 'f> {
    file: &'u mut File<'f>,
    chunks: Chunks,
    filters: &'u [Filter],
    current: Box<dyn Read>,
    /// Where chunks lay that were read.
    read: Vec<(u64, u64)>,
    failure: Option<Halt>,
}

impl<'u, 'f> Unpacked<'u, 'f> {
    fn new(file: &'u mut File<'f>, chunks: Chunks, filters: &'u [Filter]) -> Self {
        Self { file, chunks, filters, current: Box::new(io::empty()), read: Vec::new(), failure: None }
    }

    fn open(&mut self) -> Result<bool, Halt> {
        let Some(chunk) = self.chunks.next(self.file)? else { return Ok(false) };
        if chunk.size > CHUNK {
            return Err(Halt::Broken(GapReason::SizeLimit, "HDF5: a packed chunk too long to be held".to_owned()));
        }
        let place = self.file.place(chunk.address);
        let packed = self.file.bytes(place, chunk.size)?;
        self.read.push((place, packed.len() as u64));
        let mut reader: Box<dyn Read> = Box::new(io::Cursor::new(packed));
        for (bit, filter) in self.filters.iter().enumerate().rev() {
            if chunk.mask.checked_shr(bit as u32).is_some_and(|mask| mask & 1 != 0) {
                continue;
            }
            reader = match filter {
                Filter::Deflate => Box::new(flate2::read::ZlibDecoder::new(reader)),
                Filter::Zstd => Box::new(zstd::Decoder::new(reader)?),
                Filter::Lzf => {
                    let mut packed = Vec::new();
                    reader.take(CHUNK).read_to_end(&mut packed)?;
                    let most = self.chunks.plain().min(CHUNK);
                    let plain = layout::undone(&[Filter::Lzf], 0, packed, most).map_err(|_| damaged("a chunk"))?;
                    Box::new(io::Cursor::new(plain))
                }
                _ => reader,
            };
        }
        self.current = Box::new(reader.take(self.chunks.plain()));
        Ok(true)
    }
}

impl Read for Unpacked<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.current.read(buffer) {
                Ok(0) => {}
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
                // Scanned as it is, then.
                Err(_) => {
                    self.read.pop();
                    self.failure.get_or_insert_with(|| damaged("a chunk that does not unpack"));
                }
            }
            match self.open() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(halt) => {
                    self.failure = Some(halt);
                    self.current = Box::new(io::empty());
                    return Ok(0);
                }
            }
        }
    }
}
