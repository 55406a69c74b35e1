//! Layers that are cut or damaged: whatever is stored how, the answer is never "clean".

use super::samples::{Form, image, zstd};
use super::{Answer, target};
use std::io::Read;
use watertight::blob::Digest;
use watertight::forge::image::{gzip, tar_of};
use watertight::policy::Exit;

type Compress = fn(&[u8]) -> Vec<u8>;

const COMPRESSIONS: [(&str, Compress); 3] = [("plain", <[u8]>::to_vec), ("gzip", gzip), ("zstd", zstd_unchecked)];

/// zstd leaves its checksum out by default: then nothing in the stream itself tells that a byte changed.
fn zstd_unchecked(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).expect("memory takes all")
}

fn layer() -> Vec<u8> {
    tar_of(&[("etc/hostname", b"box\n"), ("app/main.py", b"print('hello')\n")])
}

/// Every form of image with a layer of every compression, and how to put other bytes in the layer's place.
fn each(mut check: impl FnMut(&str, &[u8], &dyn Fn(&[u8]) -> Answer)) {
    let tar = layer();
    for form in [Form::Docker, Form::Oci] {
        for (name, compress) in COMPRESSIONS {
            let stored = compress(&tar);
            let diff_id = Digest::sha256(&tar);
            let answer = |bytes: &[u8]| target(&image(form, bytes, &stored, &diff_id));
            check(&format!("{form:?}, {name}"), &stored, &answer);
        }
    }
}

/// A plain tar is long and mostly padding: not every byte of it is worth a scan.
fn places(length: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(if length > 1000 { 19 } else { 1 }).chain(length.checked_sub(1))
}

#[test]
fn a_whole_layer_is_clean() {
    each(|what, stored, answer| {
        let answer = answer(stored);
        assert_eq!(answer.exit, Exit::Clean, "{what}: {:#?}", answer.audit.gaps);
    });
}

#[test]
fn a_layer_cut_anywhere_is_never_clean() {
    each(|what, stored, answer| {
        for cut in places(stored.len()) {
            assert_eq!(answer(&stored[..cut]).exit, Exit::Incomplete, "{what}, cut at {cut} of {}", stored.len());
        }
    });
}

#[test]
fn a_layer_with_a_flipped_byte_is_never_clean() {
    each(|what, stored, answer| {
        for at in places(stored.len()) {
            for pattern in [0x01, 0xff] {
                let mut bytes = stored.to_vec();
                bytes[at] ^= pattern;
                let answer = answer(&bytes);
                // Where only the content is promised, a flip in a name or date of the compressed stream harms none.
                let harmless = || what.starts_with("Docker") && unpacked(&bytes).as_deref() == Some(&layer()[..]);
                assert!(answer.exit == Exit::Incomplete || harmless(), "{what}, {pattern:#x} at {at}: {:#?}", answer.exit);
            }
        }
    });
}

fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).ok().map(|_| out).or_else(|| zstd::decode_all(bytes).ok())
}

/// The archive around the layer, cut: until the layers and all that names them are whole, it is not clean.
#[test]
fn an_archive_cut_anywhere_is_never_clean() {
    let tar = layer();
    let stored = gzip(&tar);
    for form in [Form::Docker, Form::Oci] {
        let whole = image(form, &stored, &stored, &Digest::sha256(&tar));
        // Behind the last member only zeros follow; within the name of the first nothing tells what it was.
        let (named, end) = (whole.iter().take_while(|byte| **byte != 0).count() + 1, whole.len() - 1024);
        for cut in (named..512).step_by(7).chain((512..end).step_by(61)).chain([named, 511, 513, end]) {
            assert_ne!(target(&whole[..cut]).exit, Exit::Clean, "{form:?}, cut at {cut} of {end}");
        }
    }
}

/// Cut at a border of members or frames, a stream is sound and too short.
#[test]
fn a_layer_cut_between_its_parts_is_never_clean() {
    let tar = layer();
    let cuts = [512, 1024, 1536, 2048];
    for (name, compress) in COMPRESSIONS {
        for cut in cuts {
            let stored = [compress(&tar[..cut]), compress(&tar[cut..])].concat();
            for form in [Form::Docker, Form::Oci] {
                let answer = |bytes: &[u8]| target(&image(form, bytes, &stored, &Digest::sha256(&tar)));
                assert_eq!(answer(&stored).exit, Exit::Clean, "{form:?}, {name}, whole");
                assert_eq!(answer(&compress(&tar[..cut])).exit, Exit::Incomplete, "{form:?}, {name}, cut at {cut}");
            }
        }
    }
}

/// A config that promises nothing: all is left to what the stream itself tells.
#[test]
fn a_checked_stream_needs_no_promise() {
    let tar = layer();
    for (name, stored) in [("gzip", gzip(&tar)), ("zstd", zstd(&tar))] {
        let whole = image(Form::Docker, &stored, &stored, &Digest::sha256(b"something else"));
        assert_eq!(target(&whole).exit, Exit::Incomplete, "{name}: the diff id does not fit");
    }
}

/// The digest may hold, and the layer still be none: what a build tool cut before it took the digest.
#[test]
fn a_layer_that_holds_no_tar_is_never_clean() {
    for content in [&b"x"[..], b"no tar\n", &[b'x'; 511], &[b'x'; 512], &layer()[..300]] {
        for (name, compress) in COMPRESSIONS {
            let stored = compress(content);
            for form in [Form::Docker, Form::Oci] {
                let answer = target(&image(form, &stored, &stored, &Digest::sha256(content)));
                assert_eq!(answer.exit, Exit::Incomplete, "{form:?}, {name}, {} bytes", content.len());
            }
        }
    }
}
