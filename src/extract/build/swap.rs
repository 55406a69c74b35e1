//! Swap files of vim: the lines of a text that is being edited, or was when the editor died.
//!
//! No specification; `memline.c` of vim and of neovim are it. A file of blocks of one size. The first says which file
//! is edited, by whom and where. Pointer blocks (`tp`) list those below them in the order of the text; data blocks
//! (`ad`) hold lines from their end backwards, each closed by a zero, with an index of where they begin. The lines in
//! their order are a member with the name of the file; all else, lines that were deleted too, is scanned as it is.

use super::super::cursor::{be16, be32, be64, le16, le32, le64};
use super::super::told::Told;
use super::super::{About, Extractor, Halt, Head, Input, Member, MemberKind, ReadSeek, Sink};
use crate::finding::GapReason;
use std::collections::HashSet;
use std::io::{self, Read, SeekFrom};
use std::ops::Range;

/// Swap files of vim.
pub struct VimSwap;

/// How they begin: a letter that says how they are encrypted stands between these, a zero that they are not.
const START: u8 = b'b';
const VERSION: &[u8] = b"VIM ";
const ENCRYPTED: &[u8] = b"cCdS";
/// Where the size of a block stands, and which there are; where the name of the file stands.
const SIZE: usize = 12;
const SIZES: std::ops::RangeInclusive<u32> = 1048..=50_000;
const NAME: Range<usize> = 108..1006;
/// The longest data block that is read: one line may take all of it.
const BLOCK: u64 = 16 << 20;
/// Blocks that are put in order.
const BLOCKS: usize = 1 << 20;

impl Extractor for VimSwap {
    fn name(&self) -> &'static str {
        "vim swap"
    }

    fn about(&self) -> About {
        About {
            title: "vim swap file",
            reads: "the lines of the text in their order, under its name; blocks of no line as they are, with what was deleted",
            limits: "encrypted ones are gaps; lines of up to 16 MiB",
            specification: "vim: src/memline.c",
        }
    }

    fn probe(&self, head: &Head<'_>) -> bool {
        let cipher = head.start.get(1).is_some_and(|letter| *letter == b'0' || ENCRYPTED.contains(letter));
        cipher && head.start.first() == Some(&START) && head.has(2, VERSION)
    }

    fn seeks(&self) -> bool {
        true
    }

    fn extract(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Result<(), Halt> {
        let mut told = Told::default();
        {
            let mut swap = Swap::open(input.seekable()?)?;
            let (blocks, is_whole) = swap.leaves()?;
            let name = swap.name()?;
            let mut lines = Lines { swap: &mut swap, blocks: blocks.into_iter(), ready: io::Cursor::default(), told, is_whole };
            let member = Member { name: &name, kind: MemberKind::File, size: None };
            sink.member(&member, &mut lines)?;
            io::copy(&mut lines, &mut io::sink())?;
            let is_whole = lines.is_whole;
            told = lines.told;
            if !is_whole {
                let detail = "vim swap: lines that were not written to it, or cannot be read; scanned as it is, too";
                sink.gap(GapReason::Truncated, detail.into(), None);
            }
        }
        let mut file = input.seekable()?;
        told.sweep(&mut *file, sink)
    }
}

/// The byte order of the machine: that of all numbers but the size of a block.
#[derive(Clone, Copy)]
struct Order {
    is_big: bool,
}

impl Order {
    fn short(self, bytes: &[u8], at: usize) -> Option<u16> {
        if self.is_big { be16(bytes, at) } else { le16(bytes, at) }
    }

    fn long(self, bytes: &[u8], at: usize) -> Option<u32> {
        if self.is_big { be32(bytes, at) } else { le32(bytes, at) }
    }

    fn wide(self, bytes: &[u8], at: usize) -> Option<u64> {
        if self.is_big { be64(bytes, at) } else { le64(bytes, at) }
    }

    /// The two letters that a block begins with are one number.
    fn letters(self, block: &[u8]) -> Option<[u8; 2]> {
        self.short(block, 0).map(u16::to_be_bytes)
    }
}

/// An open file.
struct Swap<'f> {
    file: Box<dyn ReadSeek + 'f>,
    order: Order,
    length: u64,
    /// Bytes of a block.
    size: u64,
}

/// A block of the tree: its number, and how many in a row it takes.
type Block = (u64, u64);

impl<'f> Swap<'f> {
    fn open(mut file: Box<dyn ReadSeek + 'f>) -> Result<Self, Halt> {
        let length = file.seek(SeekFrom::End(0))?;
        let mut swap = Self { file, order: Order { is_big: false }, length, size: *SIZES.start() as u64 };
        let head = swap.bytes(0, swap.size)?;
        let halt = |reason, what: &str| Halt::Broken(reason, format!("vim swap: {what}; scanned as it is"));
        if head.get(1).is_some_and(|letter| ENCRYPTED.contains(letter)) {
            return Err(halt(GapReason::Encrypted, "its lines are encrypted"));
        }
        let size = le32(&head, SIZE).ok_or_else(|| halt(GapReason::Truncated, "ends within its header"))?;
        if !SIZES.contains(&size) {
            return Err(halt(GapReason::Damaged, "no block has this size"));
        }
        swap.size = size.into();
        swap.order.is_big = swap.bytes(swap.size, 2)? == b"pt";
        Ok(swap)
    }

    fn bytes(&mut self, at: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(at))?;
        (&mut self.file).take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The name of the file that is edited.
    fn name(&mut self) -> io::Result<Vec<u8>> {
        let head = self.bytes(0, NAME.end as u64)?;
        let name = head.get(NAME.start..).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(if name.is_empty() { b"text".to_vec() } else { name.to_vec() })
    }

    /// Data blocks in the order of the text, and whether these are all.
    fn leaves(&mut self) -> io::Result<(Vec<Block>, bool)> {
        let (mut leaves, mut is_whole) = (Vec::new(), self.length.is_multiple_of(self.size));
        let (mut stack, mut seen) = (vec![(1u64, 1u64)], HashSet::new());
        // Blocks do not overlap, so all of them are no more than the file has.
        let mut left = self.length / self.size;
        while let Some((number, count)) = stack.pop() {
            let fits = left.checked_sub(count).filter(|_| seen.len() < BLOCKS && seen.insert(number));
            let Some(start) = number.checked_mul(self.size).filter(|start| fits.is_some() && *start < self.length) else {
                is_whole = false;
                continue;
            };
            left = fits.unwrap_or(0);
            let head = self.bytes(start, 8)?;
            match self.order.letters(&head).as_ref() {
                Some(b"da") => leaves.push((number, count)),
                Some(b"pt") => {
                    let block = self.bytes(start, self.size)?;
                    let below = pointers(&block, self.size as usize, self.order);
                    is_whole &= below.is_some();
                    stack.extend(below.into_iter().flatten().rev());
                }
                _ => is_whole = false,
            }
        }
        Ok((leaves, is_whole))
    }
}

/// The blocks below a pointer block. How long an entry is depends on the machine and the editor; how many there may be
/// tells it.
fn pointers(block: &[u8], size: usize, order: Order) -> Option<Vec<Block>> {
    let (count, most) = (usize::from(order.short(block, 2)?), usize::from(order.short(block, 4)?));
    // Bytes of an entry, of the number of a block, and where the number of blocks in a row stands.
    let (length, is_wide, at) =
        [(32, true, 24), (24, true, 16), (16, false, 12)].into_iter().find(|(length, ..)| (size - 8) / length == most)?;
    let entry = |index: usize| {
        let start = 8 + index * length;
        // A negative number is that of a block that was never written.
        let number =
            if is_wide { order.wide(block, start)?.cast_signed() } else { order.long(block, start)?.cast_signed().into() };
        let row = order.long(block, start + at)?;
        Some((u64::try_from(number).unwrap_or(u64::MAX), u64::from(row).max(1)))
    };
    (0..count).map(entry).collect::<Option<_>>().filter(|_| count <= most)
}

/// Adds the lines of a data block to a text. Returns where they stand in it, and whether that is all that stands there;
/// `None` if it makes no sense, and the text is as it was.
fn lines(block: &[u8], order: Order, text: &mut Vec<u8>) -> Option<(Range<usize>, bool)> {
    let before = text.len();
    let number = |at: usize| order.long(block, at).and_then(|number| usize::try_from(number).ok());
    let (free, start, behind) = (number(4)?, number(8)?, number(12)?);
    // The index ends where the free bytes begin, and begins behind a header whose length depends on the machine: it ends
    // with the count of lines, of four bytes or of eight.
    let end = start.checked_sub(free)?;
    let is_there = |index: usize, count: usize| count.checked_mul(4).and_then(|length| index.checked_add(length)) == Some(end);
    let wide = order.wide(block, 16).and_then(|count| usize::try_from(count).ok());
    let (index, count) = [(20, number(16)), (24, wide), (24, number(16))]
        .into_iter()
        .find_map(|(index, count)| Some((index, count.filter(|count| is_there(index, *count))?)))?;
    if behind > block.len() {
        return None;
    }
    let (mut end, mut is_all) = (behind, true);
    for line in 0..count {
        // The highest bit is a mark of a command under way.
        let at = number(index + 4 * line)? & 0x7fff_ffff;
        let Some(stretch) = block.get(at..end).filter(|_| at >= start) else {
            text.truncate(before);
            return None;
        };
        let length = memchr::memchr(0, stretch).unwrap_or(stretch.len());
        // Behind the zero stand properties of the text, if there are any.
        is_all &= length + 1 == stretch.len();
        // In memory a zero of the file is a line feed.
        text.extend(stretch.iter().take(length).map(|byte| if *byte == b'\n' { 0 } else { *byte }));
        text.push(b'\n');
        end = at;
    }
    Some((end..behind, is_all))
}

/// The text.
struct Lines<'s, 'f> {
    swap: &'s mut Swap<'f>,
    blocks: std::vec::IntoIter<Block>,
    ready: io::Cursor<Vec<u8>>,
    told: Told,
    is_whole: bool,
}

impl Lines<'_, '_> {
    fn next(&mut self, (number, count): Block) -> io::Result<()> {
        let (start, length) = (number * self.swap.size, count * self.swap.size);
        let block = self.swap.bytes(start, length.min(BLOCK))?;
        let mut text = Vec::new();
        match lines(&block, self.swap.order, &mut text) {
            Some((stretch, true)) => self.told.told(start + stretch.start as u64, stretch.len() as u64),
            Some(_) => {}
            None => self.is_whole = false,
        }
        self.ready = io::Cursor::new(text);
        Ok(())
    }
}

impl Read for Lines<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.ready.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(block) = self.blocks.next() else { return Ok(0) };
            self.next(block)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::seen;
    use super::*;

    const PAGE: usize = 4096;

    fn number(number: usize) -> [u8; 4] {
        (number as u32).to_le_bytes()
    }

    /// A swap file of these blocks as a big-endian machine of 64 bits writes it: all numbers the other way round.
    fn turned(blocks: &[Vec<u8>]) -> Vec<u8> {
        let turn = |block: &mut [u8], at: usize, width: usize| block[at..at + width].reverse();
        let mut blocks = blocks.to_vec();
        for block in &mut blocks {
            let count = usize::from(block[2]);
            match &block[..2] {
                b"tp" => {
                    (2..8).step_by(2).for_each(|at| turn(block, at, 2));
                    for entry in 0..count {
                        [0, 8, 16].into_iter().for_each(|at| turn(block, 8 + 32 * entry + at, 8));
                        turn(block, 8 + 32 * entry + 24, 4);
                    }
                }
                b"ad" => {
                    let lines = usize::from(block[16]);
                    (4..16).step_by(4).chain((0..lines).map(|line| 24 + 4 * line)).for_each(|at| turn(block, at, 4));
                    turn(block, 16, 8);
                }
                _ => continue,
            }
            turn(block, 0, 2);
        }
        blocks.concat()
    }

    fn padded(bytes: Vec<u8>, length: usize) -> Vec<u8> {
        [&bytes[..], &vec![0; length - bytes.len()]].concat()
    }

    fn head(letter: u8, name: &str) -> Vec<u8> {
        let start = [&[b'b', letter][..], b"VIM 9.0\0\0\0", &number(PAGE)].concat();
        padded([padded(start, NAME.start), name.as_bytes().to_vec()].concat(), PAGE)
    }

    /// A pointer block for these blocks.
    fn pointer(blocks: &[(i64, u32)]) -> Vec<u8> {
        let entry = |(number, count): &(i64, u32)| [&number.to_le_bytes()[..], &[0; 16], &count.to_le_bytes(), &[0; 4]].concat();
        let entries: Vec<u8> = blocks.iter().flat_map(entry).collect();
        padded([b"tp", &[blocks.len() as u8, 0][..], &[127, 0, 0, 0], &entries].concat(), PAGE)
    }

    /// A data block of these lines, with a header of 24 bytes.
    fn data(lines: &[&str], length: usize) -> Vec<u8> {
        let (mut index, mut text, mut at) = (Vec::new(), Vec::new(), length);
        for line in lines {
            at -= line.len() + 1;
            index.extend(number(at));
            text = [line.as_bytes(), b"\0", &text].concat();
        }
        let free = at - 24 - index.len();
        let head = [b"ad\0\0", &number(free)[..], &number(at), &number(length), &number(lines.len()), &[0; 4], &index].concat();
        [padded(head, at), text].concat()
    }

    #[test]
    fn lines_come_in_the_order_of_the_text() {
        let long = "x".repeat(5000);
        let bytes = [
            head(b'0', "~me/conf.env"),
            pointer(&[(4, 1), (3, 1)]),
            data(&["one", "two"], PAGE),
            pointer(&[(2, 1), (5, 2)]),
            data(&["zero"], PAGE),
            data(&[&long, "last"], 2 * PAGE),
        ]
        .concat();
        assert!(VimSwap.probe(&Head { start: &bytes, tail: &[] }));
        let found = seen(&VimSwap, &bytes);
        assert_eq!(found.members, vec![("~me/conf.env", format!("zero\none\ntwo\n{long}\nlast\n").as_str())].into());
        assert!(found.gaps.is_empty() && memchr::memmem::find(&found.raw, b"two").is_none());
    }

    #[test]
    fn big_endian_machines_write_their_numbers_the_other_way_round() {
        let long = "x".repeat(5000);
        let blocks =
            [head(b'0', "~me/conf.env"), pointer(&[(2, 1), (3, 2)]), data(&["one", "two"], PAGE), data(&[&long], 2 * PAGE)];
        let found = seen(&VimSwap, &turned(&blocks));
        assert_eq!(found.members, vec![("~me/conf.env", format!("one\ntwo\n{long}\n").as_str())].into());
        assert!(found.gaps.is_empty() && memchr::memmem::find(&found.raw, b"two").is_none());
    }

    #[test]
    fn what_was_deleted_is_scanned_as_it_is() {
        let mut block = data(&["kept"], PAGE);
        block[100..107].copy_from_slice(b"deleted");
        let bytes = [head(b'0', ""), pointer(&[(2, 1)]), block, data(&["freed"], PAGE)].concat();
        let found = seen(&VimSwap, &bytes);
        assert_eq!((found.members, found.gaps), (vec![("text", "kept\n")].into(), vec![]));
        let has = |text: &[u8]| memchr::memmem::find(&found.raw, text).is_some();
        assert!(has(b"deleted") && has(b"freed") && !has(b"kept"));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let check = |bytes: Vec<u8>, gaps: &[GapReason]| assert_eq!(seen(&VimSwap, &bytes).gaps, gaps);
        let (truncated, one) = ([GapReason::Truncated], data(&["one"], PAGE));
        check(head(b'0', "a"), &truncated);
        check([head(b'0', "a"), pointer(&[(2, 1), (-1, 1)]), one.clone()].concat(), &truncated);
        // A circle, a block twice, blocks that overlap, and an index that leads nowhere.
        check([head(b'0', "a"), pointer(&[(1, 1)])].concat(), &truncated);
        check([head(b'0', "a"), pointer(&[(2, 1), (2, 1)]), one.clone()].concat(), &truncated);
        check([head(b'0', "a"), pointer(&[(2, u32::MAX)]), one.clone()].concat(), &truncated);
        let mut lying = one.clone();
        lying[24..28].copy_from_slice(&number(5));
        check([head(b'0', "a"), pointer(&[(2, 1)]), lying].concat(), &truncated);
        check([head(b'c', "a"), pointer(&[(2, 1)]), one.clone()].concat(), &[GapReason::Encrypted]);
        // Blocks of both kinds of machine.
        check([turned(&[head(b'0', "a"), pointer(&[(2, 1)])]), one].concat(), &truncated);
    }
}
