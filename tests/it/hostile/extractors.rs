//! Each extractor alone, on its sample cut at every byte, with every byte flipped and every number replaced, and read
//! in drips: it ends, in bounded memory, and what is not seen any more it tells.

use super::samples::{RULE, samples, token};
use super::{target, within_patience};
use crate::counting::own_peak;
use std::io::{self, Read};
use std::ops::Range;
use watertight::extract::{self, EXTRACTORS, Extractor, Import, Input, Member, MemberKind, Sink, Stop, Text};
use watertight::finding::GapReason;

/// What an extractor yields.
#[derive(Debug, Default, PartialEq)]
struct Yield {
    members: Vec<(Vec<u8>, MemberKind, Vec<u8>)>,
    raw: Vec<u8>,
    texts: Vec<(Vec<u8>, Vec<u8>)>,
    imports: Vec<(Vec<u8>, Vec<u8>)>,
    gaps: Vec<(GapReason, String)>,
    halted: bool,
}

impl Yield {
    /// Whether it says that something is not as it should be.
    fn tells(&self) -> bool {
        self.halted || !self.gaps.is_empty()
    }

    /// Leaves out what the last member has more than the other's, a few bytes at most: how much a decoder gives before
    /// it finds its input cut may depend on how that came.
    fn as_far_as(&mut self, other: &Self) {
        if let (Some((.., body)), Some((.., shorter))) = (self.members.last_mut(), other.members.last())
            && shorter.len() + 16 >= body.len()
        {
            body.truncate(shorter.len());
        }
    }

    /// Whether a text is among what it gives, in any way: in two pieces, too, if a place in it was said to be another.
    fn shows(&self, left: &[u8], text: &[u8]) -> bool {
        (0..text.len()).any(|at| self.gives(left, &text[..at]) && self.gives(left, &text[at..]))
    }

    fn gives(&self, left: &[u8], text: &[u8]) -> bool {
        let members = self.members.iter().map(|(_, _, body)| body);
        let texts = self.texts.iter().map(|(_, text)| text);
        let mut given = members.chain(texts).map(Vec::as_slice).chain([&self.raw[..], left]);
        given.any(|bytes| memchr::memmem::find(bytes, text).is_some())
    }
}

impl Sink for Yield {
    fn member(&mut self, member: &Member<'_>, body: &mut dyn Read) -> Result<(), Stop> {
        self.members.push((member.name.to_vec(), member.kind, read(body)));
        Ok(())
    }

    fn raw(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        self.raw.extend(read(body));
        Ok(())
    }

    fn numbers(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        self.raw.extend(read(body));
        Ok(())
    }

    fn text(&mut self, text: &Text<'_>) -> Result<(), Stop> {
        self.texts.push((text.name.to_vec(), text.bytes.to_vec()));
        Ok(())
    }

    fn import(&mut self, import: &Import<'_>) -> Result<(), Stop> {
        self.imports.push((import.module.to_vec(), import.name.to_vec()));
        Ok(())
    }

    fn gap(&mut self, reason: GapReason, detail: String, _: Option<u64>) {
        self.gaps.push((reason, detail));
    }
}

/// As far as it can be read, and no further than a sample can honestly go.
fn read(body: &mut dyn Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = body.take(1 << 20).read_to_end(&mut bytes);
    bytes
}

fn opened(extractor: &dyn Extractor, input: Input<'_>) -> Yield {
    opened_with_rest(extractor, input).0
}

/// The same, and what is left of the input for the walker to scan as it is.
fn opened_with_rest(extractor: &dyn Extractor, mut input: Input<'_>) -> (Yield, Vec<u8>) {
    let mut seen = Yield::default();
    seen.halted = extractor.extract(&mut input, &mut seen).is_err();
    if seen.halted {
        // As the walker does.
        input.rewind();
    }
    // A format that seeks and came to its end has seen to all of its input.
    let left = if extractor.seeks() && !seen.halted { Vec::new() } else { read(&mut input) };
    (seen, left)
}

/// Gives a byte at a time, and before each it is interrupted.
struct Drip<'a> {
    bytes: &'a [u8],
    interrupted: bool,
}

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let (Some((first, rest)), Some(slot)) = (self.bytes.split_first(), buffer.first_mut()) else { return Ok(0) };
        (*slot, self.bytes) = (*first, rest);
        Ok(1)
    }
}

/// Asks it of every extractor and each of its samples. One that does not end fails.
fn each(check: fn(&'static dyn Extractor, &[u8])) {
    let samples = samples();
    for extractor in EXTRACTORS {
        let name = extractor.name();
        let own: Vec<_> = samples.iter().filter(|(of, _)| *of == name).map(|(_, bytes)| bytes.clone()).collect();
        assert!(!own.is_empty(), "{name} has no sample");
        within_patience(move || own.iter().for_each(|bytes| check(*extractor, bytes)));
    }
}

#[test]
fn every_extractor_has_a_sample_that_it_opens() {
    each(|extractor, bytes| {
        let found = extract::probe(&extract::Head { start: bytes, tail: bytes }).map(Extractor::name);
        assert_eq!(found, Some(extractor.name()));
        let seen = opened(extractor, Input::memory(bytes));
        assert!(
            !seen.halted && seen.gaps.is_empty() && !(seen.members.is_empty() && seen.texts.is_empty()),
            "{}: {seen:?}",
            extractor.name()
        );
        target(bytes).leaks(RULE);
    });
}

#[test]
fn bytes_in_drips_give_the_same() {
    each(|extractor, bytes| {
        let cuts = (0..=bytes.len()).rev().step_by((bytes.len() / 64).max(1));
        for cut in cuts {
            let bytes = &bytes[..cut];
            let mut drip = Drip { bytes, interrupted: false };
            let mut dripped = opened(extractor, Input::stream(Vec::new(), &mut drip));
            let held = opened(extractor, Input::memory(bytes));
            if dripped.halted && held.halted {
                dripped.as_far_as(&held);
            }
            assert_eq!(dripped, held, "{} cut at {cut}", extractor.name());
        }
    });
}

#[test]
fn a_sample_cut_anywhere_ends_and_says_so() {
    each(|extractor, bytes| {
        let whole = opened(extractor, Input::memory(bytes));
        for cut in 1..bytes.len() {
            // What is left may be too little to be known for what it was.
            if !extractor.probe(&extract::Head { start: &bytes[..cut], tail: &[] }) {
                continue;
            }
            let seen = opened(extractor, Input::memory(&bytes[..cut]));
            // Behind the first zero block of a tar, and between two members of a gzip, nothing is missing.
            let told = seen.tells();
            let complete = (&seen.members, &seen.texts) == (&whole.members, &whole.texts) || is_border(extractor, bytes, cut);
            assert!(told || complete, "{} cut at {cut}: {seen:?}", extractor.name());
        }
    });
}

/// Snappy's and bzip2's.
const LONGEST_MAGIC: usize = 10;

/// Whether a compressed stream may end here: behind one of its parts. Less than a magic of the next is garbage.
/// An ar, too, may end before any of its members, and snappy before any of its chunks: neither says in any place
/// how many there are.
fn is_border(extractor: &dyn Extractor, bytes: &[u8], cut: usize) -> bool {
    if extractor.name() == "snappy" && bytes.get(..cut).is_some_and(|kept| kept.ends_with(b"sNaPpY")) {
        return true;
    }
    // A container of Avro may end behind any of its blocks, of which none says that it is the last.
    if extractor.name() == "Avro" && bytes.get(..cut).is_some_and(|kept| kept.ends_with(super::keyed::SYNC)) {
        return true;
    }
    if extractor.name() == "ar" {
        // Before a header, or before the byte that brings it to an even place.
        return [58, 59].iter().any(|end| bytes.get(cut + end..).is_some_and(|rest| rest.starts_with(b"`\n")));
    }
    let starts = |at: usize| extractor.probe(&extract::Head { start: &bytes[at..], tail: &[] });
    extractor.is_wrapper() && (cut.saturating_sub(LONGEST_MAGIC - 1).max(1)..=cut).any(starts)
}

/// Offsets at which a change can matter: in the long zeros of an image of a file system it does not.
fn places(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let around = |at: usize| bytes.get(at.saturating_sub(16)..bytes.len().min(at + 16)).unwrap_or_default();
    (0..bytes.len()).filter(move |at| bytes.len() < 8 << 10 || around(*at).iter().any(|byte| *byte != 0))
}

/// What an extractor may take besides what its sink keeps: buffers, a window, tables. Decoders that refer far back say
/// in their header how far, and get that much up to a limit of their own.
fn most(extractor: &dyn Extractor) -> usize {
    let refers_back = matches!(extractor.name(), "xz" | "lzma" | "zstd" | "7z" | "rpm" | "squashfs");
    if refers_back { 160 << 20 } else { 8 << 20 }
}

/// Of a shorter item an array has two, so its text comes in two pieces and the rest: all of it, but not as it was. Nothing
/// in such a file says how long its items were.
const CUT_IN_THREE: &str = "npy";

/// Opens a sample of which the bytes `at` were changed: in bounded memory, and a text that is lost by that is told.
fn changed(extractor: &'static dyn Extractor, bytes: &[u8], at: Range<usize>, what: &str) {
    let name = extractor.name();
    let ((seen, left), peak) = own_peak(|| opened_with_rest(extractor, Input::memory(bytes)));
    assert!(seen.members.len() <= 64, "{name} {what}: {} members", seen.members.len());
    assert!(peak <= most(extractor), "{name} {what}: {} KiB", peak >> 10);
    let text = token(1);
    let text = text.trim_end().as_bytes();
    // Where it stands as it is, the change must not be in it.
    let is_whole = memchr::memmem::find(bytes, text).is_some_and(|start| at.end <= start || at.start >= start + text.len());
    let is_told = seen.tells() || !is_whole;
    assert!(is_told || seen.shows(&left, text), "{name} {what}: the text is lost in silence");
}

#[test]
fn a_sample_with_any_number_replaced_ends() {
    each(|extractor, bytes| {
        for at in places(bytes).take_while(|at| at + 8 <= bytes.len()) {
            for number in [0_u64, 0x7fff_ffff_ffff_fffe, u64::MAX] {
                for width in [2, 4, 8] {
                    for little in [true, false] {
                        let number = number >> (64 - 8 * width);
                        let field = if little { number.to_le_bytes() } else { number.to_be_bytes() };
                        let field = if little { &field[..width] } else { &field[8 - width..] };
                        let mut lying = bytes.to_vec();
                        lying[at..at + width].copy_from_slice(field);
                        changed(extractor, &lying, at..at + width, &format!("with {field:02x?} at {at}"));
                    }
                }
            }
        }
    });
}

#[test]
fn a_sample_with_any_byte_flipped_ends() {
    each(|extractor, bytes| {
        for at in places(bytes) {
            for pattern in [0x01, 0x40, 0x80, 0xff] {
                let mut flipped = bytes.to_vec();
                flipped[at] ^= pattern;
                if extractor.name() != CUT_IN_THREE {
                    changed(extractor, &flipped, at..at + 1, &format!("flipped by {pattern:02x} at {at}"));
                }
                let (seen, peak) = own_peak(|| opened(extractor, Input::memory(&flipped)));
                assert!(seen.members.len() <= 16, "{} flipped at {at}", extractor.name());
                assert!(peak <= most(extractor), "{} flipped at {at}: {} KiB", extractor.name(), peak >> 10);
                let mut reader = flipped.as_slice();
                let streamed = opened(extractor, Input::stream(Vec::new(), &mut reader));
                assert_eq!(streamed, seen, "{} flipped at {at}: held and streamed", extractor.name());
            }
        }
    });
}

/// Holds that every stretch stands where its format says, but for what is blank in it.
struct Placed<'b> {
    bytes: &'b [u8],
    what: String,
}

impl Sink for Placed<'_> {
    fn member(&mut self, _: &Member<'_>, _: &mut dyn Read) -> Result<(), Stop> {
        Ok(())
    }

    fn raw(&mut self, _: &mut dyn Read) -> Result<(), Stop> {
        Ok(())
    }

    fn raw_at(&mut self, offset: u64, body: &mut dyn Read) -> Result<(), Stop> {
        let stretch = read(body);
        if stretch.is_empty() {
            return Ok(());
        }
        let there = self.bytes.get(offset as usize..).expect("a place in the container");
        assert!(stretch.len() <= there.len(), "{}: {} bytes at {offset}", self.what, stretch.len());
        for (at, (byte, original)) in stretch.iter().zip(there).enumerate() {
            assert!(byte == original || matches!(byte, 0 | b'\n' | b' '), "{}: {byte} at {offset} + {at}", self.what);
        }
        Ok(())
    }

    fn numbers(&mut self, _: &mut dyn Read) -> Result<(), Stop> {
        Ok(())
    }

    fn numbers_at(&mut self, offset: u64, body: &mut dyn Read) -> Result<(), Stop> {
        self.raw_at(offset, body)
    }

    fn text(&mut self, _: &Text<'_>) -> Result<(), Stop> {
        Ok(())
    }

    fn gap(&mut self, _: GapReason, _: String, _: Option<u64>) {}
}

#[test]
fn a_stretch_stands_where_its_format_says() {
    each(|extractor, bytes| {
        for cut in (1..=bytes.len()).rev().step_by((bytes.len() / 64).max(1)) {
            let (bytes, what) = (&bytes[..cut], format!("{} cut at {cut}", extractor.name()));
            let _ = extractor.extract(&mut Input::memory(bytes), &mut Placed { bytes, what: what.clone() });
            let _ = extractor.extract(&mut Input::stream(Vec::new(), &mut &*bytes), &mut Placed { bytes, what });
        }
    });
}

/// Formats of which what is appended is neither a member nor another part of a stream.
const APPENDED: [&str; 20] = [
    "safetensors",
    "cpio",
    "protobuf",
    "SQLite log",
    "npy",
    "GGUF",
    "class",
    "pyc",
    "PDF",
    "office",
    "UBJSON",
    "SQLite",
    "compound file",
    "vim swap",
    "source map",
    "git index",
    "BSON",
    "squashfs",
    "ext4",
    "erofs",
];

#[test]
fn what_stands_behind_a_structure_is_found_at_its_place() {
    let (samples, mut lost) = (samples(), Vec::new());
    for name in APPENDED {
        for (_, bytes) in samples.iter().filter(|(of, _)| *of == name) {
            let behind = token(7);
            let expected = (bytes.len() + 1 + "token = ".len()) as u64;
            let answer = target(&[&bytes[..], b"\n", behind.as_bytes()].concat());
            let found = answer.audit.incidents.iter().flat_map(|incident| &incident.occurrences);
            let places: Vec<_> = found.map(|occurrence| (occurrence.finding.offset, occurrence.finding.line)).collect();
            if !places.iter().any(|(offset, _)| *offset == expected) {
                lost.push(format!("{name}: {expected} is not among {places:?}"));
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

/// In an image, with all that is around an extractor: its sample damaged in one file never takes the next.
#[test]
fn a_damaged_file_costs_no_other() {
    each(|extractor, bytes| {
        for at in (0..bytes.len()).step_by(53) {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 0xff;
            let after = super::samples::token(99);
            let files: [(&str, &[u8]); 3] = [("a", &flipped), ("b", &bytes[..at]), ("z", after.as_bytes())];
            let answer = target(&super::samples::image_of(&files));
            let found = answer.audit.incidents.iter().flat_map(|incident| &incident.occurrences);
            let places: Vec<_> = found.filter_map(|occurrence| occurrence.finding.place.path()).collect();
            assert!(places.iter().any(|path| path == "z"), "{} at {at}: {places:?}", extractor.name());
        }
    });
}
