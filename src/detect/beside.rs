//! What stands beside a password and says whose it is and where it opens: `DB_USER` beside `DB_PASSWORD`.
//!
//! Looked for on the lines around a hit, in the same section, mapping or object, under a name that differs from the
//! hit's own in nothing but the word for what it is. Who and where is no secret and is shown. No more of the text is
//! looked at than every window sees around a hit.

use super::assign::Syntax;
use super::{Hit, View, judge, placeholder};
use crate::finding::{Confidence, Disposition, Part, PartKind, Severity, TRIAL};
use crate::place::escaped;
use crate::rules::rank;
use std::ops::Range;

/// Bytes that are looked at on each side of a hit.
const NEAR: usize = 1024;
/// Lines that are looked at on each side.
const LINES: usize = 8;
/// Lines between names of which one has more words, at most.
const CLOSE: usize = 3;
/// Longest name, and value, that is told.
const LONGEST: usize = 100;
/// A text with more hits is a list of them, and nobody asks whose each is.
const MOST: usize = 500;
/// Values that are looked at for one hit.
const TRIED: usize = 32;

/// Ends of names, separators taken out, longest first.
const USERS: [&str; 8] = ["loginname", "username", "userid", "login", "user", "usr", "uid", "email"];
const HOSTS: [&str; 13] = [
    "repository",
    "endpoint",
    "hostname",
    "registry",
    "baseurl",
    "address",
    "machine",
    "server",
    "domain",
    "addr",
    "host",
    "url",
    "uri",
];
const IDS: [&str; 14] = [
    "subscriptionid",
    "applicationid",
    "accesskeyid",
    "accountname",
    "accountsid",
    "accountid",
    "consumerid",
    "projectid",
    "clientid",
    "tenantid",
    "apikeyid",
    "keyid",
    "appid",
    "orgid",
];
const SECRETS: [&str; 21] = [
    "secretaccesskey",
    "applicationsecret",
    "consumersecret",
    "userpassword",
    "clientsecret",
    "applicationkey",
    "accesstoken",
    "accountkey",
    "passphrase",
    "apisecret",
    "appsecret",
    "secretkey",
    "accesskey",
    "authtoken",
    "password",
    "passwd",
    "apikey",
    "secret",
    "token",
    "pass",
    "pwd",
];

/// Ends of names of when it stops working.
const ENDS: [&str; 6] = ["expirationtime", "expiration", "expiresat", "expires", "expiry", "validuntil"];
/// What a name may say.
const KINDS: [(PartKind, &[&str]); 4] =
    [(PartKind::User, &USERS), (PartKind::Host, &HOSTS), (PartKind::Id, &IDS), (PartKind::Expiry, &ENDS)];

/// Tells of each hit whose it is and where it opens, where that stands beside it. The hits are in order of place.
pub(super) fn tell(view: &View<'_>, hits: &mut [Hit]) {
    if hits.len() > MOST {
        return;
    }
    let spans: Vec<Range<usize>> = hits.iter().map(|hit| hit.span.clone()).filter(|span| !span.is_empty()).collect();
    for hit in hits.iter_mut().filter(|hit| asks(hit)) {
        let mut found = Found::default();
        let Some(near) = Near::of(view, hit.span.clone()) else { continue };
        near.collect(&spans, &mut found);
        near.kubernetes(&mut found);
        if let Some((date, end)) = found.expiry {
            match hit.rule.short_lived {
                true => judge::age(hit, end),
                false => hit.parts.push(Part::shown(PartKind::Expiry, date)),
            }
        }
        let belongs = found.user.is_some() || found.id.is_some();
        let taken = |kind| hit.parts.iter().any(|part: &Part| part.kind == kind);
        let (user, host) = (found.user.filter(|_| !taken(PartKind::User)), found.host.filter(|_| !taken(PartKind::Host)));
        judge::owned(hit, user, host);
        hit.parts.extend(found.id.map(|id| Part::shown(PartKind::Id, id)));
        let is_plain = hit.severity > Severity::Low && !hit.reasons.iter().any(|reason| reason.as_ref() == TRIAL);
        if belongs && is_plain && hit.confidence == Confidence::Medium {
            hit.confidence = Confidence::High;
            hit.reasons.push("the name that it goes with stands beside it".into());
        }
    }
}

/// Whether a hit is of the kind that has an owner, and none is known.
fn asks(hit: &Hit) -> bool {
    // A structure tells it itself.
    let kind = hit.rule.rank <= rank::FILE && hit.rule.rank != rank::STRUCTURAL;
    let is_whole = hit.parts.iter().filter(|part| matches!(part.kind, PartKind::User | PartKind::Host)).count() < 2;
    kind && is_whole && !hit.span.is_empty() && hit.decoded.is_empty() && hit.disposition == Disposition::Actionable
}

/// What was found beside a hit.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    user: Option<String>,
    host: Option<String>,
    id: Option<String>,
    /// Until when it works: the date, and in seconds since 1970.
    expiry: Option<(String, i64)>,
    /// Values that were looked at.
    tried: usize,
}

/// The text around a hit.
struct Near<'v> {
    bytes: &'v [u8],
    /// Where it begins in the view.
    from: usize,
    /// Where in it the hit is.
    span: Range<usize>,
    /// What names it, without separators and the word for what it is.
    stem: Vec<u8>,
    is_code: bool,
}

impl<'v> Near<'v> {
    fn of(view: &View<'v>, span: Range<usize>) -> Option<Self> {
        let from = span.start.saturating_sub(NEAR);
        let bytes = view.bytes.get(from..view.bytes.len().min(span.end + NEAR))?;
        let span = span.start - from..span.end - from;
        let joint = |byte: &u8| b"\"'`:=>(,[{\\ \t".contains(byte);
        let before = bytes.get(..span.start)?;
        let end = before.iter().rposition(|byte| !joint(byte))? + 1;
        let length = before.get(..end)?.iter().rev().take(LONGEST).take_while(|byte| is_name(**byte)).count();
        let name = plain(before.get(end - length..end)?);
        let stem = stem(&name, &SECRETS).unwrap_or(&name).to_vec();
        Some(Self { bytes, from, span, stem, is_code: Syntax::of(view.name) == Syntax::Code })
    }

    /// Reads the lines around the hit, nearest first, up to where its section ends.
    fn collect(&self, secrets: &[Range<usize>], found: &mut Found) {
        let start = self.bytes.get(..self.span.start).and_then(|text| memchr::memrchr(b'\n', text)).map_or(0, |at| at + 1);
        let end = self.bytes.get(self.span.end..).and_then(|text| memchr::memchr(b'\n', text));
        let end = end.map_or(self.bytes.len(), |at| self.span.end + at);
        self.line(start..end, 0, secrets, found);
        let indent = Line::of(self.text(&(start..end))).indent;
        let opens_item = Line::of(self.text(&(start..end))).is_item;
        let mut at = start;
        for far in 1..=LINES {
            if opens_item || at == 0 {
                break;
            }
            let before = self.bytes.get(..at - 1).and_then(|text| memchr::memrchr(b'\n', text)).map_or(0, |at| at + 1);
            let line = Line::of(self.text(&(before..at - 1)));
            if line.ends_section || line.indent < indent {
                break;
            }
            if line.indent == indent {
                self.line(before..at - 1, far, secrets, found);
                if line.is_item {
                    break;
                }
            }
            at = before;
        }
        let mut at = end + 1;
        for far in 1..=LINES {
            let Some(rest) = self.bytes.get(at..).filter(|rest| !rest.is_empty()) else { break };
            let after = at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = Line::of(self.text(&(at..after)));
            if line.ends_section || line.indent < indent || line.indent == indent && line.is_item {
                break;
            }
            if line.indent == indent {
                self.line(at..after, far, secrets, found);
            }
            at = after + 1;
        }
    }

    fn text(&self, range: &Range<usize>) -> &'v [u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// Takes what a line says, which stands `far` lines off.
    fn line(&self, range: Range<usize>, far: usize, secrets: &[Range<usize>], found: &mut Found) {
        let text = self.text(&range);
        let mut at = 0;
        while let Some(start) = text.get(at..).and_then(|rest| rest.iter().position(|byte| is_name(*byte))).map(|next| at + next)
        {
            let length = text.get(start..).unwrap_or_default().iter().take_while(|byte| is_name(**byte)).count();
            at = start + length;
            let name = plain(text.get(start..at).filter(|name| name.len() <= LONGEST).unwrap_or_default());
            let Some((kind, stem)) = KINDS.into_iter().find_map(|(kind, ends)| Some((kind, stem(&name, ends)?))) else {
                continue;
            };
            let is_loose = kind == PartKind::Expiry || far <= CLOSE && (stem.is_empty() || self.stem.is_empty());
            let is_kin = stem == self.stem || is_loose;
            let Some(value) = value(text, at, self.is_code).filter(|_| is_kin) else { continue };
            found.tried += 1;
            if found.tried > TRIED {
                return;
            }
            let place = range.start + value.start..range.start + value.end;
            at = value.end.max(at);
            let is_beside = place.end <= self.span.start || self.span.end <= place.start;
            let next = secrets.partition_point(|secret| secret.end <= self.from + place.start);
            let is_secret = secrets.get(next).is_some_and(|secret| secret.start < self.from + place.end);
            if is_beside && !is_secret && self.is_level(&place) && is_telling(self.text(&place), &name) {
                found.take(kind, self.text(&place));
            }
        }
    }

    /// Whether no bracket opens or closes between the hit and `other` that does not do both.
    fn is_level(&self, other: &Range<usize>) -> bool {
        let between = other.end.min(self.span.end)..other.start.max(self.span.start);
        let mut open = 0i32;
        let never_below = self.text(&between).iter().all(|byte| {
            open += i32::from(matches!(byte, b'{' | b'[')) - i32::from(matches!(byte, b'}' | b']'));
            open >= 0
        });
        never_below && open == 0
    }

    /// A client of Kubernetes names the user one level above what it logs in with.
    fn kubernetes(&self, found: &mut Found) {
        let before = self.bytes.get(..self.span.start).unwrap_or_default();
        let Some(user) = memchr::memmem::rfind(before, b" user:").filter(|_| found.user.is_none()) else { return };
        let inside = before.get(user + 6..).unwrap_or_default();
        let indent = before.get(..user + 1).unwrap_or_default().iter().rev().take_while(|byte| **byte == b' ').count();
        let deeper = inside.split(|byte| *byte == b'\n').skip(1).all(|line| Line::of(line).indent > indent);
        let above = before.get(..user).and_then(|text| text.trim_ascii_end().rsplit(|byte| *byte == b'\n').next());
        let name = above.and_then(|line| line.trim_ascii().strip_prefix(b"- name:")).map(<[u8]>::trim_ascii);
        if let Some(name) = name.filter(|name| deeper && is_telling(name, b"")) {
            found.take(PartKind::User, name);
            let mut servers = memchr::memmem::find_iter(before, b" server:").map(|at| at + 8);
            if let (Some(at), None, None) = (servers.next(), servers.next(), &found.host) {
                let line = before.get(at..).and_then(|rest| rest.split(|byte| *byte == b'\n').next()).unwrap_or_default();
                found.take(PartKind::Host, line.trim_ascii());
            }
        }
    }
}

/// What a line is to the one that a hit stands on.
struct Line {
    indent: usize,
    /// Whether it opens an item of a list.
    is_item: bool,
    /// Whether nothing before it belongs to what follows.
    ends_section: bool,
}

impl Line {
    fn of(line: &[u8]) -> Self {
        let text = line.trim_ascii_start();
        let indent = line.len() - text.len();
        let item = text.strip_prefix(b"- ").map(<[u8]>::trim_ascii_start);
        let is_section = text.is_empty() || matches!(text.trim_ascii_end(), [b'[', .., b']'] | b"---");
        // `- "A=b"` is an item too, but of a list of settings and not of mappings.
        let is_mapping = item.is_some_and(|item| item.iter().take_while(|byte| **byte != b' ').any(|byte| *byte == b':'));
        let inner = if is_mapping { text.len() - item.map_or(0, <[u8]>::len) } else { 0 };
        Self { indent: indent + inner, is_item: is_mapping, ends_section: is_section }
    }
}

impl Found {
    /// Keeps what stands nearest.
    fn take(&mut self, kind: PartKind, value: &[u8]) {
        if kind == PartKind::Expiry {
            self.expiry = self.expiry.take().or_else(|| moment(value));
            return;
        }
        let slot = match kind {
            PartKind::User => &mut self.user,
            PartKind::Host => &mut self.host,
            _ => &mut self.id,
        };
        let value = if kind == PartKind::Host { host_of(value) } else { value };
        if slot.is_none() && !value.is_empty() {
            *slot = Some(escaped(value));
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Lower case, without what separates words.
fn plain(name: &[u8]) -> Vec<u8> {
    name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
}

/// The name without the first of `ends` that it ends in.
fn stem<'n>(name: &'n [u8], ends: &[&str]) -> Option<&'n [u8]> {
    ends.iter().find_map(|end| name.strip_suffix(end.as_bytes()))
}

/// The value of the name that ends at `at`.
fn value(text: &[u8], at: usize, is_code: bool) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let joint = rest.iter().take(16).take_while(|byte| b"\"'`:=>, \t\\".contains(byte)).count();
    let signs = rest.get(..joint)?;
    let quote = signs.last().copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    // `'user', 'name'` is a setting, `user, name` is a list.
    let joined = signs.iter().any(|byte| matches!(byte, b':' | b'=' | b'>')) || signs.contains(&b',') && quote.is_some();
    let start = at + joint;
    let ends = |byte: &u8| match quote {
        Some(quote) => *byte == quote || *byte == b'\\',
        None => byte.is_ascii_whitespace() || b",;&)}]<\"'`|#".contains(byte),
    };
    let length = text.get(start..)?.iter().position(ends).unwrap_or(text.len() - start);
    (joined && length > 0 && !(is_code && quote.is_none())).then_some(start..start + length)
}

/// Whether a value says who or where, and does not stand for it.
fn is_telling(value: &[u8], name: &[u8]) -> bool {
    const WORDS: [&[u8]; 8] = [b"true", b"false", b"null", b"none", b"nil", b"yes", b"no", b"string"];
    let lower = value.to_ascii_lowercase();
    (1..=LONGEST).contains(&value.len())
        && !value.iter().any(|byte| byte.is_ascii_control() || b"$(){}<>*%".contains(byte))
        && !WORDS.contains(&lower.as_slice())
        && plain(value) != name
        && !placeholder::is_reference(value)
}

/// A moment as programs write one, with its date.
fn moment(value: &[u8]) -> Option<(String, i64)> {
    let text = std::str::from_utf8(value).ok()?;
    let moment = text.parse::<jiff::Timestamp>().or_else(|_| format!("{text}T00:00:00Z").parse::<jiff::Timestamp>()).ok()?;
    Some((moment.to_string().chars().take(10).collect(), moment.as_second()))
}

/// The host of a URL, or what is given.
fn host_of(value: &[u8]) -> &[u8] {
    let Some(at) = memchr::memmem::find(value, b"://") else { return value };
    let rest = value.get(at + 3..).unwrap_or_default();
    let authority = rest.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next().unwrap_or_default();
    authority.rsplit(|byte| *byte == b'@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::Engine;
    use super::*;
    use crate::forge::filler::expand;
    use crate::rules::RuleSet;
    use std::sync::LazyLock;

    static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(&RuleSet::builtin().unwrap()).unwrap());

    /// The parts of the first hit that has a span, as `kind value`.
    fn check(path: &str, text: &str, expected: &str) {
        let text = expand(text, 3);
        let mut hits = Vec::new();
        let view = View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name: path.as_bytes() };
        ENGINE.detect_first(&view, &mut hits);
        let hit = hits.iter().find(|hit| !hit.span.is_empty());
        let parts = hit.map(|hit| hit.parts.iter().map(|part| format!("{} {}", part.kind.as_str(), part.shown)));
        assert_eq!(parts.map(|parts| parts.collect::<Vec<_>>().join(", ")).as_deref(), Some(expected), "{path}: {text}");
    }

    #[test]
    fn settings_on_lines() {
        check("prod.env", "DB_HOST=db.internal\nDB_USER=app\nDB_PASSWORD=<word:14>\n", "user app, host db.internal");
        check("prod.env", "export DB_PASSWORD=<word:14>\nexport DB_USER=app\n", "user app");
        check("a.properties", "spring.datasource.username=app\nspring.datasource.password=<word:14>\n", "user app");
        check("prod.env", "SMTP_USER=mail\n\nDB_PASSWORD=<word:14>\n", "");
        check("prod.env", "SMTP_USER=mail\nDB_PASSWORD=<word:14>\n", "");
        check("prod.env", "DB_USER=$DB_USER\nDB_PASSWORD=<word:14>\n", "");
        check("a.ini", "[a]\nuser = x\n[b]\nuser = y\npassword = <word:14>\n", "user y");
        check("a.ini", "[a]\npassword = <word:14>\n[b]\nuser = y\n", "");
    }

    #[test]
    fn mappings_and_objects() {
        check(
            "a.yaml",
            "db:\n  host: h.internal\n  user: app\n  password: <word:14>\nuser: other\n",
            "user app, host h.internal",
        );
        check("a.yaml", "user: other\ndb:\n  password: <word:14>\n", "");
        check("a.yaml", "- user: a\n  password: <word:14>\n- user: b\n", "user a");
        check("a.json", "{\"a\": {\"user\": \"x\"}, \"b\": {\"password\": \"<word:14>\", \"username\": \"y\"}}", "user y");
        check("a.json", "{\"client_id\": \"abcd-1234\", \"client_secret\": \"<base62:32>\"}", "id abcd-1234");
        check("a.py", "connect(user='app', password='<word:14>', host=HOST)\n", "user app");
        check("a.py", "connect(user=user, password='<word:14>')\n", "");
        check("a.php", "define('DB_USER', 'app');\ndefine('DB_PASSWORD', '<word:14>');\n", "user app");
    }

    #[test]
    fn dates_at_which_it_ends() {
        let cache =
            |end: &str| format!("{{\"startUrl\": \"https://a\", \"accessToken\": \"<base62:60>\", \"expiresAt\": \"{end}\"}}");
        let disposition = |end: &str| {
            let text = expand(&cache(end), 3);
            let mut hits = Vec::new();
            let name = b"root/.aws/sso/cache/a.json";
            ENGINE.detect_first(&View { bytes: text.as_bytes(), owned: 0..text.len(), whole: true, name }, &mut hits);
            hits.iter().find(|hit| hit.rule.id == "aws-sso-cache-file").map(|hit| hit.disposition)
        };
        assert_eq!(disposition("2001-01-01T00:00:00Z"), Some(Disposition::Expired));
        assert_eq!(disposition("2901-01-01T00:00:00Z"), Some(Disposition::Actionable));
    }

    #[test]
    fn files_of_clients() {
        check(".my.cnf", "[client]\nuser=shop\nhost=db\npassword=<word:14>\n", "user shop, host db");
        let pypirc = "[a]\nrepository = https://pkg.internal/x\nusername = ci\npassword = <word:14>\n";
        check(".pypirc", pypirc, "user ci, host pkg.internal");
        let kube = "kind: Config\nusers:\n- name: ci\n  user:\n    token: <base62:40>\n";
        check(".kube/config", kube, "user ci");
    }
}
