<<<<<<< HEAD
//! The integration tests, in one binary.

mod rules;
=======
//! The one integration binary.

mod interop;
mod tar_differential;
>>>>>>> interop
