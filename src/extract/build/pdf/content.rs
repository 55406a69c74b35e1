//! The text of a page: what its operators show (ISO 32000-1, 9.4), by the tables of its fonts (9.10.3, ToUnicode).

use super::syntax::{Word, Words};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

/// Letters and ranges of them that all tables of fonts may have.
pub(super) const LETTERS: usize = 1 << 20;
/// Codes of one list in a table; honest ones have a hundred entries.
const LISTED: usize = 1 << 16;
/// Bytes of UTF-16 that a code may stand for (Adobe, ToUnicode Mapping File Tutorial).
const LETTER: usize = 512;
/// Ranges that are asked for a code: those that overlap are rare.
const NEAR: usize = 8;
/// Space to the left that stands for a blank, in thousandths of the size of the font.
const BLANK: f32 = -180.0;

/// What the codes of a font stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Letters {
    /// Tells tables apart: the same bytes say the same.
    digest: u64,
    /// Bytes of a code.
    width: usize,
    letters: HashMap<u32, String>,
    /// The first and the last code of a range, and what the first stands for; the last letter of that counts up. By
    /// their first code, and not written out: a range of a dozen bytes may have every code there is.
    ranges: Vec<(u32, u32, String)>,
}

impl PartialEq for Letters {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

fn code(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |code, byte| code << 8 | u32::from(*byte))
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.get(..LETTER).unwrap_or(bytes).as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
    char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')).collect()
}

impl Letters {
    /// Reads a ToUnicode table. Each letter takes of those that are `left`.
    pub(super) fn read(bytes: &[u8], left: &mut usize) -> Self {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let mut letters = Self { digest: hasher.finish(), width: 1, ..Self::default() };
        let mut codes: Vec<Vec<u8>> = Vec::new();
        let mut list: Option<usize> = None;
        for word in Words::new(bytes, 0) {
            match word {
                Word::Text(text, _) if codes.len() < LISTED => codes.push(text),
                Word::Mark("[") => list = Some(codes.len()),
                Word::Mark("]") => {
                    // A range with a text for each code.
                    if let Some(at) = list.take()
                        && let Some([from, _]) = at.checked_sub(2).and_then(|start| codes.get(start..at))
                    {
                        let from = code(from);
                        let texts: Vec<_> = codes.split_off(at);
                        for (text, step) in texts.iter().zip(0..) {
                            letters.set(from.saturating_add(step), utf16(text), left);
                        }
                        codes.truncate(at - 2);
                    }
                }
                Word::Plain(b"begincodespacerange" | b"beginbfchar" | b"beginbfrange") => codes.clear(),
                Word::Plain(b"endcodespacerange") => letters.width = codes.first().map_or(1, |code| code.len().clamp(1, 4)),
                Word::Plain(b"endbfchar") => {
                    for pair in codes.chunks_exact(2) {
                        letters.set(code(&pair[0]), utf16(&pair[1]), left);
                    }
                }
                Word::Plain(b"endbfrange") => {
                    for range in codes.chunks_exact(3) {
                        if take(left) {
                            letters.ranges.push((code(&range[0]), code(&range[1]), utf16(&range[2])));
                        }
                    }
                }
                _ => {}
            }
        }
        letters.ranges.sort_by_key(|(from, _, _)| *from);
        letters
    }

    fn set(&mut self, code: u32, letter: String, left: &mut usize) {
        if take(left) {
            self.letters.insert(code, letter);
        }
    }

    /// What a code stands for. Of ranges that overlap the one counts that begins last.
    fn letter(&self, code: u32, out: &mut Vec<u8>) -> bool {
        if let Some(letter) = self.letters.get(&code) {
            out.extend_from_slice(letter.as_bytes());
            return true;
        }
        let before = self.ranges.partition_point(|(from, _, _)| *from <= code);
        let ranges = self.ranges.get(before.saturating_sub(NEAR)..before).unwrap_or_default();
        let Some((from, _, first)) = ranges.iter().rfind(|(_, to, _)| *to >= code) else { return false };
        let Some(last) = first.chars().next_back() else { return false };
        let Some(letter) = char::from_u32(u32::from(last).saturating_add(code - from)) else { return false };
        out.extend_from_slice(first.get(..first.len() - last.len_utf8()).unwrap_or_default().as_bytes());
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        true
    }

    fn text(&self, shown: &[u8], out: &mut Vec<u8>) {
        for bytes in shown.chunks(self.width.max(1)) {
            if !self.letter(code(bytes), out) && self.width == 1 {
                out.extend_from_slice(bytes);
            }
        }
    }
}

fn take(left: &mut usize) -> bool {
    let has = *left > 0;
    *left = left.saturating_sub(1);
    has
}

/// Fonts by the names that pages give them; different pages may mean different fonts by one name.
pub(super) type Fonts = HashMap<Vec<u8>, Vec<Rc<Letters>>>;

/// Whether a stream shows text.
pub(super) fn is_content(bytes: &[u8]) -> bool {
    let has = |operator: &[u8]| memchr::memmem::find(bytes, operator).is_some();
    has(b"Tf") && (has(b"Tj") || has(b"TJ"))
}

/// The text that a stream shows, once for every meaning that its fonts may have; of each about so many bytes `most`.
pub(super) fn texts(bytes: &[u8], fonts: &Fonts, most: usize) -> Vec<Vec<u8>> {
    let mut meanings = 1;
    for word in Words::new(bytes, 0) {
        if let Word::Name(name) = word {
            meanings = meanings.max(fonts.get(name).map_or(1, Vec::len));
        }
    }
    let (mut texts, mut beside): (Vec<_>, Vec<_>) = (0..meanings).map(|meaning| shown(bytes, fonts, (meaning, most))).unzip();
    texts.dedup();
    beside.dedup();
    texts.into_iter().chain(beside).filter(|text| !text.is_empty()).collect()
}

/// What is shown, and strings that no operator shows: of what stands for a picture, of one that is not known.
fn shown(bytes: &[u8], fonts: &Fonts, (meaning, most): (usize, usize)) -> (Vec<u8>, Vec<u8>) {
    let (mut out, mut beside) = (Vec::new(), Vec::new());
    let (mut font, mut name, mut strings, mut numbers): (Option<&Letters>, &[u8], Vec<u8>, Vec<f32>) = Default::default();
    for word in Words::new(bytes, 0) {
        if out.len() + beside.len() + strings.len() > most {
            out.append(&mut strings);
            return (out, beside);
        }
        match word {
            Word::Name(found) => name = found,
            Word::Text(text, _) => match font {
                Some(font) => font.text(&text, &mut strings),
                None => strings.extend(text),
            },
            Word::Plain(plain) => {
                if let Some(number) = std::str::from_utf8(plain).ok().and_then(|plain| plain.parse().ok()) {
                    if number < BLANK && !strings.is_empty() {
                        strings.push(b' ');
                    }
                    numbers.push(number);
                    continue;
                }
                match plain {
                    b"Tf" => font = fonts.get(name).and_then(|fonts| fonts.get(meaning.min(fonts.len() - 1))).map(Rc::as_ref),
                    b"Tj" | b"TJ" => out.append(&mut strings),
                    b"'" | b"\"" => {
                        out.push(b'\n');
                        out.append(&mut strings);
                    }
                    b"T*" | b"ET" => end_line(&mut out),
                    // Moved within its line, or to another one.
                    b"Td" | b"TD" if numbers.last() == Some(&0.0) => out.push(b' '),
                    b"Td" | b"TD" | b"Tm" => end_line(&mut out),
                    _ => {}
                }
                numbers.clear();
                put_beside(&mut strings, &mut beside);
            }
            Word::Mark(_) => {}
        }
    }
    put_beside(&mut strings, &mut beside);
    (out, beside)
}

fn put_beside(strings: &mut Vec<u8>, beside: &mut Vec<u8>) {
    if !strings.is_empty() {
        beside.append(strings);
        beside.push(b'\n');
    }
}

fn end_line(out: &mut Vec<u8>) {
    if !matches!(out.last(), None | Some(b'\n')) {
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &str, fonts: &Fonts, expected: &[&str]) {
        let texts: Vec<_> =
            texts(content.as_bytes(), fonts, 1000).into_iter().map(|text| String::from_utf8(text).unwrap()).collect();
        assert_eq!(texts, expected, "{content}");
    }

    #[test]
    fn operators_show_text() {
        let none = Fonts::new();
        check("BT /F1 12 Tf (one) Tj 0 -14 Td [(t) 20 (wo) -300 (three)] TJ ET", &none, &["one\ntwo three\n"]);
        check("BT /F1 12 Tf <6f6e65> Tj 5 0 Td (two) ' T* ET", &none, &["one \ntwo\n"]);
        check("/F1 9 Tf /Span <</ActualText (one)>> BDC (two) Tj EMC (three) Tk (four)", &none, &["two", "one\nthree\nfour\n"]);
    }

    #[test]
    fn fonts_say_what_codes_stand_for() {
        let table = b"1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfchar <0001> <006F> endbfchar
            2 beginbfrange <0002> <0003> <006D> <0010> <0011> [<0065> <00660066>] endbfrange";
        let letters = Rc::new(Letters::read(table, &mut 9));
        let fonts: Fonts = [(b"F1".to_vec(), vec![Rc::clone(&letters)])].into();
        check("/F1 9 Tf <000100030010> Tj <0011> Tj", &fonts, &["oneff"]);
        let other = Rc::new(Letters { width: 1, letters: [(1, "x".into())].into(), ..Letters::default() });
        let fonts: Fonts = [(b"F1".to_vec(), vec![letters, other])].into();
        check("/F1 9 Tf <0001> Tj", &fonts, &["o", "\0x"]);
    }

    #[test]
    fn ranges_cost_what_they_are_written_in() {
        let table = [&b"beginbfrange "[..], &b"<00000000> <FFFFFFFF> <0041> ".repeat(5000), b"endbfrange"].concat();
        let mut left = LETTERS;
        let letters = Letters::read(&table, &mut left);
        assert_eq!((letters.ranges.len(), letters.letters.len(), LETTERS - left), (5000, 0, 5000));
        let fonts: Fonts = [(b"F1".to_vec(), vec![Rc::new(letters)])].into();
        check("/F1 9 Tf <0001> Tj", &fonts, &["AB"]);
        let (mut few, last) = (2, b"beginbfrange <FFFFFFFF> <FFFFFFFF> [<0041> <0042> <0043>] endbfrange");
        assert_eq!((Letters::read(last, &mut few).letters.len(), few), (1, 0));
        let long: Fonts =
            [(b"F1".to_vec(), vec![Rc::new(Letters::read(b"beginbfchar <01> <00410042> endbfchar", &mut 9))])].into();
        let content = [&b"/F1 9 Tf <"[..], &b"01".repeat(40), b"> Tj <01> Tj"].concat();
        assert_eq!(texts(&content, &long, 60), [b"AB".repeat(40)]);
    }
}
