//! Globs over paths: what a rule about files is named for.
//!
//! A glob is held against the end of a path, at the border of a component, so `etc/shadow` is also
//! found where a root file system was copied into a directory. Each has a mark, a text that all its
//! paths have and hardly another: marks of all globs are looked for at once, and the globs seldom run.

use globset::{Glob, GlobBuilder, GlobMatcher};
use std::sync::OnceLock;

/// A glob over the end of a path.
#[derive(Clone, Debug)]
pub struct PathGlob {
    glob: Glob,
    /// Built when first needed: a mark seldom calls for it.
    matcher: OnceLock<GlobMatcher>,
    mark: Mark,
}

/// What every path has that a glob holds against, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Its last component.
    Name(String),
    /// A part of it, which may be empty.
    Piece(String),
}

impl PathGlob {
    /// Compiles one: `*` stops at `/`, `**` does not; letters match in any case.
    pub fn compile(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('/').to_ascii_lowercase();
        if text.is_empty() || text.ends_with('/') {
            return Err(format!("the glob `{text}` names no file"));
        }
        let path = if text.starts_with("**/") { text } else { format!("**/{text}") };
        let glob = GlobBuilder::new(&path).literal_separator(true).backslash_escape(false).build();
        let glob = glob.map_err(|error| format!("files: {error}"))?;
        Ok(Self { glob, matcher: OnceLock::new(), mark: mark(&path) })
    }

    /// Whether it holds against `path`, which is in lower case.
    pub fn holds(&self, path: &[u8]) -> bool {
        self.matcher.get_or_init(|| self.glob.compile_matcher()).is_match_candidate(&globset::Candidate::from_bytes(path))
    }

    /// As it is held against paths.
    pub fn text(&self) -> &str {
        self.glob.glob()
    }

    /// What to look for first.
    pub fn mark(&self) -> &Mark {
        &self.mark
    }
}

/// The last component if it is literal, else the longest literal piece outside of classes and alternatives.
fn mark(glob: &str) -> Mark {
    let name = glob.rsplit('/').next().unwrap_or_default();
    if !glob.contains(['?', '[', ']', '{', '}']) && !name.contains('*') {
        return Mark::Name(name.to_owned());
    }
    let plain = glob.split(['[', '{']).next().unwrap_or_default();
    let pieces = plain.split(['*', '?']).map(|piece| piece.trim_matches('/'));
    Mark::Piece(pieces.max_by_key(|piece| piece.len()).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(glob: &str, path: &str, expected: bool) {
        let compiled = PathGlob::compile(glob).unwrap();
        let path = path.to_ascii_lowercase();
        let marked = match compiled.mark() {
            Mark::Name(name) => path.rsplit('/').next() == Some(name),
            Mark::Piece(piece) => path.contains(piece),
        };
        assert_eq!(compiled.holds(path.as_bytes()), expected, "{glob} on {path}");
        assert!(marked || !expected, "{glob}: the mark of {path}");
    }

    #[test]
    fn globs_hold_against_the_end_of_a_path() {
        check("**/.netrc", ".netrc", true);
        check("**/.netrc", "root/.netrc", true);
        check("**/.netrc", "root/x.netrc", false);
        check("**/.netrc", "root/.netrc/x", false);
        check("etc/msmtprc", "etc/msmtprc", true);
        check("etc/msmtprc", "rootfs/etc/msmtprc", true);
        check("etc/msmtprc", "rootfs/betc/msmtprc", false);
        check("/etc/shadow", "etc/shadow", true);
        check("**/NuGet.Config", "root/nuget.config", true);
    }

    #[test]
    fn one_star_stops_at_a_slash_and_two_do_not() {
        check("**/ssh/*_key", "etc/ssh/host_key", true);
        check("**/ssh/*_key", "etc/ssh/old/host_key", false);
        check("**/secrets/**/token", "run/secrets/a/b/token", true);
        check("**/secrets/**/token", "run/secrets/token", true);
        check("secrets/**", "run/secrets/a/b", true);
        check("**/K*.private", "etc/bind/kacme.+013.private", true);
        check("**/{a,b}/x[0-9]?.key", "b/x1y.key", true);
        check("a/**/b", "a/b", true);
    }

    #[test]
    fn marks_are_as_long_as_may_be() {
        let mark = |glob: &str| PathGlob::compile(glob).unwrap().mark().clone();
        assert_eq!(mark("**/.aws/Credentials"), Mark::Name("credentials".into()));
        assert_eq!(mark("**/apt/auth.conf.d/*"), Mark::Piece("apt/auth.conf.d".into()));
        assert_eq!(mark("**/*.jks"), Mark::Piece(".jks".into()));
        assert_eq!(mark("**/{a,long-one}"), Mark::Piece("".into()));
    }

    #[test]
    fn globs_that_name_no_file_are_refused() {
        assert!(["", "/", "etc/", "a["].iter().all(|glob| PathGlob::compile(glob).is_err()));
    }
}
