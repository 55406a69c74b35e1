//! The door: it exists so that `cargo build` links; replaced below.
fn main() {}
