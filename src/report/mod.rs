//! The only place that knows a wire shape.
//!
//! A report never holds a secret unless the user asked for it: not in its own field, and not by way
//! of a file name, an instruction or a message that quotes it. [`Veil`] sees to the latter.

mod advice;
pub mod human;
pub mod json;
mod veil;

pub use veil::Veil;

use crate::audit::Audit;
use crate::audit::Verdict;

/// An audit with all that a report says besides.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What was found.
    pub audit: &'a Audit,
    /// What policy says of it.
    pub verdict: Verdict,
    /// Digest of the rules that were used.
    pub rules: &'a str,
    /// The operator's key for fingerprints; may be empty.
    pub fingerprint_key: &'a [u8],
    /// Whether the user asked to see secrets.
    pub show_secrets: bool,
    /// Whether people are told why each incident is judged as it is; for machines it always stands there.
    pub explain: bool,
}
