//! What headers of archives have besides binary numbers (those are [`super::super::cursor`]'s): numbers in digits, and
//! stretches whose length may be a lie.

use super::super::{Member, MemberKind, Sink, Stop};
use std::io::{self, Read};

/// A number in ASCII digits, with spaces and NULs around it. An empty field is 0.
pub(super) fn digits(field: &[u8], radix: u32) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    if text.is_empty() {
        return Some(0);
    }
    // A sign would be taken for a part of the number.
    text.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| u64::from_str_radix(text, radix).ok())?
}

/// So many bytes, or as many as there are: memory grows with what is really there.
pub(super) fn up_to(reader: &mut dyn Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Passes over so many bytes. Says whether they were all there.
pub(super) fn skip(reader: &mut dyn Read, length: u64) -> io::Result<bool> {
    Ok(io::copy(&mut reader.take(length), &mut io::sink())? == length)
}

/// Has what a stream holds besides the files in it scanned as a member by itself, if there is any. Why the stream fails
/// is its owner's to tell.
pub(super) fn unclaimed(stream: &mut dyn Read, sink: &mut dyn Sink) -> Result<(), Stop> {
    let mut first = Vec::new();
    if (&mut *stream).take(1).read_to_end(&mut first).is_err() || first.is_empty() {
        return Ok(());
    }
    let mut body = first.as_slice().chain(&mut *stream);
    sink.member(&Member { name: b"of no file", kind: MemberKind::File, size: None }, &mut body)?;
    // A sink may leave off early.
    let _ = io::copy(stream, &mut io::sink());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_have_no_sign() {
        for (field, radix, expected) in [
            (&b"10  "[..], 10, Some(10)),
            (b"  17\0", 8, Some(15)),
            (b"0000001F", 16, Some(31)),
            (b"    ", 10, Some(0)),
            (b"+1", 10, None),
            (b"-1", 10, None),
            (b"1 2", 10, None),
            (b"\xff", 10, None),
        ] {
            assert_eq!(digits(field, radix), expected, "{field:?}");
        }
    }
}
