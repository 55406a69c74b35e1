//! Tables that are kept column by column.

mod arrow;
mod cells;
mod codec;
mod parquet;
mod source;

pub use arrow::{Arrow, Feather};
pub use parquet::Parquet;
