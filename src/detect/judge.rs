//! From a match to a hit: the check, the entropy and the placeholder judgement of the rule.

use super::{Hit, entropy, placeholder};
use crate::finding::{Disposition, Reason, Severity};
use crate::rules::{Form, Lifetime, Rule};
use crate::secret::Secret;
use std::ops::Range;
use std::sync::Arc;

/// A hit of `rule` at `span`, whose first `public` bytes are no secret.
pub(super) fn hit(rule: &Rule, bytes: &[u8], span: Range<usize>, public: usize) -> Hit {
    let mut hit = Hit {
        rule: Arc::clone(&rule.label),
        secret: Secret::new(bytes.get(span.clone()).unwrap_or_default(), public),
        span,
        name: None,
        severity: rule.severity,
        confidence: rule.confidence,
        disposition: if rule.lifetime == Lifetime::Public { Disposition::Public } else { Disposition::Actionable },
        reasons: vec![why(rule)],
        decoded: Vec::new(),
        note: None,
    };
    spare_test_variants(rule, &mut hit);
    hit
}

/// Why a match of the rule is believed.
fn why(rule: &Rule) -> Reason {
    let text = match &rule.form {
        _ if rule.lifetime == Lifetime::Public => "public by design",
        _ if rule.check.is_some() => "its built-in check holds",
        Form::Anchored { .. } => "the value identifies itself",
        Form::Contextual { .. } => "a name beside it tells the kind",
        Form::Structural { .. } => "its structure tells the kind",
        Form::Files { .. } => "the name of the file tells the kind",
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
    let passes = rule.check.is_none_or(|check| check.passes(slice(&whole)));
    let varied = is_varied(rule, slice(&body)) && !placeholder::is_dull(slice(&body));
    (passes && varied).then(|| hit(rule, bytes, secret, public))
}
