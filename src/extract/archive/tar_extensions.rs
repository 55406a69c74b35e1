//! What stands before a tar entry and changes it: PAX records and GNU long names.
//!
//! Whoever lets a name or a size be read differently than the container runtime reads it can hide a
//! file. So: records of a PAX header apply to the next entry that is no extension itself, whatever
//! extensions stand between; global ones to all that follow, until changed.

use super::tar_sparse::Sparse;

/// The fields of a PAX header that matter here.
#[derive(Clone, Debug, Default)]
pub(super) struct Pax {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    sparse_name: Option<Vec<u8>>,
    sparse: Sparse,
    /// Where the next stretch of a sparse file begins (version 0.0).
    sparse_at: Option<u64>,
}

/// What is pending for the next entry.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    global: Pax,
    local: Pax,
    long_name: Option<Vec<u8>>,
}

impl Extensions {
    /// Takes in the records of a PAX header.
    pub(super) fn pax(&mut self, body: &[u8], global: bool) -> Records {
        let records = Records::parse(body);
        let target = if global { &mut self.global } else { &mut self.local };
        for (key, value) in &records.pairs {
            match key.as_slice() {
                b"path" => target.path = Some(value.clone()),
                b"linkpath" => target.link = Some(value.clone()),
                b"size" => target.size = decimal(value),
                b"GNU.sparse.name" => target.sparse_name = Some(value.clone()),
                b"GNU.sparse.realsize" | b"GNU.sparse.size" => target.sparse.size = decimal(value),
                b"GNU.sparse.major" => target.sparse.is_in_body = value == b"1",
                b"GNU.sparse.map" => target.sparse.list(value),
                b"GNU.sparse.offset" => target.sparse_at = decimal(value),
                b"GNU.sparse.numbytes" => {
                    if let Some(piece) = target.sparse_at.take().zip(decimal(value)) {
                        target.sparse.push(piece);
                    }
                }
                _ => {}
            }
        }
        records
    }

    /// Takes in the body of a GNU long name: it ends at the first NUL.
    pub(super) fn long_name(&mut self, body: &[u8]) {
        let end = body.iter().position(|byte| *byte == 0).unwrap_or(body.len());
        self.long_name = body.get(..end).map(<[u8]>::to_vec);
    }

    /// The name of the entry at hand.
    pub(super) fn name(&self, header: &[u8]) -> Vec<u8> {
        let (local, global) = (&self.local, &self.global);
        [&local.sparse_name, &local.path, &self.long_name, &global.path]
            .into_iter()
            .flatten()
            .next()
            .cloned()
            .unwrap_or_else(|| header.to_vec())
    }

    /// How many bytes the entry at hand has in the archive, if not as its header says.
    pub(super) fn size(&self) -> Option<u64> {
        self.local.size.or(self.global.size)
    }

    /// What is said of the holes of the entry at hand.
    pub(super) fn sparse(&mut self) -> Sparse {
        std::mem::take(&mut self.local.sparse)
    }

    /// Forgets what was for one entry only.
    pub(super) fn clear(&mut self) {
        self.local = Pax::default();
        self.long_name = None;
    }
}

/// The records of a PAX header, as far as they could be read.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// Keys and values, in order.
    pub(super) pairs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether all of the body was understood.
    pub(super) whole: bool,
}

impl Records {
    /// Reads `"%d %s=%s\n"` records; the number counts the whole record (POSIX.1-2001, pax).
    fn parse(mut body: &[u8]) -> Self {
        let mut records = Self { pairs: Vec::new(), whole: true };
        while body.first().is_some_and(|byte| *byte != 0) {
            let Some((pair, rest)) = record(body) else {
                records.whole = false;
                break;
            };
            records.pairs.push(pair);
            body = rest;
        }
        records
    }

    /// Records that carry text of the author's and not facts of the archiver's.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let dull = |key: &[u8]| {
            matches!(
                key,
                b"path" | b"linkpath" | b"size" | b"uid" | b"gid" | b"uname" | b"gname" | b"mtime" | b"atime" | b"ctime"
            ) || key.starts_with(b"GNU.sparse.")
                || key.ends_with(b"charset")
        };
        self.pairs.iter().map(|(key, value)| (key.as_slice(), value.as_slice())).filter(move |(key, _)| !dull(key))
    }
}

type Pair = (Vec<u8>, Vec<u8>);

fn record(body: &[u8]) -> Option<(Pair, &[u8])> {
    let space = body.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(body.get(..space)?)?).ok()?;
    let text = body.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = text.iter().position(|byte| *byte == b'=')?;
    let pair = (text.get(..equals)?.to_vec(), text.get(equals + 1..)?.to_vec());
    Some((pair, body.get(length..)?))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_hold_newlines_and_equals_signs() {
        let records = Records::parse(b"18 path=a\nb=c/d\xff/\n12 size=345\n");
        assert!(records.whole);
        assert_eq!(records.pairs, [(b"path".to_vec(), b"a\nb=c/d\xff/".to_vec()), (b"size".to_vec(), b"345".to_vec())]);
    }

    #[test]
    fn lying_lengths_end_the_reading() {
        for body in [
            &b"999999999999 path=a\n"[..],
            b"3 path=a\n",
            b"0 a=b\n",
            b"x path=a\n",
            b"11 path=abc",
            b"18446744073709551615 a=b\n",
        ] {
            let records = Records::parse(body);
            assert!(!records.whole && records.pairs.is_empty(), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn a_pax_header_outlives_a_long_name_that_follows_it() {
        let mut pending = Extensions::default();
        pending.pax(b"11 size=77\n", false);
        pending.long_name(b"long\0\0");
        assert_eq!((pending.size(), pending.name(b"short")), (Some(77), b"long".to_vec()));
        pending.clear();
        assert_eq!((pending.size(), pending.name(b"short")), (None, b"short".to_vec()));
    }
}
