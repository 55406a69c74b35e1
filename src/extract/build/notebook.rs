//! Notebooks: cells of programs and prose, and what they printed.
//!
//! Format: nbformat 4, <https://nbformat.readthedocs.io/en/latest/format_description.html>; in version 3 cells lie in
//! `worksheets`. A text is a string or a list of lines, which is joined. Each cell is a member, and so is each text among
//! its outputs; pictures are left out.

use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink, Stop};
use crate::finding::GapReason;
use crate::image::json::Json;
use std::io::BufRead;

/// Notebooks.
pub struct Notebook;

/// The longest notebook that is read by its cells; one that is longer holds pictures and is scanned as text.
const HELD: usize = 16 << 20;

impl Extractor for Notebook {
    fn name(&self) -> &'static str {
        "notebook"
    }

    fn about(&self) -> About {
        About {
            title: "Jupyter notebook",
            reads: "cells and the texts among their outputs, joined and without escapes; metadata",
            limits: "notebooks of up to 16 MiB by their cells; pictures are left out",
            specification: "https://nbformat.readthedocs.io/en/latest/format_description.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let start = head.start.get(..Head::LEN.min(head.start.len())).unwrap_or_default();
        let tail = head.tail.get(head.tail.len().saturating_sub(Head::LEN)..).unwrap_or_default();
        let has = |text: &[u8], key: &[u8]| memchr::memmem::find(text, key).is_some();
        let cells = || has(start, b"\"cells\"") || has(start, b"\"worksheets\"");
        let format = || has(start, b"\"nbformat\"") || has(tail, b"\"nbformat\"") || has(start, b"\"cell_type\"");
        start.trim_ascii_start().first() == Some(&b'{') && cells() && format()
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let Some(bytes) = input.held(HELD)? else {
            sink.gap(GapReason::SizeLimit, "notebook: too long to be read by its cells; scanned as text".into(), None);
            return Ok(());
        };
        let length = bytes.len();
        let notebook = match Json::parse(&bytes) {
            Ok(notebook) => notebook,
            Err(error) => {
                sink.gap(GapReason::Damaged, format!("notebook: {error}; scanned as text"), None);
                return Ok(());
            }
        };
        let language = notebook.get("metadata").and_then(|metadata| metadata.get("language_info"));
        let ending = language.and_then(|language| language.str("file_extension")).unwrap_or(".py");
        let worksheets = listed(&notebook, "worksheets");
        let sheets = std::iter::once(&notebook).chain(worksheets.map(Json::list).unwrap_or_default());
        let cells = sheets.clone().flat_map(|sheet| listed(sheet, "cells").map(Json::list).unwrap_or_default());
        for (index, cell) in cells.enumerate() {
            told(cell, index, ending, sink)?;
        }
        // What is in no cell: the language, the kernel, what tools keep about the whole.
        for sheet in sheets {
            member(b"metadata.json", &rest(sheet, &[listed(sheet, "cells"), worksheets]), sink)?;
        }
        input.consume(length);
        Ok(())
    }
}

/// What a key leads to, if that is a list.
fn listed<'j>(json: &'j Json, key: &str) -> Option<&'j Json> {
    json.get(key).filter(|json| matches!(json, Json::List(_)))
}

fn told(cell: &Json, index: usize, ending: &str, sink: &mut dyn Sink) -> Result<(), Stop> {
    let is_code = cell.str("cell_type") == Some("code");
    let is_text = |json: &&Json| json.text().is_some() || json.texts().is_some();
    let source = cell.get("source").or_else(|| cell.get("input")).filter(is_text);
    let ending = if is_code { ending } else { ".md" };
    member(format!("cells[{index}]{ending}").as_bytes(), &source.map(joined).unwrap_or_default(), sink)?;
    let outputs = listed(cell, "outputs");
    for (number, output) in outputs.map(Json::list).unwrap_or_default().iter().enumerate() {
        let mut text = String::new();
        printed(output, &mut text);
        member(format!("cells[{index}].outputs[{number}].txt").as_bytes(), &text, sink)?;
    }
    let [metadata, attachments] =
        ["metadata", "attachments"].map(|key| cell.get(key).filter(|json| matches!(json, Json::Object(_))));
    let kind = cell.get("cell_type").filter(|kind| matches!(kind.text(), Some("code" | "markdown" | "raw")));
    let count = cell.get("execution_count").filter(|count| matches!(count, Json::Null | Json::Number(_)));
    let beside = [metadata, attachments].into_iter().flatten();
    let mut text: String = beside.filter(|json| !json.members().is_empty()).map(written).collect();
    text.push_str(&rest(cell, &[source, outputs, metadata, attachments, kind, count]));
    member(format!("cells[{index}].metadata.json").as_bytes(), &text, sink)
}

/// All of a document but what was read of it.
fn rest(json: &Json, read: &[Option<&Json>]) -> String {
    let Json::Object(members) = json else { return written(json) };
    let is_read = |value: &Json| read.iter().flatten().any(|read| std::ptr::eq(*read, value));
    let rest: Vec<_> = members.iter().filter(|(_, value)| !is_read(value)).cloned().collect();
    if rest.is_empty() { String::new() } else { written(&Json::Object(rest)) }
}

/// Every text of an output, a line or more each, but for pictures.
fn printed(output: &Json, text: &mut String) {
    match output {
        Json::Text(_) => {
            text.push_str(&joined(output));
            text.push('\n');
        }
        Json::List(items) if items.iter().all(|item| item.text().is_some()) => {
            text.push_str(&joined(output));
            text.push('\n');
        }
        Json::List(items) => items.iter().for_each(|item| printed(item, text)),
        Json::Object(members) => {
            let is_picture = |key: &str| matches!(key, "png" | "jpeg") || key.starts_with("image/") && key != "image/svg+xml";
            let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n');
            let is_shown = |(key, value): &&(String, Json)| !is_picture(key) || !joined(value).bytes().all(is_base64);
            members.iter().filter(is_shown).for_each(|(_, value)| printed(value, text));
        }
        _ => {}
    }
}

/// A text, or the lines of one.
fn joined(json: &Json) -> String {
    match json {
        Json::Text(text) => text.clone(),
        _ => json.list().iter().filter_map(Json::text).collect(),
    }
}

/// A document as JSON, for its keys to be read by.
fn written(json: &Json) -> String {
    match json {
        Json::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        Json::Number(number) => number.to_string(),
        Json::Bool(value) => value.to_string(),
        Json::Null => "null".to_owned(),
        Json::List(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(",\n")),
        Json::Object(members) => {
            let rows =
                members.iter().map(|(key, value)| format!("{}: {}", serde_json::Value::from(key.as_str()), written(value)));
            format!("{{{}}}", rows.collect::<Vec<_>>().join(",\n"))
        }
    }
}

fn member(name: &[u8], text: &str, sink: &mut dyn Sink) -> Result<(), Stop> {
    if text.is_empty() {
        return Ok(());
    }
    sink.member(&Member { name, kind: MemberKind::File, size: Some(text.len() as u64) }, &mut text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    #[test]
    fn cells_and_what_they_printed() {
        let bytes = br##"{"cells": [
            {"cell_type": "code", "source": ["a = 1\n", "b = \"x\""], "metadata": {},
             "outputs": [{"output_type": "stream", "text": ["one\n", "two"]}, {"data": {"image/png": "AAAA", "text/plain": "t"}}]},
            {"cell_type": "markdown", "source": "# T", "metadata": {"k": "v"}}
        ], "metadata": {"language_info": {"file_extension": ".jl"}}, "nbformat": 4}"##;
        assert!(Notebook.probe(&Head { start: bytes, tail: bytes }));
        let found = seen(&Notebook, bytes);
        let names: Vec<_> = found.members.0.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let expected = [
            ("cells[0].jl", "a = 1\nb = \"x\""),
            ("cells[0].outputs[0].txt", "stream\none\ntwo\n"),
            ("cells[0].outputs[1].txt", "t\n"),
            ("cells[1].md", "# T"),
            ("cells[1].metadata.json", "{\"k\": \"v\"}"),
        ];
        assert_eq!(names[..5], expected);
        assert!(names[5].0 == "metadata.json" && found.raw.is_empty() && found.gaps.is_empty());
        let odd = br##"{"cells": [{"source": [["a"]], "source": 1, "id": "b", "metadata": "c", "attachments": {"d": 1}}, "e"],
            "worksheets": [{"cells": [{"cell_type": "f", "outputs": {"g": 1}}], "h": 1}, "i"], "cellz": ["j"]}"##;
        let found = seen(&Notebook, odd);
        let all: String = found.members.0.iter().map(|(_, text)| text.as_str()).collect();
        for lost in ["[\"a\"]", ": \"b\"", "\"c\"", "{\"d\": 1}", "\"e\"", "\"f\"", "{\"g\": 1}", "\"h\": 1", "\"i\"", "\"j\""] {
            assert!(all.contains(lost), "{lost} in {all}");
        }
        assert_eq!(seen(&Notebook, &bytes[..300]).gaps, [GapReason::Damaged]);
        assert!(!Notebook.probe(&Head { start: b"{\"cells\": [1, 2]}", tail: b"" }));
    }
}
