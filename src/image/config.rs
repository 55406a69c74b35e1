//! An image config read as data: settings, and which instruction introduced each.
//!
//! Read leniently: the typed reader of `oci-spec` refuses what running programs accept, and drops
//! what it does not know (`container_config`, repeated keys). The leaves come from the JSON itself.

use super::document::{self, join};
use super::history::{self, Declared, Said};
use super::json::Json;
use super::platform::Platform;
use super::{Document, Form, HistoryEntry, Setting};
use crate::blob::Digest;
use crate::finding::Instruction;
use std::collections::HashMap;

/// What a config says.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where it runs.
    pub platform: Option<Platform>,
    /// Digests of the uncompressed layers, from the base up; one that is malformed is `None`.
    pub diff_ids: Vec<Option<Digest>>,
    /// Whether it has a `rootfs` at all: what sets an image apart from an artifact.
    pub rootfs: bool,
    /// The history, matched to the layers.
    pub history: Vec<HistoryEntry>,
    /// For each layer the entry of the history that made it and its words for people.
    pub made_by: Vec<Option<(usize, String)>>,
    /// History entries that made layers, where their number is not that of the layers.
    pub mismatch: Option<usize>,
    /// Every name and value.
    pub settings: Vec<Setting>,
}

/// Reads a config of an image that has `layers` layers.
pub fn read(json: &Json, layers: usize) -> Config {
    let rootfs = json.field("rootfs");
    let ids = rootfs.and_then(|rootfs| rootfs.field("diff_ids")).map(Json::list).unwrap_or_default();
    let declared = declared(json);
    let entries = json.field("history").map(Json::list).unwrap_or_default();
    let mut config = Config {
        platform: Platform::of(json),
        diff_ids: ids.iter().map(|id| id.text().and_then(Digest::parse)).collect(),
        rootfs: rootfs.is_some_and(|rootfs| matches!(rootfs, Json::Object(_))),
        history: entries.iter().map(entry).collect(),
        made_by: vec![None; layers],
        ..Config::default()
    };
    let said = said(&config.history, declared);
    match_layers(&mut config, &said, layers);
    let found = settings(json, &config.history, &said);
    config.settings = introduced(found, &config.history, &said);
    config
}

fn entry(json: &Json) -> HistoryEntry {
    HistoryEntry {
        created_by: json.str("created_by").unwrap_or_default().to_owned(),
        empty_layer: json.field("empty_layer") == Some(&Json::Bool(true)),
        layer: None,
    }
}

/// The names that the config declares, which tell where the unquoted values of the history end.
fn declared(json: &Json) -> Declared {
    let mut declared = Declared::default();
    for part in ["config", "container_config"].iter().filter_map(|key| json.field(key)) {
        let env = part.field("Env").and_then(Json::texts).unwrap_or_default();
        declared.env.extend(env.iter().filter_map(|text| text.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())));
        let labels = part.field("Labels").map(Json::members).unwrap_or_default();
        declared.labels.extend(labels.iter().filter_map(|(k, v)| Some((k.clone(), v.text()?.to_owned()))));
    }
    declared
}

/// What each entry says, with the text for people.
fn said(history: &[HistoryEntry], mut declared: Declared) -> Vec<(Said, String)> {
    let mut all = Vec::new();
    for entry in history {
        let said = history::read(&entry.created_by, &declared);
        if said.keyword == "ARG" {
            let text = entry.created_by.split_once("ARG ").map_or("", |(_, rest)| rest);
            let names = text.split_whitespace().map(|word| word.split('=').next().unwrap_or(word).to_owned());
            declared.args.extend(names);
        }
        let shown = history::masked(&entry.created_by, &declared);
        all.push((said, shown));
    }
    all
}

/// Entries that are not empty made the layers, in order. If their number differs, nobody knows which.
fn match_layers(config: &mut Config, said: &[(Said, String)], layers: usize) {
    let made = config.history.iter().filter(|entry| !entry.empty_layer).count();
    if config.history.is_empty() {
        return;
    }
    if made != layers {
        config.mismatch = Some(made);
        return;
    }
    let entries = config.history.iter_mut().zip(said).enumerate().filter(|(_, (entry, _))| !entry.empty_layer);
    for (layer, (index, (entry, (_, shown)))) in entries.enumerate() {
        entry.layer = Some(layer);
        if let Some(slot) = config.made_by.get_mut(layer).filter(|_| !entry.created_by.is_empty()) {
            *slot = Some((index, shown.clone()));
        }
    }
}

/// All settings of the document, those of the history last.
fn settings(json: &Json, history: &[HistoryEntry], said: &[(Said, String)]) -> Vec<Setting> {
    let rest = json.members().iter().filter(|(key, _)| !key.eq_ignore_ascii_case("history")).cloned().collect();
    let mut found = document::settings(&Json::Object(rest), Document::Config);
    for setting in &mut found {
        if let Some(short) = setting.name.strip_prefix("config.") {
            setting.name = short.to_owned();
        }
    }
    // Every other key of a history entry, `comment` and `author` among them.
    for (index, entry) in json.field("history").map(Json::list).unwrap_or_default().iter().enumerate() {
        let known = |key: &str| ["created_by", "created", "empty_layer"].iter().any(|name| name.eq_ignore_ascii_case(key));
        let rest = entry.members().iter().filter(|(key, _)| !known(key)).cloned().collect();
        let mut others = document::settings(&Json::Object(rest), Document::Config);
        for setting in &mut others {
            setting.name = join(&format!("history[{index}]"), &setting.name);
            setting.instruction = instruction(history, index);
        }
        found.extend(others);
    }
    for (index, (said, _)) in said.iter().enumerate() {
        let path = format!("history[{index}]");
        let make = |name: String, key: &str, value: &str, form| Setting {
            name,
            key: key.to_owned(),
            value: value.as_bytes().to_vec(),
            form,
            instruction: instruction(history, index),
            source: Document::Config,
        };
        found.extend(
            said.pairs.iter().map(|(kind, key, value)| make(join(&path, &format!("{kind}.{key}")), key, value, Form::Pair)),
        );
        let keyword = if said.keyword.is_empty() { "created_by" } else { said.keyword };
        found.extend(said.command.iter().map(|command| make(join(&path, keyword), keyword, command, Form::Command)));
    }
    found
}

fn instruction(history: &[HistoryEntry], index: usize) -> Option<Instruction> {
    Some(Instruction { history: index, layer: history.get(index)?.layer })
}

/// Keeps of equal settings the first, with the instruction that introduced it: the first of the
/// history that carries the same name and value, or else the last that sets the name.
fn introduced(found: Vec<Setting>, history: &[HistoryEntry], said: &[(Said, String)]) -> Vec<Setting> {
    let mut by_value: HashMap<(&str, &[u8]), usize> = HashMap::new();
    let mut by_name: HashMap<(&str, &str), usize> = HashMap::new();
    let mut commands: HashMap<&[u8], usize> = HashMap::new();
    for (index, (said, _)) in said.iter().enumerate() {
        for (kind, key, value) in &said.pairs {
            by_value.entry((key, value.as_bytes())).or_insert(index);
            by_name.insert((kind, key), index);
        }
        if let Some(command) = &said.command {
            commands.entry(command.as_bytes()).or_insert(index);
        }
    }
    let mut seen = std::collections::HashSet::new();
    let mut kept = Vec::new();
    for mut setting in found {
        let kind = if setting.name.contains("Labels.") { "LABEL" } else { "ENV" };
        let origin = match setting.form {
            Form::Command => commands.get(setting.value.as_slice()).copied(),
            Form::Pair if is_declaration(&setting.name) => by_value
                .get(&(setting.key.as_str(), setting.value.as_slice()))
                .or_else(|| by_name.get(&(kind, setting.key.as_str())))
                .copied(),
            _ => None,
        };
        setting.instruction = origin.and_then(|index| instruction(history, index)).or(setting.instruction);
        let same = setting.form == Form::Command || is_declaration(&setting.name);
        if !same || seen.insert((setting.form, setting.key_for_equality(), setting.value.clone())) {
            kept.push(setting);
        }
    }
    kept
}

/// Whether a setting declares a variable, an argument or a label, in the config or in the history.
fn is_declaration(name: &str) -> bool {
    let path = name.strip_prefix("container_config.").unwrap_or(name);
    let path = path.strip_prefix("history[").and_then(|rest| rest.split_once("].")).map_or(path, |(_, rest)| rest);
    ["Env.", "Labels.", "ENV.", "ARG.", "LABEL."].iter().any(|start| path.starts_with(start))
}

impl Setting {
    /// Commands are equal by their words, whatever the key.
    fn key_for_equality(&self) -> String {
        if self.form == Form::Command { String::new() } else { self.key.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str, layers: usize) -> Config {
        read(&Json::parse(text.as_bytes()).unwrap(), layers)
    }

    #[track_caller]
    fn check(config: &Config, name: &str, value: &str, instruction: Option<(usize, Option<usize>)>) {
        let found: Vec<_> = config.settings.iter().filter(|setting| setting.name == name).collect();
        let [setting] = found.as_slice() else { panic!("{name}: {:?}", config.settings) };
        assert_eq!(String::from_utf8_lossy(&setting.value), value);
        assert_eq!(setting.instruction.as_ref().map(|at| (at.history, at.layer)), instruction, "{name}");
    }

    #[test]
    fn settings_know_the_instruction_that_introduced_them() {
        let config = config(
            r#"{"os":"linux","architecture":"arm64","config":{"Env":["PATH=/bin","P=new"],"Labels":{"l":"x y"},"Cmd":["run","a b"],"User":"me"},
            "container_config":{"Env":["PATH=/bin","P=new"]},
            "history":[{"created_by":"/bin/sh -c #(nop) ADD f / "},{"created_by":"ARG T=secret","empty_layer":true},
              {"created_by":"ENV P=old","empty_layer":true},{"created_by":"ENV P=new","empty_layer":true},
              {"created_by":"RUN |1 T=secret /bin/sh -c one # buildkit","comment":"buildkit.dockerfile.v0"},
              {"created_by":"LABEL l=x y","empty_layer":true},
              {"created_by":"RUN |1 T=secret /bin/sh -c two # buildkit"},{"created_by":"CMD [\"run\" \"a b\"]","empty_layer":true}]}"#,
            3,
        );
        check(&config, "Env.PATH", "/bin", None);
        check(&config, "Env.P", "new", Some((3, None)));
        check(&config, "history[2].ENV.P", "old", Some((2, None)));
        check(&config, "Labels.l", "x y", Some((5, None)));
        check(&config, "history[1].ARG.T", "secret", Some((1, None)));
        check(&config, "history[4].RUN", "one", Some((4, Some(1))));
        check(&config, "history[4].comment", "buildkit.dockerfile.v0", Some((4, Some(1))));
        check(&config, "Cmd", "run 'a b'", Some((7, None)));
        check(&config, "User", "me", None);
        assert_eq!(config.settings.iter().filter(|setting| setting.key == "T").count(), 1);
        assert_eq!(config.settings.iter().filter(|setting| setting.key == "PATH").count(), 1);
        assert_eq!(config.made_by.get(2).cloned().flatten(), Some((6, "RUN T=… two".to_owned())));
        assert_eq!(config.platform.as_ref().map(ToString::to_string).as_deref(), Some("linux/arm64"));
    }

    #[test]
    fn a_history_that_does_not_fit_attributes_nothing() {
        let text = r#"{"history":[{"created_by":"COPY a b"},{"created_by":"COPY c d"}]}"#;
        assert_eq!(config(text, 3).mismatch, Some(2));
        assert!(config(text, 3).made_by.iter().all(Option::is_none));
        assert_eq!(config(text, 2).mismatch, None);
        assert_eq!(config("{}", 3).mismatch, None);
    }

    #[test]
    fn nonsense_is_read_as_far_as_it_goes() {
        for text in ["[]", "1", r#"{"config":[],"history":{},"rootfs":1}"#, r#"{"history":[1,null,{"created_by":7}]}"#] {
            config(text, 2);
        }
        assert_eq!(config(r#"{"rootfs":{"diff_ids":["x",1]}}"#, 2).diff_ids, [None, None]);
    }
}
