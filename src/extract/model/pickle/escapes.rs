//! The escapes of texts in protocol 0.

/// What stands in quotes, with the escapes of a Python literal undone (`STRING`).
pub(super) fn quoted(line: &[u8]) -> Vec<u8> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let inner = match line {
        [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
        // Cut, or longer than is held.
        [b'\'' | b'"', inner @ ..] => inner,
        _ => line,
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        let (byte, length) = escaped(escape);
        out.push(byte);
        rest = escape.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// The byte that an escape stands for, and the escape's length.
fn escaped(escape: &[u8]) -> (u8, usize) {
    match escape.get(1) {
        Some(b'n') => (b'\n', 2),
        Some(b't') => (b'\t', 2),
        Some(b'r') => (b'\r', 2),
        Some(b'x') => number(escape, 2, 2, 16).map_or((b'\\', 1), |value| (value as u8, 4)),
        Some(b'0'..=b'7') => {
            let length = escape.iter().skip(1).take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            number(escape, 1, length, 8).map_or((b'\\', 1), |value| (value as u8, 1 + length))
        }
        Some(other) => (*other, 2),
        None => (b'\\', 1),
    }
}

fn number(escape: &[u8], at: usize, length: usize, radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(escape.get(at..at + length)?).ok()?;
    u32::from_str_radix(digits, radix).ok()
}

/// Latin-1 with `\u` and `\U` escapes (`UNICODE`), as UTF-8.
pub(super) fn unicode(line: &[u8]) -> Vec<u8> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.first() {
        let length = match rest {
            [b'\\', b'u', ..] => 4,
            [b'\\', b'U', ..] => 8,
            _ => 0,
        };
        let value = if length > 0 { number(rest, 2, length, 16) } else { None };
        if let Some(c) = value.and_then(char::from_u32) {
            out.push(c);
            rest = rest.get(2 + length..).unwrap_or_default();
        } else {
            out.push(char::from(*first));
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let check = |line: &[u8], expected: &[u8]| assert_eq!(quoted(line), expected);
        check(b"'plain'", b"plain");
        check(br"'a\\b\'c\n\x41\101\q'", b"a\\b'c\nAAq");
        check(br#""double""#, b"double");
        check(br"'ends in \x4", br"ends in \x4");
        check(br"'\", br"\");
        check(b"'", b"");
        assert_eq!(unicode(br"k\u00e4se \U0001f600 \u12"), "k\u{e4}se \u{1f600} \\u12".as_bytes());
        assert_eq!(unicode(b"k\xe4se"), "k\u{e4}se".as_bytes());
    }
}
