//! Scans arbitrary bytes as a target, with all that stands around the parsers.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::scan(bytes));
