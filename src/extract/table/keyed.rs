//! Values that are found by a key: what of the key names them, and how they are told.

use super::super::model::keys;
use super::super::{Member, MemberKind, Sink, Stop, Text};

/// Texts shorter than this hold nothing, unless their key says so, and are scanned with what is around them.
const SHORT: usize = 8;
/// Values shorter than this hold nothing that opens.
const OPENED: usize = 64;

/// Bytes of its name and of its key: a key that leads to many values costs each of them no more.
const NAME: usize = 1024;
const KEY: usize = 256;

/// How a value is called: the keys that lead to it, and the one by which it is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called<'a> {
    pub(super) name: &'a [u8],
    pub(super) key: &'a [u8],
}

impl<'a> Called<'a> {
    /// By a whole key.
    pub(super) fn by(key: &'a [u8]) -> Self {
        Self { name: key, key: last_word(key) }
    }
}

/// The part of a key that names its value: browsers put an origin and a sign before it, others a table.
pub(super) fn last_word(key: &[u8]) -> &[u8] {
    key.rsplit(|byte| byte.is_ascii_control() || matches!(byte, b':' | b'/')).next().unwrap_or_default()
}

/// Tells a value: as a text, or as what may open. Says whether it did; else it is to be scanned with what is around it.
/// `offset` is where it stands, and `is_plain` whether it stands there as it is.
pub(super) fn tell(called: Called<'_>, mut value: &[u8], offset: u64, is_plain: bool, sink: &mut dyn Sink) -> Result<bool, Stop> {
    let name = called.name.get(..NAME).unwrap_or(called.name);
    let key = called.key.get(..KEY).unwrap_or(called.key);
    if !value.is_empty() && (sink.wants(key) || value.len() >= SHORT && keys::is_text(value)) {
        sink.text(&Text { name, key, bytes: value, offset })?;
    } else if value.len() < OPENED {
        return Ok(false);
    } else if is_plain {
        sink.behind(name, offset, &mut value)?;
    } else {
        let size = Some(value.len() as u64);
        sink.member(&Member { name, kind: MemberKind::File, size }, &mut value)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_key_names_its_value() {
        let check = |key: &[u8], expected: &[u8]| assert_eq!(last_word(key), expected);
        check(b"password", b"password");
        check(b"_https://a.example\0\x01token", b"token");
        check(b"users:7:secret", b"secret");
        check(b"", b"");
    }
}
