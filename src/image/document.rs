//! Any JSON document as names and values: every string leaf becomes a [`Setting`].
//!
//! A few keys mean the same wherever they stand: `Env` lists `NAME=value`, `Cmd` and its kin are
//! command lines, `build-arg:NAME` is a build argument in a provenance. Reading them so is what
//! finds a password whose only mark is its name, and a value in which `&` was written `\u0026`.

use super::json::Json;
use super::{Document, Form, Setting};
use crate::blob::Digest;

/// A path in a document is cut here: keys may be as long as the document, and every leaf has a path.
const NAME: usize = 512;

/// Keys whose list of strings is one command line: of the image config and, last, of OCI runtimes.
const ARGV: [&str; 6] = ["Cmd", "Entrypoint", "Shell", "Test", "args", "argv"];

/// All that a document says, in its own order. Digests are left out: they name content and hold no secret.
pub fn settings(json: &Json, source: Document) -> Vec<Setting> {
    let mut walk = Walk { source, found: Vec::new() };
    walk.value("", "", json);
    walk.found
}

/// As [`settings`], from bytes. An in-toto statement in its signed envelope (base64) is opened.
///
/// # Errors
/// What [`Json::parse`] says.
pub fn read(bytes: &[u8]) -> Result<Vec<Setting>, String> {
    let json = Json::parse(bytes)?;
    let mut found = settings(&json, Document::Other);
    if let (Some(payload), Some(_)) = (json.str("payload"), json.str("payloadType")) {
        let inner = data_encoding::BASE64.decode(payload.as_bytes()).ok().and_then(|bytes| Json::parse(&bytes).ok());
        found.extend(inner.iter().flat_map(|inner| settings(inner, Document::Other)));
    }
    Ok(found)
}

/// The way to a member: `config.Labels.x`. Cut at [`NAME`] bytes.
pub(crate) fn join(path: &str, key: &str) -> String {
    let mut name = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    cut(&mut name);
    name
}

fn cut(name: &mut String) {
    if name.len() > NAME {
        let end = (0..=NAME).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
        name.truncate(end);
        name.push('…');
    }
}

/// A command line from its words, quoted as a shell would want them, so that quoting is not lost.
pub(crate) fn command(words: &[&str]) -> String {
    let quoted = words.iter().map(|word| match word {
        // The words of a healthcheck that say how the rest is run.
        &("CMD" | "CMD-SHELL" | "NONE") => (*word).to_owned(),
        word if !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')) => (*word).to_owned(),
        word if word.contains('\'') => format!("\"{word}\""),
        word => format!("'{word}'"),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

struct Walk {
    source: Document,
    found: Vec<Setting>,
}

impl Walk {
    fn value(&mut self, path: &str, key: &str, json: &Json) {
        match json {
            Json::Text(text) => self.leaf(path, key, text),
            Json::Object(members) => self.object(path, members),
            Json::List(items) => self.list(path, key, json, items),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn leaf(&mut self, path: &str, key: &str, text: &str) {
        if text.is_empty() || Digest::parse(text).is_some() {
            return;
        }
        let form = match key {
            "created_by" | "OnBuild" => Form::Command,
            _ => Form::Pair,
        };
        let bare = key.strip_prefix("build-arg:").unwrap_or(key);
        self.push(path.to_owned(), bare, text, form);
    }

    fn object(&mut self, path: &str, members: &[(String, Json)]) {
        for (key, value) in members {
            let way = join(path, key);
            // A set is written as an object of nothings, as in `Volumes`: the keys are the content.
            let nothing = matches!(value, Json::Null) || matches!(value, Json::Object(inner) if inner.is_empty());
            if nothing {
                self.push(way, key, key, Form::Text);
            } else {
                self.value(&way, key, value);
            }
        }
    }

    fn list(&mut self, path: &str, key: &str, json: &Json, items: &[Json]) {
        let texts = json.texts().filter(|texts| !texts.is_empty());
        match texts {
            Some(texts) if key.eq_ignore_ascii_case("env") => texts.iter().for_each(|text| self.variable(path, text)),
            Some(texts) if ARGV.iter().any(|name| name.eq_ignore_ascii_case(key)) => {
                self.push(path.to_owned(), key, &command(&texts), Form::Command);
            }
            _ => {
                for (index, item) in items.iter().enumerate() {
                    let mut way = format!("{path}[{index}]");
                    cut(&mut way);
                    self.value(&way, key, item);
                }
            }
        }
    }

    /// One `NAME=value`: the name ends at the first `=`, values may have more of them.
    fn variable(&mut self, path: &str, text: &str) {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        self.push(join(path, name), name, value, Form::Pair);
    }

    fn push(&mut self, name: String, key: &str, value: &str, form: Form) {
        let value = value.as_bytes().to_vec();
        let mut key = key.to_owned();
        cut(&mut key);
        self.found.push(Setting { name, key, value, form, instruction: None, source: self.source });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: &str, expected: &[(&str, &str, &str, Form)]) {
        let found = read(document.as_bytes()).unwrap();
        let shown: Vec<_> =
            found.iter().map(|s| (s.name.as_str(), s.key.as_str(), std::str::from_utf8(&s.value).unwrap(), s.form)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn variables_are_split_at_the_first_sign() {
        check(
            r#"{"config":{"Env":["URL=a=b&c","EMPTY=","ODD"]}}"#,
            &[
                ("config.Env.URL", "URL", "a=b&c", Form::Pair),
                ("config.Env.EMPTY", "EMPTY", "", Form::Pair),
                ("config.Env.ODD", "ODD", "", Form::Pair),
            ],
        );
        check(r#"{"v":"a\u0026b"}"#, &[("v", "v", "a&b", Form::Pair)]);
    }

    #[test]
    fn command_lines_keep_their_words() {
        check(
            r#"{"Cmd":["sh","-c","run --password 'a b'"],"Healthcheck":{"Test":["CMD-SHELL","curl x"]}}"#,
            &[
                ("Cmd", "Cmd", "sh -c \"run --password 'a b'\"", Form::Command),
                ("Healthcheck.Test", "Test", "CMD-SHELL 'curl x'", Form::Command),
            ],
        );
    }

    #[test]
    fn sets_digests_and_provenance() {
        let digest = Digest::sha256(b"");
        check(
            &format!(r#"{{"Volumes":{{"/data":{{}}}},"d":"{digest}","n":1,"args":{{"build-arg:TOKEN":"x"}}}}"#),
            &[("Volumes./data", "/data", "/data", Form::Text), ("args.build-arg:TOKEN", "TOKEN", "x", Form::Pair)],
        );
    }

    #[test]
    fn long_keys_do_not_multiply() {
        let found = read(format!(r#"{{"{}":["x","y"]}}"#, "k".repeat(100_000)).as_bytes()).unwrap();
        assert!(found.iter().all(|setting| setting.name.len() < 600 && setting.key.len() < 600));
    }

    #[test]
    fn a_signed_statement_is_opened() {
        let payload = data_encoding::BASE64.encode(br#"{"token":"y"}"#);
        let found = read(format!(r#"{{"payloadType":"t","payload":"{payload}"}}"#).as_bytes()).unwrap();
        assert!(found.iter().any(|setting| setting.name == "token" && setting.value == b"y"));
    }
}
