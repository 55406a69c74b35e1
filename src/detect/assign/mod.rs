//! Secrets that a name gives away: `DB_PASSWORD=…`, `apiKey: "…"`, in every notation.
//!
//! A literal pass finds where a word that says "secret" stands; [`notation`] finds the value that
//! belongs to it; [`names`] judges the one, [`value`] the other, and [`model`] both together.

mod aside;
mod block;
mod calls;
mod columns;
mod command;
mod compared;
mod labels;
mod language;
mod lists;
mod literal;
mod made;
mod model;
pub(super) mod names;
mod narrow;
mod notation;
mod remote;
mod roster;
mod syntax;
mod technical;
mod unwrap;
mod value;
pub(super) mod words;

pub(super) use syntax::Syntax;

use super::context::Around;
use super::{Hit, judge};
use crate::finding::Confidence;
use crate::rules::{Form, Rule, Structure};
use model::Traits;
use names::{Kind, Named};
use notation::{Candidate, Joint};
use std::ops::Range;
use std::sync::Arc;

/// Longest name.
const NAME: usize = 96;
/// Names that stand in each other's values, as in `a=b=c`, looked at.
const NESTED: usize = 32;
/// Programs that stand in each other's commands, looked at.
const NESTED_PROGRAMS: usize = 8;
/// A zero this near means a binary, where names and values do not stand side by side.
const BINARY: usize = 32;

/// Beginnings of words that say "secret". Short ones stand with what must follow them.
const HEADS: &[&str] = &[
    "pass",
    "Pass",
    "PASS",
    "pwd",
    "Pwd",
    "PWD",
    "pswd",
    "PSWD",
    "secret",
    "Secret",
    "SECRET",
    "token",
    "Token",
    "TOKEN",
    "key",
    "Key",
    "KEY",
    "auth",
    "Auth",
    "AUTH",
    "cred",
    "Cred",
    "CRED",
    "salt",
    "Salt",
    "SALT",
    "pw=",
    "pw:",
    "pw ",
    "pw\"",
    "pw'",
    "pw>",
    "Pw=",
    "Pw:",
    "Pw ",
    "Pw\"",
    "Pw'",
    "psw=",
    "psw:",
    "psw ",
    "PW=",
    "PW:",
    "PW ",
    "PW\"",
    "PW'",
    "jwt",
    "JWT",
    "senha",
    "SENHA",
    "kennwort",
    "Kennwort",
    "Senha",
    "Wachtwoord",
    "Parola",
    "Heslo",
    "Salasana",
    "wachtwoord",
    "earer",
    "psk",
    "PSK",
    "parola",
    "PAROLA",
    "clave",
    "CLAVE",
    "heslo",
    "HESLO",
    "haslo",
    "HASLO",
    "sifre",
    "SIFRE",
    "salasana",
    "contrase",
    "Contrase",
    "CONTRASE",
    "mdp=",
    "mdp:",
    "mdp ",
    "MDP=",
    "motdepasse",
    "motDePasse",
    "MotDePasse",
    "пароль",
    "Пароль",
    "ПАРОЛЬ",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
    "şifre",
    "hasło",
    "Hasło",
];

/// All rules about names and values.
#[derive(Debug)]
pub(super) struct Assignments {
    /// By kind of name, in the order of [`Kind::ALL`].
    by_kind: Vec<(Kind, Arc<Rule>)>,
    /// Rules about certain names: their words in a row, and whether the secret is a password.
    by_words: Vec<(Vec<String>, Arc<Rule>)>,
    /// For passwords on command lines.
    on_commands: Option<Arc<Rule>>,
    commands: command::Commands,
}

/// What is remembered while one text is passed over.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Names before here were judged.
    done: usize,
    values: Nest,
    commands: Nest,
    split: command::Split,
}

impl Progress {
    /// How many names and how many commands were passed over.
    pub(super) fn left_out(&self) -> (usize, usize) {
        (self.values.left_out, self.commands.left_out)
    }
}

/// Stretches that begin in each other. Each may be long and the next one begin a few bytes on, so but so
/// many are looked at: a text made of nothing else would take a thousand times as long as any other.
#[derive(Debug, Default)]
struct Nest {
    end: usize,
    depth: usize,
    /// What was not looked at.
    left_out: usize,
}

impl Nest {
    /// Whether `at` is inside so many.
    fn is_full(&mut self, at: usize, most: usize) -> bool {
        let full = at < self.end && self.depth >= most;
        self.left_out += usize::from(full);
        full
    }

    fn add(&mut self, at: usize, end: usize) {
        self.depth = if at < self.end { self.depth + 1 } else { 1 };
        self.end = self.end.max(end);
    }
}

impl Assignments {
    /// Takes the rules about assignments of a set.
    pub(super) fn new(rules: &[Arc<Rule>]) -> Self {
        let (mut by_kind, mut by_words) = (Vec::new(), Vec::new());
        for rule in rules {
            let Form::Structural { structure: Structure::Assignment, names, .. } = &rule.form else { continue };
            for name in names {
                match Kind::ALL.iter().find(|(text, _)| text == name) {
                    Some((_, kind)) => by_kind.push((*kind, Arc::clone(rule))),
                    None => by_words.push((words::words(name.as_bytes()), Arc::clone(rule))),
                }
            }
        }
        let is_command = |rule: &&Arc<Rule>| matches!(&rule.form, Form::Structural { structure: Structure::CommandLine, .. });
        let on_commands = rules.iter().find(is_command).cloned();
        let commands = command::Commands::new();
        Self { on_commands, commands, by_kind, by_words }
    }

    /// What the literal pass is to look for, so that [`Self::at`] is called there.
    pub(super) fn heads(&self) -> impl Iterator<Item = &'static [u8]> + use<> {
        let none = self.by_kind.is_empty() && self.by_words.is_empty();
        HEADS.iter().take(if none { 0 } else { HEADS.len() }).map(|head| head.as_bytes())
    }

    /// Programs whose options hand over passwords, and calls that take them; [`Self::command`] takes the index.
    pub(super) fn programs(&self) -> impl Iterator<Item = &'static [u8]> {
        let columns = columns::INSERTS.iter().map(|words| words.as_bytes());
        let all = self.commands.literals().chain(calls::literals()).chain(columns);
        let all = all.chain(compared::literals()).chain(roster::literals());
        all.take(if self.on_commands.is_some() { usize::MAX } else { 0 })
    }

    /// Judges the name that holds the word at `at`, with its value, unless that was done.
    pub(super) fn at(&self, bytes: &[u8], at: usize, progress: &mut Progress, around: Around, hits: &mut Vec<Hit>) {
        if at < progress.done {
            return;
        }
        let foreign = bytes.get(at..).and_then(|text| names::FOREIGN.iter().find(|name| text.starts_with(name.as_bytes())));
        let end = foreign.map_or_else(|| name_end(bytes, at), |name| at + name.len());
        progress.done = end.max(at + 1);
        // Most words of this kind are talked about and not assigned to.
        if bytes.get(end).is_none_or(|next| ENDS[usize::from(*next)]) || progress.values.is_full(at, NESTED) {
            return;
        }
        let name = if foreign.is_some() { at } else { name_start(bytes, at) }..end;
        if name.len() > NAME {
            return;
        }
        if let Some(value) = block::entry(bytes, &name) {
            progress.values.add(at, value.end);
            let found = Candidate { value, joint: Joint::Assigned, quoted: true, fills_line: true };
            hits.extend(self.judge(bytes, &name, found, Around { syntax: Syntax::Lines, ..around }));
            return;
        }
        let Some(found) = notation::candidate(bytes, &name, around.syntax) else {
            for value in columns::below(bytes, &name, around.syntax) {
                progress.values.add(at, value.end);
                let found = Candidate { value, joint: Joint::Column, quoted: true, fills_line: false };
                hits.extend(self.judge(bytes, &name, found, around));
            }
            return;
        };
        progress.values.add(at, found.value.end);
        if found.value.len() >= SHORTEST && !beside_zero(bytes, name.start, found.value.end) {
            hits.extend(self.judge(bytes, &name, found, around));
        }
    }

    /// Judges the options of the program `index` at `at`, or the arguments of that call.
    pub(super) fn command(
        &self,
        bytes: &[u8],
        index: usize,
        at: usize,
        progress: &mut Progress,
        around: Around,
        hits: &mut Vec<Hit>,
    ) {
        let is_program = index < self.commands.count();
        if is_program && !self.commands.is_command(bytes, index, at) {
            return;
        }
        let shares = is_program && self.commands.shares(&progress.split, index, at);
        if !shares && progress.commands.is_full(at, NESTED_PROGRAMS) {
            return;
        }
        if let Some(index) = index.checked_sub(self.commands.count()) {
            let end = self.place(bytes, index, at, around, hits);
            progress.commands.add(at, end);
            return;
        }
        let password = Named { kind: Kind::Password, strength: names::Strength::Plain };
        let end = self.commands.at(bytes, (index, at), &mut progress.split, |value| {
            let found = Candidate { value, joint: Joint::Option, quoted: true, fills_line: false };
            hits.extend(self.verdict(b"", password, bytes, found, around));
        });
        if !shares {
            progress.commands.add(at, end);
        }
    }

    /// Judges what the place in a call or in a list of columns tells; says how far was looked.
    fn place(&self, bytes: &[u8], index: usize, at: usize, around: Around, hits: &mut Vec<Hit>) -> usize {
        let found = |value, joint| Candidate { value, joint, quoted: true, fills_line: false };
        if let Some(words) = index.checked_sub(calls::count()).and_then(|index| columns::INSERTS.get(index)) {
            let (pairs, end) = columns::inserted(bytes, at + words.len());
            hits.extend(pairs.into_iter().filter_map(|(name, value)| {
                let name = bytes.get(name)?;
                self.of_value(name, bytes, found(value, Joint::Column), around)
            }));
            return end;
        }
        let beyond = index.checked_sub(calls::count() + columns::INSERTS.len());
        if let Some(index) = beyond.filter(|index| *index < compared::count()) {
            let secret = compared::at(bytes, index, at);
            hits.extend(secret.and_then(|(value, named)| self.verdict(b"", named, bytes, found(value, Joint::Compared), around)));
            return at;
        }
        if let Some(index) = beyond.and_then(|index| index.checked_sub(compared::count())) {
            let (secrets, end) = roster::at(bytes, index, at);
            let named = Named { kind: Kind::Password, strength: names::Strength::Usual };
            hits.extend(
                secrets.into_iter().filter_map(|value| self.verdict(b"", named, bytes, found(value, Joint::Told), around)),
            );
            return end;
        }
        let (secret, end) = calls::at(bytes, index, at);
        let secret = secret.and_then(|(value, named)| self.verdict(b"", named, bytes, found(value, Joint::Argument), around));
        hits.extend(secret);
        end
    }

    /// Whether a name says that its value may be secret.
    pub(super) fn tells(&self, name: &[u8]) -> bool {
        let words = words::words(name);
        names::of_words(&words).is_some() || self.by_words.iter().any(|(wanted, _)| has_words(&words, wanted))
    }

    /// Judges a name and a value that a structure gave. The span is in `value`.
    pub(super) fn pair(&self, name: &[u8], value: &[u8], around: Around, hits: &mut Vec<Hit>) {
        let given = if around.syntax == Syntax::Compiled { Syntax::Compiled } else { Syntax::Given };
        let last = name.rsplit(|byte| matches!(byte, b'/' | b':' | b']')).find(|part| !part.is_empty()).unwrap_or(name);
        let start = value.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let end = start + value.trim_ascii().len();
        let quoted = matches!(value.get(start..end), Some([b'"', .., b'"'] | [b'\'', .., b'\'']));
        let range = if quoted && end > start + 1 { start + 1..end - 1 } else { start..end };
        let found = Candidate { value: range, joint: Joint::Assigned, quoted: true, fills_line: true };
        hits.extend(self.of_value(last, value, found, Around::nothing(given)));
    }

    fn judge(&self, bytes: &[u8], name: &Range<usize>, found: Candidate, around: Around) -> Option<Hit> {
        let text = bytes.get(name.clone())?;
        if found.joint == Joint::Called && !is_setter(text) {
            return None;
        }
        self.of_value(text, bytes, found, around)
    }

    fn of_value(&self, name: &[u8], bytes: &[u8], found: Candidate, around: Around) -> Option<Hit> {
        let words = words::words(name);
        // The number of a kind of thing, and not the thing.
        if words.iter().any(|word| matches!(word.as_str(), "guid" | "uuid" | "oid")) {
            return None;
        }
        let special = self.by_words.iter().find(|(wanted, _)| has_words(&words, wanted));
        let promised = match found.joint {
            Joint::Argument => Some(names::PASSWORD),
            _ if names::FOREIGN.iter().any(|foreign| foreign.as_bytes() == name) => Some(names::PASSWORD),
            _ => names::of_words(&words),
        };
        // In text for people a name has several words: "API key", "unseal key".
        let promised = match promised {
            Some(Named { kind: Kind::Key | Kind::Token, strength }) if strength < names::Strength::Plain && words.len() == 1 => {
                narrow::said_before(bytes, found.value.start, name, around.syntax == Syntax::Prose)
                    .and_then(|word| names::of_words(&[word, words.first()?.clone()]))
                    .or(promised)
            }
            promised => promised,
        };
        let named = promised.or(special.map(|_| Named { kind: Kind::Secret, strength: names::Strength::Plain }))?;
        self.verdict(name, named, bytes, found, around).map(|hit| match special {
            Some((_, rule)) => Hit { rule: Arc::clone(&rule.label), severity: hit.severity.min(rule.severity), ..hit },
            None => hit,
        })
    }

    /// The hit that a name and a value make, if the model says so.
    fn verdict(&self, name: &[u8], named: Named, bytes: &[u8], found: Candidate, around: Around) -> Option<Hit> {
        let (named, found) = narrow::to_secret(name, named, bytes, found)?;
        let value = bytes.get(found.value.clone())?;
        let on_command = found.joint == Joint::Option;
        let literal = around.syntax.is_literal() || matches!(found.joint, Joint::Embedded | Joint::Column);
        if value.len() < SHORTEST || value.len() > LONGEST || !name.is_empty() && super::placeholder::repeats_name(name, value) {
            return None;
        }
        if is_name(value) && !(around.syntax.is_literal() && named.kind == Kind::Password) {
            return None;
        }
        // Where nothing tells the language, a line of its own is a setting.
        let bare_is_value = literal || around.syntax == Syntax::Prose || found.fills_line && around.syntax == Syntax::Unknown;
        let shape = value::shape(value, value::Setting { quoted: found.quoted, literal: bare_is_value });
        let traits = Traits {
            value,
            shape,
            joint: found.joint,
            quoted: found.quoted,
            qualified: words::words(name).len() > 1,
            fills_line: found.fills_line,
            literal,
            config: around.syntax == Syntax::Settings,
            prose: around.syntax == Syntax::Prose,
            trial: around.trial,
        };
        let judged = model::judge(named, traits)?;
        // What stands around is looked at last: most pairs do not come so far.
        if is_said(shape, &found, bytes)
            || aside::is_no_secret(name, shape, &found, bytes)
            || labels::among(shape, bytes, &found.value, around.spoken)
        {
            return None;
        }
        let by_kind = || self.by_kind.iter().find(|(kind, _)| *kind == named.kind).map(|(_, rule)| rule);
        let rule = self.on_commands.as_ref().filter(|_| on_command).or_else(by_kind)?;
        let mut hit = judge::hit(rule, bytes, found.value.clone(), 0);
        hit.name = Some(crate::place::escaped(name)).filter(|name| !name.is_empty());
        // A weak word in a string of code is mostly a test or a message.
        let in_code = found.joint == Joint::Embedded && around.syntax == Syntax::Code;
        hit.confidence = if in_code && judged.weak { Confidence::Low } else { judged.confidence };
        hit.severity = hit.severity.min(judged.at_most);
        hit.reasons = vec![match found.joint {
            Joint::Option => "an option of a known program takes a password".into(),
            Joint::Argument => format!("the call takes a {} in this place", named.kind.as_str()).into(),
            Joint::Compared if name.is_empty() => format!("what it is held against is called a {}", named.kind.as_str()).into(),
            Joint::Told if name.is_empty() => "it stands behind a user in a list of them".into(),
            _ => format!("the name promises a {}", named.kind.as_str()).into(),
        }];
        if judged.weak {
            hit.reasons.push("a weak value: anybody would try it".into());
        }
        if around.trial {
            hit.reasons.push(crate::finding::TRIAL.into());
        }
        Some(hit)
    }
}

/// Whether a word is the first of a sentence in a string, or the start of an expression in one:
/// `"password: none was given"`, `"password=x$self->{y}"`.
fn is_said(shape: value::Shape, found: &Candidate, bytes: &[u8]) -> bool {
    let at = found.value.end;
    if !found.quoted && matches!(bytes.get(at.saturating_sub(1)..), Some([b'-', b'>', ..])) {
        return true;
    }
    let told = bytes.get(..found.value.start).is_some_and(|before| before.ends_with(b": "));
    let goes_on = matches!(bytes.get(at..), Some([b' ', next, ..]) if next.is_ascii_alphabetic() || *next == b'%');
    shape == value::Shape::Words && found.joint == Joint::Embedded && told && goes_on
}

/// Shortest secret.
const SHORTEST: usize = 3;
/// Longest secret of a name and a value: a key written on one line.
const LONGEST: usize = 1024;

/// Bytes that end a name and are no part of any notation.
const ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let blank = matches!(byte as u8, b'\t' | b'\n' | 0x0c | b'\r' | b' ');
        ends[byte] =
            !blank && !matches!(byte, 0x20..0x7f) || matches!(byte as u8, b')' | b';' | b'}' | b'/' | b'+' | b'*' | b'&');
        byte += 1;
    }
    ends
};

/// Where the identifier that holds the byte at `at` starts.
fn name_start(bytes: &[u8], at: usize) -> usize {
    let left = bytes.get(at.saturating_sub(NAME)..at).unwrap_or_default();
    let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let mut start = at - left.iter().rev().take_while(|byte| part(**byte)).count();
    // In a string, `\n` before a name is a line end.
    if start > 0 && bytes.get(start - 1) == Some(&b'\\') && start < at && matches!(bytes.get(start), Some(b'n' | b't' | b'r')) {
        start += 1;
    }
    start + bytes.get(start..at).unwrap_or_default().iter().take_while(|byte| matches!(byte, b'-' | b'.')).count()
}

/// Where it ends.
fn name_end(bytes: &[u8], at: usize) -> usize {
    let right = bytes.get(at..bytes.len().min(at + NAME)).unwrap_or_default();
    let word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let goes_on = |(index, byte): &(usize, &u8)| word(Some(byte)) || matches!(byte, b'-' | b'.') && word(right.get(index + 1));
    let right = right.get(..right.iter().enumerate().take_while(goes_on).count()).unwrap_or_default();
    const COMPARES: [&[u8]; 3] = [b".equals", b".Equals", b".equalsIgnoreCase"];
    let method = COMPARES.iter().find(|method| right.ends_with(method));
    at + right.len() - method.map_or(0, |method| method.len())
}

fn beside_zero(bytes: &[u8], start: usize, end: usize) -> bool {
    let near = bytes.get(start.saturating_sub(BINARY)..bytes.len().min(end + BINARY)).unwrap_or_default();
    memchr::memchr(0, near).is_some()
}

/// Whether a call with this name takes the secret: `setPassword(…)`, `with_token(…)`, `.password(…)`.
fn is_setter(name: &[u8]) -> bool {
    let words = words::words(name.rsplit(|byte| *byte == b'.').next().unwrap_or(name));
    // `base.pass(…)` passes something.
    if words == ["pass"] {
        return false;
    }
    let first = words.first().map_or("", String::as_str);
    matches!(first, "set" | "with" | "add" | "use" | "put")
        || words.len() == 1 && name.contains(&b'.')
        || name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"password"))
}

/// Whether the words of a name hold `wanted` in a row.
fn has_words(words: &[String], wanted: &[String]) -> bool {
    !wanted.is_empty() && words.windows(wanted.len()).any(|words| words == wanted)
}

/// Whether a value is itself the name of a secret: `MYSQL_ROOT_PASSWORD`, `apiTokenField`.
fn is_name(value: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'@' | b'$' | b':' | b'#');
    value.len() < 48
        && value.iter().all(plain)
        && language::wordiness(value) > 0.6
        && names::named(value).is_some()
        && value.last().is_some_and(u8::is_ascii_alphanumeric)
        && !names::is_made_up(value)
}

/// Whether a name says that its value is secret.
pub(super) fn says_secret(name: &[u8]) -> bool {
    names::named(name).is_some_and(|named| named.strength > names::Strength::Hint)
}

/// Whether a value is the name of a secret in capitals, as examples have it: `ACCESS_TOKEN`, `APP-PASSWORD`.
pub(super) fn is_constant(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-')) && names::named(value).is_some()
}

/// Whether a value is the name of a variable for a secret: `acme_api_key`.
pub(super) fn is_variable(value: &[u8]) -> bool {
    let joined = value.contains(&b'_') && value.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_');
    joined && names::named(value).is_some()
}

/// Whether a value is the word for a password in some language, which translated examples have in its place.
pub(super) fn is_word_for_password(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|word| lists::CALLED.contains(word.to_lowercase().as_str()))
}

/// Whether a value is what a password was made into.
pub(super) fn is_hash(value: &[u8]) -> bool {
    value::is_hash(value)
}

/// Whether a name is one of where a secret is kept: `existingSecret`.
pub(super) fn is_elsewhere(name: &[u8]) -> bool {
    let words = words::words(name);
    words.len() > 1 && words.last().is_some_and(|last| last.starts_with("secret")) && names::of_words(&words).is_none()
}

/// Whether a value is made of words: a password that anybody would try.
pub(super) fn is_word(value: &[u8]) -> bool {
    value::shape(value, value::Setting { quoted: true, literal: true }) == value::Shape::Words
}

/// How a value looks, where the document at hand says that it is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// As a generator makes them.
    Generated,
    /// As people make passwords.
    Chosen,
    /// As anything else.
    Plain,
}

/// How a value looks by itself.
pub(super) fn looks(value: &[u8]) -> Looks {
    match value::shape(value, value::Setting { quoted: true, literal: true }) {
        value::Shape::Random | value::Shape::Hex | value::Shape::Uuid => Looks::Generated,
        value::Shape::Mixed => Looks::Chosen,
        value::Shape::Words | value::Shape::Phrase | value::Shape::Digits | value::Shape::Other(_) => Looks::Plain,
    }
}

#[cfg(test)]
mod tests;
