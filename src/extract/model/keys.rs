//! Which texts name others.

use super::super::{Sink, Stop, Text};

/// Longest key.
const KEY: usize = 64;

/// Whether a text may be the name of another: a word of a program, no sentence and no token.
pub(in crate::extract) fn is_key(text: &[u8]) -> bool {
    let starts = text.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_');
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b':');
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    starts && text.len() <= KEY && digits * 3 <= text.len() && text.iter().all(fits)
}

/// Parts of words that say what matters. The detectors judge; this only chooses under which of several names a
/// text is pushed.
const TELLING: [&[u8]; 12] =
    [b"pass", b"pwd", b"secret", b"token", b"key", b"cred", b"auth", b"private", b"dsn", b"ur", b"account", b"conn"];

/// Whether a key promises something worth to be judged by.
pub(in crate::extract) fn is_telling(key: &[u8]) -> bool {
    let lower: Vec<u8> = key.iter().take(KEY).map(u8::to_ascii_lowercase).collect();
    TELLING.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// Whether a field of a record holds the name of what its other field holds.
pub(in crate::extract) fn names(field: &[u8]) -> bool {
    matches!(field, b"key" | b"name" | b"variable" | b"var" | b"setting" | b"parameter" | b"field" | b"Key" | b"Name")
}

/// Whether a column holds what the value beside it is called.
pub(in crate::extract) fn holds_names(column: &[u8]) -> bool {
    super::super::rows::holds_names(&String::from_utf8_lossy(column))
}

/// Whether a column holds values that the row gives a name.
pub(in crate::extract) fn holds_values(column: &[u8]) -> bool {
    super::super::rows::holds_values(&String::from_utf8_lossy(column))
}

/// A text shorter than this holds nothing, not even a name with a value, unless its own key says so.
const SHORT: usize = 8;

/// Pushes a text that may hold something. Models have millions of words that cannot.
pub(in crate::extract) fn push(text: &Text<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let is_idle = text.bytes.is_empty() || text.bytes.len() < SHORT && !sink.wants(text.key);
    if is_idle { Ok(()) } else { sink.text(text) }
}

/// A path that is one key longer.
pub(in crate::extract) fn joined(path: &[u8], key: &[u8]) -> Vec<u8> {
    if path.is_empty() { key.to_vec() } else { [path, b".", key].concat() }
}

/// Whether bytes read as text: UTF-8 without controls.
pub(in crate::extract) fn is_text(bytes: &[u8]) -> bool {
    let is_control = |byte: &u8| *byte < b' ' && !matches!(byte, b'\n' | b'\r' | b'\t' | b'\x1b' | b'\x0c');
    std::str::from_utf8(bytes).is_ok() && !bytes.iter().any(|byte| is_control(byte) || *byte == 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_programs_are_keys() {
        let check = |text: &str, expected: bool| assert_eq!(is_key(text.as_bytes()), expected, "{text}");
        check("aws_secret_access_key", true);
        check("spring.datasource.password", true);
        check("s3_key", true);
        check("s3", false);
        check("", false);
        check("a sentence", false);
        check("4o7fB0rHmo22", false);
        check("k83f02d91c77e5", false);
        check(&"x".repeat(65), false);
        assert!(is_telling(b"DB_PASSWORD") && !is_telling(b"epochs"));
    }
}
