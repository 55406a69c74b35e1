//! Opens arbitrary bytes as a document or an archive.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("asar", bytes));
