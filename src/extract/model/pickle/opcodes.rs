//! The instructions of pickle, protocols 0 to 5 (`Lib/pickletools.py` and `Lib/pickle.py` of CPython; PEP 307,
//! 3154, 574), with their fixed arguments. What a text or bytes hold is left in the stream for the machine.

use super::super::super::Input;
use super::stream::{End, array, byte, line};

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Proto(u8),
    Frame,
    Stop,
    Mark,
    Pop,
    PopMark,
    Dup,
    /// `None`, a bool, a float: what no name and no text comes of.
    Opaque,
    Int(i64),
    /// A number of so many bytes, which follow.
    Long(u64),
    /// A text or bytes of so many bytes, which follow.
    Chars {
        length: u64,
        is_bytes: bool,
    },
    /// A text in quotes with escapes, up to the end of the line.
    String,
    /// A text with `\u` escapes, up to the end of the line.
    Unicode,
    /// A name for something kept elsewhere, up to the end of the line.
    PersistentLine,
    Persistent,
    /// Module and name follow, a line each.
    Global,
    StackGlobal,
    Inst,
    Obj,
    Reduce,
    Build,
    NewObj,
    NewObjEx,
    /// A tuple, list or set of what stands above the mark.
    Sequence,
    /// One of so many topmost values.
    Tuple(usize),
    Dict,
    EmptySequence,
    EmptyDict,
    Append,
    Appends,
    SetItem,
    SetItems,
    Put(u32),
    Memoize,
    Get(u32),
    /// A class by its number in a registry that is not in the file.
    Extension,
    /// Bytes that are handed over beside the pickle.
    Buffer,
    /// Says that a buffer is read-only.
    ReadOnly,
}

/// Longest number that is written as a line and looked at; longer ones are passed over.
const DIGITS: usize = 64;

/// The next instruction and its code.
pub(super) fn next(input: &mut Input<'_>) -> Result<(u8, Op), End> {
    let code = byte(input)?;
    let op = match code {
        0x80 => Op::Proto(byte(input)?),
        0x95 => {
            array::<8>(input)?;
            Op::Frame
        }
        b'.' => Op::Stop,
        b'(' => Op::Mark,
        b'0' => Op::Pop,
        b'1' => Op::PopMark,
        b'2' => Op::Dup,
        b'N' | 0x88 | 0x89 => Op::Opaque,
        b'J' => Op::Int(i64::from(i32::from_le_bytes(array(input)?))),
        b'K' => Op::Int(i64::from(byte(input)?)),
        b'M' => Op::Int(i64::from(u16::from_le_bytes(array(input)?))),
        b'G' => {
            array::<8>(input)?;
            Op::Opaque
        }
        b'I' | b'L' | b'F' => number(input)?,
        0x8a => Op::Long(u64::from(byte(input)?)),
        0x8b => Op::Long(signed(array(input)?)?),
        b'S' => Op::String,
        b'V' => Op::Unicode,
        b'U' => Op::Chars { length: u64::from(byte(input)?), is_bytes: true },
        b'T' => Op::Chars { length: signed(array(input)?)?, is_bytes: true },
        b'X' => Op::Chars { length: u64::from(u32::from_le_bytes(array(input)?)), is_bytes: false },
        0x8c => Op::Chars { length: u64::from(byte(input)?), is_bytes: false },
        0x8d => Op::Chars { length: u64::from_le_bytes(array(input)?), is_bytes: false },
        b'C' => Op::Chars { length: u64::from(byte(input)?), is_bytes: true },
        b'B' => Op::Chars { length: u64::from(u32::from_le_bytes(array(input)?)), is_bytes: true },
        0x8e | 0x96 => Op::Chars { length: u64::from_le_bytes(array(input)?), is_bytes: true },
        0x97 => Op::Buffer,
        0x98 => Op::ReadOnly,
        b'P' => Op::PersistentLine,
        b'Q' => Op::Persistent,
        0x82 => {
            byte(input)?;
            Op::Extension
        }
        0x83 => {
            array::<2>(input)?;
            Op::Extension
        }
        0x84 => {
            array::<4>(input)?;
            Op::Extension
        }
        _ => return on_stack(code, input).map(|op| (code, op)),
    };
    Ok((code, op))
}

/// Instructions that take what they need from the stack or the memo.
fn on_stack(code: u8, input: &mut Input<'_>) -> Result<Op, End> {
    Ok(match code {
        b'c' => Op::Global,
        0x93 => Op::StackGlobal,
        b'i' => Op::Inst,
        b'o' => Op::Obj,
        b'R' => Op::Reduce,
        b'b' => Op::Build,
        0x81 => Op::NewObj,
        0x92 => Op::NewObjEx,
        b't' | b'l' | 0x91 => Op::Sequence,
        0x85 => Op::Tuple(1),
        0x86 => Op::Tuple(2),
        0x87 => Op::Tuple(3),
        b'd' => Op::Dict,
        b')' | b']' | 0x8f => Op::EmptySequence,
        b'}' => Op::EmptyDict,
        b'a' => Op::Append,
        b'e' | 0x90 => Op::Appends,
        b's' => Op::SetItem,
        b'u' => Op::SetItems,
        b'p' => Op::Put(slot(input)?),
        b'q' => Op::Put(u32::from(byte(input)?)),
        b'r' => Op::Put(u32::from_le_bytes(array(input)?)),
        0x94 => Op::Memoize,
        b'g' => Op::Get(slot(input)?),
        b'h' => Op::Get(u32::from(byte(input)?)),
        b'j' => Op::Get(u32::from_le_bytes(array(input)?)),
        _ => return Err(End::Bad("no instruction of pickle")),
    })
}

/// A length that older protocols give with a sign.
fn signed(bytes: [u8; 4]) -> Result<u64, End> {
    u64::try_from(i32::from_le_bytes(bytes)).map_err(|_| End::Bad("a negative length"))
}

/// A number as text. What has more digits than matter is opaque.
fn number(input: &mut Input<'_>) -> Result<Op, End> {
    let mut text = Vec::new();
    let mut met = line(input, DIGITS, &mut text)?;
    let is_number = |byte: &u8| {
        byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'n' | b'a' | b'i' | b'f' | b'L' | b'\r')
    };
    let mut whole = text.iter().all(is_number) && !text.is_empty();
    let short = met;
    while !met && whole {
        text.clear();
        met = line(input, DIGITS, &mut text)?;
        whole = text.iter().all(is_number);
    }
    if !whole {
        return Err(End::Bad("a number that is none"));
    }
    let text = std::str::from_utf8(&text).unwrap_or_default().trim_end_matches(['\r', 'L']);
    Ok(text.parse().ok().filter(|_| short).map_or(Op::Opaque, Op::Int))
}

fn slot(input: &mut Input<'_>) -> Result<u32, End> {
    let mut text = Vec::new();
    let met = line(input, DIGITS, &mut text)?;
    let number = std::str::from_utf8(&text).ok().and_then(|text| text.trim_end_matches('\r').parse().ok());
    number.filter(|_| met).ok_or(End::Bad("a place of the memo that is none"))
}
