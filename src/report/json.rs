//! The report for machines: one JSON document, `watertight/report/v1`.
//!
//! Its JSON Schema is `schema/report-v1.schema.json`. Fields may be added within a version; none is
//! renamed, removed or given another meaning.

use super::{Report, Veil, advice};
use crate::audit::{Audit, Fate, Incident, Occurrence};
use crate::finding::{Confidence, Disposition, GapReason, Part, PartKind, Scope, Severity, Totals};
use crate::package::Keeper;
use crate::secret::Secret;
use serde::Serialize;
use std::io::{self, Write};

/// The value of the field `schema`.
pub const SCHEMA: &str = "watertight/report/v1";

/// Instructions are quoted up to this many characters.
const EXCERPT: usize = 2_000;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: Tool<'a>,
    target: TargetEntry,
    verdict: &'static str,
    images: Vec<ImageEntry>,
    incidents: Vec<IncidentEntry>,
    gaps: Vec<GapEntry>,
    /// Findings that comments beside them accept.
    accepted: usize,
    seen: Totals,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'static str,
    rules: &'a str,
}

#[derive(Serialize)]
struct TargetEntry {
    name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct ImageEntry {
    digest: Option<String>,
    names: Vec<String>,
    platform: Option<String>,
    layers: Vec<LayerEntry>,
}

#[derive(Serialize)]
struct LayerEntry {
    index: usize,
    digest: Option<String>,
    diff_id: Option<String>,
    created_by: Option<String>,
    size: Option<u64>,
}

#[derive(Serialize)]
struct IncidentEntry {
    rule: String,
    title: String,
    severity: Severity,
    confidence: Confidence,
    disposition: Disposition,
    reasons: Vec<String>,
    redacted: String,
    fingerprint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// What belongs to the same credential.
    parts: Vec<PartEntry>,
    hints: Vec<String>,
    findings: Vec<FindingEntry>,
}

/// What belongs to a credential beside its secret.
#[derive(Serialize)]
struct PartEntry {
    kind: PartKind,
    name: Option<String>,
    /// What may be shown; `null` for a secret.
    value: Option<String>,
    /// Of a secret.
    redacted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

#[derive(Serialize)]
struct FindingEntry {
    image: Option<String>,
    layer: Option<usize>,
    state: &'static str,
    hidden_by: Option<usize>,
    place: String,
    path: Option<String>,
    member: Option<String>,
    name: Option<String>,
    line: Option<u64>,
    column: Option<u64>,
    offset: u64,
    rule: String,
    instruction: Option<String>,
    decoded: Vec<&'static str>,
    note: Option<String>,
    package: Option<PackageEntry>,
    /// Whether a comment beside it accepts it.
    accepted: bool,
}

/// The package that the file came with.
#[derive(Serialize)]
struct PackageEntry {
    manager: Keeper,
    name: String,
    version: String,
    /// `null` where neither the record nor the file tells.
    unchanged: Option<bool>,
}

#[derive(Serialize)]
struct GapEntry {
    place: String,
    reason: GapReason,
    detail: String,
    bytes: Option<u64>,
    scope: Scope,
}

/// Writes the report.
///
/// # Errors
/// Those of the writer.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let veil = if report.show_secrets { Veil::none() } else { Veil::over(&report.audit.incidents) };
    serde_json::to_writer_pretty(&mut *out, &document(report, &veil))?;
    writeln!(out)
}

fn document<'a>(report: &Report<'a>, veil: &Veil) -> Document<'a> {
    let audit = report.audit;
    Document {
        schema: SCHEMA,
        tool: Tool { name: "watertight", version: env!("CARGO_PKG_VERSION"), rules: report.rules },
        target: TargetEntry { name: veil.text(&audit.target.name), kind: audit.target.kind },
        verdict: report.verdict.as_str(),
        images: images(audit, veil),
        incidents: audit.incidents.iter().map(|incident| incident_entry(report, incident, veil)).collect(),
        gaps: audit
            .gaps
            .iter()
            .map(|gap| GapEntry {
                place: veil.text(&gap.place.to_string()),
                reason: gap.reason,
                detail: veil.text(&gap.detail),
                bytes: gap.bytes,
                scope: gap.scope,
            })
            .collect(),
        accepted: audit.accepted(),
        seen: audit.seen,
    }
}

fn images(audit: &Audit, veil: &Veil) -> Vec<ImageEntry> {
    let layer = |layer: &crate::image::Layer| LayerEntry {
        index: layer.index,
        digest: layer.digest.as_ref().map(ToString::to_string),
        diff_id: layer.diff_id.as_ref().map(ToString::to_string),
        created_by: layer.created_by.as_ref().map(|text| veil.excerpt(text, EXCERPT)),
        size: layer.size,
    };
    let image = |image: &crate::image::Image| ImageEntry {
        digest: image.digest.as_ref().map(ToString::to_string),
        names: image.names.iter().map(|name| veil.text(name)).collect(),
        platform: image.platform.as_ref().map(|platform| veil.text(platform)),
        layers: image.layers.iter().map(layer).collect(),
    };
    audit.images.iter().map(image).collect()
}

fn incident_entry(report: &Report<'_>, incident: &Incident, veil: &Veil) -> IncidentEntry {
    IncidentEntry {
        rule: incident.rule.id.clone(),
        title: incident.rule.title.clone(),
        severity: incident.severity,
        confidence: incident.confidence,
        disposition: incident.disposition,
        reasons: incident.reasons.iter().map(|reason| veil.text(reason)).collect(),
        redacted: incident.secret.redacted(),
        fingerprint: fingerprint(report, incident),
        secret: exposed(report, &incident.secret),
        parts: incident.parts.iter().map(|part| part_entry(report, part, veil)).collect(),
        hints: advice::hints(incident),
        findings: incident.occurrences.iter().map(|occurrence| finding_entry(report.audit, occurrence, veil)).collect(),
    }
}

fn part_entry(report: &Report<'_>, part: &Part, veil: &Veil) -> PartEntry {
    let is_secret = part.kind == PartKind::Secret;
    PartEntry {
        kind: part.kind,
        name: part.name.as_ref().map(|name| veil.text(name)),
        value: (!is_secret).then(|| veil.text(&part.shown)),
        redacted: is_secret.then(|| part.secret.redacted()),
        secret: if is_secret { exposed(report, &part.secret) } else { None },
    }
}

/// The secret itself, if it was asked for.
fn exposed(report: &Report<'_>, secret: &Secret) -> Option<String> {
    report.show_secrets.then(|| String::from_utf8_lossy(secret.expose()).into_owned())
}

/// Of the secret; of rule, path and name where the incident is a file as a whole.
fn fingerprint(report: &Report<'_>, incident: &Incident) -> String {
    if !incident.secret.is_empty() {
        return incident.secret.fingerprint(report.fingerprint_key);
    }
    let first = incident.occurrences.first().map(|occurrence| &occurrence.finding);
    let path = first.and_then(|finding| finding.place.path()).unwrap_or_default();
    // What the finding names in the file, if anything, tells several of one file apart.
    let named = first.and_then(|finding| finding.name.as_ref()).map(|name| format!(":{name}")).unwrap_or_default();
    let name = format!("{}:{path}{named}", incident.rule.id);
    Secret::new(name.as_bytes(), 0).fingerprint(report.fingerprint_key)
}

fn finding_entry(audit: &Audit, occurrence: &Occurrence, veil: &Veil) -> FindingEntry {
    let finding = &occurrence.finding;
    let (state, hidden_by) = match occurrence.fate {
        Fate::Live => ("live", None),
        Fate::Deleted { by } => ("deleted", Some(by)),
        Fate::Overwritten { by } => ("overwritten", Some(by)),
        Fate::Config => ("config", None),
    };
    let image = occurrence.image.and_then(|index| audit.images.get(index)).and_then(|image| image.digest.as_ref());
    FindingEntry {
        image: image.map(ToString::to_string),
        layer: occurrence.layer,
        state,
        hidden_by,
        place: veil.text(&finding.place.to_string()),
        path: finding.place.path().map(|path| veil.text(&path)),
        member: finding.place.member_path().map(|path| veil.text(&path)),
        name: finding.name.as_ref().map(|name| veil.text(name)),
        line: finding.line,
        column: finding.column,
        offset: finding.offset,
        rule: finding.rule.id.clone(),
        instruction: audit.instruction(occurrence).map(|text| veil.excerpt(text, EXCERPT)),
        decoded: finding.decoded.clone(),
        note: finding.note.as_ref().map(|note| veil.text(note)),
        package: finding.package.as_ref().map(|package| PackageEntry {
            manager: package.manager,
            name: veil.text(&package.name),
            version: veil.text(&package.version),
            unchanged: package.unchanged,
        }),
        accepted: finding.disposition == Disposition::Accepted,
    }
}
