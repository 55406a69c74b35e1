//! Models: what machine learning keeps its weights in, with the settings that stand beside them.

mod catboost;
mod dtype;
mod gguf;
mod hdf5;
mod joblib;
pub(super) mod keys;
mod numpy;
mod pickle;
mod protobuf;
mod safetensors;
mod skops;
mod tflite;
mod ubjson;

pub use catboost::CatBoost;
pub use gguf::Gguf;
pub use hdf5::Hdf5;
pub use joblib::OldJoblib;
pub use numpy::Npy;
pub use pickle::Pickle;
pub use protobuf::Protobuf;
pub use safetensors::Safetensors;
pub use skops::Skops;
pub use tflite::TfLite;
pub use ubjson::Ubjson;

use super::{Halt, Input, Sink};
use std::io::{self, BufRead, Read};

/// Reads what is left of the input: the stretches that are tensors as numbers, what lies between and behind
/// them as it is. Each stretch is from where the input stands.
fn stretches(input: &mut Input<'_>, mut tensors: Vec<(u64, u64)>, sink: &mut dyn Sink) -> Result<(), Halt> {
    tensors.sort_unstable();
    let start = input.position();
    let mut covered: (u64, u64) = (0, 0);
    // One that lies nowhere closes the last run of those that adjoin.
    for (from, to) in tensors.into_iter().filter(|(from, to)| from < to).chain([(u64::MAX, u64::MAX)]) {
        if from <= covered.1 {
            covered.1 = covered.1.max(to);
            continue;
        }
        let numbers = covered.1.saturating_sub(input.position() - start);
        pass_numbers(input, numbers, sink)?;
        let between = from.saturating_sub(input.position() - start);
        pass(input, between, |at, body| sink.raw_at(at, body))?;
        covered = (from, to);
        if input.fill_buf()?.is_empty() {
            break;
        }
    }
    Ok(())
}

/// Passes on `length` bytes that are numbers, or what is left; unread where they stand in a file.
fn pass_numbers(input: &mut Input<'_>, length: u64, sink: &mut dyn Sink) -> Result<(), Halt> {
    let at = input.position();
    match input.unread(length) {
        Some(slice) if slice.is_empty() => Ok(()),
        Some(slice) => Ok(sink.unread_numbers(at, slice)?),
        None => pass(input, length, |at, body| sink.numbers_at(at, body)),
    }
}

/// Gives `length` bytes to `act`, with where they begin, and takes those that it leaves.
fn pass(input: &mut Input<'_>, length: u64, act: impl FnOnce(u64, &mut dyn Read) -> Result<(), super::Stop>) -> Result<(), Halt> {
    if length == 0 {
        return Ok(());
    }
    let at = input.position();
    let mut body = input.take(length);
    act(at, &mut body)?;
    io::copy(&mut body, &mut io::sink())?;
    Ok(())
}
