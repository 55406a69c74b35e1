//! What package managers put into an image is told apart from what its makers did.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use watertight::audit::{Audit, Incident};
use watertight::detect::Engine;
use watertight::finding::{Disposition, Severity};
use watertight::forge::filler::expand;
use watertight::forge::image::{Forge, gzip};
use watertight::limits::Limits;
use watertight::rules::RuleSet;
use watertight::scan::{Options, Progress, scan};
use watertight::source::{self, Choice};

/// Files of a layer.
type Files = Vec<(String, Vec<u8>)>;

fn audit(target: &str, threads: usize) -> Audit {
    let limits = Limits::default();
    let artifact = source::open(target, &Choice::default(), &limits).expect("a target");
    let engine = Engine::new(&RuleSet::builtin().expect("rules")).expect("an engine");
    let options = Options { threads, limits, ..Options::default() };
    scan(&artifact, &engine, &options, &Progress::default()).expect("threads")
}

/// What is said of each incident, by the path of its first finding; in a layer above the base, after its index.
fn told(audit: &Audit) -> BTreeMap<String, String> {
    let of = |incident: &Incident| {
        let finding = &incident.occurrences[0].finding;
        let package = finding.package.as_ref().map_or("nobody".to_owned(), |package| {
            let how = package.unchanged.map_or("?", |unchanged| if unchanged { "=" } else { "!" });
            format!("{how} {package}")
        });
        let told = format!("{} {}: {package}", incident.severity.as_str(), incident.disposition.as_str());
        let path = finding.place.path().unwrap_or_default();
        match incident.occurrences[0].layer {
            Some(layer) if layer > 0 => (format!("{layer}:{path}"), told),
            _ => (path, told),
        }
    };
    audit.incidents.iter().map(of).collect()
}

fn image_of(layers: &[Files]) -> tempfile::NamedTempFile {
    let forge = layers.iter().fold(Forge::default(), |forge, files| {
        let files: Vec<_> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        forge.layer("RUN install", &files)
    });
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(&forge.archive("packages:1")).expect("room");
    file
}

/// Scans an image of these layers at several thread counts, and expects what is `said` of the first incident at a path.
#[track_caller]
fn check(layers: &[Files], said: &[(&str, &str)]) {
    let file = image_of(layers);
    let target = file.path().to_str().expect("a plain path");
    let first = audit(target, 1);
    for threads in [2, 8] {
        let again = audit(target, threads);
        assert_eq!(format!("{:?}", first.incidents), format!("{:?}", again.incidents), "{threads} threads");
    }
    let found = told(&first);
    for (path, expected) in said {
        assert_eq!(found.get(*path).map_or("not found", String::as_str), *expected, "{path} of {found:#?}");
    }
}

fn md5(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Md5::digest(bytes))
}

fn file(path: &str, bytes: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
    (path.to_owned(), bytes.into())
}

fn key(seed: u64) -> String {
    expand("<pem:RSA PRIVATE KEY>\n", seed)
}

fn token(seed: u64) -> String {
    expand("token = \"ghp_<base62:30><crc32>\"\n", seed)
}

fn password(seed: u64) -> String {
    expand("db_password = \"<word:18>\"\n", seed)
}

const STATUS: &str = "Package: tls\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.7.9-2\nMulti-Arch: same\n\
    Conffiles:\n /etc/tls/key.pem CONF\nDescription: x\n\n\
    Package: theirs\nStatus: install ok installed\nArchitecture: all\nVersion: 1\nVendor: some company\nDescription: y\n";

/// A base with two packages, and what a long file, an archive, a changed file and a file beside them become.
fn debian() -> Files {
    let long = [&vec![b'.'; 1_500_000][..], b"\n", key(1).as_bytes()].concat();
    let packed = gzip(key(2).as_bytes());
    let sums = [
        format!("{}  lib/tls/small.pem", md5(key(3).as_bytes())),
        format!("{}  usr/lib/tls/long.so", md5(&long)),
        format!("{}  usr/share/tls/packed.gz", md5(&packed)),
        format!("{}  usr/share/tls/token", md5(token(4).as_bytes())),
        format!("{}  usr/share/tls/changed.pem", md5(b"as it was")),
        format!("{}  opt/tls/key.pem", md5(key(10).as_bytes())),
    ];
    vec![
        // On a merged system the file lies elsewhere than its package lists it.
        file("usr/lib/tls/small.pem", key(3)),
        file("usr/lib/tls/long.so", long),
        file("usr/share/tls/packed.gz", packed),
        file("usr/share/tls/token", token(4)),
        file("usr/share/tls/changed.pem", key(5)),
        file("usr/share/tls/beside.pem", key(6)),
        file("opt/tls/key.pem", key(10)),
        file("etc/tls/key.pem", key(7)),
        file("usr/share/theirs/token", token(8)),
        file("var/lib/dpkg/status", STATUS.replace("CONF", &md5(key(7).as_bytes()))),
        file("var/lib/dpkg/info/tls:amd64.md5sums", sums.join("\n")),
        file("var/lib/dpkg/info/theirs.md5sums", format!("{}  usr/share/theirs/token\n", md5(token(8).as_bytes()))),
    ]
}

const TLS: &str = "info example: = the Debian package tls 3.7.9-2";

#[test]
fn a_distribution_ships_nobodys_secret() {
    check(
        &[debian()],
        &[
            ("usr/lib/tls/small.pem", TLS),
            ("usr/lib/tls/long.so", TLS),
            ("usr/share/tls/packed.gz", TLS),
            ("usr/share/tls/token", TLS),
            ("etc/tls/key.pem", TLS),
            ("usr/share/tls/changed.pem", "critical actionable: ! the Debian package tls 3.7.9-2"),
            ("usr/share/tls/beside.pem", "critical actionable: nobody"),
            ("opt/tls/key.pem", "low example: = the Debian package tls 3.7.9-2"),
            ("usr/share/theirs/token", "critical actionable: = the Debian package theirs 1"),
        ],
    );
}

#[test]
fn a_file_that_a_later_layer_changes_is_its_makers() {
    let changed = vec![file("etc/tls/key.pem", key(20))];
    check(
        &[debian(), changed],
        &[
            ("1:etc/tls/key.pem", "critical actionable: ! the Debian package tls 3.7.9-2"),
            ("etc/tls/key.pem", TLS),
            ("usr/lib/tls/small.pem", TLS),
        ],
    );
}

#[test]
fn a_secret_of_a_package_that_stands_elsewhere_too_is_a_leak() {
    let copied = vec![file("app/key.pem", key(3))];
    let image = image_of(&[debian(), copied]);
    let audit = audit(image.path().to_str().expect("a plain path"), 2);
    let incident = audit.incidents.iter().find(|incident| incident.occurrences.len() == 2).expect("one incident of two places");
    assert_eq!((incident.severity, incident.disposition), (Severity::Critical, Disposition::Actionable));
}

#[test]
fn images_without_dpkg_have_a_file_for_each_package() {
    let files = vec![
        file("usr/share/x/key.pem", key(30)),
        file("var/lib/dpkg/status.d/x", "Package: x\nVersion: 2\nArchitecture: amd64\n"),
        file("var/lib/dpkg/status.d/x.md5sums", format!("{}  usr/share/x/key.pem\n", md5(key(30).as_bytes()))),
    ];
    check(&[files], &[("usr/share/x/key.pem", "info example: = the Debian package x 2")]);
}

#[test]
fn alpine_knows_its_files_by_sha1() {
    let sum = BASE64.encode(&Sha1::digest(key(40)));
    let installed = format!("C:Q1x=\nP:tls\nV:1.2-r0\nF:usr/share/tls\nR:key.pem\nZ:Q1{sum}\nR:changed.pem\nZ:Q1{sum}\n\n");
    let files = vec![file("usr/share/tls/key.pem", key(40)), file("usr/share/tls/changed.pem", key(41))];
    // The record comes with a later layer than the files.
    check(
        &[files, vec![file("lib/apk/db/installed", installed)]],
        &[
            ("usr/share/tls/key.pem", "info example: = the Alpine package tls 1.2-r0"),
            ("usr/share/tls/changed.pem", "critical actionable: ! the Alpine package tls 1.2-r0"),
        ],
    );
}

const SITE: &str = "usr/local/lib/python3.11/site-packages";

/// A distribution of these files.
fn distribution(name: &str, files: &[(&str, String)], extra: &str) -> Files {
    let line = |(path, text): &(&str, String)| format!("{path},sha256={},1\n", BASE64URL_NOPAD.encode(&Sha256::digest(text)));
    let record = files.iter().map(line).collect::<String>() + extra;
    let mut all: Files = files.iter().map(|(path, text)| file(&format!("{SITE}/{path}"), text.as_str())).collect();
    all.push(file(&format!("{SITE}/{name}-2.0.dist-info/RECORD"), record));
    all
}

#[test]
fn published_python_leaks_only_what_identifies_itself() {
    let listed =
        [("pkg/config.py", password(50)), ("pkg/keys.py", token(51)), ("pkg/tests/keys.py", token(52)), ("pkg/pem.py", key(56))];
    let mut files = distribution("pkg", &listed, "pkg/__pycache__/pem.cpython-311.pyc,,\npkg/changed.py,sha256=,1\n");
    files.push(file(&format!("{SITE}/pkg/planted.py"), password(53)));
    // What a compiler makes of the source holds the same key; another one it cannot hold.
    files.push(file(&format!("{SITE}/pkg/__pycache__/pem.cpython-311.pyc"), [b"\xa7\r\r\n\0", key(56).as_bytes()].concat()));
    files.push(file(&format!("{SITE}/pkg/__pycache__/config.cpython-311.pyc"), [b"\xa7\r\r\n\0", key(57).as_bytes()].concat()));
    let path = |name: &str| format!("{SITE}/{name}");
    check(
        &[files],
        &[
            (&path("pkg/config.py"), "low example: = the Python package pkg 2.0"),
            (&path("pkg/keys.py"), "critical actionable: = the Python package pkg 2.0"),
            (&path("pkg/tests/keys.py"), "low example: = the Python package pkg 2.0"),
            (&path("pkg/__pycache__/pem.cpython-311.pyc"), "low example: = the Python package pkg 2.0"),
            (&path("pkg/__pycache__/config.cpython-311.pyc"), "critical actionable: ? the Python package pkg 2.0"),
            (&path("pkg/planted.py"), "high actionable: nobody"),
        ],
    );
}

#[test]
fn what_was_installed_from_a_folder_is_its_makers() {
    let files = distribution("ours", &[("ours/config.py", password(60))], "ours-2.0.dist-info/direct_url.json,sha256=,1\n");
    check(&[files], &[(&format!("{SITE}/ours/config.py"), "high actionable: = the Python package ours 2.0")]);
}

#[test]
fn npm_packages_are_those_that_a_lock_proves() {
    let lock = r#"{"packages":{"node_modules/a":{"version":"1.0.0","integrity":"sha512-x"},
        "node_modules/ours":{"version":"0.0.1","integrity":"sha512-x"}}}"#;
    let manifest = |name: &str, more: &str| format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\"{more}}}");
    let files = vec![
        file("app/node_modules/.package-lock.json", lock),
        file("app/node_modules/a/package.json", manifest("a", "")),
        file("app/node_modules/a/lib/config.js", password(70)),
        file("app/node_modules/a/.env", expand("DB_PASSWORD=<word:18>\n", 71)),
        file("app/node_modules/a/lib/keys.js", token(72)),
        file("app/node_modules/b/package.json", manifest("b", "")),
        file("app/node_modules/b/config.js", password(73)),
        file("app/node_modules/ours/package.json", manifest("ours", ",\"private\":true")),
        file("app/node_modules/ours/config.js", password(74)),
        file("app/config.js", password(75)),
    ];
    check(
        &[files],
        &[
            ("app/node_modules/a/lib/config.js", "low example: ? the npm package a 1.0.0"),
            ("app/node_modules/a/.env", "high actionable: ? the npm package a 1.0.0"),
            ("app/node_modules/a/lib/keys.js", "critical actionable: ? the npm package a 1.0.0"),
            ("app/node_modules/b/config.js", "high actionable: ? the npm package b 1.0.0"),
            ("app/node_modules/ours/config.js", "high actionable: ? the npm package ours 1.0.0"),
            ("app/config.js", "high actionable: nobody"),
        ],
    );
}

#[test]
fn a_directory_is_read_like_a_layer() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, bytes) in debian() {
        let at = folder.path().join("rootfs").join(path);
        std::fs::create_dir_all(at.parent().expect("a folder")).expect("room");
        std::fs::write(at, bytes).expect("room");
    }
    let found = told(&audit(folder.path().to_str().expect("a plain path"), 2));
    for path in ["usr/lib/tls/small.pem", "usr/lib/tls/long.so", "usr/share/tls/packed.gz", "etc/tls/key.pem"] {
        assert_eq!(found.get(&format!("rootfs/{path}")).map(String::as_str), Some(TLS), "{path}");
    }
    assert!(found["rootfs/usr/share/tls/changed.pem"].starts_with("critical actionable: !"));
}
