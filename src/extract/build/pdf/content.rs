//! The text of a page: what its operators show (ISO 32000-1, 9.4), by the tables of its fonts (9.10.3, ToUnicode).

use super::syntax::{Word, Words};
use std::collections::HashMap;
use std::rc::Rc;

/// Letters that a table of a font may have.
const LETTERS: usize = 1 << 16;
/// Space to the left that stands for a blank, in thousandths of the size of the font.
const BLANK: f32 = -180.0;

/// What the codes of a font stand for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Letters {
    /// Bytes of a code.
    width: usize,
    letters: HashMap<u32, String>,
}

fn code(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |code, byte| code << 8 | u32::from(*byte))
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
    char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')).collect()
}

impl Letters {
    /// Reads a ToUnicode table.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut letters = Self { width: 1, ..Self::default() };
        let mut codes: Vec<Vec<u8>> = Vec::new();
        let mut list: Option<usize> = None;
        for word in Words::new(bytes, 0) {
            match word {
                Word::Text(text, _) => codes.push(text),
                Word::Mark("[") => list = Some(codes.len()),
                Word::Mark("]") => {
                    // A range with a text for each code.
                    if let Some(at) = list.take()
                        && let Some([from, _]) = at.checked_sub(2).and_then(|start| codes.get(start..at))
                    {
                        let from = code(from);
                        let texts: Vec<_> = codes.split_off(at);
                        texts.iter().zip(from..).for_each(|(text, code)| letters.set(code, utf16(text)));
                        codes.truncate(at - 2);
                    }
                }
                Word::Plain(b"begincodespacerange" | b"beginbfchar" | b"beginbfrange") => codes.clear(),
                Word::Plain(b"endcodespacerange") => letters.width = codes.first().map_or(1, |code| code.len().clamp(1, 4)),
                Word::Plain(b"endbfchar") => {
                    for pair in codes.chunks_exact(2) {
                        letters.set(code(&pair[0]), utf16(&pair[1]));
                    }
                }
                Word::Plain(b"endbfrange") => {
                    for range in codes.chunks_exact(3) {
                        letters.range(code(&range[0]), code(&range[1]), &range[2]);
                    }
                }
                _ => {}
            }
        }
        letters
    }

    fn set(&mut self, code: u32, letter: String) {
        if self.letters.len() < LETTERS {
            self.letters.insert(code, letter);
        }
    }

    fn range(&mut self, from: u32, to: u32, first: &[u8]) {
        let first = utf16(first);
        let Some(last) = first.chars().next_back() else { return };
        let stem = first.get(..first.len() - last.len_utf8()).unwrap_or_default();
        for (code, step) in (from..=to.min(from.saturating_add(0xffff))).zip(0..) {
            if let Some(letter) = char::from_u32(u32::from(last).saturating_add(step)) {
                self.set(code, format!("{stem}{letter}"));
            }
        }
    }

    fn text(&self, shown: &[u8], out: &mut Vec<u8>) {
        for bytes in shown.chunks(self.width.max(1)) {
            match self.letters.get(&code(bytes)) {
                Some(letter) => out.extend_from_slice(letter.as_bytes()),
                None if self.width == 1 => out.extend_from_slice(bytes),
                None => {}
            }
        }
    }
}

/// Fonts by the names that pages give them; different pages may mean different fonts by one name.
pub(super) type Fonts = HashMap<Vec<u8>, Vec<Rc<Letters>>>;

/// Whether a stream shows text.
pub(super) fn is_content(bytes: &[u8]) -> bool {
    let has = |operator: &[u8]| memchr::memmem::find(bytes, operator).is_some();
    has(b"Tf") && (has(b"Tj") || has(b"TJ"))
}

/// The text that a stream shows, once for every meaning that its fonts may have.
pub(super) fn texts(bytes: &[u8], fonts: &Fonts) -> Vec<Vec<u8>> {
    let mut meanings = 1;
    for word in Words::new(bytes, 0) {
        if let Word::Name(name) = word {
            meanings = meanings.max(fonts.get(name).map_or(1, Vec::len));
        }
    }
    let mut texts: Vec<Vec<u8>> = (0..meanings).map(|meaning| shown(bytes, fonts, meaning)).collect();
    texts.dedup();
    texts
}

fn shown(bytes: &[u8], fonts: &Fonts, meaning: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut font, mut name, mut strings, mut numbers): (Option<&Letters>, &[u8], Vec<u8>, Vec<f32>) = Default::default();
    for word in Words::new(bytes, 0) {
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
                strings.clear();
            }
            Word::Mark(_) => {}
        }
    }
    out
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
        let texts: Vec<_> = texts(content.as_bytes(), fonts).into_iter().map(|text| String::from_utf8(text).unwrap()).collect();
        assert_eq!(texts, expected, "{content}");
    }

    #[test]
    fn operators_show_text() {
        let none = Fonts::new();
        check("BT /F1 12 Tf (one) Tj 0 -14 Td [(t) 20 (wo) -300 (three)] TJ ET", &none, &["one\ntwo three\n"]);
        check("BT /F1 12 Tf <6f6e65> Tj 5 0 Td (two) ' T* ET", &none, &["one \ntwo\n"]);
    }

    #[test]
    fn fonts_say_what_codes_stand_for() {
        let table = b"1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfchar <0001> <006F> endbfchar
            2 beginbfrange <0002> <0003> <006D> <0010> <0011> [<0065> <00660066>] endbfrange";
        let letters = Rc::new(Letters::read(table));
        let fonts: Fonts = [(b"F1".to_vec(), vec![Rc::clone(&letters)])].into();
        check("/F1 9 Tf <000100030010> Tj <0011> Tj", &fonts, &["oneff"]);
        let other = Rc::new(Letters { width: 1, letters: [(1, "x".into())].into() });
        let fonts: Fonts = [(b"F1".to_vec(), vec![letters, other])].into();
        check("/F1 9 Tf <0001> Tj", &fonts, &["o", "\0x"]);
    }
}
