//! Digests, and a reader that takes them as the bytes pass.
//!
//! An OCI blob is named by the hash of its bytes, so whoever reads one can prove it. Hashing while
//! reading costs a pass over bytes that are hot in the cache anyway.

use sha2::{Digest as _, Sha256, Sha512};
use std::fmt;
use std::io::{self, Read};

/// A content digest, `sha256:<64 hex>` or `sha512:<128 hex>`, as the OCI image specification writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(Box<str>);

impl Digest {
    /// Reads a digest as written in a manifest. `None` if the form or the algorithm is not known.
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        let length = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => return None,
        };
        let well_formed = hex.len() == length && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        well_formed.then(|| Self(text.into()))
    }

    /// The SHA-256 digest of bytes in memory.
    pub fn sha256(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::sha256();
        hasher.update(bytes);
        hasher.finish()
    }

    /// `sha256:…`, whole.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the colon.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// The first twelve hex digits, as people quote digests.
    pub fn short(&self) -> &str {
        self.hex().get(..12).unwrap_or(self.hex())
    }

    /// A hasher of this digest's algorithm.
    pub fn hasher(&self) -> Hasher {
        if self.0.starts_with("sha512") { Hasher::Sha512(Box::default()) } else { Hasher::sha256() }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A running digest.
pub enum Hasher {
    /// SHA-256, what nearly every registry uses.
    Sha256(Box<Sha256>),
    /// SHA-512, the other algorithm the specification registers.
    Sha512(Box<Sha512>),
}

impl Hasher {
    /// A fresh SHA-256.
    pub fn sha256() -> Self {
        Self::Sha256(Box::default())
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of all bytes taken in.
    pub fn finish(self) -> Digest {
        let (algorithm, sum) = match self {
            Self::Sha256(hasher) => ("sha256", hasher.finalize().to_vec()),
            Self::Sha512(hasher) => ("sha512", hasher.finalize().to_vec()),
        };
        Digest(format!("{algorithm}:{}", data_encoding::HEXLOWER.encode(&sum)).into())
    }
}

/// Hashes and counts what is read through it.
pub struct Hashed<R> {
    inner: R,
    hasher: Hasher,
    bytes: u64,
}

impl<R: Read> Hashed<R> {
    /// Wraps `inner`, hashing with `hasher`.
    pub fn new(inner: R, hasher: Hasher) -> Self {
        Self { inner, hasher, bytes: 0 }
    }

    /// The digest and the number of bytes read so far.
    pub fn finish(self) -> (Digest, u64) {
        (self.hasher.finish(), self.bytes)
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if let Some(read) = buffer.get(..count) {
            self.hasher.update(read);
        }
        self.bytes += count as u64;
        Ok(count)
    }
}

/// A digest by which a package manager knows a file. For telling files apart, not for trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// dpkg.
    Md5([u8; 16]),
    /// apk.
    Sha1([u8; 20]),
    /// Python.
    Sha256([u8; 32]),
}

impl Sum {
    /// An MD5 as dpkg writes it.
    pub fn md5_hex(hex: &[u8]) -> Option<Self> {
        Some(Self::Md5(data_encoding::HEXLOWER.decode(hex).ok()?.try_into().ok()?))
    }
}

/// All digests of one file by which it may be known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sums {
    md5: [u8; 16],
    sha1: [u8; 20],
    sha256: [u8; 32],
}

impl Sums {
    /// Of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = SumsHasher::default();
        hasher.update(bytes);
        hasher.finish()
    }

    /// Whether `sum` is one of them.
    pub fn has(&self, sum: &Sum) -> bool {
        match sum {
            Sum::Md5(sum) => self.md5 == *sum,
            Sum::Sha1(sum) => self.sha1 == *sum,
            Sum::Sha256(sum) => self.sha256 == *sum,
        }
    }
}

/// Takes all digests of bytes as they pass.
#[derive(Default)]
pub struct SumsHasher {
    md5: md5::Md5,
    sha1: sha1::Sha1,
    sha256: Sha256,
}

impl SumsHasher {
    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sha1.update(bytes);
        self.sha256.update(bytes);
    }

    /// The digests of all bytes taken in.
    pub fn finish(self) -> Sums {
        Sums { md5: self.md5.finalize().into(), sha1: self.sha1.finalize().into(), sha256: self.sha256.finalize().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_taken_as_bytes_pass() {
        let mut reader = Hashed::new(&b"abc"[..], Hasher::sha256());
        io::copy(&mut reader, &mut io::sink()).unwrap();
        let (digest, bytes) = reader.finish();
        // FIPS 180-2, appendix B.1.
        assert_eq!(digest.as_str(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(bytes, 3);
    }

    #[test]
    fn malformed_digests_are_refused() {
        for text in ["", "sha256", "sha256:", "sha256:XYZ", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:../../etc/passwd"] {
            assert!(Digest::parse(text).is_none(), "{text}");
        }
    }
}
