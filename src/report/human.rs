//! The report for people: the layers and what they carry, incidents, gaps, totals, the verdict.

use super::{Report, Veil, advice};
use crate::audit::{Audit, Fate, Incident, Occurrence, Verdict};
use crate::finding::{Confidence, Disposition, Part, PartKind, Scope, Severity};
use anstyle::{AnsiColor, Style};
use std::fmt;
use std::io::{self, Write};

/// Places listed of one incident, and gaps of one kind; the JSON report has them all.
const LISTED: usize = 8;

/// Writes the report, with colours if `colour`.
///
/// # Errors
/// Those of the writer.
pub fn write(report: &Report<'_>, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let veil = if report.show_secrets { Veil::none() } else { Veil::over(&report.audit.incidents) };
    let mut page = Page { report, audit: report.audit, veil, colour, out };
    page.images()?;
    for incident in &report.audit.incidents {
        page.incident(incident)?;
    }
    page.gaps()?;
    page.totals()?;
    page.verdict()
}

struct Page<'a> {
    report: &'a Report<'a>,
    audit: &'a Audit,
    veil: Veil,
    colour: bool,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn paint(&self, style: Style, text: impl fmt::Display) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    fn bold(&self, text: impl fmt::Display) -> String {
        self.paint(Style::new().bold(), text)
    }

    fn dim(&self, text: impl fmt::Display) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    fn images(&mut self) -> io::Result<()> {
        for (index, image) in self.audit.images.iter().enumerate() {
            let digest = image.digest.as_ref().map_or("no digest".to_string(), |digest| format!("sha256:{}", digest.short()));
            let names = image.names.iter().map(|name| self.veil.text(name)).collect::<Vec<_>>().join(", ");
            let platform = image.platform.as_deref().map(|platform| self.veil.text(platform)).unwrap_or_default();
            let head = [names, platform, digest].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
            writeln!(self.out, "{} {head}", self.bold("image"))?;
            self.line_of_stack("config".into(), String::new(), self.carried(index, None), "")?;
            for layer in &image.layers {
                let made_by =
                    layer.created_by.as_deref().map_or("instruction unknown".into(), |text| self.veil.excerpt(text, 60));
                let size = layer.size.map(bytes).unwrap_or_default();
                let carried = self.carried(index, Some(layer.index));
                self.line_of_stack(format!("layer {}", layer.index), size, carried, &made_by)?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn line_of_stack(
        &mut self,
        label: String,
        size: String,
        carried: Option<(usize, Severity)>,
        made_by: &str,
    ) -> io::Result<()> {
        let carried = match carried {
            None => self.dim(format!("{:<18}", "-")),
            Some((count, worst)) => self.paint(style_of(worst), format!("{:<18}", counted(count as u64, "finding"))),
        };
        let made_by = if made_by.is_empty() { String::new() } else { format!("  {}", self.dim(made_by)) };
        writeln!(self.out, "{}", format!("  {label:<10}{size:>10}  {carried}{made_by}").trim_end())
    }

    /// How many findings a layer (or the config, for `None`) of an image has, and how bad the worst is.
    fn carried(&self, image: usize, layer: Option<usize>) -> Option<(usize, Severity)> {
        let here = |occurrence: &&Occurrence| {
            let config = occurrence.fate == Fate::Config;
            occurrence.image == Some(image) && layer.map_or(config, |layer| !config && occurrence.layer == Some(layer))
        };
        let found: Vec<_> = self.audit.incidents.iter().flat_map(|incident| &incident.occurrences).filter(here).collect();
        let worst = found.iter().map(|occurrence| occurrence.finding.severity).max()?;
        Some((found.len(), worst))
    }

    fn incident(&mut self, incident: &Incident) -> io::Result<()> {
        let severity = self.paint(style_of(incident.severity), incident.severity.as_str().to_uppercase());
        let value =
            if self.report.show_secrets { crate::place::escaped(incident.secret.expose()) } else { incident.secret.redacted() };
        let rule = self.dim(format!("[{}]", incident.rule.id));
        let head = [severity, self.bold(&incident.rule.title), value, rule].into_iter().filter(|part| !part.is_empty());
        writeln!(self.out, "{}", head.collect::<Vec<_>>().join("  "))?;
        self.parts(incident)?;
        if self.report.explain {
            self.explanation(incident)?;
        } else {
            self.judgement(incident)?;
        }
        for occurrence in incident.occurrences.iter().take(LISTED) {
            self.occurrence(occurrence)?;
        }
        if incident.occurrences.len() > LISTED {
            let more = counted((incident.occurrences.len() - LISTED) as u64, "more place");
            writeln!(self.out, "    … and {more}; --format json lists them all")?;
        }
        for hint in advice::hints(incident) {
            writeln!(self.out, "    {} {hint}", self.dim("hint:"))?;
        }
        writeln!(self.out)
    }

    /// What belongs to the credential.
    fn parts(&mut self, incident: &Incident) -> io::Result<()> {
        let shown = |part: &Part| match part.kind {
            PartKind::Secret if self.report.show_secrets => crate::place::escaped(part.secret.expose()),
            PartKind::Secret => part.secret.redacted(),
            _ => self.veil.text(&part.shown),
        };
        let told = |part: &Part| {
            let name = part.name.as_ref().map(|name| format!(" ({})", self.veil.text(name))).unwrap_or_default();
            format!("{} {}{name}", part.kind.as_str(), shown(part))
        };
        // Whose it is and where it opens stands with each place.
        let is_told = |part: &&Part| !matches!(part.kind, PartKind::User | PartKind::Host);
        let parts: Vec<_> = incident.parts.iter().filter(is_told).map(told).collect();
        if parts.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "    {} {}", self.dim("with"), parts.join(", "))
    }

    /// Why an incident may weigh less than its severity says.
    fn judgement(&mut self, incident: &Incident) -> io::Result<()> {
        let mut words = match incident.disposition {
            Disposition::Actionable => Vec::new(),
            Disposition::Expired => vec!["expired, so it does not fail the audit".to_string()],
            Disposition::Example => vec!["an example that opens nothing, so it does not fail the audit".into()],
            Disposition::Public => vec!["public by design, so it does not fail the audit".into()],
            Disposition::Accepted => vec!["accepted by a comment beside it, so it does not fail the audit".into()],
        };
        if incident.confidence < Confidence::High {
            words.push(format!("{} confidence", incident.confidence.as_str()));
        }
        if words.is_empty() {
            return Ok(());
        }
        words.extend(incident.reasons.iter().map(|reason| self.veil.text(reason)));
        writeln!(self.out, "    {}", self.dim(words.join("; ")))
    }

    /// What an incident calls for, and all that led there.
    fn explanation(&mut self, incident: &Incident) -> io::Result<()> {
        let sure = format!("severity {}, confidence {}", incident.severity.as_str(), incident.confidence.as_str());
        let called = match incident.disposition {
            Disposition::Actionable => "it works, as far as can be told offline",
            Disposition::Expired => "it has expired, so it does not fail the audit",
            Disposition::Example => "it opens nothing, so it does not fail the audit",
            Disposition::Public => "by design, so it does not fail the audit",
            Disposition::Accepted => "by comments beside it, so it does not fail the audit",
        };
        writeln!(self.out, "    {} {} ({called}); {sure}", self.dim("judged:"), incident.disposition.as_str())?;
        for reason in &incident.reasons {
            writeln!(self.out, "      {} {}", self.dim("since"), self.veil.text(reason))?;
        }
        let asked = format!("watertight rules explain {}", incident.rule.id);
        writeln!(self.out, "      {}", self.dim(format!("about the rule: {asked}")))
    }

    /// Where it is, without what the reader knows: the target itself, or the image.
    fn place(&self, occurrence: &Occurrence) -> String {
        let place = &occurrence.finding.place;
        let Some(path) = place.path() else { return self.veil.text(&place.to_string()) };
        let member = place.member_path().map(|member| format!("!{member}")).unwrap_or_default();
        let inside = self.veil.text(&format!("{path}{member}"));
        match occurrence.layer {
            Some(layer) => format!("layer {layer}: {inside}"),
            None if self.audit.images.is_empty() || place.label() == path => inside,
            None => self.veil.text(&place.to_string()),
        }
    }

    fn occurrence(&mut self, occurrence: &Occurrence) -> io::Result<()> {
        let finding = &occurrence.finding;
        let mut place = self.place(occurrence);
        if let Some(line) = finding.line {
            place = format!("{place}:{line}");
        }
        let several = self.audit.images.len() > 1;
        let image = occurrence.image.filter(|_| several).and_then(|index| self.audit.images.get(index));
        let image = image.and_then(|image| image.platform.clone().or_else(|| image.names.first().cloned()));
        let mut remarks: Vec<String> = image.into_iter().map(|image| self.veil.text(&image)).collect();
        remarks.extend(finding.name.as_ref().map(|name| self.veil.text(name)));
        remarks.extend(finding.part_of.as_ref().map(|_| finding.rule.title.clone()));
        match occurrence.fate {
            Fate::Deleted { by } => remarks.push(format!("deleted by layer {by}, still recoverable")),
            Fate::Overwritten { by } => remarks.push(format!("overwritten by layer {by}, still recoverable")),
            Fate::Live | Fate::Config => {}
        }
        if !finding.decoded.is_empty() {
            remarks.push(format!("in {}", finding.decoded.join(" in ")));
        }
        if finding.disposition == Disposition::Accepted {
            remarks.push("accepted by a comment".into());
        }
        remarks.extend(finding.note.as_ref().map(|note| self.veil.text(note)));
        remarks.extend(finding.package.as_ref().map(|package| {
            let how = match package.unchanged {
                Some(true) => "unchanged from ",
                Some(false) => "changed since ",
                None => "in ",
            };
            self.veil.text(&format!("{how}{package}"))
        }));
        let remarks = if remarks.is_empty() { String::new() } else { format!("  ({})", remarks.join("; ")) };
        writeln!(self.out, "    {place}{}", self.dim(remarks))?;
        if let Some(instruction) = self.audit.instruction(occurrence) {
            let text = self.veil.excerpt(instruction, 100);
            writeln!(self.out, "      {} {text}", self.dim("made by"))?;
        }
        Ok(())
    }

    fn gaps(&mut self) -> io::Result<()> {
        if self.audit.gaps.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "{}", self.bold("not seen"))?;
        let mut gaps: Vec<_> = self.audit.gaps.iter().collect();
        gaps.sort_by_key(|gap| gap.scope);
        for gap in gaps.iter().take(2 * LISTED) {
            let cost = gap.bytes.map(|count| format!(", {}", bytes(count))).unwrap_or_default();
            let scope = if gap.scope == Scope::Image { self.paint(style_of(Severity::High), "image") } else { self.dim("item ") };
            let (place, detail) = (self.veil.text(&gap.place.to_string()), self.veil.text(&gap.detail));
            writeln!(self.out, "  {scope}  {}{cost}  {place}: {detail}", gap.reason.as_str())?;
        }
        if gaps.len() > 2 * LISTED {
            writeln!(self.out, "  … and {} more; --format json lists them all", gaps.len() - 2 * LISTED)?;
        }
        writeln!(self.out)
    }

    fn totals(&mut self) -> io::Result<()> {
        let seen = self.audit.seen;
        let images = (seen.images > 0).then(|| [counted(seen.images, "image"), counted(seen.layers, "layer")]);
        let mut parts: Vec<_> = images.into_iter().flatten().chain([counted(seen.files, "file")]).collect();
        if seen.members > 0 {
            parts.push(format!("{} of archives in them", counted(seen.members, "member")));
        }
        let text = format!("seen: {}, {} of content", parts.join(", "), bytes(seen.bytes));
        writeln!(self.out, "{}", self.dim(text))?;
        match self.audit.accepted() as u64 {
            0 => Ok(()),
            count => writeln!(self.out, "accepted by comments beside them: {}", counted(count, "finding")),
        }
    }

    fn verdict(&mut self) -> io::Result<()> {
        let name = self.veil.text(&self.audit.target.name);
        let count = self.audit.incidents.len() as u64;
        let incidents = counted(count, "incident");
        let (style, text) = match self.report.verdict {
            Verdict::Watertight if count > 0 => {
                (AnsiColor::Green, format!("watertight: {name} has {incidents}, none that fails it"))
            }
            Verdict::Watertight => (AnsiColor::Green, format!("watertight: nothing found in {name}")),
            Verdict::Leaking => (AnsiColor::Red, format!("leaking: {name} carries {incidents}")),
            Verdict::Incomplete if count > 0 => {
                (AnsiColor::Yellow, format!("incomplete: {name} was not wholly read; it has {incidents}, none that fails it"))
            }
            Verdict::Incomplete => (AnsiColor::Yellow, format!("incomplete: nothing found in what could be read of {name}")),
        };
        writeln!(self.out, "{}", self.paint(Style::new().bold().fg_color(Some(style.into())), text))
    }
}

fn style_of(severity: Severity) -> Style {
    let colour = match severity {
        Severity::Critical | Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low => AnsiColor::Cyan,
        Severity::Info => AnsiColor::BrightBlack,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}

/// A number and its noun.
fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A number of bytes in binary units.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS.get(unit).unwrap_or(&"B"))
}
