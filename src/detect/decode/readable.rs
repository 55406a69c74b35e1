//! Whether decoded bytes read like something: the cheap question that is asked before all else.

/// Whether the bytes are plain text, or text in UTF-16 or UTF-32, all of them.
pub(super) fn reads(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| is_plain(*byte)) || is_wide(bytes)
}

/// Whether a byte belongs to text in ASCII.
#[inline]
pub(super) fn is_plain(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) || matches!(byte, b'\t' | b'\n' | b'\r')
}

/// Whether every second byte is zero, or three of four, and the others are text.
fn is_wide(bytes: &[u8]) -> bool {
    let fits = |width: usize, place: usize| {
        bytes.iter().enumerate().all(|(at, byte)| if at % width == place { is_plain(*byte) } else { *byte == 0 })
    };
    bytes.len() >= 8 && [(2, 0), (2, 1), (4, 0), (4, 1), (4, 2), (4, 3)].into_iter().any(|(width, place)| fits(width, place))
}

/// What compressed data starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Magic {
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Zlib,
}

/// The compression that the head of `bytes` announces.
pub(super) fn magic(bytes: &[u8]) -> Option<Magic> {
    match *bytes {
        [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => Some(Magic::Gzip),
        [method, flags, ..] if method == 0x78 && (u16::from(method) << 8 | u16::from(flags)) % 31 == 0 && flags & 0x20 == 0 => {
            Some(Magic::Zlib)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: (bool, Option<Magic>)) {
        assert_eq!((reads(bytes), magic(bytes)), expected, "{bytes:?}");
    }

    #[test]
    fn heads() {
        check(b"some text\n", (true, None));
        check(b"s\0o\0m\0e\0 \0", (true, None));
        check(b"\0s\0o\0m\0e", (true, None));
        check(b"s\0\0\0o\0\0\0", (true, None));
        check(b"s\0\0o\0\0m\0\0", (false, None));
        check(b"\x1f\x8b\x08\0\0", (false, Some(Magic::Gzip)));
        check(b"\x78\x9c\x4b", (false, Some(Magic::Zlib)));
        check(b"xe", (true, None));
        check(b"\xff\xd8", (false, None));
    }
}
