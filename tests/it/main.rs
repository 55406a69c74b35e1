//! The integration tests, in one binary.

mod files;
mod interop;
mod rules;
mod tar_differential;
