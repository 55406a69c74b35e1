//! PEM blocks (RFC 7468, and the older forms of OpenSSL and PGP) that hold a private key.
//!
//! A header alone is documentation or code: the body must decode and start as its kind does. Newlines
//! may be real, escaped once or twice, or hidden in the quotes of a string that is put together.

use super::{Hit, certificate, judge, work};
use crate::finding::{Confidence, Part, PartKind, Severity};
use crate::rules::Rule;
use data_encoding::{BASE64_NOPAD, Encoding, Specification};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// What every block begins with.
pub(super) const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
/// A 16384-bit RSA key with escaped newlines is 13 KB; 4096 bits are 3.3 KB.
pub(super) const LONGEST: usize = 8 << 10;
/// Fewer bytes than this hold no key.
const SHORTEST: usize = 32;

/// Base64 whose last character may have bits to spare, as sloppy tools write it.
static LENIENT: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    specification.check_trailing_bits = false;
    specification.encoding().unwrap_or(BASE64_NOPAD)
});

/// What a body says of itself.
struct Body {
    bytes: Vec<u8>,
    encrypted: bool,
}

/// Finds the block that begins at `start`, if `rules` name its label.
pub(super) fn at(rules: &[(Arc<Rule>, Vec<String>)], bytes: &[u8], start: usize, hits: &mut Vec<Hit>) {
    let Some((label, span, body)) = block(bytes, start) else { return };
    let Some((rule, _)) = rules.iter().find(|(_, labels)| labels.iter().any(|known| known.as_bytes() == label)) else {
        return;
    };
    let Some(body) = opened(bytes.get(body).unwrap_or_default()).filter(|body| fits(label, body)) else { return };
    let mut hit = judge::hit(rule, bytes, span, BEGIN.len() + label.len() + 5);
    if let Some(how) = encryption(label, &body) {
        hit.severity = hit.severity.min(Severity::Low);
        hit.reasons.push("encrypted: useless without its passphrase".into());
        hit.note = Some(how);
    }
    let certified = certificate::beside(bytes, &hit.span, &body.bytes).filter(|_| !body.encrypted);
    hit.parts.extend(certified.map(|name| Part::shown(PartKind::Certificate, name)));
    if is_cut(label, &body) {
        hit.confidence = Confidence::Low;
        hit.reasons.push("its body is cut short: no key can be read from it".into());
    }
    hits.push(hit);
}

/// The bytes of the block that begins at `start`, whatever its label.
pub(super) fn decoded(bytes: &[u8], start: usize) -> Option<Vec<u8>> {
    let (_, _, body) = block(bytes, start)?;
    opened(bytes.get(body)?).map(|body| body.bytes)
}

/// Whether DER says that it is longer than it is, as in the samples of documentation.
fn is_cut(label: &[u8], body: &Body) -> bool {
    let declared = match body.bytes.as_slice() {
        [0x30, 0x82, high, low, ..] => 4 + usize::from(*high) * 256 + usize::from(*low),
        [0x30, 0x81, length, ..] => 3 + usize::from(*length),
        [0x30, length, ..] if *length < 0x80 => 2 + usize::from(*length),
        _ => return false,
    };
    !body.encrypted && label.ends_with(b"PRIVATE KEY") && declared > body.bytes.len() + 3
}

/// The label, the span of the whole block and that of its body.
fn block(bytes: &[u8], start: usize) -> Option<(&[u8], Range<usize>, Range<usize>)> {
    let view = bytes.get(start..bytes.len().min(start + LONGEST))?;
    let header = view.get(BEGIN.len()..view.len().min(96))?;
    let label = header.get(..memchr::memmem::find(header, b"-----")?)?;
    if !label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ') {
        return None;
    }
    let body = BEGIN.len() + label.len() + 5;
    // What another block begins in is no body; looked for first, so that a row of beginnings costs no more than others.
    let rest = view.get(body..)?;
    let rest = rest.get(..memchr::memmem::find(rest, BEGIN).unwrap_or(rest.len()))?;
    work::add(rest.len());
    let end = body + memchr::memmem::find(rest, END)?;
    let tail = view.get(end + END.len()..)?;
    let close =
        if tail.starts_with(label) && tail.get(label.len()..)?.starts_with(b"-----") { label.len() + 5 } else { return None };
    Some((label, start..start + end + END.len() + close, start + body..start + end))
}

/// Reads the body line by line, whatever its lines are joined with.
fn opened(body: &[u8]) -> Option<Body> {
    let mut text = Vec::new();
    let mut encrypted = false;
    for line in lines(body) {
        let line = bare(&line);
        if let Some(at) = line.iter().position(|byte| *byte == b':') {
            encrypted |= line.get(at..).is_some_and(|value| memchr::memmem::find(value, b"ENCRYPTED").is_some());
            continue;
        }
        if matches!(line, b"+" | b"." | b"&") {
            continue; // a string put together
        }
        if line.starts_with(b"=") {
            break;
        }
        text.extend_from_slice(line);
    }
    while text.last() == Some(&b'=') {
        text.pop();
    }
    text.truncate(text.len() - usize::from(text.len() % 4 == 1));
    let bytes = LENIENT.decode(&text).ok().filter(|bytes| bytes.len() >= SHORTEST)?;
    (super::entropy::shannon(&bytes) > 3.0).then_some(Body { bytes, encrypted })
}

/// Splits at real newlines, at `\n` and `\r` with any number of backslashes, and at blanks.
fn lines(body: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new()];
    let mut rest = body.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        let escaped = byte == b'\\' && {
            while rest.next_if_eq(&b'\\').is_some() {}
            rest.next_if(|next| matches!(next, b'n' | b'r' | b't')).is_some()
        };
        if escaped || matches!(byte, b'\n' | b'\r') {
            lines.push(Vec::new());
        } else if byte != b'\\'
            && let Some(line) = lines.last_mut()
        {
            line.push(byte);
        }
    }
    lines
}

/// A line without what surrounds base64 in code, YAML and comments.
fn bare(line: &[u8]) -> &[u8] {
    let quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`');
    let quoted = line.iter().position(quote).zip(line.iter().rposition(quote)).filter(|(first, last)| first < last);
    let line = quoted.and_then(|(first, last)| line.get(first + 1..last)).unwrap_or(line);
    let noise =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b',' | b'#' | b'*' | b';' | b'|' | b'>');
    let start = line.iter().position(|byte| !noise(byte)).unwrap_or(line.len());
    let end = line.iter().rposition(|byte| !noise(byte)).map_or(start, |at| at + 1);
    line.get(start..end).unwrap_or_default()
}

fn fits(label: &[u8], body: &Body) -> bool {
    let has = |word: &[u8]| memchr::memmem::find(label, word).is_some();
    if has(b"OPENSSH") {
        return body.bytes.starts_with(b"openssh-key-v1\0");
    }
    if has(b"PGP") {
        return body.bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    }
    let wrapped = has(b"SIGSTORE") || has(b"COSIGN");
    !label.ends_with(b"PRIVATE KEY") || body.encrypted || wrapped || body.bytes.first() == Some(&0x30)
}

/// How the body is encrypted, if it is: `encrypted`, and the cipher where the body names one.
fn encryption(label: &[u8], body: &Body) -> Option<String> {
    if body.encrypted || label.starts_with(b"ENCRYPTED ") {
        return Some("encrypted".to_owned());
    }
    // OpenSSH's own form: after the magic, the name of the cipher with its length.
    let rest = body.bytes.strip_prefix(b"openssh-key-v1\0")?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let cipher = rest.get(..u32::from_be_bytes(*length) as usize).filter(|name| name.len() <= 64)?;
    let plain = cipher.iter().all(|byte| byte.is_ascii_graphic());
    (cipher != b"none" && plain).then(|| format!("encrypted with {}", String::from_utf8_lossy(cipher)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;
    use crate::rules::RuleSet;

    fn check(text: &str, expected: usize, note: Option<&str>) {
        let head = "issuer='X'\n[[rule]]\nid='key'\ntitle='Key'\nseverity='high'\nexamples=['a']\ndetector='pem'\nlabels=";
        let labels =
            "['RSA PRIVATE KEY', 'PRIVATE KEY', 'OPENSSH PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'PGP PRIVATE KEY BLOCK']";
        let set = RuleSet::parse(&[("x", format!("{head}{labels}"))]).unwrap();
        let labels = ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"];
        let rules = [(Arc::clone(&set.rules()[0]), labels.map(str::to_owned).to_vec())];
        let mut hits = Vec::new();
        let text = expand(text, 3);
        memchr::memmem::find_iter(text.as_bytes(), BEGIN).for_each(|start| at(&rules, text.as_bytes(), start, &mut hits));
        assert_eq!(hits.len(), expected, "{text}");
        assert_eq!(hits.first().and_then(|hit| hit.note.as_deref()), note, "{text}");
    }

    #[test]
    fn a_body_that_is_shorter_than_it_says_is_no_key() {
        let body = |bytes: &[u8]| Body { bytes: bytes.to_vec(), encrypted: false };
        assert!(is_cut(b"RSA PRIVATE KEY", &body(&[0x30, 0x82, 4, 0xa5, 2, 1, 0])));
        assert!(!is_cut(b"RSA PRIVATE KEY", &body(&[0x30, 5, 2, 1, 0, 4, 0])));
        assert!(!is_cut(b"OPENSSH PRIVATE KEY", &body(b"openssh-key-v1")));
    }

    #[test]
    fn keys_in_every_dress() {
        check("<pem:RSA PRIVATE KEY>", 1, None);
        check("{\"key\": \"<pem-escaped:PRIVATE KEY>\\n\"}", 1, None);
        check("<pem:OPENSSH PRIVATE KEY>", 1, None);
        check("<pem:PGP PRIVATE KEY BLOCK>", 1, None);
        check("<pem:ENCRYPTED PRIVATE KEY>", 1, Some("encrypted"));
        let key = expand("<pem:RSA PRIVATE KEY>", 9);
        check(&key.replace('\n', "\r\n"), 1, None);
        check(&key.replace('\n', "\\\\n"), 1, None);
        check(&key.replace('\n', "\n    "), 1, None);
        check(&format!("\"{}\"", key.replace('\n', "\\n\" +\n \"")), 1, None);
        check(&key.replacen('\n', "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1), 1, Some("encrypted"));
    }

    #[test]
    fn headers_alone_and_public_halves_are_silent() {
        for text in [
            "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----",
            "<pem:PUBLIC KEY>",
            "<pem:CERTIFICATE>",
            "-----BEGIN PRIVATE KEY-----\n<base64:200>\n-----END PUBLIC KEY-----",
        ] {
            check(text, 0, None);
        }
    }
}
