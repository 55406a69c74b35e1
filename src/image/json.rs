//! JSON as it was written: order and repeated keys kept, nothing refused for its meaning.
//!
//! A map that keeps one of two equal keys hides the other's value from a scan, and typed readers
//! drop the fields they do not know. Depth is capped by `serde_json` (128), nodes by [`NODES`].

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;

/// Values one document may hold: a document within the size limit that is all brackets and commas
/// would otherwise cost a hundred times its size in memory.
pub const NODES: usize = 400_000;

/// Longest path of keys that [`Json::each_text`] tells, in bytes.
const PATH: usize = 512;
/// A key shorter than this holds nothing that identifies itself.
const TELLING: usize = 16;

/// What takes a string in: the path of keys that leads to it, the last of them, the string.
pub type Visit<'v, E> = dyn FnMut(&[u8], &[u8], &[u8]) -> Result<(), E> + 'v;

/// Goes on by a key, if the path does not become too long.
fn step(path: &mut Vec<u8>, dot: &[u8], key: &[u8]) {
    if path.len() + key.len() < PATH {
        path.extend_from_slice(if path.is_empty() { b"" } else { dot });
        path.extend_from_slice(key);
    }
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number; only whole ones are ever asked for.
    Number(serde_json::Number),
    /// A string, unescaped.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, in the order written, repeated keys included.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one document. Bytes that are not UTF-8 are replaced, a byte order mark is skipped.
    ///
    /// # Errors
    /// Where it is not JSON, nests too deeply or has more than [`NODES`] values. The message names a
    /// line and a column, never a value.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let left = Cell::new(NODES);
        let mut reader = serde_json::Deserializer::from_str(&text);
        let value = Seed(&left).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
        value.map_err(|error| match left.get() {
            0 => format!("more than {NODES} values"),
            _ => format!("not JSON at line {}, column {}", error.line(), error.column()),
        })
    }

    /// The value of a key. Of repeated keys the last wins, as in the programs that run images.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// As [`Json::get`], in any case of ASCII letters, as the reader of the Go language takes keys.
    pub fn field(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => self
                .get(key)
                .or_else(|| members.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)),
            _ => None,
        }
    }

    /// Visits every string, with the path of keys that leads to it, from what `path` holds already, and the last of
    /// those keys. A key that is long enough to be a secret is visited too, with neither.
    pub fn each_text<E>(&self, path: &mut Vec<u8>, key: &[u8], visit: &mut Visit<'_, E>) -> Result<(), E> {
        let length = path.len();
        match self {
            Self::Text(text) => visit(path, key, text.as_bytes()),
            Self::List(items) => items.iter().enumerate().try_for_each(|(index, item)| {
                step(path, b"", format!("[{index}]").as_bytes());
                let done = item.each_text(path, key, visit);
                path.truncate(length);
                done
            }),
            Self::Object(members) => members.iter().try_for_each(|(inner, value)| {
                if inner.len() >= TELLING {
                    visit(b"", b"", inner.as_bytes())?;
                }
                step(path, b".", inner.as_bytes());
                let done = value.each_text(path, inner.as_bytes(), visit);
                path.truncate(length);
                done
            }),
            Self::Null | Self::Bool(_) | Self::Number(_) => Ok(()),
        }
    }

    /// The text of a string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of an array; of anything else, none.
    pub fn list(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The members of an object; of anything else, none.
    pub fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The strings of an array; `None` unless it is an array of strings alone.
    pub fn texts(&self) -> Option<Vec<&str>> {
        match self {
            Self::List(items) => items.iter().map(Self::text).collect(),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub fn whole(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// A string member, by key.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.field(key).and_then(Self::text)
    }
}

/// Reads a value while nodes are left.
struct Seed<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        self.0.set(self.0.get().saturating_sub(1));
        if self.0.get() == 0 {
            return Err(D::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Seed(self.0))? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = access.next_key::<String>()? {
            members.push((key, access.next_value_seed(Seed(self.0))?));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_keys_and_order_are_kept() {
        let json = Json::parse(br#"{"b":1,"a":"x","b":2}"#).unwrap();
        let keys: Vec<_> = json.members().iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["b", "a", "b"]);
        assert_eq!(json.get("b").and_then(Json::whole), Some(2));
        assert_eq!(json.field("A").and_then(Json::text), Some("x"));
    }

    #[test]
    fn hostile_documents_are_refused_without_harm() {
        let deep = "[".repeat(100_000);
        let wide = format!("[{}0]", "0,".repeat(NODES));
        for text in ["", "{", "{\"a\":", "1e9999", "[1] 2", deep.as_str(), wide.as_str()] {
            assert!(Json::parse(text.as_bytes()).is_err());
        }
        assert!(Json::parse(b"\xef\xbb\xbf{\"a\":\"\xff\"}").is_ok());
    }

    #[test]
    fn an_error_never_quotes_the_document() {
        let error = Json::parse(br#"{"password":"hidden" oops}"#).unwrap_err();
        assert!(!error.contains("hidden") && !error.contains("oops"), "{error}");
    }
}
