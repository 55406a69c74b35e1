//! cpio in its four dialects: new ASCII with and without a checksum, old ASCII, old binary in either byte
//! order (cpio(5); the Linux kernel's buffer-format.rst for what an initramfs holds).
//!
//! An initramfs is several archives one behind the other with zeros between them, the last often compressed.
//! So what follows the trailer is read on, and what is no cpio there is a member of its own.

use super::super::cursor::{be16, le16};
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink};
use super::fields::{digits, skip, up_to};
use super::parts::skip_zeros;
use crate::finding::GapReason;
use crate::place::escaped;
use std::io::{self, Read};

/// cpio.
pub struct Cpio;

/// The name of the entry that ends an archive.
const TRAILER: &[u8] = b"TRAILER!!!";

/// The longest name that is believed: what a path may have on Linux.
const NAME: u64 = 4096;

/// The longest header, that of the new ASCII form.
const HEADER: usize = 110;

impl Extractor for Cpio {
    fn name(&self) -> &'static str {
        "cpio"
    }

    fn about(&self) -> About {
        About {
            title: "cpio (initramfs)",
            reads: "all four dialects, several archives one behind the other, and what follows the last",
            limits: "a file with several names is named by the one that carries its bytes",
            specification: "https://man.freebsd.org/cgi/man.cgi?query=cpio&sektion=5",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let Some(header) = Header::read(head.start) else { return false };
        // Two bytes are too little to know the binary form by; its name and mode settle it.
        let name = head.start.get(header.length..header.length.saturating_add(header.name as usize)).unwrap_or_default();
        let printable = |byte: &u8| !byte.is_ascii_control();
        name.split_last().is_some_and(|(end, name)| *end == 0 && !name.is_empty() && name.iter().all(printable))
            && (name.starts_with(TRAILER) || header.kind().is_some())
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        loop {
            while entry(input, sink)? {}
            skip_zeros(input)?;
            let head = input.head()?;
            if head.is_empty() {
                return Ok(());
            }
            if !self.probe(&Head { start: head, tail: &[] }) {
                // A compressed archive behind the first, or anything else.
                let start = input.position();
                return Ok(sink.behind(b"behind TRAILER!!!", start, input)?);
            }
        }
    }
}

/// Reads one entry. Says whether another may follow.
fn entry(input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<bool, Halt> {
    let head = input.head()?;
    let Some(header) = Header::read(head) else {
        let (reason, detail) = match head.len() {
            0 => (GapReason::MissingEnd, "cpio: ends without a trailer".into()),
            length if length < HEADER => (GapReason::Truncated, "cpio: ends within a header".into()),
            _ => (GapReason::Damaged, format!("cpio: no header at byte {}", input.position())),
        };
        return Err(Halt::Broken(reason, detail));
    };
    skip(input, header.length as u64)?;
    let name = up_to(input, u64::from(header.name))?;
    let whole =
        name.len() as u64 == u64::from(header.name) && skip(input, header.padding(header.length as u64 + name.len() as u64))?;
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    if !whole {
        return Err(Halt::Broken(GapReason::Truncated, "cpio: ends within a name".into()));
    }
    if name == TRAILER {
        return Ok(false);
    }
    let start = input.position();
    let mut body = (&mut *input).take(header.size);
    let kind = header.kind().unwrap_or(MemberKind::Special);
    sink.member(&Member { name, kind, size: Some(header.size) }, &mut body)?;
    io::copy(&mut body, &mut io::sink())?;
    let read = input.position() - start;
    if read < header.size || !skip(input, header.padding(header.size))? {
        return Err(Halt::Broken(GapReason::Truncated, format!("cpio: {} ends early", escaped(name))));
    }
    Ok(true)
}

/// What is needed of an entry's header.
struct Header {
    length: usize,
    /// To a multiple of this header with name, and body, are filled up.
    unit: u64,
    mode: u32,
    /// Length of the name with the NUL that ends it.
    name: u32,
    size: u64,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let header = match bytes.get(..6)? {
            b"070701" | b"070702" => {
                let field = |index: usize| bytes.get(6 + 8 * index..14 + 8 * index).and_then(|field| digits(field, 16));
                (0..13).try_for_each(|index| field(index).map(|_| ()))?;
                Self {
                    length: 110,
                    unit: 4,
                    mode: field(1)?.try_into().ok()?,
                    name: field(11)?.try_into().ok()?,
                    size: field(6)?,
                }
            }
            b"070707" => {
                let field = |range: std::ops::Range<usize>| bytes.get(range).and_then(|field| digits(field, 8));
                let (mode, name) = (field(18..24)?.try_into().ok()?, field(59..65)?.try_into().ok()?);
                Self { length: 76, unit: 1, mode, name, size: field(65..76)? }
            }
            [0xc7, 0x71, ..] => Self::binary(bytes, le16)?,
            [0x71, 0xc7, ..] => Self::binary(bytes, be16)?,
            _ => return None,
        };
        (1..=NAME).contains(&u64::from(header.name)).then_some(header)
    }

    /// Numbers of 16 bits; of a longer one the upper half comes first, in either byte order.
    fn binary(bytes: &[u8], number: fn(&[u8], usize) -> Option<u16>) -> Option<Self> {
        let (upper, lower) = (number(bytes, 22)?, number(bytes, 24)?);
        let size = u64::from(upper) << 16 | u64::from(lower);
        Some(Self { length: 26, unit: 2, mode: number(bytes, 6)?.into(), name: number(bytes, 20)?.into(), size })
    }

    fn padding(&self, length: u64) -> u64 {
        length.next_multiple_of(self.unit) - length
    }

    /// The type of the file in its mode (`S_IFMT`). `None` if it is none.
    fn kind(&self) -> Option<MemberKind> {
        match self.mode >> 12 & 0xf {
            0o10 => Some(MemberKind::File),
            0o04 => Some(MemberKind::Directory),
            0o12 => Some(MemberKind::Symlink),
            0o01 | 0o02 | 0o06 | 0o14 | 0o11 => Some(MemberKind::Special),
            _ => None,
        }
    }
}
