//! Texts of a workbook (ECMA-376, SpreadsheetML): its sheets have numbers where texts belong, and one table for all
//! of them has the texts. A sheet is told with its texts in place, so that a cell can be read beside its head.

use super::super::xml::{Part, parts};
use super::super::{Member, Sink, Stop};
use std::io::Read;
use std::ops::Range;

/// Where the sheets stand.
const SHEETS: &[u8] = b"xl/worksheets/";
/// The longest table or sheet that is taken apart; what a sheet may grow by.
const LONGEST: usize = 16 << 20;

/// A workbook; nothing, if an archive is none.
#[derive(Default)]
pub(super) struct Workbook {
    strings: Option<Strings>,
    /// The entry that has the texts.
    table: Option<usize>,
}

impl Workbook {
    /// The entry that has the texts of all sheets.
    pub(super) const TABLE: &'static [u8] = b"xl/sharedStrings.xml";

    /// Takes the texts of the entry `index`, unless they are too long or cannot be read.
    pub(super) fn read(index: usize, entry: &mut dyn Read) -> Self {
        let mut bytes = Vec::new();
        match entry.take(LONGEST as u64 + 1).read_to_end(&mut bytes) {
            Ok(read) if read <= LONGEST => Self { strings: Some(Strings::new(bytes)), table: Some(index) },
            _ => Self::default(),
        }
    }

    /// The order in which entries are told: the texts come behind the sheets that have a place for them.
    pub(super) fn order(&self, count: usize) -> impl Iterator<Item = usize> + use<> {
        let table = self.table;
        (0..count).filter(move |index| Some(*index) != table).chain(table)
    }

    /// Tells an entry: a sheet with its texts in place, the table without those.
    pub(super) fn tell(
        &mut self,
        (index, member): (usize, &Member<'_>),
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<(), Stop> {
        if Some(index) == self.table
            && let Some(strings) = self.strings.take()
        {
            return sink.member(member, &mut strings.unused().as_slice());
        }
        let is_sheet = member.name.starts_with(SHEETS) && member.name.ends_with(b".xml");
        let Some(strings) = self.strings.as_mut().filter(|_| is_sheet) else { return sink.member(member, body) };
        let mut bytes = Vec::new();
        // What was read before a failure is told; the entry is swept for the rest.
        let read = (&mut *body).take(LONGEST as u64).read_to_end(&mut bytes);
        if read.is_ok_and(|read| read < LONGEST) {
            bytes = strings.inlined(&bytes);
        }
        sink.member(member, &mut bytes.as_slice().chain(body))
    }
}

/// The texts of a workbook.
struct Strings {
    bytes: Vec<u8>,
    /// Where the runs of each text stand.
    texts: Vec<Vec<Range<usize>>>,
    used: Vec<bool>,
}

impl Strings {
    /// Takes the table.
    fn new(bytes: Vec<u8>) -> Self {
        let (mut texts, mut inside): (Vec<Vec<Range<usize>>>, bool) = (Vec::new(), false);
        for part in parts(&bytes) {
            match part {
                Part::Open(tag, _) if tag.name == b"si" => texts.push(Vec::new()),
                Part::Open(tag, closed) if tag.name == b"t" => inside = !closed,
                Part::Close(b"t") => inside = false,
                Part::Text(range) if inside => texts.last_mut().map_or((), |text| text.push(range)),
                _ => {}
            }
        }
        let used = vec![false; texts.len()];
        Self { bytes, texts, used }
    }

    /// A sheet with the texts that its cells refer to.
    fn inlined(&mut self, sheet: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(sheet.len());
        let (mut refers, mut inside, mut done) = (false, false, 0);
        let most = sheet.len() + LONGEST;
        for part in parts(sheet) {
            match part {
                Part::Open(tag, _) if tag.name == b"c" => refers = tag.attribute(b"t") == Some(b"s"),
                Part::Open(tag, closed) if tag.name == b"v" => inside = !closed,
                Part::Close(b"v") => inside = false,
                Part::Text(range) if inside && refers => {
                    let index = sheet.get(range.clone()).and_then(|text| std::str::from_utf8(text).ok()?.trim().parse().ok());
                    let index: usize = index.unwrap_or(usize::MAX);
                    let Some(text) = self.texts.get(index).filter(|_| out.len() < most) else { continue };
                    out.extend_from_slice(sheet.get(done..range.start).unwrap_or_default());
                    for run in text {
                        out.extend_from_slice(self.bytes.get(run.clone()).unwrap_or_default());
                    }
                    if let Some(used) = self.used.get_mut(index) {
                        *used = true;
                    }
                    done = range.end;
                }
                _ => {}
            }
        }
        out.extend_from_slice(sheet.get(done..).unwrap_or_default());
        out
    }

    /// The table with blanks in place of the texts that stood in a sheet.
    fn unused(mut self) -> Vec<u8> {
        for (text, _) in self.texts.iter().zip(&self.used).filter(|(_, used)| **used) {
            for run in text {
                if let Some(covered) = self.bytes.get_mut(run.clone()) {
                    covered.fill(b' ');
                }
            }
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_get_their_texts() {
        let table = b"<sst><si><t>one</t></si><si><r><t>tw</t></r><r><t>o</t></r></si><si><t>three</t></si></sst>";
        let mut strings = Strings::new(table.to_vec());
        let sheet = b"<row><c t=\"s\"><v>1</v></c><c><v>2</v></c><c t=\"s\"><v>9</v></c><c t=\"s\"><v>0</v></c></row>";
        let expected = "<row><c t=\"s\"><v>two</v></c><c><v>2</v></c><c t=\"s\"><v>9</v></c><c t=\"s\"><v>one</v></c></row>";
        assert_eq!(String::from_utf8_lossy(&strings.inlined(sheet)), expected);
        let left = String::from_utf8(strings.unused()).unwrap();
        assert!(left.len() == table.len() && left.contains("three") && !left.contains("one") && !left.contains("tw"));
    }
}
