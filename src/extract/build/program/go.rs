//! What a program of Go says of how it was built: the flags of the linker may set variables (`-X main.key=value`).
//!
//! Format: `debug/buildinfo` and `runtime/debug` of Go. Behind a magic of 14 bytes stand the size of a pointer and flags;
//! with flag 2 the version and the module information follow at 32, each behind its length as a varint.

use super::pages::Pages;
use std::ops::Range;

/// Bytes of the information that are read.
const LONGEST: usize = 1 << 20;

/// A variable that the linker set, and where its value stands in the file.
#[derive(Debug, PartialEq)]
pub(super) struct Set {
    /// With the path of its package.
    pub(super) name: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) offset: u64,
}

/// Variables that flags set, as the information at `at` has them.
pub(super) fn set_by_linker(pages: &mut Pages<'_>, at: u64) -> Vec<Set> {
    let head = pages.read(at, 32);
    if head.get(15).is_none_or(|flags| flags & 2 == 0) {
        return Vec::new();
    }
    let start = at + 32;
    let bytes = pages.read(start, LONGEST);
    let module = varint(&bytes, 0)
        .and_then(|(length, at)| varint(&bytes, at.checked_add(length)?))
        .and_then(|(length, at)| Some((at, bytes.get(at..at.checked_add(length)?)?)));
    let Some((from, module)) = module else { return Vec::new() };
    flags(module)
        .into_iter()
        .filter_map(|(name, value)| {
            let offset = start + (from + value.start) as u64;
            Some(Set { name: module.get(name)?.to_vec(), value: module.get(value)?.to_vec(), offset })
        })
        .collect()
}

fn varint(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut number = 0;
    for (index, byte) in bytes.get(at..)?.iter().take(4).enumerate() {
        number |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((number, at + index + 1));
        }
    }
    None
}

/// Names and values of `-X name=value`, with or without quotes.
fn flags(text: &[u8]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found = Vec::new();
    for flag in memchr::memmem::find_iter(text, b"-X") {
        let skipped = |at: usize, skip: &[u8]| {
            at + text.get(at..).unwrap_or_default().iter().take_while(|byte| skip.contains(byte)).count()
        };
        let start = skipped(flag + 2, b" =");
        let open = skipped(start, b"\\\"'");
        let quote = text.get(start..open).and_then(|quotes| quotes.last()).copied();
        let rest = text.get(open..).unwrap_or_default();
        let is_end = |byte: &u8| match quote {
            Some(quote) => *byte == quote || *byte == b'\n',
            None => byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\''),
        };
        let end = rest.iter().position(is_end).unwrap_or(rest.len());
        let rest = rest.get(..end).unwrap_or_default();
        let rest = rest.strip_suffix(b"\\").unwrap_or(rest);
        if let Some(equals) =
            memchr::memchr(b'=', rest).filter(|equals| rest.get(..*equals).is_some_and(|name| name.contains(&b'.')))
        {
            found.push((open..open + equals, open + equals + 1..open + rest.len()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn flags_of_the_linker_name_what_they_set() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let found: Vec<_> = flags(text.as_bytes()).into_iter().map(|(name, value)| (&text[name], &text[value])).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("build\t-ldflags=\"-s -X main.a=one -X 'main.b=two words'\"\n", &[("main.a", "one"), ("main.b", "two words")]);
        check(r#"-ldflags="-X \"x/y.c=three\" -X=d.e=f""#, &[("x/y.c", "three"), ("d.e", "f")]);
        check("-X -X= -X=a", &[]);
    }

    #[test]
    fn the_information_stands_behind_lengths() {
        let module = b"0123456789abcdefbuild\t-ldflags=\"-X main.a=one\"\n";
        let bytes = [super::super::glued::GO, &[8, 2], &[0; 16], &[3], b"go1", &[module.len() as u8], module].concat();
        let mut file = Cursor::new(&bytes);
        let length = bytes.len() as u64;
        let set = set_by_linker(&mut Pages::new(&mut file, length), 0);
        let offset = bytes.windows(3).position(|text| text == b"one").unwrap() as u64;
        assert_eq!(set, [Set { name: b"main.a".to_vec(), value: b"one".to_vec(), offset }]);
    }
}
