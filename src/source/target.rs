//! From what the user wrote to an artifact: the transport, or else the content, decides.

use super::assembly::Assembly;
use super::layout::Walked;
use super::store::Store;
use super::{Artifact, Choice, Opener, RootKind, SourceError, TargetKind, archive, docker, layout, spool};
use crate::finding::{GapReason, Scope};
use crate::image::json::Json;
use crate::image::manifest::{self, Kind};
use crate::limits::Limits;
use crate::place::escaped;
use crate::slice::FileSlice;
use std::fs::File;
use std::path::Path;

const TRANSPORTS: [(&str, TargetKind); 4] = [
    ("docker-archive:", TargetKind::DockerArchive),
    ("oci-archive:", TargetKind::OciArchive),
    ("oci:", TargetKind::OciLayout),
    ("dir:", TargetKind::Dir),
];

/// Transports of skopeo and others that need a registry, a daemon or a store.
const ELSEWHERE: [&str; 8] =
    ["docker://", "docker-daemon:", "containers-storage:", "podman:", "registry:", "ostree:", "sif:", "containerd:"];

/// Files below a plain layout: `blobs/sha256/HEX`, and what lies beside.
const LAYOUT_DEPTH: usize = 16;

pub(crate) fn open(target: &str, choice: &Choice, limits: &Limits) -> Result<Artifact, SourceError> {
    let opening = Opening { target, choice, limits };
    if target == "-" {
        let slice = spool::stdin("standard input", limits)?;
        return opening.file("standard input", slice, None, None, TargetKind::Stdin);
    }
    for (prefix, kind) in TRANSPORTS {
        if let Some(rest) = target.strip_prefix(prefix) {
            let (path, reference) = split(rest);
            return opening.path(path, reference, Some(kind));
        }
    }
    let exists = Path::new(target).symlink_metadata().is_ok();
    if let Some(transport) = ELSEWHERE.iter().find(|transport| target.starts_with(**transport)).filter(|_| !exists) {
        let reference = target.get(transport.len()..).unwrap_or_default().to_owned();
        return Err(SourceError::UnsupportedTransport { name: shown(target), transport: (*transport).to_owned(), reference });
    }
    let (path, reference) = if exists { (target, None) } else { split(target) };
    opening.path(path, reference, None)
}

/// `PATH[:REFERENCE]`: the longest path that exists. Paths may hold colons, and so may references.
fn split(text: &str) -> (&str, Option<&str>) {
    if Path::new(text).exists() {
        return (text, None);
    }
    let mut cuts =
        text.match_indices(':').map(|(at, _)| (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()));
    let found = cuts.rfind(|(path, _)| !path.is_empty() && Path::new(path).exists());
    found.map_or((text, None), |(path, reference)| (path, Some(reference).filter(|reference| !reference.is_empty())))
}

fn shown(name: &str) -> String {
    escaped(name.as_bytes())
}

struct Opening<'a> {
    target: &'a str,
    choice: &'a Choice,
    limits: &'a Limits,
}

impl Opening<'_> {
    fn path(&self, path: &str, reference: Option<&str>, wanted: Option<TargetKind>) -> Result<Artifact, SourceError> {
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => SourceError::NotFound { name: shown(path) },
            _ => SourceError::Unreadable { name: shown(path), error },
        };
        let not = |kind, why: &str| Err(SourceError::NotAnImage { name: shown(path), kind, why: why.to_owned() });
        let metadata = Path::new(path).metadata().map_err(unreadable)?;
        match (metadata.is_dir(), wanted) {
            (true, Some(kind @ (TargetKind::DockerArchive | TargetKind::OciArchive))) => not(kind, "it is a directory"),
            (false, Some(kind @ (TargetKind::OciLayout | TargetKind::Dir))) => not(kind, "it is no directory"),
            (true, _) => {
                std::fs::read_dir(path).map_err(unreadable)?;
                self.directory(path, reference, wanted)
            }
            (false, _) => {
                let file = File::open(path).map_err(unreadable)?;
                let slice = if metadata.is_file() {
                    FileSlice::whole(file).map_err(unreadable)?
                } else {
                    spool::copied(&shown(path), file, self.limits)?
                };
                self.file(path, slice, reference, wanted, TargetKind::File)
            }
        }
    }

    /// A file: an archive of an image, as it is or compressed; else whatever it is.
    fn file(
        &self,
        path: &str,
        slice: FileSlice,
        reference: Option<&str>,
        wanted: Option<TargetKind>,
        otherwise: TargetKind,
    ) -> Result<Artifact, SourceError> {
        if slice.is_empty() {
            return Err(SourceError::Empty { name: shown(path), why: "it has no bytes" });
        }
        if spool::is_blank(&slice) {
            return Err(SourceError::Empty { name: shown(path), why: "an archive without members" });
        }
        let mut head = vec![0; 512];
        let count = slice.fill_at(&mut head, 0).map_err(|error| SourceError::Unreadable { name: shown(path), error })?;
        head.truncate(count);
        let tar = match wanted.is_some() || archive::is_tar(&head) {
            true => spool::unpacked(path, &slice, self.limits)?.or_else(|| Some(slice.clone())),
            false => spool::unpacked(path, &slice, self.limits)?,
        };
        let indexed =
            tar.map(|tar| archive::index(&tar, self.limits)).filter(|indexed| wanted.is_some() || is_image(&indexed.store));
        let Some(indexed) = indexed else { return self.plain(path, slice, &head, reference, otherwise) };
        if wanted.is_some() && !is_image(&indexed.store) {
            let (name, kind) = (shown(path), wanted.unwrap_or(otherwise));
            return Err(SourceError::NotAnImage { name, kind, why: "no manifest and no blobs are in it".into() });
        }
        let kind = match (wanted, indexed.store.find(b"manifest.json"), indexed.store.find(b"index.json")) {
            (Some(kind), ..) => kind,
            (None, Some(_), _) => TargetKind::DockerArchive,
            (None, None, Some(_)) => TargetKind::OciArchive,
            (None, None, None) if indexed.store.find(b"oci-layout").is_some() => TargetKind::OciArchive,
            (None, None, None) => TargetKind::DockerArchive,
        };
        let mut assembly = Assembly::new(&indexed.store, path, kind, self.choice, self.limits);
        assembly.faults(indexed.faults);
        self.images(assembly, reference)
    }

    /// A file that is no image; `head` is its first block.
    fn plain(
        &self,
        path: &str,
        slice: FileSlice,
        head: &[u8],
        reference: Option<&str>,
        kind: TargetKind,
    ) -> Result<Artifact, SourceError> {
        self.refuse_choice(path, reference)?;
        let store = Store::default();
        let choice = Choice::default();
        let mut assembly = Assembly::new(&store, path, kind, &choice, self.limits);
        let label = Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned());
        let size = slice.len();
        let place = assembly.detached(RootKind::File, &label, Opener::Slice(slice), Some(size));
        if archive::is_cut_header(head) {
            assembly.gap(&place, GapReason::Truncated, "it ends within its first header of a tar", Scope::Image);
        }
        assembly.finish(self.target)
    }

    /// What is no image has neither tags nor platforms.
    fn refuse_choice(&self, path: &str, reference: Option<&str>) -> Result<(), SourceError> {
        let name = shown(path);
        if let Some(tag) = reference {
            return Err(SourceError::NoSuchTag { name, tag: shown(tag), known: Vec::new() });
        }
        match &self.choice.platform {
            Some(platform) => Err(SourceError::NoSuchPlatform { name, platform: platform.to_string(), known: Vec::new() }),
            None => Ok(()),
        }
    }

    fn directory(&self, path: &str, reference: Option<&str>, wanted: Option<TargetKind>) -> Result<Artifact, SourceError> {
        let directory = Path::new(path);
        let Some(kind) =
            wanted.filter(|kind| content(directory) == Some(*kind)).or_else(|| content(directory).filter(|_| wanted.is_none()))
        else {
            if let Some(kind) = wanted {
                let why =
                    if kind == TargetKind::Dir { "no manifest.json of an image is in it" } else { "no index.json is in it" };
                return Err(SourceError::NotAnImage { name: shown(path), kind, why: why.into() });
            }
            return self.tree(path, reference);
        };
        let (store, troubles, complete) = Store::of_directory(directory, self.limits.index, LAYOUT_DEPTH);
        let mut assembly = Assembly::new(&store, path, kind, self.choice, self.limits);
        if !complete {
            let place = assembly.whole();
            assembly.gap(&place, GapReason::SizeLimit, format!("more than {} files", self.limits.index), Scope::Image);
        }
        for trouble in troubles {
            let place = assembly.whole();
            assembly.gap(&place, GapReason::Unreadable, trouble, Scope::Image);
        }
        self.images(assembly, reference)
    }

    fn tree(&self, path: &str, reference: Option<&str>) -> Result<Artifact, SourceError> {
        self.refuse_choice(path, reference)?;
        if std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()) {
            return Err(SourceError::Empty { name: shown(path), why: "no file is in this directory" });
        }
        let (store, choice) = (Store::default(), Choice::default());
        let mut assembly = Assembly::new(&store, path, TargetKind::Directory, &choice, self.limits);
        assembly.detached(RootKind::Tree(path.into()), path, Opener::Nothing, None);
        assembly.finish(self.target)
    }

    /// All images of a store: by its OCI index, by its docker manifest, and then what neither names.
    fn images(&self, mut assembly: Assembly<'_>, reference: Option<&str>) -> Result<Artifact, SourceError> {
        let index = assembly.store.find(b"index.json").filter(|_| assembly.kind != TargetKind::Dir);
        let manifest =
            assembly.store.find(b"manifest.json").filter(|_| assembly.kind != TargetKind::OciArchive || index.is_none());
        let mut walks = Vec::new();
        if let Some(index) = index {
            let by_name = reference.filter(|reference| manifest.is_none() || !reference.starts_with('@'));
            if by_name.is_some() == reference.is_some() {
                walks.push(layout::read(&mut assembly, index, by_name));
            }
        }
        if let Some(manifest) = manifest {
            let walked = match assembly.kind {
                TargetKind::Dir => layout::read(&mut assembly, manifest, None),
                _ => docker::read(&mut assembly, manifest, reference),
            };
            walks.push(walked);
        }
        if let Some(tag) = reference.filter(|_| !walks.iter().any(|walked: &Walked| walked.named)) {
            let mut known: Vec<_> = walks.into_iter().flat_map(|walked| walked.names).collect();
            known.sort();
            known.dedup();
            return Err(SourceError::NoSuchTag { name: shown(assembly.name), tag: shown(tag), known });
        }
        if reference.is_none() && self.choice.platform.is_none() {
            if assembly.names_nothing(walks.len()) {
                if !assembly.has_more() {
                    return Err(SourceError::Empty { name: shown(assembly.name), why: "its index names no image" });
                }
                let place = assembly.whole();
                let detail = "its index names no image; what is in it was scanned all the same";
                assembly.gap(&place, GapReason::BadManifest, detail, Scope::Image);
            }
            assembly.unreferenced();
        }
        if walks.is_empty() {
            let place = assembly.whole();
            assembly.gap(&place, GapReason::BadManifest, "it looks like an image, but no manifest is in it", Scope::Image);
        }
        assembly.finish(self.target)
    }
}

/// Whether an archive is one of an image, whole or what is left of it.
fn is_image(store: &Store) -> bool {
    let json = |name: &[u8]| store.find(name).and_then(|member| store.read(member, 4 << 20).ok().flatten());
    if store.find(b"oci-layout").is_some() || json(b"index.json").is_some_and(|bytes| is_index(&bytes)) {
        return true;
    }
    if store.find(b"manifest.json").is_some() {
        // One that cannot be read, or is none, is told by what lies beside it.
        let manifest = json(b"manifest.json").and_then(|bytes| Json::parse(&bytes).ok());
        if manifest.is_some_and(|manifest| docker::is_manifest(&manifest)) {
            return true;
        }
    }
    // Cut before its manifest, which docker writes last.
    store.members.iter().take(64).any(|stored| is_blob_name(&stored.name))
}

fn is_blob_name(name: &[u8]) -> bool {
    let hex = |part: &[u8]| part.len() == 64 && part.iter().all(u8::is_ascii_hexdigit);
    let name = name.strip_prefix(b"blobs/sha256/").unwrap_or(name);
    let stem = [&b"/layer.tar"[..], b"/json", b".tar", b".tar.gz", b".json"]
        .iter()
        .find_map(|end| name.strip_suffix(*end))
        .unwrap_or(name);
    hex(stem)
}

fn is_index(bytes: &[u8]) -> bool {
    Json::parse(bytes).is_ok_and(|json| matches!(manifest::read(&json), Kind::Index(_)))
}

/// What kind of image a directory is, if it is one.
fn content(directory: &Path) -> Option<TargetKind> {
    let file = |name: &str| directory.join(name).is_file();
    if file("oci-layout") || (file("index.json") && directory.join("blobs").is_dir()) {
        return Some(TargetKind::OciLayout);
    }
    if !file("manifest.json") {
        return None;
    }
    let slice = File::open(directory.join("manifest.json")).and_then(FileSlice::whole).ok()?;
    let json = Json::parse(&slice.read_up_to(4 << 20).ok().flatten()?).ok()?;
    match manifest::read(&json) {
        Kind::Index(_) | Kind::Manifest(_) | Kind::Old => Some(TargetKind::Dir),
        Kind::Unknown if docker::is_manifest(&json) => Some(TargetKind::DockerArchive),
        Kind::Unknown => None,
    }
}
