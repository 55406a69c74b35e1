//! Brotli (RFC 7932): one stream of bytes. What is served on the web is kept in files of it, and so in images.
//!
//! It has no magic, and its header is a few bits that most bytes have. So the first bytes are unpacked before a stream is
//! believed, and what comes out must be more than the few letters that chance makes a decoder repeat.

use super::super::{About, Head, Input};
use super::Tar;
use super::parts::{Framing, dictionary_limit};
use crate::extract::Extractor;
use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use std::io::{self, BufRead, Read};

/// Brotli.
pub struct Brotli;

/// What is unpacked at the most to believe a stream.
const TRIAL: usize = 16 << 10;
/// What must come out, and how many bytes of it must differ: of text where more is to come, of text that is whole, and
/// of anything else.
const TEXT: (usize, usize) = (64, 12);
const WHOLE: (usize, usize) = (8, 6);
const OTHER: (usize, usize) = (512, 64);

impl Framing for Brotli {
    const NAME: &'static str = "brotli";
    const ABOUT: About = About {
        title: "Brotli",
        reads: "one stream of bytes, and what it marks to be passed over",
        limits: "known by what its first bytes unpack to, since it has no magic; windows of up to 16 MiB, less where several containers are around it",
        specification: "RFC 7932",
    };
    type Decoder<'i, 'a: 'i> = Stream<'i, 'a>;

    fn begins(head: &Head<'_>) -> bool {
        // All of a file may be at hand, of which the start tells enough.
        let start = head.start.get(..Head::LEN).unwrap_or(head.start);
        window(start).is_some() && !reads_as_text(start, false) && is_believed(start)
    }

    fn at_part(input: &mut Input<'_>) -> io::Result<bool> {
        // Nothing may follow, and nothing would tell that it is one more.
        Ok(input.position() == 0)
    }

    fn start<'i, 'a>(input: &'i mut Input<'a>) -> io::Result<Self::Decoder<'i, 'a>> {
        let most = dictionary_limit(input.depth());
        if window(input.head()?).is_some_and(|bits| 1 << bits > most) {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "a window larger than what is allowed at this depth"));
        }
        Ok(Stream { input, engine: Engine::new(), careful: 0, ended: false })
    }

    fn end<'i, 'a>(decoder: Self::Decoder<'i, 'a>) -> &'i mut Input<'a> {
        decoder.input
    }
}

/// The bits of the window (section 9.1).
fn window(start: &[u8]) -> Option<u32> {
    let first = u32::from(*start.first()?);
    match (first & 1, first >> 1 & 7, first >> 4 & 7) {
        (0, ..) => Some(16),
        (_, 0, 0) => Some(17),
        // Larger windows, which the specification does not have.
        (_, 0, 1) => None,
        (_, 0, bits) => Some(8 + bits),
        (_, bits, _) => Some(17 + bits),
    }
}

/// Whether the first bytes of what may be a stream unpack to something.
fn is_believed(start: &[u8]) -> bool {
    let (mut engine, mut out, mut taken, mut filled) = (Engine::new(), vec![0; TRIAL], 0, 0);
    let ended = loop {
        let step = engine.step(start.get(taken..).unwrap_or_default(), out.get_mut(filled..).unwrap_or_default());
        (taken, filled) = (taken + step.taken, filled + step.given);
        match step.result {
            BrotliResult::ResultSuccess => break true,
            BrotliResult::NeedsMoreOutput if filled == out.len() => break false,
            BrotliResult::NeedsMoreOutput => {}
            // All of a file that is no longer would have ended.
            BrotliResult::NeedsMoreInput if start.len() >= Head::LEN => break false,
            _ => return false,
        }
    };
    let (out, whole) = (out.get(..filled).unwrap_or_default(), ended && taken == start.len());
    let holds = |(length, letters)| out.len() >= length && variety(out) >= letters;
    match reads_as_text(out, ended) {
        true => whole && holds(WHOLE) || holds(TEXT) && is_packed(start, out),
        false => holds(OTHER) && is_packed(start, out) || whole && holds(TEXT) || Tar.probe(&Head { start: out, tail: &[] }),
    }
}

/// Whether the last bytes that came out are not those that stand there anyway: a header of a few bits makes a long block
/// that is not packed of any noise.
fn is_packed(packed: &[u8], out: &[u8]) -> bool {
    out.last_chunk::<32>().is_some_and(|last| memchr::memmem::find(packed, last).is_none())
}

fn variety(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.iter().filter(|seen| **seen).count()
}

/// Whether all of it is text, or all but a sign that is cut at its end.
fn reads_as_text(bytes: &[u8], whole: bool) -> bool {
    let (text, is_cut) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => match bytes.get(..error.valid_up_to()).map(std::str::from_utf8) {
            Some(Ok(text)) => (text, error.error_len().is_none() && !whole),
            _ => return false,
        },
    };
    let is_control = |byte: u8| byte < b' ' && !b"\t\n\r\x0c\x1b".contains(&byte) || byte == 0x7f;
    (is_cut || text.len() == bytes.len()) && !text.bytes().any(is_control)
}

/// A decoder.
struct Engine(BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>);

/// How far one step of a decoder came.
struct Step {
    taken: usize,
    given: usize,
    result: BrotliResult,
}

impl Engine {
    fn new() -> Self {
        let new = StandardAlloc::default;
        Self(BrotliState::new_strict(new(), new(), new()))
    }

    fn step(&mut self, packed: &[u8], out: &mut [u8]) -> Step {
        let (mut left, mut taken, mut room, mut given, mut total) = (packed.len(), 0, out.len(), 0, 0);
        let result = BrotliDecompressStream(&mut left, &mut taken, packed, &mut room, &mut given, out, &mut total, &mut self.0);
        Step { taken, given, result }
    }

    /// Whether it passes over what the stream marks as metadata (section 9.2).
    fn passes_over(&self) -> bool {
        self.0.is_metadata != 0
    }
}

/// Bytes that are decoded in one go.
const PIECE: usize = 512;
/// What may be text among packed bytes: where it is metadata, it must not be passed over unseen. Shorter ones are
/// everywhere by chance.
const RUN: usize = 12;

/// The stream as a reader.
pub(super) struct Stream<'i, 'a> {
    input: &'i mut Input<'a>,
    engine: Engine,
    /// Bytes that are decoded one by one, to know which of them are metadata.
    careful: usize,
    ended: bool,
}

impl Stream<'_, '_> {
    fn decode(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let ready = self.input.fill_buf()?;
        if self.careful == 0 {
            self.careful = end_of_run(ready.get(..PIECE + RUN).unwrap_or(ready));
        }
        let most = if self.careful > 0 { 1 } else { PIECE };
        let piece = ready.get(..most).unwrap_or(ready);
        let step = self.engine.step(piece, buffer);
        let (taken, is_out) = (step.taken, piece.is_empty());
        if self.engine.passes_over() {
            let passed = piece.get(..taken).unwrap_or_default().to_vec();
            self.input.keep_aside(&passed);
        }
        self.careful = self.careful.saturating_sub(taken);
        self.input.consume(taken);
        match step.result {
            BrotliResult::ResultFailure => Err(io::Error::new(io::ErrorKind::InvalidData, "no sound stream")),
            BrotliResult::NeedsMoreInput if is_out && step.given == 0 => Err(io::ErrorKind::UnexpectedEof.into()),
            BrotliResult::ResultSuccess => {
                self.ended = true;
                Ok(Some(step.given))
            }
            _ => Ok((step.given > 0).then_some(step.given)),
        }
    }
}

/// Where what may be text ends, if there is any. What reaches the end may go on.
fn end_of_run(bytes: &[u8]) -> usize {
    let (mut run, mut end) = (0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        run = if matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~') { run + 1 } else { 0 };
        if run >= RUN || run >= RUN / 2 && at + 1 == bytes.len() {
            end = at + 1;
        }
    }
    end
}

impl Read for Stream<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while !self.ended {
            if let Some(count) = self.decode(buffer)?.filter(|count| *count > 0) {
                return Ok(count);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;
    use crate::finding::GapReason;

    /// A stream with a window of 64 KiB.
    #[derive(Default)]
    struct Bits {
        bytes: Vec<u8>,
        count: usize,
    }

    impl Bits {
        fn put(&mut self, value: usize, bits: usize) {
            for bit in 0..bits {
                if self.count.is_multiple_of(8) {
                    self.bytes.push(0);
                }
                *self.bytes.last_mut().unwrap() |= ((value >> bit & 1) as u8) << (self.count % 8);
                self.count += 1;
            }
        }

        fn block(&mut self, text: &[u8]) {
            self.count = self.bytes.len() * 8;
            self.bytes.extend(text);
            self.count = self.bytes.len() * 8;
        }

        /// What is not packed: not the last, four nibbles of its length less one, not packed.
        fn plain(&mut self, text: &[u8]) {
            self.put(0, 3);
            self.put(text.len() - 1, 16);
            self.put(1, 1);
            self.block(text);
        }

        /// Not the last, no nibbles, a reserved bit, one byte of a length less one.
        fn metadata(&mut self, text: &[u8]) {
            self.put(0b0110, 4);
            self.put(1, 2);
            self.put(text.len() - 1, 8);
            self.block(text);
        }
    }

    /// Texts, every second one as metadata.
    fn stream(texts: &[&str]) -> Vec<u8> {
        let mut bits = Bits::default();
        bits.put(0, 1);
        for (index, text) in texts.iter().enumerate() {
            if index % 2 == 0 { bits.plain(text.as_bytes()) } else { bits.metadata(text.as_bytes()) }
        }
        bits.put(0b11, 2);
        bits.bytes
    }

    fn begins(start: &[u8]) -> bool {
        Brotli::begins(&Head { start, tail: &[] })
    }

    #[test]
    fn a_stream_is_read_with_what_it_passes_over() {
        let bytes = stream(&["one two three", "passed over by others", " four"]);
        assert!(begins(&bytes));
        let found = seen(&Brotli, &bytes);
        assert_eq!((found.members, found.gaps), (vec![("", "one two three four")].into(), Vec::new()));
        let raw = String::from_utf8(found.raw).unwrap();
        assert!(raw.ends_with("passed over by others") && raw.len() < 24, "{raw:?}");
        for cut in 1..bytes.len() {
            assert_eq!(seen(&Brotli, &bytes[..cut]).gaps, vec![GapReason::Truncated], "{cut}");
            assert!(!begins(&bytes[..cut]), "{cut}");
        }
    }

    #[test]
    fn what_servers_write_is_known_whatever_they_ask_for() {
        let page = "<p class=\"lead\">some page, of so many words</p>\n".repeat(300);
        let tar = crate::forge::image::tar_of(&[("a.txt", b"some text of a file")]);
        for text in [b"DB_HOST=example".as_slice(), page.as_bytes(), &tar] {
            for (quality, lgwin) in [(0, 22), (1, 18), (4, 10), (5, 24), (9, 16), (11, 22), (11, 17)] {
                let params = brotli::enc::BrotliEncoderParams { quality, lgwin, ..Default::default() };
                let mut packed = Vec::new();
                brotli::BrotliCompress(&mut &text[..], &mut packed, &params).unwrap();
                assert!(begins(&packed), "{quality} {lgwin} {}", text.len());
                let found = seen(&Brotli, &[&packed[..], b"behind it"].concat());
                assert_eq!((found.members, found.gaps), (vec![("", std::str::from_utf8(text).unwrap())].into(), Vec::new()));
                assert!(found.raw.ends_with(b"behind it"));
            }
        }
    }

    #[test]
    fn what_is_not_one_is_told_from_a_stream() {
        let mut state = 1u32;
        for length in [8, 16, 24, 40, 100, 1000, 4096, 5000] {
            for _ in 0..300 {
                let noise = std::iter::repeat_with(|| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                });
                assert!(!begins(&noise.take(length).collect::<Vec<_>>()));
            }
        }
        // Text that is cut in a sign, or has one of another encoding: a header that says that it is not packed.
        let text = "/*! some text of a script */\n".repeat(200);
        for end in ["\u{fc}".as_bytes().get(..1).unwrap(), b"\xfc and more of it"] {
            assert!(!begins(&[text.as_bytes(), end].concat()));
        }
        for no in ["", "\u{b}", "some text, and more of it, which is as long as this", "\0\0\0\0\0\0\0\0\0\0\0\0"] {
            assert!(!begins(no.as_bytes()), "{no:?}");
        }
    }

    #[test]
    fn windows_are_read_as_specified() {
        for (first, bits) in [
            (0x06, Some(16)),
            (0x01, Some(17)),
            (0x11, None),
            (0x21, Some(10)),
            (0x71, Some(15)),
            (0x1b, Some(22)),
            (0x0f, Some(24)),
        ] {
            assert_eq!(window(&[first]), bits, "{first:#x}");
        }
    }
}
