//! zlib (RFC 1950): one stream of bytes. joblib, git and old formats of games write it without a wrapper.
//!
//! Its header has only 16 bits, of which any text has some, so the first bytes are inflated before a stream is
//! believed.

use super::super::{About, Head, Input};
use super::parts::Framing;
use flate2::bufread::ZlibDecoder;
use std::io::{self, BufRead, Read};

/// zlib.
pub struct Zlib;

/// Bytes that a stream must give to be believed, if it has as many.
const ENOUGH: usize = 64;

/// CM = deflate, a window of 32 KiB or less, no dictionary, and the check of the header holds (section 2.2).
fn is_header(start: &[u8]) -> bool {
    let [method, flags, ..] = start else { return false };
    method & 0x0f == 8 && method >> 4 <= 7 && flags & 0x20 == 0 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)
}

impl Framing for Zlib {
    const NAME: &'static str = "zlib";
    const ABOUT: About =
        About { title: "zlib", reads: "one stream of bytes", limits: "none of its own", specification: "RFC 1950" };
    type Decoder<'i, 'a: 'i> = ZlibDecoder<&'i mut Input<'a>>;

    fn begins(head: &Head<'_>) -> bool {
        // 32 KiB is what everyone writes; smaller windows are one byte of any text.
        if !head.start.starts_with(b"\x78") || !is_header(head.start) {
            return false;
        }
        let start = head.start.get(..Head::LEN).unwrap_or(head.start);
        let mut decoder = ZlibDecoder::new(start);
        let mut buffer = [0; ENOUGH];
        let mut filled = 0;
        while let Some(space) = buffer.get_mut(filled..).filter(|space| !space.is_empty()) {
            match decoder.read(space) {
                // The end, with its checksum.
                Ok(0) => return filled > 0,
                Ok(count) => filled += count,
                // A stream that ends in its first bytes says too little.
                Err(_) => return false,
            }
        }
        true
    }

    fn at_part(input: &mut Input<'_>) -> io::Result<bool> {
        // One stream is the rule; another behind it is one more where it looks like one.
        if input.fill_buf()?.is_empty() {
            return Ok(false);
        }
        Ok(input.position() == 0 || Self::begins(&Head { start: input.head()?, tail: &[] }))
    }

    fn start<'i, 'a>(input: &'i mut Input<'a>) -> io::Result<Self::Decoder<'i, 'a>> {
        Ok(ZlibDecoder::new(input))
    }

    fn end<'i, 'a>(decoder: Self::Decoder<'i, 'a>) -> &'i mut Input<'a> {
        decoder.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_stream_is_told_from_text() {
        let check = |start: &[u8], expected: bool| assert_eq!(Zlib::begins(&Head { start, tail: &[] }), expected, "{start:?}");
        for level in [0, 1, 6, 9] {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(level));
            encoder.write_all(&b"some text, some more text, and more of it. ".repeat(100)).unwrap();
            check(&encoder.finish().unwrap(), true);
        }
        check(b"x^2 + y^2 = z^2, which is well known to everyone and holds for right triangles", false);
        check(b"x\x9c is not a stream by its first two bytes alone", false);
        check(b"x\xda", false);
        check(b"", false);
    }
}
