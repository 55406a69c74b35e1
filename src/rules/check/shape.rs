//! Values whose bytes, once decoded, have a form of their own.

use super::json::decoded;
use crate::forge::sums::CISCO;
use data_encoding::{BASE32, BASE64_NOPAD, BASE64URL_NOPAD, HEXUPPER_PERMISSIVE};

/// The account number is 40 bits, 7 bits into the first 48 after the prefix; older ids have none.
pub(super) fn aws_account(value: &[u8]) -> bool {
    let Some(id) = value.get(4..20) else { return false };
    if matches!(id.first(), Some(b'I' | b'J')) {
        return true;
    }
    let Ok(bytes) = BASE32.decode(id) else { return false };
    let head = bytes.iter().take(6).fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    let account = (head & 0x7fff_ffff_ff80) >> 7;
    (1..=999_999_999_999).contains(&account)
}

pub(super) fn macaroon(value: &[u8]) -> bool {
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

/// The value ends in a UUID of version 4 (RFC 9562).
pub(super) fn uuid4(value: &[u8]) -> bool {
    let uuid = value.len().checked_sub(36).and_then(|at| value.get(at..)).unwrap_or_default();
    let hyphens = [8, 13, 18, 23].iter().all(|at| uuid.get(*at) == Some(&b'-'));
    let digits = uuid.iter().filter(|byte| byte.is_ascii_hexdigit()).count() == 32;
    let variant = uuid.get(19).is_some_and(|byte| matches!(byte.to_ascii_lowercase(), b'8' | b'9' | b'a' | b'b'));
    hyphens && digits && variant && uuid.get(14) == Some(&b'4')
}

/// Base64 of exactly `length` bytes, as an encoder writes it: no stray bits at the end.
pub(super) fn base64_of(value: &[u8], length: usize) -> bool {
    let end = value.len() - value.iter().rev().take_while(|byte| **byte == b'=').count();
    let text = value.get(..end).unwrap_or_default();
    let bytes = BASE64_NOPAD.decode(text).or_else(|_| BASE64URL_NOPAD.decode(text));
    bytes.is_ok_and(|bytes| bytes.len() == length)
}

pub(super) fn wireguard(value: &[u8]) -> bool {
    let text = value.strip_suffix(b"=").unwrap_or(value);
    let text = text.len().checked_sub(43).and_then(|at| text.get(at..)).unwrap_or_default();
    let Ok(bytes) = BASE64_NOPAD.decode(text) else { return false };
    matches!(bytes[..], [first, .., last] if bytes.len() == 32 && first & 7 == 0 && last & 0xc0 == 0x40)
}

pub(super) fn atlassian_datacenter(value: &[u8]) -> bool {
    let Some(bytes) = decoded(value) else { return false };
    bytes.len() == 33 && bytes.get(12) == Some(&b':') && bytes.iter().take(12).all(u8::is_ascii_digit)
}

pub(super) fn elastic_api_key(value: &[u8]) -> bool {
    let Some(bytes) = decoded(value) else { return false };
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    bytes.len() == 43
        && bytes.get(20) == Some(&b':')
        && bytes.iter().enumerate().all(|(at, byte)| if at == 20 { *byte == b':' } else { is_key(byte) })
}

pub(super) fn clerk_host(value: &[u8]) -> bool {
    let text = value.iter().rposition(|byte| *byte == b'_').and_then(|at| value.get(at + 1..)).unwrap_or_default();
    let Some(bytes) = decoded(text) else { return false };
    let Some(host) = bytes.strip_suffix(b"$") else { return false };
    host.contains(&b'.') && host.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

pub(super) fn cisco7(value: &[u8]) -> bool {
    let text = value.iter().rposition(|byte| *byte == b' ').and_then(|at| value.get(at + 1..)).unwrap_or(value);
    let Some((start, body)) = text.split_at_checked(2) else { return false };
    let start = std::str::from_utf8(start).ok().and_then(|digits| digits.parse::<usize>().ok());
    let (Some(start), Ok(bytes)) = (start, HEXUPPER_PERMISSIVE.decode(body)) else { return false };
    let plain = bytes.iter().zip(CISCO.iter().cycle().skip(start)).map(|(byte, key)| byte ^ key);
    bytes.len() >= 3 && plain.into_iter().all(|byte| (0x20..0x7f).contains(&byte))
}

/// The lines after `Public-Lines:` are base64 of an SSH key, which starts with the name of its algorithm.
pub(super) fn putty(value: &[u8]) -> bool {
    let mut lines = value.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_empty());
    let algorithm = lines.next().and_then(|line| line.rsplit(|byte| *byte == b' ').next()).unwrap_or_default();
    let body = lines.skip_while(|line| !line.starts_with(b"Public-Lines:")).skip(1);
    let body: Vec<u8> = body.take_while(|line| !line.contains(&b':')).flatten().copied().collect();
    let Some(key) = decoded(&body) else { return false };
    let named = key.get(4..).is_some_and(|rest| rest.starts_with(algorithm));
    named && !algorithm.is_empty() && key.get(..4) == Some(&(algorithm.len() as u32).to_be_bytes()[..])
}
