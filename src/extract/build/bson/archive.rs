//! Archives of `mongodump --archive`: documents of many collections in one stream, interleaved as they came.
//!
//! Format: `common/archive` of <https://github.com/mongodb/mongo-tools>. A magic number, a document about the server, one for
//! each collection, a mark. Then blocks: a document that names a collection, documents of it, a mark. The last block
//! of a collection has none and says so; an archive that has no such block of one is not whole.

use super::super::super::cursor::le32;
use super::super::super::model::keys;
use super::super::super::{About, Extractor, Halt, Head, Input, Sink};
use super::document::{is_set, reads_like_one, text_of};
use super::stream::{Piece, Stream};
use crate::finding::GapReason;
use std::collections::BTreeSet;

/// Archives of `mongodump`.
pub struct MongoArchive;

/// How they begin.
const MAGIC: u32 = 0x8199_e26d;
/// What ends a block, where the length of a document would be.
const MARK: u32 = u32::MAX;
/// Bytes of the name of a collection with that of its database: the database's own limit, and some.
const NAME: usize = 512;
/// Collections of which the end is waited for.
const COLLECTIONS: usize = 10_000;

impl Extractor for MongoArchive {
    fn name(&self) -> &'static str {
        "mongodump archive"
    }

    fn about(&self) -> About {
        About {
            title: "mongodump archive",
            reads: "documents of all collections by the path of their names, as BSON",
            limits: "documents of up to 17 MiB, a hundred deep",
            specification: "https://github.com/mongodb/mongo-tools/tree/master/common/archive",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        le32(head.start, 0) == Some(MAGIC) && head.start.get(4..).is_some_and(reads_like_one)
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut stream = Stream::new(self.name());
        let read = blocks(input, &mut stream, sink);
        stream.finish(read, sink)
    }
}

/// Where in the archive a document stands.
enum Place {
    /// Before the first mark: what the archive is of.
    Prelude,
    /// Behind a mark: which collection follows.
    Header,
    /// In a block, of this collection.
    Block(Vec<u8>),
}

fn blocks(input: &mut Input<'_>, stream: &mut Stream, sink: &mut dyn Sink) -> Result<(), Halt> {
    let broken = |reason, what: &str| Err(Halt::Broken(reason, format!("mongodump archive: {what}")));
    if !matches!(stream.piece(input)?, Piece::Other(MAGIC)) {
        return broken(GapReason::Damaged, "does not begin like one; scanned as it is");
    }
    let (mut place, mut open) = (Place::Prelude, BTreeSet::new());
    loop {
        place = match (stream.piece(input)?, place) {
            (Piece::Other(MARK), _) => Place::Header,
            (Piece::Other(_), _) => return broken(GapReason::Damaged, "a document of no length; scanned as it is"),
            (Piece::End, Place::Header) if open.is_empty() => return Ok(()),
            (Piece::End, Place::Header) => return broken(GapReason::Truncated, "ends before its collections do"),
            (Piece::End, _) => return broken(GapReason::Truncated, "ends within a block"),
            (Piece::Document(bytes), Place::Header) => {
                let name = collection(&bytes);
                if is_set(&bytes, b"EOF") {
                    open.remove(&name);
                }
                stream.tell(bytes, b"", sink)?;
                Place::Block(name)
            }
            (Piece::Document(bytes), Place::Block(name)) => {
                stream.tell(bytes, &name, sink)?;
                Place::Block(name)
            }
            (Piece::Document(bytes), Place::Prelude) => {
                // The document about the server has no collection.
                let name = collection(&bytes);
                if open.len() < COLLECTIONS && has_documents(&bytes) {
                    open.insert(name.clone());
                }
                stream.tell(bytes, &name, sink)?;
                Place::Prelude
            }
        };
    }
}

/// Whether a document of the prelude is about a collection with documents of its own: a view has none.
fn has_documents(about: &[u8]) -> bool {
    let is_view = text_of(about, b"type") == Some(b"view")
        || text_of(about, b"metadata").is_some_and(|metadata| memchr::memmem::find(metadata, b"\"viewOn\"").is_some());
    text_of(about, b"collection").is_some() && !is_view
}

/// The collection that a document names, behind its database: `shop.users`.
fn collection(document: &[u8]) -> Vec<u8> {
    let name = |key: &[u8]| text_of(document, key).unwrap_or_default();
    let mut name = keys::joined(name(b"db"), name(b"collection"));
    name.truncate(NAME);
    name
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::seen;
    use super::*;

    fn document(texts: &[(&str, &str)]) -> Vec<u8> {
        let text = |(name, value): &(&str, &str)| {
            [b"\x02", name.as_bytes(), b"\0", &(value.len() as u32 + 1).to_le_bytes(), value.as_bytes(), b"\0"].concat()
        };
        let elements: Vec<u8> = texts.iter().flat_map(text).collect();
        [&(elements.len() as u32 + 5).to_le_bytes()[..], &elements, b"\0"].concat()
    }

    /// An archive of two collections whose documents take turns.
    fn sample() -> Vec<u8> {
        let mark = MARK.to_le_bytes().to_vec();
        let of = |collection: &str| document(&[("db", "shop"), ("collection", collection)]);
        let end = |collection: &str| {
            let header = of(collection);
            let elements = [&header[4..header.len() - 1], b"\x08EOF\0\x01\x12CRC\0\x07\0\0\0\0\0\0\0"].concat();
            [&(elements.len() as u32 + 5).to_le_bytes()[..], &elements, b"\0"].concat()
        };
        let about =
            |collection: &str, metadata: &str| document(&[("db", "shop"), ("collection", collection), ("metadata", metadata)]);
        [
            MAGIC.to_le_bytes().to_vec(),
            document(&[("server_version", "7.0.14-rc0"), ("version", "0.1")]),
            about("users", "{\"indexes\":[]}"),
            about("recent", "{\"options\":{\"viewOn\":\"users\"}}"),
            mark.clone(),
            of("users"),
            document(&[("note", "a first text")]),
            document(&[("note", "a second text")]),
            mark.clone(),
            of("orders"),
            document(&[("to", "somebody else")]),
            mark.clone(),
            end("users"),
            mark,
        ]
        .concat()
    }

    #[test]
    fn documents_have_the_names_of_their_collections() {
        let bytes = sample();
        assert!(MongoArchive.probe(&Head { start: &bytes, tail: &[] }));
        let found = seen(&MongoArchive, &bytes);
        let header = |name: &str| vec![("db".to_owned(), "shop".to_owned()), ("collection".to_owned(), name.to_owned())];
        let text = |name: &str, text: &str| vec![(name.to_owned(), text.to_owned())];
        let expected = [
            text("server_version", "7.0.14-rc0"),
            text("version", "0.1"),
            text("shop.users.db", "shop"),
            text("shop.users.collection", "users"),
            text("shop.users.metadata", "{\"indexes\":[]}"),
            text("shop.recent.db", "shop"),
            text("shop.recent.collection", "recent"),
            text("shop.recent.metadata", "{\"options\":{\"viewOn\":\"users\"}}"),
            header("users"),
            text("shop.users.note", "a first text"),
            text("shop.users.note", "a second text"),
            header("orders"),
            text("shop.orders.to", "somebody else"),
            header("users"),
        ];
        // The sink of tests wants every text, short ones too.
        assert_eq!(found.texts.0, expected.concat());
        assert_eq!((found.raw.len(), found.gaps), (bytes.len(), vec![]));
    }

    #[test]
    fn what_is_missing_is_told() {
        let check = |bytes: &[u8], gaps: &[GapReason]| assert_eq!(seen(&MongoArchive, bytes).gaps, gaps);
        let bytes = sample();
        check(&bytes[..bytes.len() - 4], &[GapReason::Truncated]);
        let end = memchr::memmem::rfind(&bytes[..bytes.len() - 4], &MARK.to_le_bytes()).unwrap() + 4;
        check(&bytes[..end], &[GapReason::Truncated]);
        check(&bytes[..bytes.len() - 9], &[GapReason::Truncated]);
        check(&[&bytes[..], &[0; 4]].concat(), &[GapReason::Damaged]);
        assert!(!MongoArchive.probe(&Head { start: &bytes[..4], tail: &[] }));
        assert!(!MongoArchive.probe(&Head { start: &bytes[4..], tail: &[] }));
    }
}
