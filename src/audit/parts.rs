//! Halves of one credential, brought together: an id and its secret are one incident.
//!
//! A rule says that its values are the public half of what other rules find, or a secret that goes with theirs.
//! Here each secret takes the part that belongs to it. Of several in one file that is, in this order: one whose
//! name differs from the secret's in no more than the words for id and secret (`prod.aws_access_key_id`), and the
//! nearest by lines, before it or behind it as the first of the file stands. What stands farther off is a part only
//! if there is no other that it could be taken for.
//!
//! A part without its secret stays a finding of its own. No secret is lost: one that another takes along is told
//! with it.

use crate::finding::{Confidence, Disposition, Finding, Part, PartKind, Severity, Share};
use crate::place::{Place, escaped};
use crate::rules::rank;
use crate::secret::Secret;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Lines between what belongs together, at most, where no name tells.
const LINES: u64 = 10;
/// Bytes between it, where lines mean nothing.
const BYTES: u64 = 1024;
/// Words of names that tell the parts of a credential apart, and not one credential from another.
const WORDS: [&str; 30] = [
    "id",
    "key",
    "secret",
    "access",
    "token",
    "session",
    "sid",
    "client",
    "api",
    "application",
    "app",
    "account",
    "auth",
    "oauth",
    "aws",
    "public",
    "private",
    "consumer",
    "security",
    "value",
    "name",
    "user",
    "username",
    "password",
    "hmac",
    "service",
    "number",
    "ak",
    "sk",
    "keyid",
];

/// Which bytes findings must have in common to be parts of one credential.
type File = (Place, Option<u32>);

/// Marks what is a part of another finding's credential, and lowers and raises what this tells.
pub(super) fn join(findings: &mut Vec<Finding>) {
    if findings.iter().all(|finding| finding.rule.share == Share::Whole) {
        return;
    }
    let mut files: BTreeMap<File, Vec<usize>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate() {
        files.entry((finding.place.clone(), finding.entry)).or_default().push(index);
    }
    let mut added = Vec::new();
    for mut indexes in files.into_values().filter(|indexes| indexes.len() > 1) {
        indexes.sort_by_key(|index| findings.get(*index).map(|finding| (order(finding), *index)));
        // Secrets that go with another first: what they are the secret of is then the other's.
        for is_secret in [true, false] {
            for (part, secrets) in matched(findings, &indexes, is_secret) {
                mark(findings, part, &secrets, &mut added);
            }
        }
    }
    findings.append(&mut added);
}

/// Makes one finding a part of others; as there are several, one of its copies for each.
fn mark(findings: &mut [Finding], part: usize, secrets: &BTreeSet<usize>, added: &mut Vec<Finding>) {
    let Some(original) = findings.get(part).cloned() else { return };
    for secret in secrets {
        // One that became a part itself owns none.
        let Some(secret) = findings.get_mut(*secret).filter(|secret| secret.part_of.is_none()) else { continue };
        judge(secret, &original);
        let owner = Some(secret.secret.bare());
        match findings.get_mut(part).filter(|first| first.part_of.is_none()) {
            Some(first) => first.part_of = owner,
            None => added.push(Finding { part_of: owner, ..original.clone() }),
        }
    }
}

/// Of one file: which part belongs to which secrets; of parts that are secrets, or public. Parts in order, secrets too.
fn matched(findings: &[Finding], file: &[usize], is_secret: bool) -> BTreeMap<usize, BTreeSet<usize>> {
    // Rules of one kind of credential name the same rules, and of their values a secret has one.
    let mut parts: BTreeMap<&[String], Vec<usize>> = BTreeMap::new();
    for index in file {
        let of = findings.get(*index).and_then(|finding| match &finding.rule.share {
            Share::Companion(of) if is_secret => Some(of),
            Share::PublicHalf(of) if !is_secret => Some(of),
            _ => None,
        });
        if let Some(of) = of {
            parts.entry(of).or_default().push(*index);
        }
    }
    let mut found: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (of, parts) in parts {
        let owns = |finding: &Finding| finding.part_of.is_none() && of.contains(&finding.rule.id);
        let is_owner = |index: &&usize| findings.get(**index).is_some_and(owns);
        let secrets: Vec<usize> = file.iter().filter(is_owner).copied().collect();
        // Each secret has one id; each secret that goes with another has one of those.
        let (askers, asked) = if is_secret { (&parts, &secrets) } else { (&secrets, &parts) };
        let choice = Choice::new(findings, asked, askers);
        for asker in askers {
            if let Some(other) = choice.of(*asker) {
                let (part, secret) = if is_secret { (*asker, other) } else { (other, *asker) };
                found.entry(part).or_default().insert(secret);
            }
        }
    }
    found
}

/// What may belong to those that ask.
struct Choice<'f> {
    findings: &'f [Finding],
    /// In order of place.
    all: Vec<usize>,
    /// The same by what their names say besides what they are.
    kin: HashMap<Vec<String>, Vec<usize>>,
    /// Whether the first in the file is one of these, and not one of those that ask.
    leads: bool,
    /// Whether there is no more than one of these and one of those that ask.
    single: bool,
}

impl<'f> Choice<'f> {
    fn new(findings: &'f [Finding], all: &[usize], askers: &[usize]) -> Self {
        let mut kin: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
        for index in all {
            if let Some(words) = findings.get(*index).and_then(kin_of) {
                kin.entry(words).or_default().push(*index);
            }
        }
        let distinct = |of: &[usize]| {
            let secrets: BTreeSet<_> = of.iter().filter_map(|index| findings.get(*index)).map(|found| &found.secret).collect();
            secrets.len()
        };
        let first = |of: &[usize]| of.first().and_then(|index| findings.get(*index)).map(order);
        let leads = first(all) < first(askers);
        Self { findings, all: all.to_vec(), kin, leads, single: distinct(all) == 1 && distinct(askers) == 1 }
    }

    /// The one that belongs to `asker`.
    fn of(&self, asker: usize) -> Option<usize> {
        let asking = self.findings.get(asker)?;
        if let Some(kin) = kin_of(asking).and_then(|words| self.kin.get(&words)) {
            return self.nearest(kin, asking).map(|(index, _)| index);
        }
        // Of a value that nothing but its name tells to be one, the name must tell this too.
        if asking.rule.rank <= rank::ASSIGNMENT {
            return None;
        }
        let (index, is_near) = self.nearest(&self.all, asking)?;
        (is_near || self.single).then_some(index)
    }

    /// The nearest of `some` to `asking`, and whether it is near.
    fn nearest(&self, some: &[usize], asking: &Finding) -> Option<(usize, bool)> {
        let place = |index: &usize| self.findings.get(*index).map(order);
        let at = some.partition_point(|index| place(index) <= Some(order(asking)));
        let before = at.checked_sub(1).and_then(|at| some.get(at));
        let sides = if self.leads { [before, some.get(at)] } else { [some.get(at), before] };
        let far = |index: &usize| self.findings.get(*index).map(|other| distance(asking, other));
        // Of two as near the first one stays.
        let (index, far) =
            sides.into_iter().flatten().filter_map(|index| Some((*index, far(index)?))).min_by_key(|(_, far)| *far)?;
        Some((index, far <= if asking.line.is_some() { LINES } else { BYTES }))
    }
}

fn order(finding: &Finding) -> (Option<u64>, u64) {
    (finding.line, finding.offset)
}

/// In lines, or in bytes where there are none.
fn distance(one: &Finding, other: &Finding) -> u64 {
    match (one.line, other.line) {
        (Some(one), Some(other)) => one.abs_diff(other),
        _ => one.offset.abs_diff(other.offset),
    }
}

/// The words of a name that tell one credential from another; none without a name.
fn kin_of(finding: &Finding) -> Option<Vec<String>> {
    let name = finding.name.as_deref()?;
    let mut words: Vec<String> = vec![String::new()];
    let mut last = ' ';
    for letter in name.chars() {
        let starts = letter.is_uppercase() && last.is_lowercase();
        if (starts || !letter.is_alphanumeric()) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        last = letter;
    }
    words.retain(|word| !word.is_empty() && !WORDS.contains(&word.as_str()));
    Some(words)
}

/// What a part that was found says of its secret.
fn judge(secret: &mut Finding, part: &Finding) {
    let is_public = matches!(part.rule.share, Share::PublicHalf(_));
    if is_public && part.rule.short_lived && secret.severity > Severity::Medium {
        secret.severity = Severity::Medium;
        secret.reasons.push("a temporary credential, as its id says: it works for hours".into());
    }
    let expiry = secret.parts.iter().find(|part| part.kind == PartKind::Expiry).map(|part| part.shown.clone());
    if let Some(date) = expiry.filter(|_| is_public && part.rule.short_lived) {
        if is_past(&date) && secret.disposition == Disposition::Actionable {
            secret.severity = secret.severity.min(Severity::Low);
            secret.disposition = Disposition::Expired;
            secret.reasons.push(format!("expired {date}").into());
            secret.note = Some(format!("expired {date}"));
        } else if secret.note.is_none() {
            secret.note = Some(format!("expires {date}"));
        }
    }
    let believed = |finding: &Finding| !matches!(finding.disposition, Disposition::Example);
    if believed(part) && believed(secret) && secret.confidence < Confidence::High {
        secret.confidence = Confidence::High;
    }
    let reason = format!("{} stands with it", part.rule.title);
    if !secret.reasons.iter().any(|known| *known == reason) {
        secret.reasons.push(reason.into());
    }
}

/// Whether a date, as a part has it, is over.
fn is_past(date: &str) -> bool {
    format!("{date}T23:59:59Z").parse::<jiff::Timestamp>().is_ok_and(|end| end < jiff::Timestamp::now())
}

/// A finding as a part of the credential that it belongs to.
pub(super) fn part(finding: &Finding) -> Part {
    let name = finding.name.clone();
    match finding.rule.share {
        Share::PublicHalf(_) => {
            let shown = escaped(finding.secret.expose());
            Part { kind: PartKind::Id, name, shown, secret: Secret::new(b"", 0) }
        }
        _ => Part { kind: PartKind::Secret, name, shown: String::new(), secret: finding.secret.clone() },
    }
}

#[cfg(test)]
mod tests;
