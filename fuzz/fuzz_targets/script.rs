//! Opens arbitrary bytes as a script with a packed stream behind it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("script", bytes));
