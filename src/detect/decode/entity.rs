//! Character references of HTML and XML: `&amp;`, `&#61;`, `&#x3D;`.

use super::written::{Unit, hex};

/// The names whose characters stand in and around secrets.
const NAMES: &[(&str, &str)] = &[
    ("amp", "&"),
    ("quot", "\""),
    ("apos", "'"),
    ("lt", "<"),
    ("gt", ">"),
    ("nbsp", " "),
    ("equals", "="),
    ("colon", ":"),
    ("semi", ";"),
    ("sol", "/"),
    ("bsol", "\\"),
    ("plus", "+"),
    ("commat", "@"),
    ("lowbar", "_"),
    ("num", "#"),
    ("percnt", "%"),
    ("dollar", "$"),
    ("excl", "!"),
    ("ast", "*"),
    ("period", "."),
    ("comma", ","),
    ("lpar", "("),
    ("rpar", ")"),
    ("lbrack", "["),
    ("rbrack", "]"),
    ("lbrace", "{"),
    ("rbrace", "}"),
    ("verbar", "|"),
    ("grave", "`"),
    ("Hat", "^"),
    ("quest", "?"),
    ("NewLine", "\n"),
    ("Tab", "\t"),
];

/// One reference.
pub(super) fn unit(rest: &[u8]) -> Option<Unit> {
    let [b'&', text @ ..] = rest else { return None };
    let name = text.get(..text.iter().take(10).position(|byte| *byte == b';')?)?;
    match name {
        [b'#', b'x' | b'X', digits @ ..] => Unit::of_number(name.len() + 2, hex(digits)?),
        [b'#', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            Unit::of_number(name.len() + 2, std::str::from_utf8(digits).ok()?.parse().ok()?)
        }
        _ => {
            let (_, text) = NAMES.iter().find(|(known, _)| known.as_bytes() == name)?;
            // Prose and code are full of these.
            let common = matches!(name, b"nbsp" | b"lt" | b"gt");
            Some(Unit::silent(name.len() + 2, text.as_bytes()).telling_if(!common))
        }
    }
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
        check("&amp;x", Some((5, "&", true)));
        check("&quot;", Some((6, "\"", true)));
        check("&nbsp;", Some((6, " ", false)));
        check("&#x3D;", Some((6, "=", true)));
        check("&#61;", Some((5, "=", true)));
        check("&#128273;", Some((9, "\u{1f511}", false)));
        for text in ["&", "&&", "&unknown;", "&#;", "&#x;", "&#xzz;", "&ampersand", "&#+5;"] {
            check(text, None);
        }
    }
}
