//! What the sources must look like, read from the sources.
//!
//! Rules of a house that nobody checks are wishes. Each test here reads every file and names the line that
//! breaks a rule, so that the rule is met or changed, with a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use watertight::finding::Disposition;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The rooms of `src`, from the floor up. A room may name those of lower rows, never one of its own row or above.
///
/// `forge` makes what tests and the demonstration need and checks borrow its alphabets: it knows the digests and
/// nothing else, so it stands right above the floor and whoever needs it may have it.
const LAYERS: &[&[&str]] = &[
    &["place", "blob", "secret", "limits", "slice", "package"],
    &["finding", "forge"],
    &["image", "rules"],
    &["audit"],
    &["source", "extract", "detect", "policy", "report"],
    &["scan"],
    &["cli"],
];

/// Rooms of one row that may name each other after all, each with the reason.
const EXCEPTIONS: &[(&str, &str, &str)] =
    &[("secret", "place", "what a report shows of a secret goes through the one function that makes text safe to print")];

/// Who may look at a secret: file, and how often.
const EXPOSED: &[(&str, usize)] = &[
    // Public halves alone.
    ("src/audit/parts.rs", 1),
    ("src/detect/judge.rs", 1),
    ("src/detect/known.rs", 1),
    ("src/report/human.rs", 2),
    ("src/report/json.rs", 1),
    ("src/report/veil.rs", 1),
];

const LONGEST_FILE: usize = 600;
const LONGEST_FUNCTION: usize = 60;

/// Ends of type names that say nothing of what a type does, and names of files that take in everything.
const EMPTY_NAMES: [&str; 5] = ["Manager", "Helper", "Handler", "Processor", "Context"];
const EMPTY_FILES: [&str; 6] = ["util", "utils", "common", "misc", "helpers", "types"];

/// A file of the repository, with the path as people write it.
struct Source {
    path: String,
    text: String,
    /// The text without comments and without what is inside literals, line for line.
    code: String,
}

impl Source {
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The lines that are not of the file's own tests: those stand at its end.
    fn program(&self) -> impl Iterator<Item = (usize, &str)> {
        let marks: Vec<_> = self.lines().zip(self.lines().skip(1)).collect();
        let opens = |line: &str, next: &str| line == "#[cfg(test)]" && next.starts_with("mod tests {");
        let tests = marks.iter().find(|((_, line), (_, next))| opens(line, next)).map_or(usize::MAX, |((number, _), _)| *number);
        let tests = if self.path.ends_with("/tests.rs") { 0 } else { tests };
        self.lines().filter(move |(number, _)| *number < tests)
    }

    /// The room of `src` that it belongs to.
    fn room(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("src/")?;
        rest.split('/').next().map(|name| name.trim_end_matches(".rs"))
    }
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in folders {
        for entry in walkdir::WalkDir::new(Path::new(ROOT).join(folder)).sort_by_file_name() {
            let entry = entry.expect("a folder that can be read");
            if entry.path().extension().is_some_and(|extension| extension == "rs") {
                let path = entry.path().strip_prefix(ROOT).expect("below the root").to_str().expect("UTF-8").to_owned();
                let text = fs::read_to_string(entry.path()).expect("a source in UTF-8");
                found.push(Source { path, code: code_of(&text), text });
            }
        }
    }
    assert!(found.len() > 1, "no sources in {folders:?}");
    found
}

/// All that is ours: the program, its tests and benches, the build script.
fn all() -> Vec<Source> {
    let mut found = sources(&["src", "tests", "benches", "fuzz/fuzz_targets"]);
    let text = fs::read_to_string(Path::new(ROOT).join("build.rs")).expect("the build script");
    found.push(Source { path: "build.rs".into(), code: code_of(&text), text });
    found
}

/// Blanks comments and the inside of literals, so that a search sees code alone. Lines stay where they are.
fn code_of(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (blank, shown, length) = token(rest);
        if blank {
            out.push_str(shown);
            out.extend(rest[..length].chars().filter(|c| *c == '\n'));
        } else {
            out.push(first);
        }
        rest = &rest[length..];
    }
    out
}

/// What stands at the start of `text`: whether it is to be blanked, what is shown of it then, how long it is.
fn token(text: &str) -> (bool, &str, usize) {
    let until = |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    if text.starts_with("//") {
        return (true, "", text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (true, "", until("*/", 2));
    }
    let raw = text.trim_start_matches('b');
    if let Some(hashes) = raw.strip_prefix('r').filter(|_| text.len() - raw.len() < 2) {
        let fence = hashes.len() - hashes.trim_start_matches('#').len();
        if hashes[fence..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(fence));
            let start = text.len() - hashes.len() + fence + 1;
            return (true, "\"\"", until(&end, start));
        }
    }
    if let Some(inner) = text.strip_prefix('"') {
        let mut escaped = false;
        let end = inner.char_indices().find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        return (true, "\"\"", end.map_or(text.len(), |(at, _)| at + 2));
    }
    // A character, not a lifetime: 'x' or '\…'.
    if let Some(inner) = text.strip_prefix('\'') {
        let body = if inner.starts_with('\\') {
            inner[2..].find('\'').map(|at| at + 2)
        } else {
            inner.chars().next().map(char::len_utf8)
        };
        if let Some(body) = body.filter(|body| inner[*body..].starts_with('\'')) {
            return (true, "' '", body + 2);
        }
    }
    // A word at a time, so that the `r` or `b` at the end of one is not taken for a literal's.
    let word = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let first = text.chars().next().map_or(0, char::len_utf8);
    if word > 1 { (true, &text[..word], word) } else { (false, "", first) }
}

/// Fails with all lines that break a rule.
#[track_caller]
fn none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

fn row(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

/// The rooms that a line names by way of `crate::`.
fn named(line: &str) -> Vec<String> {
    let after = line.split("crate::").skip(1);
    after
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split(',').map(str::trim).map(str::to_owned).collect(),
            None => vec![rest.to_owned()],
        })
        .map(|name| name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

#[test]
fn rooms_name_lower_rooms_only() {
    let mut broken = Vec::new();
    for source in sources(&["src"]) {
        let Some(room) = source.room().filter(|room| !["lib", "main"].contains(room)) else { continue };
        let Some(own) = row(room) else {
            broken.push(format!("{}: the room {room} has no row in LAYERS", source.path));
            continue;
        };
        for (number, line) in source.program() {
            for name in named(line).into_iter().filter(|name| name != room) {
                let lower = row(&name).is_some_and(|row| row < own);
                let excepted = EXCEPTIONS.iter().any(|(from, to, _)| *from == room && *to == name);
                if !lower && !excepted {
                    broken.push(format!("{}:{number}: {room} names {name}: {}", source.path, line.trim()));
                }
            }
        }
    }
    none(&broken, "rooms name lower rooms, never their siblings or those above");
}

#[test]
fn the_rows_are_those_of_the_library() {
    let lib = fs::read_to_string(Path::new(ROOT).join("src/lib.rs")).expect("src/lib.rs");
    let modules: BTreeSet<_> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let rows: BTreeSet<_> = LAYERS.iter().copied().flatten().copied().collect();
    assert_eq!(modules, rows);
}

#[test]
fn files_say_what_they_are_and_stay_small() {
    let mut broken = Vec::new();
    for source in all() {
        if !source.text.starts_with("//! ") {
            broken.push(format!("{}:1: does not open with `//!`", source.path));
        }
        let length = source.text.lines().count();
        if length > LONGEST_FILE {
            broken.push(format!("{}: {length} lines", source.path));
        }
        let stem = Path::new(&source.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if EMPTY_FILES.contains(&stem) {
            broken.push(format!("{}: a file of that name takes in everything", source.path));
        }
    }
    none(&broken, "a file opens with what it is, is short, and has a name");
}

#[test]
fn functions_stay_small() {
    let mut broken = Vec::new();
    for source in all() {
        let lines: Vec<_> = source.lines().collect();
        for (index, (number, line)) in lines.iter().enumerate() {
            if !is_function(line) {
                continue;
            }
            let indent = line.len() - line.trim_start().len();
            // Formatted code closes a block at the indent of the line that opened it.
            let is_end = |line: &str| line.len() - line.trim_start().len() == indent && line.trim_end().ends_with(['}', ';']);
            let length = match is_end(line) {
                true => 1,
                false => lines[index + 1..].iter().position(|(_, line)| is_end(line)).map_or(0, |at| at + 2),
            };
            if length > LONGEST_FUNCTION {
                broken.push(format!("{}:{number}: {length} lines: {}", source.path, line.trim()));
            }
        }
    }
    none(&broken, "a function fits on a screen");
}

fn is_function(line: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("pub").map_or(line, |rest| rest.split_once(' ').map_or("", |(_, rest)| rest));
    line.trim_start_matches("const ").trim_start_matches("async ").starts_with("fn ")
}

#[test]
fn names_say_what_a_type_does() {
    let mut broken = Vec::new();
    for source in all() {
        for (number, line) in source.lines() {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
            while let Some(word) = words.next() {
                let name = if ["struct", "enum", "trait", "type", "union"].contains(&word) { words.next() } else { None };
                if name.is_some_and(|name| EMPTY_NAMES.iter().any(|end| name.ends_with(end))) {
                    broken.push(format!("{}:{number}: {}", source.path, line.trim()));
                }
            }
        }
    }
    none(&broken, "no type is a Manager, Helper, Handler, Processor or Context");
}

/// Lines of the sources that hold `needle` as a word, but for those in the files given.
fn lines_with(folders: &[&str], needle: &str, but: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources(folders).iter().filter(|source| !but.contains(&source.path.as_str())) {
        for (number, line) in source.lines() {
            let is_word = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if line.match_indices(needle).any(|(at, _)| is_word(at)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    found
}

#[test]
fn threads_are_known_in_one_place() {
    none(&lines_with(&["src"], "rayon", &["src/scan/crew.rs", "src/scan/mod.rs"]), "rayon is for src/scan/crew.rs");
    let in_scan = lines_with(&["src/scan"], "rayon", &["src/scan/crew.rs"]);
    assert!(in_scan.iter().all(|line| line.contains("rayon::ThreadPoolBuildError")), "an error type only: {in_scan:?}");
}

#[test]
fn nothing_is_printed_but_through_a_writer() {
    for needle in ["println!", "eprintln!", "print!", "eprint!", "dbg!"] {
        none(&lines_with(&["src"], needle, &[]), "output goes through a writer that may be closed, or coloured, or a file");
    }
}

/// The one kernel of SIMD instructions, which a safe twin is held equal to.
const KERNEL: &str = "src/detect/kernel.rs";

#[test]
fn nothing_is_unsafe() {
    // Counting allocations takes an allocator, and an allocator is unsafe by its signature.
    none(&lines_with(&["src", "tests", "benches"], "unsafe", &["tests/memory.rs", KERNEL]), "no unsafe code");
    none(&lines_with(&["src"], "unsafe_code", &[KERNEL]), "the lint stays on");
}

#[test]
fn secrets_are_looked_at_where_they_must_be() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for source in sources(&["src"]) {
        let count = source.program().map(|(_, line)| line.matches(".expose()").count()).sum();
        if count > 0 {
            counts.insert(source.path, count);
        }
    }
    let listed: BTreeMap<_, _> = EXPOSED.iter().map(|(path, count)| ((*path).to_owned(), *count)).collect();
    assert_eq!(counts, listed, "who looks at a secret is listed in EXPOSED, with care");
}

/// What git has, or, without git, what lies here and is not made by a build.
fn tracked() -> Vec<PathBuf> {
    let listed = std::process::Command::new("git").arg("-C").arg(ROOT).args(["ls-files", "-z"]).output();
    let from_git = listed.ok().filter(|listed| listed.status.success()).map(|listed| {
        let names = listed.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        names.map(|name| Path::new(ROOT).join(String::from_utf8_lossy(name).as_ref())).filter(|path| path.is_file()).collect()
    });
    from_git.unwrap_or_else(|| {
        let ours = |entry: &walkdir::DirEntry| ![".git", "target"].iter().any(|name| entry.file_name() == *name);
        let files = walkdir::WalkDir::new(ROOT).into_iter().filter_entry(ours).filter_map(Result::ok);
        files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
    })
}

/// Registries of packages, written so that this file does not name them.
#[test]
fn no_package_registry_is_named() {
    let hosts: Vec<String> = [
        ["registry", "npmjs.org"],
        ["registry", "yarnpkg.com"],
        ["pypi", "org"],
        ["files", "pythonhosted.org"],
        ["crates", "io"],
        ["deb", "debian.org"],
        ["archive", "ubuntu.com"],
        ["proxy", "golang.org"],
        ["rubygems", "org"],
    ]
    .iter()
    .map(|parts| parts.join("."))
    .collect();
    let mut broken = Vec::new();
    for path in tracked() {
        // The lock file is cargo's, and a rule for a registry's own tokens must name it.
        if path.ends_with("Cargo.lock") || path.starts_with(Path::new(ROOT).join("rules")) {
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned();
        for (index, line) in text.lines().enumerate() {
            if hosts.iter().any(|host| line.contains(host.as_str())) {
                broken.push(format!("{}:{}: {:.100}", path.display(), index + 1, line.trim()));
            }
        }
    }
    none(&broken, "no host of a package registry stands in the repository");
}

/// The program finds nothing in its own repository: what looks like a credential here is forged at run time.
#[test]
fn the_repository_is_watertight() {
    // What is tracked and no more: a build's output holds what tests have forged.
    let folder = tempfile::tempdir().expect("a folder");
    for path in tracked() {
        let copy = folder.path().join(path.strip_prefix(ROOT).expect("below the root"));
        fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder");
        fs::copy(&path, &copy).expect("a copy");
    }
    let answer = crate::hostile::scanned(folder.path(), &watertight::limits::Limits::default()).expect("a target");
    assert!(answer.audit.seen.files > 50, "{} files", answer.audit.seen.files);
    let mut found = String::new();
    for incident in answer.audit.incidents.iter().filter(|incident| incident.disposition == Disposition::Actionable) {
        for occurrence in &incident.occurrences {
            let (rule, finding) = (&incident.rule.id, &occurrence.finding);
            let _ = writeln!(found, "{}:{}: {rule}", finding.place.path().unwrap_or_default(), finding.line.unwrap_or(0));
        }
    }
    assert!(found.is_empty(), "use the fillers of rules/README.md:\n{found}");
}
