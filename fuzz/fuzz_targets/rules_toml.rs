//! Reads arbitrary text as a file of rules.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| watertight_fuzz::rules(text));
