//! What builds leave behind: compiled programs, bundles, data.

mod class;
mod pyc;
mod sqlite;

pub use class::Class;
pub use pyc::Pyc;
pub use sqlite::Sqlite;
