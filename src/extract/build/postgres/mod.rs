//! Archives of PostgreSQL: what `pg_dump -Fc` writes.
//!
//! No specification; PostgreSQL 9 to 17 write versions 1.12 to 1.16. A table of contents has the statements in plain
//! SQL; behind it stand the rows of each table and large objects, packed, in chunks with their length before them. Rows
//! are a member each, behind the statement that names their columns, so that [`CopyRows`] can tell them by name.

mod contents;
mod copy;

pub use copy::CopyRows;

use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, ReadSeek, Sink};
use crate::finding::GapReason;
use crate::place::escaped;
use contents::{Contents, Packing};
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// An archive of PostgreSQL.
pub struct PgDump;

/// How it begins.
const MAGIC: &[u8] = b"PGDMP";
/// The longest table of contents.
const TABLE: u64 = 16 << 20;
/// Kinds of blocks: rows, and large objects.
const ROWS: u8 = 1;
const OBJECTS: u8 = 3;
/// The largest window of zstd, as for all frames inside others.
const WINDOW_LOG: u32 = 23;

impl Extractor for PgDump {
    fn name(&self) -> &'static str {
        "PostgreSQL archive"
    }

    fn about(&self) -> About {
        About {
            title: "PostgreSQL archive (pg_dump -Fc)",
            reads: "rows of all tables by their columns, or by the name that the row has for its value; large objects; statements",
            limits: "a table of contents of up to 16 MiB",
            specification: "https://www.postgresql.org/docs/current/app-pgdump.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        // Of tar (3) and directory (5) it is the table of contents alone.
        head.has(0, MAGIC) && head.has(5, &[1]) && head.start.get(10) == Some(&1)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut file = input.seekable()?;
        let mut table = Vec::new();
        (&mut file).take(TABLE).read_to_end(&mut table)?;
        let Some(contents) = Contents::read(&table) else {
            let detail = "PostgreSQL archive: a table of contents that cannot be read; scanned as it is";
            return Err(Halt::Broken(GapReason::Damaged, detail.into()));
        };
        table.truncate(contents.end);
        sink.raw_at(0, &mut table.as_slice())?;
        file.seek(SeekFrom::Start(contents.end as u64))?;
        blocks(&contents, &mut BufReader::new(&mut file), sink)
    }
}

type File<'r, 'f> = BufReader<&'r mut Box<dyn ReadSeek + 'f>>;

/// Reads all blocks. What is none is scanned as it is.
fn blocks(contents: &Contents, file: &mut File<'_, '_>, sink: &mut dyn Sink) -> Result<(), Halt> {
    let (mut count, mut at) = (0, contents.end as u64);
    while let (Some(kind @ (ROWS | OBJECTS)), Some(id)) = (byte(file)?, contents.number(file)?) {
        count += 1;
        let entry = contents.entries.get(&id);
        let mut is_whole = true;
        if kind == ROWS {
            let name = entry.map(|entry| entry.name.clone()).unwrap_or_default();
            let statement = entry.map(|entry| entry.copy.as_slice()).unwrap_or_default();
            is_whole = member(contents, &name, statement, file, sink)?;
        } else {
            loop {
                match contents.number(file)? {
                    Some(0) => break,
                    Some(object) => is_whole &= member(contents, format!("object {object}").as_bytes(), b"", file, sink)?,
                    None => {
                        sink.gap(GapReason::Truncated, "PostgreSQL archive: ends within its large objects".into(), None);
                        is_whole = false;
                        break;
                    }
                }
            }
        }
        let end = file.stream_position()?;
        if !is_whole {
            file.seek(SeekFrom::Start(at))?;
            sink.raw_at(at, &mut (&mut *file).take(end - at))?;
            file.seek(SeekFrom::Start(end))?;
        }
        at = end;
    }
    if count < contents.blocks {
        sink.gap(GapReason::Truncated, "PostgreSQL archive: ends before its rows do".into(), None);
    }
    file.seek(SeekFrom::Start(at))?;
    Ok(sink.raw_at(at, file)?)
}

fn byte(file: &mut dyn Read) -> io::Result<Option<u8>> {
    let mut bytes = Vec::new();
    file.take(1).read_to_end(&mut bytes)?;
    Ok(bytes.first().copied())
}

/// Tells what is packed in the chunks at hand, behind the statement that it belongs to. `false` if it is not whole.
fn member(
    contents: &Contents,
    name: &[u8],
    statement: &[u8],
    file: &mut File<'_, '_>,
    sink: &mut dyn Sink,
) -> Result<bool, Halt> {
    let mut chunks = Chunks { contents, file, left: 0, is_ended: false };
    let is_unpacked = {
        let unpacked: Box<dyn Read + '_> = match contents.packing {
            Packing::None => Box::new(&mut chunks),
            Packing::Zlib => Box::new(flate2::read::ZlibDecoder::new(&mut chunks)),
            Packing::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(&mut chunks)),
            Packing::Zstd => {
                let mut decoder = zstd::Decoder::new(&mut chunks)?;
                decoder.window_log_max(WINDOW_LOG)?;
                Box::new(decoder)
            }
        };
        let mut body = statement.chain(unpacked);
        sink.member(&Member { name, kind: MemberKind::File, size: None }, &mut body)?;
        io::copy(&mut body, &mut io::sink()).is_ok()
    };
    let is_whole = is_unpacked & io::copy(&mut chunks, &mut io::sink()).is_ok();
    if !is_whole {
        let detail = format!("PostgreSQL archive: {} cannot be unpacked to its end", escaped(name));
        sink.gap(GapReason::Damaged, detail, None);
    }
    Ok(is_whole)
}

/// Chunks with their length before each, up to one of none.
struct Chunks<'c, 'r, 'f> {
    contents: &'c Contents,
    file: &'c mut File<'r, 'f>,
    left: u64,
    is_ended: bool,
}

impl Read for Chunks<'_, '_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            if self.is_ended || buffer.is_empty() {
                return Ok(0);
            }
            let length = self.contents.number(self.file)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            self.left = u64::try_from(length).map_err(|_| io::ErrorKind::InvalidData)?;
            self.is_ended = length == 0;
        }
        let count = (&mut *self.file).take(self.left).read(buffer)?;
        self.left -= count as u64;
        if count == 0 && !buffer.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(count) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;
    use std::io::Write;

    /// An archive of one table and one large object, in the version of PostgreSQL 16.
    fn archive(packing: u8, rows: &[u8]) -> Vec<u8> {
        let int = |number: i32| [&[u8::from(number < 0)][..], &number.unsigned_abs().to_le_bytes()].concat();
        let text = |text: &str| [&int(text.len() as i32)[..], text.as_bytes()].concat();
        let packed = match packing {
            0 => rows.to_vec(),
            1 => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(rows).unwrap();
                encoder.finish().unwrap()
            }
            2 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(rows).unwrap();
                encoder.finish().unwrap()
            }
            _ => zstd::encode_all(rows, 1).unwrap(),
        };
        let entry = |id: i32, kind: &str, copy: &str| {
            let texts = ["0", "0", "users", kind].map(text).concat();
            let more = ["", "", copy, "public", "", "heap", "owner", "false"].map(text).concat();
            let more = [text("create"), more[5..].to_vec()].concat();
            [int(id), int(1), texts, int(3), more, int(-1), vec![2], vec![0; 8]].concat()
        };
        let chunks = |bytes: &[u8]| {
            let (first, second) = bytes.split_at(bytes.len() / 2);
            [int(first.len() as i32), first.to_vec(), int(second.len() as i32), second.to_vec(), int(0)].concat()
        };
        [
            b"PGDMP\x01\x0f\0\x04\x08\x01".to_vec(),
            vec![packing],
            int(0).repeat(7),
            ["shop", "16", "16"].map(text).concat(),
            int(2),
            entry(7, "TABLE DATA", "COPY public.users (id, password) FROM stdin;\n"),
            entry(9, "BLOBS", ""),
            [&[ROWS][..], &int(7), &chunks(&packed)].concat(),
            [&[OBJECTS][..], &int(9), &int(11), &chunks(&packed), &int(0)].concat(),
        ]
        .concat()
    }

    #[test]
    fn rows_and_objects_are_members() {
        for packing in 0..4 {
            let bytes = archive(packing, b"1\tone\n");
            assert!(PgDump.probe(&Head { start: &bytes, tail: &[] }));
            let found = seen(&PgDump, &bytes);
            let rows = "COPY public.users (id, password) FROM stdin;\n1\tone\n";
            assert_eq!(found.members, vec![("public.users", rows), ("object 11", "1\tone\n")].into(), "{packing}");
            assert!(found.gaps.is_empty() && memchr::memmem::find(&found.raw, b"create").is_some(), "{:?}", found.gaps);
        }
    }

    #[test]
    fn a_cut_is_told() {
        for packing in 0..4 {
            let bytes = archive(packing, b"1\tone\n");
            for cut in 11..bytes.len() {
                assert!(!seen(&PgDump, &bytes[..cut]).gaps.is_empty(), "{packing} {cut}");
            }
        }
    }
}
