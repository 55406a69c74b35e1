//! Fillers: `<base62:36>` and the like become values when an example is expanded.
//!
//! `rules/README.md` lists them. The same template and seed give the same text on every machine.

use super::human;
use super::store;
use super::sums::{self, BASE58, BECH32, CISCO};
use data_encoding::{BASE32_NOPAD, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER};
use fastrand::Rng;

const DIGITS: &str = "0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Order matters: the CRC32 suffixes are written in this base 62.
pub const BASE62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The alphabet of base-36 checksums.
pub const BASE36: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
/// RFC 4648 base32, upper case.
pub const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Passwords: what people type, without quotes and white space.
const WORD: &str = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!*-_+";
/// `<b64(…)>` inside `<b64(…)>` at most this deep.
const DEPTH: u32 = 4;
/// A filler makes at most this many characters.
const LONGEST: usize = 100_000;

/// Replaces the fillers of `template`; what is between `<` and `>` but no filler stays.
pub fn expand(template: &str, seed: u64) -> String {
    // Small seeds must not give alike values.
    let mut rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed);
    expand_with(template, &mut rng, DEPTH)
}

fn expand_with(template: &str, rng: &mut Rng, depth: u32) -> String {
    let mut out = String::new();
    let mut last = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        match filler(after, &out, &last, rng, depth) {
            Some((made, remaining)) => {
                out.push_str(&made);
                last = made;
                rest = remaining;
            }
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out + rest
}

/// What the filler at the start of `text` (after its `<`) becomes, and what follows it.
fn filler<'a>(text: &'a str, before: &str, last: &str, rng: &mut Rng, depth: u32) -> Option<(String, &'a str)> {
    for (opening, encoding) in [("b64(", BASE64), ("b64url(", BASE64URL_NOPAD)] {
        if let Some(inner) = text.strip_prefix(opening) {
            let depth = depth.checked_sub(1)?;
            let (inner, rest) = closing(inner)?;
            return Some((encoding.encode(expand_with(inner, rng, depth).as_bytes()), rest));
        }
    }
    let (name, rest) = text.split_once('>')?;
    let made = match name.split_once(':') {
        Some(("pem", label)) => pem(label, rng),
        Some(("pem-escaped", label)) => pem(label, rng).replace('\n', "\\n"),
        Some(("jks", password)) => BASE64.encode(&store::jks(password, rng)),
        Some(("jwt", "expired")) => jwt(rng, 1_500_000_000),
        Some(("bytes", count)) => BASE64.encode(&noise(count_of(count)?, rng)),
        Some(("human", "symbols")) => human::password(true, rng),
        Some(("human", "weak")) => human::weak(rng),
        Some(("phrase", count)) => {
            let between = human::joint(rng);
            human::phrase(words_of(count)?, between, rng)
        }
        Some(("spaced", count)) => human::phrase(words_of(count)?, " ", rng),
        Some(("cisco7", count)) => cisco7(count_of(count)?, rng),
        Some(("bech32", count)) => bech32(count_of(count)?, token(before), rng)?,
        Some(("base58check", form)) => {
            let body = versioned(form, rng)?;
            let sum = sums::double_sha256(&body);
            sums::base58(&[&body[..], &sum[..4]].concat())
        }
        Some(("crc16-base32", form)) => {
            let body = versioned(form, rng)?;
            BASE32_NOPAD.encode(&[&body[..], &sums::crc16(&body).to_le_bytes()].concat())
        }
        Some((alphabet, count)) => drawn(alphabet, count_of(count)?, rng)?,
        None => derived(name, before, last, rng)?,
    };
    Some((made, rest))
}

fn count_of(text: &str) -> Option<usize> {
    text.parse().ok().filter(|count| *count <= LONGEST)
}

/// A phrase has few words.
fn words_of(text: &str) -> Option<usize> {
    count_of(text).filter(|count| (1..=40).contains(count))
}

/// Splits at the `)>` that closes the `<b64(` or `<b64url(` just opened.
fn closing(text: &str) -> Option<(&str, &str)> {
    let mut open = 1;
    for (at, _) in text.char_indices() {
        let rest = &text[at..];
        if rest.starts_with("<b64(") || rest.starts_with("<b64url(") {
            open += 1;
        } else if let Some(after) = rest.strip_prefix(")>") {
            open -= 1;
            if open == 0 {
                return Some((&text[..at], after));
            }
        }
    }
    None
}

fn drawn(name: &str, count: usize, rng: &mut Rng) -> Option<String> {
    let alphabet: String = match name {
        "base62" | "alnum" => BASE62.into(),
        "hex" => "0123456789abcdef".into(),
        "HEX" => "0123456789ABCDEF".into(),
        "digits" => DIGITS.into(),
        "lower" => LOWER.into(),
        "upper" => UPPER.into(),
        "letters" => [LOWER, UPPER].concat(),
        "base36" => BASE36.into(),
        "BASE36" => BASE36.to_uppercase(),
        "base32" => BASE32.to_lowercase(),
        "BASE32" => BASE32.into(),
        "base64" => [BASE62, "+/"].concat(),
        "b64url" => [BASE62, "-_"].concat(),
        "base58" => BASE58.into(),
        "word" => WORD.into(),
        _ => return None,
    };
    Some(random(alphabet.as_bytes(), count, rng))
}

/// `count` characters; where there is room, with each kind that the alphabet has, letters and digits
/// at both ends, and no long repetition: so that an example never fails by bad luck.
fn random(alphabet: &[u8], count: usize, rng: &mut Rng) -> String {
    let kinds: [fn(&u8) -> bool; 3] = [u8::is_ascii_digit, u8::is_ascii_lowercase, u8::is_ascii_uppercase];
    let mut text = Vec::new();
    for _ in 0..200 {
        text = (0..count).map(|_| alphabet[rng.usize(..alphabet.len())]).collect::<Vec<u8>>();
        let each_kind = count < 8 || kinds.iter().all(|kind| !alphabet.iter().any(kind) || text.iter().any(kind));
        let ends = [text.first(), text.last()].into_iter().flatten().all(u8::is_ascii_alphanumeric);
        let distinct = text.iter().fold([false; 256], |mut seen, byte| {
            seen[usize::from(*byte)] = true;
            seen
        });
        let distinct = distinct.iter().filter(|seen| **seen).count();
        let varied = distinct * 2 >= count.min(alphabet.len());
        if each_kind && ends && varied && !text.windows(4).any(|w| w.iter().all(|b| *b == w[0])) {
            break;
        }
    }
    text.into_iter().map(char::from).collect()
}

/// What stands before a filler, back to white space, a quote, `=` or `:`.
fn token(before: &str) -> &str {
    before.rsplit(|c: char| c.is_whitespace() || "\"'`=:".contains(c)).next().unwrap_or_default()
}

fn derived(name: &str, before: &str, last: &str, rng: &mut Rng) -> Option<String> {
    let crc32 = |text: &str| crc32fast::hash(text.as_bytes());
    // Atlassian's checksum covers the `=` before it.
    let closed = || match before.strip_suffix('=') {
        Some(head) => &before[before.len() - token(head).len() - 1..],
        None => token(before),
    };
    Some(match name {
        "human" => human::password(false, rng),
        "uuid" => uuid(rng),
        "jwt" => jwt(rng, 4_900_000_000),
        "aws-id" => aws_id(rng),
        "wireguard" => wireguard(rng),
        "crc32" => in_base(crc32(last), BASE62, 6),
        "crc32-hex" => format!("{:08x}", crc32(closed())),
        "CRC32-HEX" => format!("{:08X}", crc32(closed())),
        "crc32-hex-last" => format!("{:08x}", crc32(last)),
        "crc32-base36" => in_base(crc32(token(before)), BASE36, 7),
        "crc32-base64" => BASE64_NOPAD.encode(&crc32(last).to_le_bytes()),
        "crc32-grafana" => HEXLOWER.encode(&crc32(token(before).trim_end_matches('_')).to_le_bytes()),
        _ => return None,
    })
}

fn noise(count: usize, rng: &mut Rng) -> Vec<u8> {
    (0..count).map(|_| rng.u8(..)).collect()
}

/// `HEX:N`: the bytes that the digits say, then N at random.
fn versioned(form: &str, rng: &mut Rng) -> Option<Vec<u8>> {
    let (version, count) = form.split_once(':')?;
    let version = HEXLOWER.decode(version.as_bytes()).ok()?;
    Some([version, noise(count_of(count).filter(|count| *count <= 128)?, rng)].concat())
}

/// N characters that complete the token so far, which ends in `1`, in its case; the last 6 are the checksum.
fn bech32(count: usize, token: &str, rng: &mut Rng) -> Option<String> {
    let prefix = token.strip_suffix('1')?;
    let data = random(BECH32.as_bytes(), count.checked_sub(6)?, rng);
    let mut digits = sums::bech32_digits(data.as_bytes())?;
    digits.extend([0; 6]);
    let sum = sums::bech32_polymod(prefix.to_ascii_lowercase().as_bytes(), &digits) ^ 1;
    let tail = (0..6).map(|at| char::from(BECH32.as_bytes()[(sum >> (5 * (5 - at)) & 31) as usize]));
    let text: String = data.chars().chain(tail).collect();
    Some(if prefix.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_uppercase() } else { text })
}

/// A password of N characters as Cisco IOS writes type 7.
fn cisco7(count: usize, rng: &mut Rng) -> String {
    let start = rng.usize(..16);
    let word = random(WORD.as_bytes(), count, rng);
    let bytes: Vec<u8> = word.bytes().zip(CISCO.iter().cycle().skip(start)).map(|(byte, key)| byte ^ key).collect();
    format!("{start:02}{}", HEXUPPER.encode(&bytes))
}

/// A Curve25519 key with its bits clamped, in base64.
fn wireguard(rng: &mut Rng) -> String {
    let mut bytes = noise(32, rng);
    bytes[0] &= 0xf8;
    bytes[31] = bytes[31] & 0x7f | 0x40;
    BASE64.encode(&bytes)
}

/// `number` in the base of `digits`, left-padded to `width`.
pub fn in_base(number: u32, digits: &str, width: usize) -> String {
    let digits = digits.as_bytes();
    let base = digits.len() as u32;
    let mut number = number;
    let mut out = vec![digits[0]; width];
    for slot in out.iter_mut().rev() {
        *slot = digits[(number % base) as usize];
        number /= base;
    }
    out.into_iter().map(char::from).collect()
}

fn uuid(rng: &mut Rng) -> String {
    let mut bytes = [0u8; 16];
    rng.fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = HEXLOWER.encode(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// 80 bits in base32: a set bit, a 12-digit account number, the rest at random.
fn aws_id(rng: &mut Rng) -> String {
    let account = rng.u64(100_000_000_000..=999_999_999_999);
    let head = (1 << 47) | (account << 7) | rng.u64(..128);
    let mut bytes = head.to_be_bytes()[2..].to_vec();
    bytes.extend((0..4).map(|_| rng.u8(..)));
    data_encoding::BASE32.encode(&bytes)
}

fn jwt(rng: &mut Rng, expiry: u64) -> String {
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    let payload = format!(r#"{{"sub":"{}","iat":1400000000,"exp":{expiry}}}"#, random(DIGITS.as_bytes(), 10, rng));
    let mut signature = [0u8; 32];
    rng.fill(&mut signature);
    let parts = [header.as_bytes(), payload.as_bytes(), &signature].map(|part| BASE64URL_NOPAD.encode(part));
    parts.join(".")
}

/// A PEM block. The body says what its label says, as far as a reader without the algorithm can tell.
fn pem(label: &str, rng: &mut Rng) -> String {
    let length = match label {
        "EC PRIVATE KEY" => 118,
        "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => 300,
        _ => 620,
    };
    let noise: Vec<u8> = (0..length).map(|_| rng.u8(..)).collect();
    let body = if label.starts_with("OPENSSH") {
        let mut head = b"openssh-key-v1\0".to_vec();
        for word in [&b"none"[..], b"none", b""] {
            head.extend((word.len() as u32).to_be_bytes());
            head.extend(word);
        }
        head.extend(1u32.to_be_bytes());
        [head, noise].concat()
    } else if label.starts_with("PGP") {
        [&[0x95, 0x03][..], &noise].concat()
    } else {
        let content = [&[2u8, 1, 0][..], &noise].concat();
        [&[0x30, 0x82][..], &(content.len() as u16).to_be_bytes(), &content].concat()
    };
    let mut lines = vec![format!("-----BEGIN {label}-----")];
    if label.starts_with("PGP") {
        lines.push(String::new());
    }
    lines.extend(wrapped(&BASE64, &body, 64));
    if label.starts_with("PGP") {
        lines.push(format!("={}", random(BASE62.as_bytes(), 4, rng)));
    }
    lines.push(format!("-----END {label}-----"));
    lines.join("\n")
}

fn wrapped(encoding: &Encoding, body: &[u8], width: usize) -> Vec<String> {
    let text = encoding.encode(body);
    text.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, length: usize, fits: fn(char) -> bool) {
        for seed in 0..20 {
            let text = expand(template, seed);
            assert_eq!(text.len(), length, "{template}");
            assert!(text.chars().all(fits), "{template}");
            assert_eq!(text, expand(template, seed), "the same seed gives the same text");
            assert_ne!(text, expand(template, seed + 1));
        }
    }

    #[test]
    fn alphabets() {
        check("<hex:40>", 40, |c| c.is_ascii_digit() || ('a'..='f').contains(&c));
        check("<BASE32:16>", 16, |c| c.is_ascii_uppercase() || ('2'..='7').contains(&c));
        check("<aws-id>", 16, |c| c.is_ascii_uppercase() || ('2'..='7').contains(&c));
        check("<base62:30><crc32>", 36, |c| c.is_ascii_alphanumeric());
        check("<uuid>", 36, |c| c == '-' || c.is_ascii_hexdigit());
    }

    #[test]
    fn what_is_no_filler_stays() {
        for text in ["<replace_me>", "a < b > c", "<hex:>", "<hex:x>", "<", "<hex:999999999>", "<b64(x>"] {
            assert_eq!(expand(text, 1), text);
        }
    }

    #[test]
    fn checksums_follow_what_stands_before_them() {
        let text = expand("token=abc<digits:3><crc32-hex>;", 3);
        let token = text.strip_prefix("token=").and_then(|rest| rest.strip_suffix(';')).unwrap();
        let (body, sum) = token.split_at(6);
        assert_eq!(sum, format!("{:08x}", crc32fast::hash(body.as_bytes())));
        assert_eq!(in_base(62 * 62 + 1, BASE62, 6), "000101");
    }

    #[test]
    fn base64_holds_fillers() {
        let text = expand("a <b64(user:<word:8> <b64(x)>)> b", 4);
        let run = text.split(' ').nth(1).unwrap();
        let inner = String::from_utf8(BASE64.decode(run.as_bytes()).unwrap()).unwrap();
        assert!(inner.starts_with("user:") && inner.ends_with(" eA=="), "{inner}");
    }

    #[test]
    fn pem_blocks_hold_der() {
        let text = expand("<pem:RSA PRIVATE KEY>", 5);
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        assert_eq!(BASE64.decode(body.as_bytes()).unwrap()[..2], [0x30, 0x82]);
        assert_eq!(expand("<pem-escaped:RSA PRIVATE KEY>", 5).lines().count(), 1);
    }
}
