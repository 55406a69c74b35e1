//! How pages and buffers of tables are packed.
//!
//! What comes out is held, so it is bounded twice: by what the caller allows, and by what the codec could make of
//! so many bytes at the most.

use crate::extract::lzo;
use std::io::{self, Read};

/// A codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Plain,
    Snappy,
    Gzip,
    /// A bare stream (RFC 1951).
    Deflate,
    Brotli,
    Zstd,
    Bzip2,
    Xz,
    /// A frame of LZ4.
    Lz4Frame,
    /// One bare block of LZ4.
    Lz4Block,
    /// Bare blocks of LZ4 behind two lengths each, as Hadoop writes them; or one without any.
    Lz4Hadoop,
    /// One bare block of LZO.
    LzoBlock,
    /// Blocks of LZO as Hadoop writes them.
    LzoHadoop,
}

/// The longest dictionary of xz, in KiB.
const DICTIONARY: u32 = 64 << 10;
/// What ends a stream of zlib.
const ZLIB_SUM: usize = 4;
/// The most that LZ4 makes of a byte.
const LZ4_RATIO: u64 = 255;

/// Unpacks what is to come to `size` bytes, if that is at most `most`.
pub(super) fn unpacked(codec: Codec, packed: Vec<u8>, size: u64, most: u64) -> io::Result<Vec<u8>> {
    if size > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let bytes = match codec {
        Codec::Plain => packed,
        Codec::Snappy => snappy(&packed, size)?,
        Codec::Gzip => all(flate2::read::MultiGzDecoder::new(packed.as_slice()), size)?,
        Codec::Deflate => deflate(&packed, size)?,
        Codec::Zstd => all(zstd::Decoder::new(packed.as_slice())?, size)?,
        Codec::Bzip2 => all(bzip2::read::MultiBzDecoder::new(packed.as_slice()), size)?,
        Codec::Xz => all(lzma_rust2::XzReader::new_mem_limit(packed.as_slice(), true, DICTIONARY), size)?,
        Codec::Brotli => brotli(&packed, size)?,
        Codec::Lz4Frame => all(lz4_flex::frame::FrameDecoder::new(packed.as_slice()), size)?,
        Codec::Lz4Block => block(&packed, size)?,
        Codec::Lz4Hadoop => hadoop(&packed, size, block).map_or_else(|| block(&packed, size), Ok)?,
        Codec::LzoBlock => lzo::block(&packed, size)?,
        Codec::LzoHadoop => hadoop(&packed, size, lzo::block).map_or_else(|| lzo::block(&packed, size), Ok)?,
    };
    Ok(bytes)
}

fn all(reader: impl Read, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// One bare stream, with nothing behind it but a part of the checksum that zlib has there, which some writers leave. The
/// other codecs see themselves whether there is more.
fn deflate(packed: &[u8], size: u64) -> io::Result<Vec<u8>> {
    let mut decoder = flate2::bufread::DeflateDecoder::new(packed);
    let bytes = all(&mut decoder, size)?;
    let is_whole = bytes.len() as u64 == size || decoder.into_inner().len() <= ZLIB_SUM;
    if is_whole { Ok(bytes) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// One bare block of Snappy, which begins with its length.
fn snappy(packed: &[u8], size: u64) -> io::Result<Vec<u8>> {
    let invalid = |_| io::Error::from(io::ErrorKind::InvalidData);
    let length = snap::raw::decompress_len(packed).map_err(invalid)? as u64;
    // A copy of three bytes makes sixty-four.
    if length > size || length > (packed.len() as u64).saturating_mul(64) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    snap::raw::Decoder::new().decompress_vec(packed).map_err(invalid)
}

fn block(packed: &[u8], size: u64) -> io::Result<Vec<u8>> {
    let most = size.min((packed.len() as u64).saturating_mul(LZ4_RATIO).saturating_add(64));
    let most = usize::try_from(most).map_err(|_| io::ErrorKind::FileTooLarge)?;
    lz4_flex::block::decompress(packed, most).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Blocks behind the length that they unpack to, each in one piece or more behind their own.
fn hadoop(mut packed: &[u8], size: u64, block: impl Fn(&[u8], u64) -> io::Result<Vec<u8>>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while !packed.is_empty() {
        let (plain, mut rest) = packed.split_first_chunk()?;
        let plain = u64::from(u32::from_be_bytes(*plain)).min(size.checked_sub(out.len() as u64)?);
        let end = out.len() as u64 + plain;
        while (out.len() as u64) < end {
            let (length, behind) = rest.split_first_chunk()?;
            let (own, behind) = behind.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            let piece = block(own, end - out.len() as u64).ok().filter(|piece| !piece.is_empty())?;
            out.extend(piece);
            rest = behind;
        }
        packed = rest;
    }
    Some(out)
}

/// Brotli with windows of up to 16 MiB (RFC 7932), never those that were added later.
fn brotli(packed: &[u8], size: u64) -> io::Result<Vec<u8>> {
    use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
    let new = StandardAlloc::default;
    let mut state = BrotliState::new_strict(new(), new(), new());
    let (mut left, mut at, mut total) = (packed.len(), 0, 0);
    let (mut out, mut part) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        let (mut room, mut filled) = (part.len(), 0);
        let result =
            BrotliDecompressStream(&mut left, &mut at, packed, &mut room, &mut filled, &mut part, &mut total, &mut state);
        out.extend_from_slice(part.get(..filled).unwrap_or_default());
        match result {
            BrotliResult::ResultSuccess => break,
            BrotliResult::NeedsMoreOutput if (out.len() as u64) < size => {}
            BrotliResult::NeedsMoreOutput => break,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    out.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn check(codec: Codec, packed: Vec<u8>, size: u64, expected: Option<&[u8]>) {
        assert_eq!(unpacked(codec, packed, size, 1 << 20).ok().as_deref(), expected, "{codec:?}");
    }

    /// The same, and that nothing can be hidden behind what is packed.
    fn check_whole(codec: Codec, packed: Vec<u8>, text: &[u8]) {
        check(codec, packed.clone(), text.len() as u64, Some(text));
        check(codec, [&packed[..], b"what is behind it"].concat(), 1 << 20, None);
    }

    #[test]
    fn every_codec_is_undone() {
        let text = b"so much of it is the same, so much of it is the same".as_slice();
        let (size, block) = (text.len() as u64, lz4_flex::block::compress(text));
        check(Codec::Plain, text.to_vec(), size, Some(text));
        check_whole(Codec::Snappy, snap::raw::Encoder::new().compress_vec(text).unwrap(), text);
        let mut deflated = Vec::new();
        flate2::read::DeflateEncoder::new(text, flate2::Compression::best()).read_to_end(&mut deflated).unwrap();
        check_whole(Codec::Deflate, deflated, text);
        check(Codec::Gzip, crate::forge::image::gzip(text), size, Some(text));
        check_whole(Codec::Zstd, zstd::encode_all(text, 1).unwrap(), text);
        let mut xz = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
        xz.write_all(text).unwrap();
        check_whole(Codec::Xz, xz.finish().unwrap(), text);
        let mut packed = Vec::new();
        bzip2::read::BzEncoder::new(text, bzip2::Compression::fast()).read_to_end(&mut packed).unwrap();
        check_whole(Codec::Bzip2, packed, text);
        check(Codec::Lz4Block, block.clone(), size, Some(text));
        check(Codec::Lz4Hadoop, block.clone(), size, Some(text));
        let framed = [&(text.len() as u32).to_be_bytes()[..], &(block.len() as u32).to_be_bytes(), &block].concat();
        check(Codec::Lz4Hadoop, framed, size, Some(text));
        let lzo = |part: &[u8]| {
            let packed = lzokay::compress::compress(part).unwrap();
            [&(packed.len() as u32).to_be_bytes()[..], &packed].concat()
        };
        let (one, two) = text.split_at(20);
        let framed = [&(text.len() as u32).to_be_bytes()[..], &lzo(one), &lzo(two)].concat();
        check_whole(Codec::LzoHadoop, framed, text);
        check_whole(Codec::LzoBlock, lzokay::compress::compress(text).unwrap(), text);
        check(Codec::LzoHadoop, lzokay::compress::compress(text).unwrap(), size, Some(text));
        // An uncompressed stream: window of 16 bits, one block of nine bytes, the end.
        check(Codec::Brotli, b"\x0b\x04\x80abcdefghi\x03".to_vec(), 9, Some(b"abcdefghi"));
    }

    #[test]
    fn lies_and_damage_are_refused() {
        for codec in [Codec::Snappy, Codec::Gzip, Codec::Zstd, Codec::Bzip2, Codec::Xz, Codec::Lz4Frame, Codec::Brotli] {
            check(codec, b"\xff\xff\xff\xff\x07 is no such thing".to_vec(), 1 << 20, None);
        }
        check(Codec::Plain, Vec::new(), u64::MAX, None);
    }
}
