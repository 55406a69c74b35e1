//! Checksums that issuers put at the end of their tokens.

use crate::forge::filler::{BASE36, BASE62, in_base};
use crate::forge::sums::crc16;
use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, HEXLOWER};

/// `value` without its last `width` bytes, and those.
fn parted(value: &[u8], width: usize) -> Option<(&[u8], &[u8])> {
    value.len().checked_sub(width).and_then(|at| value.split_at_checked(at))
}

fn ends_in(value: &[u8], width: usize, sum: impl Fn(&[u8]) -> String) -> bool {
    parted(value, width).is_some_and(|(body, tail)| sum(body).as_bytes().eq_ignore_ascii_case(tail))
}

pub(super) fn crc32_base62(value: &[u8]) -> bool {
    let body = value.iter().rposition(|byte| *byte == b'_').and_then(|at| value.get(at + 1..)).unwrap_or(value);
    parted(body, 6).is_some_and(|(body, tail)| body.len() >= 16 && in_base(crc32fast::hash(body), BASE62, 6).as_bytes() == tail)
}

pub(super) fn crc32_base36(value: &[u8]) -> bool {
    ends_in(value, 7, |body| in_base(crc32fast::hash(body), BASE36, 7))
}

pub(super) fn crc32_hex(value: &[u8]) -> bool {
    ends_in(value, 8, |body| format!("{:08x}", crc32fast::hash(body)))
}

pub(super) fn crc32_hex_body(value: &[u8]) -> bool {
    ends_in(value, 8, |body| {
        let body = body.strip_suffix(b"_").unwrap_or(body);
        let body = body.iter().rposition(|byte| *byte == b'_').and_then(|at| body.get(at + 1..)).unwrap_or(body);
        format!("{:08x}", crc32fast::hash(body))
    })
}

pub(super) fn crc32_base64(value: &[u8]) -> bool {
    parted(value, 6).is_some_and(|(head, tail)| {
        let body = head.len().checked_sub(54).and_then(|at| head.get(at..)).unwrap_or_default();
        body.len() == 54 && BASE64_NOPAD.encode(&crc32fast::hash(body).to_le_bytes()).as_bytes() == tail
    })
}

pub(super) fn grafana(value: &[u8]) -> bool {
    parted(value, 8).is_some_and(|(body, tail)| {
        let body = body.strip_suffix(b"_").unwrap_or(body);
        HEXLOWER.encode(&crc32fast::hash(body).to_le_bytes()).as_bytes() == tail
    })
}

pub(super) fn crc16_base32(value: &[u8]) -> bool {
    let Ok(bytes) = BASE32_NOPAD.decode(value) else { return false };
    parted(&bytes, 2).is_some_and(|(body, tail)| body.len() >= 16 && crc16(body).to_le_bytes() == *tail)
}

pub(super) fn luhn(value: &[u8]) -> bool {
    let digits: Vec<u32> = value.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0')).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { *digit } else { digit * 2 - if *digit > 4 { 9 } else { 0 } })
        .sum();
    digits.len() >= 8 && sum.is_multiple_of(10)
}
