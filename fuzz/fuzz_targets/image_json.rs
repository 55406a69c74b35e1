//! Reads arbitrary bytes as each document of an image.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::documents(bytes));
