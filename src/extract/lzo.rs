//! Blocks of LZO1X, which squashfs, Parquet and lzop hold.

use std::io;

/// The most that LZO makes of a byte: a zero makes a copy 255 bytes longer.
const RATIO: u64 = 255;

/// Unpacks one block, to so many bytes at most.
///
/// # Errors
/// `InvalidData` where it is no such block, or one that unpacks to more.
pub(super) fn block(packed: &[u8], most: u64) -> io::Result<Vec<u8>> {
    let room = most.min((packed.len() as u64).saturating_mul(RATIO).saturating_add(64));
    let mut bytes = vec![0; usize::try_from(room).map_err(|_| io::ErrorKind::FileTooLarge)?];
    let length = lzokay::decompress::decompress(packed, &mut bytes);
    bytes.truncate(length.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_undone_up_to_what_is_allowed() {
        let text = b"as often as this, as often as this, as often as this".repeat(9);
        let packed = lzokay::compress::compress(&text).unwrap();
        assert_eq!(block(&packed, text.len() as u64).unwrap(), text);
        assert_eq!(block(&packed, 1 << 40).unwrap(), text);
        assert!(block(&packed, text.len() as u64 - 1).is_err());
        assert!(block(&packed[..packed.len() - 1], 1 << 20).is_err());
        assert!(block(b"", 1 << 20).is_err());
    }
}
