//! Texts and bytes that are too long to be held: handed over as they stream by.

use super::super::super::{Input, Member, MemberKind, Sink};
use super::super::keys::is_key;
use super::arrays;
use super::machine::Machine;
use super::stream::End;
use std::io::{self, BufRead, Read};

/// Hands over the next `length` bytes: numbers where an array says so, a document where they are a text,
/// else something that may open.
pub(super) fn hand_over(
    machine: &Machine,
    input: &mut Input<'_>,
    sink: &mut dyn Sink,
    length: u64,
    is_bytes: bool,
) -> Result<(), End> {
    let at = input.position();
    let mut body = Read::take(&mut *input, length);
    match arrays::awaited(machine) {
        Some(array) if is_bytes => arrays::hand_over(&array, &mut body, at, sink)?,
        _ if is_bytes => {
            let name = match machine.stack.last().and_then(|top| machine.heap.chars(*top)).filter(|key| is_key(key)) {
                Some(key) => key.to_vec(),
                None => format!("@{at}").into_bytes(),
            };
            sink.member(&Member { name: &name, kind: MemberKind::File, size: Some(length) }, &mut body)?;
        }
        _ => sink.raw(&mut body)?,
    }
    // A sink may leave off early.
    io::copy(&mut body, &mut io::sink())?;
    if body.limit() > 0 { Err(End::Cut) } else { Ok(()) }
}

/// Hands over what is left of a line that is longer than is held.
pub(super) fn rest_of_line(input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), End> {
    let mut line = Line { input, ended: false };
    sink.raw(&mut line)?;
    io::copy(&mut line, &mut io::sink())?;
    Ok(())
}

/// Reads up to a newline, which it takes.
struct Line<'i, 'a> {
    input: &'i mut Input<'a>,
    ended: bool,
}

impl Read for Line<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        let ready = self.input.fill_buf()?;
        let window = ready.get(..buffer.len().min(ready.len())).unwrap_or(ready);
        let found = memchr::memchr(b'\n', window);
        let count = found.unwrap_or(window.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), window.get(..count)) {
            to.copy_from_slice(from);
        }
        self.ended = found.is_some() || ready.is_empty();
        let taken = count + usize::from(found.is_some());
        self.input.consume(taken);
        Ok(count)
    }
}
