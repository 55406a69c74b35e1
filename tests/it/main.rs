//! The integration tests, in one binary.

mod interop;
mod packages;
mod rules;
mod tar_differential;
