//! What was found against what is there: counts, and the figures made of them.

use std::fmt;
use std::ops::AddAssign;

/// Counts of one part of the cases.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Score {
    /// Credentials found.
    pub(super) found: usize,
    /// Credentials missed.
    pub(super) missed: usize,
    /// Findings that are no credential, or not that part of the text.
    pub(super) wrong: usize,
    /// Cases without a credential.
    pub(super) benign: usize,
    /// Those of them with a finding.
    pub(super) alarmed: usize,
}

impl Score {
    /// How much of what was found is right.
    pub(super) fn precision(&self) -> f64 {
        share(self.found, self.found + self.wrong)
    }

    /// How much of what is there was found.
    pub(super) fn recall(&self) -> f64 {
        share(self.found, self.found + self.missed)
    }

    /// Their harmonic mean.
    pub(super) fn f1(&self) -> f64 {
        share(2 * self.found, 2 * self.found + self.wrong + self.missed)
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

impl AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.found += other.found;
        self.missed += other.missed;
        self.wrong += other.wrong;
        self.benign += other.benign;
        self.alarmed += other.alarmed;
    }
}

/// The heading of a table of scores.
pub(super) const HEADING: &str = "    TP   FP   FN  precision  recall     F1  benign  alarmed";

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, missed, wrong, benign, alarmed } = self;
        let (precision, recall, f1) = (self.precision(), self.recall(), self.f1());
        write!(f, "{found:6} {wrong:4} {missed:4}  {precision:9.3}  {recall:6.3}  {f1:5.3}  {benign:6}  {alarmed:7}")
    }
}

#[test]
fn figures_of_counts() {
    let score = Score { found: 6, missed: 2, wrong: 4, benign: 9, alarmed: 3 };
    assert_eq!((score.precision(), score.recall()), (0.6, 0.75));
    assert!((score.f1() - 2.0 / 3.0).abs() < 1e-9);
    assert_eq!(Score::default().precision(), 1.0);
}
