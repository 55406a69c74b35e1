//! Running the programs of Debian, each in a store of its own and never the machine's.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The programs, and the package to install where one is missing.
const PACKAGES: &[(&str, &str)] = &[
    ("buildah", "buildah"),
    ("podman", "podman"),
    ("skopeo", "skopeo"),
    ("umoci", "umoci"),
    ("busybox", "busybox-static"),
    ("keytool", "default-jre-headless"),
];

/// Runs `program` to its end and returns what it printed. Panics, with what it said, if it fails.
pub(super) fn run(program: &str, place: &Path, args: &[&str]) -> Vec<u8> {
    // Storage needs a writable place for big temporary files, and no configuration of the user's.
    let output = Command::new(found(program)).args(args).env("TMPDIR", place).current_dir(place).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    // A build argument is a secret, if a made-up one: it is not shown.
    let shown: Vec<_> = args.iter().filter(|arg| !arg.contains('=')).collect();
    assert!(output.status.success(), "{program} {shown:?} failed: {said}");
    output.stdout
}

/// Where `program` lies on the search path.
pub(super) fn found(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let package = PACKAGES.iter().find(|(name, _)| *name == program).map_or(program, |(_, package)| *package);
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{program} is missing; these tests use the real programs: apt-get install {package}"))
}

/// A store for images that buildah and podman share.
pub(super) struct Store {
    /// The folder that holds all, for other files as well.
    pub(super) place: PathBuf,
}

impl Store {
    /// Runs buildah on this store.
    pub(super) fn buildah(&self, args: &[&str]) -> Vec<u8> {
        self.run("buildah", &[], args)
    }

    /// Runs podman on this store.
    pub(super) fn podman(&self, args: &[&str]) -> Vec<u8> {
        let scratch = self.at("libpod");
        self.run("podman", &["--tmpdir", &scratch, "--cgroup-manager", "cgroupfs"], args)
    }

    fn run(&self, program: &str, more: &[&str], args: &[&str]) -> Vec<u8> {
        let (root, run_root) = (self.at("store"), self.at("run"));
        let store = ["--root", &root, "--runroot", &run_root, "--storage-driver", "vfs"];
        run(program, &self.place, &[&store, more, args].concat())
    }

    /// A path in the folder, as text for a command line.
    pub(super) fn at(&self, name: &str) -> String {
        self.place.join(name).display().to_string()
    }
}

/// Makes a new folder that is removed when this process ends, however it ends.
///
/// What a `static` holds is never dropped, so a child waits for its standard input to close, which our end brings
/// about, and then removes the folder.
pub(super) fn folder_until_exit() -> PathBuf {
    let place = tempfile::Builder::new().prefix("watertight-interop-").tempdir().expect("a temporary folder").keep();
    let script = "trap '' INT TERM HUP; cat >/dev/null; rm -rf -- \"$0\"";
    let mut reaper = Command::new("sh");
    reaper.args(["-c", script]).arg(&place).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let reaper: Child = reaper.spawn().expect("a shell");
    // Dropping the child would close its input now; it is to stay open as long as we live.
    std::mem::forget(reaper);
    place
}
