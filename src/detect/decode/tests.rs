//! Encoded secrets, through the engine: each encoding, chains of them, and what must stay quiet.

use crate::detect::{Engine, Hit, View};
use crate::forge::filler::expand;
use crate::rules::RuleSet;
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;
use std::io::Write;
use std::sync::LazyLock;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(&RuleSet::builtin().unwrap()).unwrap());

fn hits(bytes: &[u8]) -> Vec<Hit> {
    let view = View { bytes, owned: 0..bytes.len(), whole: true, name: b"" };
    let mut hits = Vec::new();
    ENGINE.detect(&view, &mut hits);
    hits
}

/// What is found: rule, chain, and the bytes that the span shows.
fn check(text: &str, expected: &[(&str, &[&str], &str)]) {
    let hits = hits(text.as_bytes());
    let found: Vec<_> = hits.iter().map(|hit| (hit.rule.id.as_str(), hit.decoded.as_slice(), &text[hit.span.clone()])).collect();
    assert_eq!(found, expected, "{text}");
}

const GITHUB: &str = "github-personal-access-token";

fn token() -> String {
    expand("ghp_<base62:30><crc32>", 5)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Encoding {
    Base64,
    Url,
    Mail,
    Yaml,
    Hex,
    HexLines,
    Percent,
    Unicode,
    Bytes,
    Octal,
    Html,
    Quoted,
    Utf16le,
    Utf16be,
    Utf32le,
    Utf32be,
    Gzip,
    Zlib,
    Deflate,
}

use Encoding::*;

const ALL: [Encoding; 19] = [
    Base64, Url, Mail, Yaml, Hex, HexLines, Percent, Unicode, Bytes, Octal, Html, Quoted, Utf16le, Utf16be, Utf32le, Utf32be,
    Gzip, Zlib, Deflate,
];

impl Encoding {
    /// The chain it adds, outermost first.
    fn chain(self) -> &'static [&'static str] {
        match self {
            Base64 | Url | Mail | Yaml => &["base64"],
            Hex | HexLines => &["hex"],
            Percent => &["percent"],
            Unicode | Bytes | Octal => &["escape"],
            Html => &["html"],
            Quoted => &["quoted-printable"],
            Utf16le => &["utf-16le"],
            Utf16be => &["utf-16be"],
            Utf32le => &["utf-32le"],
            Utf32be => &["utf-32be"],
            Gzip => &["base64", "gzip"],
            Zlib => &["base64", "zlib"],
            Deflate => &["hex", "deflate"],
        }
    }

    fn encode(self, bytes: &[u8]) -> Vec<u8> {
        let each = |write: fn(u8) -> String| bytes.iter().flat_map(|byte| write(*byte).into_bytes()).collect::<Vec<u8>>();
        let lines = |text: String, width: usize, joint: &str| {
            let lines: Vec<&str> = text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
            lines.join(joint).into_bytes()
        };
        let wide = |before: usize, after: usize| {
            let unit = |byte: &u8| [vec![0; before], vec![*byte], vec![0; after]].concat();
            bytes.iter().flat_map(unit).collect::<Vec<u8>>()
        };
        match self {
            Base64 => BASE64.encode(bytes).into_bytes(),
            Url => BASE64URL_NOPAD.encode(bytes).into_bytes(),
            Mail => lines(BASE64.encode(bytes), 76, "\r\n"),
            Yaml => lines(BASE64_NOPAD.encode(bytes), 64, "\n      "),
            Hex => HEXLOWER.encode(bytes).into_bytes(),
            HexLines => lines(HEXLOWER.encode(bytes), 60, "\n"),
            Percent => each(|byte| format!("%{byte:02X}")),
            Unicode => each(|byte| format!("\\u{byte:04x}")),
            Bytes => each(|byte| format!("\\x{byte:02x}")),
            Octal => each(|byte| format!("\\{byte:03o}")),
            Html => each(|byte| format!("&#x{byte:X};")),
            Quoted => {
                let plain = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b'=' || matches!(byte, b'\n' | b'\r');
                let units = bytes.iter().map(|b| if plain(*b) { char::from(*b).into() } else { format!("={b:02X}") });
                let mut out = String::from("Content-Transfer-Encoding: quoted-printable\n\n");
                for unit in units {
                    let column = out.len() - out.rfind('\n').unwrap() - 1;
                    out += if column + unit.len() > 75 { "=\n" } else { "" };
                    out += &unit;
                }
                out.into_bytes()
            }
            Utf16le => wide(0, 1),
            Utf16be => wide(1, 0),
            Utf32le => wide(0, 3),
            Utf32be => wide(3, 0),
            Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
                encoder.write_all(bytes).unwrap();
                BASE64.encode(&encoder.finish().unwrap()).into_bytes()
            }
            Zlib => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(bytes).unwrap();
                BASE64.encode(&encoder.finish().unwrap()).into_bytes()
            }
            Deflate => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(bytes).unwrap();
                HEXLOWER.encode(&encoder.finish().unwrap()).into_bytes()
            }
        }
    }
}

/// Whether a chain makes sense: text in the wide encodings, no zeros in lines of mail, and no deeper than is looked.
fn is_sound(chain: &[Encoding]) -> bool {
    let wide = |encoding: &Encoding| encoding.chain()[0].starts_with("utf");
    chain.windows(2).all(|pair| !wide(&pair[1]) || !wide(&pair[0]) && pair[0] != Quoted)
        && chain.iter().map(|encoding| encoding.chain().len()).sum::<usize>() <= super::DEPTH
}

/// Encodes a text with a token, the last of `chain` first, and asks for the token, the chain and the place.
fn check_chain(chain: &[Encoding], before: usize) {
    let secret = token();
    let text = format!("the deploy key = {secret}, of which there are two\nand a second line");
    let encoded = chain.iter().rev().fold(text.into_bytes(), |text, encoding| encoding.encode(&text));
    let bytes = [&vec![b'.'; before][..], b"\n", &encoded, b"\n.."].concat();
    let found = hits(&bytes);
    let found: Vec<&Hit> = found.iter().filter(|hit| hit.rule.id == GITHUB).collect();
    assert_eq!(found.len(), 1, "{chain:?} {}", String::from_utf8_lossy(&bytes));
    assert_eq!(found[0].secret.expose(), secret.as_bytes());
    // Quoted-printable leaves most bytes as they are: what it left whole needs no undoing.
    let plain = |name: &&&str| **name != "quoted-printable";
    let expected: Vec<&str> = chain.iter().flat_map(|encoding| encoding.chain()).filter(plain).copied().collect();
    assert_eq!(found[0].decoded.iter().filter(plain).copied().collect::<Vec<_>>(), expected);
    let run = before + 1..before + 1 + encoded.len();
    let span = &found[0].span;
    assert!(span.start >= run.start && span.end <= run.end, "{chain:?}: {span:?} in {run:?}");
    if matches!(chain[0], Base64 | Url | Mail | Yaml | Hex | HexLines | Gzip | Zlib | Deflate) && encoded.len() < 1000 {
        assert_eq!(*span, run, "{chain:?}");
    }
    if let [Percent | Unicode | Bytes | Octal | Html | Utf16le | Utf16be | Utf32le | Utf32be] = chain {
        assert_eq!(bytes[span.clone()], chain[0].encode(secret.as_bytes()));
    }
}

#[test]
fn every_encoding_alone() {
    for encoding in ALL {
        for before in 0..9 {
            check_chain(&[encoding], before);
        }
    }
}

#[test]
fn every_encoding_in_every_other() {
    for outer in ALL {
        for inner in ALL {
            if is_sound(&[outer, inner]) {
                check_chain(&[outer, inner], 3);
            }
        }
    }
}

#[test]
fn a_broken_line_before_an_escape() {
    for before in 0..70 {
        check_chain(&[Quoted, Quoted, Percent], before);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn chains_are_undone(chain in prop::collection::vec(prop::sample::select(&ALL[..]), 3..=4), before in 0usize..70) {
        prop_assume!(is_sound(&chain));
        check_chain(&chain, before);
    }

    #[test]
    fn arbitrary_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        hits(&bytes);
    }

    #[test]
    fn arbitrary_escapes_are_survived(text in "([%=&\\\\][0-9A-Fa-fux#;{}\n]{0,6}|[A-Za-z0-9+/=\n]{0,40}|eJw|H4sI|\0){0,60}") {
        hits(text.as_bytes());
    }
}

#[test]
fn secrets_that_escapes_split() {
    let key = expand("AccountKey=<base64:40>", 5);
    let token = token();
    let (head, tail) = token.split_at(20);
    check(&format!("say {head}=\n{tail} =3D\n"), &[(GITHUB, &["quoted-printable"], &format!("{head}=\n{tail}"))]);
    check(
        &format!("f(\"{head}\\x{:02x}{}\")", tail.as_bytes()[0], &tail[1..]),
        &[(GITHUB, &["escape"], &format!("{head}\\x{:02x}{}", tail.as_bytes()[0], &tail[1..]))],
    );
    let url = expand("amqp://svc:<word:14>@queue.internal/v", 3);
    let password = &url[11..25];
    check(&url.replace('/', "\\/"), &[("db-amqp-uri", &["escape"], password)]);
    check(&url.replace('/', "%2F").replace(':', "%3A").replace('@', "%40"), &[("db-amqp-uri", &["percent"], password)]);
    check(&url.replace('/', "&#x2F;").replace(':', "&#58;"), &[("db-amqp-uri", &["html"], password)]);
    assert!(hits(key.as_bytes()).len() <= 1);
}

#[test]
fn several_secrets_of_one_run_are_all_found() {
    let text = format!("A={}\nB={}\n", token(), expand("glpat-<base62:20>", 3));
    let run = BASE64.encode(text.as_bytes());
    let found = hits(format!("env: {run}").as_bytes());
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|hit| hit.decoded == ["base64"] && hit.span == (5..5 + run.len())));
}

#[test]
fn what_was_found_outside_is_not_found_inside() {
    for text in [
        "Bearer <jwt>",
        "<pem:RSA PRIVATE KEY>",
        "{\"auths\": {\"r.internal\": {\"auth\": \"<b64(ci:<word:20>)>\"}}}",
        "Authorization: Basic <b64(ci:<word:20>)>",
        "pk: glc_<b64({\"o\":\"<digits:6>\",\"n\":\"x-<digits:6>\",\"k\":\"<base62:24>\",\"m\":{\"r\":\"eu\"}})>",
        "amqp://svc:p%40<word:12>@queue.internal/v",
    ] {
        let found = hits(expand(text, 4).as_bytes());
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].decoded.is_empty() || text.contains("b64(ci"), "{text}: {found:?}");
    }
}

#[test]
fn values_of_names_are_judged_with_their_names() {
    let password = expand("<word:12>", 8);
    for (value, how) in
        [(BASE64.encode(password.as_bytes()), "base64"), (BASE64.encode(format!("{password}\n").as_bytes()), "base64")]
    {
        let mut found = Vec::new();
        ENGINE.pair(b"DB_PASSWORD", value.as_bytes(), &mut found);
        assert_eq!(found.len(), 1, "{value}");
        assert_eq!((found[0].secret.expose(), found[0].decoded.as_slice()), (password.as_bytes(), &[how][..]));
        let text = format!("data:\n  password: {value}\n");
        let found = hits(text.as_bytes());
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!((found[0].secret.expose(), found[0].name.as_deref()), (password.as_bytes(), Some("data.password")));
        assert_eq!(&text[found[0].span.clone()], value);
    }
}

#[test]
fn a_secret_deep_in_a_long_run_is_found_once_in_windows() {
    let secret = token();
    let filler = "nothing to see in this line of text\n";
    let inner = format!("{}{secret}\n{}", filler.repeat(1200), filler.repeat(1200));
    for text in [
        BASE64.encode(inner.as_bytes()),
        String::from_utf8(Mail.encode(inner.as_bytes())).unwrap(),
        HEXLOWER.encode(inner.as_bytes()),
    ] {
        let mut places = std::collections::BTreeSet::new();
        for window in [4096, 5000, 7777] {
            let found = in_windows(text.as_bytes(), window);
            assert_eq!(found.len(), 1, "{window}");
            places.extend(found);
        }
        assert_eq!(places.len(), 1);
    }
}

#[test]
fn an_encoded_token_is_found_once_at_every_offset_of_a_seam() {
    const WINDOW: usize = 192;
    for encoding in ALL {
        let text = encoding.encode(format!("key: {}", token()).as_bytes());
        for offset in 0..WINDOW {
            let bytes = [&vec![b'.'; offset][..], b"\n", &text, b"\n", &[b'-'; 300]].concat();
            assert_eq!(in_windows(&bytes, WINDOW).len(), 1, "{encoding:?} {offset}");
        }
    }
}

/// Where tokens are found if the text is cut into windows.
fn in_windows(bytes: &[u8], window: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for start in (0..bytes.len()).step_by(window) {
        let end = (start + window).min(bytes.len());
        let from = start.saturating_sub(ENGINE.lookback());
        let to = (end + ENGINE.reach()).min(bytes.len());
        let mut hits = Vec::new();
        ENGINE.detect(&View { bytes: &bytes[from..to], owned: start - from..end - from, whole: false, name: b"" }, &mut hits);
        let hits = hits.into_iter().filter(|hit| hit.rule.id == GITHUB);
        found.extend(hits.map(|hit| (from + hit.span.start, from + hit.span.end)));
    }
    found
}

#[test]
fn budgets_hold() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![b' '; 64 << 20]).unwrap();
    bomb.write_all(token().as_bytes()).unwrap();
    let bomb = BASE64.encode(&bomb.finish().unwrap());
    check(
        &format!("{bomb}\n{}\n", Base64.encode(token().as_bytes()).iter().map(|b| char::from(*b)).collect::<String>()),
        &[(GITHUB, &["base64"], &BASE64.encode(token().as_bytes()))],
    );
    let mut nested = token().into_bytes();
    for _ in 0..super::DEPTH {
        nested = Base64.encode(&nested);
    }
    assert_eq!(hits(&nested).len(), 1);
    assert_eq!(hits(&Base64.encode(&nested)).len(), 0);
}
