//! Values that stand among the labels of a program: in a table of what it says in some language, a word behind
//! `password` is its translation.

use super::value::Shape;
use std::ops::Range;

/// Bytes on either side of a value that are looked at.
const NEAR: usize = 1200;
/// Lines on either side.
const LINES: usize = 12;
/// Values beside it that must be there to tell.
const ENOUGH: usize = 6;

/// Whether a value without digits stands among values nearly all of which are there to be read, or in a file of them.
pub(super) fn among(shape: Shape, bytes: &[u8], value: &Range<usize>, spoken: bool) -> bool {
    let text = bytes.get(value.clone()).unwrap_or_default();
    if !matches!(shape, Shape::Words | Shape::Phrase | Shape::Mixed) || text.iter().any(u8::is_ascii_digit) {
        return false;
    }
    if spoken {
        return true;
    }
    let before = bytes.get(value.start.saturating_sub(NEAR)..value.start).unwrap_or_default();
    let behind = bytes.get(value.end..bytes.len().min(value.end + NEAR)).unwrap_or_default();
    // The line at hand is none of its own neighbours, and a line that is cut tells nothing.
    let above = before.rsplit(|byte| *byte == b'\n').skip(1).take(LINES);
    let below = behind.split(|byte| *byte == b'\n').skip(1).take(LINES);
    let (mut read, mut all) = (0, 0);
    for found in above.chain(below).filter_map(value_of) {
        all += 1;
        read += usize::from(is_read(found));
    }
    all >= ENOUGH && read * 5 >= all * 4
}

/// What a line sets: its last string, or what stands behind its first joint.
fn value_of(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii_end();
    let line = line.strip_suffix(b",").or_else(|| line.strip_suffix(b";")).unwrap_or(line);
    let line = line.strip_suffix(b")").unwrap_or(line);
    if let Some((quote @ (b'"' | b'\''), inner)) = line.split_last() {
        let open = memchr::memrchr(*quote, inner)?;
        return (open > 0).then(|| inner.get(open + 1..)).flatten();
    }
    let joint = memchr::memmem::find(line, b": ").map(|at| at + 2).or_else(|| Some(memchr::memchr(b'=', line)? + 1))?;
    line.get(joint..).map(<[u8]>::trim_ascii)
}

/// Whether a text is for people: words with blanks between them, another script, or one word that starts a label.
fn is_read(value: &[u8]) -> bool {
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()).count();
    let speaks = letters * 10 >= value.len() * 6 && letters > 1;
    let spaced =
        value.windows(3).any(|near| matches!(near, [a, b' ', b] if !a.is_ascii_whitespace() && !b.is_ascii_whitespace()));
    let label = || {
        value.first().is_some_and(u8::is_ascii_uppercase)
            && value.iter().skip(1).all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b':' | b'.' | b'!' | b'?'))
    };
    speaks && (spaced || !value.is_ascii() || label())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, value: &str, expected: bool) {
        let at = text.find(value).unwrap();
        assert_eq!(among(Shape::Words, text.as_bytes(), &(at..at + value.len()), false), expected, "{text}");
    }

    #[test]
    fn translations_are_told_from_settings() {
        let labels = ["Benutzer", "Anmelden", "Bitte warten", "Größe", "Zurück zur Liste", "Abmelden", "Speichern"];
        let lines = |quote: &str| {
            labels.iter().enumerate().map(|(at, text)| format!("  k{at}: {quote}{text}{quote}")).collect::<Vec<_>>()
        };
        for quote in ["\"", ""] {
            let mut lines = lines(quote);
            lines.insert(3, format!("  field: {quote}Losungswort{quote}"));
            check(&lines.join("\n"), "Losungswort", true);
            check(&lines.get(2..6).unwrap().join("\n"), "Losungswort", false);
        }
        let settings = ["host: db.internal", "port: 5432", "user: app", "name: Shop", "pool: 8", "ssl: on", "field: swordfish"];
        check(&settings.join("\n"), "swordfish", false);
    }
}
