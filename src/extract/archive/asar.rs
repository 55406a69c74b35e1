//! asar, the archives of Electron: a tree of names as JSON, then the files end to end.
//!
//! Format: <https://github.com/electron/asar>. Four numbers of 32 bits stand before the tree, as Chromium's Pickle writes
//! a text: 4, and three lengths of what follows. Offsets of files count from behind the tree.

use super::super::cursor::le32;
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink};
use super::fields::up_to;
use super::spans::{Span, uncovered};
use crate::finding::GapReason;
use crate::image::json::Json;
use std::io::{self, Read, Seek, SeekFrom};

/// asar.
pub struct Asar;

/// Bytes of the numbers before the tree.
const HEADER: u64 = 16;
/// The longest tree that is read.
const TREE: u64 = 16 << 20;
/// The longest path.
const PATH: usize = 4096;

/// The length of what stands before the files, and of the tree.
fn lengths(start: &[u8]) -> Option<(u64, u64)> {
    let [four, header, inner, tree] = [0, 4, 8, 12].map(|at| le32(start, at));
    let (header, inner, tree) = (header?, inner?, tree?);
    let is_one = four? == 4 && inner.checked_add(4)? == header && tree <= inner && inner - tree < 8;
    is_one.then_some((u64::from(header) + 8, tree.into()))
}

impl Extractor for Asar {
    fn name(&self) -> &'static str {
        "asar"
    }

    fn about(&self) -> About {
        About {
            title: "asar (Electron)",
            reads: "files by the tree of names",
            limits: "a tree of up to 16 MiB; what lies unpacked beside the archive is a file of its own",
            specification: "https://github.com/electron/asar",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        lengths(head.start).is_some() && head.has(HEADER as usize, b"{\"files\":")
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut file = input.seekable()?;
        let length = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let header = up_to(&mut file, HEADER)?;
        let (start, tree) = lengths(&header).unwrap_or_default();
        let mut covered = Vec::new();
        if tree > TREE {
            sink.gap(GapReason::SizeLimit, "asar: a tree too long to be read; scanned as it is".into(), None);
        } else {
            match Json::parse(&up_to(&mut file, tree)?) {
                Err(error) => sink.gap(GapReason::Damaged, format!("asar: {error}; scanned as it is"), None),
                Ok(tree) => {
                    for entry in entries(&tree) {
                        let at = start.saturating_add(entry.at);
                        let name = crate::place::escaped(&entry.name);
                        if at.checked_add(entry.size).is_none_or(|end| end > length) {
                            sink.gap(GapReason::Truncated, format!("asar: {name} ends early"), None);
                            continue;
                        }
                        file.seek(SeekFrom::Start(at))?;
                        let member = Member { name: &entry.name, kind: MemberKind::File, size: Some(entry.size) };
                        let mut body = (&mut file).take(entry.size);
                        sink.member(&member, &mut body)?;
                        io::copy(&mut body, &mut io::sink())?;
                        covered.push(Span::of(at, entry.size));
                    }
                }
            }
        }
        uncovered(&mut file, length, covered, sink)
    }
}

/// A file of the tree.
struct Entry {
    name: Vec<u8>,
    at: u64,
    size: u64,
}

/// The files of the tree, each stretch once, in the order of the tree.
fn entries(tree: &Json) -> Vec<Entry> {
    let (mut found, mut seen) = (Vec::new(), std::collections::HashSet::new());
    let mut open = vec![(Vec::new(), tree)];
    while let Some((path, node)) = open.pop() {
        if let Some(Json::Object(files)) = node.get("files") {
            for (name, child) in files.iter().rev() {
                let joint = if path.is_empty() { "" } else { "/" };
                let name = [&path[..], joint.as_bytes(), name.as_bytes()].concat();
                if name.len() <= PATH {
                    open.push((name, child));
                }
            }
            continue;
        }
        let size = match node.get("size") {
            Some(Json::Number(size)) => size.as_u64(),
            _ => None,
        };
        let at = match node.get("offset") {
            Some(Json::Text(at)) => at.parse().ok(),
            _ => None,
        };
        if let (Some(size), Some(at)) = (size, at)
            && size > 0
            && seen.insert(at)
        {
            found.push(Entry { name: path, at, size });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    fn asar(tree: &str, files: &[u8]) -> Vec<u8> {
        let padded = tree.len().next_multiple_of(4);
        let numbers: Vec<u8> = [4, padded + 8, padded + 4, tree.len()].iter().flat_map(|n| (*n as u32).to_le_bytes()).collect();
        [&numbers[..], tree.as_bytes(), &vec![0; padded - tree.len()], files].concat()
    }

    #[test]
    fn files_have_their_paths() {
        let tree = r#"{"files":{"a":{"files":{"b.js":{"size":3,"offset":"0"},"l":{"link":"c"}}},"c":{"size":4,"offset":"3"}}}"#;
        let bytes = asar(tree, b"onetwo!rest");
        assert!(Asar.probe(&Head { start: &bytes, tail: &[] }));
        let found = seen(&Asar, &bytes);
        assert_eq!(found.members, vec![("a/b.js", "one"), ("c", "two!")].into());
        assert!(found.raw.ends_with(b"rest") && found.gaps.is_empty());
        assert_eq!(seen(&Asar, &bytes[..bytes.len() - 6]).gaps, [GapReason::Truncated]);
        assert_eq!(seen(&Asar, &asar("{\"files\":x", b"")).gaps, [GapReason::Damaged]);
    }
}
