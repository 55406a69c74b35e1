//! BER (ITU-T X.690) made DER, as far as key stores need: NSS and Bouncy Castle write lengths that an end marker gives,
//! and bytes in pieces.

use super::der;

/// Elements in elements that are followed.
const DEPTH: u32 = 24;
/// Bytes in pieces: the tag of octets with the bit of what holds elements.
const PIECES: u8 = der::OCTETS | HOLDS;
/// An element that holds elements.
const HOLDS: u8 = 0x20;
/// The length that says: up to the end marker.
const OPEN: u8 = 0x80;

/// The element that `bytes` begin with, every length in it written as DER does, bytes in one piece. What stands in
/// bytes is left as it is. `None` if it is cut or too deep.
pub(crate) fn normal(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    element(bytes, DEPTH, &mut out)?;
    Some(out)
}

/// Writes the element that `bytes` begin with, and gives what follows it.
fn element<'a>(bytes: &'a [u8], depth: u32, out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&[tag, length], rest) = bytes.split_first_chunk::<2>()?;
    let mut content = Vec::new();
    let rest = if length == OPEN {
        up_to_the_end(rest, tag, depth.checked_sub(1)?, &mut content)?
    } else {
        let whole = der::element(bytes)?;
        if tag & HOLDS == 0 {
            content.extend_from_slice(whole.content);
        } else {
            let mut inner = whole.content;
            while !inner.is_empty() {
                inner = part(inner, tag, depth.checked_sub(1)?, &mut content)?;
            }
        }
        whole.rest
    };
    out.push(if tag == PIECES { der::OCTETS } else { tag });
    write_length(content.len(), out)?;
    out.extend(content);
    Some(rest)
}

/// Writes elements up to the end marker, and gives what follows that.
fn up_to_the_end<'a>(bytes: &'a [u8], tag: u8, depth: u32, out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut rest = bytes;
    loop {
        if let Some(behind) = rest.strip_prefix(&[0, 0]) {
            return Some(behind);
        }
        rest = part(rest, tag, depth, out)?;
    }
}

/// Writes an element that stands in one of this tag: a piece of bytes without its head.
fn part<'a>(bytes: &'a [u8], tag: u8, depth: u32, out: &mut Vec<u8>) -> Option<&'a [u8]> {
    if tag != PIECES {
        return element(bytes, depth, out);
    }
    let mut piece = Vec::new();
    let rest = element(bytes, depth, &mut piece)?;
    out.extend_from_slice(der::tagged(&piece, der::OCTETS)?.content);
    Some(rest)
}

fn write_length(length: usize, out: &mut Vec<u8>) -> Option<()> {
    let bytes = u32::try_from(length).ok()?.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    match length {
        0..=0x7f => out.push(bytes[3]),
        _ => {
            out.push(0x80 | (4 - zeros) as u8);
            out.extend_from_slice(&bytes[zeros..]);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Option<&[u8]>) {
        assert_eq!(normal(bytes).as_deref(), expected, "{bytes:02x?}");
    }

    #[test]
    fn lengths_and_pieces() {
        check(&[0x30, 3, 2, 1, 5, 9], Some(&[0x30, 3, 2, 1, 5]));
        check(&[0x30, 0x80, 2, 1, 5, 0, 0, 9], Some(&[0x30, 3, 2, 1, 5]));
        check(&[0x30, 0x80, 0x30, 0x80, 0, 0, 0, 0], Some(&[0x30, 2, 0x30, 0]));
        check(&[0x24, 0x80, 4, 1, 7, 4, 2, 8, 9, 0, 0], Some(&[4, 3, 7, 8, 9]));
        check(&[0x24, 6, 0x24, 4, 4, 0, 4, 0], Some(&[4, 0]));
        check(&[0x30, 0x81, 2, 5, 0], Some(&[0x30, 2, 5, 0]));
        let long = [&[4, 0x82, 1, 0][..], &[6; 256]].concat();
        check(&long, Some(&long));
    }

    #[test]
    fn what_is_cut_or_no_end_is_none() {
        check(&[], None);
        check(&[0x30], None);
        check(&[0x30, 0x80, 2, 1, 5, 0], None);
        check(&[0x30, 3, 2, 5, 5], None);
        check(&[0x24, 0x80, 2, 1, 5, 0, 0], None);
        check(&[0x30, 0x80].repeat(4096), None);
    }
}
