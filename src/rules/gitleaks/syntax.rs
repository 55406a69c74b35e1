//! From the regular expressions of Go to those that we run.
//!
//! Both descend from RE2 and mean nearly the same. Where the spelling differs, or one spelling means two things, it is
//! changed here: a `{` that counts nothing, `\<`, `\Q…\E`, octal escapes, and in classes `[`, `&&`, `--` and `~~`, which
//! Go takes as they stand. Expressions run over bytes: a letter beyond ASCII is several, so `.{9}` may stop
//! sooner, and classes of such letters cannot be had.

use regex_syntax::hir::{Class, Hir, HirKind};
use regex_syntax::{Error, ParserBuilder};

/// Why an expression cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It is none.
    Wrong(String),
    /// It is one in Go and has no like here.
    Foreign(String),
}

impl Unusable {
    /// What the parser says.
    pub(super) fn message(&self) -> &str {
        let (Self::Wrong(message) | Self::Foreign(message)) = self;
        message
    }
}

/// An expression in our spelling, with its shape.
pub(super) fn translated(go: &str) -> Result<(String, Hir), Unusable> {
    let text = spelled(go);
    match ParserBuilder::new().unicode(false).utf8(false).build().parse(&text) {
        Ok(hir) => Ok((text, hir)),
        Err(Error::Translate(error)) => Err(Unusable::Foreign(error.kind().to_string())),
        Err(Error::Parse(error)) => Err(Unusable::Wrong(error.kind().to_string())),
        Err(error) => Err(Unusable::Wrong(error.to_string())),
    }
}

/// The same expression in our spelling.
fn spelled(go: &str) -> String {
    let mut out = String::with_capacity(go.len() + 8);
    let mut rest = go;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '\\' => escape(rest, &mut out),
            '[' => class(rest, &mut out),
            '{' if !is_count(rest) => {
                out.push_str("\\{");
                1
            }
            other => {
                out.push(other);
                other.len_utf8()
            }
        };
        rest = rest.get(taken.max(1)..).unwrap_or_default();
    }
    out
}

/// Whether `{n}`, `{n,}` or `{n,m}` stands at the start.
fn is_count(text: &str) -> bool {
    let Some(inside) = text.get(1..).and_then(|rest| rest.split_once('}')).map(|(inside, _)| inside) else { return false };
    let (low, high) = inside.split_once(',').unwrap_or((inside, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    !low.is_empty() && is_number(low) && is_number(high)
}

/// Writes the escape at the start of `text`, and says how long it was.
fn escape(text: &str, out: &mut String) -> usize {
    let Some(second) = text.chars().nth(1) else {
        out.push('\\');
        return 1;
    };
    match second {
        'Q' => {
            let inside = text.get(2..).unwrap_or_default();
            let end = inside.find("\\E");
            out.push_str(&regex_syntax::escape(inside.get(..end.unwrap_or(inside.len())).unwrap_or_default()));
            end.map_or(text.len(), |end| end + 4)
        }
        'C' => {
            out.push_str("(?s:.)");
            2
        }
        _ => item(text, out).0,
    }
}

/// Writes the escape at the start of `text`, as it may also stand in a class. Says how long it was, and whether it
/// stands for one character.
fn item(text: &str, out: &mut String) -> (usize, bool) {
    let second = text.chars().nth(1).unwrap_or('\\');
    match second {
        '<' | '>' | '_' => {
            out.push(second);
            (2, true)
        }
        '0'..='7' => {
            let digits: String = text.chars().skip(1).take(3).take_while(|c| ('0'..='7').contains(c)).collect();
            let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
            out.push_str(&format!("\\x{{{code:x}}}"));
            (1 + digits.len(), true)
        }
        'x' | 'p' | 'P' if text.get(2..).is_some_and(|rest| rest.starts_with('{')) => {
            let end = text.find('}').map_or(text.len(), |end| end + 1);
            out.push_str(text.get(..end).unwrap_or_default());
            (end, second == 'x')
        }
        'x' | 'p' | 'P' => {
            let end = if second == 'x' { 4 } else { 3 };
            let taken = text.get(..end).unwrap_or(text);
            out.push_str(taken);
            (taken.len(), second == 'x')
        }
        other => {
            out.extend(['\\', other]);
            (1 + other.len_utf8(), !"dDsSwW".contains(other))
        }
    }
}

/// Writes the class at the start of `text` with all that we take for more than itself escaped.
fn class(text: &str, out: &mut String) -> usize {
    let mut at = 1;
    out.push('[');
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    if rest(at).starts_with('^') {
        out.push('^');
        at += 1;
    }
    let first = at;
    while let Some(c) = rest(at).chars().next() {
        if c == ']' && at > first {
            out.push(']');
            return at + 1;
        }
        let (taken, is_one) = member(rest(at), out);
        at += taken;
        // A range, unless the hyphen is the last of the class.
        if is_one && rest(at).starts_with('-') && !rest(at + 1).starts_with(']') && !rest(at + 1).is_empty() {
            out.push('-');
            at += 1 + member(rest(at + 1), out).0;
        }
    }
    at
}

/// Writes one member of a class: how long it was, and whether it is one character.
fn member(text: &str, out: &mut String) -> (usize, bool) {
    let Some(c) = text.chars().next() else { return (0, false) };
    if let Some(inside) = text.strip_prefix("[:")
        && let Some(end) = inside.find(":]")
        && inside.get(..end).is_some_and(|name| name.trim_start_matches('^').bytes().all(|byte| byte.is_ascii_lowercase()))
    {
        out.push_str(text.get(..end + 4).unwrap_or_default());
        return (end + 4, false);
    }
    if c == '\\' {
        return item(text, out);
    }
    if c.is_ascii_punctuation() && !matches!(c, '<' | '>' | '_') {
        out.push('\\');
    }
    out.push(c);
    (c.len_utf8(), true)
}

/// Whether every match holds one of `keywords`, which are in lower case.
pub(super) fn always_holds(hir: &Hir, keywords: &[String]) -> bool {
    match hir.kind() {
        HirKind::Capture(capture) => always_holds(&capture.sub, keywords),
        HirKind::Repetition(repetition) => repetition.min > 0 && always_holds(&repetition.sub, keywords),
        HirKind::Alternation(parts) => parts.iter().all(|part| always_holds(part, keywords)),
        HirKind::Concat(parts) => {
            let mut text = Vec::new();
            parts.iter().for_each(|part| letters(part, &mut text));
            has(&text, keywords) || parts.iter().any(|part| always_holds(part, keywords))
        }
        _ => {
            let mut text = Vec::new();
            letters(hir, &mut text);
            has(&text, keywords)
        }
    }
}

fn has(text: &[u8], keywords: &[String]) -> bool {
    keywords.iter().any(|keyword| memchr::memmem::find(text, keyword.as_bytes()).is_some())
}

/// What a match must read here, in lower case; a NUL where that is not one letter.
fn letters(hir: &Hir, text: &mut Vec<u8>) {
    match hir.kind() {
        HirKind::Literal(literal) => text.extend(literal.0.iter().map(u8::to_ascii_lowercase)),
        HirKind::Class(Class::Bytes(class)) => {
            let mut all =
                class.ranges().iter().flat_map(|range| range.start()..=range.end()).map(|byte| byte.to_ascii_lowercase());
            let first = all.next().unwrap_or(0);
            text.push(if all.all(|byte| byte == first) { first } else { 0 });
        }
        HirKind::Capture(capture) => letters(&capture.sub, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| letters(part, text)),
        HirKind::Empty | HirKind::Look(_) => {}
        _ => text.push(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the expression matches of a text.
    fn check(go: &str, text: &[u8], expected: Option<&[u8]>) {
        let (ours, _) = translated(go).unwrap_or_else(|error| panic!("{go}: {error:?}"));
        let regex = regex::bytes::RegexBuilder::new(&ours).unicode(false).build().unwrap();
        assert_eq!(regex.find(text).map(|found| found.as_bytes()), expected, "{go} as {ours}");
    }

    #[test]
    fn spellings_of_go_are_understood() {
        check(r"a{foo}", b"a{foo}", Some(b"a{foo}"));
        check(r"a{,2}", b"a{,2}", Some(b"a{,2}"));
        check(r"a{2,3}b", b"aaab", Some(b"aaab"));
        check(r"\${[A-Z]+}", b"${HOME}", Some(b"${HOME}"));
        check(r"\<\w+\>", b"a <b>", Some(b"<b>"));
        check(r"\Qa.b*\E+", b"axb a.b**", Some(b"a.b**"));
        check(r"\101\/\_\-\'", b"A/_-'", Some(b"A/_-'"));
        check(r"(?i:KEY)\s*=", b"key =", Some(b"key ="));
        check(r"(?P<name>a)\z", b"ba", Some(b"a"));
        check(r"\x41\x{42}", b"AB", Some(b"AB"));
        check(r"a\Cb", b"a\nb", Some(b"a\nb"));
    }

    #[test]
    fn classes_are_as_plain_as_in_go() {
        check(r"[[\]{}]+", b"a[]{}", Some(b"[]{}"));
        check(r"[]a]+", b"b]a", Some(b"]a"));
        check(r"[^]a]+", b"]ba", Some(b"b"));
        check(r"[a&&b]+", b"c&ab", Some(b"&ab"));
        check(r"[+--]+", b"*+,-.", Some(b"+,-"));
        check(r"[\w.-]+", b"!a-b.c", Some(b"a-b.c"));
        check(r"[[:alpha:]_~~]+", b"1a_~", Some(b"a_~"));
        check(r"[-a-c-]+", b"d-abc-", Some(b"-abc-"));
        check("['\"`]", b"x`", Some(b"`"));
    }

    #[test]
    fn what_has_no_like_is_told_from_what_is_wrong() {
        assert!(matches!(translated(r"\p{Greek}"), Err(Unusable::Foreign(_))));
        assert!(matches!(translated("[äö]"), Err(Unusable::Foreign(_))));
        for wrong in ["(", "a**", "(?=a)", r"\1"] {
            assert!(matches!(translated(wrong), Err(Unusable::Wrong(_)) | Ok(_)), "{wrong}");
        }
        assert!(matches!(translated("(a"), Err(Unusable::Wrong(_))));
    }

    #[test]
    fn keywords_that_every_match_holds() {
        let check = |go: &str, keywords: &[&str], expected: bool| {
            let keywords: Vec<String> = keywords.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(always_holds(&translated(go).unwrap().1, &keywords), expected, "{go}");
        };
        check(r"(?i)acme[_-]?key=([a-z]{8})", &["acme"], true);
        check(r"\b(ACME_[0-9]+)\b", &["acme_"], true);
        check(r"[0-9a-f]{32}", &["acme"], false);
        check(r"(?:acme|corp)-[0-9]+", &["acme"], false);
        check(r"(?:acme|corp)-[0-9]+", &["acme", "corp"], true);
        check(r"(?:acme)?-[0-9]+", &["acme"], false);
    }
}
