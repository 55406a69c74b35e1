//! LZ4 frames and legacy frames (lz4_Frame_format.md, version 1.6.4), any number of them, skippable ones
//! among them.
//!
//! The blocks are decoded by the crate, the frames are read here: a reader that takes the end of its input
//! for the end of a frame would call a cut one whole.

use super::super::cursor::le32;
use super::super::{About, Head, Input};
use super::fields::up_to;
use super::parts::Framing;
use lz4_flex::block::decompress_into_with_dict;
use std::hash::Hasher;
use std::io::{self, Read};
use twox_hash::XxHash32;

/// LZ4.
pub struct Lz4;

/// Magic number of a frame, and of a legacy frame.
const FRAME: u32 = 0x184d_2204;
const LEGACY: u32 = 0x184c_2102;

/// Skippable frames have `0x184D2A50` to `0x184D2A5F`, as in zstd.
const SKIPPABLE: std::ops::RangeInclusive<u32> = 0x184d_2a50..=0x184d_2a5f;

/// Uncompressed bytes of a legacy block.
const LEGACY_BLOCK: usize = 8 << 20;

/// How far back a block may refer.
const WINDOW: usize = 64 << 10;

/// Bytes that so many can become when they do not compress.
fn most(length: usize) -> usize {
    length + length / 255 + 16
}

impl Framing for Lz4 {
    const NAME: &'static str = "lz4";
    const ABOUT: About = About {
        title: "LZ4",
        reads: "one stream of bytes, in any number of frames and legacy frames",
        limits: "frames that need a dictionary are not decoded",
        specification: "https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md",
    };
    type Decoder<'i, 'a: 'i> = Blocks<'i, 'a>;

    fn begins(head: &Head<'_>) -> bool {
        match le32(head.start, 0) {
            // Version 01, the reserved bits zero, a block size that is one.
            Some(FRAME) => {
                head.start.get(4).is_some_and(|flags| flags & 0xc2 == 0x40)
                    && head.start.get(5).is_some_and(|size| size & 0x8f == 0 && size >> 4 >= 4)
            }
            // Of a legacy frame nothing but the length of the first block can be judged.
            Some(LEGACY) => le32(head.start, 4).is_some_and(|length| length > 0 && length as usize <= most(LEGACY_BLOCK)),
            _ => false,
        }
    }

    fn at_part(input: &mut Input<'_>) -> io::Result<bool> {
        loop {
            match le32(input.head()?, 0) {
                Some(magic) if SKIPPABLE.contains(&magic) => {
                    let header = up_to(input, 8)?;
                    let length = le32(&header, 4).ok_or(io::ErrorKind::UnexpectedEof)?;
                    if !input.set_aside(u64::from(length))? {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                magic => return Ok(matches!(magic, Some(FRAME | LEGACY))),
            }
        }
    }

    fn start<'i, 'a>(input: &'i mut Input<'a>) -> io::Result<Self::Decoder<'i, 'a>> {
        let magic = le32(&up_to(input, 4)?, 0);
        let layout = if magic == Some(LEGACY) { Layout::legacy() } else { Layout::read(input)? };
        Ok(Blocks {
            input,
            layout,
            plain: Vec::new(),
            at: 0,
            window: Vec::new(),
            sum: XxHash32::with_seed(0),
            length: 0,
            ended: false,
        })
    }

    fn end<'i, 'a>(decoder: Self::Decoder<'i, 'a>) -> &'i mut Input<'a> {
        decoder.input
    }
}

/// What the header of a frame says.
struct Layout {
    legacy: bool,
    linked: bool,
    block_sums: bool,
    content_sum: bool,
    content_length: Option<u64>,
    block: usize,
}

impl Layout {
    fn legacy() -> Self {
        Self { legacy: true, linked: false, block_sums: false, content_sum: false, content_length: None, block: LEGACY_BLOCK }
    }

    /// The frame descriptor: flags, block size, and what the flags announce.
    fn read(input: &mut Input<'_>) -> io::Result<Self> {
        let mut descriptor = up_to(input, 2)?;
        let (Some(flags), Some(size)) = (descriptor.first().copied(), descriptor.get(1).copied()) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        if flags & 0xc0 != 0x40 {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "an unknown version of the frame format"));
        }
        let announced = if flags & 0x08 != 0 { 8 } else { 0 } + if flags & 0x01 != 0 { 4 } else { 0 };
        descriptor.extend(up_to(input, announced)?);
        let sum = up_to(input, 1)?;
        let Some(stored) = sum.first().filter(|_| descriptor.len() as u64 == 2 + announced) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        if hash(&descriptor).to_le_bytes()[1] != *stored {
            return Err(damaged("the header's checksum does not hold"));
        }
        if flags & 0x01 != 0 {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "the frame needs a dictionary"));
        }
        let block = match size >> 4 & 7 {
            exponent @ 4..=7 => 1 << (8 + 2 * exponent),
            _ => return Err(damaged("a block size that is none")),
        };
        Ok(Self {
            legacy: false,
            linked: flags & 0x20 == 0,
            block_sums: flags & 0x10 != 0,
            content_sum: flags & 0x04 != 0,
            content_length: if flags & 0x08 != 0 { super::super::cursor::le64(&descriptor, 2) } else { None },
            block,
        })
    }
}

fn damaged(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn hash(bytes: &[u8]) -> u32 {
    XxHash32::oneshot(0, bytes)
}

/// The blocks of one frame.
pub(super) struct Blocks<'i, 'a> {
    input: &'i mut Input<'a>,
    layout: Layout,
    /// The block at hand, and how much of it was given out.
    plain: Vec<u8>,
    at: usize,
    /// The bytes before it that it may refer to.
    window: Vec<u8>,
    sum: XxHash32,
    length: u64,
    ended: bool,
}

impl Blocks<'_, '_> {
    fn u32(&mut self) -> io::Result<u32> {
        le32(&up_to(self.input, 4)?, 0).ok_or(io::ErrorKind::UnexpectedEof.into())
    }

    /// Decodes the next block. Says whether there is one.
    fn next(&mut self) -> io::Result<bool> {
        if self.layout.legacy {
            // No mark ends such a frame but the end of the file or another frame's magic.
            let ahead = self.input.head()?;
            match le32(ahead, 0) {
                None if ahead.is_empty() => return Ok(false),
                Some(magic) if magic == FRAME || magic == LEGACY || SKIPPABLE.contains(&magic) => return Ok(false),
                _ => {}
            }
        }
        let field = self.u32()?;
        if field == 0 && !self.layout.legacy {
            return self.finish();
        }
        let (stored, length) = if self.layout.legacy { (false, field) } else { (field >> 31 == 1, field & 0x7fff_ffff) };
        // A block that does not shrink is stored; only a legacy one may grow.
        let limit = if self.layout.legacy { most(LEGACY_BLOCK) } else { self.layout.block };
        if length as usize > limit {
            return Err(damaged("a block longer than the header allows"));
        }
        let block = up_to(self.input, u64::from(length))?;
        if block.len() < length as usize {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if self.layout.block_sums && self.u32()? != hash(&block) {
            return Err(damaged("a block's checksum does not hold"));
        }
        self.keep_window();
        if stored {
            self.plain = block;
        } else {
            // One byte becomes 255 at most, so a short block takes little memory.
            let room = self.layout.block.min(block.len().saturating_mul(255));
            self.plain.clear();
            self.plain.resize(room, 0);
            let count = decompress_into_with_dict(&block, &mut self.plain, &self.window)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            self.plain.truncate(count);
        }
        self.at = 0;
        self.length += self.plain.len() as u64;
        if self.layout.content_sum {
            self.sum.write(&self.plain);
        }
        Ok(true)
    }

    fn keep_window(&mut self) {
        if !self.layout.linked {
            return;
        }
        self.window.extend_from_slice(self.plain.get(self.plain.len().saturating_sub(WINDOW)..).unwrap_or_default());
        let excess = self.window.len().saturating_sub(WINDOW);
        self.window.drain(..excess);
    }

    /// Behind the end mark.
    fn finish(&mut self) -> io::Result<bool> {
        if self.layout.content_sum && u64::from(self.u32()?) != self.sum.finish() {
            return Err(damaged("the checksum of the content does not hold"));
        }
        if self.layout.content_length.is_some_and(|length| length != self.length) {
            return Err(damaged("the content is not as long as the header says"));
        }
        Ok(false)
    }
}

impl Read for Blocks<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.plain.len() {
            if self.ended || !self.next()? {
                self.ended = true;
                return Ok(0);
            }
        }
        let count = self.plain.get(self.at..).unwrap_or_default().read(buffer)?;
        self.at += count;
        Ok(count)
    }
}
