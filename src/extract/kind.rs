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
    magics: &'static [&'static [u8]],
}

/// Compressed and encrypted containers that are not opened yet.
pub static OPAQUE: &[Opaque] = &[
    Opaque { name: "age", offset: 0, magics: &[b"age-encryption.org/v1"] },
    Opaque { name: "openssl enc", offset: 0, magics: &[b"Salted__"] },
    Opaque { name: "LUKS", offset: 0, magics: &[b"LUKS\xba\xbe"] },
    // Blocks of 9 to 16 bits with a reset; all but the smallest programs write the longest.
    Opaque {
        name: "compress (.Z)",
        offset: 0,
        magics: &[b"\x1f\x9d\x90", b"\x1f\x9d\x8f", b"\x1f\x9d\x8e", b"\x1f\x9d\x8d", b"\x1f\x9d\x8c"],
    },
    Opaque { name: "lzip", offset: 0, magics: &[b"LZIP\x01"] },
    Opaque { name: "zpaq", offset: 0, magics: &[b"7kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3"] },
    Opaque { name: "LHA", offset: 2, magics: LHA },
    Opaque { name: "zoo", offset: 20, magics: &[b"\xdc\xa7\xc4\xfd"] },
    Opaque { name: "StuffIt", offset: 0, magics: &[b"StuffIt (c)", b"SIT!\0"] },
    Opaque { name: "lrzip", offset: 0, magics: &[b"LRZI\0"] },
    Opaque { name: "rzip", offset: 0, magics: &[b"RZIP\x02"] },
    Opaque {
        name: "MS-DOS compress (SZDD, KWAJ)",
        offset: 0,
        magics: &[b"SZDD\x88\xf0\x27\x33", b"KWAJ\x88\xf0\x27\xd1", b"SZ\x20\x88\xf0\x27\x33\xd1"],
    },
    Opaque { name: "zisofs", offset: 0, magics: &[b"\x37\xe4\x53\x96\xc9\xdb\xd6\x07"] },
    Opaque { name: "compiled help (CHM)", offset: 0, magics: &[b"ITSF\x03\0\0\0"] },
    Opaque { name: "ACE", offset: 7, magics: &[b"**ACE**"] },
    Opaque { name: "RAR before 1.5", offset: 0, magics: &[b"RE\x7e\x5e"] },
    Opaque { name: "WIM", offset: 0, magics: &[b"MSWIM\0\0\0"] },
    Opaque { name: "xar", offset: 0, magics: &[b"xar!\0\x1c"] },
    // Its letters are exchanged for others.
    Opaque { name: "Outlook data file (PST)", offset: 0, magics: &[b"!BDN"] },
    // Disks whose blocks stand in any order, packed or not.
    Opaque { name: "QCOW2 disk", offset: 0, magics: &[b"QFI\xfb\0\0\0"] },
    Opaque { name: "VMDK disk", offset: 0, magics: &[b"KDMV\x01\0\0\0", b"KDMV\x02\0\0\0", b"KDMV\x03\0\0\0"] },
    Opaque { name: "VHDX disk", offset: 0, magics: &[b"vhdxfile"] },
    Opaque { name: "Redis dump", offset: 0, magics: &[b"REDIS00"] },
    // What an installer of NSIS appends to its program: behind its flags a mark, then all in one compressed block.
    Opaque { name: "NSIS installer", offset: 4, magics: &[b"\xef\xbe\xad\xdeNullsoftInst"] },
];

/// Methods of LHA: stored, those of LHarc, LHA and LArc, and a directory, which comes first where there is one.
const LHA: &[&[u8]] =
    &[b"-lh0-", b"-lh1-", b"-lh2-", b"-lh3-", b"-lh4-", b"-lh5-", b"-lh6-", b"-lh7-", b"-lhd-", b"-lzs-", b"-lz4-", b"-lz5-"];

impl Opaque {
    /// The opaque format of some bytes, if it is one that is known.
    pub fn probe(head: &Head<'_>) -> Option<&'static Self> {
        OPAQUE.iter().find(|format| format.magics.iter().any(|magic| head.has(format.offset, magic)))
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
        assert_eq!(probe(b"\0\0\0\0\xef\xbe\xad\xdeNullsoftInst"), Some("NSIS installer"));
        assert_eq!(probe(b""), None);
    }
}
