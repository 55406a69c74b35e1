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
    // Without a code that guards the store only what it seals tells whether a password is its own.
    let bare = |more: &[&'static str]| [&pair[..], &["-nomac"], more].concat();
    export("bare.p12", "changeit", &bare(&[]));
    export("bare-des.p12", "secret", &bare(&["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"]));
    export("bare-des2.p12", "password", &bare(&["-keypbe", "PBE-SHA1-2DES"]));
    export("bare-des-empty.p12", "", &bare(&["-keypbe", "PBE-SHA1-3DES", "-certpbe", "NONE"]));
    export("bare-aes128.p12", "", &bare(&["-keypbe", "AES-128-CBC", "-iter", "5000"]));
    export("bare-tdes.p12", "changeme", &bare(&["-keypbe", "DES-EDE3-CBC"]));
    export("bare-own.p12", OWN, &bare(&[]));
    export("bare-trusted.p12", "changeit", &[&certificate[..], &["-nomac"]].concat());
    let bare = ["bare.p12", "bare-des.p12", "bare-des2.p12", "bare-des-empty.p12", "bare-aes128.p12", "bare-tdes.p12"];
    check(folder, &bare.map(|file| (file, Some(OPEN))));
    check(folder, &[("bare-own.p12", Some(SHUT_P12)), ("bare-trusted.p12", None)]);
    // What a store is cut to is no store that opens, and no panic.
    let sound = std::fs::read(folder.join("anything")).expect("a store");
    for cut in (0..sound.len()).step_by(7) {
        assert!(watertight::rules::KeyStore::read(&sound[..cut]).is_none(), "{cut}");
    }
}

#[test]
fn stores_that_nss_makes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    key(folder);
    run(
        "openssl",
        folder,
        &["pkcs12", "-export", "-out", "in.p12", "-passout", "pass:x", "-name", "server", "-inkey", "key.pem", "-in", "cert.pem"],
    );
    std::fs::create_dir(folder.join("db")).expect("a folder");
    run("certutil", folder, &["-N", "-d", "db", "--empty-password"]);
    run("pk12util", folder, &["-i", "in.p12", "-d", "db", "-W", "x"]);
    // Lengths that an end marker gives, bytes in pieces, and two ways to seal.
    let export = |file: &str, password: &str, more: &[&str]| {
        run("pk12util", folder, &[&["-o", file, "-n", "server", "-d", "db", "-W", password][..], more].concat());
    };
    export("new.p12", "changeit", &[]);
    export("old.p12", "", &["-c", "PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC"]);
    export("own.p12", OWN, &[]);
    check(folder, &[("new.p12", Some(OPEN)), ("old.p12", Some(OPEN)), ("own.p12", Some(SHUT_P12))]);
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
