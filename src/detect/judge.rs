//! From a match to a hit: the check, the entropy and the placeholder judgement of the rule.

use super::{Hit, entropy, placeholder};
use crate::rules::Rule;
use crate::secret::Secret;
use std::ops::Range;
use std::sync::Arc;

/// A hit of `rule` at `span`, whose first `public` bytes are no secret.
pub(super) fn hit(rule: &Rule, bytes: &[u8], span: Range<usize>, public: usize) -> Hit {
    Hit {
        rule: Arc::clone(&rule.label),
        secret: Secret::new(bytes.get(span.clone()).unwrap_or_default(), public),
        span,
        name: None,
        severity: rule.severity,
        confidence: rule.confidence,
        decoded: Vec::new(),
        note: None,
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
