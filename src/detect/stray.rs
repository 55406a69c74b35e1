//! Environment files: one that ships is stray, a template that holds a real value is worse.
//!
//! A `.env` is made for one machine and has no business in an artifact, so it is reported as a file even
//! where no known token is in it; how bad that is, its values tell. A template is welcome as long as
//! its values are placeholders. Empty files, comments and references leak nothing.

use super::dotenv::{File, Setting};
use super::envname::{Kind, kind};
use super::{Hit, assign, judge, placeholder};
use crate::finding::{Confidence, Disposition, Severity};
use crate::rules::Rule;
use std::borrow::Cow;
use std::sync::Arc;

/// Names that a note lists.
const NOTED: usize = 5;

/// Judges a file by its path and its first bytes. `found` holds what was found in those bytes.
pub(super) fn detect(rules: &[Arc<Rule>], path: &[u8], head: &[u8], found: &mut Vec<Hit>) {
    let Some(rule) = rules.first() else { return };
    let Some(kind) = kind(path) else { return };
    let Some(text) = Text::of(head) else { return };
    let file = File::parse(&text.bytes);
    if kind == Kind::Template {
        let real =
            file.settings.iter().filter(|setting| is_telling(setting, &text.bytes) && is_issued(setting.value(&text.bytes)));
        found.extend(real.map(|setting| text.hit(rule, setting)));
    } else if let Some(hit) = stray(rule, kind, &text.bytes, &file, found) {
        found.push(hit);
    }
}

/// The hit for a file that should not be there.
fn stray(rule: &Rule, kind: Kind, text: &[u8], file: &File<'_>, found: &[Hit]) -> Option<Hit> {
    let telling: Vec<_> = file.settings.iter().filter(|setting| is_telling(setting, text)).collect();
    let holds = |hit: &Hit| {
        hit.severity >= Severity::Medium && hit.confidence > Confidence::Low && hit.disposition == Disposition::Actionable
    };
    let serious = !telling.is_empty() || found.iter().any(holds);
    let matters = |setting: &Setting<'_>| {
        matters(setting.value(text)) && !(kind == Kind::Script && (file.has_logic || is_plumbing(setting.name)))
    };
    // Other formats have `env` as their extension too.
    let is_one = file.settings.len() >= file.others || kind == Kind::Script || file.others < 3;
    if !(serious || is_one && file.settings.iter().any(matters)) {
        return None;
    }
    let mut hit = judge::hit(rule, text, 0..0, 0);
    hit.reasons = vec!["the name and the content are those of an environment file".into()];
    if serious {
        hit.reasons.push("a name in it says secret, or a known credential stands in it".into());
    } else {
        hit.severity = hit.severity.min(Severity::Low);
        hit.reasons.push("none of its values is known to be secret".into());
    }
    hit.note = note(&telling);
    Some(hit)
}

/// The names that say secret.
fn note(telling: &[&Setting<'_>]) -> Option<String> {
    let mut names: Vec<_> = telling.iter().map(|setting| String::from_utf8_lossy(setting.name)).collect();
    names.dedup();
    let more = names.len().saturating_sub(NOTED);
    names.truncate(NOTED);
    let listed = names.join(", ");
    match more {
        _ if names.is_empty() => None,
        0 => Some(format!("sets {listed}")),
        _ => Some(format!("sets {listed} and {more} more")),
    }
}

/// The text of a file, one byte a character.
struct Text<'a> {
    bytes: Cow<'a, [u8]>,
    /// Where the first character is, and how many bytes each has, in the file.
    start: usize,
    width: usize,
    decoded: Option<&'static str>,
}

impl<'a> Text<'a> {
    /// `None` for a binary. Redirections of PowerShell write UTF-16; the swap file of an editor has NULs
    /// between its lines.
    fn of(head: &'a [u8]) -> Option<Self> {
        let zero = |at: usize| head.get(at) == Some(&0);
        let (start, low, decoded) = match head {
            [0xff, 0xfe, ..] => (2, 0, "utf-16le"),
            [0xfe, 0xff, ..] => (2, 1, "utf-16be"),
            _ if head.len() > 5 && zero(1) && zero(3) && !zero(0) && !zero(2) => (0, 0, "utf-16le"),
            _ if head.len() > 5 && zero(0) && zero(2) && !zero(1) && !zero(3) => (0, 1, "utf-16be"),
            _ => {
                let start = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
                let bytes = head.get(start..).unwrap_or_default();
                let is_text = memchr::memchr(0, bytes).is_none() || bytes.starts_with(b"b0VIM");
                return is_text.then_some(Self { bytes: bytes.into(), start, width: 1, decoded: None });
            }
        };
        let units = head.get(start..).unwrap_or_default().chunks_exact(2);
        let narrow = units.map(|unit| match unit {
            [text, 0] if low == 0 => *text,
            [0, text] if low == 1 => *text,
            _ => b'?',
        });
        Some(Self { bytes: narrow.collect(), start, width: 2, decoded: Some(decoded) })
    }

    /// A hit of the value of `setting`, in a template.
    fn hit(&self, rule: &Rule, setting: &Setting<'_>) -> Hit {
        let mut hit = judge::hit(rule, &self.bytes, setting.value.clone(), 0);
        let moved = |at: usize| self.start + at * self.width;
        hit.span = moved(setting.value.start)..moved(setting.value.end);
        hit.name = Some(String::from_utf8_lossy(setting.name).into_owned());
        hit.reasons = vec!["a template, but the value is none of a placeholder".into()];
        hit.decoded.extend(self.decoded);
        hit
    }
}

/// Whether the name says secret and the value is one.
fn is_telling(setting: &Setting<'_>, text: &[u8]) -> bool {
    let value = setting.value(text);
    assign::says_secret(setting.name)
        && value.len() >= 3
        && matters(value)
        && !placeholder::is_placeholder(value)
        && !placeholder::repeats_name(setting.name, value)
        && !is_place(value)
        && !(value.len() < 6 && value.iter().all(u8::is_ascii_digit))
}

/// Whether a value can matter at all: it is there, and it does not stand for what is elsewhere or sealed.
fn matters(value: &[u8]) -> bool {
    let wrapped = value.starts_with(b"<") && value.ends_with(b">");
    !value.iter().all(|byte| *byte == b'=') && !wrapped && !value.starts_with(b"encrypted:") && !placeholder::is_reference(value)
}

/// Whether a value is a path or an address, which says where the secret is.
fn is_place(value: &[u8]) -> bool {
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"/._-".contains(byte);
    let path = [&b"/"[..], b"./", b"../", b"~/"].iter().any(|lead| value.starts_with(lead)) && value.iter().skip(1).all(inner);
    path || memchr::memmem::find(value, b"://").is_some()
}

/// Words that make up what samples have for a password.
const WEAK: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pass",
    "secret",
    "token",
    "admin",
    "root",
    "guest",
    "user",
    "testing",
    "test",
    "demo",
    "local",
    "dev",
    "default",
    "postgresql",
    "postgres",
    "mysql",
    "mariadb",
    "redis",
    "mongodb",
    "mongo",
    "minio",
    "rabbitmq",
    "rabbit",
    "laravel",
    "homestead",
    "symfony",
    "django",
    "insecure",
    "strapi",
    "database",
    "very",
    "super",
    "strong",
    "secure",
    "random",
    "string",
    "long",
    "some",
    "please",
    "change",
    "session",
    "access",
    "private",
    "public",
    "this",
    "not",
    "use",
    "the",
    "app",
    "api",
    "jwt",
    "key",
    "my",
    "db",
    "me",
    "in",
    "production",
    "prod",
    "welcome",
    "letmein",
    "qwerty",
];

/// Whether a value in a template or a comment was issued or chosen, rather than written to be read: `admin123` is no
/// secret there, and neither is a sentence.
pub(super) fn is_issued(value: &[u8]) -> bool {
    let mut rest: String = String::from_utf8_lossy(value).chars().filter(char::is_ascii_alphabetic).collect();
    rest.make_ascii_lowercase();
    for word in WEAK {
        rest = rest.replace(word, "");
    }
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let has_digit = value.iter().any(u8::is_ascii_digit);
    let mixed = value.iter().skip(1).any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase);
    let sentence = value.contains(&b' ') && !has_digit;
    let weak = rest.len() < 4 && letters > rest.len();
    value.len() >= 6 && !weak && !sentence && (has_digit || mixed || value.len() >= 16)
}

/// Names of variables that shells and loaders read.
fn is_plumbing(name: &[u8]) -> bool {
    const LAST: &[&str] = &[
        "path", "home", "dir", "root", "prefix", "lang", "language", "flags", "opts", "options", "version", "shell", "editor",
        "pager", "term", "display", "umask", "dirs", "level", "arch", "cc", "cxx", "preload",
    ];
    let words = assign::words::words(name);
    let last = words.last().map(String::as_str).unwrap_or_default();
    LAST.iter().any(|plumbing| last.ends_with(plumbing))
        || matches!(words.first().map(String::as_str), Some("lc" | "ps1" | "ps2"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::filler::expand;
    use crate::rules::RuleSet;

    fn hits(path: &str, text: &[u8]) -> Vec<Hit> {
        let rule = "issuer='X'\n[[rule]]\nid='x'\ntitle='X'\nseverity='high'\nexamples=['a']\ndetector='stray-env'";
        let set = RuleSet::parse(&[("x", rule)]).unwrap();
        let mut hits = Vec::new();
        detect(set.rules(), path.as_bytes(), text, &mut hits);
        hits
    }

    /// The file as a whole, and how bad it is; `None` if it is quiet.
    fn check(path: &str, text: &str, expected: Option<Severity>) {
        let hits = hits(path, expand(text, 5).as_bytes());
        assert_eq!(hits.first().map(|hit| hit.severity), expected, "{path}: {text}");
        assert!(hits.len() < 2 && hits.iter().all(|hit| hit.secret.is_empty() && hit.span == (0..0)), "{path}: {text}");
    }

    #[test]
    fn a_secret_under_a_name_that_says_so_is_serious() {
        for text in [
            "PORT=8080\nDB_PASSWORD=<word:18>\n",
            "export API_TOKEN='<base62:32>'\r\n",
            "a.b.secretKey = \"<base64:20>\" # the key",
            "PRIVATE_KEY=\"-----BEGIN X-----\n<base64:60>\n-----END X-----\"\nPORT=1\n",
            "MYSQL_PWD=<word:9>",
            "API_KEY_2=<hex:32>",
            "\u{feff}SECRET_KEY_BASE=<hex:64>",
            "some words\nmore words\nand more\nAPP_KEY=base64:<base64:43>=",
        ] {
            check("app/.env", text, Some(Severity::High));
            check("app/prod.env", text, Some(Severity::High));
            check("app/env.sh", text, Some(Severity::High));
        }
    }

    #[test]
    fn settings_alone_are_stray_but_low() {
        for text in [
            "PORT=8080",
            "NODE_ENV=production\n",
            "DB_PASSWORD=changeme",
            "PASSWORD_MIN_LENGTH=12\nTOKEN_URL=https://login.internal/token",
            "GOOGLE_APPLICATION_CREDENTIALS=/run/secrets/gcp.json",
            "API_PUBLIC_KEY=<hex:32>\nTOKEN_TTL=3600",
            "PASSWORD=password",
        ] {
            check(".env", text, Some(Severity::Low));
        }
    }

    #[test]
    fn what_sets_nothing_is_quiet() {
        for text in
            ["", "\n", "# DB_PASSWORD=x\n", "DB_PASSWORD=\nPORT=''\n", "A=${B}\nB=$(pass show x)\n", "KEY=<replace_me>", "words"]
        {
            check(".env", text, None);
            check("env.sh", text, None);
        }
        check(".env", "A=ENC[AES256_GCM,data:x]\nsops_mac=ENC[AES256_GCM,data:y]", None);
        check(".env", "A=encrypted:<base64:60>", None);
        check("maple.env", "a = 3\n<x>\n<y>\nfoo bar\nbaz", None);
    }

    #[test]
    fn scripts_that_set_paths_are_quiet() {
        check("opt/x/env.sh", "#!/bin/sh\nexport PATH=/opt/x/bin:/usr/bin\nexport JAVA_HOME=/opt/java\nLC_ALL=C\n", None);
        check("opt/x/env.sh", "if true; then\n  FOO=bar\nfi\n", None);
        check("opt/x/env.sh", "export DB_HOST=db.internal\n", Some(Severity::Low));
        check(".envrc", "use flake\nexport AWS_PROFILE=dev\n", Some(Severity::Low));
        check(".envrc", "use flake\nPATH_add bin\n", None);
    }

    #[test]
    fn other_encodings_and_binaries() {
        let text = expand("DB_PASSWORD=<word:18>\r\n", 1);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = [&b"\xff\xfe"[..], &little].concat();
        let swap = [b"b0VIM 9.0\0\0\0\x10\0~me", text.trim().as_bytes(), b"\0A=1\0"].join(&0);
        for bytes in [&little, &big, &marked, &swap] {
            assert_eq!(hits(".env", bytes).first().map(|hit| hit.severity), Some(Severity::High));
        }
        assert!(hits(".env", &[b"\x7fELF\0\0\nA_TOKEN=", text.as_bytes()].concat()).is_empty());
        let template = hits(".env.example", &marked);
        assert_eq!(template.first().map(|hit| (hit.span.clone(), hit.secret.len())), Some((26..62, 18)));
    }

    #[test]
    fn a_known_credential_makes_it_serious_and_names_are_noted() {
        let text = "A_TOKEN=<word:9>\nB_TOKEN=<word:9>\nC_TOKEN=<word:9>\nD_TOKEN=<word:9>\nE_TOKEN=<word:9>\nF_TOKEN=<word:9>\n";
        let noted = hits(".env", expand(text, 2).as_bytes());
        let note = noted.first().and_then(|hit| hit.note.as_deref());
        assert_eq!(note, Some("sets A_TOKEN, B_TOKEN, C_TOKEN, D_TOKEN, E_TOKEN and 1 more"));
        let known = noted.first().cloned().unwrap();
        let rule = RuleSet::builtin().unwrap().rules().iter().find(|rule| rule.label.id == "file-dotenv").cloned().unwrap();
        let mut found = vec![known];
        detect(&[rule], b".env", b"DATABASE=x", &mut found);
        assert_eq!(found.last().map(|hit| hit.severity), Some(Severity::High));
    }

    /// The names of the values that a template gives away.
    fn template(text: &str, expected: &[&str]) {
        let text = expand(text, 8);
        for path in [".env.example", "prod.env.dist", "env.template"] {
            let hits = hits(path, text.as_bytes());
            assert_eq!(hits.iter().filter_map(|hit| hit.name.as_deref()).collect::<Vec<_>>(), expected, "{text}");
            assert!(hits.iter().all(|hit| text.as_bytes().get(hit.span.clone()) == Some(hit.secret.expose())));
        }
    }

    #[test]
    fn templates_are_quiet_until_a_value_is_real() {
        template("DB_PASSWORD=<replace_me>\nAPI_TOKEN=changeme\nA_KEY=xxx\nB_KEY=your-key-here\nC_KEY=${C_KEY}\nD_KEY=\n", &[]);
        template("APP_NAME=Laravel\nPORT=8080\nDEBUG=true\nDB_HOST=127.0.0.1\nNODE_ENV=production\nBUILD=<hex:40>\n", &[]);
        template(
            &[
                "DB_PASS",
                "WORD=postgres\nADMIN_PASS",
                "WORD=admin123\nJWT_SECRET=super-secret-jwt-token\nMINIO_PASS",
                "=minioadmin\n",
            ]
            .concat(),
            &[],
        );
        template("APP_KEY=please choose a long one\nTOKEN_URL=https://x.internal/y1\nKEY_FILE=/run/k1.pem\n", &[]);
        template("DB_PASSWORD=<word:18>\nPORT=1\nAPI_KEY='<hex:32>'\nNAME=<word:18>\n", &["DB_PASSWORD", "API_KEY"]);
    }

    #[test]
    fn names_are_read_by_their_words() {
        for name in ["DB_PASSWORD", "apiKey", "PGPASSWORD", "REDISCLI_AUTH", "STRIPE_KEY", "jwt.secret", "API_KEY_PROD", "SALT"] {
            assert!(assign::says_secret(name.as_bytes()), "{name}");
        }
        for name in ["PORT", "AWS_ACCESS_KEY_ID", "TOKEN_TTL", "MAX_TOKENS", "KEYBOARD", "AUTHOR", "PASSENGER_APP", "COMPASS", ""]
        {
            assert!(!assign::says_secret(name.as_bytes()), "{name}");
        }
    }
}
