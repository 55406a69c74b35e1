//! Secrets made on the spot, so that none stands in the repository.

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A token of GitHub's and npm's shape: `prefix`, 30 random characters, and their CRC32 as 6 base62 digits.
pub(super) fn token(prefix: &str) -> String {
    let body: String = (0..30).map(|_| char::from(BASE62[fastrand::usize(..62)])).collect();
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [0u8; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    format!("{prefix}_{body}{}", String::from_utf8_lossy(&digits))
}

#[test]
fn a_token_has_the_length_that_its_issuer_writes() {
    assert_eq!(token("ghp").len(), 40);
    assert_ne!(token("ghp"), token("ghp"));
}
