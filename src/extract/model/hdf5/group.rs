//! Groups: what is in them, under which name.
//!
//! An old group has a B-tree of nodes of symbols, whose names lie in a local heap (sections III.A.1 and III.B); a new
//! one has links in its header or, when they are many, in a fractal heap (IV.A.2.c and g).

use super::super::super::Halt;
use super::super::super::cursor::Cursor;
use super::damaged;
use super::file::File;
use super::header::{LINK, LINK_INFO, Message, SYMBOL_TABLE};
use super::heap::{self, FractalHeap};
use super::tree::Tree;
use std::collections::HashSet;

/// Nodes of the tree of an old group.
const NODES: usize = 100_000;
/// Entries of a group that are looked at.
const ENTRIES: usize = 1_000_000;

/// Names, and where the headers of what they name stand.
pub(super) type Entries = Vec<(Vec<u8>, u64)>;

/// What the messages of a group name.
pub(super) fn entries(file: &mut File<'_>, messages: &[Message]) -> Result<Entries, Halt> {
    let mut all = Vec::new();
    for message in messages.iter().filter(|message| !message.is_shared) {
        match message.kind {
            LINK => all.extend(link(file, &message.bytes)),
            LINK_INFO => dense(file, &message.bytes, &mut all)?,
            SYMBOL_TABLE => symbols(file, &message.bytes, &mut all)?,
            _ => {}
        }
        if all.len() > ENTRIES {
            return Err(damaged("a group with more entries than any"));
        }
    }
    Ok(all)
}

/// The entry of a link that is not soft.
fn link(file: &File<'_>, bytes: &[u8]) -> Option<(Vec<u8>, u64)> {
    let mut cursor = Cursor::new(bytes);
    let (_version, flags) = (cursor.byte()?, cursor.byte()?);
    let kind = if flags & 8 != 0 { cursor.byte()? } else { 0 };
    cursor.take(if flags & 4 != 0 { 8 } else { 0 })?;
    cursor.take(if flags & 16 != 0 { 1 } else { 0 })?;
    let length = cursor.uint_le(1 << (flags & 3))?;
    let name = cursor.take_long(length)?.to_vec();
    let address = file.address(&mut cursor)?;
    (kind == 0).then_some((name, address))
}

fn dense(file: &mut File<'_>, bytes: &[u8], all: &mut Entries) -> Result<(), Halt> {
    let mut cursor = Cursor::new(bytes);
    let flags = cursor.array::<2>().map_or(0, |[_, flags]| flags);
    cursor.take(if flags & 1 != 0 { 8 } else { 0 });
    let (heap, index) = (file.address(&mut cursor), file.address(&mut cursor));
    let (Some(heap), Some(index)) = (heap, index) else { return Ok(()) };
    let heap = FractalHeap::open(file, heap)?;
    let mut tree = Tree::open(file, index)?;
    while let Some(record) = tree.next(file)?.map(<[u8]>::to_vec) {
        // A hash stands before the id.
        let Some((object, _)) = heap.object(file, record.get(4..).unwrap_or_default())? else { continue };
        all.extend(link(file, &object));
        if all.len() > ENTRIES {
            break;
        }
    }
    Ok(())
}

fn symbols(file: &mut File<'_>, bytes: &[u8], all: &mut Entries) -> Result<(), Halt> {
    let mut cursor = Cursor::new(bytes);
    let (tree, names) = (file.address(&mut cursor), file.address(&mut cursor));
    let (Some(tree), Some(names)) = (tree, names) else { return Ok(()) };
    let names = heap::local(file, names)?;
    let (mut stack, mut seen) = (vec![tree], HashSet::from([tree]));
    while let Some(address) = stack.pop() {
        let start = file.at(address, 8)?;
        match start.as_slice() {
            [b'T', b'R', b'E', b'E', 0, _, low, high] => {
                let count = u64::from(u16::from_le_bytes([*low, *high]));
                let length = 8 + 2 * file.offsets as u64 + (count + 1) * (file.offsets + file.lengths) as u64;
                let node = file.at(address, length)?;
                let mut cursor = Cursor::at(&node, 8 + 2 * file.offsets);
                for _ in 0..count {
                    if cursor.take(file.lengths).is_none() {
                        break;
                    }
                    let child = file.address(&mut cursor);
                    stack.extend(child.filter(|child| seen.len() < NODES && seen.insert(*child)));
                }
            }
            [b'S', b'N', b'O', b'D', _, _, low, high] => {
                let count = u64::from(u16::from_le_bytes([*low, *high]));
                let length = 8 + count * (2 * file.offsets as u64 + 24);
                let node = file.at(address, length)?;
                let mut cursor = Cursor::at(&node, 8);
                while let Some(entry) = symbol(file, &mut cursor, &names) {
                    all.extend(entry);
                }
            }
            _ => return Err(damaged("a node of a group")),
        }
    }
    Ok(())
}

/// The entry that a symbol is, unless it leads elsewhere.
fn symbol(file: &File<'_>, cursor: &mut Cursor<'_>, names: &[u8]) -> Option<Option<(Vec<u8>, u64)>> {
    let at = cursor.uint_le(file.offsets)?;
    let address = file.address(cursor);
    cursor.take(24)?;
    let rest = usize::try_from(at).ok().and_then(|at| names.get(at..)).unwrap_or_default();
    let name = rest.split(|byte| *byte == 0).next().unwrap_or_default();
    Some(address.map(|address| (name.to_vec(), address)))
}
