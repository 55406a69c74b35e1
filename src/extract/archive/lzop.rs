//! lzop (lzop 1.04, `src/lzop.c` and `src/conf.h`): a header with the name of a file, then blocks of LZO1X with their
//! lengths and checksums, all numbers with the highest byte first.

use super::super::lzo;
use super::super::{About, Head, Input};
use super::parts::Framing;
use std::io::{self, BufRead, Read};

/// lzop.
pub struct Lzop;

const MAGIC: &[u8] = b"\x89LZO\0\r\n\x1a\n";

/// The longest block that is unpacked, in bytes. Programs write 256 KiB.
const BLOCK: u32 = 8 << 20;

/// What the flags of a header say: that blocks have a checksum of what is unpacked, or of what is packed, by Adler-32 or
/// CRC-32; that there is a field more in the header, or a filter; and that the checksum of the header is a CRC.
const ADLER_PLAIN: u32 = 1;
const ADLER_PACKED: u32 = 2;
const EXTRA: u32 = 0x40;
const CRC_PLAIN: u32 = 0x100;
const CRC_PACKED: u32 = 0x200;
const FILTER: u32 = 0x800;

impl Framing for Lzop {
    const NAME: &'static str = "lzop";
    const ABOUT: About = About {
        title: "lzop",
        reads: "one stream of bytes, in any number of files",
        limits: "blocks of up to 8 MiB; filters are gaps",
        specification: "https://www.lzop.org (lzop.c, version 1.04)",
    };
    type Decoder<'i, 'a: 'i> = Blocks<'i, 'a>;

    fn begins(head: &Head<'_>) -> bool {
        head.has(0, MAGIC)
    }

    fn at_part(input: &mut Input<'_>) -> io::Result<bool> {
        Ok(input.head()?.starts_with(MAGIC))
    }

    fn start<'i, 'a>(input: &'i mut Input<'a>) -> io::Result<Self::Decoder<'i, 'a>> {
        input.consume(MAGIC.len());
        Ok(Blocks { input, flags: None, block: Vec::new(), at: 0, failure: None, ended: false })
    }

    fn end<'i, 'a>(decoder: Self::Decoder<'i, 'a>) -> &'i mut Input<'a> {
        decoder.input
    }
}

/// The blocks of one file as a reader.
pub(super) struct Blocks<'i, 'a> {
    input: &'i mut Input<'a>,
    /// Those of the header, once it was read.
    flags: Option<u32>,
    block: Vec<u8>,
    at: usize,
    /// Why there is no block behind this one.
    failure: Option<io::Error>,
    ended: bool,
}

impl Blocks<'_, '_> {
    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn number(&mut self) -> io::Result<u32> {
        self.bytes().map(u32::from_be_bytes)
    }

    fn header(&mut self) -> io::Result<u32> {
        let version = u16::from_be_bytes(self.bytes()?);
        self.bytes::<2>()?;
        let is_new = version >= 0x940;
        // The version that can unpack it, and the level, behind the method.
        if is_new {
            self.bytes::<4>().map(drop)?
        } else {
            self.bytes::<1>().map(drop)?
        }
        let flags = self.number()?;
        if flags & FILTER != 0 {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "its bytes went through a filter"));
        }
        // Mode and times.
        self.bytes::<8>()?;
        if is_new {
            self.bytes::<4>()?;
        }
        let [length] = self.bytes()?;
        self.set_aside(length.into())?;
        self.bytes::<4>()?;
        if flags & EXTRA != 0 {
            let length = self.number()?;
            self.set_aside(length.into())?;
            self.bytes::<4>()?;
        }
        Ok(flags)
    }

    /// The name of the file, and what else is no part of it.
    fn set_aside(&mut self, length: u64) -> io::Result<()> {
        if self.input.set_aside(length)? { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Reads the next block. False behind the last.
    fn next(&mut self, flags: u32) -> io::Result<bool> {
        let plain = self.number()?;
        if plain == 0 {
            return Ok(false);
        }
        let packed = self.number()?;
        if plain > BLOCK || packed > plain {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a block that is longer than any"));
        }
        let adler = if flags & ADLER_PLAIN != 0 { Some(self.number()?) } else { None };
        let crc = if flags & CRC_PLAIN != 0 { Some(self.number()?) } else { None };
        for sum in [ADLER_PACKED, CRC_PACKED] {
            if packed < plain && flags & sum != 0 {
                self.number()?;
            }
        }
        let mut bytes = Vec::new();
        self.input.by_ref().take(packed.into()).read_to_end(&mut bytes)?;
        let is_cut = bytes.len() < packed as usize;
        if is_cut && packed < plain {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.block = if packed < plain { lzo::block(&bytes, plain.into())? } else { bytes };
        self.at = 0;
        // What is there is handed on, whatever is wrong with it.
        let is_sound = self.block.len() == plain as usize
            && adler.is_none_or(|sum| sum == adler2::adler32_slice(&self.block))
            && crc.is_none_or(|sum| sum == crc32fast::hash(&self.block));
        self.failure = match (is_cut, is_sound) {
            (true, _) => Some(io::ErrorKind::UnexpectedEof.into()),
            (_, false) => Some(io::Error::new(io::ErrorKind::InvalidData, "a block that is not what its checksum says")),
            _ => None,
        };
        Ok(true)
    }
}

impl Read for Blocks<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.block.len() && !self.ended {
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            let flags = match self.flags {
                Some(flags) => flags,
                None => self.header()?,
            };
            self.flags = Some(flags);
            self.ended = !self.next(flags)?;
        }
        let count = self.block.get(self.at..).unwrap_or_default().read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;
    use crate::finding::GapReason;

    /// A file in blocks as lzop writes it, with Adler-32 of what is unpacked.
    fn lzop(name: &str, blocks: &[&[u8]]) -> Vec<u8> {
        let mut out =
            [MAGIC, &[0x10, 0x40, 0x20, 0xa0, 0x09, 0x40, 1, 5, 3, 0, 0, 1, 0, 0, 0x81, 0xa4, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
        out.extend([&[name.len() as u8], name.as_bytes(), &[0; 4]].concat());
        for block in blocks {
            let packed = lzokay::compress::compress(block).unwrap();
            let packed = if packed.len() < block.len() { packed.as_slice() } else { block };
            let numbers = [block.len() as u32, packed.len() as u32, adler2::adler32_slice(block)];
            out.extend(numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>());
            out.extend(packed);
        }
        [out, vec![0; 4]].concat()
    }

    #[test]
    fn blocks_are_joined_and_files_too() {
        let text = b"in a block, in a block, in a block, in a block; ".as_slice();
        let bytes = [lzop("name.txt", &[text, b"stored, "]), lzop("", &[text])].concat();
        let found = seen(&Lzop, &bytes);
        let expected = String::from_utf8([text, b"stored, ", text].concat()).unwrap();
        assert_eq!((found.members, found.gaps), (vec![("", expected.as_str())].into(), Vec::new()));
        assert_eq!(found.raw, b"name.txt");
        for cut in MAGIC.len()..bytes.len() / 2 {
            assert!(!seen(&Lzop, &bytes[..cut]).gaps.is_empty(), "{cut}");
        }
    }

    #[test]
    fn what_its_checksum_denies_is_handed_on_with_a_gap() {
        let mut bytes = lzop("", &[b"stored"]);
        let at = bytes.len() - 5;
        bytes[at] = b'!';
        let found = seen(&Lzop, &bytes);
        assert_eq!((found.members, found.gaps), (vec![("", "store!")].into(), vec![GapReason::Damaged]));
    }
}
