//! PKCS#12 (RFC 7292): `.p12`, `.pfx`, and what newer Java writes.
//!
//! The code that guards a store tells whether a password is its own. Whether it holds a private key stands in the open:
//! writers seal certificates as a whole and keys one by one, in a bag that says so. A store that seals all it has, and
//! opens, is taken for one of certificates, as `keytool` makes those it trusts.

use super::super::der;
use super::{KeyStore, NAMES, PASSWORDS, ROUNDS, shown};
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
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
/// Bags in bags.
const DEPTH: u32 = 4;

/// What is in a store, as far as that stands in the open.
#[derive(Default)]
struct Contents {
    /// Names of keys that are not sealed.
    plain: Vec<String>,
    /// Names of keys that are.
    sealed: Vec<String>,
    /// Whether something is sealed as a whole.
    has_more: bool,
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
    let outer = der::tagged(bytes, der::SEQUENCE)?;
    let version = der::tagged(outer.content, der::INTEGER)?;
    let safe = der::tagged(version.rest, der::SEQUENCE)?;
    if version.content != [3] || der::tagged(safe.content, der::OID)?.content != DATA {
        return None;
    }
    let body = octets(safe.content)?;
    let contents = contents(body)?;
    if !contents.plain.is_empty() {
        return Some(KeyStore::Open { password: None, keys: contents.plain });
    }
    if contents.sealed.is_empty() && !contents.has_more {
        return Some(KeyStore::Certificates);
    }
    let password = guard(safe.rest).and_then(|guard| guard.password(body));
    Some(match password {
        None => KeyStore::Locked,
        Some(_) if contents.sealed.is_empty() => KeyStore::Certificates,
        Some(password) => KeyStore::Open { password: Some(password), keys: contents.sealed },
    })
}

/// The bytes in `[0] OCTET STRING`, behind the identifier that `content` begins with.
fn octets(content: &[u8]) -> Option<&[u8]> {
    let wrapped = der::tagged(der::element(content)?.rest, der::CONTEXT)?;
    der::tagged(wrapped.content, der::OCTETS).map(|octets| octets.content)
}

fn contents(body: &[u8]) -> Option<Contents> {
    let mut contents = Contents::default();
    for part in der::elements(der::tagged(body, der::SEQUENCE)?.content) {
        match der::tagged(part.content, der::OID)?.content {
            DATA => bags(octets(part.content)?, &mut contents, DEPTH),
            ENCRYPTED => contents.has_more = true,
            _ => {}
        }
    }
    Some(contents)
}

/// Looks for keys among the bags of a safe.
fn bags(safe: &[u8], contents: &mut Contents, depth: u32) {
    let Some(list) = der::tagged(safe, der::SEQUENCE) else { return };
    for bag in der::elements(list.content) {
        let Some(kind) = der::tagged(bag.content, der::OID) else { continue };
        let Some(value) = der::tagged(kind.rest, der::CONTEXT) else { continue };
        let keys = match kind.content.strip_prefix(BAG) {
            Some([1]) => &mut contents.plain,
            Some([2]) => &mut contents.sealed,
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
    /// The password that the code is made with, if it is one that everybody tries.
    fn password(&self, body: &[u8]) -> Option<&'static str> {
        let affordable = usize::try_from(ROUNDS / self.rounds).ok()?;
        PASSWORDS.into_iter().take(affordable).find(|password| {
            // None is written as two zeros, or as nothing.
            let wide: Vec<u8> = password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
            self.holds(body, &wide) || password.is_empty() && self.holds(body, &[])
        })
    }

    /// Whether the code holds with this password.
    fn holds(&self, body: &[u8], password: &[u8]) -> bool {
        let sum = match (self.digest, self.digest.strip_prefix(SHA2)) {
            (SHA1, _) => code::<Hmac<Sha1>>(&self.key::<Sha1>(password, 64), body),
            (_, Some([1])) => code::<Hmac<Sha256>>(&self.key::<Sha256>(password, 64), body),
            (_, Some([2])) => code::<Hmac<Sha384>>(&self.key::<Sha384>(password, 128), body),
            (_, Some([3])) => code::<Hmac<Sha512>>(&self.key::<Sha512>(password, 128), body),
            _ => None,
        };
        sum.is_some_and(|sum| sum == self.sum)
    }

    /// The key that the password becomes: RFC 7292, appendix B.2, with the identifier 3 and as many bytes as the
    /// digest has, for which one block is enough.
    fn key<D: Digest>(&self, password: &[u8], block: usize) -> Vec<u8> {
        let filled = |text: &[u8]| {
            let length = text.len().div_ceil(block) * block;
            text.iter().copied().cycle().take(length).collect::<Vec<u8>>()
        };
        let input = [vec![3; block], filled(self.salt), filled(password)].concat();
        let mut key = D::digest(&input);
        for _ in 1..self.rounds {
            key = D::digest(&key);
        }
        key.to_vec()
    }
}

fn code<M: Mac + KeyInit>(key: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    mac.update(body);
    Some(mac.finalize().into_bytes().to_vec())
}
