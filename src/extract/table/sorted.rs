//! Sorted string tables: what LevelDB, and RocksDB after it, keep on disk.
//!
//! Format: `doc/table_format.md` of <https://github.com/google/leveldb>, and the wiki of RocksDB. Blocks of keys with
//! values, each packed or not and closed by a byte that says how, and a checksum; an index, which is a block of the
//! blocks' places; a footer with a magic number. A key leaves out what it shares with the one before. What the blocks
//! hold is scanned with whole keys; a value whose key says so is told by it.

use super::super::cursor::{Cursor, le32, le64};
use super::super::{About, Extractor, Halt, Head, Input, ReadSeek, Sink, Stop, Text};
use super::codec::{Codec, unpacked};
use crate::finding::GapReason;
use std::io::{self, Read, SeekFrom};
use std::ops::Range;

/// Sorted string tables.
pub struct SortedTable;

/// How they end.
const LEVELDB: u64 = 0xdb47_7524_8b80_fb57;
const ROCKSDB: u64 = 0x88e2_41b7_85f4_cff7;
/// The longest footer: a kind of checksum, two places, a version, the magic number.
const FOOTER: usize = 53;
/// What closes a block: how it is packed, and its checksum.
const TRAILER: u64 = 5;
/// The longest block, as it is and unpacked. They are of some kilobytes.
const BLOCK: u64 = 4 << 20;
const UNPACKED: u64 = 16 << 20;
/// Bytes of a key that are kept, and what stands behind the user's own: its number and kind.
const KEY: usize = 256;
const NUMBER: usize = 8;

impl Extractor for SortedTable {
    fn name(&self) -> &'static str {
        "sorted table"
    }

    fn about(&self) -> About {
        About {
            title: "LevelDB and RocksDB table",
            reads: "keys and values of every block, unpacked, values by their keys",
            limits: "blocks of up to 4 MiB, 16 MiB unpacked; partitioned indexes and dictionaries of RocksDB are gaps, and its \
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
        let read = Table::open(input.seekable()?).and_then(|mut table| table.read(sink));
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

fn place(cursor: &mut Cursor<'_>) -> Option<Place> {
    Some((cursor.varint()?, cursor.varint()?))
}

/// What the end of a table says.
#[derive(Clone, Copy, Debug)]
struct Footer {
    index: Index,
    /// RocksDB's version of the format; zero of LevelDB.
    version: u32,
}

/// Where the index stands.
#[derive(Clone, Copy, Debug)]
enum Index {
    At(Place),
    /// A block of so many bytes before the footer says so, since the sixth version of RocksDB.
    Told(u64),
}

impl Footer {
    fn of(tail: &[u8]) -> Option<Self> {
        let magic = le64(tail, tail.len().checked_sub(8)?)?;
        let (start, version) = match magic {
            LEVELDB => (tail.len().checked_sub(48)?, 0),
            ROCKSDB => (tail.len().checked_sub(FOOTER)? + 1, le32(tail, tail.len() - 12)?),
            _ => return None,
        };
        let index = match version {
            ..6 => {
                let mut cursor = Cursor::new(tail.get(start..start + 40)?);
                place(&mut cursor)?;
                Index::At(place(&mut cursor)?)
            }
            // A mark, and two checksums.
            _ => Index::Told(le32(tail, start + 12)?.into()),
        };
        Some(Self { index, version })
    }
}

/// An open table.
struct Table<'f> {
    file: Box<dyn ReadSeek + 'f>,
    length: u64,
    footer: Footer,
}

impl<'f> Table<'f> {
    fn open(mut file: Box<dyn ReadSeek + 'f>) -> Result<Self, Halt> {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(FOOTER as u64)))?;
        let mut tail = Vec::new();
        (&mut file).take(FOOTER as u64).read_to_end(&mut tail)?;
        let footer = Footer::of(&tail).ok_or_else(|| {
            Halt::Broken(GapReason::Truncated, "sorted table: has no footer at its end; scanned as it is".into())
        })?;
        Ok(Self { file, length, footer })
    }

    /// Tells all blocks in their order. Returns where the last one ends; an error if a stretch before that is of none.
    fn read(&mut self, sink: &mut dyn Sink) -> Result<u64, Halt> {
        let index = self.index()?;
        let block = self.block(index)?;
        // Since the fourth version a place has no length before it.
        let form = if self.footer.version >= 4 { Form::Place } else { Form::Long };
        let mut places = Vec::new();
        let is_read = entries(&block, form, |_, value| {
            places.push(place(&mut Cursor::new(value)));
            Ok(())
        })?;
        let places: Option<Vec<Place>> = places.into_iter().collect();
        let places = places.filter(|_| is_read).ok_or_else(|| damaged("an index that cannot be read"))?;
        let mut end = 0;
        for (start, length) in places {
            if start != end || start >= index.0 {
                return Err(damaged("an index that leaves out a stretch"));
            }
            end = start.saturating_add(length).saturating_add(TRAILER);
            let block = self.block((start, length))?;
            tell(&block, start, sink)?;
        }
        Ok(end)
    }

    fn index(&mut self) -> Result<Place, Halt> {
        let size = match self.footer.index {
            Index::At(place) => return Ok(place),
            Index::Told(size) => size,
        };
        let lost = || damaged("no index");
        let start = self.length.checked_sub(FOOTER as u64 + TRAILER + size).ok_or_else(lost)?;
        let (block, mut found) = (self.block((start, size))?, None);
        entries(&block, Form::Long, |key, value| {
            if key == b"rocksdb.index" {
                found = place(&mut Cursor::new(value));
            }
            Ok(())
        })?;
        found.ok_or_else(lost)
    }

    /// A block, unpacked.
    fn block(&mut self, (start, length): Place) -> Result<Vec<u8>, Halt> {
        if length > BLOCK {
            return Err(Halt::Broken(GapReason::SizeLimit, "sorted table: a block of more than 4 MiB; scanned as it is".into()));
        }
        if start > self.length {
            return Err(damaged("a block that lies outside"));
        }
        let mut packed = Vec::new();
        self.file.seek(SeekFrom::Start(start))?;
        (&mut self.file).take(length + TRAILER).read_to_end(&mut packed)?;
        let end = length as usize;
        let checksum = le32(&packed, end + 1).ok_or_else(|| damaged("a block that lies outside"))?;
        packed.truncate(end + 1);
        if self.footer.version == 0 && checksum != masked(crc32c::crc32c(&packed)) {
            return Err(damaged("a block whose checksum does not hold"));
        }
        let how = packed.pop().unwrap_or_default();
        // RocksDB puts the size before what is packed by some.
        let is_sized = self.footer.version >= 2 && how > 1;
        let mut cursor = Cursor::new(&packed);
        let size = if is_sized { cursor.varint().ok_or_else(|| damaged("a block of no size"))? } else { UNPACKED };
        let own = packed.split_off(cursor.position());
        let codec = match how {
            0 => return Ok(own),
            1 => Codec::Snappy,
            2 if self.footer.version == 0 => Codec::Zstd,
            2 => Codec::Deflate,
            4 | 5 => Codec::Lz4Block,
            7 => Codec::Zstd,
            _ => {
                let detail = format!("sorted table: blocks packed in a way with the number {how}; scanned as it is");
                return Err(Halt::Broken(GapReason::Unsupported, detail));
            }
        };
        unpacked(codec, own, size, UNPACKED).map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::FileTooLarge => {
                Halt::Broken(GapReason::SizeLimit, "sorted table: a block of more than 16 MiB; scanned as it is".into())
            }
            _ => damaged("a block that cannot be unpacked"),
        })
    }
}

/// How LevelDB keeps a checksum: turned, so that one over bytes that hold checksums is as good.
fn masked(checksum: u32) -> u32 {
    checksum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// What stands behind a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A value of so many bytes.
    Long,
    /// A place.
    Place,
}

/// Calls `found` with each key of a block and its value. Whether the block is one to its end.
fn entries(block: &[u8], form: Form, mut found: impl FnMut(&[u8], &[u8]) -> Result<(), Stop>) -> Result<bool, Stop> {
    let Some(end) = body(block) else { return Ok(false) };
    let bytes = block.get(..end).unwrap_or_default();
    let (mut cursor, mut key) = (Cursor::new(bytes), Vec::new());
    while cursor.left() > 0 {
        let Some(value) = entry(&mut cursor, form, &mut key) else { return Ok(false) };
        found(&key, bytes.get(value).unwrap_or_default())?;
    }
    Ok(true)
}

/// Where the entries of a block end: behind them stand places among them to begin at, and how many.
fn body(block: &[u8]) -> Option<usize> {
    // The highest bit says in RocksDB that a table of hashes is there as well.
    let count = le32(block, block.len().checked_sub(4)?)?;
    let restarts = usize::try_from(count & 0x7fff_ffff).ok()?.checked_mul(4)?;
    (count >> 31 == 0).then(|| (block.len() - 4).checked_sub(restarts)).flatten()
}

/// Takes an entry: its key, or the head of a long one, goes into `key`. Returns where its value stands.
fn entry(cursor: &mut Cursor<'_>, form: Form, key: &mut Vec<u8>) -> Option<Range<usize>> {
    let shared = usize::try_from(cursor.varint()?).ok()?;
    let fresh = cursor.varint()?;
    let length = if form == Form::Long { cursor.varint()? } else { 0 };
    let own = cursor.take_long(fresh)?;
    if shared > key.len() && key.len() < KEY + NUMBER {
        return None;
    }
    key.truncate(shared);
    key.extend_from_slice(own);
    key.truncate(KEY + NUMBER);
    let start = cursor.position();
    match form {
        Form::Long => drop(cursor.take_long(length)?),
        Form::Place => drop(place(cursor)?),
    }
    Some(start..cursor.position())
}

/// Tells the values of a block by their keys, and what is left of it as it is, its keys whole.
fn tell(block: &[u8], at: u64, sink: &mut dyn Sink) -> Result<(), Halt> {
    let (mut rest, mut blank) = (Vec::new(), 0);
    let is_read = entries(block, Form::Long, |key, value| {
        let key = key.get(..key.len().saturating_sub(NUMBER)).unwrap_or_default();
        rest.extend_from_slice(key);
        rest.push(b'\n');
        let name = last_word(key);
        if !name.is_empty() && sink.wants(name) {
            sink.text(&Text { name: key, key: name, bytes: value, offset: at })?;
            blank += value.len() as u64;
        } else {
            rest.extend_from_slice(value);
            rest.push(b'\n');
        }
        Ok(())
    })?;
    sink.raw(&mut rest.as_slice())?;
    sink.told_before(blank);
    if is_read { Ok(()) } else { Err(damaged("a block that cannot be read to its end")) }
}

/// The part of a key that names its value: browsers put an origin and a sign before it, others a table.
fn last_word(key: &[u8]) -> &[u8] {
    key.rsplit(|byte| byte.is_ascii_control() || matches!(byte, b':' | b'/')).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    const ENDING: &[u8; NUMBER] = b"\x01\x07\0\0\0\0\0\0";

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
        table(how, pack, |first, second, bytes| {
            let place = |key: &[u8], start: u8, length: u8| entry(0, &[key, ENDING].concat(), &[start, length]);
            let index = block(&[place(b"b", 0, first), place(b"z", first + 5, second.len() as u8)]);
            let at = bytes.len();
            let varint = [0x80 | (at & 0x7f) as u8, (at >> 7) as u8];
            bytes.extend(stored(&index, 0));
            bytes.extend([&[0, 0][..], &varint, &[index.len() as u8], &[0; 35], &LEVELDB.to_le_bytes()].concat());
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
