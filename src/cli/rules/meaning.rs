//! What the words of rules mean, in sentences: for `rules explain`.

use crate::finding::{Confidence, Severity};
use crate::rules::{Check, Lifetime, Structure};

/// What a value must be to pass a check: goes on after "the value passes if".
pub(super) fn of_check(check: Check) -> &'static str {
    match check {
        Check::Crc32Base62 => "its last 6 characters are the CRC32, in base62, of what stands between its last `_` and them",
        Check::Crc32Hex => "its last 8 characters are the CRC32, in hex, of all before",
        Check::Crc32HexBody => "its last 8 characters are the CRC32, in hex, of what stands between two `_` before them",
        Check::Crc32Base64 => "its last 6 characters are the CRC32, little-endian, in base64 of the 54 before",
        Check::GitlabRoutable => "its last 7 characters are the CRC32, in base36, of all before",
        Check::GrafanaCrc32 => "its last 8 characters are the CRC32, little-endian, in hex of what stands before their `_`",
        Check::Crc16Base32 => "it is base32 whose last two bytes are the CRC16 (XMODEM) of the others",
        Check::Base58Check => "it is base58 whose last four bytes begin a double SHA-256 of the others",
        Check::Bech32 => "the checksum of BIP 173 holds",
        Check::Luhn => "its check digit holds (Luhn)",
        Check::AwsAccount => "it decodes as base32 to an account id",
        Check::Base64Json => "a part of it decodes as base64 to a JSON object that has what is required",
        Check::Base64Jwt => "it decodes as base64 to a JSON web token",
        Check::Jwe => "it has the five parts of an encrypted JSON web token, and a header with `alg` and `enc`",
        Check::EcrLogin => "it is base64 of `AWS:` and a password that is base64 of JSON, which says until when it works",
        Check::Macaroon => "it decodes to a macaroon",
        Check::Uuid4 => "it ends in a UUID of version 4",
        Check::Base64Of32 => "it is base64 of 32 bytes, without stray bits",
        Check::Base64Of64 => "it is base64 of 64 bytes, without stray bits",
        Check::Wireguard => "it ends in base64 of 32 bytes, clamped as Curve25519 wants it",
        Check::AtlassianDatacenter => "it is base64 of 12 digits, `:` and 20 bytes",
        Check::ElasticApiKey => "it is base64 of 20 characters, `:` and 22",
        Check::ClerkHost => "what follows its last `_` is base64 of a host name and `$`",
        Check::Cisco7 => "the published table of Cisco IOS turns it into text",
        Check::Putty => "its public lines are a key of the algorithm that its first line names",
        Check::AzureSas => "`sig` is 32 bytes; `se` says until when it works",
        Check::LockedKeyStore => "it is no key store that opens with what everybody tries, or that holds certificates alone",
        Check::SignedUrl => "always; the date and the lifetime in the URL say until when it works",
    }
}

/// What a detector finds.
pub(super) fn of_structure(structure: Structure) -> &'static str {
    match structure {
        Structure::Url => "a URL with a password: scheme://user:password@host; the password is the secret",
        Structure::Pem => "a PEM block whose body decodes, on lines of its own or escaped in a string",
        Structure::Jwt => "a JSON web token whose header and payload decode",
        Structure::Assignment => "a name that says it is secret, with a value that looks like one, in any notation",
        Structure::BasicAuth => "`Authorization: Basic` with base64 of user:password",
        Structure::CommandLine => "a password on a command line: --password, -p after a known program, curl -u",
        Structure::DockerAuth => "a password in the configuration of a Docker client (`auths`)",
        Structure::KeyStore => "a key store (PKCS#12, JKS, JCEKS) with a private key that an empty or a default password opens",
        Structure::StrayEnv => "a .env file that is no template, or a template with a real value",
        Structure::UnsafeImport => "a function that runs commands or code, which loading a pickle would call upon",
    }
}

/// How bad it is.
pub(super) fn of_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "access to much",
        Severity::High => "access to one service",
        Severity::Medium => "some harm, or of limited scope",
        Severity::Low => "little harm",
        Severity::Info => "public by design, or no credential by itself",
    }
}

/// How sure a match is.
pub(super) fn of_confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "the value identifies itself, or its structure does",
        Confidence::Medium => "name and value fit",
        Confidence::Low => "it may be something else",
    }
}

/// How long one works.
pub(super) fn of_lifetime(lifetime: Lifetime) -> &'static str {
    match lifetime {
        Lifetime::LongLived => "works until somebody revokes it",
        Lifetime::ShortLived => "works for hours",
        Lifetime::Expiring => "works until a date; one that has passed lowers it, and fails no audit",
        Lifetime::Public => "is public by design: told, and fails no audit",
        Lifetime::Unknown => "how long it works is not documented",
    }
}
