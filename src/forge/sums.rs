//! Checksums and alphabets that tokens carry, written once for those who make samples and those who check.

use sha2::{Digest, Sha256};

/// Base58 leaves out the characters that people confuse.
pub const BASE58: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// The digits of bech32 (BIP 173), by value.
pub const BECH32: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// What Cisco IOS combines type 7 passwords with, over and over.
pub const CISCO: &[u8] = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87";

/// CRC-16/XMODEM: polynomial 0x1021, nothing reflected, starts at 0.
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0u16, |sum, byte| {
        (0..8).fold(sum ^ (u16::from(*byte) << 8), |sum, _| if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 })
    })
}

/// SHA-256 of the SHA-256.
pub fn double_sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(Sha256::digest(bytes)).to_vec()
}

/// The bytes as a big-endian number in base 58, a `1` for each leading zero byte.
pub fn base58(bytes: &[u8]) -> String {
    let alphabet = BASE58.as_bytes();
    let mut digits: Vec<usize> = Vec::new(); // least significant first
    for byte in bytes {
        let mut carry = usize::from(*byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).map(|_| 0);
    digits.extend(zeros);
    digits.iter().rev().filter_map(|digit| alphabet.get(*digit)).map(|byte| char::from(*byte)).collect()
}

/// The checksum's polynomial over the human-readable part and the digits; 1 if the last six fit.
pub fn bech32_polymod(prefix: &[u8], digits: &[u32]) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let high = prefix.iter().map(|byte| u32::from(byte >> 5));
    let low = prefix.iter().map(|byte| u32::from(byte & 31));
    high.chain([0]).chain(low).chain(digits.iter().copied()).fold(1u32, |sum, digit| {
        let top = sum >> 25;
        let next = (sum & 0x01ff_ffff) << 5 ^ digit;
        GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1).fold(next, |sum, (_, word)| sum ^ word)
    })
}

/// The digits of a text in bech32, or `None` if a character is none.
pub fn bech32_digits(text: &[u8]) -> Option<Vec<u32>> {
    text.iter().map(|byte| BECH32.bytes().position(|known| known == *byte).map(|digit| digit as u32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(base58(b"\0\0Hello World!"), "112NEpo7TZRRrLZSi2U");
        assert_eq!(double_sha256(b"hello")[..4], [0x95, 0x95, 0xc9, 0xdf]);
    }
}
