//! The integration tests, in one binary.

mod interop;
mod rules;
mod tar_differential;
