//! The header of a 7z: which stretches of the file unpack to which files, and by which coders.
//!
//! Counts in it are claims. None may be greater than the header has bytes, so what is kept of it is bounded
//! by what was read.

use super::super::cursor::{le32, le64};

/// A 7z as its header describes it.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) folders: Vec<Folder>,
    pub(super) files: Vec<Listed>,
}

/// A stream of files that are packed together.
#[derive(Debug, Default)]
pub(super) struct Folder {
    pub(super) coders: Vec<Coder>,
    /// The coder whose output is what they all mean. What leads to it has no circles.
    pub(super) last: usize,
    /// Where the packed bytes stand, from the end of the start header on.
    pub(super) packed: Vec<(u64, u64)>,
    /// Bytes that come out of the whole chain.
    pub(super) size: u64,
    /// Sizes and checksums of the files in it.
    pub(super) parts: Vec<(u64, Option<u32>)>,
}

/// One step of unpacking.
#[derive(Debug, Default)]
pub(super) struct Coder {
    pub(super) id: Vec<u8>,
    pub(super) properties: Vec<u8>,
    /// Bytes that come out of it.
    pub(super) size: u64,
    /// What goes into it.
    pub(super) inputs: Vec<Stream>,
}

/// Where the input of a coder comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// One of the packed streams of its folder.
    Packed(usize),
    /// Another coder of it.
    Coder(usize),
}

/// A file in the order of the folders' parts; one without bytes has none.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) name: Vec<u8>,
    pub(super) has_bytes: bool,
    pub(super) directory: bool,
}

/// What the header bytes say.
pub(super) enum Header {
    /// They describe the archive.
    Plain(Contents),
    /// They describe where the real header lies, packed as one folder.
    Packed(Folder),
}

/// Reads a header. `None` if it is broken.
pub(super) fn read(bytes: &[u8]) -> Option<Header> {
    let mut cursor = Cursor { bytes, most: bytes.len() as u64 };
    match cursor.byte()? {
        0x17 => Some(Header::Packed(cursor.streams()?.into_iter().next()?)),
        0x01 => {
            let mut contents = Contents::default();
            loop {
                match cursor.byte()? {
                    0x00 => return Some(Header::Plain(contents)),
                    0x02 => while cursor.property()?.0 != 0 {},
                    0x03 => drop(cursor.streams()?),
                    0x04 => contents.folders = cursor.streams()?,
                    0x05 => contents.files = cursor.files()?,
                    _ => return None,
                }
            }
        }
        _ => None,
    }
}

struct Cursor<'b> {
    bytes: &'b [u8],
    /// No count is greater.
    most: u64,
}

impl<'b> Cursor<'b> {
    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    /// A number: the leading ones of the first byte say how many bytes follow, lowest first; the bits
    /// behind them are the highest of the number.
    fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let more = first.leading_ones() as usize;
        let mut field = [0; 8];
        field.get_mut(..more)?.copy_from_slice(self.take(more)?);
        let low = le64(&field, 0)?;
        let high = u64::from(first) & (0x7f_u64 >> more);
        Some(if more >= 8 { low } else { low | high << (8 * more) })
    }

    fn count(&mut self) -> Option<usize> {
        let count = self.number().filter(|count| *count <= self.most)?;
        usize::try_from(count).ok()
    }

    /// A property of type and size: its type and its bytes. Type 0 has none and ends a list.
    fn property(&mut self) -> Option<(u8, &'b [u8])> {
        let kind = self.byte()?;
        if kind == 0 {
            return Some((0, &[]));
        }
        let size = self.count()?;
        Some((kind, self.take(size)?))
    }

    fn bits(&mut self, count: usize) -> Option<Vec<bool>> {
        let bytes = self.take(count.div_ceil(8))?;
        Some((0..count).map(|at| bytes.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0)).collect())
    }

    /// Checksums, each of which may be missing.
    fn digests(&mut self, count: usize) -> Option<Vec<Option<u32>>> {
        let defined = if self.byte()? == 0 { self.bits(count)? } else { vec![true; count] };
        defined.into_iter().map(|defined| if defined { Some(Some(le32(self.take(4)?, 0)?)) } else { Some(None) }).collect()
    }

    fn streams(&mut self) -> Option<Vec<Folder>> {
        let (mut packs, mut folders, mut has_parts) = (Vec::new(), Vec::new(), false);
        let mut digests = Vec::new();
        loop {
            match self.byte()? {
                0x00 => break,
                0x06 => packs = self.packs()?,
                0x07 => (folders, digests) = self.folders(&packs)?,
                0x08 => {
                    self.parts(&mut folders, &digests)?;
                    has_parts = true;
                }
                _ => return None,
            }
        }
        if !has_parts {
            for (folder, digest) in folders.iter_mut().zip(digests) {
                folder.parts = vec![(folder.size, digest)];
            }
        }
        Some(folders)
    }

    fn packs(&mut self) -> Option<Vec<(u64, u64)>> {
        let mut at = self.number()?;
        let count = self.count()?;
        let mut packs = Vec::new();
        loop {
            match self.byte()? {
                0x00 => return Some(packs),
                0x09 => {
                    for _ in 0..count {
                        let size = self.number()?;
                        packs.push((at, size));
                        at = at.checked_add(size)?;
                    }
                }
                0x0a => drop(self.digests(count)?),
                _ => return None,
            }
        }
    }

    /// The folders with the checksums of what they unpack to.
    fn folders(&mut self, packs: &[(u64, u64)]) -> Option<(Vec<Folder>, Vec<Option<u32>>)> {
        if self.byte()? != 0x0b {
            return None;
        }
        let count = self.count()?;
        // Elsewhere than here, which no program writes.
        if self.byte()? != 0 {
            return None;
        }
        let mut packs = packs.iter().copied();
        let mut folders = (0..count).map(|_| self.folder(&mut packs)).collect::<Option<Vec<_>>>()?;
        if self.byte()? != 0x0c {
            return None;
        }
        for folder in &mut folders {
            for coder in &mut folder.coders {
                coder.size = self.number()?;
            }
            folder.size = folder.coders.get(folder.last)?.size;
        }
        let mut digests = vec![None; count];
        loop {
            match self.byte()? {
                0x00 => return Some((folders, digests)),
                0x0a => digests = self.digests(count)?,
                _ => return None,
            }
        }
    }

    fn folder(&mut self, packs: &mut impl Iterator<Item = (u64, u64)>) -> Option<Folder> {
        let coders = self.count().filter(|coders| (1..=32).contains(coders))?;
        let mut folder = Folder::default();
        let mut inputs = Vec::new();
        for _ in 0..coders {
            let flags = self.byte()?;
            let id = self.take(usize::from(flags & 0x0f))?.to_vec();
            let (of_in, of_out) = if flags & 0x10 != 0 { (self.number()?, self.number()?) } else { (1, 1) };
            // No coder of any program gives more streams than one.
            if of_in > 32 || of_out != 1 {
                return None;
            }
            let length = if flags & 0x20 != 0 { self.count()? } else { 0 };
            let properties = self.take(length)?.to_vec();
            folder.coders.push(Coder { id, properties, ..Coder::default() });
            inputs.extend((0..of_in).map(|_| folder.coders.len() - 1));
        }
        let bonds = (1..coders).map(|_| Some((self.count()?, self.count()?))).collect::<Option<Vec<_>>>()?;
        let packed = inputs.len().checked_sub(bonds.len())?;
        let free = |at: &usize| !bonds.iter().any(|(to, _)| to == at);
        let order = match packed {
            1 => (0..inputs.len()).filter(free).collect(),
            _ => (0..packed).map(|_| self.count()).collect::<Option<Vec<_>>>()?,
        };
        folder.packed = (0..packed).map(|_| packs.next()).collect::<Option<Vec<_>>>()?;
        for (at, coder) in inputs.iter().enumerate() {
            let bond = bonds.iter().find(|(to, _)| *to == at).map(|(_, from)| Stream::Coder(*from));
            let stream = bond.or_else(|| order.iter().position(|to| *to == at).map(Stream::Packed))?;
            folder.coders.get_mut(*coder)?.inputs.push(stream);
        }
        folder.last = (0..coders).find(|at| !bonds.iter().any(|(_, from)| from == at))?;
        folder.is_tree().then_some(folder)
    }

    /// How each folder's stream is divided into files.
    fn parts(&mut self, folders: &mut [Folder], digests: &[Option<u32>]) -> Option<()> {
        let mut counts = vec![1; folders.len()];
        let mut kind = self.byte()?;
        if kind == 0x0d {
            counts = folders.iter().map(|_| self.count()).collect::<Option<Vec<_>>>()?;
            kind = self.byte()?;
        }
        if counts.iter().try_fold(0u64, |sum, count| sum.checked_add(*count as u64))? > self.most {
            return None;
        }
        for (folder, count) in folders.iter_mut().zip(&counts) {
            let mut left = folder.size;
            for index in 0..*count {
                // The last is what the others leave.
                let size = if index + 1 == *count || kind != 0x09 { left } else { self.number()? };
                left = left.checked_sub(size)?;
                folder.parts.push((size, None));
            }
        }
        if kind == 0x09 {
            kind = self.byte()?;
        }
        // Of a folder that is one file the folder's own checksum holds, if it has one.
        for (folder, digest) in folders.iter_mut().zip(digests) {
            if let [(_, sum)] = folder.parts.as_mut_slice() {
                *sum = *digest;
            }
        }
        while kind != 0 {
            if kind != 0x0a {
                return None;
            }
            let unknown =
                |folder: &Folder| if matches!(folder.parts.as_slice(), [(_, Some(_))]) { 0 } else { folder.parts.len() };
            let mut sums = self.digests(folders.iter().map(unknown).sum())?.into_iter();
            for folder in folders.iter_mut().filter(|folder| unknown(folder) > 0) {
                for (_, sum) in &mut folder.parts {
                    *sum = sums.next().flatten();
                }
            }
            kind = self.byte()?;
        }
        Some(())
    }

    fn files(&mut self) -> Option<Vec<Listed>> {
        let count = self.count()?;
        let mut names = Vec::new();
        let (mut empty, mut plain) = (vec![false; count], Vec::new());
        loop {
            let (kind, bytes) = self.property()?;
            let mut inner = Cursor { bytes, most: self.most };
            match kind {
                0x00 => break,
                0x0e => empty = inner.bits(count)?,
                0x0f => plain = inner.bits(empty.iter().filter(|empty| **empty).count())?,
                0x11 => names = inner.take(1).filter(|external| *external == [0]).map(|_| split_names(inner.bytes))?,
                _ => {}
            }
        }
        let mut plain = plain.into_iter();
        let mut names = names.into_iter();
        let file = |empty: bool| {
            let name = names.next().unwrap_or_default();
            Listed { name, has_bytes: !empty, directory: empty && !plain.next().unwrap_or(false) }
        };
        Some(empty.into_iter().map(file).collect())
    }
}

/// Names are UTF-16, little-endian, with a NUL behind each.
fn split_names(bytes: &[u8]) -> Vec<Vec<u8>> {
    let units: Vec<u16> = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(u16::from_le_bytes).collect();
    units.split(|unit| *unit == 0).map(|name| String::from_utf16_lossy(name).into_bytes()).collect()
}

impl Folder {
    /// Whether all coders lead to the last, each of them once.
    fn is_tree(&self) -> bool {
        let mut seen = vec![false; self.coders.len()];
        let mut open = vec![self.last];
        while let Some(at) = open.pop() {
            match (seen.get_mut(at), self.coders.get(at)) {
                (Some(seen), Some(coder)) if !*seen => {
                    *seen = true;
                    open.extend(coder.inputs.iter().filter_map(|input| match input {
                        Stream::Coder(from) => Some(*from),
                        Stream::Packed(_) => None,
                    }));
                }
                _ => return false,
            }
        }
        seen.iter().all(|seen| *seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_length_in_the_first_byte() {
        for (bytes, expected) in [
            (&b"\x7f"[..], Some(0x7f)),
            (b"\x80\x80", Some(0x80)),
            (b"\xbf\xff", Some(0x3fff)),
            (b"\xc0\x00\x40", Some(0x4000)),
            (b"\xff\x01\x02\x03\x04\x05\x06\x07\x08", Some(0x0807_0605_0403_0201)),
            (b"\xfe\x01\x02\x03\x04\x05\x06\x07", Some(0x0007_0605_0403_0201)),
            (b"\xff\x01", None),
            (b"", None),
        ] {
            assert_eq!(Cursor { bytes, most: 0 }.number(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn counts_that_the_header_cannot_hold_are_refused() {
        // A million files in a header of a few bytes.
        assert!(read(b"\x01\x05\xe0\x40\x42\x0f\x00\x00").is_none());
        assert!(read(b"\x01\x04\x07\x0b\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00").is_none());
        assert!(matches!(read(b"\x01\x00"), Some(Header::Plain(contents)) if contents.files.is_empty()));
    }
}
