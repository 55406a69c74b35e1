//! JSON web tokens (RFC 7519): header and payload decode, so we can say whose it is and until when.

use super::{Hit, border, judge, work};
use crate::finding::{Disposition, Severity};
use crate::rules::{Boundary, Rule};
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use hmac::{KeyInit, Mac};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Longest token; identity providers with many claims stay below.
pub(super) const LONGEST: usize = 8 << 10;

/// What every header begins with: `{"` in base64.
pub(super) const MARK: &[u8] = b"eyJ";
/// Headers tried in one run of base64: more than one is chance, many are an attack.
const TRIES: usize = 8;

/// The run of base64 that a header was last looked for in.
#[derive(Debug, Default)]
pub(super) struct Progress {
    end: usize,
    tries: usize,
    /// Headers that were not tried.
    pub(super) left_out: usize,
}

/// Finds the token that begins at `start`. Of `rules`, those that name issuers or require claims take
/// theirs, the others the rest.
pub(super) fn at(rules: &[(Arc<Rule>, Vec<String>)], bytes: &[u8], start: usize, progress: &mut Progress, hits: &mut Vec<Hit>) {
    if !border::may_start(bytes, start, Boundary::Token, 0..=LONGEST) {
        return;
    }
    if start < progress.end && progress.tries >= TRIES {
        progress.left_out += 1;
        return;
    }
    let text = bytes.get(start..).unwrap_or_default();
    let tries = if start < progress.end { progress.tries + 1 } else { 1 };
    *progress = Progress { end: start + part(text.get(..LONGEST).unwrap_or(text)).len(), tries, ..*progress };
    work::add(2 * (progress.end - start));
    let Some((length, header, payload)) = token(text) else { return };
    if !border::left(bytes, start, length, Boundary::Token) {
        return;
    }
    let issuer = payload.get("iss").and_then(Value::as_str).unwrap_or_default();
    for (rule, issuers) in rules {
        let issued = issuers.is_empty() || issuers.iter().any(|part| issuer.contains(part.as_str()));
        if issued && rule.requires.iter().all(|claim| claim.holds(&payload)) {
            let mut hit = judge::hit(rule, bytes, start..start + length, 3);
            if let Some(expiry) = expiry(&payload) {
                judge::age(&mut hit, expiry);
            }
            if let Some(key) = sample_key(text.get(..length).unwrap_or_default()) {
                hit.disposition = Disposition::Example;
                hit.severity = hit.severity.min(Severity::Low);
                hit.reasons.push(format!("signed with '{key}', a key of documentation").into());
            }
            if header.get("alg").and_then(Value::as_str).is_some_and(|alg| alg.eq_ignore_ascii_case("none")) {
                hit.severity = hit.severity.min(Severity::Low);
                hit.reasons.push("unsigned: anybody can make one".into());
                hit.note = Some("unsigned".to_owned());
            }
            hits.push(hit);
        }
    }
}

/// What documentation and tutorials sign their tokens with.
const SAMPLE_KEYS: &[&str] = &[
    "secret",
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "password",
    "key",
    "test",
    "changeme",
    "shhhhh",
    "mysecret",
    "my-secret",
    "supersecret",
    "jwt",
    "jwt-secret",
    "your-secret-key",
    "example",
    "secretkey",
    "12345678",
];

/// The sample key that a token signed with HMAC-SHA256 was signed with, if it was.
fn sample_key(token: &[u8]) -> Option<&'static str> {
    let at = token.iter().rposition(|byte| *byte == b'.')?;
    let signature = BASE64URL_NOPAD.decode(token.get(at + 1..)?).ok().filter(|signature| signature.len() == 32)?;
    let signs = |key: &&&str| {
        hmac::Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes())
            .is_ok_and(|mac| mac.chain_update(token.get(..at).unwrap_or_default()).verify_slice(&signature).is_ok())
    };
    SAMPLE_KEYS.iter().find(signs).copied()
}

/// Its length, header and payload.
fn token(text: &[u8]) -> Option<(usize, Map<String, Value>, Map<String, Value>)> {
    let text = text.get(..LONGEST).unwrap_or(text);
    let header = part(text);
    let payload = part(text.get(header.len()..)?.strip_prefix(b".")?);
    if header.len() < 12 || payload.len() < 8 {
        return None;
    }
    let signature = part(text.get(header.len() + 1 + payload.len()..)?.strip_prefix(b".")?);
    let length = header.len() + payload.len() + signature.len() + 2;
    let (header, payload) = (decoded(header)?, decoded(payload)?);
    let algorithm = header.get("alg")?.as_str()?;
    let signed = signature.len() >= 20 || signature.is_empty() && algorithm.eq_ignore_ascii_case("none");
    // More parts mean an encrypted token (RFC 7516), which holds no claim in the clear.
    (signed && (text.get(length) != Some(&b'.') || !header.contains_key("enc"))).then_some((length, header, payload))
}

fn part(text: &[u8]) -> &[u8] {
    let length = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/')).count();
    text.get(..length).unwrap_or_default()
}

fn decoded(part: &[u8]) -> Option<Map<String, Value>> {
    let bytes = BASE64URL_NOPAD.decode(part).or_else(|_| BASE64_NOPAD.decode(part)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The claim `exp`, seconds since 1970.
fn expiry(payload: &Map<String, Value>) -> Option<i64> {
    let claim = payload.get("exp")?;
    claim.as_i64().or_else(|| claim.as_f64().map(|float| float as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;
    use crate::rules::RuleSet;

    fn check(text: &str, expected: Option<(Severity, &str)>) {
        check_rule("", text, expected);
    }

    fn check_rule(more: &str, text: &str, expected: Option<(Severity, &str)>) {
        let rule = "issuer='X'\n[[rule]]\nid='jwt'\ntitle='JWT'\nseverity='critical'\nexamples=['a']\ndetector='jwt'\n";
        let set = RuleSet::parse(&[("x", format!("{rule}{more}"))]).unwrap();
        let mut hits = Vec::new();
        let (text, rules, mut progress) = (expand(text, 3), [(Arc::clone(&set.rules()[0]), Vec::new())], Progress::default());
        for start in memchr::memmem::find_iter(text.as_bytes(), MARK) {
            at(&rules, text.as_bytes(), start, &mut progress, &mut hits);
        }
        let found = hits.first().map(|hit| (hit.severity, hit.note.as_deref().unwrap_or_default()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn keys_of_documentation() {
        let signed = |key: &str| {
            let body = [r#"{"alg":"HS256"}"#, r#"{"sub":"1234"}"#].map(|part| BASE64URL_NOPAD.encode(part.as_bytes())).join(".");
            let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap().chain_update(&body);
            format!("{body}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
        };
        assert_eq!(sample_key(signed("secret").as_bytes()), Some("secret"));
        assert_eq!(sample_key(signed("4711-not-known").as_bytes()), None);
        check(&signed("secret"), Some((Severity::Low, "")));
    }

    #[test]
    fn tokens_and_their_age() {
        check("Bearer <jwt>", Some((Severity::Critical, "expires 2125-04-10")));
        check("Bearer <jwt:expired>", Some((Severity::Medium, "expired 2017-07-14")));
        check("<b64({\"alg\":\"none\",\"t\":1 })>.<b64({\"sub\":\"12345\"})>.", Some((Severity::Low, "unsigned")));
    }

    #[test]
    fn claims_choose_the_rule() {
        let token = |claims: &str| format!("<b64url({{\"alg\":\"HS256\"}})>.<b64url({claims})>.<b64url:43>");
        let admin = token(r#"{"iss":"acme","role":"service_role"}"#);
        let anyone = token(r#"{"iss":"acme","role":"anon"}"#);
        check_rule("requires=['iss=acme','role=service_role']", &admin, Some((Severity::Critical, "")));
        check_rule("requires=['iss=acme','role=service_role']", &anyone, None);
        check_rule("requires=['aud=b']", &token(r#"{"aud":["a","b"]}"#), Some((Severity::Critical, "")));
        check_rule("requires=['exp','aud']", &token(r#"{"exp":4900000000}"#), None);
        check_rule("lifetime='public-by-design'", "<jwt:expired>", Some((Severity::Medium, "expired 2017-07-14")));
    }

    #[test]
    fn what_only_starts_like_one() {
        for text in
            ["eyJ<base62:60>", "eyJ<b64url:40>.eyJ<b64url:40>.<b64url:43>", "x<jwt>", "eyJ", "<b64({\"alg\":\"none\"})>.<hex:10>"]
        {
            check(text, None);
        }
    }
}
