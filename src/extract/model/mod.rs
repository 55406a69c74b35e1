//! Model files: pickles and what is built on them, numpy arrays.

mod dtype;
mod joblib;
mod keys;
mod numpy;
mod pickle;

pub use joblib::OldJoblib;
pub use numpy::Npy;
pub use pickle::Pickle;
