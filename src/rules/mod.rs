//! Rules: what a credential looks like, as data.
//!
//! `rules/*.toml` are embedded when the program is built; files of the user's own add to them, or go before
//! those of the same id. A set is checked as a whole when it is read, so a detector never meets a rule
//! that it cannot run. `rules/README.md` is the schema.

mod check;
mod compiled;
mod error;
mod expression;
mod gitleaks;
mod glob;
mod lazy;
mod origin;
mod pattern;
mod selection;
mod set;
mod written;

pub(crate) use check::der;
pub use check::{Check, KeyStore, Requirement};
pub use compiled::{Form, Rule, rank};
pub use error::{Remark, RuleError};
pub use expression::{Allowance, Expression, Part, Target};
pub use glob::{Mark, PathGlob};
pub use lazy::LazyRegex;
pub use origin::{Origin, RuleFile};
pub use pattern::{ByteSet, Match, Pattern};
pub use selection::Selection;
pub use set::{Loaded, RuleSet};
pub use written::{Boundary, Example, Failing, Lifetime, Structure};

/// The files of `rules/`, embedded: name and text, sorted by name.
const BUILTIN: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/rules.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "issuer = 'X'\n[[rule]]\nid = 'x-key'\ntitle = 'X key'\nseverity = 'high'\nexamples = ['a']\n";

    fn check(body: &str, expected: &str) {
        let outcome = RuleSet::parse(&[("x.toml", format!("{HEAD}{body}"))]).map(|set| set.len());
        let message = outcome.map_or_else(|error| error.to_string(), |count| format!("{count} rule"));
        assert!(message.contains(expected), "{body}: {message}");
    }

    #[test]
    fn rules_that_cannot_run_are_refused() {
        check("anchors = ['xkey-']\npattern = 'xkey-[0-9]{20}'", "1 rule");
        check("anchors = ['xkey-']\npattern = 'xkey-[0-9]+'", "bounded");
        check("anchors = ['xk']\npattern = 'xk[0-9]{20}'", "3 bytes");
        check("anchors = ['xkey-']\npattern = '\\bxkey-[0-9]{20}'", "look-around");
        check("anchors = ['xkey-']\npattern = 'xkey-(['", "pattern");
        check("keywords = ['xkey']\npattern = '[a-z]{4,20}'", "16");
        check("keywords = ['xkey']", "pattern");
        check("detector = 'jwt'\nrequires = ['iss=']", "name=part");
        check("anchors = ['xkey-']\npattern = 'xkey-[0-9]{20}'\nrequires = ['iss']", "requires");
        check("anchors = ['xkey-']\npattern = 'xkey-[0-9]{20}'\nfailing = 'example'", "failing");
        check("anchors = ['xkey-']\npattern = 'xkey-[0-9]{20}'\npublic_half_of = ['y']", "severity is `info`");
        check("anchors = ['xkey-']\npattern = 'xkey-[0-9]{20}'\ngoes_with = ['y']", "1 rule");
        check("anchors = ['xkey-']\npattern = 'xkey-[0-9]{20}'\ngoes_with = ['x-key']", "no part of what it finds itself");
        check("detector = 'url'\nfiles = ['a']", "one form");
        check("files = ['etc/']", "no file");
        check("files = ['**/.netrc']\ncontent = '(['", "content");
        check("files = ['**/.netrc']", "1 rule");
        check("", "one form");
        check("colour = 'red'", "colour");
    }

    #[test]
    fn the_rules_of_the_program_can_be_built() {
        RuleSet::parse(BUILTIN).unwrap();
    }

    #[test]
    fn ids_are_unique_and_the_digest_tells_sets_apart() {
        let rule = |id: &str| format!("{}anchors = ['xkey-']\npattern = 'xkey-[0-9]{{20}}'", HEAD.replace("x-key", id));
        assert!(RuleSet::parse(&[("a", rule("one")), ("b", rule("one"))]).is_err());
        let one = RuleSet::parse(&[("a", rule("one"))]).unwrap();
        let two = RuleSet::parse(&[("a", rule("two"))]).unwrap();
        assert!(one.digest().starts_with("sha256:"));
        assert_ne!(one.digest(), two.digest());
    }
}
