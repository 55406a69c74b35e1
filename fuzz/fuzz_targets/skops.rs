//! Opens arbitrary bytes as the document of skops.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("skops", bytes));
