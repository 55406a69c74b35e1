//! What tests of formats ask: what an extractor yields.

use super::{Extractor, Halt, Input, Member, Sink, Stop, Text};
use crate::finding::GapReason;
use std::io::Read;

/// Names and texts.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Texts(pub(crate) Vec<(String, String)>);

impl From<Vec<(&str, &str)>> for Texts {
    fn from(texts: Vec<(&str, &str)>) -> Self {
        Self(texts.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
    }
}

/// What was pushed.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) texts: Texts,
    pub(crate) members: Texts,
    pub(crate) raw: Vec<u8>,
    pub(crate) numbers: Vec<u8>,
    pub(crate) gaps: Vec<GapReason>,
}

/// All that an extractor yields of some bytes; how it ended is a gap like the others. What it leaves is raw, as
/// the walker has it.
pub(crate) fn seen(extractor: &dyn Extractor, bytes: &[u8]) -> Seen {
    let mut seen = Seen::default();
    let mut input = Input::memory(bytes);
    if let Err(Halt::Broken(reason, _)) = extractor.extract(&mut input, &mut seen) {
        seen.gaps.push(reason);
    }
    let _ = input.read_to_end(&mut seen.raw);
    seen
}

impl Sink for Seen {
    fn member(&mut self, member: &Member<'_>, body: &mut dyn Read) -> Result<(), Stop> {
        let mut text = Vec::new();
        let _ = body.read_to_end(&mut text);
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.members.0.push((shown(member.name), shown(&text)));
        Ok(())
    }

    fn raw(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        let _ = body.read_to_end(&mut self.raw);
        Ok(())
    }

    fn numbers(&mut self, body: &mut dyn Read) -> Result<(), Stop> {
        let _ = body.read_to_end(&mut self.numbers);
        Ok(())
    }

    fn text(&mut self, text: &Text<'_>) -> Result<(), Stop> {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.texts.0.push((shown(text.name), shown(text.bytes)));
        Ok(())
    }

    fn gap(&mut self, reason: GapReason, _: String, _: Option<u64>) {
        self.gaps.push(reason);
    }
}
