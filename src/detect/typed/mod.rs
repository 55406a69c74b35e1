//! Documents that say by their kind which of their values are secret: what is encoded in them is decoded
//! and judged by its name, and what is sealed in them is left alone.

mod helm;
mod kubernetes;
mod terraform;

use super::assign::{Looks, Syntax};
use super::context::Around;
use super::outline::Language;
use super::{Engine, Hit, Unseen, View, judge};
use crate::finding::{Confidence, Severity};
use crate::rules::{Rule, rank};
use kubernetes::{Value, What};
use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

/// The rule for values that a `Secret` declares.
const RULE: &str = "kubernetes-secret-manifest";
/// The rule for values that a state declares sensitive.
const STATE: &str = "hashicorp-terraform-state";
/// The reason that a report gives.
const DECLARED: &str = "a Kubernetes Secret declares it";
/// Bytes that the releases of one document may inflate to.
const INFLATED: usize = 16 << 20;

/// The values of typed documents.
#[derive(Debug)]
pub(super) struct Typed {
    rule: Option<Arc<Rule>>,
    state: Option<Arc<Rule>>,
}

impl Typed {
    /// Takes the rule that it needs from a set.
    pub(super) fn new(rules: &[Arc<Rule>]) -> Self {
        let rule = |id: &str| rules.iter().find(|rule| rule.label.id == id).cloned();
        Self { rule: rule(RULE), state: rule(STATE) }
    }

    /// Judges the values of a whole document. What was `found` in encoded ones goes; what takes its place
    /// is returned. Releases in what was decoded are not opened, so that little cannot become much.
    pub(super) fn detect(
        &self,
        engine: &Engine,
        view: &View<'_>,
        (is_decoded, unseen): (bool, &mut Unseen),
        found: &mut Vec<Hit>,
    ) -> Vec<Hit> {
        let Some(language) = Language::of(view) else { return Vec::new() };
        let values = kubernetes::values(view.bytes, language);
        let mut hits = Vec::new();
        let inflated = if is_decoded { INFLATED } else { 0 };
        let mut work = Work { typed: self, engine, text: view.bytes, inflated, unseen: Cell::new(Unseen::default()) };
        if values.iter().any(|value| matches!(value.what, What::Encoded | What::Plain)) {
            // It knows one value; here all are known.
            found.retain(|hit| hit.rule.id != RULE);
        }
        for value in &values {
            work.judge(value, found, &mut hits);
        }
        unseen.add(work.unseen.get());
        for value in terraform::values(view.bytes, language) {
            self.named_above(engine, view.bytes, &value, found);
        }
        hits
    }

    /// Judges a value whose name stands one level above.
    fn named_above(&self, engine: &Engine, text: &[u8], value: &terraform::Value, found: &mut Vec<Hit>) {
        let at = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
        let mut hits = Vec::new();
        engine.assignments.pair(at(&value.name), at(&value.span), Around::nothing(Syntax::Given), &mut hits);
        if hits.is_empty()
            && value.is_declared
            && let Some(rule) = &self.state
            && super::assign::looks(at(&value.span)) == Looks::Generated
        {
            hits.push(Hit {
                reasons: vec!["the state says that it is sensitive".into()],
                ..judge::hit(rule, text, value.span.clone(), 0)
            });
        } else {
            hits.iter_mut().for_each(|hit| hit.span = value.span.start + hit.span.start..value.span.start + hit.span.end);
        }
        found.extend(hits);
    }
}

/// The judgement of one document.
struct Work<'a> {
    typed: &'a Typed,
    engine: &'a Engine,
    text: &'a [u8],
    inflated: usize,
    /// What was left out of what was decoded.
    unseen: Cell<Unseen>,
}

impl Work<'_> {
    fn note(&self, unseen: Unseen) {
        let mut all = self.unseen.get();
        all.add(unseen);
        self.unseen.set(all);
    }

    fn judge(&mut self, value: &Value, found: &mut Vec<Hit>, hits: &mut Vec<Hit>) {
        let overlaps = |hit: &Hit| hit.span.start < value.span.end && value.span.start < hit.span.end;
        let text = self.text.get(value.span.clone()).unwrap_or_default();
        let key = self.text.get(value.key.clone()).unwrap_or_default();
        if value.what == What::Plain {
            self.plain(key, value.span.clone(), found);
            return;
        }
        if value.what == What::Sealed {
            found.retain(|hit| !overlaps(hit));
            return;
        }
        if value.what == What::ClientKey && found.iter().any(overlaps) {
            return;
        }
        let Some(bytes) = base64(text) else { return };
        found.retain(|hit| !overlaps(hit));
        let chain: &[&'static str] = if value.what == What::Release { &["base64", "base64", "gzip"] } else { &["base64"] };
        let inner = match value.what {
            What::Release => self.release(&bytes),
            What::ClientKey => self.member(b"", &bytes),
            _ => self.payload(key, &bytes),
        };
        hits.extend(inner.into_iter().map(|hit| Hit {
            span: value.span.clone(),
            decoded: chain.iter().chain(&hit.decoded).copied().collect(),
            ..hit
        }));
    }

    /// What a text of a `Secret` is: what names in it tell was found before.
    fn plain(&self, key: &[u8], span: Range<usize>, found: &mut Vec<Hit>) {
        let mut known = false;
        for hit in found.iter_mut().filter(|hit| hit.span.start < span.end && span.start < hit.span.end) {
            known |= hit.confidence > Confidence::Low || hit.rule.rank != rank::ASSIGNMENT;
            self.declare(hit);
        }
        let text = self.text.get(span.clone()).unwrap_or_default();
        if !known && let Some(hit) = self.declared(key, text) {
            let start = span.start + hit.span.start;
            found.push(Hit { span: start..start + hit.secret.len(), ..hit });
        }
    }

    /// What stands in a decoded value.
    fn payload(&self, key: &[u8], bytes: &[u8]) -> Vec<Hit> {
        if bytes.trim_ascii_end().iter().any(|byte| matches!(byte, b'\n' | b'\r' | 0)) {
            return self.member(key, bytes);
        }
        let mut hits = Vec::new();
        self.note(self.engine.pair(key, bytes, &mut hits));
        // The path tells the name.
        hits.iter_mut().for_each(|hit| {
            hit.name = hit.name.take().filter(|name| name.as_bytes() != key);
            self.declare(hit);
        });
        if hits.is_empty() {
            hits.extend(self.declared(key, bytes));
        }
        hits
    }

    /// What stands in a file that is a value.
    fn member(&self, name: &[u8], bytes: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.note(self.engine.decoded(&View { bytes, owned: 0..bytes.len(), whole: true, name }, &mut hits));
        let is_text = memchr::memchr(0, bytes).is_none();
        hits.retain(|hit| !(is_text && hit.secret.is_empty()));
        hits
    }

    /// What stands in a release.
    fn release(&mut self, bytes: &[u8]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        if self.inflated >= INFLATED {
            self.note(Unseen { encoded: 1, ..Unseen::default() });
            return hits;
        }
        let Some(json) = helm::inflate(bytes) else { return hits };
        self.inflated += json.len();
        helm::texts(&json, &mut |text| {
            let mut inner = Vec::new();
            if text.is_file || text.text.contains(&b'\n') {
                let name: &[u8] = if text.is_file { b"" } else { b"manifest.yaml" };
                let view = View { bytes: &text.text, owned: 0..text.text.len(), whole: true, name };
                self.note(self.engine.decoded(&view, &mut inner));
            } else {
                let key = text.path.rsplit('.').next().unwrap_or_default();
                self.note(self.engine.pair(key.as_bytes(), &text.text, &mut inner));
            }
            for mut hit in inner {
                hit.name = super::outline::joined(text.path.clone(), hit.name, false);
                if text.is_file {
                    hit.decoded.insert(0, "base64");
                }
                // Values stand in the manifests that were made of them too.
                if !hits.iter().any(|known| known.secret == hit.secret) {
                    hits.push(hit);
                }
            }
        });
        hits
    }

    /// Makes the hit of a name one of a declared value.
    fn declare(&self, hit: &mut Hit) {
        let Some(rule) = self.typed.rule.as_ref().filter(|_| hit.rule.rank == rank::ASSIGNMENT) else { return };
        hit.rule = Arc::clone(&rule.label);
        hit.confidence = hit.confidence.max(Confidence::Medium);
        hit.reasons.push(DECLARED.into());
    }

    /// The hit of a value that nothing but the `Secret` says is one.
    fn declared(&self, key: &[u8], bytes: &[u8]) -> Option<Hit> {
        let rule = self.typed.rule.as_ref()?;
        let start = bytes.len() - bytes.trim_ascii_start().len();
        let value = bytes.trim_ascii();
        let certain = match super::assign::looks(value) {
            Looks::Generated => true,
            Looks::Chosen => value.len() >= 8,
            Looks::Plain => false,
        };
        if is_public(key) || !certain || value.iter().any(u8::is_ascii_control) {
            return None;
        }
        let mut hit = judge::hit(rule, bytes, start..start + value.len(), 0);
        hit.confidence = Confidence::Medium;
        hit.severity = hit.severity.min(Severity::Medium);
        hit.reasons = vec![DECLARED.into()];
        Some(hit)
    }
}

/// How many Secrets of Kubernetes begin in a view that does not hold them as a whole. `first` says that it starts
/// where its member does.
pub(super) fn cut(view: &View<'_>, first: bool) -> usize {
    if view.whole {
        return 0;
    }
    let yaml = Syntax::of(view.name) == Syntax::Yaml;
    let owned = view.bytes.get(..view.owned.end).unwrap_or_default();
    let declared = memchr::memmem::find_iter(owned, b"Secret").filter(|at| view.owned.contains(at));
    let is_cut = |at: &usize| {
        let before = view.bytes.get(at.saturating_sub(16)..*at).unwrap_or_default();
        let joint = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'"' | b'\'' | b':')).count();
        let kind = before.get(..before.len() - joint).is_some_and(|before| before.ends_with(b"kind")) && before.contains(&b':');
        // A list or a reference names other kinds right behind.
        let ends = view.bytes.get(at + 6).is_none_or(|next| matches!(next, b'"' | b'\'' | b'\n' | b'\r' | b' ' | b','));
        let opened = first || view.bytes.get(..*at).is_some_and(|before| memchr::memmem::rfind(before, b"\n---").is_some());
        let rest = view.bytes.get(*at..).unwrap_or_default();
        let closed = !view.goes_on() || memchr::memmem::find(rest, b"\n---").is_some();
        kind && ends && !(yaml && opened && closed)
    };
    declared.filter(is_cut).count()
}

/// What base64 in either alphabet, wrapped or not, stands for.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
    let mut text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    text.truncate(text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1));
    BASE64_NOPAD.decode(&text).or_else(|_| BASE64URL_NOPAD.decode(&text)).ok().filter(|bytes| !bytes.is_empty())
}

/// Whether a key of a `Secret` says that its value is none: who and where, not with what.
fn is_public(key: &[u8]) -> bool {
    const LAST: &[&str] = &[
        "user",
        "username",
        "login",
        "email",
        "mail",
        "host",
        "hostname",
        "server",
        "address",
        "port",
        "database",
        "dbname",
        "db",
        "name",
        "namespace",
        "endpoint",
        "url",
        "uri",
        "domain",
        "region",
        "bucket",
        "zone",
        "engine",
        "type",
        "scheme",
        "protocol",
        "ca",
        "crt",
        "cert",
        "certificate",
        "pem",
        "pub",
        "public",
        "id",
        "arn",
        "issuer",
        "version",
        "mode",
        "env",
        "enabled",
        "path",
        "file",
        "expiration",
        "hosts",
        "broker",
        "brokers",
        "fingerprint",
    ];
    super::assign::words::words(key).last().is_some_and(|last| LAST.contains(&last.as_str()))
}

#[cfg(test)]
mod tests;
