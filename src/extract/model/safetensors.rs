//! safetensors: a JSON header, then tensors.
//!
//! Format: <https://github.com/huggingface/safetensors#format>. An unsigned 64-bit little-endian length,
//! a JSON object of that length, and the bytes of all tensors. The object has a key for each tensor with
//! its `data_offsets`, from the end of the header, and `__metadata__`, a map of strings, in which whole
//! configurations stand as JSON in JSON.

use super::super::{About, Extractor, Halt, Head, Input, Sink, Text};
use super::{pass, pass_numbers, stretches};
use crate::finding::GapReason;
use crate::image::json::Json;
use std::io::{BufRead, Read};

/// safetensors.
pub struct Safetensors;

/// The longest header that the format's own reader takes, in bytes.
const HEADER: u64 = 100_000_000;
/// The longest header that is read by its structure. A model of 10,000 tensors has one of a megabyte.
const HELD: u64 = 8 << 20;

impl Extractor for Safetensors {
    fn name(&self) -> &'static str {
        "safetensors"
    }

    fn about(&self) -> About {
        About {
            title: "safetensors",
            reads: "the header with the JSON in its metadata, by the keys; tensors as numbers, bytes between and behind them as they are",
            limits: "a header of up to 8 MiB by its keys",
            specification: "https://github.com/huggingface/safetensors#format",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let Some((length, rest)) = head.start.split_first_chunk() else { return false };
        let length = u64::from_le_bytes(*length);
        // The header is an object, and may be padded with spaces only at its end.
        (2..=HEADER).contains(&length) && matches!(rest, [b'{', b'"' | b'}' | b' ' | b'\n' | b'\r' | b'\t', ..])
    }

    fn hands_on(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut length = [0; 8];
        input.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        if length > HELD {
            sink.gap(GapReason::SizeLimit, "safetensors: header too long to be read by its keys; scanned as text".into(), None);
            pass(input, length, |at, body| sink.raw_at(at, body))?;
            return pass_numbers(input, u64::MAX, sink);
        }
        let mut header = Vec::new();
        let got = (&mut *input).take(length).read_to_end(&mut header)? as u64;
        let parsed = Json::parse(&header);
        let tensors = match &parsed {
            Ok(parsed) => {
                parsed
                    .each_text(&mut Vec::new(), b"", &mut |name, key, bytes| sink.text(&Text { name, key, bytes, offset: 8 }))?;
                offsets(parsed)
            }
            Err(error) => {
                sink.raw(&mut header.as_slice())?;
                let reason = if got < length { GapReason::Truncated } else { GapReason::Damaged };
                sink.gap(reason, format!("safetensors: header: {error}; scanned as text"), None);
                Vec::new()
            }
        };
        let end = tensors.iter().map(|tensor| tensor.1).max().unwrap_or(0);
        let data = input.position();
        stretches(input, tensors, sink)?;
        if input.fill_buf()?.is_empty() && input.position() - data < end {
            sink.gap(GapReason::Truncated, "safetensors: ends before its tensors do".into(), None);
        }
        Ok(())
    }
}

/// Where each tensor lies behind the header.
fn offsets(header: &Json) -> Vec<(u64, u64)> {
    let of = |tensor: &Json| match tensor.get("data_offsets")?.list() {
        [start, end] => Some((start.whole()?, end.whole()?)),
        _ => None,
    };
    header.members().iter().filter_map(|(_, tensor)| of(tensor)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Seen, seen};
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
    }

    fn check(bytes: &[u8], expected: Seen) {
        assert!(Safetensors.probe(&Head { start: bytes, tail: &[] }));
        assert_eq!(seen(&Safetensors, bytes), expected);
    }

    #[test]
    fn metadata_by_its_keys_and_tensors_as_numbers() {
        let header =
            r#"{"__metadata__":{"format":"pt","run":"{\"a\":1}"},"w":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}  "#;
        let expected = Seen {
            texts: vec![("__metadata__.format", "pt"), ("__metadata__.run", r#"{"a":1}"#), ("w.dtype", "F32")].into(),
            numbers: b"1111".to_vec(),
            raw: b"??after".to_vec(),
            ..Seen::default()
        };
        check(&file(header, b"??1111after"), expected);
    }

    #[test]
    fn what_is_cut_or_broken_is_told_and_scanned() {
        let header = r#"{"w":{"dtype":"F32","data_offsets":[0,9]}}"#;
        let texts = vec![("w.dtype", "F32")];
        let gaps = vec![GapReason::Truncated];
        check(&file(header, b"1111"), Seen { texts: texts.into(), numbers: b"1111".to_vec(), gaps, ..Seen::default() });
        let raw = b"{\"a\": oh}rest".to_vec();
        check(&file("{\"a\": oh}", b"rest"), Seen { raw, gaps: vec![GapReason::Damaged], ..Seen::default() });
        let cut = file(header, b"");
        let gaps = vec![GapReason::Truncated];
        check(&cut[..20], Seen { raw: header.as_bytes()[..12].to_vec(), gaps, ..Seen::default() });
        for no in [&b"\x04\0\0\0\0\0\0\0[1]"[..], b"\xff\xff\xff\xff\xff\0\0\0{\"", b"{\"a\": \"bcdefghijk\"}", b""] {
            assert!(!Safetensors.probe(&Head { start: no, tail: &[] }));
        }
    }
}
