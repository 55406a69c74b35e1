//! Object headers: the messages that say what a group or a dataset is (section IV.A).
//!
//! Version 1 has them one after another, version 2 between a signature and a checksum; either goes on in other blocks.

use super::super::super::Halt;
use super::super::super::cursor::Cursor;
use super::damaged;
use super::file::File;

/// Blocks of one header.
const BLOCKS: usize = 1_000;
/// The longest block that is read.
const BLOCK: u64 = 16 << 20;
/// Messages of one header.
const MESSAGES: usize = 100_000;

pub(super) const DATASPACE: u16 = 0x01;
pub(super) const LINK_INFO: u16 = 0x02;
pub(super) const DATATYPE: u16 = 0x03;
pub(super) const LINK: u16 = 0x06;
pub(super) const LAYOUT: u16 = 0x08;
pub(super) const FILTERS: u16 = 0x0b;
pub(super) const ATTRIBUTE: u16 = 0x0c;
const CONTINUATION: u16 = 0x10;
pub(super) const SYMBOL_TABLE: u16 = 0x11;
pub(super) const ATTRIBUTE_INFO: u16 = 0x15;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: u16,
    /// Whether it stands elsewhere, and this says where.
    pub(super) is_shared: bool,
    /// Where its bytes are in the file.
    pub(super) place: u64,
    pub(super) bytes: Vec<u8>,
}

/// All messages of the header at `address`.
pub(super) fn messages(file: &mut File<'_>, address: u64) -> Result<Vec<Message>, Halt> {
    let start = file.at(address, 64)?;
    let (first, form) = match start.as_slice() {
        [b'O', b'H', b'D', b'R', 2, flags, ..] => second(file, address, &start, *flags).ok_or_else(|| damaged("a header"))?,
        [1, _, _, _, _, _, _, _, length @ ..] => {
            let length = Cursor::new(length).u32_le().ok_or_else(|| damaged("a header"))?;
            ((file.place(address).saturating_add(16), u64::from(length)), Form::First)
        }
        _ => return Err(damaged("no header where an object should be")),
    };
    let (mut blocks, mut next) = (vec![first], 0);
    let mut all = Vec::new();
    while let Some((place, length)) = blocks.get(next).copied() {
        next += 1;
        let bytes = file.bytes(place, length.min(BLOCK))?;
        let from = all.len();
        form.read(&bytes, place, &mut all);
        for message in all.iter().skip(from).filter(|message| message.kind == CONTINUATION) {
            let mut cursor = Cursor::new(&message.bytes);
            let (Some(address), Some(length)) = (file.address(&mut cursor), file.size(&mut cursor)) else { continue };
            // The signature before and the checksum behind are no messages.
            let frame = if form == Form::First { 0 } else { 4 };
            let block = (file.place(address).saturating_add(frame), length.saturating_sub(2 * frame));
            if blocks.len() < BLOCKS && !blocks.contains(&block) {
                blocks.push(block);
            }
        }
        if all.len() > MESSAGES {
            return Err(damaged("a header with more messages than any"));
        }
    }
    Ok(all)
}

/// How messages are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    First,
    Second { has_order: bool },
}

/// The first block of a header of version 2.
fn second(file: &File<'_>, address: u64, start: &[u8], flags: u8) -> Option<((u64, u64), Form)> {
    let times = if flags & 0x20 != 0 { 16 } else { 0 };
    let phases = if flags & 0x10 != 0 { 4 } else { 0 };
    let mut cursor = Cursor::at(start, 6 + times + phases);
    let length = cursor.uint_le(1 << (flags & 3))?;
    let place = file.place(address).saturating_add(cursor.position() as u64);
    Some(((place, length), Form::Second { has_order: flags & 0x04 != 0 }))
}

impl Form {
    fn read(self, bytes: &[u8], place: u64, out: &mut Vec<Message>) {
        let mut cursor = Cursor::new(bytes);
        while let Some(message) = self.message(&mut cursor, place).filter(|_| out.len() <= MESSAGES) {
            out.push(message);
        }
    }

    fn message(self, cursor: &mut Cursor<'_>, block: u64) -> Option<Message> {
        let (kind, length, flags) = match self {
            Self::First => {
                let (kind, length, flags) = (cursor.u16_le()?, cursor.u16_le()?, cursor.byte()?);
                cursor.take(3)?;
                (kind, length, flags)
            }
            Self::Second { has_order } => {
                let (kind, length, flags) = (u16::from(cursor.byte()?), cursor.u16_le()?, cursor.byte()?);
                cursor.take(if has_order { 2 } else { 0 })?;
                (kind, length, flags)
            }
        };
        let place = block.saturating_add(cursor.position() as u64);
        let bytes = cursor.take(usize::from(length))?.to_vec();
        Some(Message { kind, is_shared: flags & 2 != 0, place, bytes })
    }
}

/// The message of a kind, from where it really stands.
pub(super) fn find(file: &mut File<'_>, messages: &[Message], kind: u16) -> Result<Option<Message>, Halt> {
    match messages.iter().find(|message| message.kind == kind) {
        Some(message) if message.is_shared => committed(file, &message.bytes, kind),
        found => Ok(found.cloned()),
    }
}

/// What a shared message leads to (section IV.A.2.x): the header of another object that has it.
pub(super) fn committed(file: &mut File<'_>, bytes: &[u8], kind: u16) -> Result<Option<Message>, Halt> {
    let mut cursor = Cursor::new(bytes);
    let (version, place) = (cursor.byte(), cursor.byte());
    if version == Some(1) {
        cursor.take(6);
    }
    // In a heap for messages of all objects: version 3, kind 1.
    let address = file.address(&mut cursor).filter(|_| !(version == Some(3) && place == Some(1)));
    let Some(address) = address else { return Ok(None) };
    Ok(messages(file, address)?.into_iter().find(|message| message.kind == kind && !message.is_shared))
}
