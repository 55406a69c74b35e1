//! Opens arbitrary bytes as an archive of PostgreSQL.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("PostgreSQL archive", bytes));
