//! The text of a page: what its operators show (ISO 32000-1, 9.4), by the tables of its fonts (9.10.3, ToUnicode).

use super::fonts::{Font, Names};
use super::pen::Pen;
use super::syntax::{Word, Words, number};
use std::collections::{HashMap, HashSet};
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
/// Numbers before an operator that count, but for the last.
const OPERANDS: usize = 5;

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

    /// Reads the names of letters that an encoding gives to single codes (9.6.6.1).
    pub(super) fn of_names(words: &[Word<'_>], left: &mut usize) -> Self {
        let (mut letters, mut hasher) = (Self { width: 1, ..Self::default() }, DefaultHasher::new());
        let mut code = 0u32;
        for word in words.iter().skip(1) {
            match word {
                Word::Plain(plain) => code = number(plain).map_or(u32::MAX, |code| code as u32),
                Word::Name(name) => {
                    if let Some(letter) = letter_of(name) {
                        (code, letter).hash(&mut hasher);
                        letters.set(code, letter.into(), left);
                    }
                    code = code.saturating_add(1);
                }
                _ => break,
            }
        }
        letters.digest = hasher.finish();
        letters
    }

    /// Bytes of a code, where the font leaves that to the table.
    pub(super) fn width(&self) -> usize {
        self.width.max(1)
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

    fn text(&self, shown: &[u8], width: usize, out: &mut Vec<u8>) {
        for bytes in shown.chunks(width.max(1)) {
            if !self.letter(code(bytes), out) && width == 1 {
                out.extend_from_slice(bytes);
            }
        }
    }
}

/// Letters of ASCII that do not name themselves, and such as stand for several (Adobe Glyph List).
const NAMED: [(&[u8], &str); 48] = [
    (b"space", " "),
    (b"exclam", "!"),
    (b"quotedbl", "\""),
    (b"numbersign", "#"),
    (b"dollar", "$"),
    (b"percent", "%"),
    (b"ampersand", "&"),
    (b"quotesingle", "'"),
    (b"quoteright", "'"),
    (b"parenleft", "("),
    (b"parenright", ")"),
    (b"asterisk", "*"),
    (b"plus", "+"),
    (b"comma", ","),
    (b"hyphen", "-"),
    (b"minus", "-"),
    (b"period", "."),
    (b"slash", "/"),
    (b"zero", "0"),
    (b"one", "1"),
    (b"two", "2"),
    (b"three", "3"),
    (b"four", "4"),
    (b"five", "5"),
    (b"six", "6"),
    (b"seven", "7"),
    (b"eight", "8"),
    (b"nine", "9"),
    (b"colon", ":"),
    (b"semicolon", ";"),
    (b"less", "<"),
    (b"equal", "="),
    (b"greater", ">"),
    (b"question", "?"),
    (b"at", "@"),
    (b"bracketleft", "["),
    (b"backslash", "\\"),
    (b"bracketright", "]"),
    (b"asciicircum", "^"),
    (b"underscore", "_"),
    (b"grave", "`"),
    (b"braceleft", "{"),
    (b"bar", "|"),
    (b"braceright", "}"),
    (b"asciitilde", "~"),
    (b"fi", "fi"),
    (b"fl", "fl"),
    (b"ff", "ff"),
];

/// The letter of a name.
fn letter_of(name: &[u8]) -> Option<&str> {
    let is_own = matches!(name, [letter] if letter.is_ascii_alphabetic());
    let own = || std::str::from_utf8(name).ok().filter(|_| is_own);
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, letter)| *letter).or_else(own)
}

impl Font {
    /// What a string stands for, and how far it goes: in text of this size, with so much space behind each letter and
    /// each blank. No number, if the widths are not known.
    fn show<F: Copy>(&self, shown: &[u8], pen: &Pen<F>, out: &mut Vec<u8>) -> f32 {
        match &self.letters {
            Some(letters) => letters.text(shown, self.code, out),
            None => out.extend_from_slice(shown),
        }
        let Some(widths) = &self.widths else { return f32::NAN };
        let wide = |code: &[u8]| pen.advance(widths.of(self::code(code)), code == b" ");
        shown.chunks(self.code.max(1)).map(wide).sum()
    }
}

fn take(left: &mut usize) -> bool {
    let has = *left > 0;
    *left = left.saturating_sub(1);
    has
}

/// Whether a stream shows text.
pub(super) fn is_content(bytes: &[u8]) -> bool {
    let has = |operator: &[u8]| memchr::memmem::find(bytes, operator).is_some();
    has(b"Tf") && (has(b"Tj") || has(b"TJ"))
}

/// The text that a stream shows, once for every meaning that its fonts may have; of each about so many bytes `most`.
pub(super) fn texts(bytes: &[u8], fonts: &[Rc<Names>], most: usize) -> Vec<Vec<u8>> {
    let mut used: HashSet<&[u8]> = HashSet::new();
    for word in Words::new(bytes, 0) {
        if let Word::Name(name) = word {
            used.extend(Some(name).filter(|name| fonts.iter().any(|fonts| fonts.contains_key(*name))));
        }
    }
    let none = Names::new();
    let mut meanings: Vec<&Names> = Vec::new();
    for names in fonts.iter().map(Rc::as_ref) {
        if !meanings.iter().any(|known| used.iter().all(|name| known.get(*name) == names.get(*name))) {
            meanings.push(names);
        }
    }
    if meanings.is_empty() {
        meanings.push(&none);
    }
    let (mut texts, mut beside): (Vec<_>, Vec<_>) = meanings.into_iter().map(|names| shown(bytes, names, most)).unzip();
    texts.dedup();
    beside.dedup();
    texts.into_iter().chain(beside).filter(|text| !text.is_empty()).collect()
}

/// What is shown, and strings that no operator shows: of what stands for a picture, of one that is not known.
fn shown(bytes: &[u8], fonts: &Names, most: usize) -> (Vec<u8>, Vec<u8>) {
    let (mut out, mut beside) = (Vec::new(), Vec::new());
    let (mut pen, mut name, mut strings, mut numbers): (Pen<&Font>, &[u8], Vec<u8>, Vec<f32>) = Default::default();
    let (mut advance, mut is_listed) = (0.0, false);
    for word in Words::new(bytes, 0) {
        if out.len() + beside.len() + strings.len() > most {
            out.append(&mut strings);
            return (out, beside);
        }
        match word {
            Word::Name(found) => name = found,
            Word::Text(text, _) => match pen.font() {
                Some(font) => advance += font.show(&text, &pen, &mut strings),
                None => {
                    strings.extend(text);
                    advance = f32::NAN;
                }
            },
            Word::Plain(plain) => {
                if let Some(number) = std::str::from_utf8(plain).ok().and_then(|plain| plain.parse().ok()) {
                    if number < BLANK && !strings.is_empty() {
                        strings.push(b' ');
                    }
                    if is_listed {
                        advance -= pen.shift(number);
                    } else {
                        numbers.truncate(OPERANDS);
                        numbers.insert(0, number);
                    }
                    continue;
                }
                match plain {
                    b"Tf" => pen.set_font(fonts.get(name).map(Rc::as_ref), numbers.first().copied()),
                    b"Tj" | b"TJ" | b"'" | b"\"" => {
                        if matches!(plain, b"'" | b"\"") {
                            pen.end_line();
                        }
                        out.extend(pen.show(advance).filter(|_| !out.is_empty()));
                        out.append(&mut strings);
                    }
                    operator => pen.operator(operator, &numbers),
                }
                (advance, is_listed) = (0.0, false);
                numbers.clear();
                put_beside(&mut strings, &mut beside);
            }
            Word::Mark(mark) => is_listed = mark == "[",
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The only meaning, or several, of the name `F1`.
    fn fonts(tables: Vec<Rc<Letters>>) -> Vec<Rc<Names>> {
        let font = |letters: Rc<Letters>| Font { code: letters.width(), letters: Some(letters), widths: None };
        tables.into_iter().map(|letters| Rc::new([(b"F1".to_vec(), Rc::new(font(letters)))].into())).collect()
    }

    fn check(content: &str, fonts: &[Rc<Names>], expected: &[&str]) {
        let texts: Vec<_> =
            texts(content.as_bytes(), fonts, 1000).into_iter().map(|text| String::from_utf8(text).unwrap()).collect();
        assert_eq!(texts, expected, "{content}");
    }

    #[test]
    fn operators_show_text() {
        check("BT /F1 12 Tf (one) Tj 0 -14 Td [(t) 20 (wo) -300 (three)] TJ ET", &[], &["one\ntwo three"]);
        check("BT /F1 12 Tf <6f6e65> Tj 5 0 Td (two) ' T* ET", &[], &["one\ntwo"]);
        check("BT /F1 12 Tf (one) Tj 5 0 Td (two) Tj T* (three) Tj", &[], &["one two\nthree"]);
        check("/F1 9 Tf /Span <</ActualText (one)>> BDC (two) Tj EMC (three) Tk (four)", &[], &["two", "one\nthree\nfour\n"]);
    }

    #[test]
    fn names_of_letters_are_known() {
        let words: Vec<_> = Words::new(b"[1/a/hyphen 7/nine/g22/fi]", 0).collect();
        check("/F1 9 Tf <0102030708> Tj (\t) Tj", &fonts(vec![Rc::new(Letters::of_names(&words, &mut 9))]), &["a-\u{3}9\u{8}fi"]);
        assert_eq!(Letters::of_names(&words, &mut 2).letters.len(), 2);
    }

    #[test]
    fn fonts_say_what_codes_stand_for() {
        let table = b"1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfchar <0001> <006F> endbfchar
            2 beginbfrange <0002> <0003> <006D> <0010> <0011> [<0065> <00660066>] endbfrange";
        let letters = Rc::new(Letters::read(table, &mut 9));
        check("/F1 9 Tf <000100030010> Tj <0011> Tj", &fonts(vec![Rc::clone(&letters)]), &["oneff"]);
        let other = Rc::new(Letters { width: 1, letters: [(1, "x".into())].into(), ..Letters::default() });
        check("/F1 9 Tf q /F2 9 Tf <0001> Tj Q <0001> Tj", &fonts(vec![letters.clone()]), &["\0\u{1}o"]);
        check("/F1 9 Tf <0001> Tj", &fonts(vec![letters, other]), &["o", "\0x"]);
    }

    #[test]
    fn ranges_cost_what_they_are_written_in() {
        let table = [&b"beginbfrange "[..], &b"<00000000> <FFFFFFFF> <0041> ".repeat(5000), b"endbfrange"].concat();
        let mut left = LETTERS;
        let letters = Letters::read(&table, &mut left);
        assert_eq!((letters.ranges.len(), letters.letters.len(), LETTERS - left), (5000, 0, 5000));
        check("/F1 9 Tf <0001> Tj", &fonts(vec![Rc::new(letters)]), &["AB"]);
        let (mut few, last) = (2, b"beginbfrange <FFFFFFFF> <FFFFFFFF> [<0041> <0042> <0043>] endbfrange");
        assert_eq!((Letters::read(last, &mut few).letters.len(), few), (1, 0));
        let long = fonts(vec![Rc::new(Letters::read(b"beginbfchar <01> <00410042> endbfchar", &mut 9))]);
        let content = [&b"/F1 9 Tf <"[..], &b"01".repeat(40), b"> Tj <01> Tj"].concat();
        assert_eq!(texts(&content, &long, 60), [b"AB".repeat(40)]);
    }
}
