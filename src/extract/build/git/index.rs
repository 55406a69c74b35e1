//! The index: which files are staged, with the ids of their contents. It names those that were never committed.

use super::super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink};
use crate::finding::GapReason;
use crate::repository::index;
use std::io::{self, Read};

/// The index of a working tree.
pub struct GitIndex;

/// The longest index of which paths are taken down.
const INDEX: usize = 32 << 20;

impl Extractor for GitIndex {
    fn name(&self) -> &'static str {
        "git index"
    }

    fn about(&self) -> About {
        About {
            title: "git index",
            reads: "paths of staged files, which name objects that no commit has; all of it as it is",
            limits: "paths of indexes up to 32 MiB",
            specification: "https://git-scm.com/docs/gitformat-index",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, b"DIRC\0\0\0") && head.start.get(7).is_some_and(|version| (2..=4).contains(version))
    }

    fn is_part(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let Some(bytes) = input.held(INDEX)? else {
            sink.gap(GapReason::SizeLimit, "git index: too long for its paths to be remembered".into(), None);
            return Ok(());
        };
        sink.staged(&bytes);
        let index = index(&bytes);
        if !index.is_whole {
            sink.gap(GapReason::Truncated, "git index: fewer files than it says".into(), None);
        }
        let paths: Vec<_> = index.files.iter().map(|(path, _)| path.as_slice()).collect();
        let paths = paths.join(&b'\n');
        let size = Some(paths.len() as u64);
        sink.member(&Member { name: b"paths", kind: MemberKind::File, size }, &mut paths.as_slice())?;
        // What follows the files is left to be scanned as it is.
        let end = index.end;
        io::copy(&mut input.take(end as u64), &mut io::sink())?;
        Ok(())
    }
}
