//! CatBoost's own format: trees in a FlatBuffer, with settings beside them.
//!
//! Format: `catboost/libs/model/flatbuffers/model.fbs` of <https://github.com/catboost/catboost>. `CBM1`, the length of the
//! core, the core, and parts for models with texts. The core's `InfoMap` has the parameters of the training, as JSON, and
//! whatever was noted beside them.

use super::super::flatbuffer::Table;
use super::super::{About, Extractor, Halt, Head, Input, Sink, Text};
use crate::finding::GapReason;
use std::collections::HashSet;
use std::io::Read;

/// CatBoost.
pub struct CatBoost;

const MAGIC: &[u8] = b"CBM1";
/// The longest core that is held; of a longer one nothing is told by its key.
const CORE: u64 = 32 << 20;
/// Settings of a model.
const SETTINGS: usize = 10_000;
/// Bytes of a key that are kept.
const KEY: usize = 1024;

impl Extractor for CatBoost {
    fn name(&self) -> &'static str {
        "CatBoost"
    }

    fn about(&self) -> About {
        About {
            title: "CatBoost",
            reads: "settings by their key, JSON in them; all else as it is",
            limits: "a core of up to 32 MiB by its keys",
            specification: "https://github.com/catboost/catboost",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, MAGIC) && head.start.len() >= 16
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut start = [0; 8];
        input.read_exact(&mut start)?;
        let [_, _, _, _, length @ ..] = start;
        let length = u64::from(u32::from_le_bytes(length));
        if length > CORE {
            sink.gap(GapReason::SizeLimit, "CatBoost: its core is too long to be held; scanned as it is".into(), None);
            return Ok(());
        }
        let mut core = Vec::new();
        let got = (&mut *input).take(length).read_to_end(&mut core)? as u64;
        let told = match Table::root(&core) {
            Some(table) => {
                let mut places = HashSet::new();
                for pair in table.list(2).tables().take(SETTINGS) {
                    // What several refer to is told once.
                    let Some(place) = pair.place(1).filter(|place| places.insert(place.clone())) else { continue };
                    let key = pair.text(0);
                    let key = key.get(..KEY).unwrap_or(key);
                    sink.text(&Text { name: key, key, bytes: pair.text(1), offset: 8 + place.start as u64 })?;
                }
                places
            }
            None => HashSet::new(),
        };
        told.into_iter().for_each(|range| core.get_mut(range).unwrap_or_default().fill(0));
        sink.raw(&mut core.as_slice())?;
        if got < length {
            sink.gap(GapReason::Truncated, "CatBoost: ends before its core does".into(), Some(length - got));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    /// A core with one setting: tables put together from the end of the format's own description.
    fn core() -> Vec<u8> {
        let long = |n: u32| n.to_le_bytes();
        [
            // The root at 16, its vtable at 4: fields 0 and 1 are not there, field 2 is at 4.
            &long(16)[..],
            &[10, 0, 8, 0, 0, 0, 0, 0, 4, 0, 0, 0],
            &long(12),
            &long(4),
            // The list at 24: one table at 40, whose vtable is at 32.
            &long(1),
            &long(12),
            &[8, 0, 12, 0, 4, 0, 8, 0],
            &long(8),
            &long(8),
            &long(16),
            // Key at 52, value at 64.
            &long(4),
            b"note\0\0\0\0",
            &long(5),
            b"words\0\0\0",
        ]
        .concat()
    }

    #[test]
    fn settings_are_told() {
        let core = core();
        let file = [MAGIC, &(core.len() as u32).to_le_bytes(), &core, b"parts"].concat();
        assert!(CatBoost.probe(&Head { start: &file, tail: &[] }));
        let found = seen(&CatBoost, &file);
        assert_eq!((found.texts, found.gaps), (vec![("note", "words")].into(), vec![]));
        assert!(found.raw.ends_with(b"parts") && !found.raw.windows(5).any(|raw| raw == b"words"));
        assert_eq!(seen(&CatBoost, &file[..40]).gaps, [GapReason::Truncated]);
    }
}
