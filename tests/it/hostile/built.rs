//! Small samples of what builds leave behind, put together by hand.

fn long(length: usize) -> [u8; 4] {
    (length as u32).to_le_bytes()
}

/// A `.pyc` of CPython 3.11 that gives `text` the name `note`.
pub(super) fn pyc(text: &str) -> Vec<u8> {
    let tuple = |item: Vec<u8>| [vec![b')', 1], item].concat();
    let short = |text: &str| [vec![b'Z', text.len() as u8], text.as_bytes().to_vec()].concat();
    let bytes = |bytes: &[u8]| [vec![b's'], long(bytes.len()).to_vec(), bytes.to_vec()].concat();
    [
        b"\xa7\x0d\r\n\0\0\0\0\0\0\0\0\0\0\0\0\xe3".to_vec(),
        vec![0; 20],
        bytes(&[151, 0, 100, 0, 90, 0]),
        tuple([&b"a"[..], &long(text.len()), text.as_bytes()].concat()),
        tuple(short("note")),
        b")\0".to_vec(),
        bytes(b""),
        short("f.py"),
        short("<module>"),
        short("<module>"),
        vec![0; 4],
        bytes(b""),
        bytes(b""),
    ]
    .concat()
}

/// A class file whose static final `note` is `text`.
pub(super) fn class(text: &str) -> Vec<u8> {
    let utf8 = |text: &str| [&[1][..], &(text.len() as u16).to_be_bytes(), text.as_bytes()].concat();
    [
        b"\xca\xfe\xba\xbe\0\0\0\x34\0\x07".to_vec(),
        utf8("Conf"),
        vec![7, 0, 1],
        utf8("note"),
        utf8("ConstantValue"),
        utf8(text),
        vec![8, 0, 5],
        b"\0\x21\0\x02\0\0\0\0".to_vec(),
        b"\0\x01\0\x18\0\x03\0\x03\0\x01\0\x04\0\0\0\x02\0\x06".to_vec(),
        b"\0\0\0\0".to_vec(),
    ]
    .concat()
}

/// A write-ahead log of that page.
pub(super) fn sqlite_log(text: &str) -> Vec<u8> {
    let head = [&b"\x37\x7f\x06\x82"[..], &3_007_000u32.to_be_bytes(), &512u32.to_be_bytes()].concat();
    [&head[..], &[0; 20], &1u32.to_be_bytes(), &[0; 20], &sqlite(text)].concat()
}

/// A database of one page, in whose schema a table has `text` for its statement.
pub(super) fn sqlite(text: &str) -> Vec<u8> {
    let length = text.len() * 2 + 13;
    let types = [7, 23, 15, 15, 8, 0x80 | (length >> 7) as u8, length as u8 & 0x7f];
    let record = [&types[..], b"table", b"t", b"t", text.as_bytes()].concat();
    let cell = [&[record.len() as u8, 1][..], &record].concat();
    let mut page = vec![0; 512];
    page[..16].copy_from_slice(b"SQLite format 3\0");
    page[16..24].copy_from_slice(&[2, 0, 1, 1, 0, 64, 32, 32]);
    (page[27], page[31], page[59], page[95]) = (1, 1, 1, 1);
    let at = 512 - cell.len();
    page[at..].copy_from_slice(&cell);
    page[100..110].copy_from_slice(&[13, 0, 0, 0, 1, (at >> 8) as u8, at as u8, 0, (at >> 8) as u8, at as u8]);
    page
}
