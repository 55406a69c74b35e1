//! Input that means harm.
//!
//! Whatever bytes come, a scan ends, in bounded time and memory, without a panic; and an image whose
//! layer is cut or damaged is never called clean. The suite is driven by the table of extractors: a
//! format that gets an extractor and no sample here fails it.

pub(crate) mod archives;
mod bombs;
mod built;
mod dialects;
mod documents;
mod extractors;
mod files;
pub(crate) mod git;
pub(crate) mod images;
mod keyed;
mod layers;
mod lies;
mod random;
pub(crate) mod samples;
mod seeds;

use std::path::Path;
use std::sync::LazyLock;
use std::sync::mpsc;
use std::time::Duration;
use watertight::audit::Audit;
use watertight::detect::Engine;
use watertight::finding::GapReason;
use watertight::limits::Limits;
use watertight::policy::{Exit, Policy};
use watertight::rules::RuleSet;
use watertight::scan::{Options, Progress, scan};
use watertight::source::{self, Choice, SourceError};

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(&RuleSet::builtin().expect("the built-in rules")).expect("an engine"));

/// A scan that is not done by then will not end. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the program would say of a target.
pub(crate) struct Answer {
    pub(crate) exit: Exit,
    pub(crate) audit: Audit,
}

impl Answer {
    fn has(&self, reason: GapReason) -> bool {
        self.audit.gaps.iter().any(|gap| gap.reason == reason)
    }

    /// Rules of the incidents found.
    fn rules(&self) -> Vec<&str> {
        self.audit.incidents.iter().map(|incident| incident.rule.id.as_str()).collect()
    }

    #[track_caller]
    fn leaks(&self, rule: &str) {
        assert!(self.rules().contains(&rule), "{rule} is not among {:?}; gaps {:#?}", self.rules(), self.audit.gaps);
    }

    #[track_caller]
    fn told(&self, reason: GapReason) {
        assert!(self.has(reason), "no {} among {:#?}", reason.as_str(), self.audit.gaps);
    }
}

/// Scans a path. A panic of ours, caught or not, fails the test; so does a scan that does not end.
pub(crate) fn scanned(path: &Path, limits: &Limits) -> Result<Answer, SourceError> {
    let target = path.to_str().expect("a path in UTF-8");
    let artifact = source::open(target, &Choice::default(), limits)?;
    let options = Options { threads: 1, limits: limits.clone(), ..Options::default() };
    let audit = scan(&artifact, &ENGINE, &options, &Progress::default()).expect("a thread");
    let internal: Vec<_> = audit.gaps.iter().filter(|gap| gap.reason == GapReason::Internal).collect();
    assert!(internal.is_empty(), "a parser panicked: {internal:#?}");
    let seen = &audit.seen;
    assert_eq!(seen.formats.pieces().sum(), seen.layers + seen.files + seen.members + seen.streams, "{seen:#?}");
    let exit = Policy::default().verdict(&audit).into();
    Ok(Answer { exit, audit })
}

/// Scans bytes as a file. `None` if there is nothing to scan, which exits with 2.
fn file(bytes: &[u8], limits: &Limits) -> Option<Answer> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("target");
    std::fs::write(&path, bytes).expect("a file");
    scanned(&path, limits).ok()
}

/// Scans bytes as a file with the usual limits.
#[track_caller]
fn target(bytes: &[u8]) -> Answer {
    file(bytes, &Limits::default()).expect("a target")
}

/// Does `work` and fails if it does not end.
fn within_patience<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, end) = mpsc::channel();
    let worker = std::thread::spawn(move || drop(done.send(work())));
    match end.recv_timeout(PATIENCE) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("no end after {PATIENCE:?}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match worker.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!("the worker sends before it ends"),
        },
    }
}

/// Limits under which a bomb goes off early, so that tests are quick.
fn tight() -> Limits {
    Limits { expansion_floor: 1 << 20, expansion_ratio: 20, hold: 256 << 10, window: 64 << 10, ..Limits::default() }
}
