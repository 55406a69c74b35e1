//! PE: programs and libraries of Windows (Microsoft, PE Format).

use super::layout::{Kind, Layout, Machine, Numbers, Section, SymbolForm, Symbols};
use super::pages::Pages;

/// Bytes of the header behind its magic, of a section's, of a symbol.
const HEADER: u64 = 24;
const SECTION: u64 = 40;
const SYMBOL: u64 = 18;

/// Flags of sections: code, nothing in the file, executable.
const CODE: u32 = 0x20;
const EMPTY: u32 = 0x80;
const EXECUTE: u32 = 0x2000_0000;

const NUMBERS: Numbers = Numbers { big: false, wide: false };

/// Where the header of a PE file stands, if these bytes begin one.
pub(super) fn header(start: &[u8]) -> Option<u64> {
    let at = NUMBERS.u32(start, 60).filter(|_| start.starts_with(b"MZ"))?;
    let magic = start.get(usize::try_from(at).ok()?..)?;
    magic.starts_with(b"PE\0\0").then_some(at.into())
}

/// What is known of a PE file besides its layout.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extra {
    /// Where the metadata of .NET stands in the file.
    pub(super) metadata: Option<u64>,
    /// Where its signature stands, which is appended.
    pub(super) signature: Option<u64>,
}

/// Reads where the file has what. `None` if it ends within its headers.
pub(super) fn layout(pages: &mut Pages<'_>) -> Option<(Layout, Extra)> {
    let start = pages.read(0, 4096);
    let at = header(&start)?;
    let head = pages.read(at, HEADER as usize);
    let machine = match NUMBERS.u16(&head, 4)? {
        0x8664 => Machine::X64,
        0xaa64 => Machine::Arm64,
        _ => Machine::Other,
    };
    let (count, symbols) = (NUMBERS.u16(&head, 6)?, (NUMBERS.u32(&head, 12)?, NUMBERS.u32(&head, 16)?));
    let optional = NUMBERS.u16(&head, 20)?;
    let fields = pages.read(at + HEADER, optional.into());
    let wide = NUMBERS.u16(&fields, 0)? == 0x20b;
    let base = if wide { NUMBERS.u64(&fields, 24)? } else { NUMBERS.u32(&fields, 28)?.into() };
    let mut layout = Layout::new(Numbers { big: false, wide }, machine);
    let table = at + HEADER + u64::from(optional);
    layout.reaches(table, SECTION * u64::from(count));
    for index in 0..u64::from(count) {
        let bytes = pages.read(table + index * SECTION, SECTION as usize);
        let number = |at: usize| NUMBERS.u32(&bytes, at);
        let (Some(address), Some(size), Some(at), Some(flags)) = (number(12), number(16), number(20), number(36)) else { break };
        let kind = if flags & (CODE | EXECUTE) != 0 { Kind::Code } else { Kind::Data };
        let size = if flags & EMPTY != 0 && flags & 0x60 == 0 { 0 } else { size.into() };
        let address = base.saturating_add(address.into());
        layout.addresses.push(address);
        layout.add(Section { kind, address, at: at.into(), size });
    }
    if symbols.0 > 0 && symbols.1 > 0 {
        let (at, size) = (u64::from(symbols.0), u64::from(symbols.1) * SYMBOL);
        let names = at + size;
        // Their length, which counts itself, stands before the names.
        let length = NUMBERS.u32(&pages.read(names, 4), 0).unwrap_or(4);
        layout.reaches(names, length.into());
        layout.symbols = Some(Symbols { form: SymbolForm::Coff, at, size, names });
    }
    layout.relative = true;
    let layout = layout.sorted();
    let entry = |index: usize| {
        let at = if wide { 112 } else { 96 } + 8 * index;
        let place = NUMBERS.u32(&fields, at).filter(|_| NUMBERS.u32(&fields, at + 4).is_some_and(|size| size > 0))?;
        (place > 0).then_some(u64::from(place))
    };
    let in_file = |place: u64| {
        let address = base.saturating_add(place);
        let section = layout
            .sections
            .iter()
            .find(|section| (section.address..section.address.saturating_add(section.size)).contains(&address))?;
        Some(section.at + (address - section.address))
    };
    // The header of the Common Language Runtime leads to it (ECMA-335, II.25.3.3).
    let runtime = entry(14).and_then(in_file).map(|at| pages.read(at, 16));
    let metadata = runtime.and_then(|header| in_file(NUMBERS.u32(&header, 8)?.into()));
    let extra = Extra { metadata, signature: entry(4) };
    Some((layout, extra))
}
