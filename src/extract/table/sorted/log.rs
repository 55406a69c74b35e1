//! Logs: what LevelDB and RocksDB write before it goes into a table, and the list of their tables (`MANIFEST`).
//!
//! Format: `doc/log_format.md` of <https://github.com/google/leveldb>, and the wiki of RocksDB. Blocks of 32 KiB with
//! records, each behind its checksum, its length and a byte that says whether it is whole or the first, another or the last
//! piece of one; a file that was used before has the number of its log as well, and its old records behind the new ones.
//! Most records are batches of writes: their values are told by their keys. All else is scanned as it is, what comes in
//! pieces put together.

use super::super::super::cursor::{le16, le32};
use super::super::super::{About, Extractor, Halt, Head, Input, Sink, Stop};
use super::super::codec::{Codec, unpacked};
use super::super::gathered::Gathered;
use super::super::keyed::{self, Called};
use super::batch::{self, Write};
use super::block::masked;
use crate::finding::GapReason;
use std::io::Read;
use std::ops::Range;

/// Logs.
pub struct SortedLog;

/// A block, and what stands before a record: of one of a log that was used before there is more.
const BLOCK: usize = 32 << 10;
const HEAD: usize = 7;
const NUMBERED: usize = 11;
/// The longest record that is put together and told by its keys.
const RECORD: usize = 16 << 20;
/// Bytes that are gathered before they are scanned as they are.
const GATHERED: usize = 512 << 10;
/// What packed records may come to: so many bytes, and so many times what was read.
const FLOOR: u64 = 64 << 20;
const RATIO: u64 = 200;

impl Extractor for SortedLog {
    fn name(&self) -> &'static str {
        "sorted log"
    }

    fn about(&self) -> About {
        About {
            title: "LevelDB and RocksDB log",
            reads: "values by their keys, those of a log that was there before too; records in pieces put together; all else as it is",
            limits: "records of up to 16 MiB by their keys",
            specification: "https://github.com/google/leveldb/blob/main/doc/log_format.md",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let Some(record) = Record::at(head.start, 0) else { return false };
        let payload = head.start.get(record.payload.start..).unwrap_or_default();
        match head.start.get(record.payload.clone()) {
            Some(_) => record.holds(head.start),
            // It is longer than what is at hand. The first piece of one fills its block.
            None => {
                let fits = record.payload.end == BLOCK || record.kind == Kind::Whole && record.payload.end < BLOCK;
                head.start.len() >= Head::LEN && fits && batch::begins_like_one(payload, record.payload.len())
            }
        }
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut log = Log { held: Gathered::of("sorted log"), ..Log::default() };
        let mut read = Ok(());
        while read.is_ok() && log.fill(input)? {
            read = log.block(sink);
        }
        let end = read.and_then(|()| log.end(sink));
        if !matches!(end, Err(Halt::Stop)) {
            log.held.flush(sink)?;
        }
        end
    }
}

/// The head of a record, and where in the bytes at hand its payload stands.
struct Record {
    sum: u32,
    kind: Kind,
    /// What the checksum is of.
    summed: Range<usize>,
    payload: Range<usize>,
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Whole,
    First,
    Middle,
    Last,
    /// How those behind it are packed.
    Packing,
    /// What RocksDB says of the log itself.
    Other,
}

impl Record {
    /// That which begins at `at`, whether all of it is there or not. `None` if none does.
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let (sum, length) = (le32(bytes, at)?, usize::from(le16(bytes, at + 4)?));
        let (kind, head) = match bytes.get(at + 6)? {
            1 => (Kind::Whole, HEAD),
            2 => (Kind::First, HEAD),
            3 => (Kind::Middle, HEAD),
            4 => (Kind::Last, HEAD),
            5 => (Kind::Whole, NUMBERED),
            6 => (Kind::First, NUMBERED),
            7 => (Kind::Middle, NUMBERED),
            8 => (Kind::Last, NUMBERED),
            9 => (Kind::Packing, HEAD),
            10 | 130 => (Kind::Other, HEAD),
            11 | 131 => (Kind::Other, NUMBERED),
            _ => return None,
        };
        let start = at + head;
        Some(Self { sum, kind, summed: at + 6..start + length, payload: start..start + length })
    }

    /// Whether its checksum holds.
    fn holds(&self, bytes: &[u8]) -> bool {
        bytes.get(self.summed.clone()).is_some_and(|summed| masked(crc32c::crc32c(summed)) == self.sum)
    }
}

/// A log on its way.
#[derive(Default)]
struct Log {
    held: Gathered,
    /// Where in them the block begins that is read.
    block: usize,
    /// Where in them the pieces stand of the record that is open.
    pieces: Vec<Range<usize>>,
    /// Whether that was so long that its pieces are not kept.
    is_too_long: bool,
    is_packed: bool,
    /// Bytes that packed records came to.
    made: u64,
    /// Whether a record was a batch: then all of them should be.
    has_batches: bool,
}

impl Log {
    /// Takes the next block. False at the end.
    fn fill(&mut self, input: &mut Input<'_>) -> Result<bool, Halt> {
        self.block = self.held.bytes.len();
        Ok((&mut *input).take(BLOCK as u64).read_to_end(&mut self.held.bytes)? > 0)
    }

    /// Tells the records of the block.
    fn block(&mut self, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut at = self.block;
        while self.held.bytes.len().saturating_sub(at) >= HEAD {
            // What is zero was never written.
            if self.held.bytes.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == 0)) {
                return Ok(());
            }
            let record = Record::at(&self.held.bytes, at).filter(|record| record.payload.end <= self.block + BLOCK);
            let Some(record) =
                record.filter(|record| record.payload.end > self.held.bytes.len() || record.holds(&self.held.bytes))
            else {
                self.pieces.clear();
                self.held.gap(
                    GapReason::Damaged,
                    "a record whose checksum does not hold; the rest of its block is scanned as it is",
                    sink,
                );
                return Ok(());
            };
            if record.payload.end > self.held.bytes.len() {
                self.held.gap(GapReason::Truncated, "ends within a record", sink);
                return Ok(());
            }
            at = record.payload.end;
            self.record(&record, sink)?;
        }
        if self.held.bytes.len() > at && self.block + BLOCK - at >= HEAD {
            self.held.gap(GapReason::Truncated, "ends within a record", sink);
        }
        if self.pieces.is_empty() && self.held.bytes.len() > GATHERED {
            self.held.flush(sink)?;
        }
        Ok(())
    }

    fn record(&mut self, record: &Record, sink: &mut dyn Sink) -> Result<(), Halt> {
        match record.kind {
            Kind::Packing => self.is_packed = le32(&self.held.bytes, record.payload.start).is_some_and(|codec| codec != 0),
            Kind::Other => {}
            Kind::Middle | Kind::Last if self.is_too_long => {}
            Kind::Whole | Kind::First => {
                if !self.pieces.is_empty() {
                    self.misfit(sink);
                }
                self.is_too_long = false;
                self.pieces = vec![record.payload.clone()];
            }
            Kind::Middle | Kind::Last if self.pieces.is_empty() => self.misfit(sink),
            // One of nothing takes no room.
            Kind::Middle | Kind::Last if record.payload.is_empty() => {}
            Kind::Middle | Kind::Last => self.pieces.push(record.payload.clone()),
        }
        if matches!(record.kind, Kind::Whole | Kind::Last) && !self.pieces.is_empty() {
            self.whole(sink)?;
        }
        if self.pieces.first().is_some_and(|first| self.held.bytes.len() - first.start > RECORD + BLOCK) {
            self.pieces.clear();
            self.is_too_long = true;
            self.held.gap(GapReason::SizeLimit, "a record of more than 16 MiB; scanned as it is", sink);
        }
        Ok(())
    }

    fn misfit(&mut self, sink: &mut dyn Sink) {
        self.held.gap(GapReason::Damaged, "pieces of records that do not fit; scanned as they are", sink);
    }

    /// Tells the record of which all pieces are there.
    fn whole(&mut self, sink: &mut dyn Sink) -> Result<(), Halt> {
        let pieces = std::mem::take(&mut self.pieces);
        let joined: Vec<u8> =
            pieces.iter().flat_map(|piece| self.held.bytes.get(piece.clone()).unwrap_or_default()).copied().collect();
        if self.is_packed {
            return self.packed(joined, &pieces, sink);
        }
        let (mut told, begins) = (Vec::new(), begins(&pieces));
        let place = |at: usize| self.held.start + placed(&pieces, &begins, at) as u64;
        let is_whole = tell(&joined, &place, pieces.len() == 1, &mut told, sink)?;
        self.has_batches |= is_whole && !told.is_empty();
        if !is_whole && self.has_batches {
            self.held.gap(GapReason::Damaged, "a batch that cannot be read to its end; scanned as it is", sink);
        }
        self.held.told_elsewhere(told.iter().map(|range| range.len() as u64).sum());
        if pieces.len() == 1 {
            let first = pieces.first().map_or(0, |piece| piece.start);
            told.into_iter().for_each(|range| self.held.erase(first + range.start..first + range.end));
            return Ok(());
        }
        let mut joined = joined;
        told.into_iter().for_each(|range| joined.get_mut(range).unwrap_or_default().fill(0));
        pieces.into_iter().for_each(|piece| self.held.erase(piece));
        Ok(sink.raw(&mut joined.as_slice())?)
    }

    /// The same of one that is packed: by zstd, as nothing else is there.
    fn packed(&mut self, packed: Vec<u8>, pieces: &[Range<usize>], sink: &mut dyn Sink) -> Result<(), Halt> {
        let Ok(mut joined) = unpacked(Codec::Zstd, packed, RECORD as u64, RECORD as u64) else {
            self.held.gap(GapReason::Damaged, "a record that cannot be unpacked; scanned as it is", sink);
            return Ok(());
        };
        self.made += joined.len() as u64;
        if self.made > self.held.end().saturating_mul(RATIO).saturating_add(FLOOR) {
            let detail = "sorted log: unpacks to far more than honest data does; the rest is scanned as it is";
            return Err(Halt::Broken(GapReason::ExpansionLimit, detail.into()));
        }
        if joined.len() >= RECORD {
            self.held.gap(GapReason::SizeLimit, "a record of more than 16 MiB; its start was read", sink);
        }
        let start = self.held.start + pieces.first().map_or(0, |piece| piece.start as u64);
        let mut told = Vec::new();
        tell(&joined, &|_| start, false, &mut told, sink)?;
        told.into_iter().for_each(|range| joined.get_mut(range).unwrap_or_default().fill(0));
        Ok(sink.raw(&mut joined.as_slice())?)
    }

    /// Says how the log ends.
    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Halt> {
        if !self.pieces.is_empty() {
            self.held.gap(GapReason::Truncated, "ends within a record", sink);
        }
        Ok(())
    }
}

/// Where each piece begins in what they are together.
fn begins(pieces: &[Range<usize>]) -> Vec<usize> {
    let mut end = 0;
    let mut next = |piece: &Range<usize>| {
        end += piece.len();
        end - piece.len()
    };
    pieces.iter().map(&mut next).collect()
}

/// Where the byte stands that is at `at` in what the pieces are together.
fn placed(pieces: &[Range<usize>], begins: &[usize], at: usize) -> usize {
    let last = begins.partition_point(|begin| *begin <= at).saturating_sub(1);
    let within = at - begins.get(last).copied().unwrap_or(at);
    pieces.get(last).map_or(0, |piece| piece.start + within)
}

/// Tells the values of a batch by their keys, and notes which. Whether it is a batch to its end.
fn tell(
    batch: &[u8],
    place: &dyn Fn(usize) -> u64,
    is_plain: bool,
    told: &mut Vec<Range<usize>>,
    sink: &mut dyn Sink,
) -> Result<bool, Stop> {
    let (writes, is_whole) = batch::writes(batch);
    for Write { key, value } in writes {
        let (key, bytes) = (batch.get(key).unwrap_or_default(), batch.get(value.clone()).unwrap_or_default());
        if keyed::tell(Called::by(key), bytes, place(value.start), is_plain, sink)? {
            told.push(value);
        }
    }
    Ok(is_whole)
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::{Texts, seen};
    use super::*;

    /// A record: its kind, the number of its log if it has one, what is in it.
    fn record(kind: u8, number: &[u8], payload: &[u8]) -> Vec<u8> {
        let summed = [&[kind], number, payload].concat();
        let sum = masked(crc32c::crc32c(&summed));
        [&sum.to_le_bytes()[..], &(payload.len() as u16).to_le_bytes(), &summed].concat()
    }

    fn batch(writes: &[(&str, &[u8])]) -> Vec<u8> {
        let length = |length: usize| vec![0x80 | (length & 0x7f) as u8, 0x80 | (length >> 7) as u8, (length >> 14) as u8];
        let write =
            |(key, value): &(&str, &[u8])| [&[1, key.len() as u8][..], key.as_bytes(), &length(value.len()), value].concat();
        let writes: Vec<_> = writes.iter().map(write).collect();
        [&[9, 0, 0, 0, 0, 0, 0, 0][..], &(writes.len() as u32).to_le_bytes(), &writes.concat()].concat()
    }

    fn check(bytes: &[u8], expected: &[(&str, &str)], gaps: &[GapReason]) -> Vec<u8> {
        assert!(SortedLog.probe(&Head { start: bytes, tail: &[] }));
        let found = seen(&SortedLog, bytes);
        assert_eq!((found.texts, &found.gaps[..]), (Texts::from(expected.to_vec()), gaps));
        found.raw
    }

    #[test]
    fn values_have_their_keys() {
        let first = record(1, b"", &batch(&[("a:note", b"a plain text")]));
        let raw = check(&first, &[("a:note", "a plain text")], &[]);
        assert_eq!((raw.len(), memchr::memmem::find(&raw, b"plain")), (first.len(), None));
        // What was there before, when the file was another log.
        let used = [
            record(5, &[2, 0, 0, 0], &batch(&[("note", b"a new text")])),
            record(5, &[1, 0, 0, 0], &batch(&[("note", b"an old text")])),
        ];
        check(&used.concat(), &[("note", "a new text"), ("note", "an old text")], &[]);
        let packed = [
            record(9, b"", &7u32.to_le_bytes()),
            record(1, b"", &zstd::encode_all(&batch(&[("note", b"a packed text")])[..], 1).unwrap()),
        ];
        check(&packed.concat(), &[("note", "a packed text")], &[]);
        // Pieces that have nothing.
        let whole = batch(&[("note", b"a text in pieces")]);
        let nothing = record(3, b"", b"").repeat(3);
        let (head, rest) = whole.split_at(20);
        check(&[record(2, b"", head), nothing.clone(), record(4, b"", rest)].concat(), &[("note", "a text in pieces")], &[]);
        check(&[record(2, b"", &whole), nothing, record(4, b"", b"")].concat(), &[("note", "a text in pieces")], &[]);
        // Another list of the format, and room that is not used.
        let list = [record(1, b"", b"\x01\x1aleveldb.BytewiseComparator\x02\x03"), vec![0; 40]].concat();
        assert_eq!(check(&list, &[], &[]), list);
    }

    /// A log of one record in three pieces, over the borders of blocks.
    fn pieces() -> (Vec<u8>, String) {
        let long = "all of it ".repeat(7000);
        let whole = batch(&[("note", long.as_bytes()), ("other", b"another text")]);
        let (first, rest) = whole.split_at(BLOCK - HEAD);
        let (second, third) = rest.split_at(BLOCK - HEAD);
        ([record(2, b"", first), record(3, b"", second), record(4, b"", third)].concat(), long)
    }

    #[test]
    fn records_in_pieces_are_put_together() {
        let (bytes, long) = pieces();
        let raw = check(&bytes, &[("note", &long), ("other", "another text")], &[]);
        assert_eq!(memchr::memmem::find(&raw, b"all of it"), None);
        // It is longer than the bytes at hand.
        assert!(SortedLog.probe(&Head { start: &bytes[..4096], tail: &[] }));
    }

    #[test]
    fn a_record_that_does_not_end_is_not_held() {
        let (first, next) = (record(2, b"", &[1; BLOCK - HEAD]), record(3, b"", &[1; BLOCK - HEAD]));
        let blocks = RECORD / BLOCK + 8;
        let mut log = Log::default();
        let bytes = [&first[..], &next.repeat(blocks)].concat();
        let (mut input, mut found) = (Input::memory(&bytes), seen(&SortedLog, b""));
        let mut most = 0;
        while log.fill(&mut input).unwrap() {
            log.block(&mut found).unwrap();
            most = most.max(log.held.bytes.len());
        }
        assert!(most <= RECORD + 3 * BLOCK && found.gaps == [GapReason::SizeLimit], "{most} {:?}", found.gaps);
        let small = [record(2, b"", b""), record(3, b"", b"").repeat(4 * BLOCK / HEAD)].concat();
        assert!(!seen(&SortedLog, &small).gaps.is_empty());
    }

    #[test]
    fn what_is_broken_is_told_and_scanned_as_it_is() {
        let (bytes, _) = pieces();
        let raw = check(&bytes[..2 * BLOCK], &[], &[GapReason::Truncated]);
        assert_eq!(raw, &bytes[..2 * BLOCK]);
        let mut broken = bytes.clone();
        broken[BLOCK + 100] ^= 1;
        assert_eq!(check(&broken, &[], &[GapReason::Damaged]), broken);
        let whole = record(1, b"", &batch(&[("note", b"a plain text")]));
        for cut in HEAD..whole.len() - 1 {
            assert_eq!(seen(&SortedLog, &whole[..cut]).gaps, [GapReason::Truncated], "{cut}");
        }
        check(&[&whole[..], &[1, 2, 3]].concat(), &[("note", "a plain text")], &[GapReason::Truncated]);
        check(&[&whole[..], &record(3, b"", b"a piece")].concat(), &[("note", "a plain text")], &[GapReason::Damaged]);
        let odd = record(1, b"", &[&batch(&[("note", b"a plain text")])[..], b"\x7f"].concat());
        check(&[whole, odd].concat(), &[("note", "a plain text"), ("note", "a plain text")], &[GapReason::Damaged]);
        let lost = [record(9, b"", &7u32.to_le_bytes()), record(1, b"", b"is not packed")].concat();
        assert_eq!(check(&lost, &[], &[GapReason::Damaged]), lost);
        assert!(!SortedLog.probe(&Head { start: &[0; 64], tail: &[] }));
    }
}
