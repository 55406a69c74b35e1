//! The same report, byte for byte, whatever the number of threads, and however often it is asked for.

use crate::hostile::samples;
use watertight::detect::Engine;
use watertight::forge::image::{gzip, tar_of};
use watertight::limits::Limits;
use watertight::policy::Policy;
use watertight::report::{Report, json};
use watertight::rules::RuleSet;
use watertight::scan::{Options, Progress, scan};
use watertight::source::{self, Choice};

/// Layers with what threads could disagree on: many small files, a long one that becomes windows, archives that go
/// to other threads, secrets that repeat, damage, bombs, and more entries than are remembered.
fn layers() -> Vec<Vec<u8>> {
    let small: Vec<_> = (0..3000u64).map(|n| (format!("s/{}/{n}.txt", n % 7), samples::token(n % 90))).collect();
    let many: Vec<_> = small.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let long: String = (0..200u64).map(|n| format!("{}{}", "filler text\n".repeat(2000), samples::token(n))).collect();
    let inner = samples::zip_of(&[("x/y.txt", samples::token(1).as_bytes()), ("z", samples::token(301).as_bytes())]);
    let nest = gzip(&tar_of(&[("in.zip", &inner), ("plain", samples::token(302).as_bytes())]));
    let bomb = gzip(&vec![0; 8 << 20]);
    let archives: Vec<_> = (0..40).map(|n| (format!("a/{n}"), if n % 3 == 0 { &bomb } else { &nest })).collect();
    let archives: Vec<_> = archives.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let broken = gzip(long.as_bytes());
    let cut = tar_of(&[("cut.gz", &broken[..broken.len() / 2]), ("cut.zip", &inner[..inner.len() / 2])]);
    let whiteouts: Vec<_> = (0..1000u64).map(|n| (format!("s/{}/.wh.{n}.txt", n % 7), b"".as_slice())).collect();
    let whiteouts: Vec<_> = whiteouts.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    vec![
        tar_of(&many),
        tar_of(&[("long.txt", long.as_bytes())]),
        tar_of(&archives),
        tar_of(&whiteouts),
        cut[..cut.len() - 1400].to_vec(),
    ]
}

fn report(engine: &Engine, rules: &RuleSet, target: &str, threads: usize, limits: &Limits) -> String {
    let artifact = source::open(target, &Choice::default(), limits).expect("a target");
    let options = Options { threads, verify_diff_ids: true, limits: limits.clone(), ..Options::default() };
    let audit = scan(&artifact, engine, &options, &Progress::default()).expect("threads");
    let verdict = Policy::default().verdict(&audit);
    let digest = rules.digest();
    let report = Report { audit: &audit, verdict, rules: &digest, fingerprint_key: b"key", show_secrets: false, explain: true };
    let mut out = Vec::new();
    json::write(&report, &mut out).expect("memory takes all");
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[test]
fn one_report_at_any_number_of_threads() {
    let rules = RuleSet::builtin().expect("the built-in rules");
    let engine = Engine::new(&rules).expect("an engine");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("image.tar");
    std::fs::write(&path, samples::image_of_layers(&layers())).expect("a file");
    let target = path.to_str().expect("a path in UTF-8");
    // Small windows, batches and budgets: more jobs, more to disagree on. The second has too few places in the ledger.
    let small = Limits { window: 64 << 10, batch: 32 << 10, gauge: 1 << 20, expansion_floor: 1 << 20, ..Limits::default() };
    for limits in [small.clone(), Limits { ledger: 1500, ..small }] {
        let first = report(&engine, &rules, target, 1, &limits);
        assert!(first.len() > 100_000 && first.contains("expansion-limit") && first.contains("truncated"));
        for threads in [1, 2, 8, 8] {
            let again = report(&engine, &rules, target, threads, &limits);
            let differs = first.lines().zip(again.lines()).find(|(a, b)| a != b);
            assert!(first == again, "{threads} threads: {differs:?}");
        }
    }
}
