//! Tables: those that are kept column by column, and those that are sorted by a key.

mod arrow;
mod avro;
mod cells;
mod codec;
mod gathered;
mod keyed;
mod lmdb;
mod orc;
mod parquet;
mod sorted;
mod source;

pub use arrow::{Arrow, Feather};
pub use avro::Avro;
pub use lmdb::Lmdb;
pub use orc::Orc;
pub use parquet::Parquet;
pub use sorted::{SortedLog, SortedTable};
