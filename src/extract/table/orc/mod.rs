//! ORC: stripes of rows, each column in streams of its own, with what is known of them behind.
//!
//! Format: <https://orc.apache.org/specification/>. The postscript at the end says how all else is packed, the footer what
//! columns and stripes there are, the footer of each stripe its streams. Texts are told by their column, or by the row's
//! own name for them; settings by their key; all other streams are scanned as numbers, unpacked; what no stream covers is
//! scanned as it is.

mod columns;
mod layout;
mod streams;

use super::super::told::Told;
use super::super::{About, Extractor, Halt, Head, Input, Sink, Text};
use super::codec::Codec;
use super::source::Source;
use crate::finding::GapReason;
use columns::{Column, Stripes, columns};
use layout::{Footer, Postscript, found};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use streams::{BLOCK, Packing, Stream};

/// ORC.
pub struct Orc;

const MAGIC: &[u8] = b"ORC";
/// The longest footer, and what is held of a stream at a time.
const HELD: usize = 16 << 20;
/// The longest postscript, with its length.
const POSTSCRIPT: u64 = 256;
/// Texts that are known to be told.
const KNOWN: usize = 1 << 20;
/// Where statistics of texts are: the smallest, the largest, and both cut short.
const TEXTS: [u64; 4] = [1, 2, 4, 5];

impl Extractor for Orc {
    fn name(&self) -> &'static str {
        "ORC"
    }

    fn about(&self) -> About {
        About {
            title: "ORC",
            reads: "texts by their column, or by the name that the row has for them, in every encoding and codec; settings of the footer; all else unpacked, as numbers",
            limits: "footers, dictionaries and values of up to 16 MiB; encrypted columns are gaps",
            specification: "https://orc.apache.org/specification/",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let end = head.tail.len().checked_sub(MAGIC.len() + 1).and_then(|at| head.tail.get(at..));
        // Where the end is not at hand, the first stream must not read like text.
        let is_binary = |start: &[u8]| start.iter().any(|byte| *byte < b'\t' || *byte >= 0x80);
        head.has(0, MAGIC) && end.map_or_else(|| head.start.get(3..64).is_some_and(is_binary), |end| end.starts_with(MAGIC))
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let told = {
            let mut source = Source::open(input.seekable()?)?;
            let tail = Tail::read(&mut source)?;
            let packing = tail.packing()?;
            let (at, length) = tail.footer;
            let bytes = Stream::new(at, length, packing).rest(HELD, &mut source)?;
            let footer = Footer::read(&bytes);
            if footer.is_encrypted {
                sink.gap(GapReason::Encrypted, "ORC: columns are encrypted".into(), None);
            }
            if footer.is_cut {
                let detail = "ORC: more stripes and columns than are read; the rest was scanned as it is";
                sink.gap(GapReason::SizeLimit, detail.into(), None);
            }
            let mut beside = Beside { packing, known: HashSet::new(), told: Told::default(), sink };
            let columns: Vec<Column> = columns(&footer.types);
            Stripes { source: &mut source, beside: &mut beside, columns: &columns, gaps: 0 }.all(&footer.stripes)?;
            // What is said of all rows comes last, when it is known what was told.
            let mut blanks = Vec::new();
            for (name, value) in &footer.settings {
                let (name, value) = (name.clone(), value.clone());
                let (key, text) = (bytes.get(name).unwrap_or_default(), bytes.get(value.clone()).unwrap_or_default());
                beside.sink.text(&Text { name: key, key, bytes: text, offset: at })?;
                blanks.push(value);
            }
            beside.rest(at, length, (bytes, &[&[7, 4]]), blanks)?;
            let (at, length) = tail.metadata;
            if length > 0 {
                let bytes = Stream::new(at, length, packing).rest(HELD, &mut source)?;
                beside.rest(at, length, (bytes, &[&[1, 1, 4]]), Vec::new())?;
            }
            beside.told
        };
        let mut file = input.seekable()?;
        told.sweep(&mut *file, sink)
    }
}

/// What stands at the end: places and lengths.
struct Tail {
    footer: (u64, u64),
    metadata: (u64, u64),
    postscript: Postscript,
}

impl Tail {
    fn read(source: &mut Source<'_>) -> Result<Self, Halt> {
        let start = source.length.saturating_sub(POSTSCRIPT);
        let end = source.bytes(start, POSTSCRIPT)?;
        let (last, before) = end.split_last().ok_or_else(|| damaged("nothing but a name"))?;
        let from = before.len().checked_sub(usize::from(*last)).ok_or_else(|| damaged("a postscript longer than the file"))?;
        let bytes = before.get(from..).unwrap_or_default();
        if !bytes.ends_with(MAGIC) {
            return Err(broken(GapReason::Truncated, "no postscript at its end; scanned as it is"));
        }
        let postscript = Postscript::read(bytes);
        let before = |end: u64, length: u64| {
            end.checked_sub(length).map(|at| (at, length)).ok_or_else(|| damaged("a footer longer than the file"))
        };
        let footer = before(start + from as u64, postscript.footer)?;
        Ok(Self { footer, metadata: before(footer.0, postscript.metadata)?, postscript })
    }

    fn packing(&self) -> Result<Packing, Halt> {
        let codec = match self.postscript.compression {
            0 => None,
            1 => Some(Codec::Deflate),
            2 => Some(Codec::Snappy),
            3 => Some(Codec::LzoBlock),
            4 => Some(Codec::Lz4Block),
            5 => Some(Codec::Zstd),
            _ => return Err(broken(GapReason::Unsupported, "packed by a codec that is not known; scanned as it is")),
        };
        let block = self.postscript.block;
        if codec.is_some() && block > BLOCK {
            return Err(damaged("blocks longer than there are"));
        }
        Ok(Packing { codec, block })
    }
}

/// What stands beside the values: what is scanned, and what of it was told.
struct Beside<'r> {
    packing: Packing,
    /// Texts that were told, by a digest.
    known: HashSet<u64>,
    told: Told,
    sink: &'r mut dyn Sink,
}

fn digest(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Beside<'_> {
    fn note(&mut self, text: &[u8]) {
        if self.known.len() < KNOWN {
            self.known.insert(digest(text));
        }
    }

    /// Scans messages as they are, without what was told of them: values by the statistics of their column.
    fn rest(
        &mut self,
        place: u64,
        length: u64,
        (mut bytes, statistics): (Vec<u8>, &[&[u64]]),
        mut blanks: Vec<Range<usize>>,
    ) -> Result<(), Halt> {
        for path in statistics {
            for last in TEXTS {
                let mut extremes = Vec::new();
                found(&bytes, 0..bytes.len(), &[path, &[last][..]].concat(), &mut extremes);
                extremes.retain(|range| bytes.get(range.clone()).is_some_and(|text| self.known.contains(&digest(text))));
                blanks.extend(extremes);
            }
        }
        if self.packing.codec.is_none() {
            self.told.all(place, &blanks);
            return Ok(());
        }
        for blank in blanks {
            bytes.get_mut(blank).unwrap_or_default().fill(0);
        }
        self.told.told(place, length);
        Ok(self.sink.raw(&mut bytes.as_slice())?)
    }
}

fn broken(reason: GapReason, what: &str) -> Halt {
    Halt::Broken(reason, format!("ORC: {what}"))
}

/// What is not as it should be.
fn damaged(what: &str) -> Halt {
    broken(GapReason::Damaged, what)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::super::testing::{Seen, seen};
    use super::*;

    fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
        [&[(number << 3 | 2) as u8, bytes.len() as u8][..], bytes].concat()
    }

    fn int(number: u64, value: usize) -> Vec<u8> {
        vec![(number << 3) as u8, value as u8 & 0x7f | 0x80, (value >> 7) as u8]
    }

    /// A block, as it is.
    fn block(bytes: &[u8], is_packed: bool) -> Vec<u8> {
        let head = if is_packed { (bytes.len() as u32 * 2 + 1).to_le_bytes()[..3].to_vec() } else { Vec::new() };
        [head, bytes.to_vec()].concat()
    }

    /// A file of two columns of texts and one of numbers. The first column is written as it is, the second by a dictionary.
    pub(crate) fn file(names: [&str; 2], first: &[&str], second: (&[&str], &[u8]), is_packed: bool) -> Vec<u8> {
        let literals = |numbers: &[u8]| [&[(256 - numbers.len()) as u8][..], numbers].concat();
        let lengths = |texts: &[&str]| literals(&texts.iter().map(|text| text.len() as u8).collect::<Vec<_>>());
        let index = field(1, &field(2, &field(4, &[field(1, first[0].as_bytes()), field(2, b"zz")].concat())));
        let streams = [
            (6, 1, index),
            (1, 1, first.concat().into_bytes()),
            (2, 1, lengths(first)),
            (1, 2, literals(second.1)),
            (3, 2, second.0.concat().into_bytes()),
            (2, 2, lengths(second.0)),
            (1, 3, b"numbers".to_vec()),
        ];
        let streams = streams.map(|(kind, column, bytes)| (kind, column, block(&bytes, is_packed)));
        let pieces: Vec<u8> = (streams.iter())
            .flat_map(|(kind, column, bytes)| field(1, &[int(1, *kind), int(2, *column), int(3, bytes.len())].concat()))
            .collect();
        let encoding = |kind: usize, count: usize| field(2, &[int(1, kind), int(2, count)].concat());
        let stripe = [pieces, encoding(0, 0), encoding(0, 0), encoding(1, second.0.len()), encoding(0, 0)].concat();
        let stripe = block(&stripe, is_packed);
        let data: Vec<u8> = streams.iter().flat_map(|(_, _, bytes)| bytes.clone()).collect();
        let leaf = |kind: usize| field(4, &int(1, kind));
        let root =
            [int(1, 12), field(2, &[1, 2, 3]), field(3, names[0].as_bytes()), field(3, names[1].as_bytes()), field(3, b"n")];
        let footer = [
            field(3, &[int(1, 3), int(2, 0), int(3, data.len()), int(4, stripe.len())].concat()),
            field(4, &root.concat()),
            leaf(7),
            leaf(7),
            leaf(4),
            field(5, &[field(1, b"owner"), field(2, b"me")].concat()),
        ];
        let footer = block(&footer.concat(), is_packed);
        let postscript = [int(1, footer.len()), int(2, is_packed.into()), int(3, 200), b"\x82\xf4\x03\x03ORC".to_vec()].concat();
        [MAGIC, &data, &stripe, &footer, &postscript, &[postscript.len() as u8]].concat()
    }

    fn check(bytes: &[u8], texts: Vec<(&str, &str)>, gaps: &[GapReason]) -> Seen {
        assert!(Orc.probe(&Head { start: bytes, tail: bytes }));
        let found = seen(&Orc, bytes);
        assert_eq!((&found.texts, &found.gaps[..]), (&texts.into(), gaps));
        found
    }

    #[test]
    fn texts_have_the_names_of_their_columns() {
        for is_packed in [false, true] {
            let bytes = file(["user", "password"], &["one", "three"], (&["a1", "b22"], &[1, 0]), is_packed);
            let texts = vec![("user", "one"), ("user", "three"), ("password", "a1"), ("password", "b22"), ("owner", "me")];
            let found = check(&bytes, texts, &[]);
            // The smallest value is told already; what is called the largest is none.
            let has = |text: &[u8]| memchr::memmem::find(&[&found.raw[..], &found.numbers].concat(), text).is_some();
            assert!(has(b"numbers") && has(b"zz") && has(b"password") && !has(b"one") && !has(b"b22"));
        }
    }

    #[test]
    fn rows_name_their_values() {
        let bytes = file(["name", "value"], &["db_password", "x y"], (&["a1", "b22", "c"], &[1, 0]), true);
        let texts = vec![
            ("name", "db_password"),
            ("name", "x y"),
            ("db_password", "b22"),
            ("value", "a1"),
            ("value", "c"),
            ("owner", "me"),
        ];
        check(&bytes, texts, &[]);
    }

    #[test]
    fn damage_is_told_and_scanned() {
        let bytes = file(["user", "password"], &["one", "three"], (&["a1", "b22"], &[1, 0]), true);
        for cut in 12..bytes.len() {
            assert!(!seen(&Orc, &bytes[..cut]).gaps.is_empty(), "{cut}");
        }
        // Lengths of more than there is.
        let at = memchr::memmem::find(&bytes, b"\xfe\x03\x05").unwrap();
        let lying = [&bytes[..at], b"\xfe\x03\x7f", &bytes[at + 3..]].concat();
        let found = seen(&Orc, &lying);
        assert_eq!(found.gaps, [GapReason::Damaged]);
        assert!(memchr::memmem::find(&found.raw, b"three").is_some());
        let at = memchr::memmem::find(&bytes, b"\x82\xf4\x03\x03ORC").unwrap();
        let sealed = [&bytes[..at - 5], &[9 | 0x80, 0], &bytes[at - 3..]].concat();
        assert_eq!(seen(&Orc, &sealed).gaps, [GapReason::Unsupported]);
    }
}
