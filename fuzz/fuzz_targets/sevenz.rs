//! Opens arbitrary bytes as 7z.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("7z", bytes));
