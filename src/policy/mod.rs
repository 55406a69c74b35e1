//! What to make of an audit: the verdict, and with it the exit code.

use crate::audit::{Audit, Incident, Verdict};
use crate::finding::{Confidence, Disposition, Scope, Severity};

/// When an audit fails.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Incidents of this severity or worse fail it, if they are actionable …
    pub fail_on: Severity,
    /// … and at least this sure.
    pub confidence: Confidence,
    /// Whether any gap makes the answer incomplete, not only those of the image or target itself.
    pub strict: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { fail_on: Severity::Low, confidence: Confidence::Medium, strict: false }
    }
}

/// What the program tells its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: no failing finding, and the artifact was wholly readable.
    Clean,
    /// 1: findings at or above the failing severity.
    Findings,
    /// 2: could not run: usage, target, rules.
    Failure,
    /// 3: no failing finding, but the artifact was not wholly readable.
    Incomplete,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Failure => 2,
            Self::Incomplete => 3,
        }
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Watertight => Self::Clean,
            Verdict::Leaking => Self::Findings,
            Verdict::Incomplete => Self::Incomplete,
        }
    }
}

impl Policy {
    /// Whether this incident alone fails an audit.
    pub fn fails(&self, incident: &Incident) -> bool {
        incident.disposition == Disposition::Actionable
            && incident.severity >= self.fail_on
            && incident.confidence >= self.confidence
    }

    /// What this policy says of an audit.
    pub fn verdict(&self, audit: &Audit) -> Verdict {
        if audit.incidents.iter().any(|incident| self.fails(incident)) {
            Verdict::Leaking
        } else if audit.gaps.iter().any(|gap| self.strict || gap.scope == Scope::Image) {
            Verdict::Incomplete
        } else {
            Verdict::Watertight
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_that_scripts_rely_on() {
        let code = |verdict: Verdict| Exit::from(verdict).code();
        assert_eq!(
            [code(Verdict::Watertight), code(Verdict::Leaking), Exit::Failure.code(), code(Verdict::Incomplete)],
            [0, 1, 2, 3]
        );
    }
}
