//! `watertight rules explain`: a rule in words.

use super::super::choice::Choice;
use super::super::failure::Failure;
use super::super::output::to_stdout;
use super::show::whose;
use super::{meaning, of_ids};
use crate::finding::Share;
use crate::forge::filler::expand;
use crate::place::escaped;
use crate::policy::Exit;
use crate::rules::{Boundary, Example, Expression, Failing, Form, LazyRegex, Lifetime, Origin, Rule};
use std::io::{self, Write};

/// Explain rules in words: what is looked for, how it is checked and judged, what to do
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Ids of rules, as in reports
    #[arg(required = true)]
    id: Vec<String>,
    #[command(flatten)]
    choice: Choice,
}

const EXAMPLES: &str = "\
Examples:
  watertight rules explain github-personal-access-token
  watertight rules explain my-rule --rules my-rules/

The values in the examples are made up on the spot and open nothing";

/// Examples shown of a kind.
const SHOWN: usize = 3;

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let rules = args.choice.load()?;
    let told = of_ids(&rules, &args.id)?;
    to_stdout("the explanation", |_, out| {
        for (at, (rule, origin)) in told.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            explain(rule, origin, &mut Page { out })?;
        }
        Ok(())
    })?;
    Ok(Exit::Clean)
}

/// Text in sections. A rule file may be anybody's, so control characters are escaped.
struct Page<'o> {
    out: &'o mut dyn Write,
}

impl Page<'_> {
    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", escaped(text.as_bytes()))
    }

    /// A heading with what stands below it; nothing, if that is nothing.
    fn section(&mut self, heading: &str, lines: &[String]) -> io::Result<()> {
        let lines: Vec<_> = lines.iter().filter(|line| !line.is_empty()).collect();
        if lines.is_empty() {
            return Ok(());
        }
        self.line("")?;
        self.line(heading)?;
        lines.into_iter().try_for_each(|line| self.line(&format!("  {line}")))
    }
}

fn explain(rule: &Rule, origin: &Origin, page: &mut Page<'_>) -> io::Result<()> {
    page.line(&format!("{}: {}", rule.label.id, rule.label.title))?;
    page.line(&format!("issued by {}", rule.issuer))?;
    page.section("Looks for", &looked_for(rule))?;
    page.section("Checks", &checks(rule))?;
    page.section("Judges", &judged(rule))?;
    page.section("Found in, for example", &examples(&rule.examples))?;
    page.section("Not found in", &examples(&rule.counter))?;
    let told = |what: &str, text: &str| if text.is_empty() { String::new() } else { format!("{what}{text}") };
    page.section("What to do", &[told("revoke it: ", &rule.label.rotate), told("more: ", &rule.reference)])?;
    let tags = if rule.tags.is_empty() { String::new() } else { format!(", tags: {}", rule.tags.join(", ")) };
    page.section("Written in", &[format!("{}, line {}{tags}", whose(origin), origin.line_of(""))])
}

fn looked_for(rule: &Rule) -> Vec<String> {
    let list = |words: &[String]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let optional =
        |what: &str, words: &[String]| if words.is_empty() { String::new() } else { format!("{what}: {}", list(words)) };
    match &rule.form {
        Form::Anchored { anchors, pattern, before, boundary } => {
            let anchors: Vec<String> = anchors.iter().map(|anchor| escaped(anchor)).collect();
            let place = if *before == 0 { "starts with" } else { "holds" };
            vec![
                format!("a value that identifies itself: it {place} {}", list(&anchors).replace(", ", " or ")),
                format!("and as a whole is `{}`, {}", pattern.text(), length(pattern.shortest(), pattern.longest())),
                match boundary {
                    Boundary::Token => "no letter, digit or `_` before or after it".into(),
                    Boundary::Loose => "no letter, digit or `_` after it; a name in lower case may run up to it".into(),
                    Boundary::None => "whatever stands before and after it".into(),
                },
            ]
        }
        Form::Contextual { keywords, pattern } => vec![
            format!("a value that is `{}`, {}", pattern.text(), length(pattern.shortest(), pattern.longest())),
            format!("with one of these names left of it, on its line or the one before: {}", list(keywords)),
            "in any case, words joined in any way".into(),
        ],
        Form::Structural { structure, schemes, hosts, labels, issuers, names } => vec![
            meaning::of_structure(*structure).into(),
            optional("of these schemes", schemes),
            optional("at hosts that end in", hosts),
            optional("with a header of", labels),
            optional("whose `iss` holds", issuers),
            optional("names that say, or are", names),
        ],
        Form::Expression(expression) => expressed(expression),
        Form::Files { globs, content } => {
            let globs: Vec<String> = globs.iter().map(|glob| glob.text().to_owned()).collect();
            let content = content.as_ref().map(|content| format!("if its first 64 KiB hold `{}`", content.text()));
            vec![format!("a file by its name: {}", list(&globs)), content.unwrap_or_default()]
        }
    }
}

/// An expression in the shape of gitleaks.
fn expressed(expression: &Expression) -> Vec<String> {
    let text = |regex: &Option<LazyRegex>| regex.as_ref().map(|regex| format!("`{}`", regex.text()));
    let mut lines = Vec::new();
    lines.extend(text(&expression.regex).map(|text| format!("what matches {text}, at most 8 KiB of it")));
    lines.extend(text(&expression.path).map(|text| format!("in files whose path matches {text}")));
    if expression.regex.is_some() {
        lines.push(match expression.group {
            0 => "the secret is the first group that matched, or all of the match".into(),
            group => format!("the secret is group {group}"),
        });
        lines.push(match &expression.keywords[..] {
            [] => "it has no keyword, so all bytes are looked at".into(),
            keywords => format!("near one of these words, in any case: {}", keywords.join(", ")),
        });
    }
    let count = |what: &str, count: usize| if count == 0 { String::new() } else { format!("{count} {what}") };
    lines.push(count("other expressions must match near by", expression.parts.len()));
    lines.push(count("allowlists let values pass", expression.allow.len()));
    if expression.is_part {
        lines.push("it is a part of other rules and not told of itself".into());
    }
    lines
}

fn length(shortest: usize, longest: usize) -> String {
    if shortest == longest { format!("{shortest} bytes") } else { format!("{shortest} to {longest} bytes") }
}

fn checks(rule: &Rule) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(check) = rule.check {
        lines.push(format!("the value passes if {}", meaning::of_check(check)));
        lines.push(match rule.failing {
            Failing::Drop => "one that does not is something else, and is not told".into(),
            Failing::Example => "one that does not was made up: told as an example of severity and confidence low".into(),
        });
    }
    if !rule.requires.is_empty() {
        let names: Vec<String> = rule.requires.iter().map(|required| format!("`{required}`")).collect();
        lines.push(format!("the JSON in it must hold {}", names.join(", ")));
    }
    lines.extend(rule.entropy.map(|least| format!("at least {least} bits of entropy per character")));
    lines
}

fn judged(rule: &Rule) -> Vec<String> {
    let mut lines = vec![
        format!("severity {}: {}", rule.severity.as_str(), meaning::of_severity(rule.severity)),
        format!("confidence {}: {}", rule.confidence.as_str(), meaning::of_confidence(rule.confidence)),
        format!("lifetime {}: {}", rule.lifetime.as_str(), meaning::of_lifetime(rule.lifetime)),
    ];
    lines.extend(match &rule.label.share {
        Share::Whole => None,
        Share::PublicHalf(of) => Some(format!("the public half of what these find, and told with it: {}", of.join(", "))),
        Share::Companion(of) => Some(format!("of use only with what these find, and told with it: {}", of.join(", "))),
    });
    if !rule.variants.is_empty() {
        let marks: Vec<String> = rule.variants.iter().map(|mark| format!("`{mark}`")).collect();
        lines.push(format!("one with {} in it is for tests: severity low", marks.join(" or ")));
    }
    if rule.lifetime != Lifetime::Public && !matches!(rule.form, Form::Expression(_)) {
        lines.push("files for tests or documentation, packages and comments may lower it; each says so".into());
    }
    lines.push(format!("rank {}: of two rules that fit the same bytes the higher wins", rule.label.rank));
    lines
}

/// Examples with values made up for this run.
fn examples(examples: &[Example]) -> Vec<String> {
    let seed = fastrand::u64(..);
    let text = |example: &Example| match example {
        Example::Text(text) => expand(text, seed),
        Example::File { path, text } => format!("{path}: {}", expand(text, seed)),
    };
    // A key of many lines is shown by its first ones.
    let short = |text: String| {
        let lines: Vec<&str> = text.lines().collect();
        let more = if lines.len() > 4 { " …" } else { "" };
        format!("{}{more}", lines.iter().take(4).copied().collect::<Vec<_>>().join(" ⏎ "))
    };
    examples.iter().take(SHOWN).map(|example| short(text(example))).collect()
}
