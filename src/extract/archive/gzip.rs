//! gzip (RFC 1952): one stream of bytes in any number of members.
//!
//! Parallel compressors and lazily pulled images write many members into one file. Zero padding
//! behind the last is accepted as gzip does; anything else behind it is scanned as it is, and so are the name, the comment
//! and the further fields of a member's header.

use super::super::{About, Head, Input};
use super::parts::{self, Framing};
use flate2::GzHeader;
use flate2::bufread::GzDecoder;
use std::io;

/// gzip.
pub struct Gzip;

/// ID1, ID2 and CM = deflate (RFC 1952, section 2.3.1).
const MAGIC: &[u8] = b"\x1f\x8b\x08";

impl Framing for Gzip {
    const NAME: &'static str = "gzip";
    const ABOUT: About = About {
        title: "gzip",
        reads: "one stream of bytes, in any number of members",
        limits: "none of its own",
        specification: "RFC 1952",
    };
    type Decoder<'i, 'a: 'i> = GzDecoder<&'i mut Input<'a>>;

    fn begins(head: &Head<'_>) -> bool {
        // The three highest flag bits are reserved and zero.
        head.has(0, MAGIC) && head.start.get(3).is_some_and(|flags| flags & 0xe0 == 0)
    }

    fn at_part(input: &mut Input<'_>) -> io::Result<bool> {
        parts::skip_zeros(input)?;
        Ok(input.head()?.starts_with(MAGIC))
    }

    fn start<'i, 'a>(input: &'i mut Input<'a>) -> io::Result<Self::Decoder<'i, 'a>> {
        Ok(GzDecoder::new(input))
    }

    fn end<'i, 'a>(decoder: Self::Decoder<'i, 'a>) -> &'i mut Input<'a> {
        let header = decoder.header();
        let told = [header.and_then(GzHeader::extra), header.and_then(GzHeader::filename), header.and_then(GzHeader::comment)];
        // Lines apart, so that none is taken for a part of another.
        let told = told.into_iter().flatten().flat_map(|told| [told, b"\n"]).collect::<Vec<_>>().concat();
        let input = decoder.into_inner();
        input.keep_aside(&told);
        input
    }
}
