//! What a name says of its value: that it is a password, a token, a key; or that it only sounds so.
//!
//! The last word decides, as in English: a `token count` is a count, a `password field` a field. Words
//! that add nothing (`value`, `prod`, `2`) are passed over, and a word that is made of several
//! (`dbpassword`, `apikey`) is read as they are.

use super::lists::{CERTAIN, HOLDERS, KEEPS, NEUTRAL, OPENS_LESS, OPENS_NOTHING, PASSES, PASSING, VERBS};
use super::words::words;

/// The kind of secret that a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// What people type to be let in.
    Password,
    /// A secret that machines share.
    Secret,
    /// What stands for a login.
    Token,
    /// A key of an interface or of a cipher.
    Key,
    /// A credential that is not named further.
    Credential,
    /// A salt, a nonce: of use only with something else.
    Salt,
}

impl Kind {
    /// All, by the names that rules use.
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("password", Self::Password),
        ("secret", Self::Secret),
        ("token", Self::Token),
        ("key", Self::Key),
        ("credential", Self::Credential),
        ("salt", Self::Salt),
    ];

    /// The name, as rules and reasons have it.
    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// How sure a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// It may be one among other things: `key`, `next_token`.
    Hint,
    /// It usually is: `token`, `secret`.
    Usual,
    /// It is: `password`, `client_secret`, `api_key`.
    Plain,
}

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) kind: Kind,
    pub(crate) strength: Strength,
}

/// Words that are one of these, or end in it, name a secret. The ending must not be that of another word.
const ENDINGS: &[(&str, Kind, Strength)] = &[
    ("password", Kind::Password, Strength::Plain),
    ("passwords", Kind::Password, Strength::Usual),
    ("passwd", Kind::Password, Strength::Plain),
    ("passwrd", Kind::Password, Strength::Plain),
    ("passphrase", Kind::Password, Strength::Plain),
    ("passcode", Kind::Password, Strength::Plain),
    ("passkey", Kind::Password, Strength::Plain),
    ("passwort", Kind::Password, Strength::Plain),
    ("kennwort", Kind::Password, Strength::Plain),
    ("senha", Kind::Password, Strength::Plain),
    ("contrasena", Kind::Password, Strength::Plain),
    ("motdepasse", Kind::Password, Strength::Plain),
    ("wachtwoord", Kind::Password, Strength::Plain),
    ("pwd", Kind::Password, Strength::Plain),
    ("pswd", Kind::Password, Strength::Plain),
    ("passw", Kind::Password, Strength::Plain),
    ("requirepass", Kind::Password, Strength::Plain),
    ("masterauth", Kind::Password, Strength::Plain),
    ("psk", Kind::Password, Strength::Plain),
    ("heslo", Kind::Password, Strength::Plain),
    ("salasana", Kind::Password, Strength::Plain),
    ("adgangskode", Kind::Password, Strength::Plain),
    ("contrasenya", Kind::Password, Strength::Plain),
    ("contrasinal", Kind::Password, Strength::Plain),
    ("secretaccesskey", Kind::Key, Strength::Plain),
    ("secretkey", Kind::Key, Strength::Plain),
    ("accesskey", Kind::Key, Strength::Plain),
    ("privatekey", Kind::Key, Strength::Plain),
    ("apikey", Kind::Key, Strength::Plain),
    ("apikeys", Kind::Key, Strength::Plain),
    ("appkey", Kind::Key, Strength::Plain),
    ("authkey", Kind::Key, Strength::Plain),
    ("masterkey", Kind::Key, Strength::Plain),
    ("encryptionkey", Kind::Key, Strength::Plain),
    ("signingkey", Kind::Key, Strength::Plain),
    ("accountkey", Kind::Key, Strength::Plain),
    ("licensekey", Kind::Key, Strength::Plain),
    ("sharedkey", Kind::Key, Strength::Plain),
    ("storagekey", Kind::Key, Strength::Plain),
    ("sshkey", Kind::Key, Strength::Plain),
    ("aeskey", Kind::Key, Strength::Plain),
    ("hmackey", Kind::Key, Strength::Plain),
    ("clientsecret", Kind::Secret, Strength::Plain),
    ("appsecret", Kind::Secret, Strength::Plain),
    ("apisecret", Kind::Secret, Strength::Plain),
    ("jwtsecret", Kind::Secret, Strength::Plain),
    ("sharedsecret", Kind::Secret, Strength::Plain),
    ("secret", Kind::Secret, Strength::Usual),
    ("secrets", Kind::Secret, Strength::Usual),
    ("accesstoken", Kind::Token, Strength::Plain),
    ("authtoken", Kind::Token, Strength::Plain),
    ("apitoken", Kind::Token, Strength::Plain),
    ("bottoken", Kind::Token, Strength::Plain),
    ("refreshtoken", Kind::Token, Strength::Plain),
    ("bearertoken", Kind::Token, Strength::Plain),
    ("token", Kind::Token, Strength::Usual),
    ("tokens", Kind::Token, Strength::Hint),
    ("credential", Kind::Credential, Strength::Usual),
    ("credentials", Kind::Credential, Strength::Usual),
];

/// Words that are a secret only as a whole.
const WHOLE: &[(&str, Kind, Strength)] = &[
    ("pw", Kind::Password, Strength::Plain),
    ("pass", Kind::Password, Strength::Plain),
    ("passes", Kind::Password, Strength::Hint),
    ("psw", Kind::Password, Strength::Plain),
    ("pin", Kind::Password, Strength::Hint),
    ("parola", Kind::Password, Strength::Plain),
    ("clave", Kind::Password, Strength::Usual),
    ("haslo", Kind::Password, Strength::Plain),
    ("sifre", Kind::Password, Strength::Plain),
    ("mdp", Kind::Password, Strength::Plain),
    ("passe", Kind::Password, Strength::Usual),
    ("pat", Kind::Token, Strength::Usual),
    ("jwt", Kind::Token, Strength::Usual),
    ("bearer", Kind::Token, Strength::Usual),
    ("creds", Kind::Credential, Strength::Usual),
    ("cred", Kind::Credential, Strength::Usual),
    ("auth", Kind::Credential, Strength::Usual),
    ("authorization", Kind::Credential, Strength::Usual),
    ("authentication", Kind::Credential, Strength::Hint),
    ("salt", Kind::Salt, Strength::Usual),
    ("nonce", Kind::Salt, Strength::Hint),
    ("pepper", Kind::Salt, Strength::Usual),
];

/// A password, by its place and not by its name.
pub(super) const PASSWORD: Named = Named { kind: Kind::Password, strength: Strength::Plain };

/// Names of passwords in other scripts, as they stand in the text.
pub(super) const FOREIGN: &[&str] = &[
    "contraseña",
    "Contraseña",
    "CONTRASEÑA",
    "пароль",
    "Пароль",
    "ПАРОЛЬ",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
    "şifre",
    "hasło",
    "Hasło",
];

/// What `name` says of its value.
pub(crate) fn named(name: &[u8]) -> Option<Named> {
    of_words(&words(name))
}

/// What a name of these words says of its value.
pub(crate) fn of_words(mut words: &[String]) -> Option<Named> {
    let given =
        words.last().is_some_and(|word| matches!(word.as_str(), "arg" | "argument" | "param" | "parameter" | "in" | "out"));
    let verb = words.len() > 1 && words.first().is_some_and(|word| VERBS.contains(word.as_str()));
    while let [rest @ .., word] = words
        && !rest.is_empty()
        && is_neutral(word)
    {
        words = rest;
    }
    let last = words.last()?.trim_end_matches(|c: char| c.is_ascii_digit());
    let before = words.len().checked_sub(2).and_then(|at| words.get(at)).map_or("", String::as_str);
    let found = match last {
        "key" | "keys" => key(before, last),
        // A name of one that is kept elsewhere: `existingSecret`, `imagePullSecrets`.
        "secret" | "secrets" if matches!(before, "existing" | "pull" | "image" | "external" | "tls" | "named") => None,
        // A method of authentication by its name.
        "psk" if before == "eap" => None,
        "gpsk" => None,
        // `renderPass`, and what hands on: `pass_arg`, `pass_in`.
        "pass" if PASSING.contains(before) || given => None,
        _ => whole(last).or_else(|| ending(last)).map(|named| qualified(named, before)),
    }?;
    let strength = if verb { Strength::Hint } else { found.strength };
    Some(Named { strength, ..found })
}

/// Whether it is a word that would be read as a name but is as likely chosen: `carolpass`.
pub(super) fn is_made_up(name: &[u8]) -> bool {
    let word =
        std::str::from_utf8(name).ok().filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    word.and_then(|word| word.strip_suffix("pass")).is_some_and(|holder| !holder.is_empty() && !HOLDERS.contains(holder))
}

fn is_neutral(word: &str) -> bool {
    NEUTRAL.contains(word) || word.bytes().all(|byte| byte.is_ascii_digit())
}

fn key(before: &str, last: &str) -> Option<Named> {
    let named = |strength| Some(Named { kind: Kind::Key, strength });
    if before.is_empty() || last == "keys" {
        return named(Strength::Hint);
    }
    let before = before.trim_end_matches(|c: char| c.is_ascii_digit());
    if ["api", "secret", "access", "private", "encryption", "signing"].iter().any(|word| before.ends_with(word)) {
        return named(Strength::Plain);
    }
    match (KEEPS.contains(before), OPENS_NOTHING.contains(before)) {
        (true, false) => named(Strength::Plain),
        (true, true) => named(Strength::Hint),
        (false, true) => None,
        (false, false) => named(Strength::Hint),
    }
}

fn whole(word: &str) -> Option<Named> {
    let listed =
        WHOLE.iter().find(|(text, ..)| *text == word).map(|(_, kind, strength)| Named { kind: *kind, strength: *strength });
    listed.or_else(|| {
        let password = Named { kind: Kind::Password, strength: Strength::Plain };
        if let Some(holder) = word.strip_suffix("pass") {
            return (holder.len() > 2 && !PASSES.contains(holder) || HOLDERS.contains(holder)).then_some(password);
        }
        HOLDERS.contains(word.strip_suffix("pw")?).then_some(password)
    })
}

fn ending(word: &str) -> Option<Named> {
    ENDINGS.iter().find(|(text, ..)| word.ends_with(text)).map(|(_, kind, strength)| Named { kind: *kind, strength: *strength })
}

/// Weighs the word before: `client secret` is certain, a `next token` is a place in a list.
fn qualified(named: Named, before: &str) -> Named {
    let strength = match named.kind {
        // What makes a request to a cloud happen once.
        Kind::Token if before == "client" => Strength::Hint,
        Kind::Token if OPENS_LESS.contains(before) => Strength::Hint,
        Kind::Token | Kind::Secret if CERTAIN.contains(before) => Strength::Plain,
        _ => named.strength,
    };
    Named { strength, ..named }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], expected: Option<(Kind, Strength)>) {
        for name in names {
            assert_eq!(named(name.as_bytes()).map(|named| (named.kind, named.strength)), expected, "{name}");
        }
    }

    #[test]
    fn names_that_promise_a_secret() {
        let passwords = [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "spring.datasource.password",
            "userpwd",
            "dbpass",
            "MYSQL_ROOT_PW",
            "password2",
            "passwordProd",
        ];
        check(&passwords, Some((Kind::Password, Strength::Plain)));
        check(&["client_secret", "jwtSecret", "APP_SECRET"], Some((Kind::Secret, Strength::Plain)));
        check(&["accessToken", "GITHUB_TOKEN", "X-Auth-Token", "authtoken"], Some((Kind::Token, Strength::Plain)));
        check(
            &["apiKey", "x-api-key", "aws_secret_access_key", "ENCRYPTION_KEY", "APIKEY", "secretkey"],
            Some((Kind::Key, Strength::Plain)),
        );
        check(&["token", "hfToken2x_token"], Some((Kind::Token, Strength::Usual)));
        check(&["key", "some_key", "keys"], Some((Kind::Key, Strength::Hint)));
        check(&["next_token", "csrfToken"], Some((Kind::Token, Strength::Hint)));
        check(&["getPassword", "is_password"], Some((Kind::Password, Strength::Hint)));
    }

    #[test]
    fn names_that_only_sound_so() {
        let names = [
            "token_count",
            "password_field",
            "secret_name",
            "key_id",
            "public_key",
            "GPG_KEY",
            "primaryKey",
            "keyboard",
            "monkey",
            "bypass",
            "compass",
            "author",
            "password_hash",
            "passwordLength",
            "secretRef",
            "tokenUrl",
            "author_name",
            "secretary",
            "tokenizer",
            "cache_key",
        ];
        check(&names, None);
    }
}
