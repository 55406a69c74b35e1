//! Zstandard (RFC 8878): one stream of bytes in any number of frames, skippable ones among them.

use super::super::{About, Head, Input, reason_of};
use super::parts::Framing;
use crate::finding::GapReason;
use std::io::{self, Read};
use zstd::stream::read::Decoder;

/// Zstandard.
pub struct Zstd;

/// Magic number of a frame, little-endian (RFC 8878, section 3.1.1).
const FRAME: &[u8] = b"\x28\xb5\x2f\xfd";

/// Skippable frames have `0x184D2A50` to `0x184D2A5F` (section 3.1.2).
fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// The largest window of the reference program without further options: a layer may be made with any level.
const WINDOW_LOG: u32 = 27;

/// Levels of other containers around it, of which each halves the window, so that nesting cannot multiply the memory.
/// What is left is what section 3.1.1.1.2 recommends that decoders support.
const HALVED: u32 = 4;

impl Framing for Zstd {
    const NAME: &'static str = "zstd";
    const ABOUT: About = About {
        title: "Zstandard",
        reads: "one stream of bytes, in any number of frames",
        limits: "a window of up to 128 MiB, half of it with each container around it and never less than 8 MiB; frames that need a dictionary are not decoded",
        specification: "RFC 8878",
    };
    type Decoder<'i, 'a: 'i> = Decoder<'static, &'i mut Input<'a>>;

    fn begins(head: &Head<'_>) -> bool {
        head.has(0, FRAME) || (is_skippable(head.start) && head.start.len() >= 8)
    }

    fn at_part(input: &mut Input<'_>) -> io::Result<bool> {
        while is_skippable(input.head()?) {
            skip(input)?;
        }
        Ok(input.head()?.starts_with(FRAME))
    }

    fn start<'i, 'a>(input: &'i mut Input<'a>) -> io::Result<Self::Decoder<'i, 'a>> {
        let window_log = WINDOW_LOG - input.depth().min(HALVED);
        let mut decoder = Decoder::with_buffer(input)?.single_frame();
        decoder.window_log_max(window_log)?;
        Ok(decoder)
    }

    fn end<'i, 'a>(decoder: Self::Decoder<'i, 'a>) -> &'i mut Input<'a> {
        decoder.finish()
    }

    fn reason(error: &io::Error) -> GapReason {
        // The library gives no codes through this interface; the text is the fixed name of one.
        if error.to_string().contains("too much memory") { GapReason::Unsupported } else { reason_of(error) }
    }
}

/// Passes over a skippable frame: magic, u32 little-endian length, that many bytes.
fn skip(input: &mut Input<'_>) -> io::Result<()> {
    let mut header = [0; 8];
    input.read_exact(&mut header)?;
    let [_, _, _, _, a, b, c, d] = header;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    if input.set_aside(length)? { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
