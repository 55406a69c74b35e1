//! PKCS#12 (RFC 7292): `.p12`, `.pfx`, and what newer Java writes.
//!
//! The code that guards a store tells whether a password is its own; where there is none, that something opens does.
//! Whether it holds a private key mostly stands in the open: writers seal certificates as a whole and keys one by one, in
//! a bag that says so. What a store seals as a whole is opened and looked at; where it opens and the cipher is none of
//! ours, it is taken for certificates, as `keytool` made of those that it trusts.

use super::super::{ber, der};
use super::derived::{Purpose, derived, wide};
use super::sealed::Seal;
use super::{KeyStore, NAMES, ROUNDS_OF_FIRST, shown, tried};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// PKCS#7: data, 1.2.840.113549.1.7.1, and encrypted data, .6.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ENCRYPTED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// Bags, 1.2.840.113549.1.12.10.1: a key, 1; a sealed key, 2; more bags, 6.
const BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
/// What people call a bag: 1.2.840.113549.1.9.20.
const FRIENDLY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x14];
/// SHA-1, and the three of SHA-2: 2.16.840.1.101.3.4.2, then 1, 2 or 3.
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
/// The tag `[0]` of bytes in one piece.
const WHOLE: u8 = 0x80;
/// Bags in bags.
const DEPTH: u32 = 4;

/// What is in a store, as far as that stands in the open.
#[derive(Default)]
struct Contents {
    /// Names of keys that are not sealed.
    plain: Vec<String>,
    /// Names of keys that are.
    sealed: Vec<String>,
    /// The first of those.
    key: Option<Sealed>,
    /// What is sealed as a whole.
    parts: Vec<Sealed>,
}

/// Bytes that a password opens.
struct Sealed {
    /// How they are sealed: an `AlgorithmIdentifier`, and whatever follows it.
    how: Vec<u8>,
    bytes: Vec<u8>,
}

/// The code that guards a store.
struct Guard<'a> {
    digest: &'a [u8],
    sum: &'a [u8],
    salt: &'a [u8],
    rounds: u32,
}

/// What the store is; `None` if it is none.
pub(super) fn read(bytes: &[u8]) -> Option<KeyStore> {
    let store = ber::normal(bytes)?;
    let outer = der::tagged(&store, der::SEQUENCE)?;
    let version = der::tagged(outer.content, der::INTEGER)?;
    let safe = der::tagged(version.rest, der::SEQUENCE)?;
    if version.content != [3] || der::tagged(safe.content, der::OID)?.content != DATA {
        return None;
    }
    let body = octets(safe.content)?;
    let mut contents = contents(body)?;
    if contents.plain.is_empty() && contents.sealed.is_empty() && contents.parts.is_empty() {
        return Some(KeyStore::Certificates);
    }
    let mut password = None;
    if contents.plain.is_empty() {
        let guard = guard(safe.rest).filter(Guard::is_known);
        let found = match guard {
            Some(guard) => guard.password(body),
            None => contents.password(),
        };
        let Some(found) = found else { return Some(KeyStore::Locked) };
        contents.open(found);
        password = Some(found);
    }
    let keys = if contents.plain.is_empty() { contents.sealed } else { contents.plain };
    Some(if keys.is_empty() { KeyStore::Certificates } else { KeyStore::Open { password, keys } })
}

impl Contents {
    /// The password that opens the first thing that is sealed, if it is one that everybody tries.
    fn password(&self) -> Option<&'static str> {
        let first = self.key.as_ref().or(self.parts.first())?;
        let seal = Seal::read(&first.how)?;
        tried(seal.rounds()).find(|password| seal.open(password, &first.bytes).is_some())
    }

    /// Looks for keys among what is sealed as a whole, with the password of the store.
    fn open(&mut self, password: &str) {
        let mut left = ROUNDS_OF_FIRST;
        for part in std::mem::take(&mut self.parts) {
            let Some(seal) = Seal::read(&part.how) else { continue };
            let Some(rest) = left.checked_sub(seal.rounds()) else { return };
            left = rest;
            let Some(safe) = seal.open(password, &part.bytes).and_then(|plain| ber::normal(&plain)) else { continue };
            bags(&safe, self, DEPTH);
            self.sealed.append(&mut self.plain);
        }
    }
}

/// The bytes in `[0] OCTET STRING`, behind the identifier that `content` begins with.
fn octets(content: &[u8]) -> Option<&[u8]> {
    let wrapped = der::tagged(der::element(content)?.rest, der::CONTEXT)?;
    der::tagged(wrapped.content, der::OCTETS).map(|octets| octets.content)
}

fn contents(body: &[u8]) -> Option<Contents> {
    let mut contents = Contents::default();
    let body = ber::normal(body)?;
    for element in der::elements(der::tagged(&body, der::SEQUENCE)?.content) {
        match der::tagged(element.content, der::OID)?.content {
            DATA => bags(&ber::normal(octets(element.content)?)?, &mut contents, DEPTH),
            ENCRYPTED if contents.parts.len() < NAMES => contents.parts.push(sealed_part(element.content)?),
            _ => {}
        }
    }
    Some(contents)
}

/// What an `EncryptedData` seals.
fn sealed_part(content: &[u8]) -> Option<Sealed> {
    let wrapped = der::tagged(der::element(content)?.rest, der::CONTEXT)?;
    let version = der::tagged(der::tagged(wrapped.content, der::SEQUENCE)?.content, der::INTEGER)?;
    let info = der::tagged(version.rest, der::SEQUENCE)?;
    let how = der::tagged(info.content, der::OID)?.rest;
    let sealed = der::element(der::tagged(how, der::SEQUENCE)?.rest)?;
    let bytes = match sealed.tag {
        WHOLE => sealed.content.to_vec(),
        der::CONTEXT => der::elements(sealed.content).flat_map(|piece| piece.content).copied().collect(),
        _ => return None,
    };
    Some(Sealed { how: how.to_vec(), bytes })
}

/// A key that is sealed by itself: an `EncryptedPrivateKeyInfo`.
fn sealed_key(content: &[u8]) -> Option<Sealed> {
    let how = der::tagged(content, der::SEQUENCE)?.content;
    let bytes = der::tagged(der::element(how)?.rest, der::OCTETS)?.content.to_vec();
    Some(Sealed { how: how.to_vec(), bytes })
}

/// Looks for keys among the bags of a safe.
fn bags(safe: &[u8], contents: &mut Contents, depth: u32) {
    let Some(list) = der::tagged(safe, der::SEQUENCE) else { return };
    for bag in der::elements(list.content) {
        let Some(kind) = der::tagged(bag.content, der::OID) else { continue };
        let Some(value) = der::tagged(kind.rest, der::CONTEXT) else { continue };
        let keys = match kind.content.strip_prefix(BAG) {
            Some([1]) => &mut contents.plain,
            Some([2]) => {
                contents.key = contents.key.take().or_else(|| sealed_key(value.content));
                &mut contents.sealed
            }
            Some([6]) if depth > 0 => {
                bags(value.content, contents, depth - 1);
                continue;
            }
            _ => continue,
        };
        if keys.len() < NAMES {
            keys.push(name(value.rest).unwrap_or_default());
        }
    }
}

/// What people call a bag, of its attributes.
fn name(attributes: &[u8]) -> Option<String> {
    let set = der::tagged(attributes, der::SET)?;
    let named = |attribute: der::Element<'_>| {
        let kind = der::tagged(attribute.content, der::OID).filter(|kind| kind.content == FRIENDLY)?;
        let text = der::element(der::tagged(kind.rest, der::SET)?.content)?.content;
        let units: Vec<u16> = text.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        Some(shown(String::from_utf16_lossy(&units).as_bytes()))
    };
    der::elements(set.content).find_map(named)
}

fn guard(bytes: &[u8]) -> Option<Guard<'_>> {
    let outer = der::tagged(bytes, der::SEQUENCE)?;
    let sum = der::tagged(outer.content, der::SEQUENCE)?;
    let algorithm = der::tagged(sum.content, der::SEQUENCE)?;
    let digest = der::tagged(algorithm.content, der::OID)?.content;
    let salt = der::tagged(sum.rest, der::OCTETS)?;
    let sum = der::tagged(algorithm.rest, der::OCTETS)?.content;
    let rounds = der::tagged(salt.rest, der::INTEGER).map_or(Some(1), |rounds| der::number(rounds.content))?;
    Some(Guard { digest, sum, salt: salt.content, rounds }).filter(|guard| guard.rounds > 0 && guard.salt.len() <= 1024)
}

impl Guard<'_> {
    /// Whether the code is one of those that are computed here. PBMAC1 (RFC 9579) is none.
    fn is_known(&self) -> bool {
        self.digest == SHA1 || matches!(self.digest.strip_prefix(SHA2), Some([1..=3]))
    }

    /// The password that the code is made with, if it is one that everybody tries.
    fn password(&self, body: &[u8]) -> Option<&'static str> {
        // None is written as two zeros, or as nothing.
        let holds = |password: &str| self.holds(body, &wide(password)) || password.is_empty() && self.holds(body, &[]);
        tried(self.rounds).find(|password| holds(password))
    }

    /// Whether the code holds with this password.
    fn holds(&self, body: &[u8], password: &[u8]) -> bool {
        let from = (self.salt, self.rounds);
        let sum = match (self.digest, self.digest.strip_prefix(SHA2)) {
            (SHA1, _) => code::<Hmac<Sha1>>(&derived::<Sha1>(Purpose::Code, password, from, 20), body),
            (_, Some([1])) => code::<Hmac<Sha256>>(&derived::<Sha256>(Purpose::Code, password, from, 32), body),
            (_, Some([2])) => code::<Hmac<Sha384>>(&derived::<Sha384>(Purpose::Code, password, from, 48), body),
            (_, Some([3])) => code::<Hmac<Sha512>>(&derived::<Sha512>(Purpose::Code, password, from, 64), body),
            _ => None,
        };
        sum.is_some_and(|sum| sum == self.sum)
    }
}

fn code<M: Mac + KeyInit>(key: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    mac.update(body);
    Some(mac.finalize().into_bytes().to_vec())
}
