//! Takes the digests that are still missing, of files in which something was found.
//!
//! Files that were in memory whole were hashed as they were scanned. Long ones and containers were not:
//! hardly any of them has a finding, and whether a package lists it is known at the end only. So those
//! few are read once more: a file of a directory by its path, a layer from its start to the last of them.

use crate::blob::{Sums, SumsHasher};
use crate::extract::{Extractor, Halt, Head, Input, Member, MemberKind, Sink, Stop, Text, named, probe};
use crate::finding::{Disposition, Finding, GapReason};
use crate::image::packages::{Records, Shelf};
use crate::place::RootId;
use crate::source::{Artifact, Root, RootKind};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// A file of a root: by its entry in a layer, by its path in a directory.
type Name = (RootId, Option<u32>, Vec<u8>);

/// Takes the digests of files that a package lists with one, where a finding calls for action.
pub(super) fn take(artifact: &Artifact, findings: &mut [Finding], packages: &BTreeMap<RootId, Records>) {
    let shelf = Shelf::new(packages.values().map(Some).collect());
    if shelf.is_empty() {
        return;
    }
    let name = |finding: &Finding| -> Option<Name> {
        let path = finding.place.path_bytes()?;
        let open = finding.content.is_none() && finding.disposition == Disposition::Actionable;
        (open && shelf.has_digest(path)).then(|| (finding.place.root_id(), finding.entry, path.to_vec()))
    };
    let wanted: BTreeSet<Name> = findings.iter().filter_map(name).collect();
    let mut taken: BTreeMap<Name, Arc<Sums>> = BTreeMap::new();
    for root in &artifact.roots {
        let of_root: Vec<_> = wanted.iter().filter(|(id, _, _)| *id == root.id).collect();
        if of_root.is_empty() {
            continue;
        }
        match &root.kind {
            RootKind::Tree(folder) => {
                for name in of_root {
                    // A file that cannot be read any more stays without.
                    if let Ok(sums) = of_file(&folder.join(OsStr::from_bytes(&name.2))) {
                        taken.insert(name.clone(), Arc::new(sums));
                    }
                }
            }
            RootKind::Layer => {
                let entries = of_root.iter().filter_map(|name| name.1);
                let sums = of_layer(root, entries.collect());
                taken.extend(of_root.into_iter().filter_map(|name| Some((name.clone(), sums.get(&name.1?)?.clone()))));
            }
            _ => {}
        }
    }
    for finding in findings {
        if let Some(sums) = name(finding).and_then(|name| taken.get(&name)) {
            finding.content = Some(sums.clone());
        }
    }
}

fn of_file(path: &Path) -> io::Result<Sums> {
    // What was a file may have become a pipe, which could block for good.
    if !path.symlink_metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    of_reader(&mut File::open(path)?)
}

fn of_reader(reader: &mut dyn Read) -> io::Result<Sums> {
    let mut hasher = SumsHasher::default();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The digests of some entries of a layer. Damage was reported when it was scanned.
fn of_layer(root: &Root, wanted: BTreeSet<u32>) -> BTreeMap<u32, Arc<Sums>> {
    let mut entries = Entries { last: wanted.last().copied().unwrap_or(0), wanted, seen: 0, sums: BTreeMap::new() };
    if let Ok(mut slice) = root.open() {
        let _ = catch_unwind(AssertUnwindSafe(|| open(&mut entries, &mut slice, WRAPPERS)));
    }
    entries.sums
}

/// Compressions around a layer; nobody uses more than one.
const WRAPPERS: u32 = 4;

/// The entries of one layer, counted as its ledger counts them.
struct Entries {
    wanted: BTreeSet<u32>,
    last: u32,
    seen: u32,
    sums: BTreeMap<u32, Arc<Sums>>,
}

fn open(entries: &mut Entries, reader: &mut dyn Read, wrappers: u32) -> Result<(), Halt> {
    let mut head = Vec::new();
    (&mut *reader).take(Head::LEN as u64).read_to_end(&mut head)?;
    // As in the scan: a header that is broken makes no mere file of a layer.
    let found = probe(&Head { start: &head, tail: &[] }).or_else(|| named("tar"));
    let Some(extractor) = found.filter(|extractor| wrappers > 0 && (extractor.is_wrapper() || extractor.name() == "tar")) else {
        return Ok(());
    };
    extractor.extract(&mut Input::stream(head, reader), &mut Layer { entries, extractor, wrappers })
}

/// The sink of a layer's tar, or of a compression around it.
struct Layer<'a> {
    entries: &'a mut Entries,
    extractor: &'static dyn Extractor,
    wrappers: u32,
}

impl Sink for Layer<'_> {
    fn member(&mut self, member: &Member<'_>, body: &mut dyn Read) -> Result<(), Stop> {
        if self.extractor.is_wrapper() {
            let _ = open(self.entries, body, self.wrappers - 1);
            return Err(Stop);
        }
        let entry = self.entries.seen;
        self.entries.seen = entry.saturating_add(1);
        if member.kind == MemberKind::File
            && self.entries.wanted.contains(&entry)
            && let Ok(sums) = of_reader(body)
        {
            self.entries.sums.insert(entry, Arc::new(sums));
        }
        if entry >= self.entries.last { Err(Stop) } else { Ok(()) }
    }

    fn raw(&mut self, _: &mut dyn Read) -> Result<(), Stop> {
        Ok(())
    }

    fn numbers(&mut self, _: &mut dyn Read) -> Result<(), Stop> {
        Ok(())
    }

    fn text(&mut self, _: &Text<'_>) -> Result<(), Stop> {
        Ok(())
    }

    fn gap(&mut self, _: GapReason, _: String, _: Option<u64>) {}
}
