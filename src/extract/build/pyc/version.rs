//! Which CPython wrote a file, and what that means for its layout.
//!
//! Magic numbers: `Lib/importlib/_bootstrap_external.py` up to 3.13, `Include/internal/pycore_magic_number.h`
//! since, which says that 3.n begins at 2900 + 50 n.

/// A minor version of Python 3; 2.7 comes before all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u8);

/// Python 2.7.
pub(super) const TWO: Version = Version(0);
/// One whose instructions are not known: they get other numbers with every version.
pub(super) const NEWER: Version = Version(16);

/// The magic numbers that betas and releases of each version have had.
const MAGICS: [(std::ops::RangeInclusive<u16>, Version); 12] = [
    (62_171..=62_211, TWO),
    (3_360..=3_379, Version(6)),
    (3_390..=3_399, Version(7)),
    (3_400..=3_419, Version(8)),
    (3_420..=3_429, Version(9)),
    (3_430..=3_449, Version(10)),
    (3_450..=3_499, Version(11)),
    (3_500..=3_549, Version(12)),
    (3_550..=3_599, Version(13)),
    (3_600..=3_649, Version(14)),
    (3_650..=3_699, Version(15)),
    (3_700..=3_999, NEWER),
];

impl Version {
    /// The version that wrote a file.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        let [low, high, b'\r', b'\n', ..] = start else { return None };
        let magic = u16::from_le_bytes([*low, *high]);
        MAGICS.iter().find(|(magics, _)| magics.contains(&magic)).map(|(_, version)| *version)
    }

    /// Bytes before the code: the magic, then flags (PEP 552), a time and a size.
    pub(super) fn header(self) -> usize {
        match self.0 {
            0 => 8,
            1..7 => 12,
            _ => 16,
        }
    }

    /// Whether an attribute's argument has a flag in its lowest bit: since 3.12.
    pub(super) fn flags_attributes(self) -> bool {
        self.0 >= 12
    }

    /// Whether a global's argument has one: since 3.11. Names of modules and classes are fetched by an instruction
    /// that has none.
    pub(super) fn flags_globals(self) -> bool {
        self.0 >= 11
    }

    /// Whether all local variables are in one table: since 3.11.
    pub(super) fn joins_locals(self) -> bool {
        self.0 >= 11
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magics_and_headers() {
        let check = |magic: u16, expected: Option<Version>| {
            assert_eq!(Version::of(&[&magic.to_le_bytes()[..], b"\r\n"].concat()), expected, "{magic}");
        };
        check(62_211, Some(TWO));
        check(3_379, Some(Version(6)));
        check(3_394, Some(Version(7)));
        check(3_413, Some(Version(8)));
        check(3_425, Some(Version(9)));
        check(3_439, Some(Version(10)));
        check(3_495, Some(Version(11)));
        check(3_531, Some(Version(12)));
        check(3_571, Some(Version(13)));
        check(3_627, Some(Version(14)));
        check(3_666, Some(Version(15)));
        check(3_701, Some(NEWER));
        check(3_000, None);
        assert_eq!(Version::of(b"\x33\x0d\n\n"), None);
    }
}
