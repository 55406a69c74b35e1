//! Environments as processes have them in memory: `NAME=value`, a zero, the next one. They stand in dumps of memory, in
//! `/proc/PID/environ` and on raw disks.
//!
//! A binary is full of words between zeros, so an entry counts only beside another one, and both names must be written
//! as those of environments are: in capitals.

use std::ops::Range;

/// The longest value, and how far the neighbour's name is looked for, in bytes.
const VALUE: usize = 1024;
const NAME: usize = 64;

/// The value of the name at `name`, if both are an entry of an environment.
pub(super) fn entry(bytes: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    let is_first = name.start.checked_sub(1).is_none_or(|before| bytes.get(before) == Some(&0));
    if !is_first || bytes.get(name.end) != Some(&b'=') || !is_name(bytes.get(name.clone())?) {
        return None;
    }
    let start = name.end + 1;
    let rest = bytes.get(start..)?;
    let end = memchr::memchr(0, rest.get(..rest.len().min(VALUE))?)?;
    let value = start..start + end;
    let is_text = rest.get(..end)?.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f);
    (is_text && (begins_entry(bytes.get(value.end + 1..)?) || ends_entry(bytes.get(..name.start)?))).then_some(value)
}

fn is_name(text: &[u8]) -> bool {
    text.len() >= 2
        && text.first().is_some_and(u8::is_ascii_uppercase)
        && text.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
}

/// Whether an entry begins here.
fn begins_entry(rest: &[u8]) -> bool {
    let near = rest.get(..rest.len().min(NAME)).unwrap_or_default();
    memchr::memchr(b'=', near).is_some_and(|end| near.get(..end).is_some_and(is_name))
}

/// Whether an entry and its zero end here.
fn ends_entry(before: &[u8]) -> bool {
    let Some((0, before)) = before.split_last() else { return false };
    let near = before.get(before.len().saturating_sub(VALUE)..).unwrap_or_default();
    let start = memchr::memrchr(0, near).map_or(0, |at| at + 1);
    near.get(start..).is_some_and(begins_entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `@` stands for a name of environments, `&` for the same in small letters.
    fn check(text: &str, expected: Option<&str>) {
        let text = text.replace('@', "DB_PASSWORD").replace('&', "db_password");
        let at = text.to_uppercase().find("DB_PASSWORD").unwrap();
        assert_eq!(entry(text.as_bytes(), &(at..at + 11)).map(|value| &text[value]), expected, "{text:?}");
    }

    #[test]
    fn entries_stand_beside_others() {
        check("HOME=/root\0@=one\0", Some("one"));
        check("@=one\0HOME=/root\0", Some("one"));
        check("x\0@=\0PATH=/bin\0", Some(""));
        check("@=one\0home=/root\0", None);
        check("home=x\0&=one\0HOME=x\0", None);
        check("HOME=/root\0x@=one\0", None);
        check("HOME=/root\0@=one", None);
        check("HOME\0@=one\0x", None);
        check("HOME=x\0@=o\nne\0", None);
    }
}
