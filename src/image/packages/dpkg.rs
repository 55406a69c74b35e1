//! dpkg: stanzas of packages, and a list of MD5 sums for each.
//!
//! `var/lib/dpkg/status` has the stanzas, `info/NAME[:ARCH].md5sums` the files but for configuration,
//! whose sums are in the stanza. Images without dpkg itself have a file for each stanza, in `status.d`.

use super::path::labels;
use crate::blob::Sum;

/// A package as its stanza tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stanza<'a> {
    pub(super) name: &'a [u8],
    pub(super) architecture: &'a [u8],
    pub(super) version: &'a [u8],
    /// Whether it has fields that distributions do not write but the tools of others do.
    pub(super) is_foreign: bool,
    /// Configuration files, with the sum they came with.
    pub(super) conffiles: Vec<(&'a [u8], Sum)>,
}

/// Which record a path is: the length of the path before it, in names, and the name of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record<'a> {
    /// Stanzas; of a file in `status.d`, its name.
    Status(Option<&'a [u8]>),
    /// The sums of a package, which has this name in the status.
    Sums(&'a [u8]),
}

/// Tells the records of dpkg by their path; with them comes how many names of the path lie before.
pub(super) fn record<'a>(path: &[&'a [u8]]) -> Option<(usize, Record<'a>)> {
    match path {
        [base @ .., b"var", b"lib", b"dpkg", b"status"] => Some((base.len(), Record::Status(None))),
        [base @ .., b"var", b"lib", b"dpkg", b"info", file] => Some((base.len(), Record::Sums(file.strip_suffix(b".md5sums")?))),
        [base @ .., b"var", b"lib", b"dpkg", b"status.d", file] => Some(match file.strip_suffix(b".md5sums") {
            Some(name) => (base.len(), Record::Sums(name)),
            None => (base.len(), Record::Status(Some(file))),
        }),
        _ => None,
    }
}

/// The stanzas of a status, one at a time.
pub(super) fn stanzas(status: &[u8]) -> impl Iterator<Item = Stanza<'_>> {
    let mut lines = status.split(|byte| *byte == b'\n').map(trimmed);
    std::iter::from_fn(move || {
        let first = lines.by_ref().find(|line| !line.is_empty())?;
        let mut stanza = Stanza::default();
        let mut is_conffiles = false;
        for line in std::iter::once(first).chain(lines.by_ref().take_while(|line| !line.is_empty())) {
            if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
                stanza.conffiles.extend(is_conffiles.then(|| conffile(line)).flatten());
            } else {
                is_conffiles = field(&mut stanza, line);
            }
        }
        Some(stanza)
    })
}

/// Takes in one field. Whether what follows are configuration files.
fn field<'a>(stanza: &mut Stanza<'a>, line: &'a [u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', line) else { return false };
    let (name, value) = line.split_at(colon);
    let value = value.get(1..).unwrap_or_default().trim_ascii();
    match name.to_ascii_lowercase().as_slice() {
        b"package" => stanza.name = value,
        b"architecture" => stanza.architecture = value,
        b"version" => stanza.version = value,
        b"vendor" | b"license" => stanza.is_foreign = true,
        b"conffiles" => return true,
        _ => {}
    }
    false
}

/// ` /etc/adduser.conf cc34…  obsolete`
fn conffile(line: &[u8]) -> Option<(&[u8], Sum)> {
    let mut line = line.trim_ascii();
    for flag in [&b" obsolete"[..], b" remove-on-upgrade", b" obsolete"] {
        line = line.strip_suffix(flag).unwrap_or(line).trim_ascii_end();
    }
    let space = memchr::memrchr(b' ', line)?;
    let (path, sum) = line.split_at(space);
    Some((path.trim_ascii(), Sum::md5_hex(sum.trim_ascii())?))
}

/// The files of a list of sums, relative to the root.
pub(super) fn sums(list: &[u8]) -> impl Iterator<Item = (Vec<&[u8]>, Sum)> {
    list.split(|byte| *byte == b'\n').filter_map(|line| {
        let line = trimmed(line);
        let (sum, rest) = line.split_at_checked(32)?;
        // Two spaces, or a space and a star for binary files.
        let path = rest.strip_prefix(b"  ").or_else(|| rest.strip_prefix(b" *"))?;
        let path = labels(path);
        (!path.is_empty() && !path.contains(&&b".."[..])).then_some(())?;
        Some((path, Sum::md5_hex(sum)?))
    })
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Package: adduser\nStatus: install ok installed\nArchitecture: all\nVersion: 3.134\nConffiles:\n \
        /etc/adduser.conf cc3493ecd2d09837ffdcc3e25fdfff18\n /etc/a b.conf 11a06baf8245fd8d690b99024d228c1f obsolete\n \
        /etc/new.conf newconffile\nDescription: adds\n /etc/no.conf 11a06baf8245fd8d690b99024d228c1f\n\n\nPackage: x\nVendor: y\n";

    fn check(status: &[u8], expected: &[(&str, &str, usize)]) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let found: Vec<_> = stanzas(status).map(|one| (text(one.name), text(one.version), one.conffiles.len())).collect();
        let found: Vec<_> = found.iter().map(|(name, version, files)| (name.as_str(), version.as_str(), *files)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn stanzas_with_their_configuration_files() {
        check(STATUS.as_bytes(), &[("adduser", "3.134", 2), ("x", "", 0)]);
        check(STATUS.replace('\n', "\r\n").as_bytes(), &[("adduser", "3.134", 2), ("x", "", 0)]);
        check(b"", &[]);
        check(b"\n\n:\n", &[("", "", 0)]);
        let names: Vec<_> = stanzas(STATUS.as_bytes()).flat_map(|stanza| stanza.conffiles).map(|(path, _)| path).collect();
        assert_eq!(names, [&b"/etc/adduser.conf"[..], b"/etc/a b.conf"]);
        assert_eq!(stanzas(STATUS.as_bytes()).map(|stanza| stanza.is_foreign).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn sums_of_files_and_nothing_else() {
        let list = b"2ba08fece3b3434a669f3c529bbea383  usr/sbin/a b\n2ba08fece3b3434a669f3c529bbea383  ./etc//c\nzz\n\
            2ba08fece3b3434a669f3c529bbea383  ../../x\n2ba08fece3b3434a669f3c529bbea3  usr/short\n2ba08fece3b3434a669f3c529bbea38z  usr/z";
        let paths: Vec<_> = sums(list).map(|(path, _)| path.join(&b'/')).collect();
        assert_eq!(paths, [&b"usr/sbin/a b"[..], b"etc/c"]);
    }

    #[test]
    fn a_cut_anywhere_is_harmless() {
        for end in 0..STATUS.len() {
            assert!(stanzas(&STATUS.as_bytes()[..end]).count() <= 2);
        }
    }

    #[test]
    fn records_are_told_by_their_path() {
        let of = |path: &'static str| record(&labels(path.as_bytes()));
        assert_eq!(of("./var/lib/dpkg/status"), Some((0, Record::Status(None))));
        assert_eq!(of("x/root/var/lib/dpkg/info/libc6:amd64.md5sums"), Some((2, Record::Sums(b"libc6:amd64"))));
        assert_eq!(of("var/lib/dpkg/status.d/base"), Some((0, Record::Status(Some(b"base")))));
        assert_eq!(of("var/lib/dpkg/status.d/base.md5sums"), Some((0, Record::Sums(b"base"))));
        assert_eq!(of("var/lib/dpkg/info/libc6.list"), None);
        assert_eq!(of("var/lib/dpkg/status-old"), None);
    }
}
