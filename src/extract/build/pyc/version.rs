//! Which CPython wrote a file, and what that means for its layout and its instructions.
//!
//! Magic numbers: `Lib/importlib/_bootstrap_external.py` up to 3.13, `Include/internal/pycore_magic_number.h`
//! since. Instructions: `Lib/opcode.py`, `Lib/_opcode_metadata.py`.

use std::sync::OnceLock;

/// A minor version of Python 3; 2.7 comes before all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u8);

/// Python 2.7.
pub(super) const TWO: Version = Version(0);

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
    // Not released: read as the last that was.
    (3_650..=3_699, Version(14)),
    (3_700..=3_749, Version(14)),
];

/// What an instruction does, as far as it brings a name to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// Nothing, and nothing is in its way.
    Nothing,
    /// Higher bits of the next one's argument.
    Extended,
    /// Pushes a constant.
    Constant,
    /// Pushes something else, by one instruction.
    Push,
    /// Pushes what a name of the table stands for.
    PushName,
    /// Pushes a local variable.
    PushLocal,
    /// Pushes the attribute whose name is in the table, of what is on top.
    Attribute,
    /// Takes the top into a name of the table.
    Store,
    /// Takes the top into a local variable.
    StoreLocal,
    /// Takes the top into a local that functions inside share.
    StoreCell,
    /// Takes a value and an object: an attribute of it.
    StoreAttribute,
    /// Takes a value, an object and a key: an item of it.
    StoreItem,
    /// Takes keys and values in turn.
    Map,
    /// Takes values, then a tuple of their keys.
    KeyMap,
    /// Takes a key and a value into a map that is being built.
    MapAdd,
    /// Takes a key and a value below it into a map, in Python 2.
    MapStore,
    /// Says that a tuple of constants names the last arguments.
    KeywordNames,
    /// Calls with arguments, then a tuple of names on the stack.
    CallKeywords,
    /// Calls with arguments by position.
    Call,
    /// Compares the two on top.
    Compare,
    /// Makes a function of code and what its flags say.
    Function,
    /// Gives a function its defaults.
    FunctionAttribute,
    /// Anything else.
    Other,
}

use Op::{
    Attribute, Call, CallKeywords, Compare, Constant, Extended, Function, FunctionAttribute, KeyMap, KeywordNames, Map, MapAdd,
    MapStore, Nothing, Push, PushLocal, PushName, Store, StoreAttribute, StoreCell, StoreItem, StoreLocal,
};

/// Instructions that hold from 3.6 to 3.12; those that came or went in between are told apart below.
const CLASSIC: &[(u8, Op)] = &[
    (144, Extended),
    (100, Constant),
    (101, PushName),
    (116, PushName),
    (124, PushLocal),
    (106, Attribute),
    (90, Store),
    (97, Store),
    (125, StoreLocal),
    (95, StoreAttribute),
    (60, StoreItem),
    (105, Map),
    (156, KeyMap),
    (147, MapAdd),
    (107, Compare),
    (132, Function),
];
const UP_TO_10: &[(u8, Op)] =
    &[(9, Nothing), (136, Push), (137, StoreCell), (141, CallKeywords), (131, Call), (161, Call), (160, Attribute)];
const FROM_11: &[(u8, Op)] = &[
    (0, Nothing),
    (9, Nothing),
    (2, Nothing),
    (151, Nothing),
    (166, Nothing),
    (137, Push),
    (138, StoreCell),
    (172, KeywordNames),
    (171, Call),
    (160, Attribute),
];
const IN_13: &[(u8, Op)] = &[
    (0, Nothing),
    (30, Nothing),
    (34, Nothing),
    (149, Nothing),
    (71, Extended),
    (83, Constant),
    (84, Push),
    (85, PushLocal),
    (91, PushName),
    (92, PushName),
    (82, Attribute),
    (114, Store),
    (113, Store),
    (110, StoreLocal),
    (109, StoreCell),
    (108, StoreAttribute),
    (39, StoreItem),
    (48, Map),
    (46, KeyMap),
    (95, MapAdd),
    (57, CallKeywords),
    (53, Call),
    (58, Compare),
    (26, Function),
    (106, FunctionAttribute),
];
const IN_14: &[(u8, Op)] = &[
    (0, Nothing),
    (27, Nothing),
    (28, Nothing),
    (33, Nothing),
    (128, Nothing),
    (69, Extended),
    (82, Constant),
    (94, Push),
    (83, Push),
    (84, PushLocal),
    (86, PushLocal),
    (92, PushName),
    (93, PushName),
    (80, Attribute),
    (116, Store),
    (115, Store),
    (112, StoreLocal),
    (111, StoreCell),
    (110, StoreAttribute),
    (38, StoreItem),
    (47, Map),
    (98, MapAdd),
    (55, CallKeywords),
    (52, Call),
    (56, Compare),
    (23, Function),
    (108, FunctionAttribute),
];
/// Python 2.7, where an instruction without an argument has one byte.
const IN_2: &[(u8, Op)] = &[
    (9, Nothing),
    (145, Extended),
    (100, Constant),
    (101, PushName),
    (116, PushName),
    (124, PushLocal),
    (136, Push),
    (106, Attribute),
    (90, Store),
    (97, Store),
    (125, StoreLocal),
    (137, StoreCell),
    (95, StoreAttribute),
    (60, StoreItem),
    (105, Map),
    (54, MapStore),
    (147, MapAdd),
    (131, Call),
    (132, Function),
    (107, Compare),
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

    /// What the instruction `code` does.
    pub(super) fn op(self, code: u8) -> Op {
        let tables: &[&[(u8, Op)]] = match self.0 {
            0 => &[IN_2],
            1..11 => &[CLASSIC, UP_TO_10],
            11 | 12 => &[CLASSIC, FROM_11],
            13 => &[IN_13],
            _ => &[IN_14],
        };
        tables.iter().copied().flatten().find(|(known, _)| *known == code).map_or(Op::Other, |(_, op)| *op)
    }

    /// The table of instructions, which is built once.
    pub(super) fn ops(self) -> &'static [Op; 256] {
        static TABLES: [OnceLock<[Op; 256]>; 16] = [const { OnceLock::new() }; 16];
        let table = TABLES.get(usize::from(self.0)).unwrap_or(&TABLES[15]);
        table.get_or_init(|| std::array::from_fn(|code| self.op(code as u8)))
    }

    /// Whether an attribute's argument has a flag in its lowest bit: since 3.12.
    pub(super) fn flags_attributes(self) -> bool {
        self.0 >= 12
    }

    /// Whether a global's argument has one: since 3.11. Names of modules and classes are fetched by an instruction
    /// that has none, so half of their names are not told; what compares with one is rare.
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
        check(3_000, None);
        assert_eq!(Version::of(b"\x33\x0d\n\n"), None);
    }
}
