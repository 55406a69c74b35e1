//! The integration tests, in one binary.

mod architecture;
mod cases;
mod cli;
mod compiled;
mod counting;
mod determinism;
mod files;
mod formats;
mod gitleaks;
mod hostile;
mod interop;
mod ledger;
mod matrix;
mod models;
mod numbers;
mod packages;
mod programs;
mod recall;
mod rules;
mod rules_cli;
mod schema;
mod tables;
mod tar_differential;

/// So that the hostile suite can ask what an extractor takes.
#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;
