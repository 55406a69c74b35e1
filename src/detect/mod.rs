//! What is looked for: bytes in, hits out.
//!
//! Two cheap passes see every byte, one for literals and one for runs that are long enough to be a
//! value; all else happens at the few places they name. The engine is pure: no IO, no threads, and the
//! answer for a stretch of bytes depends on that stretch and on [`Engine::lookback`] bytes before and
//! [`Engine::reach`] bytes after it, so windows that overlap by as much find each secret exactly once.

pub mod acceptance;
pub(crate) mod allow;
mod anchored;
mod assign;
mod beside;
mod border;
mod certificate;
mod context;
mod contextual;
mod decode;
mod docker;
mod dotenv;
mod entropy;
mod envname;
mod expressions;
mod files;
mod http;
mod imports;
mod judge;
mod jwt;
mod kernel;
mod keystore;
mod known;
mod libedit;
mod outline;
mod pem;
mod placeholder;
mod prefilter;
mod runs;
mod sieve;
mod stray;
mod structural;
mod template;
mod typed;
mod unseen;
mod url;
mod work;

use crate::finding::{Confidence, Disposition, Part, Reason, RuleLabel, Severity};
use crate::rules::{KeyStore, RuleError, RuleSet, rank};
use crate::secret::Secret;
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
pub use unseen::Unseen;

/// Bytes that a detector may need right of a hit's start, all encodings included.
const REACH: usize = 16 << 10;
/// Bytes that a detector may need left of a hit's start, all encodings included.
const LOOKBACK: usize = 2 << 10;
/// Bytes of a file that rules about files look at.
const HEAD: usize = 64 << 10;

/// What the engine looks at: a member, or a window of one.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The bytes, context on both sides included.
    pub bytes: &'a [u8],
    /// A hit is reported if its secret starts in this range; the bytes outside are context.
    pub owned: Range<usize>,
    /// Whether the view is the whole member.
    pub whole: bool,
    /// Innermost file name or path, which picks the syntax; may be empty.
    pub name: &'a [u8],
}

impl View<'_> {
    /// Whether the member goes on past the view: only the last window owns all that it sees.
    fn goes_on(&self) -> bool {
        !self.whole && self.owned.end < self.bytes.len()
    }
}

/// Plain bytes, and what is known of them.
#[derive(Clone, Copy)]
struct Text<'a> {
    bytes: &'a [u8],
    /// Of the file that they stand in.
    path: &'a [u8],
    /// What a structure calls them.
    name: Option<&'a [u8]>,
    /// Whether they are the beginning of more.
    goes_on: bool,
}

/// A match in a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The rule that matched.
    pub rule: Arc<RuleLabel>,
    /// In the bytes looked at: of the secret, or of the encoded text that holds it.
    pub span: Range<usize>,
    /// The secret part; empty if the hit is about a file as a whole.
    pub secret: Secret,
    /// The key, where the text gave one.
    pub name: Option<String>,
    /// After what the value itself tells, as an expiry.
    pub severity: Severity,
    /// After what the context tells.
    pub confidence: Confidence,
    /// What it calls for.
    pub disposition: Disposition,
    /// What led to the judgement.
    pub reasons: Vec<Reason>,
    /// What had to be undone, outermost first.
    pub decoded: Vec<&'static str>,
    /// What else is known; never part of the secret.
    pub note: Option<String>,
    /// What stands beside it and belongs to the same credential.
    pub parts: Vec<Part>,
}

/// What a literal that the literal pass looks for stands for.
#[derive(Clone, Copy, Debug)]
enum Literal {
    /// It is in every value of some rules.
    Anchor(usize),
    /// It begins a word that names secrets.
    Name,
    /// It is a program whose options hand over passwords.
    Program(usize),
    /// It calls a detector that is code.
    Structure(structural::Mark),
}

/// All detectors of a set of rules.
#[derive(Debug)]
pub struct Engine {
    literals: prefilter::Prefilter<Literal>,
    anchored: anchored::Anchored,
    contextual: contextual::Contextual,
    structural: structural::Structural,
    files: files::Files,
    assignments: assign::Assignments,
    typed: typed::Typed,
    expressions: expressions::Expressions,
}

impl Engine {
    /// Builds the detectors. Fails if windows cannot hold what a rule matches.
    pub fn new(rules: &RuleSet) -> Result<Self, RuleError> {
        let rules = rules.rules();
        let anchored = anchored::Anchored::new(rules);
        let assignments = assign::Assignments::new(rules);
        let anchors = anchored.literals().zip(0..).map(|(text, index)| (text.to_vec(), Literal::Anchor(index)));
        let names = assignments.heads().map(|text| (text.to_vec(), Literal::Name));
        let programs = assignments.programs().zip(0..).map(|(text, index)| (text.to_vec(), Literal::Program(index)));
        let structural = structural::Structural::new(rules);
        let marks = structural.literals().map(|(text, mark)| (text.to_vec(), Literal::Structure(mark)));
        Ok(Self {
            literals: prefilter::Prefilter::new(anchors.chain(names).chain(programs).chain(marks).collect()),
            anchored,
            contextual: contextual::Contextual::new(rules),
            structural,
            files: files::Files::new(rules)?,
            assignments,
            typed: typed::Typed::new(rules),
            expressions: expressions::Expressions::new(rules),
        })
    }

    /// Bytes right of a hit's start that any detector needs.
    pub fn reach(&self) -> usize {
        REACH
    }

    /// Bytes left of a hit's start that any detector needs.
    pub fn lookback(&self) -> usize {
        LOOKBACK
    }

    /// How many literals stand in `bytes`: what the first pass costs alone, for benches.
    #[doc(hidden)]
    pub fn count_literals(&self, bytes: &[u8]) -> usize {
        let mut count = 0;
        self.literals.each(bytes, |_, _| count += 1);
        count
    }

    /// The same without the kernel.
    #[doc(hidden)]
    pub fn count_literals_plainly(&self, bytes: &[u8]) -> usize {
        let mut count = 0;
        self.literals.each_plainly(bytes, |_, _| count += 1);
        count
    }

    /// Finds what stands in a view; says what was left out.
    pub fn detect(&self, view: &View<'_>, hits: &mut Vec<Hit>) -> Unseen {
        self.look(view, false, false, hits)
    }

    /// Finds what stands in a view that starts where its member does, and what the member's name, with
    /// its first 64 KiB, leads to. The view owns as many bytes, or is the whole member.
    pub fn detect_first(&self, view: &View<'_>, hits: &mut Vec<Hit>) -> Unseen {
        self.look(view, true, false, hits)
    }

    /// Finds what identifies itself in bytes that are numbers: a name or an encoding there is chance.
    pub fn detect_in_numbers(&self, view: &View<'_>, hits: &mut Vec<Hit>) {
        let (mut found, mut anchored) = Default::default();
        sieve::each(view.bytes, |run| {
            self.literals.each(view.bytes.get(run.clone()).unwrap_or_default(), |literal, at| {
                if let Literal::Anchor(index) = literal {
                    self.anchored.at(view.bytes, index, run.start + at, &mut anchored, &mut found);
                }
            });
        });
        hits.extend(resolve(found).into_iter().filter(|hit| view.owned.contains(&hit.span.start)));
    }

    /// Finds what stands in a member that was decoded out of another.
    fn decoded(&self, view: &View<'_>, hits: &mut Vec<Hit>) -> Unseen {
        self.look(view, true, true, hits)
    }

    /// The hits of a view, each once, with the keys that lead to them. `first` says that the view starts where
    /// its member does.
    fn look(&self, view: &View<'_>, first: bool, is_decoded: bool, hits: &mut Vec<Hit>) -> Unseen {
        let head = view.bytes.get(..HEAD).unwrap_or(view.bytes);
        let mut typed = Vec::new();
        let mut beside = Unseen { documents: typed::cut(view, first), ..Unseen::default() };
        let text = Text { bytes: view.bytes, path: view.name, name: None, goes_on: view.goes_on() };
        let (mut found, mut unseen) = self.search(text, context::Around::of(view), |found| {
            if first {
                let store = if view.whole { KeyStore::read(view.bytes) } else { None };
                keystore::detect(&self.structural.stores, store.as_ref(), view.bytes, found);
                self.files.detect(view.name, head, store.as_ref(), found);
                self.expressions.files(view.name, head, found);
                stray::detect(&self.structural.stray, view.name, head, found);
            }
            if view.whole || assign::Syntax::of(view.name) == assign::Syntax::Yaml {
                typed = self.typed.detect(self, view, (is_decoded, &mut beside), found);
            }
        });
        unseen.add(beside);
        // What a known document encodes is told with its name; that it is base64 as well goes without saying.
        found.retain(|hit| hit.rule.rank >= rank::CHECKED || !template::goes_on(view.bytes, hit.span.end));
        let told = |hit: &Hit| typed.iter().any(|known| known.span.start < hit.span.end && hit.span.start < known.span.end);
        found.retain(|hit| hit.span.is_empty() || !told(hit));
        found.extend(typed);
        found.sort_by_key(|hit| (hit.span.start, hit.span.end));
        beside::tell(view, &mut found);
        outline::trace(view, &mut found);
        hits.extend(found.into_iter().filter(|hit| view.owned.contains(&hit.span.start)));
        unseen
    }

    /// Judges a name and a value that a structure gave, with the keys in a value that is a document of its own.
    /// The name may be empty. Spans are in `value`.
    pub fn pair(&self, name: &[u8], value: &[u8], hits: &mut Vec<Hit>) -> Unseen {
        self.given(name, value, assign::Syntax::Unknown, hits)
    }

    /// The same where both stand in a compiled program.
    pub fn pair_in_program(&self, name: &[u8], value: &[u8], hits: &mut Vec<Hit>) -> Unseen {
        self.given(name, value, assign::Syntax::Compiled, hits)
    }

    fn given(&self, name: &[u8], value: &[u8], syntax: assign::Syntax, hits: &mut Vec<Hit>) -> Unseen {
        let text = Text { bytes: value, path: b"", name: (!name.is_empty()).then_some(name), goes_on: false };
        let (mut found, unseen) = self.search(text, context::Around::nothing(syntax), |_| {});
        outline::trace(&View { bytes: value, owned: 0..value.len(), whole: true, name: b"" }, &mut found);
        hits.extend(found);
        unseen
    }

    /// Judges what a pickle imports: `name` of `module`. The hit is about the file as a whole and has the name.
    pub fn import(&self, module: &[u8], name: &[u8], hits: &mut Vec<Hit>) {
        imports::judge(&self.structural.imports, module, name, hits);
    }

    /// Whether a name has any say in how its value is judged.
    pub fn tells(&self, name: &[u8]) -> bool {
        let mut begins = false;
        self.literals.each(name, |literal, _| begins |= matches!(literal, Literal::Name));
        begins && self.assignments.tells(name) || self.contextual.tells(name)
    }

    /// Judges the text of a command: `Cmd`, `Entrypoint`, `RUN`.
    pub fn command(&self, text: &[u8], hits: &mut Vec<Hit>) -> Unseen {
        let text = Text { bytes: text, path: b"", name: None, goes_on: false };
        let (found, unseen) = self.search(text, context::Around::nothing(assign::Syntax::Shell), |_| {});
        hits.extend(found);
        unseen
    }

    /// What stands in a text, and in the encodings within it. `more` adds to what the plain text shows.
    fn search(&self, text: Text<'_>, around: context::Around, more: impl FnOnce(&mut Vec<Hit>)) -> (Vec<Hit>, Unseen) {
        let left_out = Cell::new(Unseen::default());
        let look = |bytes: &[u8], name: Option<&[u8]>| {
            let mut found = Vec::new();
            self.expressions.detect(bytes, text.path, name, &mut found);
            let (suspects, unseen) = self.text(bytes, name, around, &mut found);
            let mut all = left_out.get();
            all.add(unseen);
            left_out.set(all);
            if let Some(name) = name {
                self.assignments.pair(name, bytes, around, &mut found);
            }
            for hit in &mut found {
                around.weigh(hit);
                known::mark(hit);
            }
            (found, suspects)
        };
        let (mut found, suspects) = look(text.bytes, text.name);
        more(&mut found);
        let first = decode::Looked { hits: resolve(found), suspects };
        let (found, encoded) = decode::search(&text, first, &|bytes, name| {
            let (found, suspects) = look(bytes, name);
            decode::Looked { hits: resolve(found), suspects }
        });
        let mut unseen = left_out.get();
        unseen.encoded += encoded;
        (found, unseen)
    }

    /// Every detector on plain bytes; `name` is what a structure calls them. Returns the runs that may be
    /// encoded texts.
    fn text(
        &self,
        bytes: &[u8],
        name: Option<&[u8]>,
        around: context::Around,
        found: &mut Vec<Hit>,
    ) -> (Vec<Range<usize>>, Unseen) {
        let (mut anchored, mut assigned, mut structural) =
            (Default::default(), assign::Progress::default(), structural::Progress::default());
        self.literals.each(bytes, |literal, at| match literal {
            Literal::Anchor(index) => self.anchored.at(bytes, index, at, &mut anchored, found),
            Literal::Name => self.assignments.at(bytes, at, &mut assigned, around, found),
            Literal::Program(index) => self.assignments.command(bytes, index, at, &mut assigned, around, found),
            Literal::Structure(mark) => self.structural.at(bytes, mark, at, &mut structural, found),
        });
        self.structural.finish(bytes, &structural, found);
        let mut suspects = Vec::new();
        runs::each(bytes, |run| {
            self.contextual.detect(bytes, &run, name, found);
            if bytes.get(run.clone()).is_some_and(decode::is_suspect) {
                suspects.push(run);
            }
        });
        let (names, commands) = assigned.left_out();
        (suspects, Unseen { names, commands, headers: structural.left_out(), ..Unseen::default() })
    }
}

/// Of hits that overlap the most specific stays, as sure as the name beside it is; the rest in order of place.
fn resolve(mut found: Vec<Hit>) -> Vec<Hit> {
    if found.len() > 1 {
        found.sort_by_key(|hit| {
            (Reverse(hit.rule.rank), Reverse(hit.confidence), hit.span.start, Reverse(hit.span.end), Arc::clone(&hit.rule))
        });
        let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
        let mut surer: BTreeMap<usize, Confidence> = BTreeMap::new();
        found.retain(|hit| {
            let over = taken.range(..hit.span.end).next_back().map(|(start, end)| (*start, *end));
            let over = over.filter(|(_, end)| *end > hit.span.start);
            match over {
                None if !hit.span.is_empty() => drop(taken.insert(hit.span.start, hit.span.end)),
                Some((start, end)) if hit.rule.rank == rank::ASSIGNMENT && (start..end) == hit.span => {
                    surer.insert(start, hit.confidence);
                }
                _ => {}
            }
            over.is_none()
        });
        for hit in found.iter_mut().filter(|hit| hit.rule.rank < rank::ANCHORED) {
            hit.confidence = hit.confidence.max(surer.get(&hit.span.start).copied().unwrap_or(Confidence::Low));
        }
        found.sort_by(|a, b| (a.span.start, a.span.end, &a.rule).cmp(&(b.span.start, b.span.end, &b.rule)));
    }
    found
}
