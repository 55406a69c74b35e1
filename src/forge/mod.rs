//! Makes what must not be written down: values with the shape of credentials, from a seed.
//!
//! Tests, the demonstration and the acceptance of rules need token-shaped strings; the repository
//! must not hold any. So they are forged where they are used.

pub mod filler;
mod human;
pub mod image;
mod store;
pub mod sums;
