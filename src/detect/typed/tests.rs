//! Values of typed documents, by the built-in rules.

use super::super::{Engine, Hit, View};
use crate::finding::{Confidence, Disposition};
use crate::forge::filler::expand;
use crate::rules::RuleSet;
use std::sync::LazyLock;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(&RuleSet::builtin().unwrap()).unwrap());

fn hits(path: &str, text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    ENGINE.detect(&View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name: path.as_bytes() }, &mut hits);
    hits.retain(|hit| hit.confidence >= Confidence::Medium && hit.disposition == Disposition::Actionable);
    hits
}

/// The names of what is found in a text, with how it was encoded.
#[track_caller]
fn check(text: &str, expected: &[(&str, &str)]) {
    let text = expand(text, 7);
    let hits = hits("a.yaml", &text);
    let found: Vec<_> = hits.iter().map(|hit| (hit.name.clone().unwrap_or_default(), hit.decoded.join("+"))).collect();
    let found: Vec<_> = found.iter().map(|(name, decoded)| (name.as_str(), decoded.as_str())).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn values_of_secrets() {
    check("kind: Secret\ndata:\n  password: <b64(<word:14>)>\n", &[("data.password", "base64")]);
    check("data:\n  blob: <b64(<base62:30>)>\nkind: Secret\n", &[("data.blob", "base64")]);
    check(
        "kind: Secret\nstringData:\n  blob: <base62:30>\n  password: <word:14>\n",
        &[("stringData.blob", ""), ("stringData.password", "")],
    );
    check("kind: List\nitems:\n- kind: Secret\n  data:\n    pw: <b64(<word:14>)>\n", &[("items[0].data.pw", "base64")]);
    check(
        "kind: Secret\ndata:\n  a.yaml: <b64(db:\n  password: <word:14>\n  token: <base62:36>\n)>\n",
        &[("data.a.yaml.db.password", "base64"), ("data.a.yaml.db.token", "base64")],
    );
    check(
        "kind: Secret\ndata:\n  .dockerconfigjson: <b64({\"auths\":{\"r.internal\":{\"auth\":\"<b64(ci:<word:14>)>\"}}})>\n",
        &[("data..dockerconfigjson.auths.r.internal.auth", "base64+base64")],
    );
}

#[test]
fn what_a_secret_holds_besides() {
    check(
        "kind: Secret\ndata:\n  password: <b64(changeme)>\n  ca.crt: <b64(-----BEGIN CERTIFICATE-----\n<base64:64>\n-----END CERTIFICATE-----\n)>\n  namespace: <b64(default)>\n",
        &[],
    );
    check(
        "kind: Secret\nstringData:\n  username: admin01x\n  url: https://x.internal\n  mode: production\n  port: \"5432\"\n  a: <replace_me>\n  b: ${B}\n",
        &[],
    );
    check("kind: SealedSecret\nspec:\n  encryptedData:\n    password: AgB<base64:300>\n", &[]);
    check("kind: Secret\ndata:\n  username: <b64(admin01x)>\n  weird: \"*not base64*\"\n", &[]);
    check("kind: ConfigMap\ndata:\n  blob: <base62:30>\n", &[]);
}

#[test]
fn releases_of_helm() {
    use std::io::Write as _;
    let json = expand(
        "{\"name\": \"x\", \"config\": {\"db\": {\"password\": \"<word:14>\"}}, \"manifest\": \"kind: Secret\\ndata:\\n  key: <b64(<base62:30>)>\\n\"}",
        4,
    );
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(json.as_bytes()).unwrap();
    let once = data_encoding::BASE64.encode(&gzip.finish().unwrap());
    let release = data_encoding::BASE64.encode(once.as_bytes());
    check(
        &format!("kind: Secret\ntype: helm.sh/release.v1\ndata:\n  release: {release}\n"),
        &[
            ("data.release.config.db.password", "base64+base64+gzip"),
            ("data.release.manifest.data.key", "base64+base64+gzip+base64"),
        ],
    );
}

#[test]
fn keys_of_clients() {
    check(
        "kind: Config\nusers:\n- user:\n    client-key-data: <b64(<pem:RSA PRIVATE KEY>)>\n",
        &[("users[0].user.client-key-data", "base64")],
    );
}
