//! Python: each installed distribution has a folder `NAME-VERSION.dist-info` with a `RECORD` of its files.
//!
//! A line has a path relative to the folder above, `sha256=` with the URL-safe base64 of the digest, and
//! a size. Bytecode is listed without a digest, since it is made while installing.

use crate::blob::Sum;

/// What a path of a `RECORD` says: how many names lie before the folder, and the distribution's name and version.
pub(super) fn record<'a>(path: &[&'a [u8]]) -> Option<(usize, &'a [u8], &'a [u8])> {
    let [base @ .., folder, b"RECORD"] = path else { return None };
    let folder = folder.strip_suffix(b".dist-info")?;
    let dash = memchr::memrchr(b'-', folder)?;
    let (name, version) = (folder.get(..dash)?, folder.get(dash + 1..)?);
    (!name.is_empty() && !version.is_empty()).then_some((base.len(), name, version))
}

/// The files of a `RECORD`.
pub(super) fn files(record: &[u8]) -> impl Iterator<Item = (Vec<u8>, Option<Sum>)> {
    record.split(|byte| *byte == b'\n').filter_map(|line| {
        // From the right: a path may have commas.
        let mut fields = line.rsplitn(3, |byte| *byte == b',');
        let (_, sum, path) = (fields.next()?, fields.next()?, fields.next()?);
        (!path.is_empty()).then(|| (unquoted(path), digest(sum)))
    })
}

/// Whether a file of a `RECORD` says that the distribution was not fetched by its name, but from a folder, a
/// repository or an archive that somebody pointed to (PEP 610).
pub(super) fn is_direct(path: &[u8]) -> bool {
    path.ends_with(b".dist-info/direct_url.json")
}

/// The source of a file of bytecode: `d/x.py` of `d/__pycache__/x.cpython-311.opt-1.pyc`.
pub fn source_of(path: &[u8]) -> Option<Vec<u8>> {
    let (folder, file) = path.split_at(memchr::memrchr(b'/', path)? + 1);
    let above = folder.strip_suffix(b"__pycache__/").filter(|above| above.is_empty() || above.ends_with(b"/"))?;
    let stem = file.strip_suffix(b".pyc")?;
    let stem = stem.get(..memchr::memchr(b'.', stem).unwrap_or(stem.len()))?;
    (!stem.is_empty()).then(|| [above, stem, b".py"].concat())
}

fn digest(text: &[u8]) -> Option<Sum> {
    // 43 characters make 32 bytes; the padding is left out.
    let text = text.strip_prefix(b"sha256=").filter(|text| text.len() == 43)?;
    Some(Sum::Sha256(data_encoding::BASE64URL_NOPAD.decode(text).ok()?.try_into().ok()?))
}

/// A field of comma-separated values: quoted if it has a comma or a quote, which is then doubled.
fn unquoted(field: &[u8]) -> Vec<u8> {
    let Some(inner) = field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")) else { return field.to_vec() };
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        out.push(byte);
        if byte == b'"' {
            rest.next_if_eq(&b'"');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::path::labels;
    use super::*;

    fn check(line: &str, expected: Option<(&str, bool)>) {
        let found = files(line.as_bytes()).next().map(|(path, sum)| (String::from_utf8(path).unwrap(), sum.is_some()));
        assert_eq!(found.as_ref().map(|(path, sum)| (path.as_str(), *sum)), expected, "{line}");
    }

    #[test]
    fn files_with_their_digests() {
        check("a/b.py,sha256=DVQuDIgE45qn836wDaWnYhSdxoLXgpRRKH4RuTjpRZQ,10\r", Some(("a/b.py", true)));
        check("a/b.pyc,,", Some(("a/b.pyc", false)));
        check("\"a,\"\"b\"\".py\",sha256=DVQuDIgE45qn836wDaWnYhSdxoLXgpRRKH4RuTjpRZQ,10", Some(("a,\"b\".py", true)));
        check("a.py,sha256=DVQu,10", Some(("a.py", false)));
        check("a.py,sha256==========================================,1", Some(("a.py", false)));
        check("a.py,md5=x,1", Some(("a.py", false)));
        check("a.py", None);
        check(",,", None);
        check("", None);
    }

    #[test]
    fn the_folder_names_the_distribution() {
        let of = |path: &'static str| record(&labels(path.as_bytes()));
        assert_eq!(of("lib/boto3-1.44.8.dist-info/RECORD"), Some((1, &b"boto3"[..], &b"1.44.8"[..])));
        assert_eq!(of("boto3.dist-info/RECORD"), None);
        assert_eq!(of("boto3-1.dist-info/METADATA"), None);
        assert_eq!(of("RECORD"), None);
    }

    #[test]
    fn bytecode_belongs_to_its_source() {
        let of = |path: &str| source_of(path.as_bytes()).map(|path| String::from_utf8(path).unwrap());
        assert_eq!(of("a/__pycache__/b.cpython-311.opt-1.pyc").as_deref(), Some("a/b.py"));
        assert_eq!(of("__pycache__/b.pyc").as_deref(), Some("b.py"));
        assert_eq!(of("a/b.pyc"), None);
        assert_eq!(of("x__pycache__/b.pyc"), None);
        assert_eq!(of("b.pyc"), None);
    }
}
