//! ar, as static libraries and Debian packages use it (System V and GNU: binutils' `ar(5)`; BSD: FreeBSD's
//! `ar(5)`). There is no end marker: a file that is cut between two members cannot be told from a whole one.

use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink};
use super::fields::{digits, skip, up_to};
use crate::finding::GapReason;
use crate::place::escaped;
use std::io::Read;

/// ar.
pub struct Ar;

const MAGIC: &[u8] = b"!<arch>\n";

/// A header: name, time, owner, group, mode, size, and two bytes that end it.
const HEADER: usize = 60;
const END: &[u8] = b"`\n";

/// The table of long names that is kept, and the longest name of a BSD member.
const NAMES: u64 = 1 << 20;
const NAME: u64 = 4096;

impl Extractor for Ar {
    fn name(&self) -> &'static str {
        "ar"
    }

    fn about(&self) -> About {
        About {
            title: "ar (static library, deb)",
            reads: "members, with the long names of GNU and BSD; symbol tables as raw bytes",
            limits: "thin archives hold no members",
            specification: "https://man.freebsd.org/cgi/man.cgi?query=ar&sektion=5, deb(5)",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, MAGIC)
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        skip(input, MAGIC.len() as u64)?;
        let mut names = Vec::new();
        loop {
            let header = up_to(input, HEADER as u64)?;
            if header.is_empty() {
                return Ok(());
            }
            if header.len() < HEADER {
                return Err(Halt::Broken(GapReason::Truncated, "ar: ends within a header".into()));
            }
            let size = header.get(48..58).and_then(|field| digits(field, 10));
            let (Some(size), true) = (size, header.ends_with(END)) else {
                return Err(Halt::Broken(GapReason::Damaged, format!("ar: no header at byte {}", input.position())));
            };
            let field = header.get(..16).unwrap_or_default().trim_ascii_end();
            let read = member(input, sink, field, size, &mut names)?;
            if read < size {
                let label = escaped(field);
                return Err(Halt::Broken(GapReason::Truncated, format!("ar: {label} ends {} bytes early", size - read)));
            }
            // Members start at even offsets; the last may lack the byte that fills up.
            if size % 2 == 1 {
                skip(input, 1)?;
            }
        }
    }
}

/// Reads one member. Returns how many bytes of it there were.
fn member(input: &mut Input<'_>, sink: &mut dyn Sink, field: &[u8], size: u64, names: &mut Vec<u8>) -> Result<u64, Halt> {
    let start = input.position();
    let mut body = (&mut *input).take(size);
    if field == b"//" {
        *names = up_to(&mut body, NAMES)?;
        sink.raw(&mut names.as_slice().chain(&mut body))?;
    } else if matches!(field, b"/" | b"/SYM64/" | b"__.SYMDEF" | b"__.SYMDEF SORTED") {
        sink.raw(&mut body)?;
    } else if let Some(length) = field.strip_prefix(b"#1/").and_then(|length| digits(length, 10)) {
        let name = up_to(&mut body, length.min(NAME))?;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        skip(&mut body, length.saturating_sub(NAME))?;
        sink.member(&Member { name, kind: MemberKind::File, size: Some(size.saturating_sub(length)) }, &mut body)?;
    } else {
        let long = field.strip_prefix(b"/").and_then(|offset| digits(offset, 10));
        let long = long.and_then(|offset| names.get(usize::try_from(offset).ok()?..)).map(long_name);
        let name = long.unwrap_or(field.strip_suffix(b"/").unwrap_or(field));
        sink.member(&Member { name, kind: MemberKind::File, size: Some(size) }, &mut body)?;
    }
    std::io::copy(&mut body, &mut std::io::sink())?;
    Ok(input.position() - start)
}

/// GNU ends a long name with `/` and a line feed, System V with a NUL.
fn long_name(rest: &[u8]) -> &[u8] {
    let name = rest.split(|byte| matches!(byte, b'\n' | 0)).next().unwrap_or_default();
    name.strip_suffix(b"/").unwrap_or(name)
}
