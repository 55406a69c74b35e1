//! Texts of a workbook (ECMA-376, SpreadsheetML): its sheets have numbers where texts belong, and one table for all
//! of them has the texts. A sheet is told with its texts in place, so that a cell can be read beside its head.

use super::super::xml::{Part, parts};
use std::ops::Range;

/// Where the table stands, and where the sheets do.
pub(super) const TABLE: &[u8] = b"xl/sharedStrings.xml";
const SHEETS: &[u8] = b"xl/worksheets/";
/// The longest table or sheet that is taken apart; what a sheet may grow by.
pub(super) const LONGEST: usize = 16 << 20;

/// Whether an entry is a sheet.
pub(super) fn is_sheet(name: &[u8]) -> bool {
    name.starts_with(SHEETS) && name.ends_with(b".xml")
}

/// The texts of a workbook.
pub(super) struct Strings {
    bytes: Vec<u8>,
    /// Where the runs of each text stand.
    texts: Vec<Vec<Range<usize>>>,
    used: Vec<bool>,
}

impl Strings {
    /// Takes the table.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
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
    pub(super) fn inlined(&mut self, sheet: &[u8]) -> Vec<u8> {
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
    pub(super) fn unused(mut self) -> Vec<u8> {
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
