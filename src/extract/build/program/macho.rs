//! Mach-O: programs and libraries of macOS (`mach-o/loader.h`, `mach-o/fat.h`, `mach-o/fixup-chains.h`).

use super::layout::{Kind, Layout, Machine, Numbers, Section, SymbolForm, Symbols};
use super::pages::Pages;

/// Commands that are looked at.
const COMMANDS: u32 = 4096;
/// Bytes of a command that are read: a segment with its sections.
const COMMAND: u32 = 64 << 10;

/// Load commands: segments of 32 and 64 bits, symbols.
const SEGMENT: u32 = 1;
const SYMTAB: u32 = 2;
const SEGMENT_64: u32 = 0x19;

/// A section of instructions.
const INSTRUCTIONS: u32 = 0x8000_0400;
/// Kinds of sections with nothing in the file: zeros.
const ZEROS: [u32; 3] = [1, 12, 18];
/// Symbols without the sections they are about.
const DSYM: u32 = 10;

/// How numbers are written in a file that begins so; `None` if it is none.
pub(super) fn numbers(start: &[u8]) -> Option<Numbers> {
    let (big, wide) = match start.get(..4)? {
        b"\xcf\xfa\xed\xfe" => (false, true),
        b"\xce\xfa\xed\xfe" => (false, false),
        b"\xfe\xed\xfa\xcf" => (true, true),
        b"\xfe\xed\xfa\xce" => (true, false),
        _ => return None,
    };
    Some(Numbers { big, wide })
}

/// A program of a file that has one for each of several machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) machine: u32,
    pub(super) at: u64,
    pub(super) size: u64,
}

/// The programs of such a file. Class files have the same magic, and a version where the number of programs stands.
pub(super) fn slices(start: &[u8]) -> Option<Vec<Slice>> {
    let numbers = Numbers { big: true, wide: false };
    let wide = match start.get(..4)? {
        b"\xca\xfe\xba\xbe" => false,
        b"\xca\xfe\xba\xbf" => true,
        _ => return None,
    };
    let count = numbers.u32(start, 4).filter(|count| (1..45).contains(count))?;
    let size = if wide { 32 } else { 20 };
    let slice = |index: u32| {
        let at = 8 + index as usize * size;
        let machine = numbers.u32(start, at)?;
        Some(match wide {
            false => Slice { machine, at: numbers.u32(start, at + 8)?.into(), size: numbers.u32(start, at + 12)?.into() },
            true => Slice { machine, at: numbers.u64(start, at + 8)?, size: numbers.u64(start, at + 16)? },
        })
    };
    (0..count).map(slice).collect()
}

/// What a machine is called.
pub(super) fn machine_name(machine: u32) -> String {
    match machine {
        7 => "i386".into(),
        12 => "arm".into(),
        18 => "ppc".into(),
        0x0100_0007 => "x86_64".into(),
        0x0100_000c => "arm64".into(),
        0x0200_000c => "arm64_32".into(),
        other => format!("machine-{other:x}"),
    }
}

/// Reads where the file has what. `None` if it ends within its headers.
pub(super) fn layout(pages: &mut Pages<'_>) -> Option<Layout> {
    let head = pages.read(0, 32);
    let numbers = numbers(&head)?;
    let machine = match numbers.u32(&head, 4)? {
        0x0100_0007 => Machine::X64,
        0x0100_000c => Machine::Arm64,
        _ => Machine::Other,
    };
    let (kind, count) = (numbers.u32(&head, 12)?, numbers.u32(&head, 16)?);
    let mut layout = Layout::new(numbers, machine);
    let mut at = if numbers.wide { 32 } else { 28 };
    layout.reaches(at, numbers.u32(&head, 20)?.into());
    for _ in 0..count.min(COMMANDS) {
        let head = pages.read(at, 8);
        let (command, size) = (numbers.u32(&head, 0)?, numbers.u32(&head, 4)?);
        if size < 8 {
            return None;
        }
        match command {
            SEGMENT | SEGMENT_64 if kind != DSYM => {
                let bytes = pages.read(at, size.min(COMMAND) as usize);
                segment(&mut layout, &bytes, command == SEGMENT_64);
            }
            SYMTAB => {
                let bytes = pages.read(at, 24);
                let field = |at: usize| numbers.u32(&bytes, at).map(u64::from);
                let (symbols, count, names, length) = (field(8)?, field(12)?, field(16)?, field(20)?);
                let size = count * if numbers.wide { 16 } else { 12 };
                layout.reaches(symbols, size);
                layout.reaches(names, length);
                layout.symbols = Some(Symbols { form: SymbolForm::MachO, at: symbols, size, names });
            }
            _ => {}
        }
        at += u64::from(size);
    }
    Some(layout.sorted())
}

fn segment(layout: &mut Layout, bytes: &[u8], wide: bool) {
    let numbers = Numbers { wide, ..layout.numbers };
    let word = numbers.size();
    let (first, size) = if wide { (72, 80) } else { (56, 68) };
    let fields = [0, 2, 3].map(|index| numbers.word(bytes, 24 + index * word));
    let [Some(address), Some(at), Some(length)] = fields else { return };
    layout.reaches(at, length);
    if bytes.get(8..24).is_some_and(|name| name.starts_with(b"__TEXT\0")) {
        layout.chained = Some(address);
    }
    for section in bytes.get(first..).unwrap_or_default().chunks_exact(size) {
        let at = 32 + 2 * word;
        let (Some(address), Some(size), Some(place), Some(flags)) = (
            numbers.word(section, 32),
            numbers.word(section, 32 + word),
            numbers.u32(section, at),
            numbers.u32(section, at + 16),
        ) else {
            return;
        };
        layout.addresses.push(address);
        if !ZEROS.contains(&(flags & 0xff)) {
            let kind = if flags & INSTRUCTIONS != 0 { Kind::Code } else { Kind::Data };
            layout.add(Section { kind, address, at: place.into(), size });
        }
    }
}
