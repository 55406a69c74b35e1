//! PDF (ISO 32000-1): the text of pages, metadata, forms, what is attached.
//!
//! Objects are found by their own heads and not by the table at the end, so what an update replaced is read as well.
//! Pages show text by operators, whose strings are joined; fonts may say what the codes in them stand for. Other
//! streams are members; pictures and fonts count as numbers.

mod content;
mod filters;
mod fonts;
mod pen;
mod sealed;
mod syntax;
mod widths;

use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, Stop, Text};
use crate::finding::GapReason;
use content::Letters;
use filters::{Decoded, decoded};
use fonts::{Fonts, Shelf};
use sealed::Key;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::ops::Range;
use std::rc::Rc;
use syntax::{Word, Words, number, readable, value};

/// PDF.
pub struct Pdf;

/// The longest file that is read by its structure.
const HELD: usize = 32 << 20;
/// Bytes in which the magic and the end stand.
const NEAR: usize = 1024;
/// What a stream may unpack to, and all together besides so many times the file.
const STREAM: usize = 16 << 20;
const FLOOR: usize = 32 << 20;
const RATIO: usize = 50;
/// Bytes beside strings that are gathered before they are scanned.
const BESIDE: usize = 1 << 20;
/// Gaps of one file.
const GAPS: usize = 16;

impl Extractor for Pdf {
    fn name(&self) -> &'static str {
        "PDF"
    }

    fn about(&self) -> About {
        About {
            title: "PDF",
            reads: "text of pages by the tables of their fonts, metadata, forms, attached files and all other streams, replaced ones too",
            limits: "files of up to 32 MiB; those that ask for a password are gaps; pictures are not read",
            specification: "ISO 32000-1",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let start = head.start.get(..NEAR.min(head.start.len())).unwrap_or_default();
        // Blanks may stand before it; a text about the format is none.
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        start.starts_with(b"%PDF-1.") || start.starts_with(b"%PDF-2.")
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let Some(bytes) = input.held(HELD)? else {
            sink.gap(GapReason::SizeLimit, "PDF: too long for its streams to be read; scanned as it is".into(), None);
            return Ok(());
        };
        let tail = bytes.get(bytes.len().saturating_sub(NEAR)..).unwrap_or_default();
        if memchr::memmem::find(tail, b"%%EOF").is_none() {
            sink.gap(GapReason::Truncated, "PDF: has no end".into(), None);
        }
        let mut rest = bytes.to_vec();
        Reader::new(&bytes, sink).read(&mut rest)?;
        sink.raw_at(0, &mut rest.as_slice())?;
        let length = bytes.len();
        input.consume(length);
        Ok(())
    }
}

fn is_encrypted(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, b"/Encrypt").any(|at| {
        let mut words = Words::new(bytes, at);
        let is_number = |word: Option<Word<'_>>| matches!(word, Some(Word::Plain(plain)) if number(plain).is_some());
        words.next() == Some(Word::Name(b"Encrypt"))
            && is_number(words.next())
            && is_number(words.next())
            && words.next() == Some(Word::Plain(b"R"))
    })
}

/// An object that is a dictionary, a list or a string, with its stream if it has one.
struct Object {
    id: u64,
    generation: u64,
    dictionary: Range<usize>,
    stream: Option<Range<usize>>,
}

/// All objects by their heads, and whether there is none that does not close, and no stream beside them.
fn objects(bytes: &[u8]) -> (Vec<Object>, bool) {
    let (mut found, mut end, mut is_sound) = (Vec::new(), 0, true);
    for at in memchr::memmem::find_iter(bytes, b"obj") {
        let Some((id, generation)) = bytes.get(end..at).and_then(id_before) else { continue };
        let mut words = Words::new(bytes, at + 3);
        let start = words.position();
        let closed = closes(&mut words, bytes.len());
        let before = end;
        end = words.position();
        is_sound &= closed != Some(false) && !has_stream(bytes, before..at);
        if closed != Some(true) {
            continue;
        }
        let dictionary = start..end;
        let mut stream = None;
        if words.next() == Some(Word::Plain(b"stream")) {
            let range = stream_at(bytes, words.position(), bytes.get(dictionary.clone()).unwrap_or_default());
            end = range.end;
            stream = Some(range);
        }
        found.push(Object { id, generation, dictionary, stream });
    }
    is_sound &= !has_stream(bytes, end..bytes.len());
    (found, is_sound)
}

/// Reads the value of an object: a dictionary, a list or a string. Whether it closes; nothing if it is another.
fn closes(words: &mut Words<'_>, length: usize) -> Option<bool> {
    let (open, close) = match words.next()? {
        Word::Mark("<<") => ("<<", ">>"),
        Word::Mark("[") => ("[", "]"),
        Word::Mark(_) => return Some(false),
        // One that does not close goes up to the end, or to where another does.
        Word::Text(..) => return Some(Words::position(words) < length && words.clone().next() == Some(Word::Plain(b"endobj"))),
        _ => return None,
    };
    let mut depth = 1;
    for word in words.by_ref() {
        match word {
            Word::Mark(mark) if mark == open => depth += 1,
            Word::Mark(mark) if mark == close => depth -= 1,
            Word::Plain(b"endobj" | b"stream" | b"endstream") => return Some(false),
            _ => {}
        }
        if depth == 0 {
            return Some(true);
        }
    }
    Some(false)
}

/// Whether a stream ends between two objects that is not that of the first.
fn has_stream(bytes: &[u8], between: Range<usize>) -> bool {
    let between = bytes.get(between).unwrap_or_default().trim_ascii_start();
    let own = between.strip_prefix(b"endstream").unwrap_or(between);
    let is_end = |at: usize| own.get(at + 9..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"endobj"));
    memchr::memmem::find_iter(own, b"endstream").any(is_end)
}

/// The number and the generation of an object, of whose head `obj` these bytes stand before.
fn id_before(bytes: &[u8]) -> Option<(u64, u64)> {
    let digits = |bytes: &[u8]| bytes.iter().rev().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    let bytes = bytes.trim_ascii_end();
    let (rest, generation) = bytes.split_at(bytes.len() - digits(bytes));
    let id = rest.trim_ascii_end();
    let digits = id.get(id.len() - digits(id)..).filter(|digits| !digits.is_empty() && id.len() < rest.len())?;
    Some((number(digits)?, number(generation)?))
}

/// What stands between `stream` and `endstream`: as long as the dictionary says, if that fits.
fn stream_at(bytes: &[u8], at: usize, dictionary: &[u8]) -> Range<usize> {
    let rest = bytes.get(at..).unwrap_or_default();
    let start = at + if rest.starts_with(b"\r\n") { 2 } else { usize::from(matches!(rest.first(), Some(b'\n' | b'\r'))) };
    let length = match value(dictionary, b"Length").as_slice() {
        [Word::Plain(length)] => number(length).and_then(|length| usize::try_from(length).ok()),
        _ => None,
    };
    let stated = length.and_then(|length| start.checked_add(length)).filter(|end| {
        bytes.get(*end..).is_some_and(|rest| {
            rest.get(..rest.len().min(16)).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"endstream"))
        })
    });
    let found = || memchr::memmem::find(bytes.get(start..)?, b"endstream").map(|length| start + length);
    start..stated.or_else(found).unwrap_or(bytes.len()).max(start)
}

struct Reader<'r> {
    bytes: &'r [u8],
    sink: &'r mut dyn Sink,
    /// Bytes that may still be unpacked, and letters of fonts that are kept.
    left: usize,
    letters: usize,
    /// Object streams, and those of pages of several, that were read.
    packed: HashSet<usize>,
    gaps: usize,
    /// What stands in such streams and on pages beside strings.
    beside: Vec<u8>,
    /// What opens the file, if it is encrypted, and the object that says how.
    key: Option<(u64, Key)>,
}

/// A dictionary, and where it stands: in the file as it is, or in a stream of objects.
struct Dictionary<'d> {
    id: u64,
    generation: u64,
    text: Cow<'d, [u8]>,
    at: usize,
    is_packed: bool,
}

impl<'r> Reader<'r> {
    fn new(bytes: &'r [u8], sink: &'r mut dyn Sink) -> Self {
        let left = FLOOR.saturating_add(bytes.len().saturating_mul(RATIO));
        Self { bytes, sink, left, letters: content::LETTERS, packed: HashSet::new(), gaps: 0, beside: Vec::new(), key: None }
    }

    /// Gathers what stands beside the strings of a stream, which are told: names, comments, what is no string by a lie.
    fn leave(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let start = self.beside.len();
        self.beside.extend_from_slice(bytes);
        let mut words = Words::new(bytes, 0);
        while let Some(word) = words.next() {
            if let (Word::Text(..), Some(beside)) = (word, self.beside.get_mut(start..)) {
                beside.get_mut(words.stood()).unwrap_or_default().fill(b' ');
            }
        }
        self.beside.push(b'\n');
        if self.beside.len() < BESIDE { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let beside = std::mem::take(&mut self.beside);
        if beside.is_empty() { Ok(()) } else { self.sink.raw(&mut beside.as_slice()) }
    }

    /// Tells what could not be read.
    fn lacks(&mut self, reason: GapReason, detail: String, bytes: Option<u64>) {
        self.gaps += 1;
        if self.gaps <= GAPS {
            self.sink.gap(reason, format!("PDF: {detail}"), bytes);
        }
    }

    fn decode(&mut self, object: &Object) -> Decoded {
        let most = self.left.min(STREAM);
        let dictionary = self.bytes.get(object.dictionary.clone()).unwrap_or_default();
        let stream = object.stream.clone().and_then(|stream| self.bytes.get(stream)).unwrap_or_default();
        let decoded = match &self.key {
            Some((_, key)) => decoded(dictionary, &key.stream(stream, dictionary, (object.id, object.generation)), most),
            None => decoded(dictionary, stream, most),
        };
        if let Decoded::Bytes(bytes, _) = &decoded {
            self.left = self.left.saturating_sub(bytes.len());
        }
        decoded
    }

    /// Looks for what opens the file, if it is encrypted. `false` if there is nothing.
    fn unlock(&mut self, objects: &[Object]) -> bool {
        if !is_encrypted(self.bytes) {
            return true;
        }
        self.key = sealed::declared(self.bytes).and_then(|(id, mark)| {
            let object = objects.iter().rfind(|object| object.id == id)?;
            Some((id, Key::of(self.bytes.get(object.dictionary.clone())?, &mark)?))
        });
        self.key.is_some()
    }

    fn read(&mut self, rest: &mut [u8]) -> Result<(), Stop> {
        let bytes = self.bytes;
        let (objects, is_sound) = objects(bytes);
        if !is_sound {
            self.lacks(GapReason::Damaged, "an object that does not end, or a stream of none; scanned as it is".into(), None);
        }
        if !self.unlock(&objects) {
            self.lacks(GapReason::Encrypted, "its streams and strings are encrypted".into(), Some(bytes.len() as u64));
            return Ok(());
        }
        let of = |object: &Object| bytes.get(object.dictionary.clone()).unwrap_or_default();
        let mut dictionaries: Vec<Dictionary<'_>> = Vec::new();
        for object in &objects {
            let text = of(object);
            let (id, generation, at) = (object.id, object.generation, object.dictionary.start);
            dictionaries.push(Dictionary { id, generation, text: text.into(), at, is_packed: false });
            if let Some(stream) = object.stream.as_ref().filter(|_| is_kind(text, b"ObjStm"))
                && let Decoded::Bytes(packed, true) = self.decode(object)
            {
                self.packed.insert(stream.start);
                self.leave(&packed)?;
                dictionaries.extend(packed_objects(text, &packed, stream.start));
            }
        }
        for dictionary in &dictionaries {
            self.strings(dictionary)?;
        }
        let (fonts, tables) = self.fonts(&objects, &dictionaries);
        let by_id: HashMap<u64, &Object> = objects.iter().map(|object| (object.id, object)).collect();
        for page in &fonts.pages {
            let parts: Option<Vec<&Object>> = page.iter().map(|id| by_id.get(id).copied()).collect();
            self.page(parts.unwrap_or_default(), &fonts)?;
        }
        for object in &objects {
            let text = of(object);
            let Some(stream) = object.stream.clone().filter(|_| !tables.contains(&object.id)) else { continue };
            if is_kind(text, b"XRef") {
                continue;
            }
            let is_done = self.packed.contains(&stream.start) || self.stream(object, &stream, &fonts)?;
            if let Some(covered) = rest.get_mut(stream).filter(|_| is_done) {
                covered.fill(0);
            }
        }
        self.flush()?;
        if self.letters == 0 {
            let detail = "more letters in the tables of its fonts than are kept; not all of its text could be read";
            self.lacks(GapReason::SizeLimit, detail.into(), None);
        }
        if self.left == 0 {
            self.lacks(GapReason::ExpansionLimit, "unpacks to far more than honest files do".into(), None);
        }
        Ok(())
    }

    /// Tells what a page shows that is made of several streams, if all of them can be read.
    fn page(&mut self, parts: Vec<&Object>, fonts: &Fonts) -> Result<(), Stop> {
        let (mut all, mut starts) = (Vec::new(), Vec::new());
        for part in &parts {
            let dictionary = self.bytes.get(part.dictionary.clone()).unwrap_or_default();
            let Some(stream) = part.stream.as_ref().filter(|_| !is_kind(dictionary, b"ObjStm")) else { return Ok(()) };
            let Decoded::Bytes(bytes, true) = self.decode(part) else { return Ok(()) };
            all.extend(bytes);
            all.push(b'\n');
            starts.push(stream.start);
            if all.len() > STREAM {
                return Ok(());
            }
        }
        let Some((first, start)) = parts.first().zip(starts.first()) else { return Ok(()) };
        if content::is_content(&all) {
            self.shown(first.id, &all, *start, fonts)?;
            self.packed.extend(starts);
        }
        Ok(())
    }

    /// Tells the text of a page or a part of one, and scans what stands beside it.
    fn shown(&mut self, id: u64, bytes: &[u8], start: usize, fonts: &Fonts) -> Result<(), Stop> {
        let most = self.left.min(STREAM);
        for text in content::texts(bytes, fonts.of(id), most) {
            self.left = self.left.saturating_sub(text.len());
            if text.len() > most {
                self.lacks(GapReason::ExpansionLimit, format!("object {id} shows far more text than it has bytes"), None);
            }
            self.sink.text(&Text { name: b"", key: b"", bytes: &text, offset: start as u64 })?;
        }
        self.leave(bytes)
    }

    /// Tells what a stream holds. `false` if it is to be scanned as it is.
    fn stream(&mut self, object: &Object, stream: &Range<usize>, fonts: &Fonts) -> Result<bool, Stop> {
        let (id, dictionary) = (object.id, self.bytes.get(object.dictionary.clone()).unwrap_or_default());
        let (bytes, is_whole) = match self.decode(object) {
            Decoded::Bytes(bytes, is_whole) => (bytes, is_whole),
            Decoded::Picture => return Ok(false),
            Decoded::Unknown => {
                let detail = format!("object {id} is encoded in a way that is not known");
                self.lacks(GapReason::Unsupported, detail, Some(stream.len() as u64));
                return Ok(false);
            }
        };
        if !is_whole {
            let (reason, detail) = match bytes.len() == STREAM || self.left == 0 {
                true => (GapReason::SizeLimit, "unpacks to more than is read"),
                false => (GapReason::Damaged, "does not unpack to its end"),
            };
            self.lacks(reason, format!("object {id} {detail}; its bytes were scanned as they are, too"), None);
        }
        if bytes.is_empty() {
            return Ok(false);
        }
        let has = |key: &[u8]| !value(dictionary, key).is_empty();
        let is_picture = value(dictionary, b"Subtype").first() == Some(&Word::Name(b"Image"));
        if !is_picture && !has(b"Length1") && content::is_content(&bytes) {
            self.shown(id, &bytes, stream.start, fonts)?;
            return Ok(is_whole);
        }
        let is_font = has(b"Length1")
            || matches!(value(dictionary, b"Subtype").first(), Some(Word::Name(b"Type1C" | b"CIDFontType0C" | b"OpenType")));
        let kind = if is_picture || is_font { MemberKind::Numbers } else { MemberKind::File };
        let name = format!("object {id}");
        let member = Member { name: name.as_bytes(), kind, size: Some(bytes.len() as u64) };
        self.sink.member(&member, &mut bytes.as_slice())?;
        Ok(is_whole)
    }

    /// Strings under their keys, where the file does not show them as they are, and the fields of forms.
    fn strings(&mut self, dictionary: &Dictionary<'_>) -> Result<(), Stop> {
        let offset = dictionary.at as u64;
        let mut key: &[u8] = b"";
        let (mut field, mut set) = (None, None);
        for word in Words::new(&dictionary.text, 0) {
            match word {
                Word::Name(name) => key = name,
                Word::Text(text, plain) => {
                    let (text, plain) = match self.key.as_ref().filter(|_| !dictionary.is_packed) {
                        // What says how all else is encrypted is not.
                        Some((id, _)) if *id == dictionary.id => (text, plain),
                        Some((_, key)) => (key.string(&text, (dictionary.id, dictionary.generation)), false),
                        None => (text, plain),
                    };
                    let text = readable(&text);
                    match key {
                        // One dictionary may hold several fields.
                        b"T" if field.is_some() => self.field(field.replace(text), set.take(), offset)?,
                        b"V" if set.is_some() => self.field(field.take(), set.replace(text), offset)?,
                        b"T" => field = Some(text),
                        b"V" => set = Some(text),
                        _ if dictionary.is_packed || !plain || self.sink.wants(key) => {
                            self.sink.text(&Text::named(key, &text, offset))?;
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        self.field(field, set, offset)
    }

    /// A field of a form, and what it is set to.
    fn field(&mut self, field: Option<Vec<u8>>, set: Option<Vec<u8>>, offset: u64) -> Result<(), Stop> {
        match (field, set) {
            (Some(field), Some(set)) => self.sink.text(&Text::named(&field, &set, offset)),
            (_, Some(set)) => self.sink.text(&Text::named(b"", &set, offset)),
            (Some(field), _) => self.sink.text(&Text::named(b"T", &field, offset)),
            (None, None) => Ok(()),
        }
    }

    /// Fonts by the names that pages give them, and the objects that are their tables.
    fn fonts(&mut self, objects: &[Object], dictionaries: &[Dictionary<'_>]) -> (Fonts, HashSet<u64>) {
        let mut tables = HashMap::new();
        for dictionary in dictionaries {
            if let [Word::Plain(id), ..] = value(&dictionary.text, b"ToUnicode").as_slice()
                && let Some(id) = number(id)
            {
                tables.insert(id, None);
            }
        }
        for object in objects {
            if object.stream.is_some()
                && tables.contains_key(&object.id)
                && let Decoded::Bytes(bytes, true) = self.decode(object)
            {
                tables.insert(object.id, Some(Rc::new(Letters::read(&bytes, &mut self.letters))));
            }
        }
        let fonts = Shelf::new(dictionaries, &tables, &mut self.letters).read(dictionaries);
        // What could not be read as a table is a stream like others.
        (fonts, tables.into_iter().filter_map(|(id, table)| table.map(|_| id)).collect())
    }
}

fn is_kind(dictionary: &[u8], kind: &[u8]) -> bool {
    value(dictionary, b"Type").first() == Some(&Word::Name(kind))
}

/// The objects of a stream of objects (7.5.7): numbers and places first.
fn packed_objects<'d>(dictionary: &[u8], packed: &[u8], at: usize) -> Vec<Dictionary<'d>> {
    let first = match value(dictionary, b"First").first() {
        Some(Word::Plain(first)) => number(first).unwrap_or(0) as usize,
        _ => 0,
    };
    let head = packed.get(..first).unwrap_or_default();
    let numbers: Vec<usize> = Words::new(head, 0)
        .map_while(|word| match word {
            Word::Plain(plain) => number(plain).and_then(|number| usize::try_from(number).ok()),
            _ => None,
        })
        .collect();
    // In the order of their places, so that none has bytes of another; what stands before the first is the head's.
    let mut places: Vec<_> =
        numbers.as_chunks::<2>().0.iter().map(|[id, from]| (first.saturating_add(*from).min(packed.len()), *id as u64)).collect();
    places.push((0, u64::MAX));
    places.sort_by_key(|(from, _)| *from);
    let ends = places.iter().skip(1).map(|(from, _)| *from).chain([packed.len()]);
    let object = |((from, id), to): (&(usize, u64), usize)| {
        let text = packed.get(*from..to).filter(|text| !text.is_empty())?;
        Some(Dictionary { id: *id, generation: 0, text: text.to_vec().into(), at, is_packed: true })
    };
    places.iter().zip(ends).filter_map(object).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn object(id: u32, keys: &str, stream: &[u8]) -> Vec<u8> {
        [format!("{id} 0 obj\n<<{keys}>>\nstream\r\n").as_bytes(), stream, b"\nendstream\nendobj\n"].concat()
    }

    #[test]
    fn pages_forms_and_streams_are_read() {
        let packed = b"7 0 9 13 <</T(pin)>>   <</Author(me)>>";
        let bytes = [
            b"%PDF-1.7\n".to_vec(),
            object(1, "/Filter/FlateDecode", &zlib(b"BT /F1 9 Tf (sh) Tj (own) Tj ET")),
            object(2, "/Type/ObjStm/N 2/First 9/Filter/FlateDecode", &zlib(packed)),
            object(3, "/Length 8", b"attached"),
            b"4 0 obj <</T (password) /V <FEFF0061>>> endobj\n%%EOF\n".to_vec(),
        ]
        .concat();
        assert!(Pdf.probe(&Head { start: &bytes, tail: &[] }));
        let found = seen(&Pdf, &bytes);
        assert_eq!(found.texts, vec![("T", "pin"), ("Author", "me"), ("password", "a"), ("", "shown")].into());
        assert_eq!(found.members, vec![("object 3", "attached")].into());
        let beside = b"BT /F1 9 Tf      Tj       Tj ET\n7 0 9 13 <</T     >>   <</Author    >>\n".as_slice();
        assert!(found.gaps.is_empty() && found.raw.len() == bytes.len() + beside.len());
        let lines = beside.split_inclusive(|byte| *byte == b'\n');
        assert!(lines.into_iter().all(|line| memchr::memmem::find(&found.raw, line).is_some()));
    }

    #[test]
    fn a_dictionary_may_hold_several_fields() {
        let check = |fields: &str, expected: Vec<(&str, &str)>| {
            let bytes = format!("%PDF-1.7\n4 0 obj <<{fields}>> endobj\n%%EOF\n");
            assert_eq!(seen(&Pdf, bytes.as_bytes()).texts, expected.into(), "{fields}");
        };
        check("/Kids[<</T<61>/V<62>>> <</T<63>/V<64>>>]", vec![("a", "b"), ("c", "d")]);
        check("/V[<61> <62>]", vec![("", "a"), ("", "b")]);
        check("/V<61>/T<62>/T<63>", vec![("b", "a"), ("T", "c")]);
    }

    #[test]
    fn streams_of_a_page_are_one() {
        let table = object(7, "", b"beginbfchar <41> <0061> endbfchar");
        let page = b"1 0 obj\n<</Contents[4 0 R 3 0 R]/Resources<</Font<</F 6 0 R>>>>>>\nendobj\n6 0 obj\n<</ToUnicode 7 0 R>>\nendobj\n";
        let (first, second) = (object(4, "/Filter/FlateDecode", &zlib(b"BT /F 9 Tf (A) Tj")), object(3, "", b"(A) Tj"));
        let bytes = [b"%PDF-1.7\n", &page[..], &table, &second, &first, b"%%EOF"].concat();
        let found = seen(&Pdf, &bytes);
        assert_eq!((found.texts, found.gaps), (vec![("", "aa")].into(), vec![]));
        let alone = [b"%PDF-1.7\n", &page[..], &table, &first, b"%%EOF"].concat();
        assert_eq!(seen(&Pdf, &alone).texts, vec![("", "a")].into());
    }

    #[test]
    fn objects_of_a_stream_share_no_bytes() {
        let head = [&b"1 0 2 999999 "[..], &b"3 0 4 999999 ".repeat(2000)].concat();
        let packed = [&head[..], &b"<</Author(me)>>".repeat(1000)].concat();
        let all = packed_objects(format!("<</First {}>>", head.len()).as_bytes(), &packed, 0);
        assert_eq!(all.iter().map(|object| object.text.len()).sum::<usize>(), packed.len());
    }

    #[test]
    fn what_does_not_unpack_is_told_and_scanned_as_it_is() {
        let packed = zlib(b"BT /F1 9 Tf (shown) Tj ET and more of it");
        let whole = |stream: &[u8], keys: &str| [b"%PDF-1.7\n".to_vec(), object(1, keys, stream), b"%%EOF".to_vec()].concat();
        let check = |bytes: &[u8], gaps: &[GapReason], raw: bool| {
            let found = seen(&Pdf, bytes);
            assert_eq!(found.gaps, gaps);
            assert_eq!(memchr::memmem::find(&found.raw, &packed[..4]).is_some(), raw);
        };
        check(&whole(&packed, "/Filter/FlateDecode"), &[], false);
        let cut = packed.get(..packed.len() - 3).unwrap();
        check(&whole(cut, "/Filter/FlateDecode"), &[GapReason::Damaged], true);
        check(&whole(cut, "/Type/ObjStm/N 2/First 9/Filter/FlateDecode"), &[GapReason::Damaged], true);
        let unnamed = whole(&packed, "/Filter/FlateDecode");
        let at = memchr::memmem::find(&unnamed, b"1 0 obj").unwrap();
        check(&[&unnamed[..at], b"1 0 obk", &unnamed[at + 7..]].concat(), &[GapReason::Damaged], true);
    }

    #[test]
    fn what_is_encrypted_or_cut_is_a_gap() {
        let bytes = b"%PDF-1.4\ntrailer <</Encrypt 5 0 R>>\n%%EOF";
        assert_eq!(seen(&Pdf, bytes).gaps, [GapReason::Encrypted]);
        assert_eq!(seen(&Pdf, &bytes[..bytes.len() - 1]).gaps, [GapReason::Truncated, GapReason::Encrypted]);
    }
}
