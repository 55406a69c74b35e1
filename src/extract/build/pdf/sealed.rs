//! PDF that is encrypted, and opens with no password: what its owner keeps to himself is to print or to change it, and
//! everybody may read it (ISO 32000-1, 7.6; ISO 32000-2, 7.6.4 for the last two revisions).

use super::syntax::{Word, Words, number, value};
use aes::{Aes128, Aes256};
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit, block_padding::NoPadding};
use md5::{Digest, Md5};
use sha2::{Sha256, Sha384, Sha512};

/// What fills up a password that is too short: all of one that is empty.
const FILL: [u8; 32] = *b"\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa\x01\x08\x2e\x2e\x00\xb6\xd0\x68\x3e\x80\x2f\x0c\xa9\xfe\x64\x53\x69\x7a";
/// Rounds in which keys of the third and fourth revision are made, and the least of the sixth.
const ROUNDS: usize = 50;
const LEAST: usize = 64;

/// How streams and strings are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cipher {
    Plain,
    Rc4,
    Aes,
    /// With one key for all objects.
    Aes256,
}

/// What opens a file.
#[derive(Debug)]
pub(super) struct Key {
    key: Vec<u8>,
    streams: Cipher,
    strings: Cipher,
    is_metadata_plain: bool,
}

impl Key {
    /// The key of a file that opens with an empty password, by its dictionary and the first of its marks.
    pub(super) fn of(dictionary: &[u8], mark: &[u8]) -> Option<Self> {
        let whole = |key: &[u8]| match value(dictionary, key).first() {
            Some(Word::Plain(plain)) => std::str::from_utf8(plain).ok()?.parse::<i64>().ok(),
            _ => None,
        };
        let text = |key: &[u8]| match value(dictionary, key).into_iter().next() {
            Some(Word::Text(text, _)) => Some(text),
            _ => None,
        };
        if value(dictionary, b"Filter").first() != Some(&Word::Name(b"Standard")) {
            return None;
        }
        let (version, revision) = (whole(b"V")?, whole(b"R")?);
        let is_metadata_plain = value(dictionary, b"EncryptMetadata").first() == Some(&Word::Plain(b"false"));
        let (streams, strings) = match version {
            1 | 2 => (Cipher::Rc4, Cipher::Rc4),
            4 | 5 => (cipher(dictionary, b"StmF")?, cipher(dictionary, b"StrF")?),
            _ => return None,
        };
        let key = if version == 5 {
            late(&text(b"U")?, &text(b"UE")?, revision)?
        } else {
            let bits = if version == 1 { 40 } else { whole(b"Length").unwrap_or(if version == 4 { 128 } else { 40 }) };
            // Some writers count bytes.
            let bytes = usize::try_from(if bits < 40 { bits } else { bits / 8 }).ok()?.clamp(5, 16);
            let bytes = if version == 4 { 16 } else { bytes };
            let rights = (whole(b"P")? as u32).to_le_bytes();
            let (owner, user) = (text(b"O")?, text(b"U")?);
            early((&owner, &user), rights, mark, (revision, bytes, revision >= 4 && is_metadata_plain))?
        };
        Some(Self { key, streams, strings, is_metadata_plain })
    }

    /// The bytes of a stream.
    pub(super) fn stream(&self, bytes: &[u8], dictionary: &[u8], object: (u64, u64)) -> Vec<u8> {
        let kind = value(dictionary, b"Type");
        let is_plain = kind.first() == Some(&Word::Name(b"XRef"))
            || self.is_metadata_plain && kind.first() == Some(&Word::Name(b"Metadata"))
            || value(dictionary, b"Filter").contains(&Word::Name(b"Crypt"));
        if is_plain { bytes.to_vec() } else { self.undone(self.streams, bytes, object) }
    }

    pub(super) fn string(&self, bytes: &[u8], object: (u64, u64)) -> Vec<u8> {
        self.undone(self.strings, bytes, object)
    }

    fn undone(&self, cipher: Cipher, bytes: &[u8], (id, generation): (u64, u64)) -> Vec<u8> {
        let of_object = || {
            let salt: &[u8] = if cipher == Cipher::Aes { b"sAlT" } else { b"" };
            let parts = [&self.key, &id.to_le_bytes()[..3], &generation.to_le_bytes()[..2], salt];
            let mut key = Md5::digest(parts.concat()).to_vec();
            key.truncate((self.key.len() + 5).min(16));
            key
        };
        match cipher {
            Cipher::Plain => bytes.to_vec(),
            Cipher::Rc4 => rc4(&of_object(), bytes),
            Cipher::Aes => padded(Aes128::new_from_slice(&of_object()).ok(), bytes),
            Cipher::Aes256 => padded(Aes256::new_from_slice(&self.key).ok(), bytes),
        }
    }
}

/// What a filter is that the dictionary describes, by the key that names it.
fn cipher(dictionary: &[u8], key: &[u8]) -> Option<Cipher> {
    let Some(Word::Name(name)) = value(dictionary, key).into_iter().next() else { return Some(Cipher::Plain) };
    if name == b"Identity" {
        return Some(Cipher::Plain);
    }
    let mut words = value(dictionary, b"CF").into_iter().skip_while(|word| *word != Word::Name(name));
    let method = words.find_map(|word| match word {
        Word::Name(method @ (b"V2" | b"AESV2" | b"AESV3" | b"None")) => Some(method),
        _ => None,
    });
    match method? {
        b"V2" => Some(Cipher::Rc4),
        b"AESV2" => Some(Cipher::Aes),
        b"AESV3" => Some(Cipher::Aes256),
        _ => Some(Cipher::Plain),
    }
}

/// The key of revisions 2 to 4 (algorithms 2, 4 and 5), if the empty password is right.
fn early(
    (owner, user): (&[u8], &[u8]),
    rights: [u8; 4],
    mark: &[u8],
    (revision, bytes, is_marked): (i64, usize, bool),
) -> Option<Vec<u8>> {
    let more: &[u8] = if is_marked { &[0xff; 4] } else { b"" };
    let mut key = Md5::digest([&FILL[..], owner.get(..32)?, &rights, mark, more].concat()).to_vec();
    key.truncate(bytes);
    if revision == 2 {
        return (user.get(..32)? == rc4(&key, &FILL)).then_some(key);
    }
    for _ in 0..ROUNDS {
        key = Md5::digest(&key).to_vec();
        key.truncate(bytes);
    }
    let mut proof = Md5::digest([&FILL[..], mark].concat()).to_vec();
    for round in 0..20u8 {
        proof = rc4(&key.iter().map(|byte| byte ^ round).collect::<Vec<_>>(), &proof);
    }
    (user.get(..16)? == proof).then_some(key)
}

/// The key of revisions 5 and 6 (algorithm 2.A), if the empty password is right.
fn late(user: &[u8], sealed: &[u8], revision: i64) -> Option<Vec<u8>> {
    let (proof, salt, own) = (user.get(..32)?, user.get(32..40)?, user.get(40..48)?);
    let hash = |salt: &[u8]| if revision == 5 { Some(Sha256::digest(salt).to_vec()) } else { hardened(salt) };
    if hash(salt)? != proof {
        return None;
    }
    let cipher = Aes256::new_from_slice(&hash(own)?).ok()?;
    unchained(cipher, &[0; 16], sealed.get(..32)?)
}

/// The hash of an empty password of the sixth revision (algorithm 2.B).
fn hardened(salt: &[u8]) -> Option<Vec<u8>> {
    let mut key = Sha256::digest(salt).to_vec();
    for round in 1usize.. {
        let cipher = Aes128::new_from_slice(key.get(..16)?).ok()?;
        let text = key.repeat(64);
        let encryptor = cbc::Encryptor::<Aes128>::inner_iv_slice_init(cipher, key.get(16..32)?).ok()?;
        let sealed = encryptor.encrypt_padded_vec::<NoPadding>(&text);
        let sum: u32 = sealed.iter().take(16).map(|byte| u32::from(*byte)).sum();
        key = match sum % 3 {
            0 => Sha256::digest(&sealed).to_vec(),
            1 => Sha384::digest(&sealed).to_vec(),
            _ => Sha512::digest(&sealed).to_vec(),
        };
        // The last byte is below 256, so that there are few.
        if round >= LEAST && sealed.last().is_none_or(|last| usize::from(*last) + 32 <= round) {
            break;
        }
    }
    key.truncate(32);
    Some(key)
}

fn unchained<C: BlockCipherDecrypt>(cipher: C, first: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    cbc::Decryptor::<C>::inner_iv_slice_init(cipher, first).ok()?.decrypt_padded_vec::<NoPadding>(bytes).ok()
}

/// Blocks behind a first one that is random. What fills up the last is left there, if it is not as it should be.
fn padded<C: BlockCipherDecrypt>(cipher: Option<C>, bytes: &[u8]) -> Vec<u8> {
    let (first, rest) = bytes.split_at(bytes.len().min(16));
    let whole = rest.get(..rest.len() - rest.len() % 16).unwrap_or_default();
    let Some(mut plain) = cipher.and_then(|cipher| unchained(cipher, first, whole)) else { return Vec::new() };
    let count = plain.last().map_or(0, |last| usize::from(*last));
    if (1..=16).contains(&count) {
        plain.truncate(plain.len().saturating_sub(count));
    }
    plain
}

fn rc4(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut state: [u8; 256] = std::array::from_fn(|index| index as u8);
    let mut other = 0u8;
    for (index, byte) in (0..=255u8).zip(key.iter().cycle()) {
        other = other.wrapping_add(state[usize::from(index)]).wrapping_add(*byte);
        state.swap(index.into(), other.into());
    }
    let (mut one, mut other) = (0u8, 0u8);
    let next = |byte: &u8| {
        one = one.wrapping_add(1);
        other = other.wrapping_add(state[usize::from(one)]);
        state.swap(one.into(), other.into());
        byte ^ state[usize::from(state[usize::from(one)].wrapping_add(state[usize::from(other)]))]
    };
    bytes.iter().map(next).collect()
}

/// Which object says how a file is encrypted, and the first mark of the file.
pub(super) fn declared(bytes: &[u8]) -> Option<(u64, Vec<u8>)> {
    let behind = |key: &[u8]| {
        let places: Vec<usize> = memchr::memmem::find_iter(bytes, key).map(|at| at + key.len()).collect();
        places.into_iter().map(|at| Words::new(bytes, at))
    };
    let id = behind(b"/Encrypt").find_map(|mut words| match [words.next()?, words.next()?, words.next()?] {
        [Word::Plain(id), Word::Plain(_), Word::Plain(b"R")] => number(id),
        _ => None,
    })?;
    let mark = behind(b"/ID").find_map(|mut words| match [words.next()?, words.next()?] {
        [Word::Mark("["), Word::Text(mark, _)] => Some(mark),
        _ => None,
    });
    Some((id, mark.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cbc::cipher::BlockCipherEncrypt;

    const MARK: &[u8] = b"a mark";

    fn hex(bytes: &[u8]) -> String {
        format!("<{}>", data_encoding::HEXLOWER.encode(bytes))
    }

    fn chained<C: BlockCipherEncrypt>(cipher: C, first: &[u8], bytes: &[u8]) -> Vec<u8> {
        cbc::Encryptor::<C>::inner_iv_slice_init(cipher, first).unwrap().encrypt_padded_vec::<NoPadding>(bytes)
    }

    #[test]
    fn rc4_is_what_it_was() {
        // The examples that everybody has.
        assert_eq!(rc4(b"Key", b"Plaintext"), b"\xbb\xf3\x16\xe8\xd9\x40\xaf\x0a\xd3");
        assert_eq!(rc4(b"Wiki", b"pedia"), b"\x10\x21\xbf\x04\x20");
    }

    #[test]
    fn early_files_open_with_nothing() {
        let rights = (-44i32 as u32).to_le_bytes();
        for (revision, bytes) in [(2, 5), (3, 16), (4, 16)] {
            let mut key = Md5::digest([&FILL[..], &[7; 32], &rights, MARK].concat()).to_vec();
            key.truncate(bytes);
            let user = if revision == 2 {
                rc4(&key, &FILL)
            } else {
                for _ in 0..50 {
                    key = Md5::digest(&key[..bytes]).to_vec();
                }
                let first = Md5::digest([&FILL[..], MARK].concat()).to_vec();
                let round = |proof: Vec<u8>, round: u8| rc4(&key.iter().map(|byte| byte ^ round).collect::<Vec<_>>(), &proof);
                [(0..20).fold(first, round), vec![0; 16]].concat()
            };
            let (version, filters) = match revision {
                4 => (4, "/CF<</StdCF<</CFM/AESV2/Length 16>>>>/StmF/StdCF/StrF/Identity"),
                _ => (revision - 1, ""),
            };
            let of = |user: &[u8]| {
                let (owner, user) = (hex(&[7; 32]), hex(user));
                let bits = bytes * 8;
                format!("<</Filter/Standard/V {version}/R {revision}/Length {bits}/P -44/O{owner}/U{user}{filters}>>")
            };
            let found = Key::of(of(&user).as_bytes(), MARK).unwrap();
            assert_eq!((&found.key, found.is_metadata_plain), (&key, false), "{revision}");
            assert!(Key::of(of(&user).as_bytes(), b"another").is_none() && Key::of(of(&[0; 32]).as_bytes(), MARK).is_none());
            let salt: &[u8] = if revision == 4 { b"sAlT" } else { b"" };
            let mut own = Md5::digest([&key, &b"\x09\0\0\x01\0"[..], salt].concat()).to_vec();
            own.truncate((bytes + 5).min(16));
            if revision == 4 {
                let text = [
                    &[3; 16][..],
                    &chained(Aes128::new_from_slice(&own).unwrap(), &[3; 16], b"some text\x07\x07\x07\x07\x07\x07\x07"),
                ]
                .concat();
                assert_eq!(found.stream(&text, b"<<>>", (9, 1)), b"some text");
                assert_eq!(
                    (found.stream(&text, b"<</Type/XRef>>", (9, 1)), found.string(b"plain", (9, 1))),
                    (text, b"plain".to_vec())
                );
            } else {
                assert_eq!(found.stream(&rc4(&own, b"some text"), b"<<>>", (9, 1)), b"some text");
                assert_eq!(found.string(&rc4(&own, b"some text"), (9, 1)), b"some text");
            }
        }
    }

    #[test]
    fn late_files_open_with_nothing() {
        for revision in [5, 6] {
            let hash = |salt: &[u8]| if revision == 5 { Sha256::digest(salt).to_vec() } else { hardened(salt).unwrap() };
            let user = [&hash(&[1; 8])[..], &[1; 8], &[2; 8]].concat();
            let sealed = chained(Aes256::new_from_slice(&hash(&[2; 8])).unwrap(), &[0; 16], &[5; 32]);
            let (user, sealed) = (hex(&user), hex(&sealed));
            let filters = "/CF<</StdCF<</CFM/AESV3>>>>/StmF/StdCF/StrF/StdCF";
            let dictionary = format!("<</Filter/Standard/V 5/R {revision}/U{user}/UE{sealed}/EncryptMetadata false{filters}>>");
            let found = Key::of(dictionary.as_bytes(), b"").unwrap();
            let text = [
                &[3; 16][..],
                &chained(Aes256::new_from_slice(&[5; 32]).unwrap(), &[3; 16], b"some longer text0123456789abcde\x01"),
            ]
            .concat();
            assert_eq!(found.string(&text, (1, 0)), b"some longer text0123456789abcde");
            assert_eq!(found.stream(b"plain", b"<</Type/Metadata>>", (1, 0)), b"plain");
            for cut in 0..text.len() {
                found.string(&text[..cut], (1, 0));
            }
        }
    }
}
