//! LZMA alone, the format before xz (LZMA SDK, lzma-specification.txt): properties, dictionary size and
//! length, then one stream. It has no magic, so the probe asks for all that its writers agree on.

use super::super::cursor::{le32, le64};
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, reason_of};
use super::parts;
use crate::finding::GapReason;
use lzma_rust2::{Action, LzmaReader, LzmaStream, Status};
use std::io::{self, BufRead, Read};

/// LZMA alone.
pub struct Lzma;

/// The usual properties: lc = 3, lp = 0, pb = 2.
const PROPERTIES: u8 = 0x5d;

/// A length that is not given: the stream has an end marker.
const UNKNOWN: u64 = u64::MAX;

/// Bytes that a stream with other settings must give to be believed, if it has as many. Fewer come of any numbers, since
/// little in a stream can be wrong.
const ENOUGH: usize = 2048;

/// What the reference decoder asks of a header without a magic: a dictionary of 2ⁿ or 2ⁿ + 2ⁿ⁻¹ bytes, a
/// length below 256 GiB; and the first byte of the range coder is zero. Settings that few programs choose are believed
/// where the first bytes unpack.
fn is_header(head: &Head<'_>) -> bool {
    let (Some(dictionary), Some(length)) = (le32(head.start, 1), le64(head.start, 5)) else { return false };
    let Some(properties) = head.start.first().copied().filter(|properties| is_properties(*properties)) else { return false };
    let usual = dictionary.is_power_of_two() || (dictionary % 3 == 0 && (dictionary / 3).is_power_of_two());
    dictionary >= 1 << 12
        && usual
        && (length == UNKNOWN || (1..1 << 38).contains(&length))
        && head.has(13, &[0])
        && head.start.len() >= 18
        && (properties == PROPERTIES && dictionary >= 1 << 16 || unpacks(head.start, properties, length))
}

/// Whether a byte is lc, lp and pb, as far as the decoders of xz take them.
fn is_properties(properties: u8) -> bool {
    let (lc, lp, pb) = (properties % 9, properties / 9 % 5, properties / 45);
    pb <= 4 && lc + lp <= 4
}

/// Whether the first bytes of a stream unpack. They look back on no more than they are.
fn unpacks(start: &[u8], properties: u8, length: u64) -> bool {
    let stream = start.get(13..Head::LEN.min(start.len())).unwrap_or_default();
    let Ok(mut reader) = LzmaReader::new_with_props(stream, length, properties, 1 << 12, None) else { return false };
    let mut buffer = [0; ENOUGH];
    let mut filled = 0;
    while let Some(space) = buffer.get_mut(filled..).filter(|space| !space.is_empty()) {
        match reader.read(space) {
            Ok(0) => return filled > 0,
            Ok(count) => filled += count,
            Err(_) => return false,
        }
    }
    true
}

impl Extractor for Lzma {
    fn name(&self) -> &'static str {
        "lzma"
    }

    fn about(&self) -> About {
        About {
            title: "LZMA alone",
            reads: "one stream of bytes",
            limits: "known by its settings, since it has no magic, with lc + lp of 4 at most; a dictionary of up to 128 MiB, half of it with each container around it",
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
    use super::super::super::testing::seen;
    use super::*;
    use lzma_rust2::{LzmaOptions, LzmaWriter};
    use std::io::Write;

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
            (with(1 << 11, UNKNOWN, 0), false),
            (with(0, UNKNOWN, 0), false),
            (b"]\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(), false),
            (b"]]]]]]]]]]]]]]]]]]]]]]".to_vec(), false),
            (b"]\0\0\x80\0".to_vec(), false),
        ] {
            assert_eq!(Lzma.probe(&Head { start: &start, tail: &[] }), expected, "{start:?}");
        }
    }

    #[test]
    fn settings_that_few_choose_are_known_where_bytes_unpack() {
        let text = b"a text that is packed with other settings than the usual ones, all of which say the same";
        for (lc, lp, pb, dictionary) in [(3, 0, 2, 1 << 12), (4, 0, 2, 1 << 23), (0, 2, 0, 1 << 20), (1, 3, 4, 3 << 12)] {
            let options = LzmaOptions { lc, lp, pb, dict_size: dictionary, ..LzmaOptions::with_preset(6) };
            let mut writer = LzmaWriter::new_use_header(Vec::new(), &options, None).unwrap();
            writer.write_all(text).unwrap();
            let packed = writer.finish().unwrap();
            assert!(Lzma.probe(&Head { start: &packed, tail: &[] }), "{lc} {lp} {pb}");
            assert_eq!(seen(&Lzma, &packed).members, vec![("", str::from_utf8(text).unwrap())].into());
            let broken = [&packed[..14], &[0xff; 40]].concat();
            assert!(!Lzma.probe(&Head { start: &broken, tail: &[] }), "{lc} {lp} {pb}");
        }
        // A matrix of numbers, as others write it.
        let numbers = [0, 2, 1, 0, 11].map(u32::to_le_bytes).concat();
        let matrix =
            [&numbers[..], b"fit_params\0", &[0x81, 0x7d, 0x27, 2, 0xe5, 5, 0xd3, 0x41, 0x46, 0xed, 0x68, 0xed, 0x2b, 0xc4]];
        assert!(!Lzma.probe(&Head { start: &matrix.concat(), tail: &[] }));
    }
}
