//! Programs and libraries: ELF, PE, Mach-O and WebAssembly.
//!
//! Their bytes are scanned as they are, but for two things that only the structure tells. Texts that Go and Rust
//! write end to end are cut at their borders ([`glued`]), and texts get the names of the variables that hold them or
//! of what stands beside them in a table ([`named`]). What was appended to a program is opened as a member of its own.

mod appended;
mod bundle;
mod code;
mod dotnet;
mod elf;
mod glued;
mod go;
mod layout;
mod macho;
mod named;
mod packed;
mod pages;
mod pe;
mod symbols;
mod tables;
mod wasm;

use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink};
use crate::finding::GapReason;
use layout::Layout;
use named::Namer;
use pages::Pages;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

/// ELF.
pub struct Elf;
/// PE.
pub struct Pe;
/// Mach-O.
pub struct MachO;
/// Mach-O for several machines.
pub struct Fat;
/// WebAssembly.
pub struct Wasm;

/// What is read of all of them.
const READS: &str = "texts at the borders that Go and Rust give them, with the names of their variables, of what stands beside them in a table and of Go's linker flags; what is appended, also as files of PyInstaller, of a bundle of .NET, of an AppImage, of Nuitka; all bytes as they are";
const LIMITS: &str = "names of variables only where symbols are kept; half a million texts and pointers; programs packed by UPX, AppImages of type 1 and installers of NSIS are gaps";

impl Extractor for Elf {
    fn name(&self) -> &'static str {
        "ELF"
    }

    fn about(&self) -> About {
        About { title: "ELF program", reads: READS, limits: LIMITS, specification: "System V ABI, chapters 4 and 5" }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        elf::is(head.start)
    }

    fn is_program(&self) -> bool {
        true
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        extract("ELF", input, sink, |pages| elf::layout(pages).map(|layout| (layout, pe::Extra::default())))
    }
}

impl Extractor for Pe {
    fn name(&self) -> &'static str {
        "PE"
    }

    fn about(&self) -> About {
        About {
            title: "PE program (Windows, .NET)",
            reads: "as of ELF; of .NET texts by the fields, properties and keys that they are stored under",
            limits: LIMITS,
            specification: "Microsoft, PE Format; ECMA-335",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        pe::header(head.start).is_some()
    }

    fn is_program(&self) -> bool {
        true
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        extract("PE", input, sink, pe::layout)
    }
}

impl Extractor for MachO {
    fn name(&self) -> &'static str {
        "Mach-O"
    }

    fn about(&self) -> About {
        About { title: "Mach-O program (macOS)", reads: READS, limits: LIMITS, specification: "Apple, mach-o/loader.h" }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        macho::numbers(head.start).is_some()
    }

    fn is_program(&self) -> bool {
        true
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        extract("Mach-O", input, sink, |pages| macho::layout(pages).map(|layout| (layout, pe::Extra::default())))
    }
}

impl Extractor for Wasm {
    fn name(&self) -> &'static str {
        "wasm"
    }

    fn about(&self) -> About {
        About {
            title: "WebAssembly",
            reads: "texts of data segments at the borders that Go and Rust give them; all bytes as they are",
            limits: "half a million texts and pointers",
            specification: "WebAssembly Core Specification, chapter 5",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, wasm::MAGIC)
    }

    fn is_program(&self) -> bool {
        true
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        extract("wasm", input, sink, |pages| wasm::layout(pages).map(|layout| (layout, pe::Extra::default())))
    }
}

impl Extractor for Fat {
    fn name(&self) -> &'static str {
        "fat Mach-O"
    }

    fn about(&self) -> About {
        About {
            title: "Mach-O for several machines",
            reads: "the program of each machine",
            limits: "programs that overlap are gaps",
            specification: "Apple, mach-o/fat.h",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        macho::slices(head.start).is_some()
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let slices = macho::slices(input.head()?).unwrap_or_default();
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        let mut at = 0;
        let mut slices: Vec<_> = slices.into_iter().map(|slice| (slice.at, slice.at.saturating_add(slice.size), slice)).collect();
        slices.sort_by_key(|(start, end, _)| (*start, *end));
        for (start, end, slice) in slices {
            let name = macho::machine_name(slice.machine);
            if start < at || start > length || end > length {
                sink.gap(GapReason::Damaged, format!("fat Mach-O: the program for {name} is not whole"), None);
                continue;
            }
            file.seek(SeekFrom::Start(at))?;
            sink.raw_at(at, &mut (&mut file).take(start - at))?;
            file.seek(SeekFrom::Start(start))?;
            let member = Member { name: name.as_bytes(), kind: MemberKind::File, size: Some(slice.size) };
            sink.member(&member, &mut (&mut file).take(slice.size))?;
            at = end;
        }
        file.seek(SeekFrom::Start(at))?;
        Ok(sink.raw_at(at, &mut file)?)
    }
}

fn extract(
    format: &str,
    input: &mut Input<'_>,
    sink: &mut dyn Sink,
    read: impl FnOnce(&mut Pages<'_>) -> Option<(Layout, pe::Extra)>,
) -> Result<(), Halt> {
    let mut file = input.seekable()?;
    let length = file.seek(SeekFrom::End(0))?;
    let mut pages = Pages::new(&mut file, length);
    let (mut end, mut blank, mut held) = (length, Vec::new(), packed::Held::default());
    if let Some(packer) = packed::packer(&pages.read(0, packed::START)) {
        sink.gap(GapReason::Unsupported, format!("{format}: packed by {packer}, which is not undone; scanned as it is"), None);
    }
    match read(&mut pages) {
        None => sink.gap(GapReason::Truncated, format!("{format}: ends within its headers; scanned as it is"), None),
        Some((layout, _)) if layout.end > length => {
            let detail = format!("{format}: ends before its sections do; scanned as it is, without names");
            sink.gap(GapReason::Truncated, detail, None);
        }
        Some((layout, extra)) => {
            blank = match extra.metadata {
                Some(metadata) => dotnet::tell(&mut pages, &layout, metadata, sink)?,
                None => texts(format, &mut pages, &layout, sink)?,
            };
            // A signature right behind the program is no archive.
            let is_signature = extra.signature.is_some_and(|at| at <= layout.end.next_multiple_of(512));
            end = if is_signature { length } else { layout.end };
            held = packed::Held::find(&mut pages, &layout);
        }
    }
    let file = pages.into_file();
    // Some of these archives are appended, some are a section. What is read of one need not be scanned again.
    let opened = match held.bundle {
        Some(header) => bundle::open(format, file, (header, length), sink)?,
        None => appended::package(format, file, length, sink)?,
    };
    if let Some(covered) = opened {
        blank.extend(covered);
        blank.sort_unstable_by_key(|stretch| (stretch.start, stretch.end));
        end = length;
    }
    if end < length && appended::is_blank(file, end)? {
        end = length;
    }
    if let Some(at) = held.nuitka {
        file.seek(SeekFrom::Start(at))?;
        let member = Member { name: b"payload", kind: MemberKind::File, size: None };
        sink.member(&member, &mut (&mut *file).take(end.saturating_sub(at)))?;
    }
    sink.raw_at(0, &mut glued::Blanked::new(file, end, &blank)?)?;
    if end < length {
        file.seek(SeekFrom::Start(end))?;
        let member = Member { name: b"appended", kind: MemberKind::File, size: Some(length - end) };
        sink.member(&member, &mut file.take(length - end))?;
    }
    Ok(())
}

/// Tells what texts the structure gives borders or names to; returns which of them need not be scanned again.
fn texts(format: &str, pages: &mut Pages<'_>, layout: &Layout, sink: &mut dyn Sink) -> Result<Vec<Range<u64>>, Halt> {
    let mut namer = Namer::new(pages, layout, sink);
    namer.tell(pages)?;
    let full = namer.moved.is_full || namer.borders.is_full();
    let (borders, allowance) = (std::mem::take(&mut namer.borders), namer.allowance);
    let blank = glued::tell(pages, borders, allowance, |bytes, offset| {
        sink.text(&super::super::Text { name: b"", key: b"", bytes, offset })
    })?;
    if full || pages.is_spent() {
        let detail = format!("{format}: more texts than are kept; the others are scanned where they stand, without names");
        sink.gap(GapReason::SizeLimit, detail, None);
    }
    Ok(blank)
}
