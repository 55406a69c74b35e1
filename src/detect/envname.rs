//! Which file names are those of environment files, and which of these are templates.
//!
//! People name them in many ways (`.env.local`, `prod.env`, `.env~`, `env.sh`), and other things have
//! `env` in their names too (`/usr/bin/env`, `vite-env.d.ts`, the directory of a virtual environment),
//! so names are read by their parts and not by one glob.

/// What a name says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Meant for one machine.
    Environment,
    /// Meant to be shared, with placeholders.
    Template,
    /// A script that a shell reads, of which only some hold settings.
    Script,
}

/// Longer names are not these.
const LONGEST: usize = 100;
/// What tools and people put behind the name of a copy.
const COPIES: &[&str] = &[
    "bak", "backup", "bkp", "old", "orig", "original", "save", "saved", "sav", "swp", "swo", "swn", "tmp", "temp", "copy", "of",
    "prev", "previous", "rej", "dpkg", "rpmsave", "rpmnew", "rpmorig", "gz", "zst", "xz", "bz2",
];
/// Parts that make a template, template languages included.
const TEMPLATES: &[&str] = &[
    "template",
    "templates",
    "tmpl",
    "tpl",
    "example",
    "examples",
    "sample",
    "samples",
    "dist",
    "default",
    "defaults",
    "schema",
    "skeleton",
    "stub",
    "placeholder",
    "blank",
    "empty",
    "spec",
    "j2",
    "jinja",
    "jinja2",
    "erb",
    "ejs",
    "mustache",
    "hbs",
    "in",
];
/// Last parts of code and documents.
const OTHERS: &[&str] = &[
    "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "json", "json5", "jsonc", "yml", "yaml", "toml", "xml", "py", "pyc",
    "pyi", "rb", "php", "go", "rs", "java", "class", "kt", "c", "h", "cc", "cpp", "hpp", "cs", "lua", "pl", "pm", "html", "htm",
    "css", "scss", "md", "rst", "map", "vue", "svelte", "lock", "png", "svg", "so", "exe", "dll", "o", "a", "vault",
];
const SHELLS: &[&str] = &["sh", "bash", "zsh", "ksh", "fish", "envrc"];
/// Where a file is for, behind a name that is no hidden one.
const STAGES: &[&str] = &[
    "local",
    "dev",
    "devel",
    "development",
    "prod",
    "production",
    "preprod",
    "stage",
    "staging",
    "test",
    "testing",
    "qa",
    "uat",
    "ci",
    "live",
    "preview",
    "sandbox",
    "demo",
    "docker",
    "compose",
    "base",
    "common",
    "shared",
    "private",
    "secret",
    "secrets",
    "override",
    "server",
    "client",
    "backend",
    "frontend",
    "web",
    "api",
    "app",
    "db",
    "list",
    "txt",
];

/// What the last component of `path` says; `None` if it is not the name of an environment file.
pub(super) fn kind(path: &[u8]) -> Option<Kind> {
    let name = path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next()?;
    let gathered = is_gathered(path);
    let has_env = name.windows(3).any(|three| three.eq_ignore_ascii_case(b"env"));
    if name.len() > LONGEST || !(has_env || gathered || name.starts_with(b".dev.vars")) {
        return None;
    }
    let lower = String::from_utf8_lossy(name).to_ascii_lowercase();
    let stem = original(&lower);
    let parts: Vec<&str> = stem.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let last = *parts.last()?;
    if OTHERS.contains(&last) || !(is_hidden_one(stem, &parts) || is_plain_one(stem, &parts) || gathered && stem.starts_with('.'))
    {
        return None;
    }
    Some(match () {
        () if parts.iter().any(|part| TEMPLATES.contains(part)) => Kind::Template,
        () if SHELLS.contains(&last) || parts.first() == Some(&"envrc") => Kind::Script,
        () => Kind::Environment,
    })
}

/// The name without what a copy of the file got: `.env` of `.env.bak`, `#.env#`, `..env.swp`, `.env (1)`.
fn original(name: &str) -> &str {
    let mut stem = name.trim_start_matches(".#").trim_start_matches(['#', '~', '$', ' ']);
    for lead in ["copy of ", "backup of ", "old"] {
        stem = stem.strip_prefix(lead).filter(|rest| rest.starts_with('.')).unwrap_or(stem);
    }
    stem = stem.strip_prefix('.').filter(|rest| rest.starts_with('.')).unwrap_or(stem);
    loop {
        stem = stem.trim_end_matches(|c: char| !c.is_alphanumeric());
        let last = stem.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let is_copy = COPIES.contains(&last) || last.starts_with(|c: char| c.is_ascii_digit());
        match stem.get(..stem.len() - last.len()) {
            Some(rest) if is_copy && !rest.is_empty() => stem = rest,
            _ => return stem,
        }
    }
}

/// `.env`, `.env.local`, `.env-prod`, `.envrc`, `.flaskenv`, `.dev.vars`.
fn is_hidden_one(stem: &str, parts: &[&str]) -> bool {
    let first = parts.first().copied().unwrap_or_default();
    stem.starts_with('.')
        && (matches!(first, "env" | "envrc" | "flaskenv" | "dotenv" | "environment") || stem.starts_with(".dev.vars"))
}

/// `prod.env`, `app.env.example`, `env.local`, `env.sh`, `env-example`.
fn is_plain_one(stem: &str, parts: &[&str]) -> bool {
    let known = |rest: &str, lists: &[&[&str]]| {
        rest.split(|c: char| !c.is_alphanumeric()).all(|part| lists.iter().any(|list| list.contains(&part)))
    };
    let behind = stem.split_once(".env.").map(|(_, rest)| rest);
    let after = stem.strip_prefix("env.");
    let dashed = stem.strip_prefix("env-").or_else(|| stem.strip_prefix("env_"));
    stem.ends_with(".env")
        || behind.is_some_and(|rest| known(rest, &[STAGES, TEMPLATES]))
        || after.is_some_and(|rest| known(rest, &[STAGES, TEMPLATES, SHELLS]))
        || dashed.is_some_and(|rest| known(rest, &[TEMPLATES]))
        || parts == ["envrc"]
}

/// Whether the file lies in a directory `.envs`, where some projects gather them: `.envs/.production/.django`.
fn is_gathered(path: &[u8]) -> bool {
    path.starts_with(b".envs/") || memchr::memmem::find(path, b"/.envs/").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: Option<Kind>, paths: &[&str]) {
        for path in paths {
            assert_eq!(kind(path.as_bytes()), expected, "{path}");
        }
    }

    #[test]
    fn environment_files() {
        check(
            Some(Kind::Environment),
            &[
                ".env",
                "app/.env",
                "./app/.ENV",
                ".env.local",
                ".env.production",
                ".env.test",
                ".env.production.local",
                ".env-prod",
            ],
        );
        check(
            Some(Kind::Environment),
            &[
                "prod.env",
                "dev.env",
                "environment.env",
                "my-app.env",
                ".prod.env",
                "app.prod.env",
                "db.env.local",
                "env.production",
            ],
        );
        check(Some(Kind::Environment), &[".flaskenv", ".env.txt", ".env.keys", ".dev.vars", ".envs/.production/.django"]);
    }

    #[test]
    fn copies_are_named_like_what_they_copy() {
        check(
            Some(Kind::Environment),
            &[".env.bak", ".env~", ".env.swp", "..env.swp", ".env.old", ".env.orig", ".env.save", "#.env#", ".env_backup"],
        );
        check(
            Some(Kind::Environment),
            &[".env.2024-01-31", ".env.1", ".env (1)", ".env copy", "Copy of .env", "prod.env.bak", ".env.gz"],
        );
        check(Some(Kind::Template), &[".env.example.bak", ".env.example~"]);
        check(None, &[".env.js.bak", "bak", ".bak", "~", "..", "1"]);
    }

    #[test]
    fn templates() {
        check(
            Some(Kind::Template),
            &[".env.template", ".env.example", ".env.sample", ".env.dist", ".env.x.example", ".env.prod.template", "example.env"],
        );
        check(
            Some(Kind::Template),
            &[
                "env.example",
                "env.template",
                ".env.defaults",
                "app.env.example",
                "env-example",
                ".env.j2",
                ".env-sample",
                ".envrc.example",
            ],
        );
    }

    #[test]
    fn scripts() {
        check(Some(Kind::Script), &["env.sh", "opt/x/env.sh", ".env.sh", ".envrc", ".envrc.local", "envrc"]);
    }

    #[test]
    fn what_only_has_env_in_its_name() {
        check(
            None,
            &[
                "/usr/bin/env",
                "foo.env.js",
                "vite-env.d.ts",
                "environment.ts",
                "environment.yml",
                ".env.d.ts",
                "pyenv",
                "rbenv-version",
            ],
        );
        check(
            None,
            &[
                "env/bin/python",
                ".env/pyvenv.cfg",
                ".env/",
                "bin/venv",
                "printenv",
                "env.py",
                "env_test",
                "sub-env",
                ".envoy",
                "envelope.txt",
            ],
        );
        check(None, &[".env.vault", "envs/prod/main.tf", "config.environment.json", "", "/", "env"]);
    }
}
