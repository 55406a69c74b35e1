//! Values that go on with a part to be filled in: `sk_live_<base62:24>`, `token={name}`. What stands before it
//! is the part of a template that everybody may see.

/// Longest name of a part.
const NAME: usize = 24;

/// Whether such a part begins at `end`. A tag of HTML, as in `value<br>`, is none.
pub(super) fn goes_on(bytes: &[u8], end: usize) -> bool {
    let rest = bytes.get(end..bytes.len().min(end + NAME)).unwrap_or_default();
    let name = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    match rest {
        [b'<', inner @ ..] => {
            let length = name(inner);
            let counted = inner.get(length) == Some(&b':') && inner.get(length + 1).is_some_and(u8::is_ascii_digit);
            let known = matches!(inner.get(..length), Some(b"uuid" | b"crc32" | b"jwt" | b"human" | b"token" | b"value"));
            length > 0 && (counted || known || inner.get(length) == Some(&b'('))
        }
        [b'{', inner @ ..] => {
            let length = name(inner);
            length > 1 && matches!(inner.get(length), Some(b'}' | b':'))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_to_fill_in() {
        for text in ["<base62:24>", "<uuid>", "<b64(x)>", "{name}", "{name:base64}"] {
            assert!(goes_on(format!("abc{text}").as_bytes(), 3), "{text}");
        }
        for text in ["", "<br>", "</a>", "{", "{}", " <base62:24>"] {
            assert!(!goes_on(format!("abc{text}").as_bytes(), 3), "{text}");
        }
    }
}
