//! Names that stand one level above their value: outputs and resources of Terraform's state, its variables
//! with a default, variables of GitLab's pipelines.
//!
//! ```text
//! "outputs": {"db_password": {"value": "…", "sensitive": true}}      variable "db_password" { default = "…" }
//! DB_PASSWORD: {value: …, description: …}
//! ```

use crate::detect::outline::Language;
use std::ops::Range;

/// A value whose name is the key of the mapping around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) name: Range<usize>,
    pub(super) span: Range<usize>,
    /// Whether the document says that it is secret.
    pub(super) is_declared: bool,
}

/// The values of such a document.
pub(super) fn values(text: &[u8], language: Language) -> Vec<Value> {
    let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    let state = language == Language::Json && has(b"\"terraform_version\"");
    let fits = match language {
        Language::Json => state,
        Language::Yaml => has(b"value:"),
        Language::Hcl => has(b"default"),
        Language::Lines | Language::Xml => false,
    };
    if !fits {
        return Vec::new();
    }
    let mut values: Vec<Value> = Vec::new();
    let mut makes_passwords = false;
    language.walk(text, text.len(), &mut |trail, span| {
        let keys: Vec<Option<&[u8]>> = trail.keys(text).collect();
        match keys.as_slice() {
            [Some(b"variable"), Some(_), Some(b"default")]
            | [.., Some(b"variables"), Some(_), Some(b"value")]
            | [.., Some(b"outputs"), Some(_), Some(b"value")] => {
                let Some(name) = trail.above() else { return };
                values.push(Value { name, span, is_declared: false });
            }
            [.., Some(b"outputs"), Some(_), Some(b"sensitive")] if text.get(span.clone()) == Some(b"true") => {
                if let Some(value) = values.last_mut().filter(|value| Some(&value.name) == trail.above().as_ref()) {
                    value.is_declared = true;
                }
            }
            [Some(b"resources"), None, Some(b"type")] => {
                makes_passwords = matches!(text.get(span), Some(b"random_password" | b"random_string"));
            }
            [Some(b"resources"), .., Some(b"attributes"), Some(b"result")] if makes_passwords => {
                let Some(name) = trail.last() else { return };
                values.push(Value { name, span, is_declared: true });
            }
            _ => {}
        }
    });
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: Language, text: &str, expected: &[(&str, &str, bool)]) {
        let found = values(text.as_bytes(), language);
        let found: Vec<_> =
            found.iter().map(|value| (&text[value.name.clone()], &text[value.span.clone()], value.is_declared)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names_above_values() {
        check(
            Language::Hcl,
            "variable \"p\" {\n type = string\n default = \"x\"\n}\nlocals {\n default = \"y\"\n}",
            &[("p", "x", false)],
        );
        check(Language::Yaml, "variables:\n  P:\n    value: \"x\"\n    description: y\n", &[("P", "x", false)]);
        check(
            Language::Json,
            "{\"terraform_version\": \"1\", \"outputs\": {\"p\": {\"value\": \"x\", \"sensitive\": true}, \"q\": {\"value\": \"y\"}}}",
            &[("p", "x", true), ("q", "y", false)],
        );
        check(
            Language::Json,
            "{\"terraform_version\": \"1\", \"resources\": [{\"type\": \"random_password\", \"instances\": [{\"attributes\": {\"result\": \"x\"}}]}]}",
            &[("result", "x", true)],
        );
        check(Language::Json, "{\"outputs\": {\"p\": {\"value\": \"x\"}}}", &[]);
    }
}
