//! Regexes that are built when they are first needed.
//!
//! To build all of them takes ten times as long as to read the rules, and most inputs need none: their
//! anchors are not there. What cannot be parsed is refused at once.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use std::sync::OnceLock;

/// A regex over bytes.
#[derive(Clone, Debug)]
pub struct LazyRegex {
    text: String,
    /// Of the compiled program, in bytes.
    limit: usize,
    built: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    /// Takes a regex, or says what is wrong with its syntax.
    pub(super) fn new(text: &str, limit: usize) -> Result<Self, String> {
        let parsed = ParserBuilder::new().unicode(false).utf8(false).build().parse(text);
        parsed.map_err(|error| error.to_string())?;
        Ok(Self { text: text.to_owned(), limit, built: OnceLock::new() })
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The regex; nothing if it is too large, which [`Self::verify`] tells beforehand.
    pub fn get(&self) -> Option<&Regex> {
        self.built.get_or_init(|| self.build().ok()).as_ref()
    }

    /// Whether it can be built. It is then, so that this is no work for nothing.
    pub fn verify(&self) -> Result<(), String> {
        if !matches!(self.built.get(), Some(Some(_))) {
            let regex = self.build()?;
            self.built.get_or_init(|| Some(regex));
        }
        Ok(())
    }

    fn build(&self) -> Result<Regex, String> {
        RegexBuilder::new(&self.text).unicode(false).size_limit(self.limit).build().map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, limit: usize, expected: Result<bool, &str>) {
        let outcome = LazyRegex::new(text, limit).and_then(|regex| regex.verify().map(|()| regex));
        match (outcome, expected) {
            (Ok(regex), Ok(matches)) => assert_eq!(regex.get().unwrap().is_match(b"abc\xff"), matches, "{text}"),
            (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
            (outcome, _) => panic!("{text}: {outcome:?}"),
        }
    }

    #[test]
    fn what_cannot_be_built_is_told() {
        check("a.c", 1 << 20, Ok(true));
        check(r"c\xff", 1 << 20, Ok(true));
        check("d", 1 << 20, Ok(false));
        check("([", 1 << 20, Err("unclosed"));
        check("a{900}{9}", 1 << 10, Err("size limit"));
    }
}
