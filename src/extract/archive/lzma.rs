//! LZMA alone, the format before xz (LZMA SDK, lzma-specification.txt): properties, dictionary size and
//! length, then one stream. It has no magic, so the probe asks for all that its writers agree on.

use super::super::cursor::{le32, le64};
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, reason_of};
use super::parts;
use crate::finding::GapReason;
use lzma_rust2::{Action, LzmaStream, Status};
use std::io::{self, BufRead, Read};

/// LZMA alone.
pub struct Lzma;

/// The usual properties: lc = 3, lp = 0, pb = 2.
const PROPERTIES: u8 = 0x5d;

/// A length that is not given: the stream has an end marker.
const UNKNOWN: u64 = u64::MAX;

/// What the reference decoder asks of a header without a magic: a dictionary of 2ⁿ or 2ⁿ + 2ⁿ⁻¹ bytes, a
/// length below 256 GiB; and the first byte of the range coder is zero.
fn is_header(head: &Head<'_>) -> bool {
    let (Some(dictionary), Some(length)) = (le32(head.start, 1), le64(head.start, 5)) else { return false };
    let usual = dictionary.is_power_of_two() || (dictionary % 3 == 0 && (dictionary / 3).is_power_of_two());
    head.start.first() == Some(&PROPERTIES)
        && dictionary >= 1 << 16
        && usual
        && (length == UNKNOWN || (1..1 << 38).contains(&length))
        && head.has(13, &[0])
        && head.start.len() >= 18
}

impl Extractor for Lzma {
    fn name(&self) -> &'static str {
        "lzma"
    }

    fn about(&self) -> About {
        About {
            title: "LZMA alone",
            reads: "one stream of bytes",
            limits: "known by its usual properties only, since it has no magic; a dictionary of up to 128 MiB, half of it with each container around it",
            specification: "https://www.7-zip.org/sdk.html (lzma-specification.txt)",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        is_header(head)
    }

    fn is_wrapper(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let stream = LzmaStream::new_mem_limit(parts::dictionary_limit(input.depth()) >> 10, None);
        let mut body = Alone { input, stream, failure: None };
        sink.member(&Member { name: b"", kind: MemberKind::File, size: None }, &mut body)?;
        let drained = io::copy(&mut body, &mut io::sink());
        if let (Some(error), _) | (None, Err(error)) = (body.failure, drained) {
            if body.input.failed() {
                return Err(Halt::Read(error));
            }
            let reason = match error.kind() {
                io::ErrorKind::OutOfMemory => GapReason::Unsupported,
                _ => reason_of(&error),
            };
            return Err(Halt::Broken(reason, format!("lzma: {error}")));
        }
        // The decoder reads ahead; what it took too much stands before the rest.
        sink.raw(&mut body.stream.unused_input().chain(&mut *body.input))?;
        Ok(())
    }
}

/// The stream as a reader.
struct Alone<'i, 'a> {
    input: &'i mut Input<'a>,
    stream: LzmaStream,
    failure: Option<io::Error>,
}

impl Alone<'_, '_> {
    fn decode(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let ready = self.input.fill_buf()?;
            let ended = ready.is_empty();
            let action = if ended { Action::Finish } else { Action::Run };
            let step = self.stream.process(ready, buffer, action)?;
            self.input.consume(step.bytes_consumed);
            if step.bytes_produced > 0 || step.status == Status::StreamEnd {
                return Ok(step.bytes_produced);
            }
            if ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

impl Read for Alone<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = &self.failure {
            return Err(failure.kind().into());
        }
        if buffer.is_empty() {
            return Ok(0);
        }
        self.decode(buffer).map_err(|error| {
            let copy = error.kind().into();
            self.failure = Some(error);
            copy
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_bytes_are_no_lzma() {
        let with = |dictionary: u32, length: u64, first: u8| {
            [&[PROPERTIES][..], &dictionary.to_le_bytes(), &length.to_le_bytes(), &[first, 1, 2, 3, 4]].concat()
        };
        for (start, expected) in [
            (with(1 << 23, UNKNOWN, 0), true),
            (with(3 << 20, 1000, 0), true),
            (with(1 << 23, 1 << 38, 0), false),
            (with(1 << 23, 0, 0), false),
            (with(1 << 23, UNKNOWN, 1), false),
            (with(5 << 20, UNKNOWN, 0), false),
            (with(1 << 15, UNKNOWN, 0), false),
            (with(0, UNKNOWN, 0), false),
            (b"]\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(), false),
            (b"]]]]]]]]]]]]]]]]]]]]]]".to_vec(), false),
            (b"]\0\0\x80\0".to_vec(), false),
        ] {
            assert_eq!(Lzma.probe(&Head { start: &start, tail: &[] }), expected, "{start:?}");
        }
    }
}
