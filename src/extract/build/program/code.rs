//! Texts that instructions load: the address of one, and a number near it that may be its length.
//!
//! Compilers of Go and Rust put most texts into no table. On x86-64 a text is loaded by `lea reg, [rip+d32]` and its
//! length by a `mov` close by (Intel SDM, volume 2); on 64-bit Arm by `adrp` and `add`, and `movz` (Arm ARM, C6.2); in
//! WebAssembly both are constants.

use super::layout::{Kind, Layout, Machine, chunks};
use super::pages::Pages;
use super::tables::LONGEST;

/// Texts that are kept.
const TEXTS: usize = 500_000;
/// How far from the address its length is loaded, in bytes.
const NEAR: usize = 24;

/// Calls `each` with where a text begins in the file, and with lengths that it may have.
pub(super) fn texts(pages: &mut Pages<'_>, layout: &Layout, mut each: impl FnMut(u64, &[u64])) {
    let mut count = 0;
    let code: Vec<_> = layout.of(Kind::Code).cloned().collect();
    for section in code {
        chunks(pages, (section.at, section.size), 2 * NEAR, |_, at, bytes| {
            if count >= TEXTS {
                return;
            }
            let address = section.address.wrapping_add(at - section.at);
            let mut found = |target: u64, lengths: &[u64]| {
                if let Some((target, _)) = layout.data_at(target) {
                    count += 1;
                    each(target, lengths);
                }
            };
            match layout.machine {
                Machine::X64 => x64(bytes, address, &mut found),
                Machine::Arm64 => arm64(bytes, address, &mut found),
                Machine::Wasm => wasm(bytes, &mut found),
                Machine::Other => {}
            }
        });
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

fn x64(bytes: &[u8], address: u64, found: &mut impl FnMut(u64, &[u64])) {
    for at in memchr::memchr_iter(0x8d, bytes) {
        let rex = at.checked_sub(1).and_then(|at| bytes.get(at));
        let relative = bytes.get(at + 1).is_some_and(|operand| operand & 0xc7 == 0x05);
        let (true, Some(0x48 | 0x4c)) = (relative, rex) else { continue };
        let Some(distance) = number(bytes, at + 2) else { break };
        let end = at + 6;
        let target = address.wrapping_add(end as u64).wrapping_add_signed(i64::from(distance.cast_signed()));
        let mut lengths = Vec::new();
        for near in at.saturating_sub(NEAR)..end + NEAR {
            // mov r32, imm32 and mov [..], imm32, whose number stands at the end.
            let immediate = match bytes.get(near..near + 3) {
                Some([0xb8..=0xbf, ..]) => near + 1,
                Some([0xc7, 0x40..=0x47, _]) if bytes.get(near + 1) != Some(&0x44) => near + 3,
                Some([0xc7, 0x44, _]) => near + 4,
                Some([0xc7, 0x00..=0x07, _]) => near + 2,
                _ => continue,
            };
            let length = number(bytes, immediate).map(u64::from).filter(|length| (1..=LONGEST).contains(length));
            lengths.extend(length.filter(|length| !lengths.contains(length)));
        }
        found(target, &lengths);
    }
}

/// Two constants behind each other: an address and a length.
fn wasm(bytes: &[u8], found: &mut impl FnMut(u64, &[u64])) {
    let constant = |at: usize| {
        let (op, rest) = bytes.get(at..)?.split_first()?;
        let (number, length) = super::wasm::leb(rest).filter(|_| super::wasm::CONSTANTS.contains(op))?;
        Some((number, at + 1 + length))
    };
    for at in memchr::memchr2_iter(super::wasm::CONSTANTS[0], super::wasm::CONSTANTS[1], bytes) {
        if let Some((target, next)) = constant(at)
            && let Some((length, _)) = constant(next).filter(|(length, _)| (1..=LONGEST).contains(length))
        {
            found(target, &[length]);
        }
    }
}

fn arm64(bytes: &[u8], address: u64, found: &mut impl FnMut(u64, &[u64])) {
    let skipped = (address.wrapping_neg() % 4) as usize;
    let word = |index: usize| number(bytes, skipped + index * 4);
    let count = bytes.len().saturating_sub(skipped) / 4;
    for index in 0..count {
        let Some(first) = word(index).filter(|word| word & 0x9f00_0000 == 0x9000_0000) else { continue };
        let register = first & 31;
        let pages = (first >> 5 & 0x7_ffff) << 2 | first >> 29 & 3;
        let pages = i64::from((pages << 11).cast_signed() >> 11) << 12;
        let here = address.wrapping_add((skipped + index * 4) as u64) & !0xfff;
        for next in index + 1..count.min(index + 5) {
            let Some(second) = word(next) else { break };
            // add (immediate) of the register just loaded.
            if second & 0xff80_0000 != 0x9100_0000 || second >> 5 & 31 != register {
                continue;
            }
            let offset = u64::from(second >> 10 & 0xfff) << if second >> 22 & 1 == 1 { 12 } else { 0 };
            let near = next.saturating_sub(NEAR / 4)..count.min(next + 1 + NEAR / 4);
            let movz = |word: u32| (word & 0x7fe0_0000 == 0x5280_0000).then(|| u64::from(word >> 5 & 0xffff));
            let lengths: Vec<_> = near.filter_map(|at| movz(word(at)?)).filter(|length| *length > 0).collect();
            found(here.wrapping_add_signed(pages).wrapping_add(offset), &lengths);
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_lengths_stand_side_by_side() {
        let mut seen = Vec::new();
        let code = b"\x48\x8d\x05\x10\0\0\0\xbb\x28\0\0\0\x90\x90\x90\x90";
        x64(code, 0x1000, &mut |target, lengths| seen.push((target, lengths.to_vec())));
        assert_eq!(seen, [(0x1017, vec![40])]);
        seen.clear();
        // adrp x0, +1 page; add x0, x0, #0x123; mov w1, #40
        let code: Vec<u8> = [0xb000_0000u32, 0x9104_8c00, 0x5280_0501].iter().flat_map(|word| word.to_le_bytes()).collect();
        arm64(&code, 0x1008, &mut |target, lengths| seen.push((target, lengths.to_vec())));
        assert_eq!(seen, [(0x2123, vec![40])]);
    }
}
