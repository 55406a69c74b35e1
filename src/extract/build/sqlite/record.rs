//! One record: types, then values (section 2.1 of the format).

use super::super::super::cursor::Cursor;
use super::page::varint;

/// Columns of a row; the format's own limit is 32,767.
const COLUMNS: usize = 4096;

/// A row as it is stored.
pub(super) struct Row {
    /// Where it lies in the file.
    pub(super) offset: u64,
    pub(super) values: Vec<Value>,
}

/// A value, as far as it may hold a secret.
#[derive(Debug, PartialEq, Hash)]
pub(super) enum Value {
    /// In UTF-8, whatever the file has.
    Text(Vec<u8>),
    Blob(Vec<u8>),
    Other,
}

/// How a database writes text (offset 56 of its header).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

/// The values of a record, if it is whole and nothing but one.
pub(super) fn values(payload: &[u8], encoding: Encoding) -> Option<Vec<Value>> {
    let mut header = Cursor::new(payload);
    let length = usize::try_from(varint(&mut header)?).ok()?;
    let mut body = Cursor::at(payload, length);
    let mut values = Vec::new();
    while header.position() < length {
        let value = match varint(&mut header)? {
            0 | 8 | 9 => Value::Other,
            size @ 1..=4 => body.take_long(size).map(|_| Value::Other)?,
            5 => body.take(6).map(|_| Value::Other)?,
            6 | 7 => body.take(8).map(|_| Value::Other)?,
            10 | 11 => return None,
            blob if blob % 2 == 0 => Value::Blob(body.take_long((blob - 12) / 2)?.to_vec()),
            text => Value::Text(plain(body.take_long((text - 13) / 2)?, encoding)),
        };
        values.push(value);
        if values.len() > COLUMNS {
            return None;
        }
    }
    (header.position() == length && body.left() == 0 && !values.is_empty()).then_some(values)
}

/// The whole number in a column, if there is one.
pub(super) fn whole_number(payload: &[u8], column: usize) -> Option<u32> {
    let mut header = Cursor::new(payload);
    let length = usize::try_from(varint(&mut header)?).ok()?;
    let mut body = Cursor::at(payload, length);
    for _ in 0..column {
        let size = match varint(&mut header)? {
            0 | 8 | 9 => 0,
            size @ 1..=4 => size,
            5 => 6,
            6 | 7 => 8,
            long => long.checked_sub(12)? / 2,
        };
        body.take_long(size)?;
    }
    let size = match varint(&mut header)? {
        9 => return Some(1),
        size @ 1..=4 => size,
        5 => 6,
        6 => 8,
        _ => return None,
    };
    let bytes = body.take_long(size)?;
    u32::try_from(bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte))).ok()
}

fn plain(text: &[u8], encoding: Encoding) -> Vec<u8> {
    // Letters without a zero among them are such whatever the header says of the encoding.
    if text.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')) {
        return text.to_vec();
    }
    let unit = match encoding {
        Encoding::Utf8 => return text.to_vec(),
        Encoding::Utf16Le => u16::from_le_bytes,
        Encoding::Utf16Be => u16::from_be_bytes,
    };
    let units = text.as_chunks().0.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_their_types() {
        let record = b"\x06\x00\x01\x17\x10\x09\x07hello\xff\xfe";
        let expected =
            vec![Value::Other, Value::Other, Value::Text(b"hello".to_vec()), Value::Blob(b"\xff\xfe".to_vec()), Value::Other];
        assert_eq!(values(record, Encoding::Utf8), Some(expected));
        assert_eq!(values(b"\x02\x15h\0i\0", Encoding::Utf16Le), Some(vec![Value::Text(b"hi".to_vec())]));
        assert_eq!(values(b"\x02\x15\0h\0i", Encoding::Utf16Be), Some(vec![Value::Text(b"hi".to_vec())]));
        assert_eq!(values(b"\x02\x17hello", Encoding::Utf16Be), Some(vec![Value::Text(b"hello".to_vec())]));
        for broken in [&b""[..], b"\x01", b"\x02\x0f", b"\x02\x0fab", b"\x02\x0a", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"] {
            assert_eq!(values(broken, Encoding::Utf8), None, "{broken:?}");
        }
    }
}
