//! Behind damage in a pack: where the next object begins.
//!
//! Nothing marks it, but it is hard to mistake: a zlib stream that is right to its checksum, and before it a header that
//! says how long it is.

use super::blocks::Blocks;
use super::table::{header, inflated, is_stream};
use std::io;

/// The longest header: a size, and an id of 32 bytes.
const HEADER: u64 = 42;

/// The first object at `from` or behind it.
pub(super) fn next(blocks: &mut Blocks<'_>, from: u64, work: &mut u64) -> io::Result<Option<u64>> {
    let mut at = from;
    while *work > 0 {
        let bytes = blocks.at(at)?;
        let Some(found) = memchr::memchr(0x78, bytes) else {
            if bytes.is_empty() {
                return Ok(None);
            }
            at += bytes.len() as u64;
            continue;
        };
        let stream = at + found as u64;
        at = stream + 1;
        if !is_stream(&blocks.some(stream, 2)?) {
            continue;
        }
        let Some((size, _)) = inflated(blocks, stream, u64::MAX, work)? else { continue };
        for length in 1..=HEADER.min(stream.saturating_sub(from)) {
            let start = stream - length;
            if header(blocks, start)?.is_some_and(|header| header.stream == stream && header.size == size) {
                return Ok(Some(start));
            }
        }
    }
    Ok(None)
}
