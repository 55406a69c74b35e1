//! Checks that need no network: a value that fails one was not issued by anybody.
//!
//! The sources of the formats are the issuers' own publications; `rules/README.md` says what each does.

use crate::forge::filler::{BASE36, BASE62, in_base};
use data_encoding::{BASE32, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};
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
    /// GitLab: the last 7 are the CRC32 in base 36 of all before.
    GitlabRoutable,
    /// AWS: an account number stands in the key id.
    AwsAccount,
    /// A part that is base64 of JSON.
    #[serde(rename = "base64-json")]
    Base64Json,
    /// age: the checksum of BIP 173.
    #[serde(rename = "age-bech32")]
    AgeBech32,
    /// The check digit of ISO/IEC 7812.
    Luhn,
    /// A macaroon, version 1 or 2.
    Macaroon,
    /// Grafana: the last 8 are the CRC32, little-endian, in hex of what stands before their `_`.
    GrafanaCrc32,
}

impl Check {
    /// Whether `value`, the whole match, passes.
    pub fn passes(self, value: &[u8]) -> bool {
        match self {
            Self::Crc32Base62 => crc32_base62(value),
            Self::Crc32Hex => ends_in(value, 8, |body| format!("{:08x}", crc32fast::hash(body))),
            Self::GitlabRoutable => ends_in(value, 7, |body| in_base(crc32fast::hash(body), BASE36, 7)),
            Self::AwsAccount => aws_account(value),
            Self::Base64Json => base64_json(value),
            Self::AgeBech32 => bech32(value),
            Self::Luhn => luhn(value),
            Self::Macaroon => macaroon(value),
            Self::GrafanaCrc32 => grafana(value),
        }
    }
}

fn ends_in(value: &[u8], width: usize, sum: impl Fn(&[u8]) -> String) -> bool {
    let Some((body, tail)) = value.len().checked_sub(width).and_then(|at| value.split_at_checked(at)) else { return false };
    sum(body).as_bytes().eq_ignore_ascii_case(tail)
}

fn crc32_base62(value: &[u8]) -> bool {
    let body = value.iter().rposition(|byte| *byte == b'_').and_then(|at| value.get(at + 1..)).unwrap_or(value);
    let Some((body, tail)) = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at)) else { return false };
    body.len() >= 16 && in_base(crc32fast::hash(body), BASE62, 6).as_bytes() == tail
}

fn grafana(value: &[u8]) -> bool {
    let Some((body, tail)) = value.len().checked_sub(8).and_then(|at| value.split_at_checked(at)) else { return false };
    let body = body.strip_suffix(b"_").unwrap_or(body);
    HEXLOWER.encode(&crc32fast::hash(body).to_le_bytes()).as_bytes() == tail
}

/// The account number is 40 bits, 7 bits into the first 48 after the prefix; older ids have none.
fn aws_account(value: &[u8]) -> bool {
    let Some(id) = value.get(4..20) else { return false };
    if matches!(id.first(), Some(b'I' | b'J')) {
        return true;
    }
    let Ok(bytes) = BASE32.decode(id) else { return false };
    let head = bytes.iter().take(6).fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    let account = (head & 0x7fff_ffff_ff80) >> 7;
    (1..=999_999_999_999).contains(&account)
}

/// Base64 of either alphabet, padded or not, as far as it goes.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.iter().copied().take_while(|byte| *byte != b'=').collect();
    BASE64_NOPAD.decode(&text).or_else(|_| BASE64URL_NOPAD.decode(&text)).ok()
}

fn base64_json(value: &[u8]) -> bool {
    let starts = value.iter().enumerate().filter(|(_, byte)| matches!(byte, b'_' | b'-' | b'.')).map(|(at, _)| at + 1);
    let is_json = |text: &[u8]| decoded(text).is_some_and(|json| serde_json::from_slice::<serde_json::Map<_, _>>(&json).is_ok());
    starts.chain([0]).take(64).any(|start| {
        let rest = value.get(start..).unwrap_or_default();
        let cut = rest.iter().rposition(|byte| *byte == b'_').and_then(|at| rest.get(..at));
        rest.starts_with(b"ey") && (is_json(rest) || cut.is_some_and(is_json))
    })
}

fn bech32(value: &[u8]) -> bool {
    const CHARSET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let value = value.to_ascii_lowercase();
    let Some(at) = value.iter().rposition(|byte| *byte == b'1') else { return false };
    let (prefix, rest) = value.split_at(at);
    let letters = rest.iter().skip(1).map(|byte| CHARSET.iter().position(|c| c == byte).map(|digit| digit as u32));
    let Some(letters) = letters.collect::<Option<Vec<u32>>>() else { return false };
    let high = prefix.iter().map(|byte| u32::from(byte >> 5));
    let low = prefix.iter().map(|byte| u32::from(byte & 31));
    let sum = high.chain([0]).chain(low).chain(letters).fold(1u32, |sum, digit| {
        let top = sum >> 25;
        let next = (sum & 0x01ff_ffff) << 5 ^ digit;
        GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1).fold(next, |sum, (_, word)| sum ^ word)
    });
    sum == 1
}

fn luhn(value: &[u8]) -> bool {
    let digits: Vec<u32> = value.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0')).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { *digit } else { digit * 2 - if *digit > 4 { 9 } else { 0 } })
        .sum();
    digits.len() >= 8 && sum.is_multiple_of(10)
}

fn macaroon(value: &[u8]) -> bool {
    let starts = value.iter().enumerate().filter(|(_, byte)| matches!(byte, b'-' | b'_')).map(|(at, _)| at + 1);
    starts.chain([0]).take(64).any(|start| {
        let head = value.get(start..).unwrap_or_default();
        let head = head.get(..head.len().min(64) / 4 * 4).unwrap_or_default();
        // Version 2 starts with 2 and the location field; version 1 with the packet length in hex; Fly's with a msgpack array.
        decoded(head).is_some_and(|bytes| {
            bytes.starts_with(&[2, 1]) || bytes.get(4..12) == Some(b"location") || bytes.starts_with(&[0x94, 0x93])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;

    fn check(check: Check, template: &str, expected: bool) {
        for seed in 0..8 {
            assert_eq!(check.passes(expand(template, seed).as_bytes()), expected, "{check:?} {template} {seed}");
        }
    }

    #[test]
    fn checksums() {
        check(Check::Crc32Base62, "abc_<base62:30><crc32>", true);
        check(Check::Crc32Base62, "abc_<base62:36>", false);
        check(Check::Crc32Hex, "abc<base62:60><crc32-hex>", true);
        check(Check::GitlabRoutable, "abc-<base62:27>.01.<crc32-base36>", true);
        check(Check::GrafanaCrc32, "abcd_<base62:32>_<crc32-grafana>", true);
        check(Check::GrafanaCrc32, "abcd_<base62:32>_00000000", false);
    }

    #[test]
    fn contents() {
        check(Check::AwsAccount, "WXYZ<aws-id>", true);
        check(Check::AwsAccount, "WXYZI<BASE32:15>", true);
        check(Check::AwsAccount, "WXYZ7777777777777777", false);
        check(Check::Base64Json, "abc_<b64({\"k\":\"<base62:9>\"})>", true);
        check(Check::Base64Json, "abc_<base62:40>", false);
        check(Check::Luhn, "4111 1111 1111 1111", true);
        check(Check::Luhn, "4111 1111 1111 1112", false);
        // BIP 173, its own test vectors.
        check(Check::AgeBech32, "A12UEL5L", true);
        check(Check::AgeBech32, "A12UEL5M", false);
        check(Check::Macaroon, "abc-AgEIcHlwaS5vcmc<b64url:80>", true);
    }
}
