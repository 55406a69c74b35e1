//! What stops a target from being opened at all, and what to do about it.

use super::TargetKind;
use std::io;
use thiserror::Error;

/// A target that cannot be audited. Every message names the thing.
#[derive(Debug, Error)]
pub enum SourceError {
    /// Nothing has that name.
    #[error("{name}: no such file or directory")]
    NotFound {
        /// What the user wrote.
        name: String,
    },
    /// The operating system refused.
    #[error("{name}: {error}")]
    Unreadable {
        /// The file.
        name: String,
        /// What it said.
        error: io::Error,
    },
    /// A transport was named, and this is not of it.
    #[error("{name}: not {}: {why}", article(*.kind))]
    NotAnImage {
        /// The file or directory.
        name: String,
        /// What it was said to be.
        kind: TargetKind,
        /// What is wrong.
        why: String,
    },
    /// Nothing is in it that could be scanned.
    #[error("{name}: empty: {why}")]
    Empty {
        /// The file or directory.
        name: String,
        /// What is missing.
        why: &'static str,
    },
    /// No image has that tag.
    #[error("{name}: no image named {tag}")]
    NoSuchTag {
        /// The archive or layout.
        name: String,
        /// What was asked for.
        tag: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No image is of that platform.
    #[error("{name}: no image for {platform}")]
    NoSuchPlatform {
        /// The target.
        name: String,
        /// What was asked for.
        platform: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A transport that we do not have.
    #[error("{name}: the transport {transport} is not supported")]
    UnsupportedTransport {
        /// What the user wrote.
        name: String,
        /// Its transport.
        transport: String,
        /// The reference behind it.
        reference: String,
    },
    /// A temporary file could not be written, or would grow past the limit.
    #[error("{name}: cannot be kept in a temporary file: {why}")]
    Spill {
        /// The target.
        name: String,
        /// What is wrong.
        why: String,
    },
}

fn article(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::DockerArchive => "a docker archive",
        TargetKind::OciArchive => "an OCI archive",
        TargetKind::OciLayout => "an OCI layout",
        TargetKind::Dir => "a dir: of skopeo",
        TargetKind::Directory => "a directory",
        TargetKind::File | TargetKind::Stdin => "a file",
    }
}

/// At most ten names, and how many more there are.
fn some(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(10).map(|name| crate::place::escaped(name.as_bytes())).collect();
    let more = names.len().saturating_sub(shown.len());
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

impl SourceError {
    /// What to do next, where something helps.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { name } if looks_like_reference(name) => Some(format!(
                "an image in a registry or a daemon must be saved first: skopeo copy docker://{name} oci:image:latest, or docker save -o image.tar {name}"
            )),
            Self::NotFound { .. } => Some("check the path; transports are docker-archive:, oci-archive:, oci: and dir:".into()),
            Self::Unreadable { .. } => {
                Some("check the permissions, or read it from standard input: watertight scan - < FILE".into())
            }
            Self::NotAnImage { .. } => Some("leave the transport out, and what it is will be told by its content".into()),
            Self::Empty { .. } => {
                Some("there is nothing to audit: check the path, and whether the program that wrote it failed".into())
            }
            Self::NoSuchTag { known, .. } if known.is_empty() => {
                Some("none of its images has a name; leave the tag out to audit all".into())
            }
            Self::NoSuchTag { known, .. } => Some(format!("it has {}; leave the tag out to audit all", some(known))),
            Self::NoSuchPlatform { known, .. } if known.is_empty() => Some("none of its images says its platform".into()),
            Self::NoSuchPlatform { known, .. } => Some(format!("it has {}", some(known))),
            Self::UnsupportedTransport { transport, reference, .. } => {
                Some(format!("copy the image first: skopeo copy {transport}{reference} oci:image:latest, then scan oci:image"))
            }
            Self::Spill { .. } => Some("free space in the temporary directory, or point TMPDIR to one that has it".into()),
        }
    }
}

/// Whether a person may have meant an image and not a file.
fn looks_like_reference(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    let file = name.starts_with(['/', '.', '~']) || [".tar", ".gz", ".tgz", ".zst"].iter().any(|end| name.ends_with(end));
    !file
        && name.is_ascii()
        && !name.contains(char::is_whitespace)
        && (last.contains(':') || name.contains('/') || !last.contains('.'))
}
