//! Opens arbitrary bytes as zlib.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("zlib", bytes));
