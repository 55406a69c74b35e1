//! Passwords on command lines, where only the program tells what an option means: `mysql -psecret`,
//! `curl -u user:secret`, `sshpass -p secret`. Options that name themselves (`--password secret`) are found
//! by their names.

use super::super::work;
use std::ops::Range;

/// How an option hands over its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The next word is the secret.
    Next,
    /// The secret follows in the same word.
    Attached,
    /// The next word is `user:secret`.
    Pair(u8),
    /// The next word is the secret behind this prefix.
    Behind(&'static str),
    /// The last word of the command.
    Last,
    /// The word behind the next one.
    Second,
    /// Behind the `/` of a word that stands by itself, up to its `@`: `sqlplus hr/secret@db`.
    Login,
}

/// An option of some programs.
struct Means {
    programs: &'static [&'static str],
    option: &'static str,
    form: Form,
}

const MYSQL: &[&str] = &["mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlcheck", "mariadb", "mariadb-dump"];
const LOGIN: &[&str] = &[
    "docker login",
    "podman login",
    "buildah login",
    "skopeo login",
    "nerdctl login",
    "helm registry login",
    "oras login",
    "crane auth login",
    "az login",
    "acr login",
    "oc login",
    "cf login",
    "docker-compose login",
];
const CURL: &[&str] = &["curl", "wget"];
const LDAP: &[&str] = &["ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldapwhoami", "ldappasswd"];
const MONGO: &[&str] = &[
    "mongo",
    "mongosh",
    "mongodump",
    "mongorestore",
    "mongoexport",
    "mongoimport",
    "cqlsh",
    "clickhouse-client",
    "influx",
    "kinit",
    "sqlplus",
    "ipmitool",
    "xfreerdp",
    "rdesktop",
];
const ZIP: &[&str] = &["unzip", "zip", "sqlcmd", "bcp", "7za", "7zz", "ipmitool", "snmpget", "tsql"];

const ARCHIVE: &[&str] = &["7z x", "7z a", "7z e", "7za x", "7za a", "unrar x", "rar a"];
const SNMP: &[&str] = &["snmpwalk", "snmpget", "snmpset", "snmpbulkwalk"];

const TABLE: &[Means] = &[
    Means { programs: MYSQL, option: "-p", form: Form::Attached },
    Means { programs: &["sshpass"], option: "-p", form: Form::Attached },
    Means { programs: &["sshpass"], option: "-p", form: Form::Next },
    Means { programs: LOGIN, option: "-p", form: Form::Next },
    Means { programs: CURL, option: "-u", form: Form::Pair(b':') },
    Means { programs: CURL, option: "--user", form: Form::Pair(b':') },
    Means { programs: CURL, option: "--proxy-user", form: Form::Pair(b':') },
    Means { programs: CURL, option: "-U", form: Form::Pair(b':') },
    Means { programs: CURL, option: "-a", form: Form::Pair(b':') },
    Means { programs: LDAP, option: "-w", form: Form::Next },
    Means { programs: &["redis-cli"], option: "-a", form: Form::Next },
    Means { programs: MONGO, option: "-p", form: Form::Next },
    Means { programs: ZIP, option: "-P", form: Form::Next },
    Means { programs: &["smbclient", "mount.cifs", "rpcclient"], option: "-U", form: Form::Pair(b'%') },
    Means { programs: &["openssl"], option: "-passin", form: Form::Behind("pass:") },
    Means { programs: &["openssl"], option: "-passout", form: Form::Behind("pass:") },
    Means { programs: &["openssl"], option: "-pass", form: Form::Behind("pass:") },
    Means { programs: &["openssl"], option: "-password", form: Form::Behind("pass:") },
    Means { programs: &["htpasswd"], option: "-b", form: Form::Last },
    Means { programs: &["htpasswd"], option: "-nb", form: Form::Last },
    Means { programs: &["htpasswd"], option: "-bc", form: Form::Last },
    Means { programs: &["htpasswd"], option: "-cb", form: Form::Last },
    Means { programs: &["htpasswd"], option: "-Bbn", form: Form::Last },
    Means { programs: &["htpasswd"], option: "-nbB", form: Form::Last },
    Means { programs: &["rabbitmqctl"], option: "add_user", form: Form::Last },
    Means { programs: &["rabbitmqctl"], option: "change_password", form: Form::Last },
    Means { programs: &["openssl"], option: "-k", form: Form::Next },
    Means { programs: ARCHIVE, option: "-p", form: Form::Attached },
    Means { programs: SNMP, option: "-A", form: Form::Next },
    Means { programs: SNMP, option: "-X", form: Form::Next },
    Means { programs: &["sqlplus", "expdp", "impdp", "sqlldr"], option: "", form: Form::Login },
    Means { programs: &["net user"], option: "", form: Form::Second },
    Means { programs: &["net use"], option: "/user:", form: Form::Second },
    Means { programs: &["plink", "pscp", "psftp"], option: "-pw", form: Form::Next },
    Means { programs: &["psexec", "PsExec"], option: "-p", form: Form::Next },
    Means { programs: &["xfreerdp"], option: "/p:", form: Form::Attached },
    Means { programs: &["osql", "isql"], option: "-P", form: Form::Next },
    Means { programs: &["wpa_passphrase"], option: "", form: Form::Second },
    Means { programs: &["ssh-keygen"], option: "-N", form: Form::Next },
    Means { programs: &["schtasks"], option: "/rp", form: Form::Next },
    Means { programs: &["schtasks"], option: "/RP", form: Form::Next },
    Means { programs: &["vncpasswd", "x11vnc"], option: "-passwd", form: Form::Next },
];

/// A command is looked at this far.
const LONGEST: usize = 640;
/// Words of one command.
const WORDS: usize = 64;

/// The programs.
#[derive(Debug)]
pub(super) struct Commands(Vec<&'static str>);

impl Commands {
    pub(super) fn new() -> Self {
        let mut names: Vec<&'static str> = TABLE.iter().flat_map(|means| means.programs).copied().collect();
        names.sort_unstable();
        names.dedup();
        Self(names)
    }

    /// What the literal pass is to look for; [`Self::at`] takes the index.
    pub(super) fn literals(&self) -> impl Iterator<Item = &'static [u8]> {
        self.0.iter().map(|name| name.as_bytes())
    }

    /// How many literals there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Calls `found` with each secret that an option of the program `index` at `at` hands over; says where
    /// the command ends. What `split` holds of the command is not taken apart again.
    pub(super) fn at(
        &self,
        bytes: &[u8],
        (index, at): (usize, usize),
        split: &mut Split,
        mut found: impl FnMut(Range<usize>),
    ) -> usize {
        let Some(name) = self.0.get(index) else { return at };
        let end = at + name.len();
        if !self.is_command(bytes, index, at) {
            return end;
        }
        if !split.holds(at, end) {
            *split = Split::new(bytes, at, end);
        }
        let first = split.words.partition_point(|word| word.start < end);
        let words = split.words.get(first..).unwrap_or_default();
        // What stands behind a program of the same name was looked at for that one.
        let until = split.seen.iter().find(|(program, _)| *program == index).map_or(0, |(_, until)| *until);
        let done = words.partition_point(|word| word.start < until);
        for means in TABLE.iter().filter(|means| means.programs.contains(name)) {
            work::add(words.len() - done);
            each_of(means, bytes, (words, done), &mut found);
        }
        let last = words.last().map_or(end, |word| word.end);
        split.seen.retain(|(program, _)| *program != index);
        split.seen.push((index, last.max(until)));
        last
    }

    /// Whether the program `index` at `at` shares the words of the command that it stands in.
    pub(super) fn shares(&self, split: &Split, index: usize, at: usize) -> bool {
        self.0.get(index).is_some_and(|name| split.holds(at, at + name.len()))
    }

    /// Whether the program `index` stands at `at` as a word of its own.
    pub(super) fn is_command(&self, bytes: &[u8], index: usize, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
        let behind = self.0.get(index).and_then(|name| bytes.get(at + name.len()));
        matches!(behind, Some(b' ' | b'\t' | b'"' | b'\''))
            && !before.is_ascii_alphanumeric()
            && !matches!(before, b'_' | b'-' | b'.')
    }
}

/// The words of the command that was looked at last: programs that are named in it share them.
#[derive(Debug, Default)]
pub(super) struct Split {
    words: Vec<Range<usize>>,
    /// Up to where a program may share them: to the middle, if they are not all of the command.
    shared: usize,
    /// Up to where each program's options were looked for.
    seen: Vec<(usize, usize)>,
}

impl Split {
    fn new(bytes: &[u8], at: usize, end: usize) -> Self {
        let words = words(bytes, end);
        let last = words.last().map_or(end, |word| word.end);
        let is_cut = words.len() >= WORDS || last + 1 >= end + LONGEST;
        Self { words, shared: if is_cut { at + (last - at) / 2 } else { last }, seen: Vec::new() }
    }

    /// Whether the program at `at`, whose name ends at `end`, is a word of it, and not the first of several in quotes.
    fn holds(&self, at: usize, end: usize) -> bool {
        let word = self.words.binary_search_by_key(&at, |word| word.start).ok().and_then(|found| self.words.get(found));
        at < self.shared && word.is_some_and(|word| word.end <= end)
    }
}

/// The secrets that one option hands over in a command, behind the first words.
fn each_of(means: &Means, bytes: &[u8], (words, done): (&[Range<usize>], usize), found: &mut impl FnMut(Range<usize>)) {
    let text = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
    let places = if means.form == Form::Second && means.option.is_empty() { 0..1 } else { done..words.len() };
    for (at, word) in words.iter().enumerate().take(places.end).skip(places.start) {
        let given = text(word);
        match means.form {
            Form::Second if given.starts_with(means.option.as_bytes()) => {
                let next = words.get(at + 1).filter(|next| !text(next).starts_with(b"/"));
                next.cloned().into_iter().for_each(&mut *found);
                continue;
            }
            Form::Login => {
                let slash = memchr::memchr(b'/', given).filter(|slash| *slash > 0);
                if let Some(slash) = slash.filter(|_| given.first().is_some_and(u8::is_ascii_alphabetic)) {
                    let end = memchr::memchr(b'@', given).filter(|end| *end > slash + 1).unwrap_or(given.len());
                    found(word.start + slash + 1..word.start + end);
                }
                continue;
            }
            _ => {}
        }
        if means.form == Form::Attached {
            // `-p` alone asks, and `-port` is another option.
            if !given.starts_with(means.option.as_bytes()) || given.starts_with(b"-port") {
                continue;
            }
            if given.len() > means.option.len() {
                found(word.start + means.option.len()..word.end);
            } else if let Some(next) =
                words.get(at + 1).filter(|next| next.start == word.end + 1 && is_quote(bytes.get(word.end)))
            {
                // Its quotes stand between the option and the secret.
                found(next.clone());
            }
            continue;
        }
        // Options of one letter stand together: `-fsSu bob:secret`.
        let joined = means.programs == CURL
            && means.option == "-u"
            && matches!(given, [b'-', letters @ .., b'u'] if letters.len() < 6 && letters.iter().all(u8::is_ascii_alphabetic));
        if given != means.option.as_bytes() && !joined {
            continue;
        }
        let next = words.get(at + 1);
        let secret = match means.form {
            Form::Pair(mark) => next.and_then(|word| {
                let split = text(word).iter().position(|byte| *byte == mark)?;
                Some(word.start + split + 1..word.end)
            }),
            Form::Behind(prefix) => {
                next.filter(|word| text(word).starts_with(prefix.as_bytes())).map(|word| word.start + prefix.len()..word.end)
            }
            Form::Last => words.last().filter(|_| words.len() > at + 2).cloned(),
            _ => next.cloned(),
        };
        if let Some(secret) = secret.filter(|secret| !text(secret).starts_with(b"-") && secret.len() > 2) {
            found(secret);
        }
    }
}

fn is_quote(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b'"' | b'\''))
}

/// The words of the command that goes on at `start`, without their quotes; also those of a list in JSON.
fn words(bytes: &[u8], start: usize) -> Vec<Range<usize>> {
    let text = bytes.get(start..bytes.len().min(start + LONGEST)).unwrap_or_default();
    work::add(text.len());
    let is_list = matches!(text, [b'"' | b'\'', b',', ..] | [b'"' | b'\'', b' ', b',', ..]);
    let mut words = Vec::new();
    let mut at = usize::from(matches!(text.first(), Some(b'"' | b'\'')));
    while words.len() < WORDS {
        let rest = text.get(at..).unwrap_or_default();
        at += rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t') || is_list && matches!(byte, b',' | b'\n' | b'\r'))
            .count();
        match text.get(at..).unwrap_or_default() {
            [] | [b'\n' | b'\r' | b';' | b'|' | b'&' | b')' | b']' | b'`' | b'#' | 0, ..] => break,
            [b'\\', b'\n', ..] => at += 2,
            [b'\\', b'\r', b'\n', ..] => at += 3,
            [quote @ (b'"' | b'\''), rest @ ..] => {
                let Some(length) = rest.iter().position(|byte| byte == quote) else { break };
                words.push(start + at + 1..start + at + 1 + length);
                at += length + 2;
            }
            rest => {
                let length = rest
                    .iter()
                    .position(|byte| {
                        byte.is_ascii_whitespace() || matches!(byte, b';' | b'|' | b')' | b'`' | b'"' | b'\'' | b'<' | b'>' | 0)
                    })
                    .unwrap_or(rest.len());
                // A quote may open inside a word, as in `-p"secret"`.
                let quote = rest.get(length).copied().filter(|byte| matches!(byte, b'"' | b'\''));
                let quoted = quote.and_then(|quote| rest.get(length + 1..)?.iter().position(|byte| *byte == quote));
                if length == 0 && quoted.is_none() {
                    break;
                }
                match quoted {
                    // What is quoted is the secret part; an option before it stays with it.
                    Some(inner) if length <= 2 => {
                        words.push(start + at..start + at + length);
                        words.push(start + at + length + 1..start + at + length + 1 + inner);
                        at += length + inner + 2;
                    }
                    Some(inner) => at += length + inner + 2,
                    None => {
                        words.push(start + at..start + at + length);
                        at += length.max(1);
                    }
                }
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut found = Vec::new();
        let commands = Commands::new();
        for (index, name) in commands.literals().enumerate() {
            for at in memchr::memmem::find_iter(text.as_bytes(), name) {
                commands.at(text.as_bytes(), (index, at), &mut Split::default(), |range| found.push(text[range].to_owned()));
            }
        }
        found.sort_by_key(|secret| text.find(secret.as_str()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn programs_in_each_other_share_their_words() {
        let (commands, mut split) = (Commands::new(), Split::default());
        let tail = "curl -u bob:abc1 http://x | sshpass -p def2 ssh y \"mysql -pghi3 -h z\"";
        let text = format!("{}{tail}", "sudo curl -s ".repeat(30));
        let mut found = Vec::new();
        for (index, at) in commands.literals().enumerate().flat_map(|(index, name)| {
            memchr::memmem::find_iter(text.as_bytes(), name).map(move |at| (index, at)).collect::<Vec<_>>()
        }) {
            commands.at(text.as_bytes(), (index, at), &mut split, |range| found.push(text[range].to_owned()));
        }
        found.sort();
        found.dedup();
        assert_eq!(found, ["abc1", "def2", "ghi3"]);
    }

    #[test]
    fn programs_and_their_options() {
        check("mysql -u root -pabc1 -h db", &["abc1"]);
        check("mysql -u root -p -h db --port 3", &[]);
        check("RUN curl -sSf -u bob:abc1 https://x.internal", &["abc1"]);
        check("curl -u \"bob:abc1\" \\\n  https://x", &["abc1"]);
        check("[\"curl\", \"-u\", \"bob:abc1\", \"https://x\"]", &["abc1"]);
        check("sshpass -p 'abc 1' ssh x && mysql -pdef2", &["abc 1", "def2"]);
        check("docker login -u ci -p abc1 r.internal", &["abc1"]);
        check("docker run -p 8080:80 x", &[]);
        check("openssl rsa -passin pass:abc1 -in x", &["abc1"]);
        check("htpasswd -b /etc/x bob abc1", &["abc1"]);
        check("redis-cli -a abc1; x -a def", &["abc1"]);
    }
}
