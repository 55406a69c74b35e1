//! Where a program has what: the one shape that ELF, PE and Mach-O are brought to.

use super::pages::Pages;

/// Sections that are kept. Objects may have a section for each function; what a program has fits.
pub(super) const SECTIONS: usize = 4096;

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    /// Whether the highest byte comes first.
    pub(super) big: bool,
    /// Whether addresses have 64 bits.
    pub(super) wide: bool,
}

impl Numbers {
    fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
        bytes.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        Self::array(bytes, at).map(if self.big { u16::from_be_bytes } else { u16::from_le_bytes })
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        Self::array(bytes, at).map(if self.big { u32::from_be_bytes } else { u32::from_le_bytes })
    }

    pub(super) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        Self::array(bytes, at).map(if self.big { u64::from_be_bytes } else { u64::from_le_bytes })
    }

    /// A number as wide as an address.
    pub(super) fn word(self, bytes: &[u8], at: usize) -> Option<u64> {
        if self.wide { self.u64(bytes, at) } else { self.u32(bytes, at).map(u64::from) }
    }

    /// Bytes of such a number.
    pub(super) fn size(self) -> usize {
        if self.wide { 8 } else { 4 }
    }
}

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Instructions.
    Code,
    /// Texts, tables, variables.
    Data,
}

/// A stretch of the file that is loaded to an address.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) kind: Kind,
    /// Address of its first byte.
    pub(super) address: u64,
    /// Where it stands in the file.
    pub(super) at: u64,
    /// Bytes of it in the file.
    pub(super) size: u64,
}

/// Machines whose instructions are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    X64,
    Arm64,
    Wasm,
    Other,
}

/// How a table of symbols is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SymbolForm {
    Elf,
    Coff,
    MachO,
}

/// A table of symbols.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbols {
    pub(super) form: SymbolForm,
    pub(super) at: u64,
    /// Bytes of the table.
    pub(super) size: u64,
    /// Where their names stand.
    pub(super) names: u64,
}

/// Relocations with their targets written beside them, as ELF has them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relocations {
    pub(super) at: u64,
    pub(super) size: u64,
}

/// A program.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) numbers: Numbers,
    pub(super) machine: Machine,
    /// By address.
    pub(super) sections: Vec<Section>,
    /// All sections by their number in the file, where symbols refer to them: their addresses.
    pub(super) addresses: Vec<u64>,
    pub(super) symbols: Option<Symbols>,
    pub(super) relocations: Vec<Relocations>,
    /// Whether addresses in data are what they will be, or off by where the program is loaded.
    pub(super) in_place: bool,
    /// What pointers that are tied in a chain (Mach-O) count from.
    pub(super) chained: Option<u64>,
    /// Where the program ends; what stands behind that was appended to it.
    pub(super) end: u64,
    /// Whether symbols count from the start of their section.
    pub(super) relative: bool,
}

impl Layout {
    /// One without sections.
    pub(super) fn new(numbers: Numbers, machine: Machine) -> Self {
        Self {
            numbers,
            machine,
            sections: Vec::new(),
            addresses: Vec::new(),
            symbols: None,
            relocations: Vec::new(),
            in_place: true,
            chained: None,
            end: 0,
            relative: false,
        }
    }

    /// Notes a section, and how far the file must reach.
    pub(super) fn add(&mut self, section: Section) {
        self.reaches(section.at, section.size);
        if section.size > 0 && self.sections.len() < SECTIONS {
            self.sections.push(section);
        }
    }

    /// Notes that the program has bytes there.
    pub(super) fn reaches(&mut self, at: u64, size: u64) {
        // Sections of zeros have a place in the file and nothing there.
        if size > 0 {
            self.end = self.end.max(at.saturating_add(size));
        }
    }

    /// Brings sections in order; to be called when all are there.
    pub(super) fn sorted(mut self) -> Self {
        self.sections.sort_by_key(|section| section.address);
        self
    }

    /// Where the byte at an address of data stands in the file, and how many of its section follow.
    pub(super) fn data_at(&self, address: u64) -> Option<(u64, u64)> {
        let behind = self.sections.partition_point(|section| section.address <= address);
        let section = self.sections.get(behind.checked_sub(1)?)?;
        let within = address - section.address;
        (section.kind == Kind::Data && within < section.size).then(|| (section.at.saturating_add(within), section.size - within))
    }

    /// What a number in data points to.
    pub(super) fn pointed(&self, number: u64) -> Option<u64> {
        // The low bits of a chained pointer are an address, or count from the start of the image.
        const LOW: u64 = (1 << 36) - 1;
        let of = |address: u64| self.data_at(address).map(|(at, _)| at);
        match self.chained {
            None => of(number),
            Some(base) => {
                let low = number & LOW;
                of(number).or_else(|| of(low)).or_else(|| of(base.checked_add(low)?)).filter(|_| number != 0)
            }
        }
    }

    /// Sections of a kind.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(move |section| section.kind == kind)
    }
}

/// Walks a stretch of a file in chunks; each but the last has `overlap` bytes of the next one as well.
pub(super) fn chunks(
    pages: &mut Pages<'_>,
    (at, size): (u64, u64),
    overlap: usize,
    mut each: impl FnMut(&mut Pages<'_>, u64, &[u8]),
) {
    const CHUNK: usize = 64 << 10;
    let end = at.saturating_add(size).min(pages.length());
    let mut at = at;
    while at < end && !pages.is_spent() {
        let wanted = (CHUNK + overlap).min(usize::try_from(end - at).unwrap_or(usize::MAX));
        let bytes = pages.read(at, wanted);
        if bytes.is_empty() {
            break;
        }
        each(pages, at, &bytes);
        at += CHUNK as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_data_alone() {
        let numbers = Numbers { big: false, wide: true };
        let mut layout = Layout::new(numbers, Machine::Other);
        layout.add(Section { kind: Kind::Data, address: 0x2000, at: 100, size: 10 });
        layout.add(Section { kind: Kind::Code, address: 0x1000, at: 0, size: 100 });
        let mut layout = layout.sorted();
        assert_eq!((layout.data_at(0x2009), layout.data_at(0x200a), layout.data_at(0x1000)), (Some((109, 1)), None, None));
        assert_eq!((layout.pointed(0x2001), layout.pointed(0x2001 | 1 << 40)), (Some(101), None));
        layout.chained = Some(0x1000);
        assert_eq!((layout.pointed(0x2001 | 1 << 40), layout.pointed(0x1001), layout.end), (Some(101), Some(101), 110));
    }
}
