//! Percent-encoding (RFC 3986, section 2.1), as in URLs and forms.

use super::written::{Unit, hex};

/// `%3D`.
pub(super) fn unit(rest: &[u8]) -> Option<Unit> {
    let [b'%', digits @ ..] = rest else { return None };
    let byte = u8::try_from(hex(digits.get(..2)?)?).ok()?;
    Some(Unit::of_byte(3, byte))
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
        check("%3Dx", Some((3, b"=", true)));
        check("%2fx", Some((3, b"/", true)));
        check("%C3", Some((3, b"\xc3", false)));
        check("%zz", None);
        check("%3", None);
        check("3D", None);
    }
}
