//! rpm: a database of headers, one for each package, with the digests of its files.
//!
//! A header is a count of entries, a count of bytes, the entries (tag, type, offset, count) and the bytes they point
//! into. Tags: <https://rpm-software-management.github.io/rpm/manual/tags.html>.

use crate::blob::Sum;

/// A package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Installed<'a> {
    pub(super) name: &'a [u8],
    /// `version-release`, with the epoch before it if there is one.
    pub(super) version: Vec<u8>,
    pub(super) vendor: &'a [u8],
    /// Paths from the root, with the digest that the package brought them with.
    pub(super) files: Vec<(Vec<u8>, Option<Sum>)>,
}

/// How a database is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    Sqlite,
    /// rpm's own, of openSUSE.
    Ndb,
    /// A hash of Berkeley DB, as all had it before.
    Bdb,
}

/// Tells the database of rpm by its path; how many names of the path lie before it.
pub(super) fn record(path: &[&[u8]]) -> Option<(usize, Store)> {
    let (base, name) = match path {
        [base @ .., b"var", b"lib", b"rpm", name] => (base, *name),
        [base @ .., b"usr", b"lib", b"sysimage", b"rpm", name] | [base @ .., b"usr", b"share", b"rpm", name] => (base, *name),
        _ => return None,
    };
    let store = match name {
        b"rpmdb.sqlite" => Store::Sqlite,
        b"Packages.db" => Store::Ndb,
        b"Packages" => Store::Bdb,
        _ => return None,
    };
    Some((base.len(), store))
}

/// Beginnings of the vendors that distributions name in their packages.
const VENDORS: &[&[u8]] = &[
    b"Red Hat",
    b"Fedora Project",
    b"CentOS",
    b"Rocky",
    b"AlmaLinux",
    b"Oracle America",
    b"SUSE",
    b"openSUSE",
    b"Amazon",
    b"Microsoft Corporation",
    b"VMware",
    b"openEuler",
    b"Mageia",
    b"openmandriva",
    b"ALT Linux",
    b"Scientific Linux",
];

/// Whether a package is of a distribution, by who made it.
pub(super) fn is_of_distribution(vendor: &[u8]) -> bool {
    VENDORS.iter().any(|known| vendor.starts_with(known))
}

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const VENDOR: u32 = 1011;
const DIGESTS: u32 = 1035;
const DIR_INDEXES: u32 = 1116;
const BASENAMES: u32 = 1117;
const DIRNAMES: u32 = 1118;

/// Entries of a header; rpm's own limit.
const ENTRIES: usize = 0xffff;

/// A header in memory.
struct Header<'a> {
    entries: &'a [u8],
    bytes: &'a [u8],
}

impl<'a> Header<'a> {
    fn of(blob: &'a [u8]) -> Option<Self> {
        let (count, length) = (number(blob, 0)? as usize, number(blob, 4)? as usize);
        let end = 8 + count.checked_mul(16)?;
        let is_plausible = (1..=ENTRIES).contains(&count);
        let (entries, bytes) = (blob.get(8..end)?, blob.get(end..end.checked_add(length)?)?);
        is_plausible.then_some(Self { entries, bytes })
    }

    /// The bytes from where the value of a tag begins, and how many items it has.
    fn value(&self, tag: u32) -> Option<(&'a [u8], usize)> {
        let entry = self.entries.chunks_exact(16).find(|entry| number(entry, 0) == Some(tag))?;
        Some((self.bytes.get(number(entry, 8)? as usize..)?, number(entry, 12)? as usize))
    }

    fn texts(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> + 'a {
        let (bytes, count) = self.value(tag).unwrap_or_default();
        let count = count.min(bytes.len());
        bytes.split(|byte| *byte == 0).take(count)
    }

    fn text(&self, tag: u32) -> &'a [u8] {
        self.texts(tag).next().unwrap_or_default()
    }

    fn numbers(&self, tag: u32) -> impl Iterator<Item = u32> + 'a {
        let (bytes, count) = self.value(tag).unwrap_or_default();
        bytes.as_chunks().0.iter().take(count).map(|four| u32::from_be_bytes(*four))
    }
}

/// The package that a header describes. `None` for bytes that are none.
pub(super) fn installed(blob: &[u8]) -> Option<Installed<'_>> {
    let header = Header::of(blob)?;
    let name = header.text(NAME);
    let epoch = header.numbers(EPOCH).next().map(|epoch| format!("{epoch}:")).unwrap_or_default();
    let version = [epoch.as_bytes(), header.text(VERSION), b"-", header.text(RELEASE)].concat();
    let folders: Vec<_> = header.texts(DIRNAMES).collect();
    let mut digests = header.texts(DIGESTS);
    let mut files = Vec::new();
    for (base, folder) in header.texts(BASENAMES).zip(header.numbers(DIR_INDEXES)) {
        let sum = digests.next().and_then(sum);
        let Some(folder) = folders.get(folder as usize) else { continue };
        files.push(([folder, base].concat(), sum));
    }
    (!name.is_empty()).then(|| Installed { name, version, vendor: header.text(VENDOR), files })
}

/// A digest in hex. Which one it is, its length tells; a directory has none.
fn sum(hex: &[u8]) -> Option<Sum> {
    let bytes = data_encoding::HEXLOWER.decode(hex).ok()?;
    match bytes.len() {
        16 => Some(Sum::Md5(bytes.try_into().ok()?)),
        20 => Some(Sum::Sha1(bytes.try_into().ok()?)),
        32 => Some(Sum::Sha256(bytes.try_into().ok()?)),
        _ => None,
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(tags: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let (mut entries, mut bytes) = (Vec::new(), Vec::new());
        for (tag, kind, count, value) in tags {
            entries.extend([*tag, *kind, bytes.len() as u32, *count].iter().flat_map(|number| number.to_be_bytes()));
            bytes.extend_from_slice(value);
        }
        [&(tags.len() as u32).to_be_bytes()[..], &(bytes.len() as u32).to_be_bytes(), &entries, &bytes].concat()
    }

    fn sample() -> Vec<u8> {
        header(&[
            (NAME, 6, 1, b"bash\0"),
            (VERSION, 6, 1, b"5.2\0"),
            (RELEASE, 6, 1, b"3.fc40\0"),
            (EPOCH, 4, 1, &1u32.to_be_bytes()),
            (VENDOR, 6, 1, b"Fedora Project\0"),
            (DIGESTS, 8, 2, b"9dd4e461268c8034f5c8564e155c67a6\0\0"),
            (DIR_INDEXES, 4, 2, &[0, 0, 0, 0, 0, 0, 0, 1]),
            (BASENAMES, 8, 2, b"bashrc\0bash\0"),
            (DIRNAMES, 8, 2, b"/etc/\0/usr/bin/\0"),
        ])
    }

    #[test]
    fn a_header_names_its_package_and_its_files() {
        let bytes = sample();
        let found = installed(&bytes).unwrap();
        assert_eq!((found.name, &found.version[..], found.vendor), (&b"bash"[..], &b"1:5.2-3.fc40"[..], &b"Fedora Project"[..]));
        let files: Vec<_> = found.files.iter().map(|(path, sum)| (&path[..], sum.is_some())).collect();
        assert_eq!(files, [(&b"/etc/bashrc"[..], true), (b"/usr/bin/bash", false)]);
        assert!(is_of_distribution(found.vendor) && !is_of_distribution(b"Example") && !is_of_distribution(b""));
    }

    #[test]
    fn a_cut_or_a_lie_is_harmless() {
        let bytes = sample();
        for end in 0..bytes.len() {
            assert_eq!(installed(&bytes[..end]), None, "cut at {end}");
        }
        for at in 0..bytes.len() - 4 {
            let mut lying = bytes.clone();
            lying[at..at + 4].fill(0xff);
            assert!(installed(&lying).is_none_or(|found| found.files.len() <= bytes.len()), "at {at}");
        }
    }

    #[test]
    fn the_database_is_told_by_its_path() {
        let of = |path: &str| record(&super::super::path::labels(path.as_bytes()));
        assert_eq!(of("var/lib/rpm/rpmdb.sqlite"), Some((0, Store::Sqlite)));
        assert_eq!(of("a/usr/lib/sysimage/rpm/Packages.db"), Some((1, Store::Ndb)));
        assert_eq!(of("var/lib/rpm/Packages"), Some((0, Store::Bdb)));
        assert_eq!(of("var/lib/rpm/Index.db"), None);
        assert_eq!(of("rpm/Packages"), None);
    }
}
