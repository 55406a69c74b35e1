//! Opens arbitrary bytes as a file with packed streams among its bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("packed streams", bytes));
