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
pub static OPAQUE: &[Opaque] = &[
    Opaque { name: "xz", offset: 0, magic: b"\xfd7zXZ\0" },
    Opaque { name: "bzip2", offset: 0, magic: b"BZh" },
    Opaque { name: "lz4", offset: 0, magic: b"\x04\x22\x4d\x18" },
    Opaque { name: "7z", offset: 0, magic: b"7z\xbc\xaf\x27\x1c" },
    Opaque { name: "rar", offset: 0, magic: b"Rar!\x1a\x07" },
    Opaque { name: "squashfs", offset: 0, magic: b"hsqs" },
    Opaque { name: "rpm", offset: 0, magic: b"\xed\xab\xee\xdb" },
    Opaque { name: "cabinet", offset: 0, magic: b"MSCF\0\0\0\0" },
    Opaque { name: "snappy", offset: 0, magic: b"\xff\x06\0\0sNaPpY" },
    Opaque { name: "parquet", offset: 0, magic: b"PAR1" },
    Opaque { name: "HDF5", offset: 0, magic: b"\x89HDF\r\n\x1a\n" },
    Opaque { name: "age", offset: 0, magic: b"age-encryption.org/v1" },
];

impl Opaque {
    /// The opaque format of some bytes, if it is one that is known.
    pub fn probe(head: &Head<'_>) -> Option<&'static Self> {
        // "BZh" alone also starts ordinary words; the block size and the block magic settle it.
        let settled =
            |format: &Self| format.name != "bzip2" || head.has(4, b"1AY&SY") || head.has(4, b"\x17\x72\x45\x38\x50\x90");
        OPAQUE.iter().find(|format| head.has(format.offset, format.magic) && settled(format))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_no_bzip2() {
        let probe = |start: &[u8]| Opaque::probe(&Head { start, tail: &[] }).map(|format| format.name);
        assert_eq!(probe(b"BZhang et al."), None);
        assert_eq!(probe(b"BZh91AY&SY...."), Some("bzip2"));
        assert_eq!(probe(b"\xfd7zXZ\0\0\x04"), Some("xz"));
        assert_eq!(probe(b""), None);
    }
}
