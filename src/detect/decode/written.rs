//! Encodings that write single characters otherwise and leave the rest as it is: percent-encoding,
//! escapes of strings, character references, quoted-printable.
//!
//! Such escapes are all over ordinary files, so text is decoded only around those that *tell* something
//! (an ASCII character that was written otherwise), and looked at only if a secret may hide there: a
//! value that the escape is part of, a name that says "secret", a URL.

use super::layer::{Layer, Made};
use super::{backslash, entity, percent, quoted};
use crate::detect::runs;
use std::ops::Range;

/// Text before an escape that goes with it: a name, a scheme.
const BEFORE: usize = 96;
/// Text behind an escape that goes with it: a value.
const BEHIND: usize = 320;
/// So many characters written otherwise are a text that somebody wrote otherwise as a whole.
const DENSE: usize = 24;
/// Words that say "secret", in lower case.
const WORDS: [&[u8]; 7] = [b"pass", b"pwd", b"secret", b"token", b"key", b"auth", b"cred"];

/// One escape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// Bytes it takes.
    pub(super) length: usize,
    /// Whether it is worth decoding the text around it.
    pub(super) telling: bool,
    text: [u8; 4],
    made: usize,
}

impl Unit {
    /// One that stands for `text`, of at most four bytes, and tells nothing by itself.
    pub(super) fn silent(length: usize, text: &[u8]) -> Self {
        let mut bytes = [0; 4];
        bytes.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        Self { length, telling: false, text: bytes, made: text.len().min(4) }
    }

    /// The same, telling or not.
    pub(super) fn telling_if(self, telling: bool) -> Self {
        Self { telling, ..self }
    }

    /// One that stands for a byte.
    pub(super) fn of_byte(length: usize, byte: u8) -> Self {
        Self::silent(length, &[byte]).telling_if(tells(byte))
    }

    /// One that stands for a character.
    pub(super) fn of_number(length: usize, number: u32) -> Option<Self> {
        let letter = match char::from_u32(number) {
            Some(letter) => letter,
            None if (0xd800..0xe000).contains(&number) => char::REPLACEMENT_CHARACTER,
            None => return None,
        };
        let telling = u8::try_from(number).is_ok_and(tells);
        Some(Self::silent(length, letter.encode_utf8(&mut [0; 4]).as_bytes()).telling_if(telling))
    }

    /// What it stands for.
    pub(super) fn text(&self) -> &[u8] {
        self.text.get(..self.made).unwrap_or_default()
    }
}

/// Whether a byte that is written otherwise may be part of a secret: text, or the zeros of wide text.
fn tells(byte: u8) -> bool {
    super::readable::is_plain(byte) || byte == 0
}

/// The number that hexadecimal digits write.
pub(super) fn hex(digits: &[u8]) -> Option<u32> {
    let number = |sum: u32, byte: &u8| Some(sum.checked_mul(16)? + char::from(*byte).to_digit(16)?);
    (!digits.is_empty()).then(|| digits.iter().try_fold(0, number)).flatten()
}

/// A way to write characters.
struct Notation {
    how: &'static str,
    lead: u8,
    unit: fn(&[u8]) -> Option<Unit>,
    /// What ends a text for good.
    ends: &'static [u8],
}

/// A line of its own is a text of its own, and zeros are no text.
const LINE: &[u8] = b"\n\0";

const PERCENT: Notation = Notation { how: "percent", lead: b'%', unit: percent::unit, ends: LINE };
const BACKSLASH: Notation = Notation { how: "escape", lead: b'\\', unit: backslash::unit, ends: LINE };
const ENTITY: Notation = Notation { how: "html", lead: b'&', unit: entity::unit, ends: LINE };
const QUOTED: Notation = Notation { how: "quoted-printable", lead: b'=', unit: quoted::unit, ends: b"\0" };

/// How far one notation has read.
#[derive(Clone, Copy, Default)]
struct Progress {
    /// Escapes before this are parts of others.
    next: usize,
    /// Text before this has been decoded.
    done: usize,
}

/// Character references that tell something. Rarer ones are read around these but do not draw attention
/// by themselves.
const REFERENCES: [&[u8]; 10] = [b"#", b"quo", b"amp", b"apo", b"equ", b"col", b"com", b"sol", b"plu", b"low"];
const NOTATIONS: [&Notation; 3] = [&PERCENT, &BACKSLASH, &ENTITY];

/// The notation, by its place in [`NOTATIONS`], of an escape that tells something.
fn telling(escape: &[u8]) -> Option<usize> {
    match escape {
        [b'%', b'0' | b'2'..=b'7', ..] => Some(0),
        [b'\\', b'u', b'0' | b'{', ..] | [b'\\', b'U', b'0', ..] | [b'\\', b'x' | b'0' | b'1' | b'/', ..] => Some(1),
        [b'\\', b'\\', b'u' | b'x' | b'/', ..] => Some(1),
        [b'&', name @ ..] => REFERENCES.iter().any(|reference| name.starts_with(reference)).then_some(2),
        _ => None,
    }
}

/// All stretches worth looking at, decoded.
pub(super) fn layers(bytes: &[u8]) -> Vec<Layer> {
    let mut found = Vec::new();
    let mut progress = [Progress::default(); 3];
    for at in memchr::memchr3_iter(b'%', b'\\', b'&', bytes) {
        let Some(index) = bytes.get(at..).and_then(telling) else { continue };
        if let (Some(notation), Some(progress)) = (NOTATIONS.get(index), progress.get_mut(index)) {
            notation.around(bytes, at, progress, &mut found);
        }
    }
    // Quoted-printable is read by itself, where something says that there is any.
    let has = |text: &[u8]| memchr::memmem::find(bytes, text).is_some();
    if has(b"=3D") || has(b"quoted-printable") {
        let mut progress = Progress::default();
        for at in memchr::memchr_iter(b'=', bytes) {
            QUOTED.around(bytes, at, &mut progress, &mut found);
        }
    }
    found
}

impl Notation {
    /// Looks at what may be an escape at `at`, and decodes the text around it if it tells something.
    fn around(&self, bytes: &[u8], at: usize, progress: &mut Progress, found: &mut Vec<Layer>) {
        if at < progress.next {
            return;
        }
        let own = bytes.get(at.saturating_sub(64)..at).unwrap_or_default();
        let same = own.iter().rev().take_while(|byte| self.lead == b'\\' && **byte == b'\\').count();
        if same % 2 == 1 && at != progress.next {
            return; // the second of a pair of backslashes
        }
        let Some(unit) = (self.unit)(bytes.get(at..bytes.len().min(at + 16)).unwrap_or_default()) else { return };
        progress.next = at + unit.length;
        if !unit.telling {
            return;
        }
        let before = bytes.get(at.saturating_sub(BEFORE).max(progress.done)..at).unwrap_or_default();
        let start = at - before.iter().rev().take_while(|byte| !self.ends.contains(byte)).count();
        let (made, end, touched) = self.decoded(bytes, start);
        if is_promising(&made.text, &touched) {
            found.push(Layer::plain(self.how, start..end, made));
        }
        *progress = Progress { next: end, done: end };
    }

    /// The text from `start` on to where escapes have ended for a while; and which bytes of it were
    /// written otherwise.
    fn decoded(&self, bytes: &[u8], start: usize) -> (Made, usize, Vec<Range<usize>>) {
        let mut made = Made::default();
        let mut touched: Vec<Range<usize>> = Vec::new();
        let (mut at, mut limit) = (start, bytes.len().min(start + BEFORE + BEHIND));
        while at < limit {
            let rest = bytes.get(at..limit).unwrap_or_default();
            let gap = rest.iter().position(|byte| *byte == self.lead || self.ends.contains(byte)).unwrap_or(rest.len());
            made.copy(at, rest.get(..gap).unwrap_or_default());
            at += gap;
            let unit = bytes.get(at..bytes.len().min(at + 16)).and_then(self.unit);
            let Some(unit) = unit.filter(|_| at < limit) else {
                // The text ends, or what only starts like an escape is text.
                match bytes.get(at) {
                    Some(byte) if at < limit && *byte == self.lead => made.copy(at, &[*byte]),
                    _ => break,
                }
                at += 1;
                continue;
            };
            let before = made.text.len();
            made.push(at, unit.length, unit.text());
            at += unit.length;
            if unit.telling {
                match touched.last_mut() {
                    // A line that goes on is told by itself, whatever comes next.
                    Some(last) if last.end == before && last.start < before => last.end = made.text.len(),
                    _ => touched.push(before..made.text.len()),
                }
                limit = bytes.len().min(at + BEHIND);
            }
        }
        (made, at, touched)
    }
}

/// Whether a secret may hide where the text was written otherwise.
fn is_promising(text: &[u8], touched: &[Range<usize>]) -> bool {
    let dense = touched.iter().map(Range::len).sum::<usize>() >= DENSE;
    let url = memchr::memmem::find(text, b"://").is_some() && memchr::memchr(b'@', text).is_some();
    dense || url || touched.iter().any(|touched| in_value(text, touched)) || says_secret(text)
}

/// Whether what was written otherwise is a part of a long value.
fn in_value(text: &[u8], touched: &Range<usize>) -> bool {
    // A line that goes on may break whatever is no prose.
    let any = touched.is_empty();
    let inner = |byte: &&u8| runs::is_token(**byte) || matches!(byte, b'=' | b'.' | b'~') || any && byte.is_ascii_graphic();
    let left = text.get(..touched.start).unwrap_or_default().iter().rev().take(runs::SHORTEST).take_while(inner);
    let own = text.get(touched.clone()).unwrap_or_default();
    let right = text.get(touched.end..).unwrap_or_default().iter().take(runs::SHORTEST).take_while(inner);
    let around: Vec<u8> = left.chain(right).copied().collect();
    let whole = own.iter().all(|byte| inner(&byte));
    let digit = |bytes: &[u8]| bytes.iter().any(u8::is_ascii_digit);
    own.len() >= runs::SHORTEST || around.len() >= runs::SHORTEST && (whole || own.len() <= 2) && (digit(&around) || digit(own))
}

fn says_secret(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(at, byte)| {
        let heads = matches!(byte | 0x20, b'p' | b's' | b't' | b'k' | b'a' | b'c');
        heads && WORDS.iter().any(|word| text.get(at..at + word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = layers(text.as_bytes());
        let found: Vec<_> = found.iter().map(|layer| (layer.how, String::from_utf8_lossy(&layer.text))).collect();
        let found: Vec<_> = found.iter().map(|(how, text)| (*how, &**text)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn text_around_escapes() {
        check("a\npassword%3Dx y", &[("percent", "password=x y")]);
        check("v=0123456789%2Babcdef&", &[("percent", "v=0123456789+abcdef&")]);
        check("amqp:\\/\\/u:p@h\\/v", &[("escape", "amqp://u:p@h/v")]);
        check("{&quot;token&quot;:&quot;x&quot;}", &[("html", "{\"token\":\"x\"}")]);
        check(&["pass", "=3Dab=\ncd\n"].concat(), &[("quoted-printable", &["pass", "=abcd\n"].concat())]);
        check("say %20 nothing \\u0026 here &quot; at all", &[]);
        check("printf(\"%d\\n\", a && b); key = \"\\n\"", &[]);
    }

    #[test]
    fn all_of_a_value_may_be_escaped() {
        let hex: String = "some words only".bytes().chain(*b"!!").map(|byte| format!("\\x{byte:02x}")).collect();
        check(&format!("f('{hex}')"), &[("escape", "f('some words only!!')")]);
    }

    #[test]
    fn stretches_join_while_escapes_go_on() {
        let text = "key%20".repeat(500);
        check(&text, &[("percent", &"key ".repeat(500))]);
    }
}
