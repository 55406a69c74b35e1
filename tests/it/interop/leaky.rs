//! The leaky image: what is planted in it, how it is built, and what a report must say of it.

use super::programs::{Store, folder_until_exit, found};
use super::report::Planted;
use super::token::token;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// The name of the image in the store.
pub(super) const NAME: &str = "localhost/leaky:1";

/// The image in its store, with what was planted.
pub(super) struct Leaky {
    /// Holds the image under [`NAME`].
    pub(super) store: Store,
    /// All of it, whatever the form.
    pub(super) planted: Vec<Planted>,
}

/// The image; built by the first test that asks for it.
pub(super) fn leaky() -> &'static Leaky {
    static IMAGE: OnceLock<Leaky> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let store = Store { place: folder_until_exit() };
        let planted = build(&store);
        Leaky { store, planted }
    })
}

/// Layers: 0 the root, 1 `one/`, 2 what the first RUN wrote, 3 what the second removed, 4 `two/`.
const DOCKERFILE: &str = r#"FROM scratch
COPY rootfs/ /
ENV GIT_TOKEN=@env@
LABEL ci.token=@label@
COPY one/ /
ARG NPM_TOKEN
RUN echo "//registry.internal/:_authToken=$NPM_TOKEN" > /root/.npmrc
RUN rm -r /app/.netrc /app/private
COPY two/ /
CMD ["/bin/sh", "-c", "deploy --retry 3 --header 'Authorization: Bearer @cmd@'"]
"#;

fn build(store: &Store) -> Vec<Planted> {
    let context = store.place.join("leaky");
    let [live, deleted, folder, old, new] = ["ghp", "ghp", "ghu", "ghp", "ghp"].map(token);
    let [env, label, cmd, argument] = ["ghp", "gho", "ghs", "npm"].map(token);
    root(&context.join("rootfs"));
    write(&context.join("one/app/settings.py"), &format!("# settings\nDEBUG = False\nGIT = \"{live}\"\n"));
    write(&context.join("one/app/.netrc"), &format!("machine git.internal\nlogin ci\npassword {deleted}\n"));
    write(&context.join("one/app/private/notes.txt"), &format!("use {folder} for now\n"));
    write(&context.join("one/app/config.yaml"), &format!("git:\n  token: {old}\n"));
    write(&context.join("two/app/config.yaml"), &format!("git:\n  user: ci\n  token: {new}\n"));
    write(&context.join("Dockerfile"), &DOCKERFILE.replace("@env@", &env).replace("@label@", &label).replace("@cmd@", &cmd));
    bud(store, "leaky", &["--build-arg", &format!("NPM_TOKEN={argument}"), "-t", NAME]);
    vec![
        Planted::file("a live file", live, 1, "app/settings.py", 3),
        Planted::file("a deleted file", deleted, 1, "app/.netrc", 3).deleted_by(3),
        Planted::file("a file in a deleted folder", folder, 1, "app/private/notes.txt", 1).deleted_by(3),
        Planted::file("the first value of a rewritten file", old, 1, "app/config.yaml", 2).overwritten_by(4),
        Planted::file("the second value of a rewritten file", new, 4, "app/config.yaml", 3),
        Planted::file("a file that RUN wrote from an ARG", argument.clone(), 2, "root/.npmrc", 1),
        Planted::config("ARG", argument, "NPM_TOKEN"),
        Planted::config("ENV", env, "GIT_TOKEN"),
        Planted::config("LABEL", label, "ci.token"),
        Planted::config("CMD", cmd, ""),
    ]
}

/// Builds the folder `context` of the store: chroot isolation needs neither network nor cgroups.
pub(super) fn bud(store: &Store, context: &str, args: &[&str]) {
    let folder = store.at(context);
    store.buildah(&[&["bud", "--isolation", "chroot", "--layers"], args, &[&folder]].concat());
}

/// A root file system in which RUN works: one static binary.
fn root(folder: &Path) {
    let bin = folder.join("bin");
    for name in ["bin", "etc", "root", "tmp"] {
        fs::create_dir_all(folder.join(name)).expect("a folder");
    }
    fs::copy(found("busybox"), bin.join("busybox")).expect("busybox");
    for name in ["sh", "rm", "echo"] {
        std::os::unix::fs::symlink("busybox", bin.join(name)).expect("a link");
    }
    write(&folder.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
}

/// Writes a file and the folders above it.
pub(super) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
