//! The program as a script or a person meets it: exit codes, streams, errors, and what it leaves behind.

use serde_json::Value;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use watertight::forge::filler::expand;
use watertight::forge::image::{Forge, gzip, leaky, tar_of};

/// A directory with things to scan in it.
pub(crate) struct Place(pub(crate) TempDir);

impl Place {
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        for (name, bytes) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().expect("it is below")).expect("a new directory");
            fs::write(file, bytes).expect("a new file");
        }
        Self(folder)
    }

    /// With a file `token` that holds one.
    fn leaking() -> Self {
        Self::new(&[("token", expand("<word:9> ghp_<base62:30><crc32>\n", 1).as_bytes())])
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watertight"));
        command.current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command().args(args).output().expect("our program")
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
pub(crate) fn check(place: &Place, args: &[&str], code: i32) -> Output {
    let output = place.run(args);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    output
}

/// A failure names the thing, hints at what to do, and has no output.
#[track_caller]
pub(crate) fn fails(place: &Place, args: &[&str], named: &[&str]) {
    let output = check(place, args, 2);
    let said = text(&output.stderr);
    assert!(output.stdout.is_empty(), "{args:?}: {}", text(&output.stdout));
    assert!(said.starts_with("error: ") && said.contains("\nhint: "), "{args:?}: {said}");
    assert!(named.iter().all(|word| said.contains(word)), "{args:?}: {said}");
}

#[test]
fn exit_codes() {
    let token = expand("join_token = SWMTKN-1-<base36:50>-<base36:25>\n", 2);
    let image = Forge::default().layer("COPY a /", &[("a", b"nothing")]).archive("a:1");
    let nested = (0..10).fold(b"nothing".to_vec(), |inner, _| tar_of(&[("inner.tar", &inner)]));
    let cut = &image[..image.len() - 700];
    let place = Place::new(&[
        ("high/a", token.as_bytes()),
        ("clean/a", b"nothing\n"),
        ("deep/a.tar", &nested),
        ("cut.tar", cut),
        ("image.tar", &image),
    ]);
    check(&place, &["scan", "clean"], 0);
    check(&place, &["scan", "image.tar"], 0);
    check(&place, &["scan", "high"], 1);
    check(&place, &["scan", "high", "--fail-on", "high"], 1);
    check(&place, &["scan", "high", "--fail-on", "critical"], 0);
    check(&place, &["scan", "high", "--confidence", "high"], 1);
    check(&place, &["scan", "cut.tar"], 3);
    check(&place, &["scan", "deep"], 0);
    check(&place, &["scan", "deep", "--strict"], 3);
    check(&place, &["scan", "high", "--strict"], 1);
    for args in [&["scan"][..], &["scan", "a", "b"], &["bogus"], &["scan", "clean", "--fail-on", "worst"], &[]] {
        let output = check(&place, args, 2);
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

/// `--confidence` decides over hits of which nobody can be sure.
#[test]
fn confidence_decides_what_fails() {
    let place = Place::new(&[("a", expand("DD_API_KEY=<hex:32>\n", 3).as_bytes())]);
    let report: Value = serde_json::from_slice(&place.run(&["scan", "a", "--format", "json"]).stdout).expect("a report");
    assert_eq!(report["incidents"][0]["confidence"], "medium");
    check(&place, &["scan", "a", "--confidence", "medium"], 1);
    let output = check(&place, &["scan", "a", "--confidence", "high"], 0);
    assert!(text(&output.stdout).contains("none that fails it"), "{}", text(&output.stdout));
}

#[test]
fn failures_name_the_thing_and_give_a_hint() {
    let blank = vec![0; 10240];
    let rule = b"[[rule]]\nid = \"x\"\n";
    let index = br#"{"schemaVersion":2,"manifests":[]}"#;
    let place = Place::new(&[
        ("plain.txt", b"nothing"),
        ("empty", b""),
        ("empty.tar", &blank),
        ("empty.tar.gz", &gzip(&blank)),
        ("broken.tar", b"this is no archive"),
        ("oci.tar", &leaky(1)),
        ("layout/oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
        ("layout/index.json", index),
        ("rules/bad.toml", rule),
        ("norules/readme", b"x"),
    ]);
    fs::create_dir(place.0.path().join("nothing")).expect("a new directory");
    fails(&place, &["scan", "absent.tar"], &["absent.tar", "no such file"]);
    fails(&place, &["scan", "oci-archive:absent.tar"], &["absent.tar", "no such file"]);
    fails(&place, &["scan", "alpine:3"], &["alpine:3", "docker save"]);
    fails(&place, &["scan", "docker://alpine:3"], &["docker://", "skopeo copy"]);
    fails(&place, &["scan", "docker-archive:broken.tar"], &["broken.tar", "not a docker archive"]);
    fails(&place, &["scan", "oci-archive:plain.txt"], &["plain.txt", "not an OCI archive"]);
    fails(&place, &["scan", "oci:nothing"], &["nothing", "not an OCI layout"]);
    fails(&place, &["scan", "dir:norules"], &["norules", "skopeo"]);
    fails(&place, &["scan", "oci-archive:oci.tar:none"], &["oci.tar", "none", "demo:leaky"]);
    fails(&place, &["scan", "oci.tar", "--platform", "linux/riscv64"], &["linux/riscv64", "linux/amd64"]);
    fails(&place, &["scan", "oci.tar", "--platform", "///"], &["'///' is not a platform"]);
    fails(&place, &["scan", "plain.txt", "--platform", "linux/amd64"], &["plain.txt"]);
    for empty in ["empty", "empty.tar", "empty.tar.gz", "nothing", "layout", "oci:layout"] {
        fails(&place, &["scan", empty], &[empty.trim_start_matches("oci:"), "empty"]);
    }
    fails(&place, &["scan", "plain.txt", "--rules", "absent"], &["absent"]);
    fails(&place, &["scan", "plain.txt", "--rules", "rules"], &["bad.toml"]);
    fails(&place, &["scan", "plain.txt", "--rules", "norules"], &["norules"]);
    fails(&place, &["scan", "plain.txt", "-o", "absent/report"], &["absent/report"]);
    fails(&place, &["scan", "plain.txt", "-o", "plain.txt/report"], &["plain.txt/report"]);
    fails(&place, &["scan", "plain.txt", "-o", "rules"], &["rules"]);
    fails(&place, &["demo", "--keep", "absent/image.tar"], &["absent/image.tar"]);
}

/// The kernel's own file system takes no file from anybody, as one that is mounted read-only.
#[test]
fn a_report_that_cannot_be_written_is_a_failure() {
    let place = Place::leaking();
    fails(&place, &["scan", "token", "-o", "/proc/report.json"], &["/proc/report.json"]);
    if Path::new("/dev/full").exists() {
        fails(&place, &["scan", "token", "-o", "/dev/full"], &["/dev/full"]);
        let full = File::options().write(true).open("/dev/full").expect("a device");
        let output = place.command().args(["scan", "token"]).stdout(full).output().expect("our program");
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    }
    let no_room = |args: &[&str], input: Stdio| {
        let output = place.command().args(args).env("TMPDIR", "/proc/none").stdin(input).output().expect("our program");
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains("\nhint: ") && said.contains("TMPDIR"), "{args:?}: {said}");
    };
    no_room(&["demo"], Stdio::null());
    let mut pipe = Command::new("echo").stdout(Stdio::piped()).spawn().expect("echo");
    no_room(&["scan", "-"], pipe.stdout.take().expect("a pipe").into());
    pipe.wait().expect("echo");
}

#[test]
fn data_goes_to_stdout_and_the_rest_to_stderr() {
    let place = Place::leaking();
    let output = check(&place, &["scan", "token", "--format", "json"], 1);
    assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok() && output.stderr.is_empty());
    let output = check(&place, &["scan", "token"], 1);
    let report = text(&output.stdout);
    assert!(report.ends_with("leaking: token carries 1 incident\n") && output.stderr.is_empty(), "{report}");
    assert!(report.contains("\n    token:1\n") && report.contains("seen: 1 file, "), "{report}");
    let output = check(&place, &["scan", "token", "--quiet"], 1);
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    for asked in ["--help", "--version"] {
        let output = check(&place, &[asked], 0);
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{asked}");
    }
}

#[test]
fn a_report_goes_to_a_file_whole() {
    let place = Place::leaking();
    let output = check(&place, &["scan", "token", "--format", "json", "-o", "report.json"], 1);
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    let first = fs::read(place.0.path().join("report.json")).expect("a report");
    assert!(serde_json::from_slice::<Value>(&first).is_ok());
    check(&place, &["scan", "token", "-q", "-o", "report.json"], 1);
    let second = fs::read(place.0.path().join("report.json")).expect("a report");
    assert!(text(&second).contains("leaking:") && !text(&second).contains("\u{1b}"), "it was replaced");
    let mut names: Vec<_> =
        fs::read_dir(place.0.path()).expect("a directory").map(|entry| entry.expect("an entry").file_name()).collect();
    names.sort();
    assert_eq!(names, ["report.json", "token"], "nothing else is left");
    let output = check(&place, &["scan", "token", "-o", "/dev/stdout"], 1);
    assert!(text(&output.stdout).contains("leaking:"));
}

#[test]
fn no_escapes_but_on_a_terminal_that_wants_them() {
    let place = Place::new(&[("image.tar", &leaky(3))]);
    assert!(!text(&check(&place, &["scan", "image.tar"], 1).stdout).contains('\u{1b}'));
    // util-linux's `script`, essential in Debian, gives its child a terminal.
    let on_terminal = |value: &str| {
        let program = format!("{} scan image.tar", env!("CARGO_BIN_EXE_watertight"));
        let mut script = Command::new("script");
        script.args(["-qec", &program, "/dev/null"]).current_dir(place.0.path()).env("NO_COLOR", value);
        text(&script.output().expect("script").stdout)
    };
    let coloured = on_terminal("");
    assert!(coloured.contains("\u{1b}[1m"), "{coloured}");
    let plain = on_terminal("1");
    assert!(plain.contains("leaking:") && !plain.contains("\u{1b}[1m"), "{plain}");
}

#[test]
fn a_closed_pipe_is_no_ones_fault() {
    let many: String = (0..3000).map(|seed| expand("ghp_<base62:30><crc32>\n", seed)).collect();
    let place = Place::new(&[("many", many.as_bytes())]);
    for args in [&["scan", "many"][..], &["scan", "many", "--format", "json"]] {
        let mut program = place.command().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("our program");
        let mut first = [0; 10];
        let mut stdout = program.stdout.take().expect("a pipe");
        stdout.read_exact(&mut first).expect("the report begins");
        drop(stdout);
        let output = program.wait_with_output().expect("our program");
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), String::new()), "{args:?}");
    }
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let place = Place::leaking();
    let temporary = tempfile::tempdir().expect("a temporary directory");
    let mut command = place.command();
    command.args(["scan", "-"]).env("TMPDIR", temporary.path()).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut program = command.spawn().expect("our program");
    let mut input = program.stdin.take().expect("a pipe");
    // More than a pipe holds, so that it is reading when the signal comes.
    input.write_all(&vec![b'x'; 1 << 20]).expect("it reads");
    // Where the tests run in the background, a program is born with interrupts ignored, and keeps to that.
    for signal in ["-INT", "-TERM"] {
        let sent = Command::new("kill").args([signal, &program.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    }
    let output = program.wait_with_output().expect("our program");
    drop(input);
    assert!(!output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
    assert_eq!(fs::read_dir(temporary.path()).expect("a directory").count(), 0);
}

#[test]
fn the_demonstration() {
    let place = Place::new(&[]);
    let temporary = tempfile::tempdir().expect("a temporary directory");
    let output = place.command().arg("demo").env("TMPDIR", temporary.path()).output().expect("our program");
    assert_eq!(output.status.code(), Some(1));
    let (report, said) = (text(&output.stdout), text(&output.stderr));
    assert!(said.contains("watertight scan oci-archive:"), "{said}");
    for part in [
        "layer 4",
        "Env.GITHUB_TOKEN",
        "deleted by layer 3, still recoverable",
        "overwritten by layer 4, still recoverable",
        "app/backup.tar.gz!home/deploy/.aws/credentials:3",
        "hint: ",
        "--mount=type=secret",
        "leaking: ",
    ] {
        assert!(report.contains(part), "no {part} in {report}");
    }
    assert_eq!(fs::read_dir(temporary.path()).expect("a directory").count(), 0);

    let output = check(&place, &["demo", "--keep", "leaky.tar", "--quiet"], 1);
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    let again = check(&place, &["scan", "leaky.tar"], 1);
    assert!(text(&again.stdout).contains("leaking: leaky.tar"));
}

/// Whatever the demonstration's image holds, none of it is printed unless asked.
#[test]
fn secrets_are_not_printed() {
    let place = Place::new(&[("image.tar", &leaky(7))]);
    let shown: Value =
        serde_json::from_slice(&place.run(&["scan", "image.tar", "--format", "json", "--show-secrets"]).stdout).expect("JSON");
    let secrets: Vec<_> = shown["incidents"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["secret"].as_str())
        .filter(|secret| !secret.is_empty())
        .collect();
    // The id of the key pair is a part of its secret, and is shown.
    assert!(secrets.len() >= 5, "{} secrets", secrets.len());
    for args in [&["scan", "image.tar"][..], &["scan", "image.tar", "--format", "json"], &["scan", "image.tar:none"]] {
        let output = place.run(args);
        let printed = text(&[output.stdout, output.stderr].concat());
        assert!(!secrets.iter().any(|secret| printed.contains(secret)), "{args:?}: {printed}");
    }
    let human = text(&place.run(&["scan", "image.tar", "--show-secrets"]).stdout);
    assert!(secrets.iter().all(|secret| human.contains(secret)));
}

/// File names, instructions, labels and image names may hold a secret; the report covers it wherever it says them.
#[test]
fn names_that_hold_a_secret_are_covered() {
    let token = expand("ghp_<base62:30><crc32>", 8);
    let name = format!("cache/{token}.json");
    let inner = tar_of(&[(&format!("in/{token}"), token.as_bytes())]);
    let image = Forge::default()
        .layer(&format!("RUN curl -u x:{token} https://x.internal"), &[(&name, token.as_bytes()), ("a.tar", &inner)])
        .label(&format!("key-{token}"), &token)
        .archive(&format!("app:{token}"));
    let place = Place::new(&[(&format!("{token}.tar"), &image)]);
    let target = format!("{token}.tar");
    for format in ["human", "json"] {
        let output = check(&place, &["scan", &target, "--format", format], 1);
        let printed = text(&[output.stdout, output.stderr].concat());
        assert!(!printed.contains(&token) && printed.contains("cache/********.json"), "{printed}");
    }
}

#[test]
fn help_has_examples() {
    let place = Place::new(&[]);
    for args in [&["--help"][..], &["scan", "--help"], &["demo", "--help"]] {
        let help = text(&check(&place, args, 0).stdout);
        assert!(help.contains("Examples:\n  watertight "), "{args:?}: {help}");
    }
    let output = check(&place, &[], 2);
    assert!(text(&output.stderr).contains("Usage:"));
}

/// Reading goes on while the writer is slow: standard input is not cut at the first pause.
#[test]
fn standard_input_is_read_to_its_end() {
    let place = Place::new(&[]);
    let mut command = place.command();
    command.args(["scan", "-", "--format", "json", "--show-secrets"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut program = command.spawn().expect("our program");
    let token = expand("ghp_<base62:30><crc32>", 9);
    let mut input = program.stdin.take().expect("a pipe");
    for piece in ["first\n", &token[..20], &token[20..]] {
        input.write_all(piece.as_bytes()).expect("it reads");
        thread::sleep(Duration::from_millis(30));
    }
    drop(input);
    let report: Value = serde_json::from_slice(&program.wait_with_output().expect("our program").stdout).expect("a report");
    assert_eq!((&report["incidents"][0]["secret"], &report["target"]["kind"]), (&token.into(), &"stdin".into()));
}
