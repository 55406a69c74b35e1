//! Compressed streams that are made of parts: gzip members, zstd frames.
//!
//! Both formats may hold any number of parts one after the other, and a reader that stops after the
//! first would call the rest clean. [`Parts`] reads them as one stream and keeps what went wrong.

use super::super::input::Aside;
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, reason_of};
use crate::finding::GapReason;
use std::io::{self, BufRead, Read};

/// How one format frames its parts. That makes it an [`Extractor`].
pub(super) trait Framing: Sync {
    /// Its name, as in messages.
    const NAME: &'static str;
    /// What people are told of it.
    const ABOUT: About;
    /// Decodes one part and ends with it.
    type Decoder<'i, 'a: 'i>: Read;

    /// Whether the bytes look like this format; see [`Extractor::probe`].
    fn begins(head: &Head<'_>) -> bool;
    /// Whether another part starts here, after whatever the format allows between parts was set aside.
    fn at_part(input: &mut Input<'_>) -> io::Result<bool>;
    /// Starts to decode the part at hand.
    fn start<'i, 'a>(input: &'i mut Input<'a>) -> io::Result<Self::Decoder<'i, 'a>>;
    /// The input, behind what was decoded.
    fn end<'i, 'a>(decoder: Self::Decoder<'i, 'a>) -> &'i mut Input<'a>;
    /// What an error says of the stream.
    fn reason(error: &io::Error) -> GapReason {
        reason_of(error)
    }
}

/// How much memory a decoder may take for what it refers back to, in bytes, at this depth in other
/// containers. It is halved with each level, so that nesting cannot multiply the memory; no less than the
/// usual compressors need by default.
pub(super) fn dictionary_limit(depth: u32) -> u32 {
    ((128 << 20) >> depth.min(4)) + DECODER
}

/// What a decoder takes besides.
const DECODER: u32 = 1 << 20;

/// Passes over zero bytes.
pub(super) fn skip_zeros(input: &mut Input<'_>) -> io::Result<()> {
    loop {
        let ready = input.fill_buf()?;
        let zeros = ready.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 {
            return Ok(());
        }
        input.consume(zeros);
    }
}

impl<F: Framing> Extractor for F {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn about(&self) -> About {
        F::ABOUT
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        F::begins(head)
    }

    fn is_wrapper(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        extract::<F>(b"", input, sink)
    }
}

/// Pushes the whole stream as one member of this name, and what stands between its parts as it is.
pub(super) fn extract<F: Framing>(name: &[u8], input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
    let (failure, drained) = {
        let mut parts = Parts::<F> { state: State::Between(&mut *input), failure: None };
        sink.member(&Member { name, kind: MemberKind::File, size: None }, &mut parts)?;
        // A sink may leave off early; the rest still has to be decoded to know whether it is sound.
        let drained = io::copy(&mut parts, &mut io::sink());
        (parts.failure.take(), drained)
    };
    let Aside { bytes, lost } = input.aside();
    if !bytes.is_empty() {
        sink.raw(&mut bytes.as_slice())?;
    }
    if lost > 0 {
        let detail = format!("{}: what stands between its parts is longer than what is kept to be scanned", F::NAME);
        sink.gap(GapReason::Unsupported, detail, Some(lost));
    }
    match (failure, drained) {
        (Some(halt), _) => Err(halt),
        (None, Err(error)) => Err(Halt::Read(error)),
        (None, Ok(_)) => Ok(()),
    }
}

/// All parts of the input as one reader.
struct Parts<'i, 'a, F: Framing> {
    state: State<'i, 'a, F>,
    failure: Option<Halt>,
}

enum State<'i, 'a, F: Framing> {
    Between(&'i mut Input<'a>),
    Inside(Box<F::Decoder<'i, 'a>>),
    Ended,
}

impl<F: Framing> Parts<'_, '_, F> {
    /// Keeps why the stream ends here. A failure of the input is not this format's to report.
    fn fail(&mut self, error: io::Error, input_failed: bool) -> io::Error {
        let copy = io::Error::new(error.kind(), "the compressed stream around it failed");
        self.failure =
            Some(if input_failed { Halt::Read(error) } else { Halt::Broken(F::reason(&error), format!("{}: {error}", F::NAME)) });
        copy
    }
}

impl<F: Framing> Read for Parts<'_, '_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Ok(0),
                State::Between(input) => match F::at_part(input) {
                    Ok(false) => return Ok(0),
                    Ok(true) => match F::start(input) {
                        Ok(decoder) => self.state = State::Inside(Box::new(decoder)),
                        Err(error) => return Err(self.fail(error, false)),
                    },
                    Err(error) => {
                        let input_failed = input.failed();
                        return Err(self.fail(error, input_failed));
                    }
                },
                State::Inside(mut decoder) => match decoder.read(buffer) {
                    Ok(0) => self.state = State::Between(F::end(*decoder)),
                    Ok(count) => {
                        self.state = State::Inside(decoder);
                        return Ok(count);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => self.state = State::Inside(decoder),
                    Err(error) => {
                        let input_failed = F::end(*decoder).failed();
                        return Err(self.fail(error, input_failed));
                    }
                },
            }
        }
    }
}
