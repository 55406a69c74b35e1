//! Indexing an image archive: where each member of an outer tar lies, without reading its body.
//!
//! Headers are parsed with the `tar` crate, the blocks are walked here: a damaged header must not
//! end the walk, and extension bodies are read only up to a cap. What no header accounts for becomes
//! a member of its own, so that its bytes are still scanned.
//!
//! ```text
//! archive := (extension* header body padding)* zero-block{2} anything
//! ```

use super::Opener;
use super::store::{Store, Stored, linked, normal};
use crate::finding::{GapReason, Scope};
use crate::limits::Limits;
use crate::slice::FileSlice;
use std::collections::HashMap;
use tar::{EntryType, Header};

const BLOCK: u64 = 512;
/// Hops along links before they count as a loop.
const HOPS: usize = 40;
/// Bytes of all names together: half a million of them, each with a long-name extension, would fill the memory.
const NAMES: usize = 64 << 20;

/// Something wrong with an archive.
pub(crate) struct Fault {
    pub(crate) reason: GapReason,
    pub(crate) detail: String,
    pub(crate) bytes: Option<u64>,
    pub(crate) scope: Scope,
}

/// An indexed archive and what was wrong with it.
#[derive(Default)]
pub(crate) struct Indexed {
    pub(crate) store: Store,
    pub(crate) faults: Vec<Fault>,
}

/// Whether these bytes begin with a tar header: its checksum holds, or it says that it is one.
pub(crate) fn is_tar(head: &[u8]) -> bool {
    head.get(..512).is_some_and(|block| header(block).is_some()) || head.get(257..262) == Some(b"ustar")
}

/// Whether these bytes, all that a file has, are a tar header that was cut: a name, zeros up to byte 100, and the
/// octal digits of a mode, as far as they go (POSIX.1-2024 pax, ustar interchange format).
pub(crate) fn is_cut_header(bytes: &[u8]) -> bool {
    let name = bytes.iter().take(100).take_while(|byte| **byte != 0).count();
    let (text, padding) = (bytes.get(..name), bytes.get(name..bytes.len().min(100)));
    let printable = text.is_some_and(|text| !text.is_empty() && text.iter().all(|byte| *byte >= b' ' && *byte != 0x7f));
    let zeros = padding.is_some_and(|padding| !padding.is_empty() && padding.iter().all(|byte| *byte == 0));
    let mode = bytes.get(100..bytes.len().min(108)).unwrap_or_default();
    bytes.len() < 512 && printable && zeros && mode.iter().all(|byte| matches!(byte, b'0'..=b'7' | b' ' | 0))
}

/// Indexes the members of `slice`.
pub(crate) fn index(slice: &FileSlice, limits: &Limits) -> Indexed {
    let mut walk = Walk { slice, limits, pos: 0, names: 0, out: Indexed::default(), links: Vec::new(), next: Next::default() };
    walk.run();
    walk.resolve();
    walk.out
}

/// What extension headers say of the next member.
#[derive(Default)]
struct Next {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

struct Walk<'a> {
    slice: &'a FileSlice,
    limits: &'a Limits,
    pos: u64,
    names: usize,
    out: Indexed,
    links: Vec<(Vec<u8>, Vec<u8>)>,
    next: Next,
}

impl Walk<'_> {
    fn run(&mut self) {
        let mut zeros = 0;
        let mut block = [0; 512];
        loop {
            let count = match self.slice.fill_at(&mut block, self.pos) {
                Ok(count) => count,
                Err(error) => {
                    return self.fault(GapReason::Unreadable, format!("the archive cannot be read: {error}"), Scope::Image);
                }
            };
            if count < block.len() {
                if count > 0 {
                    self.fault(GapReason::Truncated, "the archive ends inside a header".into(), Scope::Image);
                    self.leftover("bytes at the end of the archive", self.pos, count as u64);
                } else if zeros == 0 {
                    // Every writer ends with blocks of zeros: cut between two members, only this tells.
                    self.fault(GapReason::Truncated, "the archive has no end mark".into(), Scope::Image);
                }
                return;
            }
            if block.iter().all(|byte| *byte == 0) {
                zeros += 1;
                self.pos = self.pos.saturating_add(BLOCK);
                if zeros == 2 {
                    return self.tail();
                }
                continue;
            }
            zeros = 0;
            if self.out.store.members.len() + self.links.len() >= self.limits.index || self.names > NAMES {
                let left = self.slice.len().saturating_sub(self.pos);
                let detail = format!("more than {} members; the rest of the archive is scanned as one", self.limits.index);
                self.out.faults.push(Fault { reason: GapReason::SizeLimit, detail, bytes: Some(left), scope: Scope::Image });
                return self.leftover("rest of the archive", self.pos, left);
            }
            match header(&block) {
                Some(header) => self.member(&header),
                None => self.resynchronise(),
            }
        }
    }

    /// A header whose checksum holds: an extension, a link or a member with a body.
    fn member(&mut self, header: &Header) {
        let body = self.pos.saturating_add(BLOCK);
        let kind = header.entry_type();
        let own = header.entry_size().unwrap_or_else(|_| {
            self.fault(GapReason::Damaged, format!("a header at byte {} has no readable size", self.pos), Scope::Image);
            0
        });
        let left = self.slice.len().saturating_sub(body);
        if matches!(kind, EntryType::XHeader | EntryType::XGlobalHeader | EntryType::GNULongName | EntryType::GNULongLink) {
            self.extension(kind, body, own);
            self.pos = body.saturating_add(padded(own));
            return;
        }
        let next = std::mem::take(&mut self.next);
        let name = normal(&next.path.unwrap_or_else(|| header.path_bytes().into_owned()));
        let size = next.size.unwrap_or(own);
        self.names = self.names.saturating_add(name.len());
        match kind {
            // As Docker's reader has it, these have no body, whatever size they claim.
            EntryType::Directory | EntryType::Block | EntryType::Char | EntryType::Fifo => {
                self.pos = body;
                return;
            }
            EntryType::Symlink | EntryType::Link => {
                let target = next.link.or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned)).unwrap_or_default();
                let target = if kind == EntryType::Symlink { linked(&name, &target) } else { normal(&target) };
                self.names = self.names.saturating_add(target.len());
                self.links.push((name, target));
                self.pos = body;
                return;
            }
            _ => {}
        }
        if kind == EntryType::GNUSparse || next.sparse {
            let shown = crate::place::escaped(&name);
            self.fault(
                GapReason::Unsupported,
                format!("{shown} is stored sparse; its stored bytes are scanned as they are"),
                Scope::Image,
            );
        }
        self.pos = body.saturating_add(padded(size));
        if size > left {
            let shown = crate::place::escaped(&name);
            let detail = format!("the archive ends inside {shown}: {left} of {size} bytes are there");
            self.out.faults.push(Fault { reason: GapReason::Truncated, detail, bytes: Some(size - left), scope: Scope::Image });
        }
        let opener = Opener::Slice(self.slice.part(body, size));
        let repeated = self.out.store.add(Stored { name: name.clone(), size: size.min(left), opener });
        if repeated {
            let shown = crate::place::escaped(&name);
            self.fault(
                GapReason::Disagreement,
                format!("{shown} is in the archive more than once; the last one counts"),
                Scope::Item,
            );
        }
    }

    fn extension(&mut self, kind: EntryType, body: u64, size: u64) {
        let length = size.min(self.limits.extension_body as u64);
        if length < size {
            self.fault(GapReason::SizeLimit, format!("an extension header of {size} bytes was cut"), Scope::Image);
            self.leftover("extension header", body, size);
        }
        let bytes = self.slice.part(body, length).read_up_to(self.limits.extension_body).ok().flatten().unwrap_or_default();
        let text = || bytes.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
        match kind {
            EntryType::GNULongName => self.next.path = Some(text()),
            EntryType::GNULongLink => self.next.link = Some(text()),
            EntryType::XHeader => self.records(&bytes),
            _ => {}
        }
    }

    /// PAX records: `LENGTH KEY=VALUE\n`, the length counting all of it.
    fn records(&mut self, mut bytes: &[u8]) {
        while let Some(record) = record(&mut bytes) {
            match record {
                (b"path", value) => self.next.path = Some(value.to_vec()),
                (b"linkpath", value) => self.next.link = Some(value.to_vec()),
                (b"size", value) => self.next.size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()),
                (key, _) if key.starts_with(b"GNU.sparse.") => self.next.sparse = true,
                _ => {}
            }
        }
    }

    /// After a block that is no header: the next one that is, of those that say so themselves.
    fn resynchronise(&mut self) {
        let start = self.pos;
        self.next = Next::default();
        let mut chunk = vec![0; 256 << 10];
        self.pos = self.pos.saturating_add(BLOCK);
        let found = loop {
            let count = self.slice.fill_at(&mut chunk, self.pos).unwrap_or(0);
            let blocks = chunk.get(..count).unwrap_or_default();
            let hit = blocks.chunks_exact(512).position(|block| block.get(257..262) == Some(b"ustar") && header(block).is_some());
            match hit {
                Some(hit) => {
                    self.pos = self.pos.saturating_add(hit as u64 * BLOCK);
                    break true;
                }
                None if count < chunk.len() => break false,
                None => self.pos = self.pos.saturating_add(count as u64),
            }
        };
        if !found {
            self.pos = self.slice.len();
        }
        let bytes = self.pos.saturating_sub(start);
        let detail = format!("no header at byte {start}; {bytes} bytes on are scanned as they are");
        self.out.faults.push(Fault { reason: GapReason::Damaged, detail, bytes: Some(bytes), scope: Scope::Image });
        self.leftover(&format!("bytes from {start}"), start, bytes);
    }

    /// What follows the end: padding is zero, and anything else is worth a look.
    fn tail(&mut self) {
        let start = self.pos;
        let mut chunk = vec![0; 256 << 10];
        let mut at = start;
        loop {
            let count = self.slice.fill_at(&mut chunk, at).unwrap_or(0);
            let bytes = chunk.get(..count).unwrap_or_default();
            if bytes.iter().any(|byte| *byte != 0) {
                self.fault(
                    GapReason::Disagreement,
                    "bytes follow the end of the archive; they are scanned as they are".into(),
                    Scope::Item,
                );
                return self.leftover("bytes after the end of the archive", start, self.slice.len().saturating_sub(start));
            }
            if count == 0 {
                return;
            }
            at = at.saturating_add(count as u64);
        }
    }

    fn leftover(&mut self, name: &str, start: u64, len: u64) {
        let part = self.slice.part(start, len);
        if !part.is_empty() {
            let size = part.len();
            self.out.store.add(Stored { name: name.as_bytes().to_vec(), size, opener: Opener::Slice(part) });
        }
    }

    fn fault(&mut self, reason: GapReason, detail: String, scope: Scope) {
        self.out.faults.push(Fault { reason, detail, bytes: None, scope });
    }

    /// Gives links the member they lead to. A loop leads nowhere, and then nothing has that name.
    fn resolve(&mut self) {
        let links: HashMap<_, _> = std::mem::take(&mut self.links).into_iter().collect();
        let mut found = Vec::new();
        for (name, target) in &links {
            let mut here = target;
            for _ in 0..HOPS {
                if let Some(member) = self.out.store.find(here) {
                    found.push((name.clone(), member));
                    break;
                }
                match links.get(here) {
                    Some(next) => here = next,
                    None => break,
                }
            }
        }
        for (name, member) in found {
            if self.out.store.find(&name).is_none() {
                self.out.store.link(name, member);
            }
        }
    }
}

/// The header in a block, if its checksum holds: in unsigned bytes, or in signed ones as old tars summed.
fn header(block: &[u8]) -> Option<Header> {
    let mut header = Header::new_old();
    header.as_mut_bytes().copy_from_slice(block.get(..512)?);
    let stored = header.cksum().ok()?;
    let counted = |at: usize, byte: u8| if (148..156).contains(&at) { b' ' } else { byte };
    let bytes = || block.iter().take(512).enumerate().map(|(at, byte)| counted(at, *byte));
    let unsigned: u32 = bytes().map(u32::from).sum();
    let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
    (stored == unsigned || i64::from(stored) == signed).then_some(header)
}

fn padded(size: u64) -> u64 {
    size.checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX)
}

fn record<'a>(bytes: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let space = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(bytes.get(..space)?).ok()?.parse().ok()?;
    let body = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    *bytes = bytes.get(length..)?;
    let equals = body.iter().position(|byte| *byte == b'=')?;
    Some((body.get(..equals)?, body.get(equals + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forged(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, body) in members {
            let mut header = Header::new_gnu();
            header.set_size(body.len() as u64);
            header.set_cksum();
            builder.append_data(&mut header, name, *body).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn link(builder: &mut tar::Builder<Vec<u8>>, kind: EntryType, name: &str, target: &str) {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        builder.append_link(&mut header, name, target).unwrap();
    }

    fn indexed(bytes: &[u8]) -> Indexed {
        index(&FileSlice::from_bytes(bytes), &Limits::default())
    }

    #[track_caller]
    fn check(indexed: &Indexed, name: &str, expected: Option<&[u8]>) {
        let body = indexed.store.find(name.as_bytes()).and_then(|member| indexed.store.read(member, 1 << 20).unwrap());
        assert_eq!(body.as_deref(), expected, "{name}");
    }

    #[test]
    fn members_links_and_long_names() {
        let long = format!("{}/end", "d".repeat(180));
        let mut builder = tar::Builder::new(Vec::new());
        for (name, body) in [("abc.tar", "layer"), (long.as_str(), "deep"), ("two", "first"), ("two", "second")] {
            let mut header = Header::new_gnu();
            header.set_size(body.len() as u64);
            builder.append_data(&mut header, name, body.as_bytes()).unwrap();
        }
        link(&mut builder, EntryType::Symlink, "id/layer.tar", "../abc.tar");
        link(&mut builder, EntryType::Symlink, "id2/layer.tar", "../id/layer.tar");
        link(&mut builder, EntryType::Link, "hard", "abc.tar");
        link(&mut builder, EntryType::Symlink, "loop", "pool");
        link(&mut builder, EntryType::Symlink, "pool", "loop");
        let all = indexed(&builder.into_inner().unwrap());
        check(&all, "abc.tar", Some(b"layer"));
        check(&all, &long, Some(b"deep"));
        check(&all, "./two", Some(b"second"));
        for name in ["id/layer.tar", "id2/layer.tar", "hard"] {
            check(&all, name, Some(b"layer"));
        }
        check(&all, "loop", None);
        assert_eq!(all.faults.iter().map(|fault| fault.reason).collect::<Vec<_>>(), [GapReason::Disagreement]);
    }

    #[test]
    fn pax_names_and_sizes_count() {
        let mut builder = tar::Builder::new(Vec::new());
        builder.append_pax_extensions([("path", &b"./real/name"[..]), ("size", b"4")]).unwrap();
        let mut header = Header::new_ustar();
        header.set_path("short").unwrap();
        header.set_size(0);
        header.set_cksum();
        builder.append(&header, &b""[..]).unwrap();
        let mut bytes = builder.into_inner().unwrap();
        bytes.truncate(bytes.len() - 1024);
        bytes.extend(b"body");
        bytes.resize(bytes.len().next_multiple_of(512) + 1024, 0);
        let all = indexed(&bytes);
        check(&all, "real/name", Some(b"body"));
        assert!(all.faults.is_empty());
    }

    #[test]
    fn the_walk_goes_on_after_damage() {
        let mut bytes = forged(&[("a", b"1"), ("b", b"2"), ("c", b"3")]);
        bytes.iter_mut().skip(1024).take(8).for_each(|byte| *byte ^= 0x55);
        let all = indexed(&bytes);
        check(&all, "a", Some(b"1"));
        check(&all, "c", Some(b"3"));
        check(&all, "b", None);
        assert_eq!(all.store.members.iter().map(|member| member.size).sum::<u64>(), 1 + 1 + 1024);
        assert!(all.faults.iter().all(|fault| fault.scope == Scope::Image) && !all.faults.is_empty());
    }

    #[test]
    fn no_cut_and_no_flip_is_silent_or_fatal() {
        let bytes = forged(&[("a", &[7; 700]), ("b", b"2")]);
        for end in 1..bytes.len() - 1024 {
            assert!(indexed(&bytes[..end]).faults.iter().any(|fault| fault.scope == Scope::Image), "cut at {end}");
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x80;
            indexed(&flipped);
        }
    }

    #[test]
    fn limits_leave_the_rest_to_be_scanned() {
        let bytes = forged(&[("a", b"1"), ("b", b"2"), ("c", b"3")]);
        let all = index(&FileSlice::from_bytes(bytes), &Limits { index: 1, ..Limits::default() });
        check(&all, "a", Some(b"1"));
        assert!(all.store.find(b"rest of the archive").is_some());
        let tail = [forged(&[("a", b"1")]), b"after".to_vec()].concat();
        check(&indexed(&tail), "bytes after the end of the archive", Some(b"after"));
    }
}
