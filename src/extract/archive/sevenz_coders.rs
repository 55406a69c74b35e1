//! The coders of a 7z (Methods.txt of 7-Zip has the ids): from the packed streams of a folder, each coder's input is one of
//! them or what another coder gives.

use super::super::cursor::le32;
use super::super::reason_of;
use super::sevenz::{File, START};
use super::sevenz_header::{Coder, Folder, Stream};
use crate::finding::GapReason;
use lzma_rust2::filter::{bcj::BcjReader, bcj2::Bcj2Reader, delta::DeltaReader};
use lzma_rust2::{Lzma2Reader, LzmaReader, lzma_get_memory_usage_by_props};
use std::cell::RefCell;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

/// Why there is no reader.
type Refusal = (GapReason, String);

/// A reader of what a folder unpacks to. All its decoders together may take `limit` bytes for what they look back on.
pub(super) fn decoder<'r>(file: &'r mut File<'_>, folder: &Folder, limit: u32) -> Result<Box<dyn Read + 'r>, Refusal> {
    if folder.coders.iter().any(|coder| coder.id == [0x06, 0xf1, 0x07, 0x01]) {
        return Err((GapReason::Encrypted, "encrypted".into()));
    }
    let length = file.seek(SeekFrom::End(0)).map_err(|error| (GapReason::Damaged, error.to_string()))?;
    let mut tree = Tree { file: Rc::new(RefCell::new(file)), length, folder, limit };
    tree.output(folder.last)
}

/// The coders of a folder as readers of each other.
struct Tree<'r, 'f, 'd> {
    file: Rc<RefCell<&'r mut File<'f>>>,
    length: u64,
    folder: &'d Folder,
    /// Bytes that decoders may still take.
    limit: u32,
}

impl<'r> Tree<'r, '_, '_> {
    /// What comes out of a coder. No coder leads to itself, which the header was asked for.
    fn output(&mut self, at: usize) -> Result<Box<dyn Read + 'r>, Refusal> {
        let coder = self.folder.coders.get(at).ok_or_else(bad)?;
        let mut inputs = coder.inputs.iter().map(|input| self.input(*input)).collect::<Result<Vec<_>, _>>()?;
        if coder.id == [0x03, 0x03, 0x01, 0x1b] {
            return Ok(Box::new(Bcj2Reader::try_new(inputs, coder.size).map_err(refused)?));
        }
        match (inputs.pop(), inputs.is_empty()) {
            (Some(inner), true) => self.step(inner, coder),
            _ => Err((GapReason::Unsupported, format!("coder {} of several streams", shown(&coder.id)))),
        }
    }

    fn input(&mut self, stream: Stream) -> Result<Box<dyn Read + 'r>, Refusal> {
        match stream {
            Stream::Coder(at) => self.output(at),
            Stream::Packed(index) => {
                let &(at, size) = self.folder.packed.get(index).ok_or_else(bad)?;
                // Not every system takes every offset.
                let at = START.saturating_add(at).min(self.length);
                Ok(Box::new(BufReader::with_capacity(BUFFER, Piece { file: self.file.clone(), at, left: size })))
            }
        }
    }

    /// Takes so many bytes of what decoders may take.
    fn afford(&mut self, bytes: u64) -> Result<(), Refusal> {
        let left = u32::try_from(bytes).ok().and_then(|bytes| self.limit.checked_sub(bytes));
        self.limit = left.ok_or_else(|| refused(io::ErrorKind::OutOfMemory.into()))?;
        Ok(())
    }

    /// A coder of one stream.
    fn step(&mut self, inner: Box<dyn Read + 'r>, coder: &Coder) -> Result<Box<dyn Read + 'r>, Refusal> {
        let properties = &coder.properties;
        let first = || properties.first().copied().ok_or_else(bad);
        Ok(match coder.id.as_slice() {
            [0x00] => inner,
            [0x21] => {
                let bits = u32::from(first()?);
                let size = if bits >= 40 { u64::from(u32::MAX) } else { u64::from(2 | bits & 1) << (bits / 2 + 11) };
                self.afford(size)?;
                let size = u32::try_from(size).map_err(|_| bad())?;
                Box::new(Lzma2Reader::new_mem_limit(inner, size, u32::MAX, None).map_err(refused)?)
            }
            [0x03, 0x01, 0x01] => {
                let (settings, size) = (first()?, le32(properties, 1).ok_or_else(bad)?);
                self.afford(u64::from(lzma_get_memory_usage_by_props(size, settings).map_err(refused)?) << 10)?;
                Box::new(LzmaReader::new_with_props(inner, coder.size, settings, size, None).map_err(refused)?)
            }
            [0x03, 0x04, 0x01] => {
                let (order, size) = (first()?, le32(properties, 1).ok_or_else(bad)?);
                self.afford(size.into())?;
                let decoder = ppmd_rust::Ppmd7Decoder::new(inner, order.into(), size);
                // It has no end of its own.
                Box::new(decoder.map_err(|error| (GapReason::Damaged, error.to_string()))?.take(coder.size))
            }
            [0x04, 0x01, 0x08] => Box::new(flate2::read::DeflateDecoder::new(inner)),
            [0x04, 0x01, 0x09] => Box::new(deflate64::Deflate64Decoder::new(inner)),
            [0x04, 0x02, 0x02] => Box::new(bzip2::read::MultiBzDecoder::new(inner)),
            [0x04, 0xf7, 0x11, 0x01] => {
                let mut decoder = zstd::stream::read::Decoder::new(inner).map_err(refused)?;
                decoder.window_log_max(self.limit.max(1 << 10).ilog2()).map_err(refused)?;
                Box::new(decoder)
            }
            [0x03] => Box::new(DeltaReader::new(inner, usize::from(first()?) + 1)),
            id => branches(inner, id)?,
        })
    }
}

/// The filters for code: jumps in it are told from where they stand again.
fn branches<'r>(inner: Box<dyn Read + 'r>, id: &[u8]) -> Result<Box<dyn Read + 'r>, Refusal> {
    Ok(Box::new(match id {
        [0x04] | [0x03, 0x03, 0x01, 0x03] => BcjReader::new_x86(inner, 0),
        [0x05] | [0x03, 0x03, 0x02, 0x05] => BcjReader::new_ppc(inner, 0),
        [0x06] | [0x03, 0x03, 0x04, 0x01] => BcjReader::new_ia64(inner, 0),
        [0x07] | [0x03, 0x03, 0x05, 0x01] => BcjReader::new_arm(inner, 0),
        [0x08] | [0x03, 0x03, 0x07, 0x01] => BcjReader::new_arm_thumb(inner, 0),
        [0x09] | [0x03, 0x03, 0x08, 0x05] => BcjReader::new_sparc(inner, 0),
        [0x0a] => BcjReader::new_arm64(inner, 0),
        [0x0b] => BcjReader::new_riscv(inner, 0),
        id => return Err((GapReason::Unsupported, format!("coder {}", shown(id)))),
    }))
}

fn shown(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bad() -> Refusal {
    (GapReason::Damaged, "the settings of a coder are broken".to_owned())
}

fn refused(error: io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::OutOfMemory => (GapReason::Unsupported, "a dictionary that takes too much memory".to_owned()),
        _ => (reason_of(&error), error.to_string()),
    }
}

/// Bytes that are read in one go: several streams are read by turns.
const BUFFER: usize = 64 << 10;

/// One of the packed streams. Each goes on where it was, whoever read the file in between.
struct Piece<'r, 'f> {
    file: Rc<RefCell<&'r mut File<'f>>>,
    at: u64,
    left: u64,
}

impl Read for Piece<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(self.at))?;
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = file.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}
