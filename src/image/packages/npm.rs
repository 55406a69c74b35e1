//! npm: packages are folders below `node_modules`; a lock file says which of them were fetched and proved.
//!
//! A lock has no digests of single files, so of a file below such a folder it is known who put the
//! folder there, and not whether the file was changed since.

use super::path::labels;
use crate::image::json::Json;

/// Which record a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// Names folders relative to the folder at this many names of the path.
    Lock(usize),
    /// Of the package whose folder has this many names.
    Manifest(usize),
}

/// Tells the records of npm by their path.
pub(super) fn record(path: &[&[u8]]) -> Option<Record> {
    match path {
        [base @ .., b"node_modules", b".package-lock.json"] | [base @ .., b"package-lock.json" | b"npm-shrinkwrap.json"] => {
            Some(Record::Lock(base.len()))
        }
        [folder @ .., b"package.json"] => (folders(folder).next()? == folder.len()).then_some(Record::Manifest(folder.len())),
        _ => None,
    }
}

/// The folders of packages along a path, innermost first, each as a number of names.
pub(super) fn folders(path: &[&[u8]]) -> impl Iterator<Item = usize> {
    (0..path.len()).rev().filter(|at| path.get(*at) == Some(&&b"node_modules"[..])).filter_map(|at| {
        let is_scoped = path.get(at + 1)?.starts_with(b"@");
        let end = at + 2 + usize::from(is_scoped);
        (end <= path.len()).then_some(end)
    })
}

/// What a lock says of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Locked {
    /// Relative to the folder of the lock.
    pub(super) folder: String,
    pub(super) name: String,
    pub(super) version: String,
    /// Whether it came inside the package in whose folder it lies.
    pub(super) is_bundled: bool,
}

/// The folders that were fetched and proved. Links, local folders and repositories are left out.
pub(super) fn locked(lock: &[u8]) -> Vec<Locked> {
    let Ok(lock) = Json::parse(lock) else { return Vec::new() };
    let mut found = Vec::new();
    match lock.get("packages") {
        Some(packages) => {
            found.extend(packages.members().iter().filter_map(|(folder, entry)| fetched(folder.clone(), entry)));
        }
        // Version 1: a tree of names.
        None => nested("", &lock, &mut found),
    }
    found
}

fn nested(above: &str, entry: &Json, found: &mut Vec<Locked>) {
    // `Json` is no deeper than its reader allows, which also bounds the names that are joined.
    for (name, entry) in entry.get("dependencies").map(Json::members).unwrap_or_default() {
        let folder = format!("{above}node_modules/{name}");
        if folder.len() > LONGEST {
            continue;
        }
        nested(&format!("{folder}/"), entry, found);
        found.extend(fetched(folder, entry));
    }
}

/// Paths longer than this no file system takes.
const LONGEST: usize = 4096;

fn fetched(folder: String, entry: &Json) -> Option<Locked> {
    let yes = |key| entry.get(key) == Some(&Json::Bool(true));
    let text = |key| entry.get(key).and_then(Json::text).unwrap_or_default();
    let own_name = folder.rsplit_once("node_modules/")?.1;
    let is_bundled = yes("inBundle") || yes("bundled");
    let is_local = yes("link") || ["file:", "git", "link:"].iter().any(|scheme| text("resolved").starts_with(scheme));
    if is_local || text("license") == UNPUBLISHED || (text("integrity").is_empty() && !is_bundled) {
        return None;
    }
    let name = if text("name").is_empty() { own_name } else { text("name") }.to_owned();
    Some(Locked { name, version: text("version").to_owned(), is_bundled, folder })
}

/// What the documentation of `package.json` has people write who publish to nobody.
const UNPUBLISHED: &str = "UNLICENSED";

/// What a package says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) version: String,
    /// Whether it is not meant for others.
    pub(super) is_private: bool,
}

/// Reads a `package.json`.
pub(super) fn manifest(bytes: &[u8]) -> Option<Manifest> {
    let json = Json::parse(bytes).ok()?;
    let text = |key| json.get(key).and_then(Json::text).unwrap_or_default();
    let is_private = json.get("private") == Some(&Json::Bool(true)) || text("license") == UNPUBLISHED;
    Some(Manifest { name: text("name").to_owned(), version: text("version").to_owned(), is_private })
}

/// Whether a file may be one that somebody put into the folder of a package afterwards: settings of a person
/// or of a place, which are not published.
pub(super) fn is_hidden(path: &[&[u8]]) -> bool {
    path.last().is_some_and(|name| name.starts_with(b"."))
}

/// The names along the folder of a [`Locked`]. `None` if it climbs.
pub(super) fn names(folder: &str) -> Option<Vec<&[u8]>> {
    let names = labels(folder.as_bytes());
    (!names.contains(&&b".."[..])).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lock: &str, expected: &[&str]) {
        let told =
            |one: Locked| format!("{} {} {}{}", one.folder, one.name, one.version, if one.is_bundled { " in" } else { "" });
        assert_eq!(locked(lock.as_bytes()).into_iter().map(told).collect::<Vec<_>>(), expected, "{lock}");
    }

    #[test]
    fn folders_that_were_fetched() {
        check(
            r#"{"packages":{"":{"name":"app"},"node_modules/a":{"version":"1","integrity":"sha512-x"},
                "node_modules/a/node_modules/@s/b":{"version":"2","integrity":"x","name":"@s/c"},
                "node_modules/ours":{"link":true,"resolved":"libs/ours","integrity":"x"},"libs/ours":{"version":"1","integrity":"x"},
                "node_modules/file":{"version":"1","resolved":"file:x.tgz","integrity":"x"},
                "node_modules/none":{"version":"1"},"node_modules/in":{"version":"3","inBundle":true},
                "node_modules/private":{"integrity":"x","license":"UNLICENSED"}}}"#,
            &["node_modules/a a 1", "node_modules/a/node_modules/@s/b @s/c 2", "node_modules/in in 3 in"],
        );
        check(
            r#"{"lockfileVersion":1,"dependencies":{"a":{"version":"1","integrity":"x","dependencies":{"b":{"version":"2","integrity":"y"}}}}}"#,
            &["node_modules/a/node_modules/b b 2", "node_modules/a a 1"],
        );
        for lock in ["", "[]", "{\"packages\":[]}", "{\"packages\":{\"node_modules/a\":1}}", "{\"dependencies\":{\"a\":null}}"] {
            check(lock, &[]);
        }
    }

    #[test]
    fn a_deep_and_wide_tree_of_names_stays_small() {
        let deep = format!(
            "{}{}",
            format!("{{\"dependencies\":{{\"{}\":", "n".repeat(2_000)).repeat(60),
            "1".to_owned() + &"}}".repeat(60)
        );
        assert!(locked(deep.as_bytes()).is_empty());
    }

    #[test]
    fn records_are_told_by_their_path() {
        let of = |path: &str| record(&labels(path.as_bytes()));
        assert_eq!(of("app/node_modules/.package-lock.json"), Some(Record::Lock(1)));
        assert_eq!(of("package-lock.json"), Some(Record::Lock(0)));
        assert_eq!(of("node_modules/a/package.json"), Some(Record::Manifest(2)));
        assert_eq!(of("x/node_modules/@s/a/package.json"), Some(Record::Manifest(4)));
        assert_eq!(of("node_modules/a/dist/package.json"), None);
        assert_eq!(of("node_modules/@s/package.json"), None);
        assert_eq!(of("package.json"), None);
    }
}
