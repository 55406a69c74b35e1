//! Repositories made by git itself. The secret stands in one commit, or in none; the files that are there have it no more.

use super::programs::run;
use crate::hostile::{samples::token, scanned};
use std::path::Path;
use watertight::audit::Audit;
use watertight::finding::Finding;
use watertight::limits::Limits;

/// A repository whose second commit brings a token that the third takes away.
const START: &str = "
export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b.example
export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b.example GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
commit() { git add -A && GIT_COMMITTER_DATE=\"$((1700000000 + $1)) +0000\" git commit -q --allow-empty -m \"number $1\"; }
git config --global init.defaultBranch main
git init -q FORMAT r && cd r
seq 1 400 > lines; mkdir config; commit 1
";
const SECRET: &str = "
(seq 1 200; cat ../token; seq 201 400) > config/prod.env; commit 2
git rev-parse HEAD > ../commit
rm config/prod.env; commit 3; seq 2 401 > lines; commit 4
";

struct Made {
    folder: tempfile::TempDir,
}

/// Runs these lines in a new folder, behind the start.
fn made(format: &str, lines: &[&str]) -> Made {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("token"), token(6)).expect("a new file");
    let script = format!("set -e\n{}{}", START.replace("FORMAT", format), lines.join("\n"));
    run("git", folder.path(), &["--version"]);
    run("sh", folder.path(), &["-c", &script]);
    std::fs::remove_file(folder.path().join("token")).expect("it is there");
    Made { folder }
}

impl Made {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn commit(&self) -> String {
        std::fs::read_to_string(self.path().join("commit")).expect("a commit").trim().to_owned()
    }

    fn scan(&self, target: &str) -> Audit {
        scanned(&self.path().join(target), &Limits::default()).expect("a target").audit
    }

    /// Expects the token where `place` says, brought by the commit, and no gap.
    #[track_caller]
    fn check(&self, target: &str, place: &str) {
        let audit = self.scan(target);
        assert!(audit.gaps.is_empty(), "{target}: {:#?}", audit.gaps);
        let found = tokens(&audit);
        assert!(!found.is_empty(), "{target}: nothing found");
        for finding in found {
            let version = finding.version.as_ref().unwrap_or_else(|| panic!("{target}: no version at {}", finding.place));
            let commit = version.commit.as_ref().map(|commit| commit.id.clone());
            assert_eq!(commit, Some(self.commit()), "{target}: {}", finding.place);
            assert_eq!(version.path.as_deref(), Some(&b"config/prod.env"[..]), "{target}: {}", finding.place);
            assert!(finding.place.to_string().contains(place), "{target}: {}", finding.place);
            assert_eq!(finding.place.name(), b"config/prod.env", "{target}");
            assert_eq!(finding.line, Some(201), "{target}");
        }
    }
}

fn tokens(audit: &Audit) -> Vec<&Finding> {
    let found = audit.incidents.iter().filter(|incident| !incident.secret.is_empty());
    found.flat_map(|incident| &incident.occurrences).map(|occurrence| &occurrence.finding).collect()
}

#[test]
fn loose_and_packed() {
    made("", &[SECRET]).check("r", ".git/objects/");
    for how in [
        "gc -q",
        "gc -q --aggressive --prune=now",
        "repack -q -a -d --depth=4000 --window=4000",
        "repack -q -d --no-write-bitmap-index",
    ] {
        made("", &[SECRET, &format!("git {how}")]).check("r", ".git/objects/pack/pack-");
    }
    let cruft = "git reset -q --hard HEAD~3; git reflog expire --expire=now --all; git gc -q --cruft --prune=never";
    made("", &[SECRET, cruft]).check("r", ".git/objects/pack/pack-");
}

#[test]
fn what_no_branch_reaches() {
    let amended = "(seq 1 200; cat ../token; seq 201 400) > config/prod.env; commit 2; git rev-parse HEAD > ../commit; rm -r config; git add -A; git commit -q --amend --allow-empty -m amended; git reflog expire --expire=now --all";
    made("", &[amended]).check("r", ".git/objects/");
    let stash =
        "(seq 1 200; cat ../token; seq 201 400) > config/prod.env; git add -A; git stash -q; git rev-parse stash^2 > ../commit";
    made("", &[stash]).check("r", ".git/objects/");
}

#[test]
fn other_forms_of_a_repository() {
    made("--object-format=sha256", &[SECRET]).check("r", ".git/objects/");
    made("--object-format=sha256", &[SECRET, "git gc -q"]).check("r", "pack-");
    made("", &[SECRET, "cd ..; git clone -q --bare r bare"]).check("bare", "objects/");
    made("", &[SECRET, "git worktree add -q ../w HEAD~1; cd ..; tar cf t.tar r w"]).check("t.tar", "r/.git/objects/");
    made("", &[SECRET, "cd ..; git clone -q --mirror r bare; tar czf r.tgz bare"]).check("r.tgz", "bare/objects/");
    made("", &[SECRET, "git bundle create -q ../x.bundle --all"]).check("x.bundle", "blob ");
    let shallow = "git reset -q --hard HEAD~2; git gc -q; cd ..; git clone -q --depth 1 file://$PWD/r shallow";
    made("", &[SECRET, shallow]).check("shallow/.git", "objects/pack/pack-");
    let outer = "cd ..; git init -q outer; cd outer; git -c protocol.file.allow=always submodule --quiet add ../r sub; git commit -q -m s";
    made("", &[SECRET, outer]).check("outer", ".git/modules/sub/objects/");
    // The objects of the clone lie with the original.
    let alternates = "cd ..; git clone -q --shared r clone; cd clone; (seq 1 200; cat ../token; seq 201 400) > config.txt; mkdir config; mv config.txt config/prod.env; git add -A; git commit -q -m again; git rev-parse HEAD > ../commit";
    made("", &[alternates]).check("clone/.git", "objects/");
}

#[test]
fn what_only_a_part_of_a_history_has() {
    // A blob in one place, its tree and its commit in others.
    let split = "git rev-parse HEAD~2:config/prod.env | git pack-objects -q ../blob; git rev-parse HEAD~2: HEAD~2:config HEAD~2 | git pack-objects -q ../rest; mkdir ../parts; mv ../blob-*.pack ../parts/a.pack; mv ../rest-*.pack ../parts/b.pack";
    made("", &[SECRET, split]).check("parts", "a.pack");
    // What a thin pack adds to what the other side has.
    let thin = "cp lines config/prod.env; commit 5; (cat lines; cat ../token) > config/prod.env; commit 6; printf 'HEAD\\n^HEAD~1\\n' | git pack-objects -q --thin --revs --stdout > ../thin.pack";
    let audit = made("", &[thin]).scan("thin.pack");
    assert_eq!(tokens(&audit).len(), 1);
    assert_eq!(audit.gaps.iter().map(|gap| gap.reason.as_str()).collect::<Vec<_>>(), ["missing-blob"]);
    // Staged, never committed.
    let staged = made("", &["cp ../token config/prod.env; git add -A; rm config/prod.env"]);
    let audit = staged.scan("r");
    let versions: Vec<_> = tokens(&audit).iter().filter_map(|finding| finding.version.clone()).collect();
    assert_eq!(versions.len(), 1);
    assert_eq!((versions[0].path.as_deref(), &versions[0].commit), (Some(&b"config/prod.env"[..]), &None));
}

#[test]
fn texts_beside_the_files() {
    let check = |lines: &str, place: &str| {
        let audit = made("", &[lines]).scan("r");
        let places: Vec<_> = tokens(&audit).iter().map(|finding| finding.place.to_string()).collect();
        assert!(places.iter().any(|found| found.contains(place)), "{lines}: {places:?}");
        assert!(audit.gaps.is_empty(), "{lines}: {:#?}", audit.gaps);
    };
    check("git tag -a v1 -F ../token", "!tag ");
    check("git tag -a v1 -F ../token; git gc -q", "pack!tag ");
    check("git commit -q --allow-empty -F ../token", "!commit ");
    check("git commit -q --allow-empty -F ../token", ".git/logs/HEAD");
    check("git commit -q --allow-empty -F ../token; git gc -q; rm .git/logs/HEAD", "pack!commit ");
    check("git remote add o https://me:$(sed 's/token = //' ../token)@git.example/x.git", ".git/config");
    check("git notes add -F ../token", ".git/objects/");
}

#[test]
fn an_old_environment_file_is_judged_by_its_name() {
    for how in ["true", "git gc -q"] {
        let lines = "sed 's/token = ghp_/DB_PASSWORD=/' ../token > config/.env.production; commit 2; rm -r config; commit 3";
        let audit = made("", &[lines, how]).scan("r");
        let stray = audit.incidents.iter().filter(|incident| incident.rule.id.contains("env")).count();
        assert!(stray > 0, "{how}: {:#?}", audit.incidents.iter().map(|incident| &incident.rule.id).collect::<Vec<_>>());
    }
}
