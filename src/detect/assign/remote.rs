//! Values that stand behind more than a joint: `Password { get; set; } = "x"`, `env("PW") ?? "x"`,
//! `find("#password").type("x")`, `setattr(conf, "password", "x")`, `<add value="x" key="password"/>`,
//! "the password is `x`", `Bearer x`.

use super::literal::Cursor;
use super::notation::{Candidate, Joint, opens_tag};
use super::syntax::Syntax;
use super::unwrap;
use std::ops::Range;

/// Bytes of a tag or a call that are looked at on either side.
const NEAR: usize = 160;
/// White space between a prompt and the answer to it.
const BETWEEN: usize = 24;
/// Ends of the names of calls that set what they are given a name for.
const SETS: &[&[u8]] = &[
    b"set",
    b"setattr",
    b"put",
    b"putstring",
    b"buildconfigfield",
    b"resvalue",
    b"setproperty",
    b"setvalue",
    b"setenv",
    b"config",
    b"setopt",
    b"type",
    b"fill",
    b"options",
    b"addheader",
    b"header",
    b"setdefault",
    b"setitem",
    b"setenvironmentvariable",
    b"property",
    b"param",
    b"parameter",
    b"withenv",
    b"append",
    b"field",
    b"stringvar",
    b".of",
];
/// Calls that take a name and a value to compare, or to copy.
const COMPARES: &[&[u8]] = &[
    b"strcmp(",
    b"strncmp(",
    b"compare_digest(",
    b"hash_equals(",
    b"assertEquals(",
    b"timingSafeEqual(",
    b".equals(",
    b"strcpy(",
    b"memcpy(",
];

/// What belongs to the name at `name`, where the notation needs a longer look. `text` stands behind the name
/// and the quote that closes it, if it is `closed`.
pub(super) fn candidate(text: Cursor<'_>, name: &Range<usize>, syntax: Syntax, closed: bool) -> Option<Candidate> {
    let found = if closed {
        attribute(text, name)
            .or_else(|| typed(text))
            .or_else(|| fallen_back(text))
            .or_else(|| passed(text, name))
            .or_else(|| defaulted(text, name))
            .or_else(|| reversed(text.bytes, name))
            .or_else(|| expected(text))
            .or_else(|| declared(text, name))
            .or_else(|| cell(text, syntax))
    } else {
        opened(text, name)
            .or_else(|| accessors(text))
            .or_else(|| compared(text, name))
            .or_else(|| cell(text, syntax))
            .or_else(|| told(text, name, syntax))
            .or_else(|| braced(text, name))
    };
    found.filter(|found| !found.value.is_empty())
}

/// Whether the call whose first argument is the name at `name`, in quotes, sets what it is given a name for.
pub(super) fn sets(bytes: &[u8], name: &Range<usize>) -> bool {
    let before = before(bytes, name.start);
    let callee = before.split_last().and_then(|(_, before)| before.trim_ascii_end().strip_suffix(b"("));
    let callee = callee.unwrap_or_default().to_ascii_lowercase();
    SETS.iter().any(|word| callee.ends_with(word))
}

fn quoted(value: Range<usize>, joint: Joint) -> Candidate {
    Candidate { value, joint, quoted: true, fills_line: false }
}

fn before(bytes: &[u8], at: usize) -> &[u8] {
    let near = bytes.get(at.saturating_sub(NEAR)..at).unwrap_or_default();
    near.rsplit(|byte| *byte == b'\n').next().unwrap_or_default()
}

/// `<x name="N" type="t">v</x>`, and `<x value="v" name="N"/>`.
fn attribute(mut text: Cursor<'_>, name: &Range<usize>) -> Option<Candidate> {
    let before = before(text.bytes, name.start);
    let named = [&b" name=\""[..], b" key=\"", b" id=\"", b" name='", b" key='"].iter().any(|mark| before.ends_with(mark));
    let tag = memchr::memrchr(b'<', before).filter(|_| named)?;
    let offset = name.start - before.len();
    let opening = before.get(tag..)?;
    if let Some(at) = memchr::memmem::find(opening, b" value=\"") {
        let start = offset + tag + at + 8;
        let length = memchr::memchr(b'"', text.bytes.get(start..name.start)?)?;
        return Some(quoted(start..start + length, Joint::Sibling));
    }
    let rest = text.rest();
    let end = memchr::memchr2(b'>', b'<', rest.get(..rest.len().min(NEAR))?)?;
    let attributes = rest.get(..end)?;
    let plain = attributes.first() == Some(&b' ') && attributes.last() == Some(&b'"') && attributes.contains(&b'=');
    // `<meta name="N" content="v">`
    if let Some(at) = memchr::memmem::find(attributes, b" content=\"") {
        text.at += at + 9;
        return text.literal().map(|value| quoted(value, Joint::Sibling));
    }
    let valued = memchr::memmem::find(attributes, b" value=").is_some();
    if !plain || valued || rest.get(end) != Some(&b'>') {
        return None;
    }
    text.at += end + 1;
    text.element()
}

/// `<N encrypted="no">v</N>`.
fn opened(mut text: Cursor<'_>, name: &Range<usize>) -> Option<Candidate> {
    if text.peek() != Some(b' ') || !opens_tag(text.bytes, name) {
        return None;
    }
    let rest = text.rest();
    let end = memchr::memchr2(b'>', b'<', rest.get(..rest.len().min(NEAR))?)?;
    let attributes = rest.get(..end)?;
    if rest.get(end) != Some(&b'>') || attributes.last() != Some(&b'"') || memchr::memmem::find(attributes, b" value=").is_some()
    {
        return None;
    }
    text.at += end + 1;
    text.element()
}

/// `variable "N" { … default = "v" }` of Terraform.
fn declared(mut text: Cursor<'_>, name: &Range<usize>) -> Option<Candidate> {
    text.blank();
    if !before(text.bytes, name.start).ends_with(b"variable \"") || !text.eat(b"{") {
        return None;
    }
    let rest = text.rest();
    let block = rest.get(..memchr::memchr(b'}', rest.get(..rest.len().min(400))?)?)?;
    text.at += memchr::memmem::find(block, b"default")? + 7;
    text.blank();
    if !text.eat(b"=") {
        return None;
    }
    text.blank();
    text.literal().map(|value| quoted(value, Joint::Assigned))
}

/// `find("#password").type("v")` of tests in a browser.
fn typed(mut text: Cursor<'_>) -> Option<Candidate> {
    const METHODS: [&[u8]; 7] = [b".sendKeys(", b".send_keys(", b".type(", b".fill(", b".setValue(", b".val(", b".set_value("];
    let closing = text.rest().iter().take(4).take_while(|byte| matches!(byte, b')' | b']' | b'"' | b'\'')).count();
    text.at += closing;
    (closing > 0 && METHODS.into_iter().any(|method| text.eat(method)))
        .then(|| text.literal())
        .flatten()
        .map(|value| quoted(value, Joint::Called))
}

/// `env("N") ?? "v"`, `ENV["N"] || "v"`, `env("N").unwrap_or("v")`.
fn fallen_back(mut text: Cursor<'_>) -> Option<Candidate> {
    const ELSE: [&[u8]; 6] =
        [b".unwrap_or(", b".unwrap_or_else(|_| ", b".getOrElse(", b".orElse(", b".unwrap_or_default(", b".unwrap_or_else(|| "];
    let closing = text.rest().iter().take(3).take_while(|byte| matches!(byte, b')' | b']')).count();
    text.at += closing;
    if closing == 0 {
        return None;
    }
    let value = match ELSE.into_iter().any(|method| text.eat(method)) {
        true => text.literal().or_else(|| unwrap::default_of(text, true)),
        false => unwrap::fallback(text),
    };
    value.map(|value| quoted(value, Joint::Assigned))
}

/// `setValue("v", forKey: "N")` of Swift, `setValue:@"v" forKey:@"N"` of Objective-C.
fn reversed(bytes: &[u8], name: &Range<usize>) -> Option<Candidate> {
    let before = before(bytes, name.start);
    let marks: [&[u8]; 6] = [
        b", forKey: \"",
        b" forKey:@\"",
        b", forHTTPHeaderField: \"",
        b" forHTTPHeaderField:@\"",
        b", withName: \"",
        b", for: \"",
    ];
    let mark = marks.into_iter().find(|mark| before.ends_with(mark))?;
    let value = before.strip_suffix(mark)?.strip_suffix(b"\"")?;
    let open = memchr::memrchr(b'"', value)?;
    let start = name.start - mark.len() - 1 - (value.len() - open - 1);
    Some(quoted(start..name.start - mark.len() - 1, Joint::Listed))
}

/// `expect "Password:"` and on the next line `send "v\r"`.
fn expected(mut text: Cursor<'_>) -> Option<Candidate> {
    text.at += text.rest().iter().take(BETWEEN).take_while(|byte| b" \t\n;{}".contains(byte)).count();
    if !text.eat(b"send ") {
        return None;
    }
    let _ = text.eat(b"-- ");
    let value = text.literal()?;
    let typed = text.bytes.get(value.clone())?;
    let typed = typed.strip_suffix(b"\\n").unwrap_or(typed);
    let typed = typed.strip_suffix(b"\\r").unwrap_or(typed);
    Some(quoted(value.start..value.start + typed.len(), Joint::Called))
}

/// The same where the prompt ends in a colon.
pub(super) fn answered(mut text: Cursor<'_>) -> Option<Candidate> {
    let prompt = text.eat(b":\"") || text.eat(b": \"") || text.eat(b":*\"") || text.eat(b": *\"");
    prompt.then(|| expected(text)).flatten()
}

/// A call that sets, or one entry of a list: `setattr(conf, "N", "v")`, `{"N", "v"}`.
fn passed(mut text: Cursor<'_>, name: &Range<usize>) -> Option<Candidate> {
    text.blank();
    if !text.eat(b",") {
        return None;
    }
    text.blank();
    let before = before(text.bytes, name.start);
    let opened = before.split_last().map(|(_, before)| before.trim_ascii_end()).unwrap_or_default();
    if let Some(open @ b'{') = opened.last() {
        let value = text.literal()?;
        text.blank();
        return (text.peek() == Some(open + 2)).then(|| quoted(value, Joint::Listed));
    }
    let call = memchr::memrchr(b'(', before)?;
    let arguments = before.get(call + 1..)?;
    let most = match before.get(..call)? {
        [.., b'o', b'p', b't', b'i', b'o', b'n', b's'] => 5,
        // `Map.of("user", "x", "password", "v")`
        [.., b'.', b'o', b'f'] => 11,
        _ => 1,
    };
    let has_fields = memchr::memmem::find(arguments, b"=>").is_some();
    if arguments.iter().filter(|byte| **byte == b',').count() > most || arguments.contains(&b')') || has_fields {
        return None;
    }
    let callee = before.get(..call)?.to_ascii_lowercase();
    if !SETS.iter().any(|word| callee.ends_with(word)) {
        return None;
    }
    let value = text.literal().or_else(|| unwrap::default_of(text, true));
    value.map(|value| quoted(value, Joint::Assigned))
}

/// `add_argument("-p", "--N", type=str, default="v")`.
fn defaulted(mut text: Cursor<'_>, name: &Range<usize>) -> Option<Candidate> {
    if !before(text.bytes, name.start).ends_with(b"--") || text.peek() != Some(b',') {
        return None;
    }
    let rest = text.rest();
    let rest = rest.get(..rest.len().min(NEAR))?;
    let call = rest.get(..memchr::memchr2(b')', b'\n', rest).unwrap_or(rest.len()))?;
    text.at += memchr::memmem::find(call, b" default=")? + 9;
    text.literal().map(|value| quoted(value, Joint::Assigned))
}

/// `Password { get; set; } = "v"` of C#.
fn accessors(mut text: Cursor<'_>) -> Option<Candidate> {
    text.blank();
    if !text.eat(b"{") {
        return None;
    }
    text.blank();
    if !text.eat(b"get;") {
        return None;
    }
    let rest = text.rest();
    text.at += memchr::memchr(b'}', rest.get(..rest.len().min(48))?)? + 1;
    text.blank();
    if !text.eat(b"=") {
        return None;
    }
    text.blank();
    text.literal().map(|value| quoted(value, Joint::Assigned))
}

/// `strcmp(N, "v")`, and `{N, "v"}` of Erlang.
fn compared(mut text: Cursor<'_>, name: &Range<usize>) -> Option<Candidate> {
    if !text.eat(b",") {
        return None;
    }
    text.blank();
    let before = before(text.bytes, name.start);
    let call = || {
        let callee = before.get(..memchr::memrchr(b'(', before)?)?.to_ascii_lowercase();
        SETS.iter().any(|word| callee.ends_with(word)).then_some(())
    };
    let joint = match before.last() {
        Some(b'{') if !before.ends_with(b"${") => Joint::Assigned,
        Some(b':') if before.ends_with(b"set :") => return text.literal().map(|value| quoted(value, Joint::Assigned)),
        Some(b'(') if COMPARES.iter().any(|call| before.ends_with(call)) => Joint::Compared,
        // `put(DB_PASSWORD, "v")`, `setopt(handle, CURLOPT_PASSWORD, "v")`.
        Some(b'(' | b' ' | b'.') if call().is_some() => return text.literal().map(|value| quoted(value, Joint::Listed)),
        _ => return None,
    };
    let value = text.literal()?;
    (joint == Joint::Compared || text.peek() == Some(b'}')).then(|| quoted(value, joint))
}

/// `std::string N{"v"}` of C++.
fn braced(mut text: Cursor<'_>, name: &Range<usize>) -> Option<Candidate> {
    let declared = before(text.bytes, name.start).last().is_some_and(|byte| matches!(byte, b' ' | b'_'));
    if !declared || !text.eat(b"{") {
        return None;
    }
    let value = text.literal()?;
    (text.peek() == Some(b'}')).then(|| quoted(value, Joint::Assigned))
}

/// The next cell of a table that has names in one column and values in the other: `| api key | v |`.
fn cell(mut text: Cursor<'_>, syntax: Syntax) -> Option<Candidate> {
    text.blank();
    if !matches!(syntax, Syntax::Prose | Syntax::Unknown) || !text.eat(b"|") {
        return None;
    }
    text.blank();
    let _ = text.eat(b"`");
    run(text).filter(|value| value.len() >= 16).map(|value| quoted(value, Joint::Loose))
}

/// What people write: the word, `is` and the value, or the value in marks of code.
fn told(mut text: Cursor<'_>, name: &Range<usize>, syntax: Syntax) -> Option<Candidate> {
    let said = text.bytes.get(name.clone())?;
    // "pass `x=1`" is about an argument.
    if text.peek() != Some(b' ')
        || said.rsplit(|byte| !byte.is_ascii_alphabetic()).next().is_some_and(|word| word.eq_ignore_ascii_case(b"pass"))
    {
        return None;
    }
    text.blank();
    if said.eq_ignore_ascii_case(b"bearer") {
        return run(text).filter(|value| value.len() >= 16).map(|value| quoted(value, Joint::Loose));
    }
    let is_prose = matches!(syntax, Syntax::Prose | Syntax::Unknown);
    let linked =
        [&b"is: "[..], b"is ", b"are ", b"ist ", b"est ", b"lautet ", b"es ", b"to "].into_iter().any(|word| text.eat(word));
    if is_prose && (linked || text.peek() == Some(b'`')) {
        let value = text.literal().or_else(|| run(text));
        return value.map(|value| quoted(value, Joint::Told));
    }
    if syntax == Syntax::Shell || syntax == Syntax::Lines {
        // Cisco: 0 says that it is plain.
        let _ = text.eat(b"0 ");
        let value = run(text)?;
        // A word in the middle of a line: `nmcli … password v`, `enable password v`.
        let ends = matches!(text.bytes.get(value.end), None | Some(b'\n' | b'\r'));
        let comment = before(text.bytes, name.start).trim_ascii_start().first().is_some_and(|byte| b"#;/".contains(byte));
        // `docker run -e NAME image`: a variable is handed on, and not told.
        let variable = said.contains(&b'_') && !said.iter().any(u8::is_ascii_lowercase);
        if ends && !comment && !variable {
            return Some(quoted(value, Joint::Told));
        }
    }
    // A name of several words with what looks issued behind it: `config set secret_key v`.
    let compound = said.iter().any(|byte| matches!(byte, b'_' | b'-'));
    let shell = matches!(syntax, Syntax::Shell | Syntax::Unknown | Syntax::Yaml);
    if shell && compound && !before(text.bytes, name.start).ends_with(b"-") {
        return run(text).filter(|value| value.len() >= 16).map(|value| quoted(value, Joint::Loose));
    }
    None
}

/// The run of characters that are in tokens, if something ends it.
fn run(text: Cursor<'_>) -> Option<Range<usize>> {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-+/=.~!@#$%^&*:".contains(byte);
    let length = text.rest().iter().take_while(|byte| token(byte)).count();
    let run = text.rest().get(..length)?;
    let kept = run.len() - run.iter().rev().take_while(|byte| matches!(byte, b'.' | b':')).count();
    let ended = text.rest().get(length).is_none_or(|next| next.is_ascii_whitespace() || b"\"'`,;)\\<".contains(next));
    (ended && kept >= 6).then(|| text.at..text.at + kept)
}
