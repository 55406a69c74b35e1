//! Opens arbitrary bytes as a file of LMDB.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("LMDB", bytes));
