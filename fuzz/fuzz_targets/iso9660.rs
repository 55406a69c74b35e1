//! Opens arbitrary bytes as iso9660.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("iso9660", bytes));
