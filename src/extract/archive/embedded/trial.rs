//! Whether bytes that begin like a deflated stream are one: the first of them are inflated.

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// Bytes of a zlib stream that must inflate for it to be believed, unless it ends before and its checksum holds.
const ENOUGH: usize = 512;
/// BTYPE of a block with a code of its own (RFC 1951, section 3.2.3), which anything long begins with. Bytes of fonts may
/// be blocks in the fixed code for long; blocks that are stored are read as they are anyway. Only a checksum makes a
/// stream believed that begins with one of those.
const DYNAMIC: u8 = 2;

/// An engine for trials, which is used again and again: to make one costs more than most of them.
#[derive(Default)]
pub(super) struct Trial {
    engine: Option<Box<Decompress>>,
}

/// How a trial ended.
struct Outcome {
    /// Bytes that were inflated.
    taken: usize,
    /// The checksum of what they gave, if the stream ended; what zlib has of its own was compared already.
    ended: Option<u32>,
}

impl Trial {
    /// Whether a zlib stream begins here (RFC 1950).
    pub(super) fn zlib(&mut self, start: &[u8]) -> bool {
        // An empty one says nothing.
        const EMPTY: usize = 8;
        self.inflate(start, true).is_some_and(|outcome| match outcome.ended {
            Some(_) => outcome.taken > EMPTY,
            None => outcome.taken >= ENOUGH && start.get(2).is_some_and(|first| first >> 1 & 3 == DYNAMIC),
        })
    }

    /// Whether a gzip member begins here (RFC 1952). Its header says more than two bytes do, so one that is cut is
    /// believed.
    pub(super) fn gzip(&mut self, start: &[u8]) -> bool {
        let Some(body) = gzip_body(start) else { return false };
        let Some(outcome) = self.inflate(body, false) else { return false };
        let Some(sum) = outcome.ended else { return true };
        body.get(outcome.taken..).and_then(<[u8]>::first_chunk).is_none_or(|end| u32::from_le_bytes(*end) == sum)
    }

    /// `None` if it fails.
    fn inflate(&mut self, deflated: &[u8], has_header: bool) -> Option<Outcome> {
        let engine = self.engine.get_or_insert_with(|| Box::new(Decompress::new(has_header)));
        engine.reset(has_header);
        let (mut out, mut sum) = ([0; 4096], Crc::new());
        loop {
            let (taken, given) = (engine.total_in(), engine.total_out());
            let rest = deflated.get(taken as usize..)?;
            let status = engine.decompress(rest, &mut out, FlushDecompress::None).ok()?;
            let count = (engine.total_out() - given) as usize;
            sum.update(out.get(..count)?);
            let outcome = |ended| Some(Outcome { taken: engine.total_in() as usize, ended });
            match status {
                Status::StreamEnd => return outcome(Some(sum.sum())),
                Status::Ok if taken < ENOUGH as u64 && (engine.total_in() > taken || count > 0) => {}
                _ => return outcome(None),
            }
        }
    }
}

/// What follows the header of a gzip member, sections 2.3 and 2.3.1.
fn gzip_body(start: &[u8]) -> Option<&[u8]> {
    let (head, mut rest) = start.split_first_chunk::<10>()?;
    let (flags, system) = (head[3], head[9]);
    // Flags that are reserved, and systems that have no number.
    if flags & 0xe0 != 0 || !matches!(system, 0..=13 | 255) {
        return None;
    }
    if flags & 4 != 0 {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [8, 16] {
        if flags & text != 0 {
            rest = rest.get(memchr::memchr(0, rest)? + 1..)?;
        }
    }
    if flags & 2 != 0 { rest.get(2..) } else { Some(rest) }
}
