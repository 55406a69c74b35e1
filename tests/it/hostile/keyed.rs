//! Small samples of what finds its values by keys, put together by hand.

fn long(length: usize) -> [u8; 4] {
    (length as u32).to_le_bytes()
}

/// A checksum as LevelDB keeps it.
fn masked(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// A table of LevelDB with one packed block.
pub(super) fn sorted_table(text: &str) -> Vec<u8> {
    let entry = |key: &str, value: &[u8]| {
        [&[0, key.len() as u8 + 8, value.len() as u8][..], key.as_bytes(), b"\x01\x07\0\0\0\0\0\0", value].concat()
    };
    let block = |entries: &[Vec<u8>]| [&entries.concat()[..], &long(0), &long(1)].concat();
    let stored = |block: &[u8], how: u8| [block, &[how], &masked(&[block, &[how]].concat())].concat();
    let rows = block(&[entry("first", b"nothing"), entry("note", text.as_bytes())]);
    let packed = snap::raw::Encoder::new().compress_vec(&rows).unwrap();
    let index = block(&[entry("note", &[0, packed.len() as u8])]);
    let (data, meta) = (stored(&packed, 1), stored(&block(&[]), 0));
    let (first, second) = (data.len() as u8, (data.len() + meta.len()) as u8);
    assert!(second < 0x80, "one byte for each number");
    let footer = [&[first, 8, second, index.len() as u8][..], &[0; 36], &0xdb47_7524_8b80_fb57_u64.to_le_bytes()].concat();
    [data, meta, stored(&index, 0), footer].concat()
}

/// A log of LevelDB with one batch.
pub(super) fn sorted_log(text: &str) -> Vec<u8> {
    let write =
        |key: &str, value: &str| [&[1, key.len() as u8][..], key.as_bytes(), &[value.len() as u8], value.as_bytes()].concat();
    let record = [&[1][..], &[9, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0], &write("first", "nothing"), &write("note", text)].concat();
    [&masked(&record)[..], &(record.len() as u16 - 1).to_le_bytes(), &record].concat()
}
