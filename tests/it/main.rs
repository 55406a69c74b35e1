//! The integration tests, in one binary.

mod cases;
mod interop;
mod rules;
mod tar_differential;
