//! HDF5: a file system of arrays in one file, as Keras, h5py, `PyTables` and MATLAB keep models and data.
//!
//! Format: HDF5 File Format Specification 3.0, <https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html>. Sections are quoted
//! by their numbers. Groups lead to groups and datasets, each with attributes; texts stand in an object's header, in
//! heaps of three kinds, in arrays that are contiguous, or chunked and packed. Every object is visited once, its texts
//! are told by their path, and whatever no structure accounts for is scanned as it is: see [`super::super::told`].

mod attribute;
mod chunks;
mod dataset;
mod datatype;
mod file;
mod group;
mod header;
mod heap;
mod layout;
mod tree;
mod values;

use super::super::told::Told;
use super::super::{About, Extractor, Halt, Head, Input, Sink};
use crate::finding::GapReason;
use attribute::Attribute;
use file::File;
use heap::GlobalHeap;
use std::collections::{HashSet, VecDeque};
use values::{At, Reader};

/// HDF5.
pub struct Hdf5;

/// Objects of a file that are visited.
const OBJECTS: usize = 1 << 20;
/// Longest path of an object, in bytes, and bytes of all paths that wait.
const PATH: usize = 4096;
const PATHS: usize = 32 << 20;

impl Extractor for Hdf5 {
    fn name(&self) -> &'static str {
        "HDF5"
    }

    fn about(&self) -> About {
        About {
            title: "HDF5 (Keras, h5py, PyTables)",
            reads: "attributes, datasets of texts and records by their path, JSON in them by its keys, rows of bytes opened; numbers as numbers; all else as it is",
            limits: "deflate, shuffle, LZF, zstd, bzip2, LZ4 and LZO; other filters, virtual and external datasets, shared message tables are gaps or read as they are; texts in chunks of up to 16 MiB",
            specification: "https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        file::STARTS.iter().any(|start| head.has(*start, file::MAGIC))
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let told;
        {
            let (file, superblock) = File::open(input.seekable()?)?;
            if superblock.end > file.length {
                let missing = superblock.end - file.length;
                sink.gap(GapReason::Truncated, "HDF5: ends before it says".to_owned(), Some(missing));
            }
            let mut reader = Reader {
                file,
                heap: GlobalHeap::default(),
                told: Told::default(),
                sink,
                remembered: HashSet::new(),
                gaps: 0,
                unpacked: 0,
            };
            match reader.objects(superblock.root) {
                Err(Halt::Broken(reason, detail)) => reader.sink.gap(reason, detail, None),
                outcome => outcome?,
            }
            told = reader.told;
        }
        let mut file = input.seekable()?;
        told.sweep(&mut *file, sink)
    }
}

impl Reader<'_, '_> {
    /// Visits all objects from the root on.
    fn objects(&mut self, root: u64) -> Result<(), Halt> {
        let mut queue = VecDeque::from([(Vec::new(), root)]);
        let mut seen = HashSet::from([root]);
        let (mut waiting, mut is_whole) = (0, true);
        while let Some((path, address)) = queue.pop_front() {
            waiting -= path.len();
            let found = self.object(&path, address);
            let entries = match found {
                Ok(entries) => entries,
                Err(halt) => {
                    self.noted(Err(halt), &path)?;
                    continue;
                }
            };
            for (name, address) in entries {
                if !seen.insert(address) {
                    continue;
                }
                let path = [path.as_slice(), b"/", &name].concat();
                if path.len() > PATH || waiting + path.len() > PATHS || seen.len() > OBJECTS {
                    is_whole = false;
                    continue;
                }
                waiting += path.len();
                queue.push_back((path, address));
            }
        }
        if !is_whole {
            self.sink.gap(
                GapReason::SizeLimit,
                "HDF5: more objects than are visited; the rest was scanned as it is".into(),
                None,
            );
        }
        Ok(())
    }

    /// Tells what an object holds, and returns what it leads to.
    fn object(&mut self, path: &[u8], address: u64) -> Result<group::Entries, Halt> {
        let messages = header::messages(&mut self.file, address)?;
        let attributes = attribute::of(&mut self.file, &messages).and_then(|all| {
            for (bytes, place) in all {
                let told = self.attribute(path, &bytes, place);
                self.noted(told, path)?;
            }
            Ok(())
        });
        self.noted(attributes, path)?;
        let told = self.dataset(path, &messages);
        self.noted(told, path)?;
        group::entries(&mut self.file, &messages)
    }

    fn attribute(&mut self, path: &[u8], bytes: &[u8], place: u64) -> Result<(), Halt> {
        let Some(attribute) = Attribute::read(&mut self.file, bytes, place)? else { return Ok(()) };
        let name = [path, b"/attrs/", &attribute.name].concat();
        let at = At { place: attribute.place, is_plain: place > 0 };
        let Some(size) = usize::try_from(attribute.of.size).ok().filter(|size| *size > 0) else { return Ok(()) };
        if !attribute.of.has_text() {
            return Ok(());
        }
        for (number, value) in attribute.value.chunks_exact(size).enumerate() {
            let index = if attribute.shape.is_empty() { String::new() } else { format!("[{number}]") };
            let name = [name.as_slice(), index.as_bytes()].concat();
            let place = at.place.saturating_add((number * size) as u64);
            self.value(&attribute.of, value, &name, &attribute.name, At { place, ..at }, 0)?;
        }
        Ok(())
    }
}

/// A structure that is not what it should be.
fn damaged(what: &str) -> Halt {
    Halt::Broken(GapReason::Damaged, format!("HDF5: {what}"))
}

/// A structure that is not read.
fn unsupported(what: &str) -> Halt {
    Halt::Broken(GapReason::Unsupported, format!("HDF5: {what}, which is not read"))
}
