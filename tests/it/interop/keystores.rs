//! Key stores as `openssl` and `keytool` make them: which open, which hold a key, and which are quiet.

use super::programs::run;
use crate::hostile::scanned;
use std::collections::BTreeMap;
use std::path::Path;
use watertight::limits::Limits;

const OPEN: &str = "key-store-default-password";
const SHUT_P12: &str = "key-pkcs12-keystore";
const SHUT_JAVA: &str = "key-java-keystore";
/// A password that nobody tries.
const OWN: &str = "kf83jQa0";

/// Which rule tells each file of a folder as a whole, if one does.
fn told(folder: &Path) -> BTreeMap<String, String> {
    let answer = scanned(folder, &Limits::default()).expect("a folder");
    let whole = answer.audit.incidents.iter().filter(|incident| incident.secret.is_empty());
    let places = whole.flat_map(|incident| incident.occurrences.iter().map(|place| (place, &incident.rule.id)));
    places.filter_map(|(place, rule)| Some((place.finding.place.path()?, rule.clone()))).collect()
}

fn check(folder: &Path, expected: &[(&str, Option<&str>)]) {
    let told = told(folder);
    for (file, rule) in expected {
        assert_eq!(told.get(*file).map(String::as_str), *rule, "{file}");
    }
}

/// A key and its certificate, `key.pem` and `cert.pem`.
fn key(folder: &Path) {
    let subject = ["-subj", "/CN=server.internal", "-days", "30"];
    let made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"];
    run("openssl", folder, &[&made[..], &subject].concat());
}

#[test]
fn stores_that_openssl_makes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    key(folder);
    let export = |file: &str, password: &str, more: &[&str]| {
        let password = format!("pass:{password}");
        let common = ["pkcs12", "-export", "-out", file, "-passout", &password, "-name", "server"];
        run("openssl", folder, &[&common[..], more].concat());
    };
    let pair = ["-inkey", "key.pem", "-in", "cert.pem"];
    let certificate = ["-nokeys", "-in", "cert.pem"];
    export("anything", "changeit", &pair);
    export("empty.p12", "", &pair);
    export("sha1.pfx", "password", &[&pair[..], &["-macalg", "sha1", "-iter", "1", "-maciter"]].concat());
    export("sha512.p12", "secret", &[&pair[..], &["-macalg", "sha512"]].concat());
    export("own.p12", OWN, &pair);
    export("trusted.p12", "changeit", &certificate);
    check(
        folder,
        &[
            ("anything", Some(OPEN)),
            ("empty.p12", Some(OPEN)),
            ("sha1.pfx", Some(OPEN)),
            ("sha512.p12", Some(OPEN)),
            ("own.p12", Some(SHUT_P12)),
            ("trusted.p12", None),
        ],
    );
    // What a store is cut to is no store that opens, and no panic.
    let sound = std::fs::read(folder.join("anything")).expect("a store");
    for cut in (0..sound.len()).step_by(7) {
        assert!(watertight::rules::KeyStore::read(&sound[..cut]).is_none(), "{cut}");
    }
}

#[test]
fn a_key_and_its_certificate_in_one_file_are_one_incident() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    key(folder.path());
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a file");
    let both = format!("{}{}", read("cert.pem"), read("key.pem"));
    let only = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(only.path().join("site.pem"), both).expect("a file");
    let answer = scanned(only.path(), &Limits::default()).expect("a folder");
    assert_eq!(answer.audit.incidents.len(), 1);
    let parts: Vec<_> = answer.audit.incidents[0].parts.iter().map(|part| part.shown.as_str()).collect();
    assert_eq!(parts, ["server.internal"]);
}

#[test]
fn stores_that_keytool_makes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let keytool = |args: &[&str], kind: &str, file: &str, password: &str| {
        let common = ["-storetype", kind, "-keystore", file, "-storepass", password, "-noprompt"];
        run("keytool", folder, &[args, &common].concat());
    };
    let pair = ["-genkeypair", "-alias", "server", "-keyalg", "RSA", "-dname", "CN=server.internal"];
    let kinds = [("JKS", "a.jks"), ("JCEKS", "a.jceks"), ("PKCS12", "a.p12")];
    for (kind, file) in kinds {
        keytool(&pair, kind, file, "changeit");
        keytool(&pair, kind, &format!("own.{file}"), OWN);
        keytool(&["-exportcert", "-alias", "server", "-file", "cert.der"], kind, file, "changeit");
        keytool(&["-importcert", "-alias", "it", "-file", "cert.der"], kind, &format!("trusted.{file}"), "changeit");
        std::fs::remove_file(folder.join("cert.der")).expect("a file");
    }
    check(
        folder,
        &[
            ("a.jks", Some(OPEN)),
            ("own.a.jks", Some(SHUT_JAVA)),
            ("trusted.a.jks", None),
            ("a.jceks", Some(OPEN)),
            ("own.a.jceks", Some(SHUT_JAVA)),
            ("trusted.a.jceks", None),
            ("a.p12", Some(OPEN)),
            ("own.a.p12", Some(SHUT_P12)),
            ("trusted.a.p12", None),
        ],
    );
}
