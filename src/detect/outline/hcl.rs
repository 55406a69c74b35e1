//! HCL by its blocks: `resource "aws_db_instance" "main" { password = "…" }`.

use super::trail::{Key, Trail};
use super::{Visit, json};
use std::ops::Range;

/// Words that open one block: its type and its labels.
const WORDS: usize = 4;

/// Visits what stands behind each key, up to `until`.
pub(super) fn walk(text: &[u8], until: usize, visit: &mut Visit<'_>) {
    let (mut trail, mut depth, mut at) = (Trail::default(), 0usize, 0);
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut assigned = false;
    while at < until {
        let rest = text.get(at..).unwrap_or_default();
        match rest {
            [] => break,
            [b'#', ..] | [b'/', b'/', ..] => at += memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
            [b'/', b'*', ..] => at += memchr::memmem::find(rest, b"*/").map_or(rest.len(), |length| length + 2),
            [b'<', b'<', ..] if assigned => {
                let end = heredoc(text, at);
                visit(&trail, at..end);
                (assigned, at) = (false, end);
            }
            [bracket @ (b'{' | b'['), ..] => {
                depth += 1;
                opened(&mut trail, depth, *bracket, assigned, &words);
                (words, assigned, at) = (Vec::new(), false, at + 1);
            }
            [b'}' | b']', ..] => {
                trail.leave(level(depth));
                depth = depth.saturating_sub(1);
                (assigned, at) = (false, at + 1);
            }
            [b'=', b'=' | b'>', ..] => at += 2,
            [b'=' | b':', ..] => {
                if let Some(name) = words.last().filter(|_| !assigned) {
                    trail.name(name.clone(), level(depth) + 1);
                    assigned = true;
                }
                (words, at) = (Vec::new(), at + 1);
            }
            [b',', ..] => {
                trail.next(level(depth));
                (words, assigned, at) = (Vec::new(), false, at + 1);
            }
            [b'\n', ..] => (words, assigned, at) = (Vec::new(), false, at + 1),
            [b'"', ..] => {
                let (inner, behind) = json::quoted(text, at);
                if assigned || trail.in_list(level(depth)) {
                    visit(&trail, inner);
                } else if words.len() < WORDS {
                    words.push(inner);
                }
                at = behind;
            }
            [byte, ..] if byte.is_ascii_alphanumeric() || *byte == b'_' => {
                let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte)).count();
                if assigned {
                    visit(&trail, at..at + length);
                } else if words.len() < WORDS {
                    words.push(at..at + length);
                }
                at += length;
            }
            _ => at += 1,
        }
    }
}

/// Goes down into what a bracket opens at `depth`.
fn opened(trail: &mut Trail, depth: usize, bracket: u8, assigned: bool, words: &[Range<usize>]) {
    if !assigned {
        trail.leave(level(depth - 1) + 1);
    }
    if bracket == b'[' {
        trail.push(Key::Item(0), level(depth));
    } else if !assigned {
        words.iter().for_each(|word| trail.push(Key::Name(word.start, word.end), level(depth)));
    }
}

/// The level of what opens at a depth; its keys stand one below.
fn level(depth: usize) -> usize {
    2 * depth
}

/// The end of the text that `<<WORD` at `at` begins.
fn heredoc(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let mut lines = rest.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let word = first.iter().skip(2).copied().filter(|byte| *byte != b'-').collect::<Vec<u8>>();
    let mut end = at + first.len();
    for line in lines {
        end += line.len();
        if line.trim_ascii() == word.trim_ascii() {
            break;
        }
    }
    end
}
