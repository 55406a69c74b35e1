//! bzip2: one stream of bytes in any number of streams, as parallel compressors write them. There is no
//! specification by its author; the one by Joe Tsai (2016) is followed by most decoders.

use super::super::{About, Head, Input};
use super::parts::Framing;
use bzip2::bufread::BzDecoder;
use std::io;

/// bzip2.
pub struct Bzip2;

/// Whether a stream starts here. "BZh" alone also starts ordinary words; the block size and the magic of
/// the first block, or that of the end where there is none, settle it.
fn is_stream(bytes: &[u8]) -> bool {
    const BLOCK: &[u8] = b"1AY&SY";
    const END: &[u8] = b"\x17\x72\x45\x38\x50\x90";
    matches!(bytes, [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] if rest.starts_with(BLOCK) || rest.starts_with(END))
}

impl Framing for Bzip2 {
    const NAME: &'static str = "bzip2";
    const ABOUT: About = About {
        title: "bzip2",
        reads: "one stream of bytes, in any number of streams",
        limits: "none of its own",
        specification: "https://github.com/dsnet/compress/blob/master/doc/bzip2-format.pdf",
    };
    type Decoder<'i, 'a: 'i> = BzDecoder<&'i mut Input<'a>>;

    fn begins(head: &Head<'_>) -> bool {
        is_stream(head.start)
    }

    fn at_part(input: &mut Input<'_>) -> io::Result<bool> {
        Ok(is_stream(input.head()?))
    }

    fn start<'i, 'a>(input: &'i mut Input<'a>) -> io::Result<Self::Decoder<'i, 'a>> {
        Ok(BzDecoder::new(input))
    }

    fn end<'i, 'a>(decoder: Self::Decoder<'i, 'a>) -> &'i mut Input<'a> {
        decoder.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_no_bzip2() {
        for (start, expected) in [
            (&b"BZhang et al."[..], false),
            (b"BZh0", false),
            (b"BZh91AY&SY....", true),
            (b"BZh1\x17\x72\x45\x38\x50\x90\0\0\0\0", true),
            (b"BZh01AY&SY....", false),
            (b"", false),
        ] {
            assert_eq!(Bzip2::begins(&Head { start, tail: &[] }), expected, "{start:?}");
        }
    }
}
