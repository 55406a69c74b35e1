//! BSON, as `mongodump` writes it: the documents of a collection one behind the other, or an archive of collections.
//!
//! Format: <https://bsonspec.org/spec.html>. A length, then elements: a type, a name, a value; documents in documents. There
//! is no magic, so the first document must read like one. Texts are told by the path of their names, binaries opened;
//! all else, names and what cannot be read, is scanned as it is.

mod archive;
mod document;
mod stream;

pub use archive::MongoArchive;

use super::super::{About, Extractor, Halt, Head, Input, Sink};
use crate::finding::GapReason;
use document::reads_like_one;
use stream::{Piece, Stream};

/// BSON.
pub struct Bson;

impl Extractor for Bson {
    fn name(&self) -> &'static str {
        "BSON"
    }

    fn about(&self) -> About {
        About {
            title: "BSON (mongodump)",
            reads: "texts by the path of their names, binaries opened; all else as it is",
            limits: "documents of up to 17 MiB, a hundred deep",
            specification: "https://bsonspec.org/spec.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        reads_like_one(head.start)
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut stream = Stream::new(self.name());
        let read = documents(input, &mut stream, sink);
        stream.finish(read, sink)
    }
}

fn documents(input: &mut Input<'_>, stream: &mut Stream, sink: &mut dyn Sink) -> Result<(), Halt> {
    loop {
        match stream.piece(input)? {
            Piece::End => return Ok(()),
            Piece::Document(bytes) => stream.tell(bytes, b"", sink)?,
            Piece::Other(_) => {
                return Err(Halt::Broken(GapReason::Damaged, "BSON: a document of no length; scanned as it is".to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::document::DEPTH;
    use super::*;

    fn document(elements: &[u8]) -> Vec<u8> {
        [&(elements.len() as u32 + 5).to_le_bytes()[..], elements, b"\0"].concat()
    }

    fn text(kind: u8, name: &str, value: &str) -> Vec<u8> {
        [&[kind][..], name.as_bytes(), b"\0", &(value.len() as u32 + 1).to_le_bytes(), value.as_bytes(), b"\0"].concat()
    }

    fn inner(kind: u8, name: &str, elements: &[u8]) -> Vec<u8> {
        [&[kind][..], name.as_bytes(), b"\0", &document(elements)].concat()
    }

    /// An id, settings with a list, a binary, code and numbers of every kind.
    fn sample() -> Vec<u8> {
        let binary = [&b"\x05file\0"[..], &70u32.to_le_bytes(), b"\0", &[b'x'; 70]].concat();
        let list = [text(2, "0", "a first text"), text(2, "1", "a second one")].concat();
        let code = [b"\x0fcode\0\0\0\0\0".to_vec(), text(2, "", "return 12")[2..].to_vec(), document(&text(2, "v", "variable"))];
        let rest = b"\x01d\0\0\0\0\0\0\0\0\0\x08b\0\x01\x09t\0\0\0\0\0\0\0\0\0\x0an\0\x10i\0\0\0\0\0\x12l\0\0\0\0\0\0\0\0\0\x0br\0a+\0i\0";
        let settings = [text(2, "motto", "to be or"), inner(4, "tags", &list)].concat();
        let elements = [&b"\x07_id\0abcdefghijkl"[..], &inner(3, "db", &settings), &binary, &code.concat(), rest].concat();
        document(&elements)
    }

    #[test]
    fn texts_have_the_path_of_their_names() {
        let bytes = [sample(), document(&text(0x0d, "js", "function() {}"))].concat();
        assert!(Bson.probe(&Head { start: &bytes, tail: &[] }));
        let found = seen(&Bson, &bytes);
        let expected = [
            ("db.motto", "to be or"),
            ("db.tags[0]", "a first text"),
            ("db.tags[1]", "a second one"),
            ("code.v", "variable"),
            ("js", "function() {}"),
        ];
        assert_eq!(found.texts, expected.to_vec().into());
        assert_eq!(found.members, vec![("file", "x".repeat(70).as_str())].into());
        assert!(found.gaps.is_empty() && found.raw.len() == bytes.len());
        let has = |text: &[u8]| memchr::memmem::find(&found.raw, text).is_some();
        assert!(has(b"return 12") && has(b"motto") && !has(b"to be or") && !has(b"xx"));
    }

    #[test]
    fn what_cannot_be_read_is_told_and_scanned() {
        let (one, two) = (document(&text(2, "a", "some text")), document(&text(2, "b", "other text")));
        for at in [0, 1, 2, 4, 6, 7, 8] {
            let mut lying = [&one[..], &two].concat();
            lying[at] ^= 0x41;
            let found = seen(&Bson, &lying);
            let shown = |text: &str| {
                found.texts.0.iter().any(|(_, told)| told == text) || memchr::memmem::find(&found.raw, text.as_bytes()).is_some()
            };
            assert!(shown("some text") && shown("other text") && (at == 6 || !found.gaps.is_empty()), "{at}: {found:?}");
        }
        for cut in 1..one.len() {
            assert_eq!(seen(&Bson, &one[..cut]).gaps.len(), 1, "{cut}");
        }
        let deep = (0..DEPTH + 1).fold(Vec::new(), |elements, _| inner(3, "a", &elements));
        assert_eq!(seen(&Bson, &document(&deep)).gaps, [GapReason::Damaged]);
    }

    #[test]
    fn only_documents_read_like_one() {
        let check = |bytes: &[u8], expected: bool| assert_eq!(reads_like_one(bytes), expected, "{bytes:?}");
        check(&sample(), true);
        for cut in 60..sample().len() {
            check(&sample()[..cut], true);
        }
        check(&document(b""), false);
        check(b"\x10\0\0\0\x02a\0\x04\0\0\0bcd\x01\0", false);
        check(b"\x10\0\0\0\x33a\0\x04\0\0\0bcd\0\0", false);
        check(b"\x10\0\0\0\x10\x02\0\x04\0\0\0bcde\0", false);
        check(&[7; 100], false);
        check(&[0; 100], false);
        check(b"", false);
    }
}
