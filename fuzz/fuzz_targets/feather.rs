//! Opens arbitrary bytes as Feather of the first version.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("feather", bytes));
