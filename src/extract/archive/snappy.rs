//! Snappy in its framing format (google/snappy, framing_format.txt, revision 2015): chunks with a checksum
//! each. Bare blocks, as other formats hold them, have no magic and are not known.

use super::super::{About, Extractor, Halt, Head, Input, Sink};
use super::parts::{self, Framing};
use snap::read::FrameDecoder;
use std::io;

/// Snappy.
pub struct Snappy;

/// The stream identifier (section 4.1).
const MAGIC: &[u8] = b"\xff\x06\0\0sNaPpY";

impl Extractor for Snappy {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn about(&self) -> About {
        About {
            title: "Snappy, framed",
            reads: "one stream of bytes, in any number of streams",
            limits: "bare blocks have no magic and are not known",
            specification: "https://github.com/google/snappy/blob/main/framing_format.txt",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, MAGIC)
    }

    fn is_wrapper(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        parts::extract::<Self>(input, sink)
    }
}

impl Framing for Snappy {
    const NAME: &'static str = "snappy";
    type Decoder<'i, 'a: 'i> = FrameDecoder<&'i mut Input<'a>>;

    fn at_part(input: &mut Input<'_>) -> io::Result<bool> {
        Ok(input.head()?.starts_with(MAGIC))
    }

    fn start<'i, 'a>(input: &'i mut Input<'a>) -> io::Result<Self::Decoder<'i, 'a>> {
        Ok(FrameDecoder::new(input))
    }

    fn end<'i, 'a>(decoder: Self::Decoder<'i, 'a>) -> &'i mut Input<'a> {
        decoder.into_inner()
    }
}
