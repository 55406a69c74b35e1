//! What instructions do, version by version, as far as they bring a name to a text.
//!
//! Their numbers: `Lib/opcode.py`, and `Lib/_opcode_metadata.py` since 3.13.

use super::version::{NEWER, Version};
use std::sync::OnceLock;

/// What an instruction does.
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
    /// The same, where the argument may have a flag.
    PushGlobal,
    /// Pushes a local variable.
    PushLocal,
    /// Pushes two local variables.
    PushTwo,
    /// Pushes the attribute whose name is in the table, of what is on top.
    Attribute,
    /// Takes the top into a name of the table.
    Store,
    /// Takes the top into a local variable.
    StoreLocal,
    /// Takes the two on top into local variables.
    StoreTwo,
    /// Takes the top into a local variable and pushes another.
    StorePush,
    /// Takes the top into a local that functions inside share.
    StoreCell,
    /// Takes a value and an object: an attribute of it.
    StoreAttribute,
    /// Takes a value, an object and a key: an item of it.
    StoreItem,
    /// Pushes what lies on the stack already, so deep.
    Again,
    /// Pushes the top once more.
    Duplicate,
    /// Changes the top with what lies so deep.
    Swap,
    /// Changes the two on top.
    SwapTwo,
    /// Takes things apart of which so many are in one.
    Unpack,
    /// Takes so many things into a list, tuple or set.
    Row,
    /// Takes a list on top into one below it.
    Extend,
    /// Takes keys and values in turn.
    Map,
    /// Takes values, then a tuple of their keys.
    KeyMap,
    /// Takes a key and a value into a map that is being built.
    MapAdd,
    /// Takes a key and a value below it into a map, in Python 2.
    MapStore,
    /// Makes text of the top, as a flag says with a format above it.
    Format,
    /// Makes text of what lies below a format.
    FormatBelow,
    /// Makes something else of the top.
    Change,
    /// Puts so many texts together.
    Join,
    /// Takes a value and its source into a template, as a flag says with a format.
    Interpolate,
    /// Takes a tuple of texts, and what stands between them.
    Template,
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
    Again, Attribute, Call, CallKeywords, Change, Compare, Constant, Duplicate, Extend, Extended, Format, FormatBelow, Function,
    FunctionAttribute, Interpolate, Join, KeyMap, KeywordNames, Map, MapAdd, MapStore, Nothing, Push, PushGlobal, PushLocal,
    PushName, PushTwo, Row, Store, StoreAttribute, StoreCell, StoreItem, StoreLocal, StorePush, StoreTwo, Swap, SwapTwo,
    Template, Unpack,
};

/// What the numbers of a version mean.
type Table = &'static [(u8, Op)];

/// Instructions that hold from 3.6 to 3.12; those that came or went in between are told apart below.
const CLASSIC: Table = &[
    (144, Extended),
    (100, Constant),
    (101, PushName),
    (116, PushGlobal),
    (124, PushLocal),
    (106, Attribute),
    (90, Store),
    (97, Store),
    (125, StoreLocal),
    (95, StoreAttribute),
    (60, StoreItem),
    (92, Unpack),
    (102, Row),
    (103, Row),
    (104, Row),
    (105, Map),
    (156, KeyMap),
    (147, MapAdd),
    (155, Format),
    (157, Join),
    (107, Compare),
    (132, Function),
];
const UP_TO_10: Table = &[
    (9, Nothing),
    (4, Duplicate),
    (2, SwapTwo),
    (135, Push),
    (136, Push),
    (137, StoreCell),
    (141, CallKeywords),
    (131, Call),
    (161, Call),
    (160, Attribute),
];
const FROM_9_TO_12: Table = &[(162, Extend), (163, Extend)];
const IN_11_AND_12: Table = &[
    (0, Nothing),
    (9, Nothing),
    (2, Nothing),
    (151, Nothing),
    (166, Nothing),
    (120, Again),
    (99, Swap),
    (136, Push),
    (137, Push),
    (138, StoreCell),
    (172, KeywordNames),
    (171, Call),
    (160, Attribute),
];
const IN_13: Table = &[
    (0, Nothing),
    (30, Nothing),
    (34, Nothing),
    (149, Nothing),
    (71, Extended),
    (83, Constant),
    (84, Push),
    (85, PushLocal),
    (88, PushTwo),
    (91, PushGlobal),
    (92, PushName),
    (82, Attribute),
    (114, Store),
    (113, Store),
    (110, StoreLocal),
    (112, StoreTwo),
    (111, StorePush),
    (109, StoreCell),
    (108, StoreAttribute),
    (39, StoreItem),
    (61, Again),
    (115, Swap),
    (117, Unpack),
    (47, Row),
    (49, Row),
    (52, Row),
    (81, Extend),
    (107, Extend),
    (48, Map),
    (46, KeyMap),
    (95, MapAdd),
    (14, Change),
    (60, Change),
    (15, FormatBelow),
    (51, Join),
    (57, CallKeywords),
    (53, Call),
    (58, Compare),
    (26, Function),
    (106, FunctionAttribute),
];
const IN_14: Table = &[
    (0, Nothing),
    (27, Nothing),
    (28, Nothing),
    (33, Nothing),
    (128, Nothing),
    (69, Extended),
    (82, Constant),
    (81, Push),
    (83, Push),
    (94, Push),
    (84, PushLocal),
    (86, PushLocal),
    (87, PushTwo),
    (89, PushTwo),
    (92, PushGlobal),
    (93, PushName),
    (80, Attribute),
    (116, Store),
    (115, Store),
    (112, StoreLocal),
    (114, StoreTwo),
    (113, StorePush),
    (111, StoreCell),
    (110, StoreAttribute),
    (38, StoreItem),
    (59, Again),
    (117, Swap),
    (119, Unpack),
    (46, Row),
    (48, Row),
    (51, Row),
    (79, Extend),
    (109, Extend),
    (47, Map),
    (98, MapAdd),
    (12, Change),
    (58, Change),
    (13, FormatBelow),
    (50, Join),
    (45, Interpolate),
    (2, Template),
    (55, CallKeywords),
    (52, Call),
    (56, Compare),
    (23, Function),
    (108, FunctionAttribute),
];
const IN_15: Table = &[
    (0, Nothing),
    (25, Nothing),
    (26, Nothing),
    (31, Nothing),
    (128, Nothing),
    (67, Extended),
    (81, Constant),
    (80, Push),
    (82, Push),
    (93, Push),
    (83, PushLocal),
    (85, PushLocal),
    (86, PushTwo),
    (88, PushTwo),
    (91, PushGlobal),
    (92, PushName),
    (79, Attribute),
    (115, Store),
    (114, Store),
    (111, StoreLocal),
    (113, StoreTwo),
    (112, StorePush),
    (110, StoreCell),
    (109, StoreAttribute),
    (36, StoreItem),
    (57, Again),
    (116, Swap),
    (118, Unpack),
    (44, Row),
    (46, Row),
    (49, Row),
    (78, Extend),
    (108, Extend),
    (45, Map),
    (97, MapAdd),
    (12, Change),
    (56, Change),
    (13, FormatBelow),
    (48, Join),
    (43, Interpolate),
    (2, Template),
    (53, CallKeywords),
    (50, Call),
    (54, Compare),
    (21, Function),
    (107, FunctionAttribute),
];
/// Python 2.7, where an instruction without an argument has one byte.
const IN_2: Table = &[
    (9, Nothing),
    (145, Extended),
    (100, Constant),
    (101, PushName),
    (116, PushGlobal),
    (124, PushLocal),
    (135, Push),
    (136, Push),
    (106, Attribute),
    (90, Store),
    (97, Store),
    (125, StoreLocal),
    (137, StoreCell),
    (95, StoreAttribute),
    (60, StoreItem),
    (4, Duplicate),
    (2, SwapTwo),
    (92, Unpack),
    (102, Row),
    (103, Row),
    (104, Row),
    (105, Map),
    (54, MapStore),
    (147, MapAdd),
    (131, Call),
    (132, Function),
    (107, Compare),
];

/// The instructions of a version: a table that is built once.
pub(super) fn ops(version: Version) -> &'static [Op; 256] {
    static TABLES: [OnceLock<[Op; 256]>; 17] = [const { OnceLock::new() }; 17];
    let table = TABLES.get(usize::from(version.0)).unwrap_or(&TABLES[16]);
    table.get_or_init(|| std::array::from_fn(|code| op(version, code as u8)))
}

fn op(version: Version, code: u8) -> Op {
    let tables: &[Table] = match version.0 {
        0 => &[IN_2],
        1..9 => &[CLASSIC, UP_TO_10],
        9 | 10 => &[CLASSIC, UP_TO_10, FROM_9_TO_12],
        11 | 12 => &[CLASSIC, IN_11_AND_12, FROM_9_TO_12],
        13 => &[IN_13],
        14 => &[IN_14],
        _ if version >= NEWER => &[],
        _ => &[IN_15],
    };
    tables.iter().copied().flatten().find(|(known, _)| *known == code).map_or(Op::Other, |(_, op)| *op)
}
