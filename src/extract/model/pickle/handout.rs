//! Hands out what a pickle holds: every text once, under the name that leads to it.

use super::super::super::{Member, MemberKind, Sink, Stop, Text};
use super::super::dtype::{self, Label};
use super::super::keys::{self, is_text};
use super::arrays;
use super::heap::{Chars, Heap, Id, Node};
use super::trails::Trails;

/// Shortest bytes that are worth to be opened as a format of their own.
const MEMBER: usize = 64;

/// Pushes all texts of a heap. `roots` are the values from which names begin.
pub(super) fn hand_out(heap: &Heap, roots: &[Id], sink: &mut dyn Sink) -> Result<(), Stop> {
    let trails = Trails::lay(heap, roots);
    for id in 1..heap.len() as Id {
        match heap.get(id) {
            Node::Chars(chars) if !trails.is_body(id) => one(heap, &trails, id, chars, sink)?,
            Node::Object(object) => {
                if let Some(array) = arrays::array(heap, object)
                    && let Node::Chars(chars) = heap.get(array.body)
                    && chars.offset != u64::MAX
                {
                    let (name, key) = trails.name(id);
                    let mut body = heap.bytes(chars.span);
                    let label = Label { name: &name, key, offset: chars.offset };
                    match &array.dtype {
                        Some(dtype) => dtype::push(dtype, &array.shape, &mut body, &label, sink)?,
                        None => arrays::hand_over(&array, &mut body, chars.offset, sink)?,
                    }
                }
            }
            Node::Sequence(items) => columns(heap, &trails, items, sink)?,
            _ => {}
        }
    }
    Ok(())
}

/// One text, or bytes.
fn one(heap: &Heap, trails: &Trails<'_>, id: Id, chars: &Chars, sink: &mut dyn Sink) -> Result<(), Stop> {
    let bytes = heap.bytes(chars.span);
    if bytes.is_empty() || chars.offset == u64::MAX {
        return Ok(());
    }
    let (name, key) = trails.name(id);
    if chars.is_bytes && bytes.len() >= MEMBER && !is_text(bytes) {
        let name = if name.is_empty() { format!("@{}", chars.offset).into_bytes() } else { name };
        let member = Member { name: &name, kind: MemberKind::File, size: Some(bytes.len() as u64) };
        return sink.member(&member, &mut &*bytes);
    }
    keys::push(&Text { name: &name, key, bytes, offset: chars.offset }, sink)
}

/// The string columns of Arrow among some values: a buffer of offsets, then one of data.
fn columns(heap: &Heap, trails: &Trails<'_>, items: &[Id], sink: &mut dyn Sink) -> Result<(), Stop> {
    for pair in items.windows(2) {
        let [Some(offsets), Some(data)] = [0, 1].map(|at| pair.get(at).and_then(|id| arrays::buffer(heap, *id))) else {
            continue;
        };
        let (Some(ends), Node::Chars(chars)) = (heap.chars(offsets), heap.get(data)) else { continue };
        let bytes = heap.bytes(chars.span);
        if chars.offset == u64::MAX {
            continue;
        }
        let (name, key) = pair.first().map(|id| trails.column(*id)).unwrap_or_default();
        match arrays::rows(ends, bytes) {
            Some(rows) => {
                for (row, text) in rows.into_iter().enumerate().filter(|(_, text)| !text.is_empty()) {
                    let named = pair.first().and_then(|id| trails.row(*id, row));
                    let index = named.map_or_else(|| format!("[{row}]").into_bytes(), |named| [b".", named].concat());
                    let name = [name.as_slice(), &index].concat();
                    let name = name.strip_prefix(b".").unwrap_or(&name);
                    keys::push(&Text { name, key: named.unwrap_or(key), bytes: text, offset: chars.offset }, sink)?;
                }
            }
            None if is_text(bytes) => keys::push(&Text { name: &name, key, bytes, offset: chars.offset }, sink)?,
            None => sink.numbers(&mut &*bytes)?,
        }
    }
    Ok(())
}
