//! Quoted-printable (RFC 2045, section 6.7): `=3D`, and lines that go on behind a `=` at their end.

use super::written::{Unit, hex};

/// One escape, or a line end that is none. Only upper-case digits are valid, which also keeps `x=ab` out.
pub(super) fn unit(rest: &[u8]) -> Option<Unit> {
    match rest {
        [b'=', b'\r', b'\n', ..] => Some(Unit::silent(3, b"").telling_if(true)),
        [b'=', b'\n', ..] => Some(Unit::silent(2, b"").telling_if(true)),
        [b'=', digits @ ..] => {
            let digits = digits.get(..2).filter(|digits| digits.iter().all(|byte| !byte.is_ascii_lowercase()))?;
            Some(Unit::of_byte(3, u8::try_from(hex(digits)?).ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(usize, &[u8], bool)>) {
        let found = unit(text.as_bytes());
        assert_eq!(found.as_ref().map(|unit| (unit.length, unit.text(), unit.telling)), expected, "{text}");
    }

    #[test]
    fn units() {
        check("=3Dx", Some((3, b"=", true)));
        check("=C3", Some((3, b"\xc3", false)));
        check("=\r\nx", Some((3, b"", true)));
        check("=\nx", Some((2, b"", true)));
        for text in ["=3d", "=ab", "==", "x", "=", "= \n"] {
            check(text, None);
        }
    }
}
