//! The one integration binary.

mod interop;
mod tar_differential;
