//! skops: the JSON that says what a saved scikit-learn model is made of, in a zip beside its arrays.
//!
//! Format: <https://skops.readthedocs.io/en/stable/persistence.html> and `skops/io`. Every object is written as its class,
//! its module, its loader and its `content`; a text is JSON in its content. So each value lies two levels below its key
//! and goes by the name `content`: here it goes by the key again.

use super::super::{About, Extractor, Halt, Head, Input, Sink, Text};
use crate::finding::GapReason;
use crate::image::json::Json;
use std::borrow::Cow;
use std::io::{self, Read};

/// skops.
pub struct Skops;

/// The longest document that is read by its structure.
const HELD: usize = 8 << 20;
/// Objects in objects.
const DEPTH: usize = 128;

impl Extractor for Skops {
    fn name(&self) -> &'static str {
        "skops"
    }

    fn about(&self) -> About {
        About {
            title: "skops",
            reads: "the texts of saved objects by the attributes and keys that lead to them",
            limits: "a document of up to 8 MiB",
            specification: "https://skops.readthedocs.io/en/stable/persistence.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let has = |word: &[u8]| memchr::memmem::find(head.start.get(..Head::LEN).unwrap_or(head.start), word).is_some();
        head.start.first() == Some(&b'{') && has(b"\"__class__\"") && has(b"\"__loader__\"") && has(b"\"__module__\"")
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let Some(bytes) = input.held(HELD)?.map(Cow::into_owned) else {
            let why = "skops: too long to be read by its keys; scanned as text".to_owned();
            return Err(Halt::Broken(GapReason::SizeLimit, why));
        };
        let broken = |error| Halt::Broken(GapReason::Damaged, format!("skops: {error}; scanned as text"));
        let document = Json::parse(&bytes).map_err(broken)?;
        told(&document, &mut Vec::new(), b"", 0, sink)?;
        io::copy(&mut Read::take(input, bytes.len() as u64), &mut io::sink())?;
        Ok(())
    }
}

/// Tells the texts below `value`, which `path` leads to.
fn told(value: &Json, path: &mut Vec<u8>, key: &[u8], depth: usize, sink: &mut dyn Sink) -> Result<(), Halt> {
    if depth > DEPTH {
        return Ok(());
    }
    let length = path.len();
    if let Some(text) = value.text() {
        let quoted = text.starts_with('"').then(|| Json::parse(text.as_bytes()).ok()).flatten();
        let inner = quoted.as_ref().and_then(Json::text).unwrap_or(text);
        sink.text(&Text { name: path, key, bytes: inner.as_bytes(), offset: 0 })?;
    }
    for (index, item) in value.list().iter().enumerate() {
        path.extend(format!("[{index}]").bytes());
        told(item, path, key, depth + 1, sink)?;
        path.truncate(length);
    }
    let is_described = value.get("__class__").is_some();
    for (name, item) in value.members() {
        if name == "content" && is_described {
            told(item, path, key, depth + 1, sink)?;
            continue;
        }
        if !path.is_empty() {
            path.push(b'.');
        }
        path.extend(name.bytes());
        told(item, path, name.as_bytes(), depth + 1, sink)?;
        path.truncate(length);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Seen, seen};
    use super::*;

    #[test]
    fn contents_go_by_the_key_above_them() {
        let text = r#"{"__class__": "Model", "__module__": "m", "__loader__": "ObjectNode", "content": {"config_": {"content":
            {"note": {"__class__": "str", "content": "\"some \\\"words\\\"\"", "is_json": true}}, "__class__": "dict"}}}"#;
        assert!(Skops.probe(&Head { start: text.as_bytes(), tail: &[] }));
        let Seen { texts, raw, gaps, .. } = seen(&Skops, text.as_bytes());
        assert!(texts.0.contains(&("config_.note".into(), "some \"words\"".into())), "{texts:?}");
        assert_eq!((raw.len(), gaps.len()), (0, 0));
        assert_eq!(seen(&Skops, &text.as_bytes()[..100]).gaps, [GapReason::Damaged]);
    }
}
