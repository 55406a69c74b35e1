//! Where bytes come from: a target as the user names it becomes roots, and images made of roots.
//!
//! Nothing is unpacked. An archive is indexed, a directory is listed, and a blob that several images
//! share is one root. What the manifests already betray (a blob that is not there, a digest that does
//! not fit) is a gap before anything is scanned.

mod archive;
mod assembly;
mod docker;
mod error;
mod layout;
mod spool;
mod store;
mod target;

pub use error::SourceError;

use crate::blob::Digest;
use crate::finding::Gap;
use crate::image::Image;
use crate::image::platform::Platform;
use crate::limits::Limits;
use crate::place::{Place, RootId};
use crate::slice::FileSlice;
use std::fs::File;
use std::io;
use std::path::PathBuf;

/// What a target turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetKind {
    /// What `docker save` and `podman save` write.
    DockerArchive,
    /// An OCI layout in a tar.
    OciArchive,
    /// An OCI layout in a directory.
    OciLayout,
    /// What skopeo writes to `dir:`.
    Dir,
    /// A directory that is no image.
    Directory,
    /// A file that is no image.
    File,
    /// Standard input that is no image.
    Stdin,
}

impl TargetKind {
    /// The name, as in reports; of images it is also the transport.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DockerArchive => "docker-archive",
            Self::OciArchive => "oci-archive",
            Self::OciLayout => "oci",
            Self::Dir => "dir",
            Self::Directory => "directory",
            Self::File => "file",
            Self::Stdin => "stdin",
        }
    }
}

/// Which of a target's images are meant. All, by default.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Only images of this platform.
    pub platform: Option<Platform>,
}

/// A target, opened.
#[derive(Debug)]
pub struct Artifact {
    /// As the user wrote it.
    pub name: String,
    /// What it is.
    pub kind: TargetKind,
    /// In the order of the archive or index.
    pub images: Vec<Image>,
    /// All there is to scan. `roots[i].id.0 == i`.
    pub roots: Vec<Root>,
    /// What is already known not to be readable.
    pub gaps: Vec<Gap>,
}

/// What a root is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootKind {
    /// A layer: a tar, compressed or not.
    Layer,
    /// JSON that is no image config or manifest: its leaves become pairs, see
    /// [`crate::image::document::read`].
    Document,
    /// Anything else.
    File,
    /// A directory on disk; the walk is the caller's.
    Tree(PathBuf),
    /// A config or manifest whose leaves are an image's settings already: nothing is left to scan.
    Settings,
    /// A blob that a manifest names and that is not there, as a gap says: nothing to open.
    Absent,
}

/// A piece of a target that is scanned by itself.
#[derive(Clone, Debug)]
pub struct Root {
    /// Its index in [`Artifact::roots`].
    pub id: RootId,
    /// What a person calls it.
    pub place: Place,
    /// What it is.
    pub kind: RootKind,
    /// In bytes, as stored.
    pub size: Option<u64>,
    /// What its stored bytes must hash to. Not set where that was checked already.
    pub digest: Option<Digest>,
    /// What its uncompressed bytes must hash to.
    pub diff_id: Option<Digest>,
    opener: Opener,
}

impl Root {
    /// Opens it.
    ///
    /// # Errors
    /// When the file is gone or may not be read, or for [`RootKind::Tree`] and [`RootKind::Absent`].
    pub fn open(&self) -> Result<FileSlice, SourceError> {
        self.opener.open().map_err(|error| SourceError::Unreadable { name: self.place.to_string(), error })
    }
}

/// How bytes are reached when they are wanted.
#[derive(Clone, Debug)]
pub(crate) enum Opener {
    /// They are in an open file, or in memory.
    Slice(FileSlice),
    /// They are a file that is opened late: a layout may have more blobs than a process may have files.
    Path(PathBuf),
    /// There are none.
    Nothing,
}

impl Opener {
    fn open(&self) -> io::Result<FileSlice> {
        match self {
            Self::Slice(slice) => Ok(slice.clone()),
            Self::Path(path) => {
                // Opening a pipe or a device could block for good.
                if !path.metadata()?.is_file() {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
                }
                FileSlice::whole(File::open(path)?)
            }
            Self::Nothing => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// Opens a target: `[TRANSPORT:]PATH[:NAME]`, or `-` for standard input.
///
/// # Errors
/// When there is nothing to scan: no such file, not of the transport that was named, no image of the
/// tag or platform that was asked for. Damage is no error but a gap in the artifact.
pub fn open(target: &str, choice: &Choice, limits: &Limits) -> Result<Artifact, SourceError> {
    target::open(target, choice, limits)
}
