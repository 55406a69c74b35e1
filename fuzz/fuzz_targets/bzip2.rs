//! Opens arbitrary bytes as bzip2.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("bzip2", bytes));
