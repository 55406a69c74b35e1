//! What every run pays before its first byte, in time and memory.
//!
//! ```text
//! cargo bench --bench startup
//! ```
//!
//! Each line also says how much was allocated: `max alloc` is what stood at once.

use divan::{AllocProfiler, Bencher, black_box};
use std::sync::LazyLock;
use watertight::detect::Engine;
use watertight::forge::filler::expand;
use watertight::limits::Limits;
use watertight::rules::RuleSet;
use watertight::scan::{Options, Progress, scan};
use watertight::source::{self, Choice};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::builtin().expect("a test verifies them"));

fn main() {
    divan::main();
}

/// The rules of the program out of their text.
#[divan::bench]
fn read_rules() -> RuleSet {
    RuleSet::builtin().expect("a test verifies them")
}

/// The detectors out of the rules.
#[divan::bench]
fn build_engine() -> Engine {
    Engine::new(black_box(&RULES)).expect("a test builds it")
}

/// All of it, and the audit of a directory with one empty file.
#[divan::bench]
fn empty_file(bencher: Bencher<'_, '_>) {
    audit(bencher, "");
}

/// The same with a file that has something for every kind of detector: regexes are built when they are first needed.
#[divan::bench]
fn first_secrets(bencher: Bencher<'_, '_>) {
    let lines = ["password = <word:14>", "DD_API_KEY=<hex:32>", "ghp_<base62:30><crc32>", "postgres://app:<word:14>@db/x"];
    audit(bencher, &lines.join("\n"));
}

fn audit(bencher: Bencher<'_, '_>, text: &str) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join("a.env"), expand(text, 1)).expect("a file");
    let target = folder.path().to_str().expect("UTF-8").to_owned();
    bencher.bench_local(|| {
        let engine = Engine::new(&RuleSet::builtin().expect("rules")).expect("an engine");
        let artifact = source::open(&target, &Choice::default(), &Limits::default()).expect("a directory");
        scan(&artifact, &engine, &Options::default(), &Progress::default()).expect("a scan")
    });
}
