//! Registry passwords in the configuration of a Docker client.
//!
//! ```json
//! {"auths": {"HOST": {"auth": "base64 of USER:PASSWORD"}}}
//! {"HOST": {"auth": "…", "email": "…"}}                             the older .dockercfg
//! {"auths": {"HOST": {"username": "USER", "password": "PASSWORD"}}}
//! ```
//!
//! Any text may hold one: a file, a script that writes it, a string in a document.

use super::http::{encoded, pair};
use super::{Hit, judge, placeholder};
use crate::place::escaped;
use crate::rules::Rule;
use crate::secret::Secret;
use std::ops::Range;
use std::sync::Arc;

/// How far left of a value its object is looked for; less than windows overlap.
const BEFORE: usize = 1536;
/// How far right of it.
const AFTER: usize = 1536;
/// White space, quotes and a colon.
const JOINT: usize = 64;
const PASSWORD: usize = 512;

/// What `auth` and `auths` begin with.
pub(super) const MARK: &[u8] = b"\"auth";

/// Finds the password in base64 whose mark stands at `at`; says whether that is `auths` and calls for
/// [`passwords`].
pub(super) fn at(rules: &[Arc<Rule>], bytes: &[u8], at: usize, hits: &mut Vec<Hit>) -> bool {
    let Some(rule) = rules.first() else { return false };
    let end = at + MARK.len();
    if let Some((user, password, run)) = value_after(bytes, end).and_then(|start| pair(bytes, start)) {
        let mut hit = encoded(rule, bytes, run, &password);
        owned(&mut hit, &user, object(bytes, at).0);
        hits.push(hit);
    }
    bytes.get(end) == Some(&b's')
}

/// Finds passwords that stand as they are, in a text with `auths`.
pub(super) fn passwords(rules: &[Arc<Rule>], bytes: &[u8], hits: &mut Vec<Hit>) {
    let Some(rule) = rules.first() else { return };
    hits.extend(memchr::memmem::find_iter(bytes, b"\"password").filter_map(|at| plain(rule, bytes, at)));
}

/// A password that stands as it is, in an entry of `auths`. Where it is in `auth` too, that hit is enough.
fn plain(rule: &Rule, bytes: &[u8], at: usize) -> Option<Hit> {
    let (span, password) = string(bytes, value_after(bytes, at + 9)?)?;
    let before = bytes.get(at.saturating_sub(BEFORE)..at)?;
    let last = memchr::memmem::rfind(before, b"\"auths")?;
    let open = before.iter().enumerate().skip(last).fold(0usize, |open, (_, byte)| match byte {
        b'{' => open + 1,
        b'}' => open.saturating_sub(1),
        _ => open,
    });
    if open != 2 {
        return None;
    }
    let (host, members) = object(bytes, at);
    let member = |key: &[u8]| {
        let found = memchr::memmem::find(bytes.get(members.clone())?, key)? + members.start + key.len();
        value_after(bytes, found)
    };
    let repeated = member(b"\"auth").and_then(|start| pair(bytes, start)).is_some_and(|(_, other, _)| other == password);
    if repeated || password.len() < 3 || placeholder::is_placeholder(&password) {
        return None;
    }
    let user = member(b"\"username").and_then(|start| string(bytes, start)).map(|(_, user)| user).unwrap_or_default();
    let mut hit = judge::hit(rule, bytes, span, 0);
    hit.secret = Secret::new(&password, 0);
    owned(&mut hit, &user, host);
    Some(hit)
}

fn owned(hit: &mut Hit, user: &[u8], host: Option<&[u8]>) {
    let user = Some(escaped(user)).filter(|user| host.is_none() || !user.is_empty());
    judge::owned(hit, user, host.map(escaped));
}

/// Where the text begins that belongs to the key before `at`, its closing quote not yet taken.
fn value_after(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..bytes.len().min(at + JOINT))?;
    let length = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b':' | b'\\')).count();
    let joint = rest.get(..length)?;
    // An empty text's own quotes are no joint.
    let quotes = joint.iter().filter(|byte| **byte == b'"').count();
    (joint.contains(&b':') && joint.ends_with(b"\"") && quotes == 2).then_some(at + length)
}

/// The text that begins at `start`, read as JSON where it is that, and up to an escaped quote where the
/// whole document is a string.
fn string(bytes: &[u8], start: usize) -> Option<(Range<usize>, Vec<u8>)> {
    let rest = bytes.get(start..bytes.len().min(start + PASSWORD))?;
    let inner = start.checked_sub(2).and_then(|at| bytes.get(at)) == Some(&b'\\');
    let mut escaped = false;
    let length = rest.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped || inner && *byte == b'\\';
        escaped = *byte == b'\\' && !escaped;
        ends
    })?;
    let text = bytes.get(start..start + length)?;
    let quoted = [b"\"", text, b"\""].concat();
    let text = serde_json::from_slice::<String>(&quoted).map_or_else(|_| text.to_vec(), String::into_bytes);
    Some((start..start + length, text))
}

/// The key of the object around `at`, and what is in it.
fn object(bytes: &[u8], at: usize) -> (Option<&[u8]>, Range<usize>) {
    let from = at.saturating_sub(BEFORE);
    let before = bytes.get(from..at).unwrap_or_default();
    let Some(brace) = before.iter().rposition(|byte| *byte == b'{') else { return (None, at..at) };
    let after = bytes.get(at..bytes.len().min(at + AFTER)).unwrap_or_default();
    let end = at + after.iter().position(|byte| *byte == b'}').unwrap_or(after.len());
    (before.get(..brace).and_then(last_quoted), from + brace + 1..end)
}

/// What stands between the last two quotes, which may themselves be escaped.
fn last_quoted(before: &[u8]) -> Option<&[u8]> {
    let close = before.iter().rposition(|byte| *byte == b'"')?;
    let close = if close > 0 && before.get(close - 1) == Some(&b'\\') { close - 1 } else { close };
    let open = before.get(..close)?.iter().rposition(|byte| *byte == b'"')?;
    before.get(open + 1..close).filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;
    use crate::rules::RuleSet;

    fn check(text: &str, expected: &[&str]) {
        let rule = "issuer='X'\n[[rule]]\nid='x'\ntitle='X'\nseverity='high'\nexamples=['a']\ndetector='docker-auth'";
        let set = RuleSet::parse(&[("x", rule)]).unwrap();
        let mut hits = Vec::new();
        let text = expand(text, 3);
        let mut has_auths = false;
        for place in memchr::memmem::find_iter(text.as_bytes(), MARK) {
            has_auths |= at(set.rules(), text.as_bytes(), place, &mut hits);
        }
        if has_auths {
            passwords(set.rules(), text.as_bytes(), &mut hits);
        }
        assert_eq!(hits.iter().filter_map(|hit| hit.note.as_deref()).collect::<Vec<_>>(), expected, "{text}");
        assert!(hits.iter().all(|hit| hit.secret.len() == 12), "{text}");
    }

    #[test]
    fn user_and_password_in_base64() {
        let auth = "\"auth\": \"<b64(ci:<word:12>)>\"";
        check(&format!("{{\"auths\": {{\"r.internal\": {{{auth}}}}}}}"), &["user ci at host r.internal"]);
        check(&format!("{{\"auths\":\n {{\"r:5000\" : {{\"email\": \"a@b\", {auth}}}}}}}"), &["user ci at host r:5000"]);
        check(
            &format!("{{\"https://r.internal/v1/\": {{{auth}, \"email\": \"\"}}}}"),
            &["user ci at host https://r.internal/v1/"],
        );
        check(&format!("{{\"auths\": {{\"a\": {{{auth}}}, \"b\": {{{auth}}}}}}}"), &["user ci at host a", "user ci at host b"]);
        let escaped = format!("echo \"{}\"", format!("{{\"auths\": {{\"r\": {{{auth}}}}}}}").replace('"', "\\\""));
        check(&escaped, &["user ci at host r"]);
        check("{\"auths\": {\"r\": {\"auth\": \"<b64(ci:<word:12>\n)>\"}}}", &["user ci at host r"]);
    }

    #[test]
    fn user_and_password_as_they_are() {
        let plain = "\"username\": \"ci\", \"password\": \"<word:12>\"";
        check(&format!("{{\"auths\": {{\"r.internal\": {{{plain}}}}}}}"), &["user ci at host r.internal"]);
        check("{\"auths\": {\"r\": {\"password\": \"<word:12>\", \"username\": \"\"}}}", &["host r"]);
        check(&format!("{{\"auths\": {{\"a\": {{}}, \"b\": {{{plain}}}}}}}"), &["user ci at host b"]);
        check("{\"auths\": {\"r\": {\"username\": \"ci\", \"password\": \"abc\\\"\\u0026x9<word:5>\"}}}", &["user ci at host r"]);
        let escaped = format!("'{}'", format!("{{\"auths\": {{\"r\": {{{plain}}}}}}}").replace('"', "\\\""));
        check(&escaped, &["user ci at host r"]);
        let both = "{\"auths\": {\"r\": {\"username\": \"ci\", \"password\": \"@\", \"auth\": \"<b64(ci:@)>\"}}}";
        check(&both.replace('@', &expand("<word:12>", 1)), &["user ci at host r"]);
    }

    #[test]
    fn what_is_no_registry_password() {
        check("{\"auths\": {\"r.internal\": {}}, \"credsStore\": \"pass\"}", &[]);
        check("{\"auth\": \"none\", \"author\": \"somebody\"}", &[]);
        check("{\"auths\": {\"r\": {\"auth\": \"\", \"email\": \"<b64(ci:<word:12>)>\"}}}", &[]);
        check("{\"auths\": {\"r\": {\"auth\": \"<b64(ci:password)>\", \"password\": \"${P}\"}}}", &[]);
        check("{\"auths\": {}, \"database\": {\"password\": \"<word:12>\"}}", &[]);
        check("{\"database\": {\"password\": \"<word:12>\"}}", &[]);
    }
}
