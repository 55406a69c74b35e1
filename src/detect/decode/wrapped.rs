//! Runs that are wrapped: lines of one length, joined as they stand in mail, YAML, JSON and code.

use std::ops::Range;

/// Shorter lines are words under each other and not a wrapped run.
const SHORTEST: usize = 32;
/// Nobody wraps at more; such lines are values of their own.
const WIDEST: usize = 1 << 10;
/// Indentation and what else stands between two lines.
const JOINT: usize = 128;

/// The lines of the run that holds `line`; `fits` tells its alphabet. Nothing before `from` is taken.
pub(super) fn lines(bytes: &[u8], line: Range<usize>, from: usize, fits: fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut before = Vec::new();
    let mut first = line.clone();
    while let Some(previous) = line_before(bytes, first.start, fits).filter(|found| found.start >= from) {
        let alike = previous.len() == first.len() || before.is_empty() && previous.len() > first.len();
        if !alike || !is_wrapped(previous.len()) {
            break;
        }
        before.push(previous.clone());
        first = previous;
    }
    let mut lines: Vec<Range<usize>> = before.into_iter().rev().collect();
    let width = first.len();
    let mut last = line.clone();
    lines.push(line);
    while last.len() == width && is_wrapped(width) {
        let Some(next) = line_after(bytes, last.end, fits).filter(|next| next.len() <= width) else { break };
        lines.push(next.clone());
        last = next;
    }
    lines
}

fn is_wrapped(width: usize) -> bool {
    (SHORTEST..=WIDEST).contains(&width)
}

/// The line that goes on behind `end`: nothing but the alphabet up to its own end.
fn line_after(bytes: &[u8], end: usize, fits: fn(u8) -> bool) -> Option<Range<usize>> {
    let start = end + joint(bytes.get(end..bytes.len().min(end + JOINT))?)?;
    let length = bytes.get(start..)?.iter().take_while(|byte| fits(**byte)).count();
    let rest = bytes.get(start + length..)?;
    let padding = rest.iter().take(2).take_while(|byte| **byte == b'=').count();
    let ends = match rest.get(padding) {
        None | Some(b'\r' | b'\n' | b'"' | b'\'' | b'`' | b'<' | b'\\') => true,
        Some(b' ' | b'\t') => rest.get(padding..).is_some_and(|rest| {
            rest.iter().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|byte| matches!(byte, b'\r' | b'\n' | b'\\'))
        }),
        Some(_) => false,
    };
    (length > 0 && ends).then_some(start..start + length)
}

/// The line that `start` goes on with.
fn line_before(bytes: &[u8], start: usize, fits: fn(u8) -> bool) -> Option<Range<usize>> {
    let lowest = start.saturating_sub(JOINT);
    let gap = bytes.get(lowest..start)?;
    // The joint is the longest that, read from its start, reaches exactly to here.
    let end = (0..gap.len()).map(|at| lowest + at).find(|at| {
        at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(|byte| fits(*byte))
            && bytes.get(*at..start).and_then(joint) == Some(start - at)
    })?;
    let length = bytes.get(..end)?.iter().rev().take_while(|byte| fits(**byte)).count();
    // A line behind `\n` starts behind the letter.
    let begin = end - length;
    let letter =
        begin.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'\\') && matches!(bytes.get(begin), Some(b'n' | b'r'));
    Some(begin + usize::from(letter)..end)
}

/// The length of what joins two lines: a newline, real or escaped, with blanks around it; or quotes that
/// close and open again. `None` if there is no newline and no quote.
fn joint(gap: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut breaks = 0;
    let mut quotes = 0;
    while let Some(byte) = gap.get(at) {
        let escaped = gap.get(at..).is_some_and(|rest| {
            let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
            slashes > 0 && matches!(rest.get(slashes), Some(b'n' | b'r'))
        });
        if escaped {
            at += gap.get(at..)?.iter().take_while(|byte| **byte == b'\\').count() + 1;
            breaks += 1;
            continue;
        }
        match byte {
            b'\n' => breaks += 1,
            b'"' | b'\'' => quotes += 1,
            b' ' | b'\t' | b'\r' | b'\\' => {}
            b'+' if quotes == 1 => {}
            _ => break,
        }
        at += 1;
    }
    ((breaks == 1 || breaks == 2 && gap.starts_with(b"\\")) && quotes == 0 || quotes == 2 && breaks <= 2).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: usize) {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+';
        for at in [text.find("AAAAAAAA"), text.find("BBBBBBBB")].into_iter().flatten() {
            let length = text[at..].bytes().take_while(|byte| fits(*byte)).count();
            let joined: Vec<&str> =
                lines(text.as_bytes(), at..at + length, 0, fits).into_iter().map(|line| &text[line]).collect();
            assert_eq!(joined.len(), expected, "{text}: {joined:?}");
            assert!(joined.iter().all(|line| line.bytes().all(|byte| fits(byte) && byte != b'n')));
        }
    }

    #[test]
    fn joints() {
        let (long, short) = ("A".repeat(40), "B".repeat(10));
        let full = "C".repeat(40);
        for joint in ["\n", "\r\n", "\n    ", "\\n", "\\r\\n", "\\\\n", " \\\n", "\"\n  \"", "\" +\n  \"", "\n\t\t"] {
            check(&format!("key: {long}{joint}{full}{joint}{short}=="), 3);
            check(&format!("key: \"{long}{joint}{full}{joint}{full}\""), 3);
        }
        check(&format!("{long}\n\n{full}"), 1);
        check(&format!("{long}\nname: {short}"), 1);
        check(&format!("{long}, {full}"), 1);
        check(&format!("AAAAAAAA{short}\n{short}"), 1);
        check(&format!("{long}\n-----END{short}"), 1);
    }
}
