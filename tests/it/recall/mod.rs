//! Precision and recall over labelled lines of our own, half of them held back from tuning.
//!
//! `cargo test --test it recall -- --nocapture` prints the table. `RECALL_SHOW=WORD` lists the cases of
//! the tuning half that fail at the default threshold and have the word in their category or path
//! (`RECALL_SHOW=` lists all); the held-back half is never listed.

mod rows;
mod score;

use rows::{Row, covers};
use score::{HEADING, Score};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use watertight::detect::Engine;
use watertight::finding::{Confidence, Disposition, Finding, Severity};
use watertight::limits::Limits;
use watertight::rules::RuleSet;
use watertight::scan::{Options, Progress, scan};
use watertight::source::{self, Choice};

/// There are at least this many cases.
const CASES: usize = 1_500;
/// Just under what is reached at the default threshold: recall and precision of the held-back half.
const FLOOR: (f64, f64) = (0.85, 0.97);

/// From when on a finding counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Threshold {
    /// What fails an audit if nothing else is said.
    Default,
    /// The same, however unsure.
    Any,
}

impl Threshold {
    fn counts(self, finding: &Finding) -> bool {
        let sure = self == Self::Any || finding.confidence >= Confidence::Medium;
        sure && finding.disposition == Disposition::Actionable && finding.severity >= Severity::Low
    }
}

#[test]
#[allow(clippy::print_stdout)]
fn recall() {
    let rows = rows::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/recall"));
    assert!(rows.len() >= CASES, "only {} cases", rows.len());
    let findings = scan_all(&rows);
    for held_back in [false, true] {
        for threshold in [Threshold::Default, Threshold::Any] {
            println!("{}", table(&rows, &findings, held_back, threshold));
        }
    }
    if let Ok(word) = std::env::var("RECALL_SHOW") {
        println!("{}", failing(&rows, &findings, &word));
    }
    let reached = total(&rows, &findings, true, Threshold::Default);
    assert!(reached.recall() >= FLOOR.0, "recall has fallen to {:.3}", reached.recall());
    assert!(reached.precision() >= FLOOR.1, "precision has fallen to {:.3}", reached.precision());
}

/// Each case in a folder of its own, under its path, and all findings of a value by case.
fn scan_all(rows: &[Row]) -> Vec<Vec<Finding>> {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (number, row) in rows.iter().enumerate() {
        let path = folder.path().join(number.to_string()).join(&row.path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, &row.text).expect("a file");
    }
    let limits = Limits::default();
    let target = folder.path().to_str().expect("a path in UTF-8");
    let artifact = source::open(target, &Choice::default(), &limits).expect("a directory");
    let engine = Engine::new(&RuleSet::builtin().expect("rules")).expect("an engine");
    let audit = scan(&artifact, &engine, &Options::default(), &Progress::default()).expect("a scan");
    let mut by_case: Vec<Vec<Finding>> = rows.iter().map(|_| Vec::new()).collect();
    for finding in audit.incidents.into_iter().flat_map(|incident| incident.occurrences).map(|occurrence| occurrence.finding) {
        let path = finding.place.path().expect("a file");
        let number: usize = path.split('/').next().and_then(|number| number.parse().ok()).expect("the number of a case");
        // That a file should not be there at all, whatever it holds, is not asked here.
        if !finding.secret.is_empty() {
            by_case[number].push(finding);
        }
    }
    by_case
}

/// The count of one case.
fn judge(row: &Row, findings: &[Finding], threshold: Threshold) -> Score {
    let secrets: BTreeSet<&[u8]> =
        findings.iter().filter(|finding| threshold.counts(finding)).map(|finding| finding.secret.expose()).collect();
    let found = row.marked.iter().filter(|marked| secrets.iter().any(|secret| covers(secret, marked))).count();
    let wrong = secrets.iter().filter(|secret| !row.marked.iter().any(|marked| covers(secret, marked))).count();
    let benign = usize::from(row.marked.is_empty());
    Score { found, missed: row.marked.len() - found, wrong, benign, alarmed: benign.min(wrong) }
}

fn scores(rows: &[Row], findings: &[Vec<Finding>], held_back: bool, threshold: Threshold) -> BTreeMap<String, Score> {
    let mut scores = BTreeMap::new();
    for (row, findings) in rows.iter().zip(findings).filter(|(row, _)| row.held_back == held_back) {
        *scores.entry(row.category.clone()).or_insert_with(Score::default) += judge(row, findings, threshold);
    }
    scores
}

fn total(rows: &[Row], findings: &[Vec<Finding>], held_back: bool, threshold: Threshold) -> Score {
    scores(rows, findings, held_back, threshold).into_values().fold(Score::default(), |mut all, score| {
        all += score;
        all
    })
}

fn table(rows: &[Row], findings: &[Vec<Finding>], held_back: bool, threshold: Threshold) -> String {
    let half = if held_back { "held back" } else { "tuning" };
    let when = if threshold == Threshold::Default { "default threshold" } else { "any confidence" };
    let count = rows.iter().filter(|row| row.held_back == held_back).count();
    let mut lines = vec![format!("{half}, {when}, {count} cases"), format!("{:12}{HEADING}", "")];
    lines.extend(scores(rows, findings, held_back, threshold).iter().map(|(category, score)| format!("{category:12}{score}")));
    lines.push(format!("{:12}{}\n", "all", total(rows, findings, held_back, threshold)));
    lines.join("\n")
}

/// The cases of the tuning half that fail, as written: no value is printed, only the rules that found something.
fn failing(rows: &[Row], findings: &[Vec<Finding>], word: &str) -> String {
    let chosen = |row: &Row| !row.held_back && (row.category.contains(word) || row.path.contains(word));
    let mut lines = Vec::new();
    for (row, findings) in rows.iter().zip(findings).filter(|(row, _)| chosen(row)) {
        let score = judge(row, findings, Threshold::Default);
        let what = match (score.missed, score.wrong) {
            (0, 0) => continue,
            (0, _) => "alarm",
            (_, 0) => "miss",
            _ => "wrong part",
        };
        let rules: BTreeSet<String> = findings.iter().map(|finding| describe(row, finding)).collect();
        let rules = Vec::from_iter(rules).join(", ");
        lines.push(format!("{what:10} {}:{} {}  {}  [{rules}]", row.category, row.line, row.path, row.written));
    }
    lines.join("\n")
}

fn describe(row: &Row, finding: &Finding) -> String {
    let right = if row.marked.iter().any(|marked| covers(finding.secret.expose(), marked)) { "" } else { "!" };
    let judgement = [finding.severity.as_str(), finding.confidence.as_str(), finding.disposition.as_str()].join(" ");
    format!("{right}{} {judgement}", finding.rule.id)
}
