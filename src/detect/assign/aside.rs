//! Pairs that a name with a value makes and that what stands right around them tells to be something else: a result of
//! a test, an operand, one of two alternatives, the word that a call is named by.

use super::language;
use super::notation::{Candidate, Joint};
use super::value::Shape;

/// Bytes on either side that are looked at.
const NEAR: usize = 160;

/// Whether what is called `name` and has this value is none.
pub(super) fn is_no_secret(name: &[u8], shape: Shape, found: &Candidate, bytes: &[u8]) -> bool {
    let Some(value) = bytes.get(found.value.clone()) else { return true };
    let before = bytes.get(found.value.start.saturating_sub(NEAR)..found.value.start).unwrap_or_default();
    let behind = bytes.get(found.value.end..bytes.len().min(found.value.end + NEAR)).unwrap_or_default();
    let by_name = match name {
        // The folder at hand.
        b"PWD" | b"OLDPWD" | b"pwd" => value.starts_with(b"/"),
        b"PASS" => is_result(before) || is_result(behind),
        // The program, or its file.
        b"htpasswd" => found.joint == Joint::Beside,
        _ => false,
    };
    let by_joint = match found.joint {
        Joint::Argument => shape == Shape::Words && is_in_callee(before, value),
        Joint::Listed | Joint::Compared => is_setting(value),
        Joint::Beside | Joint::Assigned => found.quoted && is_operand_or_one_of_two(behind),
        _ => false,
    };
    by_name || by_joint || is_kind_of(name, value)
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
    name.len() >= 2
        && name.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_')
        && rest.len() > 2
        && language::wordiness(name) > 0.3
}

/// Whether what stands behind a string makes it one side of a comparison, or one of two in a sentence.
fn is_operand_or_one_of_two(behind: &[u8]) -> bool {
    let rest = behind.get(1..).unwrap_or_default();
    let rest = rest.trim_ascii_start();
    rest.starts_with(b"==") || rest.starts_with(b"!=") || rest.starts_with(b"or \"") || rest.starts_with(b"or '")
}
