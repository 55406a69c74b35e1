//! From a match to a hit: the check, the entropy and the placeholder judgement of the rule.

use super::{Hit, assign, entropy, placeholder};
use crate::finding::{Confidence, Disposition, Part, PartKind, Reason, Severity, Share};
use crate::rules::{Failing, Form, Lifetime, Rule};
use crate::secret::Secret;
use std::ops::Range;
use std::sync::Arc;

/// What stands before a signature in its URL, at most.
const URL: usize = 400;

/// A hit of `rule` at `span`, whose first `public` bytes are no secret.
pub(super) fn hit(rule: &Rule, bytes: &[u8], span: Range<usize>, public: usize) -> Hit {
    let mut hit = Hit {
        rule: Arc::clone(&rule.label),
        secret: Secret::new(bytes.get(span.clone()).unwrap_or_default(), public),
        span,
        name: None,
        severity: rule.severity,
        confidence: rule.confidence,
        disposition: if is_public(rule) { Disposition::Public } else { Disposition::Actionable },
        reasons: vec![why(rule)],
        decoded: Vec::new(),
        note: None,
        parts: Vec::new(),
    };
    spare_test_variants(rule, &mut hit);
    hit
}

/// Whether what a rule finds is no secret by itself.
fn is_public(rule: &Rule) -> bool {
    rule.lifetime == Lifetime::Public || matches!(rule.label.share, Share::PublicHalf(_))
}

/// Says whose a secret is and where it opens, as far as that is known: `user` at `host`.
pub(super) fn owned(hit: &mut Hit, user: Option<String>, host: Option<String>) {
    let told = match (&user, &host) {
        (Some(user), Some(host)) => format!("user {user} at host {host}"),
        (Some(user), None) => format!("user {user}"),
        (None, Some(host)) => format!("host {host}"),
        (None, None) => return,
    };
    hit.note = Some(hit.note.take().map_or(told.clone(), |note| format!("{note}; {told}")));
    hit.parts.extend(user.map(|user| Part::shown(PartKind::User, user)));
    hit.parts.extend(host.map(|host| Part::shown(PartKind::Host, host)));
}

/// Why a match of the rule is believed.
fn why(rule: &Rule) -> Reason {
    let text = match &rule.form {
        _ if matches!(rule.label.share, Share::PublicHalf(_)) => "a public half: it opens nothing without its secret",
        _ if rule.lifetime == Lifetime::Public => "public by design",
        _ if rule.check.is_some() => "its built-in check holds",
        Form::Anchored { .. } => "the value identifies itself",
        Form::Contextual { .. } => "a name beside it tells the kind",
        Form::Structural { .. } => "its structure tells the kind",
        Form::Files { .. } => "the name of the file tells the kind",
        Form::Expression(expression) if expression.regex.is_none() => "the path of the file tells the kind",
        Form::Expression(_) => "an expression of your rules matches",
    };
    Reason::Borrowed(text)
}

/// Lowers a value that its issuer marks as one for tests.
fn spare_test_variants(rule: &Rule, hit: &mut Hit) {
    let secret = hit.secret.expose();
    if rule.variants.iter().any(|mark| memchr::memmem::find(secret, mark.as_bytes()).is_some()) {
        hit.severity = hit.severity.min(Severity::Low);
        hit.reasons.push("a key for tests or a sandbox".into());
    }
}

/// Whether the secret has the entropy that the rule asks for.
pub(super) fn is_varied(rule: &Rule, secret: &[u8]) -> bool {
    rule.entropy.is_none_or(|least| entropy::shannon(secret) >= least)
}

/// Judges an anchored match: `whole` is what the check sees, `body` is the secret without its anchor.
pub(super) fn anchored(
    rule: &Rule,
    bytes: &[u8],
    whole: Range<usize>,
    secret: Range<usize>,
    body: Range<usize>,
    public: usize,
) -> Option<Hit> {
    let slice = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
    let passes = rule.passes(slice(&whole));
    // Where the rule says which part is the secret, people put a placeholder into that part.
    // A hash is none, unless it is what the rule is about.
    let is_hash = |value: &[u8]| assign::is_hash(value) && !is_about_hashes(rule);
    let stands_in = |value: &[u8]| placeholder::is_placeholder(value) || is_hash(value) || assign::is_variable(value);
    let filled = is_public(rule) || secret == whole || !stands_in(slice(&secret));
    let varied = is_varied(rule, slice(&body)) && !placeholder::is_dull(slice(&body));
    if !varied || !filled || !passes && rule.failing == Failing::Drop {
        return None;
    }
    let mut hit = hit(rule, bytes, secret, public);
    if !passes {
        hit.severity = hit.severity.min(Severity::Low);
        hit.confidence = Confidence::Low;
        hit.disposition = Disposition::Example;
        hit.reasons = vec!["its checksum does not hold: nobody issued it".into()];
    }
    let url = whole.start.saturating_sub(URL)..whole.end;
    if let Some(end) = rule.check.and_then(|check| check.expiry(slice(&url))) {
        age(&mut hit, end);
    }
    Some(hit)
}

/// Whether the values of a rule begin as hashes do: its anchors are their marks.
fn is_about_hashes(rule: &Rule) -> bool {
    matches!(&rule.form, Form::Anchored { anchors, .. } if anchors.iter().all(|anchor| anchor.starts_with(b"$")))
}

/// Says until when a credential works, in seconds since 1970; lowers one that has expired by two steps.
pub(super) fn age(hit: &mut Hit, expiry: i64) {
    let Ok(expiry) = jiff::Timestamp::from_second(expiry) else { return };
    let date = expiry.to_string().chars().take(10).collect::<String>();
    if expiry >= jiff::Timestamp::now() {
        hit.note = Some(format!("expires {date}"));
        return;
    }
    hit.severity = match hit.severity {
        Severity::Critical => Severity::Medium,
        Severity::High | Severity::Medium | Severity::Low => Severity::Low,
        Severity::Info => Severity::Info,
    };
    if hit.disposition == Disposition::Actionable {
        hit.disposition = Disposition::Expired;
    }
    hit.reasons.push(format!("expired {date}").into());
    hit.note = Some(format!("expired {date}"));
}

#[cfg(test)]
mod tests {
    use super::super::{Engine, View};
    use super::*;
    use crate::forge::filler::expand;
    use crate::rules::RuleSet;

    fn check(rule: &str, text: &str, expected: Option<(Severity, Confidence, Disposition, &str)>) {
        let head = "issuer='X'\n[[rule]]\nid='x'\ntitle='X'\nseverity='critical'\nexamples=['a']\n";
        let engine = Engine::new(&RuleSet::parse(&[("x", format!("{head}{rule}"))]).unwrap()).unwrap();
        let text = expand(text, 3);
        let mut hits = Vec::new();
        engine.detect(&View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name: b"" }, &mut hits);
        let reason = |hit: &Hit| hit.reasons.last().map(|reason| reason.to_string()).unwrap_or_default();
        let found = hits.first().map(|hit| (hit.severity, hit.confidence, hit.disposition, reason(hit)));
        assert_eq!(found, expected.map(|(s, c, d, reason)| (s, c, d, reason.to_owned())), "{text}");
    }

    #[test]
    fn a_failing_checksum_makes_an_example_or_nothing() {
        let rule = "anchors=['tok_']\npattern='tok_[0-9A-Za-z]{36}'\ncheck='crc32-base62'\n";
        let lenient = format!("{rule}failing='example'");
        let holds = (Severity::Critical, Confidence::High, Disposition::Actionable, "its built-in check holds");
        let fails = (Severity::Low, Confidence::Low, Disposition::Example, "its checksum does not hold: nobody issued it");
        check(rule, "tok_<base62:30><crc32>", Some(holds));
        check(rule, "tok_<base62:36>", None);
        check(&lenient, "tok_<base62:30><crc32>", Some(holds));
        check(&lenient, "tok_<base62:36>", Some(fails));
    }

    #[test]
    fn signed_urls_expire() {
        let rule = "anchors=['sv=20']\npattern='sv=20[0-9\\-]{8}&sig=(?P<secret>[0-9A-Za-z+/]{43}=)'\ncheck='azure-sas'";
        let expired = (Severity::Medium, Confidence::High, Disposition::Expired, "expired 2001-09-09");
        let holds = (Severity::Critical, Confidence::High, Disposition::Actionable, "its built-in check holds");
        check(rule, "https://x/b?sp=r&se=2001-09-09T01:46:40Z&sv=2024-11-04&sig=<bytes:32>", Some(expired));
        check(rule, "https://x/b?sp=r&se=2901-09-09T01:46:40Z&sv=2024-11-04&sig=<bytes:32>", Some(holds));
        check(rule, "\"?se=2001-09-09\" \"?sv=2024-11-04&sig=<bytes:32>\"", Some(holds));
        check(rule, "?sv=2024-11-04&sig=<your-signature-goes-right-here-in-the-url->=", None);
    }
}
