//! The ledger of a scan: how each thing that was met was read, by format.
//!
//! A *piece* is a layer, a file, a member of a container, or the stream that a compression wraps. Each is counted
//! once: as read by its structure, as raw bytes, as numbers, or as not read. So a report tells silence about a format
//! from an answer. Sums do not depend on who was faster.

use super::GapReason;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// How a piece was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// By its structure: to its end, or as far as the structure gave anything.
    Structure,
    /// As it is: no format is known for it, or its format gave nothing.
    Raw,
    /// As numbers, since its container says that it holds nothing else.
    Numbers,
    /// Not at all; a gap has the reason.
    Unread,
}

/// How much there was of each reading: pieces, or bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Readings {
    /// By structure.
    pub structure: u64,
    /// As it is.
    pub raw: u64,
    /// As numbers.
    pub numbers: u64,
    /// Not at all.
    pub unread: u64,
}

impl Readings {
    /// Adds to one of them.
    pub fn add(&mut self, reading: Reading, count: u64) {
        let sum = match reading {
            Reading::Structure => &mut self.structure,
            Reading::Raw => &mut self.raw,
            Reading::Numbers => &mut self.numbers,
            Reading::Unread => &mut self.unread,
        };
        *sum = sum.saturating_add(count);
    }

    /// All of them together.
    pub fn sum(&self) -> u64 {
        [self.structure, self.raw, self.numbers, self.unread].into_iter().fold(0, u64::saturating_add)
    }
}

impl AddAssign for Readings {
    fn add_assign(&mut self, other: Self) {
        self.add(Reading::Structure, other.structure);
        self.add(Reading::Raw, other.raw);
        self.add(Reading::Numbers, other.numbers);
        self.add(Reading::Unread, other.unread);
    }
}

/// What was met of one format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many pieces of this format there were. Parts of one that could not be read are pieces that were not.
    pub pieces: Readings,
    /// What was read of them: the texts and members that their structure gave, the stretches that were read as they are
    /// or as numbers, what gaps cost where that is known. A stretch may count twice, if it was read in two ways.
    pub bytes: Readings,
    /// Gaps, by reason.
    pub gaps: BTreeMap<GapReason, u64>,
}

impl Tally {
    /// Counts a gap.
    pub fn gap(&mut self, reason: GapReason) {
        *self.gaps.entry(reason).or_default() += 1;
    }
}

/// What was met, by the name of the format; `None` is for pieces of no format that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallies(BTreeMap<Option<&'static str>, Tally>);

impl Tallies {
    /// The row of a format.
    pub fn of(&mut self, format: Option<&'static str>) -> &mut Tally {
        self.0.entry(format).or_default()
    }

    /// All rows, that of no format first, the others by name.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&'static str>, &Tally)> {
        self.0.iter().map(|(format, tally)| (*format, tally))
    }

    /// All rows in one.
    pub fn pieces(&self) -> Readings {
        let mut sum = Readings::default();
        self.0.values().for_each(|tally| sum += tally.pieces);
        sum
    }
}

impl AddAssign for Tallies {
    fn add_assign(&mut self, other: Self) {
        for (format, theirs) in other.0 {
            let ours = self.of(format);
            ours.pieces += theirs.pieces;
            ours.bytes += theirs.bytes;
            for (reason, count) in theirs.gaps {
                *ours.gaps.entry(reason).or_default() += count;
            }
        }
    }
}

/// One row as reports have it.
#[derive(Serialize)]
struct Row<'a> {
    format: Option<&'static str>,
    #[serde(flatten)]
    tally: &'a Tally,
}

impl Serialize for Tallies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(format, tally)| Row { format, tally }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[(Option<&'static str>, Reading, u64, Option<GapReason>)], expected: &str) {
        let one = |(format, reading, bytes, gap): &(_, _, u64, Option<GapReason>)| {
            let mut tallies = Tallies::default();
            let row = tallies.of(*format);
            row.pieces.add(*reading, 1);
            row.bytes.add(*reading, *bytes);
            gap.iter().for_each(|reason| row.gap(*reason));
            tallies
        };
        for order in [rows.to_vec(), rows.iter().rev().copied().collect()] {
            let mut sum = Tallies::default();
            order.iter().for_each(|row| sum += one(row));
            assert_eq!(sum.pieces().sum(), rows.len() as u64);
            assert_eq!(serde_json::to_string(&sum).expect("JSON"), expected);
        }
    }

    #[test]
    fn sums_have_one_order() {
        check(&[], "[]");
        check(
            &[
                (Some("zip"), Reading::Structure, 10, None),
                (None, Reading::Raw, 3, None),
                (Some("zip"), Reading::Unread, 5, Some(GapReason::Encrypted)),
                (None, Reading::Numbers, u64::MAX, None),
                (None, Reading::Numbers, 9, None),
            ],
            &[
                r#"[{"format":null,"pieces":{"structure":0,"raw":1,"numbers":2,"unread":0},"#,
                r#""bytes":{"structure":0,"raw":3,"numbers":18446744073709551615,"unread":0},"gaps":{}},"#,
                r#"{"format":"zip","pieces":{"structure":1,"raw":0,"numbers":0,"unread":1},"#,
                r#""bytes":{"structure":10,"raw":0,"numbers":0,"unread":5},"gaps":{"encrypted":1}}]"#,
            ]
            .concat(),
        );
    }
}
