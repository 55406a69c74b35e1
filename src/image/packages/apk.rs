//! apk: one file has all packages, with a SHA-1 for each of their files.
//!
//! A line is a letter, a colon and a value; an empty line ends a package. `F:` names a folder, `R:` a
//! file in it, and `Z:` the checksum of that file: `Q1` and the base64 of a SHA-1.

use super::path::labels;
use crate::blob::Sum;

/// A package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Installed<'a> {
    pub(super) name: &'a [u8],
    pub(super) version: &'a [u8],
    /// By folder and name; without a checksum, nothing tells whether the file was changed.
    pub(super) files: Vec<(&'a [u8], &'a [u8], Option<Sum>)>,
}

/// Tells the record of apk by its path; how many names of the path lie before it.
pub(super) fn record(path: &[&[u8]]) -> Option<usize> {
    match path {
        [base @ .., b"usr", b"lib", b"apk", b"db", b"installed"] | [base @ .., b"lib", b"apk", b"db", b"installed"] => {
            Some(base.len())
        }
        _ => None,
    }
}

/// The packages, one at a time.
pub(super) fn installed(record: &[u8]) -> impl Iterator<Item = Installed<'_>> {
    let mut lines = record.split(|byte| *byte == b'\n');
    std::iter::from_fn(move || {
        let first = lines.by_ref().find(|line| !line.is_empty())?;
        let mut package = Installed::default();
        let mut folder = &b""[..];
        for line in std::iter::once(first).chain(lines.by_ref().take_while(|line| !line.is_empty())) {
            match line {
                [b'P', b':', name @ ..] => package.name = name,
                [b'V', b':', version @ ..] => package.version = version,
                [b'F', b':', path @ ..] => folder = path,
                [b'R', b':', file @ ..] => package.files.push((folder, file, None)),
                [b'Z', b':', sum @ ..] => {
                    if let Some((_, _, known)) = package.files.last_mut() {
                        *known = checksum(sum);
                    }
                }
                _ => {}
            }
        }
        Some(package)
    })
}

/// The path of a file. `None` if it climbs, or is no file name.
pub(super) fn path<'a>(folder: &'a [u8], file: &'a [u8]) -> Option<Vec<&'a [u8]>> {
    let mut path = labels(folder);
    path.push(file);
    let is_plain = !file.is_empty() && file != b"." && !file.contains(&b'/') && !path.contains(&&b".."[..]);
    is_plain.then_some(path)
}

fn checksum(text: &[u8]) -> Option<Sum> {
    let sum = data_encoding::BASE64.decode(text.strip_prefix(b"Q1").filter(|text| text.len() == 28)?).ok()?;
    Some(Sum::Sha1(sum.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = "C:Q1x=\nP:musl\nV:1.2.4-r2\nA:x86_64\nF:lib\nR:ld-musl.so\na:0:0:755\nZ:Q12adYbaQU7tjFHbCd0wJAtTbTYSY=\n\
        R:none\nF:\nR:top\n\nP:y\nR:../z\nZ:Q1short\n";

    fn check(record: &[u8], expected: &str) {
        let mut told = String::new();
        for package in installed(record) {
            told += &format!("{} {}", String::from_utf8_lossy(package.name), String::from_utf8_lossy(package.version));
            for (folder, file, sum) in package.files {
                let path = path(folder, file).map(|path| String::from_utf8_lossy(&path.join(&b'/')).into_owned());
                told += &format!(" {}={}", path.as_deref().unwrap_or("-"), u8::from(sum.is_some()));
            }
            told += ";";
        }
        assert_eq!(told, expected);
    }

    #[test]
    fn packages_with_their_files() {
        check(RECORD.as_bytes(), "musl 1.2.4-r2 lib/ld-musl.so=1 lib/none=0 top=0;y  -=0;");
        check(b"", "");
        check(b"Z:Q12adYbaQU7tjFHbCd0wJAtTbTYSY=\nR:a", "  a=0;");
    }

    #[test]
    fn a_cut_anywhere_is_harmless() {
        for end in 0..RECORD.len() {
            assert!(installed(&RECORD.as_bytes()[..end]).count() <= 2);
        }
    }

    #[test]
    fn the_record_is_told_by_its_path() {
        let of = |path: &str| record(&labels(path.as_bytes()));
        assert_eq!(of("lib/apk/db/installed"), Some(0));
        assert_eq!(of("a/usr/lib/apk/db/installed"), Some(1));
        assert_eq!(of("lib/apk/db/scripts.tar"), None);
    }
}
