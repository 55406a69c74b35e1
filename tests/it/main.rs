//! The integration tests, in one binary.

mod architecture;
mod cases;
mod cli;
mod compiled;
mod determinism;
mod files;
mod formats;
mod gitleaks;
mod hostile;
mod interop;
mod models;
mod numbers;
mod packages;
mod recall;
mod rules;
mod rules_cli;
mod schema;
mod tar_differential;
