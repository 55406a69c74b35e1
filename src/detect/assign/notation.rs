//! Name and value in every notation: what stands behind a name, and where its value begins and ends.
//!
//! ```text
//! name = value      name: value     name := "v"      "name": "value"    name => 'value'     <name>value</name>
//! name: str = "v"   f(name="v")     set_name("v")    ["name"] = "v"     put("name", "v")    <x name="n" value="v"/>
//! name == "v"       ?name=value&    ;name=value;     name 'v' (SQL)     char name[] = "v"   - name: n / value: v
//! ```

use super::super::work;
use super::literal::{BLANK, Cursor};
use super::syntax::Syntax;
use super::{aside, remote, roster, unwrap};
use std::ops::Range;

/// How name and value are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    /// `=`, `:`, `=>` and their like.
    Assigned,
    /// `==` and its like.
    Compared,
    /// `set_name("value")`.
    Called,
    /// `"name", "value"`.
    Listed,
    /// `name 'value'`.
    Beside,
    /// `<name>value</name>`.
    Element,
    /// A `name` and a `value` that stand next to each other.
    Sibling,
    /// `--name value`, or an option of a known program.
    Option,
    /// In a query or a connection string.
    Embedded,
    /// By its place among the arguments of a call.
    Argument,
    /// Below its name in a table.
    Column,
    /// In words: "the password is x".
    Told,
    /// With nothing but a blank between: only what looks issued is believed.
    Loose,
}

/// A name with its value, as ranges of the text.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) value: Range<usize>,
    pub(super) joint: Joint,
    /// Whether quotes enclose the value.
    pub(super) quoted: bool,
    /// Whether a bare value reaches from behind the name to the end of the line.
    pub(super) fills_line: bool,
}

/// Elements that hold the value of a name in another.
const VALUES: [&[u8]; 5] = [b"<value>", b"<string>", b"<Value>", b"<param-value>", b"<env-entry-value>"];

/// What is behind the name at `name`.
pub(super) fn candidate(bytes: &[u8], name: &Range<usize>, syntax: Syntax) -> Option<Candidate> {
    if let Some(value) = unwrap::default_around(bytes, name) {
        return Some(Candidate { value, joint: Joint::Assigned, quoted: true, fills_line: false });
    }
    if let Some(found) = roster::unpacked(bytes, name) {
        return found.map(|value| Candidate { value, joint: Joint::Assigned, quoted: true, fills_line: false });
    }
    let mut text = Cursor { bytes, at: name.end };
    let before = name.start.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b'\n');
    if aside::is_part(bytes, name, before) {
        return None;
    }
    let closed = text.quote().is_some();
    let behind = text;
    // `**password**: v` of Markdown.
    let _ = !closed && syntax == Syntax::Prose && (text.eat(b"**") || text.eat(b"__"));
    let _ = text.eat(b"]") || !closed && text.index();
    if !closed && text.eat(b">") {
        return opens_tag(bytes, name).then(|| text.element()).flatten();
    }
    if closed && text.eat(b">") {
        return text.element();
    }
    // `<key>name</key><string>value</string>`
    if !closed && text.eat(b"</") {
        text.at += memchr::memchr(b'>', text.rest()).filter(|length| *length < 24)? + 1;
        text.blank_lines();
        let below = VALUES.iter().any(|tag| text.rest().starts_with(tag));
        return below.then(|| text.element()).flatten();
    }
    let direct = if closed { { text }.sibling(syntax) } else { remote::answered(text) };
    if direct.is_some() {
        return direct;
    }
    let touching = text.at;
    text.blank();
    let blank = text.at > touching;
    if text.peek() == Some(b':') && aside::is_chosen(bytes, name, (blank, closed), syntax) {
        return None;
    }
    let listed = closed && takes_list(bytes, name);
    let logged = syntax == Syntax::Prose && text.peek() == Some(b'=');
    let embedded = !blank && !closed && (logged || is_embedded(bytes, name));
    let joint = match text.joint(closed, blank, listed, embedded) {
        Some(joint) => joint,
        None => return beside(text, name, syntax, blank).or_else(|| remote::candidate(behind, name, syntax, closed)),
    };
    // Not behind `=`, where one of several arguments would look like the type of the next.
    if joint == Joint::Assigned && matches!(bytes.get(..text.at), Some([.., b':'])) {
        text.annotation(syntax);
    }
    if joint == Joint::Assigned && matches!(syntax, Syntax::Yaml | Syntax::Unknown) {
        text.block_scalar();
    }
    let elsewhere = || remote::candidate(behind, name, syntax, closed).filter(|_| joint == Joint::Listed);
    let found = text.value(joint, name, syntax, before).or_else(elsewhere)?;
    listed_as(found, bytes, name)
}

/// What a name with a value behind a comma is: set by a call, an option of a program, or only listed.
fn listed_as(found: Candidate, bytes: &[u8], name: &Range<usize>) -> Option<Candidate> {
    if found.joint != Joint::Listed {
        return Some(found);
    }
    if remote::sets(bytes, name) {
        return Some(Candidate { joint: Joint::Assigned, ..found });
    }
    // The words of a command line.
    if bytes_before(bytes, name).ends_with(b"--") {
        let given = bytes.get(found.value.clone()).unwrap_or_default();
        // The next option, or the fields of a mount, `id=x,src=y`.
        let is_none = given.starts_with(b"-") || given.contains(&b'=') && given.contains(&b',');
        return (!is_none).then_some(Candidate { joint: Joint::Option, ..found });
    }
    Some(found)
}

/// Names whose value follows without a joint: SQL, settings of small languages, a sibling.
fn beside(mut text: Cursor<'_>, name: &Range<usize>, syntax: Syntax, blank: bool) -> Option<Candidate> {
    let at = text.at;
    if let Some(found) = text.sibling(syntax).filter(|found| syntax != Syntax::Prose || found.quoted) {
        return Some(found);
    }
    text.at = at;
    let closed = matches!(text.bytes.get(name.end), Some(b'"' | b'\'' | b'`' | b'\\'));
    if blank && !closed && text.is_text_type() && text.typed() {
        return text.value(Joint::Assigned, name, syntax, b' ');
    }
    text.at = at;
    if blank
        && !closed
        && let Some(value) = text.column_default()
    {
        return Some(Candidate { value, joint: Joint::Assigned, quoted: true, fills_line: false });
    }
    text.at = at;
    if blank && takes_word(text.bytes, name) {
        let length = bare(text.rest(), Joint::Beside, Syntax::Lines, false);
        let ends = sets_header(text.bytes, name) && text.rest().get(..length).is_some_and(|value| value.ends_with(b";"));
        let length = length - usize::from(ends);
        return (length > 0).then_some(Candidate {
            value: at..at + length,
            joint: Joint::Beside,
            quoted: true,
            fills_line: true,
        });
    }
    if blank && !closed && syntax == Syntax::Lines && starts_line(text.bytes, name.start) {
        let line = text.rest().get(..bare(text.rest(), Joint::Beside, Syntax::Lines, false))?;
        return (!line.is_empty() && !line.starts_with(b"-") && !line.iter().any(u8::is_ascii_whitespace)).then(|| Candidate {
            value: at..at + line.len(),
            joint: Joint::Beside,
            quoted: true,
            fills_line: true,
        });
    }
    // A word with a string alone on its line, as Groovy, Ruby and Tcl call.
    if blank && !closed && syntax == Syntax::Code && starts_line(text.bytes, name.start) {
        let value = { text }.literal()?;
        let ends = text.bytes.get(value.end + 1).is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
        if ends {
            return Some(Candidate { value, joint: Joint::Beside, quoted: true, fills_line: false });
        }
    }
    let before = bytes_before(text.bytes, name);
    let option = before.ends_with(b"--") || syntax == Syntax::Shell && before.ends_with(b" -") && name.len() > 6;
    // Further away stands what the option is for, in the lines that a program prints for help.
    let explained = at > name.end + 1 && syntax != Syntax::Shell;
    if blank && !closed && option && !explained && !matches!(text.peek(), Some(b'-')) {
        let value = text.literal().unwrap_or_else(|| at..at + bare(text.rest(), Joint::Option, Syntax::Shell, false));
        return (!value.is_empty()).then_some(Candidate { value, joint: Joint::Option, quoted: true, fills_line: false });
    }
    let quote = text.peek();
    (blank && !closed && has_place_beside(text.bytes, name, syntax, quote))
        .then(|| text.literal())
        .flatten()
        .map(|value| Candidate { value, joint: Joint::Beside, quoted: true, fills_line: false })
}

/// Whether a string may follow the name without a joint. In code that is a macro, or SQL.
fn has_place_beside(bytes: &[u8], name: &Range<usize>, syntax: Syntax, quote: Option<u8>) -> bool {
    let text = bytes.get(name.clone()).unwrap_or_default();
    let is_verb = text.rsplit(|byte| *byte == b'-').next().is_some_and(|word| word.eq_ignore_ascii_case(b"pass"));
    let before = bytes_before(bytes, name);
    // `:name "v"` of Clojure.
    let keyword = matches!(bytes.get(name.start.saturating_sub(2)..name.start), Some([b':'] | [b'\n' | b'(', b':']));
    let defines = keyword
        || before.ends_with(b"define ")
        || before.ends_with(b"(def ")
        || before.ends_with(b"{:")
        || before.ends_with(b"set(")
        || before.ends_with(b" :");
    let in_sql = text.eq_ignore_ascii_case(b"password") && quote == Some(b'\'');
    defines || !is_verb && (in_sql || !matches!(syntax, Syntax::Code | Syntax::Prose | Syntax::Markup))
}

/// Whether the quoted name is the first of a call's arguments, or an option in a list of words.
fn takes_list(bytes: &[u8], name: &Range<usize>) -> bool {
    let before = bytes_before(bytes, name);
    before.ends_with(b"--") || before.split_last().is_some_and(|(_, before)| before.trim_ascii_end().ends_with(b"("))
}

/// Whether the name stands in a query, or in a row of `name=value` as in connection strings.
fn is_embedded(bytes: &[u8], name: &Range<usize>) -> bool {
    let before = bytes.get(name.start.saturating_sub(64)..name.start).unwrap_or_default();
    let Some((mark, before)) = before.split_last() else { return false };
    match mark {
        // Not the `?` of a condition: a query follows a path or a host.
        b'?' | b'&' => {
            before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'%' | b'-' | b'_' | b'='))
                && !bytes.get(name.clone()).unwrap_or_default().contains(&b'.')
        }
        // `-Dname=value`, `--name=value`.
        b'-' => before.last().is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'-' | b'"' | b'\'' | b',')),
        // The whole setting stands in quotes: `"NAME=value"`, `-H "Name: value"`.
        b'"' | b'\'' => !matches!(bytes.get(name.end), Some(b'"' | b'\'' | b'\\')),
        b';' => {
            is_setting(before.rsplit(|byte| matches!(byte, b';' | b'"' | b'\'' | b'\n' | b'`' | b'>')).next().unwrap_or_default())
        }
        // Several of a unit of systemd: `Environment=A=b C=d`.
        b'=' => before.ends_with(b"Environment"),
        b' ' if before.ends_with(b"export") => true,
        b' ' => is_setting(
            before.rsplit(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'')).next().unwrap_or_default(),
        ),
        _ => false,
    }
}

/// `name=value` of a connection string, and no statement of code.
fn is_setting(text: &[u8]) -> bool {
    let (Some(equals), Some(last)) = (text.iter().position(|byte| *byte == b'='), text.last()) else { return false };
    let name = text.get(..equals).unwrap_or_default();
    let code = |byte: &u8| matches!(byte, b'(' | b')' | b'{' | b'}' | b'[' | b'<' | b'|' | b'"' | b'\'');
    !name.is_empty() && !name.contains(&b'.') && !text.iter().any(code) && !matches!(last, b'=' | b',')
}

pub(super) fn bytes_before<'a>(bytes: &'a [u8], name: &Range<usize>) -> &'a [u8] {
    bytes.get(name.start.saturating_sub(8)..name.start).unwrap_or_default()
}

/// Whether a bare word behind a blank is the value of the name: `ENV NAME value`, `requirepass value`.
fn takes_word(bytes: &[u8], name: &Range<usize>) -> bool {
    let before = bytes_before(bytes, name);
    let declared = [&b"ENV "[..], b"env ", b"setenv ", b"Env ", b" -gx ", b" -x ", b" -Ux ", b"setx "]
        .iter()
        .any(|word| before.ends_with(word));
    let setting = matches!(bytes.get(name.clone()), Some(b"requirepass" | b"masterauth" | b"sentinel-pass"));
    (declared || setting || sets_header(bytes, name))
        && bytes.get(name.end + 1).is_some_and(|byte| !matches!(byte, b'"' | b'\'' | b'='))
}

/// Whether the name is that of a header that nginx sets: `proxy_set_header NAME value;`.
fn sets_header(bytes: &[u8], name: &Range<usize>) -> bool {
    [&b"_header "[..], b"_param "].iter().any(|word| bytes_before(bytes, name).ends_with(word))
}

/// Whether the name is the last part of an opening tag: `<password`, `<ns:password`.
pub(super) fn opens_tag(bytes: &[u8], name: &Range<usize>) -> bool {
    let before = bytes.get(name.start.saturating_sub(24)..name.start).unwrap_or_default();
    let prefix = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b':').count();
    before.len().checked_sub(prefix + 1).and_then(|at| before.get(at)) == Some(&b'<')
}

impl Cursor<'_> {
    /// Steps over the scheme before a credential: `Bearer`, `Token`.
    fn scheme(&mut self) {
        let schemes = [&b"bearer "[..], b"token ", b"basic ", b"apikey ", b"api-key ", b"oauth ", b"key "];
        let rest = self.rest();
        let named = |scheme: &&&[u8]| rest.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
        self.at += schemes.iter().find(named).map_or(0, |scheme| scheme.len());
    }

    fn joint(&mut self, closed: bool, blank: bool, listed: bool, embedded: bool) -> Option<Joint> {
        for text in [&b"==="[..], b"!==", b"==", b"!=", b".equals(", b".Equals("] {
            if self.eat(text) {
                return Some(Joint::Compared);
            }
        }
        if closed && self.eat(b"->") {
            return Some(Joint::Assigned);
        }
        for text in [&b"=>"[..], b":=", b"?=", b"?:", b"||=", b"??=", b"<-", b"="] {
            if self.eat(text) {
                return Some(if embedded { Joint::Embedded } else { Joint::Assigned });
            }
        }
        if self.rest().starts_with(b"::") {
            return None;
        }
        if self.eat(b":") || self.eat("：".as_bytes()) {
            return Some(if embedded && !closed && self.peek() == Some(b' ') { Joint::Embedded } else { Joint::Assigned });
        }
        if closed && blank && self.eat(b"to ") {
            return Some(Joint::Assigned);
        }
        if closed && listed && self.eat(b",") {
            self.blank_lines();
            return Some(Joint::Listed);
        }
        if !closed && !blank && self.eat(b"(") {
            return Some(Joint::Called);
        }
        None
    }

    /// Steps over the type in `name: str = …`.
    fn annotation(&mut self, syntax: Syntax) {
        if matches!(syntax, Syntax::Lines | Syntax::Yaml | Syntax::Given) {
            return;
        }
        let mut ahead = *self;
        ahead.blank();
        if ahead.typed() {
            *self = ahead;
        }
    }

    /// Whether the type of a text follows, as in `token string = …`.
    fn is_text_type(&self) -> bool {
        [&b"string"[..], b"String", b"[]byte", b"*string", b"&str", b"char", b"text", b"As String", b"as String"]
            .into_iter()
            .any(|kind| self.rest().starts_with(kind))
    }

    /// The string behind `DEFAULT` in the definition of a column: `name varchar(64) NOT NULL DEFAULT 'v'`.
    fn column_default(&mut self) -> Option<Range<usize>> {
        let rest = self.rest().get(..64).unwrap_or(self.rest());
        let at = [&b"DEFAULT '"[..], b"default '"].iter().find_map(|word| memchr::memmem::find(rest, word))?;
        let between = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'(' | b')');
        let kind = rest.get(..rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count())?.to_ascii_lowercase();
        let kinds = [&b"text"[..], b"varchar", b"char", b"character", b"nvarchar", b"string", b"citext", b"bytea"];
        if !kinds.contains(&kind.as_slice()) || !rest.get(..at)?.iter().all(between) {
            return None;
        }
        self.at += at + b"DEFAULT ".len();
        self.literal()
    }

    /// Whether a type and `=` follow, and a string behind them; steps over both.
    fn typed(&mut self) -> bool {
        let rest = self.rest();
        let is_type = |byte: &u8| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'<' | b'>' | b'[' | b']' | b'.' | b'|' | b'?' | b'&' | b'*' | b' ' | b',' | b'\'')
        };
        let mut open = false;
        let goes_on = |byte: &&u8| {
            // `[u8; 32]`
            open = **byte == b'[' || open && **byte != b']';
            is_type(byte) || open && **byte == b';'
        };
        let length = rest.iter().take(64).take_while(goes_on).count();
        let starts = rest.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'&' | b'*' | b'['));
        // `name text := 'v'` of SQL.
        let length = length + usize::from(rest.get(length..length + 2) == Some(b":="));
        let assigned = rest.get(length) == Some(&b'=') && !matches!(rest.get(length + 1), Some(b'=' | b'>'));
        if !starts || !assigned {
            return false;
        }
        let mut ahead = Cursor { bytes: self.bytes, at: self.at + length + 1 };
        ahead.blank();
        let found = ahead.literal().is_some();
        self.at += if found { length + 1 } else { 0 };
        found
    }

    /// The value behind a joint.
    fn value(mut self, joint: Joint, name: &Range<usize>, syntax: Syntax, before: u8) -> Option<Candidate> {
        // "The --name= option": it is spoken of.
        if joint == Joint::Embedded && self.peek() == Some(b' ') && bytes_before(self.bytes, name).ends_with(b"--") {
            return None;
        }
        self.blank();
        if syntax == Syntax::Yaml {
            self.tag();
        }
        if syntax == Syntax::Prose && (self.eat(b"**") || self.eat(b"__")) {
            self.blank();
        }
        self.scheme();
        self.cast();
        if joint == Joint::Assigned
            && let Some(found) = self.enclosed(name, syntax)
        {
            return Some(found);
        }
        // What a command prints.
        if syntax == Syntax::Shell && self.peek() == Some(b'`') {
            return None;
        }
        let strict = matches!(joint, Joint::Called | Joint::Listed | Joint::Compared);
        let listed = self.peek() == Some(b'[');
        if let Some(value) = self.literal().or_else(|| self.here_document()) {
            // `['type' => …]`: the string is a name again.
            self.blank();
            if listed && (self.eat(b"=>") || self.eat(b":")) {
                return None;
            }
            return Some(Candidate { value, joint, quoted: true, fills_line: false });
        }
        // A string may stand on the next line.
        if joint == Joint::Assigned && matches!(self.peek(), Some(b'\n' | b'\r')) && !syntax.is_literal() {
            let mut below = self;
            below.blank_lines();
            return below.literal().map(|value| Candidate { value, joint, quoted: true, fills_line: false });
        }
        if let Some(value) = unwrap::default_of(self, !syntax.is_literal()) {
            return Some(Candidate { value, joint, quoted: true, fills_line: false });
        }
        if strict { None } else { self.bare(joint, name, syntax, before) }
    }

    /// The only thing in braces, or the second of two in parentheses.
    fn enclosed(self, name: &Range<usize>, syntax: Syntax) -> Option<Candidate> {
        let quoted = |value, joint| Candidate { value, joint, quoted: true, fills_line: false };
        if matches!(self.peek(), Some(b'(' | b'[')) {
            return self.pair(name).map(|value| quoted(value, Joint::Argument));
        }
        if self.peek() != Some(b'{') {
            return None;
        }
        let mut only = Cursor { at: self.at + 1, ..self };
        let mut inner = only;
        match only.literal().filter(|_| only.peek() == Some(b'}')) {
            Some(value) => Some(quoted(value, Joint::Assigned)),
            None => inner.sibling(syntax).filter(|found| found.quoted),
        }
    }

    /// A value without quotes.
    fn bare(self, joint: Joint, name: &Range<usize>, syntax: Syntax, before: u8) -> Option<Candidate> {
        let in_braces = syntax == Syntax::Yaml && in_braces(self.bytes, name.start);
        let rest = self.rest();
        let up_to = |mark: u8| rest.get(..memchr::memchr2(mark, b'\n', rest).unwrap_or(rest.len())).unwrap_or(rest);
        let rest = match before {
            // One of a list: `-o user=x,password=v,rw`.
            b',' if !in_braces => up_to(b','),
            // Settings of an environment, several on a line.
            _ if syntax == Syntax::Yaml && self.bytes.get(self.at.wrapping_sub(1)) == Some(&b'=') => up_to(b' '),
            _ => rest,
        };
        let length = bare(rest, joint, syntax, in_braces);
        let value = self.at..self.at + length;
        // What goes on with `<name>` is a template.
        if matches!(self.bytes.get(value.end..), Some([b'<', next, ..]) if next.is_ascii_alphabetic()) {
            return None;
        }
        // `"name=value"`: the quotes stand around both.
        if matches!(before, b'"' | b'\'')
            && self.bytes.get(name.end) != Some(&before)
            && let Some(close) = memchr::memchr(before, rest).filter(|close| *close > 0 && *close <= length)
        {
            return Some(Candidate { value: self.at..self.at + close, joint, quoted: true, fills_line: false });
        }
        // In PowerShell a bare word is a command.
        if before == b'$' && syntax == Syntax::Shell {
            return None;
        }
        let to_end = matches!(self.bytes.get(value.end), None | Some(b'\n' | b'\r'));
        let from_start = || matches!(before, b'\n' | b'\r') || starts_line(self.bytes, name.start);
        (length > 0).then(|| Candidate { value, joint, quoted: false, fills_line: to_end && from_start() })
    }

    /// The second of two strings: `auth=("user", "v")`, `auth: ["user", "v"]`.
    fn pair(&self, name: &Range<usize>) -> Option<Range<usize>> {
        let said = self.bytes.get(name.clone())?.to_ascii_lowercase();
        if ![&b"auth"[..], b"credentials", b"credential", b"creds", b"login"].iter().any(|word| said.ends_with(word)) {
            return None;
        }
        let mut ahead = Cursor { at: self.at + 1, ..*self };
        ahead.literal()?;
        ahead.blank();
        if !ahead.eat(b",") {
            return None;
        }
        ahead.blank_lines();
        let value = ahead.literal()?;
        ahead.blank();
        matches!(ahead.peek(), Some(b')' | b']' | b',')).then_some(value)
    }

    /// What stands between two tags.
    pub(super) fn element(&mut self) -> Option<Candidate> {
        self.blank_lines();
        if VALUES.iter().any(|tag| self.eat(tag)) {
            self.blank_lines();
        }
        if self.eat(b"<![CDATA[") {
            let end = memchr::memmem::find(self.rest(), b"]]>")?;
            return Some(Candidate { value: self.at..self.at + end, joint: Joint::Element, quoted: true, fills_line: false });
        }
        let end = memchr::memchr(b'<', self.rest())?;
        let closes = self.rest().get(end + 1) == Some(&b'/');
        let text = self.rest().get(..end)?;
        let value = self.at..self.at + text.trim_ascii_end().len();
        (closes && !value.is_empty()).then_some(Candidate { value, joint: Joint::Element, quoted: true, fills_line: false })
    }

    /// `value: v`, `"value": "v"` or `value="v"` right behind the name.
    fn sibling(&mut self, syntax: Syntax) -> Option<Candidate> {
        self.at += self
            .rest()
            .iter()
            .take(BLANK)
            .take_while(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b'"' | b'\''))
            .count();
        let word = [&b"defaultValue"[..], b"default_value", b"default", b"value", b"Value", b"VALUE"]
            .into_iter()
            .any(|word| self.eat(word));
        let _ = self.quote();
        self.blank();
        if !word || !(self.eat(b":") || self.eat(b"=")) {
            return None;
        }
        let name = self.at..self.at;
        let found = self.value(Joint::Assigned, &name, if syntax == Syntax::Unknown { Syntax::Yaml } else { syntax }, b'\n')?;
        Some(Candidate { joint: Joint::Sibling, ..found })
    }
}

/// Whether only marks of lists, comments and declarations stand before `start` on its line.
fn starts_line(bytes: &[u8], start: usize) -> bool {
    let before = bytes.get(start.saturating_sub(48)..start).unwrap_or_default();
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
    let line = [&b"export"[..], b"set", b"ENV", b"ARG", b"env", b"setenv", b"#", b"//", b"-", b";", b"$env:", b"+", b"*"]
        .iter()
        .fold(line, |line, mark| line.strip_suffix(*mark).unwrap_or(line).trim_ascii());
    line.is_empty()
}

/// Whether a brace is open before `start` on its line, as in a YAML or JavaScript map on one line.
fn in_braces(bytes: &[u8], start: usize) -> bool {
    let before = bytes.get(start.saturating_sub(160)..start).unwrap_or_default();
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |mark: u8| line.iter().filter(|byte| **byte == mark).count();
    count(b'{') > count(b'}') || count(b'[') > count(b']')
}

/// How long the bare word or line at the start of `rest` is.
fn bare(rest: &[u8], joint: Joint, syntax: Syntax, in_braces: bool) -> usize {
    let stop = |stops: &[u8]| {
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r' | 0) || stops.contains(byte);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        work::add(length);
        length
    };
    match (joint, syntax) {
        (_, Syntax::Given) => stop(b""),
        (Joint::Embedded, Syntax::Code) => stop(b"&;\"'`<>\\ \t#()|{},"),
        (Joint::Embedded, _) => stop(b"&;\"'`<>\\ \t#)},"),
        (_, Syntax::Lines | Syntax::Yaml) => {
            let line = rest.get(..stop(if in_braces && syntax == Syntax::Yaml { b",}]" } else { b"" })).unwrap_or_default();
            let comment = memchr::memmem::find(line, b" #").unwrap_or(line.len());
            line.get(..comment).unwrap_or_default().trim_ascii_end().len()
        }
        (_, Syntax::Shell) => stop(b" \t;&|)<>`\"'"),
        _ => stop(b" \t,;)}]<>\"'`"),
    }
}
