//! The literal pass over three kinds of bytes, in MiB a second: the kernel against its safe twin.
//!
//! ```text
//! cargo bench --bench literals
//! ```

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use std::sync::LazyLock;
use watertight::detect::Engine;
use watertight::rules::RuleSet;

/// As much as a window holds.
const LENGTH: usize = 512 << 10;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let rules = RuleSet::builtin().expect("a test verifies them");
    Engine::new(&rules).expect("a test builds it")
});

fn main() {
    divan::main();
}

/// What the pass runs over.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Binary,
    Code,
    Mappings,
}

const KINDS: [Kind; 3] = [Kind::Binary, Kind::Code, Kind::Mappings];

/// Machine code: the middle of this program.
fn binary() -> Vec<u8> {
    let program = std::env::current_exe().and_then(std::fs::read).unwrap_or_default();
    let start = program.len().saturating_sub(LENGTH) / 2;
    program.into_iter().skip(start).take(LENGTH).collect()
}

/// Code that is about names and values, and so has more of them than most.
fn code() -> Vec<u8> {
    let texts =
        [include_str!("../src/detect/assign/notation.rs"), include_str!("../src/scan/walker.rs"), include_str!("../build.rs")];
    texts.concat().into_bytes().into_iter().cycle().take(LENGTH).collect()
}

/// Like the mappings of a source map: capitals in short runs.
fn mappings() -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(3);
    std::iter::repeat_with(|| random.choice(*b"AAAACEGIKMOQSUWYDF,,;").unwrap_or(b'A')).take(LENGTH).collect()
}

#[divan::bench(args = KINDS)]
fn kernel(bencher: Bencher<'_, '_>, kind: Kind) {
    run(bencher, kind, Engine::count_literals);
}

#[divan::bench(args = KINDS)]
fn twin(bencher: Bencher<'_, '_>, kind: Kind) {
    run(bencher, kind, Engine::count_literals_plainly);
}

fn run(bencher: Bencher<'_, '_>, kind: Kind, count: fn(&Engine, &[u8]) -> usize) {
    let text = match kind {
        Kind::Binary => binary(),
        Kind::Code => code(),
        Kind::Mappings => mappings(),
    };
    bencher.counter(BytesCount::of_slice(&text)).bench(|| count(&ENGINE, black_box(&text)));
}
