//! What the fuzz targets call: one function for each door through which bytes of others come in.

use std::io::{self, Read, Write};
use std::sync::LazyLock;
use watertight::detect::{Engine, View};
use watertight::extract::{self, EXTRACTORS, Extractor, Input, Member, Sink, Stop, Text};
use watertight::finding::GapReason;
use watertight::image::json::Json;
use watertight::image::{config, document, manifest};
use watertight::limits::Limits;
use watertight::rules::RuleSet;
use watertight::scan::{self, Options, Progress};
use watertight::source::{self, Choice};

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(&RuleSet::builtin().expect("the built-in rules")).expect("an engine"));

/// What bytes are given to.
pub enum Target {
    /// An extractor alone.
    Open(&'static dyn Extractor),
    /// The documents of an image.
    Documents,
    /// Rules as written.
    Rules,
    /// The detectors.
    Detect,
    /// A whole scan.
    Scan,
}

impl Target {
    /// All of them, with the names that `cargo fuzz` knows them by. An extractor is one as soon as it is in the table.
    pub fn all() -> impl Iterator<Item = (String, Self)> {
        let doors = [("image_json", Self::Documents), ("rules_toml", Self::Rules), ("detect", Self::Detect), ("scan", Self::Scan)];
        let extractors = EXTRACTORS.iter().map(|extractor| (slug(extractor.name()), Self::Open(*extractor)));
        extractors.chain(doors.map(|(name, target)| (name.to_owned(), target)))
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|(known, _)| known == name).map(|(_, target)| target)
    }

    /// Gives it some bytes.
    pub fn run(&self, bytes: &[u8]) {
        match self {
            Self::Open(extractor) => open(extractor.name(), bytes),
            Self::Documents => documents(bytes),
            Self::Rules => rules(&String::from_utf8_lossy(bytes)),
            Self::Detect => detect(bytes),
            Self::Scan => scan(bytes),
        }
    }
}

/// The name of a format as that of a program, which does not begin with a digit.
fn slug(name: &str) -> String {
    if name == "7z" { "sevenz".into() } else { name.to_lowercase().replace(' ', "_").replace('-', "") }
}

/// Takes all in and keeps nothing; a bomb is its caller's to end.
struct Drain(u64);

impl Drain {
    fn take(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        self.0 += io::copy(&mut body.take(16 << 20), &mut io::sink()).unwrap_or(0);
        if self.0 < 64 << 20 { Ok(()) } else { Err(Stop) }
    }
}

impl Sink for Drain {
    fn member(&mut self, _: &Member<'_>, body: &mut dyn Read) -> Result<(), Stop> {
        self.take(body)
    }

    fn raw(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        self.take(body)
    }

    fn numbers(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        self.take(body)
    }

    fn text(&mut self, _: &Text<'_>) -> Result<(), Stop> {
        Ok(())
    }

    fn gap(&mut self, _: GapReason, _: String, _: Option<u64>) {}
}

/// Opens bytes with the extractor of that name, held and streamed.
pub fn open(name: &str, bytes: &[u8]) {
    let extractor = extract::named(name).expect("an extractor of that name");
    let _ = extractor.extract(&mut Input::memory(bytes), &mut Drain(0));
    let mut reader = bytes;
    let _ = extractor.extract(&mut Input::stream(Vec::new(), &mut reader), &mut Drain(0));
}

/// Reads bytes as each document that an image may have.
pub fn documents(bytes: &[u8]) {
    if let Ok(json) = Json::parse(bytes) {
        let _ = manifest::read(&json);
        let _ = config::read(&json, 3);
    }
    let _ = document::read(bytes);
}

/// Reads text as a file of rules, and builds what it describes.
pub fn rules(text: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("x.toml"), text).expect("a file");
    if let Ok(rules) = RuleSet::load_dir(folder.path()) {
        let _ = Engine::new(&rules);
    }
}

/// Looks for credentials as in a file, a pair and a command.
pub fn detect(bytes: &[u8]) {
    let mut hits = Vec::new();
    ENGINE.detect(&View { bytes, owned: 0..bytes.len(), whole: true, name: b"" }, &mut hits);
    let (name, value) = bytes.split_at(bytes.len().min(16));
    ENGINE.pair(name, value, &mut hits);
    ENGINE.command(bytes, &mut hits);
}

/// Scans bytes as a target. A panic that the scan catches is one all the same.
pub fn scan(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("room for a file");
    let limits = Limits { expansion_floor: 1 << 20, expansion_ratio: 20, ..Limits::default() };
    let target = file.path().to_str().expect("a path in UTF-8");
    let Ok(artifact) = source::open(target, &Choice::default(), &limits) else { return };
    let options = Options { threads: 1, verify_diff_ids: true, limits, ..Options::default() };
    let audit = scan::scan(&artifact, &ENGINE, &options, &Progress::default()).expect("a thread");
    assert!(audit.gaps.iter().all(|gap| gap.reason != GapReason::Internal), "{:#?}", audit.gaps);
}
