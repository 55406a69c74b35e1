//! Source maps: the files that a bundle was made of, whole, under their own names.
//!
//! Format: ECMA-426. `sourcesContent` has the text of each file of `sources`, at the same place in the list. Each is a
//! member, so that what is found has the file and line that its author knows. All other strings, mappings and
//! names, are scanned as they are.

use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, Sink};
use super::flow::{Quoted, Token, token};
use crate::finding::GapReason;
use std::io::{self, Read};

/// Source maps.
pub struct SourceMap;

/// Longest name of a file, and longest string that is gathered with others.
const SHORT: u64 = 4096;
/// Names of files that are kept, and bytes of short strings that are gathered before they are scanned.
const NAMES: usize = 100_000;
const GATHERED: usize = 512 << 10;

impl Extractor for SourceMap {
    fn name(&self) -> &'static str {
        "source map"
    }

    fn about(&self) -> About {
        About {
            title: "source map",
            reads: "the files in it under their own names; all other strings as they are",
            limits: "names of 100,000 files",
            specification: "ECMA-426",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let head = head.start.get(..Head::LEN.min(head.start.len())).unwrap_or_default();
        // What servers put before it so that no page runs it.
        let text = head.strip_prefix(b")]}'").unwrap_or(head).trim_ascii_start();
        let has = |key: &[u8]| memchr::memmem::find(head, key).is_some();
        let version = || [&b"\"version\":3"[..], b"\"version\": 3", b"\"version\" : 3"].into_iter().any(has);
        text.first() == Some(&b'{')
            && version()
            && [&b"\"sources\""[..], b"\"sourcesContent\"", b"\"mappings\""].into_iter().any(has)
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut walk = Walk { names: Vec::new(), gathered: Vec::new(), sink };
        let whole = walk.run(input)?;
        walk.flush()?;
        if whole { Ok(()) } else { Err(Halt::Broken(GapReason::Truncated, "source map: ends within itself".into())) }
    }
}

struct Walk<'w> {
    names: Vec<Vec<u8>>,
    gathered: Vec<u8>,
    sink: &'w mut dyn Sink,
}

/// Where in the document a string stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Sources,
    Contents,
    Other,
}

impl Walk<'_> {
    /// Reads to the end of the object. Says whether there was one.
    fn run(&mut self, input: &mut Input<'_>) -> Result<bool, Halt> {
        let (mut depth, mut is_key, mut list, mut index) = (0u64, false, List::Other, 0);
        while let Some(found) = token(input)? {
            match found {
                Token::Open(bracket) => {
                    depth += 1;
                    is_key = bracket == b'{';
                    index = 0;
                }
                Token::Close => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Ok(true);
                    }
                }
                Token::Colon => is_key = false,
                Token::Comma => {
                    index += 1;
                    is_key = depth == 1;
                }
                Token::Quote if is_key && depth == 1 => {
                    let key = self.short(input)?;
                    list = match key.as_slice() {
                        b"sources" => List::Sources,
                        b"sourcesContent" => List::Contents,
                        _ => List::Other,
                    };
                }
                Token::Quote if depth == 2 && list == List::Contents => self.content(input, index)?,
                Token::Quote => {
                    let text = self.short(input)?;
                    if depth == 2 && list == List::Sources && self.names.len() < NAMES {
                        self.names.push(text);
                    }
                }
            }
        }
        Ok(false)
    }

    fn content(&mut self, input: &mut Input<'_>, index: usize) -> Result<(), Halt> {
        let fallback = format!("sourcesContent[{index}]").into_bytes();
        let name = self.names.get(index).filter(|name| !name.is_empty()).unwrap_or(&fallback);
        let mut text = Quoted::new(input);
        self.sink.member(&Member { name, kind: MemberKind::File, size: None }, &mut text)?;
        io::copy(&mut text, &mut io::sink())?;
        Ok(())
    }

    /// A string that is scanned with others like it, a line each; a long one by itself. Returns what is short.
    fn short(&mut self, input: &mut Input<'_>) -> Result<Vec<u8>, Halt> {
        let mut quoted = Quoted::new(input);
        let mut text = Vec::new();
        (&mut quoted).take(SHORT).read_to_end(&mut text)?;
        if text.len() as u64 == SHORT {
            self.sink.raw(&mut text.as_slice().chain(&mut quoted))?;
            io::copy(&mut quoted, &mut io::sink())?;
            return Ok(Vec::new());
        }
        self.gathered.extend_from_slice(&text);
        self.gathered.push(b'\n');
        if self.gathered.len() >= GATHERED {
            self.flush()?;
        }
        Ok(text)
    }

    fn flush(&mut self) -> Result<(), Halt> {
        let gathered = std::mem::take(&mut self.gathered);
        if !gathered.is_empty() {
            self.sink.raw(&mut gathered.as_slice())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Seen, seen};
    use super::*;

    #[test]
    fn each_source_is_a_member() {
        let bytes = br#"{"version":3,"file":"x.js","sources":["a.ts","b.ts"],"names":["f"],"sourcesContent":["l1\nk = \"v\"\n",null,"z"],"mappings":"AAAA"} tail"#;
        assert!(SourceMap.probe(&Head { start: bytes, tail: &[] }));
        let members = vec![("a.ts", "l1\nk = \"v\"\n"), ("sourcesContent[2]", "z")].into();
        let raw = b"version\nfile\nx.js\nsources\na.ts\nb.ts\nnames\nf\nsourcesContent\nmappings\nAAAA\n tail".to_vec();
        assert_eq!(seen(&SourceMap, bytes), Seen { members, raw, ..Seen::default() });
        let late = br#"{"version":3,"sections":[{"map":{"sourcesContent":["q"]}}],"sourcesContent":["c"],"sources":["a"]"#;
        let found = seen(&SourceMap, late);
        assert_eq!((found.members, found.gaps), (vec![("sourcesContent[0]", "c")].into(), vec![GapReason::Truncated]));
        assert!(!SourceMap.probe(&Head { start: br#"{"version":3,"packages":{}}"#, tail: &[] }));
    }
}
