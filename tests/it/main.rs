//! The integration tests, in one binary.

mod architecture;
mod determinism;
mod hostile;
mod interop;
mod rules;
mod tar_differential;
