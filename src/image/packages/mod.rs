//! Which package put a file there, as package managers recorded it.
//!
//! Records are collected while a layer or a directory is walked and asked when all findings are known,
//! since a record may come behind the files it lists, or in another layer. Pure: bytes in, tables out;
//! a file of this room for each manager. Records are as hostile as all else: paths in them are labels,
//! and what they claim counts only for a file whose digest they knew, or that lies in a folder they fetched.

mod apk;
mod dpkg;
mod npm;
mod path;
mod python;
mod rpm;
mod rpm_store;
mod shelf;

pub use python::source_of;
pub use shelf::Shelf;

use crate::blob::Sum;
use crate::package::{Keeper, Standing};
use path::{below, key, labels, merged};
use std::collections::HashMap;

/// Takes down the records of one layer or directory, in the order of the walk.
#[derive(Debug, Default)]
pub struct Collector {
    records: Records,
    cap: usize,
}

/// The records of one layer or directory.
#[derive(Debug, Default)]
pub struct Records {
    owners: Vec<Owner>,
    /// By path, once finished.
    files: Vec<Listed>,
    folders: HashMap<u64, Folder>,
    /// What the statuses of dpkg say, by the folder they lie in and the name of the package.
    stanzas: HashMap<Box<[u8]>, Stanza>,
}

/// A package.
#[derive(Debug)]
struct Owner {
    manager: Keeper,
    name: Box<str>,
    version: Box<str>,
    standing: Standing,
    /// How many names of a path lie before the root that its record speaks of.
    base: u16,
    /// Where the version is still to be looked up: the stanza that has it.
    stanza: Option<Box<[u8]>>,
}

/// A file of a package.
#[derive(Clone, Copy, Debug)]
struct Listed {
    path: u64,
    owner: u32,
    sum: Option<Sum>,
}

/// A folder below `node_modules`, by what a lock and what its own manifest say.
#[derive(Clone, Copy, Debug, Default)]
struct Folder {
    locked: Option<u32>,
    is_bundled: bool,
    named: Option<u32>,
    is_private: bool,
}

#[derive(Debug)]
struct Stanza {
    version: Box<str>,
    is_foreign: bool,
}

/// Names and versions longer than this are nobody's.
const LONGEST_NAME: usize = 200;

impl Collector {
    /// An empty one that remembers at most `cap` packages and files.
    pub fn new(cap: usize) -> Self {
        Self { cap, ..Self::default() }
    }

    /// Whether the file at `path` is a record of packages.
    pub fn wants(path: &[u8]) -> bool {
        // Most files are told by their name, before the path is taken apart.
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let may_be = matches!(name, b"status" | b"installed" | b"RECORD" | b"package.json" | b"package-lock.json")
            || matches!(name, b".package-lock.json" | b"npm-shrinkwrap.json")
            || name.ends_with(b".md5sums")
            || matches!(name, b"rpmdb.sqlite" | b"Packages.db" | b"Packages")
            || memchr::memmem::find(path, b"status.d/").is_some();
        let path = if may_be { labels(path) } else { return false };
        dpkg::record(&path).is_some()
            || apk::record(&path).is_some()
            || python::record(&path).is_some()
            || npm::record(&path).is_some()
            || rpm::record(&path).is_some()
    }

    /// Whether the file at `path` is a record of all packages in one, which is longer than others.
    pub fn is_database(path: &[u8]) -> bool {
        rpm::record(&labels(path)).is_some()
    }

    /// Takes down what the record at `path` says.
    pub fn take(&mut self, path: &[u8], bytes: &[u8]) {
        let path = labels(path);
        if let Some((depth, record)) = dpkg::record(&path) {
            self.dpkg(path.get(..depth).unwrap_or_default(), record, bytes);
        } else if let Some(depth) = apk::record(&path) {
            self.apk(path.get(..depth).unwrap_or_default(), bytes);
        } else if let Some((depth, name, version)) = python::record(&path) {
            self.python(path.get(..depth).unwrap_or_default(), name, version, bytes);
        } else if let Some(record) = npm::record(&path) {
            self.npm(&path, record, bytes);
        } else if let Some((depth, store)) = rpm::record(&path) {
            let base = path.get(..depth).unwrap_or_default();
            rpm_store::each(store, bytes, &mut |header| self.rpm(base, header));
        }
    }

    /// Closes it.
    pub fn finish(mut self) -> Records {
        // Stable, so that of two entries for one path the later stays last.
        self.records.files.sort_by_key(|listed| listed.path);
        self.records.files.shrink_to_fit();
        self.records
    }

    fn dpkg(&mut self, base: &[&[u8]], record: dpkg::Record<'_>, bytes: &[u8]) {
        match record {
            dpkg::Record::Status(file) => {
                for stanza in dpkg::stanzas(bytes) {
                    self.stanza(base, file, &stanza);
                }
            }
            dpkg::Record::Sums(name) => {
                let bare = name.split(|byte| *byte == b':').next().unwrap_or_default();
                let Some(owner) = self.owner(Keeper::Dpkg, bare, b"", Standing::Distribution, base) else { return };
                if let Some(owner) = self.records.owners.last_mut() {
                    owner.stanza = Some(stanza_key(base, name));
                }
                for (path, sum) in dpkg::sums(bytes) {
                    self.merged_file(base, &path, owner, Some(sum));
                }
            }
        }
    }

    fn stanza(&mut self, base: &[&[u8]], file: Option<&[u8]>, stanza: &dpkg::Stanza<'_>) {
        let Some(version) = name_of(stanza.version) else { return };
        let qualified = [stanza.name, b":", stanza.architecture].concat();
        for name in [Some(stanza.name), Some(&qualified[..]), file].into_iter().flatten() {
            if self.is_full() || name.is_empty() || name.len() > 2 * LONGEST_NAME {
                continue;
            }
            let known = Stanza { version: version.clone(), is_foreign: stanza.is_foreign };
            self.records.stanzas.insert(stanza_key(base, name), known);
        }
        let standing = if stanza.is_foreign { Standing::Published } else { Standing::Distribution };
        if stanza.conffiles.is_empty() {
            return;
        }
        let Some(owner) = self.owner(Keeper::Dpkg, stanza.name, stanza.version, standing, base) else { return };
        for (path, sum) in &stanza.conffiles {
            let path = labels(path);
            if !path.contains(&&b".."[..]) {
                self.merged_file(base, &path, owner, Some(*sum));
            }
        }
    }

    fn apk(&mut self, base: &[&[u8]], bytes: &[u8]) {
        for package in apk::installed(bytes) {
            let standing = Standing::Distribution;
            let Some(owner) = self.owner(Keeper::Apk, package.name, package.version, standing, base) else { continue };
            for (folder, file, sum) in package.files {
                if let Some(path) = apk::path(folder, file) {
                    self.merged_file(base, &path, owner, sum);
                }
            }
        }
    }

    fn python(&mut self, base: &[&[u8]], name: &[u8], version: &[u8], bytes: &[u8]) {
        let is_direct = python::files(bytes).any(|(path, _)| python::is_direct(&path));
        let standing = if is_direct { Standing::Named } else { Standing::Published };
        let Some(owner) = self.owner(Keeper::Python, name, version, standing, base) else { return };
        for (path, sum) in python::files(bytes) {
            if let Some(path) = below(base, &path) {
                self.file(key(&path), owner, sum);
            }
        }
    }

    fn rpm(&mut self, base: &[&[u8]], header: &[u8]) {
        let Some(package) = rpm::installed(header) else { return };
        let standing = match package.vendor {
            // Built by somebody who did not say who it is, as those do who build for themselves.
            b"" => Standing::Named,
            vendor if rpm::is_of_distribution(vendor) => Standing::Distribution,
            _ => Standing::Published,
        };
        let Some(owner) = self.owner(Keeper::Rpm, package.name, &package.version, standing, base) else { return };
        for (path, sum) in &package.files {
            let path = labels(path);
            if sum.is_some() && !path.contains(&&b".."[..]) {
                self.merged_file(base, &path, owner, *sum);
            }
        }
    }

    fn npm(&mut self, path: &[&[u8]], record: npm::Record, bytes: &[u8]) {
        match record {
            npm::Record::Lock(depth) => {
                let base = path.get(..depth).unwrap_or_default();
                for locked in npm::locked(bytes) {
                    let Some(names) = npm::names(&locked.folder) else { continue };
                    let (name, version) = (locked.name.as_bytes(), locked.version.as_bytes());
                    let Some(owner) = self.owner(Keeper::Npm, name, version, Standing::Published, base) else { continue };
                    let folder = self.records.folders.entry(key(&[base, &names].concat())).or_default();
                    (folder.locked, folder.is_bundled) = (Some(owner), locked.is_bundled);
                }
            }
            npm::Record::Manifest(depth) => {
                let Some(manifest) = npm::manifest(bytes) else { return };
                let (name, version) = (manifest.name.as_bytes(), manifest.version.as_bytes());
                let Some(owner) = self.owner(Keeper::Npm, name, version, Standing::Named, &[]) else { return };
                let folder = self.records.folders.entry(key(path.get(..depth).unwrap_or_default())).or_default();
                (folder.named, folder.is_private) = (Some(owner), manifest.is_private);
            }
        }
    }

    fn owner(&mut self, manager: Keeper, name: &[u8], version: &[u8], standing: Standing, base: &[&[u8]]) -> Option<u32> {
        if self.is_full() || name.is_empty() {
            return None;
        }
        let base = u16::try_from(base.len()).ok()?;
        let owner = Owner { manager, name: name_of(name)?, version: name_of(version)?, standing, base, stanza: None };
        let index = u32::try_from(self.records.owners.len()).ok()?;
        self.records.owners.push(owner);
        Some(index)
    }

    fn merged_file(&mut self, base: &[&[u8]], path: &[&[u8]], owner: u32, sum: Option<Sum>) {
        self.file(key(&[base, path].concat()), owner, sum);
        if let Some(merged) = merged(path) {
            self.file(key(&[base, &merged].concat()), owner, sum);
        }
    }

    fn file(&mut self, path: u64, owner: u32, sum: Option<Sum>) {
        if !self.is_full() {
            self.records.files.push(Listed { path, owner, sum });
        }
    }

    fn is_full(&self) -> bool {
        self.records.len() >= self.cap
    }
}

impl Records {
    /// How many packages, files and folders are remembered.
    pub fn len(&self) -> usize {
        self.owners.len() + self.files.len() + self.folders.len() + self.stanzas.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn listed(&self, path: u64) -> &[Listed] {
        let start = self.files.partition_point(|listed| listed.path < path);
        let rest = self.files.get(start..).unwrap_or_default();
        rest.get(..rest.partition_point(|listed| listed.path == path)).unwrap_or_default()
    }
}

/// A name or a version, safe to print. `None` if it is too long to be one.
fn name_of(bytes: &[u8]) -> Option<Box<str>> {
    (bytes.len() <= LONGEST_NAME).then(|| crate::place::escaped(bytes).into())
}

fn stanza_key(base: &[&[u8]], name: &[u8]) -> Box<[u8]> {
    [&base.join(&b'/'), &b":"[..], name].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::Sums;

    /// What the records of one layer say of the file at `path` with this content.
    #[track_caller]
    fn check(records: &[(&str, &str)], path: &str, content: &str, expected: &str) {
        let mut collector = Collector::new(1_000);
        for (path, bytes) in records {
            assert!(Collector::wants(path.as_bytes()), "{path}");
            collector.take(path.as_bytes(), bytes.as_bytes());
        }
        let records = collector.finish();
        let sums = Sums::of(content.as_bytes());
        let package = Shelf::new(vec![None, Some(&records)]).package(0, path.as_bytes(), Some(&sums));
        let told = package.map(|package| format!("{package} {:?} {:?}", package.unchanged, package.standing));
        assert_eq!(told.as_deref().unwrap_or("nobody"), expected, "{path}");
    }

    /// MD5 of `x`.
    const X: &str = "9dd4e461268c8034f5c8564e155c67a6";

    #[test]
    fn dpkg_names_versions_by_architecture() {
        let status = "Package: a\nArchitecture: i386\nVersion: 1\n\nPackage: a\nArchitecture: amd64\nVersion: 2\n";
        let (i386, amd64) = (format!("{X}  usr/lib/i386/a"), format!("{X}  usr/lib/amd64/a"));
        let records = [
            ("var/lib/dpkg/info/a:i386.md5sums", i386.as_str()),
            ("./var/lib/dpkg/info/a:amd64.md5sums", &amd64),
            ("var/lib/dpkg/status", status),
        ];
        check(&records, "usr/lib/i386/a", "x", "the Debian package a 1 Some(true) Distribution");
        check(&records, "./usr/lib/amd64/a", "y", "the Debian package a 2 Some(false) Distribution");
        check(&records, "lib/amd64/a", "x", "nobody");
        check(&records[..1], "usr/lib/i386/a", "x", "the Debian package a Some(true) Distribution");
    }

    #[test]
    fn of_several_claims_that_of_the_distribution_counts_if_its_digest_does() {
        let sums = format!("{X}  usr/lib/python3/dist-packages/a.py");
        let record = "a.py,sha256=LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE,1\n";
        let records = [
            ("usr/lib/python3/dist-packages/a-1.dist-info/RECORD", record),
            ("var/lib/dpkg/info/python3-a.md5sums", sums.as_str()),
        ];
        check(&records, "usr/lib/python3/dist-packages/a.py", "x", "the Debian package python3-a Some(true) Distribution");
        let changed = [records[0], ("var/lib/dpkg/info/python3-a.md5sums", &sums.replace(X, &X.replace('9', "8")))];
        check(&changed, "usr/lib/python3/dist-packages/a.py", "x", "the Python package a 1 Some(true) Published");
    }

    #[test]
    fn what_a_record_says_is_bounded_wherever_it_is_cut() {
        let status = format!("Package: a\nVersion: 1\nConffiles:\n /etc/a {X}\n /etc/../b {X}\n\n").repeat(20);
        let sums = format!("{X}  usr/a\n").repeat(100);
        let installed = "P:a\nV:1\nF:usr\nR:a\nR:b\n\n".repeat(40);
        let lock = r#"{"packages":{"node_modules/a":{"version":"1","integrity":"x"},"node_modules/../b":{"integrity":"x"}}}"#;
        let long = format!("P:{}\nV:1\nR:a\n", "n".repeat(1 << 20));
        let records = [
            ("var/lib/dpkg/status", status.as_str()),
            ("var/lib/dpkg/info/a.md5sums", &sums),
            ("lib/apk/db/installed", &installed),
            ("a-1.dist-info/RECORD", "a.py,,\n\"b\",,\n"),
            ("package-lock.json", lock),
            ("lib/apk/db/installed", &long),
        ];
        for (path, bytes) in records {
            for end in (0..bytes.len().min(4_000)).chain([bytes.len()]) {
                let mut collector = Collector::new(50);
                collector.take(path.as_bytes(), &bytes.as_bytes()[..end]);
                assert!(collector.finish().len() <= 51, "{path} cut at {end}");
            }
        }
    }
}
