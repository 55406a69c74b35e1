//! Opens arbitrary bytes as TensorFlow Lite.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("TFLite", bytes));
