//! JSON as it streams by: one token at a time, and strings of any length as readers.
//!
//! A source map has a hundred megabytes in one line. Only its outline is needed, and its strings without their
//! escapes (RFC 8259, section 7). What is no JSON is passed over as if it were.

use super::super::Input;
use std::io::{self, BufRead, Read};

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `{` or `[`.
    Open(u8),
    /// `}` or `]`.
    Close,
    Colon,
    Comma,
    /// The quote before a string, which is to be read with [`Quoted`].
    Quote,
}

/// The next token. Numbers, words and spaces are passed over.
pub(super) fn token(input: &mut Input<'_>) -> io::Result<Option<Token>> {
    loop {
        let ready = input.fill_buf()?;
        if ready.is_empty() {
            return Ok(None);
        }
        let of = |byte: &u8| match byte {
            b'{' | b'[' => Some(Token::Open(*byte)),
            b'}' | b']' => Some(Token::Close),
            b':' => Some(Token::Colon),
            b',' => Some(Token::Comma),
            b'"' => Some(Token::Quote),
            _ => None,
        };
        let found = ready.iter().enumerate().find_map(|(at, byte)| of(byte).map(|token| (at, token)));
        let length = ready.len();
        match found {
            Some((at, token)) => {
                input.consume(at + 1);
                return Ok(Some(token));
            }
            None => input.consume(length),
        }
    }
}

/// A string behind its quote, without escapes; it ends before the closing quote is missed.
pub(super) struct Quoted<'q, 'a> {
    input: &'q mut Input<'a>,
    /// What an escape stands for, and how much of it was given.
    pending: ([u8; 4], usize, usize),
    /// The first half of a pair of UTF-16 units.
    high: Option<u16>,
    /// Whether the closing quote was met.
    pub(super) closed: bool,
}

impl<'q, 'a> Quoted<'q, 'a> {
    pub(super) fn new(input: &'q mut Input<'a>) -> Self {
        Self { input, pending: ([0; 4], 0, 0), high: None, closed: false }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.input.fill_buf()?.first().copied();
        self.input.consume(usize::from(byte.is_some()));
        Ok(byte)
    }

    fn escape(&mut self) -> io::Result<()> {
        let Some(letter) = self.byte()? else { return Ok(()) };
        let plain = match letter {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => return self.unit(),
            other => other,
        };
        self.pending = ([plain, 0, 0, 0], 0, 1);
        Ok(())
    }

    fn unit(&mut self) -> io::Result<()> {
        let mut unit = 0u16;
        for _ in 0..4 {
            let Some(digit) = self.input.fill_buf()?.first().and_then(|byte| char::from(*byte).to_digit(16)) else { break };
            self.input.consume(1);
            unit = unit << 4 | digit as u16;
        }
        let both = self.high.take().and_then(|high| char::decode_utf16([high, unit]).next()?.ok());
        let char = match both {
            Some(char) => char,
            None if (0xd800..0xdc00).contains(&unit) => {
                self.high = Some(unit);
                return Ok(());
            }
            None => char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER),
        };
        let mut bytes = [0; 4];
        let length = char.encode_utf8(&mut bytes).len();
        self.pending = (bytes, 0, length);
        Ok(())
    }
}

impl Read for Quoted<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let (bytes, from, to) = &mut self.pending;
            if from < to {
                let ready = bytes.get(*from..*to).unwrap_or_default();
                let count = ready.len().min(buffer.len());
                if let (Some(out), Some(ready)) = (buffer.get_mut(..count), ready.get(..count)) {
                    out.copy_from_slice(ready);
                }
                *from += count;
                return Ok(count);
            }
            if self.closed || buffer.is_empty() {
                return Ok(0);
            }
            let ready = self.input.fill_buf()?;
            let plain = memchr::memchr2(b'"', b'\\', ready).unwrap_or(ready.len()).min(buffer.len());
            if plain > 0 {
                if let (Some(out), Some(ready)) = (buffer.get_mut(..plain), ready.get(..plain)) {
                    out.copy_from_slice(ready);
                }
                self.input.consume(plain);
                return Ok(plain);
            }
            match self.byte()? {
                None => return Ok(0),
                Some(b'"') => self.closed = true,
                Some(_) => self.escape()?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_lose_their_escapes_however_they_come() {
        let bytes = br#"a\"b\\\n\u00e9\ud83d\ude00\ud83dx"rest"#;
        for size in [1, 3, 100] {
            let mut input = Input::memory(bytes);
            let mut quoted = Quoted::new(&mut input);
            let (mut text, mut part) = (Vec::new(), vec![0; size]);
            loop {
                let count = quoted.read(&mut part).unwrap();
                if count == 0 {
                    break;
                }
                text.extend_from_slice(&part[..count]);
            }
            assert!(quoted.closed);
            assert_eq!(String::from_utf8(text).unwrap(), "a\"b\\\n\u{e9}\u{1f600}x");
            let mut rest = String::new();
            input.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "rest");
        }
    }
}
