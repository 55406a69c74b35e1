//! How bytes are held while a format opens them: in memory, in a file, or as a stream.
//!
//! A format asks for what it needs and this one file decides: a streaming format reads through
//! [`BufRead`]; one that must seek gets memory or the file as it is, and a stream is spilled into an
//! unlinked temporary file, which no name leads to and which goes with the process. A spill that
//! fails loses nothing: what was spilled so far is read back, then the rest of the stream.

use super::Head;
use crate::slice::FileSlice;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, Take, Write};

/// A buffer that has a whole head, if there is one: what is left of it may be a few bytes, and it is filled anew only
/// when it is empty or thrown away.
fn whole_head<R: Read + Seek>(reader: &mut BufReader<R>) -> io::Result<&[u8]> {
    if reader.buffer().len() < Head::LEN {
        let here = reader.stream_position()?;
        reader.seek(io::SeekFrom::Start(here))?;
    }
    reader.fill_buf()
}

/// Something that can be read at any place.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// Bytes to be opened.
pub struct Input<'a> {
    body: Body<'a>,
    depth: u32,
    spill: u64,
    failure: Option<io::Error>,
    /// Whether the file at hand is our own, whose failures are nobody else's to report.
    is_spilled: bool,
    position: u64,
    aside: Aside,
}

/// Bytes that a format passes over: no part of what it holds, and scanned all the same.
#[derive(Default)]
pub(super) struct Aside {
    pub(super) bytes: Vec<u8>,
    /// How many there were beyond what is kept.
    pub(super) lost: u64,
}

/// Bytes that are set aside of one input.
const ASIDE: u64 = 1 << 20;

enum Body<'a> {
    Memory {
        bytes: &'a [u8],
        position: usize,
    },
    /// A file as it is, or one that a stream was spilled into.
    File(BufReader<FileSlice>),
    Stream(Stream<'a>),
}

/// A stream with a chunk of it in memory. The chunk stays until it is used up, so that a decoder
/// that fails in it can be undone back to the chunk's start.
struct Stream<'a> {
    source: Source<'a>,
    chunk: Vec<u8>,
    position: usize,
    filled: usize,
    ended: bool,
}

/// Where a stream comes from: after a spill that failed, first from what it took already.
struct Source<'a> {
    spilled: Option<Take<File>>,
    unspilled: Cursor<Vec<u8>>,
    feed: Feed<'a>,
}

/// What gives a stream its bytes.
enum Feed<'a> {
    Reader(&'a mut dyn Read),
    /// A file that is read as a stream: what it holds can be handed on unread.
    Slice(FileSlice),
}

impl Read for Feed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Reader(reader) => reader.read(buffer),
            Self::Slice(slice) => slice.read(buffer),
        }
    }
}

/// Bytes read from a stream at a time: large enough that calls cost nothing, small enough for the
/// second-level cache.
const CHUNK: usize = 128 << 10;

impl<'a> Input<'a> {
    /// Bytes in memory.
    pub fn memory(bytes: &'a [u8]) -> Self {
        Self::of(Body::Memory { bytes, position: 0 })
    }

    /// Bytes of an open file, for a format that seeks.
    pub fn file(slice: FileSlice) -> Self {
        Self::of(Body::File(BufReader::with_capacity(CHUNK, slice)))
    }

    /// Bytes of an open file, for a format that reads them from the first to the last.
    pub fn file_as_stream(slice: FileSlice) -> Self {
        Self::fed(Vec::new(), Feed::Slice(slice))
    }

    /// A stream, of which `head` was read already to look at it.
    pub fn stream(head: Vec<u8>, reader: &'a mut dyn Read) -> Self {
        Self::fed(head, Feed::Reader(reader))
    }

    fn of(body: Body<'a>) -> Self {
        let (failure, aside) = (None, Aside::default());
        Self { body, depth: 0, spill: u64::MAX, failure, is_spilled: false, position: 0, aside }
    }

    fn fed(mut head: Vec<u8>, feed: Feed<'a>) -> Self {
        let filled = head.len();
        head.resize(filled.max(CHUNK), 0);
        let source = Source { spilled: None, unspilled: Cursor::default(), feed };
        let stream = Stream { source, chunk: head, position: 0, filled, ended: false };
        Self::of(Body::Stream(stream))
    }

    /// Says how deep in other containers these bytes lie, and how many may be spilled to seek in them.
    pub fn within(self, depth: u32, spill: u64) -> Self {
        Self { depth, spill, ..self }
    }

    /// How deep in other containers these bytes lie; 0 for what the target itself holds.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// How many bytes were taken so far, from the start.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether reading these bytes has failed. A format that fails because of that has nothing to
    /// report: whoever owns the reader does.
    pub fn failed(&self) -> bool {
        self.failure.is_some()
    }

    /// The first failure of reading these bytes, for whoever owns them.
    pub fn failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Takes the next bytes without reading them, `length` or what is left, where they stand in a file. Whoever
    /// gets them reads them by position, on any thread.
    pub fn unread(&mut self, length: u64) -> Option<FileSlice> {
        let slice = match &mut self.body {
            Body::File(reader) => {
                let here = reader.stream_position().ok()?;
                let slice = reader.get_ref().part(here, length);
                reader.seek(io::SeekFrom::Start(here + slice.len())).ok()?;
                slice
            }
            Body::Stream(stream) => stream.unread(length)?,
            Body::Memory { .. } => return None,
        };
        self.position = self.position.saturating_add(slice.len());
        Some(slice)
    }

    /// All of the bytes, read or not, where they stand in a file. Those of a stream do once they were sought in.
    pub fn slice(&self) -> Option<FileSlice> {
        match &self.body {
            Body::File(reader) => Some(reader.get_ref().part(0, u64::MAX)),
            _ => None,
        }
    }

    /// Looks at the first bytes without taking them: all there are, or at least [`Head::LEN`].
    ///
    /// # Errors
    /// Those of the reader, if nothing was read before.
    pub fn head(&mut self) -> io::Result<&[u8]> {
        match &mut self.body {
            Body::Memory { bytes, position } => Ok(bytes.get(*position..).unwrap_or_default()),
            Body::File(reader) => whole_head(reader).inspect_err(|error| keep(&mut self.failure, self.is_spilled, error)),
            Body::Stream(stream) => {
                stream.fill_to(Head::LEN).inspect_err(|error| keep(&mut self.failure, self.is_spilled, error))?;
                Ok(stream.rest())
            }
        }
    }

    /// All of the bytes, where there are at most `limit`; none of them are taken.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn held(&mut self, limit: usize) -> io::Result<Option<Cow<'_, [u8]>>> {
        match &mut self.body {
            Body::Memory { bytes, position } => {
                let rest = bytes.get(*position..).unwrap_or_default();
                Ok((rest.len() <= limit).then_some(Cow::Borrowed(rest)))
            }
            Body::Stream(stream) => {
                stream.fill_to(limit.saturating_add(1)).inspect_err(|error| keep(&mut self.failure, self.is_spilled, error))?;
                let rest = stream.rest();
                Ok((rest.len() <= limit).then_some(Cow::Borrowed(rest)))
            }
            Body::File(reader) => whole(reader, limit).inspect_err(|error| keep(&mut self.failure, self.is_spilled, error)),
        }
    }

    /// Reads into a buffer as long as a chunk without a copy in between, where no bytes are held.
    fn read_past_chunk(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match &mut self.body {
            Body::Stream(stream) if stream.position == stream.filled && !stream.ended => {
                (stream.position, stream.filled) = (0, 0);
                let count = stream.source.read(buffer).inspect_err(|error| keep(&mut self.failure, self.is_spilled, error))?;
                stream.ended = count == 0;
                Ok(Some(count))
            }
            Body::File(reader) if reader.buffer().is_empty() => {
                reader.read(buffer).inspect_err(|error| keep(&mut self.failure, self.is_spilled, error)).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Passes over so many bytes, and keeps them, up to a limit, for whoever asks for [`Self::aside`] at the end. Says
    /// whether they were all there.
    ///
    /// # Errors
    /// Those of the reader.
    pub(super) fn set_aside(&mut self, length: u64) -> io::Result<bool> {
        let mut kept = std::mem::take(&mut self.aside.bytes);
        let got = self.by_ref().take(length.min(ASIDE.saturating_sub(kept.len() as u64))).read_to_end(&mut kept);
        self.aside.bytes = kept;
        let left = length - got? as u64;
        let lost = io::copy(&mut self.by_ref().take(left), &mut io::sink())?;
        self.aside.lost += lost;
        Ok(lost == left)
    }

    /// Keeps bytes that were read, up to the same limit.
    pub(super) fn keep_aside(&mut self, bytes: &[u8]) {
        let kept = &mut self.aside.bytes;
        let room = usize::try_from(ASIDE).unwrap_or(usize::MAX).saturating_sub(kept.len()).min(bytes.len());
        let (fitting, rest) = bytes.split_at(room);
        kept.extend_from_slice(fitting);
        self.aside.lost += rest.len() as u64;
    }

    /// What was set aside.
    pub(super) fn aside(&mut self) -> Aside {
        std::mem::take(&mut self.aside)
    }

    /// Goes back as far as possible: to the start of what is in memory. After a decoder failed, the
    /// bytes it took from there are seen again.
    pub fn rewind(&mut self) {
        let left = match &mut self.body {
            Body::Memory { position, .. } => std::mem::take(position) as u64,
            // A failure to seek leaves the reader where it is, which loses nothing behind it.
            Body::File(reader) => reader.rewind().map_or(0, |()| self.position),
            Body::Stream(stream) => std::mem::take(&mut stream.position) as u64,
        };
        self.position = self.position.saturating_sub(left);
    }

    /// The bytes as something to seek in; a stream is spilled first, as far as it can be read.
    ///
    /// # Errors
    /// Those of the temporary file; `FileTooLarge` past the limit for spilling. Nothing is lost then:
    /// the bytes can still be read from the first to the last.
    pub fn seekable(&mut self) -> io::Result<Box<dyn ReadSeek + '_>> {
        if let Body::Stream(stream) = &mut self.body {
            let (file, failure) = stream.spill(tempfile::tempfile()?, self.spill)?;
            self.failure = self.failure.take().or(failure);
            self.is_spilled = true;
            self.body = Body::File(BufReader::with_capacity(CHUNK, FileSlice::whole(file)?));
        }
        match &mut self.body {
            Body::Memory { bytes, position } => {
                *position = bytes.len();
                Ok(Box::new(Cursor::new(*bytes)))
            }
            Body::File(reader) => {
                reader.rewind()?;
                Ok(Box::new(reader))
            }
            Body::Stream(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// What a file holds from where its reader stands, which stays there.
fn whole<'b>(reader: &mut (impl Read + Seek), limit: usize) -> io::Result<Option<Cow<'b, [u8]>>> {
    let start = reader.stream_position()?;
    let mut bytes = Vec::new();
    let got = reader.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    reader.seek(io::SeekFrom::Start(start))?;
    Ok((got <= limit).then_some(Cow::Owned(bytes)))
}

/// Keeps what failed first of the bytes of others. A call that was only interrupted is made again.
fn keep(failure: &mut Option<io::Error>, is_spilled: bool, error: &io::Error) {
    if failure.is_none() && !is_spilled && error.kind() != io::ErrorKind::Interrupted {
        let copy =
            error.raw_os_error().map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error);
        *failure = Some(copy);
    }
}

impl Stream<'_> {
    /// The next bytes, `length` or what is left, if they stand in a file and nothing was spilled before them.
    fn unread(&mut self, length: u64) -> Option<FileSlice> {
        let ahead = (self.filled - self.position) as u64;
        let Source { spilled: None, unspilled, feed: Feed::Slice(slice) } = &mut self.source else { return None };
        if unspilled.position() < unspilled.get_ref().len() as u64 {
            return None;
        }
        let here = slice.stream_position().ok()?.checked_sub(ahead)?;
        let part = slice.part(here, length);
        if part.len() <= ahead {
            self.position += part.len() as usize;
        } else {
            (self.position, self.filled) = (0, 0);
            slice.seek(io::SeekFrom::Start(here + part.len())).ok()?;
        }
        Some(part)
    }

    fn rest(&self) -> &[u8] {
        self.chunk.get(self.position..self.filled).unwrap_or_default()
    }

    /// Moves the rest of the stream into `file`, if it has no more than `limit` bytes. If the
    /// stream could not be read to its end, the file has what came before, and the failure is returned.
    fn spill(&mut self, mut file: File, limit: u64) -> io::Result<(File, Option<io::Error>)> {
        let mut spilled = 0;
        loop {
            let ended = self.fill_to(1).map(|()| self.rest().is_empty());
            let outcome = match ended {
                Ok(true) | Err(_) => {
                    file.rewind()?;
                    return Ok((file, ended.err()));
                }
                Ok(false) if self.rest().len() as u64 > limit.saturating_sub(spilled) => Err(io::ErrorKind::FileTooLarge.into()),
                Ok(false) => file.write_all(self.rest()),
            };
            if let Err(error) = outcome {
                self.source.unspilled = Cursor::new(self.rest().to_vec());
                file.rewind()?;
                self.source.spilled = Some(file.take(spilled));
                (self.position, self.filled, self.ended) = (0, 0, false);
                return Err(error);
            }
            spilled += self.rest().len() as u64;
            self.position = self.filled;
        }
    }

    /// Reads until `wanted` bytes lie ahead, or the stream ends.
    fn fill_to(&mut self, wanted: usize) -> io::Result<()> {
        while !self.ended && self.filled - self.position < wanted {
            if self.position == self.filled {
                (self.position, self.filled) = (0, 0);
                // What was held to tell the format may be long; from here on short chunks leave long reads to
                // [`Input::read_past_chunk`].
                self.chunk.truncate(CHUNK);
            } else if self.position >= CHUNK {
                // Who looks ahead never uses it up. What was taken goes, or all of the stream would stay.
                self.chunk.copy_within(self.position..self.filled, 0);
                (self.position, self.filled) = (0, self.filled - self.position);
                self.chunk.truncate(self.filled.max(CHUNK));
            }
            // It grows as bytes come: a short stream costs what it holds, however much is asked for.
            let least = self.position + CHUNK;
            let enough = (self.position + wanted).min(least.max(2 * self.filled));
            if self.chunk.len() < enough {
                self.chunk.resize(enough.max(least), 0);
            }
            let Some(space) = self.chunk.get_mut(self.filled..) else { break };
            match self.source.read(space) {
                Ok(0) => self.ended = true,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(spilled) = &mut self.spilled {
            match spilled.read(buffer)? {
                0 => self.spilled = None,
                count => return Ok(count),
            }
        }
        match self.unspilled.read(buffer)? {
            0 => self.feed.read(buffer),
            count => Ok(count),
        }
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match &mut self.body {
            Body::Memory { bytes, position } => Ok(bytes.get(*position..).unwrap_or_default()),
            Body::File(reader) => reader.fill_buf().inspect_err(|error| keep(&mut self.failure, self.is_spilled, error)),
            Body::Stream(stream) => {
                stream.fill_to(1).inspect_err(|error| keep(&mut self.failure, self.is_spilled, error))?;
                Ok(stream.rest())
            }
        }
    }

    fn consume(&mut self, count: usize) {
        self.position = self.position.saturating_add(count as u64);
        match &mut self.body {
            Body::Memory { bytes, position } => *position = position.saturating_add(count).min(bytes.len()),
            Body::File(reader) => reader.consume(count),
            Body::Stream(stream) => stream.position = stream.position.saturating_add(count).min(stream.filled),
        }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.len() >= CHUNK
            && let Some(count) = self.read_past_chunk(buffer)?
        {
            self.position = self.position.saturating_add(count as u64);
            return Ok(count);
        }
        let ready = self.fill_buf()?;
        let count = ready.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
