//! The blocks of a squashfs: metadata in units of 8 KiB, data in blocks of the size that the superblock
//! gives, ends of files packed together as fragments.

use super::super::ReadSeek;
use super::super::cursor::{le16, le32, le64};
use super::super::lzo;
use super::fields::up_to;
use lzma_rust2::{LzmaReader, XzReader};
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes of a metadata block, unpacked.
const METADATA: u32 = 8192;

/// A size with this bit is that of a data block which is stored; the bits below it are the size.
const STORED: u32 = 1 << 24;

/// No fragment.
const NONE: u32 = u32::MAX;

/// What the superblock says.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) block: u32,
    pub(super) compression: u16,
    pub(super) root: Reference,
    pub(super) used: u64,
    /// Bytes that there are.
    pub(super) length: u64,
    pub(super) inodes: u64,
    pub(super) directories: u64,
    pub(super) fragments: u64,
    pub(super) fragment_count: u32,
    /// Where the table of extended attributes begins; the highest number if there is none.
    pub(super) attributes: u64,
    /// Memory that a decoder may take.
    pub(super) limit: u32,
}

/// Where an inode stands: the block in the table, and in the low 16 bits the offset in what it unpacks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference(pub(super) u64);

/// The image, with the blocks that are likely to be asked for next.
pub(super) struct Image<'i, 'f> {
    file: &'i mut Box<dyn ReadSeek + 'f>,
    pub(super) layout: Layout,
    /// Metadata blocks by where they stand: what they unpack to, and where the next begins.
    recent: Vec<(u64, Vec<u8>, u64)>,
    /// The last fragment: where it stands, its packed size, what it unpacks to.
    fragment: Option<(u64, u64, Vec<u8>)>,
}

/// Bytes of extended attributes that are read.
const ATTRIBUTES: usize = 16 << 20;

/// Metadata blocks that are kept: an inode's, a directory's, and those of a list of sizes.
const RECENT: usize = 8;

fn damaged(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl<'i, 'f> Image<'i, 'f> {
    pub(super) fn new(file: &'i mut Box<dyn ReadSeek + 'f>, layout: Layout) -> Self {
        Self { file, layout, recent: Vec::new(), fragment: None }
    }

    fn bytes(&mut self, at: u64, length: u64) -> io::Result<Vec<u8>> {
        // Not every system takes every offset.
        self.file.seek(SeekFrom::Start(at.min(self.layout.length)))?;
        let bytes = up_to(self.file, length)?;
        if (bytes.len() as u64) < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
    }

    /// Unpacks one block, to so many bytes at most.
    fn unpack(&self, packed: &[u8], most: u32) -> io::Result<Vec<u8>> {
        let most = u64::from(most);
        let limit = self.layout.limit >> 10;
        match self.layout.compression {
            1 => up_to(&mut flate2::read::ZlibDecoder::new(packed), most),
            2 => up_to(&mut LzmaReader::new_mem_limit(packed, limit, None)?, most),
            3 => lzo::block(packed, most),
            4 => up_to(&mut XzReader::new_mem_limit(packed, false, limit), most),
            5 => lz4_flex::block::decompress(packed, most as usize)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
            6 => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
                // No block is longer than a mebibyte, so no honest one looks farther back.
                decoder.window_log_max(23)?;
                up_to(&mut decoder, most)
            }
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "an unknown compression")),
        }
    }

    /// The metadata block at a place in the file: which of [`Self::recent`] it is now.
    fn metadata(&mut self, at: u64) -> io::Result<&(u64, Vec<u8>, u64)> {
        if let Some(found) = self.recent.iter().position(|(start, ..)| *start == at) {
            self.recent[..=found].rotate_right(1);
        } else {
            let header = le16(&self.bytes(at, 2)?, 0).unwrap_or(0);
            let size = u64::from(header & 0x7fff);
            let packed = self.bytes(at.saturating_add(2), size)?;
            let plain = if header & 0x8000 != 0 { packed } else { self.unpack(&packed, METADATA)? };
            self.recent.truncate(RECENT - 1);
            self.recent.insert(0, (at, plain, at.saturating_add(2 + size)));
        }
        self.recent.first().ok_or_else(|| damaged("no block"))
    }

    fn inode(&self, reference: Reference) -> Metadata {
        Metadata { block: self.layout.inodes.saturating_add(reference.0 >> 16), offset: (reference.0 & 0xffff) as usize }
    }

    /// The listing of a directory, and its length.
    pub(super) fn listing(&mut self, reference: Reference) -> io::Result<(Metadata, u64)> {
        let mut at = self.inode(reference);
        let kind = le16(&at.take(self, 16)?, 0);
        let (block, offset, size) = match kind {
            Some(1) => {
                let rest = at.take(self, 16)?;
                (le32(&rest, 0), le16(&rest, 10), le16(&rest, 8).map(u32::from))
            }
            Some(8) => {
                let rest = at.take(self, 24)?;
                (le32(&rest, 8), le16(&rest, 18), le32(&rest, 4))
            }
            _ => return Err(damaged("not a directory")),
        };
        let (block, offset, size) = (block.unwrap_or(0), offset.unwrap_or(0), size.unwrap_or(0));
        let block = self.layout.directories.saturating_add(block.into());
        // The size counts the entries for the directory itself and the one above, which are not there.
        Ok((Metadata { block, offset: offset.into() }, u64::from(size.saturating_sub(3))))
    }

    /// The content of a file.
    pub(super) fn file<'b>(&'b mut self, reference: Reference) -> io::Result<Body<'b, 'i, 'f>> {
        let mut at = self.inode(reference);
        let kind = le16(&at.take(self, 16)?, 0);
        let read = |rest: &[u8], extended: bool| match extended {
            false => Some((u64::from(le32(rest, 0)?), u64::from(le32(rest, 12)?), le32(rest, 4)?, le32(rest, 8)?)),
            true => Some((le64(rest, 0)?, le64(rest, 8)?, le32(rest, 28)?, le32(rest, 32)?)),
        };
        let fields = match kind {
            Some(2) => read(&at.take(self, 16)?, false),
            Some(9) => read(&at.take(self, 40)?, true),
            _ => None,
        };
        let (start, size, fragment, offset) = fields.ok_or_else(|| damaged("not a file"))?;
        let block = u64::from(self.layout.block);
        let blocks = if fragment == NONE { size.div_ceil(block) } else { size / block };
        Ok(Body {
            image: self,
            sizes: at,
            blocks,
            fragment,
            offset,
            left: size,
            start,
            at: start,
            plain: Vec::new(),
            given: 0,
            failure: None,
        })
    }

    /// Makes the fragment with this number the one at hand.
    fn load_fragment(&mut self, number: u32) -> io::Result<()> {
        if number >= self.layout.fragment_count {
            return Err(damaged("a fragment that does not exist"));
        }
        // 512 entries of 16 bytes fill a block; the table is a list of where the blocks stand.
        let place = self.layout.fragments.saturating_add(u64::from(number) / 512 * 8);
        let block = le64(&self.bytes(place, 8)?, 0).unwrap_or(0);
        let mut entry = Metadata { block, offset: (number as usize % 512) * 16 };
        let entry = entry.take(self, 16)?;
        let (at, size) = (le64(&entry, 0).unwrap_or(0), le32(&entry, 8).unwrap_or(0));
        if self.fragment.as_ref().is_none_or(|(start, ..)| *start != at) {
            let plain = self.data(at, size)?;
            self.fragment = Some((at, u64::from(size & (STORED - 1)), plain));
        }
        Ok(())
    }

    /// Names and values of extended attributes, and whether these are all. They fill the blocks that stand before those
    /// of the table, which says so at its start.
    pub(super) fn attributes(&mut self) -> io::Result<(Vec<u8>, bool)> {
        let mut all = Vec::new();
        if self.layout.attributes >= self.layout.used {
            return Ok((all, true));
        }
        let table = self.bytes(self.layout.attributes, 24)?;
        let field = |at: usize| le64(&table, at).ok_or(io::ErrorKind::UnexpectedEof);
        let (mut at, end) = (field(0)?, field(16)?);
        while at < end && all.len() < ATTRIBUTES {
            let (_, plain, next) = self.metadata(at)?;
            all.extend_from_slice(plain);
            at = *next;
        }
        Ok((all, at >= end))
    }

    /// Where the last fragment stands that was read.
    pub(super) fn fragment_span(&self) -> Option<super::spans::Span> {
        self.fragment.as_ref().map(|(at, size, _)| super::spans::Span::of(*at, *size))
    }

    /// A block of data.
    fn data(&mut self, at: u64, size: u32) -> io::Result<Vec<u8>> {
        let length = size & (STORED - 1);
        if length > self.layout.block {
            return Err(damaged("a block longer than the superblock allows"));
        }
        let packed = self.bytes(at, length.into())?;
        if size & STORED != 0 { Ok(packed) } else { self.unpack(&packed, self.layout.block) }
    }
}

/// A place in metadata, which goes on over the ends of blocks.
#[derive(Clone, Copy)]
pub(super) struct Metadata {
    block: u64,
    offset: usize,
}

impl Metadata {
    /// The next bytes; few, since they are copied.
    pub(super) fn take(&mut self, image: &mut Image<'_, '_>, count: usize) -> io::Result<Vec<u8>> {
        let mut taken = Vec::with_capacity(count.min(METADATA as usize));
        while taken.len() < count {
            let (_, plain, next) = image.metadata(self.block)?;
            let rest = plain.get(self.offset..).ok_or_else(|| damaged("a place behind the end of a block"))?;
            let part = rest.get(..count - taken.len()).unwrap_or(rest);
            taken.extend_from_slice(part);
            self.offset += part.len();
            if self.offset >= plain.len() {
                if plain.is_empty() {
                    return Err(damaged("an empty block"));
                }
                (self.block, self.offset) = (*next, 0);
            }
        }
        Ok(taken)
    }
}

/// The content of a file as a reader.
pub(super) struct Body<'b, 'i, 'f> {
    image: &'b mut Image<'i, 'f>,
    /// Where the size of the next block stands.
    sizes: Metadata,
    /// Blocks that are left, and the fragment with the end of the file.
    blocks: u64,
    fragment: u32,
    offset: u32,
    pub(super) left: u64,
    /// Where its blocks begin, and where the next stands.
    pub(super) start: u64,
    pub(super) at: u64,
    /// The block at hand, and how much of it was given out.
    plain: Vec<u8>,
    given: usize,
    pub(super) failure: Option<io::Error>,
}

impl Body<'_, '_, '_> {
    fn next(&mut self) -> io::Result<()> {
        self.given = 0;
        let block = u64::from(self.image.layout.block);
        let expected = self.left.min(block) as usize;
        if self.blocks > 0 {
            self.blocks -= 1;
            let size = le32(&self.sizes.take(self.image, 4)?, 0).unwrap_or(0);
            // A hole.
            self.plain = if size == 0 { vec![0; expected] } else { self.image.data(self.at, size)? };
            self.at = self.at.saturating_add(u64::from(size & (STORED - 1)));
        } else {
            self.image.load_fragment(self.fragment)?;
            let fragment = self.image.fragment.as_ref().map(|(.., plain)| plain.as_slice()).unwrap_or_default();
            let part = fragment.get(self.offset as usize..).and_then(|rest| rest.get(..expected));
            self.plain = part.ok_or_else(|| damaged("a part of a fragment that does not exist"))?.to_vec();
        }
        if self.plain.len() < expected {
            return Err(damaged("a block shorter than it must be"));
        }
        self.plain.truncate(expected);
        Ok(())
    }
}

impl Read for Body<'_, '_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = &self.failure {
            return Err(failure.kind().into());
        }
        if self.left == 0 {
            return Ok(0);
        }
        if self.given == self.plain.len()
            && let Err(error) = self.next()
        {
            let copy = error.kind().into();
            self.failure = Some(error);
            return Err(copy);
        }
        let count = self.plain.get(self.given..).unwrap_or_default().read(buffer)?;
        self.given += count;
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn attributes_are_all_blocks_before_those_of_their_table() {
        let block = |text: &[u8]| [&(0x8000 | text.len() as u16).to_le_bytes(), text].concat();
        let blocks = [block(b"user.one"), block(b"user.two"), block(b"ids")].concat();
        let table = [0, 2, 20].iter().flat_map(|field: &u64| field.to_le_bytes());
        let bytes: Vec<u8> = blocks.iter().copied().chain(table).collect();
        let check = |at: u64, expected: Option<&[u8]>| {
            let layout = Layout {
                block: 1 << 17,
                compression: 1,
                root: Reference(0),
                used: bytes.len() as u64,
                length: bytes.len() as u64,
                inodes: 0,
                directories: 0,
                fragments: 0,
                fragment_count: 0,
                attributes: at,
                limit: 1 << 20,
            };
            let mut file: Box<dyn ReadSeek> = Box::new(Cursor::new(bytes.clone()));
            let found = Image::new(&mut file, layout).attributes().ok();
            assert_eq!(found, expected.map(|expected| (expected.to_vec(), true)), "{at}");
        };
        check(blocks.len() as u64, Some(b"user.oneuser.two"));
        check(u64::MAX, Some(b""));
        check(bytes.len() as u64 - 3, None);
    }
}
