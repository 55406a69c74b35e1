//! Values behind an expression: `getenv("X", "v")`, `process.env.X || "v"`, `${X:-v}`, `str("v")`.

use super::literal::Cursor;
use std::ops::Range;

/// Calls that pass their one argument on as it is.
const PASSES_ON: &[&str] = &[
    "string",
    "qstring",
    "qstringliteral",
    "qlatin1string",
    "to_string",
    "str",
    "bytes",
    "from",
    "of",
    "buffer",
    "securestring",
    "secretstr",
    "secret",
    "bytearray",
    "valueof",
    "b64decode",
    "atob",
    "base64_decode",
    "some",
    "ok",
    "pointer",
    "ptr",
    "wrap",
    "literal",
    "just",
    "sensitive",
    "plaintext",
    "usestate",
    "ref",
    "getbytes",
    "new",
    "md5",
    "sha1",
    "byte",
];

/// The literal that an expression at the cursor comes down to if nothing else is set.
pub(super) fn default_of(text: Cursor<'_>, is_code: bool) -> Option<Range<usize>> {
    if let Some(value) = of_shell(text).or_else(|| of_template(text)) {
        return Some(value);
    }
    let length =
        text.rest().iter().take(96).take_while(|byte| byte.is_ascii_alphanumeric() || b"_.:!@$[]'\"->?".contains(byte)).count();
    let mut after = Cursor { at: text.at + length, ..text };
    let callee = text.rest().get(..length)?;
    if callee.is_empty() {
        return None;
    }
    if after.eat(b"(") {
        return argument(after, callee);
    }
    if after.eat(b"{") {
        return after.literal();
    }
    // `new String("v")`, `await x`, and the like.
    if matches!(callee, b"new" | b"await" | b"return" | b"ConvertTo-SecureString") && is_code {
        after.blank();
        return if callee == b"new" { default_of(after, false) } else { after.literal() };
    }
    fallback(after)
}

/// The literal behind `||`, `or` and their like.
pub(super) fn fallback(mut text: Cursor<'_>) -> Option<Range<usize>> {
    text.blank();
    let joined = [&b"||"[..], b"??", b"or ", b"?:", b"| default ", b"|default("].into_iter().any(|mark| text.eat(mark));
    text.blank();
    if joined { text.literal() } else { None }
}

fn argument(mut text: Cursor<'_>, callee: &[u8]) -> Option<Range<usize>> {
    let first = text.literal()?;
    text.blank();
    let _ = text.eat(b".getBytes()") || text.eat(b".to_string()") || text.eat(b".into()");
    if text.eat(b")") {
        let word =
            callee.rsplit(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').next().unwrap_or_default().to_ascii_lowercase();
        if let Some(found) = fallback(text) {
            return Some(found);
        }
        return PASSES_ON.iter().any(|name| name.as_bytes() == word).then_some(first);
    }
    // A second literal is the default of what the first one names.
    if !text.eat(b",") {
        return None;
    }
    let named = text.bytes.get(first)?;
    let is_name = !named.is_empty() && named.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.-:/".contains(byte));
    text.blank();
    is_name.then(|| text.literal()).flatten()
}

/// `{{ name | default "value" }}`, `<%= name || 'value' %>`.
fn of_template(mut text: Cursor<'_>) -> Option<Range<usize>> {
    let close = if text.eat(b"{{") {
        &b"}}"[..]
    } else if text.eat(b"<%=") {
        b"%>"
    } else {
        return None;
    };
    let rest = text.rest();
    let inner = rest.get(..memchr::memmem::find(rest.get(..rest.len().min(160))?, close)?)?;
    let (mark, found) = [&b"default("[..], b"default ", b"|| ", b"or "]
        .into_iter()
        .find_map(|mark| memchr::memmem::find(inner, mark).map(|found| (mark, found)))?;
    text.at += found + mark.len();
    text.literal()
}

/// `${NAME:-value}` of a shell, `${NAME:value}` of Spring.
fn of_shell(mut text: Cursor<'_>) -> Option<Range<usize>> {
    if !text.eat(b"${") {
        return None;
    }
    let rest = text.rest();
    let name = rest.iter().take(64).take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
    let colon = rest.get(name) == Some(&b':');
    let skip = name + 1 + usize::from(matches!(rest.get(name + 1), Some(b'-' | b'=')));
    let end = memchr::memchr2(b'}', b'\n', rest).filter(|end| rest.get(*end) == Some(&b'}'))?;
    // `${env:NAME, 'value'}`, `${oc.env:NAME,value}`
    if rest.get(..name).is_some_and(|name| name.ends_with(b"env")) {
        let comma = memchr::memchr(b',', rest.get(..end)?)?;
        let value = rest.get(comma + 1..end)?;
        let quote = |byte: &&u8| matches!(byte, b' ' | b'\'' | b'"');
        let start = comma + 1 + value.iter().take_while(quote).count();
        let close = end - value.iter().rev().take_while(quote).count();
        return (start < close).then_some(text.at + start..text.at + close);
    }
    // `${NAME:?message}` has no default.
    let is_message = rest.get(name + 1) == Some(&b'?');
    (colon && !is_message && name > 0 && end > skip).then_some(text.at + skip..text.at + end)
}

/// The default of a name that is itself in a reference: `${NAME:-value}`.
pub(super) fn default_around(bytes: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    let start = name.start.checked_sub(2)?;
    of_shell(Cursor { bytes, at: start })
}

/// The default that a reference in a quoted string falls back to: `"${NAME:-value}"`.
pub(super) fn default_within(bytes: &[u8], value: &Range<usize>) -> Option<Range<usize>> {
    let found = of_shell(Cursor { bytes, at: value.start })?;
    (found.end + 1 == value.end).then_some(found)
}
