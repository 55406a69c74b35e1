//! pandas: which column, or row, a value of a frame belongs to.
//!
//! A frame is a manager of blocks and axes (`pandas/core/internals/managers.py`, `__reduce__` of `BlockManager`
//! and `SingleBlockManager`): values of one type lie together, and their placement says which columns they are.

use super::super::keys::{is_key, names};
use super::arrays;
use super::heap::{Heap, Id, Node};
use super::trails::{Label, Trails};

/// Values that are passed on the way to the buffers of a column.
const STEPS: usize = 256;

/// The block of a manager.
struct Block {
    values: Id,
    /// Its columns, by their numbers.
    columns: Vec<usize>,
}

/// Names the values of a frame, a series or an index, if `id` is what holds one.
pub(super) fn name_values(trails: &mut Trails<'_>, id: Id) {
    let heap = trails.heap();
    let Some(object) = heap.object(id) else { return };
    let Some((module, name)) = heap.global(object.class) else { return };
    if !module.starts_with(b"pandas") || !matches!(name, b"BlockManager" | b"SingleBlockManager") {
        return;
    }
    let state = object.states.last().and_then(|state| heap.sequence(*state));
    if let Some([axes, values, items, ..]) = state {
        by_state(trails, id, [*axes, *values, *items], name == b"SingleBlockManager");
        return;
    }
    let Some([blocks, axes, ..]) = heap.sequence(object.args) else { return };
    let blocks: Vec<_> = heap.sequence(*blocks).unwrap_or_default().iter().filter_map(|block| block_of(heap, *block)).collect();
    let labels = heap.sequence(*axes).and_then(|axes| labels(heap, *axes.first()?)).unwrap_or_default();
    if name == b"SingleBlockManager" {
        if let Some(block) = blocks.first() {
            name_rows(trails, id, block.values, &labels);
        }
        return;
    }
    // A column of names tells more of the others than their own names do.
    let of_names = labels.iter().position(|label| names(label));
    let rows = of_names.and_then(|column| blocks.iter().find_map(|block| column_of(heap, block, column)));
    for block in &blocks {
        name_block(trails, id, block, &labels, rows.as_deref().filter(|_| labels.len() == 2).zip(of_names));
    }
}

/// The same where a state has it: axes, the values of each block, and its columns as an index of their own. So series
/// are written, and frames before pandas 1.3.
fn by_state(trails: &mut Trails<'_>, id: Id, [axes, values, items]: [Id; 3], is_series: bool) {
    let heap = trails.heap();
    let values = heap.sequence(values).unwrap_or_default();
    if is_series {
        let names = heap.sequence(axes).and_then(|axes| labels(heap, *axes.first()?)).unwrap_or_default();
        if let Some(values) = values.first() {
            name_rows(trails, id, *values, &names);
        }
        return;
    }
    for (values, items) in values.iter().zip(heap.sequence(items).unwrap_or_default()) {
        let labels = labels(heap, *items).unwrap_or_default();
        let block = Block { values: *values, columns: (0..labels.len()).collect() };
        let of_names = labels.iter().position(|label| names(label)).filter(|_| labels.len() == 2);
        let rows = of_names.and_then(|column| column_of(heap, &block, column));
        name_block(trails, id, &block, &labels, rows.as_deref().zip(of_names));
    }
}

fn block_of(heap: &Heap, id: Id) -> Option<Block> {
    let [values, placement, ..] = heap.sequence(heap.object(id)?.args)? else { return None };
    Some(Block { values: *values, columns: columns_of(heap, *placement)? })
}

/// A placement: a slice, or an array of numbers.
fn columns_of(heap: &Heap, id: Id) -> Option<Vec<usize>> {
    let object = heap.object(id)?;
    if let Some(array) = arrays::array(heap, object) {
        let numbers = heap.chars(array.body)?.chunks_exact(8);
        return numbers.map(|bytes| usize::try_from(i64::from_le_bytes(bytes.try_into().ok()?)).ok()).collect();
    }
    let [start, stop, step] = heap.sequence(object.args)? else { return None };
    let number = |id: &Id| heap.int(*id).and_then(|number| usize::try_from(number).ok());
    let (start, stop) = (number(start)?, number(stop)?.min(heap.len()));
    Some((start..stop).step_by(number(step).unwrap_or(1).max(1)).collect())
}

/// The texts of an index: `_new_Index(cls, {"data": …})`.
fn labels(heap: &Heap, index: Id) -> Option<Vec<Vec<u8>>> {
    let [_, state, ..] = heap.sequence(heap.object(index)?.args)? else { return None };
    texts(heap, heap.entry(*state, b"data")?)
}

/// The texts of an array of objects, or of a column of Arrow.
fn texts(heap: &Heap, values: Id) -> Option<Vec<Vec<u8>>> {
    if let Some(array) = heap.object(values).and_then(|object| arrays::array(heap, object)) {
        let items = heap.sequence(array.body)?;
        return Some(items.iter().map(|item| heap.chars(*item).unwrap_or_default().to_vec()).collect());
    }
    let (offsets, data) = buffers(heap, values)?;
    let (offsets, data) = (arrays::buffer(heap, offsets)?, arrays::buffer(heap, data)?);
    let rows = arrays::rows(heap.chars(offsets)?, heap.chars(data)?)?;
    Some(rows.into_iter().map(<[u8]>::to_vec).collect())
}

/// The texts of one column of a block.
fn column_of(heap: &Heap, block: &Block, column: usize) -> Option<Vec<Vec<u8>>> {
    let at = block.columns.iter().position(|number| *number == column)?;
    let texts = texts(heap, block.values)?;
    let height = texts.len() / block.columns.len().max(1);
    texts.get(at * height..(at + 1) * height).map(<[_]>::to_vec)
}

/// The two buffers of the strings below a value.
fn buffers(heap: &Heap, id: Id) -> Option<(Id, Id)> {
    let mut todo = vec![id];
    for _ in 0..STEPS {
        match heap.get(todo.pop()?) {
            Node::Sequence(items) => {
                let is_buffer = |id: &Id| arrays::buffer(heap, *id).is_some();
                let found = items.windows(2).find(|pair| pair.iter().all(is_buffer));
                if let Some([offsets, data]) = found {
                    return Some((*offsets, *data));
                }
                todo.extend(items.iter().take(STEPS));
            }
            Node::Dict(pairs) => todo.extend(pairs.iter().skip(1).step_by(2).take(STEPS)),
            Node::Object(object) => {
                todo.push(object.args);
                todo.extend(object.states.iter().take(STEPS));
            }
            _ => {}
        }
    }
    None
}

/// Names the values of a block by their columns, or by what the other of two columns says.
fn name_block(trails: &mut Trails<'_>, id: Id, block: &Block, labels: &[Vec<u8>], rows: Option<(&[Vec<u8>], usize)>) {
    let heap = trails.heap();
    if let Some(array) = heap.object(block.values).and_then(|object| arrays::array(heap, object)) {
        let items = heap.sequence(array.body).unwrap_or_default();
        let height = (items.len() / block.columns.len().max(1)).max(1);
        for (at, item) in items.iter().enumerate() {
            let Some(column) = block.columns.get(at / height) else { break };
            let of_row = rows.filter(|(_, named)| named != column).and_then(|(rows, _)| rows.get(at % height));
            let label = of_row.filter(|row| is_key(row)).or_else(|| labels.get(*column));
            if let Some(label) = label {
                let label = trails.word(label);
                trails.child(id, label, *item);
            }
        }
        return;
    }
    let Some(column) = block.columns.first() else { return };
    if let Some((rows, _)) = rows.filter(|(_, named)| named != column) {
        name_rows(trails, id, block.values, rows);
    } else if let Some(label) = labels.get(*column) {
        let label = trails.word(label);
        trails.child(id, label, block.values);
    }
}

/// Names values one by one.
fn name_rows(trails: &mut Trails<'_>, id: Id, values: Id, names: &[Vec<u8>]) {
    let heap = trails.heap();
    if let Some(array) = heap.object(values).and_then(|object| arrays::array(heap, object)) {
        for (item, name) in heap.sequence(array.body).unwrap_or_default().iter().zip(names) {
            let label = trails.word(name);
            trails.child(id, label, *item);
        }
    } else if let Some((offsets, _)) = buffers(heap, values) {
        trails.set_rows(offsets, names.to_vec());
        trails.child(id, Label::Plain, values);
    }
}
