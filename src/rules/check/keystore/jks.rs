//! The stores of Java's own providers: JKS and JCEKS.
//!
//! The format is that of OpenJDK (`sun.security.provider.JavaKeyStore`, `com.sun.crypto.provider.JceKeyStore`): big-endian
//! numbers, texts with a length of two bytes, and at the end the SHA-1 of the password in UTF-16, of a phrase and of all
//! before. A private key is wrapped once more, by default with the password of the store.

use super::super::der;
use super::{KeyStore, NAMES, PASSWORDS, shown};
use sha1::{Digest, Sha1};

/// What the digest takes in behind the password.
const PHRASE: &[u8] = b"Mighty Aphrodite";
/// Bytes of the digest.
const SUM: usize = 20;
/// Sun's own protection of a key: 1.3.6.1.4.1.42.2.17.1.1.
const SUN: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x2a, 0x02, 0x11, 0x01, 0x01];
/// Kinds of entries.
const PRIVATE_KEY: u32 = 1;
const CERTIFICATE: u32 = 2;
const SECRET_KEY: u32 = 3;

/// Reads what is left of the bytes.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(*self.take(4)?.first_chunk()?))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(*self.take(2)?.first_chunk()?);
        self.take(usize::from(length))
    }

    /// Bytes behind their length.
    fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn certificate(&mut self, version: u32) -> Option<&'a [u8]> {
        if version == 2 {
            self.text()?;
        }
        self.block()
    }
}

/// What the entries are.
#[derive(Default)]
struct Entries<'a> {
    /// Private keys, with their names.
    keys: Vec<(&'a [u8], &'a [u8])>,
    /// The name of a key for encryption; what follows it is not read, for it is an object of Java's.
    secret: Option<&'a [u8]>,
}

/// What the store is; `None` if its entries do not fill it.
pub(super) fn read(bytes: &[u8]) -> Option<KeyStore> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
    let entries = entries(body)?;
    if entries.keys.is_empty() && entries.secret.is_none() {
        return Some(KeyStore::Certificates);
    }
    let opens = |password: &&str| {
        let mut hasher = Sha1::new();
        hasher.update(wide(password));
        hasher.update(PHRASE);
        hasher.update(body);
        hasher.finalize().as_slice() == sum
    };
    let Some(password) = PASSWORDS.into_iter().find(|password| opens(password)) else { return Some(KeyStore::Locked) };
    let open = entries.keys.iter().filter(|(_, key)| is_open(key, password)).map(|(name, _)| *name).chain(entries.secret);
    let keys: Vec<String> = open.take(NAMES).map(shown).collect();
    Some(if keys.is_empty() { KeyStore::Locked } else { KeyStore::Open { password: Some(password), keys } })
}

fn entries(body: &[u8]) -> Option<Entries<'_>> {
    let mut rest = Rest(body.get(4..)?);
    let (version, count) = (rest.number()?, rest.number()?);
    let mut entries = Entries::default();
    for _ in 0..count {
        let kind = rest.number()?;
        let name = rest.text()?;
        rest.take(8)?; // When it was made.
        match kind {
            PRIVATE_KEY => {
                entries.keys.push((name, rest.block()?));
                for _ in 0..rest.number()? {
                    rest.certificate(version)?;
                }
            }
            CERTIFICATE => drop(rest.certificate(version)?),
            SECRET_KEY => {
                entries.secret = Some(name);
                return Some(entries);
            }
            _ => return None,
        }
    }
    rest.0.is_empty().then_some(entries)
}

/// The password as Java hashes it.
fn wide(password: &str) -> Vec<u8> {
    password.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Whether the password of the store opens the key too. Of other protections than Sun's it is taken for granted, as
/// `keytool` does.
fn is_open(key: &[u8], password: &str) -> bool {
    let wrapped = || {
        let outer = der::tagged(key, der::SEQUENCE)?;
        let algorithm = der::tagged(outer.content, der::SEQUENCE)?;
        let is_sun = der::tagged(algorithm.content, der::OID)?.content == SUN;
        let sealed = der::tagged(algorithm.rest, der::OCTETS)?;
        Some((is_sun, sealed.content))
    };
    match wrapped() {
        None => false,
        Some((false, _)) => true,
        Some((true, sealed)) => opens(sealed, password).unwrap_or(false),
    }
}

/// Undoes Sun's protection: salt, the key with a chain of digests laid over it, the digest of the key.
fn opens(sealed: &[u8], password: &str) -> Option<bool> {
    let (salt, rest) = sealed.split_at_checked(SUM)?;
    let (hidden, sum) = rest.split_at_checked(rest.len().checked_sub(SUM)?)?;
    let password = wide(password);
    let mut over = salt.to_vec();
    let mut hasher = Sha1::new();
    hasher.update(&password);
    for part in hidden.chunks(SUM) {
        over = Sha1::new().chain_update(&password).chain_update(&over).finalize().to_vec();
        let plain: Vec<u8> = part.iter().zip(&over).map(|(hidden, over)| hidden ^ over).collect();
        hasher.update(&plain);
    }
    Some(!hidden.is_empty() && hasher.finalize().as_slice() == sum)
}
