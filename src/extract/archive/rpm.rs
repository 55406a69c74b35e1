//! RPM packages (RPM V3, V4 and V6 package file formats): lead, signature, header, then a compressed cpio.
//!
//! The header is a table of tags. Those that hold what people wrote, scripts before all, become members
//! named by their tag; the rest of the table is scanned as it is.

use super::super::cursor::be32;
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink};
use super::fields::{skip, up_to};
use crate::finding::GapReason;
use std::io;

/// RPM.
pub struct Rpm;

const MAGIC: &[u8] = b"\xed\xab\xee\xdb";
const LEAD: u64 = 96;

/// Starts a header structure: magic and version.
const HEADER: &[u8] = b"\x8e\xad\xe8\x01";

/// Entries of a header, and bytes of what they point into, that are believed: the limits of rpm itself are
/// of that order.
const ENTRIES: u32 = 1 << 16;
const STORE: u32 = 256 << 20;

/// Bytes of a header that are kept; what is beyond is scanned as it is.
const KEPT: u64 = 16 << 20;

/// Tags whose strings people write (rpmtag.h), and how a member of them is named.
const TAGS: &[(u32, &str)] = &[
    (1004, "summary"),
    (1005, "description"),
    (1007, "buildhost"),
    (1011, "vendor"),
    (1015, "packager"),
    (1020, "url"),
    (1023, "prein"),
    (1024, "postin"),
    (1025, "preun"),
    (1026, "postun"),
    (1065, "triggerscripts"),
    (1079, "verifyscript"),
    (1082, "changelog"),
    (1122, "optflags"),
    (1151, "pretrans"),
    (1152, "posttrans"),
    (5012, "filetriggerscripts"),
    (5104, "preuntrans"),
    (5105, "postuntrans"),
];

impl Extractor for Rpm {
    fn name(&self) -> &'static str {
        "rpm"
    }

    fn about(&self) -> About {
        About {
            title: "RPM package",
            reads: "scripts, descriptions and the change log as members named by their tag, the rest of the header as raw bytes, the payload",
            limits: "16 MiB of a header by its structure",
            specification: "https://rpm.org/docs/latest/manual/format_v4.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, MAGIC)
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let lead = up_to(input, LEAD)?;
        if (lead.len() as u64) < LEAD {
            return Err(truncated("lead"));
        }
        let (signature, promised) = header(input, sink, "signature")?;
        // The header behind it starts at a multiple of eight.
        skip(input, signature.next_multiple_of(8) - signature)?;
        let start = input.position();
        header(input, sink, "header")?;
        if input.head()?.is_empty() {
            return Err(truncated("header"));
        }
        sink.member(&Member { name: b"payload", kind: MemberKind::File, size: None }, input)?;
        // Whether the payload is whole its own format tells, too, if it is one that opens.
        io::copy(input, &mut io::sink())?;
        let missing = promised.map_or(0, |promised| u64::from(promised).saturating_sub(input.position() - start));
        if missing > 0 {
            sink.gap(GapReason::Truncated, format!("rpm: the payload ends {missing} bytes early"), Some(missing));
        }
        Ok(())
    }
}

fn truncated(what: &str) -> Halt {
    Halt::Broken(GapReason::Truncated, format!("rpm: ends behind or within the {what}"))
}

/// Reads a header structure and pushes what is in it. Returns its length, and what it says of that of the header and
/// payload behind it, if it is a signature.
fn header(input: &mut Input<'_>, sink: &mut dyn Sink, what: &str) -> Result<(u64, Option<u32>), Halt> {
    let intro = up_to(input, 16)?;
    let (Some(entries), Some(store)) = (be32(&intro, 8), be32(&intro, 12)) else { return Err(truncated(what)) };
    if !intro.starts_with(HEADER) || entries > ENTRIES || store > STORE {
        return Err(Halt::Broken(GapReason::Damaged, format!("rpm: the {what} is none")));
    }
    let index = up_to(input, u64::from(entries) * 16)?;
    let start = input.position();
    let kept = up_to(input, u64::from(store).min(KEPT))?;
    texts(&index, &kept, sink)?;
    let rest = u64::from(store) - kept.len() as u64;
    if rest > 0 {
        sink.raw(&mut io::Read::take(&mut *input, rest))?;
        let read = input.position() - start;
        skip(input, u64::from(store).saturating_sub(read))?;
    }
    if input.position() - start < u64::from(store) {
        return Err(truncated(what));
    }
    Ok((16 + index.len() as u64 + u64::from(store), promised(&index, &kept)))
}

/// `RPMSIGTAG_SIZE`: bytes of header and payload, as a number of 32 bits (type 4). In a header this tag is the name.
fn promised(index: &[u8], store: &[u8]) -> Option<u32> {
    let entry = index.chunks_exact(16).find(|entry| be32(entry, 0) == Some(1000) && be32(entry, 4) == Some(4))?;
    be32(store, be32(entry, 8)? as usize)
}

/// Pushes the strings of the tags in [`TAGS`], and what lies between them.
fn texts(index: &[u8], store: &[u8], sink: &mut dyn Sink) -> Result<(), Halt> {
    let entry = |tag: u32| index.chunks_exact(16).find(|entry| be32(entry, 0) == Some(tag));
    let mut found: Vec<_> = TAGS.iter().filter_map(|(tag, name)| located(entry(*tag)?, store, name)).collect();
    found.sort_unstable();
    let mut at = 0;
    // One behind the other, so that tables that point to one place many times cost nothing.
    for (start, end, name) in found {
        if start < at {
            continue;
        }
        if start > at {
            sink.raw(&mut store.get(at..start).unwrap_or_default())?;
        }
        // Strings end with a NUL each, as lines end with a line feed.
        let text: Vec<u8> =
            store.get(start..end).unwrap_or_default().iter().map(|byte| if *byte == 0 { b'\n' } else { *byte }).collect();
        let member = Member { name: name.as_bytes(), kind: MemberKind::File, size: Some(text.len() as u64) };
        sink.member(&member, &mut text.as_slice())?;
        at = end;
    }
    if at < store.len() {
        sink.raw(&mut store.get(at..).unwrap_or_default())?;
    }
    Ok(())
}

/// Where the strings of an index entry stand, which has tag, type, offset and count.
fn located(entry: &[u8], store: &[u8], name: &'static str) -> Option<(usize, usize, &'static str)> {
    let count = match be32(entry, 4)? {
        6 => 1,
        8 | 9 => be32(entry, 12)?,
        _ => return None,
    };
    let start = be32(entry, 8)? as usize;
    let rest = store.get(start..)?;
    let last = count.checked_sub(1)? as usize;
    let end = memchr::memchr_iter(0, rest).nth(last).map_or(store.len(), |at| start + at + 1);
    Some((start, end, name))
}
