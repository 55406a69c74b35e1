//! How many bytes detectors looked at, which only tests ask for.
//!
//! The passes look at every byte once. What a detector looks at beyond that must stay in proportion to the
//! text, whatever the text is: somebody may send one that is made of nothing but beginnings.

#[cfg(test)]
thread_local! {
    static DONE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Notes that so many bytes were looked at.
#[inline]
pub(super) fn add(bytes: usize) {
    #[cfg(test)]
    DONE.with(|done| done.set(done.get() + bytes));
    let _ = bytes;
}

/// What was looked at so far, on this thread.
#[cfg(test)]
pub(super) fn done() -> usize {
    DONE.with(std::cell::Cell::get)
}

#[cfg(test)]
mod tests {
    use super::super::{Engine, View};
    use super::*;
    use crate::rules::RuleSet;

    /// Bytes of a text, of which one part fills all.
    const LENGTH: usize = 200_000;

    fn check(engine: &Engine, part: &str, expected: usize) {
        let text = part.repeat(LENGTH / part.len());
        for name in [&b""[..], b"a.env", b"a.yaml", b"a.js"] {
            DONE.with(|done| done.set(0));
            let view = View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name };
            engine.detect(&view, &mut Vec::new());
            let done = DONE.with(std::cell::Cell::get) / LENGTH;
            assert!(done <= expected, "{done} times the text for {:?}…", part.get(..40).unwrap_or(part));
        }
    }

    #[test]
    fn no_text_makes_more_work_than_a_multiple_of_its_length() {
        let engine = Engine::new(&RuleSet::builtin().unwrap()).unwrap();
        check(&engine, "A", 2);
        check(&engine, "x", 1);
        check(&engine, "-A", 2);
        for part in ["://", "a://", "a://b:", "a://b:c/", "eyJ", "-eyJ", "-eyJ.", "asic ", "basic ", "\"auth\":", "\"auths\":{"] {
            check(&engine, part, 90);
        }
        for part in ["-----BEGIN ", "-----BEGIN PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"] {
            check(&engine, part, 8);
        }
        let many = "-----BEGIN PRIVATE KEY-----\n".repeat(100) + "-----END PRIVATE KEY-----\n";
        check(&engine, &many, 8);
        for part in ["key=", "key:", "key=a&", "password=key,", "key='", "key=\"", "key=`", "key=$(", "<key>", "${key:-", "key "]
        {
            check(&engine, part, 40);
        }
        for part in ["curl ", "curl -u ", "mysql -p", "docker login ", "openssl -pass pass:"] {
            check(&engine, part, 40);
        }
        check(&engine, "twitter aaaaaaaaaaaaaaa1.", 60);
        check(&engine, "AccountKey=", 60);
        check(&engine, "EAAB", 4);
    }
}
