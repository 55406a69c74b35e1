//! What builds leave behind: compiled programs, bundles, data.

mod class;
mod flow;
mod notebook;
mod pyc;
mod source_map;
mod sqlite;

pub use class::Class;
pub use notebook::Notebook;
pub use pyc::Pyc;
pub use source_map::SourceMap;
pub use sqlite::Sqlite;
