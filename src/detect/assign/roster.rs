//! Passwords that stand behind their users: `USERS = {"admin": "v"}`, `logins = [("bob", "v")]`, and
//! the second of two values that are assigned to a user and a password.

use super::super::work;
use super::calls;
use super::literal::Cursor;
use std::ops::Range;

/// Ends of names of such a list, and how it opens, for the literal pass.
const LISTS: &[&str] = &[
    "sers = {",
    "SERS = {",
    "sers={",
    "sers: {",
    "sers\": {",
    "sers': {",
    "ccounts = {",
    "CCOUNTS = {",
    "ccounts: {",
    "ccounts\": {",
    "edentials = {",
    "EDENTIALS = {",
    "ogins = {",
    "asswords = {",
    "ASSWORDS = {",
    "asswords\": {",
    "sers = [(",
    "SERS = [(",
    "ccounts = [(",
    "edentials = [(",
    "EDENTIALS = [(",
    "ogins = [(",
];
/// What stands in an object that is no list of users.
const FIELDS: [&str; 9] = ["type", "name", "version", "id", "description", "license", "title", "url", "label"];
/// Users of one list that are looked at.
const ROWS: usize = 24;
/// Longest name of a user.
const USER: usize = 48;
/// Longest password of one.
const LONGEST: usize = 32;
/// Names before an assignment to several.
const NAMES: usize = 96;

/// What the literal pass is to look for, by the index that [`at`] takes.
pub(super) fn literals() -> impl Iterator<Item = &'static [u8]> {
    LISTS.iter().map(|text| text.as_bytes())
}

/// What stands behind the users of the list that opens at `at`, where it looks like a password; and where
/// that ends.
pub(super) fn at(bytes: &[u8], index: usize, at: usize) -> (Vec<Range<usize>>, usize) {
    let Some(opening) = LISTS.get(index).filter(|opening| is_whole(bytes, at, opening)) else { return (Vec::new(), at) };
    let pairs = opening.ends_with('(');
    let mut text = Cursor { bytes, at: at + opening.len() };
    let mut found = Vec::new();
    for _ in 0..ROWS {
        let Some((user, value)) = row(&mut text, pairs) else { break };
        if bytes.get(user).is_some_and(|name| FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field.as_bytes()))) {
            return (Vec::new(), text.at);
        }
        if bytes.get(value.clone()).is_some_and(is_chosen) {
            found.push(value);
        }
        text.blank_lines();
        if !text.eat(b",") {
            break;
        }
        text.blank_lines();
        if pairs && !text.eat(b"(") {
            break;
        }
    }
    work::add(text.at - at);
    (found, text.at)
}

/// Whether the word that ends with a list's opening begins where it is to: `Users`, not `browsers`.
fn is_whole(bytes: &[u8], at: usize, opening: &str) -> bool {
    let first: &[u8] = match opening.as_bytes().first().map(u8::to_ascii_lowercase) {
        Some(b's') => b"u",
        Some(b'c') => b"a",
        Some(b'e') => b"cr",
        Some(b'o') => b"l",
        _ => b"p",
    };
    let Some(start) = at.checked_sub(first.len()) else { return false };
    let Some(begin) = bytes.get(start..at).filter(|begin| begin.eq_ignore_ascii_case(first)) else { return false };
    let before = start.checked_sub(1).and_then(|before| bytes.get(before));
    let is_hump = begin.first().is_some_and(u8::is_ascii_uppercase) && before.is_none_or(u8::is_ascii_lowercase);
    is_hump || before.is_none_or(|before| !before.is_ascii_alphanumeric())
}

/// One user with what stands behind; the bracket that closes a pair is passed too.
fn row(text: &mut Cursor<'_>, is_pair: bool) -> Option<(Range<usize>, Range<usize>)> {
    text.blank_lines();
    let user = text.literal()?;
    let name = text.bytes.get(user.clone())?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-@".contains(byte);
    if name.is_empty() || name.len() > USER || !name.iter().all(plain) {
        return None;
    }
    text.blank();
    let joined = if is_pair { text.eat(b",") } else { text.eat(b":") || text.eat(b"=>") };
    text.blank();
    let value = if joined { text.literal()? } else { return None };
    (!is_pair || text.eat(b")")).then_some((user, value))
}

/// Whether a value has a digit, and is no number of something: `user-4711`, `0x10ab`, of a bank.
fn is_chosen(value: &[u8]) -> bool {
    if value.len() > LONGEST || value.starts_with(b"0x") || !value.iter().any(u8::is_ascii_lowercase) {
        return false;
    }
    let digits = value.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let before = value.get(..value.len() - digits).unwrap_or_default();
    let numbered = digits > 0
        && matches!(before.last(), Some(b'-' | b'_' | b'.' | b':' | b'#'))
        && before.iter().rev().skip(1).all(u8::is_ascii_alphabetic);
    value.iter().any(u8::is_ascii_digit) && !numbered
}

/// What a name gets where several are assigned to at once, if it is one of them.
/// The inner `None` says that it gets no string.
pub(super) fn unpacked(bytes: &[u8], name: &Range<usize>) -> Option<Option<Range<usize>>> {
    if !matches!(bytes.get(name.start.wrapping_sub(2)..name.start), Some([b',', b' '] | [_, b','])) {
        return None;
    }
    let before = bytes.get(name.start.saturating_sub(NAMES)..name.start)?;
    let line = before.rsplit(|byte| *byte == b'\n').next()?.trim_ascii();
    let line = [&b"let "[..], b"var ", b"const ", b"my "].into_iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
    let opened = line.iter().take_while(|byte| matches!(byte, b'[' | b'(')).count();
    let names = line.get(opened..)?.strip_suffix(b",")?;
    let is_name = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$'))
    };
    if !names.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).all(is_name) {
        return None;
    }
    let place = names.split(|byte| *byte == b',').count();
    let mut text = Cursor { bytes, at: name.end };
    let _ = text.eat(b"]");
    text.blank();
    if !text.eat(b":=") && !text.eat(b"=") || matches!(text.peek(), Some(b'=' | b'>')) {
        return None;
    }
    text.blank();
    let _ = text.eat(b"[") || text.eat(b"(");
    let (values, _) = calls::arguments(bytes, text.at);
    // One value may be that of the last argument of a call on several lines.
    (values.len() > 1).then(|| values.get(place).and_then(|value| value.literal.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found = literals().enumerate().find_map(|(index, literal)| {
            let start = memchr::memmem::find(text.as_bytes(), literal)?;
            Some(at(text.as_bytes(), index, start).0.into_iter().map(|value| &text[value]).collect::<Vec<_>>())
        });
        assert_eq!(found.unwrap_or_default(), expected, "{text}");
    }

    #[test]
    fn users_with_their_passwords() {
        check("USERS = {\"admin\": \"abc1\", \"bob\": \"def2\"}", &["abc1", "def2"]);
        check("accounts = {\n    'root': 'abc1',\n}", &["abc1"]);
        check("credentials = [(\"a\", \"abc1\"), (\"b\", \"def2\")]", &["abc1", "def2"]);
        check("{\"users\": {\"bob\": \"abc1\"}}", &["abc1"]);
        check("USERS = {\"bob\": \"Bob Smith\", \"x\": \"user-4711\"}", &[]);
        check("users = {\"bob\": get(1)}", &[]);
        check("users = {}", &[]);
        check("testUsers = {\"bob\": \"abc1\"}", &["abc1"]);
        check("\"@a/browsers\": {\"bob\": \"abc1\"}", &[]);
        check("{\"users\": {\"bob\": \"abc1\", \"version\": \"abc2\"}}", &[]);
        check("accounts = {\"bob\": \"0x10ab\", \"eve\": \"DE4711\"}", &[]);
    }

    #[test]
    fn several_names_at_once() {
        let check = |text: &str, expected: Option<Option<&str>>| {
            let start = text.find("password").unwrap();
            let found = unpacked(text.as_bytes(), &(start..start + 8)).map(|value| value.map(|value| &text[value]));
            assert_eq!(found, expected, "{text}");
        };
        for (before, behind) in
            [("user, ", " = \"bob\", \"abc\"\n"), ("[user, ", "] = ['bob', 'abc']"), ("  user, ", " := \"bob\", \"abc\"\n")]
        {
            check(&format!("{before}password{behind}"), Some(Some("abc")));
        }
        check("user, password = line.split(':')\n", None);
        check("user, password = a.user, a.password\n", Some(None));
        check("connect(user, password=\"abc\")", None);
        check("user = x, password = \"abc\"", None);
        check("f(\n  user, password=\"abc\")", None);
        check("password = \"abc\"", None);
    }
}
