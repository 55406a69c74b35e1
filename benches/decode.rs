//! What the search for encoded texts costs on bytes that hold none, and on bytes that are one.
//!
//! `alone` is an engine without rules over a view of one mebibyte: the pass over token runs, which is
//! there anyway, and the search. `whole` is the engine with all rules. `cargo bench --bench decode` prints
//! MB/s of both.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use std::sync::LazyLock;
use watertight::detect::{Engine, View};
use watertight::rules::RuleSet;

static ALONE: LazyLock<Engine> = LazyLock::new(|| {
    RuleSet::parse::<&str, &str>(&[]).ok().and_then(|rules| Engine::new(&rules).ok()).unwrap_or_else(|| std::process::abort())
});
static WHOLE: LazyLock<Engine> =
    LazyLock::new(|| RuleSet::builtin().ok().and_then(|rules| Engine::new(&rules).ok()).unwrap_or_else(|| std::process::abort()));

const VIEW: usize = 1 << 20;

/// A kind of content.
#[derive(Clone, Copy, Debug)]
enum Content {
    Random,
    /// Minified code with the escapes that such code has.
    Script,
    /// This program.
    Program,
    /// A text in base64, in one run.
    Base64,
    /// A text in UTF-16.
    Wide,
    /// Each tenth character written otherwise.
    Percent,
}

const ALL: [Content; 6] = [Content::Random, Content::Script, Content::Program, Content::Base64, Content::Wide, Content::Percent];

impl Content {
    fn bytes(self) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(7);
        match self {
            Self::Random => (0..VIEW).map(|_| random.u8(..)).collect(),
            Self::Script => script(&mut random).into_bytes(),
            Self::Program => {
                let program = std::env::current_exe().and_then(std::fs::read).unwrap_or_default();
                let start = (program.len() / 2).saturating_sub(VIEW / 2);
                program.get(start..program.len().min(start + VIEW)).unwrap_or_default().to_vec()
            }
            Self::Base64 => data_encoding::BASE64.encode(script(&mut random).as_bytes()).into_bytes(),
            Self::Wide => script(&mut random).encode_utf16().flat_map(u16::to_le_bytes).take(VIEW).collect(),
            Self::Percent => {
                let escaped = script(&mut random)
                    .into_bytes()
                    .into_iter()
                    .enumerate()
                    .flat_map(|(at, byte)| if at % 10 == 0 { format!("%{byte:02X}").into_bytes() } else { vec![byte] });
                escaped.take(VIEW).collect()
            }
        }
    }
}

/// Names, calls and strings as a bundler leaves them, with an escape in each twentieth string.
fn script(random: &mut fastrand::Rng) -> String {
    const WORDS: [&str; 24] = [
        "function",
        "return",
        "this",
        "prototype",
        "createElement",
        "className",
        "exports",
        "length",
        "require",
        "module",
        "value",
        "children",
        "props",
        "state",
        "getAuthor",
        "monkey",
        "onClick",
        "useEffect",
        "toString",
        "map",
        "filter",
        "index",
        "object",
        "undefined",
    ];
    const ESCAPES: [&str; 10] =
        ["\\n", "\\\"", "\\u00e9", "\\u2028", "\\x1b[0m", "\\x20", "&nbsp;", "&quot;", "%20", "#fff;width:100%"];
    let mut text = String::new();
    while text.len() < VIEW {
        let mut word = || WORDS[random.usize(..WORDS.len())];
        text += &format!("{}.{}({},e=>{{return e&&t.{}}})", word(), word(), word(), word());
        text += &format!(",n.{}=\"{} {}", word(), word(), word());
        if random.u8(..20) == 0 {
            text += ESCAPES[random.usize(..ESCAPES.len())];
        }
        text += if random.u8(..40) == 0 { "\";\n" } else { "\";" };
        if random.u8(..60) == 0 {
            text += &format!("\"sha512-{}\"", data_encoding::BASE64.encode(&std::array::from_fn::<u8, 64, _>(|_| random.u8(..))));
        }
    }
    text.truncate(VIEW);
    text
}

#[divan::bench(args = ALL, sample_count = 40)]
fn alone(bencher: Bencher<'_, '_>, content: Content) {
    run(bencher, &ALONE, content);
}

#[divan::bench(args = ALL, sample_count = 20)]
fn whole(bencher: Bencher<'_, '_>, content: Content) {
    run(bencher, &WHOLE, content);
}

fn run(bencher: Bencher<'_, '_>, engine: &Engine, content: Content) {
    let bytes = content.bytes();
    let view = View { bytes: &bytes, owned: 0..bytes.len(), whole: false, name: b"bundle" };
    bencher.counter(BytesCount::of_slice(&bytes)).bench_local(|| {
        let mut hits = Vec::new();
        engine.detect(black_box(&view), &mut hits);
        hits
    });
}

fn main() {
    divan::main();
}
