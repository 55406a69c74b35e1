//! Opens arbitrary bytes as a log or a journal of SQLite.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("SQLite log", bytes));
