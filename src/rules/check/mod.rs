//! Checks that need no network: a value that fails one was not issued by anybody.
//!
//! The sources of the formats are the issuers' own publications; `rules/README.md` says what each does.
//! A check sees the whole match of a rule, so it can also read what stands beside the secret.

mod base58;
pub(crate) mod ber;
mod checksum;
pub(crate) mod der;
mod expiry;
mod json;
mod keystore;
mod shape;

pub use json::Requirement;
pub use keystore::KeyStore;

use serde::Deserialize;

/// A check that a value can be put to offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// GitHub, npm: the last 6 are the CRC32 in base 62 of what stands between the last `_` and them.
    #[serde(rename = "crc32-base62")]
    Crc32Base62,
    /// Atlassian, Packagist: the last 8 are the CRC32 in hex of all before.
    Crc32Hex,
    /// Zuplo: the last 8 are the CRC32 in hex of the part between two `_` before them.
    Crc32HexBody,
    /// Confluent: the last 6 are the CRC32, little-endian, in base64 of the 54 before.
    #[serde(rename = "crc32-base64")]
    Crc32Base64,
    /// GitLab: the last 7 are the CRC32 in base 36 of all before.
    GitlabRoutable,
    /// Grafana: the last 8 are the CRC32, little-endian, in hex of what stands before their `_`.
    GrafanaCrc32,
    /// NATS, Stellar: base32 whose last two bytes are the CRC16 (XMODEM), little-endian, of the others.
    #[serde(rename = "crc16-base32")]
    Crc16Base32,
    /// Bitcoin and its kin: base58 whose last four bytes are the start of a double SHA-256 of the others.
    #[serde(rename = "base58check")]
    Base58Check,
    /// age, Nostr: the checksum of BIP 173.
    #[serde(rename = "bech32", alias = "age-bech32")]
    Bech32,
    /// The check digit of ISO/IEC 7812.
    Luhn,
    /// AWS: an account number stands in the key id.
    AwsAccount,
    /// A part that is base64 of JSON; `requires` says what it must hold.
    #[serde(rename = "base64-json")]
    Base64Json,
    /// Base64 of a JSON web token.
    #[serde(rename = "base64-jwt")]
    Base64Jwt,
    /// An encrypted JSON web token: its header names `alg` and `enc`.
    Jwe,
    /// AWS: the password for a container registry, with the user before it.
    EcrLogin,
    /// A macaroon, version 1 or 2.
    Macaroon,
    /// A version 4 UUID.
    #[serde(rename = "uuid4")]
    Uuid4,
    /// Base64 of exactly 32 bytes.
    #[serde(rename = "base64-32")]
    Base64Of32,
    /// Base64 of exactly 64 bytes.
    #[serde(rename = "base64-64")]
    Base64Of64,
    /// WireGuard: base64 of 32 bytes with the bits of Curve25519 clamped.
    Wireguard,
    /// Jira and Confluence Data Center: base64 of a 12-digit id, a colon and 20 random bytes.
    AtlassianDatacenter,
    /// Elasticsearch: base64 of an id of 20 characters, a colon and a key of 22.
    ElasticApiKey,
    /// Clerk: base64 of a host name and `$`.
    ClerkHost,
    /// Cisco IOS type 7: the published table turns it into text.
    #[serde(rename = "cisco-7")]
    Cisco7,
    /// PuTTY: the public part names the algorithm that the header names.
    Putty,
    /// Azure shared access signature: `sig` is 32 bytes; `se` tells until when it works.
    AzureSas,
    /// A key store that none of the passwords that everybody tries opens: one that opens is told by `key-store`, one of
    /// certificates alone is quiet.
    LockedKeyStore,
    /// AWS and Google signed URLs: date and lifetime stand in the URL.
    SignedUrl,
}

impl Check {
    /// Whether `value`, the whole match, passes.
    pub fn passes(self, value: &[u8]) -> bool {
        match self {
            Self::Crc32Base62 => checksum::crc32_base62(value),
            Self::Crc32Hex => checksum::crc32_hex(value),
            Self::Crc32HexBody => checksum::crc32_hex_body(value),
            Self::Crc32Base64 => checksum::crc32_base64(value),
            Self::GitlabRoutable => checksum::crc32_base36(value),
            Self::GrafanaCrc32 => checksum::grafana(value),
            Self::Crc16Base32 => checksum::crc16_base32(value),
            Self::Luhn => checksum::luhn(value),
            Self::Base58Check => base58::base58check(value),
            Self::Bech32 => base58::bech32(value),
            Self::AwsAccount => shape::aws_account(value),
            Self::Base64Json => json::base64_json(value, &[]),
            Self::Base64Jwt => json::base64_jwt(value),
            Self::Jwe => json::jwe(value),
            Self::EcrLogin => json::ecr_login(value),
            Self::Macaroon => shape::macaroon(value),
            Self::Uuid4 => shape::uuid4(value),
            Self::Base64Of32 => shape::base64_of(value, 32),
            Self::Base64Of64 => shape::base64_of(value, 64),
            Self::Wireguard => shape::wireguard(value),
            Self::AtlassianDatacenter => shape::atlassian_datacenter(value),
            Self::ElasticApiKey => shape::elastic_api_key(value),
            Self::ClerkHost => shape::clerk_host(value),
            Self::Cisco7 => shape::cisco7(value),
            Self::Putty => shape::putty(value),
            Self::AzureSas => expiry::azure_sas(value),
            Self::LockedKeyStore => KeyStore::read(value).is_none_or(|store| store == KeyStore::Locked),
            Self::SignedUrl => true,
        }
    }

    /// As [`Check::passes`], with what the JSON inside the value must hold.
    pub(super) fn passes_with(self, value: &[u8], requires: &[Requirement]) -> bool {
        match self {
            Self::Base64Json => json::base64_json(value, requires),
            _ => self.passes(value),
        }
    }

    /// When a value stops working, in seconds since 1970, where it says so. `text` is the match with
    /// what stands before it in the same URL.
    pub fn expiry(self, text: &[u8]) -> Option<i64> {
        let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>');
        let text = text.iter().rposition(ends).and_then(|at| text.get(at + 1..)).unwrap_or(text);
        match self {
            Self::AzureSas => expiry::azure_sas_end(text),
            Self::EcrLogin => json::ecr_end(text),
            Self::SignedUrl => expiry::signed_url_end(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;

    fn check(check: Check, template: &str, expected: bool) {
        for seed in 0..8 {
            let value = expand(template, seed);
            assert_eq!(check.passes(value.as_bytes()), expected, "{check:?} {template} {seed}");
        }
    }

    #[test]
    fn checksums() {
        check(Check::Crc32Base62, "abc_<base62:30><crc32>", true);
        check(Check::Crc32Base62, "abc_<base62:36>", false);
        check(Check::Crc32Hex, "abc<base62:60><crc32-hex>", true);
        check(Check::Crc32HexBody, "abc_<base36:32>_<crc32-hex-last>", true);
        check(Check::Crc32HexBody, "abc_<base36:32>_<hex:8>", false);
        check(Check::Crc32Base64, "abcd<base64:54><crc32-base64>", true);
        check(Check::Crc32Base64, "abcd<base64:60>", false);
        check(Check::GitlabRoutable, "abc-<base62:27>.01.<crc32-base36>", true);
        check(Check::GrafanaCrc32, "abcd_<base62:32>_<crc32-grafana>", true);
        check(Check::GrafanaCrc32, "abcd_<base62:32>_00000000", false);
        check(Check::Crc16Base32, "<crc16-base32:90:32>", true);
        check(Check::Crc16Base32, "<crc16-base32:9500:32>", true);
        check(Check::Crc16Base32, "S<BASE32:55>", false);
        check(Check::Luhn, "4111 1111 1111 1111", true);
        check(Check::Luhn, "4111 1111 1111 1112", false);
    }

    #[test]
    fn keys_of_wallets() {
        check(Check::Base58Check, "<base58check:80:32>", true);
        check(Check::Base58Check, "<base58check:0488ade4:74>", true);
        check(Check::Base58Check, "5<base58:50>", false);
        // The address that the first block of the chain pays to, and its neighbour.
        check(Check::Base58Check, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", true);
        check(Check::Base58Check, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", false);
        // BIP 173, its own test vectors.
        check(Check::Bech32, "A12UEL5L", true);
        check(Check::Bech32, "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", true);
        check(Check::Bech32, "A12UEL5M", false);
        check(Check::Bech32, "ABC-KEY-1<bech32:58>", true);
        check(Check::Bech32, "ABC-KEY-1<BASE32:58>", false);
    }

    #[test]
    fn contents() {
        check(Check::AwsAccount, "WXYZ<aws-id>", true);
        check(Check::AwsAccount, "WXYZI<BASE32:15>", true);
        check(Check::AwsAccount, "WXYZ7777777777777777", false);
        check(Check::Base64Json, "abc_<b64({\"k\":\"<base62:9>\"})>", true);
        check(Check::Base64Json, "abc.<b64url({ \"k\":\"<base62:9>\"})>.<b64url:22>", true);
        check(Check::Base64Json, "abc_<base62:40>", false);
        check(Check::Base64Jwt, "<b64(<jwt>)>", true);
        check(Check::Base64Jwt, "<b64(eyJ<base62:60>)>", false);
        check(Check::Jwe, "<b64url({\"alg\":\"dir\",\"enc\":\"A256GCM\"})>..<b64url:16>.<b64url:80>.<b64url:22>", true);
        check(Check::Jwe, "<b64url({\"alg\":\"dir\",\"kid\":\"A256GCM\"})>..<b64url:16>.<b64url:80>.<b64url:22>", false);
        check(Check::EcrLogin, "<b64(AWS:<b64({\"payload\":\"x\",\"datakey\":\"y\"})>)>", true);
        check(Check::EcrLogin, "<b64(AWS:<b64({\"payload\":\"x\"})>)>", false);
        check(Check::Macaroon, "abc-AgEIcHlwaS5vcmc<b64url:80>", true);
    }

    #[test]
    fn requirements() {
        let requires = ["a".parse(), "t=abc".parse()].map(Result::unwrap);
        let fits = |text: &str| Check::Base64Json.passes_with(expand(text, 1).as_bytes(), &requires);
        assert!(fits("x_<b64({\"a\":1,\"t\":\"xabcx\"})>"));
        assert!(!fits("x_<b64({\"a\":1,\"t\":\"xyz\"})>"));
        assert!(!fits("x_<b64({\"t\":\"abc\"})>"));
    }

    #[test]
    fn shapes() {
        check(Check::Uuid4, "<uuid>", true);
        check(Check::Uuid4, "x-<uuid>", true);
        check(Check::Uuid4, "123e4567-e89b-12d3-a456-426614174000", false);
        check(Check::Base64Of32, "<bytes:32>", true);
        check(Check::Base64Of32, "<bytes:33>", false);
        check(Check::Base64Of64, "<bytes:64>", true);
        check(Check::Wireguard, "<wireguard>", true);
        check(Check::Wireguard, "AQ<base62:41>=", false);
        check(Check::AtlassianDatacenter, "<b64(<digits:12>:<base62:20>)>", true);
        check(Check::AtlassianDatacenter, "M<base62:43>", false);
        check(Check::ElasticApiKey, "<b64(<b64url:20>:<b64url:22>)>", true);
        check(Check::ElasticApiKey, "<b64(<b64url:43>)>", false);
        check(Check::ClerkHost, "pk_test_<b64(big.clerk.<lower:8>.dev$)>", true);
        check(Check::ClerkHost, "pk_test_<b64(big.clerk.<lower:8>.dev)>", false);
        // The example of the vendor's own manuals: it says "cisco".
        check(Check::Cisco7, &["password 7 094F47", "1A1A0A"].concat(), true);
        check(Check::Cisco7, "key 7 <cisco7:12>", true);
        check(Check::Cisco7, "password 7 094F471A1A0", false);
        check(Check::Cisco7, "password 7 09FFFFFFFFFF", false);
    }

    #[test]
    fn putty() {
        let head = "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: a\nPublic-Lines: 1\n";
        check(Check::Putty, &format!("{head}<b64(\0\0\0\x07ssh-rsa<base62:30>)>\nPrivate-Lines: 1\n"), true);
        check(Check::Putty, &format!("{head}<b64(\0\0\0\x07ssh-dss<base62:30>)>\nPrivate-Lines: 1\n"), false);
        check(Check::Putty, &format!("{head}<base62:40>\nPrivate-Lines: 1\n"), false);
    }

    #[test]
    fn ends() {
        check(Check::AzureSas, "sv=2024-11-04&sp=r&sig=<bytes:32>", true);
        check(Check::AzureSas, "sv=2024-11-04&sp=r&sig=<base62:46>", false);
        let sas = |text: &str| Check::AzureSas.expiry(text.as_bytes());
        assert_eq!(sas("https://x/b?sp=r&se=2001-09-09T01%3A46%3A40Z&sv=2024-11-04&sig=x"), Some(1_000_000_000));
        assert_eq!(sas("?sv=2024-11-04&se=2001-09-09T01:46Z&sig=x"), Some(999_999_960));
        assert_eq!(sas("?sv=2024-11-04&se=2001-09-09&sig=x"), Some(999_993_600));
        assert_eq!(sas("?sv=2024-11-04&se=soon&sig=x"), None);
        let url = |text: &str| Check::SignedUrl.expiry(text.as_bytes());
        assert_eq!(url("?X-Amz-Date=20010909T014640Z&X-Amz-Expires=60&X-Amz-Signature=x"), Some(1_000_000_060));
        assert_eq!(url("?X-Goog-Date=20010909T014640Z&X-Goog-Expires=60&X-Goog-Signature=x"), Some(1_000_000_060));
        assert_eq!(url("?X-Amz-Date=20010909T014640Z&X-Amz-Signature=x"), None);
    }
}
