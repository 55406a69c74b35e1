//! Parts of a PKCS#12 that a password seals: PBES2 (RFC 8018) with AES or triple DES, and what PKCS#12 brings itself with
//! triple DES (RFC 7292, appendix C). RC2 and RC4, with which older writers seal certificates, are not opened.

use super::super::{ber, der};
use super::derived::{Purpose, derived, wide};
use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit, block_padding::Pkcs7};
use des::TdesEde3;
use hmac::Hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// PBES2, 1.2.840.113549.1.5.13, and its PBKDF2, .12.
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// Codes with a key, 1.2.840.113549.2: SHA-1, 7; SHA-256, 9; SHA-384, 10; SHA-512, 11.
const CODES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
/// AES, 2.16.840.1.101.3.4.1: in chains of blocks 2, 22 and 42 by the length of the key.
const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];
/// Triple DES in chains of blocks, 1.2.840.113549.3.7.
const TRIPLE_DES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07];
/// PKCS#12 with SHA-1, 1.2.840.113549.1.12.1: triple DES of three keys, 3, or of two, 4.
const PKCS12: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];
/// Bytes of a salt, at the most.
const SALT: usize = 1024;

/// How a part is sealed.
pub(super) struct Seal<'a> {
    kind: Kind<'a>,
    salt: &'a [u8],
    rounds: u32,
}

enum Kind<'a> {
    /// The last byte of the code's identifier, the cipher and its first block.
    Pbes2 { code: u8, cipher: Cipher, first: &'a [u8] },
    /// Bytes of the key: 24, or 16 of which the first eight are used twice.
    Pkcs12 { length: usize },
}

enum Cipher {
    /// Bytes of the key.
    Aes(usize),
    TripleDes,
}

impl<'a> Seal<'a> {
    /// The seal that an `AlgorithmIdentifier`, which `bytes` begin with, tells of, if it is one of those above.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let algorithm = der::tagged(der::tagged(bytes, der::SEQUENCE)?.content, der::OID)?;
        let settings = der::tagged(algorithm.rest, der::SEQUENCE)?.content;
        let seal = match (algorithm.content, algorithm.content.strip_prefix(PKCS12)) {
            (PBES2, _) => Self::pbes2(settings)?,
            (_, Some(&[number @ (3 | 4)])) => {
                let salt = der::tagged(settings, der::OCTETS)?;
                let rounds = der::number(der::tagged(salt.rest, der::INTEGER)?.content)?;
                Self { kind: Kind::Pkcs12 { length: if number == 3 { 24 } else { 16 } }, salt: salt.content, rounds }
            }
            _ => return None,
        };
        Some(seal).filter(|seal| seal.rounds > 0 && seal.salt.len() <= SALT)
    }

    fn pbes2(settings: &'a [u8]) -> Option<Self> {
        let derivation = der::tagged(settings, der::SEQUENCE)?;
        let cipher = der::tagged(der::tagged(derivation.rest, der::SEQUENCE)?.content, der::OID)?;
        let first = der::tagged(cipher.rest, der::OCTETS)?.content;
        let cipher = match (cipher.content, cipher.content.strip_prefix(AES)) {
            (TRIPLE_DES, _) => Cipher::TripleDes,
            (_, Some([2])) => Cipher::Aes(16),
            (_, Some([22])) => Cipher::Aes(24),
            (_, Some([42])) => Cipher::Aes(32),
            _ => return None,
        };
        let name = der::tagged(derivation.content, der::OID).filter(|name| name.content == PBKDF2)?;
        let salt = der::tagged(der::tagged(name.rest, der::SEQUENCE)?.content, der::OCTETS)?;
        let rounds = der::tagged(salt.rest, der::INTEGER)?;
        // The length of the key may stand between; the cipher tells it as well. The code is SHA-1 if none is named.
        let code = der::elements(rounds.rest).find(|element| element.tag == der::SEQUENCE);
        let code = match code {
            None => 7,
            Some(code) => *der::tagged(code.content, der::OID)?.content.strip_prefix(CODES)?.first()?,
        };
        let kind = Kind::Pbes2 { code, cipher, first };
        Some(Self { kind, salt: salt.content, rounds: der::number(rounds.content)? })
    }

    /// Rounds of hashing that one password costs.
    pub(super) fn rounds(&self) -> u32 {
        match self.kind {
            // Two sums make the key; a third is for the first block.
            Kind::Pkcs12 { .. } => self.rounds.saturating_mul(3),
            Kind::Pbes2 { .. } => self.rounds,
        }
    }

    /// What is sealed, if `password` opens it; a wrong one may give bytes of no meaning.
    pub(super) fn open(&self, password: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        match &self.kind {
            // No password is written as two zeros, or as nothing.
            Kind::Pkcs12 { length } => self.pkcs12(*length, &wide(password), sealed).or_else(|| {
                let is_none = password.is_empty();
                is_none.then(|| self.pkcs12(*length, &[], sealed)).flatten()
            }),
            Kind::Pbes2 { code, cipher, first } => match cipher {
                Cipher::Aes(16) => undo::<Aes128>(&self.derived(*code, password, 16)?, first, sealed),
                Cipher::Aes(24) => undo::<Aes192>(&self.derived(*code, password, 24)?, first, sealed),
                Cipher::Aes(_) => undo::<Aes256>(&self.derived(*code, password, 32)?, first, sealed),
                Cipher::TripleDes => undo::<TdesEde3>(&self.derived(*code, password, 24)?, first, sealed),
            },
        }
    }

    /// What is sealed in PKCS#12's own way.
    fn pkcs12(&self, length: usize, password: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let from = (self.salt, self.rounds);
        let mut secret = derived::<Sha1>(Purpose::Cipher, password, from, length);
        secret.extend_from_within(..24 - length);
        undo::<TdesEde3>(&secret, &derived::<Sha1>(Purpose::FirstBlock, password, from, 8), sealed)
    }

    fn derived(&self, code: u8, password: &str, length: usize) -> Option<Vec<u8>> {
        let mut secret = vec![0; length];
        let (password, salt, rounds) = (password.as_bytes(), self.salt, self.rounds);
        match code {
            7 => pbkdf2::pbkdf2::<Hmac<Sha1>>(password, salt, rounds, &mut secret),
            9 => pbkdf2::pbkdf2::<Hmac<Sha256>>(password, salt, rounds, &mut secret),
            10 => pbkdf2::pbkdf2::<Hmac<Sha384>>(password, salt, rounds, &mut secret),
            11 => pbkdf2::pbkdf2::<Hmac<Sha512>>(password, salt, rounds, &mut secret),
            _ => return None,
        }
        .ok()?;
        Some(secret)
    }
}

/// Takes a chain of blocks apart. One sequence and nothing else must come out of it.
fn undo<C: BlockCipherDecrypt + KeyInit>(secret: &[u8], first: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let cipher = C::new_from_slice(secret).ok()?;
    cbc::Decryptor::<C>::inner_iv_slice_init(cipher, first)
        .ok()?
        .decrypt_padded_vec::<Pkcs7>(sealed)
        .ok()
        .filter(|plain| matches!(plain.as_slice(), [der::SEQUENCE, ..]) && ber::normal(plain).is_some())
}
