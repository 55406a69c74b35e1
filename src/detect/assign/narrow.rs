//! Which part of what stands behind a name is the secret, and what the text right around it adds to the name:
//! `Bearer v`, `user:v`, `"\\"v\\""`, "API key: v".

use super::lists::SAID;
use super::names::{self, Kind, Named, Strength};
use super::notation::{Candidate, Joint};
use super::{NAME, unwrap};
use std::ops::Range;

/// Signs in a value that are looked at for the start of another field.
const FIELDS: usize = 16;

/// Where the colon behind a user name is.
pub(super) fn behind_user(value: &[u8]) -> Option<usize> {
    let user = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-@+$".contains(byte);
    memchr::memchr(b':', value).filter(|colon| value.get(..*colon).is_some_and(|name| name.iter().all(user)))
}

/// The secret within what was found, and what the name promises given what stands before that.
pub(super) fn to_secret(name: &[u8], mut named: Named, bytes: &[u8], mut found: Candidate) -> Option<(Named, Candidate)> {
    if let Some(inner) = unwrap::default_within(bytes, &found.value) {
        found.value = inner;
    }
    let mut found = unescaped(bytes, without_rest_of_query(bytes, without_scheme(bytes, found)));
    let lower = name.to_ascii_lowercase();
    let both = [&b"userpwd"[..], b"userpass", b"user_pwd"].iter().any(|both| lower.ends_with(both));
    // `--auth user:v`, "the credentials are user:v"
    let login = matches!(found.joint, Joint::Option | Joint::Told) && named.kind == Kind::Credential;
    if let Some(start) = behind_slash(name, bytes, &found.value) {
        found.value.start = start;
    } else if (both || login)
        && let Some(colon) = behind_user(bytes.get(found.value.clone())?)
    {
        found.value.start += colon + 1;
        named = names::PASSWORD;
    }
    if named.strength == Strength::Usual && behind_scheme(bytes, found.value.start) {
        named.strength = Strength::Plain;
    }
    Some((named, found))
}

/// Where the password starts in `user/password: bob/v`.
fn behind_slash(name: &[u8], bytes: &[u8], value: &Range<usize>) -> Option<usize> {
    let before = bytes.get(value.start.saturating_sub(NAME)..value.start)?;
    let before = before.get(..memchr::memmem::rfind(before, name)?)?.strip_suffix(b"/")?;
    let users = [&b"user"[..], b"username", b"login", b"User", b"Username", b"Login"];
    let both = bytes.get(value.clone())?;
    let slash = memchr::memchr2(b'/', b':', both).filter(|slash| *slash > 0 && *slash + 1 < both.len())?;
    (!name.is_empty() && users.iter().any(|user| before.ends_with(user))).then_some(value.start + slash + 1)
}

/// Steps over `Bearer` and its like before the credential itself.
fn without_scheme(bytes: &[u8], found: Candidate) -> Candidate {
    let value = bytes.get(found.value.clone()).unwrap_or_default();
    let scheme = ["bearer ", "token ", "basic ", "apikey ", "key ", "token=", "bearer: "]
        .iter()
        .find(|scheme| value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes())));
    match scheme {
        Some(scheme) => Candidate { value: found.value.start + scheme.len()..found.value.end, ..found },
        None => found,
    }
}

/// Without the next fields of a query: `v&user=bob`.
fn without_rest_of_query(bytes: &[u8], found: Candidate) -> Candidate {
    let value = bytes.get(found.value.clone()).unwrap_or_default();
    let is_field = |at: &usize| {
        let field = value.get(at + 1..).unwrap_or_default();
        let name = field.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')).count();
        name > 1 && field.get(name) == Some(&b'=') && field.len() > name + 1
    };
    // An address with a query is one thing.
    let is_address = value.contains(&b'?');
    let end = memchr::memchr_iter(b'&', value).take(FIELDS).find(|at| *at > 0 && !is_address && is_field(at));
    match end {
        Some(end) => Candidate { value: found.value.start..found.value.start + end, ..found },
        None => found,
    }
}

/// The word before the name that stands before the value at `at`, if both are words of a text.
pub(super) fn said_before(bytes: &[u8], at: usize, name: &[u8], is_prose: bool) -> Option<String> {
    let before = bytes.get(at.saturating_sub(NAME)..at)?;
    let before = before.get(..memchr::memmem::rfind(before, name)?)?;
    // `"Jwt:Key"` of .NET is one name.
    let joined = before.ends_with(b":");
    let before = before.strip_suffix(if joined { b":" } else { b" " })?;
    let length = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = std::str::from_utf8(before.get(before.len() - length..)?).ok()?.to_ascii_lowercase();
    (if joined { !word.is_empty() } else { is_prose && SAID.contains(word.as_str()) }).then_some(word)
}

/// Whether the word of a scheme stands right before `at`: what follows is what opens.
fn behind_scheme(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(at.saturating_sub(8)..at).unwrap_or_default().to_ascii_lowercase();
    [&b"bearer "[..], b"token ", b"basic ", b"apikey ", b"oauth "].iter().any(|scheme| before.ends_with(scheme))
}

/// Without the quotes of a string in a string, and without a line end: `"\"v\""`, `"v\n"`.
fn unescaped(bytes: &[u8], found: Candidate) -> Candidate {
    match bytes.get(found.value.clone()) {
        Some([.., b'\\', b'n' | b'r']) => Candidate { value: found.value.start..found.value.end - 2, ..found },
        Some([b'\\', b'"', .., b'\\', b'"']) if found.value.len() > 4 => {
            Candidate { value: found.value.start + 2..found.value.end - 2, ..found }
        }
        // A quote that closes what opened before the name: `"pass:v"`, `'… (password: v)'`.
        Some([inner @ .., quote @ (b'"' | b'\'')]) if !found.quoted && inner.len() > 3 && !inner.contains(quote) => {
            let end = found.value.end - 1;
            let bracket = inner.last() == Some(&b')') && !inner.contains(&b'(');
            Candidate { value: found.value.start..end - usize::from(bracket), ..found }
        }
        _ => found,
    }
}
