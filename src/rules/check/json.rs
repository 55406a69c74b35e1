//! Values that are base64 of JSON: do they decode, and do they hold what their issuer puts there?

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;

/// What the JSON in a value must hold: a name, or a name with a part of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    name: String,
    part: Option<String>,
}

impl FromStr for Requirement {
    type Err = String;

    /// `name`, or `name=part`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, part) = text.split_once('=').map_or((text, None), |(name, part)| (name, Some(part.to_owned())));
        if name.is_empty() || part.as_ref().is_some_and(String::is_empty) {
            return Err("a requirement is `name` or `name=part`".to_owned());
        }
        Ok(Self { name: name.to_owned(), part })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            None => f.write_str(&self.name),
            Some(part) => write!(f, "{}={part}", self.name),
        }
    }
}

impl Requirement {
    /// Whether `object` has the name, and its text, or one of its texts, the part.
    pub fn holds(&self, object: &Map<String, Value>) -> bool {
        let Some(value) = object.get(&self.name) else { return false };
        let has = |text: &str| self.part.as_ref().is_none_or(|part| text.contains(part.as_str()));
        match value {
            Value::String(text) => has(text),
            Value::Array(all) if self.part.is_some() => all.iter().filter_map(Value::as_str).any(has),
            _ => self.part.is_none(),
        }
    }
}

/// Base64 of either alphabet, padded or not, as far as it goes.
pub(super) fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let length = text.iter().position(|byte| *byte == b'=').unwrap_or(text.len());
    let text = text.get(..length)?;
    BASE64_NOPAD.decode(text).or_else(|_| BASE64URL_NOPAD.decode(text)).ok()
}

fn object(text: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(&decoded(text)?).ok()
}

/// Some part of the value, between separators, is base64 of a JSON object with all that is required.
pub(super) fn base64_json(value: &[u8], requires: &[Requirement]) -> bool {
    let separates = |byte: u8| matches!(byte, b'_' | b'-' | b'.' | b':' | b'=' | b'"' | b'\'' | b' ' | b'/');
    let starts = value.iter().enumerate().filter(|(_, byte)| separates(**byte)).map(|(at, _)| at + 1);
    let fits = |text: &[u8]| object(text).is_some_and(|json| requires.iter().all(|one| one.holds(&json)));
    starts.chain([0]).take(64).any(|start| {
        let rest = value.get(start..).unwrap_or_default();
        // `{"`, and `{` with white space.
        if !(rest.starts_with(b"ey") || rest.starts_with(b"ew") || rest.starts_with(b"ex") || rest.starts_with(b"ez")) {
            return false;
        }
        let ends = [b'_', b'.'].map(|mark| rest.iter().rposition(|byte| *byte == mark).and_then(|at| rest.get(..at)));
        fits(rest) || ends.into_iter().flatten().any(fits)
    })
}

/// The text of a token with `dots` and a header that has each of `names`.
fn is_token(text: &[u8], dots: usize, names: &[&str]) -> bool {
    let mut parts = text.split(|byte| *byte == b'.');
    let header = parts.next().and_then(object);
    header.is_some_and(|header| names.iter().all(|name| header.contains_key(*name))) && parts.count() == dots
}

pub(super) fn base64_jwt(value: &[u8]) -> bool {
    decoded(value).is_some_and(|text| is_token(text.trim_ascii(), 2, &["alg"]))
}

pub(super) fn jwe(value: &[u8]) -> bool {
    is_token(value, 4, &["alg", "enc"])
}

/// What a registry of AWS takes as the password of the user `AWS`: base64 of JSON with `payload`.
fn ecr(value: &[u8]) -> Option<Map<String, Value>> {
    let pair = decoded(value)?;
    object(pair.strip_prefix(b"AWS:")?).filter(|json| json.contains_key("payload") && json.contains_key("datakey"))
}

pub(super) fn ecr_login(value: &[u8]) -> bool {
    ecr(value).is_some()
}

/// Its `expiration`, seconds since 1970: 12 hours after it was issued.
pub(super) fn ecr_end(value: &[u8]) -> Option<i64> {
    ecr(value)?.get("expiration")?.as_i64()
}
