//! Stores of the formats of Java; those that `openssl` and `keytool` make are audited by `tests/it/interop`.

use super::*;
use crate::forge::filler::expand;
use data_encoding::BASE64;

fn store(password: &str) -> Vec<u8> {
    BASE64.decode(expand(&format!("<jks:{password}>"), 3).as_bytes()).unwrap()
}

fn check(bytes: &[u8], expected: Option<KeyStore>) {
    assert_eq!(KeyStore::read(bytes), expected);
}

#[test]
fn a_store_opens_with_what_everybody_tries() {
    let open = |password| Some(KeyStore::Open { password: Some(password), keys: vec!["server".to_owned()] });
    check(&store("changeit"), open("changeit"));
    check(&store(""), open(""));
    check(&store("android"), open("android"));
    check(&store("kf83jQa0"), Some(KeyStore::Locked));
}

#[test]
fn a_store_of_certificates_is_none_of_keys() {
    let head = [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1];
    let entry = [&[0, 0, 0, 2, 0, 1, b'a'][..], &[0; 8], &[0, 5], b"X.509", &[0, 0, 0, 3, 0x30, 1, 0]].concat();
    check(&[&head[..], &entry, &[0; 20]].concat(), Some(KeyStore::Certificates));
    check(&[&head[..], &entry, &[0; 19]].concat(), None);
}

#[test]
fn damage_and_lies_are_no_store() {
    let sound = store("changeit");
    for cut in 0..sound.len() {
        check(&sound[..cut], None);
    }
    for at in 4..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 0xff;
        assert!(!matches!(KeyStore::read(&bytes), Some(KeyStore::Open { .. })), "{at}");
    }
    check(&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff], None);
    check(&[&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff][..], &[0; 64]].concat(), None);
    check(b"0~\x02\x01\x030z\x06\t*", None);
    check(b"0", None);
}
