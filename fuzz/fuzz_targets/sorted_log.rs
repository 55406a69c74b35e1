//! Opens arbitrary bytes as a log of LevelDB or RocksDB.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("sorted log", bytes));
