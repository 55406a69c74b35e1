//! What a block holds: keys with values, of which a key leaves out what it shares with the one before.

use super::super::super::cursor::{Cursor, le32};
use super::super::super::{Halt, Sink, Stop};
use super::super::keyed::{self, Called};
use super::{Place, damaged};
use std::ops::Range;

/// Bytes of a key that are kept, and what stands behind the user's own: its number and kind.
const KEY: usize = 256;
const NUMBER: usize = 8;

/// Takes a place.
pub(super) fn place(cursor: &mut Cursor<'_>) -> Option<Place> {
    Some((cursor.varint()?, cursor.varint()?))
}

/// What stands behind a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A value of so many bytes.
    Long,
    /// A place.
    Place,
}

/// Calls `found` with each key of a block and its value. Whether the block is one to its end.
pub(super) fn entries(block: &[u8], form: Form, mut found: impl FnMut(&[u8], &[u8]) -> Result<(), Stop>) -> Result<bool, Stop> {
    let Some(end) = body(block) else { return Ok(false) };
    let bytes = block.get(..end).unwrap_or_default();
    let (mut cursor, mut key) = (Cursor::new(bytes), Vec::new());
    while cursor.left() > 0 {
        let Some(value) = entry(&mut cursor, form, &mut key) else { return Ok(false) };
        found(&key, bytes.get(value).unwrap_or_default())?;
    }
    Ok(true)
}

/// Where the entries of a block end: behind them stand places among them to begin at, and how many.
fn body(block: &[u8]) -> Option<usize> {
    // The highest bit says in RocksDB that a table of hashes is there as well.
    let count = le32(block, block.len().checked_sub(4)?)?;
    let restarts = usize::try_from(count & 0x7fff_ffff).ok()?.checked_mul(4)?;
    (count >> 31 == 0).then(|| (block.len() - 4).checked_sub(restarts)).flatten()
}

/// Takes an entry: its key, or the head of a long one, goes into `key`. Returns where its value stands.
fn entry(cursor: &mut Cursor<'_>, form: Form, key: &mut Vec<u8>) -> Option<Range<usize>> {
    let shared = usize::try_from(cursor.varint()?).ok()?;
    let fresh = cursor.varint()?;
    let length = if form == Form::Long { cursor.varint()? } else { 0 };
    let own = cursor.take_long(fresh)?;
    if shared > key.len() && key.len() < KEY + NUMBER {
        return None;
    }
    key.truncate(shared);
    key.extend_from_slice(own);
    key.truncate(KEY + NUMBER);
    let start = cursor.position();
    match form {
        Form::Long => drop(cursor.take_long(length)?),
        Form::Place => drop(place(cursor)?),
    }
    Some(start..cursor.position())
}

/// Tells the values of a block by their keys, and what is left of it as it is, its keys whole.
pub(super) fn tell(block: &[u8], at: u64, sink: &mut dyn Sink) -> Result<(), Halt> {
    let (mut rest, mut blank) = (Vec::new(), 0);
    let is_read = entries(block, Form::Long, |key, value| {
        let key = key.get(..key.len().saturating_sub(NUMBER)).unwrap_or_default();
        rest.extend_from_slice(key);
        rest.push(b'\n');
        if keyed::tell(Called::by(key), value, at, false, sink)? {
            blank += value.len() as u64;
        } else {
            rest.extend_from_slice(value);
            rest.push(b'\n');
        }
        Ok(())
    })?;
    sink.raw(&mut rest.as_slice())?;
    sink.told_before(blank);
    if is_read { Ok(()) } else { Err(damaged("a block that cannot be read to its end")) }
}
