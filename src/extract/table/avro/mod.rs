//! Avro object containers: records of one schema, block behind block, as Kafka, Hadoop and Spark keep them.
//!
//! Format: <https://avro.apache.org/docs/1.12.0/specification/>, "Object Container Files". A magic number, settings of which
//! one is the schema and one the codec, sixteen bytes that end each block; then blocks: how many values, how many bytes,
//! the values, packed or not. Texts are told by the path of their fields; all else is scanned as it is, unpacked.

mod schema;
mod values;

use super::super::cursor::{be32, varint};
use super::super::{About, Extractor, Halt, Head, Input, Sink, Text};
use super::codec::{self, Codec};
use super::gathered::Gathered;
use crate::finding::GapReason;
use schema::Schema;
use std::io::{BufRead, Read};
use std::ops::Range;
use values::{Values, Work, signed};

/// Avro object containers.
pub struct Avro;

const MAGIC: &[u8] = b"Obj\x01";
/// What ends a block.
const SYNC: usize = 16;
/// The settings, and a block packed and unpacked.
const SETTINGS: u64 = 16 << 20;
const BLOCK: u64 = 16 << 20;
/// Bytes that are gathered before they are scanned as they are.
const GATHERED: usize = 512 << 10;
/// What blocks may come to: so many bytes, and so many times what was read.
const FLOOR: u64 = 64 << 20;
const RATIO: u64 = 200;

impl Extractor for Avro {
    fn name(&self) -> &'static str {
        "Avro"
    }

    fn about(&self) -> About {
        About {
            title: "Avro object container",
            reads: "texts by the path of their fields, or by the name that their record has for them, in every codec; settings; \
                    binaries opened; all else as it is, unpacked",
            limits: "settings and blocks of up to 16 MiB; values in 64 others",
            specification: "https://avro.apache.org/docs/1.12.0/specification/",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        head.has(0, MAGIC)
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut file = Container { held: Gathered::of("Avro"), ..Container::default() };
        let read = file.settings(input, sink).and_then(|()| file.blocks(input, sink));
        if !matches!(read, Err(Halt::Stop)) {
            file.held.flush(sink)?;
        }
        read
    }
}

fn broken<T>(reason: GapReason, what: &str) -> Result<T, Halt> {
    Err(Halt::Broken(reason, format!("Avro: {what}")))
}

/// A container on its way.
#[derive(Default)]
struct Container {
    held: Gathered,
    schema: Option<Schema>,
    /// How blocks are packed, if that is known.
    codec: Option<Codec>,
    /// Whether each block is closed by a checksum of its own.
    has_sums: bool,
    sync: Vec<u8>,
    work: Work,
    /// Bytes that blocks came to.
    made: u64,
}

impl Container {
    /// Takes so many bytes. Returns where in [`Self::held`] they stand.
    fn whole(&mut self, input: &mut Input<'_>, count: u64) -> Result<Range<usize>, Halt> {
        let at = self.held.bytes.len();
        let got = (&mut *input).take(count).read_to_end(&mut self.held.bytes)?;
        if got as u64 == count { Ok(at..at + got) } else { broken(GapReason::Truncated, "ends within a block") }
    }

    /// Takes a number of variable length.
    fn number(&mut self, input: &mut Input<'_>) -> Result<i64, Halt> {
        let number = varint::<Halt>(|| {
            let byte = self.whole(input, 1)?;
            Ok(self.held.bytes.get(byte.start).copied())
        })?;
        number.map_or_else(|| broken(GapReason::Damaged, "a number that is none"), |number| Ok(signed(number)))
    }

    /// Reads what stands before the blocks.
    fn settings(&mut self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        self.whole(input, MAGIC.len() as u64)?;
        self.codec = Some(Codec::Plain);
        loop {
            let count = self.number(input)?;
            if count < 0 {
                // How many bytes they have.
                self.number(input)?;
            }
            for _ in 0..count.unsigned_abs() {
                let key = self.setting(input)?;
                let value = self.setting(input)?;
                self.set(key, value, sink)?;
            }
            if count == 0 {
                break;
            }
        }
        let sync = self.whole(input, SYNC as u64)?;
        self.sync = self.held.bytes.get(sync).unwrap_or_default().to_vec();
        if self.schema.is_none() {
            self.held.gap(GapReason::Damaged, "a schema that cannot be understood; texts have no names", sink);
        }
        Ok(())
    }

    /// Takes a key or a value of the settings.
    fn setting(&mut self, input: &mut Input<'_>) -> Result<Range<usize>, Halt> {
        let Ok(length) = u64::try_from(self.number(input)?) else { return broken(GapReason::Damaged, "a setting of no length") };
        if length.saturating_add(self.held.bytes.len() as u64) > SETTINGS {
            return broken(GapReason::SizeLimit, "settings of more than 16 MiB; scanned as they are");
        }
        self.whole(input, length)
    }

    fn set(&mut self, key: Range<usize>, value: Range<usize>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let key = self.held.bytes.get(key).unwrap_or_default();
        let bytes = self.held.bytes.get(value.clone()).unwrap_or_default();
        sink.text(&Text { name: key, key, bytes, offset: value.start as u64 })?;
        match key {
            b"avro.schema" => self.schema = Schema::parse(bytes),
            b"avro.codec" => {
                (self.codec, self.has_sums) = (codec_of(bytes), bytes == b"snappy");
                if self.codec.is_none() {
                    self.held.gap(GapReason::Unsupported, "a codec that is not known; blocks are scanned as they are", sink);
                }
            }
            _ => {}
        }
        self.held.blank(value);
        Ok(())
    }

    /// Reads the blocks.
    fn blocks(&mut self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        while !input.fill_buf()?.is_empty() {
            let (count, size) = (self.number(input)?, self.number(input)?);
            let Ok(size) = u64::try_from(size) else { return broken(GapReason::Damaged, "a block of no length") };
            if size > BLOCK {
                self.held.gap(GapReason::SizeLimit, "a block of more than 16 MiB; scanned as it is", sink);
                self.pass(input, size, sink)?;
            } else {
                let block = self.whole(input, size)?;
                self.block(count, block, sink)?;
            }
            let sync = self.whole(input, SYNC as u64)?;
            if self.held.bytes.get(sync.clone()) != Some(&self.sync) {
                self.held.gap(
                    GapReason::Damaged,
                    "a block that does not end where it says; goes on behind the next one that does",
                    sink,
                );
                self.resync(input, sync, sink)?;
            }
            if self.held.bytes.len() > GATHERED {
                self.held.flush(sink)?;
            }
        }
        Ok(())
    }

    /// Scans so many bytes as they are.
    fn pass(&mut self, input: &mut Input<'_>, size: u64, sink: &mut dyn Sink) -> Result<(), Halt> {
        self.held.flush(sink)?;
        let before = input.position();
        sink.raw_at(self.held.start, &mut (&mut *input).take(size))?;
        self.held.start += input.position() - before;
        Ok(())
    }

    /// Goes on to where a block ends; what lies before that is scanned as it is.
    fn resync(&mut self, input: &mut Input<'_>, last: Range<usize>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut seen = self.held.bytes.get(last).unwrap_or_default().to_vec();
        loop {
            // A mark may begin in what was seen before.
            seen.drain(..seen.len().saturating_sub(SYNC - 1));
            let before = seen.len();
            let ahead = input.fill_buf()?;
            seen.extend_from_slice(ahead.get(..GATHERED).unwrap_or(ahead));
            let found = memchr::memmem::find(&seen, &self.sync).map(|at| at + SYNC);
            let taken = found.unwrap_or(seen.len());
            self.held.bytes.extend_from_slice(seen.get(before..taken).unwrap_or_default());
            input.consume(taken.saturating_sub(before));
            if found.is_some() || taken == before {
                return Ok(());
            }
            self.held.flush(sink)?;
        }
    }

    /// Tells the values of a block that stands in [`Self::held`].
    fn block(&mut self, count: i64, block: Range<usize>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let Some(codec) = self.codec else { return Ok(()) };
        let (start, stored) =
            (self.held.start + block.start as u64, self.held.bytes.get(block.clone()).unwrap_or_default().to_vec());
        if codec == Codec::Plain {
            for told in self.values(count, &stored, &|at| start + at as u64, true, sink)? {
                self.held.blank(block.start + told.start..block.start + told.end);
            }
            return Ok(());
        }
        let Some(mut plain) = self.unpacked(codec, stored, sink)? else { return Ok(()) };
        // What it was packed from may show in it.
        self.held.blank(block);
        for told in self.values(count, &plain, &|_| start, false, sink)? {
            plain.get_mut(told).unwrap_or_default().fill(0);
        }
        Ok(sink.raw(&mut plain.as_slice())?)
    }

    fn unpacked(&mut self, codec: Codec, mut packed: Vec<u8>, sink: &mut dyn Sink) -> Result<Option<Vec<u8>>, Halt> {
        let sum = if self.has_sums { packed.split_off(packed.len().saturating_sub(4)) } else { Vec::new() };
        let Ok(plain) = codec::unpacked(codec, packed, BLOCK + 1, BLOCK + 1) else {
            self.held.gap(GapReason::Damaged, "a block that cannot be unpacked; scanned as it is", sink);
            return Ok(None);
        };
        if self.has_sums && be32(&sum, 0) != Some(crc32fast::hash(&plain)) {
            self.held.gap(GapReason::Damaged, "a block whose checksum does not hold", sink);
        }
        if plain.len() as u64 > BLOCK {
            self.held.gap(GapReason::SizeLimit, "a block of more than 16 MiB; its start was read", sink);
        }
        self.made += plain.len() as u64;
        if self.made > self.held.end().saturating_mul(RATIO).saturating_add(FLOOR) {
            return broken(GapReason::ExpansionLimit, "unpacks to far more than honest data does; the rest is scanned as it is");
        }
        Ok(Some(plain))
    }

    /// Tells values, and returns where those stand that were told.
    fn values(
        &mut self,
        count: i64,
        bytes: &[u8],
        place: &dyn Fn(usize) -> u64,
        is_plain: bool,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Range<usize>>, Halt> {
        let Some(schema) = &self.schema else { return Ok(Vec::new()) };
        let mut values = Values::new(schema, bytes, place, is_plain, &mut self.work, sink);
        let read = values.read(count);
        let told = values.told;
        match read {
            Err(Halt::Broken(reason, what)) => self.held.gap(reason, &what, sink),
            read => read?,
        }
        Ok(told)
    }
}

/// How blocks are packed.
fn codec_of(name: &[u8]) -> Option<Codec> {
    Some(match name {
        b"null" | b"" => Codec::Plain,
        b"deflate" => Codec::Deflate,
        b"snappy" => Codec::Snappy,
        b"bzip2" => Codec::Bzip2,
        b"xz" => Codec::Xz,
        b"zstandard" => Codec::Zstd,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Seen, Texts, seen};
    use super::*;

    const END: &[u8; SYNC] = b"behind one block";

    /// A number of variable length, its lowest bit the sign.
    fn number(number: i64) -> Vec<u8> {
        let (mut left, mut bytes) = ((number << 1 ^ number >> 63) as u64, Vec::new());
        while left >= 0x80 {
            bytes.push(left as u8 | 0x80);
            left >>= 7;
        }
        bytes.push(left as u8);
        bytes
    }

    fn text(text: &[u8]) -> Vec<u8> {
        [&number(text.len() as i64)[..], text].concat()
    }

    fn head(schema: &str, codec: &str) -> Vec<u8> {
        let settings = [("avro.codec", codec), ("avro.schema", schema), ("note", "of the file")];
        let settings: Vec<_> = settings.iter().flat_map(|(key, value)| [text(key.as_bytes()), text(value.as_bytes())]).collect();
        [MAGIC, &number(3), &settings.concat(), &[0], END].concat()
    }

    fn block(count: i64, values: &[u8]) -> Vec<u8> {
        [&number(count)[..], &number(values.len() as i64), values, END].concat()
    }

    const ROW: &str = r#"{"type": "record", "name": "Row", "fields": [
        {"name": "value", "type": "string"}, {"name": "name", "type": ["null", "string"]}, {"name": "api_key", "type": "string"},
        {"name": "list", "type": {"type": "array", "items": ["null", "Row"]}},
        {"name": "map", "type": {"type": "map", "values": "bytes"}}]}"#;

    /// A row with a name for its value, which holds another that has none.
    fn row() -> Vec<u8> {
        let inner = [&text(b"a value of no name")[..], &[0, 0, 0, 0]].concat();
        let list = [&number(-2)[..], &number(inner.len() as i64 + 2), &number(1), &inner, &number(0), &[0]].concat();
        let map = [&number(1)[..], &text(b"key"), &text(b"a value of a map"), &[0]].concat();
        [&text(b"a named value")[..], &number(1), &text(b"app.note"), &text(b"one of its own"), &list, &map].concat()
    }

    const TOLD: [(&str, &str); 5] = [
        ("name", "app.note"),
        ("api_key", "one of its own"),
        ("list[0].value", "a value of no name"),
        ("map.key", "a value of a map"),
        ("app.note", "a named value"),
    ];

    fn check(bytes: &[u8], expected: &[(&str, &str)], gaps: &[GapReason]) -> Seen {
        assert!(Avro.probe(&Head { start: bytes, tail: &[] }));
        let mut found = seen(&Avro, bytes);
        found.texts.0.retain(|(name, _)| !name.starts_with("avro."));
        let all = [&[("note", "of the file")], expected].concat();
        assert_eq!((&found.texts, &found.gaps[..]), (&Texts::from(all), gaps));
        found
    }

    #[test]
    fn texts_have_their_path() {
        let row = row();
        let found = check(&[head(ROW, "null"), block(1, &row)].concat(), &TOLD, &[]);
        assert_eq!(memchr::memmem::find(&found.raw, b"a named value"), None);
        check(&[head(ROW, ""), block(1, &row), block(1, &row)].concat(), &[TOLD, TOLD].concat(), &[]);
        let packed = snap::raw::Encoder::new().compress_vec(&row).unwrap();
        let packed = [&packed[..], &crc32fast::hash(&row).to_be_bytes()].concat();
        check(&[head(ROW, "snappy"), block(1, &packed)].concat(), &TOLD, &[]);
        let packed = zstd::encode_all(&row[..], 1).unwrap();
        check(&[head(ROW, "zstandard"), block(1, &packed)].concat(), &TOLD, &[]);
    }

    #[test]
    fn what_is_broken_is_told_and_scanned_as_it_is() {
        let (row, packed) = (row(), zstd::encode_all(&row()[..], 1).unwrap());
        let sound = [head(ROW, "zstandard"), block(1, &packed)].concat();
        // A codec of another, a schema that is none, a count that lies.
        let raw = check(&[head(ROW, "lzo"), block(1, &row)].concat(), &[], &[GapReason::Unsupported]).raw;
        assert!(memchr::memmem::find(&raw, b"a named value").is_some());
        let raw = check(&[head("{", "zstandard"), block(1, &packed)].concat(), &[], &[GapReason::Damaged]).raw;
        assert!(memchr::memmem::find(&raw, b"a named value").is_some());
        check(&[head(ROW, "null"), block(2, &row)].concat(), &TOLD, &[GapReason::Damaged]);
        check(&[head(ROW, "null"), block(0, &row)].concat(), &[], &[GapReason::Damaged]);
        // A block that does not end where it says, and goes on behind the next that does.
        let mut odd = block(1, &packed);
        let at = odd.len() - 3;
        odd[at] ^= 1;
        check(
            &[head(ROW, "zstandard"), odd, block(1, &packed), block(1, &packed)].concat(),
            &[TOLD, TOLD].concat(),
            &[GapReason::Damaged],
        );
        let mut broken = sound.clone();
        let at = sound.len() - SYNC - packed.len();
        broken[at] ^= 0xff;
        assert_eq!(seen(&Avro, &broken).gaps, [GapReason::Damaged]);
        check(&sound[..sound.len() - 1], &TOLD, &[GapReason::Truncated]);
        assert_eq!(seen(&Avro, &sound[..20]).gaps, [GapReason::Truncated]);
        // Values of nothing, however many, and values in themselves.
        check(
            &[head(r#"{"type": "array", "items": "null"}"#, "null"), block(1, &number(1 << 60))].concat(),
            &[],
            &[GapReason::ExpansionLimit],
        );
        let itself = r#"{"type": "record", "name": "R", "fields": [{"name": "r", "type": "R"}]}"#;
        check(&[head(itself, "null"), block(1, &[])].concat(), &[], &[GapReason::DepthLimit]);
    }
}
