//! Secrets that only their place among the arguments of a call tells: `mysql_connect("db", "root", "x")`,
//! `HTTPBasicAuth("bob", "x")`, `hmac.new(b"x", …)`.
//!
//! A row says which call, and which of its arguments is the secret. Arguments with a name (`port=25`)
//! are found by that name and are not counted.

use super::super::work;
use super::literal::Cursor;
use super::names::{Kind, Named, Strength};
use super::unwrap;
use std::ops::Range;

/// Which argument of a call is the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The one with this index, counted from 0.
    At(usize),
    /// The one behind address, perhaps port, and user.
    BehindUser,
    /// The last one that is no callback, behind at least so many.
    Final(usize),
    /// The one that is a literal of the first two: a comparison.
    Either,
    /// No call: what follows, perhaps without quotes.
    Here,
    /// The first one, behind its user: `btoa("user:secret")`.
    Login,
    /// What stands before, where the line is about keys: `load(in, "secret".toCharArray())`.
    Characters,
    /// No call: what the quote at the end begins.
    Quoted,
    /// What stands before, where the argument is called a password, as Java compares.
    Yoda,
    /// No call: what is piped into the program, behind the `:` if there is one.
    Piped,
    /// No call: what stands before, behind a user: `user:secret@tcp(…)`.
    Before,
    /// No call: the word that follows, behind its user: `stats auth user:secret`.
    Pair,
}
use Place::{At, Before, BehindUser, Characters, Either, Final, Here, Login, Pair, Piped, Quoted, Yoda};

/// Calls by the end of their name, the place of the secret, and what it is.
const TABLE: &[(&str, Place, Kind)] = &[
    ("BasicAuth(", At(1), Kind::Password),
    ("basicAuth(", At(1), Kind::Password),
    ("basic_auth(", At(1), Kind::Password),
    ("DigestAuth(", At(1), Kind::Password),
    (".basic(", At(1), Kind::Password),
    ("ProxyAuth(", At(1), Kind::Password),
    ("PlainAuth(", At(2), Kind::Password),
    ("Authentication(", At(1), Kind::Password),
    ("AuthenticationToken(", At(1), Kind::Password),
    ("Credentials(", Final(1), Kind::Password),
    ("Credentials::new(", At(1), Kind::Password),
    ("Credential(", At(1), Kind::Password),
    ("Credentials.create(", At(1), Kind::Password),
    ("Credentials.basic(", At(1), Kind::Password),
    ("getConnection(", At(2), Kind::Password),
    ("createConnection(", At(1), Kind::Password),
    ("UserPassword(", At(1), Kind::Password),
    ("mail.NewDialer(", At(3), Kind::Password),
    ("set_password(", Final(2), Kind::Password),
    ("AES.new(", At(0), Kind::Key),
    ("QueueConnection(", At(1), Kind::Password),
    ("real_connect(", At(3), Kind::Password),
    ("connect(", BehindUser, Kind::Password),
    ("Connect(", BehindUser, Kind::Password),
    ("login(", Final(1), Kind::Password),
    ("Login(", Final(1), Kind::Password),
    ("logIn(", Final(1), Kind::Password),
    ("signIn(", Final(1), Kind::Password),
    ("EmailAndPassword(", Final(1), Kind::Password),
    ("authenticate(", Final(1), Kind::Password),
    (".auth(", Final(0), Kind::Password),
    (".AUTH(", Final(0), Kind::Password),
    ("create_user(", Final(1), Kind::Password),
    ("createUser(", Final(1), Kind::Password),
    ("_superuser(", Final(1), Kind::Password),
    ("PDO(", At(2), Kind::Password),
    ("mysqli(", At(2), Kind::Password),
    ("Sequelize(", At(2), Kind::Password),
    ("ldap_bind(", At(2), Kind::Password),
    ("imap_open(", At(2), Kind::Password),
    ("auth_password(", At(2), Kind::Password),
    ("Hmac(", At(1), Kind::Key),
    ("hmac.new(", At(0), Kind::Key),
    ("hash_hmac(", At(2), Kind::Key),
    ("ipheriv(", At(1), Kind::Key),
    ("openssl_encrypt(", At(2), Kind::Key),
    ("openssl_decrypt(", At(2), Kind::Key),
    ("AES.encrypt(", At(1), Kind::Key),
    ("AES.decrypt(", At(1), Kind::Key),
    ("wt.sign(", At(1), Kind::Secret),
    ("wt.verify(", At(1), Kind::Secret),
    ("wt.encode(", At(1), Kind::Secret),
    ("wt.decode(", At(1), Kind::Secret),
    ("WT.encode(", At(1), Kind::Secret),
    ("WT.decode(", At(1), Kind::Secret),
    ("signWith(", At(1), Kind::Secret),
    ("HMAC256(", At(0), Kind::Secret),
    ("HMAC512(", At(0), Kind::Secret),
    ("SecretKeySpec(", At(0), Kind::Key),
    ("Fernet(", At(0), Kind::Key),
    ("ookieParser(", At(0), Kind::Secret),
    ("SecurityKey(", At(0), Kind::Key),
    ("bearer_auth(", At(0), Kind::Token),
    ("bearerAuth(", At(0), Kind::Token),
    ("TimeCompare(", Either, Kind::Secret),
    ("compare_digest(", Either, Kind::Secret),
    ("hash_equals(", Either, Kind::Secret),
    ("SafeEqual(", Either, Kind::Secret),
    ("SignedString(", At(0), Kind::Secret),
    ("ShaKeyFor(", At(0), Kind::Secret),
    ("KeyCredential(", At(0), Kind::Key),
    ("iFi.begin(", At(1), Kind::Password),
    ("WIFI.begin(", At(1), Kind::Password),
    ("CreateAsync(", At(1), Kind::Password),
    ("sswordToken(", At(1), Kind::Password),
    ("password_verify(", At(0), Kind::Password),
    ("= password_hash(", At(0), Kind::Password),
    ("FromPassword(", At(0), Kind::Password),
    ("make_password(", At(0), Kind::Password),
    ("hashpw(", At(0), Kind::Password),
    ("bcrypt.hash(", At(0), Kind::Password),
    ("hashSync(", At(0), Kind::Password),
    ("assword.create(", At(0), Kind::Password),
    ("stats auth ", Pair, Kind::Password),
    ("http -a ", Pair, Kind::Password),
    ("_sym_encrypt(", At(1), Kind::Password),
    ("_sym_decrypt(", At(1), Kind::Password),
    ("AES_ENCRYPT(", At(1), Kind::Secret),
    ("AES_DECRYPT(", At(1), Kind::Secret),
    (":auth(", Final(0), Kind::Password),
    ("->auth(", Final(0), Kind::Password),
    ("basic_auth ", At(1), Kind::Password),
    ("SecretString::new(", At(0), Kind::Password),
    ("SecretString::from(", At(0), Kind::Password),
    ("SecretStr(", At(0), Kind::Password),
    ("btoa(", Login, Kind::Password),
    ("b64encode(", Login, Kind::Password),
    ("base64_encode(", Login, Kind::Password),
    ("\".toCharArray()", Characters, Kind::Password),
    ("sp_addlogin ", At(1), Kind::Password),
    ("IDENTIFIED BY ", Here, Kind::Password),
    ("dentified by '", Quoted, Kind::Password),
    ("dentified by \"", Quoted, Kind::Password),
    ("\".equals(", Yoda, Kind::Password),
    ("_password BY ", Here, Kind::Password),
    ("ConvertTo-SecureString ", Here, Kind::Password),
    ("chpasswd", Piped, Kind::Password),
    ("passwd --stdin", Piped, Kind::Password),
    ("--password-stdin", Piped, Kind::Password),
    ("sudo -S", Piped, Kind::Password),
    ("@tcp(", Before, Kind::Password),
    ("@unix(", Before, Kind::Password),
];

/// The arguments of a call are looked at this far.
const LONGEST: usize = 384;
/// Bytes of a statement before its password that are looked at.
const STATEMENT: usize = 200;
/// Arguments of one call.
const ARGUMENTS: usize = 8;

/// What the literal pass is to look for, by the index that [`at`] takes.
pub(super) fn literals() -> impl Iterator<Item = &'static [u8]> {
    TABLE.iter().map(|(callee, ..)| callee.as_bytes())
}

/// How many literals there are.
pub(super) fn count() -> usize {
    TABLE.len()
}

/// An argument.
pub(super) struct Argument<'a> {
    pub(super) text: &'a [u8],
    start: usize,
    /// The literal that it is, or comes down to.
    pub(super) literal: Option<Range<usize>>,
}

impl Argument<'_> {
    /// Where it stands, without quotes around it.
    pub(super) fn name(&self) -> Range<usize> {
        let quoted = matches!(self.text, [b'"' | b'`' | b'\'' | b'[', _, ..]);
        let inner = usize::from(quoted);
        self.start + inner..self.start + self.text.len() - inner
    }
}

/// Whether what stands before `at` is a statement about a user, and no sentence about what is "identified by 'x'".
fn in_statement(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(at.saturating_sub(STATEMENT)..at).unwrap_or_default().to_ascii_lowercase();
    [&b"user "[..], b"role ", b"grant "].iter().any(|word| memchr::memmem::find(&before, word).is_some())
}

/// The secret among the arguments of the call of row `index` whose name's end stands at `at`; how sure it
/// is one; and where what was looked at ends.
pub(super) fn at(bytes: &[u8], index: usize, at: usize) -> (Option<(Range<usize>, Named)>, usize) {
    let Some((callee, place, kind)) = TABLE.get(index) else { return (None, at) };
    let behind = at + callee.len();
    let strength = if matches!(kind, Kind::Key | Kind::Secret) { Strength::Usual } else { Strength::Plain };
    let is = |value: Range<usize>, kind: Kind| (value, Named { kind, strength });
    match place {
        Quoted if !in_statement(bytes, at) => return (None, behind),
        Quoted => return (Cursor { bytes, at: behind - 1 }.literal().map(|value| is(value, *kind)), behind),
        Characters => return (characters(bytes, at).map(|value| is(value, *kind)), behind),
        Yoda => return (yoda(bytes, at, behind), behind),
        Here => return (here(bytes, behind).map(|value| is(value, *kind)), behind),
        Piped => return (piped(bytes, at).map(|value| is(value, *kind)), behind),
        Before => return (before(bytes, at).map(|value| is(value, *kind)), behind),
        Pair => return (word_behind_user(bytes, behind).map(|value| is(value, *kind)), behind),
        At(_) | BehindUser | Final(_) | Either | Login => {}
    }
    let (arguments, end) = arguments(bytes, behind);
    let found = match place {
        At(index) => arguments.get(*index),
        BehindUser => behind_user(bytes, at, &arguments),
        Final(least) => last(&arguments, *least),
        Either => arguments.iter().take(2).find(|argument| argument.literal.is_some()),
        Login => arguments.first(),
        Here | Quoted | Yoda | Characters | Piped | Before | Pair => None,
    };
    // Of one argument to a login a token is expected.
    let token = matches!(place, Final(1)) && arguments.len() == 1;
    let found = if token { arguments.first() } else { found };
    let mut secret = found.and_then(|argument| argument.literal.clone());
    if *place == Login {
        let behind = |value: Range<usize>| {
            let colon = memchr::memchr(b':', bytes.get(value.clone())?).filter(|colon| *colon > 0)?;
            Some(value.start + colon + 1..value.end)
        };
        secret = secret.and_then(behind);
    }
    (secret.map(|value| if token { (value, LONE_TOKEN) } else { is(value, *kind) }), end)
}

/// What the only argument of a login is.
const LONE_TOKEN: Named = Named { kind: Kind::Token, strength: Strength::Usual };

/// The string that follows, or the word.
fn here(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let mut text = Cursor { bytes, at };
    text.blank();
    let _ = text.eat(b"-String ");
    if let Some(value) = { text }.literal() {
        return Some(value);
    }
    let word = text.rest().iter().take(64).take_while(|byte| byte.is_ascii_alphanumeric() || b"_#!-+*".contains(byte)).count();
    let value = text.rest().get(..word)?;
    let told = [&b"values"[..], b"password", b"globally", b"externally", b"random"];
    let verb = told.iter().any(|told| told.eq_ignore_ascii_case(value));
    // A name of Oracle has no hyphen; what ASN.1 identifies objects by has.
    let is_object =
        value.contains(&b'-') && value.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-');
    (word > 0 && !verb && !is_object && matches!(text.rest().get(word), None | Some(b';' | b'\n' | b'\r' | b'"')))
        .then(|| text.at..text.at + word)
}

/// The string that ends at `at`, if what it is compared with is called a password.
fn yoda(bytes: &[u8], at: usize, behind: usize) -> Option<(Range<usize>, Named)> {
    let rest = bytes.get(behind..bytes.len().min(behind + 64))?;
    let name = rest.get(..memchr::memchr(b')', rest)?)?;
    let plain = name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    let named = super::names::named(name).filter(|named| plain && named.strength > Strength::Hint)?;
    Some((string_before(bytes, at)?, named))
}

/// The string whose closing quote stands at `at`, if it is on the same line.
pub(super) fn string_before(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let quote = *bytes.get(at)?;
    let near = bytes.get(at.saturating_sub(96)..at)?;
    let open = memchr::memrchr2(quote, b'\n', near).filter(|open| near.get(*open) == Some(&quote))?;
    Some(at - near.len() + open + 1..at)
}

/// What stands behind the `:` of the word at `at`.
fn word_behind_user(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = bytes.get(at..bytes.len().min(at + 96))?;
    let word = rest.get(..rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len()))?;
    let colon = super::narrow::behind_user(word).filter(|colon| *colon > 0)?;
    Some(at + colon + 1..at + word.len())
}

fn characters(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let value = string_before(bytes, at)?;
    let line = bytes.get(value.start.saturating_sub(80)..value.start)?;
    let line = line.rsplit(|byte| *byte == b'\n').next()?.to_ascii_lowercase();
    let about = [&b"load("[..], b"getkey(", b"protection(", b"pbe", b"keymanager", b".init(", b"keystore"];
    about.iter().any(|word| memchr::memmem::find(&line, word).is_some()).then_some(value)
}

/// What `echo` or `printf` writes into the program that stands at `at`.
fn piped(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at.saturating_sub(LONGEST);
    let near = bytes.get(start..at)?;
    work::add(near.len());
    let start = start + memchr::memrchr(b'\n', near).map_or(0, |at| at + 1);
    let line = bytes.get(start..at)?;
    let pipe = memchr::memrchr(b'|', line)?;
    let left = line.get(..pipe)?.trim_ascii_end();
    let word = [&b"echo "[..], b"printf "]
        .iter()
        .filter_map(|word| memchr::memmem::rfind(left, word).map(|at| at + word.len()))
        .max()?;
    let text = left.get(word..)?;
    let value = match text.last()? {
        quote @ (b'"' | b'\'') => {
            let open = text.iter().position(|byte| byte == quote)?;
            open + 1..text.len().checked_sub(1)?
        }
        _ => memchr::memrchr(b' ', text).map_or(0, |at| at + 1)..text.len(),
    };
    let inner = text.get(value.clone())?;
    let colon = super::narrow::behind_user(inner).map_or(0, |at| at + 1);
    (colon < inner.len()).then(|| start + word + value.start + colon..start + word + value.end)
}

/// The password before the `@` at `at`, if a user stands before it.
fn before(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let near = bytes.get(at.saturating_sub(96)..at)?;
    let length = near.iter().rev().take_while(|byte| !byte.is_ascii_whitespace() && !b"\"'`=".contains(byte)).count();
    let login = near.get(near.len() - length..)?;
    let colon = memchr::memchr(b':', login).filter(|colon| *colon > 0 && *colon + 1 < login.len())?;
    Some(at - login.len() + colon + 1..at)
}

/// The password of `connect("db", "root", "x")` and `connect("host", 22, "root", "x")`, if the call says that it
/// is about a database or an account: much else is connected.
fn behind_user<'a, 'b>(bytes: &[u8], at: usize, arguments: &'b [Argument<'a>]) -> Option<&'b Argument<'a>> {
    let port = arguments.get(1)?.text.iter().all(u8::is_ascii_digit) || bytes.get(at.saturating_sub(5)..at) == Some(b"real_");
    let user = arguments.get(if port { 2 } else { 1 })?;
    let secret = arguments.get(if port { 3 } else { 2 })?;
    let before = bytes.get(at.saturating_sub(24)..at).unwrap_or_default();
    let callee = before.rsplit(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'.' | b':' | b'>' | b'-')).next();
    let has = |text: &[u8], words: &[&str]| {
        let lower = text.to_ascii_lowercase();
        words.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
    };
    let stores = has(callee.unwrap_or_default(), &["sql", "db", "ora", "odbc", "ssh", "ftp", "pg", "oci", "base"]);
    let named = has(user.text, &["user", "root", "admin", "login", "uid", "postgres"]);
    (stores || named).then_some(secret)
}

/// The last argument, callbacks and options aside, if at least so many stand before it.
fn last<'a, 'b>(arguments: &'b [Argument<'a>], least: usize) -> Option<&'b Argument<'a>> {
    let trails = |argument: &Argument<'_>| {
        [&b"function"[..], b"(", b"async", b"{", b"err", b"callback", b"cb", b"true", b"false", b"null"]
            .iter()
            .any(|mark| argument.text.starts_with(mark))
    };
    let found = arguments.iter().rposition(|argument| !trails(argument))?;
    (found >= least).then(|| arguments.get(found)).flatten()
}

/// The arguments without a name, from behind the parenthesis on; empty if the call does not end in reach.
pub(super) fn arguments(bytes: &[u8], start: usize) -> (Vec<Argument<'_>>, usize) {
    let limit = bytes.len().min(start + LONGEST);
    // Ruby calls without parentheses: the line ends the arguments.
    let on_line = bytes.get(start.wrapping_sub(1)) == Some(&b' ');
    let mut found = Vec::new();
    let mut at = start;
    while found.len() < ARGUMENTS {
        at += bytes.get(at..limit).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let length = expression(bytes.get(at..limit).unwrap_or_default(), on_line);
        let ends = on_line && at + length == bytes.len();
        let Some(close) = bytes.get(at + length).filter(|_| at + length < limit).or(ends.then_some(&b'\n')) else { break };
        let text = bytes.get(at..at + length).unwrap_or_default().trim_ascii_end();
        if !text.is_empty() && !is_named(text) {
            found.push(Argument { text, start: at, literal: literal(bytes, at, text) });
        }
        at += length + 1;
        if *close != b',' {
            break;
        }
    }
    work::add(at - start);
    (found, at)
}

/// How long the expression at the start of `text` is, up to the comma or bracket behind it, or the line's end.
fn expression(text: &[u8], on_line: bool) -> usize {
    let (mut depth, mut quote, mut at) = (0usize, None, 0);
    while let Some(byte) = text.get(at) {
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) => quote = Some(open).filter(|open| *open != *byte),
            (None, b'"' | b'\'' | b'`') => quote = Some(*byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') if depth == 0 => return at,
            (None, b')' | b']' | b'}') => depth -= 1,
            (None, b',') if depth == 0 => return at,
            (None, b'\n' | b';') if depth == 0 && on_line => return at,
            (None, b';') if depth == 0 => return text.len(),
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// `name=value`, `name: value`, `name => value`.
fn is_named(text: &[u8]) -> bool {
    let name = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let rest = text.get(name..).unwrap_or_default().trim_ascii_start();
    name > 0 && matches!(rest, [mark @ (b'=' | b':'), next, ..] if next != mark)
}

/// The literal that an argument is, with at most a change of its type behind it; or what it falls back to.
fn literal(bytes: &[u8], at: usize, text: &[u8]) -> Option<Range<usize>> {
    const CHANGES: [&[u8]; 8] =
        [b".getBytes(", b".toCharArray(", b".encode(", b".as_bytes(", b".into(", b".to_string(", b".to_owned(", b".data(using"];
    let mut cursor = Cursor { bytes, at };
    let Some(value) = cursor.literal() else { return unwrap::default_of(cursor, true) };
    let rest = bytes.get(cursor.at..at + text.len()).unwrap_or_default();
    (rest.is_empty() || CHANGES.iter().any(|change| rest.starts_with(change))).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let found = literals().enumerate().find_map(|(index, callee)| {
            let start = memchr::memmem::find(text.as_bytes(), callee)?;
            at(text.as_bytes(), index, start).0.map(|(value, _)| &text[value])
        });
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn places() {
        check("auth = HTTPBasicAuth('bob', 'abc')", Some("abc"));
        check("HTTPBasicAuth(user, password)", None);
        check("DriverManager.getConnection(url, \"sa\", \"abc\")", Some("abc"));
        check("mysql_connect('db', 'root', 'abc', 'shop')", Some("abc"));
        check("ssh.connect('db', 22, 'root', 'abc')", Some("abc"));
        check("button.connect('clicked', self.on_click, 'abc')", None);
        check("smtp.login(user, \"abc\")", Some("abc"));
        check("ftp_login($c, 'bob', 'abc')", Some("abc"));
        check("login('bob', password)", None);
        check("login('bob')", Some("bob")); // A token, which its form must show.
        check("client.login('bob', 'abc', function (err) {", Some("abc"));
        check("client.login('bob', 'abc', function (err) { x() })", Some("abc"));
        check("new PDO($dsn,\n  'root',\n  'abc')", Some("abc"));
        check("hmac.new(b\"abc\", body, sha256)", Some("abc"));
        check("new SecretKeySpec(\"abc\".getBytes(), \"AES\")", Some("abc"));
        check("smtp.PlainAuth(\"\", user, \"abc\", host)", Some("abc"));
        check("jwt.sign({ id: 1, b: 2 }, process.env.X || 'abc', {})", Some("abc"));
        check("create_user(name='x', password='abc')", None);
        check("request.auth('bob', 'abc', false)", Some("abc"));
        check("given().auth().basic(\"bob\", \"abc\").get(x)", Some("abc"));
        check("bcrypt.GenerateFromPassword([]byte(\"abc\"), 10)", Some("abc"));
        check("mysql_real_connect(conn, \"localhost\", \"root\", \"abc\", \"db\", 0, NULL, 0);", Some("abc"));
        check(&["stats auth bob:", "abc\n"].concat(), Some("abc"));
        check("stats auth bob\n", None);
    }
}
