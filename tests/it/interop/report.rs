//! What a report must say: the one check that every form goes through.

use serde_json::Value;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

/// A secret in one place.
#[derive(Clone)]
pub(super) struct Planted {
    /// For messages.
    what: &'static str,
    value: String,
    state: &'static str,
    layer: Option<u64>,
    hidden_by: Option<u64>,
    path: &'static str,
    line: u64,
    /// The key, of a secret in the config; empty where there is none.
    name: &'static str,
}

impl Planted {
    /// In a file of a layer, still there in the end.
    pub(super) fn file(what: &'static str, value: String, layer: u64, path: &'static str, line: u64) -> Self {
        Self { what, value, state: "live", layer: Some(layer), hidden_by: None, path, line, name: "" }
    }

    /// In the config of the image, its history, an annotation or a document attached to it.
    pub(super) fn config(what: &'static str, value: String, name: &'static str) -> Self {
        Self { what, value, state: "config", layer: None, hidden_by: None, path: "", line: 0, name }
    }

    /// Any place will do: what is neither layer nor config has no state of its own.
    pub(super) fn anywhere(self) -> Self {
        Self { state: "", ..self }
    }

    /// The file is removed by a later layer.
    pub(super) fn deleted_by(self, layer: u64) -> Self {
        Self { state: "deleted", hidden_by: Some(layer), ..self }
    }

    /// The file is written anew by a later layer.
    pub(super) fn overwritten_by(self, layer: u64) -> Self {
        Self { state: "overwritten", hidden_by: Some(layer), ..self }
    }

    /// Whether `finding` is at this place. Of a secret in the config only the name is looked at, since the
    /// instruction stands in many places.
    fn is(&self, finding: &Value) -> bool {
        let config = || self.name.is_empty() || finding["name"].as_str().is_some_and(|name| name.contains(self.name));
        let file = || {
            number(&finding["layer"]) == self.layer
                && number(&finding["hidden_by"]) == self.hidden_by
                && finding["path"] == self.path
                && finding["line"] == self.line
        };
        (self.state.is_empty() || finding["state"] == self.state) && if self.layer.is_some() { file() } else { config() }
    }
}

/// A layer's index: a number, or an object that has it.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value["layer"].as_u64()).or_else(|| value["index"].as_u64())
}

/// Audits `target` and expects all of `planted` and nothing else, each secret as one incident, and no gap in the image.
pub(super) fn check(target: &str, planted: &[Planted]) {
    compare(&audit(&["scan", target], None), planted, target, &[]);
}

/// The same of layers that may have been cut at their end.
pub(super) fn check_cut(target: &str, planted: &[Planted]) {
    compare(&audit(&["scan", target], None), planted, target, &["missing-end", "truncated"]);
}

/// The same of a file that comes by standard input.
pub(super) fn check_stdin(file: &Path, planted: &[Planted]) {
    compare(&audit(&["scan", "-"], Some(file)), planted, "standard input", &[]);
}

/// Runs the program; a leaking image must end in exit code 1.
fn audit(args: &[&str], stdin: Option<&Path>) -> Value {
    let stdin = stdin.map_or_else(Stdio::null, |file| File::open(file).expect("the file to read").into());
    let mut program = Command::new(env!("CARGO_BIN_EXE_watertight"));
    let output = program.args(args).args(["--format", "json", "--show-secrets"]).stdin(stdin).output().expect("our program");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{args:?}: a leaking image ends in 1; it said: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: no JSON on standard output: {error}"))
}

/// Names what is missing or wrong by what was planted, never by value. Gaps in the image are wrong, but for reasons
/// that are `allowed`.
fn compare(report: &Value, planted: &[Planted], target: &str, allowed: &[&str]) {
    let mut wrong = Vec::new();
    let incidents = list(&report["incidents"]);
    for one in planted {
        let of_it: Vec<_> = incidents.iter().filter(|incident| incident["secret"] == one.value.as_str()).collect();
        match of_it[..] {
            [] => wrong.push(format!("{} was not found", one.what)),
            [incident] if list(&incident["findings"]).iter().any(|finding| one.is(finding)) => {}
            [incident] => wrong.push(format!("{} was found elsewhere: {:#}", one.what, incident["findings"])),
            _ => wrong.push(format!("{} is {} incidents", one.what, of_it.len())),
        }
    }
    for incident in incidents {
        let known = |finding: &Value| planted.iter().any(|one| finding["path"] == one.path);
        // An incident without a secret is about a file as a whole, such as a `.netrc`.
        let of_file = incident["secret"] == "" && list(&incident["findings"]).iter().all(known);
        if !of_file && !planted.iter().any(|one| incident["secret"] == one.value.as_str()) {
            wrong.push(format!("{} was not planted: {:#}", incident["rule"], incident["findings"]));
        }
    }
    let of_image = list(&report["gaps"]).iter().filter(|gap| gap["scope"] == "image");
    let not_allowed = of_image.filter(|gap| !gap["reason"].as_str().is_some_and(|reason| allowed.contains(&reason)));
    wrong.extend(not_allowed.map(|gap| format!("a gap: {gap}")));
    if report["verdict"] != "leaking" {
        wrong.push(format!("the verdict is {}", report["verdict"]));
    }
    assert!(wrong.is_empty(), "{target}:\n{}", wrong.join("\n"));
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
