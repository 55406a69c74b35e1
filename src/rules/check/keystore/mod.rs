//! Key stores, opened with what everybody tries: Java's own formats and PKCS#12.
//!
//! A store that one of [`PASSWORDS`] opens protects nothing. One that holds certificates alone, as the `cacerts` of
//! every Java, is no secret; one that stays shut is as good as its password. What a store may cost is bounded: it is
//! hashed once for each password, and how many are tried depends on the rounds that it asks for: see [`tried`].

mod derived;
mod jks;
mod pkcs12;
mod sealed;

/// Passwords that are tried: the default of `keytool`, none, those of manuals, Android and Google.
pub(super) const PASSWORDS: [&str; 12] = [
    "changeit",
    "",
    "password",
    "changeme",
    "secret",
    "notasecret",
    "keystore",
    "storepass",
    "android",
    "123456",
    "test",
    "pass",
];

/// Rounds of hashing that one store may cost, all passwords together. OpenSSL asks for 2,048 a password, Java for
/// 10,000, older versions of it for 100,000: of such a store only the first two passwords are tried.
const ROUNDS: u32 = 200_000;

/// Rounds that each of the first two passwords may cost beyond that: what NSS asks for.
const ROUNDS_OF_FIRST: u32 = 600_000;

/// The passwords that are tried at a cost of so many rounds each.
fn tried(rounds: u32) -> impl Iterator<Item = &'static str> {
    let least = if rounds <= ROUNDS_OF_FIRST { 2 } else { 0 };
    PASSWORDS.into_iter().take((ROUNDS / rounds.max(1)).max(least) as usize)
}

/// What a key store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyStore {
    /// It opens, and holds private keys.
    Open {
        /// What opens it; `None` if nothing is needed.
        password: Option<&'static str>,
        /// What it calls its keys; may be empty.
        keys: Vec<String>,
    },
    /// It holds certificates alone.
    Certificates,
    /// None of the passwords opens what is in it.
    Locked,
}

/// Names of keys that are kept.
const NAMES: usize = 8;

impl KeyStore {
    /// What `bytes`, a whole file, are, if that is a key store.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..] => jks::read(bytes),
            [0x30, ..] => pkcs12::read(bytes),
            _ => None,
        }
    }
}

/// A name from a store, as it may be shown.
fn shown(name: &[u8]) -> String {
    crate::place::escaped(name.get(..name.len().min(64)).unwrap_or(name))
}

#[cfg(test)]
mod tests;
