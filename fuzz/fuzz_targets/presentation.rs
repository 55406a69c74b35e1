//! Opens arbitrary bytes as a program or a document.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("presentation", bytes));
