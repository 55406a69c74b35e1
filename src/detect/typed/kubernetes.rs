//! The values of Kubernetes objects: of each document, of each item of a `List`, wherever `kind` stands.

use crate::detect::outline::{Language, Trail, json};
use std::ops::Range;

/// The copy of an object that `kubectl apply` leaves in its annotations.
const APPLIED: &[u8] = b"kubectl.kubernetes.io/last-applied-configuration";

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Base64 of a `Secret`.
    Encoded,
    /// Text of a `Secret`.
    Plain,
    /// A release that Helm keeps in a `Secret`.
    Release,
    /// Sealed for one cluster.
    Sealed,
    /// Base64 of the key of a client.
    ClientKey,
}

/// A value of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) what: What,
    pub(super) key: Range<usize>,
    pub(super) span: Range<usize>,
}

/// The values that `text` declares secret, in order of place.
pub(super) fn values(text: &[u8], language: Language) -> Vec<Value> {
    let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    if !matches!(language, Language::Json | Language::Yaml) || !has(b"kind") || !(has(b"Secret") || has(b"client-key-data")) {
        return Vec::new();
    }
    let mut objects = Objects::default();
    language.walk(text, text.len(), &mut |trail, span| objects.take(text, trail, span));
    objects.close(text);
    for applied in std::mem::take(&mut objects.applied) {
        let mut trail = Trail::default();
        json::value(text, applied.start, applied.end, &mut trail, &mut |trail, span| objects.take(text, trail, span));
        objects.close(text);
    }
    objects.values.sort_by_key(|value| value.span.start);
    objects.values
}

/// The object at hand, and the values of those before it.
#[derive(Default)]
struct Objects {
    /// Document, and place in a list of objects.
    at: (usize, Option<usize>),
    kind: Option<Range<usize>>,
    of_type: Option<Range<usize>>,
    open: Vec<Value>,
    applied: Vec<Range<usize>>,
    values: Vec<Value>,
}

impl Objects {
    fn take(&mut self, text: &[u8], trail: &Trail, span: Range<usize>) {
        let keys: Vec<Option<&[u8]>> = trail.keys(text).take(7).collect();
        let (item, keys) = match keys.as_slice() {
            [Some(b"items"), None, rest @ ..] => (trail.index(1), rest),
            all => (None, all),
        };
        if self.at != (trail.document, item) {
            self.close(text);
            self.at = (trail.document, item);
        }
        let what = match keys {
            [Some(b"kind")] => {
                self.kind = Some(span);
                return;
            }
            [Some(b"type")] => {
                self.of_type = Some(span);
                return;
            }
            [Some(b"metadata"), Some(b"annotations"), Some(APPLIED)] => {
                self.applied.push(span);
                return;
            }
            [Some(b"data"), Some(_)] => What::Encoded,
            [Some(b"stringData"), Some(_)] => What::Plain,
            [Some(b"spec"), Some(b"encryptedData"), Some(_)] => What::Sealed,
            [Some(b"users"), None, Some(b"user"), Some(b"client-key-data")] => What::ClientKey,
            _ => return,
        };
        let Some(key) = trail.last() else { return };
        self.open.push(Value { what, key, span });
    }

    /// Keeps what the object's kind says is secret.
    fn close(&mut self, text: &[u8]) {
        let at = |range: &Option<Range<usize>>| range.clone().and_then(|range| text.get(range)).unwrap_or_default().trim_ascii();
        let is_release = at(&self.of_type).starts_with(b"helm.sh/release");
        let kind = at(&self.kind);
        for mut value in self.open.drain(..) {
            let fits = match value.what {
                What::Encoded | What::Plain | What::Release => kind == b"Secret",
                What::Sealed => kind == b"SealedSecret",
                What::ClientKey => kind == b"Config",
            };
            if is_release && value.what == What::Encoded && text.get(value.key.clone()) == Some(b"release") {
                value.what = What::Release;
            }
            if fits {
                self.values.push(value);
            }
        }
        (self.kind, self.of_type) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use What::*;

    fn check(language: Language, text: &str, expected: &[(What, &str, &str)]) {
        let found = values(text.as_bytes(), language);
        let found: Vec<_> =
            found.iter().map(|value| (value.what, &text[value.key.clone()], text[value.span.clone()].trim())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn secrets_wherever_the_kind_stands() {
        check(
            Language::Yaml,
            "kind: Secret\ndata:\n  a: b\n  c: 'd'\nstringData:\n  e: f\n",
            &[(Encoded, "a", "b"), (Encoded, "c", "d"), (Plain, "e", "f")],
        );
        check(Language::Yaml, "data: {a: b}\nkind: \"Secret\"", &[(Encoded, "a", "b")]);
        check(
            Language::Yaml,
            "kind: ConfigMap\ndata:\n  a: b\n---\ndata:\n  c: d\nkind: Secret\n---\ndata:\n  e: f",
            &[(Encoded, "c", "d")],
        );
        check(Language::Json, "{\"data\": {\"a\": \"b\"}, \"kind\": \"Secret\"}", &[(Encoded, "a", "b")]);
        let list = "kind: List\nitems:\n- data:\n    a: b\n  kind: Secret\n- data:\n    c: d\n  kind: ConfigMap\n";
        check(Language::Yaml, list, &[(Encoded, "a", "b")]);
        check(Language::Yaml, "kind: Secret\ndata:\n  a: |\n    b\n    c\n", &[(Encoded, "a", "b\n    c")]);
    }

    #[test]
    fn kinds_of_their_own() {
        check(Language::Yaml, "kind: Secret\ndata:\n  release: x\ntype: helm.sh/release.v1", &[(Release, "release", "x")]);
        check(Language::Yaml, "kind: SealedSecret\nspec:\n  encryptedData:\n    a: b\n", &[(Sealed, "a", "b")]);
        check(
            Language::Yaml,
            "kind: Config\nusers:\n- name: x\n  user:\n    client-key-data: b\n",
            &[(ClientKey, "client-key-data", "b")],
        );
        let applied = "kind: Secret\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"kind\": \"Secret\", \"data\": {\"a\": \"b\"}}\n";
        check(Language::Yaml, applied, &[(Encoded, "a", "b")]);
        check(Language::Yaml, "kind: Secrets\ndata:\n  a: b\n", &[]);
        check(Language::Lines, "kind: Secret\ndata:\n  a: b\n", &[]);
    }
}
