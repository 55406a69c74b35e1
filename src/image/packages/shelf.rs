//! Asks the records of a whole image which package a file came with.

use super::path::{is_of_distribution, key, labels};
use super::{Folder, Listed, Records, npm, python};
use crate::blob::Sums;
use crate::package::{Package, Standing};

/// The records of the layers of one image, from the base up, or those of one directory.
///
/// A file may be listed by a record of any layer: packages are upgraded, and some builders write files
/// and records to layers of their own.
#[derive(Debug)]
pub struct Shelf<'a> {
    layers: Vec<Option<&'a Records>>,
}

impl<'a> Shelf<'a> {
    /// The records of each layer, where it has any.
    pub fn new(layers: Vec<Option<&'a Records>>) -> Self {
        Self { layers }
    }

    /// Whether nothing is recorded at all.
    pub fn is_empty(&self) -> bool {
        self.layers.iter().all(Option::is_none)
    }

    /// The package of the file at `path`, as `layer` has it; `sums` are of its content, where known.
    pub fn package(&self, layer: usize, path: &[u8], sums: Option<&Sums>) -> Option<Package> {
        let names = labels(path);
        let mut found = self.by_file(layer, &names, key(&names), sums);
        if found.is_none()
            && let Some(source) = python::source_of(path)
        {
            // Made while installing, so no record has its digest.
            found = self.by_file(layer, &names, key(&labels(&source)), None);
        }
        found.or_else(|| self.by_folder(layer, &names))
    }

    /// Whether a digest of the file at `path` is recorded, so that it is worth taking.
    pub fn has_digest(&self, path: &[u8]) -> bool {
        let path = key(&labels(path));
        self.layers.iter().flatten().any(|records| records.listed(path).iter().any(|listed| listed.sum.is_some()))
    }

    fn by_file(&self, layer: usize, names: &[&[u8]], path: u64, sums: Option<&Sums>) -> Option<Package> {
        let listed = self.nearest(layer).flat_map(|(at, records)| {
            // Of two entries in one layer the later says what is there now.
            records.listed(path).iter().rev().map(move |listed| (at, records, listed))
        });
        let matches = |listed: &Listed| listed.sum.zip(sums).map(|(sum, sums)| sums.has(&sum));
        let packages = listed.filter_map(|(at, records, listed)| self.told(at, records, listed.owner, names, matches(listed)));
        // The one that has its digest; of several the distribution's. Else the one whose layer is nearest.
        packages.reduce(|best, next| {
            let rank = |package: &Package| (package.unchanged == Some(true)).then_some(package.standing);
            if rank(&next) > rank(&best) { next } else { best }
        })
    }

    /// The innermost package whose folder was fetched; but a folder that is nobody's hides those above it.
    fn by_folder(&self, layer: usize, names: &[&[u8]]) -> Option<Package> {
        for depth in npm::folders(names) {
            let path = key(names.get(..depth).unwrap_or_default());
            let known: Vec<_> = self
                .nearest(layer)
                .filter_map(|(at, records)| records.folders.get(&path).map(|folder| (at, records, folder)))
                .collect();
            let owner = |of: fn(&Folder) -> Option<u32>| {
                known.iter().find_map(|(at, records, folder)| self.told(*at, records, of(folder)?, names, None))
            };
            let is_private = known.iter().any(|(_, _, folder)| folder.is_private);
            let is_bundled = known.iter().any(|(_, _, folder)| folder.is_bundled);
            let locked = owner(|folder| folder.locked.filter(|_| !folder.is_bundled));
            match locked {
                Some(package) if !is_private => {
                    let standing = if npm::is_hidden(names) { Standing::Named } else { package.standing };
                    return Some(Package { standing, ..package });
                }
                _ if is_bundled && !is_private => {}
                _ => {
                    if let Some(package) = owner(|folder| folder.named) {
                        return Some(package);
                    }
                }
            }
        }
        None
    }

    /// The layer itself, then those above it from the nearest, then those below it.
    fn nearest(&self, layer: usize) -> impl Iterator<Item = (usize, &'a Records)> {
        let order = (layer..self.layers.len()).chain((0..layer.min(self.layers.len())).rev());
        order.filter_map(|at| self.layers.get(at).copied().flatten().map(|records| (at, records)))
    }

    fn told(&self, layer: usize, records: &Records, owner: u32, names: &[&[u8]], unchanged: Option<bool>) -> Option<Package> {
        let owner = records.owners.get(owner as usize)?;
        let mut standing = owner.standing;
        let mut version = owner.version.to_string();
        if let Some(key) = &owner.stanza {
            // The same step of a build writes the status and the sums.
            let stanza = self.nearest(layer).find_map(|(_, records)| records.stanzas.get(key));
            standing = if stanza.is_some_and(|stanza| stanza.is_foreign) { Standing::Published } else { standing };
            version = stanza.map(|stanza| stanza.version.to_string()).unwrap_or_default();
        }
        if standing == Standing::Distribution && !is_of_distribution(names.get(usize::from(owner.base)..).unwrap_or_default()) {
            standing = Standing::Published;
        }
        Some(Package { manager: owner.manager, name: owner.name.to_string(), version, unchanged, standing })
    }
}
