//! What the file around a hit says: its language, and whether it is there to test or to explain.
//!
//! Context shifts confidence and says so. Alone it hides nothing: what identifies itself, or passes a
//! check, stays a finding wherever it stands.

use super::assign::Syntax;
use super::{Hit, View};
use crate::finding::{Confidence, TRIAL};
use crate::rules::rank;

/// What the file that holds a text says of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    pub(super) syntax: Syntax,
    /// Whether the path says that the file is for tests or documentation.
    pub(super) trial: bool,
    /// Whether the path says that the file is what a program says in some language.
    pub(super) spoken: bool,
}

impl Around {
    /// What the path of a view tells.
    pub(super) fn of(view: &View<'_>) -> Self {
        let syntax = Syntax::of(view.name);
        let trial = is_trial(view.name) || syntax == Syntax::Prose && !view.name.ends_with(b".log");
        Self { syntax, trial, spoken: is_spoken(view.name) }
    }

    /// Text without a file.
    pub(super) fn nothing(syntax: Syntax) -> Self {
        Self { syntax, trial: false, spoken: false }
    }

    /// Lowers what only its form makes a secret, in a file that tests or explains. Of what identifies
    /// itself it is only told.
    pub(super) fn weigh(self, hit: &mut Hit) {
        // Assignments have weighed it themselves.
        if !self.trial || hit.rule.rank == rank::ASSIGNMENT {
            return;
        }
        // Whoever brings expressions along says for which paths they hold.
        if hit.rule.rank < rank::ANCHORED && hit.rule.rank != rank::EXPRESSION {
            hit.confidence = match hit.confidence {
                Confidence::High => Confidence::Medium,
                Confidence::Medium | Confidence::Low => Confidence::Low,
            };
        }
        hit.reasons.push(TRIAL.into());
    }
}

/// Folders of tests, samples and documentation.
const FOLDERS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "spec",
    "specs",
    "__tests__",
    "__mocks__",
    "mock",
    "mocks",
    "fixture",
    "fixtures",
    "testdata",
    "test-data",
    "test_data",
    "e2e",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "doc",
    "docs",
    "documentation",
    "man",
    "info",
    "benchmark",
    "benchmarks",
    "tutorial",
    "tutorials",
    "snippets",
    "__snapshots__",
];

/// Words in the name of such a file.
const WORDS: &[&str] = &["test", "tests", "spec", "example", "examples", "mock", "mocks", "fixture", "fixtures", "conftest"];

/// Whether a path is that of a test, a sample or documentation.
fn is_trial(path: &[u8]) -> bool {
    let path = path.to_ascii_lowercase();
    let mut parts = path.split(|byte| *byte == b'/').rev();
    let file = parts.next().unwrap_or_default();
    // A dotenv file is no example because its environment is called `test`.
    let stem =
        file.split(|byte| matches!(byte, b'.' | b'_' | b'-')).any(|word| WORDS.iter().any(|known| known.as_bytes() == word));
    stem && !file.starts_with(b".env") || parts.any(|part| FOLDERS.iter().any(|word| word.as_bytes() == part))
}

/// Folders of translations, and endings of their files.
const LANGUAGES: &[&str] =
    &["i18n", "l10n", "locale", "locales", "lang", "langs", "languages", "translation", "translations", "po", "lproj"];
const TRANSLATIONS: &[&[u8]] = &[b".po", b".pot", b".xlf", b".xliff", b".arb", b".ftl", b".strings"];

/// Whether a path is that of what a program says in some language.
fn is_spoken(path: &[u8]) -> bool {
    let path = path.to_ascii_lowercase();
    let mut folders = path.split(|byte| *byte == b'/').rev().skip(1);
    TRANSLATIONS.iter().any(|ending| path.ends_with(ending))
        || folders.any(|part| LANGUAGES.iter().any(|word| word.as_bytes() == part || part.ends_with(b".lproj")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_trials() {
        for path in ["a/tests/x.py", "src/foo_test.go", "x.spec.ts", "usr/share/man/man1/x.1.gz", "apis/iam.examples.json"] {
            assert!(is_trial(path.as_bytes()), "{path}");
        }
        for path in ["app/settings.py", ".env.test", "src/testimonials/a.js", "contest/latest.py", "etc/x.conf"] {
            assert!(!is_trial(path.as_bytes()), "{path}");
        }
    }
}
