//! Cells of a workbook that are numbers (MS-XLS, 2.4.180, 2.4.220, 2.4.175 and 2.5.133), as a reader sees them: a password
//! of digits is one, too.

use super::super::super::cursor::{le16, le32};

const FORMULA: u16 = 0x06;
const NUMBERS: u16 = 0xbd;
const NUMBER: u16 = 0x203;
const SHORT: u16 = 0x27e;

/// The numbers of a record: row, column, text, and where in the record each stands.
pub(super) fn numbers(kind: u16, data: &[u8]) -> Vec<((u16, u16), String, usize)> {
    let (Some(row), Some(column)) = (le16(data, 0), le16(data, 2)) else { return Vec::new() };
    let one = |text: Option<String>| text.map(|text| ((row, column), text, 6)).into_iter().collect();
    match kind {
        // Of a formula, unless it is marked as a text, a truth or an error.
        FORMULA if le16(data, 12) == Some(0xffff) => Vec::new(),
        NUMBER | FORMULA => one(wide(data)),
        SHORT => one(le32(data, 6).map(short)),
        // For each cell its format and a number; behind the last the column of that.
        NUMBERS => {
            let cells = data.get(4..data.len().saturating_sub(2)).unwrap_or_default().as_chunks::<6>().0;
            let cell = |(cell, step): (&[u8; 6], u16)| {
                Some(((row, column.checked_add(step)?), short(le32(cell, 2)?), 6 + usize::from(step) * 6))
            };
            cells.iter().zip(0..).filter_map(cell).collect()
        }
        _ => Vec::new(),
    }
}

fn wide(data: &[u8]) -> Option<String> {
    let bytes = data.get(6..14).and_then(|bytes| bytes.try_into().ok())?;
    Some(f64::from_le_bytes(bytes)).filter(|number| number.is_finite()).map(|number| shown(&number))
}

/// A number of 30 bits: whole, or the upper part of a wide one; and of which one may be a hundredth.
fn short(bits: u32) -> String {
    let number = match bits & 2 {
        0 => f64::from_bits(u64::from(bits & !3) << 32),
        _ => f64::from(bits.cast_signed() >> 2),
    };
    shown(&if bits & 1 == 0 { number } else { number / 100.0 })
}

/// With all its digits; one that has very many is written with an exponent.
fn shown(number: &f64) -> String {
    if number.abs() < 1e21 { format!("{number}") } else { format!("{number:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: u16, data: &[u8], expected: &[(u16, &str, usize)]) {
        let found = numbers(kind, data);
        let expected: Vec<_> = expected.iter().map(|(column, text, at)| ((3, *column), text.to_string(), *at)).collect();
        assert_eq!(found, expected, "{kind:x}");
    }

    #[test]
    fn numbers_are_told_as_they_are_shown() {
        let cell = |bytes: &[u8]| [&[3, 0, 1, 0, 9, 9][..], bytes].concat();
        check(NUMBER, &cell(&20_240_131f64.to_le_bytes()), &[(1, "20240131", 6)]);
        check(FORMULA, &cell(&[&0.25f64.to_le_bytes()[..], &[0; 8]].concat()), &[(1, "0.25", 6)]);
        check(FORMULA, &cell(b"\0\0\0\0\0\0\xff\xff\0\0"), &[]);
        check(NUMBER, &cell(&f64::MAX.to_le_bytes()), &[(1, "1.7976931348623157e308", 6)]);
        check(SHORT, &cell(&(4711u32 << 2 | 2).to_le_bytes()), &[(1, "4711", 6)]);
        check(SHORT, &cell(&(4711u32 << 2 | 3).to_le_bytes()), &[(1, "47.11", 6)]);
        check(SHORT, &cell(&((1.5f64.to_bits() >> 32) as u32).to_le_bytes()), &[(1, "1.5", 6)]);
        let two = [&[3, 0, 1, 0][..], &[9, 9, 6, 0, 0, 0], &[9, 9, 10, 0, 0, 0], &[2, 0]].concat();
        check(NUMBERS, &two, &[(1, "1", 6), (2, "2", 12)]);
        for cut in 0..14 {
            check(NUMBER, &cell(&1f64.to_le_bytes())[..cut], &[]);
        }
    }
}
