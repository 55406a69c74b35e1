//! The two encodings of wallets that carry their own checksum: base58check and bech32 (BIP 173).

use crate::forge::sums::{BASE58, bech32_digits, bech32_polymod, double_sha256};

/// Extended keys have 111 characters; nothing longer is decoded, as the work grows with the square.
const LONGEST: usize = 128;

pub(super) fn base58check(value: &[u8]) -> bool {
    let Some(bytes) = decoded(value) else { return false };
    let Some((body, tail)) = bytes.len().checked_sub(4).and_then(|at| bytes.split_at_checked(at)) else { return false };
    body.len() >= 16 && double_sha256(body).starts_with(tail)
}

/// The number in base 58, big-endian, with a zero byte for each leading `1`.
fn decoded(value: &[u8]) -> Option<Vec<u8>> {
    if value.len() > LONGEST {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::new(); // least significant first
    for character in value {
        let mut carry = BASE58.bytes().position(|known| known == *character)? as u32;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            bytes.push(carry as u8);
        }
    }
    bytes.extend(value.iter().take_while(|character| **character == b'1').map(|_| 0));
    bytes.reverse();
    Some(bytes)
}

pub(super) fn bech32(value: &[u8]) -> bool {
    let value = value.to_ascii_lowercase();
    let Some(at) = value.iter().rposition(|byte| *byte == b'1') else { return false };
    let (prefix, rest) = value.split_at(at);
    let digits = rest.get(1..).and_then(bech32_digits);
    digits.is_some_and(|digits| digits.len() >= 6 && bech32_polymod(prefix, &digits) == 1)
}
