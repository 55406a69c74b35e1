//! The integration tests, in one binary.

mod cases;
mod cli;
mod files;
mod interop;
mod recall;
mod rules;
mod schema;
mod tar_differential;
