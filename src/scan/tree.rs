//! A directory on disk: every regular file below it, in a fixed order, links not followed.

use super::nest::{Consumed, Nest, Stage};
use super::root::{Watched, from_disk};
use super::walker::Walker;
use crate::finding::{Gap, GapReason, Scope};
use crate::slice::FileSlice;
use crate::source::Root;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use walkdir::WalkDir;

/// Walks the files below `path`.
pub(super) fn walk(walker: &mut Walker<'_, '_, '_>, root: &Root, path: &Path) {
    for entry in WalkDir::new(path).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let name = error.path().and_then(|full| full.strip_prefix(path).ok()).unwrap_or(Path::new(""));
                let place = root.place.file(name.as_os_str().as_bytes());
                walker.gap(Gap {
                    place,
                    reason: GapReason::Unreadable,
                    detail: error.to_string(),
                    bytes: None,
                    scope: Scope::Image,
                });
                continue;
            }
        };
        if !entry.file_type().is_file() {
            continue;
        }
        let name = entry.path().strip_prefix(path).unwrap_or(entry.path()).as_os_str().as_bytes();
        let nest = Nest::new(root.place.file(name), Stage::Inside, walker.crew.limits);
        walker.count_file();
        if let Err(error) = file(walker, &nest, entry.path()) {
            let detail = format!("cannot be read: {error}");
            walker.gap(Gap {
                place: nest.place.clone(),
                reason: GapReason::Unreadable,
                detail,
                bytes: None,
                scope: Scope::Image,
            });
        }
    }
}

fn file(walker: &mut Walker<'_, '_, '_>, nest: &Nest, path: &Path) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let progress = walker.crew.progress;
    let length = file.metadata()?.len();
    progress.expect(length);
    if length > walker.crew.limits.hold as u64 {
        // A short container is held and opened by whoever is free.
        return from_disk(walker, nest, FileSlice::whole(file)?);
    }
    read(walker, nest, &mut file)
}

/// What came before a failure is scanned; the failure is an error here.
fn read(walker: &mut Walker<'_, '_, '_>, nest: &Nest, reader: &mut impl Read) -> std::io::Result<()> {
    let progress = walker.crew.progress;
    let mut failure = None;
    let watched = Watched { inner: reader, failure: &mut failure, advance: |bytes| progress.advance(bytes) };
    walker.file(nest, &mut Consumed { inner: watched, budget: nest.budget.clone() });
    failure.map_or(Ok(()), Err)
}
