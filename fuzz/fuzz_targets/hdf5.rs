//! Opens arbitrary bytes as HDF5.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("HDF5", bytes));
