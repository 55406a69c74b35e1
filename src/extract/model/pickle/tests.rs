//! Pickles by hand, and what is handed out of them.

use super::Pickle;
use crate::extract::testing::{Seen, Texts, seen};
use crate::finding::GapReason;

fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

fn bytes(bytes: &[u8]) -> Vec<u8> {
    [b"B", &(bytes.len() as u32).to_le_bytes()[..], bytes].concat()
}

fn look(parts: &[&[u8]]) -> Seen {
    seen(&Pickle, &parts.concat())
}

/// The texts that have a name.
fn named(seen: &Seen) -> Vec<(&str, &str)> {
    seen.texts.0.iter().filter(|(name, _)| !name.is_empty()).map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

#[track_caller]
fn check(parts: &[&[u8]], expected: &[(&str, &str)]) {
    let seen = look(parts);
    assert_eq!((named(&seen), seen.gaps.as_slice()), (expected.to_vec(), &[][..]), "{:?}", seen.texts);
}

#[test]
fn dicts_name_their_values() {
    check(&[b"\x80\x02}(", &text("a"), b"}", &text("b"), &text("v"), b"su", b"."], &[("a.b", "v")]);
    check(&[b"(dp0\nS'a'\np1\n(dp2\nVb\nS'v\\x41'\nss."], &[("a.b", "vA")]);
    check(&[b"\x80\x02](", &text("x"), b"}", &text("k"), &text("v"), b"se."], &[("[0]", "x"), ("[1].k", "v")]);
    // Keys by memo.
    check(&[b"\x80\x04](}", &text("k"), b"\x94", &text("v"), b"s}h\x00", &text("w"), b"se."], &[("[0].k", "v"), ("[1].k", "w")]);
}

#[test]
fn objects_name_their_state() {
    let object: &[u8] = b"\x80\x02cmy.module\nConfig\n)\x81";
    check(&[object, b"}", &text("password"), &text("v"), b"sb."], &[("password", "v")]);
    check(&[object, b"N}", &text("slot"), &text("v"), b"s\x86b."], &[("slot", "v")]);
    check(&[object, b"}", &text("__dict__"), b"}", &text("k"), &text("v"), b"ssb."], &[("k", "v")]);
    check(&[b"\x80\x04cmy\nC\n)}", &text("key"), &text("v"), b"s\x92."], &[("key", "v")]);
    check(&[b"(S'v'\nimy\nC\n."], &[("[0]", "v")]);
    check(&[b"\x80\x02(", &text("key"), &text("v"), b"t."], &[("key", "v")]);
    let record = [&b"\x80\x02}("[..], &text("name"), &text("db_password"), &text("value"), &text("v"), b"u."].concat();
    assert!(look(&[&record]).texts.0.contains(&("db_password".into(), "v".into())));
}

#[test]
fn a_text_goes_out_once_under_the_name_that_says_most() {
    let shared: &[&[u8]] = &[b"\x80\x04}(", &text("a"), &text("v"), b"\x94", &text("password"), b"h\x00", &text("b"), b"h\x00u."];
    check(shared, &[("password", "v")]);
}

#[test]
fn bytes_are_texts_or_members() {
    check(&[b"\x80\x03}", &text("k"), &bytes(b"v"), b"s."], &[("k", "v")]);
    // As protocol 2 writes them.
    check(
        &[b"\x80\x02}", &text("k"), b"c_codecs\nencode\n", &text("v\u{e4}"), &text("latin1"), b"\x86Rs."],
        &[("k", "v\u{fffd}")],
    );
    let inner = [&b"\x80\x04"[..], &[0; 100]].concat();
    let seen = look(&[b"\x80\x03}", &text("blob"), &bytes(&inner), b"s."]);
    assert_eq!(seen.members.0.first().map(|(name, _)| name.as_str()), Some("blob"));
}

#[test]
fn what_is_no_name_of_code_is_a_text() {
    let seen = look(&[b"\x80\x02cno-name-of-code-2\nDict\ncno-name-of-code-2\nDict\ncposix\nsystem\n."]);
    assert_eq!(seen.texts, vec![("", "no-name-of-code-2")].into());
}

#[test]
fn arrays_are_read_by_their_type() {
    let array = |code: &str, body: &[u8]| {
        let dtype = [b"cnumpy\ndtype\n", text(code).as_slice(), b"\x85R"].concat();
        let made = b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85C\x01btR";
        [b"\x80\x04}", text("k").as_slice(), made, b"(K\x01K\x02\x85", &dtype, b"\x89", &bytes(body), b"tbs."].concat()
    };
    let wide: Vec<u8> = "abcd".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    assert_eq!(named(&look(&[&array("U2", &wide)])), [("k[0]", "ab"), ("k[1]", "cd")]);
    assert_eq!(look(&[&array("f8", &[7; 16])]).numbers, [7; 16]);
}

#[test]
fn arrays_of_joblib_stand_behind_their_object() {
    let wrapper = |shape: u8, code: &str, aligned: bool| {
        let mut out = b"\x80\x04}".to_vec();
        out.extend(text("k"));
        out.extend(b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(");
        out.extend([text("shape"), vec![b'K', shape, 0x85], text("dtype"), b"cnumpy\ndtype\n".to_vec(), text(code)].concat());
        out.extend(b"\x85R");
        if aligned {
            out.extend([text("numpy_array_alignment_bytes"), b"K\x10".to_vec()].concat());
        }
        out.extend(b"ub");
        out
    };
    let rest = [&b"s"[..], b"."].concat();
    let plain = look(&[&wrapper(2, "f8", false), &[9; 16], &rest]);
    assert_eq!((plain.numbers.as_slice(), plain.gaps.as_slice()), (&[9; 16][..], &[][..]));
    let aligned = look(&[&wrapper(2, "S3", true), b"\x02\xff\xffabcxyz", &rest]);
    assert_eq!(named(&aligned), [("k[0]", "abc"), ("k[1]", "xyz")]);
    let objects = look(&[&wrapper(1, "O", true), b"\x80\x04](", &text("x"), b"e.", &rest]);
    assert_eq!((named(&objects).first().map(|(_, text)| *text), objects.gaps.as_slice()), (Some("x"), &[][..]));
}

#[test]
fn streams_go_on_behind_the_first_pickle() {
    check(&[b"\x80\x02N.\x80\x02}", &text("k"), &text("v"), b"s."], &[("k", "v")]);
    let seen = look(&[b"\x80\x02N.not a pickle"]);
    assert_eq!(seen.raw, b"not a pickle");
    let torch = |n: u8| [&b"\x80\x02K"[..], &[n], b"."].concat();
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    let seen = look(&[magic, &torch(1), &torch(2), &torch(3), &torch(4), b"weights"]);
    assert_eq!(seen.numbers, b"weights");
}

#[test]
fn damage_ends_a_pickle_and_loses_nothing() {
    let check = |parts: &[&[u8]], texts: &[(&str, &str)], raw: &[u8], gap: GapReason| {
        let seen = look(parts);
        let expected = Texts(texts.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect());
        assert_eq!((&seen.texts, seen.raw.as_slice(), seen.gaps.as_slice()), (&expected, raw, &[gap][..]));
    };
    check(&[b"\x80\x02", &text("v"), b"\xffrest"], &[("", "v")], b"rest", GapReason::Damaged);
    check(&[b"\x80\x02X\xff\0\0\0cut"], &[("", "cut")], b"", GapReason::Truncated);
    check(&[b"\x80\x02X\xff\xff\xff\x7fcut"], &[], b"cut", GapReason::Truncated);
    check(&[b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffcut"], &[], b"cut", GapReason::Truncated);
    // A stack that has too little.
    let seen = look(&[b"\x80\x02RtsuaebQ\x81", &text("v"), b"."]);
    assert_eq!((seen.texts.0.len(), seen.gaps.len()), (1, 0));
}

#[test]
fn endless_depth_and_cycles_end() {
    let deep = [&b"\x80\x02"[..], &b"]".repeat(100_000), &b"a".repeat(99_999), &text("v"), b"a."].concat();
    assert_eq!(look(&[&deep]).texts.0.len(), 1);
    // Each list holds the one before twice.
    let mut wide = [&b"\x80\x02"[..], &text("v"), b"q\0"].concat();
    wide.extend(b"h\0h\0\x86q\0".repeat(50_000));
    wide.push(b'.');
    assert_eq!(look(&[&wide]).texts.0.len(), 1);
    let itself = [&b"\x80\x02]q\0h\0a"[..], &text("v"), b"a."].concat();
    assert_eq!(look(&[&itself]).texts.0.len(), 1);
    let marks = [&b"\x80\x02"[..], &b"(".repeat(3_000_000), &b"N".repeat(3_000_000), &text("v"), b"."].concat();
    let seen = look(&[&marks]);
    assert_eq!((seen.texts.0.len(), seen.gaps.as_slice()), (1, &[GapReason::SizeLimit][..]));
}

#[test]
fn more_than_is_held_goes_out_in_parts() {
    let mut many = b"\x80\x02]".to_vec();
    for n in 0..200_000 {
        many.extend([b"}", text("password").as_slice(), &text(&format!("value {n}")), b"sa"].concat());
    }
    many.push(b'.');
    let seen = look(&[&many]);
    let values: Vec<_> = seen.texts.0.iter().filter(|(_, text)| text.starts_with("value")).collect();
    assert_eq!((values.len(), seen.gaps.len()), (200_000, 0));
    assert!(values.iter().all(|(name, _)| name.ends_with("password")));
    let long = "x".repeat(1_100_000);
    let seen = look(&[b"\x80\x02}", &text("k"), &text(&long), b"s."]);
    assert_eq!((seen.raw.len(), seen.gaps.len()), (long.len(), 0));
}
