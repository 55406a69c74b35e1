//! The integration tests, in one binary.

mod architecture;
mod cases;
mod cli;
mod compiled;
mod determinism;
mod files;
mod hostile;
mod interop;
mod models;
mod packages;
mod recall;
mod rules;
mod schema;
mod tar_differential;
