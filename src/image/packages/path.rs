//! Paths in records and in layers, made comparable. All of them are labels: nothing is ever opened by them.

use std::hash::Hasher as _;

/// The names along a path. `.` and empty ones say nothing.
pub(super) fn labels(path: &[u8]) -> Vec<&[u8]> {
    path.split(|byte| *byte == b'/').filter(|label| !label.is_empty() && *label != b".").collect()
}

/// A short name for a path. A clash of two would name a wrong package for a file that has the right
/// digest, or lies in a folder of that package.
pub(super) fn key(labels: &[&[u8]]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    for label in labels {
        hasher.write(label);
        hasher.write_u8(b'/');
    }
    hasher.finish()
}

/// How far a record may point out of its own folder: `../../../bin/x` from `lib/python3/site-packages`.
const CLIMB: usize = 3;

/// A path that is relative to `base`. `None` if it is absolute, climbs too far or climbs again after going down.
pub(super) fn below<'a>(base: &[&'a [u8]], path: &'a [u8]) -> Option<Vec<&'a [u8]>> {
    if path.first() == Some(&b'/') {
        return None;
    }
    let labels = labels(path);
    let climbs = labels.iter().take_while(|label| **label == b"..").count();
    let (_, down) = labels.split_at_checked(climbs)?;
    if climbs > CLIMB || down.is_empty() || down.contains(&&b".."[..]) {
        return None;
    }
    let mut joined = base.get(..base.len().checked_sub(climbs)?)?.to_vec();
    joined.extend_from_slice(down);
    Some(joined)
}

/// Folders that merged systems keep below `usr`, and that their packages may still list at the root.
const MERGED: &[&[u8]] = &[b"bin", b"sbin", b"lib", b"lib32", b"lib64", b"libx32"];

/// The other path of a file on a system where `/lib` is a link to `/usr/lib`.
pub(super) fn merged<'a>(labels: &[&'a [u8]]) -> Option<Vec<&'a [u8]>> {
    let first = labels.first().filter(|first| MERGED.contains(first))?;
    Some([&[&b"usr"[..], first], labels.get(1..).unwrap_or_default()].concat())
}

/// Whether a distribution's own packages put files there. `opt`, `srv`, `usr/local` and homes they
/// leave to others, by the Filesystem Hierarchy Standard.
pub(super) fn is_of_distribution(labels: &[&[u8]]) -> bool {
    match labels {
        [b"usr", second, ..] => *second != b"local",
        [b"etc" | b"var" | b"boot", ..] => true,
        [first, ..] => MERGED.contains(first),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<&str>) {
        let base: [&[u8]; 3] = [b"usr", b"lib", b"python3"];
        let joined = below(&base, path.as_bytes()).map(|labels| String::from_utf8(labels.join(&b'/')).unwrap());
        assert_eq!(joined.as_deref(), expected, "{path}");
    }

    #[test]
    fn records_point_a_little_way_out_of_their_folder() {
        check("a/./b.py", Some("usr/lib/python3/a/b.py"));
        check("../../bin/x", Some("usr/bin/x"));
        check("../../../x", Some("x"));
        check("../../../../x", None);
        check("a/../../x", None);
        check("/etc/shadow", None);
        check("..", None);
        check("", None);
    }

    #[test]
    fn a_file_of_a_merged_system_has_two_paths() {
        let joined = |path: &str| merged(&labels(path.as_bytes())).map(|labels| String::from_utf8(labels.join(&b'/')).unwrap());
        assert_eq!(joined("/lib/x/libc.so").as_deref(), Some("usr/lib/x/libc.so"));
        assert_eq!(joined("etc/passwd"), None);
        assert_eq!(joined(""), None);
    }
}
