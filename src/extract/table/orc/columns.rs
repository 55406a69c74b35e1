//! Columns: their texts, with the names that lead to them. In a table of settings one column holds the name of what
//! another holds; both are read side by side then.

use super::super::super::{Halt, rows};
use super::super::cells::Cells;
use super::super::source::Source;
use super::layout::{Piece, Stripe, Type, pieces};
use super::streams::{Bits, Numbers, Stream};
use super::{Beside, HELD, broken, damaged};
use crate::finding::GapReason;
use std::collections::{HashMap, HashSet};

/// Kinds of streams.
const PRESENT: u64 = 0;
const DATA: u64 = 1;
const LENGTH: u64 = 2;
const DICTIONARY: u64 = 3;
const INDEX: u64 = 6;
/// Kinds of types: lists and maps have no names below them, structures do, and these are texts or bytes.
const LIST: u64 = 10;
const MAP: u64 = 11;
const TEXTS: [u64; 4] = [7, 8, 16, 17];
/// Encodings with runs of the second version, and those with a dictionary.
const SECOND: [u64; 2] = [2, 3];
const LISTED: [u64; 2] = [1, 3];
/// Gaps of one file, and parts of a path.
const GAPS: usize = 16;
const DEPTH: usize = 32;
/// Bytes beside texts that are scanned at a time.
const PIECE: usize = 1 << 20;

/// A column: how it is called, and where the row has the name of what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    is_text: bool,
    parent: Vec<u8>,
    name: Vec<u8>,
    key: Vec<u8>,
    labels: Option<u64>,
}

/// All columns, by the number of their type.
pub(super) fn columns(types: &[Type]) -> Vec<Column> {
    let mut all = vec![Column::default(); types.len()];
    let (mut known, mut open) = (HashSet::from([0]), vec![(0u64, Vec::<Vec<u8>>::new())]);
    while let Some((id, path)) = open.pop() {
        let Some(kind) = types.get(id as usize) else { continue };
        let name_of = |index: usize| match kind.kind {
            LIST => None,
            MAP => Some(if index == 0 { b"key".to_vec() } else { b"value".to_vec() }),
            _ => kind.names.get(index).cloned(),
        };
        let below: Vec<_> = kind.below.iter().enumerate().filter(|(_, id)| known.insert(**id)).collect();
        let is_text = |id: u64| types.get(id as usize).is_some_and(|below| TEXTS.contains(&below.kind));
        let names = below.iter().find(|(index, id)| is_text(**id) && name_of(*index).is_some_and(|name| holds_names(&name)));
        let names = names.map(|(_, id)| **id);
        for (index, id) in below {
            let name = name_of(index);
            let path: Vec<_> = path.iter().cloned().chain(name.clone()).take(DEPTH).collect();
            if let Some(column) = all.get_mut(*id as usize) {
                column.is_text = is_text(*id);
                column.parent = path.split_last().map(|(_, parent)| parent.join(&b'.')).unwrap_or_default();
                column.name = path.join(&b'.');
                column.key = path.last().cloned().unwrap_or_default();
                column.labels = names.filter(|names| names != id && name.is_some_and(|name| holds_values(&name)));
            }
            open.push((*id, path));
        }
    }
    all
}

fn holds_names(name: &[u8]) -> bool {
    rows::holds_names(&String::from_utf8_lossy(name))
}

fn holds_values(name: &[u8]) -> bool {
    rows::holds_values(&String::from_utf8_lossy(name))
}

/// All rows, stripe by stripe.
pub(super) struct Stripes<'r, 's, 'f, 'k> {
    pub(super) source: &'r mut Source<'f>,
    pub(super) beside: &'r mut Beside<'s>,
    pub(super) columns: &'k [Column],
    pub(super) gaps: usize,
}

/// Streams of a stripe by column and kind, with their place and length; and encodings by column.
struct Laid {
    streams: HashMap<(u64, u64), (u64, u64)>,
    encodings: Vec<(u64, u64)>,
}

impl Stripes<'_, '_, '_, '_> {
    pub(super) fn all(mut self, stripes: &[Stripe]) -> Result<(), Halt> {
        let mut ends = HashSet::new();
        for stripe in stripes {
            // Each has bytes of its own.
            if !ends.insert(stripe.offset) {
                continue;
            }
            let read = self.stripe(*stripe);
            self.soften(read, b"")?;
        }
        Ok(())
    }

    /// Makes a gap of what is wrong with a part, so that others are read.
    fn soften(&mut self, read: Result<(), Halt>, name: &[u8]) -> Result<(), Halt> {
        match read {
            Err(Halt::Broken(reason, detail)) if reason != GapReason::ExpansionLimit => {
                self.gaps += 1;
                if self.gaps <= GAPS {
                    let place = if name.is_empty() { "a stripe".into() } else { crate::place::escaped(name).to_string() };
                    self.beside.sink.gap(reason, format!("{detail}, in {place}; its bytes were scanned as they are"), None);
                }
                Ok(())
            }
            read => read,
        }
    }

    fn stripe(&mut self, stripe: Stripe) -> Result<(), Halt> {
        let end = stripe.offset.checked_add(stripe.index).and_then(|end| end.checked_add(stripe.data));
        let place = end.filter(|end| *end <= self.source.length).ok_or_else(|| damaged("a stripe behind the end of the file"))?;
        let footer = Stream::new(place, stripe.footer, self.beside.packing).rest(HELD, self.source)?;
        let (pieces, encodings) = pieces(&footer);
        let mut laid = Laid { streams: HashMap::new(), encodings };
        let mut at = stripe.offset;
        let mut all = Vec::new();
        for Piece { kind, column, length } in pieces {
            let next = at.checked_add(length).filter(|next| *next <= place);
            let next = next.ok_or_else(|| damaged("a stream longer than its stripe"))?;
            laid.streams.insert((column, kind), (at, length));
            all.push((column, kind, at, length));
            at = next;
        }
        self.beside.rest(place, stripe.footer, (footer, &[]), Vec::new())?;
        for (id, column) in self.columns.iter().enumerate().filter(|(_, column)| column.is_text) {
            let read = self.texts(id as u64, column, &laid);
            self.soften(read, &column.name)?;
        }
        for (id, kind, place, length) in all {
            let column = self.columns.get(id as usize);
            let is_text = column.is_some_and(|column| column.is_text) && matches!(kind, DATA | DICTIONARY);
            let is_number = is_text && kind == DATA && laid.encoding(id).is_some_and(|kind| LISTED.contains(&kind));
            if is_text && !is_number {
                continue;
            }
            let read = match kind {
                INDEX => self.index(place, length),
                _ => self.numbers(place, length),
            };
            self.soften(read, column.map(|column| column.name.as_slice()).unwrap_or_default())?;
        }
        Ok(())
    }

    /// Places in streams, and statistics of what is there.
    fn index(&mut self, place: u64, length: u64) -> Result<(), Halt> {
        let bytes = Stream::new(place, length, self.beside.packing).rest(HELD, self.source)?;
        self.beside.rest(place, length, (bytes, &[&[1, 2, 4]]), Vec::new())
    }

    fn numbers(&mut self, place: u64, length: u64) -> Result<(), Halt> {
        if self.beside.packing.codec.is_none() {
            self.beside.told.numbers(place, length);
            return Ok(());
        }
        let mut stream = Stream::new(place, length, self.beside.packing);
        loop {
            let mut bytes = Vec::new();
            let is_more = stream.take(PIECE, &mut bytes, self.source)?;
            self.beside.sink.numbers(&mut bytes.as_slice())?;
            if !is_more {
                break;
            }
        }
        self.beside.told.told(place, length);
        Ok(())
    }

    fn texts(&mut self, id: u64, column: &Column, laid: &Laid) -> Result<(), Halt> {
        let mut cells = Cells::new(column.parent.clone(), column.name.clone(), column.key.clone(), Vec::new());
        let read = self.cells(id, column, laid, &mut cells);
        if let Err(Halt::Stop | Halt::Read(_)) = read {
            return read;
        }
        cells.end(self.beside.sink)?;
        for kind in [DATA, DICTIONARY] {
            let Some((place, length)) = laid.streams.get(&(id, kind)).copied() else { continue };
            let is_listed = laid.encoding(id).is_some_and(|kind| LISTED.contains(&kind));
            if is_listed && kind == DATA {
                continue;
            }
            if read.is_ok() {
                self.beside.told.told(place, length);
            } else if self.beside.packing.codec.is_some() {
                // What can be unpacked is scanned so, too.
                let mut bytes = Vec::new();
                let unpacked = Stream::new(place, length, self.beside.packing).take(HELD, &mut bytes, self.source);
                if let Err(halt @ (Halt::Stop | Halt::Read(_))) = unpacked {
                    return Err(halt);
                }
                self.beside.sink.raw(&mut bytes.as_slice())?;
            }
        }
        read
    }

    fn cells(&mut self, id: u64, column: &Column, laid: &Laid, cells: &mut Cells) -> Result<(), Halt> {
        let mut values = Values::open(id, laid, self)?;
        let mut labels = match column.labels {
            Some(labels) => Some((Values::open(labels, laid, self)?, Vec::new())),
            None => None,
        };
        cells.offset = laid.streams.get(&(id, DATA)).map_or(0, |(place, _)| *place);
        // Texts of a dictionary are told by their rows only if those have names for them.
        if values.listed.is_none() || labels.is_some() {
            let mut value = Vec::new();
            loop {
                let has_label = match &mut labels {
                    Some((labels, label)) => labels.row(label, self.source)? == Some(true),
                    None => false,
                };
                match values.row(&mut value, self.source)? {
                    None => break,
                    Some(false) => continue,
                    Some(true) => {}
                }
                let label = labels.as_ref().map(|(_, label)| label.as_slice()).filter(|label| has_label && rows::is_label(label));
                if label.is_some() || values.listed.is_none() {
                    self.beside.note(&value);
                    cells.tell(&value, label.unwrap_or_default(), self.beside.sink)?;
                    values.tell();
                }
            }
        }
        if let Some(listed) = &values.listed {
            for (index, is_told) in listed.told.iter().enumerate() {
                let text = listed.text(index).unwrap_or_default();
                self.beside.note(text);
                if !is_told {
                    cells.tell(text, &[], self.beside.sink)?;
                }
            }
            // What no length covers.
            let rest = listed.texts.get(listed.ends.last().copied().unwrap_or(0)..).unwrap_or_default();
            self.beside.sink.raw(&mut &*rest)?;
        } else {
            let rest = values.data.rest(HELD, self.source)?;
            self.beside.sink.raw(&mut rest.as_slice())?;
        }
        Ok(())
    }
}

impl Laid {
    fn encoding(&self, column: u64) -> Option<u64> {
        self.encodings.get(usize::try_from(column).ok()?).map(|(kind, _)| *kind)
    }
}

/// The texts of a dictionary, and which of them a row was told with.
struct Listed {
    texts: Vec<u8>,
    ends: Vec<usize>,
    told: Vec<bool>,
    last: Option<usize>,
}

impl Listed {
    fn text(&self, index: usize) -> Option<&[u8]> {
        let start = index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.texts.get(start..*self.ends.get(index)?)
    }
}

/// The values of a column, row by row.
struct Values {
    present: Option<Bits>,
    /// Lengths, or places in the dictionary.
    numbers: Numbers,
    data: Stream,
    listed: Option<Listed>,
}

impl Values {
    fn open(id: u64, laid: &Laid, stripes: &mut Stripes<'_, '_, '_, '_>) -> Result<Self, Halt> {
        let (packing, source) = (stripes.beside.packing, &mut *stripes.source);
        let stream = |kind: u64| {
            let (place, length) = laid.streams.get(&(id, kind)).copied().unwrap_or((0, 0));
            Stream::new(place, length, packing)
        };
        let encoding = laid.encoding(id).unwrap_or(0);
        let is_second = SECOND.contains(&encoding);
        let present = laid.streams.contains_key(&(id, PRESENT)).then(|| Bits::new(stream(PRESENT)));
        if !LISTED.contains(&encoding) {
            let numbers = Numbers::new(stream(LENGTH), is_second);
            return Ok(Self { present, numbers, data: stream(DATA), listed: None });
        }
        let (mut lengths, mut ends) = (Numbers::new(stream(LENGTH), is_second), Vec::new());
        let texts = stream(DICTIONARY).rest(HELD, source)?;
        let mut end = 0usize;
        while let Some(length) = lengths.next(source)? {
            end = usize::try_from(length).ok().and_then(|length| end.checked_add(length)).unwrap_or(usize::MAX);
            // Texts of no length are free, but not without end.
            if end > texts.len() || ends.len() > HELD / 16 {
                return Err(damaged("a dictionary longer than its texts"));
            }
            ends.push(end);
        }
        let listed = Listed { texts, told: vec![false; ends.len()], ends, last: None };
        Ok(Self { present, numbers: Numbers::new(stream(DATA), is_second), data: stream(DATA), listed: Some(listed) })
    }

    /// Reads the value of the next row. Whether it has one; nothing behind the last.
    fn row(&mut self, value: &mut Vec<u8>, source: &mut Source<'_>) -> Result<Option<bool>, Halt> {
        value.clear();
        if let Some(present) = &mut self.present {
            match present.next(source)? {
                Some(true) => {}
                Some(false) => return Ok(Some(false)),
                None => return Ok(None),
            }
        }
        let Some(number) = self.numbers.next(source)? else { return Ok(None) };
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        // Each costs something, though it be empty.
        source.charge(1)?;
        if let Some(listed) = &mut self.listed {
            listed.last = Some(number);
            let text = listed.text(number).ok_or_else(|| damaged("a value that its dictionary does not have"))?;
            source.charge(text.len() as u64)?;
            value.extend_from_slice(text);
        } else {
            if number > HELD {
                return Err(broken(GapReason::SizeLimit, "a value that is longer than is held"));
            }
            if !self.data.take(number, value, source)? {
                return Err(damaged("a value longer than its stream"));
            }
        }
        Ok(Some(true))
    }

    /// Notes that the last row was told.
    fn tell(&mut self) {
        if let Some(listed) = &mut self.listed
            && let Some(told) = listed.last.and_then(|last| listed.told.get_mut(last))
        {
            *told = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_called_by_their_path() {
        let of = |kind: u64, below: &[u64], names: &[&str]| Type {
            kind,
            below: below.to_vec(),
            names: names.iter().map(|name| name.as_bytes().to_vec()).collect(),
        };
        let types = [
            of(12, &[1, 2, 4], &["id", "tags", "more"]),
            of(4, &[], &[]),
            of(LIST, &[3], &[]),
            of(7, &[], &[]),
            of(MAP, &[5, 6], &[]),
            of(7, &[], &[]),
            // One that is its own.
            of(12, &[7, 6, 0], &["note"]),
            of(8, &[], &[]),
        ];
        let all = columns(&types);
        let name = |id: usize| String::from_utf8_lossy(&all[id].name).into_owned();
        assert_eq!([3, 5, 7].map(name), ["tags", "more.key", "more.value.note"]);
        assert_eq!([1, 3, 5, 6, 7].map(|id| all[id].is_text), [false, true, true, false, true]);
        assert_eq!((all[6].labels, all[7].labels), (Some(5), None));
    }
}
