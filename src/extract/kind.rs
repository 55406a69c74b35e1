//! Formats that are known and not opened: what the scan says instead of keeping silent.
//!
//! Such bytes hide what they hold from a scan of the raw bytes, so each is a gap. A format that gets
//! an extractor leaves this table.

use super::Head;

/// A format that is recognised so that a gap can name it.
#[derive(Debug)]
pub struct Opaque {
    /// As people call it.
    pub name: &'static str,
    offset: usize,
    magic: &'static [u8],
}

/// Compressed and encrypted containers that are not opened yet.
pub static OPAQUE: &[Opaque] = &[Opaque { name: "age", offset: 0, magic: b"age-encryption.org/v1" }];

impl Opaque {
    /// The opaque format of some bytes, if it is one that is known.
    pub fn probe(head: &Head<'_>) -> Option<&'static Self> {
        OPAQUE.iter().find(|format| head.has(format.offset, format.magic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_its_magic() {
        let probe = |start: &[u8]| Opaque::probe(&Head { start, tail: &[] }).map(|format| format.name);
        assert_eq!(probe(b"age-encryption.org/v2"), None);
        assert_eq!(probe(b"age-encryption.org/v1\n"), Some("age"));
        assert_eq!(probe(b""), None);
    }
}
