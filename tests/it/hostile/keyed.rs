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

/// A file of LMDB, as a machine of 64 bits has it, of pages of 256 bytes: two that say where trees begin, and a leaf.
pub(super) fn lmdb(text: &str) -> Vec<u8> {
    let wide = |numbers: &[u64]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let padded = |bytes: Vec<u8>| [&bytes[..], &vec![0; 256 - bytes.len()]].concat();
    let meta = |number: u64| {
        let free = [&long(256)[..], &[8, 0, 0, 0], &wide(&[0, 0, 0, 0, u64::MAX])].concat();
        let main = [&[0, 0, 0, 0, 0, 0, 1, 0][..], &wide(&[0, 1, 0, 2, 2])].concat();
        let head = [&wide(&[number])[..], &[0, 0, 8, 0, 0, 0, 0, 0], &long(0xbeef_c0de), &long(1), &wide(&[0, 1 << 20])].concat();
        padded([head, free, main, wide(&[2, number])].concat())
    };
    let node = |key: &str, value: &str| {
        let mut node = [&long(value.len())[..], &[0, 0, key.len() as u8, 0], key.as_bytes(), value.as_bytes()].concat();
        node.resize(node.len().next_multiple_of(2), 0);
        node
    };
    let (first, second) = (node("first", "nothing"), node("note", text));
    let (high, low) = (256 - first.len(), 256 - first.len() - second.len());
    let head = [&wide(&[2])[..], &[0, 0, 2, 0, 20, 0, low as u8, 0, high as u8, 0, low as u8, 0]].concat();
    [meta(0), meta(1), head.clone(), vec![0; low - head.len()], second, first].concat()
}

/// What ends a block of the container below.
pub(super) const SYNC: &[u8; 16] = b"behind one block";

/// An Avro container of one record, packed by a codec.
pub(super) fn avro(text: &str, codec: &str, pack: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let length = |length: usize| match length << 1 {
        long @ 0x80.. => vec![0x80 | (long & 0x7f) as u8, (long >> 7) as u8],
        short => vec![short as u8],
    };
    let string = |text: &str| [&length(text.len())[..], text.as_bytes()].concat();
    let schema = r#"{"type":"record","name":"R","fields":[{"name":"n","type":"int"},{"name":"note","type":"string"}]}"#;
    let settings = [string("avro.codec"), string(codec), string("avro.schema"), string(schema)].concat();
    let block = pack(&[&[14][..], &string(text)].concat());
    [b"Obj\x01\x04", &settings[..], b"\0", SYNC, b"\x02", &length(block.len()), &block, SYNC].concat()
}

/// A file of ORC with one column `note` of one row, packed by zlib where that is worth it.
pub(super) fn orc(text: &str) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8][..], bytes].concat();
    let int = |number: u8, value: usize| vec![number << 3, value as u8 | 0x80, (value >> 7) as u8];
    let block = |bytes: &[u8]| [&((bytes.len() as u32) * 2 + 1).to_le_bytes()[..3], bytes].concat();
    let packed = super::samples::zlib(text.as_bytes());
    let packed = packed.get(2..packed.len() - 4).unwrap_or_default();
    let data = [&((packed.len() as u32) * 2).to_le_bytes()[..3], packed].concat();
    let lengths = block(&[0xff, text.len() as u8]);
    let piece = |kind: usize, bytes: &[u8]| field(1, &[int(1, kind), int(2, 1), int(3, bytes.len())].concat());
    let encoding = field(2, &int(1, 0));
    let stripe = block(&[piece(1, &data), piece(2, &lengths), encoding.clone(), encoding].concat());
    let of_stripe = [int(1, 3), int(2, 0), int(3, data.len() + lengths.len()), int(4, stripe.len()), int(5, 1)];
    let root = field(4, &[int(1, 12), field(2, &[1]), field(3, b"note")].concat());
    let footer = block(&[field(3, &of_stripe.concat()), root, field(4, &int(1, 7)), int(6, 1)].concat());
    let postscript = [int(1, footer.len()), int(2, 1), int(3, 8000), b"\x82\xf4\x03\x03ORC".to_vec()].concat();
    [b"ORC", &data[..], &lengths, &stripe, &footer, &postscript, &[postscript.len() as u8]].concat()
}
