//! Globs over paths: what a rule about files is named for.
//!
//! A glob is held against the end of a path, at the border of a component, so `etc/shadow` is also
//! found where a root file system was copied into a directory. Its last component stands alone too:
//! it tells nearly every file from those that a rule asks for, and paths are looked at only then.

use globset::{Glob, GlobBuilder};

/// A glob over the end of a path.
#[derive(Clone, Debug)]
pub struct PathGlob {
    name: Glob,
    path: Glob,
}

impl PathGlob {
    /// Compiles one: `*` stops at `/`, `**` does not; letters match in any case.
    pub fn compile(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('/').to_ascii_lowercase();
        let name = text.rsplit('/').next().unwrap_or_default();
        if name.is_empty() {
            return Err(format!("the glob `{text}` names no file"));
        }
        let path = if text.starts_with("**/") { text.clone() } else { format!("**/{text}") };
        let glob = |text: &str| GlobBuilder::new(text).literal_separator(true).backslash_escape(false).build();
        let compiled = glob(name).and_then(|name| Ok(Self { name, path: glob(&path)? }));
        compiled.map_err(|error| format!("files: {error}"))
    }

    /// The last component; holds against that of a path in lower case.
    pub fn name(&self) -> &Glob {
        &self.name
    }

    /// The whole; holds against a path in lower case.
    pub fn path(&self) -> &Glob {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(glob: &str, path: &str, expected: bool) {
        let compiled = PathGlob::compile(glob).unwrap();
        let name = path.rsplit('/').next().unwrap();
        let found = compiled.path().compile_matcher().is_match(path);
        assert_eq!(found, expected, "{glob} on {path}");
        assert!(!found || compiled.name().compile_matcher().is_match(name), "{glob}: the last component of {path}");
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
    }

    #[test]
    fn globs_that_name_no_file_are_refused() {
        assert!(["", "etc/", "a[", "{a/b,c}"].iter().all(|glob| PathGlob::compile(glob).is_err()));
    }
}
