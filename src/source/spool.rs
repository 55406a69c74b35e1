//! Bytes that cannot be sought, kept in an unlinked temporary file: standard input, and image
//! archives inside a gzip or zstd stream. Nothing is left behind, whatever ends the program.

use super::{SourceError, archive};
use crate::limits::Limits;
use crate::slice::FileSlice;
use std::fs::File;
use std::io::{self, Read, Write};

/// The largest window that zstd may ask for: 128 MiB, as its own program allows by default.
const WINDOW_LOG: u32 = 27;

/// Standard input, as a file: itself if it is one, else a copy.
pub(crate) fn stdin(name: &str, limits: &Limits) -> Result<FileSlice, SourceError> {
    use std::os::fd::AsFd;
    let error = |error| SourceError::Unreadable { name: name.to_owned(), error };
    let file = File::from(io::stdin().as_fd().try_clone_to_owned().map_err(error)?);
    if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        // The shell may have read some of it already, so it starts where it stands.
        let at = io::Seek::stream_position(&mut &file).unwrap_or(0);
        return FileSlice::whole(file).map(|slice| slice.part(at, u64::MAX)).map_err(error);
    }
    copied(name, file, limits)
}

/// A copy of what can be read but not sought: a pipe, a device.
pub(crate) fn copied(name: &str, from: File, limits: &Limits) -> Result<FileSlice, SourceError> {
    match keep(from, limits.spill).map_err(|error| spill(name, &error))? {
        Some(slice) => Ok(slice),
        None => Err(SourceError::Spill { name: name.to_owned(), why: format!("it is longer than {} bytes", limits.spill) }),
    }
}

fn spill(name: &str, error: &io::Error) -> SourceError {
    SourceError::Spill { name: name.to_owned(), why: error.to_string() }
}

/// The tar inside a compressed file, if that is what it is, unpacked into a temporary file. `None` for
/// anything else, and for what grows past the limits: it is then scanned as the stream that it is.
pub(crate) fn unpacked(name: &str, slice: &FileSlice, limits: &Limits) -> Result<Option<FileSlice>, SourceError> {
    let Some(mut first) = decoder(slice) else { return Ok(None) };
    let mut head = Vec::new();
    // A stream too short or broken for a whole header is no archive.
    let _ = first.by_ref().take(512).read_to_end(&mut head);
    if !archive::is_tar(&head) {
        return Ok(None);
    }
    let Some(stream) = decoder(slice) else { return Ok(None) };
    let most = slice.len().saturating_mul(limits.expansion_ratio).saturating_add(limits.expansion_floor).min(limits.spill);
    keep(stream, most).map_err(|error| spill(name, &error))
}

/// Whether this is an archive without members: a tar of zeros alone, compressed or not, or a zip that is
/// nothing but its end record. Programs that fail leave such files behind.
pub(crate) fn is_blank(slice: &FileSlice) -> bool {
    const END: &[u8] = b"PK\x05\x06";
    /// Writers pad to a record of ten kilobytes, at times more; longer files of zeros are something else.
    const MOST: u64 = 1 << 20;
    let mut bytes = Vec::new();
    let read = match decoder(slice) {
        Some(decoded) => decoded.take(MOST + 1).read_to_end(&mut bytes),
        None => slice.clone().take(MOST + 1).read_to_end(&mut bytes),
    };
    let whole = read.is_ok() && bytes.len() as u64 <= MOST;
    let tar = !bytes.is_empty() && bytes.len() % 512 == 0 && bytes.iter().all(|byte| *byte == 0);
    whole && (tar || (bytes.len() == 22 && bytes.starts_with(END)))
}

/// Decodes gzip (any number of members) or zstd, told by the magic.
fn decoder(slice: &FileSlice) -> Option<Box<dyn Read>> {
    let mut magic = [0; 4];
    slice.fill_at(&mut magic, 0).ok()?;
    match magic {
        [0x1f, 0x8b, ..] => {
            Some(Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::with_capacity(128 << 10, slice.clone()))))
        }
        // The second is a skippable frame, which parallel compressors write first.
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
            let mut decoder = zstd::stream::read::Decoder::new(slice.clone()).ok()?;
            decoder.window_log_max(WINDOW_LOG).ok()?;
            Some(Box::new(decoder))
        }
        _ => None,
    }
}

/// Copies into an unlinked file at most `most` bytes; `None` if there are more. A stream that breaks
/// is kept as far as it goes: the index of the archive will miss the rest.
fn keep(mut from: impl Read, most: u64) -> io::Result<Option<FileSlice>> {
    let mut file = tempfile::tempfile()?;
    let mut buffer = vec![0; 256 << 10];
    let mut total: u64 = 0;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        total = total.saturating_add(count as u64);
        if total > most {
            return Ok(None);
        }
        file.write_all(buffer.get(..count).unwrap_or_default())?;
    }
    FileSlice::whole(file).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar() -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(3);
        builder.append_data(&mut header, "a", &b"abc"[..]).unwrap();
        builder.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[track_caller]
    fn check(stored: Vec<u8>, limits: &Limits, expected: Option<Vec<u8>>) {
        let found = unpacked("x", &FileSlice::from_bytes(stored), limits).unwrap();
        assert_eq!(found.map(|slice| slice.read_up_to(1 << 20).unwrap().unwrap()), expected);
    }

    #[test]
    fn archives_without_members_are_told() {
        let blank = |bytes: Vec<u8>| is_blank(&FileSlice::from_bytes(bytes));
        let end = [&b"PK\x05\x06"[..], &[0; 18]].concat();
        assert!(blank(vec![0; 10240]) && blank(gzip(&[0; 1024])) && blank(end));
        assert!(!blank(vec![0; 1000]) && !blank(tar()) && !blank(gzip(&tar())) && !blank(gzip(b"")) && !blank(vec![0; 2 << 20]));
    }

    #[test]
    fn compressed_archives_are_unpacked() {
        let limits = Limits::default();
        check(gzip(&tar()), &limits, Some(tar()));
        let halves = tar();
        let (a, b) = halves.split_at(700);
        check([gzip(a), gzip(b)].concat(), &limits, Some(tar()));
        check(zstd::encode_all(&*tar(), 1).unwrap(), &limits, Some(tar()));
        check(gzip(b"no archive"), &limits, None);
        check(tar(), &limits, None);
        check(gzip(&tar()), &Limits { spill: 100, ..limits }, None);
    }
}
