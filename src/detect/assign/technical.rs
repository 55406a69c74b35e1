//! Values of a technical form that are no secrets: paths, addresses, file names, versions, dates, places.

use super::{language, made};

/// Paths, addresses, types, versions, dates and the like.
pub(super) fn technical(value: &[u8]) -> Option<&'static str> {
    let has = |text: &[u8]| memchr::memmem::find(value, text).is_some();
    let all = |fits: fn(&u8) -> bool| value.iter().all(fits);
    if has(b"://") || value.starts_with(b"//") || value.starts_with(b"www.") {
        return Some("a URL");
    }
    let separators = value.iter().filter(|byte| **byte == b'/').count();
    let path = value.starts_with(b"/")
        || value.starts_with(b"./")
        || value.starts_with(b"../")
        || value.starts_with(b"~/")
        || value.starts_with(b"C:\\");
    if matches!(value, [b'/', .., b'/']) {
        return Some("a path");
    }
    if (path || separators >= 2) && language::wordiness(value) > 0.45 {
        return Some("a path");
    }
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    if separators == 1 && digits < 2 && language::wordiness(value) > 0.7 {
        return Some("a path");
    }
    if let Some(dot) = value.iter().rposition(|byte| *byte == b'.')
        && let Some(extension) = value.get(dot + 1..)
        && FILES.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(extension))
    {
        return Some("a file name");
    }
    if all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b':' | b'/' | b' ' | b',' | b'+' | b'T' | b'Z'))
        && !all(u8::is_ascii_digit)
    {
        return Some("a number, date or version");
    }
    if value.first().is_some_and(|byte| matches!(byte, b'^' | b'~' | b'>' | b'<' | b'=' | b'v' | b'*')) && is_version(value) {
        return Some("a version");
    }
    address(value).or_else(|| made::by_machine(value))
}

/// `en_US`, `en_001`, `us-east-1`.
fn is_place(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value.split(|byte| matches!(byte, b'_' | b'-')).collect();
    let small = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_lowercase);
    let territory = |part: &[u8]| {
        part.len() == 2 && part.iter().all(u8::is_ascii_uppercase) || part.len() == 3 && part.iter().all(u8::is_ascii_digit)
    };
    match parts.as_slice() {
        [language, place] => language.len() == 2 && small(language) && territory(place),
        [land, side, number] => land.len() == 2 && small(land) && small(side) && matches!(*number, [b'1'..=b'9']),
        _ => false,
    }
}

/// Of mail and of colours, and what packages are built for.
fn address(value: &[u8]) -> Option<&'static str> {
    if is_place(value) {
        return Some("a place");
    }
    if ARCHITECTURES.iter().any(|known| known.as_bytes() == value) {
        return Some("an architecture");
    }
    if value.first() == Some(&b'#') && matches!(value.len(), 4 | 7 | 9) && value.iter().skip(1).all(u8::is_ascii_hexdigit) {
        return Some("a colour");
    }
    if let Some(at) = value.iter().position(|byte| *byte == b'@')
        && at > 0
        && value.get(at + 1..).is_some_and(|host| {
            host.contains(&b'.') && host.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte))
        })
    {
        return Some("a mail address");
    }
    None
}

/// `^1.2.3`, `>=2.0.0-rc.1`, `v3.1`, `>=4,<4.1|>=5`.
fn is_version(value: &[u8]) -> bool {
    let bounds = |byte: &u8| byte.is_ascii_digit() || b".<>=|,^~*! ".contains(byte);
    if value.iter().all(bounds) && value.iter().any(u8::is_ascii_digit) {
        return true;
    }
    let number =
        value.iter().position(u8::is_ascii_digit).filter(|at| *at <= 3).and_then(|at| value.get(at..)).unwrap_or_default();
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    digits >= 3 && number.get(..digits).is_some_and(|digits| digits.contains(&b'.')) && number.len() < digits + 12
}

/// Endings of files; what a name that says `key` or `token` often points at.
const FILES: &[&str] = &[
    "pem",
    "key",
    "crt",
    "cer",
    "der",
    "p12",
    "pfx",
    "jks",
    "pub",
    "txt",
    "json",
    "yaml",
    "yml",
    "xml",
    "toml",
    "ini",
    "conf",
    "cfg",
    "properties",
    "env",
    "py",
    "js",
    "ts",
    "java",
    "go",
    "rb",
    "php",
    "html",
    "htm",
    "css",
    "png",
    "svg",
    "jpg",
    "gif",
    "md",
    "sh",
    "log",
    "csv",
    "db",
    "sqlite",
    "lock",
    "jsp",
    "aspx",
    "cs",
    "cpp",
    "h",
    "c",
    "asc",
    "gpg",
    "kdbx",
    "com",
    "org",
    "net",
    "io",
    "class",
    "exe",
    "dll",
    "so",
    "zip",
    "gz",
    "tar",
    "tgz",
    "xz",
    "bz2",
    "zst",
    "deb",
    "udeb",
    "dsc",
    "rpm",
    "apk",
    "whl",
    "egg",
    "gem",
    "jar",
    "war",
    "nupkg",
    "msi",
    "iso",
    "img",
];

/// What packages are built for, as package managers write it behind a name.
const ARCHITECTURES: &[&str] = &[
    "amd64", "arm64", "armhf", "armel", "i386", "i486", "i586", "i686", "x86_64", "aarch64", "armv7l", "ppc64el", "ppc64le",
    "s390x", "riscv64", "mips64el", "mipsel", "noarch", "any", "all", "native",
];
