//! Images made by the programs that people use, read by ours.
//!
//! One leaky image is built with buildah from a Dockerfile, once per run, with secrets made on the spot. Then each
//! test has it saved in one form, by skopeo, buildah, podman or umoci, or forged here where Debian's programs cannot
//! write that form, and expects the same of every form: each secret is one incident, with the right places.
//!
//! The programs come from Debian. Where one is missing the test fails and names the package: a test that is skipped
//! proves nothing.

mod archives;
mod attached;
mod forged;
mod image;
mod keystores;
mod leaky;
mod programs;
mod removed;
mod report;
mod saved;
mod several;
mod token;
