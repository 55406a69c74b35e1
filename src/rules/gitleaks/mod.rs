//! Rules in the shape of gitleaks, so that a team brings its rules along.
//!
//! Written from the documentation of that format. What cannot be had here is told with file, line and rule:
//! commits, since there are none; the rules of gitleaks itself, in whose place ours stand; expressions that
//! have no like. Nothing is dropped in silence.

mod allowlist;
mod syntax;
mod written;

use super::compiled::{Form, Refusal, Rule, rank};
use super::expression::{Allowance, Expression, Part};
use super::{Failing, LazyRegex, Lifetime, Origin, Remark, RuleFile};
use crate::finding::{Confidence, RuleLabel, Severity, Share};
use regex_syntax::hir::{Hir, Look};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use syntax::Unusable;
use written::{Config, Others, Written};

pub(super) use written::is_one;

/// Files that may build upon each other in a row.
const DEPTH: usize = 3;
/// Of a compiled expression, in bytes.
const SIZE: usize = 8 << 20;

/// What a file gave.
#[derive(Default)]
pub(super) struct Read {
    /// Each with where it is written, or what is wrong with it.
    pub(super) rules: Vec<(Origin, String, Result<Rule, Refusal>)>,
    /// What is not done.
    pub(super) notes: Vec<Remark>,
    /// Ids of rules that are not to be used.
    pub(super) disabled: Vec<String>,
}

/// A rule on its way, with where it is written.
struct Draft {
    origin: Origin,
    written: Written,
}

/// Reads a file, with those that it builds upon.
pub(super) fn read(file: &Arc<RuleFile>) -> Result<Read, String> {
    let mut reader = Reader { read: Read::default(), allow: Vec::new(), issuer: String::new() };
    let drafts = reader.drafts(file, 0)?;
    reader.compile(drafts);
    Ok(reader.read)
}

/// The id by which reports name a rule: kebab-case.
pub(super) fn kebab(id: &str) -> String {
    let plain: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    plain.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

struct Reader {
    read: Read,
    /// Allowances of whole files, with the rules that they are for; none means all.
    allow: Vec<(Vec<String>, Arc<Allowance>)>,
    issuer: String,
}

impl Reader {
    fn note(&mut self, origin: &Origin, id: &str, field: &'static str, message: impl Into<String>) {
        let (file, line) = (origin.file.name.clone(), Some(origin.line_of(field)));
        let (id, message) = (id.to_owned(), message.into());
        self.read.notes.push(Remark { file, line, id, field, message, is_loss: true });
    }

    /// Notes that something is done in another way than gitleaks does it.
    fn differs(&mut self, origin: &Origin, id: &str, field: &'static str, message: impl Into<String>) {
        self.note(origin, id, field, message);
        if let Some(note) = self.read.notes.last_mut() {
            note.is_loss = false;
        }
    }

    fn unknown(&mut self, origin: &Origin, id: &str, whose: &str, others: &Others) {
        for key in others.keys() {
            self.note(origin, id, "", format!("{whose}`{key}` is not known here, and not done"));
        }
    }

    /// The rules of a file, after those that it builds upon.
    fn drafts(&mut self, file: &Arc<RuleFile>, depth: usize) -> Result<Vec<Draft>, String> {
        let mut config = written::parse(&file.text)?;
        let of = |header, index| Origin { file: Arc::clone(file), header, index };
        self.unknown(&of("[title]", 0), "", "", &config.others);
        self.issuer = config.title.clone().unwrap_or_else(|| "gitleaks configuration".to_owned());
        let mut drafts = self.extended(file, &config, depth)?;
        let global = std::mem::take(&mut config.allowlist).map(|list| ("[allowlist]", list));
        let globals = config.allowlists.drain(..).map(|list| ("[[allowlists]]", list));
        for (index, (header, list)) in globals.enumerate().chain(global.map(|it| (0, it))) {
            let origin = of(header, index);
            let ids = list.rules.iter().map(|id| kebab(id)).collect();
            self.note(&origin, "", "", "holds for the rules of this file, and not for the built-in ones");
            if let Some(allowance) = self.allowance(&origin, "", &list) {
                self.allow.push((ids, Arc::new(allowance)));
            }
        }
        for (index, written) in config.rules.into_iter().enumerate() {
            let origin = of("[[rules]]", index);
            let id = kebab(&written.id);
            match drafts.iter_mut().find(|draft| !id.is_empty() && kebab(&draft.written.id) == id) {
                Some(base) => *base = Draft { written: over(base.written.clone(), written), origin },
                None => drafts.push(Draft { origin, written }),
            }
        }
        Ok(drafts)
    }

    /// What a file builds upon.
    fn extended(&mut self, file: &Arc<RuleFile>, config: &Config, depth: usize) -> Result<Vec<Draft>, String> {
        let Some(extend) = &config.extend else { return Ok(Vec::new()) };
        let origin = Origin { file: Arc::clone(file), header: "[extend]", index: 0 };
        self.unknown(&origin, "", "extend: ", &extend.others);
        if extend.use_default {
            let message = "the rules of gitleaks itself are not here; the built-in rules stand in their place";
            self.note(&origin, "", "useDefault", message);
        }
        self.read.disabled.extend(extend.disabled.iter().map(|id| kebab(id)));
        let Some(path) = &extend.path else { return Ok(Vec::new()) };
        if depth >= DEPTH {
            self.note(&origin, "", "path", format!("files build upon each other at most {DEPTH} deep; {path} is not read"));
            return Ok(Vec::new());
        }
        let found = beside(&file.name, path);
        let text = std::fs::read_to_string(&found).map_err(|error| format!("extend: cannot read {path}: {error}"))?;
        let base = Arc::new(RuleFile { name: found.display().to_string(), text: text.into(), is_builtin: false });
        let own = self.issuer.clone();
        let mut drafts = self.drafts(&base, depth + 1)?;
        self.issuer = own;
        drafts.retain(|draft| !self.read.disabled.contains(&kebab(&draft.written.id)));
        Ok(drafts)
    }

    fn compile(&mut self, drafts: Vec<Draft>) {
        let mut known: HashMap<String, (Expression, Option<f64>)> = HashMap::new();
        let mut ready = Vec::new();
        for draft in drafts {
            let id = kebab(&draft.written.id);
            match self.expression(&draft, &id) {
                Ok(Some(expression)) => {
                    known.insert(id.clone(), (expression, draft.written.entropy));
                    ready.push((draft, id));
                }
                Ok(None) => {}
                Err(refusal) => self.read.rules.push((draft.origin, id, Err(refusal))),
            }
        }
        for (draft, id) in ready {
            if let Some(parts) = self.parts(&draft, &id, &known)
                && let Some((expression, _)) = known.get(&id)
            {
                let rule = rule(&self.issuer, &draft.written, &id, Expression { parts, ..expression.clone() });
                self.read.rules.push((draft.origin, id, Ok(rule)));
            }
        }
    }

    /// What a rule requires; nothing, if it is not there.
    fn parts(&mut self, draft: &Draft, id: &str, known: &HashMap<String, (Expression, Option<f64>)>) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        for part in &draft.written.required {
            self.unknown(&draft.origin, id, "required: ", &part.others);
            let Some((expression, entropy)) = known.get(&kebab(&part.id)) else {
                let message = format!("the rule `{}` that it requires is not in this file, so it is left out", part.id);
                self.note(&draft.origin, id, "required", message);
                return None;
            };
            let (lines, columns) = (part.lines, part.columns);
            parts.push(Part { expression: Arc::new(expression.clone()), entropy: *entropy, lines, columns });
        }
        if !parts.is_empty() {
            let message = "what it requires is looked for from 1.5 KiB before a match to 8 KiB behind its start";
            self.differs(&draft.origin, id, "required", message);
        }
        Some(parts)
    }

    /// The expression of a rule; nothing, if it cannot be had here, which is noted.
    fn expression(&mut self, draft: &Draft, id: &str) -> Result<Option<Expression>, Refusal> {
        let (origin, written) = (&draft.origin, &draft.written);
        self.unknown(origin, id, "", &written.others);
        if id.is_empty() {
            return Err(("id", "a rule needs an id of letters or digits".to_owned()));
        }
        if id != written.id {
            self.differs(origin, id, "id", format!("`{}` is told under this id", written.id));
        }
        if written.regex.is_none() && written.path.is_none() {
            self.note(origin, id, "", "has neither `regex` nor `path`: what it changes is a rule of gitleaks, which is not here");
            return Ok(None);
        }
        let Some(regex) = self.regex(origin, id, "regex", written.regex.as_deref())? else { return Ok(None) };
        let Some(path) = self.regex(origin, id, "path", written.path.as_deref())? else { return Ok(None) };
        let keywords: Vec<String> = written.keywords.iter().map(|word| word.to_ascii_lowercase()).collect();
        let keywords: Vec<String> = keywords.into_iter().filter(|word| !word.is_empty()).collect();
        let mut expression =
            Expression { group: written.group.unwrap_or(0), path: path.map(|(regex, _)| regex), ..Expression::default() };
        expression.is_part = written.skip_report;
        if let Some((regex, hir)) = regex {
            let groups = hir.properties().explicit_captures_len();
            if expression.group > groups {
                return Err(("secretGroup", format!("there are only {groups} groups")));
            }
            self.told(origin, id, &hir, &keywords);
            expression.longest = hir.properties().maximum_len().unwrap_or(usize::MAX).min(Expression::LONGEST);
            expression.holds_keyword = syntax::always_holds(&hir, &keywords);
            expression.regex = Some(regex);
            expression.keywords = keywords;
        }
        let lists: Vec<_> = written.allowlist.iter().chain(&written.allowlists).collect();
        for list in lists {
            expression.allow.extend(self.allowance(origin, id, list).map(Arc::new));
        }
        let global = self.allow.iter().filter(|(ids, _)| ids.is_empty() || ids.iter().any(|named| named == id));
        expression.allow.extend(global.map(|(_, allow)| Arc::clone(allow)));
        Ok(Some(expression))
    }

    /// Notes where an expression is run in another way than gitleaks would.
    fn told(&mut self, origin: &Origin, id: &str, hir: &Hir, keywords: &[String]) {
        let properties = hir.properties();
        if properties.maximum_len().is_none_or(|longest| longest > Expression::LONGEST) {
            self.differs(origin, id, "regex", "may match without end: matches are cut at 8 KiB");
        }
        if properties.look_set().contains(Look::Start) || properties.look_set().contains(Look::End) {
            let message = "`^` and `$` without (?m) also hold where a window of a file of more than 1 MiB begins and ends";
            self.differs(origin, id, "regex", message);
        }
        if keywords.is_empty() {
            self.differs(origin, id, "keywords", "has none, so all bytes are looked at: slower");
        } else if !syntax::always_holds(hir, keywords) {
            let message = "a keyword must stand from 1.5 KiB before a match to 8 KiB behind its start, not anywhere in the file";
            self.differs(origin, id, "keywords", message);
        }
    }

    /// An expression: the inner nothing where none is given, the outer where it has no like here, which is noted.
    #[allow(clippy::type_complexity)] // Both mean something, and one caller tells them apart.
    fn regex(
        &mut self,
        origin: &Origin,
        id: &str,
        field: &'static str,
        text: Option<&str>,
    ) -> Result<Option<Option<(LazyRegex, Hir)>>, Refusal> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Some(None)) };
        match syntax::translated(text) {
            Ok((ours, hir)) => {
                let regex = LazyRegex::new(&ours, SIZE).map_err(|message| (field, message))?;
                Ok(Some(Some((regex, hir))))
            }
            Err(Unusable::Wrong(message)) => Err((field, message)),
            Err(Unusable::Foreign(message)) => {
                self.note(origin, id, field, format!("cannot be expressed here, so the rule is left out: {message}"));
                Ok(None)
            }
        }
    }
}

/// A rule with fields of another of the same id in their place, or beside them.
fn over(base: Written, own: Written) -> Written {
    Written {
        id: base.id,
        description: own.description.or(base.description),
        regex: own.regex.or(base.regex),
        path: own.path.or(base.path),
        group: own.group.or(base.group),
        entropy: own.entropy.or(base.entropy),
        keywords: [base.keywords, own.keywords].concat(),
        tags: [base.tags, own.tags].concat(),
        allowlist: own.allowlist,
        allowlists: [base.allowlist.into_iter().collect(), base.allowlists, own.allowlists].concat(),
        required: [base.required, own.required].concat(),
        skip_report: own.skip_report || base.skip_report,
        others: base.others.into_iter().chain(own.others).collect(),
    }
}

/// The file that `path` names: from where the program runs, or else from the folder of the file that names it.
fn beside(file: &str, path: &str) -> PathBuf {
    let folder = Path::new(file).parent().unwrap_or(Path::new("")).join(path);
    if Path::new(path).exists() || !folder.exists() { PathBuf::from(path) } else { folder }
}

fn rule(issuer: &str, written: &Written, id: &str, expression: Expression) -> Rule {
    let title = written.description.clone().filter(|text| !text.trim().is_empty()).unwrap_or_else(|| written.id.clone());
    let (id, rotate, rank) = (id.to_owned(), String::new(), rank::EXPRESSION);
    let label = RuleLabel { id, title, rotate, rank, share: Share::Whole, short_lived: false };
    Rule {
        label: Arc::new(label),
        issuer: issuer.to_owned(),
        severity: Severity::High,
        confidence: Confidence::Medium,
        lifetime: Lifetime::Unknown,
        variants: Vec::new(),
        reference: String::new(),
        tags: written.tags.clone(),
        check: None,
        failing: Failing::Drop,
        requires: Vec::new(),
        entropy: written.entropy.filter(|least| *least > 0.0),
        form: Form::Expression(Box::new(expression)),
        examples: Vec::new(),
        counter: Vec::new(),
    }
}
