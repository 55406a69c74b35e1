//! Names and texts that programs make, and that open nothing: classes, options, ciphers, heads of tokens, text in base64.

use super::language;

/// What it is, if it is one.
pub(super) fn by_machine(value: &[u8]) -> Option<&'static str> {
    let named = |part: &[u8]| {
        part.first().is_some_and(u8::is_ascii_uppercase) && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    if value.contains(&b'\\') && value.split(|byte| *byte == b'\\').filter(|part| !part.is_empty()).all(named) {
        return Some("the name of a class");
    }
    if value.starts_with(b"--") && value.get(2).is_some_and(u8::is_ascii_alphabetic) {
        return Some("an option");
    }
    if let Some(number) = value.strip_prefix(b"0x")
        && number.len() <= 8
        && number.iter().all(u8::is_ascii_hexdigit)
    {
        return Some("a number, date or version");
    }
    if is_cipher(value) {
        return Some("the name of a cipher");
    }
    if is_token_head(value) {
        return Some("the head of a token");
    }
    if is_encoded_text(value) {
        return Some("text in base64");
    }
    if value.starts_with(b"-----BEGIN") || value.starts_with(b"ssh-") || value.starts_with(b"ecdsa-") {
        return Some("a key that has its own rule");
    }
    if ["sha256-", "sha512-", "sha384-", "sha1-", "sha256:", "sha1:", "md5:"]
        .iter()
        .any(|prefix| value.starts_with(prefix.as_bytes()))
    {
        return Some("a digest");
    }
    None
}

/// `PSK-AES128-CBC-SHA`, `NONE:+AES-128-GCM:+SHA256`.
fn is_cipher(value: &[u8]) -> bool {
    let all = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_:+.!@=".contains(byte);
    let joint = |byte: &u8| b"-_:+".contains(byte);
    let part = |part: &[u8]| {
        ["AES", "SHA", "TLS", "RSA", "GCM", "CBC", "HMAC", "ECDH", "CHACHA", "DES", "PSK", "DHE"]
            .iter()
            .any(|known| part.strip_prefix(known.as_bytes()).is_some_and(|rest| rest.len() < 5))
    };
    value.iter().all(all) && value.split(joint).filter(|word| part(word)).count() >= 2
}

/// The head of a signed token without what it says: `{"alg":"HS256"}` in base64.
fn is_token_head(value: &[u8]) -> bool {
    let (head, rest) = value.split_at(memchr::memchr(b'.', value).unwrap_or(value.len()));
    rest.len() <= 1
        && head.starts_with(b"ey")
        && data_encoding::BASE64URL_NOPAD.decode(head).is_ok_and(|text| {
            text.first() == Some(&b'{') && text.last() == Some(&b'}') && memchr::memmem::find(&text, b"\"alg\"").is_some()
        })
}

/// Words of a text in base64: the name of something, or a message. A user with a password is none.
fn is_encoded_text(value: &[u8]) -> bool {
    if value.len() < 16 || !value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')) {
        return false;
    }
    let end = value.iter().rposition(|byte| *byte != b'=').map_or(0, |at| at + 1);
    data_encoding::BASE64_NOPAD.decode(value.get(..end).unwrap_or_default()).is_ok_and(|text| {
        text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) && !text.contains(&b':') && language::wordiness(&text) > 0.7
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;

    fn check(template: &str, expected: Option<&str>) {
        for seed in 0..20 {
            let value = expand(template, seed);
            assert_eq!(by_machine(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn what_programs_make() {
        check("App\\Entity\\User", Some("the name of a class"));
        check("--print=H", Some("an option"));
        check("0x20000000", Some("a number, date or version"));
        check("PSK-AES128-CBC-SHA", Some("the name of a cipher"));
        check("NONE:+AES-128-GCM:+SHA256", Some("the name of a cipher"));
        check("<b64url({\"alg\":\"HS256\",\"typ\":\"JWT\"})>", Some("the head of a token"));
        check("<b64(theNameOfSomeThing)>", Some("text in base64"));
        check("sha256:<hex:64>", Some("a digest"));
    }

    #[test]
    fn what_might_be_a_secret() {
        for template in
            ["<base62:32>", "<base64:44>", "<HEX:40>", "<b64(bob:<base62:12>)>", "-<base62:12>", "<jwt>", "AES-<base62:24>"]
        {
            check(template, None);
        }
    }
}
