//! The names of variables, as a program keeps them for debuggers and linkers.

use super::layout::{Layout, Numbers, SymbolForm};
use super::pages::Pages;

/// Symbols that are looked at, and bytes of a name.
const SYMBOLS: u64 = 2_000_000;
const NAME: usize = 512;
/// Symbols read at a time.
const BATCH: u64 = 1024;

/// A variable.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) address: u64,
    /// Its name as the linker has it.
    pub(super) symbol: Vec<u8>,
}

/// Where a name stands.
enum Named {
    Here(Vec<u8>),
    At(u64),
}

/// Calls `each` with every variable that has bytes in the file.
pub(super) fn variables(pages: &mut Pages<'_>, layout: &Layout, mut each: impl FnMut(&mut Pages<'_>, Variable)) {
    let Some(symbols) = layout.symbols else { return };
    let size: u64 = match (symbols.form, layout.numbers.wide) {
        (SymbolForm::Elf, true) => 24,
        (SymbolForm::Elf, false) | (SymbolForm::MachO, true) => 16,
        (SymbolForm::MachO, false) => 12,
        (SymbolForm::Coff, _) => 18,
    };
    let count = (symbols.size / size).min(SYMBOLS);
    let mut index = 0;
    let mut passed = 0;
    while index < count {
        let bytes = pages.read(symbols.at.saturating_add(index * size), (BATCH * size) as usize);
        if bytes.len() < size as usize {
            return;
        }
        for symbol in bytes.chunks_exact(size as usize).take((count - index) as usize) {
            index += 1;
            if passed > 0 {
                passed -= 1;
                continue;
            }
            if symbols.form == SymbolForm::Coff {
                // Records that belong to this one.
                passed = symbol.get(17).copied().unwrap_or(0);
            }
            let found = read(layout, symbols.form, symbol);
            let Some((address, named)) = found.filter(|(address, _)| layout.data_at(*address).is_some()) else { continue };
            let symbol = match named {
                Named::Here(name) => Some(name),
                Named::At(at) => pages.terminated(symbols.names.saturating_add(at), NAME),
            };
            if let Some(symbol) = symbol.filter(|name| !name.is_empty() && !is_of_compiler(name)) {
                each(pages, Variable { address, symbol });
            }
        }
    }
}

fn read(layout: &Layout, form: SymbolForm, bytes: &[u8]) -> Option<(u64, Named)> {
    let numbers = layout.numbers;
    match form {
        SymbolForm::Elf => {
            let (kind, section, value) = if numbers.wide { (4, 6, 8) } else { (12, 14, 4) };
            let is_variable = bytes.get(kind).is_some_and(|kind| kind & 15 <= 1);
            let section = numbers.u16(bytes, section).filter(|section| *section > 0 && is_variable)?;
            let base = if layout.relative { *layout.addresses.get(usize::from(section))? } else { 0 };
            Some((base.checked_add(numbers.word(bytes, value)?)?, Named::At(numbers.u32(bytes, 0)?.into())))
        }
        SymbolForm::MachO => {
            // Of a section, and not for debuggers alone.
            let is_variable = bytes.get(4).is_some_and(|kind| kind & 0xe0 == 0 && kind & 0x0e == 0x0e);
            is_variable.then_some(())?;
            Some((numbers.word(bytes, 8)?, Named::At(numbers.u32(bytes, 0)?.into())))
        }
        SymbolForm::Coff => {
            let numbers = Numbers { wide: false, big: false };
            let section = numbers.u16(bytes, 12).and_then(|section| section.checked_sub(1))?;
            let address = layout.addresses.get(usize::from(section))?.checked_add(numbers.u32(bytes, 8)?.into())?;
            let named = match numbers.u32(bytes, 0)? {
                0 => Named::At(numbers.u32(bytes, 4)?.into()),
                _ => Named::Here(bytes.get(..8)?.split(|byte| *byte == 0).next()?.to_vec()),
            };
            Some((address, named))
        }
    }
}

/// What the source calls a variable: the last part of its symbol, without what compilers add. Itanium C++ and Rust
/// write a name behind its length; Go joins names by dots; C numbers what is local to a function.
pub(super) fn plain_name(symbol: &[u8]) -> &[u8] {
    let mangled = [&b"_Z"[..], b"__Z", b"_R", b"__R"].iter().any(|start| symbol.starts_with(start));
    if mangled && let Some(name) = last_counted(symbol) {
        return name;
    }
    let local = symbol.iter().rposition(|byte| *byte == b'.').filter(|at| {
        let behind = symbol.get(at + 1..).unwrap_or_default();
        !behind.is_empty() && behind.iter().all(u8::is_ascii_digit)
    });
    let symbol = local.and_then(|at| symbol.get(..at)).unwrap_or(symbol);
    symbol.rsplit(|byte| *byte == b'.').next().unwrap_or(symbol)
}

/// Whether the compiler made a variable and not the source: tables and names of C++ classes (Itanium C++ ABI, 5.1.4).
fn is_of_compiler(symbol: &[u8]) -> bool {
    [&b"_ZT"[..], b"__ZT", b"_ZG", b"__ZG"].iter().any(|start| symbol.starts_with(start))
}

/// The last name that stands behind its length, but for the hash that Rust appends.
fn last_counted(symbol: &[u8]) -> Option<&[u8]> {
    let mut found = None;
    let mut at = 0;
    while at < symbol.len() {
        let rest = symbol.get(at..)?;
        let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
        let length = std::str::from_utf8(rest.get(..digits)?).ok().and_then(|digits| digits.parse::<usize>().ok());
        let name = length.filter(|length| *length > 0).and_then(|length| rest.get(digits..digits + length));
        let Some(name) = name.filter(|name| name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')) else {
            at += digits.max(1);
            continue;
        };
        let is_hash = name.len() == 17 && name.starts_with(b"h") && name.iter().skip(1).all(u8::is_ascii_hexdigit);
        if !is_hash {
            found = Some(name);
        }
        at += digits + name.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compilers_add_is_no_variable() {
        assert!(is_of_compiler(b"_ZTSN4llvm10ModulePassE") && !is_of_compiler(b"_ZL7api_key"));
    }

    #[test]
    fn names_are_those_of_the_source() {
        for (symbol, name) in [
            ("api_key", "api_key"),
            ("api_key.0", "api_key"),
            ("main.apiKey", "apiKey"),
            ("example.com/x/conf.dbPassword", "dbPassword"),
            ("_ZL7api_key", "api_key"),
            ("_ZN3app8settings8passwordE", "password"),
            ("_ZN4main7API_KEY17h0123456789abcdefE", "API_KEY"),
            ("_RNvCsdQ1fkLHNGCT_4main7API_KEY", "API_KEY"),
            ("_ZN99x", "_ZN99x"),
        ] {
            assert_eq!(plain_name(symbol.as_bytes()), name.as_bytes(), "{symbol}");
        }
    }
}
