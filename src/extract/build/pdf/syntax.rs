//! The syntax of PDF (ISO 32000-1, 7.2 and 7.3), as far as it takes to find objects and the strings in them.

use std::ops::Range;

/// A word of a file or of a page.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word<'a> {
    /// Without its slash, and with `#` undone by nobody: names that matter have none.
    Name(&'a [u8]),
    /// A string in brackets or in hexadecimal digits, undone; and whether the bytes of the file show it as it is.
    Text(Vec<u8>, bool),
    /// `<<`, `>>`, `[`, `]`.
    Mark(&'static str),
    /// A number or an operator.
    Plain(&'a [u8]),
}

/// The words of some bytes, from a place on.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the last word began.
    start: usize,
}

fn is_delimiter(byte: u8) -> bool {
    byte == 0 || byte.is_ascii_whitespace() || matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Words<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, start: at }
    }

    /// Where the last word stands.
    pub(super) fn stood(&self) -> Range<usize> {
        self.start..self.at.min(self.bytes.len())
    }

    /// Where the word begins that comes next, or the space before it.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn run(&mut self, goes_on: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !goes_on(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// A string in brackets, which may hold brackets that pair.
    fn literal(&mut self) -> Word<'a> {
        let (mut text, mut depth, mut plain) = (Vec::new(), 1, true);
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                b'\\' => {
                    plain = false;
                    text.extend(self.escaped());
                    continue;
                }
                _ => {}
            }
            text.push(*byte);
        }
        let plain = plain && !text.starts_with(b"\xfe\xff");
        Word::Text(text, plain)
    }

    fn escaped(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(match byte {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'\r' if self.bytes.get(self.at) == Some(&b'\n') => {
                self.at += 1;
                return None;
            }
            b'\n' | b'\r' => return None,
            b'0'..=b'7' => {
                let mut number = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.bytes.get(self.at) else { break };
                    number = number * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                number as u8
            }
            other => other,
        })
    }

    fn hexadecimal(&mut self) -> Word<'a> {
        let digits = self.run(|byte| byte != b'>');
        self.at += 1;
        Word::Text(unhexed(digits), false)
    }
}

/// The bytes that hexadecimal digits stand for; a last one that is alone stands before a zero.
pub(super) fn unhexed(digits: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = digits.iter().filter_map(|byte| char::from(*byte).to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair.first().unwrap_or(&0) << 4 | pair.get(1).unwrap_or(&0)).collect()
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        loop {
            self.run(|byte| byte == 0 || byte.is_ascii_whitespace());
            if self.rest().first() != Some(&b'%') {
                break;
            }
            self.run(|byte| byte != b'\n' && byte != b'\r');
        }
        self.start = self.at;
        let rest = self.rest();
        let mut mark = |mark: &'static str| {
            self.at += mark.len();
            Some(Word::Mark(mark))
        };
        match rest {
            [] => None,
            [b'<', b'<', ..] => mark("<<"),
            [b'>', b'>', ..] => mark(">>"),
            [b'[', ..] => mark("["),
            [b']', ..] => mark("]"),
            [b'(', ..] => {
                self.at += 1;
                Some(self.literal())
            }
            [b'<', ..] => {
                self.at += 1;
                Some(self.hexadecimal())
            }
            [b'/', ..] => {
                self.at += 1;
                Some(Word::Name(self.run(|byte| !is_delimiter(byte))))
            }
            [byte, ..] if is_delimiter(*byte) => {
                self.at += 1;
                Some(Word::Plain(rest.get(..1).unwrap_or_default()))
            }
            _ => Some(Word::Plain(self.run(|byte| !is_delimiter(byte)))),
        }
    }
}

/// A whole number.
pub(super) fn number(word: &[u8]) -> Option<u64> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// What stands in a dictionary behind a key of its own, as words: up to the next key.
pub(super) fn value<'a>(dictionary: &'a [u8], key: &[u8]) -> Vec<Word<'a>> {
    let mut depth = 0;
    let mut words = Words::new(dictionary, 0);
    for word in words.by_ref() {
        match word {
            Word::Mark("<<" | "[") => depth += 1,
            Word::Mark(_) => depth -= 1,
            Word::Name(name) if depth == 1 && name == key => break,
            _ => {}
        }
    }
    let (mut found, mut inner) = (Vec::new(), 0);
    for word in words.take(256) {
        match word {
            Word::Mark("<<" | "[") => inner += 1,
            Word::Mark(_) if inner == 0 => break,
            Word::Mark(_) => inner -= 1,
            Word::Name(_) if inner == 0 && !found.is_empty() => break,
            _ => {}
        }
        found.push(word);
    }
    found
}

/// Text for people: UTF-16 behind a mark, else as it is.
pub(super) fn readable(text: &[u8]) -> Vec<u8> {
    let Some(units) = text.strip_prefix(b"\xfe\xff") else { return text.to_vec() };
    let units = units.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
    char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')).collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_strings() {
        let text = br"<< /A (o\(n(e)\051\n\
two) /B <4142 4> /C [1 -2.5] % (no)
Tj>>";
        let words: Vec<_> = Words::new(text, 0).collect();
        let expected = [
            Word::Mark("<<"),
            Word::Name(b"A"),
            Word::Text(b"o(n(e))\ntwo".to_vec(), false),
            Word::Name(b"B"),
            Word::Text(b"AB@".to_vec(), false),
            Word::Name(b"C"),
            Word::Mark("["),
            Word::Plain(b"1"),
            Word::Plain(b"-2.5"),
            Word::Mark("]"),
            Word::Plain(b"Tj"),
            Word::Mark(">>"),
        ];
        assert_eq!(words, expected);
        assert_eq!(readable(b"\xfe\xff\0a\x20\xac"), "a€".as_bytes());
    }

    #[test]
    fn values_end_at_the_next_key() {
        let check = |key: &[u8], expected: usize| assert_eq!(value(b"<</A 1/B[/A 2]/C<</D 3>>/D 4 0 R>>", key).len(), expected);
        check(b"A", 1);
        check(b"B", 4);
        check(b"C", 4);
        check(b"D", 3);
        check(b"E", 0);
    }
}
