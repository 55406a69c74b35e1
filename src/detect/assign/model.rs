//! The judgement of a name with its value, with all of its weights.
//!
//! A pair earns points for what its name promises, for how its value looks given that promise, and for
//! how both are written down. [`CERTAIN`] points and more are high confidence, [`LIKELY`] medium,
//! [`POSSIBLE`] low; fewer are no finding. The weights were set by hand so that the recall bench and
//! two gigabytes of installed packages come out best together (`benches/README.md`).

use super::lists::{KINDS, KNOWN, LABELS};
use super::names::{Kind, Named, Strength};
use super::notation::Joint;
use super::value::Shape;
use crate::finding::{Confidence, Severity};

/// Points for high confidence.
const CERTAIN: i32 = 7;
/// Points for medium confidence.
const LIKELY: i32 = 5;
/// Points for low confidence.
const POSSIBLE: i32 = 4;

/// Words of this length together nobody tries.
const LONG: usize = 18;

/// What is known of a pair besides its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits<'a> {
    pub(super) value: &'a [u8],
    pub(super) shape: Shape,
    pub(super) joint: Joint,
    pub(super) quoted: bool,
    /// Whether the name has more than one word.
    pub(super) qualified: bool,
    /// Whether a bare value fills its line.
    pub(super) fills_line: bool,
    /// Whether bare words are values in this kind of text.
    pub(super) literal: bool,
    /// Whether the text is there to set things.
    pub(super) config: bool,
    /// Whether the text is for people.
    pub(super) prose: bool,
    /// Whether the path says that this is for tests or documentation.
    pub(super) trial: bool,
}

/// What the model says of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) confidence: Confidence,
    /// At most this bad, whatever the rule says.
    pub(super) at_most: Severity,
    /// Whether the value is one that anybody would try.
    pub(super) weak: bool,
}

/// Judges a pair; `None` is no finding.
pub(super) fn judge(named: Named, traits: Traits<'_>) -> Option<Judged> {
    let weak = is_weak(traits);
    let points = of_name(named) + of_shape(named, traits)? + of_notation(traits);
    // Where things are tried and explained a pair says less, but what would be believed elsewhere is still told.
    let points = match traits.trial {
        true if points >= LIKELY && traits.joint != Joint::Listed => {
            (points - of_trial(traits)).max(least_of_trial(named, traits))
        }
        true => points - of_trial(traits),
        false => points,
    };
    let confidence = match points {
        CERTAIN.. => Confidence::High,
        LIKELY.. => Confidence::Medium,
        POSSIBLE.. => Confidence::Low,
        _ => return None,
    };
    let at_most = match (named.kind, named.strength) {
        _ if weak => Severity::Low,
        (Kind::Salt, _) => Severity::Low,
        (_, Strength::Hint) => Severity::Medium,
        _ => Severity::Critical,
    };
    Some(Judged { confidence, at_most, weak })
}

fn of_name(named: Named) -> i32 {
    match named.strength {
        Strength::Plain => 3,
        Strength::Usual => 2,
        Strength::Hint => 0,
    }
}

/// Points for the value; `None` where it rules the pair out.
fn of_shape(named: Named, traits: Traits<'_>) -> Option<i32> {
    let length = traits.value.len();
    let plain = named.strength == Strength::Plain;
    let points = match (named.kind, traits.shape) {
        (_, Shape::Other(_)) => return None,
        // What machines share is made of few characters.
        (kind, _) if kind != Kind::Password && !traits.value.is_ascii() => return None,
        // Said in passing: only what looks issued counts, and of passwords what people choose.
        _ if !stands_alone(named, traits) => return None,
        (Kind::Salt, Shape::Random | Shape::Hex) => 2 + i32::from(length >= 16),
        (Kind::Salt, _) => return None,
        (Kind::Key, Shape::Random)
            if named.strength == Strength::Hint
                && (traits.literal || traits.config)
                && length >= 20
                && !traits.value.iter().any(|byte| matches!(byte, b'-' | b':' | b'.')) =>
        {
            5
        }
        (_, Shape::Random) => 4,
        (Kind::Password, Shape::Mixed) => 2 + i32::from(length >= 5),
        // What a table holds in this length is a digest.
        (Kind::Password, Shape::Hex) if traits.joint == Joint::Column => return None,
        (Kind::Password, Shape::Hex) => 3,
        // A key that says what it is for, as settings of devices and homes have them.
        // In capitals it is the fingerprint of one, and so it may be in 40 digits.
        (Kind::Key, Shape::Hex)
            if named.strength == Strength::Hint
                && traits.qualified
                && traits.literal
                && traits.joint != Joint::Option
                && length >= 32
                && length != 40
                && traits.value.iter().any(u8::is_ascii_lowercase) =>
        {
            5
        }
        (Kind::Secret, Shape::Hex | Shape::Uuid) => 3,
        (Kind::Password, Shape::Uuid) => 2,
        (Kind::Password, Shape::Digits) => 1 + i32::from(length >= 4 && is_set(traits)),
        // Words with a year behind them are chosen; names of things are not.
        (Kind::Password, Shape::Words) if is_chosen(traits.value) && !is_label(traits.value) => 3,
        (Kind::Password, Shape::Words) => return words_as_password(named, traits),
        (Kind::Password, Shape::Phrase) if plain && traits.quoted && traits.joint != Joint::Compared => 2,
        (_, Shape::Phrase) => return None,
        (_, Shape::Hex) => 2 + i32::from(length >= 32),
        (_, Shape::Uuid) => 2,
        (_, Shape::Digits) => return None,
        (Kind::Secret, Shape::Mixed) if length >= 8 && !plain => 3,
        (Kind::Secret, Shape::Mixed) if length >= 6 => 2 + i32::from(traits.literal && !plain),
        (_, Shape::Mixed) if length >= 16 => 2,
        (_, Shape::Mixed) if length >= 10 => 1,
        (Kind::Secret, Shape::Words) if traits.joint == Joint::Argument && digits(traits.value) >= 2 => 3,
        (Kind::Secret, Shape::Words) if plain && traits.literal && length >= 6 => {
            1 + i32::from(joints(traits.value) >= 2 || digits(traits.value) >= 2)
        }
        (_, Shape::Mixed | Shape::Words) => return None,
    };
    Some(points)
}

/// Whether the value stands where values are set, and is no number of code.
fn is_set(traits: Traits<'_>) -> bool {
    traits.literal || traits.quoted && traits.joint == Joint::Assigned
}

/// Words are passwords in settings, and where everybody knows them as such; in code they are mostly
/// labels, names of fields and kinds.
fn words_as_password(named: Named, traits: Traits<'_>) -> Option<i32> {
    let one_word = traits.value.iter().all(u8::is_ascii_alphanumeric);
    let direct = is_direct(traits.joint);
    let settings = traits.literal || traits.config;
    match (is_known(traits.value), settings, direct) {
        (_, false, _) if traits.joint == Joint::Option => None,
        (true, _, true) => Some(2),
        (false, true, true) => Some(if one_word || is_phrase(traits.value) { 2 } else { 1 }),
        (true, _, false) => Some(if traits.joint == Joint::Called { 2 } else { 1 }),
        (false, false, true) if one_word && is_unspoken(named, traits) => Some(2),
        (false, false, true) => Some(if one_word && traits.value.len() <= 16 { 1 } else { 0 }),
        _ => None,
    }
}

/// Whether one word in quotes stands where code sets a password, and is none of those that labels and messages have.
fn is_unspoken(named: Named, traits: Traits<'_>) -> bool {
    let word = std::str::from_utf8(traits.value).unwrap_or_default();
    let capital = word.bytes().any(|byte| byte.is_ascii_uppercase());
    named.strength == Strength::Plain
        && traits.quoted
        && !matches!(traits.joint, Joint::Embedded | Joint::Argument)
        && (4..=12).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
        // Kinds and constants begin with a capital, but have no number.
        && (!capital || digits(traits.value) > 0 && word.len() >= 6)
        && !LABELS.contains(word)
        && !KINDS.contains(word)
        && super::names::named(traits.value).is_none()
}

/// Whether the value stands where it is set.
fn is_direct(joint: Joint) -> bool {
    matches!(
        joint,
        Joint::Assigned
            | Joint::Embedded
            | Joint::Element
            | Joint::Sibling
            | Joint::Beside
            | Joint::Option
            | Joint::Argument
            | Joint::Column
    )
}

/// Whether the value may be believed in this notation.
fn stands_alone(named: Named, traits: Traits<'_>) -> bool {
    match traits.joint {
        Joint::Loose => matches!(traits.shape, Shape::Random | Shape::Hex),
        Joint::Told => {
            // A strange word in a sentence is one of another language.
            let chosen = traits.value.iter().any(|byte| !byte.is_ascii_alphabetic());
            matches!(traits.shape, Shape::Random | Shape::Hex)
                || named.kind == Kind::Password && traits.shape == Shape::Mixed && chosen
        }
        _ => true,
    }
}

/// How many signs join words.
fn joints(value: &[u8]) -> usize {
    value.iter().filter(|byte| matches!(byte, b'-' | b'_' | b'.')).count()
}

/// Whether digits stand among words as in no name: two of them, or one that is not the last character.
fn is_chosen(value: &[u8]) -> bool {
    let inner = value.get(..value.len().saturating_sub(1)).is_some_and(|inner| digits(inner) > 0);
    digits(value) >= 2 || inner && value.len() >= 8
}

fn digits(value: &[u8]) -> usize {
    value.iter().filter(|byte| byte.is_ascii_digit()).count()
}

/// Whether words are the name of something: `db-credentials`, `login_password2`.
fn is_label(value: &[u8]) -> bool {
    super::names::named(value).is_some() || value.contains(&b':') || value.contains(&b'/') && digits(value) < 2
}

/// Whether words that are joined may be a phrase that somebody chose.
fn is_phrase(value: &[u8]) -> bool {
    let speaks = |word: &[u8]| {
        let word = word.to_ascii_lowercase();
        word.len() < 3
            || std::str::from_utf8(&word).is_ok_and(|word| LABELS.contains(word))
            || super::names::named(&word).is_some()
    };
    joints(value) > 0
        && !is_label(value)
        && !value.split(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty()).any(speaks)
}

/// What is left in tests and documentation of what would be believed elsewhere. A literal that is called a password
/// and that nobody writes down without thinking is one there as well: tests log in to what developers run.
fn least_of_trial(named: Named, traits: Traits<'_>) -> i32 {
    let word_of_call = traits.joint == Joint::Argument && traits.shape == Shape::Words;
    let set = (traits.quoted || traits.literal) && is_direct(traits.joint) && !word_of_call;
    let plain = named.kind == Kind::Password && named.strength == Strength::Plain && traits.shape != Shape::Phrase;
    let chosen = plain && traits.value.len() >= 4 && !is_known(traits.value);
    let machine = matches!(named.kind, Kind::Secret | Kind::Token | Kind::Key) && named.strength >= Strength::Usual;
    let issued = match traits.shape {
        Shape::Mixed => machine && traits.value.len() >= 10 && digits(traits.value) >= 2,
        Shape::Hex | Shape::Random | Shape::Uuid => machine,
        _ => false,
    };
    if set && (chosen || issued) { LIKELY } else { POSSIBLE }
}

/// Points lost in tests and documentation: more where the value is what anybody writes there.
fn of_trial(traits: Traits<'_>) -> i32 {
    let made_up = matches!(traits.shape, Shape::Words | Shape::Phrase | Shape::Digits) || traits.value.len() < 6;
    let listed = traits.joint == Joint::Listed && traits.shape == Shape::Mixed;
    if made_up || listed { 2 } else { 1 }
}

fn of_notation(traits: Traits<'_>) -> i32 {
    let issued = matches!(traits.shape, Shape::Random | Shape::Hex | Shape::Uuid);
    let joint = match traits.joint {
        Joint::Compared | Joint::Listed if issued => 0,
        Joint::Listed if traits.value.len() < 8 => -2,
        Joint::Compared | Joint::Listed => -1,
        _ => 0,
    };
    let chosen = traits.shape == Shape::Mixed && digits(traits.value) > 0;
    let bare = match (traits.quoted, traits.literal, traits.fills_line) {
        _ if traits.prose && (issued || chosen) => 0,
        (true, ..) | (false, true, _) => 0,
        _ if traits.joint == Joint::Embedded => 0,
        (false, false, true) => 0,
        (false, false, false) => -2,
    };
    let prose = if traits.prose && traits.trial && !traits.quoted && !issued && !chosen { -1 } else { 0 };
    joint + bare + prose
}

/// Passwords that whoever wants in tries first, and short ones.
fn is_weak(traits: Traits<'_>) -> bool {
    if matches!(traits.shape, Shape::Digits | Shape::Words) && traits.literal && traits.value.len() < LONG {
        return true;
    }
    is_known(traits.value) || traits.value.len() < 8
}

/// Whether a value is a default of some program, or what people type first.
fn is_known(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let stem = lower.strip_suffix(b"!").unwrap_or(&lower).trim_ascii_end();
    let letters = stem.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    stem.get(..letters).and_then(|stem| std::str::from_utf8(stem).ok()).is_some_and(|stem| KNOWN.contains(stem))
}
