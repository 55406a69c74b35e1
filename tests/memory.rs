//! Peak memory does not depend on the size of what is scanned.
//!
//! A binary of its own, since it counts what is allocated, and nothing else may run beside that.

#[path = "it/counting.rs"]
mod counting;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Write};
use std::path::Path;
use watertight::blob::{Digest, Hashed, Hasher};
use watertight::detect::Engine;
use watertight::forge::filler::expand;
use watertight::limits::Limits;
use watertight::rules::RuleSet;
use watertight::scan::{Options, Progress, scan};
use watertight::source::{self, Choice};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// Workers; each has buffers of its own, so the bound is for so many.
const THREADS: usize = 2;

/// Bytes in flight (`Limits::gauge`), and for each worker a window with its context, a batch, a held
/// container of four megabytes and what its decoders take.
const MOST: usize = (24 + THREADS * 16) << 20;

const MIB: usize = 1 << 20;

/// Peaks below this are not told apart.
const FLOOR: usize = 12 * MIB;

/// Text of so many bytes, with a token at its end.
fn text(length: usize) -> impl Read {
    let token = expand("\ntoken = ghp_<base62:30><crc32>\n", 1);
    let line = io::repeat(b'x').take(72).chain(&b"\n"[..]);
    let mut block = Vec::new();
    line.take(73).read_to_end(&mut block).expect("memory");
    let block = block.repeat(900);
    let left = length - token.len();
    Cycle { block, at: 0 }.take(left as u64).chain(Cursor::new(token))
}

struct Cycle {
    block: Vec<u8>,
    at: usize,
}

impl Read for Cycle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (&self.block[self.at..]).read(buffer)?;
        self.at = (self.at + count) % self.block.len();
        Ok(count)
    }
}

/// Writes the tar of a layer with `size` bytes of content.
type Fill = fn(&mut tar::Builder<&mut dyn Write>, usize);

fn append(tar: &mut tar::Builder<&mut dyn Write>, name: &str, size: usize, body: impl Read) {
    let mut header = tar::Header::new_gnu();
    header.set_size(size as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, name, body).expect("room for a layer");
}

fn one_file(tar: &mut tar::Builder<&mut dyn Write>, size: usize) {
    append(tar, "huge.txt", size, text(size));
}

fn many_files(tar: &mut tar::Builder<&mut dyn Write>, size: usize) {
    append(tar, "first.txt", 8192, text(8192));
    for number in 1..size / 8192 {
        append(tar, &format!("d{}/{number}.txt", number % 100), 8192, text(9000).take(8192));
    }
}

fn empty_files(tar: &mut tar::Builder<&mut dyn Write>, size: usize) {
    for number in 0..size / 1024 {
        append(tar, &format!("d{}/{}{number}", number % 100, "n".repeat(80)), 0, io::empty());
    }
}

/// A zip that is too long to be held, with one entry of all the bytes.
fn long_zip(tar: &mut tar::Builder<&mut dyn Write>, size: usize) {
    let mut writer = zip::ZipWriter::new(tempfile::tempfile().expect("a file"));
    let method = |method| zip::write::SimpleFileOptions::default().compression_method(method);
    writer.start_file("stored.txt", method(zip::CompressionMethod::Stored)).expect("an entry");
    io::copy(&mut text(size / 4), &mut writer).expect("room for a zip");
    writer.start_file("deflated.txt", method(zip::CompressionMethod::Deflated)).expect("an entry");
    io::copy(&mut text(size - size / 4), &mut writer).expect("room for a zip");
    let mut file = writer.finish().expect("a zip");
    let length = io::Seek::stream_position(&mut file).expect("a file");
    io::Seek::rewind(&mut file).expect("a file");
    append(tar, "long.zip", length as usize, file);
}

/// An image as `docker save` writes it, of one compressed layer.
fn image(path: &Path, fill: Fill, size: usize) {
    let mut layer = GzEncoder::new(BufWriter::new(tempfile::tempfile().expect("a file")), Compression::fast());
    let mut tar = tar::Builder::new(&mut layer as &mut dyn Write);
    fill(&mut tar, size);
    tar.finish().expect("room for a layer");
    drop(tar);
    let mut layer = layer.finish().expect("a stream").into_inner().expect("a file");
    let length = layer.metadata().expect("a file").len() as usize;
    io::Seek::rewind(&mut layer).expect("a file");
    let mut hashed = Hashed::new(flate2::read::GzDecoder::new(&layer), Hasher::sha256());
    io::copy(&mut hashed, &mut io::sink()).expect("a stream");
    let (diff_id, _): (Digest, _) = hashed.finish();
    io::Seek::rewind(&mut layer).expect("a file");
    let config = json!({"rootfs": {"type": "layers", "diff_ids": [diff_id.as_str()]}}).to_string();
    let manifest = json!([{"Config": "c.json", "Layers": ["l.tar"]}]).to_string();
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    let mut outer = tar::Builder::new(&mut out as &mut dyn Write);
    append(&mut outer, "l.tar", length, layer);
    append(&mut outer, "c.json", config.len(), config.as_bytes());
    append(&mut outer, "manifest.json", manifest.len(), manifest.as_bytes());
    outer.finish().expect("room for an archive");
}

/// The most that was allocated at a time while an image of that size was scanned, beyond what was before.
fn peak(engine: &Engine, fill: Fill, size: usize, tokens: usize) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("image.tar");
    image(&path, fill, size);
    let (audit, peak) = counting::peak(|| {
        let artifact = source::open(path.to_str().expect("UTF-8"), &Choice::default(), &Limits::default()).expect("an image");
        let options = Options { threads: THREADS, ..Options::default() };
        scan(&artifact, engine, &options, &Progress::default()).expect("threads")
    });
    assert_eq!(audit.gaps, [], "all of it is read");
    assert_eq!(audit.incidents.len(), tokens, "and what is in it is found");
    peak
}

#[test]
fn a_layer_four_times_as_large_takes_no_more_memory() {
    let engine = Engine::new(&RuleSet::builtin().expect("the built-in rules")).expect("an engine");
    let mut told = Vec::new();
    let mut fine = true;
    let cases: [(&str, Fill, usize); 4] =
        [("one file", one_file, 1), ("many files", many_files, 1), ("empty files", empty_files, 0), ("a long zip", long_zip, 1)];
    for (what, fill, tokens) in cases {
        let [small, large] = [64 * MIB, 256 * MIB].map(|size| peak(&engine, fill, size, tokens));
        told.push(format!("{what}: {} KiB of 64 MiB, {} KiB of 256 MiB", small >> 10, large >> 10));
        // Below the floor lies what names are remembered as: eight bytes a file, whatever it holds.
        fine &= large <= MOST && large * 10 <= small.max(FLOOR) * 12;
    }
    assert!(fine, "{told:#?}");
}
