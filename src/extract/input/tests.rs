//! What inputs hold, and how far they go back.

use super::*;

/// A reader that gives one byte at a time.
struct Drip<'a>(&'a [u8]);
impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
        let Some(slot) = buffer.first_mut() else { return Ok(0) };
        *slot = *first;
        self.0 = rest;
        Ok(1)
    }
}

#[test]
fn a_head_is_whole_even_when_bytes_drip() {
    let bytes: Vec<u8> = (0..10_000u32).map(|n| n as u8).collect();
    let mut drip = Drip(&bytes);
    let mut input = Input::stream(Vec::new(), &mut drip);
    assert_eq!(input.head().unwrap().get(..Head::LEN), bytes.get(..Head::LEN));
    let mut all = Vec::new();
    input.read_to_end(&mut all).unwrap();
    assert_eq!(all, bytes);
}

#[test]
fn looking_ahead_all_the_way_does_not_hold_the_stream() {
    let bytes: Vec<u8> = (0..4u32 << 20).map(|n| (n / 251) as u8).collect();
    let mut source = bytes.as_slice();
    let mut input = Input::stream(Vec::new(), &mut source);
    while let Some(rest) = bytes.get(input.position() as usize..).filter(|rest| !rest.is_empty()) {
        let head = input.head().unwrap();
        assert!(head.len() >= Head::LEN.min(rest.len()) && rest.starts_with(head));
        // Never all of it, until the end.
        let count = head.len().saturating_sub(7).clamp(1, 5000);
        input.consume(count);
        assert!(matches!(&input.body, Body::Stream(stream) if stream.chunk.len() <= 3 * CHUNK));
    }
}

#[test]
fn bytes_are_held_up_to_the_limit_and_not_taken() {
    let bytes: Vec<u8> = (0..300_000u32).map(|n| (n / 251) as u8).collect();
    let check = |input: &mut Input<'_>| {
        assert_eq!(input.held(bytes.len() - 1).unwrap(), None);
        assert!(input.held(bytes.len()).unwrap().is_some_and(|held| held == bytes));
        check_rest(input, &bytes);
    };
    check(&mut Input::memory(&bytes));
    check(&mut Input::stream(bytes[..10].to_vec(), &mut &bytes[10..]));
    check(&mut Input::file(FileSlice::from_bytes(bytes.clone())));
    let mut reader = &bytes[..];
    let mut spilled = Input::stream(Vec::new(), &mut reader);
    drop(spilled.seekable().unwrap());
    spilled.rewind();
    check(&mut spilled);
}

#[test]
fn a_short_stream_costs_what_it_holds() {
    let length = |bytes: &[u8]| {
        let mut reader = bytes;
        let mut input = Input::stream(Vec::new(), &mut reader);
        assert!(input.held(64 << 20).unwrap().is_some_and(|held| held == bytes));
        let Body::Stream(stream) = &input.body else { panic!("a stream") };
        stream.chunk.len()
    };
    assert_eq!(length(b"short"), CHUNK);
    assert!(length(&vec![1; 5 * CHUNK]) <= 10 * CHUNK);
}

#[test]
fn a_head_is_whole_at_the_end_of_a_buffer() {
    let bytes: Vec<u8> = (0..2 * CHUNK).map(|n| (n / 7) as u8).collect();
    let mut input = Input::file(FileSlice::from_bytes(bytes.clone()));
    io::copy(&mut (&mut input).take(CHUNK as u64 - 3), &mut io::sink()).unwrap();
    assert_eq!(input.head().unwrap().get(..Head::LEN), bytes.get(CHUNK - 3..CHUNK - 3 + Head::LEN));
    check_rest(&mut input, &bytes[CHUNK - 3..]);
}

#[test]
fn rewinding_gives_the_chunk_again() {
    let mut reader = &b"0123456789"[..];
    let mut input = Input::stream(Vec::new(), &mut reader);
    let mut first = [0; 4];
    input.read_exact(&mut first).unwrap();
    input.rewind();
    let mut all = String::new();
    input.read_to_string(&mut all).unwrap();
    assert_eq!(all, "0123456789");
}

#[test]
fn a_stream_can_be_sought_in_up_to_the_limit() {
    let mut reader = &b"56789"[..];
    let mut input = Input::stream(b"01234".to_vec(), &mut reader);
    let mut file = input.seekable().unwrap();
    file.seek(io::SeekFrom::Start(3)).unwrap();
    let mut rest = String::new();
    file.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "3456789");
}

#[test]
fn a_spill_that_fails_loses_nothing() {
    // Longer than a chunk, so that the first part is spilled before the limit is met.
    let bytes: Vec<u8> = (0..500_000u32).map(|n| (n / 251) as u8).collect();
    for limit in [0, 3, CHUNK as u64, 400_000, 499_992] {
        let mut reader = &bytes[1000..];
        let mut input = Input::stream(bytes[..1000].to_vec(), &mut reader).within(0, limit);
        input.consume(7);
        assert_eq!(input.seekable().err().map(|error| error.kind()), Some(io::ErrorKind::FileTooLarge));
        check_rest(&mut input, &bytes[7..]);
    }
    let full = || File::options().read(true).write(true).open("/dev/full").unwrap();
    let mut reader = &bytes[..];
    let mut input = Input::stream(Vec::new(), &mut reader);
    let Body::Stream(stream) = &mut input.body else { panic!("a stream") };
    assert_eq!(stream.spill(full(), u64::MAX).err().map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
    check_rest(&mut input, &bytes);
}

fn check_rest(input: &mut Input<'_>, expected: &[u8]) {
    let mut rest = Vec::new();
    input.read_to_end(&mut rest).unwrap();
    assert!(rest == expected, "{} bytes of {}", rest.len(), expected.len());
}

#[test]
fn what_was_spilled_before_the_stream_broke_can_be_sought_in_and_seen_again() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
    let bytes = vec![7; 300_000];
    let mut reader = bytes.as_slice().chain(Broken);
    let mut input = Input::stream(Vec::new(), &mut reader);
    assert_eq!(input.seekable().unwrap().seek(io::SeekFrom::End(0)).unwrap(), 300_000);
    assert!(input.failed());
    input.rewind();
    check_rest(&mut input, &[7; 300_000]);
}
