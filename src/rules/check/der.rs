//! DER (ITU-T X.690), as much of it as keys, certificates and key stores need: elements with a definite length.
//!
//! Nothing is believed: an element that reaches beyond its bytes is none.

/// An element: its tag, what is in it, and what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// The first byte: class, whether it holds elements, number.
    pub(crate) tag: u8,
    /// What is in it.
    pub(crate) content: &'a [u8],
    /// What follows it.
    pub(crate) rest: &'a [u8],
}

/// A list of elements.
pub(crate) const SEQUENCE: u8 = 0x30;
/// A set of elements.
pub(crate) const SET: u8 = 0x31;
/// A number.
pub(crate) const INTEGER: u8 = 0x02;
/// Bits, after a byte that says how many of the last do not count.
pub(crate) const BITS: u8 = 0x03;
/// Bytes.
pub(crate) const OCTETS: u8 = 0x04;
/// An object identifier.
pub(crate) const OID: u8 = 0x06;
/// The first tag that a structure makes its own.
pub(crate) const CONTEXT: u8 = 0xa0;

/// The element that `bytes` begin with.
pub(crate) fn element(bytes: &[u8]) -> Option<Element<'_>> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some(Element { tag: *tag, content, rest })
}

/// The element that `bytes` begin with, if it has this tag.
pub(crate) fn tagged(bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    element(bytes).filter(|element| element.tag == tag)
}

/// The elements that `bytes` are made of, up to the first that is none.
pub(crate) fn elements(bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let next = element(rest)?;
        rest = next.rest;
        Some(next)
    })
}

/// A number that fits 32 bits and is not negative.
pub(crate) fn number(content: &[u8]) -> Option<u32> {
    let zeros = content.iter().take_while(|byte| **byte == 0).count();
    let digits = content.get(zeros..).filter(|digits| digits.len() <= 4)?;
    let is_negative = content.first()? & 0x80 != 0;
    (!is_negative).then(|| digits.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Option<(u8, usize, usize)>) {
        let found = element(bytes).map(|element| (element.tag, element.content.len(), element.rest.len()));
        assert_eq!(found, expected, "{bytes:?}");
    }

    #[test]
    fn lengths() {
        check(&[0x30, 0], Some((0x30, 0, 0)));
        check(&[0x30, 2, 1, 2, 3], Some((0x30, 2, 1)));
        check(&[0x30, 0x81, 2, 1, 2, 3], Some((0x30, 2, 1)));
        check(&[0x30, 0x84, 0, 0, 0, 1, 2], Some((0x30, 1, 0)));
        check(&[0x30, 3, 1, 2], None);
        check(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2], None);
        check(&[0x30, 0x80, 0, 0], None);
        check(&[0x30], None);
        check(&[], None);
    }

    #[test]
    fn numbers() {
        assert_eq!(number(&[8, 0]), Some(2048));
        assert_eq!(number(&[0, 0xff, 0, 0, 0]), Some(0xff00_0000));
        assert_eq!(number(&[1, 0, 0, 0, 0]), None);
        assert_eq!(number(&[0xff]), None);
        assert_eq!(number(&[]), None);
    }
}
