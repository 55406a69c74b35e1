//! A loose object: one zlib stream of a header, `type size` and a NUL, and the content.

use super::super::super::{About, Extractor, Halt, Head, Input, Sink, reason_of};
use super::{HELD, hand_out, names};
use crate::finding::GapReason;
use crate::repository::{Format, Id, Kind, header};
use flate2::bufread::ZlibDecoder;
use std::io::{self, Read};

/// Loose objects of git.
pub struct GitObject;

/// The longest header.
const HEADER: usize = 32;

impl Extractor for GitObject {
    fn name(&self) -> &'static str {
        "git object"
    }

    fn about(&self) -> About {
        About {
            title: "git objects",
            reads: "files, commits, trees and tags, reachable or not, each file with its path and the oldest commit that has it",
            limits: "paths and commits of as much history as fits 24 MiB of memory",
            specification: "https://git-scm.com/docs/gitrepository-layout",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        if !head.has(0, b"x") {
            return false;
        }
        let mut start = Vec::new();
        // What comes before damage tells.
        let _ = ZlibDecoder::new(head.start).take(HEADER as u64).read_to_end(&mut start);
        header(&start).is_some()
    }

    fn is_part(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        match object(&mut ZlibDecoder::new(&mut *input), sink) {
            // Whoever owns the input reports that it failed.
            Err(Halt::Read(error)) if !input.failed() => Err(Halt::Broken(reason_of(&error), format!("git object: {error}"))),
            outcome => outcome,
        }
    }
}

fn object(decoder: &mut dyn Read, sink: &mut dyn Sink) -> Result<(), Halt> {
    let mut start = Vec::new();
    let got = decoder.take(HEADER as u64).read_to_end(&mut start);
    let Some((kind, size, begin)) = header(&start) else {
        return Err(Halt::Broken(GapReason::Damaged, "git object: no header".into()));
    };
    let mut failure = got.err();
    let mut body = start.split_off(begin);
    let most = (HELD - body.len()) as u64 + 1;
    if failure.is_none() {
        failure = decoder.take(most).read_to_end(&mut body).err();
    }
    if body.len() > HELD || failure.is_some() {
        return long(kind, &body, failure, decoder, sink);
    }
    if body.len() as u64 != size {
        let reason = if (body.len() as u64) < size { GapReason::Truncated } else { GapReason::Disagreement };
        sink.gap(reason, format!("git object: {} bytes, where its header says {size}", body.len()), None);
    }
    let id = Format::Sha1.id(kind, &body);
    if kind == Kind::Blob {
        return Ok(sink.version(&id, &mut body.as_slice())?);
    }
    if kind == Kind::Tree {
        sink.raw(&mut names(&body).collect::<Vec<_>>().join(&b'\n').as_slice())?;
    }
    Ok(hand_out(sink, kind, &id, &body)?)
}

/// An object that is too long to be held, or that ends in damage. Its own id is not known.
fn long(kind: Kind, body: &[u8], failure: Option<io::Error>, rest: &mut dyn Read, sink: &mut dyn Sink) -> Result<(), Halt> {
    let Some(error) = failure else {
        let mut rest = Kept { inner: body.chain(rest), failure: None };
        sink.version(&Id::new(&[]), &mut rest)?;
        return rest.failure.map_or(Ok(()), |error| Err(error.into()));
    };
    if kind == Kind::Tree {
        sink.raw(&mut &*body)?
    } else {
        sink.version(&Id::new(&[]), &mut &*body)?
    }
    Err(error.into())
}

/// Keeps the error that a reader met.
struct Kept<R> {
    inner: R,
    failure: Option<io::Error>,
}

impl<R: Read> Read for Kept<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).inspect_err(|error| self.failure = Some(io::Error::new(error.kind(), error.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::{Seen, seen};
    use super::*;
    use std::io::Write;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[track_caller]
    fn check(object: &[u8], members: Vec<(&str, &str)>, gaps: &[GapReason]) {
        let bytes = zlib(object);
        assert!(GitObject.probe(&Head { start: &bytes, tail: &[] }));
        let Seen { members: found, gaps: told, .. } = seen(&GitObject, &bytes);
        assert_eq!((found, told), (members.into(), gaps.to_vec()));
    }

    #[test]
    fn objects_are_named_by_their_content() {
        check(b"blob 0\0", vec![("blob e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "")], &[]);
        check(b"blob 6\0hello\n", vec![("blob ce013625030ba8dba906f756967f9e9ca394464a", "hello\n")], &[]);
    }

    #[test]
    fn sizes_that_lie_are_told() {
        let id = "blob ce013625030ba8dba906f756967f9e9ca394464a";
        check(b"blob 9\0hello\n", vec![(id, "hello\n")], &[GapReason::Truncated]);
        check(b"blob 2\0hello\n", vec![(id, "hello\n")], &[GapReason::Disagreement]);
    }

    #[test]
    fn what_a_cut_object_has_is_scanned() {
        let text: String = (0..2_000).map(|n| format!("line {n}\n")).collect();
        let bytes = zlib(format!("blob {}\0{text}", text.len()).as_bytes());
        let Seen { members, gaps, .. } = seen(&GitObject, &bytes[..bytes.len() - 2]);
        assert_eq!((members.0.first().map(|(_, body)| body.as_str()), gaps.len()), (Some(&text[..]), 1));
        let Seen { members, gaps, .. } = seen(&GitObject, &bytes[..bytes.len() / 2]);
        assert_eq!((members.0.len(), gaps), (1, vec![GapReason::Truncated]));
    }
}
