//! Snappy in its framing format (google/snappy, framing_format.txt, revision 2015): chunks with a checksum
//! each. Bare blocks, as other formats hold them, have no magic and are not known.

use super::super::{About, Head, Input};
use super::parts::Framing;
use snap::read::FrameDecoder;
use std::io::{self, BufRead, Read};

/// Snappy.
pub struct Snappy;

/// The stream identifier (section 4.1).
const MAGIC: &[u8] = b"\xff\x06\0\0sNaPpY";

impl Framing for Snappy {
    const NAME: &'static str = "snappy";
    const ABOUT: About = About {
        title: "Snappy, framed",
        reads: "one stream of bytes, in any number of streams",
        limits: "bare blocks have no magic and are not known",
        specification: "https://github.com/google/snappy/blob/main/framing_format.txt",
    };
    type Decoder<'i, 'a: 'i> = FrameDecoder<Chunks<'i, 'a>>;

    fn begins(head: &Head<'_>) -> bool {
        head.has(0, MAGIC)
    }

    fn at_part(input: &mut Input<'_>) -> io::Result<bool> {
        Ok(input.head()?.starts_with(MAGIC))
    }

    fn start<'i, 'a>(input: &'i mut Input<'a>) -> io::Result<Self::Decoder<'i, 'a>> {
        Ok(FrameDecoder::new(Chunks { input, left: 0 }))
    }

    fn end<'i, 'a>(decoder: Self::Decoder<'i, 'a>) -> &'i mut Input<'a> {
        decoder.into_inner().input
    }
}

/// The chunks of a stream but for those that a decoder passes over (sections 4.4 and 4.6), which are set aside.
pub(super) struct Chunks<'i, 'a> {
    input: &'i mut Input<'a>,
    /// Bytes of the chunk at hand.
    left: usize,
}

impl Read for Chunks<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            let [kind, length @ ..] = *self.input.head()?.first_chunk::<4>().unwrap_or(&[0; 4]);
            let [a, b, c] = length;
            let length = u32::from_le_bytes([a, b, c, 0]);
            if !matches!(kind, 0x80..=0xfe) {
                self.left = 4 + length as usize;
                break;
            }
            self.input.consume(4);
            if !self.input.set_aside(u64::from(length))? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let most = self.left.min(buffer.len());
        let count = self.input.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left -= count;
        Ok(count)
    }
}
