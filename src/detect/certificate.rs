//! The certificate of a private key that stands beside it.
//!
//! A certificate belongs to a key if it holds the key's public half: the modulus of RSA, the point of an elliptic curve.
//! The formats are those of RFC 8017, RFC 5915, RFC 5958 and RFC 5280.

use super::pem;
use crate::place::escaped;
use crate::rules::der;
use std::ops::Range;

/// Bytes before a key in which its certificate begins; no more than windows overlap.
const BEFORE: usize = 2 << 10;
/// Bytes from the start of a key in which its certificate ends.
const AFTER: usize = 16 << 10;
/// Certificates that are looked at.
const MOST: usize = 4;
const LABEL: &[u8] = b"-----BEGIN CERTIFICATE-----";
/// The name of a subject: 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// Whom the certificate of a key is for, if one stands near its block.
pub(super) fn beside(bytes: &[u8], block: &Range<usize>, key: &[u8]) -> Option<String> {
    let public = public_half(key, 1)?;
    let from = block.start.saturating_sub(BEFORE);
    let near = bytes.get(from..bytes.len().min(block.start + AFTER))?;
    super::work::add(near.len());
    memchr::memmem::find_iter(near, LABEL).take(MOST).find_map(|start| {
        let certificate = pem::decoded(near, start)?;
        let is_its = memchr::memmem::find(&certificate, public).is_some();
        is_its.then(|| subject(&certificate).unwrap_or_else(|| "without a name".to_owned()))
    })
}

/// The part of a private key that its certificate has too.
fn public_half(key: &[u8], depth: u32) -> Option<&[u8]> {
    let outer = der::tagged(key, der::SEQUENCE)?;
    let version = der::tagged(outer.content, der::INTEGER)?;
    let second = der::element(version.rest)?;
    match second.tag {
        der::INTEGER => Some(second.content.strip_prefix(&[0]).unwrap_or(second.content)).filter(|modulus| modulus.len() >= 64),
        der::SEQUENCE if depth > 0 => public_half(der::tagged(second.rest, der::OCTETS)?.content, depth - 1),
        der::OCTETS => {
            let point = der::elements(second.rest).find(|element| element.tag == der::CONTEXT | 1)?;
            let bits = der::tagged(point.content, der::BITS)?;
            bits.content.get(1..).filter(|point| point.len() >= 32)
        }
        _ => None,
    }
}

/// Whom a certificate is for.
fn subject(certificate: &[u8]) -> Option<String> {
    let outer = der::tagged(certificate, der::SEQUENCE)?;
    let body = der::tagged(outer.content, der::SEQUENCE)?;
    // Version, number, algorithm, issuer, dates, subject; the version may be left out.
    let fields: Vec<_> = der::elements(body.content).take(6).collect();
    let at = if fields.first()?.tag == der::CONTEXT { 5 } else { 4 };
    let names = der::elements(fields.get(at)?.content).flat_map(|set| der::elements(set.content));
    let common = |name: der::Element<'_>| {
        let kind = der::tagged(name.content, der::OID).filter(|kind| kind.content == COMMON_NAME)?;
        let text = der::element(kind.rest)?.content;
        Some(escaped(text.get(..text.len().min(100)).unwrap_or(text)))
    };
    names.filter_map(common).last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let head = if length < 0x80 { vec![tag, length as u8] } else { vec![tag, 0x82, (length >> 8) as u8, length as u8] };
        [&head[..], content].concat()
    }

    /// A key with this modulus, and a certificate of it for `x.internal`, as they stand in a file.
    fn made(modulus: &[u8], certified: &[u8]) -> (Vec<u8>, String) {
        let number = |bytes: &[u8]| element(der::INTEGER, bytes);
        let key = element(der::SEQUENCE, &[number(&[0]), number(modulus), number(&[1, 0, 1])].concat());
        let named = [element(der::OID, COMMON_NAME), element(0x0c, b"x.internal")].concat();
        let subject = element(der::SEQUENCE, &element(der::SET, &element(der::SEQUENCE, &named)));
        let empty = element(der::SEQUENCE, &[]);
        let body = [number(&[1]), empty.clone(), empty.clone(), empty, subject, number(certified)].concat();
        let certificate = element(der::SEQUENCE, &element(der::SEQUENCE, &body));
        (key, format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64.encode(&certificate)))
    }

    #[test]
    fn a_certificate_belongs_to_the_key_whose_public_half_it_holds() {
        let modulus: Vec<u8> = (0..128u8).map(|n| n.wrapping_mul(37) ^ 0x5a).collect();
        let other: Vec<u8> = modulus.iter().map(|byte| byte ^ 1).collect();
        let check = |certified: &[u8], before: &str, expected: Option<&str>| {
            let (key, certificate) = made(&modulus, certified);
            let text = format!("{before}KEY\n{certificate}");
            let block = before.len()..before.len() + 4;
            assert_eq!(beside(text.as_bytes(), &block, &key).as_deref(), expected);
            let text = format!("{certificate}KEY\n");
            let block = certificate.len()..certificate.len() + 4;
            assert_eq!(beside(text.as_bytes(), &block, &key).as_deref(), expected);
        };
        check(&modulus, "", Some("x.internal"));
        check(&modulus, "some text\n", Some("x.internal"));
        check(&other, "", None);
    }
}
