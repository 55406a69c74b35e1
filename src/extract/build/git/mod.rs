//! What git keeps: loose objects, packs and bundles, and the index.
//!
//! A repository is many files, and what one of them holds is named by others: the content of a file is in one object,
//! its path in others, the commit that brought it in others still. So objects are handed to the sink with their ids,
//! and whoever stands above brings them together.
//!
//! Format: <https://git-scm.com/docs/gitformat-pack>, <https://git-scm.com/docs/gitformat-bundle>.

mod blocks;
mod damage;
mod delta;
mod index;
mod loose;
mod pack;
mod resolve;
mod table;

pub use index::GitIndex;
pub use loose::GitObject;
pub use pack::GitPack;

use super::super::{Member, MemberKind, Sink, Stop};
use crate::repository::{Id, Kind, tree};

/// An object that is held in memory: a longer one is scanned as it streams by, and nothing is made of it.
const HELD: usize = 16 << 20;

/// Hands out an object that is not the content of a file.
fn hand_out(sink: &mut dyn Sink, kind: Kind, id: &Id, body: &[u8]) -> Result<(), Stop> {
    sink.recorded(kind, id, body);
    if kind == Kind::Tree {
        return Ok(());
    }
    let name = format!("{} {id}", kind.word());
    let size = Some(body.len() as u64);
    sink.member(&Member { name: name.as_bytes(), kind: MemberKind::File, size }, &mut &*body)
}

/// The names in a tree, a line each: they may say what they should not, too.
fn names(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    tree(body).into_iter().map(|entry| entry.name)
}
