//! Expressions of users: a regular expression of any shape, with what must be near it and what is let pass.
//!
//! This is what a rule of gitleaks becomes. Such a rule may match without bound and need not hold a literal, so it is
//! not run as our own patterns are: at the keywords that it names, where it names some, and never farther than
//! [`Expression::LONGEST`].

use super::LazyRegex;
use std::sync::Arc;

/// A rule that is a regular expression.
#[derive(Clone, Debug, Default)]
pub struct Expression {
    /// What is looked for; nothing for a rule that is about files by their path alone.
    pub regex: Option<LazyRegex>,
    /// Which group is the secret; 0 means the first that matched, or else the whole match.
    pub group: usize,
    /// In lower case. One of them stands near a match; where there are none, all bytes are looked at.
    pub keywords: Vec<String>,
    /// Whether every match holds a keyword.
    pub holds_keyword: bool,
    /// Bytes of the longest match, at most [`Expression::LONGEST`].
    pub longest: usize,
    /// Holds against the path of the file, if given.
    pub path: Option<LazyRegex>,
    /// What is let pass.
    pub allow: Vec<Arc<Allowance>>,
    /// What must be found near by as well.
    pub parts: Vec<Part>,
    /// Whether it is but a part of others and is not told of itself.
    pub is_part: bool,
}

impl Expression {
    /// Matches are cut at so many bytes, so that windows hold them.
    pub const LONGEST: usize = 8 << 10;

    /// Its regexes, each with the field that it is written in.
    pub(super) fn regexes(&self) -> impl Iterator<Item = (&'static str, &LazyRegex)> {
        let allowed = self.allow.iter().flat_map(|allow| allow.paths.iter().chain(&allow.regexes));
        let own = [("regex", &self.regex), ("path", &self.path)];
        own.into_iter()
            .filter_map(|(field, regex)| Some((field, regex.as_ref()?)))
            .chain(allowed.map(|regex| ("allowlists", regex)))
    }
}

/// Something that must be found near a match.
#[derive(Clone, Debug)]
pub struct Part {
    /// What.
    pub expression: Arc<Expression>,
    /// Least entropy of its secret.
    pub entropy: Option<f64>,
    /// At most so many lines before or after.
    pub lines: Option<usize>,
    /// At most so many columns before or after.
    pub columns: Option<usize>,
}

/// What of a match an allowance looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The secret.
    #[default]
    Secret,
    /// The whole match.
    Match,
    /// The line of the match.
    Line,
}

/// What is let pass.
#[derive(Debug, Default)]
pub struct Allowance {
    /// Whether all of the conditions must hold, rather than one.
    pub all: bool,
    /// Against the path of the file.
    pub paths: Vec<LazyRegex>,
    /// Against the target.
    pub regexes: Vec<LazyRegex>,
    /// What the regexes look at.
    pub target: Target,
    /// Words in the secret, in lower case.
    pub stopwords: Vec<String>,
}
