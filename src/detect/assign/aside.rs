//! Pairs that a name with a value makes and that what stands right around them tells to be something else: a result of
//! a test, an operand, one of two alternatives, the word that a call is named by.

use super::language;
use super::notation::{Candidate, Joint, bytes_before};
use super::syntax::Syntax;
use super::value::Shape;
use std::ops::Range;

/// Bytes on either side that are looked at.
const NEAR: usize = 160;

/// Whether what is called `name` and has this value is none.
pub(super) fn is_no_secret(name: &[u8], shape: Shape, found: &Candidate, bytes: &[u8]) -> bool {
    let Some(value) = bytes.get(found.value.clone()) else { return true };
    let before = bytes.get(found.value.start.saturating_sub(NEAR)..found.value.start).unwrap_or_default();
    let behind = bytes.get(found.value.end..bytes.len().min(found.value.end + NEAR)).unwrap_or_default();
    let by_name = match name {
        // The folder at hand.
        b"PWD" | b"OLDPWD" | b"pwd" => value.starts_with(b"/") || memchr::memmem::find(value, b"dirname").is_some(),
        b"PASS" => is_result(before) || is_result(behind) || is_one_of_results(before, behind),
        // A macro of AsciiDoc.
        b"pass" => value.iter().find(|byte| !byte.is_ascii_lowercase()) == Some(&b'['),
        // The program, or its file.
        b"htpasswd" => found.joint == Joint::Beside,
        _ => false,
    };
    let by_joint = match found.joint {
        Joint::Argument => shape == Shape::Words && is_in_callee(before, value),
        Joint::Listed | Joint::Compared => is_setting(value),
        Joint::Beside if is_one_of_two(behind) || is_said_beside(name, shape, value, before) => true,
        Joint::Beside | Joint::Loose | Joint::Told | Joint::Option => is_setting(value) || is_variable(value),
        Joint::Assigned => found.quoted && (is_one_of_two(behind) || is_operand(behind)),
        _ => false,
    };
    by_name || by_joint || is_kind_of(name, value) || is_few_bytes(value)
}

/// Whether a name and what stands beside it are a heading of a comment, or words of a command: `# Password Management`,
/// `cat /etc/dbpassword 'x'`, `add $PASSWORD "x"`.
fn is_said_beside(name: &[u8], shape: Shape, value: &[u8], before: &[u8]) -> bool {
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let mark = memchr::memmem::rfind(line, name).and_then(|at| line.get(at.checked_sub(1)?));
    let heading = shape == Shape::Words
        && line.starts_with(b"#")
        && value.first().is_some_and(u8::is_ascii_uppercase)
        && value.iter().skip(1).all(u8::is_ascii_lowercase);
    heading || matches!(mark, Some(b'/' | b'$'))
}

/// `one_1_pw`: what is said beside a name is the next one.
fn is_variable(value: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
    value.contains(&b'_') && value.iter().all(plain) && super::names::named(value).is_some()
}

/// `\x06\x01…`: bytes of some structure, or a word that is written so; a key has more of them.
fn is_few_bytes(value: &[u8]) -> bool {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let number = |escape: &[u8]| match escape {
        [b'\\', b'x', high, low] => Some(digit(high)? * 16 + digit(low)?),
        _ => None,
    };
    let Some(bytes) = value.chunks(4).map(number).collect::<Option<Vec<u32>>>() else { return false };
    let is_word = bytes.iter().all(|byte| matches!(byte, 0x20 | 0x41..=0x5a | 0x61..=0x7a));
    bytes.len() < 16 && (is_word || bytes.iter().any(|byte| *byte < 0x20))
}

/// Whether a value is a kind of what a name of several words names: `wpa-psk`, `wpa-psk-sha256`.
fn is_kind_of(name: &[u8], value: &[u8]) -> bool {
    let joined = name.iter().any(|byte| matches!(byte, b'-' | b'_'));
    joined && matches!(value.strip_prefix(name), Some([b'-' | b'_', ..]))
}

/// Whether a text tells of tests that pass or fail.
fn is_result(near: &[u8]) -> bool {
    [&b"FAIL"[..], b"SKIP"].iter().any(|word| memchr::memmem::find(near, word).is_some())
}

/// Whether a line above or below says of another test that it passes: `PASS: ld-elf/a1`.
fn is_one_of_results(before: &[u8], behind: &[u8]) -> bool {
    let tells = |lines: Option<&[u8]>| {
        lines.is_some_and(|lines| lines.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"PASS: ")))
    };
    tells(memchr::memrchr(b'\n', before).and_then(|end| before.get(..end)))
        || tells(memchr::memchr(b'\n', behind).and_then(|end| behind.get(end..)))
}

/// Whether a word is one of those that the call is named by: `login(x, "login")`.
fn is_in_callee(before: &[u8], value: &[u8]) -> bool {
    let Some(open) = memchr::memrchr(b'(', before) else { return false };
    let callee = before.get(..open).unwrap_or_default();
    let length = callee.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let callee = callee.get(open - length..).unwrap_or_default().to_ascii_lowercase();
    value.len() >= 4 && memchr::memmem::find(&callee, &value.to_ascii_lowercase()).is_some()
}

/// `word=x`: a setting that is looked for among others. Base64 has its sign at the end.
fn is_setting(value: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'=', value) else { return false };
    let (name, rest) = value.split_at(at);
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let long = rest.len() > 2 || super::names::named(name).is_some();
    name.len() >= 2 && name.iter().all(plain) && long && language::wordiness(name) > 0.3
}

/// Whether what stands behind a string makes it one side of a comparison.
fn is_operand(behind: &[u8]) -> bool {
    let rest = behind_quote(behind);
    rest.starts_with(b"==") || rest.starts_with(b"!=")
}

/// Whether what stands behind a string makes it one of two in a sentence.
fn is_one_of_two(behind: &[u8]) -> bool {
    let rest = behind_quote(behind);
    [&b"or \""[..], b"or '", b"or \\\""].iter().any(|word| rest.starts_with(word))
}

/// What stands behind the quote that closes a value, which may be escaped.
fn behind_quote(behind: &[u8]) -> &[u8] {
    let behind = behind.strip_prefix(b"\\").unwrap_or(behind);
    behind.get(1..).unwrap_or_default().trim_ascii_start()
}

/// Whether the name is part of something longer: of a path of modules, a branch of a condition, a link, a text with
/// variables in it.
pub(super) fn is_part(bytes: &[u8], name: &Range<usize>, before: u8) -> bool {
    let near = bytes_before(bytes, name);
    let behind = bytes.get(name.end..).unwrap_or_default();
    let behind = behind.strip_prefix(b"\\").unwrap_or(behind);
    let closed = matches!(behind.first(), Some(b'"' | b'\''));
    match near {
        [.., b':', b':'] | [.., b'?', b' ', b'"' | b'\''] | [.., b'?', b'"' | b'\''] => true,
        // `"$a,$password" = "x,y"`
        [.., mark, b'$'] if closed => !matches!(mark, b'"' | b'\'' | b'{'),
        // `#password">`, `?subject=password">`
        _ => matches!(before, b'#' | b'=' | b'&') && closed && behind.get(1) == Some(&b'>'),
    }
}

/// Whether a colon behind the name is that of a condition, `ok ? A_PASS : A_FAIL`, or of a list of ciphers, `!PSK:!RC4`.
pub(super) fn is_chosen(bytes: &[u8], name: &Range<usize>, (blank, closed): (bool, bool), syntax: Syntax) -> bool {
    let before = bytes_before(bytes, name);
    blank && syntax != Syntax::Prose && before.ends_with(b"? ") || !closed && before.ends_with(b"!")
}
