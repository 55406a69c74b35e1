//! Patterns of values, compiled so that most run without a regex engine.
//!
//! Nearly every credential is a chain of literals and of classes repeated a bounded number of times.
//! Such a chain needs no automaton: a table per step decides. What does not lower stays a regex, run
//! anchored on a bounded slice. Either way the longest match is known, which is what lets windows
//! overlap by a fixed amount.

use super::LazyRegex;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};
use std::ops::Range;

/// Alternatives that one pattern may expand to before it stays a regex.
const ALTERNATIVES: usize = 64;
/// Steps of one alternative.
const STEPS: usize = 256;

/// A set of bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct ByteSet([bool; 256]);

impl ByteSet {
    fn empty() -> Self {
        Self([false; 256])
    }

    /// Whether the set holds `byte`.
    #[inline]
    pub fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }

    fn insert(&mut self, range: std::ops::RangeInclusive<u8>) {
        range.for_each(|byte| self.0[usize::from(byte)] = true);
    }

    fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).any(|(mine, theirs)| *mine && theirs)
    }
}

impl std::fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ByteSet({})", self.0.iter().filter(|has| **has).count())
    }
}

#[derive(Clone, Debug)]
struct Step {
    set: ByteSet,
    min: usize,
    max: usize,
}

/// One chain; `secret` is the range of its steps that the group of this name spans.
#[derive(Clone, Debug, Default)]
struct Chain {
    steps: Vec<Step>,
    secret: Option<Range<usize>>,
}

/// A match, relative to the slice it was looked for in, which it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Where the match ends.
    pub end: usize,
    /// The group `secret`, or the whole match.
    pub secret: Range<usize>,
}

#[derive(Debug)]
enum Matcher {
    Chains(Vec<Chain>),
    Regex { at: LazyRegex, whole: LazyRegex },
}

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    text: String,
    matcher: Matcher,
    shortest: usize,
    longest: usize,
    bytes: ByteSet,
    hyphen: bool,
}

impl Pattern {
    /// Compiles `text`, or says what is wrong with it.
    pub fn compile(text: &str) -> Result<Self, String> {
        let hir =
            ParserBuilder::new().unicode(false).utf8(false).build().parse(text).map_err(|error| format!("pattern: {error}"))?;
        if !hir.properties().look_set().is_empty() {
            return Err("a pattern has no look-around, `^`, `$` or `\\b`: the engine tests the borders".to_owned());
        }
        let longest = hir.properties().maximum_len().ok_or("the longest match must be bounded: no `*`, `+` or `{n,}`")?;
        let shortest = hir.properties().minimum_len().unwrap_or(0);
        let mut bytes = ByteSet::empty();
        collect(&hir, &mut bytes);
        let hyphen = last_class(&hir).has(b'-');
        let chains = lower(&hir).filter(|chains| chains.iter().all(settled));
        let matcher = match chains {
            Some(chains) => Matcher::Chains(chains),
            None => Matcher::Regex { at: regex(&format!(r"\A(?:{text})"))?, whole: regex(&format!(r"\A(?:{text})\z"))? },
        };
        Ok(Self { text: text.to_owned(), matcher, shortest, longest, bytes, hyphen })
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether its regex, if it needs one, can be built.
    pub fn verify(&self) -> Result<(), String> {
        match &self.matcher {
            Matcher::Chains(_) => Ok(()),
            Matcher::Regex { at, whole } => {
                at.verify().and_then(|()| whole.verify()).map_err(|error| format!("pattern: {error}"))
            }
        }
    }

    /// The longest match that starts at the start of `bytes`.
    pub fn at(&self, bytes: &[u8]) -> Option<Match> {
        match &self.matcher {
            Matcher::Chains(chains) => chains.iter().filter_map(|chain| chain.run(bytes)).max_by_key(|found| found.end),
            Matcher::Regex { at, .. } => captured(at, bytes.get(..self.longest).unwrap_or(bytes)),
        }
    }

    /// A match of all of `bytes`.
    pub fn whole(&self, bytes: &[u8]) -> Option<Match> {
        if bytes.len() < self.shortest || bytes.len() > self.longest {
            return None;
        }
        match &self.matcher {
            Matcher::Chains(chains) => chains.iter().filter_map(|chain| chain.run(bytes)).find(|found| found.end == bytes.len()),
            Matcher::Regex { whole, .. } => captured(whole, bytes),
        }
    }

    /// Length of the shortest match.
    pub fn shortest(&self) -> usize {
        self.shortest
    }

    /// Length of the longest match.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Every byte that some match holds.
    pub fn bytes(&self) -> &ByteSet {
        &self.bytes
    }

    /// Whether the last class holds `-`, so that a hyphen would go on with the value.
    pub fn ends_in_hyphen_class(&self) -> bool {
        self.hyphen
    }

    /// Whether it runs as tables, without a regex.
    pub fn is_lowered(&self) -> bool {
        matches!(self.matcher, Matcher::Chains(_))
    }
}

fn regex(text: &str) -> Result<LazyRegex, String> {
    LazyRegex::new(text, 4 << 20).map_err(|error| format!("pattern: {error}"))
}

fn captured(regex: &LazyRegex, bytes: &[u8]) -> Option<Match> {
    let captures = regex.get()?.captures(bytes)?;
    let whole = captures.get(0)?;
    let secret = captures.name("secret").map_or(whole.range(), |group| group.range());
    Some(Match { end: whole.end(), secret })
}

impl Chain {
    fn run(&self, bytes: &[u8]) -> Option<Match> {
        let mut at: usize = 0;
        let mut secret = 0..0;
        for (index, step) in self.steps.iter().enumerate() {
            if self.secret.as_ref().is_some_and(|range| range.start == index) {
                secret.start = at;
            }
            let reach = bytes.len().min(at.saturating_add(step.max));
            let count = bytes.get(at..reach)?.iter().take_while(|byte| step.set.has(**byte)).count();
            if count < step.min {
                return None;
            }
            at += count;
            if self.secret.as_ref().is_some_and(|range| range.end == index + 1) {
                secret.end = at;
            }
        }
        let secret = if self.secret.is_some() { secret } else { 0..at };
        Some(Match { end: at, secret })
    }

    fn then(&self, next: &Self) -> Self {
        let shift = self.steps.len();
        let moved = next.secret.as_ref().map(|range| range.start + shift..range.end + shift);
        Self { steps: [&self.steps[..], &next.steps].concat(), secret: self.secret.clone().or(moved) }
    }
}

/// Whether taking as many as possible at each step is never a mistake: what a step of variable length
/// takes can not be what a later one needs.
fn settled(chain: &Chain) -> bool {
    let secret_is_real = chain.secret.as_ref().is_none_or(|range| range.start < range.end);
    let greedy = chain.steps.iter().enumerate().filter(|(_, step)| step.min != step.max).all(|(index, step)| {
        let mut open = true;
        chain.steps.iter().skip(index + 1).all(|next| {
            let clash = open && step.set.meets(&next.set);
            open &= next.min == 0;
            !clash
        })
    });
    secret_is_real && greedy
}

/// The alternatives of a pattern as chains, or `None` if it has another shape.
fn lower(hir: &Hir) -> Option<Vec<Chain>> {
    let chains = match hir.kind() {
        HirKind::Empty => vec![Chain::default()],
        HirKind::Look(_) => return None,
        HirKind::Literal(literal) => {
            let steps = literal.0.iter().map(|byte| single(&[(*byte, *byte)])).collect();
            vec![Chain { steps, secret: None }]
        }
        HirKind::Class(class) => vec![Chain { steps: vec![Step { set: set_of(class)?, min: 1, max: 1 }], secret: None }],
        HirKind::Capture(capture) => {
            let mut chains = lower(&capture.sub)?;
            if capture.name.as_deref() == Some("secret") {
                chains.iter_mut().for_each(|chain| chain.secret = Some(0..chain.steps.len()));
            }
            chains
        }
        HirKind::Concat(parts) => parts.iter().try_fold(vec![Chain::default()], |done, part| product(&done, &lower(part)?))?,
        HirKind::Alternation(parts) => parts.iter().map(lower).collect::<Option<Vec<_>>>()?.concat(),
        HirKind::Repetition(repetition) => repeated(&lower(&repetition.sub)?, repetition)?,
    };
    (chains.len() <= ALTERNATIVES && chains.iter().all(|chain| chain.steps.len() <= STEPS)).then_some(chains)
}

fn repeated(sub: &[Chain], repetition: &regex_syntax::hir::Repetition) -> Option<Vec<Chain>> {
    let (min, max) = (repetition.min as usize, repetition.max? as usize);
    if !repetition.greedy {
        return None;
    }
    if let [Chain { steps, secret: None }] = sub
        && let [step] = &steps[..]
        && (step.min, step.max) == (1, 1)
    {
        return Some(vec![Chain { steps: vec![Step { set: step.set.clone(), min, max }], secret: None }]);
    }
    if max > 16 {
        return None;
    }
    let mut chains = Vec::new();
    for count in (min..=max).rev() {
        chains.extend((0..count).try_fold(vec![Chain::default()], |done, _| product(&done, sub))?);
    }
    Some(chains)
}

fn product(heads: &[Chain], tails: &[Chain]) -> Option<Vec<Chain>> {
    if heads.len() * tails.len() > ALTERNATIVES {
        return None;
    }
    Some(heads.iter().flat_map(|head| tails.iter().map(|tail| head.then(tail))).collect())
}

fn single(ranges: &[(u8, u8)]) -> Step {
    let mut set = ByteSet::empty();
    ranges.iter().for_each(|(low, high)| set.insert(*low..=*high));
    Step { set, min: 1, max: 1 }
}

fn set_of(class: &Class) -> Option<ByteSet> {
    let mut set = ByteSet::empty();
    match class {
        Class::Bytes(class) => class.ranges().iter().for_each(|range| set.insert(range.start()..=range.end())),
        Class::Unicode(class) => {
            for range in class.ranges() {
                set.insert(u8::try_from(range.start()).ok()?..=u8::try_from(range.end()).ok()?);
            }
        }
    }
    Some(set)
}

/// Every byte that a match may hold.
fn collect(hir: &Hir, set: &mut ByteSet) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => literal.0.iter().for_each(|byte| set.insert(*byte..=*byte)),
        HirKind::Class(class) => {
            if let Some(class) = set_of(class) {
                set.merge(&class);
            }
        }
        HirKind::Repetition(repetition) => collect(&repetition.sub, set),
        HirKind::Capture(capture) => collect(&capture.sub, set),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().for_each(|part| collect(part, set)),
    }
}

/// What the last byte of a match may be.
fn last_class(hir: &Hir) -> ByteSet {
    let mut set = ByteSet::empty();
    match hir.kind() {
        HirKind::Concat(parts) => {
            for part in parts.iter().rev() {
                set.merge(&last_class(part));
                if part.properties().minimum_len() != Some(0) {
                    break;
                }
            }
        }
        HirKind::Alternation(parts) => parts.iter().for_each(|part| set.merge(&last_class(part))),
        HirKind::Repetition(repetition) => set = last_class(&repetition.sub),
        HirKind::Capture(capture) => set = last_class(&capture.sub),
        HirKind::Literal(literal) => literal.0.last().into_iter().for_each(|byte| set.insert(*byte..=*byte)),
        _ => collect(hir, &mut set),
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both forms of one pattern say the same of one text.
    fn check(pattern: &str, lowered: bool, text: &str, expected: Option<usize>) {
        let compiled = Pattern::compile(pattern).unwrap();
        assert_eq!(compiled.is_lowered(), lowered, "{pattern}");
        assert_eq!(compiled.at(text.as_bytes()).map(|found| found.end), expected, "{pattern} on {text}");
        let reference = regex(&format!(r"\A(?:{pattern})")).unwrap();
        assert_eq!(reference.get().unwrap().find(text.as_bytes()).map(|found| found.end()), expected);
    }

    #[test]
    fn chains_run_as_tables() {
        check("ab_[0-9]{4}", true, "ab_12345", Some(7));
        check("ab_[0-9]{4}", true, "ab_123x", None);
        check("(?:ab|cd)[0-9]{2,4}-[a-z]{2}", true, "cd123-xyz", Some(8));
        check("x(?:[0-9]{2}:){3}[0-9]{2}", true, "x12:34:56:78", Some(12));
        check("[a-z]{2,4}[0-9]?[.]?", true, "abc1.", Some(5));
    }

    #[test]
    fn other_shapes_stay_regexes() {
        check("[a-z]{2,4}[a-z0-9]{2}", false, "abcdef", Some(6));
        check("[0-9a-z]{2,9}z", false, "12345z6", Some(6));
    }

    #[test]
    fn the_secret_is_the_group_of_that_name() {
        for pattern in ["key=(?P<secret>[a-z]{4})!", "key=(?P<secret>[a-z]{2,4}[a-z0-9]{0,2})!"] {
            let found = Pattern::compile(pattern).unwrap().at(b"key=abcd!").unwrap();
            assert_eq!((found.end, found.secret), (9, 4..8), "{pattern}");
        }
    }

    #[test]
    fn lengths_and_ends_are_known() {
        let pattern = Pattern::compile("ab[0-9_-]{3,9}").unwrap();
        assert_eq!((pattern.shortest(), pattern.longest(), pattern.ends_in_hyphen_class()), (5, 11, true));
        assert!(!Pattern::compile("a-[0-9]{3}").unwrap().ends_in_hyphen_class());
        assert!(Pattern::compile("[0-9]{3}").unwrap().whole(b"1234").is_none());
    }
}
