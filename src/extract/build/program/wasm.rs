//! WebAssembly modules (WebAssembly Core Specification, chapter 5: binary format): data segments, passive ones too.
//!
//! Addresses are those of the memory that the segments fill. Rust and Go write texts end to end there as elsewhere.

use super::layout::{Kind, Layout, Machine, Numbers, Section};
use super::pages::Pages;

/// How a module begins.
pub(super) const MAGIC: &[u8] = b"\0asm\x01\0\0\0";

/// Sections of instructions and of data.
const CODE: u8 = 10;
const DATA: u8 = 11;

/// Instructions that push a constant: of 32 and 64 bits.
pub(super) const CONSTANTS: [u8; 2] = [0x41, 0x42];

/// A number in LEB128 and the bytes it takes.
pub(super) fn leb(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f).checked_shl(7 * index as u32).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some((number, index + 1));
        }
    }
    None
}

/// The same at a place of the file; and where it ends.
fn leb_at(pages: &mut Pages<'_>, at: u64) -> Option<(u64, u64)> {
    leb(&pages.read(at, 10)).map(|(number, length)| (number, at + length as u64))
}

/// Reads where the module has what. `None` if it ends within a header.
pub(super) fn layout(pages: &mut Pages<'_>) -> Option<Layout> {
    let mut layout = Layout::new(Numbers { big: false, wide: false }, Machine::Wasm);
    let mut at = MAGIC.len() as u64;
    layout.reaches(0, at);
    while at < pages.length() {
        let kind = pages.byte(at)?;
        let (size, start) = leb_at(pages, at + 1)?;
        match kind {
            // Instructions have no address: theirs is out of reach of any data.
            CODE => layout.add(Section { kind: Kind::Code, address: 1 << 40, at: start, size }),
            DATA => {
                layout.reaches(start, size);
                segments(pages, &mut layout, start, start.saturating_add(size));
            }
            0..=13 => layout.reaches(start, size),
            // What follows is none of the module.
            _ => break,
        }
        at = start.saturating_add(size);
    }
    // A module of nothing is the start of one.
    (at > MAGIC.len() as u64).then(|| layout.sorted())
}

fn segments(pages: &mut Pages<'_>, layout: &mut Layout, start: u64, end: u64) -> Option<()> {
    let (count, mut at) = leb_at(pages, start)?;
    // Passive segments are put somewhere later; no address leads to them.
    let mut passive = 1u64 << 41;
    for _ in 0..count {
        if at >= end {
            break;
        }
        let (form, next) = leb_at(pages, at)?;
        at = if form == 2 { leb_at(pages, next)?.1 } else { next };
        let mut address = passive;
        if form != 1 {
            // A constant and the end of the expression; an imported base is not known.
            let (offset, next) = leb_at(pages, at + 1)?;
            address = if pages.byte(at).is_some_and(|op| CONSTANTS.contains(&op)) { offset } else { passive };
            at = next + 1;
        }
        let (size, start) = leb_at(pages, at)?;
        let size_there = size.min(end.saturating_sub(start));
        layout.add(Section { kind: Kind::Data, address, at: start, size: size_there });
        passive = passive.saturating_add(size_there + 1);
        at = start.saturating_add(size);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn segments_have_the_addresses_they_are_loaded_to() {
        let data = b"\x02\0\x41\x80\x08\x0b\x03one\x01\x03two";
        let module = [MAGIC, &[10, 1, 0, 11, data.len() as u8], &data[..]].concat();
        let mut file = Cursor::new(&module);
        let layout = layout(&mut Pages::new(&mut file, module.len() as u64)).unwrap();
        assert_eq!((layout.data_at(0x401), layout.data_at(0x403), layout.end), (Some((21, 2)), None, module.len() as u64));
        assert_eq!(layout.of(Kind::Data).count(), 2);
    }
}
