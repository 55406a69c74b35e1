//! What an entry of an image's history says: the instruction, its names and values, its command.
//!
//! Builders write `created_by` without a grammar. Seen in the wild:
//!
//! ```text
//! /bin/sh -c #(nop)  ENV K=V          classic docker; buildah with the quotes of the Dockerfile
//! |2 A=x B=y z /bin/sh -c cmd         classic RUN: two build arguments, values unquoted
//! ENV K=V K2=v 2                      BuildKit: values unquoted
//! RUN |2 A=x B=y /bin/sh -c cmd # buildkit
//! cmd /S /C #(nop) ARG K=V            Windows
//! ```
//!
//! Where values with spaces end is told by the names that other instructions and the config declare.

/// What a history entry says, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// `RUN`, `ENV`, `COPY` …; empty where none of them stands there.
    pub keyword: &'static str,
    /// Names and values: of `ARG`, `ENV`, `LABEL`, and of the build arguments that a `RUN` repeats.
    pub pairs: Vec<(&'static str, String, String)>,
    /// The rest: the command that was run, or the words of the instruction.
    pub command: Option<String>,
}

/// The names that other parts of the image declare.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// `Env` of the config.
    pub env: Vec<(String, String)>,
    /// `Labels` of the config.
    pub labels: Vec<(String, String)>,
    /// Names of `ARG` instructions so far.
    pub args: Vec<String>,
}

const KEYWORDS: [&str; 19] = [
    "RUN",
    "ENV",
    "LABEL",
    "ARG",
    "CMD",
    "ENTRYPOINT",
    "HEALTHCHECK",
    "ONBUILD",
    "SHELL",
    "COPY",
    "ADD",
    "FROM",
    "USER",
    "WORKDIR",
    "EXPOSE",
    "VOLUME",
    "STOPSIGNAL",
    "MAINTAINER",
    "IMPORT",
];

/// Shells that builders put before the command of a `RUN`.
const SHELLS: [&str; 12] = [
    "/bin/sh -c ",
    "/bin/bash -c ",
    "/bin/bash -o pipefail -c ",
    "/bin/bash -eo pipefail -c ",
    "/bin/sh -o pipefail -c ",
    "/bin/ash -c ",
    "/bin/ash -eo pipefail -c ",
    "/usr/bin/env bash -c ",
    "cmd /S /C ",
    "powershell -Command ",
    "pwsh -Command ",
    "bash -c ",
];

/// Reads one `created_by`.
pub fn read(created_by: &str, declared: &Declared) -> Said {
    let text = created_by.trim();
    let text = text.strip_suffix("# buildkit").map_or(text, str::trim_end);
    if let Some(nop) = text.split_once("#(nop)").filter(|(shell, _)| is_shell(shell)).map(|(_, rest)| rest.trim_start()) {
        return instruction(nop, declared);
    }
    if text.starts_with('|') || SHELLS.iter().any(|shell| text.starts_with(shell)) {
        return run(text, declared);
    }
    instruction(text, declared)
}

/// `created_by` for people: the values of build arguments are left out.
pub fn masked(created_by: &str, declared: &Declared) -> String {
    let said = read(created_by, declared);
    if said.pairs.is_empty() {
        return created_by.to_owned();
    }
    let mut words = vec![if said.keyword.is_empty() { "RUN" } else { said.keyword }.to_owned()];
    words.extend(said.pairs.iter().map(|(_, name, _)| format!("{name}=…")));
    words.extend(said.command);
    words.join(" ")
}

fn is_shell(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.starts_with('/') || text.starts_with("cmd") || text.starts_with("powershell")
}

/// `KEYWORD rest`, in any case of letters; without a keyword all of it is a command.
fn instruction(text: &str, declared: &Declared) -> Said {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let Some(keyword) = KEYWORDS.into_iter().find(|keyword| keyword.eq_ignore_ascii_case(word)) else {
        return Said { command: full(text), ..Said::default() };
    };
    let names = |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    match keyword {
        "RUN" => Said { keyword, ..run(rest, declared) },
        "ENV" => Said { keyword, pairs: pairs(keyword, rest, &names(&declared.env), &declared.env), command: None },
        "LABEL" => Said { keyword, pairs: pairs(keyword, rest, &names(&declared.labels), &declared.labels), command: None },
        "ARG" => Said { keyword, pairs: pairs(keyword, rest, &[], &[]), command: None },
        _ => Said { keyword, command: full(&argv(rest)), ..Said::default() },
    }
}

fn full(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// `["a" "b c"]`, with or without commas, as a command line; anything else as it is.
fn argv(text: &str) -> String {
    let (Some(start), Some(end)) = (text.find("[\""), text.rfind("\"]")) else { return text.to_owned() };
    let Some(mut rest) = text.get(start + 1..end + 1) else { return text.to_owned() };
    let mut words = Vec::new();
    while let Some(at) = rest.find('"') {
        let body = rest.get(at + 1..).unwrap_or_default();
        let mut escaped = false;
        let close = body.char_indices().find(|(_, c)| {
            let closes = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        });
        let Some((close, _)) = close else { return text.to_owned() };
        let quoted = rest.get(at..at + close + 2).unwrap_or_default();
        // Both Go's quoting and JSON's: they differ only in escapes that JSON refuses.
        let raw = body.get(..close).unwrap_or_default();
        words.push(serde_json::from_str::<String>(quoted).unwrap_or_else(|_| raw.to_owned()));
        rest = body.get(close + 1..).unwrap_or_default();
    }
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    super::document::command(&words)
}

/// `[|N A=x B=y] [shell] command`
fn run(text: &str, declared: &Declared) -> Said {
    let counted = text.strip_prefix('|').and_then(|rest| rest.split_once(' '));
    let counted = counted.and_then(|(count, rest)| Some((count.parse::<usize>().ok()?, rest)));
    let (arguments, command) = match counted {
        Some((count, rest)) => arguments(count, rest, &declared.args),
        None => (Vec::new(), text),
    };
    let bare = SHELLS.iter().find_map(|shell| command.strip_prefix(shell)).unwrap_or(command);
    Said { keyword: "RUN", pairs: arguments, command: full(bare) }
}

/// The `count` build arguments at the start of `text`, and what follows them. Values are unquoted and
/// may hold spaces, even words that look like the next argument: names that an `ARG` declared are
/// believed first, and the last value ends where a shell begins.
fn arguments<'a>(count: usize, text: &'a str, declared: &[String]) -> (Vec<(&'static str, String, String)>, &'a str) {
    let end = shell_at(text);
    let head = text.get(..end).unwrap_or(text);
    let all: Vec<(usize, &str)> = words(head).filter_map(|(at, word)| named(word).map(|name| (at, name))).collect();
    let known: Vec<_> = all.iter().copied().filter(|(at, name)| *at == 0 || declared.iter().any(|arg| arg == name)).collect();
    let mut starts = first_of_each(known);
    if starts.len() < count {
        starts = first_of_each(all);
    }
    starts.truncate(count);
    // Without a shell in sight the last value is its first word.
    let last_end = match starts.last() {
        Some((at, _)) if end == text.len() => text.get(*at..).and_then(|rest| rest.find(' ')).map_or(end, |space| at + space),
        Some(_) => end,
        None => 0,
    };
    let bounds = starts.iter().skip(1).map(|(at, _)| *at).chain([last_end]);
    let cut = |((at, name), end): (&(usize, &str), usize)| {
        let value = text.get(at + name.len() + 1..end).unwrap_or_default().trim_end_matches(' ');
        ("ARG", (*name).to_owned(), value.to_owned())
    };
    let pairs = starts.iter().zip(bounds).map(cut).collect();
    (pairs, text.get(last_end..).unwrap_or_default().trim_start())
}

/// Of several starts with one name the first: builders list each argument once.
fn first_of_each(starts: Vec<(usize, &str)>) -> Vec<(usize, &str)> {
    let mut seen = std::collections::HashSet::new();
    starts.into_iter().filter(|(_, name)| seen.insert(*name)).collect()
}

/// Where the shell of a `RUN` begins, or the end.
fn shell_at(text: &str) -> usize {
    let known = SHELLS.iter().filter_map(|shell| {
        text.match_indices(shell)
            .map(|(at, _)| at)
            .find(|at| *at == 0 || text.get(..*at).is_some_and(|before| before.ends_with(' ')))
    });
    // A shell we do not know: a path, then options that end in -c.
    let unknown = words(text).filter(|(_, word)| word.starts_with('/')).map(|(at, _)| at).find(|at| {
        let mut options = text.get(*at..).unwrap_or_default().split(' ').skip(1).take(4);
        options.any(|option| option.starts_with('-') && option.ends_with('c'))
    });
    known.chain(unknown).min().unwrap_or(text.len())
}

/// Words between spaces, with where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(' ').scan(0, |at, word| {
        let here = *at;
        *at += word.len() + 1;
        Some((here, word))
    })
}

/// The name of a word `NAME=…`.
fn named(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    let fits = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':'));
    fits.then_some(name)
}

/// The names and values of an `ENV`, `LABEL` or `ARG`. `known` are names that may begin a pair; where
/// it is empty any name may. `values` settle whether quotes belong to a value.
fn pairs(
    keyword: &'static str,
    text: &str,
    known: &[String],
    values: &[(String, String)],
) -> Vec<(&'static str, String, String)> {
    let first = text.split(char::is_whitespace).next().unwrap_or_default();
    if keyword != "ARG" && !first.contains('=') {
        // The old form, `ENV NAME the rest`.
        let (name, value) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        return if name.is_empty() { Vec::new() } else { vec![(keyword, name.to_owned(), value.trim().to_owned())] };
    }
    let starts = pair_starts(keyword, text, known);
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
    let mut found = Vec::new();
    for ((at, name), end) in starts.iter().zip(ends) {
        let Some(raw) = text.get(at + name.len()..end).map(str::trim) else { continue };
        let Some(raw) = raw.strip_prefix('=') else { continue };
        let name = unquoted(name);
        let given = values.iter().any(|(key, value)| *key == name && value == raw);
        let value = if given { raw.to_owned() } else { unquoted(raw) };
        found.push((keyword, name, value));
    }
    found
}

/// Where pairs begin. A word inside a value that was opened with a quote begins none.
fn pair_starts<'a>(keyword: &str, text: &'a str, known: &[String]) -> Vec<(usize, &'a str)> {
    let mut starts = Vec::new();
    let mut skip = 0;
    for (at, word) in words(text) {
        if at < skip {
            continue;
        }
        // `ARG A B=1` declares both; after a value a bare word is more likely the rest of that value.
        let valued = starts
            .last()
            .is_some_and(|(at, name): &(usize, &str)| text.get(at + name.len()..).is_some_and(|rest| rest.starts_with('=')));
        let bare = (keyword == "ARG" && !word.is_empty() && !valued).then_some(word);
        let quoted_key =
            word.strip_prefix('"').and_then(|rest| rest.split_once("\"=")).and_then(|(key, _)| word.get(..key.len() + 2));
        let Some(name) = quoted_key.or_else(|| named(word)).or(bare) else { continue };
        let trusted = known.is_empty() || starts.is_empty() || known.iter().any(|key| *key == unquoted(name));
        if !trusted {
            continue;
        }
        let value = text.get(at + name.len()..).and_then(|rest| rest.strip_prefix('=')).unwrap_or_default();
        skip = quoted_end(value).map_or(skip, |length| at + name.len() + 1 + length);
        starts.push((at, name));
    }
    starts
}

/// The length of a quoted value at the start of `text`: it must be closed before a space or the end.
fn quoted_end(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote
            && !escaped
            && text.get(at + 1..).is_none_or(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
        {
            return Some(at + 1);
        }
        escaped = c == '\\' && !escaped && quote == '"';
    }
    None
}

/// Without the quotes around it, where there are some.
fn unquoted(text: &str) -> String {
    if text.len() < 2 || quoted_end(text) != Some(text.len()) {
        return text.to_owned();
    }
    let inner = text.get(1..text.len() - 1).unwrap_or_default();
    if text.starts_with('"') { inner.replace("\\\"", "\"").replace("\\\\", "\\") } else { inner.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> Declared {
        let own = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Declared {
            env: own(&[("K", "v 1"), ("K2", "v=2"), ("J", "{\"a\": \"B=c\"}"), ("Q", "\"q\"")]),
            labels: own(&[("l.x", "a b"), ("m", "")]),
            args: vec!["A".into(), "B".into()],
        }
    }

    #[track_caller]
    fn check(created_by: &str, keyword: &str, pairs: &[(&str, &str)], command: Option<&str>) {
        let said = read(created_by, &declared());
        let found: Vec<_> = said.pairs.iter().map(|(_, name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!((said.keyword, found.as_slice(), said.command.as_deref()), (keyword, pairs, command), "{created_by}");
    }

    #[test]
    fn build_arguments_in_both_notations() {
        check("|2 A=x B=y z /bin/sh -c make all", "RUN", &[("A", "x"), ("B", "y z")], Some("make all"));
        check("RUN |2 A=x B=y /bin/sh -c make # buildkit", "RUN", &[("A", "x"), ("B", "y")], Some("make"));
        check("RUN |2 A=x C=q B=y /bin/sh -c make", "RUN", &[("A", "x C=q"), ("B", "y")], Some("make"));
        check("|1 A=x B=y /bin/sh -c a=1 make", "RUN", &[("A", "x B=y")], Some("a=1 make"));
        check("|2 X=1 Y=2 3 /busybox/sh -c make", "RUN", &[("X", "1"), ("Y", "2 3")], Some("/busybox/sh -c make"));
        check("|1 A=x make all", "RUN", &[("A", "x")], Some("make all"));
        check("|1 A= /bin/sh -c make", "RUN", &[("A", "")], Some("make"));
        check("|3 A=x /bin/sh -c B=y make", "RUN", &[("A", "x")], Some("B=y make"));
        check("RUN |1 A=x cmd /S /C dir", "RUN", &[("A", "x")], Some("dir"));
        check("|99999999999999999999 A=x y", "RUN", &[], Some("|99999999999999999999 A=x y"));
        check("RUN /bin/sh -c cat <<EOF\nx\nEOF # buildkit", "RUN", &[], Some("cat <<EOF\nx\nEOF"));
    }

    #[test]
    fn variables_and_labels_in_every_spelling() {
        check("/bin/sh -c #(nop)  ENV K=v 1 K2=v=2", "ENV", &[("K", "v 1"), ("K2", "v=2")], None);
        check("ENV K=v 1", "ENV", &[("K", "v 1")], None);
        check("ENV K=\"v 1\" K2='v=2'", "ENV", &[("K", "v 1"), ("K2", "v=2")], None);
        check("ENV K the rest", "ENV", &[("K", "the rest")], None);
        check("ENV J={\"a\": \"B=c\"} K=z", "ENV", &[("J", "{\"a\": \"B=c\"}"), ("K", "z")], None);
        check("ENV Q=\"q\"", "ENV", &[("Q", "\"q\"")], None);
        check("LABEL l.x=\"a b\" m=", "LABEL", &[("l.x", "a b"), ("m", "")], None);
        check("cmd /S /C #(nop) ARG T=1 2", "ARG", &[("T", "1 2")], None);
        check("ARG T", "ARG", &[], None);
        check("ENV K=don't K2=won't", "ENV", &[("K", "don't"), ("K2", "won't")], None);
    }

    #[test]
    fn the_rest_is_a_command() {
        check("/bin/sh -c #(nop)  CMD [\"/bin/sh\" \"-c\" \"a b\"]", "CMD", &[], Some("/bin/sh -c 'a b'"));
        check("CMD [\"x\", \"a \\\"b\\\"\"]", "CMD", &[], Some("x 'a \"b\"'"));
        check("/bin/sh -c apk add x", "RUN", &[], Some("apk add x"));
        check("bazel build ...", "", &[], Some("bazel build ..."));
        check("COPY a b # buildkit", "COPY", &[], Some("a b"));
        for text in ["", " ", "|", "|1", "|1 ", "ENV", "ENV =", "CMD [\"", "LABEL \"", "RUN |1 =", "é|1 é=é"] {
            read(text, &declared());
        }
    }

    #[test]
    fn values_of_arguments_do_not_reach_people() {
        assert_eq!(masked("RUN |1 A=hidden /bin/sh -c make", &declared()), "RUN A=… make");
        assert_eq!(masked("COPY a b", &declared()), "COPY a b");
    }
}
