//! What is too large to be written down: layers of many entries, of many bytes, with huge files in them.
//!
//! Bodies are streamed into the layer and repeat themselves, so the artifact is small. Nothing of it may be
//! skipped, and memory may not grow with it.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;
use watertight::blob::{Digest, Hashed, Hasher};
use watertight::forge::filler::expand;

const MIB: u64 = 1 << 20;
/// No audit may take more than this, however large its target; the README promises 128 MiB of the release build.
const PEAK_KIB: u64 = 200 * 1024;

/// A file of a layer: its name, the text at its start and at its end, and the bytes between.
struct Tall<'t> {
    name: String,
    head: &'t str,
    between: u64,
    tail: &'t str,
}

impl<'t> Tall<'t> {
    fn small(name: String, head: &'t str) -> Self {
        Self { name, head, between: 0, tail: "" }
    }

    fn put(&self, tar: &mut tar::Builder<impl Write>) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(self.head.len() as u64 + self.between + self.tail.len() as u64);
        let body = self.head.as_bytes().chain(Prose { at: 0 }.take(self.between)).chain(self.tail.as_bytes());
        tar.append_data(&mut header, &self.name, body)
    }
}

/// Lines of text, for ever.
struct Prose {
    at: usize,
}

impl Read for Prose {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const LINE: &[u8] = b"the quick brown fox jumps over the lazy dog, and so on, and so on\n";
        let mut filled = 0;
        while filled < buffer.len() {
            let rest = &LINE[self.at % LINE.len()..];
            let count = rest.len().min(buffer.len() - filled);
            buffer[filled..filled + count].copy_from_slice(&rest[..count]);
            (filled, self.at) = (filled + count, self.at + count);
        }
        Ok(filled)
    }
}

/// How a layer is compressed.
type Pack = fn(File, &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()>;

fn zstd(file: File, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut encoder = zstd::Encoder::new(file, 1)?;
    write(&mut encoder)?;
    encoder.finish().map(drop)
}

fn gzip(file: File, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut encoder = GzEncoder::new(file, Compression::fast());
    write(&mut encoder)?;
    encoder.finish().map(drop)
}

/// Writes an OCI layout of one layer and audits it.
fn audit(files: &[Tall<'_>], pack: Pack) -> Value {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let blobs = folder.path().join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("a new directory");
    let layer = folder.path().join("layer");
    let mut write = |out: &mut dyn Write| {
        let mut tar = tar::Builder::new(out);
        files.iter().try_for_each(|file| file.put(&mut tar))?;
        tar.finish()
    };
    pack(File::create(&layer).expect("a new file"), &mut write).expect("the layer fits the disk");
    let mut hashed = Hashed::new(File::open(&layer).expect("the layer"), Hasher::sha256());
    let size = io::copy(&mut hashed, &mut io::sink()).expect("the layer can be read");
    let (digest, _) = hashed.finish();
    fs::rename(&layer, blobs.join(digest.hex())).expect("the layer is a blob");
    let put = |document: Value| {
        let bytes = document.to_string();
        let digest = Digest::sha256(bytes.as_bytes());
        fs::write(blobs.join(digest.hex()), &bytes).expect("a new file");
        json!({"digest": digest.as_str(), "size": bytes.len()})
    };
    let config = put(json!({"os": "linux", "architecture": "amd64", "history": [{"created_by": "COPY . /"}]}));
    let layer = json!({"digest": digest.as_str(), "size": size});
    let manifest = put(json!({"schemaVersion": 2, "config": config, "layers": [layer]}));
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    fs::write(folder.path().join("index.json"), index.to_string()).expect("a new file");
    fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a new file");
    run(folder.path())
}

/// Runs the program and watches how much memory it takes.
fn run(layout: &Path) -> Value {
    let report = layout.join("report.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_watertight"));
    command.arg("scan").arg(format!("oci:{}", layout.display())).args(["--format", "json", "--show-secrets", "-o"]).arg(&report);
    let mut program = command.spawn().expect("our program");
    let status = format!("/proc/{}/status", program.id());
    let mut peak = 0;
    let code = loop {
        if let Some(code) = program.try_wait().expect("our program") {
            break code.code();
        }
        peak = peak.max(peak_kib(&status).unwrap_or(0));
        thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(code, Some(1));
    assert!(peak < PEAK_KIB, "the audit took {peak} KiB");
    serde_json::from_slice(&fs::read(report).expect("a report")).expect("a report")
}

/// The greatest memory of a process so far, as Linux tells it; nothing of one that has ended.
fn peak_kib(status: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Each secret is in one file of the layer, at this path and line, and nothing else is found or amiss.
fn check(report: &Value, files: u64, expected: &[(&str, &str, u64)]) {
    let incidents = report["incidents"].as_array().expect("incidents");
    for (secret, path, line) in expected {
        let incident = incidents.iter().find(|incident| incident["secret"] == **secret);
        let findings = incident.unwrap_or_else(|| panic!("the secret of {path} was not found"))["findings"].clone();
        assert_eq!(findings.as_array().map(Vec::len), Some(1), "{path}");
        assert_eq!((&findings[0]["path"], &findings[0]["line"]), (&json!(path), &json!(line)), "{path}");
    }
    assert_eq!(incidents.len(), expected.len());
    assert_eq!(report["gaps"], json!([]));
    assert_eq!(report["seen"]["files"], files);
}

#[test]
fn a_layer_of_many_entries() {
    const COUNT: u64 = 25_000;
    let tokens: Vec<_> = (0..2).map(|seed| expand("ghp_<base62:30><crc32>\n", seed)).collect();
    let mut files: Vec<_> = (0..COUNT).map(|n| Tall::small(format!("srv/{}/{n}", n % 100), "nothing\n")).collect();
    files[10_500] = Tall::small("srv/at-10500".into(), &tokens[0]);
    files.push(Tall::small("srv/last".into(), &tokens[1]));
    let report = audit(&files, gzip);
    check(&report, COUNT + 1, &[(tokens[0].trim_end(), "srv/at-10500", 1), (tokens[1].trim_end(), "srv/last", 1)]);
}

#[test]
fn files_of_50_and_of_256_megabytes_in_a_layer_of_more() {
    let tokens: Vec<_> = (10..14).map(|seed| expand("ghp_<base62:30><crc32>\n", seed)).collect();
    let files = [
        Tall { name: "a/above-50".into(), head: &tokens[0], between: 52 * MIB, tail: "" },
        Tall { name: "b/above-256".into(), head: "head\n", between: 258 * MIB, tail: &tokens[1] },
        Tall::small("c/behind".into(), &tokens[2]),
    ];
    let line = 1 + 258 * MIB / 66 + 1;
    let report = audit(&files, zstd);
    let expected = [
        (tokens[0].trim_end(), "a/above-50", 1),
        (tokens[1].trim_end(), "b/above-256", line),
        (tokens[2].trim_end(), "c/behind", 1),
    ];
    check(&report, 3, &expected);
    assert!(report["seen"]["bytes"].as_u64().is_some_and(|bytes| bytes > 310 * MIB));
}
