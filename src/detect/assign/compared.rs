//! Values that a test or a condition holds against something that is called a password:
//! `assertEquals("v", user.getPassword())`, `expect(form.password).toBe("v")`, `"v" == password`.

use super::calls;
use super::names::{self, Named, Strength};
use super::words;
use std::ops::Range;

/// What the literal pass is to look for, up to this many: calls with two arguments.
const ASSERTIONS: &[&str] = &["ssertEqual", "ssert.Equal(", "AreEqual(", "ssert_equal", "ssert_eq!("];
/// Calls whose argument is held against the one of the call before.
const MATCHERS: &[&str] = &[").toBe(", ").toEqual(", ").to eq("];
/// What stands between a string and a name.
const SIGNS: &[&str] = &["\" == ", "' == ", "\" != ", "' != ", "\" === ", "' === ", "\" !== ", "' !== "];
/// Bytes of an expression that are looked at for its name.
const NEAR: usize = 96;

/// What the literal pass is to look for, by the index that [`at`] takes.
pub(super) fn literals() -> impl Iterator<Item = &'static [u8]> {
    ASSERTIONS.iter().chain(MATCHERS).chain(SIGNS).map(|text| text.as_bytes())
}

/// How many literals there are.
pub(super) fn count() -> usize {
    ASSERTIONS.len() + MATCHERS.len() + SIGNS.len()
}

/// The string that is compared by what stands at `at`, with what the other side is called.
pub(super) fn at(bytes: &[u8], index: usize, at: usize) -> Option<(Range<usize>, Named)> {
    if let Some(text) = ASSERTIONS.get(index) {
        return asserted(bytes, at + text.len() - 1);
    }
    let index = index - ASSERTIONS.len();
    if let Some(text) = MATCHERS.get(index) {
        let (arguments, _) = calls::arguments(bytes, at + text.len());
        let value = arguments.first()?.literal.clone()?;
        return Some((value, called(bytes.get(at.saturating_sub(NEAR)..at)?)?));
    }
    let text = SIGNS.get(index - MATCHERS.len())?;
    let behind = at + text.len();
    let rest = bytes.get(behind..bytes.len().min(behind + NEAR))?;
    let member = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.$[]'\"->?".contains(byte);
    let name = rest.get(..rest.iter().take_while(|byte| member(byte)).count())?;
    // Whatever is compared ends there: `"v" == password.length` asks for something else.
    Some((calls::string_before(bytes, at)?, called(name)?))
}

/// The one of two arguments that is a string, if the other has a name that says so. `start` is at the end of
/// the callee's known part.
fn asserted(bytes: &[u8], start: usize) -> Option<(Range<usize>, Named)> {
    let rest = bytes.get(start..bytes.len().min(start + 8))?;
    let open = rest.iter().position(|byte| matches!(byte, b'(' | b' '))?;
    let (arguments, _) = calls::arguments(bytes, start + open + 1);
    let (first, second) = (arguments.first()?, arguments.get(1)?);
    match (&first.literal, &second.literal) {
        (Some(value), None) => Some((value.clone(), called(second.text)?)),
        (None, Some(value)) => Some((value.clone(), called(first.text)?)),
        _ => None,
    }
}

/// What the last name of an expression says: `user.getPassword()`, `user["password"]`.
fn called(text: &[u8]) -> Option<Named> {
    let text = text.get(text.len().saturating_sub(NEAR)..)?;
    let end = text.iter().rposition(|byte| !b")]('\"".contains(byte))? + 1;
    let text = text.get(..end)?;
    let length = text.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let words = words::words(text.get(end - length..)?);
    let words =
        if words.len() > 1 && words.first().is_some_and(|word| word == "get") { words.get(1..)? } else { words.as_slice() };
    names::of_words(words).filter(|named| named.strength > Strength::Hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let found = literals().enumerate().find_map(|(index, literal)| {
            let start = memchr::memmem::find(text.as_bytes(), literal)?;
            at(text.as_bytes(), index, start).map(|(value, _)| &text[value])
        });
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_is_held_against_a_password() {
        check("assertEquals(\"abc\", user.getPassword());", Some("abc"));
        check("self.assertEqual(user['password'], 'abc')", Some("abc"));
        check("Assert.Equal(\"abc\", settings.Password);", Some("abc"));
        check("assert_equal 'abc', config.db_password\n", Some("abc"));
        check("assert_eq!(conf.password, \"abc\");", Some("abc"));
        check("expect(form.password).toBe('abc')", Some("abc"));
        check("if \"abc\" == password:", Some("abc"));
        check("if 'abc' != request.form['password']:", Some("abc"));
    }

    #[test]
    fn what_is_held_against_something_else() {
        check("assertEquals(\"abc\", user.getName());", None);
        check("assertEquals(user.getPassword(), other.getPassword());", None);
        check("expect(form.password.length).toBe('abc')", None);
        check("if \"abc\" == password.kind:", None);
        check("if \"password\" == field:", None);
    }
}
