//! Opens arbitrary bytes as ORC.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("ORC", bytes));
