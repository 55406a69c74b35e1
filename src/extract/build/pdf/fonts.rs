//! Fonts of a PDF, and which stream calls them what (ISO 32000-1, 7.8.3 and 9.6 to 9.10).
//!
//! A page or a form names its fonts in its resources, and another page may mean another font by the same name. Streams
//! whose page is not found are read by all that the file means by a name, a few of them.

use super::Dictionary;
use super::content::Letters;
use super::syntax::{Word, Words, number};
use super::widths::Widths;
use std::collections::HashMap;
use std::rc::Rc;

/// Meanings of one name, and pages of one stream, that are kept.
const MEANINGS: usize = 4;
/// How far up the tree of pages resources are looked for.
const DEPTH: usize = 16;

/// A font, as far as a text needs it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Font {
    /// What its codes stand for, if the file says so.
    pub(super) letters: Option<Rc<Letters>>,
    pub(super) widths: Option<Rc<Widths>>,
    /// Bytes of a code.
    pub(super) code: usize,
}

/// The fonts of a page by the names that it gives them.
pub(super) type Names = HashMap<Vec<u8>, Rc<Font>>;

/// The fonts of all streams.
#[derive(Debug, Default)]
pub(super) struct Fonts {
    of_stream: HashMap<u64, Vec<Rc<Names>>>,
    any: Vec<Rc<Names>>,
    /// Streams that are one page, in their order: what one sets the next goes by. None is of two pages.
    pub(super) pages: Vec<Vec<u64>>,
}

impl Fonts {
    /// What the names in a stream may mean.
    pub(super) fn of(&self, stream: u64) -> &[Rc<Names>] {
        self.of_stream.get(&stream).unwrap_or(&self.any)
    }
}

/// Reads fonts out of the dictionaries of a file.
pub(super) struct Shelf<'d> {
    by_id: HashMap<u64, &'d [u8]>,
    /// Tables of what codes stand for, by the object that has them.
    tables: &'d HashMap<u64, Option<Rc<Letters>>>,
    /// Letters that tables of encodings may still have.
    left: &'d mut usize,
    // What several refer to is read once.
    fonts: HashMap<u64, Rc<Font>>,
    named: HashMap<u64, Option<Rc<Names>>>,
    widths: HashMap<(u64, u32), Rc<Widths>>,
    encodings: HashMap<u64, Rc<Letters>>,
    pages: HashMap<u64, usize>,
}

impl<'d> Shelf<'d> {
    pub(super) fn new(
        dictionaries: &'d [Dictionary<'_>],
        tables: &'d HashMap<u64, Option<Rc<Letters>>>,
        left: &'d mut usize,
    ) -> Self {
        let by_id = dictionaries.iter().map(|dictionary| (dictionary.id, &*dictionary.text)).collect();
        let (fonts, named, widths, encodings, pages) = Default::default();
        Self { by_id, tables, left, fonts, named, widths, encodings, pages }
    }

    /// The fonts of all streams.
    pub(super) fn read(mut self, dictionaries: &[Dictionary<'_>]) -> Fonts {
        let mut found = Fonts::default();
        let mut any: HashMap<Vec<u8>, Vec<Rc<Font>>> = HashMap::new();
        for dictionary in dictionaries {
            let words: Vec<_> = Words::new(&dictionary.text, 0).collect();
            let shown = behind(&words, b"Contents");
            // Pages without resources of their own have those of the pages above them.
            let depth = if shown.is_some() { DEPTH } else { 0 };
            let Some(names) = self.names(&words, depth) else { continue };
            for (name, font) in &*names {
                let known = any.entry(name.clone()).or_default();
                if known.len() < MEANINGS && !known.contains(font) {
                    known.push(Rc::clone(font));
                }
            }
            let streams = shown.map(|shown| self.streams(shown)).unwrap_or_else(|| vec![dictionary.id]);
            found.pages.push(streams.clone());
            for stream in streams {
                let known = found.of_stream.entry(stream).or_default();
                if known.len() < MEANINGS && !known.iter().any(|known| Rc::ptr_eq(known, &names) || *known == names) {
                    known.push(Rc::clone(&names));
                }
            }
        }
        let mut claims: HashMap<u64, usize> = HashMap::new();
        found.pages.iter().flatten().for_each(|stream| *claims.entry(*stream).or_default() += 1);
        found.pages.iter_mut().for_each(|page| page.retain(|stream| claims.get(stream) == Some(&1)));
        found.pages.retain(|page| page.len() > 1);
        let meanings = any.values().map(Vec::len).max().unwrap_or(0);
        let set = |meaning: usize| {
            let font = |fonts: &Vec<Rc<Font>>| fonts.get(meaning).or(fonts.last()).cloned();
            any.iter().filter_map(|(name, fonts)| Some((name.clone(), font(fonts)?))).collect()
        };
        found.any = (0..meanings).map(|meaning| Rc::new(set(meaning))).collect();
        found
    }

    /// The streams of a page, which may stand in a list of their own.
    fn streams(&mut self, shown: &[Word<'_>]) -> Vec<u64> {
        let listed = |words: &[Word<'_>]| words.windows(3).filter_map(reference).collect::<Vec<_>>();
        match shown {
            [Word::Mark("["), rest @ ..] => {
                let end = rest.iter().position(|word| matches!(word, Word::Mark(_))).unwrap_or(rest.len());
                listed(rest.get(..end).unwrap_or_default())
            }
            _ => match reference(shown) {
                Some(id) => match self.by_id.get(&id).filter(|text| text.trim_ascii_start().starts_with(b"[")) {
                    // Every page may refer to the same list.
                    Some(list) => {
                        let count = self.pages.entry(id).or_default();
                        *count += 1;
                        if *count > MEANINGS { Vec::new() } else { listed(&Words::new(list, 0).collect::<Vec<_>>()) }
                    }
                    None => vec![id],
                },
                None => Vec::new(),
            },
        }
    }

    /// The fonts that a dictionary names, or one that it refers to for that.
    fn names(&mut self, words: &[Word<'_>], depth: usize) -> Option<Rc<Names>> {
        if let Some(fonts) = behind(words, b"Font") {
            return match fonts {
                [Word::Mark("<<"), rest @ ..] => Some(Rc::new(self.listed(rest))),
                _ => self.names_of(reference(fonts)?, None),
            };
        }
        if let Some(id) = behind(words, b"Resources").and_then(reference) {
            return self.names_of(id, Some(0));
        }
        let parent = behind(words, b"Parent").and_then(reference).filter(|_| depth > 0)?;
        self.names_of(parent, Some(depth - 1))
    }

    /// The same of an object: of resources or a page, or of fonts by themselves.
    fn names_of(&mut self, id: u64, depth: Option<usize>) -> Option<Rc<Names>> {
        if let Some(known) = self.named.get(&id) {
            return known.clone();
        }
        // One that refers to itself ends here.
        self.named.insert(id, None);
        let words: Vec<_> = Words::new(self.by_id.get(&id)?, 0).collect();
        let names = match depth {
            Some(depth) => self.names(&words, depth),
            None => Some(Rc::new(self.listed(words.get(1..).unwrap_or_default()))),
        };
        self.named.insert(id, names.clone());
        names
    }

    /// The fonts of a list, up to its end.
    fn listed(&mut self, words: &[Word<'_>]) -> Names {
        let (mut names, mut depth) = (Names::new(), 0usize);
        for (at, word) in words.iter().enumerate() {
            match word {
                Word::Mark("<<" | "[") => depth += 1,
                Word::Mark(_) if depth == 0 => break,
                Word::Mark(_) => depth -= 1,
                Word::Name(name) if depth == 0 => {
                    let rest = words.get(at + 1..).unwrap_or_default();
                    if let Some(font) = reference(rest).and_then(|id| self.font(id)) {
                        names.insert(name.to_vec(), font);
                    }
                }
                _ => {}
            }
        }
        names
    }

    fn font(&mut self, id: u64) -> Option<Rc<Font>> {
        if let Some(known) = self.fonts.get(&id) {
            return Some(Rc::clone(known));
        }
        let words: Vec<_> = Words::new(self.by_id.get(&id)?, 0).collect();
        let table = behind(&words, b"ToUnicode").and_then(reference).and_then(|id| self.tables.get(&id).cloned().flatten());
        let is_composite = behind(&words, b"DescendantFonts").is_some();
        let letters = table.or_else(|| self.encoding(&words));
        // Tables of fonts with codes of one byte may speak of two.
        let is_wide = matches!(behind(&words, b"Encoding"), Some([Word::Name(b"Identity-H" | b"Identity-V"), ..]));
        let code = match &letters {
            _ if !is_composite => 1,
            Some(letters) if !is_wide => letters.width(),
            _ => 2,
        };
        let widths = if is_composite { self.composite(&words) } else { self.simple(&words) };
        let font = Rc::new(Font { letters, widths, code });
        self.fonts.insert(id, Rc::clone(&font));
        Some(font)
    }

    /// What a font says of single codes by the names of their letters.
    fn encoding(&mut self, font: &[Word<'_>]) -> Option<Rc<Letters>> {
        let own = behind(font, b"Encoding")?;
        let Some(id) = reference(own) else {
            let differences = behind(own, b"Differences").filter(|_| own.first() == Some(&Word::Mark("<<")))?;
            return Some(Rc::new(Letters::of_names(differences, self.left)));
        };
        if let Some(known) = self.encodings.get(&id) {
            return Some(Rc::clone(known));
        }
        let words: Vec<_> = Words::new(self.by_id.get(&id)?, 0).collect();
        let letters = Rc::new(Letters::of_names(behind(&words, b"Differences")?, self.left));
        self.encodings.insert(id, Rc::clone(&letters));
        Some(letters)
    }

    /// The widths of a font with codes of one byte.
    fn simple(&mut self, font: &[Word<'_>]) -> Option<Rc<Widths>> {
        let first = behind(font, b"FirstChar").and_then(decimal)? as u32;
        // Fonts that are drawn by operators have a scale of their own.
        let scale = match behind(font, b"FontMatrix") {
            Some([Word::Mark("["), rest @ ..]) => decimal(rest)? * 1000.0,
            _ => 1.0,
        };
        self.shared(behind(font, b"Widths")?, first, |list| Widths::simple(list, first, scale))
    }

    /// The widths of a font that has codes of several bytes, which its one descendant has.
    fn composite(&mut self, font: &[Word<'_>]) -> Option<Rc<Widths>> {
        let mut own = behind(font, b"DescendantFonts")?;
        if let Some(list) = reference(own).and_then(|id| self.by_id.get(&id)) {
            let words: Vec<_> = Words::new(list, 0).collect();
            return self.descendant(words.get(1..)?);
        }
        own = own.get(1..)?;
        self.descendant(own)
    }

    fn descendant(&mut self, list: &[Word<'_>]) -> Option<Rc<Widths>> {
        let text = self.by_id.get(&reference(list)?)?;
        let words: Vec<_> = Words::new(text, 0).collect();
        let default = behind(&words, b"DW").and_then(decimal).unwrap_or(1000.0);
        let Some(list) = behind(&words, b"W") else { return Some(Rc::new(Widths::composite(&[], default))) };
        self.shared(list, default.to_bits(), |list| Widths::composite(list, default))
    }

    /// Reads a list that stands here or is an object, which other fonts may have, too.
    fn shared(&mut self, list: &[Word<'_>], mark: u32, read: impl Fn(&[Word<'_>]) -> Widths) -> Option<Rc<Widths>> {
        let Some(id) = reference(list) else { return Some(Rc::new(read(list))) };
        if let Some(known) = self.widths.get(&(id, mark)) {
            return Some(Rc::clone(known));
        }
        let widths = Rc::new(read(&Words::new(self.by_id.get(&id)?, 0).collect::<Vec<_>>()));
        self.widths.insert((id, mark), Rc::clone(&widths));
        Some(widths)
    }
}

/// What stands behind a key, and all that follows.
fn behind<'w, 'b>(words: &'w [Word<'b>], key: &[u8]) -> Option<&'w [Word<'b>]> {
    let is_value = |rest: &&[Word<'_>]| !matches!(rest.first(), None | Some(Word::Mark(">>")));
    let mut ends = words.iter().enumerate().filter(|(_, word)| **word == Word::Name(key)).map(|(at, _)| words.get(at + 1..));
    // `Font` is what a font is by its type, too, and has a name behind it then.
    ends.find_map(|rest| rest.filter(is_value).filter(|rest| key != b"Font" || !matches!(rest.first(), Some(Word::Name(_)))))
}

/// The object that these words refer to.
fn reference(words: &[Word<'_>]) -> Option<u64> {
    match words {
        [Word::Plain(id), Word::Plain(_), Word::Plain(b"R"), ..] => number(id),
        _ => None,
    }
}

fn decimal(words: &[Word<'_>]) -> Option<f32> {
    match words.first()? {
        Word::Plain(plain) => std::str::from_utf8(plain).ok()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::content;
    use super::*;

    /// What a stream shows by the fonts that these objects give it.
    fn check(objects: &[(u64, &str)], stream: u64, content: &str, expected: &[&str]) {
        let of = |(id, text): &(u64, &'static str)| Dictionary {
            id: *id,
            generation: 0,
            text: text.as_bytes().into(),
            at: 0,
            is_packed: false,
        };
        let leaked: Vec<(u64, &'static str)> =
            objects.iter().map(|(id, text)| (*id, &*Box::leak(text.to_string().into_boxed_str()))).collect();
        let dictionaries: Vec<_> = leaked.iter().map(of).collect();
        let table = Letters::read(b"beginbfchar <41> <0061> endbfchar", &mut 99);
        let wide =
            Letters::read(b"begincodespacerange <0000> <FFFF> endcodespacerange beginbfchar <41> <0061> endbfchar", &mut 99);
        let tables = [(8, Some(Rc::new(wide))), (9, Some(Rc::new(table)))].into();
        let mut left = 99;
        let fonts = Shelf::new(&dictionaries, &tables, &mut left).read(&dictionaries);
        let texts = content::texts(content.as_bytes(), fonts.of(stream), 1000);
        assert_eq!(texts.iter().map(|text| String::from_utf8_lossy(text)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn each_page_has_its_own_names() {
        let objects = [
            (1, "<</Type/Page/Contents 11 0 R/Resources<</Font<</F 5 0 R>>>>>>"),
            (2, "<</Type/Page/Contents 3 0 R/Parent 4 0 R>>"),
            (3, "[12 0 R 13 0 R]"),
            (4, "<</Type/Pages/Resources 7 0 R/Parent 4 0 R>>"),
            (5, "<</Type/Font/ToUnicode 9 0 R>>"),
            (6, "<</Type/Font/Encoding<</Differences[65/one/hyphen]>>>>"),
            (7, "<</Font 8 0 R>>"),
            (8, "<</F 6 0 R>>"),
            (14, "<</Subtype/Form/Resources<</Font<</F 6 0 R>>>>>>"),
        ];
        for (stream, expected) in [(11, &["a"][..]), (12, &["1"]), (13, &["1"]), (14, &["1"]), (99, &["a", "1"])] {
            check(&objects, stream, "/F 9 Tf (A) Tj", expected);
        }
    }

    #[test]
    fn the_font_says_how_long_codes_are() {
        let page = (1, "<</Contents 11 0 R/Resources<</Font<</F 5 0 R>>>>>>");
        // The table knows a code by its number, whatever it says of its length.
        for (font, content, expected) in [
            ("<</Type/Font/ToUnicode 8 0 R>>", "(AB)", "aB"),
            ("<</DescendantFonts 7 0 R/ToUnicode 9 0 R/Encoding/Identity-H>>", "<00410042>", "a"),
            ("<</DescendantFonts 7 0 R/ToUnicode 9 0 R/Encoding/Other>>", "(AB)", "aB"),
        ] {
            check(&[page, (5, font)], 11, &format!("/F 9 Tf {content} Tj"), &[expected]);
        }
    }

    #[test]
    fn widths_tell_what_goes_on() {
        let content = "/F 10 Tf (A) Tj 6 0 Td (B) Tj 8.5 0 Td (C) Tj 1 0 0 1 20 0 Tm (D) Tj 1 0 0 1 20 -9 Tm (E) Tj";
        let fonts = [
            "<</Type/Font/FirstChar 65/Widths[600 600 600 600]>>",
            "<</Type/Font/FirstChar 65/Widths 3 0 R>>",
            "<</Type/Font/FirstChar 65/FontMatrix[.01 0 0 .01 0 0]/Widths[60 60 60 60]>>",
        ];
        for font in fonts {
            let page = "<</Contents 11 0 R/Resources<</Font<</F 2 0 R>>>>>>";
            check(&[(1, page), (2, font), (3, "[600 600 600 600]")], 11, content, &["AB CD\nE"]);
        }
        let content = "/F 10 Tf <0001> Tj 6 0 Td <0002> Tj 7 0 Td <0003> Tj 4 0 Td <0004> Tj";
        let list = "[4 0 R]";
        for (descendants, widths) in [("[4 0 R]", "[1[600 700]3 4 400]"), ("6 0 R", "5 0 R")] {
            let font = format!("<</DescendantFonts {descendants}>>");
            let widths = format!("<</W {widths}>>");
            let objects = [
                (1, "<</Contents 11 0 R/Resources<</Font<</F 2 0 R>>>>>>"),
                (2, &font),
                (4, &widths),
                (5, "[1[600 700]3 4 400]"),
                (6, list),
            ];
            check(&objects, 11, content, &["\0\u{1}\0\u{2}\0\u{3}\0\u{4}"]);
        }
    }
}
