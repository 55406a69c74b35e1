//! The headers in a database of rpm, in each of the three ways in which it is stored.
//!
//! Only what holds headers is read: no index, no tree, no hash. Formats: <https://www.sqlite.org/fileformat2.html>;
//! `rpmpkg.c` of rpm for ndb; `db_page.h` of Berkeley DB.

use super::rpm::Store;

/// The longest header.
const BLOB: usize = 16 << 20;

/// Gives each header of a database.
pub(super) fn each(store: Store, bytes: &[u8], act: &mut dyn FnMut(&[u8])) {
    match store {
        Store::Sqlite => sqlite(bytes, act),
        Store::Ndb => ndb(bytes, act),
        Store::Bdb => bdb(bytes, act),
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four) as usize)
}

fn le32(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_le_bytes(*four) as usize)
}

fn le16(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..)?.first_chunk().map(|two| usize::from(u16::from_le_bytes(*two)))
}

/// Rows of two columns, a number and a blob, on all leaves of tables: `Packages` is the only one that has such.
fn sqlite(bytes: &[u8], act: &mut dyn FnMut(&[u8])) {
    let size = match bytes.get(16..18) {
        Some([0, 1]) => 65_536,
        Some([high, low]) => usize::from(*high) << 8 | usize::from(*low),
        _ => return,
    };
    if !bytes.starts_with(b"SQLite format 3\0") || size < 512 || !size.is_power_of_two() {
        return;
    }
    let usable = size - usize::from(bytes.get(20).copied().unwrap_or(0));
    // No page belongs to two rows, so pages of rows that go on are taken once, all of them together.
    let mut budget = bytes.len();
    for (index, page) in bytes.chunks(size).enumerate() {
        let start = if index == 0 { 100 } else { 0 };
        if page.get(start) != Some(&0x0d) {
            continue;
        }
        let count = page.get(start + 3..start + 5).map_or(0, |two| usize::from(two[0]) << 8 | usize::from(two[1]));
        let pointers = page.get(start + 8..).unwrap_or_default().chunks_exact(2).take(count);
        for at in pointers.map(|two| usize::from(two[0]) << 8 | usize::from(two[1])) {
            let Some(payload) = payload(bytes, page, at, (size, usable), &mut budget) else { continue };
            if let Some(blob) = blob(&payload) {
                act(blob);
            }
        }
    }
}

/// The record of a cell, with all pages on which it goes on.
fn payload(file: &[u8], page: &[u8], at: usize, (size, usable): (usize, usize), budget: &mut usize) -> Option<Vec<u8>> {
    let (length, at) = varint(page, at)?;
    let (_, at) = varint(page, at)?;
    let most = usable.checked_sub(35)?;
    if length > BLOB || length > *budget {
        return None;
    }
    *budget -= length;
    if length <= most {
        return Some(page.get(at..at + length)?.to_vec());
    }
    let least = (usable.checked_sub(12)? * 32 / 255).checked_sub(23)?;
    let fit = least + (length - least) % (usable - 4);
    let local = if fit <= most { fit } else { least };
    let mut payload = page.get(at..at + local)?.to_vec();
    let mut next = be32(page, at + local)?;
    while payload.len() < length {
        let start = next.checked_sub(1)?.checked_mul(size)?;
        let wanted = (length - payload.len()).min(usable - 4);
        payload.extend_from_slice(file.get(start + 4..start + 4 + wanted)?);
        next = be32(file, start)?;
    }
    Some(payload)
}

/// The second column of a record, if it is a blob and there are two.
fn blob(payload: &[u8]) -> Option<&[u8]> {
    let (header, at) = varint(payload, 0)?;
    let (first, at) = varint(payload, at)?;
    let (second, end) = varint(payload, at)?;
    let skipped = match first {
        0 | 8 | 9 => 0,
        size @ 1..=4 => size,
        5 => 6,
        6 => 8,
        _ => return None,
    };
    let is_blob = end == header && second >= 12 && second.is_multiple_of(2);
    payload.get(header + skipped..header + skipped + (second - 12) / 2).filter(|_| is_blob)
}

fn varint(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut value = 0usize;
    for _ in 0..8 {
        let byte = *bytes.get(at)?;
        at += 1;
        value = value.checked_mul(128)? | usize::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((value, at));
        }
    }
    None
}

/// Blobs begin at multiples of 16 with a word, then the package, a generation and a length.
fn ndb(bytes: &[u8], act: &mut dyn FnMut(&[u8])) {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest.starts_with(b"BlbS").then(|| le32(rest, 12)).flatten().filter(|length| *length <= BLOB);
        match length.and_then(|length| Some((rest.get(16..16 + length)?, length))) {
            Some((blob, length)) => {
                act(blob);
                at += (16 + length).next_multiple_of(16);
            }
            None => at += 16,
        }
    }
}

/// Values that are too long for a page of the hash are lists of pages of their own; all headers are.
fn bdb(bytes: &[u8], act: &mut dyn FnMut(&[u8])) {
    let Some(size) = le32(bytes, 20).filter(|size| (512..=65_536).contains(size)) else { return };
    if le32(bytes, 12) != Some(0x0006_1561) {
        return;
    }
    let mut budget = bytes.len();
    for page in bytes.chunks_exact(size) {
        // A page of a hash, sorted or not.
        if !matches!(page.get(25), Some(2 | 13)) {
            continue;
        }
        let count = le16(page, 20).unwrap_or(0);
        let items = page.get(26..).unwrap_or_default().as_chunks().0;
        for at in items.iter().take(count).map(|two| usize::from(u16::from_le_bytes(*two))) {
            if page.get(at) != Some(&3) {
                continue;
            }
            let (Some(first), Some(length)) = (le32(page, at + 4), le32(page, at + 8)) else { continue };
            if length <= budget.min(BLOB) {
                budget -= length;
                if let Some(value) = overflow(bytes, size, first, length) {
                    act(&value);
                }
            }
        }
    }
}

fn overflow(bytes: &[u8], size: usize, first: usize, length: usize) -> Option<Vec<u8>> {
    let (mut value, mut next) = (Vec::new(), first);
    while value.len() < length {
        let start = next.checked_mul(size)?;
        let page = bytes.get(start..start.checked_add(size)?).filter(|page| page.get(25) == Some(&7))?;
        let used = le16(page, 22)?;
        let part = page.get(26..26 + used)?.get(..used.min(length - value.len()))?;
        if part.is_empty() {
            return None;
        }
        value.extend_from_slice(part);
        next = le32(page, 16)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(store: Store, bytes: &[u8], expected: &[&[u8]]) {
        let mut found = Vec::new();
        each(store, bytes, &mut |blob| found.push(blob.to_vec()));
        assert_eq!(found, expected);
        for end in 0..bytes.len() {
            each(store, &bytes[..end], &mut |blob| assert!(blob.len() <= bytes.len()));
        }
    }

    #[test]
    fn ndb_has_blobs_at_multiples_of_sixteen() {
        let blob = |text: &[u8]| {
            let mut out = [&b"BlbS\x01\0\0\0\x01\0\0\0"[..], &(text.len() as u32).to_le_bytes(), text].concat();
            out.resize(out.len().next_multiple_of(16), 0);
            out
        };
        let bytes = [&b"RpmP"[..], &[0; 28], &blob(b"one"), &[0; 16], &blob(b"a longer one than sixteen")].concat();
        check(Store::Ndb, &bytes, &[b"one", b"a longer one than sixteen"]);
    }

    #[test]
    fn bdb_has_lists_of_pages() {
        let mut bytes = vec![0; 4 * 512];
        bytes[12..16].copy_from_slice(&0x0006_1561u32.to_le_bytes());
        bytes[20..24].copy_from_slice(&512u32.to_le_bytes());
        // Page 1: a hash with one value of 490 bytes, on pages 3 and 2.
        bytes[512 + 20] = 1;
        bytes[512 + 25] = 13;
        bytes[512 + 26..512 + 28].copy_from_slice(&100u16.to_le_bytes());
        bytes[512 + 100..512 + 112].copy_from_slice(&[3, 0, 0, 0, 3, 0, 0, 0, 0xea, 1, 0, 0]);
        for (page, next, used, fill) in [(3, 2u32, 486u16, b'a'), (2, 0, 4, b'b')] {
            let at = page * 512;
            bytes[at + 16..at + 20].copy_from_slice(&next.to_le_bytes());
            bytes[at + 22..at + 24].copy_from_slice(&used.to_le_bytes());
            bytes[at + 25] = 7;
            bytes[at + 26..at + 26 + usize::from(used)].fill(fill);
        }
        check(Store::Bdb, &bytes, &[&[vec![b'a'; 486], vec![b'b'; 4]].concat()]);
    }
}
