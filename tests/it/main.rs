//! The integration tests, in one binary.

mod architecture;
mod cases;
mod cli;
mod compiled;
mod determinism;
mod files;
mod gitleaks;
mod formats;
mod hostile;
mod interop;
mod packages;
mod recall;
mod rules;
mod rules_cli;
mod schema;
mod tar_differential;
