//! Arrays in pickles: numpy's own, those that joblib writes behind the object that stands for them, and the
//! string buffers of Arrow.

use super::super::super::{Input, Sink, Stop};
use super::super::dtype::{self, Dtype, Field, Label};
use super::super::keys::is_key;
use super::heap::{Heap, Id, Node, Object};
use super::machine::Machine;
use super::stream::{End, byte};
use std::io::{self, Read};

/// An array whose values are in the pickle.
#[derive(Clone, Debug)]
pub(super) struct Array {
    /// `None` where the type is said behind the bytes.
    pub(super) dtype: Option<Dtype>,
    pub(super) shape: Vec<u64>,
    /// Bytes, or a list of objects.
    pub(super) body: Id,
}

/// Sides of an array that are looked at; numpy has at most 64.
const SIDES: usize = 64;

/// The array that an object is, if it is one: `_reconstruct` with its state (`numpy/_core/src/multiarray/methods.c`,
/// `array_setstate`), `_frombuffer`, `scalar`.
pub(super) fn array(heap: &Heap, object: &Object) -> Option<Array> {
    let (module, name) = heap.global(object.class)?;
    let args = heap.sequence(object.args).unwrap_or_default();
    if !module.starts_with(b"numpy") {
        return None;
    }
    match (name, args) {
        (b"_reconstruct" | b"ndarray", _) => match heap.sequence(*object.states.last()?)? {
            // A subclass puts its own values behind those five.
            [_, shape, dtype, _, body, ..] => {
                Some(Array { dtype: type_of(heap, *dtype), shape: shape_of(heap, *shape), body: *body })
            }
            _ => None,
        },
        (b"_frombuffer", [body, dtype, shape, ..]) => {
            Some(Array { dtype: type_of(heap, *dtype), shape: shape_of(heap, *shape), body: *body })
        }
        (b"scalar", [dtype, body]) => Some(Array { dtype: type_of(heap, *dtype), shape: Vec::new(), body: *body }),
        _ => None,
    }
}

fn shape_of(heap: &Heap, id: Id) -> Vec<u64> {
    let sides = heap.sequence(id).unwrap_or_default().iter().take(SIDES);
    sides.map(|side| heap.int(*side).and_then(|side| u64::try_from(side).ok()).unwrap_or(0)).collect()
}

/// Whether an object is the type of an array: numpy's, or pyarrow's by its name.
pub(super) fn is_type(heap: &Heap, object: &Object) -> bool {
    heap.global(object.class).is_some_and(|(module, name)| {
        module.starts_with(b"numpy") && name == b"dtype" || module.starts_with(b"pyarrow") && name == b"type_for_alias"
    })
}

/// The type that an object is: `numpy.dtype(code, …)` with its state (version, order, base, names, fields, size, …).
pub(super) fn type_of(heap: &Heap, id: Id) -> Option<Dtype> {
    typed(heap, id, 0)
}

fn typed(heap: &Heap, id: Id, depth: usize) -> Option<Dtype> {
    let object = heap.object(id)?;
    if !is_type(heap, object) || depth > 4 {
        return None;
    }
    let code = heap.chars(*heap.sequence(object.args)?.first()?)?;
    let plain = Dtype::parse(code)?;
    let Some([_, order, _, names, fields, size, ..]) = object.states.last().and_then(|state| heap.sequence(*state)) else {
        return Some(plain);
    };
    let plain = plain.in_order(heap.chars(*order).unwrap_or_default());
    let size = heap.int(*size).and_then(|size| u64::try_from(size).ok()).unwrap_or(plain.size);
    let Some(names) = heap.sequence(*names) else { return Some(plain) };
    let field = |name: &Id| {
        let name = heap.chars(*name)?;
        let [dtype, offset, ..] = heap.sequence(heap.entry(*fields, name)?)? else { return None };
        let offset = u64::try_from(heap.int(*offset)?).ok()?;
        Some(Field { name: name.to_vec(), offset, dtype: typed(heap, *dtype, depth + 1)? })
    };
    let fields: Vec<_> = names.iter().take(SIDES).filter_map(field).collect();
    Some(if fields.is_empty() { plain } else { Dtype::record(fields, size) })
}

/// The array of which the bytes at hand are the body, as far as the stack tells.
pub(super) fn awaited(machine: &Machine) -> Option<Array> {
    let (heap, stack) = (&machine.heap, machine.stack.as_slice());
    if let [.., shape, dtype, _] = stack
        && let Some(dtype) = type_of(heap, *dtype)
    {
        return Some(Array { dtype: Some(dtype), shape: shape_of(heap, *shape), body: 0 });
    }
    let (_, name) = heap.global(*stack.last()?)?;
    (name == b"_frombuffer").then_some(Array { dtype: None, shape: Vec::new(), body: 0 })
}

/// Hands over the body of an array that is not held.
pub(super) fn hand_over(array: &Array, body: &mut dyn Read, offset: u64, sink: &mut dyn Sink) -> Result<(), Stop> {
    let label = Label { name: b"", key: b"", offset };
    match &array.dtype {
        Some(dtype) => dtype::push(dtype, &array.shape, body, &label, sink),
        None => {
            let mut head = Vec::new();
            // A failure shows again when the rest is read.
            let _ = (&mut *body).take(4096).read_to_end(&mut head);
            let is_text = dtype::reads_as_text(&head);
            let mut whole = head.as_slice().chain(body);
            if is_text { sink.raw(&mut whole) } else { sink.numbers(&mut whole) }
        }
    }
}

/// Whether joblib writes the values of an array right behind this object (`joblib/numpy_pickle.py`).
pub(super) fn follows_inline(heap: &Heap, id: Id) -> bool {
    let class = heap.object(id).and_then(|object| heap.global(object.class));
    class.is_some_and(|(module, name)| module.starts_with(b"joblib") && name == b"NumpyArrayWrapper")
}

/// Reads such values. `true` says that they are objects, and a pickle of its own follows.
pub(super) fn read_inline(machine: &Machine, id: Id, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<bool, End> {
    let heap = &machine.heap;
    let Some(state) = heap.object(id).and_then(|object| object.states.last().copied()) else { return Ok(false) };
    let entry = |key: &[u8]| heap.entry(state, key);
    let (Some(dtype), Some(shape)) = (entry(b"dtype").and_then(|id| type_of(heap, id)), entry(b"shape")) else {
        return Err(End::Bad("an array of joblib without its type"));
    };
    if dtype.has_objects() {
        return Ok(true);
    }
    // From 1.2 on: one byte that says how many bytes of padding follow. The attribute is absent before.
    if entry(b"numpy_array_alignment_bytes").is_some_and(|id| matches!(heap.get(id), Node::Int(_))) {
        for _ in 0..byte(input)? {
            byte(input)?;
        }
    }
    let shape = shape_of(heap, shape);
    let length = dtype::length(&dtype, &shape).ok_or(End::Bad("an array longer than any"))?;
    let key = machine.stack.iter().rev().nth(1).and_then(|below| heap.chars(*below)).filter(|key| is_key(key));
    let key = key.unwrap_or_default();
    let label = Label { name: key, key, offset: input.position() };
    let mut body = Read::take(&mut *input, length);
    dtype::push(&dtype, &shape, &mut body, &label, sink)?;
    io::copy(&mut body, &mut io::sink())?;
    if body.limit() > 0 { Err(End::Cut) } else { Ok(false) }
}

/// The bytes of a buffer of Arrow: `pyarrow.lib.py_buffer(bytes)`.
pub(super) fn buffer(heap: &Heap, id: Id) -> Option<Id> {
    let object = heap.object(id)?;
    let (module, name) = heap.global(object.class)?;
    let body = *heap.sequence(object.args)?.first()?;
    (module.starts_with(b"pyarrow") && name == b"py_buffer" && heap.chars(body).is_some()).then_some(body)
}

/// The rows of a column of Arrow's strings (Arrow Columnar Format, variable-size binary layout): where each ends,
/// as 32 or 64 bits, and all of them back to back.
pub(super) fn rows<'h>(offsets: &[u8], data: &'h [u8]) -> Option<Vec<&'h [u8]>> {
    let of_width = |width: usize| {
        let mut rows = Vec::new();
        let mut before: Option<usize> = None;
        for bytes in offsets.chunks_exact(width) {
            let mut whole = [0; 8];
            whole.get_mut(..width)?.copy_from_slice(bytes);
            let at = usize::try_from(u64::from_le_bytes(whole)).ok()?;
            match before {
                Some(start) => rows.push(data.get(start..at)?),
                None if at > data.len() => return None,
                None => {}
            }
            before = Some(at);
            // Buffers are padded with zeros.
            if at >= data.len() && !data.is_empty() {
                break;
            }
        }
        (before? == data.len()).then_some(rows)
    };
    of_width(8).or_else(|| of_width(4)).filter(|rows| !rows.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_back_to_back() {
        let check = |offsets: &[u8], data: &[u8], expected: Option<&[&[u8]]>| {
            assert_eq!(rows(offsets, data).as_deref(), expected);
        };
        check(&[0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0], b"abcde", Some(&[b"ab", b"", b"cde"]));
        check(&[0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0], b"ab", Some(&[b"ab"]));
        check(&[0, 0, 0, 0, 9, 0, 0, 0], b"abcde", None);
        check(&[3, 0, 0, 0, 1, 0, 0, 0], b"abcde", None);
        check(b"", b"", None);
    }
}
