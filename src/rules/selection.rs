//! Which rules of a set are used: chosen by id, issuer or tag.

use super::{Rule, RuleError, RuleSet};
use crate::blob::Digest;
use std::collections::BTreeSet;

/// Names of rules to use, and of rules to leave out. A name is the id of a rule, or an issuer or a tag, which
/// stand for all rules that have it; the form of a rule (`anchored`, `files`, `url`) is a tag as well. `tag:` or
/// `issuer:` before it says which is meant. Case, and what joins words, do not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Use these alone; all, if there are none.
    pub only: Vec<String>,
    /// Of those, leave out these.
    pub except: Vec<String>,
}

/// Names that an error suggests.
const NEAR: usize = 3;

impl RuleSet {
    /// The rules that are chosen.
    ///
    /// # Errors
    /// If no rule has a name, or no rule is left.
    pub fn select(mut self, selection: &Selection) -> Result<Self, RuleError> {
        if selection.only.is_empty() && selection.except.is_empty() {
            return Ok(self);
        }
        let plain = |names: &[String]| names.iter().map(|name| normalised(name)).collect::<BTreeSet<_>>();
        let (only, except) = (plain(&selection.only), plain(&selection.except));
        let known: BTreeSet<String> = self.rules.iter().flat_map(|rule| names(rule)).collect();
        for name in selection.only.iter().chain(&selection.except) {
            if !known.contains(&normalised(name)) {
                return Err(RuleError::Unknown { name: name.clone(), near: near(&normalised(name), &known) });
            }
        }
        let is_chosen = |rule: &Rule| {
            let has = |wanted: &BTreeSet<String>| names(rule).any(|name| wanted.contains(&name));
            (only.is_empty() || has(&only)) && !has(&except)
        };
        let (rules, origins) = (std::mem::take(&mut self.rules), std::mem::take(&mut self.origins));
        let chosen = rules.into_iter().zip(origins).filter(|(rule, _)| is_chosen(rule));
        (self.rules, self.origins) = chosen.unzip();
        if self.rules.is_empty() {
            return Err(RuleError::NothingLeft);
        }
        let ids: String = self.rules.iter().map(|rule| format!("\n{}", rule.label.id)).collect();
        self.digest = Digest::sha256(format!("{}{ids}", self.digest).as_bytes()).as_str().to_owned();
        Ok(self)
    }
}

impl RuleSet {
    /// Ids that somebody may have meant by `name`, nearest first.
    pub fn near(&self, name: &str) -> Vec<String> {
        near(&normalised(name), &self.rules.iter().map(|rule| rule.label.id.clone()).collect())
    }
}

/// By what a rule is chosen.
fn names(rule: &Rule) -> impl Iterator<Item = String> {
    let given = [&rule.label.id, &rule.issuer].into_iter().chain(&rule.tags);
    let tags = || rule.tags.iter().map(String::as_str).chain([rule.form.as_str()]);
    let plain = given.map(String::as_str).chain([rule.form.as_str()]).map(normalised);
    plain.chain(tags().map(|tag| format!("tag:{}", normalised(tag)))).chain([format!("issuer:{}", normalised(&rule.issuer))])
}

/// `Hugging Face`, `hugging_face` and `hugging-face` are one name.
fn normalised(name: &str) -> String {
    let words = name.trim().split(|c: char| c.is_whitespace() || c == '_' || c == '-').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

/// Names that somebody may have meant: nearest first.
fn near(name: &str, known: &BTreeSet<String>) -> Vec<String> {
    let far = |candidate: &str| match candidate.contains(name) || name.contains(candidate) && candidate.len() > 3 {
        true => 1,
        false => distance(name, candidate),
    };
    let mut near: Vec<_> = known.iter().map(|candidate| (far(candidate), candidate.len(), candidate)).collect();
    near.retain(|(far, ..)| *far <= 1 + name.len() / 5);
    near.sort();
    near.into_iter().take(NEAR).map(|(.., candidate)| candidate.clone()).collect()
}

/// How many letters must be put in, taken out or changed to make one of the other. Names are short.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, a) in one.chars().take(100).enumerate() {
        let mut last = index;
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
        for (at, b) in other.iter().enumerate() {
            let changed = last + usize::from(a != *b);
            last = row[at + 1];
            row[at + 1] = changed.min(last + 1).min(row[at] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(only: &[&str], except: &[&str], expected: &str) {
        let file = |issuer: &str, id: &str, tag: &str| {
            let shape = "severity='low'\nexamples=['a']\nanchors=['xkey']\npattern='xkey[0-9]{9}'";
            (id.to_owned(), format!("issuer='{issuer}'\ntags=['{tag}']\n[[rule]]\nid='{id}'\ntitle='X'\n{shape}"))
        };
        let files = [file("Hugging Face", "hf-token", "ai"), file("OpenAI", "openai-key", "ai"), file("X Corp", "x-key", "b_c")];
        let set = RuleSet::parse(&files).unwrap();
        let whole = set.digest();
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let outcome = set.select(&Selection { only: own(only), except: own(except) });
        let said = match &outcome {
            Ok(set) => set.rules().iter().map(|rule| rule.label.id.as_str()).collect::<Vec<_>>().join(" "),
            Err(error) => format!("{error}; {}", error.hint().unwrap_or_default()),
        };
        assert!(said.contains(expected) && !expected.is_empty(), "{said}");
        assert!(outcome.is_err() || (outcome.unwrap().digest() == whole) == (only.is_empty() && except.is_empty()));
    }

    #[test]
    fn by_id_issuer_or_tag() {
        check(&[], &[], "hf-token openai-key x-key");
        check(&["hf-token"], &[], "hf-token");
        check(&["hugging-face", "x corp"], &[], "hf-token x-key");
        check(&["AI"], &["openai"], "hf-token");
        check(&[], &["B-C"], "hf-token openai-key");
        check(&["anchored"], &["ai"], "x-key");
        check(&["tag:ai"], &["issuer:OpenAI"], "hf-token");
        check(&["tag:openai"], &[], "'tag:openai'");
    }

    #[test]
    fn a_name_that_fits_nothing_is_an_error() {
        check(&["opnai"], &[], "'opnai'; there is openai");
        check(&["ai"], &["zzzzzzzz"], "'zzzzzzzz'; `watertight rules list`");
        check(&["ai"], &["hf-token", "openai-key"], "no rule is left");
    }
}
