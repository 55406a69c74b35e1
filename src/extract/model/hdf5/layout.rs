//! Where the values of a dataset lie, and how they are packed (sections IV.A.2.i and l).

use super::super::super::cursor::Cursor;
use super::super::super::lzo;
use super::file::File;
use std::io::{self, Read};

/// Filters that values go through.
const FILTERS: usize = 32;
/// Sides of a dataset.
const RANK: usize = 32;

/// Where values lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// In the message, from this byte on, so many.
    Compact(usize, usize),
    /// At an address.
    Contiguous(u64, u64),
    Chunked(Chunked),
    /// In other datasets, or nowhere yet.
    Elsewhere,
}

/// Values in chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunked {
    /// Values on each side of a chunk.
    pub(super) sides: Vec<u64>,
    pub(super) index: Index,
    pub(super) address: u64,
}

/// What lists the chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Index {
    /// A B-tree of version 1.
    Tree1,
    /// There is one, of this size if it is packed.
    Single(Option<u64>),
    /// They stand one behind another.
    Implicit,
    Fixed,
    Extensible,
    Tree2,
}

impl Layout {
    /// As the message has it. `None` if it cannot be understood.
    pub(super) fn parse(bytes: &[u8], file: &File<'_>) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let version = cursor.byte()?;
        if version < 3 {
            return Self::first(&mut cursor, file);
        }
        match (version, cursor.byte()?) {
            (3..=5, 0) => {
                let length = usize::from(cursor.u16_le()?);
                Some(Self::Compact(cursor.position(), length))
            }
            (3..=5, 1) => {
                let address = file.address(&mut cursor);
                let length = file.size(&mut cursor)?;
                Some(address.map_or(Self::Elsewhere, |address| Self::Contiguous(address, length)))
            }
            (3, 2) => {
                let rank = usize::from(cursor.byte()?);
                let address = file.address(&mut cursor);
                Self::chunked(sides(&mut cursor, rank, 4)?, Index::Tree1, address)
            }
            (4 | 5, 2) => Self::indexed(&mut cursor, file),
            (4 | 5, 3) => Some(Self::Elsewhere),
            _ => None,
        }
    }

    fn first(cursor: &mut Cursor<'_>, file: &File<'_>) -> Option<Self> {
        let (rank, class) = (usize::from(cursor.byte()?), cursor.byte()?);
        cursor.take(5)?;
        let address = if class == 0 { None } else { file.address(cursor) };
        let sides = sides(cursor, rank, 4)?;
        match class {
            0 => {
                let length = cursor.u32_le()? as usize;
                Some(Self::Compact(cursor.position(), length))
            }
            // How long they are, their type and number say.
            1 => Some(address.map_or(Self::Elsewhere, |address| Self::Contiguous(address, u64::MAX))),
            2 => Self::chunked(sides, Index::Tree1, address),
            _ => None,
        }
    }

    /// The last side is the size of a value.
    fn chunked(mut sides: Vec<u64>, index: Index, address: Option<u64>) -> Option<Self> {
        sides.pop()?;
        Some(address.map_or(Self::Elsewhere, |address| Self::Chunked(Chunked { sides, index, address })))
    }

    fn indexed(cursor: &mut Cursor<'_>, file: &File<'_>) -> Option<Self> {
        let (flags, rank, width) = (cursor.byte()?, usize::from(cursor.byte()?), usize::from(cursor.byte()?));
        let sides = sides(cursor, rank, width)?;
        let (index, parameters) = match cursor.byte()? {
            1 if flags & 2 != 0 => {
                let size = file.size(cursor)?;
                (Index::Single(Some(size)), 4)
            }
            1 => (Index::Single(None), 0),
            2 => (Index::Implicit, 0),
            3 => (Index::Fixed, 1),
            4 => (Index::Extensible, 5),
            5 => (Index::Tree2, 6),
            _ => return None,
        };
        cursor.take(parameters)?;
        Self::chunked(sides, index, file.address(cursor))
    }
}

fn sides(cursor: &mut Cursor<'_>, rank: usize, width: usize) -> Option<Vec<u64>> {
    if rank > RANK + 1 { None } else { (0..rank).map(|_| cursor.uint_le(width)).collect() }
}

/// A filter, by its registered number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Deflate,
    Shuffle(usize),
    Fletcher,
    Lzf,
    Zstd,
    /// Of PyTables.
    Lzo,
    Bzip2,
    Lz4,
    Other(u16),
}

/// The filters that values were written through, in their order.
pub(super) fn filters(bytes: &[u8]) -> Option<Vec<Filter>> {
    let mut cursor = Cursor::new(bytes);
    let [version, count] = cursor.array()?;
    cursor.take(if version == 1 { 6 } else { 0 })?;
    let mut all = Vec::new();
    for _ in 0..usize::from(count).min(FILTERS) {
        let id = cursor.u16_le()?;
        let name = if version == 1 || id >= 256 { usize::from(cursor.u16_le()?) } else { 0 };
        let (_flags, values) = (cursor.u16_le()?, usize::from(cursor.u16_le()?));
        cursor.take(if version == 1 { name.next_multiple_of(8) } else { name })?;
        let first = cursor.take(4 * values)?.first_chunk().map_or(0, |first| u32::from_le_bytes(*first) as usize);
        cursor.take(if version == 1 && values % 2 == 1 { 4 } else { 0 })?;
        all.push(match id {
            1 => Filter::Deflate,
            2 => Filter::Shuffle(first),
            3 => Filter::Fletcher,
            305 => Filter::Lzo,
            307 => Filter::Bzip2,
            32_000 => Filter::Lzf,
            32_004 => Filter::Lz4,
            32_015 => Filter::Zstd,
            _ => Filter::Other(id),
        });
    }
    Some(all)
}

/// Undoes filters, those of a chunk that a bit of `mask` names excepted. At most `most` bytes come out of each.
pub(super) fn undone(filters: &[Filter], mask: u32, packed: Vec<u8>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = packed;
    for (bit, filter) in filters.iter().enumerate().rev() {
        if mask.checked_shr(bit as u32).is_some_and(|mask| mask & 1 != 0) {
            continue;
        }
        bytes = match filter {
            Filter::Deflate => all(flate2::read::ZlibDecoder::new(bytes.as_slice()), most)?,
            Filter::Zstd => all(zstd::Decoder::new(bytes.as_slice())?, most)?,
            Filter::Bzip2 => all(bzip2::read::MultiBzDecoder::new(bytes.as_slice()), most)?,
            Filter::Lzo => lzo::block(&bytes, most)?,
            Filter::Lz4 => lz4(&bytes, most).ok_or(io::ErrorKind::InvalidData)?,
            Filter::Lzf => lzf(&bytes, most).ok_or(io::ErrorKind::InvalidData)?,
            Filter::Shuffle(size) => unshuffled(&bytes, *size),
            Filter::Fletcher => {
                bytes.truncate(bytes.len().saturating_sub(4));
                bytes
            }
            Filter::Other(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
    }
    Ok(bytes)
}

fn all(reader: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Bytes that were put by their place in a value are put back.
fn unshuffled(bytes: &[u8], size: usize) -> Vec<u8> {
    let count = bytes.len() / size.max(1);
    if size < 2 || count < 2 {
        return bytes.to_vec();
    }
    let (shuffled, rest) = bytes.split_at(count * size);
    let mut out = Vec::new();
    out.extend(
        (0..count)
            .flat_map(|value| (0..size).map(move |byte| (value, byte)))
            .map(|(value, byte)| shuffled.get(byte * count + value).copied().unwrap_or_default()),
    );
    out.extend_from_slice(rest);
    out
}

/// Blocks of LZ4 with their length before them, behind the length of all and that of a block; one that did not get
/// shorter is as it was.
fn lz4(bytes: &[u8], most: u64) -> Option<Vec<u8>> {
    let mut cursor = Cursor::new(bytes);
    let (whole, each) = (cursor.u64_be()?.min(most), u64::from(cursor.u32_be()?));
    let mut out = Vec::new();
    while (out.len() as u64) < whole {
        let length = cursor.u32_be()?;
        let packed = cursor.take_long(length.into())?;
        let left = each.min(whole - out.len() as u64);
        if u64::from(length) == left {
            out.extend_from_slice(packed);
            continue;
        }
        // A byte makes 255 at the most.
        let size = usize::try_from(left.min(u64::from(length) * 255 + 64)).ok()?;
        let block = lz4_flex::block::decompress(packed, size).ok().filter(|block| !block.is_empty())?;
        out.extend_from_slice(&block);
    }
    Some(out)
}

/// LZF (liblzf 3.6, `lzf_d.c`): runs of literals, and copies of up to 264 bytes from up to 8 KiB back.
fn lzf(bytes: &[u8], most: u64) -> Option<Vec<u8>> {
    let (mut cursor, mut out) = (Cursor::new(bytes), Vec::new());
    while let Some(control) = cursor.byte() {
        if control < 32 {
            out.extend_from_slice(cursor.take(usize::from(control) + 1)?);
        } else {
            let mut length = usize::from(control >> 5);
            if length == 7 {
                length += usize::from(cursor.byte()?);
            }
            let back = usize::from(control & 31) << 8 | usize::from(cursor.byte()?);
            let start = out.len().checked_sub(back + 1)?;
            for at in start..start + length + 2 {
                let byte = *out.get(at)?;
                out.push(byte);
            }
        }
        if out.len() as u64 > most {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_undone() {
        let shuffled = b"adbecf".to_vec();
        assert_eq!(undone(&[Filter::Shuffle(3)], 0, b"adbecf".to_vec(), 99).unwrap(), b"abcdef");
        assert_eq!(undone(&[Filter::Shuffle(3)], 1, shuffled.clone(), 99).unwrap(), shuffled);
        assert_eq!(undone(&[Filter::Fletcher], 0, b"ab1234".to_vec(), 99).unwrap(), b"ab");
        assert_eq!(undone(&[Filter::Lzf], 0, b"\x02abc\x80\x02".to_vec(), 99).unwrap(), b"abcabcabc");
        for broken in [&b"\x20\x05"[..], b"\x05a", b"\x00a\xe0\xff\x00"] {
            assert!(undone(&[Filter::Lzf], 0, broken.to_vec(), 99).is_err());
        }
        let block = lz4_flex::block::compress(&[b'a'; 60]);
        let head = |length: usize| (length as u32).to_be_bytes();
        let packed = [&[0; 4][..], &head(63), &head(60), &head(block.len()), &block, &head(3), b"end"].concat();
        assert_eq!(undone(&[Filter::Lz4], 0, packed.clone(), 99).unwrap(), [&[b'a'; 60][..], b"end"].concat());
        for cut in 0..packed.len() {
            assert!(undone(&[Filter::Lz4], 0, packed[..cut].to_vec(), 99).is_err(), "{cut}");
        }
        let text = b"as often as this, as often as this, as often as this";
        let packed = lzokay::compress::compress(text).unwrap();
        assert_eq!(undone(&[Filter::Lzo], 0, packed.clone(), 99).unwrap(), text);
        assert!(undone(&[Filter::Lzo], 0, packed, 40).is_err());
        assert!(undone(&[Filter::Other(4)], 0, Vec::new(), 99).is_err());
        assert!(undone(&[Filter::Deflate], 0, b"no".to_vec(), 99).is_err());
    }

    #[test]
    fn pipelines_are_read() {
        let second = [2, 2, 2, 0, 0, 0, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 1, 0, 9, 0, 0, 0];
        assert_eq!(filters(&second), Some(vec![Filter::Shuffle(8), Filter::Deflate]));
        assert_eq!(filters(&[2, 1, 0x33, 1, 0, 0, 0, 0, 0, 0]), Some(vec![Filter::Bzip2]));
        assert_eq!(filters(&[2, 1, 1, 0, 0]), None);
    }
}
