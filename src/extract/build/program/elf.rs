//! ELF: programs, libraries and objects of Unix (System V ABI, chapters 4 and 5).

use super::layout::{Kind, Layout, Machine, Numbers, Relocations, SECTIONS, Section, SymbolForm, Symbols};
use super::pages::Pages;

/// Headers of sections that are read.
const HEADERS: u64 = 1 << 20;

/// Types of sections: symbols, relocations with addends, nothing in the file, symbols of the dynamic linker, packed
/// relocations.
const SYMTAB: u32 = 2;
const RELA: u32 = 4;
const NOBITS: u32 = 8;
const DYNSYM: u32 = 11;
const RELR: u32 = 19;

/// Flags: loaded, executable.
const ALLOC: u64 = 2;
const EXEC: u64 = 4;

/// Types of files: objects, shared libraries and programs that may be loaded anywhere.
const OBJECT: u16 = 1;
const SHARED: u16 = 3;

/// Whether the bytes begin an ELF file that is known.
pub(super) fn is(start: &[u8]) -> bool {
    matches!(start, [0x7f, b'E', b'L', b'F', 1 | 2, 1 | 2, 1, ..])
}

struct Header {
    numbers: Numbers,
    kind: u16,
    machine: u16,
    segments: (u64, u64, u64),
    sections: (u64, u64, u64),
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let numbers = Numbers { wide: bytes.get(4) == Some(&2), big: bytes.get(5) == Some(&2) };
        let (segments, sections, sizes) = if numbers.wide { (32, 40, 54) } else { (28, 32, 42) };
        let half = |at: usize| numbers.u16(bytes, at).map(u64::from);
        Some(Self {
            numbers,
            kind: numbers.u16(bytes, 16)?,
            machine: numbers.u16(bytes, 18)?,
            segments: (numbers.word(bytes, segments)?, half(sizes)?, half(sizes + 2)?),
            sections: (numbers.word(bytes, sections)?, half(sizes + 4)?, half(sizes + 6)?),
        })
    }
}

/// What matters of the header of a section.
struct Entry {
    kind: u32,
    flags: u64,
    address: u64,
    at: u64,
    size: u64,
    link: u32,
}

impl Entry {
    fn read(numbers: Numbers, bytes: &[u8]) -> Option<Self> {
        let word = |wide: usize, narrow: usize| numbers.word(bytes, if numbers.wide { wide } else { narrow });
        Some(Self {
            kind: numbers.u32(bytes, 4)?,
            flags: word(8, 8)?,
            address: word(16, 12)?,
            at: word(24, 16)?,
            size: word(32, 20)?,
            link: numbers.u32(bytes, if numbers.wide { 40 } else { 24 })?,
        })
    }
}

/// Reads where the file has what. `None` if it ends within its headers.
pub(super) fn layout(pages: &mut Pages<'_>) -> Option<Layout> {
    let header = Header::read(&pages.read(0, 64))?;
    let machine = match header.machine {
        62 => Machine::X64,
        183 => Machine::Arm64,
        _ => Machine::Other,
    };
    let mut layout = Layout::new(header.numbers, machine);
    layout.relative = header.kind == OBJECT;
    layout.reaches(0, if header.numbers.wide { 64 } else { 52 });
    if header.sections.0 == 0 {
        segments(pages, &header, &mut layout);
        return Some(layout.sorted());
    }
    let mut packed = false;
    let entries = entries(pages, &header, &mut layout)?;
    for entry in &entries {
        match entry.kind {
            RELA if entry.flags & ALLOC != 0 => layout.relocations.push(Relocations { at: entry.at, size: entry.size }),
            RELR => packed = true,
            SYMTAB | DYNSYM if entry.kind == SYMTAB || layout.symbols.is_none() => {
                let names = entries.get(entry.link as usize).map_or(0, |names| names.at);
                layout.symbols = Some(Symbols { form: SymbolForm::Elf, at: entry.at, size: entry.size, names });
            }
            _ => {}
        }
    }
    // In an object no address is known yet.
    layout.in_place = header.kind != OBJECT && (header.kind != SHARED || layout.relocations.is_empty() || packed);
    Some(layout.sorted())
}

/// The headers of sections; the sections that are loaded are noted.
fn entries(pages: &mut Pages<'_>, header: &Header, layout: &mut Layout) -> Option<Vec<Entry>> {
    let (at, size, mut count) = header.sections;
    let least = if header.numbers.wide { 64 } else { 40 };
    if size < least {
        return None;
    }
    if count == 0 {
        // More than fit the field: the first header has the number.
        count = Entry::read(header.numbers, &pages.read(at, least as usize))?.size;
    }
    layout.reaches(at, count.saturating_mul(size));
    let mut entries = Vec::new();
    for index in 0..count.min(HEADERS) {
        let bytes = pages.read(at.saturating_add(index * size), least as usize);
        let Some(mut entry) = Entry::read(header.numbers, &bytes) else { break };
        if layout.relative {
            // Nothing in an object has an address: its place in the file does.
            entry.address = entry.at;
        }
        if entry.kind == NOBITS || entry.kind == 0 {
            entry.size = 0;
        }
        layout.reaches(entry.at, entry.size);
        if entry.flags & ALLOC != 0 {
            let kind = if entry.flags & EXEC != 0 { Kind::Code } else { Kind::Data };
            layout.add(Section { kind, address: entry.address, at: entry.at, size: entry.size });
        }
        if entries.len() < SECTIONS {
            layout.addresses.push(entry.address);
            entries.push(entry);
        }
    }
    Some(entries)
}

/// What is loaded, where the headers of sections were taken away; also what a dump of memory holds.
fn segments(pages: &mut Pages<'_>, header: &Header, layout: &mut Layout) {
    let (at, size, count) = header.segments;
    let numbers = header.numbers;
    layout.reaches(at, count.saturating_mul(size));
    for index in 0..count {
        let bytes = pages.read(at.saturating_add(index * size), size.min(56) as usize);
        let word = |wide: usize, narrow: usize| numbers.word(&bytes, if numbers.wide { wide } else { narrow });
        let flags = numbers.u32(&bytes, if numbers.wide { 4 } else { 24 });
        let (Some(kind), Some(flags), Some(at), Some(address), Some(size)) =
            (numbers.u32(&bytes, 0), flags, word(8, 4), word(16, 8), word(32, 16))
        else {
            break;
        };
        if kind == 1 {
            let kind = if flags & 1 != 0 { Kind::Code } else { Kind::Data };
            layout.add(Section { kind, address, at, size });
        }
    }
}
