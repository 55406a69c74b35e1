//! What a value is, by its form alone: a reference, a path, prose, an identifier; or something that could
//! be a secret, and then how random it looks.

use super::lists::{CALLED, HASHES, LABELS, NO_VALUES};
use super::technical::technical;
use super::{language, names};
use crate::detect::{entropy, placeholder};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// No secret: says why, for tests and for those who follow a judgement.
    Other(&'static str),
    /// Digits alone.
    Digits,
    /// Hexadecimal digits of the length of a key.
    Hex,
    /// A UUID.
    Uuid,
    /// Characters as a generator makes them.
    Random,
    /// Letters with digits or signs, as people make passwords.
    Mixed,
    /// Words, joined or alone: a password if anything says so, else an identifier.
    Words,
    /// Words with blanks between them, as people choose long passwords.
    Phrase,
}

/// What stands around the value, as far as it bears on its form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) quoted: bool,
    /// Whether a bare word is a value.
    pub(super) literal: bool,
}

/// Judges the form of `value`.
pub(super) fn shape(value: &[u8], setting: Setting) -> Shape {
    let value = value.trim_ascii();
    if setting.quoted && is_phrase(value) {
        return Shape::Phrase;
    }
    if let Some(reason) = stands_for(value).or_else(|| technical(value)).or_else(|| prose(value)) {
        return Shape::Other(reason);
    }
    if !setting.quoted
        && let Some(reason) = expression(value, setting.literal)
    {
        return Shape::Other(reason);
    }
    of_characters(value)
}

/// Values that say nothing or name another place.
fn stands_for(value: &[u8]) -> Option<&'static str> {
    if value.is_empty() {
        return Some("empty");
    }
    let opened = matches!(value, [b'{', name @ ..] if !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'));
    if opened || memchr::memmem::find(value, b"\\u00").is_some() || is_escaped(value) {
        return Some("a template, or text in an escape");
    }
    if value.len() >= 12 && placeholder::is_dull(value) {
        return Some("a placeholder");
    }
    // `"'$NAME'"`: the shell steps out of one string and into the next.
    let unquoted = value.strip_prefix(b"'").and_then(|value| value.strip_suffix(b"'")).unwrap_or(value);
    if placeholder::is_reference(unquoted) {
        return Some("a reference");
    }
    if placeholder::is_placeholder(value) {
        return Some("a placeholder");
    }
    if is_hash(value) {
        return Some("a hash");
    }
    if let Some(reason) = of_code(value) {
        return Some(reason);
    }
    let foreign = value.iter().filter(|byte| !byte.is_ascii()).count();
    if is_foreign_in_html(value) || foreign > 0 && (foreign * 2 > value.len() || !value.iter().any(u8::is_ascii_digit)) {
        return Some("text");
    }
    if is_spliced(value) {
        return Some("code between two strings");
    }
    let lower = value.to_ascii_lowercase();
    let word = lower.strip_suffix(b"\"").or_else(|| lower.strip_suffix(b"``")).unwrap_or(&lower);
    if std::str::from_utf8(word).is_ok_and(says_nothing) {
        return Some("a word for none");
    }
    (is_formatted(value) || interpolates(value)).then_some("a template")
}

/// `'password'==node.type`: what stands behind a name in packed code. Base64 has its signs at the end.
fn is_operand(value: &[u8]) -> bool {
    let sides = [&b"=="[..], b"!="].iter().find_map(|sign| {
        let at = memchr::memmem::find(value, sign)?;
        Some((value.get(..at)?, value.get(at + sign.len()..)?.trim_ascii_start()))
    });
    sides.is_some_and(|(left, right)| {
        let code = left.iter().chain(right).any(|byte| matches!(byte, b'\'' | b'"' | b'.'));
        code && right.iter().any(u8::is_ascii_alphabetic)
    })
}

/// Words of another language, their letters as HTML writes them: `Parol&#259;`.
fn is_foreign_in_html(value: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(value, b"&#") else { return false };
    let (before, rest) = value.split_at(at);
    let number = rest.iter().skip(2).take_while(|byte| byte.is_ascii_digit()).count();
    let behind = rest.get(2 + number..).unwrap_or_default();
    let is_letter = number >= 3 && behind.first() == Some(&b';');
    is_letter
        && before.iter().chain(behind.iter().skip(1)).all(|byte| byte.is_ascii_alphabetic() || b" &#;-0123456789".contains(byte))
}

/// Pieces of code, remarks and lists, as they stand behind a name without quotes or in the strings of a generator.
fn of_code(value: &[u8]) -> Option<&'static str> {
    // `[bool]($x`, `),$?f(`, `-Name:$x`: what stands behind a name in code without quotes.
    let cast = value.strip_prefix(b"[").and_then(|rest| rest.get(memchr::memchr(b']', rest)? + 1));
    let option = value.first() == Some(&b'-')
        && memchr::memmem::find_iter(value, b"$").any(|at| {
            // `-p$1`, `-U$NAME`.
            let before = value.get(at - 1).copied();
            at < 4 && before.is_some_and(|byte| byte.is_ascii_alphabetic()) || before == Some(b':')
        });
    // `load_table()`, `[]Reference{`, `,next-option:,`: names in messages and in code that makes code.
    let called = value.ends_with(b"()") && language::wordiness(value) > 0.5;
    if called || value.starts_with(b"[]") || value.starts_with(b",") && language::wordiness(value) > 0.5 {
        return Some("code");
    }
    if matches!(cast, Some(b'(' | b'$')) || option || matches!(value, [b')', b',' | b';' | b'.' | b'{', ..]) {
        return Some("code");
    }
    // `(see below`, and a section of the manual: `(3), `.
    let remark = value.first() == Some(&b'(') && !value.contains(&b')') && language::wordiness(value) > 0.6;
    if remark || matches!(value, [b'(', b'1'..=b'8', b')', ..]) && value.len() < 6 {
        return Some("a remark");
    }
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let chosen = digits >= 2 && !value.contains(&b':') && memchr::memchr_iter(b'|', value).count() == 1;
    if value.contains(&b'|') && !chosen && language::wordiness(value) > 0.4 {
        return Some("a list of rules");
    }
    if is_operand(value) {
        return Some("a comparison");
    }
    None
}

/// Nothing but characters by their number: `\u2122\ufe0f`, `\x01`. A key may be written so, but not in four bytes.
fn is_escaped(value: &[u8]) -> bool {
    let few = value.len() <= 16;
    if few && value.split(|byte| *byte == b'\\').all(|byte| matches!(byte, [] | [b'x', _, _])) {
        return true;
    }
    let escapes = memchr::memmem::find_iter(value, b"\\u").count();
    escapes > 0 && escapes * 6 * 4 >= value.len() * 3
}

/// What joins two strings, seen from inside: `"+name+"`, `".encode($x)."`.
fn is_spliced(value: &[u8]) -> bool {
    let inner = |mark: u8| {
        let start = value.strip_prefix(b"'").or_else(|| value.strip_prefix(b"\"")).unwrap_or(value);
        let start = start.trim_ascii_start().strip_prefix(&[mark])?;
        let end = start.strip_suffix(b"'").or_else(|| start.strip_suffix(b"\"")).unwrap_or(start);
        Some(end.trim_ascii_end().strip_suffix(&[mark]).unwrap_or(end))
    };
    if [&b"\","[..], b"',", b"`+"].iter().any(|start| value.starts_with(start)) {
        return true;
    }
    let Some(code) = inner(b'+').or_else(|| inner(b'.')) else { return false };
    let called = code.iter().any(|byte| matches!(byte, b'(' | b'[' | b'$')) && language::wordiness(code) > 0.4;
    let named =
        code.len() + 2 <= value.len() && code.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    called || named && language::wordiness(code) > 0.6
}

/// Whether a word stands for no value, or only says that there is to be one.
fn says_nothing(word: &str) -> bool {
    let stem = word.trim_end_matches('.');
    NO_VALUES.contains(stem)
        || word.split(|c: char| !c.is_alphanumeric()).any(|word| CALLED.contains(word))
        || CALLED.contains(word)
}

/// What a password was made into, or a secret encrypted to.
pub(in crate::detect) fn is_hash(value: &[u8]) -> bool {
    let marked = HASHES.iter().any(|mark| value.starts_with(mark.as_bytes()));
    // As MySQL and PostgreSQL keep them.
    let kept = matches!(value, [b'*', digits @ ..] | [b'm', b'd', b'5', digits @ ..]
        if matches!(digits.len(), 32 | 40) && digits.iter().all(u8::is_ascii_hexdigit));
    marked || kept
}

/// `%s`, `%d`, `0x%x`, `%3$s` inside a text.
fn is_formatted(value: &[u8]) -> bool {
    memchr::memchr_iter(b'%', value).any(|at| {
        let form = value.get(at + 1..).unwrap_or_default();
        let number = form.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let by_place = number > 0 && matches!(form.get(number..), Some([b'$', b's' | b'd' | b'u' | b'x', ..]));
        by_place || matches!(form, [b's' | b'd' | b'x', ..])
    })
}

/// `{name}`, `{0}`, `#{x}`, `$name` inside a text.
fn interpolates(value: &[u8]) -> bool {
    let braces = value.iter().position(|byte| *byte == b'{').is_some_and(|open| {
        let inner = value.get(open + 1..).unwrap_or_default();
        let length = inner.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_. ".contains(byte)).count();
        // `{0:D4}`: a number in so many digits.
        let form = inner.get(length..).and_then(|rest| rest.strip_prefix(b":")).unwrap_or_default();
        let formed = form.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"<>^.,".contains(byte)).count();
        inner.get(length) == Some(&b'}') || length > 0 && formed < 6 && form.get(formed) == Some(&b'}')
    });
    let variable = value.windows(2).any(|pair| matches!(pair, [b'$', next] if next.is_ascii_alphabetic() || *next == b'{'))
        && value.iter().filter(|byte| byte.is_ascii_alphanumeric()).count() < 24
        && value.first() == Some(&b'$');
    // `<name>`, `<b64(…)>`, `{call(…)}`: what a program or a person fills in.
    let filled =
        value.windows(2).enumerate().filter(|(_, pair)| matches!(pair, [b'<' | b'{', next] if next.is_ascii_alphabetic())).any(
            |(at, _)| {
                let inner = value.get(at + 1..).unwrap_or_default();
                let length = inner.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(byte)).count();
                length > 1 && matches!(inner.get(length), Some(b'>' | b'(')) || length > 0 && inner.get(length) == Some(&b'[')
            },
        );
    let spliced = std::str::from_utf8(value).is_ok_and(placeholder::has_hole);
    braces || variable || filled || spliced || is_pattern(value)
}

/// A regular expression. What stands for anything in one may be a chance of a password.
fn is_pattern(value: &[u8]) -> bool {
    let has = |marks: &[&[u8]]| marks.iter().any(|mark| memchr::memmem::find(value, mark).is_some());
    value.starts_with(b"/^")
        || has(&[b"(?", b"[0-9", b"[a-z", b"[A-Z", b"[^", b"\\d", b"\\w", b"\\s"])
        || has(&[b".*", b".+"]) && (value.len() <= 6 || has(&[b"(", b"[", b"\\", b"^"]) || language::wordiness(value) > 0.6)
}

/// Text for people: several words, or signs that only text has.
fn prose(value: &[u8]) -> Option<&'static str> {
    let blanks = value.iter().filter(|byte| byte.is_ascii_whitespace()).count();
    // `Password:` again, in some language.
    let label = matches!(value, [first, rest @ .., b':'] if first.is_ascii_uppercase() && rest.iter().all(|byte| byte.is_ascii_lowercase() || !byte.is_ascii()));
    if label || value.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"not ")) {
        return Some("prose");
    }
    if blanks == 0 {
        return value.iter().any(|byte| byte.is_ascii_control()).then_some("control characters");
    }
    let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()).count();
    if blanks >= 2
        || letters * 10 >= value.len() * 6
        || words.clone().any(|word| word.iter().all(|byte| !byte.is_ascii_alphanumeric()))
    {
        return Some("prose");
    }
    None
}

/// Whether a text is a few words that say nothing: lower case, none of them short, none that labels and messages use.
fn is_phrase(value: &[u8]) -> bool {
    let words = || value.split(|byte| *byte == b' ');
    let plain = |word: &[u8]| {
        word.len() >= 3
            && word.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && word.iter().any(u8::is_ascii_lowercase)
    };
    let speaks = |word: &[u8]| {
        std::str::from_utf8(word).is_ok_and(|word| LABELS.contains(word) || says_nothing(word)) || names::named(word).is_some()
    };
    value.len() <= 64 && (2..=6).contains(&words().count()) && words().all(|word| plain(word) && !speaks(word))
}

/// What a bare word is in a language with variables.
fn expression(value: &[u8], literal: bool) -> Option<&'static str> {
    let has = |text: &[u8]| memchr::memmem::find(value, text).is_some();
    if value.ends_with(b"(")
        || value.ends_with(b"{")
        || value.ends_with(b"[")
        || has(b"()")
        || has(b"=>")
        || has(b"->")
        || has(b"::")
    {
        return Some("code");
    }
    // A field of a class in a text about code: `StringField(max_length=255`.
    let callee = value.iter().take_while(|byte| byte.is_ascii_alphabetic() || b"_.".contains(byte)).count();
    let given = matches!(value.get(callee..), Some([b'(', next, ..]) if next.is_ascii_alphanumeric() || b"\"')".contains(next));
    if callee >= 4 && given && language::wordiness(value.get(..callee).unwrap_or_default()) > 0.8 {
        return Some("a call");
    }
    // `PASSWORD= FILTER=x run`: nothing, and the next setting.
    let setting = value.iter().take_while(|byte| byte.is_ascii_uppercase() || **byte == b'_').count();
    if setting >= 3 && value.get(setting) == Some(&b'=') && setting + 1 < value.len() && !value.ends_with(b"=") {
        return Some("another setting");
    }
    // `<file`, as some settings name what to read, and `&Name`, as some name another setting.
    if let [b'<' | b'&', name @ ..] = value
        && name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'.'))
        && !name.contains(&b'>')
        && language::wordiness(name) > 0.6
    {
        return Some("a reference");
    }
    // A tag of YAML, whose value stands below or behind.
    let tagged =
        |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'/' | b'-' | b'_' | b':' | b'!');
    if value.first() == Some(&b'!') && value.iter().all(tagged) && value.iter().any(|byte| matches!(byte, b'/' | b':')) {
        return Some("a tag");
    }
    if literal {
        return None;
    }
    let code = |byte: &u8| matches!(byte, b'(' | b'[' | b'{' | b'=' | b'|' | b'?' | b'*' | b'<' | b'>' | b'\\');
    if value.iter().any(code) || value.starts_with(b"&") || value.starts_with(b"!") || value.starts_with(b"-") {
        return Some("code");
    }
    // Types, members and imports: `x: ed25519.Ed25519PrivateKey`.
    if value.contains(&b'.') && !value.iter().any(|byte| b"!#%^~@+/".contains(byte)) {
        return Some("a member");
    }
    // A variable, a member, a constant: letters of words, or few enough characters to be a name.
    let identifier = value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.$@:".contains(byte));
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    if identifier && (digits < 2 || value.len() < 16 || language::wordiness(value) > 0.35) {
        return Some("a variable");
    }
    None
}

/// What remains is a literal: how its characters look.
fn of_characters(value: &[u8]) -> Shape {
    let count = |fits: fn(&u8) -> bool| value.iter().filter(|byte| fits(byte)).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    let length = value.len();
    if digits == length {
        return Shape::Digits;
    }
    if letters + digits == 0 {
        return Shape::Other("signs only");
    }
    if is_uuid(value) {
        return Shape::Uuid;
    }
    if length >= 16 && value.iter().all(u8::is_ascii_hexdigit) && digits > 0 {
        return Shape::Hex;
    }
    let words = language::wordiness(value);
    let (strange, seen) = language::strangeness(value);
    let bits = entropy::shannon(value);
    let spread = bits > 3.0 && (length < 24 || bits > 3.4);
    let generated =
        is_jumbled(value) || words < 0.45 && digits * 12 >= length || words < 0.3 && (digits > 0 || strange > 6.0 && seen >= 8);
    if length >= 12 && spread && generated && !is_dotted(value) {
        return Shape::Random;
    }
    let signs = length - letters - digits;
    let joints = count(|byte| matches!(byte, b'_' | b'-' | b'.' | b':' | b'/' | b' '));
    if words > 0.62 && digits * 8 <= length && signs == joints {
        return Shape::Words;
    }
    if digits == 0 && signs == joints && (words > 0.5 || length < 8 && (length < 5 || strange < 5.6)) {
        return Shape::Words;
    }
    Shape::Mixed
}

/// Capitals and small letters as no name has them, whatever they spell: in names a capital is followed by a word, or ends
/// an abbreviation.
fn is_jumbled(value: &[u8]) -> bool {
    let (mut runs, mut odd) = (0, 0);
    let letters: Vec<bool> = value.iter().filter(|byte| byte.is_ascii_alphabetic()).map(u8::is_ascii_uppercase).collect();
    for run in letters.chunk_by(|a, b| a == b) {
        runs += 1;
        odd += usize::from((run.len() > 1) == run[0]);
    }
    value.len() >= 20 && odd >= 5 && odd * 3 >= runs
}

/// Parts that are joined by dots, most of whose letters stand in parts of letters only: `router.3500_24.uptime`.
fn is_dotted(value: &[u8]) -> bool {
    let letters = |part: &[u8]| part.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let joined = |byte: &u8| matches!(byte, b'.' | b'_' | b'-' | b':');
    let named: usize = value.split(joined).filter(|part| part.len() >= 3 && letters(part) == part.len()).map(<[u8]>::len).sum();
    value.iter().any(|byte| matches!(byte, b'.' | b':')) && named * 2 > letters(value)
}

fn is_uuid(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"{").and_then(|value| value.strip_suffix(b"}")).unwrap_or(value);
    value.len() == 36
        && value
            .iter()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;

    fn check(template: &str, quoted: bool, expected: fn(Shape) -> bool) {
        for seed in 0..20 {
            let value = expand(template, seed);
            let found = shape(value.as_bytes(), Setting { quoted, literal: false });
            assert!(expected(found), "{value}: {found:?}");
        }
    }

    #[test]
    fn forms() {
        check("<base62:32>", true, |shape| shape == Shape::Random);
        check("<hex:40>", true, |shape| shape == Shape::Hex);
        check("<uuid>", true, |shape| shape == Shape::Uuid);
        check("Summer2024!", true, |shape| shape == Shape::Mixed);
        check("s3cr3t", true, |shape| shape == Shape::Mixed);
        check("postgres", true, |shape| shape == Shape::Words);
        check("user_password_reset", true, |shape| shape == Shape::Words);
        check("4711471", true, |shape| shape == Shape::Digits);
    }

    #[test]
    fn letters_that_spell_something_by_chance_are_random_by_their_case() {
        let check = |value: &[u8], expected| assert_eq!(is_jumbled(value), expected, "{}", value.escape_ascii());
        check(b"abXYcdeZYfGhiJKlmnOPqRst", true);
        for name in
            ["getUserNameByIdAndSession", "XMLHttpRequestEventTarget", "USER_PASSWORD_MIN_LENGTH", "a-b-c-d-e-f-g-h-i-j-k"]
        {
            check(name.as_bytes(), false);
        }
        let jumbled = (0..200).filter(|seed| is_jumbled(expand("<base62:32>", *seed).as_bytes())).count();
        assert!(jumbled > 150, "{jumbled} of 200");
    }

    #[test]
    fn what_is_no_secret() {
        for value in [
            "",
            "${X}",
            "<x>",
            "https://a.internal/x",
            "/etc/ssl/private/x.key",
            "server.key",
            "1.2.3",
            "2024-01-01",
            "#fff000",
            "a@b.example",
            "Enter your password",
            "{password}",
            "%s",
            "sha256-abc",
            "Ihr Kennwort bitte",
        ] {
            check(value, true, |shape| matches!(shape, Shape::Other(_)));
        }
        for value in ["user.password", "getpass()", "self.token", "PASSWORD", "x[1]", "&x", "cfg->pw"] {
            check(value, false, |shape| matches!(shape, Shape::Other(_)));
        }
    }
}
