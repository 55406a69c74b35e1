//! Escapes of strings in JSON, JavaScript, C and their kin: `\u0026`, `\x41`, `\101`, `\"`, `\/`.

use super::written::{Unit, hex};

/// One escape. Those that a reader of plain text has to know anyway (`\n`, `\"`) tell nothing by themselves.
pub(super) fn unit(rest: &[u8]) -> Option<Unit> {
    let [b'\\', kind, after @ ..] = rest else { return None };
    match kind {
        b'u' | b'U' => unicode(rest),
        b'x' => Some(Unit::of_byte(4, u8::try_from(hex(after.get(..2)?)?).ok()?)),
        b'0'..=b'3' => octal(rest),
        b'n' => Some(Unit::silent(2, b"\n")),
        b't' => Some(Unit::silent(2, b"\t")),
        b'r' => Some(Unit::silent(2, b"\r")),
        b'"' | b'\'' | b'`' => Some(Unit::silent(2, &[*kind])),
        // PHP and others write each slash of a URL like this.
        b'/' => Some(Unit::silent(2, b"/").telling_if(matches!(after, [b'\\' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z', ..]))),
        b'\\' => Some(Unit::silent(2, b"\\").telling_if(matches!(after, [b'u' | b'x' | b'/', ..]))),
        _ => None,
    }
}

/// `\u0041`, `\u{41}`, `\U00000041`, and two halves of a pair.
fn unicode(rest: &[u8]) -> Option<Unit> {
    let (length, number) = code(rest)?;
    if (0xd800..0xdc00).contains(&number)
        && let Some((second, low)) = rest.get(length..).and_then(code)
        && (0xdc00..0xe000).contains(&low)
    {
        return Unit::of_number(length + second, 0x10000 + ((number - 0xd800) << 10 | (low - 0xdc00)));
    }
    Unit::of_number(length, number)
}

fn code(rest: &[u8]) -> Option<(usize, u32)> {
    match rest {
        [b'\\', b'u', b'{', digits @ ..] => {
            let length = digits.iter().take(7).position(|byte| *byte == b'}')?;
            Some((length + 4, hex(digits.get(..length)?)?))
        }
        [b'\\', b'u', digits @ ..] => Some((6, hex(digits.get(..4)?)?)),
        [b'\\', b'U', digits @ ..] => Some((10, hex(digits.get(..8)?)?)),
        _ => None,
    }
}

/// Three digits: fewer mean a group of a regular expression as often.
fn octal(rest: &[u8]) -> Option<Unit> {
    let digits = rest.get(1..4)?;
    let number = digits.iter().try_fold(0u32, |sum, byte| char::from(*byte).to_digit(8).map(|digit| sum * 8 + digit))?;
    Some(Unit::of_byte(4, u8::try_from(number).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(usize, &str, bool)>) {
        let found = unit(text.as_bytes());
        let found = found.as_ref().map(|unit| (unit.length, std::str::from_utf8(unit.text()).unwrap(), unit.telling));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn units() {
        check("\\u0026b", Some((6, "&", true)));
        check("\\u00e9", Some((6, "\u{e9}", false)));
        check("\\ud83d\\udd11", Some((12, "\u{1f511}", false)));
        check("\\ud83d\\u0041", Some((6, "\u{fffd}", false)));
        check("\\u{41}", Some((6, "A", true)));
        check("\\U00000041", Some((10, "A", true)));
        check("\\x3d", Some((4, "=", true)));
        check("\\075", Some((4, "=", true)));
        check("\\\"", Some((2, "\"", false)));
        check("\\\\u0026", Some((2, "\\", true)));
        check("\\n", Some((2, "\n", false)));
        for text in ["\\u00", "\\xg1", "\\d", "\\09", "n", "\\", "\\u{zz}", "\\u{12345678}"] {
            check(text, None);
        }
    }
}
