//! User and password in base64: `Authorization: Basic …` (RFC 7617).

use super::{Hit, judge, placeholder};
use crate::place::escaped;
use crate::rules::Rule;
use crate::secret::Secret;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use std::ops::Range;
use std::sync::Arc;

/// Longest run that is decoded; Docker's tokens can be JSON web tokens.
const LONGEST: usize = 6 << 10;

/// `Basic` or `basic`, but for its first letter.
pub(super) const MARK: &[u8] = b"asic ";

/// Finds the `Basic` credential whose mark stands at `at`, if `Authorization` stands before it.
pub(super) fn basic(rules: &[Arc<Rule>], bytes: &[u8], at: usize, hits: &mut Vec<Hit>) {
    let Some(rule) = rules.first() else { return };
    let before = bytes.get(at.saturating_sub(40)..at).unwrap_or_default();
    if !matches!(before, [.., b'b' | b'B']) || memchr::memmem::find(&before.to_ascii_lowercase(), b"authorization").is_none() {
        return;
    }
    let Some((user, password, run)) = pair(bytes, at + MARK.len()) else { return };
    let mut hit = encoded(rule, bytes, run, &password);
    judge::owned(&mut hit, Some(escaped(&user)), None);
    hits.push(hit);
}

/// A hit of a password that stands in a run of base64.
pub(super) fn encoded(rule: &Rule, bytes: &[u8], run: Range<usize>, password: &[u8]) -> Hit {
    let mut hit = judge::hit(rule, bytes, run, 0);
    hit.secret = Secret::new(password, 0);
    hit.decoded = vec!["base64"];
    hit
}

/// User, password and the run of base64 at `start` that they stand in.
pub(super) fn pair(bytes: &[u8], start: usize) -> Option<(Vec<u8>, Vec<u8>, Range<usize>)> {
    let rest = bytes.get(start..bytes.len().min(start + LONGEST))?;
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')).count();
    let run = rest.get(..length).filter(|run| run.len() >= 6)?;
    let padding = rest.get(length..)?.iter().take(2).take_while(|byte| **byte == b'=').count();
    let plain = BASE64_NOPAD.decode(run).or_else(|_| BASE64URL_NOPAD.decode(run)).ok()?;
    // Encoded by hand a newline comes along, and an old Docker padded with NULs.
    let text = std::str::from_utf8(&plain).ok()?.trim_end_matches(['\n', '\r', '\0']);
    if text.chars().any(char::is_control) {
        return None;
    }
    let (user, password) = text.split_once(':')?;
    let real =
        password.len() >= 3 && !placeholder::is_placeholder(password.as_bytes()) && !placeholder::is_reference(user.as_bytes());
    real.then(|| (user.as_bytes().to_vec(), password.as_bytes().to_vec(), start..start + length + padding))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;
    use crate::rules::RuleSet;

    fn check(text: &str, expected: Option<&str>) {
        let rule = "issuer='X'\n[[rule]]\nid='x'\ntitle='X'\nseverity='high'\nexamples=['a']\ndetector='basic-auth'";
        let set = RuleSet::parse(&[("x", rule)]).unwrap();
        let mut hits = Vec::new();
        let text = expand(text, 3);
        memchr::memmem::find_iter(text.as_bytes(), MARK).for_each(|at| basic(set.rules(), text.as_bytes(), at, &mut hits));
        assert_eq!(hits.first().and_then(|hit| hit.note.as_deref()), expected, "{text}");
    }

    #[test]
    fn headers() {
        check("curl -H 'Authorization: Basic <b64(svc:<word:12>)>'", Some("user svc"));
        check("proxy-authorization: basic <b64(a:<word:9>)>", Some("user a"));
        check("Authorization: Basic <b64(svc:<word:12>\n)>", Some("user svc"));
        check("Authorization: Basic $TOKEN", None);
        check("a basic introduction", None);
        check("Authorization: Basic <b64(user:password)>", None);
    }
}
