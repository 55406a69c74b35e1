//! Installers: a script for the shell with a packed stream behind its last line, as makeself and others write them.
//!
//! No specification. The stream begins behind the end of a line, and its magic says where.

use super::super::{About, Extractor, Halt, Head, Input, Sink};
use crate::finding::GapReason;
use std::io::{BufRead, Read};

/// Scripts with a packed stream behind them.
pub struct Script;

/// How they begin.
const START: &[u8] = b"#!";
/// The longest script that is looked through.
const LONGEST: u64 = 1 << 20;

impl Extractor for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn about(&self) -> About {
        About {
            title: "installer (a script with a packed stream behind it)",
            reads: "the script as it is, and what is packed in gzip, bzip2, xz or zstd behind one of its lines",
            limits: "scripts of up to 1 MiB",
            specification: "https://makeself.io",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, START)
            && memchr::memchr_iter(b'\n', head.start).any(|at| is_packed(head.start.get(at + 1..).unwrap_or_default()))
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let (mut script, mut is_found) = (Vec::new(), false);
        while !is_found {
            let left = LONGEST.saturating_sub(script.len() as u64);
            let line = (&mut *input).take(left).read_until(b'\n', &mut script);
            if line? == 0 {
                break;
            }
            is_found = script.ends_with(b"\n") && is_packed(input.head()?);
        }
        sink.raw_at(0, &mut script.as_slice())?;
        if !is_found {
            return Err(Halt::Broken(GapReason::Truncated, "script: nothing packed behind it; scanned as it is".into()));
        }
        Ok(sink.behind(b"payload", script.len() as u64, input)?)
    }
}

/// Whether these bytes begin as a packed stream does.
fn is_packed(bytes: &[u8]) -> bool {
    match bytes {
        // No flags that are reserved, and a file system that has a number.
        [0x1f, 0x8b, 8, flags, _, _, _, _, _, system, ..] => flags & 0xe0 == 0 && matches!(system, 0..=13 | 255),
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] => rest.starts_with(b"1AY&SY"),
        _ => bytes.starts_with(b"\xfd7zXZ\0") || bytes.starts_with(b"\x28\xb5\x2f\xfd"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;
    use crate::forge::image::gzip;

    const HEAD: &[u8] = b"#!/bin/sh\ntail -n +4 \"$0\" | tar xz\nexit 0\n";

    #[test]
    fn the_stream_behind_the_script_is_a_member() {
        let packed = [gzip(b"some text"), zstd::encode_all(&b"some text"[..], 1).unwrap()];
        for packed in packed {
            let bytes = [HEAD, &packed].concat();
            assert!(Script.probe(&Head { start: &bytes, tail: &[] }));
            let found = seen(&Script, &bytes);
            let member = ("payload".to_owned(), String::from_utf8_lossy(&packed).into_owned());
            assert_eq!((found.raw, found.members.0, found.gaps), (HEAD.to_vec(), vec![member], vec![]));
        }
    }

    #[test]
    fn other_scripts_are_none() {
        let bytes = [HEAD, b"and \x1f\x8b\x08\0\0\0\0\0\0\x03 within a line\n"].concat();
        for bytes in [HEAD, &bytes, b"", b"#!"] {
            assert!(!Script.probe(&Head { start: bytes, tail: &[] }));
            assert_eq!(seen(&Script, bytes).gaps, [GapReason::Truncated]);
        }
    }
}
