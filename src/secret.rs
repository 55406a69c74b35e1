//! A secret that was found: bytes that must not be seen.
//!
//! The type prints nothing. Reports get [`Secret::redacted`] and [`Secret::fingerprint`]; the bytes
//! themselves come out through [`Secret::expose`] alone, whose callers a test lists.

use std::fmt;

/// The bytes of a credential.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret {
    bytes: Box<[u8]>,
    /// How many bytes at the start are public: the literal prefix of the kind, as in `ghp_`.
    public: u8,
}

impl Secret {
    /// Keeps `bytes`, of which the first `public` are no secret because every credential of the kind has them.
    pub fn new(bytes: &[u8], public: usize) -> Self {
        Self { bytes: bytes.into(), public: u8::try_from(public.min(bytes.len())).unwrap_or(0) }
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether one of the two holds the other: the same secret, seen with more or less of what is around it.
    pub fn overlaps(&self, other: &Self) -> bool {
        let holds = |long: &[u8], short: &[u8]| memchr::memmem::find(long, short).is_some();
        !self.is_empty() && !other.is_empty() && (holds(&self.bytes, &other.bytes) || holds(&other.bytes, &self.bytes))
    }

    /// The same secret without its public part: what makes two findings one incident.
    pub fn bare(&self) -> Self {
        Self { bytes: self.bytes.clone(), public: 0 }
    }

    /// The secret itself. Every call site is listed in the architecture test.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// What a report shows: the public prefix and stars. The number of stars says nothing.
    pub fn redacted(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let prefix = self.bytes.get(..usize::from(self.public)).unwrap_or_default();
        format!("{}********", crate::place::escaped(prefix))
    }

    /// A name for this secret that is stable from run to run and of no use to a thief: 128 bits of
    /// PBKDF2-HMAC-SHA256 under `key`. Guessing a weak password from it costs a thief [`ROUNDS`]
    /// hashes a guess, and is impossible without the key where the operator set one.
    pub fn fingerprint(&self, key: &[u8]) -> String {
        let salt = [b"watertight/fingerprint/v1:".as_slice(), key].concat();
        let sum: [u8; 16] = pbkdf2::pbkdf2_hmac_array::<sha2::Sha256, 16>(&self.bytes, &salt, ROUNDS);
        data_encoding::HEXLOWER.encode(&sum)
    }
}

/// Iterations behind a fingerprint: about a millisecond each, paid once an incident.
pub const ROUNDS: u32 = 2_000;

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_secret_part_is_printed() {
        let secret = Secret::new(b"abc_hidden", 4);
        assert_eq!(format!("{secret:?}"), "Secret(10 bytes)");
        assert_eq!(secret.redacted(), "abc_********");
        assert!(!secret.fingerprint(b"").contains("hidden"));
    }

    #[test]
    fn a_secret_overlaps_what_holds_it() {
        let of = |text: &str| Secret::new(text.as_bytes(), 0);
        assert!(of("abc").overlaps(&of("xabcx")) && of("xabcx").overlaps(&of("abc")) && of("a").overlaps(&of("a")));
        assert!(!of("abc").overlaps(&of("abd")) && !of("").overlaps(&of("a")) && !of("a").overlaps(&of("")));
    }

    #[test]
    fn fingerprints_depend_on_secret_and_key_alone() {
        let secret = Secret::new(b"same", 0);
        assert_eq!(secret.fingerprint(b"k"), Secret::new(b"same", 2).fingerprint(b"k"));
        assert_ne!(secret.fingerprint(b"k"), secret.fingerprint(b"other"));
        assert_ne!(secret.fingerprint(b"k"), Secret::new(b"sam", 0).fingerprint(b"k"));
    }
}
