//! SIF, the images of Apptainer and Singularity (sylabs/sif, `pkg/sif`: version 01 of the format): a table
//! of descriptors, each of which names an object. The file system is one of them, mostly a squashfs.

use super::super::cursor::{le32, le64};
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink};
use super::fields::up_to;
use super::spans::{Span, uncovered};
use crate::finding::GapReason;
use std::io::{self, Read, Seek, SeekFrom};

/// SIF.
pub struct Sif;

/// Behind the line that runs the file.
const MAGIC: &[u8] = b"SIF_MAGIC\0";
const MAGIC_AT: usize = 32;

/// Bytes of the header, and of a descriptor.
const HEADER: u64 = 128;
const DESCRIPTOR: usize = 585;

/// Bytes of descriptors that are read: Apptainer makes room for 48.
const TABLE: u64 = 4 << 20;

impl Extractor for Sif {
    fn name(&self) -> &'static str {
        "sif"
    }

    fn about(&self) -> About {
        About {
            title: "SIF (Apptainer, Singularity)",
            reads: "every object of the image: definition, labels, partitions",
            limits: "encrypted partitions are raw bytes",
            specification: "https://github.com/sylabs/sif/blob/main/pkg/sif/sif.go",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(MAGIC_AT, MAGIC)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let header = up_to(&mut file, HEADER)?;
        // Free and all descriptors, and where they stand.
        let (Some(total), Some(at)) = (le64(&header, 88), le64(&header, 96)) else {
            return Err(Halt::Broken(GapReason::Truncated, "sif: ends within the header".into()));
        };
        let wanted = total.saturating_mul(DESCRIPTOR as u64).min(TABLE);
        file.seek(SeekFrom::Start(at.min(length)))?;
        let table = up_to(&mut file, wanted)?;
        if (table.len() as u64) < wanted {
            sink.gap(GapReason::Truncated, "sif: ends within the descriptors".into(), None);
        }
        let mut covered = Vec::new();
        for descriptor in table.chunks_exact(DESCRIPTOR).filter(|descriptor| descriptor.get(4) == Some(&1)) {
            let (Some(kind), Some(start), Some(size)) = (le32(descriptor, 0), le64(descriptor, 17), le64(descriptor, 25)) else {
                continue;
            };
            let name = descriptor.get(73..201).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
            let name = if name.is_empty() { kind_of(kind).as_bytes() } else { name };
            file.seek(SeekFrom::Start(start.min(length)))?;
            let mut body = (&mut file).take(size);
            sink.member(&Member { name, kind: MemberKind::File, size: Some(size) }, &mut body)?;
            io::copy(&mut body, &mut io::sink())?;
            if start.checked_add(size).is_none_or(|end| end > length) {
                let detail = format!("sif: {} ends early", crate::place::escaped(name));
                sink.gap(GapReason::Truncated, detail, None);
            }
            covered.push(Span::of(start, size));
        }
        uncovered(&mut file, length, covered, sink)
    }
}

/// What an object without a name is called.
fn kind_of(kind: u32) -> &'static str {
    match kind {
        0x4001 => "definition",
        0x4002 => "environment",
        0x4003 => "labels",
        0x4004 => "partition",
        0x4005 => "signature",
        0x4006 => "json",
        0x4007 => "generic",
        _ => "object",
    }
}
