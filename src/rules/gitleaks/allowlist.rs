//! Allowlists of gitleaks: what of a match they can say here, and what not.

use super::syntax::translated;
use super::written::Allowlist;
use super::{Reader, SIZE};
use crate::rules::expression::{Allowance, Target};
use crate::rules::{LazyRegex, Origin};

impl Reader {
    /// What an allowlist lets pass; nothing, if that cannot be told here, which is noted.
    pub(super) fn allowance(&mut self, origin: &Origin, id: &str, list: &Allowlist) -> Option<Allowance> {
        self.unknown(origin, id, "allowlist: ", &list.others);
        let condition = list.condition.as_deref().unwrap_or("OR").to_ascii_uppercase();
        let all = matches!(condition.as_str(), "AND" | "&&");
        if !all && !matches!(condition.as_str(), "OR" | "||" | "") {
            self.note(origin, id, "condition", format!("`{condition}` is neither AND nor OR, and the allowlist not used"));
            return None;
        }
        if !list.commits.is_empty() {
            let so = if all { ", so that the allowlist never holds" } else { "" };
            self.note(origin, id, "commits", format!("there are no commits in what is audited{so}"));
            if all {
                return None;
            }
        }
        let target = match list.target.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "secret") => Target::Secret,
            Some("match") => Target::Match,
            Some("line") => Target::Line,
            Some(other) => {
                self.note(
                    origin,
                    id,
                    "regexTarget",
                    format!("`{other}` is none of secret, match and line, and the allowlist not used"),
                );
                return None;
            }
        };
        let (paths, regexes) = (self.all_of(origin, id, "paths", &list.paths), self.all_of(origin, id, "regexes", &list.regexes));
        let lost = paths.len() < list.paths.len() || regexes.len() < list.regexes.len();
        // One condition of several that cannot be asked: it lets nothing pass rather than too much.
        if all && lost && (paths.is_empty() != list.paths.is_empty() || regexes.is_empty() != list.regexes.is_empty()) {
            return None;
        }
        let stopwords = list.stopwords.iter().map(|word| word.to_ascii_lowercase()).filter(|word| !word.is_empty()).collect();
        Some(Allowance { all, paths, regexes, target, stopwords })
    }

    /// Those of the expressions that can be had; the others are noted.
    fn all_of(&mut self, origin: &Origin, id: &str, field: &'static str, texts: &[String]) -> Vec<LazyRegex> {
        let mut regexes = Vec::new();
        for text in texts {
            match translated(text).map(|(ours, _)| LazyRegex::new(&ours, SIZE)) {
                Ok(Ok(regex)) => regexes.push(regex),
                Ok(Err(message)) => self.note(origin, id, field, format!("`{text}` is not used: {message}")),
                Err(why) => self.note(origin, id, field, format!("`{text}` is not used: {}", why.message())),
            }
        }
        regexes
    }
}
