//! What only looks like a secret: placeholders, references and dull values.
//!
//! Rules need this to know what not to match, so it lives with the engine and not with policy. The
//! judgement is by form wherever it can be; the word lists hold what people write when they mean "put
//! yours here", in no particular sample.

use aho_corasick::AhoCorasick;
use std::sync::LazyLock;

/// Words that say so wherever they stand in a value, separators taken out.
const PHRASES: &[&str] = &[
    "changeme",
    "changeit",
    "changethis",
    "replaceme",
    "replacethis",
    "replacewith",
    "placeholder",
    "example",
    "yourpass",
    "yourtoken",
    "yoursecret",
    "yourapi",
    "yourkey",
    "youraccess",
    "yourclient",
    "redacted",
    "notasecret",
    "notarealsecret",
    "insertyour",
    "enteryour",
    "goeshere",
    "tobereplaced",
    "xxxxx",
    "mysecretkey",
    "mysecretpassword",
    "dummypass",
    "fakepass",
    "tokenhere",
    "keyhere",
    "secrethere",
    "verylongsecret",
    "averysecret",
    "verysecret",
    "notverysecret",
    "putyourunique",
    "passwordhere",
];

/// Words that say so when they are one of the words of a value.
const WORDS: &[&str] = &[
    "your",
    "dein",
    "deine",
    "ihr",
    "votre",
    "tuo",
    "bogus",
    "notreal",
    "nopass",
    "nopassword",
    "lorem",
    "ipsum",
    "foobarbaz",
    "todo",
    "tbd",
    "fixme",
    "dummy",
    "sample",
    "replace",
    "fake",
    "xxx",
    "xxxx",
    "placeholder",
    "example",
    "insert",
    "aqui",
    "aqu",
    "mock",
    "here",
    "foobar",
    "redacted",
    "removed",
    "masked",
    "hidden",
    "unset",
    "undefined",
];

/// Values that stand for no value, or for a kind of value.
const EMPTY: &[&str] = &[
    "null",
    "none",
    "nil",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "na",
    "undefined",
    "empty",
    "default",
    "string",
    "str",
    "text",
    "value",
    "password",
    "mypassword",
    "passwd",
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "apikey",
    "auth",
    "credentials",
    "credential",
    "user",
    "username",
    "foo",
    "bar",
    "baz",
    "test",
    "testing",
    "required",
    "optional",
    "enabled",
    "disabled",
    "prompt",
    "ask",
    "basic",
    "bearer",
    "digest",
    "plain",
    "plaintext",
    "hash",
    "int",
    "integer",
    "boolean",
    "bool",
    "object",
    "bytes",
    "any",
    "self",
    "this",
    "unknown",
    "auto",
    "manual",
    "file",
    "env",
    "vault",
    "keychain",
    "keyring",
    "osxkeychain",
    "pass through",
    "notset",
    "abc",
    "abcd",
    "asdf",
];

/// What opens a part to be filled in, by a shell, a template or code, and what closes it.
const HOLES: &[(&str, &str)] =
    &[("${", "}"), ("{{", "}}"), ("$(", ")"), ("#{", "}"), ("<%", "%>"), ("%(", ")"), ("$[", "]"), ("{$", "}"), ("%{", "}")];

/// Where code or a template reads the value from elsewhere.
const REFERENCES: &[&str] = &[
    "process.env",
    "os.environ",
    "getenv",
    "env[",
    "env.",
    "environ[",
    "secrets.",
    "vault:",
    "pkcs11:",
    "(.*",
    "vault/",
    "op://",
    "ssm:",
    "arn:aws:",
    "secretsmanager",
    "keyvault",
    "!vault",
    "!ref",
    "!sub",
    "!secret",
    "!env",
    "enc[",
    "enc(",
    "{cipher}",
    "encrypted:",
    "sops",
    "lookup(",
    "var.",
    "local.",
    "data.",
    "module.",
    "valuefrom",
    "config.",
    "config[",
    "settings.",
    "options.",
    "params.",
    "args.",
    "self.",
    "this.",
    "file://",
    "@microsoft.keyvault",
    "projects/",
    "ref+",
    "credentials(",
    "input(",
    "getpass",
    "convertto-securestring",
    "keyring.",
];

/// What is asked of every value, in one pass over it.
static REFERS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(REFERENCES).ok());
static SAYS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(PHRASES).ok());

/// Whether `value` stands for a secret rather than being one.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    if value.is_empty() || is_reference(value) || is_wrapped(value) || is_monotone(value) {
        return true;
    }
    let lower = value.to_ascii_lowercase();
    let Ok(lower) = std::str::from_utf8(&lower) else { return false };
    let squeezed: String = lower.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '*').collect();
    if squeezed.is_empty()
        || EMPTY.contains(&squeezed.as_str())
        || EMPTY.contains(&lower.trim_matches('*'))
        || SAYS.as_ref().is_some_and(|says| says.is_match(&squeezed))
    {
        return true;
    }
    if lower.contains("***") || lower.contains("...") || lower.contains('\u{2026}') || has_named_gap(lower) {
        return true;
    }
    // One letter word among many of a random value proves nothing: it must be a good part of the value.
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()).collect();
    let telling = words.iter().filter(|word| WORDS.contains(word)).map(|word| word.len()).max().unwrap_or(0);
    // Digits cut a random value into words as well.
    let digits = squeezed.bytes().filter(u8::is_ascii_digit).count();
    telling > 0 && words.len() <= 12 && (telling * 8 >= squeezed.len() || words.len() >= 3 && digits * 12 < squeezed.len())
}

/// Whether `value` names the place where the secret is, in a shell, a template or code.
pub(super) fn is_reference(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let Ok(text) = std::str::from_utf8(&lower) else { return false };
    if REFERS.as_ref().is_some_and(|refers| refers.is_match(text)) || has_hole(text) {
        return true;
    }
    let identifier = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if text.trim_start_matches('\\').strip_prefix('$').is_some_and(|name| identifier(name) || name.len() == 1) {
        return true;
    }
    // A member of something: `connection.password`, `user.apiToken`.
    let mut parts = text.rsplit('.');
    let last = parts.next().unwrap_or_default();
    let named = ["password", "passwd", "token", "secret", "key", "pwd", "credentials"].iter().any(|word| last.ends_with(word));
    let mut owners = parts.peekable();
    if named && owners.peek().is_some() && owners.all(|part| identifier(part.trim_matches(['?', '!']))) && identifier(last) {
        return true;
    }
    // A call, or an index: `read(x)`, `conf["x"]`.
    let called = text
        .find(['(', '['])
        .is_some_and(|at| at > 0 && text[..at].chars().all(|c| c.is_ascii_alphanumeric() || "_.:".contains(c)));
    called && text.trim_end_matches(',').ends_with([')', ']', ';'])
}

/// Whether a part of `text` is to be filled in: `${X}`, `{{ .Values.x }}`, `$(cat x)`. Generated passwords have such
/// signs as well, but not around the start of an expression. The end may be cut off.
pub(super) fn has_hole(text: &str) -> bool {
    let may_open = memchr::memchr3(b'$', b'{', b'%', text.as_bytes()).is_some();
    may_open
        && HOLES.iter().any(|(open, close)| {
            text.match_indices(open).any(|(at, _)| {
                let rest = &text[at + open.len()..];
                rest.find(close).map_or_else(|| starts_expression(rest), |end| starts_expression(&rest[..end]))
            })
        })
}

/// Whether a text is empty, or starts with a name, a number or a string and goes on as code does behind one.
fn starts_expression(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || "{[-=#!@>$&</(\"'.~".contains(c));
    let behind = text.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    let goes_on = behind.is_empty() || behind.starts_with(|c: char| c.is_whitespace() || ".:-|[(,?!/+=\"'@)".contains(c));
    text.is_empty() || behind.len() < text.len() && goes_on
}

/// Whether a name stands in angle brackets: `<your key>`, `x<token>y`.
fn has_named_gap(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| {
        let inner = text[at + 1..].split_once('>').map(|(inner, _)| inner.trim_start_matches(['/', '!']));
        inner.is_some_and(|inner| {
            inner.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && inner.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_-.:()'\"=/,".contains(c))
        })
    })
}

/// `<x>`, `@x@`, `__X__`, `%X%`, `[x]`, `%s`.
fn is_wrapped(value: &[u8]) -> bool {
    if value.starts_with(b"&lt;") && value.ends_with(b"&gt;") {
        return true;
    }
    // `@DB_PASSWORD` in a template.
    if let [b'@', name @ ..] = value
        && name.contains(&b'_')
        && name.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
    {
        return true;
    }
    match value {
        // `$name$`, a macro of monitors.
        [b'$', name @ .., b'$'] => name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')),
        // `*LK*`, a lock.
        [b'*', mark @ .., b'*'] => mark.len() <= 6 && mark.iter().all(u8::is_ascii_uppercase),
        [b'<', .., b'>']
        | [b'@', .., b'@']
        | [b'_', b'_', .., b'_', b'_']
        | [b'%', .., b'%']
        | [b'[', .., b']']
        | [b'{', .., b'}'] => true,
        [b'%', rest @ ..] => rest.len() <= 2 && rest.iter().all(u8::is_ascii_alphanumeric),
        _ => false,
    }
}

/// One character over and over, or characters in order: `xxxx`, `000000`, `12345678`, `abcdef`.
fn is_monotone(value: &[u8]) -> bool {
    let pairs = || value.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
    let same = pairs().filter(|(a, b)| a == b).count();
    let rising = pairs().filter(|(a, b)| a.checked_add(1) == Some(*b) || (*a == b'9' && *b == b'0')).count();
    value.len() < 2 || (same.max(rising) + 1) * 4 >= value.len() * 3 || counts_in_hex(value)
}

/// Bytes that count up, in hex: `000102030405060708090a0b0c0d0e0f`.
fn counts_in_hex(value: &[u8]) -> bool {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let number = |pair: &[u8]| Some(digit(pair.first()?)? * 16 + digit(pair.last()?)?);
    let numbers = || value.chunks_exact(2).map_while(number);
    let rising = numbers().zip(numbers().skip(1)).filter(|(a, b)| a + 1 == *b).count();
    value.len() >= 16 && numbers().count() * 2 + 1 >= value.len() && (rising + 1) * 8 >= value.len() * 3
}

/// Whether the body of an anchored value, its public prefix taken off, was written and not issued.
/// Random bodies must pass, so only what chance does not make counts.
pub(super) fn is_dull(body: &[u8]) -> bool {
    if body.is_empty() || is_monotone(body) {
        return true;
    }
    let lower = body.to_ascii_lowercase();
    let has = |needle: &[u8]| memchr::memmem::find(&lower, needle).is_some();
    if has(b"example") || has(b"xxxxx") || has(b"*****") || has(b".....") {
        return true;
    }
    if [
        "placeholder",
        "changeme",
        "redacted",
        "example_",
        "_example",
        "-example",
        "your_",
        "your-",
        "_here",
        "-here",
        "yourtoken",
        "yourapi",
    ]
    .iter()
    .any(|word| has(word.as_bytes()))
    {
        return true;
    }
    longest_run(body, |a, b| a == b) >= 7 || longest_run(body, |a, b| a.checked_add(1) == Some(b)) >= 9 || periodic(body) || {
        body.len() >= 16 && super::entropy::shannon(body) < 2.2
    }
}

fn longest_run(bytes: &[u8], joined: impl Fn(u8, u8) -> bool) -> usize {
    let mut longest = 1;
    let mut run = 1;
    for pair in bytes.windows(2) {
        run = if let [a, b] = pair
            && joined(*a, *b)
        {
            run + 1
        } else {
            1
        };
        longest = longest.max(run);
    }
    longest
}

/// A short text over and over: `abc123abc123abc123`.
fn periodic(bytes: &[u8]) -> bool {
    (1..=12.min(bytes.len() / 3)).any(|period| bytes.iter().zip(bytes.iter().skip(period)).all(|(a, b)| a == b))
}

/// Whether a value says no more than its own name does: `password=password`, `db_password: DB_PASSWORD`.
pub(super) fn repeats_name(name: &[u8], value: &[u8]) -> bool {
    let squeeze = |text: &[u8]| -> Vec<u8> {
        text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
    };
    let (name, value) = (squeeze(name), squeeze(value));
    value.is_empty()
        || memchr::memmem::find(&name, &value).is_some()
        || (value.len() <= name.len() + 4 && memchr::memmem::find(&value, &name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;

    #[test]
    fn placeholders() {
        for value in [
            "",
            "<replace_me>",
            "changeme",
            "change_me",
            "CHANGE-ME!",
            "xxx",
            "xxxxxxxxxxxx",
            "***",
            "your-api-key-here",
            "replace me",
            "todo",
            "example",
            "dummy",
            "${VAR}",
            "${VAR:-x}",
            "x-${VAR}-y",
            "{{{x}}}",
            "{{- .Values.x | quote }}",
            "{{ x",
            "<%= x %>",
            "#{x.y}",
            "the <name> of it",
            "$VAR",
            "$(cat x)",
            "{{ x }}",
            "%(x)s",
            "@x@",
            "${{ secrets.X }}",
            "process.env.X",
            "os.environ['X']",
            "null",
            "None",
            "true",
            "12345678",
            "0001020304050607",
            "101112131415161718191A1B1C1D1E1F",
            "pkcs11:token=x;object=y",
            "$host_password$",
            "username*",
            "abcdefgh",
            "0000000000",
            "%s",
            "YOUR_TOKEN",
            "{password}",
            "...",
            "get_secret('x')",
            "__TOKEN__",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn secrets_are_none() {
        for template in [
            "<word:12>",
            "<hex:32>",
            "<base62:40>",
            "<base64:40>",
            "<b64url:64>",
            "<uuid>",
            "hunter2",
            "s3cr3t!",
            "postgres",
            "P@ssw0rd",
            "k{{x}w)q${z]m(ay[kk>-_$#rw}}",
            "Tr4>kw92<mq!x",
        ] {
            for seed in 0..50 {
                let value = expand(template, seed);
                assert!(!is_placeholder(value.as_bytes()), "{template} {seed}");
            }
        }
    }

    #[test]
    fn dull_bodies() {
        for body in [
            "xxxxxxxxxxxxxxxxxxxx",
            "IOSFODNN7EXAMPLE",
            "0000000000000000",
            "1234567890abcdef",
            "abc123abc123abc123abc123",
            "your_token_is_here",
        ] {
            assert!(is_dull(body.as_bytes()), "{body}");
        }
        for seed in 0..300 {
            assert!(!is_dull(expand("<hex:64>", seed).as_bytes()) && !is_dull(expand("<base62:36>", seed).as_bytes()));
        }
    }

    #[test]
    fn names_as_values() {
        assert!(
            repeats_name(b"DB_PASSWORD", b"db-password")
                && repeats_name(b"password", b"Password")
                && repeats_name(b"token", b"a_token")
        );
        assert!(!repeats_name(b"password", b"hunter2"));
    }
}
