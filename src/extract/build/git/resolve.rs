//! The contents of a pack's objects, each made once: from a base down to all that are deltas against it.
//!
//! A content is kept while deltas against it are still to be made. Where there is no room for it, it is made again when
//! it is asked for, and what all of that may cost is bounded. Of a delta that cannot be applied its own bytes are left.

use super::blocks::{Blocks, Stream};
use super::table::{Base, NONE, Table, header};
use super::{HELD, delta};
use std::collections::{HashMap, VecDeque};
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes of contents that are kept for deltas against them.
const KEPT: usize = 16 << 20;

/// Makes contents.
pub(super) struct Resolver<'b, 'f> {
    pub(super) blocks: &'b mut Blocks<'f>,
    pub(super) table: Table,
    kept: HashMap<u32, Kept>,
    order: VecDeque<u32>,
    weight: usize,
    /// Bytes that may still be made.
    pub(super) work: u64,
}

struct Kept {
    content: Rc<Vec<u8>>,
    /// Deltas against it that are still to be made.
    wanted: usize,
}

/// What became of an object.
pub(super) enum Content {
    Whole(Rc<Vec<u8>>),
    /// Too long to be held.
    Long,
    /// Broken, or more work than an honest pack is.
    Lost,
}

impl<'b, 'f> Resolver<'b, 'f> {
    pub(super) fn new(blocks: &'b mut Blocks<'f>, table: Table, work: u64) -> Self {
        Self { blocks, table, kept: HashMap::new(), order: VecDeque::new(), weight: 0, work }
    }

    /// The content of an object.
    pub(super) fn content(&mut self, index: u32) -> io::Result<Content> {
        if self.work == 0 {
            return Ok(Content::Lost);
        }
        let (mut chain, mut at) = (Vec::new(), index);
        let mut content = loop {
            if let Some(kept) = self.kept.get(&at) {
                break kept.content.clone();
            }
            match self.table.objects.get(at as usize) {
                Some(object) if object.parent != NONE => {
                    chain.push(at);
                    at = object.parent;
                }
                _ => match self.inflated(at)? {
                    Content::Whole(content) => {
                        self.keep(at, &content);
                        break content;
                    }
                    other => return Ok(other),
                },
            }
        };
        for at in chain.into_iter().rev() {
            let Content::Whole(delta) = self.inflated(at)? else { return Ok(Content::Lost) };
            let Some(made) = delta::apply(&content, &delta, HELD) else { return Ok(Content::Lost) };
            self.work = self.work.saturating_sub(made.len() as u64);
            content = Rc::new(made);
            self.made(at);
            self.keep(at, &content);
        }
        Ok(if self.work == 0 { Content::Lost } else { Content::Whole(content) })
    }

    /// What the stream of an object inflates to: its content, or its delta.
    pub(super) fn inflated(&mut self, index: u32) -> io::Result<Content> {
        let Some(object) = self.table.objects.get(index as usize) else { return Ok(Content::Lost) };
        let Some(header) = header(self.blocks, object.offset)? else { return Ok(Content::Lost) };
        let mut bytes = Vec::new();
        let got = self.blocks.stream(header.stream).take(HELD as u64 + 1).read_to_end(&mut bytes);
        self.work = self.work.saturating_sub(bytes.len() as u64);
        Ok(match got {
            Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(error),
            Err(_) => Content::Lost,
            Ok(got) if got > HELD => Content::Long,
            Ok(_) => Content::Whole(Rc::new(bytes)),
        })
    }

    /// What an object is, its size, and its stream: its content, or its delta.
    pub(super) fn stream(&mut self, index: u32) -> io::Result<Option<(Base, u64, Stream<'_, 'f>)>> {
        let Some(object) = self.table.objects.get(index as usize) else { return Ok(None) };
        let header = header(self.blocks, object.offset)?;
        Ok(header.map(|header| (header.base, header.size, self.blocks.stream(header.stream))))
    }

    fn keep(&mut self, index: u32, content: &Rc<Vec<u8>>) {
        let wanted = self.table.children(index).count();
        if wanted == 0 || content.len() > KEPT || self.kept.contains_key(&index) {
            return;
        }
        self.weight += content.len();
        self.kept.insert(index, Kept { content: content.clone(), wanted });
        self.order.push_back(index);
        while self.weight > KEPT {
            let Some(oldest) = self.order.pop_front() else { break };
            self.forget(oldest);
        }
    }

    /// A delta was made: what it is against may not be wanted any more.
    fn made(&mut self, index: u32) {
        let parent = self.table.objects.get(index as usize).map_or(NONE, |object| object.parent);
        if let Some(kept) = self.kept.get_mut(&parent) {
            kept.wanted -= 1;
            if kept.wanted == 0 {
                self.forget(parent);
            }
        }
    }

    fn forget(&mut self, index: u32) {
        if let Some(kept) = self.kept.remove(&index) {
            self.weight -= kept.content.len();
        }
    }
}
