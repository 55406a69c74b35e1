//! What builds leave behind: compiled programs, bundles, data.

mod bson;
mod class;
mod flow;
mod git;
mod notebook;
mod office;
mod ole;
mod pdf;
mod png;
mod postgres;
mod program;
mod pyc;
mod sheet;
mod slides;
mod source_map;
mod sqlite;
mod swap;
mod word;
mod workbook;

pub use bson::{Bson, MongoArchive};
pub use class::Class;
pub use git::{GitIndex, GitObject, GitPack};
pub use notebook::Notebook;
pub use office::Office;
pub use ole::Ole;
pub use pdf::Pdf;
pub use png::Png;
pub use postgres::{CopyRows, PgDump};
pub use program::{Elf, Fat, MachO, Pe, Wasm};
pub use pyc::Pyc;
pub use slides::Slides;
pub use source_map::SourceMap;
pub use sqlite::{Sqlite, SqliteLog};
pub use swap::VimSwap;
pub use workbook::Workbook;
