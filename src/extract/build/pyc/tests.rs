//! Modules put together by hand, with instructions as each Python writes them.

use super::super::super::testing::{Seen, seen};
use super::*;

fn long(length: usize) -> [u8; 4] {
    (length as u32).to_le_bytes()
}

fn short(text: &str) -> Vec<u8> {
    [&[b'z', text.len() as u8], text.as_bytes()].concat()
}

fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [vec![b')', items.len() as u8], items.concat()].concat()
}

fn texts(texts: &[&str]) -> Vec<u8> {
    tuple(&texts.iter().map(|text| short(text)).collect::<Vec<_>>())
}

/// A code object of 3.11 and up; names serve as local variables, too.
fn code(arguments: u8, instructions: &[u8], constants: &[Vec<u8>], names: &[&str]) -> Vec<u8> {
    let bytes = |bytes: &[u8]| [&b"s"[..], &long(bytes.len()), bytes].concat();
    [
        vec![b'c', arguments],
        vec![0; 19],
        bytes(instructions),
        tuple(constants),
        texts(names),
        texts(names),
        bytes(b""),
        short("f.py"),
        short("<module>"),
        short("<module>"),
        vec![0; 4],
        bytes(b""),
        bytes(b""),
    ]
    .concat()
}

fn file(magic: u16, code: &[u8]) -> Vec<u8> {
    [&magic.to_le_bytes()[..], b"\r\n", &[0; 12], code].concat()
}

fn module(magic: u16, instructions: &[(u8, u8)], constants: &[Vec<u8>], names: &[&str]) -> Seen {
    let instructions: Vec<u8> = instructions.iter().flat_map(|(code, argument)| [*code, *argument]).collect();
    let bytes = file(magic, &code(0, &instructions, constants, names));
    assert!(Pyc.probe(&Head { start: &bytes, tail: &[] }));
    seen(&Pyc, &bytes)
}

/// What is told of a module of one version.
#[track_caller]
fn check(magic: u16, instructions: &[(u8, u8)], constants: &[Vec<u8>], expected: &[(&str, &str)]) {
    let found = module(magic, instructions, constants, &["password", "api_key", "host"]);
    assert_eq!((found.texts, found.gaps), (expected.to_vec().into(), vec![]));
}

const IN_12: u16 = 3531;
const IN_13: u16 = 3571;
const IN_14: u16 = 3627;
const IN_15: u16 = 3666;

#[test]
fn two_local_variables_are_stored_at_once() {
    let constants = [short("one"), short("two")];
    let told = [("api_key", "two"), ("password", "one")];
    check(IN_13, &[(83, 0), (83, 1), (112, 0x10)], &constants, &told);
    check(IN_14, &[(82, 0), (82, 1), (114, 0x10)], &constants, &told);
    check(IN_15, &[(81, 0), (81, 1), (113, 0x10)], &constants, &told);
    // A tuple that is taken apart, of which the first comes first.
    check(IN_12, &[(100, 0), (92, 2), (125, 0), (125, 1)], &[texts(&["one", "two"])], &[("password", "one"), ("api_key", "two")]);
    check(IN_12, &[(100, 0), (92, 3), (125, 0), (125, 1)], &[texts(&["one", "two"])], &[]);
    // One that is stored and another that is fetched.
    check(IN_14, &[(82, 0), (113, 0x02), (116, 1)], &constants, &[("password", "one")]);
}

#[test]
fn what_is_stored_under_two_names_has_both() {
    let told = [("password", "one"), ("api_key", "one")];
    check(IN_12, &[(100, 0), (120, 1), (90, 0), (90, 1)], &[short("one")], &told);
    check(IN_14, &[(82, 0), (59, 1), (116, 0), (116, 1)], &[short("one")], &told);
    check(IN_14, &[(82, 0), (82, 1), (117, 2), (116, 0)], &[short("one"), short("two")], &[("password", "one")]);
    check(IN_14, &[(82, 0), (117, 2), (116, 0)], &[short("one")], &[]);
}

#[test]
fn arguments_by_name_follow_two_variables_at_once() {
    let constants = [short("one"), texts(&["host", "user", "password"])];
    check(IN_14, &[(92, 0), (87, 0x12), (82, 0), (82, 1), (55, 3)], &constants, &[("password", "one")]);
    check(IN_15, &[(91, 0), (86, 0x12), (81, 0), (81, 1), (53, 3)], &constants, &[("password", "one")]);
    // Values of two arguments by name are no name and its value.
    let urls = [short("a longer word"), short("db://word@host"), texts(&["password", "api_key"])];
    let told = [("api_key", "db://word@host"), ("password", "a longer word")];
    check(IN_12, &[(100, 0), (100, 1), (172, 2), (171, 2)], &urls, &told);
}

#[test]
fn items_of_a_list_have_its_name_and_pairs_their_own() {
    let told = [("password", "one"), ("password", "two")];
    check(IN_14, &[(46, 0), (82, 0), (79, 1), (116, 0)], &[texts(&["one", "two"])], &told);
    check(IN_12, &[(100, 0), (100, 1), (103, 2), (90, 0)], &[short("one"), short("two")], &told);
    let pairs = tuple(&[texts(&["db_password", "four words"]), texts(&["key", "five"]), texts(&["a", "b"])]);
    let found = module(IN_14, &[], &[pairs, texts(&["long_name", "seven"])], &[]);
    // The sink of tests wants every name, and so takes no text for a value.
    assert!(found.texts.0.is_empty() && found.gaps.is_empty());
}

#[test]
fn urls_that_are_put_together_are_told_whole() {
    let constants = [short("db://word@"), short(":5432/shop"), texts(&["x db://word@", "/shop"]), short("host")];
    let whole = [("api_key", "db://word@{value}:5432/shop")];
    check(IN_12, &[(100, 0), (101, 2), (155, 0), (100, 1), (157, 3), (90, 1)], &constants, &whole);
    check(IN_13, &[(83, 0), (92, 2), (14, 0), (83, 1), (51, 3), (114, 1)], &constants, &whole);
    check(IN_14, &[(82, 0), (93, 2), (12, 0), (82, 1), (50, 3), (116, 1)], &constants, &whole);
    // Its name is not known, and it is no URL without its start.
    let unnamed = [("", "db://word@{value}:5432/shop")];
    check(IN_14, &[(82, 0), (93, 2), (12, 0), (82, 1), (50, 3), (31, 0)], &constants, &unnamed);
    check(IN_14, &[(82, 1), (93, 2), (12, 0), (82, 1), (50, 3), (116, 1)], &constants, &[]);
    let template = [("api_key", "x db://word@{value}/shop")];
    check(IN_14, &[(82, 2), (93, 2), (82, 3), (45, 2), (51, 1), (2, 0), (116, 1)], &constants, &template);
    check(IN_15, &[(81, 2), (92, 2), (81, 3), (43, 2), (49, 1), (2, 0), (115, 1)], &constants, &template);
    let plain = [texts(&["a word"]), b")\0".to_vec()];
    check(IN_14, &[(82, 0), (82, 1), (2, 0), (116, 0)], &plain, &[("password", "a word")]);
}

#[test]
fn defaults_are_found_below_what_a_function_closes_over() {
    let inner = code(1, &[], &[], &["password"]);
    let constants = [texts(&["one"]), inner];
    check(IN_12, &[(100, 0), (136, 0), (102, 1), (100, 1), (132, 9)], &constants, &[("password", "one")]);
    check(IN_14, &[(82, 0), (86, 0), (51, 1), (82, 1), (23, 0), (108, 8), (108, 1)], &constants, &[("password", "one")]);
}

#[test]
fn slices_and_maps_are_constants() {
    let slice = b":NNN".to_vec();
    let map = [&b"}"[..], &short("a"), &short("text"), b"0"].concat();
    check(IN_14, &[(82, 1), (116, 0)], &[slice, short("one")], &[("password", "one")]);
    check(IN_15, &[(81, 1), (115, 0)], &[map, short("one")], &[("password", "one")]);
}

#[test]
fn what_is_newer_is_scanned_without_names() {
    let found = module(3701, &[(81, 0), (115, 0)], &[short("a text of its own")], &["password"]);
    assert_eq!((found.texts, found.gaps), (Vec::new().into(), vec![GapReason::Unsupported]));
    assert!(memchr::memmem::find(&found.raw, b"a text of its own").is_some());
}

#[test]
fn what_is_told_is_in_proportion_to_the_file() {
    // One text of 32 KiB under as many names.
    let text = [&b"a"[..], &long(32 << 10), &[b'x'; 32 << 10]].concat();
    let found = module(IN_14, &[(82, 0), (116, 0)].repeat(16 << 10), &[text], &["password"]);
    assert_eq!(found.gaps, [GapReason::SizeLimit]);
    assert!(found.texts.0.len() < 300);
    // Many code objects with the same instructions.
    let long_one = [&b"\xf3"[..], &long(256 << 10), &[9; 256 << 10]].concat();
    let short_one = [&[b'c'][..], &[0; 20], b"r\0\0\0\0", b")\0)\0)\0s\0\0\0\0z\0z\0z\0\0\0\0\0s\0\0\0\0s\0\0\0\0"].concat();
    let constants = [&b"("[..], &long(2001), &long_one, &short_one.repeat(2000)].concat();
    let all = [&[b'c'][..], &[0; 20], b"s\0\0\0\0", &constants, b")\0)\0s\0\0\0\0z\0z\0z\0\0\0\0\0s\0\0\0\0s\0\0\0\0"].concat();
    assert_eq!(seen(&Pyc, &file(IN_14, &all)).gaps, [GapReason::SizeLimit]);
}
