//! Opens arbitrary bytes as a swap file of vim.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| watertight_fuzz::open("vim swap", bytes));
