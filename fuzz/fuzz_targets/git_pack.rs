//! Opens arbitrary bytes as a git pack.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("git pack", bytes));
