//! JSON with what people add to it: comments, bare keys, single quotes, a document on each line. Also the
//! flow style of YAML.

use super::Visit;
use super::trail::{Key, Trail};
use std::ops::Range;

/// Levels of a flow lie deeper than any column.
const FLOW: usize = 1 << 30;

/// Visits each scalar of `text` up to `until`.
pub(in crate::detect) fn walk(text: &[u8], until: usize, visit: &mut Visit<'_>) {
    let mut trail = Trail::default();
    let mut at = 0;
    while at < until {
        at = value(text, at, until, &mut trail, visit);
        trail.restart();
    }
}

/// Visits the scalars of the one value at `at`; where the next begins.
pub(in crate::detect) fn value(text: &[u8], mut at: usize, until: usize, trail: &mut Trail, visit: &mut Visit<'_>) -> usize {
    let mut depth = 0usize;
    while at < until {
        let Some(byte) = text.get(at) else { break };
        match byte {
            b'{' | b'[' => {
                depth += 1;
                trail.push(if *byte == b'{' { Key::Name(at, at) } else { Key::Item(0) }, FLOW + depth);
                at += 1;
            }
            b'}' | b']' => {
                trail.leave(FLOW + depth);
                depth = depth.saturating_sub(1);
                at += 1;
                if depth == 0 {
                    return at;
                }
            }
            b',' => {
                trail.next(FLOW + depth);
                at += 1;
            }
            b'/' | b'#' => at = comment(text, at),
            byte if byte.is_ascii_whitespace() || *byte == b':' => at += 1,
            _ => {
                let (token, next) = if matches!(byte, b'"' | b'\'') { quoted(text, at) } else { bare(text, at) };
                let colon = next + blanks(text, next);
                if text.get(colon) == Some(&b':') {
                    trail.name(token, FLOW + depth);
                    at = colon + 1;
                } else {
                    trail.note(text, &token);
                    visit(trail, token);
                    at = next;
                }
            }
        }
    }
    trail.leave(FLOW);
    until
}

/// Where the comment at `at` ends, or the next byte if there is none.
fn comment(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let length = match rest {
        [b'#', ..] | [b'/', b'/', ..] => memchr::memchr(b'\n', rest),
        [b'/', b'*', ..] => memchr::memmem::find(rest, b"*/").map(|at| at + 2),
        _ => Some(1),
    };
    at + length.unwrap_or(rest.len()).max(1)
}

/// The text between the quotes at `at`, and what is behind them.
pub(super) fn quoted(text: &[u8], at: usize) -> (Range<usize>, usize) {
    let rest = text.get(at + 1..).unwrap_or_default();
    let quote = text.get(at).copied().unwrap_or(b'"');
    let mut from = 0;
    while let Some(found) = memchr::memchr2(quote, b'\\', rest.get(from..).unwrap_or_default()) {
        if rest.get(from + found) == Some(&quote) {
            return (at + 1..at + 1 + from + found, at + from + found + 2);
        }
        from += found + 2;
    }
    (at + 1..text.len(), text.len())
}

/// The bare word at `at`.
fn bare(text: &[u8], at: usize) -> (Range<usize>, usize) {
    let rest = text.get(at..).unwrap_or_default();
    let ends = |(index, byte): (usize, &u8)| match byte {
        b',' | b'}' | b']' | b'\n' | b'\r' => true,
        b':' => rest.get(index + 1).is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b'"' | b'\'' | b'{' | b'[')),
        _ => false,
    };
    let length = rest.iter().enumerate().position(|(index, byte)| ends((index, byte))).unwrap_or(rest.len()).max(1);
    let word = rest.get(..length).unwrap_or_default().trim_ascii_end().len().max(1);
    (at..at + word, at + length)
}

fn blanks(text: &[u8], at: usize) -> usize {
    text.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}
