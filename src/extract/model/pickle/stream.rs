//! The bytes of a pickle as they come, with their offset: small reads, lines, and stretches that are
//! copied no further than a limit.

use super::super::super::{Halt, Input};
use std::io::{self, BufRead};

/// Why a read gave nothing.
#[derive(Debug)]
pub(super) enum End {
    /// The bytes end here.
    Cut,
    /// No pickle has this here.
    Bad(&'static str),
    /// The sink wants no more, or reading failed.
    Halt(Halt),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Halt(Halt::Read(error))
    }
}

impl From<super::super::super::Stop> for End {
    fn from(stop: super::super::super::Stop) -> Self {
        Self::Halt(stop.into())
    }
}

/// The next byte.
pub(super) fn byte(input: &mut Input<'_>) -> Result<u8, End> {
    let byte = *input.fill_buf()?.first().ok_or(End::Cut)?;
    input.consume(1);
    Ok(byte)
}

/// The next `N` bytes.
pub(super) fn array<const N: usize>(input: &mut Input<'_>) -> Result<[u8; N], End> {
    let mut bytes = [0; N];
    for slot in &mut bytes {
        *slot = byte(input)?;
    }
    Ok(bytes)
}

/// Copies the next `length` bytes into `out`. Cut, it copies what there is.
pub(super) fn copy(input: &mut Input<'_>, length: u64, out: &mut Vec<u8>) -> Result<(), End> {
    let mut left = length;
    while left > 0 {
        let ready = input.fill_buf()?;
        let count = ready.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if count == 0 {
            return Err(End::Cut);
        }
        out.extend_from_slice(ready.get(..count).unwrap_or_default());
        input.consume(count);
        left -= count as u64;
    }
    Ok(())
}

/// Copies up to the next newline, which is taken and not copied, but at most `limit` bytes: a longer line
/// goes on where it was left. Says whether the newline was met.
pub(super) fn line(input: &mut Input<'_>, limit: usize, out: &mut Vec<u8>) -> Result<bool, End> {
    let mut left = limit;
    while left > 0 {
        let ready = input.fill_buf()?;
        if ready.is_empty() {
            return Err(End::Cut);
        }
        let window = ready.get(..left.min(ready.len())).unwrap_or(ready);
        let (count, met) = memchr::memchr(b'\n', window).map_or((window.len(), false), |at| (at, true));
        out.extend_from_slice(window.get(..count).unwrap_or_default());
        input.consume(count + usize::from(met));
        if met {
            return Ok(true);
        }
        left -= count;
    }
    Ok(false)
}
