//! URLs with a password in their user information (RFC 3986, section 3.2.1).

use super::{Hit, assign, judge, placeholder, work};
use crate::finding::{Confidence, Disposition, Severity};
use crate::place::escaped;
use crate::rules::Rule;
use std::ops::Range;
use std::sync::Arc;

/// What stands behind the scheme.
pub(super) const MARK: &[u8] = b"://";
/// User information and host together.
const LONGEST: usize = 512;
/// `postgresql+psycopg2` has 19.
const SCHEME: usize = 32;
/// Passwords of other meanings: they say that the user name is the token.
const MARKERS: &[&[u8]] = &[b"x-oauth-basic", b"x-token-auth", b"x-access-token"];

/// A rule about URLs.
#[derive(Debug)]
pub(super) struct UrlRule {
    pub(super) rule: Arc<Rule>,
    /// Lower case; empty takes what no other rule names.
    pub(super) schemes: Vec<String>,
    /// Endings of host names.
    pub(super) hosts: Vec<String>,
}

/// The parts of a URL, as ranges of the view.
struct Parts {
    scheme: Range<usize>,
    user: Range<usize>,
    password: Range<usize>,
    host: Range<usize>,
}

/// Finds the URL with a password whose mark stands at `at`.
pub(super) fn at(rules: &[UrlRule], bytes: &[u8], at: usize, hits: &mut Vec<Hit>) {
    let Some(parts) = parts(bytes, at) else { return };
    let text = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
    let (user, host) = (text(&parts.user), text(&parts.host));
    if !is_real(user, text(&parts.password), host) {
        return;
    }
    let scheme = String::from_utf8_lossy(text(&parts.scheme)).to_ascii_lowercase();
    let host_name = String::from_utf8_lossy(host).to_ascii_lowercase();
    let named = rules.iter().any(|rule| rule.hosts.is_empty() && rule.schemes.contains(&scheme));
    for rule in rules {
        let by_scheme = rule.schemes.contains(&scheme) || rule.schemes.is_empty() && (!named || !rule.hosts.is_empty());
        let by_host = rule.hosts.is_empty() || rule.hosts.iter().any(|ending| host_name.ends_with(ending.as_str()));
        if by_scheme && by_host {
            let mut hit = judge::hit(&rule.rule, bytes, parts.password.clone(), 0);
            judge::owned(&mut hit, Some(escaped(user)).filter(|user| !user.is_empty()), Some(escaped(host)));
            if assign::is_word(text(&parts.password)) {
                hit.severity = hit.severity.min(Severity::Low);
                hit.confidence = Confidence::Medium;
                hit.reasons.push("a weak value: anybody would try it".into());
            }
            if (user, text(&parts.password)) == (b"scott", b"tiger") {
                hit.disposition = Disposition::Example;
                hit.reasons.push("the sample account of the Oracle documentation".into());
            }
            let local = matches!(host, b"localhost" | b"127.0.0.1") && user == text(&parts.password);
            if local || host_name.contains("example") {
                hit.confidence = Confidence::Low;
            }
            hits.push(hit);
        }
    }
}

fn parts(bytes: &[u8], at: usize) -> Option<Parts> {
    let before = bytes.get(at.saturating_sub(SCHEME)..at)?;
    let length =
        before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-')).count();
    let scheme = at - length..at;
    let skip = bytes.get(scheme.clone())?.iter().position(u8::is_ascii_alphabetic)?;
    let start = at + 3;
    let rest = bytes.get(start..bytes.len().min(start + LONGEST))?;
    // Nearly all end here, at a slash.
    let colon = rest.iter().position(|byte| matches!(byte, b':' | b'/' | b'?' | b'#' | b'@') || stops(byte))?;
    if rest.get(colon) != Some(&b':') {
        return None;
    }
    let ends = |byte: &u8| matches!(byte, b'/' | b'?' | b'#') || stops(byte);
    let authority = rest.get(..rest.iter().position(ends).unwrap_or(rest.len()))?;
    work::add(authority.len());
    let sign = match authority.iter().rposition(|byte| *byte == b'@') {
        Some(sign) => sign,
        None => odd(rest, colon, authority.len(), bytes.get(scheme.clone())?)?,
    };
    let after = rest.get(sign + 1..)?;
    let numeric = after.first() == Some(&b'[');
    let host = after.iter().position(|byte| {
        numeric && *byte == b']' || !numeric && matches!(byte, b'/' | b'?' | b'#' | b':' | b',' | b';' | b')') || stops(byte)
    });
    let host = sign + 1..sign + 1 + host.unwrap_or(after.len());
    let moved = |range: Range<usize>| start + range.start..start + range.end;
    let parts =
        Parts { scheme: scheme.start + skip..at, user: moved(0..colon), password: moved(colon + 1..sign), host: moved(host) };
    (!parts.scheme.is_empty() && colon < sign && !parts.password.is_empty() && !parts.host.is_empty()).then_some(parts)
}

/// Whether a URL does not go on with `byte`.
fn stops(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_control() || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\')
}

/// The `@` of a URL whose password holds `/`, `?` or `#` unescaped. Not in web addresses, where a path
/// with an `@` is common, and not where the part before the slash is a port.
fn odd(rest: &[u8], colon: usize, authority: usize, scheme: &[u8]) -> Option<usize> {
    let web = scheme.to_ascii_lowercase().starts_with(b"http");
    let port = rest.get(colon + 1..authority)?.iter().all(u8::is_ascii_digit);
    if web || port {
        return None;
    }
    let sign = rest.iter().position(|byte| *byte == b'@' || stops(byte)).unwrap_or(rest.len());
    work::add(sign);
    (rest.get(sign) == Some(&b'@') && sign > authority).then_some(sign)
}

fn is_real(user: &[u8], password: &[u8], host: &[u8]) -> bool {
    let brackets = user.iter().chain(password).any(|byte| matches!(byte, b'[' | b'(' | b'|'));
    let host_fits = host.iter().all(|b| b.is_ascii_alphanumeric() || b"._-:[]${}%*".contains(b))
        && host.iter().any(u8::is_ascii_alphanumeric);
    let plain = percent_decoded(password);
    let sample = matches!(user, b"user" | b"username" | b"login" | b"USER" | b"USERNAME") && plain.len() <= 4;
    host_fits
        && !brackets
        && plain.len() >= 3
        && !sample
        && !MARKERS.contains(&plain.as_slice())
        && !placeholder::is_placeholder(password)
        && !placeholder::is_placeholder(&plain)
        && !assign::is_constant(&plain)
        && !assign::is_word_for_password(&plain)
        && !placeholder::is_reference(user)
        && !plain.iter().any(|byte| byte.is_ascii_control())
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;
    use crate::rules::RuleSet;

    fn check(text: &str, expected: Option<&str>) {
        let rule = "issuer='X'\n[[rule]]\nid='url'\ntitle='URL'\nseverity='high'\nexamples=['a']\ndetector='url'";
        let set = RuleSet::parse(&[("x", rule)]).unwrap();
        let rules = [UrlRule { rule: Arc::clone(&set.rules()[0]), schemes: Vec::new(), hosts: Vec::new() }];
        let mut hits = Vec::new();
        let text = expand(text, 3);
        memchr::memmem::find_iter(text.as_bytes(), MARK).for_each(|place| at(&rules, text.as_bytes(), place, &mut hits));
        assert_eq!(hits.first().and_then(|hit| hit.note.as_deref()), expected, "{text}");
    }

    #[test]
    fn passwords() {
        check("DATABASE_URL=postgres://app:<word:14>@db.internal:5432/app", Some("user app at host db.internal"));
        check("rediss://:<word:14>@cache:6379/0", Some("host cache"));
        check("\"mysql+pymysql://u.x:p%40ss<word:6>@[::1]/d\"", Some("user u.x at host [::1"));
        check("amqp://svc:p/<word:8>@rabbit//", Some("user svc at host rabbit"));
        check("https://a:b@<word:6>@host.internal/x", Some("user a at host host.internal"));
    }

    #[test]
    fn quiet() {
        for text in [
            "https://host:8443/a@b",
            "http://user:password@host/",
            "http://user:pass@host/",
            "postgres://${U}:${P}@h/d",
            "https://u:$TOKEN@h/",
            "https://u:{{ password }}@h/",
            "mysql://u:<password>@h/",
            "ftp://u:***@h/",
            "https://u@h/",
            "https://h/p:q@r",
            "redis://%s:%s@h",
            "://a:b@c",
            "https://u:xxxxx@h/",
            "mysql://app:SERVICE_DBPASS@controller/x",
            "mailjet://USER_KEY:ACCESS_TOKEN@default",
            "driver://konto:passwort@host/x",
            "driver://utente:contraseña@host/x",
            "postgres://u:&lt;my_key&gt;@h/x",
            "https://u:changeme@h",
        ] {
            check(text, None);
        }
    }
}
