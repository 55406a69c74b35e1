//! Opens arbitrary bytes as rows of PostgreSQL.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("rows of COPY", bytes));
