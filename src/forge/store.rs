//! Key stores of Java, as `keytool` writes them: for examples and tests.

use fastrand::Rng;
use sha1::{Digest, Sha1};

/// A store of the format JKS with one private key, both under `password`. What is in place of the key opens nothing.
pub(super) fn jks(password: &str, rng: &mut Rng) -> Vec<u8> {
    let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let noise = |count: usize, rng: &mut Rng| (0..count).map(|_| rng.u8(..)).collect::<Vec<u8>>();
    let plain = noise(200, rng);
    let salt = noise(20, rng);
    let mut sealed = salt.clone();
    let mut over = salt;
    for part in plain.chunks(20) {
        over = Sha1::new().chain_update(&password).chain_update(&over).finalize().to_vec();
        sealed.extend(part.iter().zip(&over).map(|(plain, over)| plain ^ over));
    }
    sealed.extend(Sha1::new().chain_update(&password).chain_update(&plain).finalize());
    let oid = [0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x2a, 0x02, 0x11, 0x01, 0x01];
    let algorithm = element(0x30, &[&oid[..], &[5, 0]].concat());
    let key = element(0x30, &[algorithm, element(0x04, &sealed)].concat());
    let mut store = vec![0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1];
    let name = b"server";
    store.extend((name.len() as u16).to_be_bytes());
    store.extend_from_slice(name);
    store.extend([0; 8]);
    store.extend((key.len() as u32).to_be_bytes());
    store.extend(key);
    store.extend([0; 4]);
    let sum = Sha1::new().chain_update(&password).chain_update(b"Mighty Aphrodite").chain_update(&store).finalize();
    store.extend(sum);
    store
}

/// An element of DER.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = if length < 0x80 { vec![tag, length as u8] } else { vec![tag, 0x82, (length >> 8) as u8, length as u8] };
    [&head[..], content].concat()
}
