//! Every rule that knows an issuer, in every notation that its values stand in.
//!
//! `cargo test --test it matrix -- --nocapture` prints how many rules are found in each notation at the
//! default threshold, and which rules are found least. Values are those of the rules' own examples.
//! `MATRIX_SHOW=WORD` lists what is not found in the notations that have the word in their label.

mod notations;

use notations::{NAMED, NEAR, Notation};
use std::collections::BTreeMap;
use watertight::detect::{Engine, Hit, View};
use watertight::finding::{Confidence, Disposition, Severity};
use watertight::forge::filler::expand;
use watertight::rules::{Example, Form, Lifetime, Rule, RuleSet};

/// What is found of all that could be, just under what is reached.
const FLOORS: [(&str, f64); 6] = [
    ("anchored, named", 0.99),
    ("anchored, near", 0.99),
    ("contextual, named", 0.99),
    ("contextual, near", 0.92),
    ("issuer, named", 0.95),
    ("issuer, near", 0.83),
];

/// A value of a rule, with what people call it.
struct Planted<'r> {
    rule: &'r Rule,
    value: String,
    issuer: String,
    says: String,
}

#[test]
#[allow(clippy::print_stdout)]
fn matrix() {
    let set = RuleSet::builtin().expect("rules");
    let engine = Engine::new(&set).expect("an engine");
    let planted: Vec<_> = set.rules().iter().filter_map(|rule| plant(&engine, rule)).collect();
    let of_issuers: Vec<_> = set.rules().iter().filter_map(|rule| plant(&engine, rule).and_then(of_issuer)).collect();
    let word = std::env::var("MATRIX_SHOW").ok();
    for (label, floor) in FLOORS {
        let (anchored, notations) = (label.starts_with("anchored"), if label.ends_with("named") { NAMED } else { NEAR });
        let planted = if label.starts_with("issuer") { &of_issuers } else { &planted };
        let planted: Vec<_> = planted.iter().filter(|one| anchored == matches!(one.rule.form, Form::Anchored { .. })).collect();
        let mut by_rule: BTreeMap<&str, usize> = BTreeMap::new();
        println!("{label}: {} rules", planted.len());
        let mut all = 0;
        for notation in notations {
            let missed: Vec<_> =
                planted.iter().filter(|one| !is_found(&engine, one, notation)).map(|one| &*one.rule.label.id).collect();
            let found = planted.len() - missed.len();
            all += found;
            println!("{found:6} {:6.3}  {}", found as f64 / planted.len() as f64, notation.label);
            if word.as_ref().is_some_and(|word| notation.label.contains(word)) {
                println!("        {}", missed.join(" "));
            }
            missed.iter().for_each(|id| *by_rule.entry(id).or_default() += 1);
        }
        let mut worst: Vec<_> = by_rule.into_iter().map(|(id, missed)| (missed, id)).collect();
        worst.sort_by_key(|(missed, id)| (usize::MAX - missed, *id));
        println!("  most often missed: {:?}", &worst[..worst.len().min(40)]);
        let share = all as f64 / (planted.len() * notations.len()) as f64;
        println!("{share:.3} of all, {label}\n");
        assert!(share >= floor, "{label} has fallen to {share:.3}");
    }
}

/// The value of the rule's first example that is one, and a name for it.
fn plant<'r>(engine: &Engine, rule: &'r Rule) -> Option<Planted<'r>> {
    let quiet = rule.lifetime == Lifetime::Public || rule.severity < Severity::Low || rule.confidence < Confidence::Medium;
    if quiet || !matches!(rule.form, Form::Anchored { .. } | Form::Contextual { .. }) {
        return None;
    }
    let value = rule.examples.iter().find_map(|example| {
        let Example::Text(text) = example else { return None };
        let text = expand(text, 5);
        let hits = detect(engine, "", &text);
        let hit = hits.iter().find(|hit| hit.rule.id == rule.label.id)?;
        let Form::Anchored { pattern, .. } = &rule.form else { return text.get(hit.span.clone()).map(str::to_owned) };
        // The secret may be a part of what the pattern matches.
        (0..=hit.span.start).rev().find_map(|start| {
            let end = start + pattern.at(&text.as_bytes()[start..])?.end;
            text.get(start..end).filter(|_| end >= hit.span.end).map(str::to_owned)
        })
    })?;
    let keyword = match &rule.form {
        // The issuer alone, if the rule believes it.
        Form::Contextual { keywords, .. } => {
            keywords.iter().min_by_key(|keyword| (!keyword.starts_with(char::is_alphanumeric), keyword.len()))?.clone()
        }
        _ => "acme".to_owned(),
    };
    let keyword = keyword.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    let kind = ["secret", "token", "password"].into_iter().find(|kind| rule.label.id.contains(kind)).unwrap_or("key");
    let says = match kind {
        "key" => "api_key".to_owned(),
        "token" => "access_token".to_owned(),
        kind => kind.to_owned(),
    };
    Some(Planted { rule, value, issuer: keyword, says })
}

/// The same under the name of the issuer alone, if it has one of a word.
fn of_issuer(planted: Planted<'_>) -> Option<Planted<'_>> {
    const NONE: [&str; 7] = ["Frameworks", "Wallets", "HTTP", "System files", "Databases", "Private keys", "VAPID"];
    let issuer: String = planted.rule.issuer.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = !NONE.contains(&planted.rule.issuer.as_str()) && issuer.len() >= 4;
    let contextual = matches!(planted.rule.form, Form::Contextual { .. });
    (plain && contextual).then(|| Planted { issuer: issuer.to_ascii_lowercase(), ..planted })
}

fn is_found(engine: &Engine, planted: &Planted<'_>, notation: &Notation) -> bool {
    let text = write(planted, notation.template);
    detect(engine, notation.path, &text).iter().any(|hit| {
        hit.disposition == Disposition::Actionable
            && hit.severity >= Severity::Low
            && hit.confidence >= Confidence::Medium
            && is_in(&String::from_utf8_lossy(hit.secret.expose()), &planted.value)
    })
}

/// Whether what was found is the value, its secret part, or the value with the word of its scheme.
fn is_in(found: &str, value: &str) -> bool {
    !found.is_empty() && (found.contains(value) || value.contains(found))
}

fn write(planted: &Planted<'_>, template: &str) -> String {
    let Planted { value, issuer, says, .. } = planted;
    let name =
        if issuer.ends_with(says.rsplit('_').next().unwrap_or_default()) { issuer.clone() } else { format!("{issuer}_{says}") };
    let camel = |text: &str| text.split('_').map(capital).collect::<String>();
    let kebab = name.split('_').map(capital).collect::<Vec<_>>().join("-");
    let lower_camel = camel(&name);
    let lower_camel = lower_camel[..1].to_lowercase() + &lower_camel[1..];
    [
        ("{n}", name.as_str()),
        ("{N}", &name.to_uppercase()),
        ("{c}", &lower_camel),
        ("{k}", &kebab),
        ("{i}", issuer),
        ("{I}", &capital(issuer)),
        ("{s}", says),
        ("{S}", &says.to_uppercase()),
        ("{w}", &says.replace('_', " ")),
        ("{v}", value),
    ]
    .iter()
    .fold(template.to_owned(), |text, (mark, filled)| text.replace(mark, filled))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

fn detect(engine: &Engine, path: &str, text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    engine.detect_first(&View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name: path.as_bytes() }, &mut hits);
    hits
}
