//! Opens arbitrary bytes as lz4.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("lz4", bytes));
