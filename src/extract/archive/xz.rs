//! xz (The .xz File Format, version 1.2.1, <https://tukaani.org/xz/xz-file-format.txt>): one stream of
//! bytes in any number of streams, with zero padding between them.

use super::super::{About, Head, Input, reason_of};
use super::parts::{self, Framing};
use crate::finding::GapReason;
use lzma_rust2::XzReader;
use std::io;

/// xz.
pub struct Xz;

/// Header magic bytes (section 2.1.1.1).
const MAGIC: &[u8] = b"\xfd7zXZ\0";

impl Framing for Xz {
    const NAME: &'static str = "xz";
    const ABOUT: About = About {
        title: "xz",
        reads: "one stream of bytes, in any number of streams, with all filters",
        limits: "a dictionary of up to 128 MiB, half of it with each container around it",
        specification: "https://tukaani.org/xz/xz-file-format.txt",
    };
    type Decoder<'i, 'a: 'i> = XzReader<&'i mut Input<'a>>;

    fn begins(head: &Head<'_>) -> bool {
        head.has(0, MAGIC)
    }

    fn at_part(input: &mut Input<'_>) -> io::Result<bool> {
        parts::skip_zeros(input)?;
        Ok(input.head()?.starts_with(MAGIC))
    }

    fn start<'i, 'a>(input: &'i mut Input<'a>) -> io::Result<Self::Decoder<'i, 'a>> {
        let limit = parts::dictionary_limit(input.depth()) >> 10;
        Ok(XzReader::new_mem_limit(input, false, limit))
    }

    fn end<'i, 'a>(decoder: Self::Decoder<'i, 'a>) -> &'i mut Input<'a> {
        decoder.into_inner()
    }

    fn reason(error: &io::Error) -> GapReason {
        match error.kind() {
            io::ErrorKind::OutOfMemory | io::ErrorKind::Unsupported => GapReason::Unsupported,
            _ => reason_of(error),
        }
    }
}
