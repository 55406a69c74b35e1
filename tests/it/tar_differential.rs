//! Our tar walker against Python's `tarfile` and GNU tar, on archives that no program writes.
//!
//! Two readers that disagree on an archive are a place to hide a file. So whatever either of the two sees, ours must
//! see as well, or say in a gap that it did not. It may see more: it goes on behind damage and behind the end.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::process::Command;
use watertight::extract::{self, Input, MemberKind, Sink, Stop, Text};
use watertight::finding::GapReason;

/// At least this many archives are tried.
const CASES: usize = 80;

/// Cases in which a reader, in some version of it, sees something that ours does not, and a gap says so. No other case
/// may hide behind a gap.
const EXCUSED: &[(&str, &str)] = &[
    ("pax-records-past-a-megabyte", "the name is not kept; the body is seen under the name of the header"),
    ("size-base-256-negative", "tarfile sees an empty file"),
];

/// A member as a reader sees it.
#[derive(Debug, PartialEq)]
struct Member {
    name: Vec<u8>,
    kind: String,
    /// Of a file's body.
    sha256: Option<String>,
    /// Of the same body with its holes left out.
    also: Vec<String>,
}

#[test]
fn odd_archives_hold_for_us_what_they_hold_for_other_readers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/odd_tars.py");
    let python = Command::new("python3").arg(script).arg(folder.path()).output();
    let python = python.expect("python3 is missing; this test compares with its tarfile: apt-get install python3 tar");
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    let readings: BTreeMap<String, Value> = serde_json::from_slice(&python.stdout).expect("what the script prints");
    assert!(readings.len() >= CASES, "{} cases", readings.len());
    let mut wrong = Vec::new();
    for (name, reading) in &readings {
        let bytes = fs::read(folder.path().join(format!("{name}.tar"))).expect("the archive");
        let (ours, gaps) = ours(&bytes);
        let [python, gnu] = ["tarfile", "gnu"].map(|reader| members(&reading[reader]["members"]));
        let excused = EXCUSED.iter().any(|(case, _)| case == name);
        match lost(&ours, &python, &gnu) {
            None => {}
            Some(_) if excused && !gaps.is_empty() => {}
            Some(lost) => wrong.push(format!("{name}: {lost}\n  ours {}\n  gaps {gaps:?}", told(&ours))),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What ours lacks: nothing, if each member of both readings is there; or, where the readings disagree on names and
/// kinds, all of one reading and at least the bodies of the other.
fn lost(ours: &[Member], python: &[Member], gnu: &[Member]) -> Option<String> {
    let has_body = |digest: &str| ours.iter().any(|member| member.sha256.as_deref() == Some(digest));
    let missing = |reading: &[Member], other: &[Member]| {
        let missed = reading.iter().filter(|member| !is_seen(member, ours, other));
        missed.map(|member| (told(std::slice::from_ref(member)), member.sha256.clone())).collect::<Vec<_>>()
    };
    let (from_python, from_gnu) = (missing(python, gnu), missing(gnu, python));
    let no_body_lost = from_python.iter().chain(&from_gnu).all(|(_, digest)| digest.as_deref().is_none_or(has_body));
    if no_body_lost && (from_python.is_empty() || from_gnu.is_empty()) {
        return None;
    }
    Some(format!("not seen\n  of tarfile's {from_python:?}\n  of GNU tar's {from_gnu:?}"))
}

/// Whether `ours` has `member`. Where the other reading has one of the same name, its kind and body will do: readers
/// differ on what the body of a sparse file is, and on what a name with a slash at its end is.
fn is_seen(member: &Member, ours: &[Member], other: &[Member]) -> bool {
    let like = |twin: &Member, mine: &Member| {
        let packed = || mine.sha256.as_ref().is_some_and(|digest| twin.also.contains(digest));
        twin.kind == mine.kind && (twin.sha256.is_none() || twin.sha256 == mine.sha256 || packed())
    };
    ours.iter()
        .filter(|mine| mine.name == member.name)
        .any(|mine| like(member, mine) || other.iter().filter(|twin| twin.name == member.name).any(|twin| like(twin, mine)))
}

/// What our walker sees, and the gaps it reports. The one place that knows how it is called.
fn ours(bytes: &[u8]) -> (Vec<Member>, Vec<String>) {
    let mut seen = Seen::default();
    let tar = extract::named("tar").expect("the tar extractor");
    if let Err(halt) = tar.extract(&mut Input::memory(bytes), &mut seen) {
        seen.gaps.push(format!("{halt:?}"));
    }
    (seen.members, seen.gaps)
}

#[derive(Default)]
struct Seen {
    members: Vec<Member>,
    gaps: Vec<String>,
}

impl Sink for Seen {
    fn member(&mut self, member: &extract::Member<'_>, body: &mut dyn Read) -> Result<(), Stop> {
        let kind = match member.kind {
            MemberKind::File => "file",
            MemberKind::Directory => "directory",
            MemberKind::HardLink => "hardlink",
            MemberKind::Symlink => "symlink",
            MemberKind::Special => "special",
            MemberKind::Numbers => "numbers",
        };
        // A body that ends early is the walker's to report; the digest is that of what came.
        let mut bytes = Vec::new();
        let _ = body.read_to_end(&mut bytes);
        let sha256 = (member.kind == MemberKind::File).then(|| data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)));
        self.members.push(Member { name: plain(member.name), kind: kind.to_owned(), sha256, also: Vec::new() });
        Ok(())
    }

    fn raw(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        let _ = std::io::copy(body, &mut std::io::sink());
        Ok(())
    }

    fn numbers(&mut self, _: &mut dyn Read) -> Result<(), Stop> {
        Ok(())
    }

    fn text(&mut self, _: &Text<'_>) -> Result<(), Stop> {
        Ok(())
    }

    fn gap(&mut self, reason: GapReason, detail: String, _bytes: Option<u64>) {
        self.gaps.push(format!("{}: {detail}", reason.as_str()));
    }
}

/// The members of one reading of the script.
fn members(list: &Value) -> Vec<Member> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let member = |member: &Value| {
        let name = data_encoding::HEXLOWER.decode(member["name"].as_str()?.as_bytes()).ok()?;
        let also = member["also"].as_array()?.iter().filter_map(text).collect();
        Some(Member { name: plain(&name), kind: text(&member["kind"])?, sha256: text(&member["sha256"]), also })
    };
    list.as_array().expect("members").iter().map(|one| member(one).expect("a member")).collect()
}

/// A name without what readers add or drop: `./` before it, `/` on either side.
fn plain(name: &[u8]) -> Vec<u8> {
    let mut name = name;
    while let Some(rest) = name.strip_prefix(b"./").or_else(|| name.strip_prefix(b"/")).or_else(|| name.strip_suffix(b"/")) {
        name = rest;
    }
    if name == b"." { Vec::new() } else { name.to_vec() }
}

fn told(members: &[Member]) -> String {
    let one = |member: &Member| {
        let name: String = String::from_utf8_lossy(&member.name).chars().take(40).flat_map(char::escape_debug).collect();
        format!("{name} ({} {})", member.kind, member.sha256.as_deref().map_or("-", |digest| &digest[..8]))
    };
    members.iter().take(8).map(one).collect::<Vec<_>>().join(", ")
}
