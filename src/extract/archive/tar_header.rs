//! A tar header block: whether it is one, and its fields.
//!
//! The layout comes from the `tar` crate. Reading numbers and the checksum is ours, because both
//! must accept what GNU tar and Python's tarfile accept: spaces and NULs around octal digits,
//! base-256 numbers, checksums summed over signed bytes.

use tar::Header;

/// Bytes of a block: a header, or padding granularity of a body.
pub(super) const BLOCK: usize = 512;

/// Where the checksum stands (POSIX.1-1988, as in all later forms).
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// Whether a block is a header: its checksum holds, summed over unsigned or (by old programs) signed bytes.
pub(crate) fn is_header(block: &[u8]) -> bool {
    let Some(stored) = block.get(CHECKSUM).and_then(number) else { return false };
    if block.len() != BLOCK {
        return false;
    }
    let (mut unsigned, mut signed) = (0u64, 0i64);
    for (at, byte) in block.iter().enumerate() {
        let byte = if CHECKSUM.contains(&at) { b' ' } else { *byte };
        unsigned += u64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    unsigned == stored || i64::try_from(stored).is_ok_and(|stored| signed == stored)
}

/// A numeric field: octal digits within spaces and NULs, or base-256 (GNU) when the top bit is set.
/// An empty field is 0. `None` if it is neither, negative, or larger than 63 bits.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // 0xff starts a negative number.
        let start = if *first == 0xff { return None } else { u64::from(first & 0x7f) };
        return rest.iter().try_fold(start, |sum, byte| (sum >> 55 == 0).then_some(sum << 8 | u64::from(*byte)));
    }
    let is_blank = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !is_blank(byte)).unwrap_or(field.len());
    let digits = field.get(start..)?;
    let end = digits.iter().position(is_blank).unwrap_or(digits.len());
    digits.get(..end)?.iter().try_fold(0u64, |sum, byte| {
        let digit = matches!(byte, b'0'..=b'7').then(|| u64::from(byte - b'0'))?;
        (sum >> 60 == 0).then_some(sum << 3 | digit)
    })
}

/// The size field of a header.
pub(super) fn size(header: &Header) -> Option<u64> {
    number(&header.as_old().size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_other_programs_read_them() {
        let check = |field: &[u8], expected| assert_eq!(number(field), expected, "{field:?}");
        check(b"00000000017\0", Some(15));
        check(b"        17 \0", Some(15));
        check(b"\0\0\0\0\0\0\0\0\0\0\0\0", Some(0));
        check(b"777777777777", Some(0o777_777_777_777));
        check(b"\x80\0\0\0\0\0\0\0\0\0\x01\0", Some(256));
        check(b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", Some(i64::MAX as u64));
        check(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None);
        check(b"\xc0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None);
        check(b"12x4567\0", None);
        check(b"", None);
    }

    #[test]
    fn zeros_and_text_are_no_header() {
        assert!(!is_header(&[0; BLOCK]));
        assert!(!is_header(&[b'a'; BLOCK]));
        let mut header = Header::new_ustar();
        header.set_cksum();
        assert!(is_header(header.as_bytes()));
    }
}
