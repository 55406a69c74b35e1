//! What a scan concludes: incidents, gaps, totals.
//!
//! One secret is one incident, however many layers, configs and bundles repeat it. A blob that two
//! images share was scanned once; here its findings are told for each image that has it.

mod attribution;
mod parts;

use crate::finding::{Confidence, Disposition, Finding, Gap, Instruction, Part, Reason, RuleLabel, Severity, Totals};
use crate::image::Image;
use crate::image::lifecycle::{LayerEntries, State, fates};
use crate::image::packages::Records;
use crate::place::RootId;
use crate::secret::Secret;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing found, and the artifact was wholly readable.
    Watertight,
    /// Something found.
    Leaking,
    /// Nothing found in what could be read.
    Incomplete,
}

impl Verdict {
    /// The name, as in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Watertight => "watertight",
            Self::Leaking => "leaking",
            Self::Incomplete => "incomplete",
        }
    }
}

/// What the user named.
#[derive(Clone, Debug)]
pub struct Target {
    /// As given.
    pub name: String,
    /// What it turned out to be: `docker-archive`, `oci`, `file` …
    pub kind: &'static str,
}

/// Where a secret is found once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// Index of the image, where the place belongs to one.
    pub image: Option<usize>,
    /// Index of the layer in that image.
    pub layer: Option<usize>,
    /// What became of it.
    pub fate: Fate,
    /// The finding, with its place.
    pub finding: Finding,
}

/// Whether a secret is in the final file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// A file that is there.
    Live,
    /// A file that a layer removed.
    Deleted {
        /// Its index.
        by: usize,
    },
    /// A file that a layer replaced.
    Overwritten {
        /// Its index.
        by: usize,
    },
    /// No file: the image's own documents.
    Config,
}

/// All findings of one secret.
#[derive(Clone, Debug)]
pub struct Incident {
    /// The most specific rule that found it.
    pub rule: Arc<RuleLabel>,
    /// The worst of its findings'.
    pub severity: Severity,
    /// The best of its findings'.
    pub confidence: Confidence,
    /// The first of its findings', in the order of [`Disposition`].
    pub disposition: Disposition,
    /// What led there.
    pub reasons: Vec<Reason>,
    /// The secret; empty where the incident is a file as a whole.
    pub secret: Secret,
    /// What belongs to the same credential: its id, whose it is, where it opens.
    pub parts: Vec<Part>,
    /// Where it is, and where those of its parts are that were found by rules of their own. In the order of images, layers and places.
    pub occurrences: Vec<Occurrence>,
}

/// The result of a scan.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What was scanned.
    pub target: Target,
    /// Its images.
    pub images: Vec<Image>,
    /// Most severe first.
    pub incidents: Vec<Incident>,
    /// What was not seen, sorted.
    pub gaps: Vec<Gap>,
    /// What was seen.
    pub seen: Totals,
}

/// What is known of the roots besides what was found in them.
#[derive(Debug)]
pub struct Known<'a> {
    /// The entries of each layer blob.
    pub ledgers: &'a HashMap<RootId, Arc<LayerEntries>>,
    /// The roots that are layers.
    pub layers: &'a HashSet<RootId>,
    /// What package managers recorded in layers and directories.
    pub packages: &'a BTreeMap<RootId, Records>,
}

impl Audit {
    /// Brings findings together.
    pub fn new(
        target: Target,
        images: Vec<Image>,
        mut findings: Vec<Finding>,
        gaps: Vec<Gap>,
        seen: Totals,
        known: &Known<'_>,
    ) -> Self {
        told_once(&mut findings);
        parts::join(&mut findings);
        let mut occurrences = Vec::new();
        let mut uses: HashMap<RootId, Vec<Home>> = HashMap::new();
        for (index, image) in images.iter().enumerate() {
            for home in homes(index, image) {
                uses.entry(home.root).or_default().push(home);
            }
        }
        for finding in findings {
            let root = finding.place.root_id();
            let is_file = known.layers.contains(&root) || finding.place.path_bytes().is_some();
            let fate = if is_file { Fate::Live } else { Fate::Config };
            match uses.get(&root) {
                None => occurrences.push(Occurrence { image: None, layer: None, fate, finding }),
                Some(homes) => occurrences.extend(homes.iter().map(|home| {
                    let layer = home.layer.or_else(|| finding.instruction.as_ref().and_then(|instruction| instruction.layer));
                    Occurrence { image: Some(home.image), layer, fate, finding: finding.clone() }
                })),
            }
        }
        settle_fates(&mut occurrences, &images, known.ledgers);
        attribution::attribute(&mut occurrences, &images, known.packages);
        Self { target, images, incidents: group(occurrences), gaps, seen }
    }

    /// How many findings comments beside them accept.
    pub fn accepted(&self) -> usize {
        let occurrences = self.incidents.iter().flat_map(|incident| &incident.occurrences);
        occurrences.filter(|occurrence| occurrence.finding.disposition == Disposition::Accepted).count()
    }

    /// The instruction that an occurrence is due to, as the history has it.
    pub fn instruction(&self, occurrence: &Occurrence) -> Option<&str> {
        let image = self.images.get(occurrence.image?)?;
        let Some(Instruction { history, .. }) = &occurrence.finding.instruction else {
            return image.layers.get(occurrence.layer?)?.created_by.as_deref();
        };
        image.history.get(*history).map(|entry| entry.created_by.as_str())
    }
}

/// A use of a root by an image.
struct Home {
    root: RootId,
    image: usize,
    layer: Option<usize>,
}

fn homes(index: usize, image: &Image) -> Vec<Home> {
    let mut homes: Vec<_> =
        image.layers.iter().map(|layer| Home { root: layer.root, image: index, layer: Some(layer.index) }).collect();
    let mut documents = vec![image.config_place.root_id(), image.manifest_place.root_id()];
    documents.dedup();
    homes.extend(documents.into_iter().map(|root| Home { root, image: index, layer: None }));
    homes
}

/// Asks, image by image, what became of the files that findings lie in.
fn settle_fates(occurrences: &mut [Occurrence], images: &[Image], ledgers: &HashMap<RootId, Arc<LayerEntries>>) {
    let mut by_image: BTreeMap<usize, Vec<&mut Occurrence>> = BTreeMap::new();
    for occurrence in occurrences {
        if let (Some(image), Some(_), Some(_)) = (occurrence.image, occurrence.layer, occurrence.finding.entry) {
            by_image.entry(image).or_default().push(occurrence);
        }
    }
    for (index, mut occurrences) in by_image {
        let Some(image) = images.get(index) else { continue };
        let layers: Vec<_> = image.layers.iter().map(|layer| ledgers.get(&layer.root).cloned().unwrap_or_default()).collect();
        let states = {
            let wanted: Vec<_> = occurrences
                .iter()
                .map(|occurrence| {
                    let path = occurrence.finding.place.path_bytes().unwrap_or_default();
                    (path, occurrence.layer.unwrap_or(0), occurrence.finding.entry.unwrap_or(0))
                })
                .collect();
            fates(&wanted, &layers)
        };
        for (occurrence, state) in occurrences.iter_mut().zip(states) {
            occurrence.fate = match state {
                State::Live => Fate::Live,
                State::Deleted { by } => Fate::Deleted { by },
                State::Overwritten { by } => Fate::Overwritten { by },
            };
        }
    }
}

/// What findings about a file as a whole have in common: the rule, the file, and what in it they name, if anything.
type Whole = (Arc<RuleLabel>, Option<String>, Option<String>);

/// One incident a secret, worst first; a finding about a file as a whole is one by itself.
fn group(mut occurrences: Vec<Occurrence>) -> Vec<Incident> {
    occurrences.sort();
    occurrences.dedup();
    let mut groups: BTreeMap<(Secret, Option<Whole>), Vec<Occurrence>> = BTreeMap::new();
    for occurrence in occurrences {
        let finding = &occurrence.finding;
        let file = finding.secret.is_empty().then(|| {
            let path = finding.place.path().or_else(|| Some(finding.place.label()));
            (finding.rule.clone(), path, finding.name.clone())
        });
        let secret = finding.part_of.clone().unwrap_or_else(|| finding.secret.bare());
        groups.entry((secret, file)).or_default().push(occurrence);
    }
    let mut incidents: Vec<_> = groups.into_values().filter_map(incident).collect();
    incidents.sort_by(|a, b| {
        let key = |incident: &Incident| {
            (std::cmp::Reverse(incident.severity), incident.disposition, std::cmp::Reverse(incident.confidence))
        };
        key(a).cmp(&key(b)).then_with(|| a.rule.id.cmp(&b.rule.id)).then_with(|| a.occurrences.cmp(&b.occurrences))
    });
    incidents
}

/// Of the findings of one secret at one place those without a name go where another has one: the same bytes
/// were looked at as they are, and by a structure that names them.
fn told_once(findings: &mut Vec<Finding>) {
    let spot = |finding: &Finding| (finding.place.clone(), finding.entry, finding.offset, finding.secret.bare());
    // What is about a file as a whole has no such place.
    let is_named = |finding: &&Finding| finding.name.is_some() && !finding.secret.is_empty();
    let named: HashSet<_> = findings.iter().filter(is_named).map(spot).collect();
    if !named.is_empty() {
        findings.retain(|finding| finding.name.is_some() || !named.contains(&spot(finding)));
    }
}

fn incident(occurrences: Vec<Occurrence>) -> Option<Incident> {
    let of_secret = || occurrences.iter().filter(|occurrence| occurrence.finding.part_of.is_none());
    let best =
        of_secret().max_by_key(|occurrence| (occurrence.finding.rule.rank, std::cmp::Reverse(&occurrence.finding.rule.id)))?;
    let (rule, secret) = (best.finding.rule.clone(), best.finding.secret.clone());
    // How bad it is, is for the rule that knows the kind to say.
    let of_rule = || of_secret().map(|occurrence| &occurrence.finding).filter(|finding| finding.rule == rule);
    let severity = of_rule().map(|finding| finding.severity).max()?;
    let confidence = of_rule().map(|finding| finding.confidence).max()?;
    let disposition = of_rule().map(|finding| finding.disposition).min()?;
    let mut reasons: Vec<Reason> = Vec::new();
    for reason in of_rule().filter(|finding| finding.disposition == disposition).flat_map(|finding| &finding.reasons) {
        if reasons.len() < REASONS && !reasons.contains(reason) {
            reasons.push(reason.clone());
        }
    }
    let parts = parts_of(&occurrences);
    Some(Incident { rule, severity, confidence, disposition, reasons, secret, parts, occurrences })
}

/// What belongs to the credential that these are of, each once.
fn parts_of(occurrences: &[Occurrence]) -> Vec<Part> {
    let mut parts: BTreeSet<Part> = BTreeSet::new();
    let mut known = HashSet::new();
    for finding in occurrences.iter().map(|occurrence| &occurrence.finding) {
        let own = finding.part_of.is_some().then(|| parts::part(finding));
        for part in finding.parts.iter().cloned().chain(own) {
            // A secret is never left out: who covers it must know it.
            let fits = parts.len() < PARTS || !part.secret.is_empty();
            if fits && known.insert((part.kind, part.shown.clone(), part.secret.clone())) {
                parts.insert(part);
            }
        }
    }
    parts.into_iter().collect()
}

/// Parts that are named of one incident; a password of a hundred users would otherwise name them all.
const PARTS: usize = 12;

/// An incident in many places would otherwise repeat each one's.
const REASONS: usize = 8;
