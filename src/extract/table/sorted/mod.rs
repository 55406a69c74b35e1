//! Sorted string tables: what LevelDB, and RocksDB after it, keep on disk.
//!
//! Format: `doc/table_format.md` of <https://github.com/google/leveldb>, and the wiki of RocksDB. Blocks of keys with
//! values, each packed or not and closed by a byte that says how, and a checksum; blocks of other kinds, and one that
//! has their names; an index, which is a block of the blocks' places; a footer with a magic number. What the blocks hold
//! is scanned with whole keys; a value whose key says so is told by it. An index may leave out blocks, by accident or to
//! hide them: every byte belongs to a block that something names, or it is a gap.

mod batch;
mod block;
mod entries;
mod footer;
mod log;

use super::super::cursor::{Cursor, le32};
use super::super::{About, Extractor, Halt, Head, Input, Sink};
use crate::finding::GapReason;
use block::{Blocks, TRAILER};
use entries::{Form, entries, place, tell};
use footer::Footer;
pub use log::SortedLog;
use std::io::{Seek, SeekFrom};

/// Sorted string tables.
pub struct SortedTable;

/// What blocks are called that are no data: the index, what is said of the table, and what the name of a list of filters
/// begins with.
const INDEX: &[u8] = b"rocksdb.index";
const PROPERTIES: &[u8] = b"rocksdb.properties";
const FILTERS: &[u8] = b"partitionedfilter.";
/// What is said of the kind of the index, and that which leads to other indexes.
const KIND: &[u8] = b"rocksdb.block.based.table.index.type";
const PARTED: u32 = 2;

impl Extractor for SortedTable {
    fn name(&self) -> &'static str {
        "sorted table"
    }

    fn about(&self) -> About {
        About {
            title: "LevelDB and RocksDB table",
            reads: "keys and values of every block, unpacked, values by their keys; blocks that the index leaves out",
            limits: "blocks of up to 4 MiB, 16 MiB unpacked; dictionaries of RocksDB are gaps, and its \
                     checksums are not asked; in a layer, a longer table than 4 MiB is a gap, since it says at its end what \
                     it is",
            specification: "https://github.com/google/leveldb/blob/main/doc/table_format.md",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        Footer::of(head.tail).is_some()
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let read = Table::open(input).and_then(|mut table| table.read(sink));
        match read {
            Ok(end) => {
                let mut file = input.seekable()?;
                file.seek(SeekFrom::Start(end))?;
                Ok(sink.raw_at(end, &mut file)?)
            }
            // Whatever blocks were read, all of it is scanned as it is.
            Err(halt @ Halt::Broken(..)) => {
                sink.raw_at(0, &mut *input.seekable()?)?;
                Err(halt)
            }
            Err(halt) => Err(halt),
        }
    }
}

fn damaged(what: &str) -> Halt {
    Halt::Broken(GapReason::Damaged, format!("sorted table: {what}; scanned as it is"))
}

/// A stretch of the file: where it begins, and its length.
type Place = (u64, u64);

/// Where the next block may begin that is behind one.
fn behind((start, length): Place) -> u64 {
    start.saturating_add(length).saturating_add(TRAILER)
}

/// What was read, unless it is broken.
fn unless_broken<T>(read: Result<T, Halt>) -> Result<Option<T>, Halt> {
    match read {
        Err(Halt::Broken(..)) => Ok(None),
        read => read.map(Some),
    }
}

/// The blocks that are no data.
#[derive(Default)]
struct Named {
    index: Option<Place>,
    properties: Option<Place>,
    all: Vec<Place>,
}

/// An open table.
struct Table<'f> {
    blocks: Blocks<'f>,
    footer: Footer,
}

impl<'f> Table<'f> {
    fn open(input: &'f mut Input<'_>) -> Result<Self, Halt> {
        let (blocks, footer) = Blocks::open(input.seekable()?)?;
        Ok(Self { blocks, footer })
    }

    /// Tells all blocks in their order, and what the index leaves out. Returns where the last one ends.
    fn read(&mut self, sink: &mut dyn Sink) -> Result<u64, Halt> {
        let meta = self.footer.meta(self.blocks.length());
        let mut named = self.named(meta)?;
        let index = self.footer.index.or(named.index).ok_or_else(|| damaged("no index"))?;
        let parts = if self.is_parted(named.properties)? { self.places(index)? } else { vec![index] };
        let limit = parts.iter().map(|(start, _)| *start).fold(index.0, u64::min);
        let mut end = 0;
        for part in &parts {
            for (start, length) in self.places(*part)? {
                if start < end || start >= limit {
                    return Err(damaged("an index of blocks that overlap"));
                }
                let reached = self.unnamed(end, start, sink)?;
                self.blocks.raw(reached, start, sink)?;
                end = behind((start, length));
                let block = self.blocks.block((start, length))?;
                tell(&block, start, sink)?;
            }
        }
        named.all.extend(parts.into_iter().chain([meta, index]));
        self.beside(end, named.all, sink)?;
        Ok(end)
    }

    /// The places in an index.
    fn places(&mut self, index: Place) -> Result<Vec<Place>, Halt> {
        let block = self.blocks.block(index)?;
        // Since the fourth version a place has no length before it.
        let form = if self.footer.version >= 4 { Form::Place } else { Form::Long };
        let (mut places, mut are_places) = (Vec::new(), true);
        let is_read = entries(&block, form, |_, value| {
            let place = place(&mut Cursor::new(value));
            are_places &= place.is_some();
            places.extend(place);
            Ok(())
        })?;
        if is_read && are_places { Ok(places) } else { Err(damaged("an index that cannot be read")) }
    }

    /// The blocks that are no data, as their list has them. Of a list that cannot be read there are none: what it would
    /// name is then named by nothing, which is told.
    fn named(&mut self, meta: Place) -> Result<Named, Halt> {
        let (mut named, mut filters) = (Named::default(), None);
        let Some(block) = unless_broken(self.blocks.block(meta))? else { return Ok(named) };
        entries(&block, Form::Long, |name, value| {
            let place = place(&mut Cursor::new(value));
            match name {
                INDEX => named.index = place,
                PROPERTIES => named.properties = place,
                _ if name.starts_with(FILTERS) => filters = place,
                _ => {}
            }
            named.all.extend(place);
            Ok(())
        })?;
        if let Some(filters) = filters {
            named.all.extend(unless_broken(self.places(filters))?.unwrap_or_default());
        }
        Ok(named)
    }

    /// Whether the index is one of indexes.
    fn is_parted(&mut self, properties: Option<Place>) -> Result<bool, Halt> {
        let mut is_parted = false;
        let Some(properties) = properties else { return Ok(is_parted) };
        let block = unless_broken(self.blocks.block(properties))?.unwrap_or_default();
        entries(&block, Form::Long, |name, value| {
            is_parted |= name == KIND && le32(value, 0) == Some(PARTED);
            Ok(())
        })?;
        Ok(is_parted)
    }

    /// Looks at what stands behind the data, which is scanned as it is: unpacked where it is packed.
    fn beside(&mut self, mut end: u64, mut named: Vec<Place>, sink: &mut dyn Sink) -> Result<(), Halt> {
        named.sort_unstable();
        let footer = self.footer.start(self.blocks.length());
        for place in named {
            // None is read twice, however often it is named.
            if place.0 < end {
                continue;
            }
            self.unnamed(end, place.0.min(footer), sink)?;
            end = behind(place);
            if let Some(unpacked) = self.blocks.packed(place)? {
                sink.raw(&mut unpacked.as_slice())?;
            }
        }
        self.unnamed(end, footer, sink).map(drop)
    }

    /// Tells the blocks in a stretch that nothing names. Returns how far they go.
    fn unnamed(&mut self, start: u64, end: u64, sink: &mut dyn Sink) -> Result<u64, Halt> {
        if start >= end || self.blocks.is_blank(start, end)? {
            return Ok(end);
        }
        let detail = "sorted table: bytes that its index leaves out; opened where they are blocks, and scanned as they are";
        sink.gap(GapReason::Disagreement, detail.into(), Some(end - start));
        if !self.footer.has_plain_sums {
            return Ok(start);
        }
        self.blocks.found(start, end, &mut |at, block| tell(block, at, sink))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Seen, seen};
    use super::block::masked;
    use super::*;
    use std::io::Read;

    const LEVELDB: u64 = 0xdb47_7524_8b80_fb57;
    const ROCKSDB: u64 = 0x88e2_41b7_85f4_cff7;
    const ENDING: &[u8; 8] = b"\x01\x07\0\0\0\0\0\0";

    fn entry(shared: usize, key: &[u8], value: &[u8]) -> Vec<u8> {
        [&[shared as u8, key.len() as u8, value.len() as u8][..], key, value].concat()
    }

    fn block(entries: &[Vec<u8>]) -> Vec<u8> {
        [&entries.concat()[..], &[0; 4], &1u32.to_le_bytes()].concat()
    }

    fn stored(block: &[u8], how: u8) -> Vec<u8> {
        let sum = masked(crc32c::crc32c(&[block, &[how]].concat()));
        [block, &[how], &sum.to_le_bytes()].concat()
    }

    /// The rows of two blocks, the second of which is packed as it says.
    fn rows() -> [Vec<u8>; 2] {
        let key = |key: &[u8]| [key, ENDING].concat();
        let first = block(&[entry(0, &key(b"a:note"), b"a plain text"), entry(2, &key(b"other"), b"another one")]);
        let second = block(&[entry(0, &key(b"_http://x\0\x01app_name"), b"a third text, a third text")]);
        [first, second]
    }

    fn table(how: u8, pack: impl Fn(&[u8]) -> Vec<u8>, finish: impl Fn(u8, &[u8], &mut Vec<u8>)) -> Vec<u8> {
        let [first, second] = rows();
        let second = pack(&second);
        let mut bytes = [stored(&first, 0), stored(&second, how)].concat();
        finish(first.len() as u8, &second, &mut bytes);
        bytes
    }

    fn leveldb(how: u8, pack: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        leveldb_with(how, pack, |index| index)
    }

    /// The same with what is made of the entries of its index.
    fn leveldb_with(how: u8, pack: impl Fn(&[u8]) -> Vec<u8>, forge: impl Fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>) -> Vec<u8> {
        table(how, pack, |first, second, bytes| {
            let place = |key: &[u8], start: u8, length: u8| entry(0, &[key, ENDING].concat(), &[start, length]);
            let index = block(&forge(vec![place(b"b", 0, first), place(b"z", first + 5, second.len() as u8)]));
            let varint = |at: usize| [0x80 | (at & 0x7f) as u8, (at >> 7) as u8];
            let filter = varint(bytes.len());
            bytes.extend(stored(b"a filter", 0));
            let meta = block(&[entry(0, b"filter.x", &[&filter[..], &[8]].concat())]);
            let places = [bytes.len(), bytes.len() + meta.len() + 5].map(varint);
            bytes.extend([stored(&meta, 0), stored(&index, 0)].concat());
            let (meta, index) = ([meta.len() as u8], [index.len() as u8]);
            bytes.extend([&places[0][..], &meta, &places[1], &index, &[0; 34], &LEVELDB.to_le_bytes()].concat());
        })
    }

    /// As RocksDB has it since its sixth version: places without a length, and the index told by a block before the footer.
    fn rocksdb(how: u8, pack: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        table(how, pack, |first, second, bytes| {
            let place = |key: &[u8], start: u8, length: u8| [&[0, key.len() as u8][..], key, &[start, length]].concat();
            let index = block(&[place(b"b", 0, first), place(b"z", first + 5, second.len() as u8)]);
            let at = bytes.len();
            let varint = [0x80 | (at & 0x7f) as u8, (at >> 7) as u8, index.len() as u8];
            let meta = block(&[entry(0, b"rocksdb.index", &varint)]);
            bytes.extend([stored(&index, 0), stored(&meta, 0)].concat());
            let size = (meta.len() as u32).to_le_bytes();
            let end = [&6u32.to_le_bytes()[..], &ROCKSDB.to_le_bytes()].concat();
            bytes.extend([&b"\x04\x3e\0\x7a\0"[..], &[0; 8], &size, &[0; 24], &end].concat());
        })
    }

    fn check(bytes: &[u8]) {
        assert!(SortedTable.probe(&Head { start: &bytes[..16], tail: &bytes[bytes.len() - 64..] }));
        let found = seen(&SortedTable, bytes);
        let text = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let expected = [
            text("a:note", "a plain text"),
            text("a:other", "another one"),
            text("_http://x\0\x01app_name", "a third text, a third text"),
        ];
        assert_eq!((found.texts.0, found.gaps), (expected.to_vec(), vec![]));
        // What lies behind the blocks is scanned, and keys are whole.
        let raw = String::from_utf8_lossy(&found.raw).into_owned();
        assert!(raw.contains("a:other\n") && raw.ends_with(&String::from_utf8_lossy(&bytes[bytes.len() - 8..]).into_owned()));
    }

    #[test]
    fn values_have_their_keys_however_they_are_packed() {
        let sized = |block: &[u8], packed: Vec<u8>| [&[block.len() as u8][..], &packed].concat();
        let deflate = |block: &[u8]| {
            let mut out = Vec::new();
            flate2::read::DeflateEncoder::new(block, flate2::Compression::best()).read_to_end(&mut out).unwrap();
            out
        };
        check(&leveldb(0, <[u8]>::to_vec));
        check(&leveldb(1, |block| snap::raw::Encoder::new().compress_vec(block).unwrap()));
        check(&leveldb(2, |block| zstd::encode_all(block, 1).unwrap()));
        check(&rocksdb(0, <[u8]>::to_vec));
        check(&rocksdb(2, |block| sized(block, deflate(block))));
        check(&rocksdb(4, |block| sized(block, lz4_flex::block::compress(block))));
        check(&rocksdb(7, |block| sized(block, zstd::encode_all(block, 1).unwrap())));
    }

    /// What is found where an index leaves out what it should name.
    fn forged(bytes: &[u8], names: &[&str], gap: GapReason) -> Seen {
        let found = seen(&SortedTable, bytes);
        assert_eq!(found.texts.0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
        assert_eq!(found.gaps, [gap]);
        found
    }

    #[test]
    fn an_index_that_leaves_out_blocks_hides_none() {
        let (all, last) = (["a:note", "a:other", "_http://x\0\x01app_name"], ["_http://x\0\x01app_name"]);
        let snappy = |block: &[u8]| snap::raw::Encoder::new().compress_vec(block).unwrap();
        for kept in [0..0, 0..1, 1..2] {
            let bytes = leveldb_with(1, snappy, |index| index[kept.clone()].to_vec());
            forged(&bytes, &all, GapReason::Disagreement);
        }
        // What does not begin with a block is scanned as it is.
        let mut bytes = leveldb_with(1, snappy, |index| index[1..].to_vec());
        bytes[4] ^= 1;
        let found = forged(&bytes, &last, GapReason::Disagreement);
        assert!(memchr::memmem::find(&found.raw, b"another one").is_some());
        // Blocks between two that are named, and so many that they are looked for in several windows.
        let key = |number: u32| [format!("key{number:04}_note").as_bytes(), ENDING].concat();
        let one = |number: u32| snappy(&block(&[[&[0, 20, 0x80, 0x60][..], &key(number), &[b'x'; 12 << 10]].concat()]));
        let noise = |length: usize| (0..length).map(|_| fastrand::u8(1..)).collect::<Vec<u8>>();
        let many: Vec<u8> = (0..3).flat_map(|number| [stored(&noise(3 << 20), 0), stored(&one(number), 1)].concat()).collect();
        let file = [&many[..], &leveldb(0, <[u8]>::to_vec)].concat();
        let (mut blocks, _) = Blocks::open(Box::new(std::io::Cursor::new(&file))).unwrap();
        let mut found = 0;
        let mut count = |_, _: &[u8]| {
            found += 1;
            Ok(())
        };
        let end = blocks.found(0, many.len() as u64, &mut count).unwrap();
        assert_eq!((end, found), (many.len() as u64, 6));
    }

    #[test]
    fn what_cannot_be_read_is_told_and_scanned_as_it_is() {
        let check = |bytes: &[u8], gap: GapReason| {
            let found = seen(&SortedTable, bytes);
            assert_eq!(found.gaps, [gap]);
            assert!(found.raw.ends_with(bytes));
        };
        check(&leveldb(9, <[u8]>::to_vec), GapReason::Unsupported);
        check(&leveldb(1, <[u8]>::to_vec), GapReason::Damaged);
        let bytes = leveldb(0, <[u8]>::to_vec);
        check(&bytes[..bytes.len() - 1], GapReason::Truncated);
        check(&[&[0][..], &bytes].concat(), GapReason::Damaged);
    }
}
