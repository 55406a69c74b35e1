//! Opens arbitrary bytes as an Avro object container.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("Avro", bytes));
