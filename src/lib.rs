//! watertight audits what is about to ship: container images, model files and build outputs. It
//! answers one question, *is this artifact watertight?*, and says what it did not see.
//!
//! ```text
//!  target ──source──▶ Root ──scan──▶ Input ──extract──▶ member / raw / pair / gap
//!                                      ▲                   │ members come back, one level deeper
//!                                      └───────walker──────┤
//!                                                          ▼ pairs, flat bytes
//!                                            window ──detect──▶ Hit ──▶ Finding ┐
//!                                                                       Gap ────┴▶ Audit ──policy──▶ Verdict ──report──▶ bytes
//! ```
//!
//! One word per idea: a *target* is what the user names, a *root* what a source yields of it (a
//! layer, a config, a file), a *member* what a container holds, a *pair* a name with its value that
//! a structure reveals. A detector looks at a *view*, a *window* is a bounded stretch of a large
//! input, a *hit* a match in a view, a *finding* a hit with its *place*, an *incident* all findings
//! of one secret, a *gap* what was not seen and why, the *verdict* what policy says of the whole.
//!
//! Modules import in one direction; `tests/it/architecture.rs` holds the list.

pub mod audit;
pub mod blob;
pub mod cli;
pub mod detect;
pub mod extract;
pub mod finding;
pub mod forge;
pub mod image;
pub mod limits;
pub mod package;
pub mod place;
pub mod policy;
pub mod report;
pub mod repository;
pub mod rules;
pub mod scan;
pub mod secret;
pub mod slice;
pub mod source;
pub mod version;
