//! The words of an identifier: `dbPassword`, `DB_PASSWORD`, `db-password` and `DBPassword` are all
//! `db password`.

/// Words looked at in one name; the rest says nothing new.
const MOST: usize = 12;

/// The words of `name` in lower case, split at case and at what is no letter or digit.
pub(crate) fn words(name: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (at, byte) in name.iter().copied().enumerate() {
        if !byte.is_ascii_alphanumeric() {
            take(&mut word, &mut words);
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| name.get(at)).copied().unwrap_or(b'_');
        let after = name.get(at + 1).copied().unwrap_or(b'_');
        // `dbPass` splits before the P; `APIKey` before the K; `PASS` nowhere.
        let starts = byte.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || before.is_ascii_uppercase() && after.is_ascii_lowercase());
        if starts {
            take(&mut word, &mut words);
        }
        word.push(char::from(byte.to_ascii_lowercase()));
    }
    take(&mut word, &mut words);
    words
}

fn take(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() && words.len() < MOST {
        words.push(std::mem::take(word));
    }
    word.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: &str) {
        assert_eq!(words(name.as_bytes()).join(" "), expected, "{name}");
    }

    #[test]
    fn identifiers() {
        check("DB_PASSWORD", "db password");
        check("dbPassword", "db password");
        check("spring.datasource.password", "spring datasource password");
        check("AWSSecretAccessKey", "aws secret access key");
        check("X-Api-Key", "x api key");
        check("password2", "password2");
        check("oauth2ClientSecret", "oauth2 client secret");
        check("APIKEY", "apikey");
        check("__$$", "");
    }
}
