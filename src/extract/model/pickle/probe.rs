//! Whether bytes are a pickle.
//!
//! From protocol 2 on a pickle says so in its first two bytes; those of protocols 0 and 1 begin with what
//! may be any letter. So the head is walked: its instructions must be some, their arguments must be well-formed,
//! and the stack must hold what they take from it. Ordinary text fails within a few bytes.

use super::super::super::{Head, Input};
use super::opcodes::{Op, next};
use super::stream::{End, copy, line};
use std::io::BufRead;

/// Instructions after which a head is believed.
const ENOUGH: usize = 24;
/// The same where the first byte that is none ends it: whoever loads it has run the ones before.
const SOME: usize = 8;
/// The same where a long text fills the head.
const FEW: usize = 5;
/// Kinds of instructions that a head without a version has at least; lists of words have one or two.
const KINDS: usize = 4;
/// Longest name of a module or class.
const NAME: usize = 256;

/// What a walk has seen.
#[derive(Debug, Default)]
struct Walk {
    depth: usize,
    marks: Vec<usize>,
    ops: usize,
    kinds: [u64; 4],
    /// Something was made of what lay on the stack, or put aside.
    consumed: bool,
    /// A global was called.
    called: bool,
    has_global: bool,
    is_stopped: bool,
}

/// Whether `head` starts a pickle.
pub(super) fn is_pickle(head: &Head<'_>) -> bool {
    let start = head.start.get(..Head::LEN).unwrap_or(head.start);
    let is_versioned = matches!(start, [0x80, 2..=5, ..]);
    if !is_versioned && !start.first().is_some_and(|first| b"(c}])SVUXKJILFNGT".contains(first)) {
        return false;
    }
    let mut walk = Walk::default();
    let mut input = Input::memory(start);
    let end = loop {
        match walk.step(&mut input, is_versioned) {
            Ok(()) if walk.is_stopped || walk.ops >= 4 * ENOUGH => break None,
            Ok(()) => {}
            Err(end) => break Some(end),
        }
    };
    let kinds: usize = walk.kinds.iter().map(|bits| bits.count_ones() as usize).sum();
    let told = match end {
        None => true,
        Some(End::Cut) if is_versioned => walk.ops >= if start.len() < Head::LEN { 3 } else { 2 },
        Some(End::Cut) => walk.ops >= if start.len() < Head::LEN { SOME } else { FEW },
        Some(_) => walk.ops > SOME || walk.called,
    };
    told && (is_versioned || walk.consumed && kinds >= KINDS)
}

impl Walk {
    fn step(&mut self, input: &mut Input<'_>, is_versioned: bool) -> Result<(), End> {
        let (code, op) = next(input)?;
        if !is_versioned && code >= 0x80 {
            return Err(End::Bad("newer than its protocol"));
        }
        // Counted before what it holds: a long text may be all that the head has.
        self.ops += 1;
        self.arguments(op, input)?;
        let (takes, gives) = self.effect(op)?;
        self.depth = self.depth.checked_sub(takes).ok_or(End::Bad("an empty stack"))? + gives;
        if let Some(bits) = self.kinds.get_mut(usize::from(code >> 6)) {
            *bits |= 1 << (code & 63);
        }
        Ok(())
    }

    fn arguments(&self, op: Op, input: &mut Input<'_>) -> Result<(), End> {
        let mut text = Vec::new();
        match op {
            Op::Proto(version) if version > 5 => return Err(End::Bad("a later protocol")),
            Op::Chars { length, is_bytes } => {
                if length > 1 << 40 {
                    return Err(End::Bad("a text longer than any"));
                }
                let whole = copy(input, length, &mut text);
                let cut = std::str::from_utf8(&text).err().is_some_and(|error| error.error_len().is_some());
                if cut && !is_bytes {
                    return Err(End::Bad("no text"));
                }
                whole?;
            }
            Op::Long(length) => copy(input, length.min(1 << 40), &mut text)?,
            Op::String => {
                let met = line(input, Head::LEN, &mut text)?;
                let quoted = |quote: &[u8]| text.len() > 1 && text.starts_with(quote) && text.trim_ascii_end().ends_with(quote);
                if met && !quoted(b"'") && !quoted(b"\"") {
                    return Err(End::Bad("a text without quotes"));
                }
            }
            Op::Unicode | Op::PersistentLine => {
                line(input, Head::LEN, &mut text)?;
            }
            Op::Global | Op::Inst => {
                for _ in 0..2 {
                    text.clear();
                    let met = line(input, NAME, &mut text)?;
                    if !met || !is_name(&text) {
                        return Err(End::Bad("no name of a module or class"));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// How many values an instruction takes from the stack, and how many it leaves there.
    fn effect(&mut self, op: Op) -> Result<(usize, usize), End> {
        self.consumed |= matches!(
            op,
            Op::Put(_)
                | Op::Reduce
                | Op::Build
                | Op::Sequence
                | Op::Dict
                | Op::SetItem
                | Op::SetItems
                | Op::Append
                | Op::Appends
                | Op::Obj
                | Op::Inst
        );
        self.called |=
            matches!(op, Op::Inst) || self.has_global && matches!(op, Op::Reduce | Op::NewObj | Op::NewObjEx | Op::Obj);
        self.has_global |= matches!(op, Op::Global | Op::StackGlobal);
        Ok(match op {
            Op::Proto(_) | Op::Frame => (0, 0),
            Op::Stop => {
                self.is_stopped = true;
                (1, 0)
            }
            Op::Mark => {
                self.marks.push(self.depth);
                (0, 0)
            }
            Op::Pop if self.marks.last() == Some(&self.depth) => {
                self.marks.pop();
                (0, 0)
            }
            Op::Pop => (1, 0),
            Op::Dup => (1, 2),
            Op::PopMark => (self.above()?, 0),
            Op::Opaque | Op::Int(_) | Op::Long(_) | Op::Chars { .. } | Op::String | Op::Unicode | Op::PersistentLine => (0, 1),
            Op::Global | Op::EmptySequence | Op::EmptyDict | Op::Get(_) | Op::Extension | Op::Buffer => (0, 1),
            Op::Persistent | Op::ReadOnly | Op::Put(_) | Op::Memoize => (1, 1),
            Op::StackGlobal | Op::Reduce | Op::NewObj | Op::Build | Op::Append => (2, 1),
            Op::NewObjEx | Op::SetItem => (3, 1),
            Op::Inst | Op::Obj | Op::Sequence | Op::Dict => (self.above()?, 1),
            Op::Tuple(count) => (count, 1),
            Op::Appends | Op::SetItems => (self.above()? + 1, 1),
        })
    }

    /// How many values lie above the last mark, which goes.
    fn above(&mut self) -> Result<usize, End> {
        let mark = self.marks.pop().ok_or(End::Bad("no mark"))?;
        self.depth.checked_sub(mark).ok_or(End::Bad("a mark above the stack"))
    }
}

fn is_name(text: &[u8]) -> bool {
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let starts = text.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_' || *byte >= 0x80);
    starts
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'<' | b'>' | b'-') || *byte >= 0x80)
}

/// Whether another pickle follows in the stream.
pub(super) fn goes_on(input: &mut Input<'_>) -> std::io::Result<bool> {
    if input.fill_buf()?.is_empty() {
        return Ok(false);
    }
    Ok(is_pickle(&Head { start: input.head()?, tail: &[] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pickles_are_told_from_text() {
        let check = |bytes: &[u8], expected: bool| {
            assert_eq!(is_pickle(&Head { start: bytes, tail: &[] }), expected, "{}", String::from_utf8_lossy(bytes));
        };
        check(b"\x80\x04N.", true);
        check(b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s.", true);
        check(b"(dp0\nS'a'\np1\nS'b'\np2\ns.", true);
        check(b"(dp0\nVa\np1\nVb\np2\ns.", true);
        check(b"}q\x00(U\x01aq\x01U\x01bq\x02u.", true);
        check(b"cos\nsystem\n(S'id'\ntR.", true);
        check(b"(S'id'\nios\nsystem\n.", true);
        check(b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R\xff\xff", true);
        check(b"\x80\x04", false);
        check(b"\x80\x04\xff\xff\xff\xff\xff", false);
        check(b"\x80\x09N.", false);
        check(b"(dp0", false);
        check(b"(dp0\n", false);
        check(b"cab\ncabal\ncabaled\ncabals\ncabbage\ncabin\ncabinet\ncable\ncabled\ncabs\ncache\ncached\n", false);
        check(b"Version 1.0\nName: x\n", false);
        check(b"N.\n", false);
        check(b"I am text.\n", false);
        check(b"(define (f x) (* x x))\n", false);
        check(b"]\n}\n", false);
        check(b"config\nsettings\n(this is text)\n", false);
        check(b"", false);
        check(b"{\"a\": 1}", false);
        check(b"gASVCwAAAAAAAAB9lIwBYZSMAWKUcy4=", false);
        check(&b"(".repeat(5000), false);
    }
}
