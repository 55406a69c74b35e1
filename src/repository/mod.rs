//! What git keeps: objects by their ids, and which commit brought which file.
//!
//! Pure: bytes of objects in, names out. A file's content knows neither its path nor its commit; trees have the one and
//! commits the other, and they lie anywhere: in other files, in other packs, in other layers. So they are taken down
//! while layers are walked ([`Graph`]) and asked when names are wanted. Ids are those of the content, never those that
//! a file name claims, as far as the format of the repository is known.
//!
//! Format: <https://git-scm.com/docs/gitformat-pack>, <https://git-scm.com/docs/gitcore-tutorial> (objects).

mod graph;
mod naming;
mod object;

pub use graph::Graph;
pub use object::{Format, Id, Index, Kind, TreeEntry, header, index, tree};
