//! Objects of git, put together by hand: loose ones, packs with deltas, and whole repositories of a few commits.

use super::samples::zlib;
use sha1::{Digest, Sha1};

/// The id of an object.
pub(crate) fn id(kind: &str, body: &[u8]) -> [u8; 20] {
    Sha1::new().chain_update(format!("{kind} {}\0", body.len())).chain_update(body).finalize().into()
}

fn hex(id: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(id)
}

/// A loose object.
pub(crate) fn loose(kind: &str, body: &[u8]) -> Vec<u8> {
    zlib(&[format!("{kind} {}\0", body.len()).as_bytes(), body].concat())
}

/// An object of a pack.
pub(crate) enum Packed<'a> {
    Whole(&'a str, &'a [u8]),
    /// A delta against the one so many places before.
    Near(usize, Vec<u8>),
    /// A delta against what has this id.
    Named([u8; 20], Vec<u8>),
}

/// A pack of these objects.
pub(crate) fn pack(objects: &[Packed<'_>]) -> Vec<u8> {
    let mut out = [&b"PACK\0\0\0\x02"[..], &(objects.len() as u32).to_be_bytes()].concat();
    let mut starts = Vec::new();
    for object in objects {
        let at = out.len();
        let (code, body, base) = match object {
            Packed::Whole(kind, body) => {
                let code = ["commit", "tree", "blob", "tag"].iter().position(|name| name == kind).expect("a kind") + 1;
                (code, *body, Vec::new())
            }
            Packed::Near(back, delta) => {
                let back: usize = at - starts[starts.len() - back];
                let (mut far, mut rest) = (vec![(back & 0x7f) as u8], back >> 7);
                while rest > 0 {
                    rest -= 1;
                    far.insert(0, 0x80 | (rest & 0x7f) as u8);
                    rest >>= 7;
                }
                (6, delta.as_slice(), far)
            }
            Packed::Named(id, delta) => (7, delta.as_slice(), id.to_vec()),
        };
        let mut size = body.len() >> 4;
        let mut byte = (code << 4 | body.len() & 15) as u8;
        while size > 0 {
            out.push(byte | 0x80);
            byte = (size & 0x7f) as u8;
            size >>= 7;
        }
        out.push(byte);
        out.extend(base);
        out.extend(zlib(body));
        starts.push(at);
    }
    let sum = Sha1::digest(&out);
    [out, sum.to_vec()].concat()
}

fn number(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// A delta that puts `text` behind all of `base`, which is short.
pub(crate) fn appended(base: &[u8], text: &[u8]) -> Vec<u8> {
    assert!(base.len() < 1 << 16 && text.len() < 128, "short pieces");
    let copy = [0xb0, base.len() as u8, (base.len() >> 8) as u8];
    [&number(base.len())[..], &number(base.len() + text.len()), &copy, &[text.len() as u8], text].concat()
}

/// An object of a repository.
pub(crate) struct Object {
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Object {
    pub(crate) fn id(&self) -> [u8; 20] {
        id(self.kind, &self.body)
    }

    /// Where it lies below the repository, if it is loose.
    pub(crate) fn path(&self) -> String {
        let id = hex(&self.id());
        format!("objects/{}/{}", &id[..2], &id[2..])
    }
}

/// The objects of a history in which each commit has one file, at a path with one folder or none.
pub(crate) fn history(commits: &[(String, Vec<u8>)]) -> Vec<Object> {
    let mut objects: Vec<Object> = Vec::new();
    let mut parent = String::new();
    for (number, (path, content)) in commits.iter().enumerate() {
        let mut put = |kind, body: Vec<u8>| {
            let object = Object { kind, body };
            let id = object.id();
            objects.push(object);
            id
        };
        let blob = put("blob", content.clone());
        let (folder, name) = path.split_once('/').map_or(("", path.as_str()), |(folder, name)| (folder, name));
        let mut tree = put("tree", [format!("100644 {name}\0").as_bytes(), &blob].concat());
        if !folder.is_empty() {
            tree = put("tree", [format!("40000 {folder}\0").as_bytes(), &tree].concat());
        }
        let who = format!("A <a@b.example> {} +0000", 1_700_000_000 + number);
        let text = format!("tree {}\n{parent}author {who}\ncommitter {who}\n\nnumber {number}\n", hex(&tree));
        parent = format!("parent {}\n", hex(&put("commit", text.into_bytes())));
    }
    objects
}

/// A pack of such a history.
pub(crate) fn packed(objects: &[Object]) -> Vec<u8> {
    pack(&objects.iter().map(|object| Packed::Whole(object.kind, &object.body)).collect::<Vec<_>>())
}

/// An index of one file at `path`.
pub(super) fn index(path: &str) -> Vec<u8> {
    let mut out =
        [&b"DIRC\0\0\0\x02\0\0\0\x01"[..], &[0; 40], &id("blob", b"x"), &(path.len() as u16).to_be_bytes(), path.as_bytes()]
            .concat();
    out.resize(12 + (62 + path.len() + 8) / 8 * 8, 0);
    let sum = Sha1::digest(&out);
    [out, sum.to_vec()].concat()
}

/// For each format of git, bytes with a token in them.
pub(super) fn samples(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let base = b"a line that comes first\n";
    let objects =
        [Packed::Whole("blob", base), Packed::Whole("tag", b"object x\n"), Packed::Near(2, appended(base, text.as_bytes()))];
    vec![("git object", loose("blob", text.as_bytes())), ("git pack", pack(&objects)), ("git index", index(text.trim()))]
}

/// What a scan says of a pack: texts behind `token = ` at which members, and gaps.
#[test]
fn deltas_of_all_kinds_are_applied_and_what_cannot_be_is_told() {
    use super::{samples, target};
    use watertight::finding::GapReason;
    let base = "a line that comes first\n".repeat(20);
    let text = samples::token(3);
    let middle = [base.as_bytes(), b"more\n"].concat();
    let whole = [&middle[..], text.as_bytes()].concat();
    let name = format!("blob {}", hex(&id("blob", &whole)));
    let check = |objects: &[Packed<'_>], member: Option<&str>, gaps: &[GapReason]| {
        let answer = target(&pack(objects));
        answer.leaks(samples::RULE);
        let found = answer.audit.incidents.iter().flat_map(|incident| &incident.occurrences).next().expect("a place");
        assert_eq!(found.finding.place.member_path().as_deref(), member);
        let told: Vec<_> = answer.audit.gaps.iter().map(|gap| gap.reason).collect();
        assert_eq!(told, gaps);
    };
    let first = || Packed::Whole("blob", base.as_bytes());
    let more = || appended(base.as_bytes(), b"more\n");
    let last = || appended(&middle, text.as_bytes());
    check(&[first(), Packed::Near(1, more()), Packed::Near(1, last())], Some(&name), &[]);
    // By ids, before what they are against.
    let named = || Packed::Named(id("blob", &middle), last());
    check(&[named(), Packed::Named(id("blob", base.as_bytes()), more()), first()], Some(&name), &[]);
    // What it is against is not there, or of another length.
    check(&[named()], None, &[GapReason::MissingBlob]);
    check(&[Packed::Whole("blob", b"short"), Packed::Near(1, last())], None, &[GapReason::Damaged]);
}

#[test]
fn what_follows_damage_in_a_pack_is_found() {
    use super::{samples, target};
    let text = samples::token(4);
    let filling: String = (0..3_000).map(|n| format!("{n} {}\n", n * n)).collect();
    let objects = [Packed::Whole("blob", filling.as_bytes()), Packed::Whole("blob", text.as_bytes())];
    let sound = pack(&objects);
    for at in (13..sound.len() / 2).step_by(101) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x55;
        let answer = target(&bytes);
        assert!(!answer.audit.gaps.is_empty(), "byte {at}");
        answer.leaks(samples::RULE);
    }
}

#[test]
fn deltas_that_make_too_much_are_bounded() {
    use super::{target, within_patience};
    use watertight::finding::GapReason;
    // Each doubles what the one before it makes; then many against the last.
    let mut objects = vec![Packed::Whole("blob", &[b'a'; 4096])];
    let mut size = 4096usize;
    for _ in 0..12 {
        let all = [0xf0, size as u8, (size >> 8) as u8, (size >> 16) as u8];
        objects.push(Packed::Near(1, [&number(size)[..], &number(2 * size), &all, &all].concat()));
        size *= 2;
    }
    for back in 1..2_000 {
        let all = [0xf0, 0xff, 0xff, 0xff];
        objects.push(Packed::Near(back, [&number(size)[..], &number(0xff_ffff), &all].concat()));
    }
    let bytes = pack(&objects);
    let gaps = within_patience(move || target(&bytes).audit.gaps);
    assert!(gaps.iter().any(|gap| gap.reason == GapReason::ExpansionLimit), "{gaps:#?}");
}
