//! An entry of a zip among other bytes, read by its own header (APPNOTE.TXT 4.3.7).
//!
//! The directory of such a zip may be far off, cut away, or for other places than these. What it would say more of the
//! entry is little, and it is scanned as it is.

use super::super::super::cursor::{le16, le32};
use super::super::super::{Halt, Input, Member, MemberKind, Sink, reason_of};
use super::super::fields::up_to;
use super::super::zip::{LOCAL_LEN, Watched};
use crate::finding::GapReason;
use crate::place::escaped;
use flate2::bufread::DeflateDecoder;
use std::io::{self, Read};

/// Reads the entry that the input is at, under `place` and its own name. What does not say where it ends is left.
pub(super) fn read(place: &[u8], input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
    let start = input.position();
    let mut header = up_to(input, LOCAL_LEN as u64)?;
    let field = |at: usize| le16(&header, at).unwrap_or(0);
    let (flags, method, stored) = (field(6), field(8), le32(&header, 18).unwrap_or(0));
    let (name_length, extra_length) = (field(26), field(28));
    let name = up_to(input, name_length.into())?;
    header.extend_from_slice(&name);
    header.extend(up_to(input, extra_length.into())?);
    sink.raw_at(start, &mut header.as_slice())?;
    let full = [place, b"/", &name].concat();
    let member = Member { name: &full, kind: MemberKind::File, size: None };
    let label = escaped(&name);
    match method {
        _ if flags & 1 != 0 => sink.gap(GapReason::Encrypted, format!("zip: {label} is encrypted"), Some(stored.into())),
        // The highest number says that the length is elsewhere.
        0 if (1..u32::MAX).contains(&stored) => {
            let mut body = (&mut *input).take(stored.into());
            sink.member(&member, &mut body)?;
            io::copy(&mut body, &mut io::sink())?;
            let missing = body.limit();
            if missing > 0 {
                sink.gap(GapReason::Truncated, format!("zip: {label} ends {missing} bytes early"), Some(missing));
            }
        }
        8 => {
            let mut body = Watched { inner: DeflateDecoder::new(&mut *input), failure: None };
            sink.member(&member, &mut body)?;
            let drained = io::copy(&mut body, &mut io::sink());
            if let Some(error) = body.failure.or(drained.err()) {
                return Err(Halt::Broken(reason_of(&error), format!("{label}: {error}")));
            }
        }
        // Nothing, or so many bytes as only the directory says; and streams that begin with a magic of their own.
        0 | 12 | 93 | 95 => {}
        method => sink.gap(GapReason::Unsupported, format!("zip: {label}: compression method {method}"), Some(stored.into())),
    }
    Ok(())
}
