//! JSON inside a model: every text of a document, by the keys that lead to it.

use super::super::{Sink, Stop, Text};
use crate::image::json::Json;

/// Longest path of keys that is told.
const PATH: usize = 512;

/// Pushes every string of a document, and every key: a key may be a secret too.
pub(super) fn texts(json: &Json, offset: u64, sink: &mut dyn Sink) -> Result<(), Stop> {
    // Depth is bounded by the parser.
    within(json, &mut String::new(), "", offset, sink)
}

fn within(json: &Json, path: &mut String, key: &str, offset: u64, sink: &mut dyn Sink) -> Result<(), Stop> {
    match json {
        Json::Text(text) => sink.text(&Text { name: path.as_bytes(), key: key.as_bytes(), bytes: text.as_bytes(), offset }),
        Json::List(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| deeper(path, &format!("[{index}]"), |path| within(item, path, key, offset, sink))),
        Json::Object(members) => members.iter().try_for_each(|(inner, value)| {
            if inner.len() > crate::extract::model::TELLING {
                sink.text(&Text { name: b"", key: b"", bytes: inner.as_bytes(), offset })?;
            }
            let step = if path.is_empty() { inner.clone() } else { format!(".{inner}") };
            deeper(path, &step, |path| within(value, path, inner, offset, sink))
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
    }
}

/// Calls `act` with a path that is one step longer, if that is not too long.
fn deeper(path: &mut String, step: &str, act: impl FnOnce(&mut String) -> Result<(), Stop>) -> Result<(), Stop> {
    let length = path.len();
    if length + step.len() <= PATH {
        path.push_str(step);
    }
    let done = act(path);
    path.truncate(length);
    done
}
