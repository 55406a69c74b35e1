//! One stage each, and the whole: how many uncompressed bytes pass in a second.
//!
//! `cargo bench` runs all, `cargo bench --bench stages -- detect` those with a word in their name. All
//! inputs are forged in memory; the image alone is a file, since an image is one.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use std::io::{self, Read};
use std::sync::LazyLock;
use watertight::blob::{Hashed, Hasher};
use watertight::detect::{Engine, View};
use watertight::extract::{self, Input, Member, Sink, Stop, Text};
use watertight::finding::GapReason;
use watertight::forge::filler::expand;
use watertight::forge::image::{Forge, gzip, tar_of};
use watertight::limits::Limits;
use watertight::rules::RuleSet;
use watertight::scan::{Options, Progress, scan};
use watertight::source::{self, Choice};

fn main() {
    divan::main();
}

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(&RuleSet::builtin().expect("the built-in rules")).expect("an engine"));

/// Bytes of an input: more than the caches of one core.
const SIZE: usize = 8 << 20;

/// What sources look like: words, some names and values, a few addresses, hashes as in lock files.
fn text() -> Vec<u8> {
    let mut out = Vec::new();
    for seed in 0.. {
        let line = match seed % 8 {
            0 => "  \"integrity\": \"sha512-<base64:88>\",\n",
            1 => "export const <word:12> = <word:9>(request.headers, options);\n",
            2 => "# see https://example.com/docs/<hex:8> for how <word:9> does it\n",
            3 => "timeout_seconds = <digits:3>  # password and token are read elsewhere\n",
            _ => "    return <word:9>.<word:7>(<word:5>, <digits:4>) or \"<word:14>\"\n",
        };
        out.extend(expand(line, seed).bytes());
        if out.len() >= SIZE {
            break;
        }
    }
    out.truncate(SIZE);
    out
}

/// What programs look like: half noise, half the tables and strings of a library.
fn binary() -> Vec<u8> {
    let mut state = 1u64;
    let mut out = Vec::with_capacity(SIZE);
    while out.len() < SIZE {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let word = (state >> 24).to_le_bytes();
        match out.len() >> 12 & 3 {
            0 | 1 => out.extend(word),
            2 => out.extend([word[0], 0, 0, 0]),
            _ => out.extend([b"_ZN4core3fmt", &word[..1], b"\0"].concat()),
        }
    }
    out.truncate(SIZE);
    out
}

fn input(name: &str) -> Vec<u8> {
    if name == "text" { text() } else { binary() }
}

/// Takes everything and keeps nothing.
struct Drain;

impl Sink for Drain {
    fn member(&mut self, _: &Member<'_>, body: &mut dyn Read) -> Result<(), Stop> {
        self.raw(body)
    }

    fn raw(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        io::copy(body, &mut io::sink()).map(drop).map_err(|_| Stop)
    }

    fn numbers(&mut self, _: &mut dyn Read) -> Result<(), Stop> {
        Ok(())
    }

    fn text(&mut self, _: &Text<'_>) -> Result<(), Stop> {
        Ok(())
    }

    fn gap(&mut self, _: GapReason, _: String, _: Option<u64>) {}
}

fn extracted(name: &str, bytes: &[u8]) {
    let extractor = extract::named(name).expect("an extractor");
    extractor.extract(&mut Input::memory(black_box(bytes)), &mut Drain).expect("a sound input");
}

#[divan::bench(args = ["text", "binary"])]
fn inflate_gzip(bencher: Bencher, name: &str) {
    let stored = gzip(&input(name));
    bencher.counter(BytesCount::new(SIZE)).bench(|| extracted("gzip", &stored));
}

#[divan::bench(args = ["text", "binary"])]
fn inflate_zstd(bencher: Bencher, name: &str) {
    let stored = zstd::encode_all(&input(name)[..], 3).expect("memory takes all");
    bencher.counter(BytesCount::new(SIZE)).bench(|| extracted("zstd", &stored));
}

/// Files of 2 KiB: what is not the bytes of a file shows.
#[divan::bench]
fn walk_tar(bencher: Bencher) {
    let bytes = text();
    let names: Vec<_> = (0..SIZE / 2048).map(|n| format!("usr/lib/{n}.py")).collect();
    let files: Vec<_> = names.iter().map(String::as_str).zip(bytes.chunks(2048)).collect();
    let tar = tar_of(&files);
    bencher.counter(BytesCount::new(SIZE)).bench(|| extracted("tar", &tar));
}

#[divan::bench(args = ["text", "binary"])]
fn hash_sha256(bencher: Bencher, name: &str) {
    let bytes = input(name);
    bencher.counter(BytesCount::new(SIZE)).bench(|| {
        let mut hashed = Hashed::new(black_box(bytes.as_slice()), Hasher::sha256());
        io::copy(&mut hashed, &mut io::sink()).expect("memory");
        hashed.finish()
    });
}

#[divan::bench(args = ["text", "binary"])]
fn detect(bencher: Bencher, name: &str) {
    let bytes = input(name);
    LazyLock::force(&ENGINE);
    bencher.counter(BytesCount::new(SIZE)).bench(|| {
        let mut hits = Vec::new();
        for window in black_box(&bytes).chunks(1 << 20) {
            ENGINE.detect(&View { bytes: window, owned: 0..window.len(), whole: false, name: b"" }, &mut hits);
        }
        hits
    });
}

/// An image of two compressed layers, from the open file to the audit.
#[divan::bench(args = [1, 2])]
fn whole_image(bencher: Bencher, threads: usize) {
    LazyLock::force(&ENGINE);
    let (text, binary) = (text(), binary());
    let names: Vec<_> = (0..SIZE / 8192).map(|n| format!("app/{n}.js")).collect();
    let files: Vec<_> = names.iter().map(String::as_str).zip(text.chunks(8192)).collect();
    let image = Forge::default().layer("COPY lib /", &[("usr/lib/x.so", &binary)]).layer("COPY app /app", &files);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("image.tar");
    std::fs::write(&path, image.archive("a:b")).expect("room for an image");
    let target = path.to_str().expect("a path in UTF-8");
    bencher.counter(BytesCount::new(2 * SIZE)).bench(|| {
        let artifact = source::open(target, &Choice::default(), &Limits::default()).expect("an image");
        scan(&artifact, &ENGINE, &Options { threads, ..Options::default() }, &Progress::default()).expect("threads")
    });
}

/// What every run pays before its first byte.
#[divan::bench]
fn build_engine() -> Engine {
    Engine::new(&RuleSet::builtin().expect("the built-in rules")).expect("an engine")
}
