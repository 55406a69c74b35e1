//! Rules as the engine runs them: patterns compiled, names normalised, everything validated.

use super::expression::Expression;
use super::written::{File, Written};
use super::{Boundary, Check, Example, Failing, LazyRegex, Lifetime, PathGlob, Pattern, Requirement, Structure};
use crate::finding::{Confidence, RuleLabel, Severity, Share};
use std::sync::Arc;

/// How specific a rule is: of two that fit the same bytes the higher wins.
pub mod rank {
    /// A literal in the value, and a check that holds.
    pub const CHECKED: u8 = 60;
    /// A literal in the value.
    pub const ANCHORED: u8 = 50;
    /// An expression of the user's.
    pub const EXPRESSION: u8 = 46;
    /// A structure that names one service.
    pub const SERVICE: u8 = 45;
    /// A file by its name, which says more than the structure of a value in it.
    pub const FILE: u8 = 42;
    /// A structure.
    pub const STRUCTURAL: u8 = 40;
    /// A name near the value.
    pub const CONTEXTUAL: u8 = 30;
    /// A name that says "secret".
    pub const ASSIGNMENT: u8 = 20;
    /// A file that should not be there.
    pub const STRAY: u8 = 10;
}

/// One kind of credential.
#[derive(Debug)]
pub struct Rule {
    /// What reports say of it.
    pub label: Arc<RuleLabel>,
    /// Who issues the credential.
    pub issuer: String,
    /// Of a live leak.
    pub severity: Severity,
    /// Before the context is judged.
    pub confidence: Confidence,
    /// How long one works.
    pub lifetime: Lifetime,
    /// Texts in the secret that mark one for tests or a sandbox.
    pub variants: Vec<String>,
    /// The issuer's page about it; may be empty.
    pub reference: String,
    /// Words by which rules are chosen, besides id and issuer.
    pub tags: Vec<String>,
    /// What the value must pass.
    pub check: Option<Check>,
    /// What becomes of a value that does not.
    pub failing: Failing,
    /// What the JSON in the value must hold, for `base64-json` and for JSON web tokens.
    pub requires: Vec<Requirement>,
    /// Least Shannon entropy of the secret part, bits per character.
    pub entropy: Option<f64>,
    /// How it is found.
    pub form: Form,
    /// Texts in which it is found once.
    pub examples: Vec<Example>,
    /// Texts in which it is not found.
    pub counter: Vec<Example>,
}

impl Rule {
    /// Whether `value`, the whole match, passes the rule's check.
    pub fn passes(&self, value: &[u8]) -> bool {
        self.check.is_none_or(|check| check.passes_with(value, &self.requires))
    }

    /// Whether its regexes can be built.
    pub(super) fn verify(&self) -> Result<(), Refusal> {
        match &self.form {
            Form::Anchored { pattern, .. } | Form::Contextual { pattern, .. } => {
                pattern.verify().map_err(|error| ("pattern", error.trim_start_matches("pattern: ").to_owned()))
            }
            Form::Files { content: Some(content), .. } => content.verify().map_err(|error| ("content", error)),
            Form::Files { .. } | Form::Structural { .. } => Ok(()),
            Form::Expression(expression) => {
                expression.regexes().try_for_each(|(field, regex)| regex.verify().map_err(|error| (field, error)))
            }
        }
    }
}

/// How a rule is found.
#[derive(Debug)]
pub enum Form {
    /// A literal in the value identifies it.
    Anchored {
        /// Each match of the pattern holds one of them.
        anchors: Vec<Vec<u8>>,
        /// The whole match.
        pattern: Pattern,
        /// Bytes of the match that may stand before the anchor.
        before: usize,
        /// Accepted neighbours.
        boundary: Boundary,
    },
    /// A keyword near the value.
    Contextual {
        /// Lower case, separators taken out.
        keywords: Vec<String>,
        /// Matches the whole value.
        pattern: Pattern,
    },
    /// Code finds it.
    Structural {
        /// Which code.
        structure: Structure,
        /// For `url`: schemes, lower case.
        schemes: Vec<String>,
        /// For `url`: endings of host names.
        hosts: Vec<String>,
        /// For `pem`: the words of the header.
        labels: Vec<String>,
        /// For `jwt`: substrings of `iss`.
        issuers: Vec<String>,
        /// For `assignment`: more words that say "secret".
        names: Vec<String>,
    },
    /// A regular expression of a user, in the shape of gitleaks.
    Expression(Box<Expression>),
    /// A file name.
    Files {
        /// Over the path.
        globs: Vec<PathGlob>,
        /// What the content must hold; with a group `secret`, each match is a finding.
        content: Option<LazyRegex>,
    },
}

impl Form {
    /// The word for it: rules are chosen by it, as by a tag.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Anchored { .. } => "anchored",
            Self::Contextual { .. } => "contextual",
            Self::Structural { structure, .. } => structure.as_str(),
            Self::Files { .. } => "files",
            Self::Expression(_) => "expression",
        }
    }
}

/// Longest match that a window can hold.
const LONGEST: usize = 8 << 10;

/// A field, or nothing where it is none alone, and what is wrong with it.
pub(super) type Refusal = (&'static str, String);

fn refusal<T>(field: &'static str, message: &str) -> Result<T, Refusal> {
    Err((field, message.to_owned()))
}

/// Compiles the rules of one file: each with its id, or what is wrong with it.
pub(super) fn compile(file: File) -> Vec<(String, Result<Rule, Refusal>)> {
    let File { issuer, rotate, reference, tags, rule } = file;
    let shared = Shared { issuer: &issuer, rotate: &rotate, reference: &reference, tags: &tags };
    rule.into_iter().map(|written| (written.id.clone(), one(&shared, written))).collect()
}

/// What the rules of one file have in common.
struct Shared<'a> {
    issuer: &'a str,
    rotate: &'a str,
    reference: &'a str,
    tags: &'a [String],
}

fn one(shared: &Shared<'_>, written: Written) -> Result<Rule, Refusal> {
    let id = &written.id;
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return refusal("id", "the id is not kebab-case");
    }
    if written.examples.is_empty() {
        return refusal("examples", "a rule needs at least one example");
    }
    let given =
        [!written.anchors.is_empty(), !written.keywords.is_empty(), written.detector.is_some(), !written.files.is_empty()];
    let (form, rank) = match given {
        [true, false, false, false] => anchored(&written),
        [false, true, false, false] => contextual(&written),
        [false, false, true, false] => structural(&written),
        [false, false, false, true] => files(&written),
        _ => refusal("", "a rule has one form: anchors, keywords, detector or files"),
    }?;
    let requires = written.requires.iter().map(|text| text.parse::<Requirement>()).collect::<Result<Vec<_>, _>>();
    let requires = requires.map_err(|message| ("requires", message))?;
    let reads_json = written.check == Some(Check::Base64Json) || written.detector == Some(Structure::Jwt);
    if !requires.is_empty() && !reads_json {
        return refusal("requires", "it is for the check `base64-json` and the detector `jwt`");
    }
    if written.failing == Failing::Example && (written.check.is_none() || written.anchors.is_empty()) {
        return refusal("failing", "it is for anchored rules with a check");
    }
    let share = share(&written)?;
    let default = if rank >= rank::STRUCTURAL { Confidence::High } else { Confidence::Medium };
    let rotate = written.rotate.unwrap_or_else(|| shared.rotate.to_owned());
    let rank = written.rank.unwrap_or(rank);
    let short_lived = matches!(written.lifetime, Lifetime::ShortLived | Lifetime::Expiring);
    let label = RuleLabel { id: written.id, title: written.title, rotate, rank, share, short_lived };
    Ok(Rule {
        label: Arc::new(label),
        issuer: shared.issuer.to_owned(),
        severity: written.severity,
        confidence: written.confidence.unwrap_or(default),
        lifetime: written.lifetime,
        variants: written.variants,
        reference: written.reference.unwrap_or_else(|| shared.reference.to_owned()),
        tags: shared.tags.iter().cloned().chain(written.tags).collect(),
        check: written.check,
        failing: written.failing,
        requires,
        entropy: written.entropy,
        form,
        examples: written.examples,
        counter: written.counter,
    })
}

/// How much of a credential the values of a rule are.
fn share(written: &Written) -> Result<Share, Refusal> {
    let (half_of, with) = (&written.public_half_of, &written.goes_with);
    if half_of.iter().chain(with).any(|id| *id == written.id) {
        return refusal("", "a rule is no part of what it finds itself");
    }
    match (half_of.is_empty(), with.is_empty()) {
        (true, true) => Ok(Share::Whole),
        (false, true) if written.severity > Severity::Info => {
            refusal("severity", "a public half opens nothing by itself, so its severity is `info`")
        }
        (false, true) => Ok(Share::PublicHalf(half_of.clone())),
        (true, false) => Ok(Share::Companion(with.clone())),
        (false, false) => refusal("goes_with", "a value is public or secret: a rule has `public_half_of` or `goes_with`"),
    }
}

fn pattern(written: &Written) -> Result<Pattern, Refusal> {
    let refused = |message: String| ("pattern", message.trim_start_matches("pattern: ").to_owned());
    let text = written.pattern.as_deref().ok_or(("", "the rule has no pattern".to_owned()))?;
    let pattern = Pattern::compile(text).map_err(refused)?;
    if pattern.longest() > LONGEST {
        return Err(refused(format!("the longest match is {} bytes; at most {LONGEST} fit a window", pattern.longest())));
    }
    Ok(pattern)
}

fn anchored(written: &Written) -> Result<(Form, u8), Refusal> {
    let pattern = pattern(written)?;
    if written.anchors.iter().any(|anchor| anchor.len() < 3) {
        return refusal("anchors", "an anchor has at least 3 bytes");
    }
    let rank = if written.check.is_some() { rank::CHECKED } else { rank::ANCHORED };
    let anchors = written.anchors.iter().map(|anchor| anchor.clone().into_bytes()).collect();
    Ok((Form::Anchored { anchors, pattern, before: written.before, boundary: written.boundary }, rank))
}

fn contextual(written: &Written) -> Result<(Form, u8), Refusal> {
    let pattern = pattern(written)?;
    if pattern.shortest() < 16 {
        return refusal("pattern", "a contextual value has at least 16 bytes");
    }
    let keywords: Vec<String> = written.keywords.iter().map(|keyword| normalised(keyword)).collect();
    if keywords.iter().any(|keyword| keyword.len() < 4) {
        return refusal("keywords", "a keyword has at least 4 letters or digits");
    }
    Ok((Form::Contextual { keywords, pattern }, rank::CONTEXTUAL))
}

/// Lower case, `_`, `-` and `.` taken out: `DD-API_Key` and `ddApiKey` are one keyword.
fn normalised(keyword: &str) -> String {
    keyword.chars().filter(|c| !matches!(c, '_' | '-' | '.')).map(|c| c.to_ascii_lowercase()).collect()
}

fn structural(written: &Written) -> Result<(Form, u8), Refusal> {
    let structure = written.detector.ok_or(("", "the rule has no detector".to_owned()))?;
    let service = !written.issuers.is_empty() || !written.requires.is_empty() || !written.hosts.is_empty();
    let rank = match structure {
        Structure::Assignment | Structure::CommandLine => rank::ASSIGNMENT,
        Structure::StrayEnv => rank::STRAY,
        _ if service => rank::SERVICE,
        _ => rank::STRUCTURAL,
    };
    let lower = |words: &[String]| words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let form = Form::Structural {
        structure,
        schemes: lower(&written.schemes),
        hosts: lower(&written.hosts),
        labels: written.labels.clone(),
        issuers: written.issuers.clone(),
        names: lower(&written.names),
    };
    Ok((form, rank))
}

fn files(written: &Written) -> Result<(Form, u8), Refusal> {
    let content = written.content.as_deref().map(|text| LazyRegex::new(text, 1 << 20)).transpose();
    let content = content.map_err(|message| ("content", message))?;
    let globs = written.files.iter().map(|glob| PathGlob::compile(glob)).collect::<Result<_, _>>();
    let globs = globs.map_err(|message| ("files", message.trim_start_matches("files: ").to_owned()))?;
    Ok((Form::Files { globs, content }, rank::FILE))
}
