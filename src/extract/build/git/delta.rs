//! A delta: how a new content is put together from pieces of an old one and from bytes of its own.
//!
//! Format: <https://git-scm.com/docs/gitformat-pack#_deltified_representation>.

use super::super::super::cursor::Cursor;

/// The content that `delta` makes of `base`, if it says so rightly and has at most `most` bytes.
pub(super) fn apply(base: &[u8], delta: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut cursor = Cursor::new(delta);
    let (old, new) = (number(&mut cursor)?, number(&mut cursor)?);
    let size = usize::try_from(new).ok().filter(|size| *size <= most && old == base.len() as u64)?;
    // It grows with what is really put into it: a size may lie.
    let mut made = Vec::new();
    while cursor.left() > 0 {
        match cursor.byte()? {
            0 => return None,
            code @ 0x80.. => {
                let (from, count) = copied(code, &mut cursor)?;
                made.extend_from_slice(base.get(from..from.checked_add(count)?)?);
            }
            count => made.extend_from_slice(cursor.take(usize::from(count))?),
        }
        if made.len() > size {
            return None;
        }
    }
    (made.len() == size).then_some(made)
}

/// The bytes that a delta has of its own, a line feed between what does not stand together. Where what it changes is
/// not at hand, this is what can be seen of it.
pub(super) fn own(delta: &[u8]) -> Vec<u8> {
    let mut cursor = Cursor::new(delta);
    let mut own = Vec::new();
    let _ = (number(&mut cursor), number(&mut cursor));
    while let Some(code) = cursor.byte() {
        match code {
            0 => {}
            0x80.. => {
                let _ = copied(code, &mut cursor);
                own.push(b'\n');
            }
            count => own.extend_from_slice(cursor.take(usize::from(count).min(cursor.left())).unwrap_or_default()),
        }
    }
    own
}

/// Where a piece lies in the old content, and how long it is: bits of the code say which bytes are given.
fn copied(code: u8, cursor: &mut Cursor<'_>) -> Option<(usize, usize)> {
    let mut given = |bits: std::ops::Range<u32>| {
        let mut value = 0usize;
        for (shift, bit) in bits.enumerate() {
            if code >> bit & 1 == 1 {
                value |= usize::from(cursor.byte()?) << (8 * shift);
            }
        }
        Some(value)
    };
    let (from, count) = (given(0..4)?, given(4..7)?);
    Some((from, if count == 0 { 0x10000 } else { count }))
}

/// Seven bits a byte, the lowest first.
fn number(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let byte = cursor.byte()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_put_together() {
        let base = b"the quick brown fox";
        let check = |delta: &[u8], expected: Option<&[u8]>| assert_eq!(apply(base, delta, 64).as_deref(), expected, "{delta:?}");
        check(b"\x13\x08\x91\x04\x05\x03red", Some(b"quickred"));
        check(b"\x13\x05\x90\x03\x02xy", Some(b"thexy"));
        // Another base, another size, a piece from behind the end, a code that is reserved, a cut.
        check(b"\x12\x03\x03red", None);
        check(b"\x13\x04\x03red", None);
        check(b"\x13\x05\x91\x10\x05", None);
        check(b"\x13\x03\x00\x03red", None);
        check(b"\x13\x03\x03re", None);
        check(b"\x13\x80\x01\x03red", None);
        check(b"", None);
        assert_eq!(own(b"\x13\x08\x91\x04\x05\x03red\x90\x03\x02xy"), b"\nred\nxy");
        assert_eq!(own(b"\x13\x08\x91"), b"\n");
    }
}
