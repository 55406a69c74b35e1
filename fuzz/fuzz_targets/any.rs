//! Every target in one binary: the variable `FUZZ_TARGET` picks it. Linking one takes seconds, linking all minutes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use watertight_fuzz::Target;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names the target, as `fuzz/run --list` does");
    Target::named(&name).unwrap_or_else(|| panic!("no target is called {name}"))
});

fuzz_target!(|bytes: &[u8]| TARGET.run(bytes));
