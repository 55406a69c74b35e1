//! The bytes that PKCS#12 makes of a password: RFC 7292, appendix B.

use sha1::Digest;
use sha1::digest::common::BlockSizeUser;

/// What the bytes are for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// The key of a cipher.
    Cipher = 1,
    /// What its first block is mixed with.
    FirstBlock = 2,
    /// The key of the code that guards a store.
    Code = 3,
}

/// A password as it is hashed: UTF-16 with an end.
pub(super) fn wide(password: &str) -> Vec<u8> {
    password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect()
}

/// `length` bytes made of a [wide] password, with salt and as many rounds as `from` says.
pub(super) fn derived<D: Digest + BlockSizeUser>(
    purpose: Purpose,
    password: &[u8],
    from: (&[u8], u32),
    length: usize,
) -> Vec<u8> {
    let (salt, rounds) = from;
    let block = D::block_size();
    let filled = |text: &[u8]| text.iter().copied().cycle().take(text.len().div_ceil(block) * block).collect::<Vec<u8>>();
    let mut input = [filled(salt), filled(password)].concat();
    let mut bytes = Vec::new();
    loop {
        let mut sum = D::new_with_prefix(vec![purpose as u8; block]).chain_update(&input).finalize();
        for _ in 1..rounds {
            sum = D::digest(&sum);
        }
        bytes.extend_from_slice(&sum);
        if bytes.len() >= length {
            bytes.truncate(length);
            return bytes;
        }
        // Each block of the input is a number: the sum as one of its length, and one more, are added.
        let added: Vec<u8> = sum.iter().copied().cycle().take(block).collect();
        for number in input.chunks_mut(block) {
            let mut carry = 1u16;
            for (digit, other) in number.iter_mut().zip(&added).rev() {
                carry += u16::from(*digit) + u16::from(*other);
                *digit = carry as u8;
                carry >>= 8;
            }
        }
    }
}
