//! What kind of text a file is, by its name: it decides whether a bare word is a value or a variable.

/// How the text at hand writes a value down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// `NAME=value` to the end of the line: dotenv, properties, ini.
    Lines,
    /// `name: value` to the end of the line.
    Yaml,
    /// Bare words are values, `$` marks a variable.
    Shell,
    /// Values are quoted; a bare word is a variable.
    Code,
    /// Values are quoted, and there to set something.
    Settings,
    /// Values are quoted, or stand between tags.
    Markup,
    /// Text for people.
    Prose,
    /// No name, or one that says nothing.
    Unknown,
    /// A structure gave name and value: nothing else stands there.
    Given,
    /// The same out of a compiled program, where a word is more often a name.
    Compiled,
}

const LINES: &[&str] = &[
    "env",
    "properties",
    "ini",
    "cfg",
    "cnf",
    "conf",
    "config",
    "npmrc",
    "pypirc",
    "reg",
    "inf",
    "credentials",
    "service",
    "desktop",
    "envrc",
];
const YAML: &[&str] = &["yaml", "yml", "eyaml", "sls"];
const SHELL: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "ksh",
    "fish",
    "bat",
    "cmd",
    "ps1",
    "psm1",
    "psd1",
    "dockerfile",
    "containerfile",
    "mk",
    "makefile",
    "profile",
    "bashrc",
    "zshrc",
    "history",
    "bash_history",
    "zsh_history",
];
const CODE: &[&str] = &[
    "py",
    "pyi",
    "pyw",
    "ipynb",
    "js",
    "mjs",
    "cjs",
    "jsx",
    "ts",
    "mts",
    "cts",
    "tsx",
    "vue",
    "svelte",
    "java",
    "kt",
    "kts",
    "scala",
    "groovy",
    "gradle",
    "go",
    "rs",
    "rb",
    "erb",
    "php",
    "phtml",
    "inc",
    "c",
    "h",
    "cc",
    "cpp",
    "cxx",
    "hpp",
    "hh",
    "m",
    "mm",
    "cs",
    "vb",
    "fs",
    "swift",
    "dart",
    "lua",
    "pl",
    "pm",
    "t",
    "r",
    "jl",
    "ex",
    "exs",
    "erl",
    "hrl",
    "clj",
    "cljs",
    "hs",
    "ml",
    "tcl",
    "pas",
    "d",
    "nim",
    "zig",
    "sol",
    "sql",
    "psql",
    "json",
    "json5",
    "jsonc",
    "jsonl",
    "ndjson",
    "webmanifest",
    "map",
    "lock",
    "proto",
    "graphql",
    "gql",
    "css",
    "scss",
    "less",
    "coffee",
    "as",
    "asm",
    "s",
    "v",
    "sv",
    "bicep",
    "nix",
    "rego",
    "cue",
    "jsonnet",
    "libsonnet",
    "cr",
    "haml",
    "jsp",
    "asp",
    "aspx",
    "cshtml",
    "cmake",
    "rake",
    "podspec",
    "gemspec",
    "gyp",
];
const SETTINGS: &[&str] = &["toml", "tf", "tfvars", "hcl", "tfstate"];
const MARKUP: &[&str] = &[
    "xml",
    "plist",
    "xaml",
    "csproj",
    "vbproj",
    "resx",
    "html",
    "htm",
    "xhtml",
    "svg",
    "wsdl",
    "xsd",
    "xsl",
    "pom",
    "jmx",
    "ui",
    "storyboard",
    "kml",
    "nuspec",
    "targets",
    "props",
];
const PROSE: &[&str] = &[
    "md", "markdown", "mdx", "rst", "adoc", "asciidoc", "tex", "pod", "man", "log", "org", "wiki", "textile", "po", "pot", "srt",
    "eml",
];

impl Syntax {
    /// What the last component of `path` tells.
    pub(crate) fn of(path: &[u8]) -> Self {
        let last = path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or_default();
        let last = String::from_utf8_lossy(last.get(..last.len().min(128)).unwrap_or_default()).to_ascii_lowercase();
        let last =
            ["~", ".bak", ".old", ".orig", ".swp", ".save", ".example", ".sample", ".template", ".dist", ".tmpl", ".j2", ".erb"]
                .iter()
                .fold(last.as_str(), |name, ending| name.strip_suffix(ending).unwrap_or(name));
        if last.starts_with(".env") || last.starts_with("dockerfile.") {
            return if last.starts_with('.') { Self::Lines } else { Self::Shell };
        }
        let extension = last.rsplit('.').next().unwrap_or_default();
        let tables = [
            (LINES, Self::Lines),
            (YAML, Self::Yaml),
            (SHELL, Self::Shell),
            (CODE, Self::Code),
            (SETTINGS, Self::Settings),
            (MARKUP, Self::Markup),
            (PROSE, Self::Prose),
        ];
        tables.iter().find(|(endings, _)| endings.contains(&extension)).map_or(Self::Unknown, |(_, syntax)| *syntax)
    }

    /// Whether a bare word here is a value and no variable.
    pub(crate) fn is_literal(self) -> bool {
        matches!(self, Self::Lines | Self::Yaml | Self::Shell | Self::Given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Syntax) {
        assert_eq!(Syntax::of(path.as_bytes()), expected, "{path}");
    }

    #[test]
    fn names() {
        check("app/.env.production", Syntax::Lines);
        check("config/application.yml", Syntax::Yaml);
        check("Dockerfile", Syntax::Shell);
        check("src/main.py.bak", Syntax::Code);
        check("web.config", Syntax::Lines);
        check("a/README", Syntax::Unknown);
        check("", Syntax::Unknown);
        check("pom.xml", Syntax::Markup);
    }
}
