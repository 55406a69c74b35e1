//! Opens arbitrary bytes as GGUF.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("GGUF", bytes));
